// The row kernels against plain loops, on every instruction set, and what is made of them.
#include "engine/row_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "engine/gemm.h"
#include "engine/pool.h"
#include "engine/row_taps.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

template <class T>
class RowKernelsOf : public ::testing::Test {
 protected:
  ~RowKernelsOf() override { use_simd_target(""); }

  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  /// Followed by what may be read.
  std::vector<T> numbers(int64_t n) {
    std::vector<T> made(static_cast<size_t>(n) + 64 / sizeof(T));
    for (T& v : made) v = std::normal_distribution<T>()(random_);
    return made;
  }
  static bool same(const T* a, const T* b, size_t n) { return std::memcmp(a, b, n * sizeof(T)) == 0; }

  std::mt19937_64 random_{testing::test_seed()};
};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowKernelsOf, Types);

TYPED_TEST(RowKernelsOf, agree_with_plain_loops) {
  using T = TypeParam;
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    const RowKernels<T> kernels = row_kernels<T>();
    for (int round = 0; round < 300; ++round) {
      const int64_t n = this->pick(1, 70), count = this->pick(1, 5),
                    stride = this->pick(0, 4) == 0 ? 8 : this->pick(1, 4);
      const auto size = static_cast<size_t>(n);
      std::vector<std::vector<T>> rows;
      std::vector<const T*> pointers;
      for (int64_t r = 0; r < count + stride; ++r) rows.push_back(this->numbers(n));
      for (const auto& row : rows) pointers.push_back(row.data());

      std::vector<T> wanted(size), sums(size);
      for (size_t i = 0; i < size; ++i) {
        wanted[i] = rows[0][i];
        for (size_t r = 0; r < static_cast<size_t>(count); ++r) {
          wanted[i] = std::max(wanted[i], rows[r][i]);
          sums[i] += rows[r][i];
        }
      }
      // What stands behind is left alone.
      const std::vector<T> before = this->numbers(n);
      std::vector<T> to = before;
      const auto rest_is_untouched = [&] {
        return this->same(to.data() + size, before.data() + size, to.size() - size);
      };
      kernels.largest(pointers.data(), count, n, to.data());
      EXPECT_TRUE(this->same(to.data(), wanted.data(), size) && rest_is_untouched()) << target << " " << n;
      to = before;
      std::vector<RowNumber<T>> rows_of_largest(to.size());
      kernels.first_largest(pointers.data(), count, n, to.data(), rows_of_largest.data());
      EXPECT_TRUE(this->same(to.data(), wanted.data(), size) && rest_is_untouched()) << target << " " << n;
      for (size_t i = 0; i < size; ++i) EXPECT_EQ(rows[static_cast<size_t>(rows_of_largest[i] - 1)][i], wanted[i]);
      to = before;
      kernels.sum(pointers.data(), count, n, to.data());
      EXPECT_TRUE(this->same(to.data(), sums.data(), size) && rest_is_untouched()) << target << " " << n;

      std::vector<T> added = before;
      for (size_t i = 0; i < size; ++i) added[i] += rows[0][i];
      to = before;
      kernels.add(pointers[0], n, to.data());
      EXPECT_TRUE(this->same(to.data(), added.data(), to.size())) << target << " " << n;
      to = before;
      kernels.add_to_own(pointers[0], n, to.data());
      EXPECT_TRUE(this->same(to.data(), added.data(), to.size())) << target << " " << n;

      const std::vector<T> wide = this->numbers((n - 1) * stride + 1);
      to = before;
      kernels.pick(wide.data(), stride, n, to.data());
      for (size_t i = 0; i < size; ++i) EXPECT_EQ(to[i], wide[i * static_cast<size_t>(stride)]) << target;
      EXPECT_TRUE(rest_is_untouched()) << target;

      // Three rows of so many numbers each.
      const int64_t pitch = n + 2, wide_pitch = std::ssize(wide) + 1;
      const std::vector<T> wide_rows = this->numbers(3 * wide_pitch), three = this->numbers(3 * pitch);
      std::vector<T> to_rows = three, expected_rows = three;
      kernels.pick_rows(wide_rows.data(), wide_pitch, 3, stride, n, to_rows.data(), pitch);
      for (int64_t i = 0; i < 3 * n; ++i) {
        expected_rows[static_cast<size_t>(i / n * pitch + i % n)] =
            wide_rows[static_cast<size_t>(i / n * wide_pitch + i % n * stride)];
      }
      EXPECT_TRUE(this->same(to_rows.data(), expected_rows.data(), to_rows.size())) << target << " " << n;
      kernels.add_rows_to_own(wide_rows.data(), wide_pitch, 3, n, to_rows.data(), pitch);
      for (int64_t i = 0; i < 3 * n; ++i) {
        expected_rows[static_cast<size_t>(i / n * pitch + i % n)] +=
            wide_rows[static_cast<size_t>(i / n * wide_pitch + i % n)];
      }
      EXPECT_TRUE(this->same(to_rows.data(), expected_rows.data(), to_rows.size())) << target << " " << n;

      to = before;
      kernels.interleave(pointers.data(), stride, n, to.data());
      for (size_t i = 0; i < size; ++i) {
        const auto step = static_cast<size_t>(stride);
        EXPECT_EQ(to[i], rows[i % step][i / step]) << target;
      }
      EXPECT_TRUE(rest_is_untouched()) << target;
    }
  }
}

TYPED_TEST(RowKernelsOf, a_laid_out_row_holds_every_tap_of_every_window) {
  using T = TypeParam;
  const RowKernels<T> kernels = row_kernels<T>();
  for (int round = 0; round < 2000; ++round) {
    WindowAxis axis;
    axis.extent = this->pick(1, 30);
    axis.kernel = this->pick(1, 6);
    axis.stride = this->pick(1, 7);
    axis.dilation = this->pick(1, 7);
    axis.pad_begin = this->pick(0, 9);
    axis.count = this->pick(1, 12);
    const int64_t first = this->pick(0, axis.count - 1), count = this->pick(1, axis.count - first);
    const RowTaps taps(axis, count + this->pick(0, 3));  // as many at most
    const std::vector<T> cells = this->numbers(axis.extent);
    std::vector<T> row(static_cast<size_t>(taps.width()) + 64 / sizeof(T));
    taps.lay_out(kernels, cells.data(), first, count, T{-7}, row.data());
    for (int64_t s = 0; s < axis.kernel; ++s) {
      const WindowRange on = windows_on_cells(axis, s, first, count);
      for (int64_t q = first; q < first + count; ++q) {
        const int64_t cell = axis.cell(q, s);
        const bool is_inside = cell >= 0 && cell < axis.extent;
        EXPECT_EQ(row[static_cast<size_t>(taps.offset(s) + q - first)],
                  is_inside ? cells[static_cast<size_t>(cell)] : T{-7});
        EXPECT_EQ(q >= on.begin && q < on.end, is_inside);
      }
    }
  }
}

TYPED_TEST(RowKernelsOf, max_pooling_hands_nan_on_and_copes_with_infinities) {
  using T = TypeParam;
  const T odd[] = {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(),
                   -std::numeric_limits<T>::infinity()};
  for (int round = 0; round < 200; ++round) {
    PoolParams p = PoolParams::of(PoolKind::max, 2);
    p.dtype = dtype_of<T>();
    p.kernel_size = {this->pick(1, 4), this->pick(1, 4)};
    p.stride = Spatial{this->pick(1, 3), this->pick(1, 3)};
    p.dilation = {this->pick(1, 2), this->pick(1, 2)};
    const Result<PoolPlan> plan = validate(p, {1, 2, this->pick(1, 12), this->pick(1, 60)});
    if (!plan) continue;
    Tensor x = testing::random_tensor(this->random_, plan->input_shape(), p.dtype);
    for (int64_t i = 0; i < x.numel(); ++i) {
      if (this->pick(0, 5) == 0) x.mutable_data<T>()[i] = odd[this->pick(0, 2)];
    }
    const Tensor with_indices = pool(*plan, x, PoolIndices::wanted).value().output;
    const Tensor plain = pool(*plan, x).value().output;
    for (int64_t i = 0; i < plain.numel(); ++i) {
      const T a = with_indices.data<T>()[i], b = plain.data<T>()[i];
      EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace convscope
