// The tutorial's own algorithms against the reference, and what each of them is by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "engine/conv2d.h"
#include "engine/padded_input.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"
#include "engine/trace.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using ::testing::Combine;
using ::testing::ElementsAre;
using testing::RandomCase;
using testing::tensor_of;
using ::testing::Values;
using ::testing::ValuesIn;

constexpr Algorithm kLessons[] = {Algorithm::slices, Algorithm::loops, Algorithm::im2col_per_channel,
                                  Algorithm::toeplitz};

class Lessons : public ::testing::TestWithParam<std::tuple<Algorithm, DType>> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, Lessons, Combine(ValuesIn(kLessons), Values(DType::float32, DType::float64)),
                         [](const auto& p) {
                           return std::string(name_of(std::get<0>(p.param))) + "_" + name_of(std::get<1>(p.param));
                         });

TEST_P(Lessons, agree_with_naive_on_random_parameters) {
  const auto [algorithm, dtype] = GetParam();
  const uint64_t seed = testing::test_seed() + 6;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 150; ++i) {
    const RandomCase c = testing::random_case(random, dtype, 1e5);
    if (padded_shape(c.plan).numel().value_or(1 << 30) > 20'000'000) continue;  // vast dilations: refused elsewhere
    const Tensor x = testing::random_tensor(random, c.plan.input_shape(), dtype);
    const Tensor w = testing::random_tensor(random, c.plan.weight_shape(), dtype);
    const Tensor b = c.plan.bias ? testing::random_tensor(random, c.plan.bias_shape(), dtype) : Tensor();
    const Tensor expected = conv2d(c.plan, x, w, b, {Algorithm::naive, 1, nullptr}).value();
    const Result<Tensor> actual = conv2d(c.plan, x, w, b, {algorithm, 1, nullptr});
    ASSERT_TRUE(actual) << actual.error().code << " " << testing::describe(c);
    EXPECT_EQ(testing::difference(c.plan, x, w, b, expected, *actual), "")
        << "CONVSCOPE_TEST_SEED=" << seed - 6 << ", case " << i << ": " << testing::describe(c);
  }
}

class EveryAlgorithm : public ::testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithm, ValuesIn(algorithms().begin(), algorithms().end()),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST_P(EveryAlgorithm, an_infinite_weight_over_padding_gives_not_a_number) {
  // 0 * inf: the padding's zeros are multiplied, not skipped.
  ConvParams params;
  params.padding = {1, 1};
  const ConvPlan plan = validate(params, {1, 1, 20, 20}).value();
  std::mt19937_64 random(1);
  Tensor w = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
  w.mutable_data<float>()[0] = std::numeric_limits<float>::infinity();
  const Tensor y = conv2d(plan, testing::random_tensor(random, plan.input_shape(), plan.dtype), w,
                          testing::random_tensor(random, plan.bias_shape(), plan.dtype), {GetParam(), 1, nullptr})
                       .value();
  for (int64_t i = 0; i < y.numel(); ++i) {
    EXPECT_EQ(std::isnan(y.at(i)), i < 20 || i % 20 == 0) << i;  // the first row and the first column
  }
}

TEST_P(EveryAlgorithm, an_empty_batch_gives_an_empty_output) {
  const ConvPlan plan = validate({}, {0, 1, 5, 5}).value();
  const Tensor y = conv2d(plan, tensor_of({0, 1, 5, 5}, {}), tensor_of({1, 1, 3, 3}, std::vector<double>(9, 1)),
                          tensor_of({1}, {0}), {GetParam(), 1, nullptr})
                       .value();
  EXPECT_EQ(y.shape(), (Shape{0, 1, 3, 3}));
}

ConvParams one_by_one(Pair stride, Pair padding) {
  ConvParams params;
  params.kernel_size = {1, 1};
  params.stride = stride;
  params.padding = padding;
  params.bias = false;
  return params;
}

Error refusal_of(const ConvPlan& plan, Algorithm algorithm) {
  const Tensor x = Tensor::zeros(plan.input_shape(), plan.dtype).value();
  const Tensor w = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
  const Result<Tensor> y = conv2d(plan, x, w, Tensor(), {algorithm, 1, nullptr});
  EXPECT_FALSE(y) << name_of(algorithm);
  return y ? Error{} : y.error();
}

TEST(scratch, a_padded_copy_beyond_the_limit_of_a_tensor_is_refused) {
  // 4 output cells, but a padded input of 40 GB.
  const ConvPlan plan = validate(one_by_one({100000, 100000}, {50000, 50000}), {1, 1, 5, 5}).value();
  ASSERT_EQ(plan.out, (Pair{2, 2}));
  for (Algorithm algorithm : {Algorithm::slices, Algorithm::loops}) {
    const Error error = refusal_of(plan, algorithm);
    EXPECT_EQ(error.code, "error.scratch_too_large");
    EXPECT_EQ(error.field, "algorithm");
    EXPECT_THAT(error.args, ElementsAre(name_of(algorithm), "8"));
  }
}

TEST(scratch, a_padded_copy_that_int64_cannot_count_is_refused) {
  const int64_t vast = int64_t{1} << 40;
  const ConvPlan plan = validate(one_by_one({vast, vast}, {vast, vast}), {1, 1, 5, 5}).value();
  for (Algorithm algorithm : {Algorithm::slices, Algorithm::loops}) {
    EXPECT_EQ(refusal_of(plan, algorithm).code, "error.scratch_too_large");
  }
}

TEST(scratch, matrices_beyond_the_limit_of_a_tensor_are_refused) {
  // 1.6 million windows of 1600 cells.
  ConvParams params;
  params.kernel_size = {40, 40};
  params.bias = false;
  const ConvPlan plan = validate(params, {1, 1, 1300, 1300}).value();
  for (Algorithm algorithm : {Algorithm::im2col_per_channel, Algorithm::toeplitz}) {
    EXPECT_EQ(refusal_of(plan, algorithm).code, "error.scratch_too_large");
  }
}

TEST(padded_input, holds_what_the_padding_mode_says) {
  const Tensor x = tensor_of({1, 1, 1, 4}, {1, 2, 3, 4});
  const auto padded = [&](PaddingMode mode) {
    ConvParams params = one_by_one({1, 1}, {0, 2});
    params.padding_mode = mode;
    const ConvPlan plan = validate(params, x.shape()).value();
    return testing::numbers_of(padded_input(plan, x.data<float>(), Algorithm::slices, nullptr).value());
  };
  EXPECT_THAT(padded(PaddingMode::zeros), ElementsAre(0, 0, 1, 2, 3, 4, 0, 0));
  EXPECT_THAT(padded(PaddingMode::reflect), ElementsAre(3, 2, 1, 2, 3, 4, 3, 2));
  EXPECT_THAT(padded(PaddingMode::replicate), ElementsAre(1, 1, 1, 2, 3, 4, 4, 4));
  EXPECT_THAT(padded(PaddingMode::circular), ElementsAre(3, 4, 1, 2, 3, 4, 1, 2));
}

SparseMatrix<float> matrix_of(const ConvPlan& plan, const std::vector<float>& kernel) {
  SparseMatrix<float> matrix;
  EXPECT_TRUE(fill_toeplitz_matrix(plan, kernel.data(), matrix));
  return matrix;
}

std::vector<std::vector<double>> dense(const ConvPlan& plan, const Tensor& weight) {
  std::vector<std::vector<double>> rows;
  for (int64_t row = 0; row < toeplitz_rows(plan); ++row) {
    rows.emplace_back();
    for (int64_t column = 0; column < toeplitz_columns(plan); ++column) {
      rows.back().push_back(toeplitz_value(plan, weight, 0, 0, row, column));
    }
  }
  return rows;
}

TEST(toeplitz, a_3x3_kernel_on_a_4x4_input_is_a_4x16_matrix) {
  const ConvPlan plan = validate({}, {1, 1, 4, 4}).value();
  EXPECT_EQ(toeplitz_rows(plan), 4);
  EXPECT_EQ(toeplitz_columns(plan), 16);
  const SparseMatrix<float> matrix = matrix_of(plan, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(matrix.rows, 4);
  EXPECT_EQ(matrix.columns, 16);
  EXPECT_THAT(matrix.row_begin, ElementsAre(0, 9, 18, 27, 36));
  const Tensor weight = tensor_of({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_THAT(dense(plan, weight), ElementsAre(ElementsAre(1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0),
                                               ElementsAre(0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0),
                                               ElementsAre(0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0),
                                               ElementsAre(0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9)));
}

TEST(toeplitz, a_row_names_the_cell_under_each_weight_and_the_padding) {
  ConvParams params;
  params.kernel_size = {2, 2};
  params.padding = {1, 1};
  const ConvPlan plan = validate(params, {1, 1, 3, 3}).value();
  std::vector<ToeplitzEntry> row;
  toeplitz_row(plan, 0, row);  // one weight on the input's corner
  EXPECT_THAT(row, ElementsAre(ToeplitzEntry{kZeroPadding, 0}, ToeplitzEntry{kZeroPadding, 1},
                               ToeplitzEntry{kZeroPadding, 2}, ToeplitzEntry{0, 3}));
  toeplitz_row(plan, 5, row);  // the window on the middle
  EXPECT_THAT(row, ElementsAre(ToeplitzEntry{0, 0}, ToeplitzEntry{1, 1}, ToeplitzEntry{3, 2}, ToeplitzEntry{4, 3}));
}

TEST(toeplitz, weights_on_the_same_cell_add_up) {
  ConvParams params;
  params.kernel_size = {1, 3};
  params.padding = {0, 2};
  params.padding_mode = PaddingMode::replicate;
  const ConvPlan plan = validate(params, {1, 1, 1, 3}).value();
  const SparseMatrix<float> matrix = matrix_of(plan, {1, 10, 100});
  EXPECT_THAT(dense(plan, tensor_of({1, 1, 1, 3}, {1, 10, 100})),
              ElementsAre(ElementsAre(111, 0, 0), ElementsAre(11, 100, 0), ElementsAre(1, 10, 100),
                          ElementsAre(0, 1, 110), ElementsAre(0, 0, 111)));
  EXPECT_THAT(matrix.row_begin, ElementsAre(0, 1, 3, 6, 8, 9));
  EXPECT_THAT(matrix.column, ElementsAre(0, 0, 1, 0, 1, 2, 1, 2, 2));
  EXPECT_THAT(matrix.value, ElementsAre(111, 11, 100, 1, 10, 100, 1, 110, 111));
}

TEST(toeplitz, the_rows_times_the_channels_add_up_to_the_output) {
  std::mt19937_64 random(testing::test_seed() + 8);
  for (int i = 0; i < 60; ++i) {
    const DType dtype = i % 2 == 0 ? DType::float64 : DType::float32;
    const RandomCase c = testing::random_case(random, dtype, 1e4);
    const ConvPlan& plan = c.plan;
    ConvTensors tensors;
    tensors.input = testing::random_tensor(random, plan.input_shape(), dtype);
    tensors.weight = testing::random_tensor(random, plan.weight_shape(), dtype);
    if (plan.bias) tensors.bias = testing::random_tensor(random, plan.bias_shape(), dtype);
    CellArithmetic arithmetic;
    for (int64_t step = 0; step < step_count(plan); step += 7) {
      const OutputCell cell = cell_of_step(plan, step);
      cell_arithmetic(plan, tensors, cell, arithmetic);
      double sum = 0, magnitude = 0;
      for (int64_t channel = 0; channel < plan.channels_per_group(); ++channel) {
        sum += toeplitz_product(plan, tensors.input, tensors.weight, cell.n, cell.c, channel,
                                cell.y * plan.out.w + cell.x);
      }
      for (const TapValues& values : arithmetic.values) magnitude += std::abs(values.product);
      ASSERT_NEAR(sum, arithmetic.sum, magnitude * 1e-5) << testing::describe(c);
    }
  }
}

TEST(toeplitz, columns_ascend_within_a_row_whatever_the_padding_mode) {
  std::mt19937_64 random(testing::test_seed() + 7);
  for (int i = 0; i < 100; ++i) {
    const RandomCase c = testing::random_case(random, DType::float32, 1e5);
    const Tensor w = testing::random_tensor(random, c.plan.weight_shape(), DType::float32);
    SparseMatrix<float> matrix;
    ASSERT_TRUE(fill_toeplitz_matrix(c.plan, w.data<float>(), matrix));
    ASSERT_EQ(std::ssize(matrix.row_begin), matrix.rows + 1);
    for (int64_t row = 0; row < matrix.rows; ++row) {
      const auto begin = static_cast<size_t>(matrix.row_begin[static_cast<size_t>(row)]);
      const auto end = static_cast<size_t>(matrix.row_begin[static_cast<size_t>(row) + 1]);
      ASSERT_LT(begin, end);
      for (size_t e = begin; e < end; ++e) {
        ASSERT_LT(matrix.column[e], matrix.columns);
        ASSERT_TRUE(e == begin || matrix.column[e - 1] < matrix.column[e]) << testing::describe(c);
      }
    }
  }
}

}  // namespace
}  // namespace convscope
