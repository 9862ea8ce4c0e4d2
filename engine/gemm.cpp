// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/gemm.h"

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/turn_square-inl.h"

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 12 x 2 accumulators, 2 vectors of B and one number of A need 27 of the 32 registers of AVX-512 and NEON; with 16
// registers (AVX2, SSE4) 6 x 2 is the most. Measured on Zen 4: 12 x 2 x 16 floats reach the FMA peak.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRows = 12;
constexpr bool kManyRegisters = true;
#else
constexpr int kRows = 6;
constexpr bool kManyRegisters = false;
#endif

int max_vectors(int rows) {
  if (kManyRegisters) return rows > 6 ? 2 : rows > 2 ? 4 : 8;
  return rows > 2 ? 2 : rows > 1 ? 4 : 8;
}

template <class T, int kTileRows, int kVectors>
HWY_NOINLINE void tile(const TileTask<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  V sum[kTileRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  if (task.accumulate) {
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::LoadU(d, task.c[v] + i * task.c_stride[v]);
    }
  }

  const T* HWY_RESTRICT a = task.a;
  const T* b[kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) b[v] = task.b[v];
  const int32_t* HWY_RESTRICT offsets = task.offsets;
  const int32_t* const end = offsets + task.k;
  for (; offsets != end; ++offsets, a += kTileRows) {
    const int64_t offset = *offsets;
    V row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b[v] + offset);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      const V factor = hn::Set(d, a[i]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(factor, row[v], sum[i][v]);
    }
  }

#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
    if (task.bias != nullptr) {
      const V bias = hn::Set(d, task.bias[i]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Add(sum[i][v], bias);
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], d, task.c[v] + i * task.c_stride[v]);
  }
}

template <class T, int kTileRows>
void tile_of_rows(int vectors, const TileTask<T>& task) {
  if (vectors == 1) return tile<T, kTileRows, 1>(task);
  if (vectors == 2) return tile<T, kTileRows, 2>(task);
  if constexpr (kTileRows <= (kManyRegisters ? 6 : 2)) {
    if (vectors == 4) return tile<T, kTileRows, 4>(task);
  }
  if constexpr (kTileRows <= (kManyRegisters ? 2 : 1)) {
    if (vectors == 8) return tile<T, kTileRows, 8>(task);
  }
}

template <class T>
void run_tile(int rows, int vectors, const TileTask<T>& task) {
  switch (rows) {
    case 1:
      return tile_of_rows<T, 1>(vectors, task);
    case 2:
      return tile_of_rows<T, 2>(vectors, task);
    case 3:
      return tile_of_rows<T, 3>(vectors, task);
    case 4:
      return tile_of_rows<T, 4>(vectors, task);
    case 5:
      return tile_of_rows<T, 5>(vectors, task);
    case 6:
      return tile_of_rows<T, 6>(vectors, task);
    default:
      break;
  }
  if constexpr (kRows == 12) {
    switch (rows) {
      case 7:
        return tile_of_rows<T, 7>(vectors, task);
      case 8:
        return tile_of_rows<T, 8>(vectors, task);
      case 9:
        return tile_of_rows<T, 9>(vectors, task);
      case 10:
        return tile_of_rows<T, 10>(vectors, task);
      case 11:
        return tile_of_rows<T, 11>(vectors, task);
      case 12:
        return tile_of_rows<T, 12>(vectors, task);
      default:
        break;
    }
  }
}

template <class T>
void pack_rows(const T* from, int64_t row_stride, int rows, int64_t k, T* to) {
  constexpr int kLine = 64 / sizeof(T);
  int64_t column = 0;
  // A cache line of each row at a time: the rows are often a power of two apart and push each other out of the cache.
  for (; column + kLine <= k; column += kLine) {
    int i = 0;
    for (; i + kSide<T> <= rows; i += kSide<T>) {
      const T* square[kSide<T>];
      for (int j = 0; j < kLine; j += kSide<T>) {
        for (int r = 0; r < kSide<T>; ++r) square[r] = from + (i + r) * row_stride + column + j;
        turn_square(square, to + (column + j) * rows + i, rows);
      }
    }
    for (; i < rows; ++i) {
      for (int j = 0; j < kLine; ++j) to[(column + j) * rows + i] = from[i * row_stride + column + j];
    }
  }
  for (; column < k; ++column) {
    for (int i = 0; i < rows; ++i) to[column * rows + i] = from[i * row_stride + column];
  }
}

template <class T>
TileKernels<T> kernels() {
  return {static_cast<int>(hn::Lanes(hn::ScalableTag<T>())), kRows, &run_tile<T>, &pack_rows<T>, &max_vectors};
}

TileKernels<float> kernels_float() { return kernels<float>(); }
TileKernels<double> kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(kernels_float);
HWY_EXPORT(kernels_double);

template <>
TileKernels<float> tile_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(kernels_float)();
}

template <>
TileKernels<double> tile_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(kernels_double)();
}

std::vector<std::string_view> simd_targets() {
  // Asked once, before anything is forced: Highway lists only what the restriction of the moment leaves.
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (int64_t target : hwy::SupportedAndGeneratedTargets()) list.emplace_back(hwy::TargetName(target));
    return list;
  }();
  return names;
}

std::string_view simd_target() {
  (void)simd_targets();
  return hwy::TargetName(hwy::SupportedAndGeneratedTargets().front());
}

bool use_simd_target(std::string_view name) {
  (void)simd_targets();
  hwy::SetSupportedTargetsForTest(0);
  bool found = name.empty();
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name != hwy::TargetName(target)) continue;
    hwy::SetSupportedTargetsForTest(target);
    found = true;
    break;
  }
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return found;
}

}  // namespace convscope

#endif  // HWY_ONCE
