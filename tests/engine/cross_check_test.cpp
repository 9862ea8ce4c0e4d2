// Every algorithm against the reference, as users see it.
#include "engine/cross_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/conv2d.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using ::testing::ElementsAre;
using testing::tensor_of;

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

TEST(summation_tolerance, is_epsilon_times_four_times_the_largest_sum_of_magnitudes_for_few_products) {
  ConvParams params;
  params.kernel_size = {1, 2};
  const ConvPlan plan = validate(params, {1, 1, 1, 3}).value();
  // |1*3| + |-2*4| + |-1| = 12 and |-2*3| + |0*4| + |-1| = 7.
  const double tolerance = summation_tolerance(plan, tensor_of({1, 1, 1, 3}, {1, -2, 0}),
                                               tensor_of({1, 1, 1, 2}, {3, 4}), tensor_of({1}, {-1}))
                               .value();
  EXPECT_DOUBLE_EQ(tolerance, kEpsilon * 4 * 12);
}

TEST(summation_tolerance, grows_with_the_root_of_the_number_of_products) {
  ConvParams params;
  params.kernel_size = {4, 4};
  params.bias = false;
  params.dtype = DType::float64;
  const ConvPlan plan = validate(params, {1, 1, 4, 4}).value();
  const std::vector<double> ones(16, 1);
  const double tolerance = summation_tolerance(plan, tensor_of({1, 1, 4, 4}, ones, DType::float64),
                                               tensor_of({1, 1, 4, 4}, ones, DType::float64), Tensor())
                               .value();
  EXPECT_DOUBLE_EQ(tolerance, std::numeric_limits<double>::epsilon() * 10 * 16);
}

TEST(summation_tolerance, leaves_out_sums_that_are_not_finite) {
  ConvParams params;
  params.kernel_size = {1, 1};
  params.bias = false;
  const ConvPlan plan = validate(params, {1, 1, 1, 3}).value();
  const Tensor x = tensor_of({1, 1, 1, 3}, {std::nan(""), 5, HUGE_VAL});
  EXPECT_DOUBLE_EQ(summation_tolerance(plan, x, tensor_of({1, 1, 1, 1}, {1}), Tensor()).value(), kEpsilon * 4 * 5);
}

TEST(worst_cell, names_the_cell_and_both_numbers) {
  ConvParams params;
  params.kernel_size = {1, 1};
  const ConvPlan plan = validate(params, {2, 1, 1, 2}).value();
  const WorstCell worst =
      worst_cell(plan, tensor_of({2, 1, 1, 2}, {1, 2, 3, 4}), tensor_of({2, 1, 1, 2}, {1, 2.5, 5, 4}));
  EXPECT_EQ(worst.difference, 2);
  EXPECT_EQ(worst.cell, (OutputCell{1, 0, 0, 0}));
  EXPECT_EQ(worst.expected, 3);
  EXPECT_EQ(worst.actual, 5);
}

TEST(worst_cell, equal_infinities_and_two_nan_do_not_differ_and_one_nan_differs_by_infinity) {
  ConvParams params;
  params.kernel_size = {1, 1};
  const ConvPlan plan = validate(params, {1, 1, 1, 3}).value();
  const Tensor special = tensor_of({1, 1, 1, 3}, {HUGE_VAL, std::nan(""), 1});
  EXPECT_EQ(worst_cell(plan, special, special).difference, 0);
  const WorstCell worst = worst_cell(plan, special, tensor_of({1, 1, 1, 3}, {HUGE_VAL, 2, 1}));
  EXPECT_EQ(worst.difference, HUGE_VAL);
  EXPECT_EQ(worst.cell.x, 1);
  EXPECT_EQ(worst_cell(plan, special, tensor_of({1, 1, 1, 3}, {-HUGE_VAL, std::nan(""), 1})).difference, HUGE_VAL);
}

class CrossCheckOf : public ::testing::Test {
 protected:
  Result<CrossCheck> check(const ConvParams& params, const Shape& input, Job* job = nullptr) {
    plan = validate(params, input).value();
    std::mt19937_64 random(testing::test_seed() + 8);
    const Tensor x = testing::random_tensor(random, plan.input_shape(), plan.dtype);
    const Tensor w = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
    const Tensor b = plan.bias ? testing::random_tensor(random, plan.bias_shape(), plan.dtype) : Tensor();
    return cross_check(plan, x, w, b, 1, job);
  }
  ConvPlan plan;
};

ConvParams channels(int64_t in, int64_t out) {
  ConvParams params;
  params.in_channels = in;
  params.out_channels = out;
  params.padding = {1, 1};
  return params;
}

TEST_F(CrossCheckOf, all_algorithms_lists_each_once_with_the_reference_first) {
  const CrossCheck result = check(channels(3, 2), {2, 3, 9, 8}).value();
  std::vector<std::string> names;
  for (const AlgorithmCheck& check : result.algorithms) names.push_back(name_of(check.algorithm));
  EXPECT_THAT(names, ElementsAre("naive", "slices", "loops", "im2col_per_channel", "im2col", "toeplitz", "direct",
                                 "winograd", "fft"));
  EXPECT_EQ(result.algorithms[0].worst.difference, 0);
  EXPECT_TRUE(result.all_agree());
  EXPECT_EQ(result.ran(), 9);
  EXPECT_GT(result.tolerance, 0);
}

TEST_F(CrossCheckOf, random_parameters_finds_no_disagreement) {
  std::mt19937_64 random(testing::test_seed() + 9);
  for (DType dtype : {DType::float32, DType::float64}) {
    for (int i = 0; i < 40; ++i) {
      const testing::RandomCase c = testing::random_case(random, dtype, 5e4);
      const CrossCheck result = check(c.params, c.input_shape).value();
      EXPECT_TRUE(result.all_agree()) << name_of(result.furthest().algorithm) << " " << testing::describe(c);
    }
  }
}

TEST_F(CrossCheckOf, many_products_sees_the_rounding_of_another_order) {
  const CrossCheck result = check(channels(40, 3), {1, 40, 12, 12}).value();
  EXPECT_GT(result.furthest().worst.difference, 0);
  EXPECT_LE(result.furthest().worst.difference, result.tolerance);
}

TEST_F(CrossCheckOf, an_algorithm_without_room_is_a_refusal_of_that_one_alone) {
  ConvParams params = channels(1, 1);
  params.kernel_size = {1, 1};
  params.stride = {100000, 100000};
  params.padding = {50000, 50000};
  const CrossCheck result = check(params, {1, 1, 5, 5}).value();
  std::vector<std::string> refused;
  for (const AlgorithmCheck& check : result.algorithms) {
    if (!check.refusal) continue;
    refused.push_back(name_of(check.algorithm));
    const bool is_fft = check.algorithm == Algorithm::fft, is_winograd = check.algorithm == Algorithm::winograd;
    EXPECT_EQ(check.refusal->code, is_fft        ? "error.algorithm_fft_stride"
                                   : is_winograd ? "error.algorithm_winograd_kernel"
                                                 : "error.scratch_too_large");
    EXPECT_FALSE(result.agrees(check));
  }
  EXPECT_THAT(refused, ElementsAre("slices", "loops", "winograd", "fft"));
  EXPECT_EQ(result.ran(), 5);
  EXPECT_TRUE(result.all_agree());
}

TEST_F(CrossCheckOf, a_cancelled_job_gives_no_table) {
  Job job;
  job.cancelled = true;
  EXPECT_EQ(check(channels(3, 2), {1, 3, 9, 9}, &job).error().code, "error.cancelled");
}

TEST_F(CrossCheckOf, progress_stays_within_its_bounds_and_ends_at_one) {
  Job job;
  ASSERT_TRUE(check(channels(3, 2), {1, 3, 9, 9}, &job));
  EXPECT_FLOAT_EQ(job.progress, 1);
}

TEST(cross_check, a_difference_beyond_the_tolerance_is_a_disagreement) {
  CrossCheck result;
  result.tolerance = 1e-6;
  result.algorithms = {{Algorithm::naive, {}, std::nullopt}, {Algorithm::slices, {1e-6, {}, 0, 0}, std::nullopt}};
  EXPECT_TRUE(result.all_agree());
  result.algorithms.push_back({Algorithm::toeplitz, {2e-6, {0, 0, 1, 1}, 1, 1}, std::nullopt});
  EXPECT_FALSE(result.all_agree());
  EXPECT_EQ(result.furthest().algorithm, Algorithm::toeplitz);
}

}  // namespace
}  // namespace convscope
