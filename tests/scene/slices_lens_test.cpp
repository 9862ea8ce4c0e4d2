// Scenes of volumes: rows of slices, the window on those that it covers, pointing, large volumes folded.
#include <gtest/gtest.h>

#include "app/scene/hover.h"
#include "app/session/session_json.h"
#include "engine/conv_nd.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

ComputationPtr volume(const std::string& params, const std::string& shape) {
  const Result<Session> session =
      session_from_json(R"({"format": "convscope-session", "version": 1, "operation": "conv3d", "params": {)" + params +
                        R"(}, "input": {"source": "rand", "shape": )" + shape + R"(}, "weight": {"source": "randn"}})");
  if (!session) return nullptr;
  TensorCache cache;
  const Result<ComputationPtr> done = compute(*session, cache);
  return done ? *done : nullptr;
}

int windows_in(const Scene& scene) {
  int count = 0;
  for (const Mark& mark : scene.marks) {
    count += mark.kind == Mark::Kind::box && mark.role == Role::window && mark.outline == Outline::thick ? 1 : 0;
  }
  return count;
}

TEST(SlicesLens, every_cell_of_every_slice_is_there_with_its_depth) {
  SceneRequest request = request_of(preset_numbers("conv3d_padding"), Lens::slices, 6);
  request.caption = true;
  const Scene scene = scene_of(request);
  for (int64_t d = -1; d <= 3; ++d) {
    const Mark* first = find_cell(scene, {TensorId::input, 0, d, -1, -1});
    ASSERT_NE(first, nullptr) << d;
    EXPECT_EQ(first->outline, Outline::dashed) << d;
    const Mark* inner = find_cell(scene, {TensorId::input, 0, d, 1, 1});
    ASSERT_NE(inner, nullptr) << d;
    // A slice in the padding is dashed throughout.
    EXPECT_EQ(inner->outline == Outline::dashed, d < 0 || d > 2) << d;
    if (d == -1) continue;
    EXPECT_NE(find_cell(scene, {TensorId::input, 0, d - 1, 1, 1})->box.x0, inner->box.x0);
  }
  EXPECT_EQ(find_cell(scene, {TensorId::input, 0, 4, 0, 0}), nullptr);
  for (int64_t d = 0; d < 3; ++d) EXPECT_NE(find_cell(scene, {TensorId::weight, 0, d, 2, 2}), nullptr) << d;
  EXPECT_EQ(find_cell(scene, {TensorId::output, 0, 0, 1, 2})->fill, Fill::full) << "the current cell";
  EXPECT_EQ(find_cell(scene, {TensorId::output, 0, 0, 1, 1})->fill, Fill::tint) << "computed";
  EXPECT_EQ(find_cell(scene, {TensorId::output, 0, 0, 1, 3})->fill, Fill::none) << "still to come";
  EXPECT_EQ(find_cell(scene, {TensorId::output, 0, 2, 0, 0})->fill, Fill::none);
  for (const char* words : {"1x1x3x4x4", "1x1x3x3x3", "depth 2", "W 0", "depth \u22121, padding"}) {
    EXPECT_TRUE(has_text(scene, words)) << words;
  }
  EXPECT_NE(scene.sentence.find("Y[0, 0, 0, 1, 2] = sum of 27 products"), std::string::npos) << scene.sentence;
}

TEST(SlicesLens, the_window_lies_on_the_slices_that_the_kernel_covers) {
  // Depths 0 and 1, then 1 and 2, then 2 and 3.
  const ComputationPtr numbers = preset_numbers("conv3d_basics");
  for (int64_t d = 0; d < 3; ++d) {
    const Scene scene = scene_of(request_of(numbers, Lens::slices, d * 9 + 4));
    EXPECT_EQ(windows_in(scene), 2) << d;
    EXPECT_TRUE(has_text(scene, "W 0") && has_text(scene, "W 1"));
    for (const Mark& mark : scene.marks) {
      if (mark.role != Role::window || mark.outline != Outline::thick) continue;
      const auto under = pick(scene, mark.box.x0 + 4, mark.box.y0 + 4);
      ASSERT_TRUE(under);
      EXPECT_EQ(under->tensor, TensorId::input);
      EXPECT_TRUE(under->c == d || under->c == d + 1) << under->c;
      EXPECT_EQ(under->y, 1);
      EXPECT_EQ(under->x, 1);
    }
  }
  // With a dilation of 2 the slice between is left out.
  const Scene spread =
      scene_of(request_of(volume(R"("kernel_size": 2, "dilation": [2, 1, 1])", "[1, 1, 4, 3, 3]"), Lens::slices, 0));
  EXPECT_EQ(windows_in(spread), 2);
}

TEST(SlicesLens, it_glides_within_a_slice_and_jumps_to_slices_that_it_did_not_lie_on) {
  SceneRequest request = request_of(preset_numbers("conv3d_basics"), Lens::slices, 1);
  request.moment.phase = 0.3f;
  const auto lefts = [](const Scene& scene) {
    std::vector<float> all;
    for (const Mark& mark : scene.marks) {
      if (mark.role == Role::window && mark.outline == Outline::thick) all.push_back(mark.box.x0);
    }
    return all;
  };
  const std::vector<float> on_its_way = lefts(scene_of(request));
  request.moment.phase = 1;
  const std::vector<float> there = lefts(scene_of(request));
  ASSERT_EQ(on_its_way.size(), 2u);
  EXPECT_LT(on_its_way[0], there[0]);
  EXPECT_LT(on_its_way[1], there[1]);
  // From depth 0 and 1 to depth 1 and 2: over depth 1 it flies back, on depth 2 it is there.
  request.moment = {9, 0.3f};
  const std::vector<float> flying = lefts(scene_of(request));
  request.moment.phase = 1;
  const std::vector<float> landed = lefts(scene_of(request));
  ASSERT_EQ(flying.size(), 2u);
  EXPECT_GT(flying[0], landed[0]);
  EXPECT_EQ(flying[1], landed[1]);
}

TEST(SlicesLens, pointing_lights_the_window_over_the_slices_the_uses_and_the_weights_places) {
  for (const char* params : {R"("in_channels": 4, "out_channels": 2, "groups": 2, "kernel_size": [2, 3, 2],
                                "stride": [1, 2, 1], "padding": [1, 1, 0], "dilation": [2, 1, 1])",
                             R"("in_channels": 4, "kernel_size": [3, 2, 2], "padding": [1, 1, 1],
                                "padding_mode": "reflect")"}) {
    const ComputationPtr numbers = volume(params, "[2, 4, 4, 4, 4]");
    ASSERT_TRUE(numbers);
    const ConvNdPlan& plan = *numbers->plan.volume();
    const ConvPlan slab = slab_of(plan);
    const int64_t cpg = plan.channels_per_group();
    // Every output cell against its taps, by brute force.
    for (int64_t step = 0; step < plan.output_cells(); step += 7) {
      const VolumeCell cell = volume_cell_of_step(plan, step);
      const CellRef output{TensorId::output, cell.n * plan.out_channels + cell.c, cell.d, cell.y, cell.x};
      const Hover hover(slab, plan, output);
      std::vector<CellRef> read;
      for (int64_t i = 0; i < plan.taps(); ++i) {
        const VolumeTap tap = volume_tap_of(plan, cell, i);
        const int64_t channel = cell.n * plan.in_channels + tap.c;
        if (tap.reads_zero()) {
          EXPECT_TRUE(hover.lights({TensorId::input, channel, tap.d, tap.y, tap.x}));
          continue;
        }
        read.push_back({TensorId::input, channel, tap.source_d, tap.source_y, tap.source_x});
        const Hover back(slab, plan, read.back());
        EXPECT_TRUE(back.lights(output));
        const Hover weight(slab, plan, CellRef{TensorId::weight, cell.c * cpg + tap.group_c, tap.kd, tap.ky, tap.kx});
        EXPECT_TRUE(weight.lights({TensorId::input, channel, tap.d, tap.y, tap.x}));
      }
      for (int64_t n = 0; n < 2 * 4; ++n)
        for (int64_t d = 0; d < 4; ++d)
          for (int64_t y = 0; y < 4; ++y)
            for (int64_t x = 0; x < 4; ++x) {
              const CellRef input{TensorId::input, n, d, y, x};
              const bool wanted = std::find(read.begin(), read.end(), input) != read.end();
              ASSERT_EQ(hover.lights(input), wanted) << n << " " << d << " " << y << " " << x;
            }
    }
  }
}

TEST(SlicesLens, hovered_cells_are_ringed_and_joined_by_lines) {
  SceneRequest request = request_of(preset_numbers("conv3d_basics"), Lens::slices, 4);
  request.hovered = CellRef{TensorId::output, 0, 1, 2, 2};
  const auto count = [](const Scene& scene, Mark::Kind kind) {
    return std::count_if(scene.marks.begin(), scene.marks.end(),
                         [&](const Mark& mark) { return mark.role == Role::hover && mark.kind == kind; });
  };
  Scene scene = scene_of(request);
  EXPECT_EQ(count(scene, Mark::Kind::line), 2) << "from the two slices of its window";
  EXPECT_EQ(count(scene, Mark::Kind::box), 8 + 8 + 1) << "taps, weights, itself";
  request.hovered = CellRef{TensorId::input, 0, 1, 1, 1};
  scene = scene_of(request);
  EXPECT_EQ(count(scene, Mark::Kind::line), 8);
  EXPECT_EQ(count(scene, Mark::Kind::box), 8 + 1);
  request.hovered = CellRef{TensorId::weight, 0, 1, 0, 0};
  EXPECT_EQ(count(scene_of(request), Mark::Kind::box), 27 + 1) << "its places: depths 1 to 3";
}

TEST(SlicesLens, large_volumes_are_textures_and_many_slices_are_folded_around_the_window) {
  const ComputationPtr film = volume(R"("kernel_size": 3, "padding": 1)", "[1, 1, 16, 112, 112]");
  ASSERT_TRUE(film);
  const Scene scene = scene_of(request_of(film, Lens::slices, 12544 * 7 + 5000));
  EXPECT_LT(scene.marks.size(), 600u);
  int textures = 0;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::raster) continue;
    const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
    if (raster.tensor.identity() != film->tensors.input.identity()) continue;
    ++textures;
    const auto at = pick(scene, (mark.box.x0 + mark.box.x1) / 2, mark.box.y0 + mark.box.height() * 0.9f);
    ASSERT_TRUE(at);
    EXPECT_EQ(at->tensor, TensorId::input);
    EXPECT_EQ(at->c, raster.channel);
    EXPECT_GT(at->y, 90);
  }
  EXPECT_GE(textures, 8) << "each slice can be told apart";

  const ComputationPtr deep = volume(R"("kernel_size": [3, 3, 3], "dilation": [50, 1, 1])", "[1, 1, 400, 12, 12]");
  ASSERT_TRUE(deep);
  const Scene folded = scene_of(request_of(deep, Lens::slices, 100 * 200 + 30));
  EXPECT_LT(folded.marks.size(), 6000u);
  EXPECT_EQ(windows_in(folded), 3) << "all slices of the window are there";
  EXPECT_TRUE(has_text(folded, "\u2026"));
  EXPECT_TRUE(has_text(folded, "depth 200") && has_text(folded, "depth 250") && has_text(folded, "depth 300"));
}

TEST(SlicesLens, fits_every_size_and_says_so_where_it_does_not) {
  for (const char* name : {"conv3d_basics", "conv3d_padding", "conv3d_temporal", "conv3d_channels"}) {
    for (const auto& [width, height] : {std::pair(960.0f, 540.0f), {400.0f, 700.0f}, {320.0f, 240.0f}}) {
      SceneRequest request = request_of(preset_numbers(name), Lens::slices, 3, width, height);
      request.language = Language::zh;
      const Scene scene = scene_of(request);
      for (const Mark& mark : scene.marks) {
        if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
        ASSERT_GE(mark.box.x0, 0) << name << " " << width;
        ASSERT_GE(mark.box.y0, 0) << name << " " << width;
        const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
        ASSERT_LE(mark.box.x1, width) << name << " " << width << " " << static_cast<int>(ref.tensor) << " " << ref.c;
        ASSERT_LE(mark.box.y1, height) << name << " " << width;
      }
      EXPECT_GT(scene.marks.size(), 20u);
    }
  }
}

}  // namespace
}  // namespace convscope
