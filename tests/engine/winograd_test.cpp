// Winograd's convolution against the reference: every size of tile and remainder, and how far it may be off.
#include "engine/conv2d_winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "conv_cases.h"
#include "engine/algorithm_choice.h"
#include "engine/aligned_buffer.h"
#include "engine/cross_check.h"
#include "engine/gemm.h"
#include "engine/prepared_conv2d.h"
#include "numbers.h"
#include "random_plans.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using testing::ForcedTarget;
using testing::largest_difference;
using testing::NamedPlan;
using testing::random_tensors;
using testing::same_bits;
using testing::Tensors;

Tensor as(const Tensor& tensor, DType dtype) { return tensor.defined() ? tensor.to(dtype).value() : tensor; }

/// The sums in double, which have no error to speak of beside those of float.
Tensor exact(ConvPlan plan, const Tensors& t) {
  plan.dtype = DType::float64;
  return conv2d(plan, as(t.input, plan.dtype), as(t.weight, plan.dtype), as(t.bias, plan.dtype),
                {Algorithm::naive, 1, nullptr})
      .value();
}

template <class T>
Tensor run_as(const ConvPlan& plan, const Tensors& t, WinogradTile tile, int threads) {
  const auto runner =
      prepare_winograd<T>(plan, t.weight.data<T>(), plan.bias ? t.bias.data<T>() : nullptr, threads, nullptr, tile);
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  EXPECT_EQ(runner->run(t.input.data<T>(), output.mutable_data<T>(), threads, nullptr), Outcome::finished);
  return output;
}

Tensor run(const ConvPlan& plan, const Tensors& t, WinogradTile tile, int threads = 1) {
  return plan.dtype == DType::float32 ? run_as<float>(plan, t, tile, threads) : run_as<double>(plan, t, tile, threads);
}

/// The bound for numbers between -1 and 1.
double bound(const ConvPlan& plan, WinogradTile tile) {
  return winograd_error_factor(plan, tile) * (static_cast<double>(plan.channels_per_group()) + (plan.bias ? 1 : 0));
}

/// A random plan that Winograd takes.
testing::RandomCase random_case(std::mt19937_64& random, DType dtype, double max_macs) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (;;) {
    testing::RandomCase c = testing::random_case(random, dtype, 1e9);
    c.params.kernel_size = {3, 3};
    c.params.stride = c.params.dilation = {1, 1};
    if (pick(0, 3) == 0) c.params.pads = {pick(0, 12), pick(0, 12), pick(0, 12), pick(0, 12)};
    const Result<ConvPlan> plan = validate(c.params, c.input_shape);
    if (!plan || static_cast<double>(plan->output_cells()) * static_cast<double>(plan->taps()) > max_macs) continue;
    c.plan = *plan;
    return c;
  }
}

class Winograd : public ::testing::TestWithParam<std::tuple<DType, WinogradTile>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  WinogradTile tile() const { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Tiles, Winograd,
                         ::testing::Combine(::testing::Values(DType::float32, DType::float64),
                                            ::testing::Values(WinogradTile::two, WinogradTile::four)),
                         [](const auto& p) {
                           return std::string(name_of(std::get<0>(p.param))) + "_" +
                                  std::to_string(static_cast<int>(std::get<1>(p.param)));
                         });

TEST_P(Winograd, stays_within_its_bound_on_random_parameters) {
  const uint64_t seed = testing::test_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 250; ++i) {
    const testing::RandomCase c = random_case(random, dtype(), 4e5);
    const Tensors t = random_tensors(random, c.plan);
    EXPECT_LE(largest_difference(exact(c.plan, t), run(c.plan, t, tile())), bound(c.plan, tile()))
        << "CONVSCOPE_TEST_SEED=" << seed << ", case " << i << ": " << testing::describe(c);
  }
}

TEST_P(Winograd, every_instruction_set_stays_within_the_bound_and_threads_change_no_bit) {
  const uint64_t seed = testing::test_seed() + 1;
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 40; ++i) {
      const testing::RandomCase c = random_case(random, dtype(), i % 8 == 0 ? 8e6 : 2e5);
      const Tensors t = random_tensors(random, c.plan);
      const Tensor one = run(c.plan, t, tile());
      EXPECT_LE(largest_difference(exact(c.plan, t), one), bound(c.plan, tile()))
          << target << ", CONVSCOPE_TEST_SEED=" << seed - 1 << ", case " << i << ": " << testing::describe(c);
      for (int threads : {2, 3, 7}) {
        EXPECT_TRUE(same_bits(one, run(c.plan, t, tile(), threads))) << target << ": " << testing::describe(c);
      }
    }
  }
}

ConvParams conv(int64_t in, int64_t out, int64_t groups, const Pads& pads, PaddingMode mode = PaddingMode::zeros) {
  ConvParams p;
  p.in_channels = in;
  p.out_channels = out;
  p.groups = groups;
  p.padding_kind = PaddingKind::pads;
  p.pads = pads;
  p.padding_mode = mode;
  return p;
}

// Each takes another way through blocks, strips and panels.
const NamedPlan kNamedPlans[] = {
    {"one_cell", conv(1, 1, 1, {1, 1, 1, 1}), {1, 1, 1, 1}},
    {"one_window", conv(3, 5, 1, {}), {2, 3, 3, 3}},
    {"many_images_in_a_block", conv(20, 33, 1, {1, 1, 1, 1}), {9, 20, 5, 6}},
    {"several_blocks_of_rows", conv(40, 31, 1, {1, 1, 1, 1}), {2, 40, 61, 50}},
    {"several_strips", conv(5, 17, 1, {1, 1, 1, 1}), {1, 5, 7, 1100}},
    {"strips_that_repeat_the_border", conv(3, 4, 1, {2, 3, 4, 5}, PaddingMode::replicate), {1, 3, 9, 700}},
    {"more_kernels_than_are_computed_together", conv(9, 530, 1, {1, 1, 1, 1}), {1, 9, 14, 14}},
    {"groups_of_odd_size", conv(21, 51, 3, {0, 1, 2, 0}), {2, 21, 17, 23}},
    {"depthwise", conv(19, 19, 19, {1, 1, 1, 1}), {1, 19, 20, 33}},
    {"padding_larger_than_the_picture", conv(4, 6, 1, {20, 30, 11, 25}), {1, 4, 3, 2}},
    {"reflect", conv(8, 16, 1, {7, 6, 5, 8}, PaddingMode::reflect), {1, 8, 9, 11}},
    {"circular", conv(8, 16, 2, {9, 11, 4, 3}, PaddingMode::circular), {2, 8, 9, 11}},
    {"empty_batch", conv(3, 4, 1, {1, 1, 1, 1}), {0, 3, 8, 8}},
};

TEST_P(Winograd, every_way_through_it_agrees_with_the_reference_on_every_instruction_set) {
  std::mt19937_64 random(testing::test_seed() + 2);
  for (NamedPlan named : kNamedPlans) {
    named.params.dtype = dtype();
    const Result<ConvPlan> plan = validate(named.params, named.input);
    ASSERT_TRUE(plan) << named.name << " " << plan.error().code;
    const Tensors t = random_tensors(random, *plan);
    const Tensor expected = exact(*plan, t);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      const Tensor one = run(*plan, t, tile());
      EXPECT_LE(largest_difference(expected, one), bound(*plan, tile())) << named.name << " on " << target;
      for (int threads : {2, 8}) EXPECT_TRUE(same_bits(one, run(*plan, t, tile(), threads))) << named.name;
    }
  }
}

ConvPlan layer(int64_t in, int64_t out, int64_t side, DType dtype = DType::float32, int64_t batch = 1) {
  ConvParams p;
  p.in_channels = in;
  p.out_channels = out;
  p.padding = {1, 1};
  p.dtype = dtype;
  return validate(p, {batch, in, side, side}).value();
}

TEST_P(Winograd, infinities_and_what_overflows_come_out_as_those_of_the_reference) {
  const ConvPlan plan = layer(5, 20, 19, dtype());
  std::mt19937_64 random(testing::test_seed() + 3);
  for (const double bad : testing::numbers_that_spoil(dtype())) {
    for (const bool in_weight : {false, true}) {
      Tensors t = random_tensors(random, plan);
      Tensor& spoiled = in_weight ? t.weight : t.input;
      spoiled = testing::with_number(spoiled, 100, bad);
      const Tensor naive = testing::run(plan, t, Algorithm::naive);
      EXPECT_EQ(testing::spoiled_differently(naive, run(plan, t, tile(), 2)), "") << bad;
    }
  }
}

TEST_P(Winograd, allocates_nothing_once_it_has_run) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  const ConvPlan plan = layer(24, 24, 40);
  std::mt19937_64 random(1);
  const Tensors t = random_tensors(random, plan);
  const auto runner = prepare_winograd<float>(plan, t.weight.data<float>(), t.bias.data<float>(), 1, nullptr, tile());
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  const auto once = [&] { return runner->run(t.input.data<float>(), output.mutable_data<float>(), 2, nullptr); };
  EXPECT_EQ(once(), Outcome::finished);
  const long before = test::allocations_so_far();
  EXPECT_EQ(once(), Outcome::finished);
  EXPECT_EQ(test::allocations_so_far(), before);
  const int64_t points = tile() == WinogradTile::two ? 16 : 36;
  EXPECT_GE(runner->packed_bytes(), points * 24 * 24 * 4);
  EXPECT_LT(runner->packed_bytes(), (points * 32 + 9 * 24) * 24 * 4 + 2000);
  EXPECT_GT(runner->scratch_bytes(2), points * 24 * 24 * 4);  // the points of 24 tiles at least
  EXPECT_LT(runner->scratch_bytes(1), 4 << 20);
}

TEST(winograd, two_by_two_of_small_whole_numbers_is_exact) {
  const ConvPlan plan = layer(6, 4, 9);
  std::mt19937_64 random(2);
  Tensors t = random_tensors(random, plan);
  for (Tensor* tensor : {&t.input, &t.weight, &t.bias}) {
    for (int64_t i = 0; i < tensor->numel(); ++i) {
      tensor->mutable_data<float>()[i] = std::round(9 * tensor->data<float>()[i]);
    }
  }
  EXPECT_EQ(largest_difference(exact(plan, t), run(plan, t, WinogradTile::two)), 0);
}

TEST(winograd, of_many_channels_is_within_what_two_orders_of_summation_may_differ_by) {
  // What `auto` promises where it takes Winograd, with room to spare.
  std::mt19937_64 random(testing::test_seed() + 4);
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const int64_t channels : {32, 64, 128}) {
      const ConvPlan plan = layer(channels, 32, 56, dtype);
      ASSERT_TRUE(winograd_pays(plan));
      const Tensors t = random_tensors(random, plan);
      const Tensor naive = conv2d(plan, t.input, t.weight, t.bias, {Algorithm::im2col, 1, nullptr}).value();
      const double tolerance = summation_tolerance(plan, t.input, t.weight, t.bias).value();
      const double difference = largest_difference(naive, run(plan, t, WinogradTile::four));
      RecordProperty(std::string(name_of(dtype)) + "_" + std::to_string(channels),
                     std::to_string(difference / tolerance));
      EXPECT_LT(difference, tolerance / 4) << channels;
      EXPECT_EQ(PreparedConv2d::make(plan, t.weight, t.bias).value().algorithm(), Algorithm::winograd);
    }
  }
}

TEST(winograd, is_chosen_for_large_layers_of_many_channels_only) {
  EXPECT_TRUE(winograd_pays(layer(64, 64, 56)));
  EXPECT_TRUE(winograd_pays(layer(512, 512, 7)));
  EXPECT_FALSE(winograd_pays(layer(3, 64, 224))) << "three channels";
  EXPECT_FALSE(winograd_pays(layer(64, 3, 224))) << "three kernels";
  EXPECT_FALSE(winograd_pays(layer(32, 32, 14))) << "little work";
  ConvPlan strided = layer(64, 64, 56);
  strided.stride = {2, 2};
  strided.out = {28, 28};
  EXPECT_FALSE(winograd_pays(strided));
}

TEST(winograd, takes_small_tiles_where_few_outputs_share_the_filters) {
  EXPECT_EQ(winograd_tile(layer(512, 512, 7)), WinogradTile::two);
  EXPECT_EQ(winograd_tile(layer(512, 512, 7, DType::float32, 8)), WinogradTile::four);
  EXPECT_EQ(winograd_tile(layer(256, 256, 14)), WinogradTile::four);
  EXPECT_EQ(winograd_tile(layer(64, 64, 56)), WinogradTile::four);
}

TEST(winograd, refuses_what_it_cannot_do_and_says_why) {
  const auto refusal = [](Pair kernel, Pair stride, Pair dilation) {
    ConvParams p;
    p.kernel_size = kernel;
    p.stride = stride;
    p.dilation = dilation;
    const ConvPlan plan = validate(p, {1, 1, 20, 20}).value();
    const Tensor x = Tensor::zeros(plan.input_shape(), plan.dtype).value();
    const Tensor w = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
    const Tensor b = Tensor::zeros(plan.bias_shape(), plan.dtype).value();
    return conv2d(plan, x, w, b, {Algorithm::winograd, 1, nullptr}).error();
  };
  EXPECT_EQ(refusal({3, 5}, {1, 1}, {1, 1}), (Error{"error.algorithm_winograd_kernel", "algorithm", {"3, 5"}}));
  EXPECT_EQ(refusal({3, 3}, {1, 2}, {1, 1}), (Error{"error.algorithm_winograd_stride", "algorithm", {"1, 2"}}));
  EXPECT_EQ(refusal({3, 3}, {1, 1}, {2, 1}), (Error{"error.algorithm_winograd_dilation", "algorithm", {"2, 1"}}));
}

TEST(winograd, stops_soon_after_it_is_cancelled) {
  const ConvPlan plan = layer(256, 256, 250, DType::float32, 2);
  const Tensor x = Tensor::zeros(plan.input_shape(), plan.dtype).value();
  const Tensor w = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
  const Tensor b = Tensor::zeros(plan.bias_shape(), plan.dtype).value();
  Job job;
  std::chrono::steady_clock::time_point asked;
  std::thread stopper([&] {
    while (job.progress.load() == 0.0f) std::this_thread::yield();
    asked = std::chrono::steady_clock::now();
    job.cancelled = true;
  });
  const Result<Tensor> result = conv2d(plan, x, w, b, {Algorithm::winograd, 2, &job});
  const auto stopped = std::chrono::steady_clock::now();
  stopper.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "error.cancelled");
  EXPECT_LT(std::chrono::duration<double>(stopped - asked).count(), 1) << "much less where nobody else computes";
}

}  // namespace
}  // namespace convscope
