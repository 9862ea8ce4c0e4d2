// Kernels of rank one: when they are taken for such, and what two passes give.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "conv_cases.h"
#include "engine/conv2d.h"
#include "engine/conv2d_separable.h"
#include "engine/gemm.h"
#include "numbers.h"
#include "random_plans.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using testing::ForcedTarget;
using testing::Tensors;

/// Every plane of the weight a random column times a random row, rounded once.
Tensors separable_tensors(std::mt19937_64& random, const ConvPlan& plan) {
  Tensors t;
  t.input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
  if (plan.bias) t.bias = testing::random_tensor(random, plan.bias_shape(), plan.dtype);
  Tensor weight = Tensor::zeros(plan.weight_shape(), DType::float64).value();
  std::uniform_real_distribution<double> number(-1, 1);
  double* w = weight.mutable_data<double>();
  for (int64_t plane = 0; plane < plan.out_channels * plan.channels_per_group(); ++plane) {
    std::vector<double> column(static_cast<size_t>(plan.kernel.h)), row(static_cast<size_t>(plan.kernel.w));
    for (double& c : column) c = number(random);
    for (double& r : row) r = number(random);
    for (double c : column) {
      for (double r : row) *w++ = c * r;
    }
  }
  t.weight = weight.to(plan.dtype).value();
  return t;
}

template <class T>
Tensor run_typed(const ConvPlan& plan, const Tensors& t, int threads) {
  const auto runner = prepare_separable<T>(plan, t.weight.data<T>(), plan.bias ? t.bias.data<T>() : nullptr);
  if (runner == nullptr) return {};
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  EXPECT_EQ(runner->run(t.input.data<T>(), output.mutable_data<T>(), threads, nullptr), Outcome::finished);
  return output;
}

/// Undefined where the weight is not of rank one.
Tensor run(const ConvPlan& plan, const Tensors& t, int threads = 1) {
  return plan.dtype == DType::float32 ? run_typed<float>(plan, t, threads) : run_typed<double>(plan, t, threads);
}

Tensor naive(const ConvPlan& plan, const Tensors& t) {
  return conv2d(plan, t.input, t.weight, t.bias, {Algorithm::naive, 1, nullptr}).value();
}

class Separable : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(DTypes, Separable, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

Result<ConvPlan> random_plan(std::mt19937_64& random, DType dtype) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  ConvParams p;
  p.dtype = dtype;
  p.groups = draw(0, 1) == 0 ? draw(1, 4) : 1;
  p.in_channels = p.groups * draw(1, 2);
  p.out_channels = p.groups * draw(1, 2);
  p.bias = draw(0, 1) == 1;
  p.kernel_size = {draw(1, 33), draw(1, 33)};
  if (draw(0, 3) == 0) p.dilation = {draw(1, 3), draw(1, 3)};
  p.padding_mode = static_cast<PaddingMode>(draw(0, 3));
  p.padding_kind = PaddingKind::pads;
  p.pads = {draw(0, 40), draw(0, 40), draw(0, 40), draw(0, 40)};
  return validate(p, {draw(0, 9) == 0 ? 0 : draw(1, 2), p.in_channels, draw(1, 70), draw(1, 90)});
}

TEST_P(Separable, agrees_with_naive_on_random_parameters_on_every_instruction_set) {
  const uint64_t seed = testing::test_seed();
  std::mt19937_64 random(seed);
  int computed = 0;
  for (int i = 0; i < 2000 && computed < 60; ++i) {
    const Result<ConvPlan> plan = random_plan(random, GetParam());
    if (!plan || static_cast<double>(plan->output_cells()) * static_cast<double>(plan->taps()) > 3e6) continue;
    ++computed;
    const Tensors t = separable_tensors(random, *plan);
    const Tensor expected = naive(*plan, t);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      const Tensor actual = run(*plan, t);
      ASSERT_TRUE(actual.defined()) << "CONVSCOPE_TEST_SEED=" << seed << ", case " << i;
      EXPECT_EQ(testing::difference(*plan, t.input, t.weight, t.bias, expected, actual), "")
          << target << ", CONVSCOPE_TEST_SEED=" << seed << ", case " << i << ": input ("
          << plan->input_shape().to_string() << ") weight (" << plan->weight_shape().to_string() << ")";
    }
  }
  EXPECT_EQ(computed, 60);
}

ConvPlan filter(int64_t channels, Pair kernel, const Shape& input, DType dtype = DType::float32) {
  ConvParams p;
  p.in_channels = p.out_channels = p.groups = channels;
  p.kernel_size = kernel;
  p.padding = {kernel.h / 2, kernel.w / 2};
  p.bias = false;
  p.dtype = dtype;
  return validate(p, input).value();
}

TEST_P(Separable, the_number_of_threads_and_the_bands_do_not_change_a_bit) {
  std::mt19937_64 random(testing::test_seed() + 1);
  for (const ConvPlan& plan :
       {filter(1, {31, 31}, {1, 1, 500, 300}, GetParam()), filter(2, {5, 7}, {2, 2, 130, 5000}, GetParam())}) {
    const Tensors t = separable_tensors(random, plan);
    const Tensor one = run(plan, t, 1);
    EXPECT_EQ(
        testing::difference(plan, t.input, t.weight, t.bias,
                            conv2d(plan, t.input, t.weight, t.bias, {Algorithm::im2col, 1, nullptr}).value(), one),
        "");
    for (int threads : {2, 3, 8}) EXPECT_TRUE(testing::same_bits(one, run(plan, t, threads))) << threads;
  }
}

TEST_P(Separable, gives_what_naive_gives_where_numbers_are_not_finite_or_overflow) {
  const ConvPlan plan = filter(1, {9, 9}, {1, 1, 60, 70}, GetParam());
  std::mt19937_64 random(testing::test_seed() + 2);
  for (double bad : testing::numbers_that_spoil(GetParam())) {
    Tensors t = separable_tensors(random, plan);
    for (int64_t i = 0; i < 3; ++i) t.input = testing::with_number(t.input, 70 * 30 + 20 + i, bad);
    EXPECT_EQ(testing::spoiled_differently(naive(plan, t), run(plan, t)), "") << bad;
  }
}

bool is_separable(const ConvPlan& plan, const std::vector<float>& weight) {
  return prepare_separable<float>(plan, weight.data(), nullptr) != nullptr;
}

TEST(separable, is_what_is_a_column_times_a_row_within_rounding_and_nothing_else) {
  const ConvPlan plan = filter(1, {3, 3}, {1, 1, 20, 20});
  EXPECT_TRUE(is_separable(plan, {1, 2, 1, 2, 4, 2, 1, 2, 1}));     // binomial
  EXPECT_TRUE(is_separable(plan, {-1, 0, 1, -2, 0, 2, -1, 0, 1}));  // Sobel
  EXPECT_TRUE(is_separable(plan, {0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(is_separable(plan, {0, 0, 0, 0, 0, 7, 0, 0, 0}));
  EXPECT_FALSE(is_separable(plan, {0, 1, 0, 1, -4, 1, 0, 1, 0}));  // Laplace
  EXPECT_FALSE(is_separable(plan, {1, 2, 1, 2, 4, 2, 1, 2, 1.00001f}));
  EXPECT_TRUE(is_separable(plan, {1, 2, 1, 2, 4, 2, 1, 2, std::nextafter(1.0f, 2.0f)}));
  EXPECT_FALSE(is_separable(plan, {1, 2, 1, 2, INFINITY, 2, 1, 2, 1}));
  EXPECT_FALSE(is_separable(plan, {NAN, 2, 1, 2, 4, 2, 1, 2, 1}));
  // A Gaussian from its formula in two dimensions, normalised: rounded three times.
  const ConvPlan large = filter(1, {31, 31}, {1, 1, 40, 40});
  std::vector<float> gauss;
  float sum = 0;
  for (int y = -15; y <= 15; ++y) {
    for (int x = -15; x <= 15; ++x) {
      gauss.push_back(std::exp(-static_cast<float>(x * x + y * y) / 50.0f));
      sum += gauss.back();
    }
  }
  for (float& g : gauss) g /= sum;
  EXPECT_TRUE(is_separable(large, gauss));
  ConvParams strided;
  strided.stride = {2, 2};
  strided.bias = false;
  EXPECT_FALSE(is_separable(validate(strided, {1, 1, 20, 20}).value(), {1, 2, 1, 2, 4, 2, 1, 2, 1}));
  EXPECT_TRUE(is_separable(validate(strided, {1, 1, 3, 3}).value(), {1, 2, 1, 2, 4, 2, 1, 2, 1})) << "one cell";
}

TEST(separable, is_taken_by_auto_for_large_kernels) {
  const ConvPlan plan = filter(1, {9, 9}, {1, 1, 100, 130});
  std::mt19937_64 random(testing::test_seed() + 3);
  const Tensors t = separable_tensors(random, plan);
  EXPECT_TRUE(separable_pays(plan));
  EXPECT_TRUE(testing::same_bits(conv2d(plan, t.input, t.weight, t.bias).value(), run(plan, t)));
  const Tensor other = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
  EXPECT_EQ(prepare_separable<float>(plan, other.data<float>(), nullptr), nullptr);
  EXPECT_TRUE(conv2d(plan, t.input, other, t.bias).ok());
  EXPECT_FALSE(separable_pays(filter(1, {3, 3}, {1, 1, 100, 130})));
}

TEST(separable, one_runner_serves_again_and_again_without_allocating_and_can_be_stopped) {
  const ConvPlan plan = filter(2, {15, 15}, {1, 2, 200, 210});
  std::mt19937_64 random(testing::test_seed() + 4);
  const Tensors t = separable_tensors(random, plan);
  const auto runner = prepare_separable<float>(plan, t.weight.data<float>(), nullptr);
  ASSERT_NE(runner, nullptr);
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  const auto run_once = [&](int threads, Job* job) {
    return runner->run(t.input.data<float>(), output.mutable_data<float>(), threads, job);
  };
  Job job;
  EXPECT_EQ(run_once(2, &job), Outcome::finished);
  EXPECT_EQ(job.progress, 1.0f);
  job.cancelled = true;
  EXPECT_EQ(run_once(2, &job), Outcome::cancelled);
  EXPECT_EQ(prepare_separable<float>(plan, t.weight.data<float>(), nullptr, &job), nullptr);
  EXPECT_GT(runner->packed_bytes(), 2 * (15 * 15 + 30) * 4);
  EXPECT_GT(runner->scratch_bytes(1), 0);
  if (!test::allocations_are_counted()) GTEST_SKIP() << "allocations are not counted here";
  const long before = test::allocations_so_far();
  for (int i = 0; i < 3; ++i) run_once(2, nullptr);
  EXPECT_EQ(test::allocations_so_far(), before);
}

}  // namespace
}  // namespace convscope
