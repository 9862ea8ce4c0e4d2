// Sums of products along rows: what the gradient of a convolution's weight consists of.
//
// Compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>

namespace convscope {

inline constexpr int kMaxDotRows = 8;
inline constexpr int kMaxDotStreams = 5;

/// Each of some rows times each of some streams, number by number, over `steps` stretches of `n` numbers. The sums of
/// a row and a stream stay apart in the lanes of a vector, until total() adds them up.
///
/// What is read must be followed by 64 readable bytes.
template <class T>
struct DotTask {
  const T* rows = nullptr;  // row i in stretch t begins at rows + i * row_stride + t * row_pitch
  int64_t row_stride = 0, row_pitch = 0;
  const T* streams[kMaxDotStreams] = {};  // stream s in stretch t begins at streams[s] + t * stream_pitch
  int64_t stream_pitch = 0;
  int64_t steps = 0, n = 0;
  T* sums = nullptr;  // of row i and stream s the vector at sums + i * sums_pitch + s * lanes, to be added to
  int64_t sums_pitch = 0;
};

/// The kernels of one instruction set.
template <class T>
struct DotKernels {
  int lanes = 1;
  /// The most rows whose sums with so many streams stay in registers.
  int (*max_rows)(int streams) = nullptr;
  /// rows <= max_rows(streams), streams <= kMaxDotStreams.
  void (*run)(int rows, int streams, const DotTask<T>& task) = nullptr;
  /// The sum of a vector's lanes, always in the same order.
  T (*total)(const T* sums) = nullptr;
  /// The sum of n numbers.
  T (*sum)(const T* numbers, int64_t n) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target() of gemm.h.
template <class T>
DotKernels<T> dot_kernels();

}  // namespace convscope
