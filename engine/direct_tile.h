// The innermost loop of the direct convolution: a few rows of one output channel kept in vector registers.
//
// The kernels are compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>

namespace convscope {

inline constexpr int kMaxDirectRows = 8;
inline constexpr int kMaxDirectVectors = 2;
/// Rows of the kernel that go through the registers together, at most. It decides the order of summation, so it is the
/// same for all instruction sets.
inline constexpr int64_t kMaxDirectHeight = 5;

/// The rows of a kernel cut into parts of nearly equal height, the lower ones first.
struct KernelParts {
  int64_t count = 1, height = 1, higher = 0;

  KernelParts() = default;
  explicit KernelParts(int64_t rows) {
    count = (rows - 1) / kMaxDirectHeight + 1;
    height = rows / count;
    higher = rows % count;
  }
  int64_t height_of(int64_t part) const { return height + (part >= count - higher ? 1 : 0); }
};

/// Some tiles of `rows` x (`vectors` * lanes) output cells of one channel or two, side by side, or the part of their
/// sums that comes from some taps: channels [0, channels), kernel rows [ky_begin, ky_end), kernel columns [kx_begin,
/// kx_end).
///
/// Tap (c, ky, kx) of row j of a tile reads from source_rows[i] + (channel_begin + c) * row_channel_strides[i], where
/// i = j * step + ky - ky_begin, or j * (ky_end - ky_begin) + ky - ky_begin where `step` is 0; lane l of the first tile
/// stands at column + column_offsets[kx] + l of it.
template <class T>
struct DirectTask {
  /// Of the output channel, from channel_begin on: [channel][part of KernelParts][kx][ky in the part].
  const T* weight = nullptr;
  int64_t kernel_stride = 0;  // to the next output channel's, where there are two
  int64_t channel_begin = 0, channels = 0;
  int64_t kernel_h = 0, kernel_w = 0;
  int64_t ky_begin = 0, ky_end = 0, kx_begin = 0, kx_end = 0;
  KernelParts parts;  // of the rows [ky_begin, ky_end)

  const T* const* source_rows = nullptr;
  const int64_t* row_channel_strides = nullptr;
  // The same where all rows are a pitch apart: source_rows[i] = first_row + i * pitch, all of one channel_stride.
  const T* first_row = nullptr;
  int64_t pitch = 0, channel_stride = 0;

  const int64_t* column_offsets = nullptr;
  const int64_t* mask_offsets = nullptr;  // where masked: column_offsets, or what they were without the channels
  int64_t column = 0;
  int64_t width = 0;  // where masked: cells outside [0, width) of a row are not read and count as 0
  int64_t tiles = 1;
  int64_t last_tile = 0;  // where the last one stands, from the first; no further than the others let it

  const T* bias = nullptr;   // of the output channels, added at the end, or null
  bool accumulate = false;   // start from what stands in the output
  T* out = nullptr;          // of the first tile
  int64_t plane_stride = 0;  // to the second output channel
  int64_t out_stride = 0;    // from one row of the tile to the next
  int64_t out_rows = 0;      // rows of the tile that are stored
  int64_t out_columns = 0;   // lanes of a tile that are stored; all where there are several tiles
};

/// Rows of the input, to be copied: for each a vector of cells from every stretch, cells `stride` apart side by side.
template <class T>
struct DirectCopy {
  const T* const* rows = nullptr;  // a null stands for a row of zeros
  const int64_t* channel_strides = nullptr;
  int64_t row_count = 0, channel_begin = 0, channels = 0;
  int64_t width = 0;         // of a row: cells outside count as 0 and are not read
  int64_t first = 0;         // cell of the row that comes first; the cell after it begins the odd cells
  int64_t count = 0;         // cells of each parity
  int64_t padded_count = 0;  // zeros follow up to here; perhaps a vector more is written
  T* even = nullptr;
  T* odd = nullptr;
  int64_t pitch = 0;  // from one row's copy to the next, channel after channel
};

/// The kernels of one instruction set.
template <class T>
struct DirectKernels {
  using Run = void (*)(const DirectTask<T>& task);

  int lanes = 1;
  int max_vectors = 1;
  int row_vectors = 1;  // of tiles of one row, instead
  /// Whether run() can do without the cells left and right of a row: where loads under a mask touch nothing else.
  bool has_masks = false;
  /// What computes tiles; rows 1, 4 or 8, vectors 1 or max_vectors (row_vectors where rows is 1), step 1 or 2, or 0 for
  /// rows that share nothing, of which there are 4 in one vector; of 1 output channel, or of 2 that share what they
  /// load, in 4 rows and 2 vectors (null where the instruction set has too few registers). Where `uniform` is given,
  /// the task must have its rows told both ways. Each cell is one chain of multiply-adds (fused where the instruction
  /// set can), whatever the tile: channel by channel, in each the kernel's rows in parts of nearly equal height, none
  /// higher than kMaxDirectHeight, in each the columns.
  Run (*tile)(int kernels, int rows, int vectors, int step, bool masked, bool uniform) = nullptr;
  /// even[i] = from[2 * i], for i in [0, count); reads nothing beyond from[2 * count - 2].
  void (*copy_every_second)(const T* from, int64_t count, T* to) = nullptr;
  /// Copies even and odd cells of rows apart; null where there are no masks.
  void (*split)(const DirectCopy<T>& copy) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target() of gemm.h.
template <class T>
DirectKernels<T> direct_kernels();

}  // namespace convscope
