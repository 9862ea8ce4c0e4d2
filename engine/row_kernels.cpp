// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/row_kernels.h"

#include <cstring>
#include <limits>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/row_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The first `n` numbers of a vector, n < its lanes.
template <class D, class V, class T>
HWY_INLINE void store_some(D d, V v, int64_t n, T* to) {
  HWY_ALIGN T all[hn::MaxLanes(d)];
  hn::Store(v, d, all);
  std::memcpy(to, all, static_cast<size_t>(n) * sizeof(T));
}

/// The same way round; what lies behind them may be written by somebody else.
template <class D, class T>
HWY_INLINE auto load_some(D d, const T* from, int64_t n) {
  HWY_ALIGN T all[hn::MaxLanes(d)] = {};
  std::memcpy(all, from, static_cast<size_t>(n) * sizeof(T));
  return hn::Load(d, all);
}

/// For each vector of `to`: begin(i, n) for the n numbers from i on, then join(v, loaded) for each row.
template <class T, class Begin, class Join>
HWY_INLINE void join_rows(const T* const* rows, int64_t count, int64_t n, T* to, const Begin& begin, const Join& join) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    auto a = begin(i, lanes), b = begin(i + lanes, lanes);
    for (int64_t r = 0; r < count; ++r) {
      a = join(a, hn::LoadU(d, rows[r] + i));
      b = join(b, hn::LoadU(d, rows[r] + i + lanes));
    }
    hn::StoreU(a, d, to + i);
    hn::StoreU(b, d, to + i + lanes);
  }
  for (; i < n; i += lanes) {
    const int64_t useful = n - i < lanes ? n - i : lanes;
    auto a = begin(i, useful);
    for (int64_t r = 0; r < count; ++r) a = join(a, hn::LoadU(d, rows[r] + i));
    if (useful == lanes) {
      hn::StoreU(a, d, to + i);
    } else {
      store_some(d, a, useful, to + i);
    }
  }
}

/// The largest of so many vectors from i on; a nan, which no comparison finds, is looked for beside.
template <class T, int kVectors>
HWY_INLINE void largest_from(const T* const* rows, int64_t count, int64_t i, hn::Vec<hn::ScalableTag<T>> (&most)[kVectors]) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> odd[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    most[v] = hn::LoadU(d, rows[0] + i + v * lanes);
    odd[v] = most[v];
  }
  for (int64_t r = 1; r < count; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto x = hn::LoadU(d, rows[r] + i + v * lanes);
      most[v] = hn::IfThenElse(hn::Gt(x, most[v]), x, most[v]);
      odd[v] = hn::IfThenElse(hn::Eq(x, x), odd[v], x);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) most[v] = hn::IfThenElse(hn::Eq(odd[v], odd[v]), most[v], odd[v]);
}

template <class T>
void largest(const T* const* rows, int64_t count, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    hn::Vec<decltype(d)> most[4];
    largest_from<T, 4>(rows, count, i, most);
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) hn::StoreU(most[v], d, to + i + v * lanes);
  }
  for (; i < n; i += lanes) {
    hn::Vec<decltype(d)> most[1];
    largest_from<T, 1>(rows, count, i, most);
    if (n - i >= lanes) {
      hn::StoreU(most[0], d, to + i);
    } else {
      store_some(d, most[0], n - i, to + i);
    }
  }
}

template <class T, int kVectors>
HWY_INLINE void first_largest_from(const T* const* rows, int64_t count, int64_t i, int64_t n, T* to,
                                   RowNumber<T>* numbers) {
  const hn::ScalableTag<T> d;
  const hn::ScalableTag<RowNumber<T>> of_number;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> most[kVectors];
  hn::Vec<decltype(of_number)> number[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    most[v] = hn::Set(d, -std::numeric_limits<T>::infinity());
    number[v] = hn::Zero(of_number);
  }
  for (int64_t r = 0; r < count; ++r) {
    const auto here = hn::Set(of_number, static_cast<RowNumber<T>>(r + 1));
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto x = hn::LoadU(d, rows[r] + i + v * lanes);
      const auto is_larger = hn::Or(hn::Gt(x, most[v]), hn::Not(hn::Eq(x, x)));
      most[v] = hn::IfThenElse(is_larger, x, most[v]);
      number[v] = hn::IfThenElse(hn::RebindMask(of_number, is_larger), here, number[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int64_t at = i + v * lanes;
    hn::StoreU(number[v], of_number, numbers + at);
    if (n - at >= lanes) {
      hn::StoreU(most[v], d, to + at);
    } else {
      store_some(d, most[v], n - at, to + at);
    }
  }
}

template <class T>
void first_largest(const T* const* rows, int64_t count, int64_t n, T* to, RowNumber<T>* numbers) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) first_largest_from<T, 4>(rows, count, i, n, to, numbers);
  for (; i < n; i += lanes) first_largest_from<T, 1>(rows, count, i, n, to, numbers);
}

template <class T>
void sum(const T* const* rows, int64_t count, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  join_rows(
      rows, count, n, to, [&](int64_t, int64_t) { return hn::Zero(d); }, [](auto a, auto b) { return hn::Add(a, b); });
}

template <class T>
void add(const T* from, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  join_rows(
      &from, 1, n, to,
      [&](int64_t i, int64_t some) { return some == lanes ? hn::LoadU(d, to + i) : load_some(d, to + i, some); },
      [](auto a, auto b) { return hn::Add(a, b); });
}

template <class T>
void add_to_own(const T* from, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  if (i == n) return;
  const auto some = hn::FirstN(d, static_cast<size_t>(n - i));
  const auto old = hn::LoadU(d, to + i);
  hn::StoreU(hn::IfThenElse(some, hn::Add(old, hn::LoadU(d, from + i)), old), d, to + i);
}

template <class T>
void add_rows_to_own(const T* from, int64_t from_pitch, int64_t rows, int64_t n, T* to, int64_t to_pitch) {
  for (int64_t row = 0; row < rows; ++row) add_to_own(from + row * from_pitch, n, to + row * to_pitch);
}

template <class T>
void pick(const T* from, int64_t stride, int64_t n, T* to) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR  // which has nothing that works across lanes
  if (stride == 2) {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    const auto even = [&](int64_t at) {
      return hn::ConcatEven(d, hn::LoadU(d, from + 2 * at + lanes), hn::LoadU(d, from + 2 * at));
    };
    // One number less than two vectors is all that may be read; the vector before the last is reached once more.
    for (; i + lanes < n; i += lanes) hn::StoreU(even(i), d, to + i);
    if (n > lanes) {
      hn::StoreU(even(n - lanes - 1), d, to + n - lanes - 1);
      i = n - 1;
    }
  }
#endif
  for (; i < n; ++i) to[i] = from[i * stride];
}

template <class T>
void pick_rows(const T* from, int64_t from_pitch, int64_t rows, int64_t stride, int64_t n, T* to, int64_t to_pitch) {
  for (int64_t row = 0; row < rows; ++row) pick(from + row * from_pitch, stride, n, to + row * to_pitch);
}

template <class T>
void interleave(const T* const* rows, int64_t stride, int64_t n, T* to) {
  if (stride == 1) {
    std::memcpy(to, rows[0], static_cast<size_t>(n) * sizeof(T));
    return;
  }
  int64_t i = 0;
  if (stride == 2) {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (; 2 * (i + lanes) <= n; i += lanes) {
      hn::StoreInterleaved2(hn::LoadU(d, rows[0] + i), hn::LoadU(d, rows[1] + i), d, to + 2 * i);
    }
    // The last vectors go back as far as they must.
    if (const int64_t half = n / 2; half > i && half >= lanes) {
      i = half - lanes;
      hn::StoreInterleaved2(hn::LoadU(d, rows[0] + i), hn::LoadU(d, rows[1] + i), d, to + 2 * i);
      i = half;
    }
  }
  for (int64_t at = i * stride; at < n; ++i) {
    for (int64_t p = 0; p < stride && at < n; ++p, ++at) to[at] = rows[p][i];
  }
}

template <class T>
RowKernels<T> kernels() {
  return {&largest<T>, &first_largest<T>, &sum<T>, &pick<T>, &interleave<T>,
          &add<T>, &add_to_own<T>, &add_rows_to_own<T>, &pick_rows<T>};
}

RowKernels<float> rows_of_float() { return kernels<float>(); }
RowKernels<double> rows_of_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(rows_of_float);
HWY_EXPORT(rows_of_double);

template <>
RowKernels<float> row_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(rows_of_float)();
}

template <>
RowKernels<double> row_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(rows_of_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
