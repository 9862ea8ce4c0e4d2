// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/fft.h"

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/fft.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vec = hn::Vec<Tag<T>>;

/// A complex number in each lane.
template <class T>
struct Complex {
  Vec<T> re, im;
};

template <class T>
HWY_INLINE Complex<T> load(const T* row) {
  const Tag<T> d;
  return {hn::Load(d, row), hn::Load(d, row + hn::Lanes(d))};
}

template <class T>
HWY_INLINE void store(const Complex<T>& a, T* row) {
  const Tag<T> d;
  hn::Store(a.re, d, row);
  hn::Store(a.im, d, row + hn::Lanes(d));
}

template <class T>
HWY_INLINE Complex<T> operator+(const Complex<T>& a, const Complex<T>& b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}

template <class T>
HWY_INLINE Complex<T> operator-(const Complex<T>& a, const Complex<T>& b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}

/// a + i b where forward is false, a - i b where it is true.
template <bool kForward, class T>
HWY_INLINE Complex<T> add_turned(const Complex<T>& a, const Complex<T>& b) {
  if constexpr (kForward) return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
  return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
}

/// a times the root at `root`, or its conjugate on the way back.
template <bool kForward, class T>
HWY_INLINE Complex<T> twiddled(const Complex<T>& a, const T* root) {
  const Tag<T> d;
  const Vec<T> re = hn::Set(d, root[0]), im = hn::Set(d, root[1]);
  if constexpr (kForward) {
    return {hn::NegMulAdd(a.im, im, hn::Mul(a.re, re)), hn::MulAdd(a.re, im, hn::Mul(a.im, re))};
  }
  return {hn::MulAdd(a.im, im, hn::Mul(a.re, re)), hn::NegMulAdd(a.re, im, hn::Mul(a.im, re))};
}

/// The transform of four numbers, in place.
template <bool kForward, class T>
HWY_INLINE void dft4(Complex<T>& a0, Complex<T>& a1, Complex<T>& a2, Complex<T>& a3) {
  const Complex<T> s02 = a0 + a2, d02 = a0 - a2, s13 = a1 + a3, d13 = a1 - a3;
  a0 = s02 + s13;
  a1 = add_turned<kForward>(d02, d13);
  a2 = s02 - s13;
  a3 = add_turned<!kForward>(d02, d13);
}

template <bool kForward, class T>
HWY_INLINE void dft3(Complex<T>& a0, Complex<T>& a1, Complex<T>& a2) {
  const Tag<T> d;
  const Vec<T> half = hn::Set(d, T(0.5)), root = hn::Set(d, T(0.86602540378443864676));
  const Complex<T> sum = a1 + a2;
  Complex<T> difference = a1 - a2;
  const Complex<T> middle{hn::NegMulAdd(half, sum.re, a0.re), hn::NegMulAdd(half, sum.im, a0.im)};
  difference = {hn::Mul(difference.re, root), hn::Mul(difference.im, root)};
  a0 = a0 + sum;
  a1 = add_turned<kForward>(middle, difference);
  a2 = add_turned<!kForward>(middle, difference);
}

/// One butterfly of radix 3 or 4 on rows `step` apart. Forward multiplies with the roots after it, inverse before it.
template <bool kForward, int kRadix, bool kRoots, class T>
HWY_INLINE void butterfly(T* row, int64_t step, const T* roots) {
  Complex<T> a[kRadix];
#pragma GCC unroll 4
  for (int q = 0; q < kRadix; ++q) a[q] = load(row + q * step);
  if constexpr (kRoots && !kForward) {
#pragma GCC unroll 4
    for (int q = 1; q < kRadix; ++q) a[q] = twiddled<kForward>(a[q], roots + 2 * (q - 1));
  }
  if constexpr (kRadix == 3) dft3<kForward>(a[0], a[1], a[2]);
  if constexpr (kRadix == 4) dft4<kForward>(a[0], a[1], a[2], a[3]);
  if constexpr (kRoots && kForward) {
#pragma GCC unroll 4
    for (int q = 1; q < kRadix; ++q) a[q] = twiddled<kForward>(a[q], roots + 2 * (q - 1));
  }
#pragma GCC unroll 4
  for (int q = 0; q < kRadix; ++q) store(a[q], row + q * step);
}

/// A stage of radix 3 or 4: position j of every sequence before position j + 1, so that its roots are loaded once.
template <bool kForward, int kRadix, class T>
HWY_NOINLINE void stage(const typename FftTable<T>::Stage& s, int size, const T* roots, T* strip) {
  const int64_t row = 2 * static_cast<int64_t>(hn::Lanes(Tag<T>()));
  const int64_t positions = s.span / kRadix, step = positions * row, span = s.span * row, end = size * row;
  for (int64_t at = 0; at < end; at += span) butterfly<kForward, kRadix, false>(strip + at, step, roots);
  for (int64_t j = 1; j < positions; ++j) {
    roots += 2 * (kRadix - 1);
    for (int64_t at = j * row; at < end; at += span) butterfly<kForward, kRadix, true>(strip + at, step, roots);
  }
}

/// A multiplied by the eighth root of unity (or its conjugate): (1 -+ i) / sqrt 2.
template <bool kForward, class T>
HWY_INLINE Complex<T> eighth(const Complex<T>& a) {
  const Vec<T> root = hn::Set(Tag<T>(), T(0.70710678118654752440));
  const Complex<T> turned = add_turned<kForward>(a, a);
  return {hn::Mul(turned.re, root), hn::Mul(turned.im, root)};
}

/// The stage without roots that splits sequences of eight neighbours.
template <bool kForward, class T>
HWY_NOINLINE void stage8(int size, T* strip) {
  const int64_t row = 2 * static_cast<int64_t>(hn::Lanes(Tag<T>()));
  const Complex<T> zero{hn::Zero(Tag<T>()), hn::Zero(Tag<T>())};
  for (int i = 0; i < size; i += 8, strip += 8 * row) {
    Complex<T> s[4], d[4];
    if constexpr (kForward) {
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        const Complex<T> a = load(strip + q * row), b = load(strip + (q + 4) * row);
        s[q] = a + b;
        d[q] = a - b;
      }
      d[1] = eighth<true>(d[1]);
      d[2] = add_turned<true>(zero, d[2]);
      d[3] = eighth<true>(add_turned<true>(zero, d[3]));
    } else {
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        s[q] = load(strip + q * row);
        d[q] = load(strip + (q + 4) * row);
      }
    }
    dft4<kForward>(s[0], s[1], s[2], s[3]);
    dft4<kForward>(d[0], d[1], d[2], d[3]);
    if constexpr (kForward) {
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        store(s[q], strip + q * row);
        store(d[q], strip + (q + 4) * row);
      }
    } else {
      d[1] = eighth<false>(d[1]);
      d[2] = add_turned<false>(zero, d[2]);
      d[3] = eighth<false>(add_turned<false>(zero, d[3]));
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        store(s[q] + d[q], strip + q * row);
        store(s[q] - d[q], strip + (q + 4) * row);
      }
    }
  }
}

template <bool kForward, class T>
HWY_INLINE void run_stage(const FftTable<T>& table, const typename FftTable<T>::Stage& s, T* strip) {
  const T* roots = table.twiddles.data() + s.twiddle;
  if (s.radix == 8) return stage8<kForward>(table.size, strip);
  if (s.radix == 4) return stage<kForward, 4>(s, table.size, roots, strip);
  stage<kForward, 3>(s, table.size, roots, strip);
}

template <class T>
void forward(const FftTable<T>& table, T* strip) {
  for (const auto& s : table.stages) run_stage<true>(table, s, strip);
}

template <class T>
void inverse(const FftTable<T>& table, T* strip) {
  for (size_t i = table.stages.size(); i > 0; --i) run_stage<false>(table, table.stages[i - 1], strip);
}

#if HWY_TARGET == HWY_SCALAR

template <class T>
HWY_INLINE void transpose_square(const T* from, int64_t, T* to, int64_t) {
  *to = *from;
}
template <class T>
constexpr int kSide = 1;

#else

/// Transposes the square block whose side is the number of lanes of a 128-bit vector.
HWY_INLINE void transpose_square(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> pairs;
  const auto r0 = hn::Load(d, from), r1 = hn::Load(d, from + from_stride);
  const auto r2 = hn::Load(d, from + 2 * from_stride), r3 = hn::Load(d, from + 3 * from_stride);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + to_stride);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * to_stride);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * to_stride);
}

HWY_INLINE void transpose_square(const double* from, int64_t from_stride, double* to, int64_t to_stride) {
  const hn::FixedTag<double, 2> d;
  const auto r0 = hn::Load(d, from), r1 = hn::Load(d, from + from_stride);
  hn::Store(hn::InterleaveLower(d, r0, r1), d, to);
  hn::Store(hn::InterleaveUpper(d, r0, r1), d, to + to_stride);
}
template <class T>
constexpr int kSide = 16 / sizeof(T);

#endif

template <class T>
void transpose(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t blocks) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(Tag<T>())), row = 2 * lanes;
  for (int64_t block = 0; block < blocks; ++block, from += from_step, to += to_step) {
    for (int64_t part = 0; part < row; part += lanes) {
      for (int64_t i = 0; i < lanes; i += kSide<T>) {
        for (int64_t j = 0; j < lanes; j += kSide<T>) {
          transpose_square(from + j * row + part + i, row, to + i * row + part + j, row);
        }
      }
    }
  }
}

template <class T>
void multiply(const T* x, int64_t x_step, const T* w, int64_t terms, int64_t rows, T* acc) {
  const Tag<T> d;
  const int64_t row = 2 * static_cast<int64_t>(hn::Lanes(d)), block = kFftBlockRows * row;
  for (int64_t r = 0; r < rows; r += kFftBlockRows, x += block, acc += block) {
    Complex<T> sum[kFftBlockRows];
#pragma GCC unroll 4
    for (int q = 0; q < kFftBlockRows; ++q) sum[q] = {hn::Zero(d), hn::Zero(d)};
    for (int64_t term = 0; term < terms; ++term, w += block) {
#pragma GCC unroll 4
      for (int q = 0; q < kFftBlockRows; ++q) {
        const Complex<T> a = load(x + term * x_step + q * row), b = load(w + q * row);
        sum[q].re = hn::NegMulAdd(a.im, b.im, hn::MulAdd(a.re, b.re, sum[q].re));
        sum[q].im = hn::MulAdd(a.im, b.re, hn::MulAdd(a.re, b.im, sum[q].im));
      }
    }
#pragma GCC unroll 4
    for (int q = 0; q < kFftBlockRows; ++q) store(sum[q], acc + q * row);
  }
}

template <class T>
void load_rows(const T* from, const int64_t* offsets, int64_t count, int used, int part, T* strip) {
  const Tag<T> d;
  const auto mask = hn::FirstN(d, static_cast<size_t>(used));
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  strip += part * lanes;
  for (int64_t i = 0; i < count; ++i, strip += 2 * lanes) {
    // A plane's rows are often a page or more apart, where the processor does not look ahead by itself: the next strip
    // begins where this one ends.
    if (offsets[i] >= 0) __builtin_prefetch(from + offsets[i] + lanes, 0, 2);
    hn::Store(offsets[i] < 0 ? hn::Zero(d) : hn::IfThenElseZero(mask, hn::LoadU(d, from + offsets[i])), d, strip);
  }
}

template <class T>
bool store_rows(const T* strip, int part, T scale, T bias, int64_t count, int used, T* to, int64_t pitch,
                bool past_cache) {
  const Tag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  strip += part * lanes;
  const Vec<T> factor = hn::Set(d, scale), summand = hn::Set(d, bias);
  Vec<T> zeros = hn::Zero(d);  // a number that is not finite times zero is none, and stays none
  // A whole line at a time: half a line past the cache costs more than a line through it.
  constexpr uintptr_t kLine = 64;
  const bool whole_lines = lanes * static_cast<int64_t>(sizeof(T)) == kLine && used == lanes && pitch % lanes == 0 &&
                           reinterpret_cast<uintptr_t>(to) % kLine == 0;
  if (past_cache && whole_lines) {
    for (int64_t i = 0; i < count; ++i, strip += 2 * lanes, to += pitch) {
      const Vec<T> result = hn::MulAdd(hn::Load(d, strip), factor, summand);
      zeros = hn::MulAdd(result, hn::Zero(d), zeros);
      hn::Stream(result, d, to);
    }
    hwy::FlushStream();
    return hn::AllTrue(d, hn::Eq(zeros, zeros));
  }
  for (int64_t i = 0; i < count; ++i, strip += 2 * lanes, to += pitch) {
    const Vec<T> result = hn::MulAdd(hn::Load(d, strip), factor, summand);
    __builtin_prefetch(to + lanes, 1, 2);
    if (used == lanes) {
      zeros = hn::MulAdd(result, hn::Zero(d), zeros);
      hn::StoreU(result, d, to);
    } else {
      const auto mask = hn::FirstN(d, static_cast<size_t>(used));
      zeros = hn::MulAdd(hn::IfThenElseZero(mask, result), hn::Zero(d), zeros);
      HWY_ALIGN T last[HWY_MAX_BYTES / sizeof(T)] = {};
      hn::Store(result, d, last);
      for (int lane = 0; lane < used; ++lane) to[lane] = last[lane];
    }
  }
  return hn::AllTrue(d, hn::Eq(zeros, zeros));
}

template <class T>
FftKernels<T> kernels() {
  return {static_cast<int>(hn::Lanes(Tag<T>())),
          &forward<T>,
          &inverse<T>,
          &transpose<T>,
          &multiply<T>,
          &load_rows<T>,
          &store_rows<T>};
}

FftKernels<float> fft_kernels_float() { return kernels<float>(); }
FftKernels<double> fft_kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(fft_kernels_float);
HWY_EXPORT(fft_kernels_double);

template <>
FftKernels<float> fft_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(fft_kernels_float)();
}

template <>
FftKernels<double> fft_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(fft_kernels_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
