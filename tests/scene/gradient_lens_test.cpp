// The gradients step by step, what belongs together in them, and a kernel that learns.
#include "app/scene/gradient_lens.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "app/session/presets.h"
#include "engine/conv2d_backward.h"
#include "engine/padding.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

std::string number_of(const Scene& scene, const CellRef& ref) {
  const Mark* mark = find_cell(scene, ref);
  return mark != nullptr ? text_in(scene, mark->box) : "missing";
}

int rings(const Scene& scene) {
  int found = 0;
  for (const Mark& mark : scene.marks) found += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
  return found;
}

/// The engine's gradients of the output cells up to and including a step.
Conv2dGradients until(const Computation& numbers, int64_t step) {
  Tensor part = Tensor::zeros(numbers.gradient->grad_output.shape(), DType::float32).value();
  for (int64_t i = 0; i <= step; ++i) {
    part.mutable_data<float>()[i] = static_cast<float>(numbers.gradient->grad_output.at(i));
  }
  return conv2d_backward(*numbers.plan.conv2d(), numbers.tensors.input, numbers.tensors.weight, part,
                         {Algorithm::naive, 1, nullptr})
      .value();
}

TEST(GradientLens, shows_what_the_steps_so_far_have_added) {
  // Whole numbers all of them, so that what is written is exact.
  for (const char* name :
       {"gradient_basics", "gradient_strides", "dilation", "padding_modes", "arbitrary_padding_no_strides"}) {
    const ComputationPtr numbers = preset_numbers(name);
    const ConvPlan& plan = *numbers->plan.conv2d();
    const bool exact = std::string_view(name) != "padding_modes";
    for (int64_t step = 0; step < step_count(plan); ++step) {
      const Scene scene = scene_of(request_of(numbers, Lens::gradient, step, 1200, 800));
      const Conv2dGradients wanted = until(*numbers, step);
      const auto same = [&](const CellRef& ref, double value) {
        const std::string text = number_of(scene, ref);
        ASSERT_NE(text, "missing") << name;
        if (text.empty()) {  // a dot: nothing has fallen there yet
          EXPECT_EQ(value, 0);
        } else if (exact) {
          EXPECT_EQ(std::stod(text), value) << name << " step " << step << " " << ref.y << "," << ref.x;
        } else {
          EXPECT_NEAR(std::stod(text), value, 0.006 * std::max(1.0, std::abs(value)));
        }
      };
      for (int64_t y = 0; y < plan.in.h; ++y) {
        for (int64_t x = 0; x < plan.in.w; ++x) {
          same({TensorId::grad_input, 0, 0, y, x}, wanted.input.at(y * plan.in.w + x));
        }
      }
      for (int64_t y = 0; y < plan.kernel.h; ++y) {
        for (int64_t x = 0; x < plan.kernel.w; ++x) {
          same({TensorId::grad_weight, 0, 0, y, x}, wanted.weight.at(y * plan.kernel.w + x));
        }
      }
      if (plan.bias) same({TensorId::grad_bias, 0, 0, 0, 0}, wanted.bias.at(0));
    }
  }
}

TEST(GradientLens, the_last_step_shows_the_engines_gradients_and_all_of_them) {
  for (const char* name : {"gradient_channels", "grouped", "depthwise", "one_by_one"}) {
    const ComputationPtr numbers = preset_numbers(name);
    const ConvPlan& plan = *numbers->plan.conv2d();
    SceneRequest request = request_of(numbers, Lens::gradient, step_count(plan) - 1, 1600, 1000);
    const Scene scene = scene_of(request);
    int seen = 0;
    for (const CellRef& ref : scene.refs) {
      if (ref.tensor != TensorId::grad_input || ref.n != plan.batch - 1) continue;
      if (ref.y < 0 || ref.y >= plan.in.h || ref.x < 0 || ref.x >= plan.in.w) continue;
      const double wanted = numbers->gradient->whole.input.at(
          ((ref.n * plan.in_channels + ref.c) * plan.in.h + ref.y) * plan.in.w + ref.x);
      const std::string text = number_of(scene, ref);
      if (text.empty()) continue;
      EXPECT_NEAR(std::stod(text), wanted, 0.011) << name;
      ++seen;
    }
    EXPECT_GE(seen, plan.in.h * plan.in.w) << name;
  }
}

TEST(GradientLens, gradients_are_hatched_and_tagged) {
  const Scene scene = scene_of(request_of(preset_numbers("gradient_basics"), Lens::gradient, 3));
  for (const char* tag : {"X", "W", "dX", "dW", "dY", "db"}) EXPECT_TRUE(has_text(scene, tag)) << tag;
  int hatched[3] = {};
  for (const Mark& mark : scene.marks) {
    if (mark.fill != Fill::hatch) continue;
    hatched[0] += mark.role == Role::input ? 1 : 0;
    hatched[1] += mark.role == Role::weight ? 1 : 0;
    hatched[2] += mark.role == Role::output ? 1 : 0;
  }
  EXPECT_EQ(hatched[0], 16);
  EXPECT_EQ(hatched[1], 9);
  EXPECT_EQ(hatched[2], 4);
}

TEST(GradientLens, a_cell_of_dx_lights_the_outputs_and_weights_that_reach_it) {
  SceneRequest request = request_of(preset_numbers("gradient_basics"), Lens::gradient, 3);
  EXPECT_EQ(rings(scene_of(request)), 0);
  // X and dX themselves, then for each of the outputs one cell of dY, and W and dW of its tap.
  request.hovered = CellRef{TensorId::grad_input, 0, 0, 0, 0};
  EXPECT_EQ(rings(scene_of(request)), 2 + 1 + 2 * 1);
  request.hovered = CellRef{TensorId::grad_input, 0, 0, 1, 1};
  EXPECT_EQ(rings(scene_of(request)), 2 + 4 + 2 * 4);
  request.hovered = CellRef{TensorId::input, 0, 0, 1, 1};
  EXPECT_EQ(rings(scene_of(request)), 2 + 4 + 2 * 4) << "X says the same as dX";
}

TEST(GradientLens, a_cell_of_dw_lights_every_pair_and_one_of_dy_its_window) {
  SceneRequest request = request_of(preset_numbers("gradient_basics"), Lens::gradient, 3);
  request.hovered = CellRef{TensorId::grad_weight, 0, 0, 1, 1};
  // W and dW; the four cells of X and of dX under it; the four of dY.
  EXPECT_EQ(rings(scene_of(request)), 2 + 2 * 4 + 4);
  request.hovered = CellRef{TensorId::grad_output, 0, 0, 1, 0};
  // dY; nine cells of X and dX each; nine of W and dW each; db.
  EXPECT_EQ(rings(scene_of(request)), 1 + 2 * 9 + 2 * 9 + 1);
  request.hovered = CellRef{TensorId::grad_bias, 0, 0, 0, 0};
  EXPECT_EQ(rings(scene_of(request)), 1 + 4);
}

TEST(GradientLens, copies_in_the_padding_belong_to_the_cell_that_they_copy) {
  const ComputationPtr numbers = preset_numbers("padding_modes");
  const ConvPlan& plan = *numbers->plan.conv2d();
  ASSERT_NE(plan.padding_mode, PaddingMode::zeros);
  // Against all taps of all windows.
  for (int64_t y = 0; y < plan.in.h; ++y) {
    for (int64_t x = 0; x < plan.in.w; ++x) {
      const Hover hover(plan, CellRef{TensorId::grad_input, 0, 0, y, x}, true);
      std::vector<bool> weights(static_cast<size_t>(plan.taps()), false);
      for (int64_t step = 0; step < step_count(plan); ++step) {
        const OutputCell cell = cell_of_step(plan, step);
        bool reads = false;
        for (int64_t i = 0; i < plan.taps(); ++i) {
          const Tap tap = tap_of(plan, cell, i);
          if (tap.source_y != y || tap.source_x != x) continue;
          reads = true;
          weights[static_cast<size_t>(i)] = true;
        }
        EXPECT_EQ(hover.lights({TensorId::grad_output, 0, 0, cell.y, cell.x}), reads) << y << "," << x;
      }
      for (int64_t i = 0; i < plan.taps(); ++i) {
        const CellRef weight{TensorId::grad_weight, 0, 0, i / plan.kernel.w, i % plan.kernel.w};
        EXPECT_EQ(hover.lights(weight), weights[static_cast<size_t>(i)]);
        const Hover back(plan, weight, true);
        EXPECT_EQ(back.lights({TensorId::input, 0, 0, y, x}), weights[static_cast<size_t>(i)]);
      }
    }
  }
}

TEST(GradientLens, large_tensors_cost_a_few_marks_wherever_the_step_is) {
  for (const char* name : {"photo_1080p", "resnet_stem"}) {
    const ComputationPtr numbers = preset_numbers(name);
    for (const double share : {0.0, 0.37, 1.0}) {
      const int64_t last = step_count(numbers->plan, Lens::gradient) - 1;
      const Scene scene =
          scene_of(request_of(numbers, Lens::gradient, static_cast<int64_t>(share * static_cast<double>(last))));
      EXPECT_LT(scene.marks.size(), 2000u) << name;
      EXPECT_GE(scene.rasters.size(), 3u) << name;
    }
  }
}

TEST(GradientLens, numbers_appear_as_the_camera_comes_near_and_are_those_of_the_step) {
  const ComputationPtr numbers = preset_numbers("resnet_stem");
  const ConvPlan& plan = *numbers->plan.conv2d();
  const int64_t step = step_of_cell(plan, {0, 40, 56, 56});
  SceneRequest request = request_of(numbers, Lens::gradient, step);
  const Scene whole = scene_of(request);
  const auto raster = std::find_if(whole.marks.begin(), whole.marks.end(), [&](const Mark& mark) {
    return mark.raster >= 0 && whole.rasters[static_cast<size_t>(mark.raster)].id == TensorId::grad_input;
  });
  ASSERT_NE(raster, whole.marks.end());
  request.view = zoomed(request.view, 60, (raster->box.x0 + raster->box.x1) / 2, (raster->box.y0 + raster->box.y1) / 2,
                        numbers->plan, Lens::gradient);
  const Scene near = scene_of(request);
  int seen = 0;
  AxisUses rows, columns;
  for (const CellRef& ref : near.refs) {
    if (ref.tensor != TensorId::grad_input) continue;
    const std::string text = number_of(near, ref);
    if (text.empty()) continue;
    rows.set(plan, false, ref.y, ref.y + 1);
    columns.set(plan, true, ref.x, ref.x + 1);
    const GrowingSum sum = input_gradient_at(plan, numbers->tensors.weight, numbers->gradient->grad_output,
                                             {ref.n, ref.c, ref.y, ref.x}, rows.of(ref.y), columns.of(ref.x), step + 1);
    EXPECT_NEAR(std::stod(text), sum.value, 0.006 * std::max(1.0, std::abs(sum.value)));
    ++seen;
  }
  EXPECT_GT(seen, 4);
}

TEST(GradientLens, the_sentence_names_the_cell_and_what_it_adds_to) {
  const Scene scene = scene_of(request_of(preset_numbers("gradient_basics"), Lens::gradient, 2));
  EXPECT_THAT(scene.sentence, testing::HasSubstr("dY[0, 0, 1, 0] = 1"));
  EXPECT_THAT(scene.sentence, testing::HasSubstr("db[0]"));
}

TEST(LearningLens, shows_the_kernel_of_the_iteration_and_the_next_one) {
  const ComputationPtr numbers = preset_numbers("learn_sobel");
  const LearningPath& path = *numbers->gradient->path;
  EXPECT_EQ(step_count(numbers->plan, Lens::gradient), numbers->gradient->learn.steps + 1);
  for (const int64_t t : {int64_t{0}, int64_t{7}, path.last()}) {
    const Scene scene = scene_of(request_of(numbers, Lens::gradient, t));
    for (int64_t i = 0; i < 9; ++i) {
      EXPECT_NEAR(std::stod(number_of(scene, {TensorId::learned, 0, 0, i / 3, i % 3})),
                  path.weights[static_cast<size_t>(t)].at(i), 0.002);
      const CellRef next{TensorId::next_kernel, 0, 0, i / 3, i % 3};
      if (t == path.last()) {
        EXPECT_EQ(find_cell(scene, next), nullptr);
      } else {
        EXPECT_NEAR(std::stod(number_of(scene, next)), path.weights[static_cast<size_t>(t + 1)].at(i), 0.002);
      }
    }
    EXPECT_TRUE(has_text(scene, "loss"));
    EXPECT_NE(find_cell(scene, {TensorId::loss, 0, 0, 0, t}), nullptr) << "the curve can be pointed at";
  }
}

TEST(LearningLens, a_kernel_learns_what_it_is_shown) {
  const LearningPath& path = *preset_numbers("learn_sobel")->gradient->path;
  EXPECT_LT(path.losses.back(), 1e-3 * path.losses.front());
  EXPECT_NEAR(path.weights.back().at(3), -2, 0.1);
  EXPECT_FALSE(path.grows());
  const LearningPath& blur = *preset_numbers("learn_gaussian")->gradient->path;
  EXPECT_LT(blur.losses.back(), 1e-2 * blur.losses.front());
}

TEST(LearningLens, too_large_a_learning_rate_is_explained_and_no_nan_is_drawn) {
  const ComputationPtr numbers = preset_numbers("learn_too_fast");
  ASSERT_TRUE(numbers->gradient->path->grows());
  for (Language language : {Language::en, Language::zh}) {
    SceneRequest request = request_of(numbers, Lens::gradient, 40);
    request.language = language;
    const Scene scene = scene_of(request);
    EXPECT_THAT(scene.text, testing::HasSubstr("learning_rate = 1.5"));
    EXPECT_THAT(scene.text, testing::Not(testing::HasSubstr("nan")));
    EXPECT_THAT(scene.text, testing::Not(testing::HasSubstr("inf")));
  }
}

}  // namespace
}  // namespace convscope
