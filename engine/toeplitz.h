// The convolution of one channel as a matrix: the kernel, padded with zeros to the input's size, once per position.
//
// Row p holds the weights where the window of output position p puts them on the flattened input; all else in it is
// zero. The same few weights stand in every row (weight sharing), moved along: the matrix times the flattened input is
// the output, its transpose times an output the transposed convolution.
//
// The matrix of one output channel and one input channel; all images share it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// A weight in its row.
struct ToeplitzEntry {
  int64_t column = 0;  // the input cell it meets, y * in.w + x; kZeroPadding where that is the 0 of zero padding
  int64_t weight = 0;  // the kernel cell, ky * kernel.w + kx
  bool operator==(const ToeplitzEntry&) const = default;
};

/// Output positions of one channel, out.h * out.w.
int64_t toeplitz_rows(const ConvPlan& plan);
/// Cells of one input channel, in.h * in.w.
int64_t toeplitz_columns(const ConvPlan& plan);

/// Where kernel cell `weight` stands in `row`; constant time.
ToeplitzEntry toeplitz_entry(const ConvPlan& plan, int64_t row, int64_t weight);
/// All kernel.h * kernel.w entries of a row in the kernel's order, whatever the size of the matrix. Padding modes other
/// than zeros may put several weights on one column: there they add up.
void toeplitz_row(const ConvPlan& plan, int64_t row, std::vector<ToeplitzEntry>& entries);

/// What stands at (row, column) of the matrix of output channel k and the group's input channel c, 0 where no weight
/// does; costs the kernel's cells, the matrix is never stored.
double toeplitz_value(const ConvPlan& plan, const Tensor& weight, int64_t k, int64_t c, int64_t row, int64_t column);

/// What `row` of the matrix of output channel k and the group's input channel c gives with image n of the input: the
/// part of the output cell that this channel contributes, without bias, summed in the kernel's order in the plan's
/// type.
double toeplitz_product(const ConvPlan& plan, const Tensor& input, const Tensor& weight, int64_t n, int64_t k,
                        int64_t c, int64_t row);

/// A sparse matrix in compressed rows: the entries of row r are [row_begin[r], row_begin[r + 1]), their columns ascend.
/// A column of kZeroPadding, first in its row, is outside of the matrix and always meets 0 (which an infinite weight
/// turns into NaN, as everywhere).
template <class T>
struct SparseMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<int64_t> row_begin;
  std::vector<int64_t> column;
  std::vector<T> value;
};

/// Fills `matrix` (whose memory is used again) with the slice `kernel`, kernel.h * kernel.w weights.
///
/// Shapes: toeplitz_rows() x toeplitz_columns(), at most kernel.h * kernel.w entries a row. float and double are
/// instantiated. Errors: error.scratch_too_large, error.cancelled; throws bad_alloc.
/// Source: arXiv:1603.07285, section 4.1.
template <class T>
Result<void> fill_toeplitz_matrix(const ConvPlan& plan, const T* kernel, SparseMatrix<T>& matrix, Job* job = nullptr);

/// y += matrix * x. False when the job was cancelled (y is then incomplete).
template <class T>
bool multiply_add(const SparseMatrix<T>& matrix, const T* x, T* y, Job* job = nullptr);

}  // namespace convscope
