// A convolution prepared once and run many times.
#include "engine/prepared_conv2d.h"

#include <gtest/gtest.h>

#include <thread>

#include "conv_cases.h"
#include "numbers.h"
#include "random_plans.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using testing::same_bits;

struct Case : testing::Tensors {
  Case(const ConvPlan& its_plan, std::mt19937_64& random)
      : testing::Tensors(testing::random_tensors(random, its_plan)), plan(its_plan) {}
  ConvPlan plan;
};

Case random_case_of(std::mt19937_64& random) {
  return {testing::random_case(random, DType::float32, 1e5).plan, random};
}

TEST(PreparedConv2d, gives_the_numbers_of_conv2d_again_and_again) {
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 100; ++i) {
    const Case c = random_case_of(random);
    for (const Algorithm algorithm : algorithms()) {
      const Conv2dOptions options{algorithm, 2, nullptr};
      const Result<Tensor> once = conv2d(c.plan, c.input, c.weight, c.bias, options);
      const Result<PreparedConv2d> prepared = PreparedConv2d::make(c.plan, c.weight, c.bias, options);
      ASSERT_EQ(once.ok(), prepared.ok()) << name_of(algorithm);
      if (!prepared) continue;
      for (int repeat = 0; repeat < 2; ++repeat) {
        EXPECT_TRUE(same_bits(*once, prepared->run(c.input).value())) << name_of(algorithm);
      }
      EXPECT_NE(prepared->algorithm(), Algorithm::automatic);
      if (c.plan.output_cells() == 0) continue;
      const bool is_packed = prepared->algorithm() == Algorithm::im2col || prepared->algorithm() == Algorithm::direct;
      EXPECT_GE(prepared->packed_bytes(), is_packed ? c.weight.bytes() : 0) << name_of(prepared->algorithm());
      if (prepared->algorithm() == Algorithm::direct) {
        EXPECT_GT(prepared->scratch_bytes(), 0);
      }
    }
  }
}

TEST(PreparedConv2d, needs_the_tensors_it_was_made_of_no_longer) {
  ConvPlan plan;
  plan.in = plan.out = {40, 40};
  plan.kernel = {1, 1};
  plan.in_channels = plan.out_channels = 8;
  plan.bias = true;
  std::mt19937_64 random(1);
  const Tensor input = testing::random_tensor(random, plan.input_shape(), DType::float32);
  for (const Algorithm algorithm : algorithms()) {
    std::optional<PreparedConv2d> prepared;
    Tensor expected;
    {
      const Tensor weight = testing::random_tensor(random, plan.weight_shape(), DType::float32);
      const Tensor bias = testing::random_tensor(random, plan.bias_shape(), DType::float32);
      const Conv2dOptions options{algorithm, 1, nullptr};
      const Result<PreparedConv2d> made = PreparedConv2d::make(plan, weight, bias, options);
      if (!made) continue;  // it cannot do kernels of one cell
      prepared = *made;
      expected = conv2d(plan, input, weight, bias, options).value();
    }
    EXPECT_TRUE(same_bits(expected, prepared->run(input).value())) << name_of(algorithm);
  }
}

TEST(PreparedConv2d, allocates_nothing_once_it_has_run) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 100; ++i) {
    const Case c = random_case_of(random);
    for (const Algorithm algorithm : {Algorithm::automatic, Algorithm::im2col, Algorithm::direct}) {
      const PreparedConv2d prepared = PreparedConv2d::make(c.plan, c.weight, c.bias, {algorithm, 1, nullptr}).value();
      Tensor output = prepared.run(c.input).value();
      const long before = test::allocations_so_far();
      ASSERT_TRUE(prepared.run(c.input, output).ok());
      EXPECT_EQ(test::allocations_so_far(), before) << name_of(prepared.algorithm());
    }
  }
}

/// Each call is worth several threads of the engine's, of which one at a time gets some.
void run_in_several_threads(const Case& c, Algorithm algorithm) {
  const PreparedConv2d prepared = PreparedConv2d::make(c.plan, c.weight, c.bias, {algorithm, 2, nullptr}).value();
  const Tensor expected = prepared.run(c.input).value();
  std::vector<std::thread> callers;
  std::vector<char> same(4);
  for (char& is_same : same) {
    callers.emplace_back([&] {
      is_same = 1;
      for (int i = 0; i < 10; ++i) is_same &= same_bits(expected, prepared.run(c.input).value()) ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const char is_same : same) EXPECT_EQ(is_same, 1) << name_of(algorithm);
}

TEST(PreparedConv2d, runs_in_several_threads_at_once) {
  std::mt19937_64 random(testing::test_seed());
  ConvParams params;
  params.in_channels = 8;
  params.out_channels = 16;
  params.padding = {1, 1};
  const ConvPlan plan = validate(params, {2, 8, 75, 90}).value();  // 15 M multiply-adds; from 2 M on two threads
  const Case c(plan, random);
  for (const Algorithm algorithm : {Algorithm::im2col, Algorithm::direct}) run_in_several_threads(c, algorithm);
}

TEST(PreparedConv2d, refuses_tensors_that_do_not_fit) {
  std::mt19937_64 random(testing::test_seed());
  const Case c = random_case_of(random);
  const PreparedConv2d prepared = PreparedConv2d::make(c.plan, c.weight, c.bias).value();
  Tensor output = prepared.run(c.input).value();
  Tensor wrong = Tensor::zeros({1, 2, 3}, DType::float32).value();
  Tensor doubles = Tensor::zeros(c.plan.output_shape(), DType::float64).value();
  EXPECT_EQ(prepared.run(wrong, output).error().code, "error.input_shape");
  EXPECT_EQ(prepared.run(c.input, wrong).error().code, "error.output_shape");
  EXPECT_EQ(prepared.run(c.input, doubles).error().code, "error.dtype_mismatch");
  EXPECT_EQ(PreparedConv2d::make(c.plan, wrong, c.bias).error().code, "error.weight_shape");
}

}  // namespace
}  // namespace convscope
