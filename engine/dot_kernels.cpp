// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/dot_kernels.h"

#include <array>
#include <utility>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/dot_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/hold-inl.h"

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {
namespace {  // other files have functions of these names

namespace hn = hwy::HWY_NAMESPACE;

// Sums, the streams' vectors and a row's: 24 + 4 + 1 of the 32 registers of AVX-512 and NEON, 10 + 2 + 1 of 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kMostRows[kMaxDotStreams + 1] = {0, kMaxDotRows, 8, 8, 6, 4};
#else
constexpr int kMostRows[kMaxDotStreams + 1] = {0, kMaxDotRows, 5, 3, 2, 1};
#endif

/// The same number, of which the compiler no longer knows how it came about: else it keeps a pointer for each row.
HWY_INLINE int64_t opaque(int64_t n) {
  __asm__("" : "+r"(n));
  return n;
}

template <class T, int kRows, int kStreams>
HWY_NOINLINE void dots(const DotTask<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  V sum[kRows][kStreams];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int s = 0; s < kStreams; ++s) sum[i][s] = hn::Load(d, task.sums + i * task.sums_pitch + s * lanes);
  }

  const int64_t stride = opaque(task.row_stride * static_cast<int64_t>(sizeof(T))), three = opaque(3 * stride);
  const auto row_of = [stride, three](const T* first, const T* fifth, int i) {
    const char* p = reinterpret_cast<const char*>(i < 4 ? first : fifth);
    return reinterpret_cast<const T*>(i % 4 == 3 ? p + three : p + i % 4 * stride);
  };
  for (int64_t t = 0; t < task.steps; ++t) {
    const T* HWY_RESTRICT first = task.rows + t * task.row_pitch;
    const T* HWY_RESTRICT fifth = first + 4 * task.row_stride;
    const T* HWY_RESTRICT stream[kStreams];
#pragma GCC unroll 16
    for (int s = 0; s < kStreams; ++s) stream[s] = task.streams[s] + t * task.stream_pitch;
    int64_t left = task.n;
    for (; left >= lanes; left -= lanes) {
      V x[kStreams];
#pragma GCC unroll 16
      for (int s = 0; s < kStreams; ++s) {
        x[s] = hn::LoadU(d, stream[s]);
        hold(x[s]);
        stream[s] += lanes;
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        V row = hn::LoadU(d, row_of(first, fifth, i));
        hold(row);
#pragma GCC unroll 16
        for (int s = 0; s < kStreams; ++s) sum[i][s] = hn::MulAdd(row, x[s], sum[i][s]);
      }
      first += lanes;
      fifth += lanes;
    }
    if (left == 0) continue;
    // Nothing is known of what lies behind: zero times it may be nan.
    const auto some = hn::FirstN(d, static_cast<size_t>(left));
    V x[kStreams];
#pragma GCC unroll 16
    for (int s = 0; s < kStreams; ++s) x[s] = hn::IfThenElseZero(some, hn::LoadU(d, stream[s]));
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const V row = hn::IfThenElseZero(some, hn::LoadU(d, row_of(first, fifth, i)));
#pragma GCC unroll 16
      for (int s = 0; s < kStreams; ++s) sum[i][s] = hn::MulAdd(row, x[s], sum[i][s]);
    }
  }

#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int s = 0; s < kStreams; ++s) hn::Store(sum[i][s], d, task.sums + i * task.sums_pitch + s * lanes);
  }
}

template <class T>
using Run = void (*)(const DotTask<T>&);

template <class T, int kStreams, int... kRows>
constexpr std::array<Run<T>, sizeof...(kRows)> of_streams(std::integer_sequence<int, kRows...>) {
  return {&dots<T, kRows + 1, kStreams>...};
}

template <class T, int kStreams>
void run_streams(int rows, const DotTask<T>& task) {
  static constexpr auto kRuns = of_streams<T, kStreams>(std::make_integer_sequence<int, kMostRows[kStreams]>());
  kRuns[static_cast<size_t>(rows - 1)](task);
}

template <class T>
void run(int rows, int streams, const DotTask<T>& task) {
  switch (streams) {
    case 1:
      return run_streams<T, 1>(rows, task);
    case 2:
      return run_streams<T, 2>(rows, task);
    case 3:
      return run_streams<T, 3>(rows, task);
    case 4:
      return run_streams<T, 4>(rows, task);
    default:
      return run_streams<T, 5>(rows, task);
  }
}

template <class T>
T total(const T* sums) {
  const hn::ScalableTag<T> d;
  return hn::GetLane(hn::SumOfLanes(d, hn::Load(d, sums)));
}

template <class T>
T sum(const T* numbers, int64_t n) {
  constexpr int kSums = 8;
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sums[kSums];
#pragma GCC unroll 16
  for (int i = 0; i < kSums; ++i) sums[i] = hn::Zero(d);
  for (; n >= kSums * lanes; n -= kSums * lanes, numbers += kSums * lanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) sums[i] = hn::Add(sums[i], hn::LoadU(d, numbers + i * lanes));
  }
  for (; n > 0; n -= lanes, numbers += lanes) {
    const auto some = hn::FirstN(d, static_cast<size_t>(n < lanes ? n : lanes));
    sums[0] = hn::Add(sums[0], hn::IfThenElseZero(some, hn::LoadU(d, numbers)));
  }
#pragma GCC unroll 16
  for (int i = 1; i < kSums; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  return hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

int max_rows(int streams) { return kMostRows[streams]; }

template <class T>
DotKernels<T> kernels() {
  return {static_cast<int>(hn::Lanes(hn::ScalableTag<T>())), &max_rows, &run<T>, &total<T>, &sum<T>};
}

}  // namespace

DotKernels<float> dot_kernels_float() { return kernels<float>(); }
DotKernels<double> dot_kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(dot_kernels_float);
HWY_EXPORT(dot_kernels_double);

template <>
DotKernels<float> dot_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(dot_kernels_float)();
}

template <>
DotKernels<double> dot_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(dot_kernels_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
