// The innermost loops of Winograd's convolution, compiled for several instruction sets.
//
// A tile is m x m outputs of one channel (m = 2 or 4), made of (m + 2) x (m + 2) inputs. The input's and the filters'
// transforms have (m + 2)^2 numbers for each tile or filter, called points here.
#pragma once

#include <cstdint>

namespace convscope {

inline constexpr int kWinogradMaxPoints = 36;

/// Lines that are copied for one channel, padding included.
template <class T>
struct WinogradLines {
  const T* plane = nullptr;          // the channel of the first image
  const int64_t* sources = nullptr;  // where each line begins in it, or -1: the line is left as it is
  int64_t count = 0;
  int64_t left = 0, width = 0, right = 0;  // cells of padding, of the picture from `first` on, of padding
  int64_t first = 0;
  const int32_t* columns = nullptr;  // of each cell of padding: the column it repeats; null where it is zero
  int64_t ahead = 0;                 // to the channel that comes next, which is brought nearer meanwhile
  T* lines = nullptr;                // the cells left of the picture are zero already
  int64_t pitch = 0;                 // room for all cells and two vectors more
};

/// One channel of a block of tiles: `segments` rows of `across` tiles.
template <class T>
struct WinogradInput {
  const T* lines = nullptr;
  int64_t pitch = 0;
  const int32_t* first_lines = nullptr;  // the first of the m + 2 lines of each segment
  int64_t segments = 0, across = 0;
  T* staging = nullptr;  // see staging_pitch()
  int64_t staging_pitch = 0;
  T* to = nullptr;  // point p of tile t goes to to[p * plane + t]; as much as a vector after the last is written too
  int64_t plane = 0;
};

/// A tile of registers: `rows` tiles of the picture times `vectors` vectors of output channels.
template <class T>
struct WinogradProduct {
  const T* a = nullptr;  // row i of input channel c: a[c * a_stride + i]
  int64_t a_stride = 0;
  const T* b = nullptr;  // panels of two vectors (or one, where that is all): [input channel][vector]
  int64_t b_panel = 0;   // from one panel to the next
  int64_t channels = 0;
  // What is needed soon and brought nearer meanwhile: the line at next + c * next_step of each panel. Filters that do
  // not fit the second-level cache come from the third without being waited for.
  const T* next = nullptr;
  int64_t next_step = 0;
  T* c = nullptr;  // vector v of row i: c + i * c_stride + v * lanes
  int64_t c_stride = 0;
};

/// The tiles of a block and up to a vector of output channels.
template <class T>
struct WinogradOutput {
  const T* from = nullptr;  // point p of tile t: the vector at from + p * plane + t * tile_stride
  int64_t plane = 0, tile_stride = 0;
  const T* bias = nullptr;  // a vector, or null
  int64_t segments = 0, across = 0;
  T* const* rows = nullptr;          // where the first cell of each segment goes, in channel 0
  const int32_t* heights = nullptr;  // rows of outputs in each segment
  int64_t width = 0;                 // outputs in a row of a segment
  int64_t channel_stride = 0, row_stride = 0;
  int64_t first_channel = 0;
  int channels = 0;
};

/// The filters of up to a vector of output channels.
template <class T>
struct WinogradFilters {
  const T* weight = nullptr;  // filter k of input channel c: nine numbers at weight + k * kernel_stride + 9 * c
  int64_t kernel_stride = 0;
  int kernels = 0;
  int64_t channels = 0;
  T* to = nullptr;  // point p of channel c: a vector at to + p * plane + c * channel_stride
  int64_t plane = 0, channel_stride = 0;
};

/// The kernels of one instruction set.
template <class T>
struct WinogradKernels {
  int lanes = 1;
  int max_rows = 1;
  /// The widest product of so many rows that stays in registers.
  int (*max_vectors)(int rows) = nullptr;
  void (*copy_lines)(const WinogradLines<T>&) = nullptr;
  /// Each cell is one chain of multiply-adds in the order of the input channels, whatever the tile of registers.
  void (*multiply)(int rows, int vectors, const WinogradProduct<T>&) = nullptr;
  // For m = 2 and m = 4.
  void (*transform_input[2])(const WinogradInput<T>&) = {};
  bool (*transform_output[2])(const WinogradOutput<T>&) = {};  // whether all results are finite
  void (*transform_filters[2])(const WinogradFilters<T>&) = {};
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
WinogradKernels<T> winograd_kernels();

/// Elements of one line of staging for so many tiles, and of the whole of it.
int64_t winograd_staging_pitch(int m, int64_t tiles, int lanes);
int64_t winograd_staging_elements(int m, int64_t tiles, int lanes);

}  // namespace convscope
