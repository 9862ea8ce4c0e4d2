// The one pass over many numbers, against a plain loop, on every instruction set.
#include "engine/extremes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "engine/gemm.h"
#include "random_plans.h"

namespace convscope {
namespace {

template <class T>
Extremes<T> plain(const std::vector<T>& numbers) {
  Extremes<T> found;
  bool any = false;
  for (const T v : numbers) {
    if (!std::isfinite(v)) continue;
    found.low = any ? std::min(found.low, v) : v;
    found.high = any ? std::max(found.high, v) : v;
    any = true;
    if (v != 0 && (found.least == 0 || std::abs(v) < found.least)) found.least = std::abs(v);
    if (v != std::trunc(v)) found.whole = false;
  }
  return found;
}

template <class T>
class ExtremesOf : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ExtremesOf, Types);

TYPED_TEST(ExtremesOf, agrees_with_a_plain_loop) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  const T odd[] = {0,
                   -T{0},
                   Limits::infinity(),
                   -Limits::infinity(),
                   Limits::quiet_NaN(),
                   Limits::max(),
                   Limits::lowest(),
                   Limits::denorm_min(),
                   T{1} / Limits::epsilon(),
                   T{0.5}};
  std::mt19937_64 random(testing::test_seed());
  std::normal_distribution<T> normal;
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    for (int i = 0; i < 500; ++i) {
      std::vector<T> numbers(random() % 70);
      const auto kind = random() % 4;  // whole, any, odd ones among them, only odd ones
      for (T& v : numbers) {
        v = kind == 0 ? std::round(normal(random) * 10) : normal(random);
        if (kind == 3 || (kind == 2 && random() % 8 == 0)) v = odd[random() % std::size(odd)];
      }
      const Extremes<T> wanted = plain(numbers);
      const Extremes<T> found = extremes_of(numbers.data(), std::ssize(numbers));
      EXPECT_EQ(found.low, wanted.low) << target;
      EXPECT_EQ(found.high, wanted.high) << target;
      EXPECT_EQ(found.least, wanted.least) << target;
      EXPECT_EQ(found.whole, wanted.whole) << target;
    }
  }
  use_simd_target("");
}

}  // namespace
}  // namespace convscope
