// The im2col matrix: every window of the input written out as a row.
#pragma once

#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Position of one entry of the tutorial's im2col matrix of one group.
///
/// Shapes: rows are batch * out.h * out.w windows in row-major order (n, oy, ox); columns are
/// in_channels/groups * kernel.h * kernel.w taps in row-major order (c, ky, kx). PyTorch's unfold is the
/// transpose per image, (N, C*kh*kw, L).
struct Im2colEntry {
  int64_t n = 0, c = 0;                // image and input channel (absolute, group included)
  int64_t y = 0, x = 0;                // coordinate in the unpadded input, may lie outside
  int64_t source_y = 0, source_x = 0;  // the cell it reads, or kZeroPadding
  bool is_padding = false;             // lies outside the unpadded input
};

int64_t im2col_rows(const ConvPlan& plan);
int64_t im2col_columns(const ConvPlan& plan);

/// What stands at (row, column) of the matrix of `group`; constant time.
Im2colEntry im2col_entry(const ConvPlan& plan, int64_t group, int64_t row, int64_t column);

/// The value at (row, column), read from the input; constant time, the matrix is never stored.
double im2col_value(const ConvPlan& plan, const Tensor& input, int64_t group, int64_t row, int64_t column);

/// The whole matrix of one group, (rows, columns). Errors: error.tensor_too_large, error.out_of_memory.
Result<Tensor> im2col(const ConvPlan& plan, const Tensor& input, int64_t group);

}  // namespace convscope
