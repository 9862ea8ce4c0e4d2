// Some cells of a convolution, computed one by one.
#pragma once

#include <cstdint>

#include "engine/cancel.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Cells [y, y + rows) x [x, x + columns) of an output plane.
struct CellRange {
  int64_t y = 0, x = 0, rows = 0, columns = 0;
};

/// The cells of output channel k of image n as conv2d_naive computes them, for those who find that their own way cannot
/// (infinities and NaN). Shapes: as in ConvPlan. Returns false when the job was cancelled.
template <class T>
bool conv2d_cells(const ConvPlan& plan, const T* input, const T* weight, const T* bias, int64_t n, int64_t k,
                  const CellRange& cells, T* output, const Job* job);

}  // namespace convscope
