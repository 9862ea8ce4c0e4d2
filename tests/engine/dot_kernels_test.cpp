// The kernels behind the gradients' sums against plain loops, on every instruction set, and what is made of them.
#include "engine/dot_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "conv_cases.h"
#include "engine/conv2d_backward.h"
#include "engine/conv2d_weight_dots.h"
#include "engine/conv2d_weight_gradient.h"
#include "engine/gemm.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::conv;
using testing::ForcedTarget;
using testing::NamedPlan;
using testing::random_tensor;
using testing::same_bits;

template <class T>
class DotKernelsOf : public ::testing::Test {
 protected:
  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  std::mt19937_64 random_{testing::test_seed()};
};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(DotKernelsOf, Types);

TYPED_TEST(DotKernelsOf, agree_with_plain_loops_and_leave_alone_what_lies_behind) {
  using T = TypeParam;
  for (const std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    const DotKernels<T> kernels = dot_kernels<T>();
    for (int streams = 1; streams <= kMaxDotStreams; ++streams) {
      for (int rows = 1; rows <= kernels.max_rows(streams); ++rows) {
        const int64_t n = this->pick(1, 70), steps = this->pick(1, 4), pitch = n + this->pick(0, 5);
        // What lies between and behind the stretches may be anything.
        const size_t size = static_cast<size_t>(steps * pitch) + 64 / sizeof(T);
        const auto numbers = [&] {
          std::vector<T> made(size, std::numeric_limits<T>::quiet_NaN());
          for (int64_t t = 0; t < steps; ++t) {
            for (int64_t i = 0; i < n; ++i) {
              made[static_cast<size_t>(t * pitch + i)] = std::normal_distribution<T>()(this->random_);
            }
          }
          return made;
        };
        std::vector<T> all_rows;
        for (int i = 0; i < rows; ++i) {
          const std::vector<T> row = numbers();
          all_rows.insert(all_rows.end(), row.begin(), row.end());
        }
        std::vector<std::vector<T>> all_streams;
        for (int s = 0; s < streams; ++s) all_streams.push_back(numbers());
        alignas(64) T sums[kMaxDotRows * kMaxDotStreams * 64 / sizeof(T)] = {};
        DotTask<T> task;
        task.rows = all_rows.data();
        task.row_stride = static_cast<int64_t>(size);
        task.row_pitch = task.stream_pitch = pitch;
        for (int s = 0; s < streams; ++s) task.streams[s] = all_streams[static_cast<size_t>(s)].data();
        task.steps = steps;
        task.n = n;
        task.sums = sums;
        task.sums_pitch = streams * kernels.lanes;
        kernels.run(rows, streams, task);
        for (int i = 0; i < rows; ++i) {
          for (int s = 0; s < streams; ++s) {
            double expected = 0;
            for (int64_t t = 0; t < steps; ++t) {
              for (int64_t j = t * pitch; j < t * pitch + n; ++j) {
                expected += double{all_rows[static_cast<size_t>(i) * size + static_cast<size_t>(j)]} *
                            double{all_streams[static_cast<size_t>(s)][static_cast<size_t>(j)]};
              }
            }
            const T got = kernels.total(sums + (i * streams + s) * kernels.lanes);
            EXPECT_NEAR(got, expected, 100 * std::numeric_limits<T>::epsilon() * static_cast<double>(n * steps))
                << target << " " << rows << " rows, " << streams << " streams, n " << n;
          }
        }
        double all = 0;
        for (int64_t i = 0; i < n; ++i) all += double{all_rows[static_cast<size_t>(i)]};
        EXPECT_NEAR(kernels.sum(all_rows.data(), n), all,
                    100 * std::numeric_limits<T>::epsilon() * static_cast<double>(n));
      }
    }
  }
}

class WeightGradients : public ::testing::TestWithParam<DType> {
 protected:
  /// Both ways, where they can be gone, beside the reference, on every instruction set.
  template <class T>
  static void expect_alike(const ConvPlan& plan, const Tensor& x, const Tensor& g, const std::string& where) {
    std::vector<T> expected(static_cast<size_t>(plan.out_channels * plan.taps())),
        bias(static_cast<size_t>(plan.out_channels));
    std::vector<T> by_input(static_cast<size_t>(x.numel())), weight(expected.size());
    conv2d_backward_naive<T>(plan, x.data<T>(), weight.data(), g.data<T>(), by_input.data(), expected.data(),
                             bias.data(), nullptr);
    const double allowed = testing::tolerance(plan.dtype, static_cast<double>(plan.batch * plan.positions()));
    for (const std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      for (const auto way : {&conv2d_weight_dots<T>, &conv2d_weight_gradient<T>}) {
        const bool dots = way == &conv2d_weight_dots<T>;
        if (dots && !weight_dots_fit<T>(plan)) continue;
        std::vector<T> one(expected.size(), T{77}), four(expected.size(), T{78});
        ASSERT_EQ(way(plan, x.data<T>(), g.data<T>(), one.data(), 1, nullptr), Outcome::finished);
        ASSERT_EQ(way(plan, x.data<T>(), g.data<T>(), four.data(), 4, nullptr), Outcome::finished);
        EXPECT_EQ(one, four) << target << (dots ? " dots " : " product ") << where;
        double worst = 0;
        for (size_t i = 0; i < one.size(); ++i) {
          worst = std::max(worst, std::abs(double{one[i]} - double{expected[i]}));
        }
        EXPECT_LE(worst, allowed) << target << (dots ? " dots " : " product ") << where;
      }
    }
  }
  static void expect_alike(const ConvPlan& plan, std::mt19937_64& random, const std::string& where) {
    const Tensor x = random_tensor(random, plan.input_shape(), plan.dtype);
    const Tensor g = random_tensor(random, plan.output_shape(), plan.dtype);
    plan.dtype == DType::float32 ? expect_alike<float>(plan, x, g, where) : expect_alike<double>(plan, x, g, where);
  }
  std::mt19937_64 random_{testing::test_seed()};
};
INSTANTIATE_TEST_SUITE_P(DTypes, WeightGradients, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

TEST_P(WeightGradients, agree_on_random_parameters_and_every_instruction_set) {
  for (int i = 0; i < 150; ++i) {
    const testing::RandomCase c = testing::random_case(random_, GetParam(), 1e5);
    if (c.plan.output_cells() == 0) continue;
    expect_alike(c.plan, random_,
                 "CONVSCOPE_TEST_SEED=" + std::to_string(testing::test_seed()) + ", case " + std::to_string(i) + ": " +
                     testing::describe(c));
  }
}

TEST_P(WeightGradients, agree_in_every_way) {
  // Several blocks down and across, rows that run on, rows of the kernel together, phases of strides, many items.
  const NamedPlan plans[] = {
      {"blocks_below_each_other", conv(2, 5, {3, 3}, {1, 1}, {1, 1}), {1, 2, 90, 57}},
      {"blocks_beside_each_other", conv(1, 4, {1, 5}, {1, 1}, {0, 2}), {1, 1, 3, 2500}},
      {"rows_run_on", conv(9, 13, {3, 3}, {1, 1}, {1, 1}), {2, 9, 9, 9}},
      {"depthwise", conv(5, 5, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 5), {2, 5, 40, 41}},
      {"depthwise_strided", conv(5, 5, {5, 3}, {2, 2}, {2, 1}, {1, 1}, 5), {1, 5, 40, 41}},
      {"depthwise_dilated", conv(3, 3, {4, 3}, {3, 1}, {6, 2}, {2, 2}, 3), {1, 3, 40, 41}},
      {"depthwise_of_tall_kernels", conv(2, 2, {19, 3}, {1, 1}, {9, 1}, {1, 1}, 2), {1, 2, 30, 31}},
      {"depthwise_dilation_beyond_the_block", conv(2, 2, {3, 3}, {1, 1}, {30, 30}, {30, 30}, 2), {1, 2, 9, 9}},
      {"pointwise", conv(30, 70, {1, 1}), {1, 30, 33, 35}},
      {"reflect", conv(3, 2, {5, 5}, {1, 1}, {4, 4}, {2, 2}, 1, PaddingMode::reflect), {1, 3, 33, 47}},
      {"one_column", conv(3, 2, {5, 1}, {1, 1}, {2, 0}), {1, 3, 300, 1}},
  };
  for (const NamedPlan& named : plans) {
    ConvParams p = named.params;
    p.dtype = GetParam();
    const Result<ConvPlan> plan = validate(p, named.input);
    ASSERT_TRUE(plan) << named.name;
    expect_alike(*plan, random_, named.name);
  }
}

TEST_P(WeightGradients, of_an_infinite_input_do_not_spread_over_the_ends_of_rows) {
  // Where rows run on, what lies between them is multiplied with zeros: only as long as all of it is finite.
  ConvParams p = conv(4, 6, {3, 3}, {1, 1}, {1, 1});
  p.dtype = GetParam();
  const ConvPlan plan = validate(p, {2, 4, 9, 9}).value();
  const Tensor g = random_tensor(random_, plan.output_shape(), p.dtype);
  const Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
  for (double bad : testing::numbers_that_spoil(GetParam())) {
    const Tensor x =
        testing::with_number(random_tensor(random_, plan.input_shape(), p.dtype), 17, bad);  // at the end of a row
    EXPECT_EQ(testing::spoiled_differently(conv2d_backward(plan, x, w, g, {Algorithm::naive, 1, nullptr})->weight,
                                           conv2d_backward(plan, x, w, g, {Algorithm::automatic, 1, nullptr})->weight),
              "");
  }
}

}  // namespace
}  // namespace convscope
