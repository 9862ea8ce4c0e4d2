#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "app/scene/number_format.h"
#include "app/scene/tensor_view.h"
#include "app/session/presets.h"
#include "engine/im2col.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

struct Size {
  float width, height;
};
constexpr Size kSizes[] = {{960, 540}, {640, 560}, {1920, 1080}, {3840, 2160}, {420, 720}};

std::string where(const std::string& preset, Lens lens, Size size, int64_t step) {
  return preset + " " + name_of(lens) + " " + std::to_string(static_cast<int>(size.width)) + "x" +
         std::to_string(static_cast<int>(size.height)) + " step " + std::to_string(step + 1);
}

std::string describe_mark(const Scene& scene, const Mark& mark) {
  Scene one;
  one.marks = {mark};
  one.text = scene.text;
  one.refs = scene.refs;
  one.rasters = scene.rasters;
  return to_text(one);
}

// Every preset in every lens at several sizes: first, middle and last step.
template <class Visit>
void for_scenes(const Visit& visit) {
  for (const Preset& preset : presets()) {
    const ComputationPtr numbers = preset_numbers(preset.name);
    ASSERT_TRUE(numbers) << preset.name;
    for (Lens lens : preset.lenses) {
      const int64_t steps = step_count(numbers->plan, lens);
      for (Size size : kSizes) {
        for (int64_t step : {int64_t{0}, steps / 2, steps - 1}) {
          for (bool caption : {false, true}) {
            SceneRequest request = request_of(numbers, lens, step, size.width, size.height);
            request.caption = caption;
            request.language = caption ? Language::zh : Language::en;
            visit(scene_of(request), where(preset.name, lens, size, step));
            if (lens != Lens::im2col) continue;
            request.options = {true, true, true};
            visit(scene_of(request), where(preset.name, lens, size, step) + " in columns");
          }
        }
      }
    }
  }
}

TEST(lenses, every_mark_lies_inside_the_picture) {
  for_scenes([](const Scene& scene, const std::string& name) {
    ASSERT_GT(scene.marks.size(), 10u) << name;
    for (const Mark& mark : scene.marks) {
      const float x0 = std::min(mark.box.x0, mark.box.x1), x1 = std::max(mark.box.x0, mark.box.x1);
      const float y0 = std::min(mark.box.y0, mark.box.y1), y1 = std::max(mark.box.y0, mark.box.y1);
      ASSERT_TRUE(x0 >= 0 && y0 >= 0 && x1 <= scene.width && y1 <= scene.height) << name << "\n"
                                                                                 << describe_mark(scene, mark);
    }
  });
}

TEST(lenses, no_two_texts_overlap) {
  for_scenes([](const Scene& scene, const std::string& name) {
    std::vector<const Mark*> texts;
    for (const Mark& mark : scene.marks) {
      if (mark.kind == Mark::Kind::text) texts.push_back(&mark);
    }
    std::sort(texts.begin(), texts.end(), [](const Mark* a, const Mark* b) { return a->box.x0 < b->box.x0; });
    for (size_t i = 0; i < texts.size(); ++i) {
      const Mark& a = *texts[i];
      for (size_t j = i + 1; j < texts.size() && texts[j]->box.x0 < a.box.x1; ++j) {
        const Mark& b = *texts[j];
        const float overlap_x = std::min(a.box.x1, b.box.x1) - std::max(a.box.x0, b.box.x0);
        // Boxes are as high as the line, with its leading; the letters take about three quarters of it.
        const float leading = 0.2f * std::min(a.size, b.size);
        const float overlap_y = std::min(a.box.y1, b.box.y1) - std::max(a.box.y0, b.box.y0) - leading;
        ASSERT_FALSE(overlap_x > 1 && overlap_y > 1) << name << "\n"
                                                     << describe_mark(scene, a) << describe_mark(scene, b);
      }
    }
  });
}

TEST(lenses, cells_are_square_and_texts_at_least_nine_pixels) {
  for_scenes([](const Scene& scene, const std::string& name) {
    for (const Mark& mark : scene.marks) {
      if (mark.kind == Mark::Kind::text) {
        ASSERT_GE(mark.size, 8.4f) << name << "\n" << describe_mark(scene, mark);
      }
      if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
      const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
      // A point of a curve is as wide as the next one allows.
      if (ref.tensor == TensorId::none || ref.tensor == TensorId::bias || ref.tensor == TensorId::loss) continue;
      ASSERT_NEAR(mark.box.width(), mark.box.height(), 0.05) << name << "\n" << describe_mark(scene, mark);
    }
  });
}

TEST(lenses, input_weight_and_output_are_seen_together) {
  for_scenes([](const Scene& scene, const std::string& name) {
    if (name.find(" receptive_field ") != std::string::npos) {
      // Levels of a chain have names of their own; between the first and the last everything lies.
      EXPECT_TRUE(has_text(scene, "Input") || has_text(scene, "输入")) << name;
      return;
    }
    for (const char* tag : {"X", "W", "Y"}) {
      const bool has_no_weight = tag[0] == 'W' && name.find(" pooling ") != std::string::npos;
      // Going backwards begins with dY.
      const bool has_gradient = name.find(" gradient ") != std::string::npos && has_text(scene, "d" + std::string(tag));
      EXPECT_TRUE(has_no_weight || has_gradient || has_text(scene, tag)) << name << " " << tag;
    }
  });
}

TEST(lenses, the_picture_costs_what_is_seen) {
  for_scenes([](const Scene& scene, const std::string& name) { EXPECT_LT(scene.marks.size(), 20000u) << name; });
  // A camera anywhere over a photograph of six million numbers.
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  for (Lens lens : all_lenses()) {
    SceneRequest request = request_of(numbers, lens, 500000, 1920, 1080);
    for (int i = 0; i < 40; ++i) {
      request.view = zoomed(request.view, 1.25, 400, 300, numbers->plan, lens);
      EXPECT_LT(scene_of(request).marks.size(), 30000u) << request.view.zoom;
    }
  }
}

TEST(sliding_lens, shows_the_tutorials_numbers) {
  const ComputationPtr numbers = preset_numbers("tutorial_3_2");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, 3, 1920, 1080));
  const char* expected[2][2] = {{"1.56", "-0.69"}, {"-1.46", "-0.60"}};
  for (int64_t y = 0; y < 2; ++y) {
    for (int64_t x = 0; x < 2; ++x) {
      const Mark* cell = find_cell(scene, {TensorId::output, 0, 0, y, x});
      ASSERT_NE(cell, nullptr);
      EXPECT_EQ(text_in(scene, cell->box).rfind(expected[y][x], 0), 0u) << text_in(scene, cell->box);
    }
  }
}

TEST(sliding_lens, each_number_is_the_engines) {
  const ComputationPtr numbers = preset_numbers("tutorial_6_1");
  ASSERT_TRUE(numbers);
  const ConvPlan& plan = *numbers->plan.conv2d();
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, step_count(plan) - 1));
  int checked = 0;
  for (const auto& [id, tensor] :
       {std::pair{TensorId::input, numbers->tensors.input}, std::pair{TensorId::output, numbers->tensors.output}}) {
    const Shape shape = tensor.shape();
    for (int64_t y = 0; y < shape[2]; ++y) {
      for (int64_t x = 0; x < shape[3]; ++x) {
        const Mark* cell = find_cell(scene, {id, 0, 0, y, x});
        ASSERT_NE(cell, nullptr);
        EXPECT_NEAR(std::stod(text_in(scene, cell->box)), tensor.at(y * shape[3] + x), 0.051);
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 50);
}

TEST(sliding_lens, tells_computed_current_and_coming_cells_apart) {
  const ComputationPtr numbers = preset_numbers("padding_strides");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, 4));
  const auto fill = [&](int64_t y, int64_t x) { return find_cell(scene, {TensorId::output, 0, 0, y, x})->fill; };
  EXPECT_EQ(fill(0, 0), Fill::tint);
  EXPECT_EQ(fill(1, 0), Fill::tint);
  EXPECT_EQ(fill(1, 1), Fill::full);
  EXPECT_EQ(fill(1, 2), Fill::none);
  EXPECT_EQ(text_in(scene, find_cell(scene, {TensorId::output, 0, 0, 1, 2})->box), "");
  int rings = 0;
  const Box current = find_cell(scene, {TensorId::output, 0, 0, 1, 1})->box;
  for (const Mark& mark : scene.marks) {
    if (mark.outline == Outline::ring && std::abs(mark.box.x0 - current.x0) < 1 &&
        std::abs(mark.box.y0 - current.y0) < 1)
      ++rings;
  }
  EXPECT_EQ(rings, 1);
}

TEST(sliding_lens, padding_is_dashed_and_copies_what_it_reads) {
  ConvParams params;
  params.padding = {2, 2};
  params.bias = false;
  params.padding_mode = PaddingMode::reflect;
  const ComputationPtr numbers = numbers_of(params, {1, 1, 4, 4});
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, 35, 1280, 720));
  const Mark* corner = find_cell(scene, {TensorId::input, 0, 0, -1, -1});
  ASSERT_NE(corner, nullptr);
  EXPECT_EQ(corner->outline, Outline::dashed);
  EXPECT_EQ(corner->fill, Fill::none);
  EXPECT_EQ(text_in(scene, corner->box), "5");  // row 1, column 1 of 0, 1, 2, ...
  EXPECT_EQ(find_cell(scene, {TensorId::input, 0, 0, 0, 0})->outline, Outline::hairline);
}

TEST(sliding_lens, hatches_what_no_window_reaches) {
  ConvParams params;
  params.stride = {2, 2};
  params.bias = false;
  const ComputationPtr numbers = numbers_of(params, {1, 1, 6, 6});
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, 0));
  int hatched = 0;
  for (const Mark& mark : scene.marks) hatched += mark.fill == Fill::hatch ? 1 : 0;
  EXPECT_EQ(hatched, 11);  // the last row and the last column of six
}

TEST(sliding_lens, shades_each_tap_of_a_dilated_window) {
  const ComputationPtr numbers = preset_numbers("dilation");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, 0));
  std::vector<Box> shades;
  for (const Mark& mark : scene.marks) {
    if (mark.fill == Fill::shade && mark.kind == Mark::Kind::box) shades.push_back(mark.box);
  }
  ASSERT_EQ(shades.size(), 9u);
  for (int64_t i = 0; i < 9; ++i) {
    const Mark* cell = find_cell(scene, {TensorId::input, 0, 0, i / 3 * 2, i % 3 * 2});
    ASSERT_NE(cell, nullptr);
    EXPECT_NEAR(shades[static_cast<size_t>(i)].x0, cell->box.x0, 0.01);
    EXPECT_NEAR(shades[static_cast<size_t>(i)].y0, cell->box.y0, 0.01);
  }
}

Box window_outline(const Scene& scene) {
  for (const Mark& mark : scene.marks) {
    if (mark.role == Role::window && mark.outline == Outline::thick) return mark.box;
  }
  return {};
}

TEST(sliding_lens, the_window_glides_and_the_sum_lands) {
  const ComputationPtr numbers = preset_numbers("same_padding_no_strides");
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, Lens::sliding, 7);
  request.moment.phase = 0;
  const Box start = window_outline(scene_of(request));
  request.moment = {6, 1};
  const Box before = window_outline(scene_of(request));
  EXPECT_NEAR(start.x0, before.x0, 0.01);
  request.moment = {7, 0.3f};
  const Box halfway = window_outline(scene_of(request));
  request.moment = {7, 1};
  const Box arrived = window_outline(scene_of(request));
  EXPECT_NEAR(halfway.x0, (start.x0 + arrived.x0) / 2, 0.5);
  EXPECT_GT(arrived.x0, start.x0 + 10);
  // Not before it has landed does the cell have its number.
  request.moment = {7, 0.95f};
  const CellRef cell{TensorId::output, 0, 0, 1, 2};
  EXPECT_EQ(find_cell(scene_of(request), cell)->fill, Fill::none);
  request.moment = {7, 1};
  EXPECT_EQ(find_cell(scene_of(request), cell)->fill, Fill::full);
}

TEST(sliding_lens, jumps_with_a_trail_when_fast_and_without_one_when_motion_is_reduced) {
  const ComputationPtr numbers = preset_numbers("same_padding_no_strides");
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, Lens::sliding, 7);
  const Box arrived = window_outline(scene_of(request));
  const auto faded = [](const Scene& scene) {
    int count = 0;
    for (const Mark& mark : scene.marks) {
      count += mark.role == Role::window && mark.outline == Outline::thick && mark.opacity < 1 ? 1 : 0;
    }
    return count;
  };
  request.moment.phase = 0.1f;
  request.steps_per_second = kJumpStepsPerSecond;
  Scene fast = scene_of(request);
  EXPECT_EQ(faded(fast), 3);
  // While more steps follow it stands: a trail that faded out in every step would pulse.
  request.playing = true;
  const std::string begin = to_text(scene_of(request));
  request.moment.phase = 0.9f;
  EXPECT_EQ(to_text(scene_of(request)), begin);
  request.playing = false;
  // A picture that stands still has none, however fast it would play.
  request.moment.phase = 1;
  EXPECT_EQ(faded(scene_of(request)), 0);
  request.moment.phase = 0.1f;
  request.steps_per_second = 2;
  request.reduced_motion = true;
  const Scene still = scene_of(request);
  EXPECT_EQ(faded(still), 0);
  EXPECT_NEAR(window_outline(still).x0, arrived.x0, 0.01);
}

TEST(sliding_lens, the_trail_stays_on_the_whole_input) {
  const ComputationPtr numbers = preset_numbers("resnet_stem");
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, Lens::sliding, 8, 960, 640);
  request.moment.phase = 0.1f;
  request.steps_per_second = 32;
  const Scene scene = scene_of(request);
  Box input;
  for (const Mark& mark : scene.marks) {
    if (mark.raster >= 0 && scene.rasters[static_cast<size_t>(mark.raster)].id == TensorId::input) input = mark.box;
    if (input.width() > 0) break;
  }
  int faded = 0;
  for (const Mark& mark : scene.marks) {
    if (mark.role != Role::window || mark.outline != Outline::thick || mark.opacity == 1) continue;
    ++faded;
    EXPECT_TRUE(mark.box.x0 > input.x0 - 12 && mark.box.x1 < input.x1 + 12) << describe_mark(scene, mark);
  }
  EXPECT_EQ(faded, 3);
}

TEST(sliding_lens, a_large_output_is_veiled_where_nothing_is_computed_near_and_far) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, Lens::sliding, 960 + 1920 * 540);
  const auto veils = [](const Scene& scene) {
    int count = 0;
    for (const Mark& mark : scene.marks) count += mark.role == Role::border && mark.fill == Fill::full ? 1 : 0;
    return count;
  };
  EXPECT_EQ(veils(scene_of(request)), 2);  // the rest of the row, and the rows below
  Box output;
  {
    const Scene far = scene_of(request);
    for (const Mark& mark : far.marks) {
      if (mark.raster >= 0 && far.rasters[static_cast<size_t>(mark.raster)].id == TensorId::output &&
          mark.box.width() > output.width())
        output = mark.box;
    }
  }
  // Into the middle of Y, where the current cell is.
  const float x = (output.x0 + output.x1) / 2, y = (output.y0 + output.y1) / 2;
  for (int i = 0; i < 60; ++i) request.view = zoomed(request.view, 1.2, x, y, numbers->plan, Lens::sliding);
  const Scene near = scene_of(request);
  int computed = 0, coming = 0;
  for (const Mark& mark : near.marks) {
    if (mark.ref < 0 || mark.kind != Mark::Kind::box) continue;
    const CellRef& ref = near.refs[static_cast<size_t>(mark.ref)];
    if (ref.tensor != TensorId::output) continue;
    const bool done = ref.y * 1920 + ref.x <= 960 + 1920 * 540;
    (done ? computed : coming) += 1;
    if (!(mark.box.x0 > 0 && mark.box.y0 > 0 && mark.box.x1 < 960 && mark.box.y1 < 540)) continue;
    EXPECT_EQ(text_in(near, mark.box).empty(), !done) << ref.y << " " << ref.x;
  }
  EXPECT_GT(computed, 0);
  EXPECT_GT(coming, 0);
  EXPECT_GT(veils(near), 0);
}

TEST(sliding_lens, the_tutorials_outputs_have_their_numbers_at_every_usual_size) {
  // The picture in a window of 1280x720, and an export.
  for (const Size size : {Size{640, 580}, Size{960, 540}, Size{1240, 900}}) {
    for (const char* name : {"tutorial_3_2", "tutorial_5_2", "tutorial_5_3", "tutorial_6_1", "tutorial_6_2_1",
                             "tutorial_6_2_2", "tutorial_7_2"}) {
      SceneRequest request = request_of(preset_numbers(name), Lens::sliding, 2, size.width, size.height);
      request.caption = size.width == 960;
      const Scene scene = scene_of(request);
      for (const CellRef& ref : {CellRef{TensorId::output, 0, 0, 0, 0}, CellRef{TensorId::input, 0, 0, 1, 1},
                                 CellRef{TensorId::weight, 0, 0, 1, 1}}) {
        const Mark* cell = find_cell(scene, ref);
        ASSERT_NE(cell, nullptr) << where(name, Lens::sliding, size, 2);
        EXPECT_NE(text_in(scene, cell->box), "") << where(name, Lens::sliding, size, 2);
      }
    }
  }
}

TEST(sliding_lens, a_cell_of_padding_more_does_not_turn_the_picture_around) {
  for (int64_t padding : {0, 1, 2}) {
    ConvParams params;
    params.padding = {padding, padding};
    params.bias = false;
    const Scene scene = scene_of(request_of(numbers_of(params, {1, 1, 5, 5}), Lens::sliding, 0, 640, 580));
    const Mark* input = find_cell(scene, {TensorId::input, 0, 0, 0, 0});
    const Mark* output = find_cell(scene, {TensorId::output, 0, 0, 0, 0});
    ASSERT_TRUE(input != nullptr && output != nullptr);
    EXPECT_GT(output->box.x0, input->box.x1) << padding;
  }
}

TEST(sliding_lens, in_a_column_each_line_begins_with_its_sign) {
  const Scene scene = scene_of(request_of(preset_numbers("tutorial_5_2"), Lens::sliding, 0, 420, 720));
  const Mark* weight = find_cell(scene, {TensorId::weight, 0, 0, 1, 0});
  const Mark* output = find_cell(scene, {TensorId::output, 0, 0, 1, 0});
  ASSERT_TRUE(weight != nullptr && output != nullptr && output->box.y0 > weight->box.y1);
  for (const auto& [sign, cell] : {std::pair{"*", weight}, std::pair{"=", output}}) {
    const Mark* found = nullptr;
    for (const Mark& mark : scene.marks) {
      if (mark.kind == Mark::Kind::text && scene.text_of(mark) == sign) found = &mark;
    }
    ASSERT_NE(found, nullptr) << sign;
    EXPECT_LT(found->box.x1, cell->box.x0) << sign;
    EXPECT_GT(found->box.x1, cell->box.x0 - 60) << sign;
  }
  const Mark* equals = nullptr;
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::text && scene.text_of(mark) == "=") equals = &mark;
  }
  EXPECT_NEAR((equals->box.y0 + equals->box.y1) / 2, (output->box.y0 + output->box.y1) / 2, output->box.height());
}

TEST(sliding_lens, every_channel_has_its_products_where_they_can_be_read) {
  const Scene scene = scene_of(request_of(preset_numbers("tutorial_6_2_1"), Lens::sliding, 6, 1280, 968));
  int products = 0;
  for (const Mark& mark : scene.marks) {
    products += mark.kind == Mark::Kind::text && scene.text_of(mark) == "products" ? 1 : 0;
  }
  EXPECT_EQ(products, 3);
}

TEST(sliding_lens, the_flying_sum_carries_its_number) {
  SceneRequest request = request_of(preset_numbers("photo_1080p"), Lens::sliding, 1000);
  request.moment.phase = 0.9f;
  const Scene scene = scene_of(request);
  ASSERT_EQ(scene.marks.back().kind, Mark::Kind::text);
  EXPECT_EQ(scene.text_of(scene.marks.back()), "0.2667");
}

TEST(sliding_lens, a_sum_says_over_how_many_channels_it_runs) {
  for (const char* name : {"resnet_stem", "photo_1080p"}) {
    const Scene scene = scene_of(request_of(preset_numbers(name), Lens::sliding, 1000));
    int sums = 0;
    for (const Mark& mark : scene.marks) {
      if (mark.kind == Mark::Kind::text && scene.text_of(mark).rfind("\u03a3 of 3 channels = ", 0) == 0) ++sums;
    }
    EXPECT_EQ(sums, 1) << name;
  }
}

TEST(sliding_lens, names_a_cell_by_all_its_indices) {
  const Scene scene = scene_of(request_of(preset_numbers("resnet_stem"), Lens::sliding, 112 * 112 + 8));
  bool named = false;
  for (const Mark& mark : scene.marks) {
    named = named || (mark.kind == Mark::Kind::text && scene.text_of(mark).rfind("Y[0, 1, 0, 8] = ", 0) == 0);
  }
  EXPECT_TRUE(named);
}

TEST(im2col_lens, the_strip_takes_the_lines_it_needs) {
  const ComputationPtr numbers = preset_numbers("tutorial_7_2");
  const Scene scene = scene_of(request_of(numbers, Lens::im2col, 4, 640, 900));
  const CellRef first{TensorId::kernel_matrix, 0, 0, 0, 1};
  // Each tap of the kernel is in its column of W and in the strip.
  for (int64_t tap = 0; tap < numbers->plan.conv2d()->taps(); ++tap) {
    int numbered = 0;
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
      CellRef wanted = first;
      wanted.y = tap;
      if (scene.refs[static_cast<size_t>(mark.ref)] == wanted && text_in(scene, mark.box) != "") ++numbered;
    }
    EXPECT_EQ(numbered, 1) << tap;
  }
}

// Rows of the matrix in which every cell that is drawn large enough for it has its number, and how many cells that is.
std::map<int64_t, int> numbered_rows(const Scene& scene) {
  std::map<int64_t, int> rows;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
    const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
    if (ref.tensor == TensorId::im2col && text_in(scene, mark.box) != "") ++rows[ref.y];
  }
  return rows;
}

TEST(im2col_lens, rows_around_the_current_one_have_numbers_where_the_whole_matrix_cannot) {
  for (const char* name : {"tutorial_6_1", "full_padding_no_strides", "arbitrary_padding_no_strides",
                           "even_kernel_same", "tutorial_6_2_1", "tutorial_6_2_2", "tutorial_7_2"}) {
    for (const Size size : {Size{640, 608}, Size{960, 540}, Size{1280, 968}}) {
      const ComputationPtr numbers = preset_numbers(name);
      // The last step knows every row; which of them are shown is told apart from which are known.
      const Scene scene =
          scene_of(request_of(numbers, Lens::im2col, step_count(*numbers->plan.conv2d()) - 1, size.width, size.height));
      const std::map<int64_t, int> rows = numbered_rows(scene);
      EXPECT_GE(rows.size(), 3u) << name << " " << size.width;
      EXPECT_TRUE(rows.contains(numbers->plan.conv2d()->batch * numbers->plan.conv2d()->positions() - 1))
          << name << ": the current row";
      for (const auto& [row, cells] : rows) {
        EXPECT_GE(cells, std::min<int64_t>(numbers->plan.conv2d()->taps(), 12))
            << name << " " << size.width << ", row " << row;
      }
    }
  }
}

TEST(im2col_lens, the_matrix_has_numbers_where_they_fit_and_so_has_the_input) {
  for (const char* name : {"padding_strides", "padding_strides_odd", "tutorial_5_2", "tutorial_5_3", "tutorial_7_1",
                           "no_padding_no_strides", "grouped"}) {
    for (const Size size : {Size{640, 580}, Size{960, 540}}) {
      const Scene scene = scene_of(request_of(preset_numbers(name), Lens::im2col, 2, size.width, size.height));
      for (const CellRef& ref : {CellRef{TensorId::im2col, 0, 0, 0, 4}, CellRef{TensorId::product, 0, 0, 0, 0},
                                 CellRef{TensorId::output, 0, 0, 0, 0}}) {
        const Mark* cell = find_cell(scene, ref);
        ASSERT_NE(cell, nullptr) << where(name, Lens::im2col, size, 2);
        EXPECT_NE(text_in(scene, cell->box), "") << where(name, Lens::im2col, size, 2);
      }
    }
  }
  for (const char* name : {"padding_strides", "padding_strides_odd"}) {
    const Scene scene = scene_of(request_of(preset_numbers(name), Lens::im2col, 2, 640, 580));
    EXPECT_NE(text_in(scene, find_cell(scene, {TensorId::input, 0, 0, 0, 0})->box), "") << name;
  }
}

TEST(im2col_lens, names_the_group_that_its_matrices_belong_to) {
  SceneRequest request = request_of(preset_numbers("grouped"), Lens::im2col, 9);
  EXPECT_TRUE(has_text(scene_of(request), "group 2 / 2"));
  request.language = Language::zh;
  EXPECT_TRUE(has_text(scene_of(request), "\u7b2c 2 \u7ec4\uff0c\u5171 2 \u7ec4"));
  EXPECT_FALSE(has_text(scene_of(request_of(preset_numbers("tutorial_5_3"), Lens::im2col, 9)), "group 1 / 1"));
}

TEST(im2col_lens, small_grids_stay_cells_and_their_window_erases_nothing) {
  for (const char* name : {"even_kernel_same", "arbitrary_padding_no_strides", "depthwise", "tutorial_5_3"}) {
    const Scene scene = scene_of(request_of(preset_numbers(name), Lens::im2col, 4, 640, 580));
    EXPECT_NE(find_cell(scene, {TensorId::im2col, 0, 0, 8, 0}), nullptr) << name;  // not computed yet, but there
    for (const Mark& mark : scene.marks) {
      EXPECT_FALSE(mark.role == Role::canvas && mark.outline == Outline::ring) << name;
    }
  }
}

TEST(range_of, a_large_tensor_is_shaded_by_what_all_but_a_few_values_stay_below) {
  auto made = Tensor::zeros({1, 1, 100, 100}, DType::float32);
  ASSERT_TRUE(made.ok());
  Tensor tensor = *std::move(made);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i % 100) / 100;
  tensor.mutable_data<float>()[17] = -50;
  const NumberRange range = range_of(tensor);
  EXPECT_EQ(range.max_abs(), 50);
  EXPECT_NEAR(range.shade_end(), 0.99, 0.011);
}

TEST(sliding_lens, shows_every_channel_of_a_small_layer_and_fades_other_groups) {
  const ComputationPtr numbers = preset_numbers("grouped");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::sliding, step_count(*numbers->plan.conv2d()) - 1));
  for (int64_t c = 0; c < 4; ++c) {
    const Mark* cell = find_cell(scene, {TensorId::input, 0, c, 0, 0});
    ASSERT_NE(cell, nullptr) << c;
    EXPECT_EQ(cell->opacity < 1, c < 2) << c;
  }
}

TEST(im2col_lens, lights_the_row_of_the_window_and_fills_up_row_by_row) {
  const ComputationPtr numbers = preset_numbers("no_padding_no_strides");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::im2col, 2));
  for (int64_t row = 0; row < 4; ++row) {
    const Mark* cell = find_cell(scene, {TensorId::im2col, 0, 0, row, 4});
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(cell->fill, row <= 2 ? Fill::tint : Fill::none);
    const std::string words = text_in(scene, cell->box);
    if (row <= 2) {
      EXPECT_EQ(std::stod(words), im2col_value(*numbers->plan.conv2d(), numbers->tensors.input, 0, row, 4));
    } else {
      EXPECT_EQ(words, "");
    }
    const Mark* product = find_cell(scene, {TensorId::product, 0, 0, row, 0});
    ASSERT_NE(product, nullptr);
    EXPECT_EQ(product->fill, row < 2 ? Fill::tint : row == 2 ? Fill::full : Fill::none);
  }
  int lit = 0;
  const Box row = find_cell(scene, {TensorId::im2col, 0, 0, 2, 0})->box;
  for (const Mark& mark : scene.marks) {
    if (mark.fill == Fill::shade && mark.kind == Mark::Kind::box && std::abs(mark.box.y0 - row.y0) < 1 &&
        std::abs(mark.box.x0 - row.x0) < 1)
      ++lit;
  }
  EXPECT_EQ(lit, 1);
}

TEST(im2col_lens, kernels_are_columns_in_tap_order) {
  const ComputationPtr numbers = preset_numbers("no_padding_no_strides");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::im2col, 0));
  for (int64_t tap = 0; tap < 9; ++tap) {
    const Mark* cell = find_cell(scene, {TensorId::kernel_matrix, 0, 0, tap, 0});
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(std::stod(text_in(scene, cell->box)), numbers->tensors.weight.at(tap));
  }
}

TEST(im2col_lens, pages_through_a_matrix_that_is_too_large) {
  const ComputationPtr numbers = preset_numbers("resnet_stem");
  ASSERT_TRUE(numbers);
  const int64_t step = 7000;
  const Scene scene = scene_of(request_of(numbers, Lens::im2col, step));
  const int64_t row = im2col_row(*numbers->plan.conv2d(), cell_of_step(*numbers->plan.conv2d(), step));
  bool shown = false;
  for (const Raster& raster : scene.rasters) {
    if (raster.id != TensorId::im2col) continue;
    EXPECT_LE(raster.tensor.numel(), 1 << 20);
    shown = shown || (raster.cell_y0 <= static_cast<double>(row) && raster.cell_y1 > static_cast<double>(row));
  }
  EXPECT_TRUE(shown);
  // The strip spells out a part of the row, and says what the rest adds up to.
  CellArithmetic arithmetic;
  cell_arithmetic(*numbers->plan.conv2d(), numbers->tensors, cell_of_step(*numbers->plan.conv2d(), step), arithmetic);
  double spelled_out = 0;
  int taps = 0;
  for (int64_t tap = 0; tap < numbers->plan.conv2d()->taps(); ++tap) {
    if (find_cell(scene, {TensorId::im2col, 0, 0, row, tap}) == nullptr) continue;
    spelled_out += arithmetic.values[static_cast<size_t>(tap)].product;
    ++taps;
  }
  EXPECT_GT(taps, 10);
  std::string rest;
  for (const Mark& mark : scene.marks) {
    const std::string words(mark.kind == Mark::Kind::text ? scene.text_of(mark) : "");
    if (const size_t at = words.find("add up to "); at != std::string::npos) rest = words.substr(at + 10);
  }
  ASSERT_NE(rest, "");
  EXPECT_NEAR(spelled_out + std::stod(rest), arithmetic.sum, 1e-4);
}

TEST(sentence, says_the_step_and_its_arithmetic_in_both_languages) {
  const ComputationPtr numbers = preset_numbers("tutorial_6_1");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(step_sentence(Language::en, *numbers, 22),
            "Step 23 of 25: Y[0, 0, 4, 2] = sum of 9 products 2.6426 + bias -0.5821 = 2.0605");
  EXPECT_NE(step_sentence(Language::zh, *numbers, 22).find("2.0605"), std::string::npos);
  EXPECT_EQ(scene_of(request_of(numbers, Lens::sliding, 22)).sentence, step_sentence(Language::en, *numbers, 22));
}

TEST(caption, holds_the_formula_with_its_numbers) {
  SceneRequest request = request_of(preset_numbers("padding_strides"), Lens::sliding, 0);
  request.caption = true;
  EXPECT_TRUE(
      has_text(scene_of(request),
               "output height = width = \u230a(5 + 2\u00b71 \u2212 1\u00b7(3 \u2212 1) \u2212 1) / 2\u230b + 1 = 3"));
  request.caption = false;
  EXPECT_FALSE(
      has_text(scene_of(request),
               "output height = width = \u230a(5 + 2\u00b71 \u2212 1\u00b7(3 \u2212 1) \u2212 1) / 2\u230b + 1 = 3"));
}

TEST(caption, the_line_of_the_step_begins_at_the_same_place_in_every_step) {
  SceneRequest request = request_of(preset_numbers("tutorial_6_1"), Lens::sliding, 0);
  request.caption = true;
  float begin = -1;
  for (request.moment.step = 0; request.moment.step < 25; ++request.moment.step) {
    request.moment.phase = request.moment.step % 2 == 0 ? 1.0f : 0.0f;
    const Scene scene = scene_of(request);
    const Mark& line = scene.marks.back();
    ASSERT_EQ(scene.text_of(line), scene.sentence);
    if (begin < 0) begin = line.box.x0;
    EXPECT_EQ(line.box.x0, begin) << scene.sentence;
  }
}

TEST(caption, spells_out_uneven_padding) {
  SceneRequest request = request_of(preset_numbers("even_kernel_same"), Lens::sliding, 0);
  request.caption = true;
  EXPECT_TRUE(
      has_text(scene_of(request),
               "output height = width = \u230a(5 + 1 + 2 \u2212 1\u00b7(4 \u2212 1) \u2212 1) / 1\u230b + 1 = 5"));
}

TEST(build_scene, is_a_pure_function) {
  SceneRequest request = request_of(preset_numbers("tutorial_7_1"), Lens::im2col, 3);
  const std::string first = to_text(scene_of(request));
  scene_of(request_of(preset_numbers("photo_1080p"), Lens::sliding, 99));
  EXPECT_EQ(to_text(scene_of(request)), first);
}

TEST(build_scene, takes_any_viewport) {
  for (const char* name : {"padding_strides", "photo_1080p", "resnet_stem", "grouped"}) {
    for (Lens lens : all_lenses()) {
      for (Size size : {Size{300, 300}, Size{120, 90}, Size{50, 600}, Size{600, 40}, Size{3, 3}, Size{0, 100}}) {
        for (bool caption : {false, true}) {
          SceneRequest request = request_of(preset_numbers(name), lens, 3, size.width, size.height);
          request.caption = caption;
          for (const Mark& mark : scene_of(request).marks) {
            ASSERT_TRUE(std::isfinite(mark.box.x0) && std::isfinite(mark.box.y1)) << where(name, lens, size, 3);
          }
        }
      }
    }
  }
}

TEST(build_scene, takes_a_missing_computation_and_steps_beyond_the_end) {
  SceneRequest request;
  EXPECT_TRUE(scene_of(request).marks.empty());
  SceneRequest beyond = request_of(preset_numbers("tutorial_5_1"), Lens::sliding, 1000);
  const SceneRequest last = request_of(preset_numbers("tutorial_5_1"), Lens::sliding, 8);
  EXPECT_EQ(to_text(scene_of(beyond)), to_text(scene_of(last)));
}

TEST(sentence, of_the_tutorials_slices_says_what_is_read) {
  const auto read = [](const char* preset, int64_t step, Algorithm algorithm) {
    SceneRequest request = request_of(preset_numbers(preset), Lens::sliding, step);
    request.algorithm = algorithm;
    const std::string sentence = scene_of(request).sentence;
    const size_t at = sentence.find("; ");
    return at == std::string::npos ? std::string() : sentence.substr(at + 2);
  };
  EXPECT_EQ(read("tutorial_5_1", 5, Algorithm::slices), "reads X[0, :, 1:4, 2:5]");
  EXPECT_EQ(read("tutorial_5_2", 5, Algorithm::loops), "reads X[0, :, 2:5, 4:7] of the padded X");
  EXPECT_EQ(read("dilation", 4, Algorithm::slices), "reads X[0, :, 1:6:2, 1:6:2]");
  EXPECT_EQ(read("grouped", 8, Algorithm::slices), "reads X[0, 2:4, 0:2, 0:2]");
  EXPECT_EQ(read("tutorial_5_2", 5, Algorithm::automatic), "");
}

TEST(caption, a_narrow_picture_breaks_its_words_instead_of_shrinking_them) {
  for (const Language language : {Language::en, Language::zh}) {
    for (const char* preset : {"tutorial_6_2_1", "resnet_stem", "tutorial_5_2"}) {
      const ComputationPtr numbers = preset_numbers(preset);
      ASSERT_TRUE(numbers);
      for (const int64_t step : {int64_t{0}, step_count(*numbers->plan.conv2d()) - 1}) {
        SceneRequest request = request_of(numbers, Lens::sliding, step, 267, 1200);
        request.caption = true;
        request.language = language;
        const Scene scene = scene_of(request);
        std::string words;
        float below = 0;
        int lines = 0;
        for (const Mark& mark : scene.marks) {
          if (mark.kind != Mark::Kind::text || mark.role != Role::secondary || mark.box.y0 < 1000) continue;
          EXPECT_GE(mark.size, 12) << describe_mark(scene, mark);
          EXPECT_TRUE(mark.box.x0 >= 0 && mark.box.x1 <= 267 && mark.box.y1 <= 1200) << describe_mark(scene, mark);
          EXPECT_GE(mark.box.y0, below - 1) << describe_mark(scene, mark);
          below = mark.box.y1;
          words.append(words.empty() ? "" : " ").append(scene.text_of(mark));
          ++lines;
        }
        EXPECT_GT(lines, 1) << preset;
        const auto without_blanks = [](std::string text) {
          std::erase(text, ' ');
          return text;
        };
        EXPECT_EQ(without_blanks(words), without_blanks(scene.sentence)) << preset << ": nothing is left out";
      }
    }
  }
}

// As wide as it is told to be.
class StretchedMeasure : public TextMeasure {
 public:
  explicit StretchedMeasure(float stretch) : stretch_(stretch) {}
  float width(std::string_view text, Face, float size) const override {
    return stretch_ * size * static_cast<float>(text.size());
  }

 private:
  float stretch_;
};

TEST(layouts, are_not_remembered_for_another_font_at_the_same_address) {
  const ComputationPtr numbers = preset_numbers("tutorial_6_2_1");
  ASSERT_TRUE(numbers);
  std::optional<StretchedMeasure> measure(std::in_place, 0.3f);
  for (const Lens lens : {Lens::sliding, Lens::im2col}) {
    SceneRequest request = request_of(numbers, lens, 3);
    measure.emplace(0.3f);
    request.measure = &*measure;
    const std::string narrow = to_text(scene_of(request));
    measure.emplace(1.4f);
    const std::string wide = to_text(scene_of(request));
    std::optional<StretchedMeasure> elsewhere(std::in_place, 1.4f);
    request.measure = &*elsewhere;
    EXPECT_EQ(to_text(scene_of(request)), wide);
    EXPECT_NE(wide, narrow);
  }
}

}  // namespace
}  // namespace convscope
