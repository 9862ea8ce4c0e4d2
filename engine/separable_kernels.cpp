// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/separable_kernels.h"

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/separable_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Accumulators: twelve hide the latency of two multiply-adds per cycle and fit sixteen registers.
constexpr int kAcross = 8;
constexpr int kRows = 6;
constexpr int kVectors = 2;

template <class T>
void across(const T* from, int64_t step, const T* w, int64_t taps, T* to, T* again, int64_t count) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t x = 0; x < count; x += kAcross * lanes) {
    V sum[kAcross];
#pragma GCC unroll 8
    for (int v = 0; v < kAcross; ++v) sum[v] = hn::Zero(d);
    const T* source = from + x;
    for (int64_t t = 0; t < taps; ++t, source += step) {
      const V factor = hn::Set(d, w[t]);
#pragma GCC unroll 8
      for (int v = 0; v < kAcross; ++v) sum[v] = hn::MulAdd(factor, hn::LoadU(d, source + v * lanes), sum[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < kAcross; ++v) {
      hn::Store(sum[v], d, to + x + v * lanes);
      hn::Store(sum[v], d, again + x + v * lanes);
    }
  }
}

template <class T>
bool down(const T* from, int64_t from_pitch, int64_t step, const T* w, int64_t taps, bool accumulate, T bias, T* to,
          int64_t to_pitch, int64_t count) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V summand = hn::Set(d, bias);
  V zeros = hn::Zero(d);  // a number that is not finite times zero is none, and stays none
  for (int64_t x = 0; x < count; x += kVectors * lanes) {
    V sum[kRows][kVectors];
#pragma GCC unroll 8
    for (int y = 0; y < kRows; ++y) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[y][v] = hn::Zero(d);
    }
    const T* source = from + x;
    for (int64_t t = 0; t < taps; ++t, source += step * from_pitch) {
      const V factor = hn::Set(d, w[t]);
      const T* row = source;
#pragma GCC unroll 8
      for (int y = 0; y < kRows; ++y, row += from_pitch) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[y][v] = hn::MulAdd(factor, hn::Load(d, row + v * lanes), sum[y][v]);
      }
    }
    T* place = to + x;
#pragma GCC unroll 8
    for (int y = 0; y < kRows; ++y, place += to_pitch) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        V result = sum[y][v];
        if (accumulate) result = hn::Add(hn::LoadU(d, place + v * lanes), result);
        result = hn::Add(result, summand);
        zeros = hn::MulAdd(result, hn::Zero(d), zeros);
        hn::StoreU(result, d, place + v * lanes);
      }
    }
  }
  return hn::AllTrue(d, hn::Eq(zeros, zeros));
}

template <class T>
SeparableKernels<T> kernels() {
  const int lanes = static_cast<int>(hn::Lanes(hn::ScalableTag<T>()));
  return {kRows, kVectors * lanes, kAcross * lanes, &across<T>, &down<T>};
}

SeparableKernels<float> separable_kernels_float() { return kernels<float>(); }
SeparableKernels<double> separable_kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(separable_kernels_float);
HWY_EXPORT(separable_kernels_double);

template <>
SeparableKernels<float> separable_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(separable_kernels_float)();
}

template <>
SeparableKernels<double> separable_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(separable_kernels_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
