// The innermost loop of the direct convolution: a few rows of one output channel kept in vector registers.
//
// The kernels are compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>

namespace convscope {

inline constexpr int kMaxDirectRows = 8;
inline constexpr int kMaxDirectVectors = 2;
/// Rows of the kernel that go through the registers together. It decides the order of summation, so it is the same
/// for all instruction sets.
inline constexpr int64_t kMaxDirectHeight = 5;

/// A tile of `rows` x (`vectors` * lanes) output cells of one channel, or the part of their sums that comes from some
/// taps: channels [0, channels), kernel rows [ky_begin, ky_end), kernel columns [kx_begin, kx_end).
///
/// Tap (c, ky, kx) of row j of the tile reads from source_rows[i] + c * row_channel_strides[i], where
/// i = j * step + ky, or j * kernel_h + ky where `step` is 0; lane l of the tile stands at
/// column + column_offsets[kx] + l of it.
template <class T>
struct DirectTask {
  const T* weight = nullptr;  // [channel][ky][kx] of the output channel, from the first channel on
  int64_t channels = 0;
  int64_t kernel_h = 0, kernel_w = 0;
  int64_t ky_begin = 0, ky_end = 0, kx_begin = 0, kx_end = 0;

  const T* const* source_rows = nullptr;
  const int64_t* row_channel_strides = nullptr;
  const int64_t* column_offsets = nullptr;
  int64_t column = 0;
  int64_t width = 0;  // where masked: cells outside [0, width) of a row are not read and count as 0

  const T* bias = nullptr;  // added at the end, or null
  bool accumulate = false;  // start from what stands in the output
  T* out = nullptr;
  int64_t out_stride = 0;   // from one row of the tile to the next
  int64_t out_rows = 0;     // rows of the tile that are stored
  int64_t out_columns = 0;  // lanes of the tile that are stored
};

/// The kernels of one instruction set.
template <class T>
struct DirectKernels {
  int lanes = 1;
  int max_vectors = 1;
  /// Whether run() can do without the cells left and right of a row: where loads under a mask touch nothing else.
  bool has_masks = false;
  /// Computes a tile; rows 4 or 8, vectors 1 or max_vectors, step 1 or 2, or 0 for rows that share nothing, of which
  /// there are 4 in one vector. Each cell
  /// is one chain of multiply-adds (fused where the instruction set can), whatever the tile: channel by channel, in
  /// each the kernel's rows in parts of nearly equal height, none higher than kMaxDirectHeight, in each the columns.
  void (*run)(int rows, int vectors, int step, bool masked, const DirectTask<T>& task) = nullptr;
  /// even[i] = from[2 * i], for i in [0, count); reads nothing beyond from[2 * count - 2].
  void (*copy_every_second)(const T* from, int64_t count, T* to) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target() of gemm.h.
template <class T>
DirectKernels<T> direct_kernels();

}  // namespace convscope
