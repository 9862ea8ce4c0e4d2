// Every fast path against the readable reference.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <thread>
#include <vector>

#include "conv_cases.h"
#include "engine/conv2d.h"
#include "engine/conv2d_backward.h"
#include "engine/gemm.h"
#include "engine/thread_pool.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::conv;
using testing::ForcedTarget;
using testing::NamedPlan;
using testing::random_tensors;
using testing::RandomCase;
using testing::run;
using testing::same_bits;
using testing::Tensors;

constexpr Algorithm kFast[] = {Algorithm::im2col, Algorithm::direct};

struct FastPath {
  Algorithm algorithm = Algorithm::im2col;
  DType dtype = DType::float32;
};

class FastPaths : public ::testing::TestWithParam<FastPath> {
 protected:
  static Tensor fast(const ConvPlan& plan, const Tensors& t, int threads = 1) {
    return run(plan, t, GetParam().algorithm, threads);
  }
};
INSTANTIATE_TEST_SUITE_P(
    Algorithms, FastPaths,
    ::testing::Values(FastPath{Algorithm::im2col, DType::float32}, FastPath{Algorithm::im2col, DType::float64},
                      FastPath{Algorithm::direct, DType::float32}, FastPath{Algorithm::direct, DType::float64}),
    [](const auto& path) { return std::string(name_of(path.param.algorithm)) + "_" + name_of(path.param.dtype); });

TEST_P(FastPaths, agree_with_naive_on_random_parameters) {
  const uint64_t seed = testing::test_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 400; ++i) {
    const RandomCase c = testing::random_case(random, GetParam().dtype, 3e5);
    const Tensors t = random_tensors(random, c.plan);
    const Tensor expected = run(c.plan, t, Algorithm::naive);
    const Tensor actual = fast(c.plan, t);
    EXPECT_EQ(testing::difference(c.plan, t.input, t.weight, t.bias, expected, actual), "")
        << "CONVSCOPE_TEST_SEED=" << seed << ", case " << i << ": " << testing::describe(c);
  }
}

TEST_P(FastPaths, every_instruction_set_agrees_with_naive) {
  const uint64_t seed = testing::test_seed() + 1;
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    ASSERT_EQ(simd_target(), target);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 60; ++i) {
      const RandomCase c = testing::random_case(random, GetParam().dtype, 2e5);
      const Tensors t = random_tensors(random, c.plan);
      EXPECT_EQ(
          testing::difference(c.plan, t.input, t.weight, t.bias, run(c.plan, t, Algorithm::naive), fast(c.plan, t)), "")
          << target << ", CONVSCOPE_TEST_SEED=" << seed - 1 << ", case " << i << ": " << testing::describe(c);
    }
  }
}

TEST_P(FastPaths, the_number_of_threads_does_not_change_a_bit) {
  const uint64_t seed = testing::test_seed() + 2;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 12; ++i) {
    const RandomCase c = testing::random_case(random, GetParam().dtype, 2e7);
    const Tensors t = random_tensors(random, c.plan);
    const Tensor one = fast(c.plan, t);
    for (int threads : {2, 3, 7}) {
      EXPECT_TRUE(same_bits(one, fast(c.plan, t, threads)))
          << threads << " threads, CONVSCOPE_TEST_SEED=" << seed - 2 << ", case " << i << ": " << testing::describe(c);
    }
  }
}

// Each of these takes another way through a fast path; random parameters of a size that a test can afford would
// seldom find them.
const NamedPlan kNamedPlans[] = {
    {"input_read_in_place", conv(3, 13, {3, 3}), {2, 3, 40, 300}},
    {"pointwise_runs_over_rows", conv(64, 29, {1, 1}), {1, 64, 7, 7}},
    {"pointwise_strided", conv(17, 40, {1, 1}, {2, 2}), {1, 17, 27, 37}},
    {"deep_and_small", conv(300, 50, {3, 3}, {1, 1}, {1, 1}), {1, 300, 7, 7}},
    {"block_narrower_than_the_row", conv(70, 2, {3, 3}, {1, 1}, {1, 1}), {1, 70, 3, 1500}},
    {"stem", conv(3, 64, {7, 7}, {2, 2}, {3, 3}), {1, 3, 30, 41}},
    {"stride_beyond_the_kernel", conv(2, 3, {2, 2}, {7, 5}, {1, 1}), {1, 2, 60, 70}},
    {"stride_and_dilation_share_a_divisor", conv(2, 9, {3, 5}, {4, 6}, {5, 5}, {6, 4}), {1, 2, 60, 70}},
    {"depthwise", conv(19, 19, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 19), {1, 19, 56, 57}},
    {"depthwise_with_multiplier", conv(6, 18, {5, 5}, {2, 1}, {2, 2}, {1, 1}, 6), {2, 6, 31, 33}},
    {"picture_filter", conv(1, 1, {31, 31}, {1, 1}, {15, 15}), {1, 1, 90, 110}},
    {"vast_dilation_is_gathered", conv(2, 3, {3, 3}, {1, 1}, {3000, 3000}, {3000, 3000}), {1, 2, 5, 5}},
    {"vast_padding_is_gathered",
     conv(1, 50, {2, 2}, {1, 1}, {4000, 4000}, {8000, 8000}, 1, PaddingMode::replicate),
     {1, 1, 3, 3}},
    {"narrow_output_of_wide_kernels_is_gathered", conv(5, 64, {9, 9}, {1, 1}, {0, 0}, {7, 7}), {1, 5, 59, 58}},
    {"many_taps_gathered_in_parts", conv(40, 210, {5, 5}, {1, 1}, {2500, 2500}, {1250, 1250}), {1, 40, 3, 4}},
    {"reflect", conv(3, 8, {5, 5}, {2, 2}, {4, 4}, {2, 2}, 1, PaddingMode::reflect), {1, 3, 33, 47}},
    {"circular", conv(3, 8, {5, 5}, {1, 3}, {9, 9}, {2, 2}, 1, PaddingMode::circular), {1, 3, 9, 9}},
    {"one_row", conv(19, 19, {1, 9}, {1, 1}, {0, 4}, {1, 1}, 19), {1, 19, 1, 1000}},
    {"one_row_of_a_tall_kernel", conv(2, 3, {4, 3}, {3, 2}, {0, 1}), {2, 2, 4, 601}},
    {"one_column", conv(3, 5, {7, 1}, {2, 1}, {3, 0}), {1, 3, 400, 1}},
    {"padding_beyond_the_kernel", conv(3, 5, {2, 3}, {1, 1}, {7, 9}), {1, 3, 20, 21}},
    {"window_as_large_as_the_input", conv(8, 30, {6, 7}), {4, 8, 6, 7}},
    // What direct does in its own way: tiles of 8 and of 4 rows, of two vectors and of one, in place, masked, copied.
    {"rows_of_every_remainder", conv(1, 2, {5, 5}, {1, 1}, {2, 2}), {1, 1, 23, 131}},
    {"narrow_and_high", conv(2, 3, {7, 3}, {1, 1}, {3, 1}), {1, 2, 61, 3}},
    {"short_rows_in_one_go", conv(3, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3), {1, 3, 30, 43}},
    {"one_row", conv(1, 2, {1, 7}, {1, 1}, {0, 3}), {1, 1, 1, 500}},
    {"one_column", conv(1, 2, {7, 1}, {1, 1}, {3, 0}), {1, 1, 500, 1}},
    {"stride_2_depthwise", conv(5, 5, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 5), {2, 5, 57, 74}},
    {"stride_2_down_only", conv(2, 4, {5, 3}, {2, 1}, {2, 1}), {1, 2, 45, 70}},
    {"stride_3", conv(2, 4, {11, 11}, {3, 3}, {5, 5}), {1, 2, 70, 130}},
    {"stride_4_dilation_2", conv(2, 4, {3, 3}, {4, 4}, {2, 2}, {2, 2}), {1, 2, 70, 130}},
    {"dilation_3_shares_rows", conv(2, 4, {3, 3}, {1, 1}, {3, 3}, {3, 3}), {1, 2, 40, 75}},
    {"few_kernels_of_a_group", conv(32, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 8), {2, 32, 18, 50}},
    {"wide_reflect", conv(1, 1, {11, 11}, {1, 1}, {5, 5}, {1, 1}, 1, PaddingMode::reflect), {1, 1, 40, 300}},
    {"wide_circular_stride_2", conv(1, 2, {4, 5}, {2, 2}, {7, 9}, {1, 1}, 1, PaddingMode::circular), {1, 1, 40, 200}},
    {"padding_beyond_the_kernel", conv(1, 2, {3, 3}, {1, 1}, {9, 70}), {1, 1, 5, 6}},
    {"sums_left_in_the_output", conv(200, 3, {3, 3}, {1, 1}, {1, 1}), {1, 200, 12, 40}},
    {"row_too_long_for_a_row_of_zeros", conv(1, 1, {3, 3}, {1, 1}, {1, 1}), {1, 1, 1, 270000}},
    {"kernel_row_too_long_for_the_copy", conv(1, 1, {2, 30000}, {1, 3}, {0, 100}), {1, 1, 2, 30100}},
    {"kernel_higher_than_is_read_in_place", conv(1, 1, {5000, 2}, {1, 1}, {2, 0}), {1, 1, 5003, 9}},
};

TEST_P(FastPaths, every_way_agrees_with_naive_on_every_instruction_set_and_thread_count) {
  std::mt19937_64 random(testing::test_seed() + 4);
  for (NamedPlan named : kNamedPlans) {
    named.params.dtype = GetParam().dtype;
    const Result<ConvPlan> plan = validate(named.params, named.input);
    ASSERT_TRUE(plan) << named.name << " " << plan.error().code;
    const Tensors t = random_tensors(random, *plan);
    const Tensor expected = run(*plan, t, Algorithm::naive);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      const Tensor one = fast(*plan, t);
      EXPECT_EQ(testing::difference(*plan, t.input, t.weight, t.bias, expected, one), "")
          << named.name << " on " << target;
      for (int threads : {2, 3, 8}) {
        EXPECT_TRUE(same_bits(one, fast(*plan, t, threads)))
            << named.name << " on " << target << " with " << threads << " threads";
      }
    }
  }
}

TEST(fused_instruction_sets, give_the_same_bits_as_each_other) {
  // One chain of fused multiply-adds per cell, whatever the tile: AVX-512 and AVX2 cannot differ.
  std::vector<std::string_view> fused;
  for (std::string_view target : simd_targets()) {
    if (target.starts_with("AVX")) fused.push_back(target);
  }
  if (fused.size() < 2) GTEST_SKIP() << "this processor has fewer than two instruction sets with fused multiply-add";
  std::mt19937_64 random(testing::test_seed() + 3);
  for (int i = 0; i < 40; ++i) {
    const RandomCase c = testing::random_case(random, DType::float32, 1e6);
    const Tensors t = random_tensors(random, c.plan);
    for (const Algorithm algorithm : kFast) {
      std::vector<Tensor> results;
      for (std::string_view target : fused) {
        const ForcedTarget forced(target);
        results.push_back(run(c.plan, t, algorithm));
      }
      EXPECT_TRUE(same_bits(results[0], results[1])) << name_of(algorithm) << " " << testing::describe(c);
    }
  }
}

TEST(small_work, automatic_gives_the_very_bits_of_the_reference) {
  const uint64_t seed = testing::test_seed() + 6;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 300; ++i) {
    const DType dtype = i % 2 == 0 ? DType::float32 : DType::float64;
    const RandomCase c = testing::random_case(random, dtype, 2048);
    const Tensors t = random_tensors(random, c.plan);
    EXPECT_TRUE(same_bits(run(c.plan, t, Algorithm::automatic, 3), run(c.plan, t, Algorithm::naive)))
        << "CONVSCOPE_TEST_SEED=" << seed - 6 << ", case " << i << ": " << testing::describe(c);
  }
}

TEST(small_work, is_summed_up_even_where_the_kernel_is_a_column_times_a_row) {
  const ConvPlan plan = validate(conv(1, 1, {3, 3}), {1, 1, 5, 5}).value();
  std::mt19937_64 random(1);
  Tensors t = random_tensors(random, plan);
  for (int i = 0; i < 9; ++i) t.weight.mutable_data<float>()[i] = 0.1f;
  EXPECT_TRUE(same_bits(run(plan, t, Algorithm::automatic), run(plan, t, Algorithm::naive)));
}

TEST(small_work, of_no_picture_needs_no_memory_for_its_windows) {
  const ConvPlan plan = validate(conv(1, 1, {3, 3}), {0, 1, 40000, 40000}).value();
  Tensors t;
  t.input = Tensor::zeros(plan.input_shape(), plan.dtype).value();
  t.weight = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
  t.bias = Tensor::zeros(plan.bias_shape(), plan.dtype).value();
  EXPECT_EQ(run(plan, t, Algorithm::automatic).numel(), 0);
}

TEST(infinity, in_a_weight_over_padding_gives_the_same_not_a_number_everywhere) {
  // 0 * inf is NaN: the padding's zeros are multiplied, not skipped, as the arithmetic shows them.
  const ConvPlan plan = validate(conv(1, 2, {3, 3}, {1, 1}, {1, 1}), {1, 1, 20, 20}).value();
  std::mt19937_64 random(1);
  Tensors t = random_tensors(random, plan);
  t.weight.mutable_data<float>()[0] = std::numeric_limits<float>::infinity();
  const Tensor naive = run(plan, t, Algorithm::naive);
  for (const Algorithm algorithm : kFast) {
    const Tensor fast = run(plan, t, algorithm);
    EXPECT_EQ(testing::spoiled_differently(naive, fast), "") << name_of(algorithm);
    EXPECT_TRUE(std::isnan(fast.at(0)));
    EXPECT_FALSE(std::isnan(fast.at(400)));
  }
}

TEST(extreme_sizes, up_to_what_int64_holds_do_not_overflow) {
  constexpr int64_t kVast = int64_t{1} << 60;
  const NamedPlan plans[] = {
      {"stride", conv(1, 1, {1, 1}, {kVast, kVast}, {2 * kVast - 1, 2 * kVast - 1}), {1, 1, 3, 40}},
      {"stride_of_one_window", conv(1, 2, {3, 3}, {std::numeric_limits<int64_t>::max(), 1}), {1, 1, 3, 40}},
      {"dilation", conv(2, 2, {2, 2}, {1, 1}, {kVast, kVast}, {2 * kVast, 2 * kVast}), {1, 2, 3, 40}},
      {"dilation_of_one_tap",
       conv(1, 1, {1, 1}, {1, 1}, {0, 0}, {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()}),
       {1, 1, 3, 40}},
      {"stride_and_dilation",
       conv(1, 1, {3, 3}, {kVast / 2, kVast / 2}, {kVast, kVast}, {kVast, kVast}),
       {1, 1, 3, 40}},
  };
  std::mt19937_64 random(testing::test_seed() + 5);
  for (const NamedPlan& named : plans) {
    const Result<ConvPlan> plan = validate(named.params, named.input);
    ASSERT_TRUE(plan) << named.name << " " << plan.error().code;
    const Tensors t = random_tensors(random, *plan);
    const Tensor expected = run(*plan, t, Algorithm::naive);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      for (const Algorithm algorithm : kFast) {
        EXPECT_EQ(testing::difference(*plan, t.input, t.weight, t.bias, expected, run(*plan, t, algorithm, 2)), "")
            << named.name << " by " << name_of(algorithm) << " on " << target;
      }
    }
    const Tensor g = testing::random_tensor(random, plan->output_shape(), plan->dtype);
    const Result<Conv2dGradients> wanted = conv2d_backward(*plan, t.input, t.weight, g, {Algorithm::naive, 1, nullptr});
    const Result<Conv2dGradients> got =
        conv2d_backward(*plan, t.input, t.weight, g, {Algorithm::automatic, 2, nullptr});
    ASSERT_TRUE(wanted && got) << named.name;
    for (int64_t i = 0; i < wanted->weight.numel(); ++i) {
      EXPECT_NEAR(got->weight.at(i), wanted->weight.at(i), 1e-4) << named.name;
    }
  }
}

class Cancellation : public ::testing::TestWithParam<Algorithm> {};
/// Winograd takes none of so large a kernel and is cancelled in winograd_test.cpp.
std::vector<Algorithm> all_but_winograd() {
  std::vector<Algorithm> all(algorithms().begin(), algorithms().end());
  std::erase(all, Algorithm::winograd);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Algorithms, Cancellation, ::testing::ValuesIn(all_but_winograd()),
                         [](const auto& a) { return std::string(name_of(a.param)); });

TEST_P(Cancellation, before_the_start_gives_an_error_and_no_tensor) {
  const ConvPlan plan = validate(conv(8, 8, {3, 3}), {1, 8, 30, 30}).value();
  std::mt19937_64 random(1);
  const Tensors t = random_tensors(random, plan);
  Job job;
  job.cancelled = true;
  const Result<Tensor> result = conv2d(plan, t.input, t.weight, t.bias, {GetParam(), 2, &job});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "error.cancelled");
}

TEST_P(Cancellation, on_the_way_stops_a_computation_of_many_seconds) {
  // 230 G multiply-adds: were the flag not looked at, this test would run into its time limit.
  const ConvPlan plan = validate(conv(64, 64, {15, 15}, {1, 1}, {7, 7}), {1, 64, 500, 500}).value();
  std::mt19937_64 random(1);
  Tensors t;
  t.input = Tensor::zeros(plan.input_shape(), plan.dtype).value();
  t.weight = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
  t.bias = Tensor::zeros(plan.bias_shape(), plan.dtype).value();
  Job job;
  std::thread stopper([&job] {
    while (job.progress.load() == 0.0f) std::this_thread::yield();  // it is under way
    job.cancelled = true;
  });
  const Result<Tensor> result = conv2d(plan, t.input, t.weight, t.bias, {GetParam(), 2, &job});
  stopper.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "error.cancelled");
  EXPECT_LT(job.progress.load(), 1.0f);
}

TEST_P(Cancellation, progress_ends_at_one) {
  const ConvPlan plan = validate(conv(8, 8, {3, 3}), {1, 8, 30, 30}).value();
  std::mt19937_64 random(1);
  const Tensors t = random_tensors(random, plan);
  Job job;
  ASSERT_TRUE(conv2d(plan, t.input, t.weight, t.bias, {GetParam(), 2, &job}));
  EXPECT_EQ(job.progress.load(), 1.0f);
}

TEST(thread_pool, does_every_item_once) {
  std::vector<std::atomic<int>> times(1000);
  parallel_for(4, 1000, [&](int64_t i) { ++times[static_cast<size_t>(i)]; });
  for (const auto& count : times) EXPECT_EQ(count, 1);
}

TEST(thread_pool, has_its_threads_again_after_an_item_has_thrown) {
  const std::thread::id here = std::this_thread::get_id();
  const auto throwing = [&](int64_t) {
    if (std::this_thread::get_id() == here) throw std::bad_alloc();
  };
  EXPECT_THROW(parallel_for(2, 1000000, throwing), std::bad_alloc);
  // Each item waits for the other: one thread alone would never see both begin.
  std::atomic<int> begun{0}, met{0};
  parallel_for(2, 2, [&](int64_t) {
    ++begun;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (begun < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    if (begun == 2) ++met;
  });
  EXPECT_EQ(met, 2);
}

TEST(thread_pool, serves_callers_from_several_threads_and_from_inside_an_item) {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        parallel_for(3, 4, [&](int64_t) { parallel_for(2, 5, [&](int64_t) { ++done; }); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 4 * 50 * 4 * 5);
}

}  // namespace
}  // namespace convscope
