// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/direct_tile.h"

#include <algorithm>
#include <cstring>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/direct_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/hold-inl.h"

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
// A single row has room for more, and needs them: a sum waits for the one before it.
constexpr int kRowVectors = 4;

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

/// The same pointer or number, of which the compiler no longer knows how it came about. Left to itself, GCC takes the
/// sums apart again in the innermost loop, where their parts do not fit the registers: 1.5 times slower.
template <class P>
HWY_INLINE P opaque(P p) {
  __asm__("" : "+r"(p));
  return p;
}

/// Steps between two multiply-adds to the same sum: a step brings a row of the input, and its sums need not be ready in
/// the next. As many as the registers allow, which hold the rows until they have been used.
template <int kKernels, int kRows, int kVectors, int kStep, int kHeight>
constexpr int lag_of() {
  constexpr int kRegisters = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON ? 31 : 15;
  int lag = 1;
  while (lag < 3 && (kKernels * kRows + lag * (kHeight - 1) + 1) * kVectors + kKernels * kHeight <= kRegisters) {
    ++lag;
  }
  return kStep > 0 ? lag : 1;
}

/// Where the rows of the input begin that a tile reads for some rows of the kernel in one channel.
///
/// Rows one pitch apart are told by few pointers, and x86 has registers for few: every fourth row, the others one, two
/// and three pitches on.
template <class T, int kInputs, bool kUniform>
class InputRows {
 public:
  template <int kStep, int kHeight>
  HWY_INLINE void point(const DirectTask<T>& task, int64_t channel, int64_t ky, int64_t column) {
    if constexpr (kUniform) {
      const T* first = task.first_row + (channel * task.channel_stride + ky * task.pitch + column);
      pitch_ = opaque(task.pitch * static_cast<int64_t>(sizeof(T)));
      three_ = opaque(3 * pitch_);
#pragma GCC unroll 64
      for (int g = 0; g < kPointers; ++g) p_[g] = opaque(first + 4 * g * task.pitch);
    } else {
#pragma GCC unroll 64
      for (int i = 0; i < kInputs; ++i) {
        const int64_t row =
            ky - task.ky_begin + (kStep > 0 ? i : i / kHeight * (task.ky_end - task.ky_begin) + i % kHeight);
        p_[i] = opaque(task.source_rows[row] + (channel * task.row_channel_strides[row] + column));
      }
    }
  }
  /// The pointers for cells that lie `at` further on.
  HWY_INLINE InputRows moved(int64_t at) const {
    InputRows there = *this;
    if constexpr (kUniform) {
#pragma GCC unroll 64
      for (int g = 0; g < kPointers; ++g) there.p_[g] = opaque(p_[g] + at);
    } else {
      there.at_ = at;
    }
    return there;
  }
  HWY_INLINE const T* row(int i) const {
    if constexpr (kUniform) {
      const char* p = reinterpret_cast<const char*>(p_[i / 4]);
      return reinterpret_cast<const T*>(i % 4 == 3 ? p + three_ : p + i % 4 * pitch_);
    } else {
      return p_[i] + at_;
    }
  }

 private:
  static constexpr int kPointers = kUniform ? (kInputs + 3) / 4 : kInputs;
  const T* p_[kPointers];
  int64_t pitch_ = 0, three_ = 0;  // in bytes
  int64_t at_ = 0;
};

/// The sums of a tile: rows of the first kernel's output, then of the next one's.
template <class T, int kKernels, int kRows, int kVectors>
using Sums = Vector<T>[kKernels][kRows][kVectors];

/// Adds kHeight rows of the kernels of one channel, from row ky on.
template <class T, int kKernels, int kRows, int kVectors, int kStep, int kHeight, bool kMasked, bool kUniform>
HWY_INLINE void add_rows(const DirectTask<T>& task, const T* HWY_RESTRICT weight, int64_t channel, int64_t ky,
                         int64_t column, Sums<T, kKernels, kRows, kVectors>& sum) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int kInputs = kStep > 0 ? (kRows - 1) * kStep + kHeight : kRows * kHeight;
  constexpr int kDivisor = kStep > 0 ? kStep : 1;
  InputRows<T, kInputs, kUniform> rows;
  rows.template point<kStep, kHeight>(task, channel, ky, column);
  const T* HWY_RESTRICT w = weight + ky * task.kernel_w + task.kx_begin * kHeight;
  const int64_t* HWY_RESTRICT offset = task.column_offsets + task.kx_begin;
  const int64_t* const end = task.column_offsets + task.kx_end;
  [[maybe_unused]] const int64_t* HWY_RESTRICT mask_offset = kMasked ? task.mask_offsets + task.kx_begin : nullptr;
  for (; offset != end; ++offset, w += kHeight) {
    const int64_t at = *offset;
    const auto here = rows.moved(at);
    Vector<T> factor[kKernels][kHeight];
#pragma GCC unroll 2
    for (int k = 0; k < kKernels; ++k) {
#pragma GCC unroll 8
      for (int h = 0; h < kHeight; ++h) factor[k][h] = hn::Set(d, w[k * task.kernel_stride + h]);
    }
    [[maybe_unused]] hn::Mask<Tag<T>> mask[kVectors];
    if constexpr (kMasked) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) mask[v] = inside<T>(column + *mask_offset + v * lanes, task.width);
      ++mask_offset;
    }
    constexpr int kLag = lag_of<kKernels, kRows, kVectors, kStep, kHeight>();
    constexpr int kSteps = kStep > 0 ? (kRows - 1) * kStep + (kHeight - 1) * kLag + 1 : kInputs;
    Vector<T> x[kInputs][kVectors];
#pragma GCC unroll 64
    for (int step = 0; step < kSteps; ++step) {
      if (step < kInputs) {
        const int i = kStep > 0 ? step : step % kRows * kHeight + step / kRows;
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          Vector<T> loaded;
          if constexpr (kMasked) {
            loaded = hn::MaskedLoad(mask[v], d, here.row(i) + v * lanes);
          } else {
            loaded = hn::LoadU(d, here.row(i) + v * lanes);
          }
          hold(loaded);
          x[step][v] = loaded;
        }
      }
#pragma GCC unroll 8
      for (int h = 0; h < kHeight; ++h) {
        const int ahead = step - h * kLag;
        if (kStep == 0 && h != step / kRows) continue;
        if (kStep > 0 && (ahead < 0 || ahead % kDivisor != 0 || ahead / kDivisor >= kRows)) continue;
        const int j = kStep > 0 ? ahead / kDivisor : step % kRows;
        const int row = kStep > 0 ? ahead + h : step;
#pragma GCC unroll 2
        for (int k = 0; k < kKernels; ++k) {
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) sum[k][j][v] = hn::MulAdd(factor[k][h], x[row][v], sum[k][j][v]);
        }
      }
    }
  }
}

/// Copies the part of a tile that is in the output: to the tile, or from it.
template <class T>
HWY_NOINLINE void copy_part(const DirectTask<T>& task, T* out, T* sums, int64_t pitch, bool is_load) {
  const auto columns = static_cast<size_t>(std::min(pitch, task.out_columns)) * sizeof(T);
  for (int64_t j = 0; j < task.out_rows; ++j) {
    T* in_output = out + j * task.out_stride;
    T* in_tile = sums + j * pitch;
    std::memcpy(is_load ? in_tile : in_output, is_load ? in_output : in_tile, columns);
  }
}

/// Takes the sums to the output, of which they are a part only.
template <class T, int kRows, int kVectors>
HWY_INLINE void store_part(const DirectTask<T>& task, const Vector<T> (&sum)[kRows][kVectors], T* out) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if constexpr (kHasMasks) {
    const int64_t rows = task.out_rows, stride = task.out_stride;
    hn::Mask<Tag<T>> mask[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      mask[v] = hn::FirstN(d, static_cast<size_t>(std::clamp<int64_t>(task.out_columns - v * lanes, 0, lanes)));
    }
#pragma GCC unroll 8
    for (int j = 0; j < kRows; ++j) {
      if (j >= rows) break;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) hn::BlendedStore(sum[j][v], mask[v], d, out + j * stride + v * lanes);
    }
  } else {
    HWY_ALIGN T sums[kRows * kVectors * HWY_MAX_BYTES / sizeof(T)];
#pragma GCC unroll 8
    for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) hn::Store(sum[j][v], d, sums + (j * kVectors + v) * lanes);
    }
    copy_part<T>(task, out, sums, kVectors * lanes, false);
  }
}

template <class T, int kKernels, int kRows, int kVectors, int kStep, bool kMasked, bool kUniform>
HWY_INLINE void one_tile(const DirectTask<T>& task, int64_t column, T* HWY_RESTRICT out, const KernelParts& parts) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t pitch = kVectors * lanes, out_stride = task.out_stride;
  const bool is_full = task.out_columns >= pitch && task.out_rows >= kRows;

  Sums<T, kKernels, kRows, kVectors> sum;
#pragma GCC unroll 2
  for (int k = 0; k < kKernels; ++k) {
#pragma GCC unroll 8
    for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[k][j][v] = hn::Zero(d);
    }
  }
  if (task.accumulate) {
    HWY_ALIGN T sums[kRows * kVectors * HWY_MAX_BYTES / sizeof(T)];
#pragma GCC unroll 2
    for (int k = 0; k < kKernels; ++k) {
      T* const plane = out + k * task.plane_stride;
      if (!is_full) copy_part<T>(task, plane, sums, pitch, true);
      const T* from = is_full ? plane : sums;
      const int64_t stride = is_full ? out_stride : pitch;
#pragma GCC unroll 8
      for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[k][j][v] = hn::LoadU(d, from + j * stride + v * lanes);
      }
    }
  }

  const T* weight = task.weight;
  const int64_t kernel_cells = task.kernel_h * task.kernel_w, channels_end = task.channel_begin + task.channels;
  for (int64_t c = task.channel_begin; c < channels_end; ++c, weight += kernel_cells) {
    int64_t ky = task.ky_begin;
    for (int64_t part = 0; part < parts.count; ++part) {
      const int64_t height = parts.height_of(part);
      switch (height) {
        case 1:
          add_rows<T, kKernels, kRows, kVectors, kStep, 1, kMasked, kUniform>(task, weight, c, ky, column, sum);
          break;
        case 2:
          add_rows<T, kKernels, kRows, kVectors, kStep, 2, kMasked, kUniform>(task, weight, c, ky, column, sum);
          break;
        case 3:
          add_rows<T, kKernels, kRows, kVectors, kStep, 3, kMasked, kUniform>(task, weight, c, ky, column, sum);
          break;
        case 4:
          add_rows<T, kKernels, kRows, kVectors, kStep, 4, kMasked, kUniform>(task, weight, c, ky, column, sum);
          break;
        default:
          add_rows<T, kKernels, kRows, kVectors, kStep, 5, kMasked, kUniform>(task, weight, c, ky, column, sum);
          break;
      }
      ky += height;
    }
  }

#pragma GCC unroll 2
  for (int k = 0; k < kKernels; ++k) {
    if (task.bias != nullptr) {
      const auto bias = hn::Set(d, task.bias[k]);
#pragma GCC unroll 8
      for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[k][j][v] = hn::Add(sum[k][j][v], bias);
      }
    }
    T* const plane = out + k * task.plane_stride;
    if (!is_full) {
      store_part<T, kRows, kVectors>(task, sum[k], plane);
      continue;
    }
#pragma GCC unroll 8
    for (int j = 0; j < kRows; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[k][j][v], d, plane + j * out_stride + v * lanes);
    }
  }
}

template <class T, int kKernels, int kRows, int kVectors, int kStep, bool kMasked, bool kUniform>
HWY_NOINLINE void run_tiles(const DirectTask<T>& task) {
  const auto width = kVectors * static_cast<int64_t>(hn::Lanes(Tag<T>()));
  const KernelParts parts = task.parts;
  for (int64_t i = 0; i < task.tiles; ++i) {
    const int64_t at = std::min(i * width, task.last_tile);
    one_tile<T, kKernels, kRows, kVectors, kStep, kMasked, kUniform>(task, task.column + at, task.out + at, parts);
  }
}

template <class T>
using Run = void (*)(const DirectTask<T>&);

template <class T, int kKernels, int kRows, int kVectors, int kStep>
Run<T> tiles_of_step(bool masked, bool uniform) {
  if constexpr (kRows == kMaxDirectRows || kKernels > 1) {
    if constexpr (kHasMasks) {
      if (masked && uniform) return &run_tiles<T, kKernels, kRows, kVectors, kStep, true, true>;
    }
    if (uniform && !masked) return &run_tiles<T, kKernels, kRows, kVectors, kStep, false, true>;
  }
  if constexpr (kHasMasks) {
    if (masked) return &run_tiles<T, kKernels, kRows, kVectors, kStep, true, false>;
  }
  return &run_tiles<T, kKernels, kRows, kVectors, kStep, false, false>;
}

template <class T, int kKernels, int kRows, int kVectors>
Run<T> tiles_of_rows(int step, bool masked, bool uniform) {
  return step == 1 ? tiles_of_step<T, kKernels, kRows, kVectors, 1>(masked, uniform)
                   : tiles_of_step<T, kKernels, kRows, kVectors, 2>(masked, uniform);
}

template <class T, int kVectors>
Run<T> tiles_of_vectors(int rows, int step, bool masked, bool uniform) {
  return rows == kMaxDirectRows ? tiles_of_rows<T, 1, kMaxDirectRows, kVectors>(step, masked, uniform)
                                : tiles_of_rows<T, 1, kMaxDirectRows / 2, kVectors>(step, masked, uniform);
}

template <class T>
Run<T> tile(int kernels, int rows, int vectors, int step, bool masked, bool uniform) {
  if (kernels == 2) {
    if constexpr (kMostVectors == 2) {
      if (vectors == 2 && step > 0) return tiles_of_rows<T, 2, kMaxDirectRows / 2, 2>(step, masked, uniform);
    }
    return nullptr;
  }
  if (rows == 1) {
    if (vectors == kRowVectors) return tiles_of_step<T, 1, 1, kRowVectors, 1>(masked, uniform);
    return tiles_of_step<T, 1, 1, 1, 1>(masked, uniform);
  }
  if (step == 0) return tiles_of_step<T, 1, kMaxDirectRows / 2, 1, 0>(masked, uniform);
  if constexpr (kMostVectors == 2) {
    if (vectors == 2) return tiles_of_vectors<T, 2>(rows, step, masked, uniform);
  }
  return tiles_of_vectors<T, 1>(rows, step, masked, uniform);
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

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

template <class T>
void split(const DirectCopy<T>& copy) {
  const Tag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t u = 0;
  for (; u < copy.count; u += lanes) {
    const int64_t first = copy.first + 2 * u;
    const auto mask0 = inside<T>(first, copy.width), mask1 = inside<T>(first + lanes, copy.width);
    T* even = copy.even + u;
    T* odd = copy.odd + u;
    for (int64_t c = 0; c < copy.channels; ++c) {
      for (int64_t i = 0; i < copy.row_count; ++i, even += copy.pitch, odd += copy.pitch) {
        if (copy.rows[i] == nullptr) {
          hn::StoreU(hn::Zero(d), d, even);
          hn::StoreU(hn::Zero(d), d, odd);
          continue;
        }
        const T* from = copy.rows[i] + (copy.channel_begin + c) * copy.channel_strides[i] + first;
        const auto low = hn::MaskedLoad(mask0, d, from), high = hn::MaskedLoad(mask1, d, from + lanes);
        hn::StoreU(hn::ConcatEven(d, high, low), d, even);
        hn::StoreU(hn::ConcatOdd(d, high, low), d, odd);
      }
    }
  }
  for (; u < copy.padded_count; ++u) {
    for (int64_t i = 0; i < copy.channels * copy.row_count; ++i) {
      copy.even[i * copy.pitch + u] = copy.odd[i * copy.pitch + u] = T{0};
    }
  }
}

template <class T>
constexpr auto kSplit = &split<T>;

#else

template <class T>
constexpr void (*kSplit)(const DirectCopy<T>&) = nullptr;

#endif

template <class T>
DirectKernels<T> kernels() {
  return {static_cast<int>(hn::Lanes(Tag<T>())),
          kMostVectors,
          kRowVectors,
          kHasMasks,
          &tile<T>,
          &copy_every_second<T>,
          kSplit<T>};
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
