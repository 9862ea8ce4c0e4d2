// Rows of numbers, many at a time: what pooling, unfold, fold and transposed convolution are made of.
//
// Compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>
#include <type_traits>

namespace convscope {

/// The number of a row beside a number of type T.
template <class T>
using RowNumber = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

/// The kernels of one instruction set. No array needs any alignment. What is read must be followed by 64 readable
/// bytes, as the data of a Tensor and of an AlignedBuffer is; nothing beyond the given counts is written.
template <class T>
struct RowKernels {
  /// to[i] = the largest of rows[0][i], rows[1][i], ...; nan where one of them is nan. count >= 1.
  void (*largest)(const T* const* rows, int64_t count, int64_t n, T* to) = nullptr;
  /// The first of the largest, or the last nan, and the number of its row, counted from 1: 0 where all are -inf. 64
  /// bytes behind the numbers are written as well.
  void (*first_largest)(const T* const* rows, int64_t count, int64_t n, T* to, RowNumber<T>* numbers) = nullptr;
  /// to[i] = rows[0][i] + rows[1][i] + ..., added in this order to zero.
  void (*sum)(const T* const* rows, int64_t count, int64_t n, T* to) = nullptr;
  /// to[i] = from[i * stride].
  void (*pick)(const T* from, int64_t stride, int64_t n, T* to) = nullptr;
  /// to[i * stride + p] = rows[p][i] for p < stride, up to `n` numbers of `to`.
  void (*interleave)(const T* const* rows, int64_t stride, int64_t n, T* to) = nullptr;
  /// to[i] += from[i].
  void (*add)(const T* from, int64_t n, T* to) = nullptr;
  /// The same, quicker: 64 bytes behind `to` are written as well (with what stands there), so nobody else may use them.
  void (*add_to_own)(const T* from, int64_t n, T* to) = nullptr;
  /// The same for some rows of each, so many numbers apart.
  void (*add_rows_to_own)(const T* from, int64_t from_pitch, int64_t rows, int64_t n, T* to,
                          int64_t to_pitch) = nullptr;
  /// pick() for some rows.
  void (*pick_rows)(const T* from, int64_t from_pitch, int64_t rows, int64_t stride, int64_t n, T* to,
                    int64_t to_pitch) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
RowKernels<T> row_kernels();

}  // namespace convscope
