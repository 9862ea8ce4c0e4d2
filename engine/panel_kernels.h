// The innermost loops of a matrix product whose vectors lie along the output channels.
//
// gemm.h has the windows in the lanes and a kernel's weight in all lanes at once: results go straight to where they
// belong, but 49 windows fill 64 lanes. Here a vector holds weights of neighbouring output channels and each window's
// number is the factor: any number of windows is cut into tiles without waste, what is loaded is aligned, and the
// results are turned round at the end.
#pragma once

#include <cstdint>

namespace convscope {

inline constexpr int kMaxPanelVectors = 2;

/// Where the numbers of one vector of windows come from.
struct WindowPiece {
  int64_t source = 0;  // of lane 0, to be added to a tap's offset; lanes before `begin` belong to the pieces before
  int begin = 0;       // first lane that comes from here
};

/// Windows that are multiplied together: `count` vectors of them, of pieces[first_piece[v]] ... [first_piece[v + 1]].
struct WindowGroup {
  const WindowPiece* pieces = nullptr;
  const int32_t* first_piece = nullptr;
  int vectors = 0;
};

/// C (windows x channels) += A^T (windows x taps) * B (taps x channels); all are packed.
template <class T>
struct PanelTask {
  const T* a = nullptr;              // for each tap PanelKernels::pitch numbers, one of each window; or with offsets
  const int32_t* offsets = nullptr;  // where the windows' numbers of each tap begin, if they are not packed
  const T* b = nullptr;              // a row of each tap's weights of so many vectors of channels
  const int32_t* rows = nullptr;     // the row of each tap: those that only meet padding are left out
  int64_t taps = 0;
  const T* next = nullptr;  // fetched into the cache meanwhile, one line for each tap
  bool accumulate = false;  // start from what stands in c
  const T* bias = nullptr;  // one for each channel, added at the end; or null
  T* c = nullptr;           // for each window so many vectors of channels
};

/// The kernels of one instruction set.
template <class T>
struct PanelKernels {
  int lanes = 1;
  int max_windows = 1;  // of a tile
  int pitch = 1;        // numbers from one tap of packed windows to the next: max_windows in whole vectors
  /// windows <= max_windows, vectors <= kMaxPanelVectors. Each cell is one chain of multiply-adds in the order of the
  /// taps (fused where the instruction set can), as in TileKernels.
  void (*multiply)(int windows, int vectors, const PanelTask<T>& task) = nullptr;
  /// Writes PanelTask::a: for each tap the numbers at from + offsets[tap] + source of the pieces. All that is read may
  /// go on for lanes - 1 numbers beyond the last window's.
  void (*pack_windows)(const WindowGroup& group, const T* from, const int32_t* offsets, int64_t taps, T* to) = nullptr;
  /// Writes PanelTask::b: `rows` rows of length taps, row_stride apart, and zeros up to `width` of them.
  void (*pack_weight)(const T* from, int64_t row_stride, int64_t rows, int64_t width, int64_t taps, T* to) = nullptr;
  /// to[channel * to_stride + window] = from[places[window] * from_pitch + channel].
  void (*turn)(const T* from, int64_t from_pitch, const int32_t* places, int64_t windows, int64_t channels, T* to,
               int64_t to_stride) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
PanelKernels<T> panel_kernels();

}  // namespace convscope
