// Pages of the im2col lens's matrices as small tensors, for cells too small to draw one by one.
#pragma once

#include "app/scene/scene.h"
#include "engine/conv_plan.h"
#include "engine/coverage.h"
#include "engine/trace.h"

namespace convscope {

/// Rows and columns of a matrix.
struct MatrixPage {
  TensorId id = TensorId::none;  // im2col, kernel_matrix, product
  int64_t group = 0, row0 = 0, rows = 0, col0 = 0, cols = 0;
  bool turned = false;  // columns lie one below the other
  bool counts = false;  // of im2col: shade_of_uses() of the cells that are read, instead of their numbers
  bool operator==(const MatrixPage&) const = default;
};

/// The page as a (1, 1, rows, cols) tensor, turned (1, 1, cols, rows); remembered while the same page is asked for.
/// Undefined when there is no memory for it.
Tensor matrix_page(const ConvPlan& plan, const ConvTensors& tensors, const MatrixPage& wanted);

/// The shade of a cell of the input that many windows read, 0 to 0.6: of the most that read any cell, so pale that
/// numbers stay legible on it under the window.
double shade_of_uses(const Coverage& coverage, int64_t y, int64_t x);

/// One number of such a matrix; `col` of kernel_matrix and product is an output channel of the whole layer.
double matrix_value(const ConvPlan& plan, const ConvTensors& tensors, TensorId id, int64_t group, int64_t row,
                    int64_t col);

}  // namespace convscope
