// Pictures of transposed convolution and pooling: what stands in which cell, and what belongs together.
#include <gmock/gmock.h>

#include <functional>

#include "app/scene/operation_scene.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

CellRef output(int64_t y, int64_t x) { return {TensorId::output, 0, 0, y, x}; }
CellRef input(int64_t y, int64_t x) { return {TensorId::input, 0, 0, y, x}; }

std::string number_of(const Scene& scene, const CellRef& ref) {
  const Mark* mark = find_cell(scene, ref);
  return mark != nullptr ? text_in(scene, mark->box) : "missing";
}

int count(const Scene& scene, const std::function<bool(const Mark&)>& wanted) {
  int found = 0;
  for (const Mark& mark : scene.marks) found += wanted(mark) ? 1 : 0;
  return found;
}

int rings(const Scene& scene) {
  return count(scene, [](const Mark& mark) { return mark.role == Role::hover && mark.outline == Outline::ring; });
}

TEST(ScatterLens, sums_grow_stamp_by_stamp) {
  // [[1, 2], [3, 4]] through a 2x2 kernel of stride 1, whose stamps all meet in the middle.
  const ComputationPtr numbers = preset_numbers("no_padding_no_strides_transposed");
  ASSERT_TRUE(numbers);
  const Tensor& y = numbers->tensors.output;
  for (int64_t step = 0; step < 4; ++step) {
    const Scene scene = scene_of(request_of(numbers, Lens::scatter, step));
    for (int64_t row = 0; row < 4; ++row) {
      for (int64_t col = 0; col < 4; ++col) {
        const PartialSum sum = partial_sum(*numbers->plan.transposed(), numbers->tensors, {0, 0, row, col}, step + 1);
        if (sum.stamps == 0) continue;  // a dot
        EXPECT_EQ(std::stod(number_of(scene, output(row, col))), sum.value) << step << " " << row << " " << col;
        if (step == 3) {
          EXPECT_EQ(sum.value, y.at(row * 4 + col));
        }
      }
    }
  }
}

TEST(ScatterLens, padding_is_cut_off_outside_the_output_and_output_padding_named) {
  const Scene plain = scene_of(request_of(preset_numbers("padding_strides_transposed"), Lens::scatter, 4));
  const auto cut = [](const Mark& mark) { return mark.role == Role::padding && mark.outline == Outline::dashed; };
  EXPECT_EQ(count(plain, cut), 7 * 7 - 5 * 5);
  EXPECT_FALSE(has_text(plain, "output_padding = 1"));
  const Scene more = scene_of(request_of(preset_numbers("padding_strides_odd_transposed"), Lens::scatter, 4));
  EXPECT_EQ(count(more, cut), 7 * 7 - 6 * 6) << "output_padding gives back what padding cut off at the end";
  EXPECT_TRUE(has_text(more, "output_padding = 1"));
}

TEST(ScatterLens, an_input_cell_and_its_stamp_light_each_other) {
  SceneRequest request = request_of(preset_numbers("padding_strides_transposed"), Lens::scatter, 4);
  EXPECT_EQ(rings(scene_of(request)), 0);
  request.hovered = input(0, 0);
  EXPECT_EQ(rings(scene_of(request)), 1 + 4) << "the corner's stamp is cut to 2 x 2";
  request.hovered = input(1, 1);
  EXPECT_EQ(rings(scene_of(request)), 1 + 9);
  request.hovered = output(1, 1);
  // Four cells of X, each through one corner of the kernel.
  EXPECT_EQ(rings(scene_of(request)), 1 + 4 + 4);
  request.hovered = CellRef{TensorId::weight, 0, 0, 1, 1};
  EXPECT_EQ(rings(scene_of(request)), 1 + 9 + 9) << "every input cell, and where its stamp's middle falls";
}

TEST(GatherLens, shows_zeros_between_and_around_and_the_kernel_turned) {
  const ComputationPtr numbers = preset_numbers("padding_strides_transposed");
  const Scene scene = scene_of(request_of(numbers, Lens::gather, 24));
  EXPECT_TRUE(has_text(scene, "turned by 180\u00b0"));
  const auto blank = [](const Mark& mark) { return mark.role == Role::padding && mark.outline == Outline::dashed; };
  EXPECT_EQ(count(scene, blank), 7 * 7 - 9);
  EXPECT_EQ(number_of(scene, input(0, 1)), "0");
  EXPECT_EQ(number_of(scene, input(2, 0)), "3") << "the input's second row";
  for (int64_t i = 0; i < 9; ++i) {
    const double turned = numbers->tensors.weight.at(8 - i);
    EXPECT_EQ(std::stod(number_of(scene, {TensorId::weight, 0, 0, i / 3, i % 3})), turned);
  }
  for (int64_t i = 0; i < 25; ++i) {
    EXPECT_EQ(std::stod(number_of(scene, output(i / 5, i % 5))), numbers->tensors.output.at(i));
  }
}

TEST(GatherLens, its_cells_are_those_of_the_sessions_tensors) {
  const ComputationPtr numbers = preset_numbers("channels_transposed");
  const OperationPlan& plan = numbers->plan;
  EXPECT_EQ(own_cell(plan, Lens::gather, input(2, 4)), input(1, 2));
  EXPECT_EQ(own_cell(plan, Lens::gather, input(1, 4)).tensor, TensorId::none);
  EXPECT_EQ(own_cell(plan, Lens::gather, input(-1, 0)).tensor, TensorId::none);
  const CellRef turned{TensorId::weight, 2, 1, 0, 1};
  EXPECT_EQ(own_cell(plan, Lens::gather, turned), (CellRef{TensorId::weight, 1, 2, 2, 1})) << "in, out, ky, kx";
  EXPECT_EQ(own_cell(plan, Lens::scatter, turned), turned);
}

TEST(PoolingLens, rings_the_first_maximum_and_says_of_how_many) {
  const ComputationPtr numbers = preset_numbers("ceil_mode");
  const Scene scene = scene_of(request_of(numbers, Lens::pooling, 4));
  const Mark* winner = find_cell(scene, input(2, 2));
  ASSERT_NE(winner, nullptr);
  const Box box = winner->box;
  EXPECT_EQ(count(scene,
                  [&](const Mark& mark) {
                    return mark.role == Role::output && mark.outline == Outline::ring && mark.box == box;
                  }),
            1);
  EXPECT_TRUE(has_text(scene, "max = 2, the first of 3"));
  EXPECT_EQ(number_of(scene, input(5, 5)), "") << "beyond the edge stands nothing";
}

TEST(PoolingLens, padding_is_minus_infinity_for_the_maximum_and_zero_for_the_mean) {
  const Scene max = scene_of(request_of(preset_numbers("max_pooling_padding"), Lens::pooling, 0));
  EXPECT_EQ(number_of(max, input(-1, -1)), "\u2212\u221e");
  const Scene mean = scene_of(request_of(preset_numbers("average_pooling_padding"), Lens::pooling, 0));
  EXPECT_EQ(number_of(mean, input(-1, -1)), "") << "not counted";
  EXPECT_TRUE(has_text(mean, "\u03a3 / 4 = 15 / 4 = 3.7500"));
}

TEST(OperationScenes, captions_have_the_formula_of_their_operation) {
  const auto formula = [](const char* preset, Lens lens) {
    SceneRequest request = request_of(preset_numbers(preset), lens, 0);
    request.caption = true;
    const Scene scene = scene_of(request);
    std::string all;
    for (const Mark& mark : scene.marks) {
      if (mark.face == Face::math) all += scene.text_of(mark);
    }
    return all;
  };
  EXPECT_THAT(formula("padding_strides_odd_transposed", Lens::scatter),
              testing::HasSubstr("(3 \u2212 1)\u00b72 \u2212 2\u00b71 + 1\u00b7(3 \u2212 1) + 1 + 1 = 6"));
  EXPECT_THAT(formula("ceil_mode", Lens::pooling),
              testing::HasSubstr("\u2308(5 + 2\u00b70 \u2212 1\u00b7(2 \u2212 1) \u2212 1) / 2\u2309 + 1 = 3"));
  EXPECT_THAT(formula("average_pooling", Lens::pooling),
              testing::HasSubstr("\u230a(4 + 2\u00b70 \u2212 2) / 2\u230b + 1 = 2"));
}

}  // namespace
}  // namespace convscope
