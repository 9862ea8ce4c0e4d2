// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/row_kernels.h"

#include <cstring>

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

template <class T>
void largest(const T* const* rows, int64_t count, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  join_rows(
      rows + 1, count - 1, n, to, [&](int64_t i, int64_t) { return hn::LoadU(d, rows[0] + i); },
      [](auto most, auto v) {
        // A nan that has been found stays: nothing is larger. (Ne() is false for nan on some instruction sets.)
        return hn::IfThenElse(hn::Or(hn::Gt(v, most), hn::Not(hn::Eq(v, v))), v, most);
      });
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
  }
  for (int64_t at = i * stride; at < n; ++i) {
    for (int64_t p = 0; p < stride && at < n; ++p, ++at) to[at] = rows[p][i];
  }
}

template <class T>
RowKernels<T> kernels() {
  return {&largest<T>, &sum<T>, &pick<T>, &interleave<T>, &add<T>, &add_to_own<T>};
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
