// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/row_kernels.h"

#include <cstring>
#include <limits>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/row_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/turn_square-inl.h"

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The first `n` numbers of a vector, n < its lanes; what lies behind them may be written by somebody else.
template <class D, class V, class T>
HWY_INLINE void store_some(D d, V v, int64_t n, T* to) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2  // where a mask keeps the hands off
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, to);
#else
  HWY_ALIGN T all[hn::MaxLanes(d)];
  hn::Store(v, d, all);
  std::memcpy(to, all, static_cast<size_t>(n) * sizeof(T));
#endif
}

/// The same way round.
template <class D, class T>
HWY_INLINE auto load_some(D d, const T* from, int64_t n) {
  HWY_ALIGN T all[hn::MaxLanes(d)] = {};
  std::memcpy(all, from, static_cast<size_t>(n) * sizeof(T));
  return hn::Load(d, all);
}

/// A vector, or what is left of it.
template <class D, class V, class T>
HWY_INLINE void store_up_to(D d, V v, int64_t n, T* to) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) {
    hn::StoreU(v, d, to);
  } else {
    store_some(d, v, n, to);
  }
}

/// Calls body(vectors, i) for the vectors that hold n numbers, four at a time: `vectors` is a constant.
template <class T, class Body>
HWY_INLINE void for_vectors(int64_t n, const Body& body) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  int64_t i = 0;
  for (; n - i > 3 * lanes; i += 4 * lanes) body(std::integral_constant<int, 4>(), i);
  if (n - i > 2 * lanes) {
    body(std::integral_constant<int, 3>(), i);
  } else if (n - i > lanes) {
    body(std::integral_constant<int, 2>(), i);
  } else if (n > i) {
    body(std::integral_constant<int, 1>(), i);
  }
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
    store_up_to(d, a, useful, to + i);
  }
}

/// Of so many vectors from i on the numbers before n; a nan, which no comparison finds, is looked for beside.
template <class T, int kVectors>
HWY_INLINE void largest_from(const T* const* rows, int64_t count, int64_t i, int64_t n, T* to) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> most[kVectors], odd[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) most[v] = odd[v] = hn::LoadU(d, rows[0] + i + v * lanes);
  for (int64_t r = 1; r < count; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto x = hn::LoadU(d, rows[r] + i + v * lanes);
      most[v] = hn::IfThenElse(hn::Gt(x, most[v]), x, most[v]);
      odd[v] = hn::IfThenElse(hn::Eq(x, x), odd[v], x);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const auto result = hn::IfThenElse(hn::Eq(odd[v], odd[v]), most[v], odd[v]);
    store_up_to(d, result, n - i - v * lanes, to + i + v * lanes);
  }
}

template <class T>
void largest(const T* const* rows, int64_t count, int64_t n, T* to) {
  for_vectors<T>(n, [&](auto vectors, int64_t i) { largest_from<T, vectors>(rows, count, i, n, to); });
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
    store_up_to(d, most[v], n - at, to + at);
  }
}

template <class T>
void first_largest(const T* const* rows, int64_t count, int64_t n, T* to, RowNumber<T>* numbers) {
  for_vectors<T>(n, [&](auto vectors, int64_t i) { first_largest_from<T, vectors>(rows, count, i, n, to, numbers); });
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
  constexpr int64_t kSquare = kSide<T>;
  if (stride >= kSquare && stride % kSquare == 0) {
    for (; (i + kSquare) * stride <= n; i += kSquare) {
      for (int64_t p = 0; p < stride; p += kSquare) {
        const T* square[kSide<T>];
        for (int j = 0; j < kSide<T>; ++j) square[j] = rows[p + j] + i;
        turn_square(square, to + i * stride + p, stride);
      }
    }
  }
  for (int64_t at = i * stride; at < n; ++i) {
    for (int64_t p = 0; p < stride && at < n; ++p, ++at) to[at] = rows[p][i];
  }
}

template <class T>
RowKernels<T> kernels() {
  return {&largest<T>,    &first_largest<T>,   &sum<T>,      &pick<T>, &interleave<T>, &add<T>,
          &add_to_own<T>, &add_rows_to_own<T>, &pick_rows<T>};
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
