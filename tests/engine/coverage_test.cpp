// How many windows use each cell: the closed form against counting.
#include "engine/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "engine/padding.h"
#include "engine/trace.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::RandomCase;

// Positions of one axis that read cell i, one by one.
int64_t counted(int64_t i, int64_t n, int64_t begin, int64_t stride, int64_t dilation, int64_t kernel, int64_t out,
                PaddingMode mode) {
  int64_t count = 0;
  for (int64_t o = 0; o < out; ++o) {
    bool reads = false;
    for (int64_t k = 0; k < kernel; ++k) reads = reads || source_index(o * stride + k * dilation - begin, n, mode) == i;
    count += reads ? 1 : 0;
  }
  return count;
}

void check(const ConvPlan& plan) {
  const Coverage coverage(plan);
  std::vector<int64_t> rows, columns;
  for (int64_t y = 0; y < plan.in.h; ++y) {
    rows.push_back(counted(y, plan.in.h, plan.pads.top, plan.stride.h, plan.dilation.h, plan.kernel.h, plan.out.h,
                           plan.padding_mode));
    ASSERT_EQ(coverage.rows().windows(y), rows.back()) << "row " << y;
  }
  for (int64_t x = 0; x < plan.in.w; ++x) {
    columns.push_back(counted(x, plan.in.w, plan.pads.left, plan.stride.w, plan.dilation.w, plan.kernel.w, plan.out.w,
                              plan.padding_mode));
    ASSERT_EQ(coverage.columns().windows(x), columns.back()) << "column " << x;
  }
  int64_t least = rows[0] * columns[0], most = 0, unused = 0;
  for (const int64_t row : rows) {
    for (const int64_t column : columns) {
      least = std::min(least, row * column);
      most = std::max(most, row * column);
      unused += row * column == 0 ? 1 : 0;
    }
  }
  EXPECT_EQ(coverage.least(), least);
  EXPECT_EQ(coverage.most(), most);
  EXPECT_EQ(coverage.unused_cells(), unused);
}

// Both axes counted together, through the taps' own arithmetic.
int64_t counted_cell(const ConvPlan& plan, int64_t y, int64_t x) {
  int64_t count = 0;
  for (int64_t position = 0; position < plan.positions(); ++position) {
    bool reads = false;
    for (int64_t i = 0; i < plan.kernel.h * plan.kernel.w; ++i) {
      const Tap tap = tap_of(plan, {0, 0, position / plan.out.w, position % plan.out.w}, i);
      reads = reads || (tap.source_y == y && tap.source_x == x);
    }
    count += reads ? 1 : 0;
  }
  return count;
}

TEST(coverage, a_border_without_padding_is_used_less) {
  const ConvPlan plan = validate({}, {1, 1, 5, 5}).value();
  const Coverage coverage(plan);
  const int64_t expected[5] = {1, 2, 3, 2, 1};
  for (int64_t y = 0; y < 5; ++y) {
    for (int64_t x = 0; x < 5; ++x) EXPECT_EQ(coverage.windows(y, x), expected[y] * expected[x]);
  }
  EXPECT_EQ(coverage.least(), 1);
  EXPECT_EQ(coverage.most(), 9);
  EXPECT_EQ(coverage.unused_cells(), 0);
}

TEST(coverage, what_the_floor_leaves_over_is_used_by_none) {
  ConvParams params;
  params.stride = {2, 2};
  const Coverage coverage(validate(params, {1, 1, 6, 6}).value());
  EXPECT_EQ(coverage.windows(4, 4), 1);
  EXPECT_EQ(coverage.windows(5, 0), 0);
  EXPECT_EQ(coverage.windows(2, 2), 4);
  EXPECT_EQ(coverage.unused_cells(), 11);
  EXPECT_EQ(coverage.least(), 0);
}

TEST(coverage, is_what_counting_gives_for_every_small_axis) {
  int plans = 0;
  for (const PaddingMode mode :
       {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    for (int64_t n = 1; n <= 9; ++n) {
      for (int64_t kernel = 1; kernel <= 4; ++kernel) {
        for (int64_t stride = 1; stride <= 5; ++stride) {
          for (int64_t dilation = 1; dilation <= 4; ++dilation) {
            for (int64_t pad = 0; pad <= 9; ++pad) {
              ConvParams params;
              params.kernel_size = {1, kernel};
              params.stride = {1, stride};
              params.dilation = {1, dilation};
              params.padding = {0, pad};
              params.padding_mode = mode;
              const auto plan = validate(params, {1, 1, 1, n});
              if (!plan) continue;
              ASSERT_NO_FATAL_FAILURE(check(*plan)) << "n " << n << " kernel " << kernel << " stride " << stride
                                                    << " dilation " << dilation << " padding " << pad;
              ++plans;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(plans, 5000);
}

TEST(coverage, is_what_counting_gives_for_random_layers) {
  std::mt19937_64 random(testing::test_seed() + 31);
  for (int i = 0; i < 200; ++i) {
    const RandomCase c = testing::random_case(random, DType::float32, 2e4);
    ASSERT_NO_FATAL_FAILURE(check(c.plan)) << testing::describe(c);
    const Coverage coverage(c.plan);
    if (c.plan.positions() * c.plan.in.h * c.plan.in.w > 20000) continue;
    for (int64_t y = 0; y < c.plan.in.h; ++y) {
      for (int64_t x = 0; x < c.plan.in.w; ++x) {
        ASSERT_EQ(coverage.windows(y, x), counted_cell(c.plan, y, x)) << testing::describe(c);
      }
    }
  }
}

TEST(coverage, of_a_photograph_takes_no_time_per_cell) {
  ConvParams params;
  params.kernel_size = {7, 7};
  params.padding = {3, 3};
  const Coverage coverage(validate(params, {1, 1, 20000, 20000}).value());
  EXPECT_EQ(coverage.most(), 49);
  EXPECT_EQ(coverage.least(), 16);
  EXPECT_EQ(coverage.windows(10000, 10000), 49);
}

}  // namespace
}  // namespace convscope
