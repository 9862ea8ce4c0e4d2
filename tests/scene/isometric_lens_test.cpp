// The isometric lens: which sheets stand in its stacks, and what the marks on them mean.
#include <gtest/gtest.h>

#include <set>

#include "app/scene/isometric_layout.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

TEST(isometric_stack, keeps_what_matters_and_counts_what_is_hidden) {
  for (const int64_t channels : {1, 2, 6, 7, 8, 16, 64, 513}) {
    for (const int64_t lit : {int64_t{1}, int64_t{2}, int64_t{4}, int64_t{5}, int64_t{8}, channels}) {
      if (lit > channels) continue;
      for (int64_t first = 0; first + lit <= channels; first += lit) {
        const SheetStack stack = sheets_of(channels, first, first + lit - 1, kMaxSheets);
        ASSERT_EQ(stack.count, std::min<int64_t>(channels, kMaxSheets)) << channels << " " << first << " " << lit;
        EXPECT_GE(stack.place_of(first), 0) << channels << " " << first << " " << lit;
        EXPECT_GE(stack.place_of(first + lit - 1), 0) << channels << " " << first << " " << lit;
        EXPECT_EQ(stack.sheets[0].channel, 0);
        EXPECT_EQ(stack.sheets[static_cast<size_t>(stack.count) - 1].channel, channels - 1);
        int64_t hidden = 0;
        for (int i = 0; i < stack.count; ++i) hidden += stack.sheets[static_cast<size_t>(i)].hidden_before;
        EXPECT_EQ(hidden + stack.count, channels);
        for (int i = 1; i < stack.count; ++i) {
          EXPECT_GT(stack.sheets[static_cast<size_t>(i)].channel, stack.sheets[static_cast<size_t>(i) - 1].channel);
          EXPECT_GE(stack.sheets[static_cast<size_t>(i)].depth, stack.sheets[static_cast<size_t>(i) - 1].depth + 1);
        }
      }
    }
  }
}

ComputationPtr many_channels(int64_t in_channels, int64_t out_channels, int64_t groups) {
  ConvParams params;
  params.in_channels = in_channels;
  params.out_channels = out_channels;
  params.groups = groups;
  params.padding = {1, 1};
  return numbers_of(params, {2, in_channels, 6, 6});
}

TEST(isometric_lens, the_front_sheets_have_every_number_and_the_output_up_to_the_step) {
  const ComputationPtr numbers = preset_numbers("tutorial_5_3");
  ASSERT_TRUE(numbers);
  const ConvPlan& plan = *numbers->plan.conv2d();
  for (int64_t step = 0; step < step_count(plan); ++step) {
    const Scene scene = scene_of(request_of(numbers, Lens::isometric, step));
    const OutputCell current = cell_of_step(plan, step);
    for (int64_t y = 0; y < plan.out.h; ++y) {
      for (int64_t x = 0; x < plan.out.w; ++x) {
        const Mark* cell = find_cell(scene, {TensorId::output, 0, current.c, y, x});
        ASSERT_NE(cell, nullptr);
        const bool computed = y * plan.out.w + x <= current.y * plan.out.w + current.x;
        EXPECT_EQ(text_in(scene, cell->box).empty(), !computed) << step << " " << y << " " << x;
      }
    }
    for (int64_t y = 0; y < plan.in.h; ++y) {
      for (int64_t x = 0; x < plan.in.w; ++x) {
        const Mark* cell = find_cell(scene, {TensorId::input, 0, 0, y, x});
        ASSERT_NE(cell, nullptr);
        EXPECT_FALSE(text_in(scene, cell->box).empty());
      }
    }
  }
}

TEST(isometric_lens, channels_of_the_group_carry_the_window_and_the_others_are_pale) {
  const ComputationPtr numbers = many_channels(4, 4, 2);
  ASSERT_TRUE(numbers);
  const int64_t second_group = 2 * numbers->plan.conv2d()->positions();
  const Scene scene = scene_of(request_of(numbers, Lens::isometric, second_group + 7));
  int shades = 0;
  for (const Mark& mark : scene.marks) shades += mark.role == Role::window && mark.fill == Fill::shade ? 1 : 0;
  EXPECT_EQ(shades, 2);
  for (int64_t c = 0; c < 4; ++c) {
    bool found = false;
    for (const Mark& mark : scene.marks) {
      if (mark.ref < 0 || mark.kind != Mark::Kind::box) continue;
      const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
      if (ref.tensor != TensorId::input || ref.c != c) continue;
      found = true;
      EXPECT_EQ(mark.opacity < 1, c < 2) << c;
    }
    EXPECT_TRUE(found) << c;
  }
}

TEST(isometric_lens, a_cell_that_is_seen_can_be_pointed_at) {
  const ComputationPtr numbers = many_channels(3, 2, 1);
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::isometric, 5));
  std::set<int64_t> input_channels, output_channels;
  for (const Mark& mark : scene.marks) {
    if (mark.ref < 0 || mark.kind != Mark::Kind::box) continue;
    const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
    const auto at = pick(scene, mark.box.x1 - 2, mark.box.y0 + 2);
    if (!at || !(*at == ref)) continue;  // its corner lies under another sheet
    if (ref.tensor == TensorId::input) input_channels.insert(ref.c);
    if (ref.tensor == TensorId::output) output_channels.insert(ref.c);
  }
  EXPECT_EQ(input_channels.size(), 3u);
  EXPECT_EQ(output_channels.size(), 2u);
}

TEST(isometric_lens, many_channels_are_folded_with_their_count) {
  const ComputationPtr numbers = many_channels(64, 32, 1);
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::isometric, 0));
  EXPECT_TRUE(has_text(scene, "+ 58"));
  EXPECT_TRUE(has_text(scene, "+ 26"));
  EXPECT_TRUE(has_text(scene, "W[0]"));
  EXPECT_LT(scene.marks.size(), 4000u);
}

TEST(isometric_lens, a_large_layer_costs_its_picture) {
  const ComputationPtr numbers = preset_numbers("resnet_stem");
  ASSERT_TRUE(numbers);
  for (const int64_t step : {0, 400000, 802815}) {
    const Scene scene = scene_of(request_of(numbers, Lens::isometric, step));
    EXPECT_LT(scene.marks.size(), 3000u);
    const CellRef current{TensorId::output, 0, step / (112 * 112), step / 112 % 112, step % 112};
    bool found = false;
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::raster) continue;
      const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
      if (raster.tensor.identity() != numbers->tensors.output.identity() || raster.channel != current.c) continue;
      const float pitch = mark.box.width() / 112;
      const auto at = pick(scene, mark.box.x0 + (static_cast<float>(current.x) + 0.5f) * pitch,
                           mark.box.y0 + (static_cast<float>(current.y) + 0.5f) * pitch);
      ASSERT_TRUE(at);
      EXPECT_EQ(*at, current);
      found = true;
    }
    EXPECT_TRUE(found) << step;
  }
}

TEST(isometric_lens, nothing_leaves_a_picture_of_any_form) {
  for (const char* name : {"tutorial_5_1", "tutorial_6_2_2", "grouped", "resnet_stem", "full_padding_no_strides"}) {
    const ComputationPtr numbers = preset_numbers(name);
    ASSERT_TRUE(numbers);
    for (const auto& [width, height] :
         {std::pair{960.0f, 540.0f}, {640.0f, 600.0f}, {500.0f, 900.0f}, {1600.0f, 500.0f}}) {
      const Scene scene = scene_of(request_of(numbers, Lens::isometric, 3, width, height));
      EXPECT_GT(scene.refs.size() + scene.rasters.size(), 4u) << name << " " << width;
      for (const Mark& mark : scene.marks) {
        EXPECT_GE(std::min(mark.box.x0, mark.box.x1), -1) << name << " " << width << " " << scene.text_of(mark);
        EXPECT_GE(std::min(mark.box.y0, mark.box.y1), -1) << name << " " << width << " " << scene.text_of(mark);
        EXPECT_LE(std::max(mark.box.x0, mark.box.x1), width + 1) << name << " " << width << " " << scene.text_of(mark);
        EXPECT_LE(std::max(mark.box.y0, mark.box.y1), height + 1) << name << " " << width << " " << scene.text_of(mark);
      }
    }
  }
}

}  // namespace
}  // namespace convscope
