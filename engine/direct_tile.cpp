// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/direct_tile.h"

#include <algorithm>
#include <cstring>

// The same instruction sets as gemm.cpp, whose switch forces them.
#define HWY_DISABLED_TARGETS ((1LL << 4) | (1LL << 6) | (1LL << 7) | (1LL << 12) | (15LL << 24))

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/direct_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 8 x 2 accumulators, 5 weights and 2 vectors of input need 23 of the 32 registers of AVX-512 and NEON; 8 x 1, 5 and 1
// need 14 of 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kMostVectors = 2;
#else
constexpr int kMostVectors = 1;
#endif

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
constexpr bool kHasMasks = true;
#else
constexpr bool kHasMasks = false;
#endif

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

/// The lanes l with 0 <= first + l < width.
template <class T>
HWY_INLINE auto inside(int64_t first, int64_t width) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto clamped = [lanes](int64_t n) { return static_cast<size_t>(std::clamp<int64_t>(n, 0, lanes)); };
  return hn::AndNot(hn::FirstN(d, clamped(-first)), hn::FirstN(d, clamped(width - first)));
}

/// The same pointer, of which the compiler no longer knows how it came about. Left to itself, GCC takes the sums apart
/// again in the innermost loop, where their parts do not fit the registers: 1.5 times slower.
template <class T>
HWY_INLINE const T* opaque(const T* p) {
  __asm__("" : "+r"(p));
  return p;
}

/// Adds kHeight rows of the kernel of one channel. p: where the tile's input rows begin, those above left out.
template <class T, int kRows, int kVectors, int kStep, int kHeight, bool kMasked>
HWY_INLINE void add_rows(const DirectTask<T>& task, const T* HWY_RESTRICT weight, int64_t channel, int64_t ky,
                         Vector<T> (&sum)[kRows][kVectors]) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int kInputs = kStep > 0 ? (kRows - 1) * kStep + kHeight : kRows * kHeight;
  const T* p[kInputs];
#pragma GCC unroll 64
  for (int i = 0; i < kInputs; ++i) {
    const int64_t row = kStep > 0 ? ky + i : i / kHeight * task.kernel_h + ky + i % kHeight;
    p[i] = opaque(task.source_rows[row] + channel * task.row_channel_strides[row]);
  }
  weight += ky * task.kernel_w;
  for (int64_t kx = task.kx_begin; kx < task.kx_end; ++kx) {
    const int64_t at = task.column + task.column_offsets[kx];
    Vector<T> factor[kHeight];
#pragma GCC unroll 8
    for (int h = 0; h < kHeight; ++h) factor[h] = hn::Set(d, weight[h * task.kernel_w + kx]);
    [[maybe_unused]] hn::Mask<Tag<T>> mask[kVectors];
    if constexpr (kMasked) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) mask[v] = inside<T>(at + v * lanes, task.width);
    }
#pragma GCC unroll 64
    for (int i = 0; i < kInputs; ++i) {
      Vector<T> x[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        if constexpr (kMasked) {
          x[v] = hn::MaskedLoad(mask[v], d, p[i] + at + v * lanes);
        } else {
          x[v] = hn::LoadU(d, p[i] + at + v * lanes);
        }
      }
#pragma GCC unroll 8
      for (int j = 0; j < kRows; ++j) {
        const int h = kStep > 0 ? i - j * kStep : (i / kHeight == j ? i % kHeight : -1);
        if (h < 0 || h >= kHeight) continue;
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[j][v] = hn::MulAdd(factor[h], x[v], sum[j][v]);
      }
    }
  }
}

/// The first `count` lanes, at most all; nothing behind them is touched.
template <class T>
HWY_INLINE void store_first(Vector<T> v, int64_t count, T* to) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (count >= lanes) {
    hn::StoreU(v, d, to);
  } else if (count > 0) {
    if constexpr (kHasMasks) {
      hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, to);
    } else {
      HWY_ALIGN T all[HWY_MAX_BYTES / sizeof(T)];
      hn::Store(v, d, all);
      std::memcpy(to, all, static_cast<size_t>(count) * sizeof(T));
    }
  }
}

template <class T>
HWY_INLINE Vector<T> load_first(const T* from, int64_t count) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (count >= lanes) return hn::LoadU(d, from);
  if (count <= 0) return hn::Zero(d);
  HWY_ALIGN T all[HWY_MAX_BYTES / sizeof(T)] = {};
  std::memcpy(all, from, static_cast<size_t>(count) * sizeof(T));
  return hn::Load(d, all);
}

template <class T, int kRows, int kVectors, int kStep, bool kMasked>
HWY_NOINLINE void tile(const DirectTask<T>& task) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vector<T> sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[j][v] = hn::Zero(d);
  }
  if (task.accumulate) {
#pragma GCC unroll 8
    for (int j = 0; j < kRows; ++j) {
      if (j >= task.out_rows) break;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        sum[j][v] = load_first<T>(task.out + j * task.out_stride + v * lanes, task.out_columns - v * lanes);
      }
    }
  }

  const int64_t parts = (task.kernel_h + kMaxDirectHeight - 1) / kMaxDirectHeight;
  const T* weight = task.weight;
  for (int64_t c = 0; c < task.channels; ++c, weight += task.kernel_h * task.kernel_w) {
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t ky = task.kernel_h * part / parts, end = task.kernel_h * (part + 1) / parts;
      if (ky < task.ky_begin || end > task.ky_end) continue;
      switch (end - ky) {
        case 1:
          add_rows<T, kRows, kVectors, kStep, 1, kMasked>(task, weight, c, ky, sum);
          break;
        case 2:
          add_rows<T, kRows, kVectors, kStep, 2, kMasked>(task, weight, c, ky, sum);
          break;
        case 3:
          add_rows<T, kRows, kVectors, kStep, 3, kMasked>(task, weight, c, ky, sum);
          break;
        case 4:
          add_rows<T, kRows, kVectors, kStep, 4, kMasked>(task, weight, c, ky, sum);
          break;
        default:
          add_rows<T, kRows, kVectors, kStep, 5, kMasked>(task, weight, c, ky, sum);
          break;
      }
    }
  }

  const auto bias = hn::Set(d, task.bias != nullptr ? *task.bias : T{0});
#pragma GCC unroll 8
  for (int j = 0; j < kRows; ++j) {
    if (j >= task.out_rows) break;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto value = task.bias != nullptr ? hn::Add(sum[j][v], bias) : sum[j][v];
      store_first<T>(value, task.out_columns - v * lanes, task.out + j * task.out_stride + v * lanes);
    }
  }
}

template <class T, int kRows, int kVectors, int kStep>
void tile_of_step(bool masked, const DirectTask<T>& task) {
  if constexpr (kHasMasks) {
    if (masked) return tile<T, kRows, kVectors, kStep, true>(task);
  }
  return tile<T, kRows, kVectors, kStep, false>(task);
}

template <class T, int kRows, int kVectors>
void tile_of_rows(int step, bool masked, const DirectTask<T>& task) {
  if (step == 1) return tile_of_step<T, kRows, kVectors, 1>(masked, task);
  return tile_of_step<T, kRows, kVectors, 2>(masked, task);
}

template <class T>
void run_tile(int rows, int vectors, int step, bool masked, const DirectTask<T>& task) {
  if (step == 0) return tile_of_step<T, 4, 1, 0>(masked, task);
  if constexpr (kMostVectors == 2) {
    if (vectors == 2) {
      if (rows == 4) return tile_of_rows<T, 4, 2>(step, masked, task);
      return tile_of_rows<T, 8, 2>(step, masked, task);
    }
  }
  if (rows == 4) return tile_of_rows<T, 4, 1>(step, masked, task);
  return tile_of_rows<T, 8, 1>(step, masked, task);
}

template <class T>
void copy_every_second(const T* from, int64_t count, T* to) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes < count; i += lanes) {
    Vector<T> even, odd;
    hn::LoadInterleaved2(d, from + 2 * i, even, odd);
    hn::StoreU(even, d, to + i);
  }
  for (; i < count; ++i) to[i] = from[2 * i];
}

template <class T>
DirectKernels<T> kernels() {
  return {static_cast<int>(hn::Lanes(Tag<T>())), kMostVectors, kHasMasks, &run_tile<T>, &copy_every_second<T>};
}

DirectKernels<float> direct_kernels_float() { return kernels<float>(); }
DirectKernels<double> direct_kernels_double() { return kernels<double>(); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(direct_kernels_float);
HWY_EXPORT(direct_kernels_double);

template <>
DirectKernels<float> direct_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(direct_kernels_float)();
}

template <>
DirectKernels<double> direct_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(direct_kernels_double)();
}

}  // namespace convscope

#endif  // HWY_ONCE
