// One-dimensional convolutions of many lines at once.
//
// The kernels are compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>

namespace convscope {

/// The kernels of one instruction set.
template <class T>
struct SeparableKernels {
  int rows = 1;     // that one call of down() makes
  int columns = 1;  // that down() makes together: a few vectors
  int block = 1;    // the same, for across()

  /// to[x] = again[x] = the sum of w[t] * from[x + t * step], t < taps, for x < count. Reads and writes up to block - 1
  /// numbers more; `to` and `again` are aligned to vectors.
  void (*across)(const T* from, int64_t step, const T* w, int64_t taps, T* to, T* again, int64_t count) = nullptr;

  /// to[y][x] = (what stands there, where `accumulate`, else nothing) + the sum of w[t] * from[y + t * step][x], t <
  /// taps, + bias, for `rows` rows and `count` columns, a multiple of `columns`; rows are from_pitch and to_pitch
  /// numbers apart, `from` is aligned to vectors. Returns whether all these numbers are finite.
  bool (*down)(const T* from, int64_t from_pitch, int64_t step, const T* w, int64_t taps, bool accumulate, T bias,
               T* to, int64_t to_pitch, int64_t count) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
SeparableKernels<T> separable_kernels();

}  // namespace convscope
