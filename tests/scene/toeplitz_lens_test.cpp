// The sparse-matrix lens: what stands where, in small pictures and in excerpts of large matrices.
#include <gtest/gtest.h>

#include <set>

#include "app/scene/hover.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

CellRef entry(int64_t row, int64_t column, int64_t k = 0, int64_t c = 0) {
  return {TensorId::toeplitz, k, c, row, column};
}

// The number in the cell of the matrix, not in the padded kernel, which shows the current row's entries too.
const Mark* matrix_cell(const Scene& scene, const CellRef& ref) {
  const Mark* found = nullptr;
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::box && mark.ref >= 0 && scene.refs[static_cast<size_t>(mark.ref)] == ref)
      found = &mark;
  }
  return found;
}

TEST(toeplitz_lens, shows_weights_where_they_stand_and_empty_cells_elsewhere) {
  const ComputationPtr numbers = preset_numbers("no_padding_no_strides");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, 2));
  for (int64_t row = 0; row < 4; ++row) {
    std::set<int64_t> standing;
    for (int64_t cell = 0; cell < 9; ++cell) {
      const int64_t column = toeplitz_entry(*numbers->plan.conv2d(), row, cell).column;
      standing.insert(column);
      const Mark* mark = matrix_cell(scene, entry(row, column));
      ASSERT_NE(mark, nullptr);
      EXPECT_EQ(mark->role, Role::weight);
      EXPECT_EQ(std::stod(text_in(scene, mark->box)), numbers->tensors.weight.at(cell)) << row << " " << column;
    }
    for (int64_t column = 0; column < 16; ++column) {
      if (standing.count(column) > 0) continue;
      const Mark* mark = matrix_cell(scene, entry(row, column));
      ASSERT_NE(mark, nullptr);
      EXPECT_EQ(mark->fill, Fill::none);
      EXPECT_EQ(text_in(scene, mark->box), "");
    }
  }
}

TEST(toeplitz_lens, x_is_the_flattened_input_and_y_fills_up_row_by_row) {
  const ComputationPtr numbers = preset_numbers("tutorial_5_1");
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, 4));
  int inputs = 0, known = 0;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
    const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
    if (ref.tensor == TensorId::input && text_in(scene, mark.box) != "") ++inputs;
    if (ref.tensor == TensorId::output && mark.fill != Fill::none) ++known;
  }
  EXPECT_EQ(inputs, 2 * 25);  // X and x
  EXPECT_EQ(known, 2 * 5);    // y and Y
  EXPECT_TRUE(has_text(scene, "9x25"));
  EXPECT_TRUE(has_text(scene, "25x1"));
}

TEST(toeplitz_lens, the_sum_says_channel_channels_and_bias) {
  const ComputationPtr numbers = preset_numbers("tutorial_5_3");
  ASSERT_TRUE(numbers);
  const int64_t step = 10;
  const OutputCell cell = cell_of_step(*numbers->plan.conv2d(), step);
  CellArithmetic arithmetic;
  cell_arithmetic(*numbers->plan.conv2d(), numbers->tensors, cell, arithmetic);
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, step));
  const auto digits = [](double value) {
    char text[32];
    return std::string(text, static_cast<size_t>(format_number(value, 10, text, sizeof text)));
  };
  const double first = toeplitz_product(*numbers->plan.conv2d(), numbers->tensors.input, numbers->tensors.weight,
                                        cell.n, cell.c, 0, cell.y * numbers->plan.conv2d()->out.w + cell.x);
  EXPECT_TRUE(has_text(scene, "row 1 \u00b7 x = " + digits(first)));
  EXPECT_TRUE(has_text(scene, "\u03a3 of 2 channels = " + digits(arithmetic.sum)));
  EXPECT_TRUE(has_text(scene, "\u03a3 + b = " + digits(arithmetic.result) + "   b = " + digits(arithmetic.bias)));
}

TEST(toeplitz_lens, an_excerpt_holds_the_current_row_and_all_columns_of_its_window) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  const ConvPlan& plan = *numbers->plan.conv2d();
  for (const int64_t step : {int64_t{0}, int64_t{1919}, int64_t{1000000}, plan.positions() - 1}) {
    const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, step));
    for (int64_t cell = 0; cell < 9; ++cell) {
      const int64_t column = toeplitz_entry(plan, step, cell).column;
      if (column == kZeroPadding) continue;
      const Mark* mark = matrix_cell(scene, entry(step, column));
      ASSERT_NE(mark, nullptr) << step << " " << column;
      EXPECT_EQ(std::stod(text_in(scene, mark->box)), numbers->tensors.weight.at(cell));
    }
  }
}

// Of a single channel's excerpt: what it shows of the current row must be all of it.
void expect_whole_row(const ComputationPtr& numbers, int64_t step) {
  const ConvPlan& plan = *numbers->plan.conv2d();
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, step));
  for (int64_t cell = 0; cell < plan.kernel.h * plan.kernel.w; ++cell) {
    const int64_t column = toeplitz_entry(plan, step, cell).column;
    if (column == kZeroPadding) continue;
    EXPECT_NE(matrix_cell(scene, entry(step, column)), nullptr) << step << " " << column;
  }
}

TEST(toeplitz_lens, an_excerpt_holds_the_columns_that_copies_in_the_padding_stand_for) {
  for (const PaddingMode mode : {PaddingMode::reflect, PaddingMode::replicate}) {
    ConvParams params;
    params.kernel_size = {5, 5};
    params.padding = {2, 2};
    params.padding_mode = mode;
    const ComputationPtr numbers = numbers_of(params, Shape{1, 1, 24, 24});
    ASSERT_TRUE(numbers);
    for (const int64_t step : {0, 1, 23, 30, 300, 575}) expect_whole_row(numbers, step);
  }
}

TEST(toeplitz_lens, an_excerpt_of_a_narrow_input_holds_all_columns) {
  ConvParams params;
  params.kernel_size = {3, 5};
  params.padding = {1, 2};
  const ComputationPtr numbers = numbers_of(params, Shape{1, 1, 40, 6});
  ASSERT_TRUE(numbers);
  for (const int64_t step : {0, 5, 10, 120, 239}) expect_whole_row(numbers, step);
}

TEST(toeplitz_lens, the_map_is_there_for_every_output_channel) {
  ConvParams params;
  params.out_channels = 2;
  const ComputationPtr numbers = numbers_of(params, Shape{1, 1, 20, 20});
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, 400));
  ASSERT_FALSE(scene.rasters.empty());
  for (const Raster& raster : scene.rasters) {
    EXPECT_LT(raster.n, raster.tensor.shape()[0]);
    EXPECT_LT(raster.channel, raster.tensor.shape()[1]);
  }
}

TEST(toeplitz_lens, mirrored_padding_adds_weights_up) {
  const ComputationPtr numbers = preset_numbers("padding_modes");
  ASSERT_TRUE(numbers);
  const ConvPlan& plan = *numbers->plan.conv2d();
  const Scene scene = scene_of(request_of(numbers, Lens::toeplitz, 0, 1920, 1080));
  for (int64_t column = 0; column < 16; ++column) {
    const double value = toeplitz_value(plan, numbers->tensors.weight, 0, 0, 0, column);
    if (value == 0) continue;
    EXPECT_NEAR(std::stod(text_in(scene, matrix_cell(scene, entry(0, column))->box)), value, 0.051) << column;
  }
}

TEST(toeplitz_lens, hovering_links_rows_columns_and_entries) {
  const ComputationPtr numbers = preset_numbers("padding_strides");
  ASSERT_TRUE(numbers);
  const ConvPlan& plan = *numbers->plan.conv2d();
  for (int64_t row = 0; row < toeplitz_rows(plan); ++row) {
    for (int64_t column = 0; column < toeplitz_columns(plan); ++column) {
      const CellRef at = entry(row, column);
      const CellRef output{TensorId::output, 0, 0, row / plan.out.w, row % plan.out.w};
      const CellRef input{TensorId::input, 0, 0, column / plan.in.w, column % plan.in.w};
      const Hover hover(plan, at);
      ASSERT_TRUE(hover.active());
      EXPECT_TRUE(hover.lights(output) && hover.lights(input));
      EXPECT_TRUE(Hover(plan, output).lights(at));
      EXPECT_TRUE(Hover(plan, input).lights(at));
      for (int64_t weight = 0; weight < 9; ++weight) {
        const CellRef cell{TensorId::weight, 0, 0, weight / 3, weight % 3};
        const bool stands = toeplitz_entry(plan, row, weight).column == column;
        EXPECT_EQ(hover.lights(cell), stands);
        EXPECT_EQ(Hover(plan, cell).lights(at), stands);
      }
      EXPECT_FALSE(hover.lights(entry(row, (column + 1) % 25)));
    }
  }
  EXPECT_FALSE(Hover(plan, entry(9, 0)).active());
  EXPECT_FALSE(Hover(plan, entry(0, 25)).active());
  EXPECT_FALSE(Hover(plan, entry(0, 0, 1)).active());
  EXPECT_FALSE(Hover(plan, entry(0, 0, 0, 1)).active());
}

TEST(toeplitz_lens, pointing_at_an_entry_rings_its_relatives) {
  SceneRequest request = request_of(preset_numbers("tutorial_5_1"), Lens::toeplitz, 4);
  const auto rings = [&] {
    int count = 0;
    for (const Mark& mark : scene_of(request).marks) {
      count += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(rings(), 0);
  request.hovered = entry(4, 12);
  // The entry; the input cell in X and in x; the output cell in y and in Y; its weight in the padded kernel.
  EXPECT_EQ(rings(), 6);
  request.hovered = CellRef{TensorId::output, 0, 0, 1, 1};
  // The row as a whole; nine input cells in X and in x; nine weights; y and Y.
  EXPECT_EQ(rings(), 1 + 18 + 9 + 2);
}

TEST(toeplitz_lens, the_matrix_of_another_channel_comes_with_the_pointer) {
  SceneRequest request = request_of(preset_numbers("tutorial_5_3"), Lens::toeplitz, 10);
  EXPECT_NE(find_cell(scene_of(request), entry(1, 1, 1, 0)), nullptr);
  request.hovered = CellRef{TensorId::weight, 1, 1, 0, 0};
  EXPECT_NE(find_cell(scene_of(request), entry(1, 1, 1, 1)), nullptr);
  EXPECT_EQ(find_cell(scene_of(request), entry(1, 1, 1, 0)), nullptr);
}

}  // namespace
}  // namespace convscope
