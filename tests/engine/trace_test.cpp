// The trace and the im2col view against the engine's own results.
#include "engine/trace.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "engine/conv2d.h"
#include "engine/im2col.h"
#include "engine/padding.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::RandomCase;

ConvTensors tensors_of(std::mt19937_64& random, const ConvPlan& plan) {
  ConvTensors t;
  t.input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
  t.weight = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
  if (plan.bias) t.bias = testing::random_tensor(random, plan.bias_shape(), plan.dtype);
  t.output = conv2d(plan, t.input, t.weight, t.bias, {Algorithm::naive, 1, nullptr}).value();
  return t;
}

class Trace : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(DTypes, Trace, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

TEST_P(Trace, every_cell_adds_up_to_the_engines_number_exactly) {
  const uint64_t seed = testing::test_seed() + 10;
  std::mt19937_64 random(seed);
  CellArithmetic arithmetic;
  for (int i = 0; i < 150; ++i) {
    const RandomCase c = testing::random_case(random, GetParam(), 3e4);
    const ConvTensors t = tensors_of(random, c.plan);
    for (int64_t step = 0; step < step_count(c.plan); ++step) {
      const OutputCell cell = cell_of_step(c.plan, step);
      cell_arithmetic(c.plan, t, cell, arithmetic);
      ASSERT_EQ(arithmetic.result, t.output.at(step))
          << "step " << step << ", CONVSCOPE_TEST_SEED=" << seed - 10 << ", case " << i << ": " << testing::describe(c);
      ASSERT_EQ(std::ssize(arithmetic.values), c.plan.taps());
      ASSERT_EQ(arithmetic.sum, arithmetic.values.back().partial);
    }
  }
}

TEST_P(Trace, taps_say_where_their_numbers_come_from) {
  std::mt19937_64 random(testing::test_seed() + 11);
  CellArithmetic arithmetic;
  for (int i = 0; i < 60; ++i) {
    const RandomCase c = testing::random_case(random, GetParam(), 1e4);
    const ConvPlan& plan = c.plan;
    const ConvTensors t = tensors_of(random, plan);
    for (int64_t step = 0; step < step_count(plan); step += 7) {
      const OutputCell cell = cell_of_step(plan, step);
      const Pair origin = window_origin(plan, cell);
      cell_arithmetic(plan, t, cell, arithmetic);
      for (int64_t index = 0; index < plan.taps(); ++index) {
        const Tap tap = tap_of(plan, cell, index);
        const TapValues& values = arithmetic.values[static_cast<size_t>(index)];
        ASSERT_EQ(tap.index, index);
        ASSERT_EQ((tap.group_c * plan.kernel.h + tap.ky) * plan.kernel.w + tap.kx, index);
        ASSERT_EQ(tap.y, origin.h + tap.ky * plan.dilation.h);
        ASSERT_EQ(tap.x, origin.w + tap.kx * plan.dilation.w);
        ASSERT_EQ(tap.is_padding, tap.y < 0 || tap.x < 0 || tap.y >= plan.in.h || tap.x >= plan.in.w);
        ASSERT_EQ(values.weight, t.weight.at(cell.c * plan.taps() + index));
        if (tap.source_y == kZeroPadding || tap.source_x == kZeroPadding) {
          ASSERT_TRUE(tap.is_padding);
          ASSERT_EQ(plan.padding_mode, PaddingMode::zeros);
          ASSERT_EQ(values.input, 0);
        } else {
          ASSERT_EQ(
              values.input,
              t.input.at(((cell.n * plan.in_channels + tap.c) * plan.in.h + tap.source_y) * plan.in.w + tap.source_x));
        }
      }
    }
  }
}

TEST(trace, steps_go_through_the_output_in_row_major_order) {
  ConvParams p;
  p.out_channels = 2;
  const ConvPlan plan = validate(p, {2, 1, 4, 5}).value();
  ASSERT_EQ(step_count(plan), 2 * 2 * 2 * 3);
  int64_t step = 0;
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t c = 0; c < 2; ++c) {
      for (int64_t y = 0; y < 2; ++y) {
        for (int64_t x = 0; x < 3; ++x, ++step) {
          const OutputCell cell{n, c, y, x};
          EXPECT_EQ(cell_of_step(plan, step), cell);
          EXPECT_EQ(step_of_cell(plan, cell), step);
          EXPECT_EQ(im2col_row(plan, cell), (n * 2 + y) * 3 + x);
        }
      }
    }
  }
}

TEST(trace, uses_of_an_input_cell_are_the_taps_that_read_it) {
  const uint64_t seed = testing::test_seed() + 12;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 60; ++i) {
    const RandomCase c = testing::random_case(random, DType::float32, 2e4);
    const ConvPlan& plan = c.plan;
    if (plan.batch == 0) continue;
    // Every (output, tap) pair of one channel, sorted by the cell it reads directly.
    std::map<std::pair<int64_t, int64_t>, std::set<std::array<int64_t, 4>>> wanted;
    for (int64_t y = 0; y < plan.out.h; ++y) {
      for (int64_t x = 0; x < plan.out.w; ++x) {
        for (int64_t index = 0; index < plan.kernel.h * plan.kernel.w; ++index) {
          const Tap tap = tap_of(plan, {0, 0, y, x}, index);
          if (!tap.is_padding) wanted[{tap.y, tap.x}].insert({y, x, tap.ky, tap.kx});
        }
      }
    }
    OutputUses uses;
    for (int64_t y = 0; y < plan.in.h; ++y) {
      for (int64_t x = 0; x < plan.in.w; ++x) {
        uses_of_input(plan, plan.batch - 1, y, x, uses);
        std::set<std::array<int64_t, 4>> found;
        for (size_t j = 0; j < uses.cells.size(); ++j) {
          EXPECT_EQ(uses.cells[j].n, plan.batch - 1);
          found.insert({uses.cells[j].y, uses.cells[j].x, uses.weights[j].h, uses.weights[j].w});
        }
        ASSERT_EQ(found.size(), uses.cells.size());
        ASSERT_EQ(found, (wanted[{y, x}])) << y << "," << x << " of " << testing::describe(c);
      }
    }
  }
}

TEST(trace, answers_at_the_end_of_ten_million_steps_as_at_the_start) {
  ConvParams p;
  p.kernel_size = {3, 3};
  const ConvPlan plan = validate(p, {1, 1, 4002, 2502}).value();
  ASSERT_EQ(step_count(plan), 10'000'000);
  EXPECT_EQ(cell_of_step(plan, 9'999'999), (OutputCell{0, 0, 3999, 2499}));
  const Tap tap = tap_of(plan, cell_of_step(plan, 9'999'999), 8);
  EXPECT_EQ(tap.y, 4001);
  EXPECT_EQ(tap.x, 2501);
}

// ---- im2col ----

TEST(im2col, is_one_row_per_window) {
  ConvParams p;
  p.kernel_size = {2, 2};
  const ConvPlan plan = validate(p, {1, 1, 3, 3}).value();
  Tensor input = Tensor::zeros({1, 1, 3, 3}, DType::float32).value();
  for (int i = 0; i < 9; ++i) input.mutable_data<float>()[i] = static_cast<float>(i);
  const Tensor matrix = im2col(plan, input, 0).value();
  EXPECT_EQ(matrix.shape(), (Shape{4, 4}));
  const double expected[] = {0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8};
  for (int64_t i = 0; i < 16; ++i) EXPECT_EQ(matrix.at(i), expected[i]) << i;
}

TEST_P(Trace, the_im2col_matrix_times_the_kernels_is_the_output) {
  const uint64_t seed = testing::test_seed() + 13;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 60; ++i) {
    const RandomCase c = testing::random_case(random, GetParam(), 3e4);
    const ConvPlan& plan = c.plan;
    const ConvTensors t = tensors_of(random, plan);
    Tensor product = Tensor::zeros(plan.output_shape(), plan.dtype).value();
    for (int64_t group = 0; group < plan.groups; ++group) {
      const Tensor matrix = im2col(plan, t.input, group).value();
      ASSERT_EQ(matrix.shape(), (Shape{im2col_rows(plan), im2col_columns(plan)}));
      for (int64_t step = 0; step < step_count(plan); ++step) {
        const OutputCell cell = cell_of_step(plan, step);
        if (cell.c / plan.kernels_per_group() != group) continue;
        double sum = plan.bias ? t.bias.at(cell.c) : 0;
        const int64_t row = im2col_row(plan, cell);
        for (int64_t k = 0; k < plan.taps(); ++k) {
          sum += matrix.at(row * plan.taps() + k) * t.weight.at(cell.c * plan.taps() + k);
          const Im2colEntry entry = im2col_entry(plan, group, row, k);
          const Tap tap = tap_of(plan, cell, k);
          ASSERT_EQ(entry.n, cell.n);
          ASSERT_EQ(entry.c, tap.c);
          ASSERT_EQ(entry.source_y, tap.source_y);
          ASSERT_EQ(entry.source_x, tap.source_x);
          ASSERT_EQ(entry.is_padding, tap.is_padding);
          ASSERT_EQ(im2col_value(plan, t.input, group, row, k), matrix.at(row * plan.taps() + k));
        }
        if (GetParam() == DType::float32) {
          product.mutable_data<float>()[step] = static_cast<float>(sum);
        } else {
          product.mutable_data<double>()[step] = sum;
        }
      }
    }
    EXPECT_EQ(testing::difference(plan, t.input, t.weight, t.bias, t.output, product), "") << testing::describe(c);
  }
}

TEST(im2col, that_is_too_large_to_look_at_is_refused) {
  ConvParams p;
  p.kernel_size = {31, 31};
  p.padding = {15, 15};
  const ConvPlan plan = validate(p, {1, 1, 2000, 2000}).value();
  EXPECT_EQ(im2col(plan, Tensor::zeros(plan.input_shape(), DType::float32).value(), 0).error().code,
            "error.tensor_too_large");
}

}  // namespace
}  // namespace convscope
