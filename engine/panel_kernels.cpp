// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/panel_kernels.h"

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/panel_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/turn_square-inl.h"

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {
namespace {  // other files have functions of these names

namespace hn = hwy::HWY_NAMESPACE;

// As in gemm.cpp: 12 x 2 accumulators where there are 32 registers, 6 x 2 where there are 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif

template <class T>
constexpr int lanes_of() {
  return static_cast<int>(hn::MaxLanes(hn::ScalableTag<T>()));
}

template <class T>
constexpr int pitch_of() {
  return (kRows + lanes_of<T>() - 1) / lanes_of<T>() * lanes_of<T>();
}

template <class T, int kWindows, int kVectors, bool kPacked>
HWY_NOINLINE void multiply_tile(const PanelTask<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kLanes = lanes_of<T>(), kPitch = pitch_of<T>(), kLine = 64 / sizeof(T);
  V sum[kWindows][kVectors];
  T* HWY_RESTRICT c = task.c;
#pragma GCC unroll 16
  for (int i = 0; i < kWindows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  if (task.accumulate) {
#pragma GCC unroll 16
    for (int i = 0; i < kWindows; ++i) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Load(d, c + (i * kVectors + v) * kLanes);
    }
  }

  const T* HWY_RESTRICT packed = task.a;
  const int32_t* HWY_RESTRICT offsets = task.offsets;
  const int32_t* HWY_RESTRICT rows = task.rows;
  const int32_t* const end = rows + task.taps;
  const T* next = task.next;
  for (; rows != end; ++rows, next += kLine) {
    const T* HWY_RESTRICT a = packed;
    if constexpr (kPacked) {
      packed += kPitch;
    } else {
      a += *offsets++;
    }
    const T* HWY_RESTRICT b = task.b + int64_t{*rows} * (kVectors * kLanes);
    V row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) row[v] = hn::Load(d, b + v * kLanes);
    __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 16
    for (int i = 0; i < kWindows; ++i) {
      const V factor = hn::Set(d, a[i]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(factor, row[v], sum[i][v]);
    }
  }

  if (task.bias != nullptr) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const V bias = hn::Load(d, task.bias + v * kLanes);
#pragma GCC unroll 16
      for (int i = 0; i < kWindows; ++i) sum[i][v] = hn::Add(sum[i][v], bias);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kWindows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) hn::Store(sum[i][v], d, c + (i * kVectors + v) * kLanes);
  }
}

template <class T, int kVectors, bool kPacked>
void multiply_vectors(int windows, const PanelTask<T>& task) {
  switch (windows) {
    case 1:
      return multiply_tile<T, 1, kVectors, kPacked>(task);
    case 2:
      return multiply_tile<T, 2, kVectors, kPacked>(task);
    case 3:
      return multiply_tile<T, 3, kVectors, kPacked>(task);
    case 4:
      return multiply_tile<T, 4, kVectors, kPacked>(task);
    case 5:
      return multiply_tile<T, 5, kVectors, kPacked>(task);
    case 6:
      return multiply_tile<T, 6, kVectors, kPacked>(task);
    default:
      break;
  }
  if constexpr (kRows == 12) {
    switch (windows) {
      case 7:
        return multiply_tile<T, 7, kVectors, kPacked>(task);
      case 8:
        return multiply_tile<T, 8, kVectors, kPacked>(task);
      case 9:
        return multiply_tile<T, 9, kVectors, kPacked>(task);
      case 10:
        return multiply_tile<T, 10, kVectors, kPacked>(task);
      case 11:
        return multiply_tile<T, 11, kVectors, kPacked>(task);
      case 12:
        return multiply_tile<T, 12, kVectors, kPacked>(task);
      default:
        break;
    }
  }
}

template <class T>
void multiply(int windows, int vectors, const PanelTask<T>& task) {
  if (task.offsets != nullptr) {
    return vectors == 2 ? multiply_vectors<T, 2, false>(windows, task) : multiply_vectors<T, 1, false>(windows, task);
  }
  vectors == 2 ? multiply_vectors<T, 2, true>(windows, task) : multiply_vectors<T, 1, true>(windows, task);
}

/// One vector of windows of each tap.
template <class T>
void pack_vector(const WindowPiece* pieces, int count, const T* from, const int32_t* offsets, int64_t taps, T* to) {
  const hn::ScalableTag<T> d;
  constexpr int kPitch = pitch_of<T>();
  if (count == 1) {
    const T* first = from + pieces[0].source;
    for (int64_t k = 0; k < taps; ++k, to += kPitch) hn::Store(hn::LoadU(d, first + offsets[k]), d, to);
    return;
  }
  const T* first = from + pieces[0].source;
  const T* second = from + pieces[1].source;
  const auto in_first = hn::FirstN(d, static_cast<size_t>(pieces[1].begin));
  if (count == 2) {
    for (int64_t k = 0; k < taps; ++k, to += kPitch) {
      const int64_t offset = offsets[k];
      hn::Store(hn::IfThenElse(in_first, hn::LoadU(d, first + offset), hn::LoadU(d, second + offset)), d, to);
    }
    return;
  }
  for (int64_t k = 0; k < taps; ++k, to += kPitch) {
    const int64_t offset = offsets[k];
    auto numbers = hn::IfThenElse(in_first, hn::LoadU(d, first + offset), hn::LoadU(d, second + offset));
    for (int i = 2; i < count; ++i) {
      const auto before = hn::FirstN(d, static_cast<size_t>(pieces[i].begin));
      numbers = hn::IfThenElse(before, numbers, hn::LoadU(d, from + pieces[i].source + offset));
    }
    hn::Store(numbers, d, to);
  }
}

template <class T>
void pack_windows(const WindowGroup& group, const T* from, const int32_t* offsets, int64_t taps, T* to) {
  for (int v = 0; v < group.vectors; ++v) {
    const int32_t begin = group.first_piece[v], end = group.first_piece[v + 1];
    pack_vector(group.pieces + begin, end - begin, from, offsets, taps, to + v * lanes_of<T>());
  }
}

template <class T>
void pack_weight(const T* from, int64_t row_stride, int64_t rows, int64_t width, int64_t taps, T* to) {
  constexpr int kLine = 64 / sizeof(T);
  int64_t tap = 0;
  // A cache line of each row at a time: the rows are often a power of two apart and push each other out of the cache.
  for (; tap + kLine <= taps; tap += kLine) {
    int64_t i = 0;
    for (; i + kSide<T> <= rows; i += kSide<T>) {
      const T* square[kSide<T>];
      for (int j = 0; j < kLine; j += kSide<T>) {
        for (int r = 0; r < kSide<T>; ++r) square[r] = from + (i + r) * row_stride + tap + j;
        turn_square(square, to + (tap + j) * width + i, width);
      }
    }
    for (; i < width; ++i) {
      for (int j = 0; j < kLine; ++j) to[(tap + j) * width + i] = i < rows ? from[i * row_stride + tap + j] : T{0};
    }
  }
  for (; tap < taps; ++tap) {
    for (int64_t i = 0; i < width; ++i) to[tap * width + i] = i < rows ? from[i * row_stride + tap] : T{0};
  }
}

template <class T>
void turn(const T* from, int64_t from_pitch, const int32_t* places, int64_t windows, int64_t channels, T* to,
          int64_t to_stride) {
  constexpr int kStep = kSide<T>;
  int64_t k = 0;
  for (; k + kStep <= channels; k += kStep) {
    const T* column = from + k;
    T* plane = to + k * to_stride;
    int64_t i = 0;
    for (; i + kStep <= windows; i += kStep) {
      const T* rows[kStep];
      for (int j = 0; j < kStep; ++j) rows[j] = column + places[i + j] * from_pitch;
      turn_square(rows, plane + i, to_stride);
    }
    for (; i < windows; ++i) {
      for (int j = 0; j < kStep; ++j) plane[j * to_stride + i] = column[places[i] * from_pitch + j];
    }
  }
  for (; k < channels; ++k) {
    for (int64_t i = 0; i < windows; ++i) to[k * to_stride + i] = from[places[i] * from_pitch + k];
  }
}

template <class T>
PanelKernels<T> kernels() {
  return {lanes_of<T>(), kRows, pitch_of<T>(), &multiply<T>, &pack_windows<T>, &pack_weight<T>, &turn<T>};
}

}  // namespace

PanelKernels<float> panel_kernels_float() { return kernels<float>(); }
PanelKernels<double> panel_kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(panel_kernels_float);
HWY_EXPORT(panel_kernels_double);

template <>
PanelKernels<float> panel_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(panel_kernels_float)();
}

template <>
PanelKernels<double> panel_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(panel_kernels_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
