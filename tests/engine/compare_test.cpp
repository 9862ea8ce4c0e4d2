#include "engine/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/conv2d.h"
#include "tests/engine/numbers.h"
#include "tests/engine/random_plans.h"

namespace convscope {
namespace {

using testing::tensor_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Comparison compared(const std::vector<double>& yours, const std::vector<double>& expected, const Closeness& closeness) {
  const Shape shape{std::ssize(yours)};
  return compare(tensor_of(shape, yours, DType::float64), tensor_of(shape, expected, DType::float64), closeness)
      .value();
}

TEST(compare, names_the_first_wrong_cell_and_the_worst) {
  const Comparison c = compared({1, 2.5, 3, 9, 5}, {1, 2, 3, 4, 5}, {1e-6, {}});
  EXPECT_EQ(c.cells, 5);
  EXPECT_EQ(c.wrong, 2);
  EXPECT_EQ(c.first_wrong, 1);
  EXPECT_EQ(c.worst, 3);
  EXPECT_EQ(c.largest_difference, 5);
}

TEST(compare, within_the_bound_nothing_is_wrong) {
  const Comparison c = compared({1 + 0.9e-6, 2}, {1, 2}, {1e-6, {}});
  EXPECT_EQ(c.wrong, 0);
  EXPECT_EQ(c.first_wrong, -1);
  EXPECT_EQ(c.worst, 0);
  EXPECT_NEAR(c.largest_difference, 0.9e-6, 1e-12);
  EXPECT_EQ(c.allowed, 1e-6);
}

TEST(compare, nan_agrees_with_nan_and_infinity_with_its_own_sign) {
  const Comparison same = compared({kNan, kInfinity, -kInfinity}, {kNan, kInfinity, -kInfinity}, {});
  EXPECT_EQ(same.wrong, 0);
  EXPECT_EQ(same.largest_difference, 0);
  const Comparison c = compared({kNan, 1, kInfinity}, {1, kNan, -kInfinity}, {1e9, {}});
  EXPECT_EQ(c.wrong, 3);
  EXPECT_EQ(c.largest_difference, kInfinity);
}

TEST(compare, printed_decimals_allow_half_a_unit_of_the_last) {
  const Closeness four{0, {4, false}};
  EXPECT_TRUE(four.agree(1.3073, 1.30734999));
  EXPECT_TRUE(four.agree(1.3073, 1.30735));
  EXPECT_FALSE(four.agree(1.3073, 1.307351));
  EXPECT_FALSE(four.agree(0, 0.00006));
}

TEST(compare, printed_exponents_allow_half_a_unit_of_the_mantissa) {
  const Closeness scientific{0, {4, true}};
  EXPECT_TRUE(scientific.agree(1.3073e-5, 1.30734e-5));
  EXPECT_FALSE(scientific.agree(1.3073e-5, 1.3074e-5));
  EXPECT_TRUE(scientific.agree(1.3073e5, 130734));
  EXPECT_FALSE(scientific.agree(1.3073e5, 130740));
}

TEST(compare, tells_small_differences_from_wrong_numbers) {
  EXPECT_TRUE(compared({100, 2.01}, {100, 2}, {}).is_small());
  EXPECT_FALSE(compared({100, 2.1}, {100, 2}, {}).is_small());
  EXPECT_FALSE(compared({100, 2}, {100, 2}, {}).is_small());
  EXPECT_FALSE(compared({kNan, 2}, {100, 2}, {}).is_small());
}

TEST(compare, an_empty_tensor_agrees) {
  const Tensor empty = Tensor::zeros({0, 1, 3, 3}, DType::float32).value();
  const Comparison c = compare(empty, empty, {}).value();
  EXPECT_EQ(c.cells, 0);
  EXPECT_EQ(c.wrong, 0);
  EXPECT_EQ(c.worst, -1);
}

TEST(compare, leading_axes_of_one_cell_may_be_missing_or_too_many) {
  const Tensor picture = tensor_of({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(aligned(picture, {1, 1, 2, 3})->shape(), (Shape{1, 1, 2, 3}));
  EXPECT_EQ(aligned(picture.reshaped({1, 1, 1, 2, 3}), {1, 2, 3})->shape(), (Shape{1, 2, 3}));
  EXPECT_FALSE(aligned(picture, {1, 1, 3, 2}).has_value());
  EXPECT_FALSE(aligned(picture, {1, 2, 3, 1}).has_value());
}

TEST(rounding_bound, is_of_the_largest_sum_of_products_and_bias) {
  ConvParams p;
  p.kernel_size = {1, 2};
  p.dtype = DType::float64;
  ConvTensors t;
  t.input = tensor_of({1, 1, 1, 3}, {1, -2, 3}, DType::float64);
  t.weight = tensor_of({1, 1, 1, 2}, {2, -1}, DType::float64);
  t.bias = tensor_of({1}, {-5}, DType::float64);
  const ConvPlan plan = validate(p, {1, 1, 1, 3}).value();
  EXPECT_DOUBLE_EQ(rounding_bound(plan, t, DType::float64).value(), 0x1p-52 * 4 * 12);
  // What was written in float32 is no nearer than float32.
  EXPECT_DOUBLE_EQ(rounding_bound(plan, t, DType::float32).value(), 0x1p-23 * 4 * 12);
  t.input = tensor_of({1, 1, 1, 3}, {1, -2, kInfinity}, DType::float64);
  EXPECT_DOUBLE_EQ(rounding_bound(plan, t, DType::float64).value(), 0x1p-52 * 4 * 9);
}

TEST(rounding_bound, every_algorithm_is_within_it) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 20; ++round) {
    const testing::RandomCase c = testing::random_case(random, DType::float32, 50'000);
    ConvTensors t;
    t.input = testing::random_tensor(random, c.plan.input_shape(), DType::float32);
    t.weight = testing::random_tensor(random, c.plan.weight_shape(), DType::float32);
    t.bias = testing::random_tensor(random, c.plan.bias_shape(), DType::float32);
    const Tensor naive = conv2d(c.plan, t.input, t.weight, t.bias, {Algorithm::naive, 1, nullptr}).value();
    const Tensor fast = conv2d(c.plan, t.input, t.weight, t.bias, {Algorithm::im2col, 1, nullptr}).value();
    const Closeness closeness{rounding_bound(c.plan, t, DType::float32).value(), {}};
    EXPECT_EQ(compare(fast, naive, closeness)->wrong, 0) << testing::describe(c);
  }
}

}  // namespace
}  // namespace convscope
