// Pages of the im2col lens's matrices as small tensors, for cells too small to draw one by one.
#pragma once

#include "app/scene/scene.h"
#include "engine/conv_plan.h"
#include "engine/trace.h"

namespace convscope {

/// The rows and columns of matrix `id` (im2col, kernel_matrix, product) of `group` as a (1, 1, rows, cols) tensor;
/// remembered while the same page is asked for. Undefined when there is no memory for it.
Tensor matrix_page(const ConvPlan& plan, const ConvTensors& tensors, TensorId id, int64_t group, int64_t row0,
                   int64_t rows, int64_t col0, int64_t cols);

/// One number of such a matrix; `col` of kernel_matrix and product is an output channel of the whole layer.
double matrix_value(const ConvPlan& plan, const ConvTensors& tensors, TensorId id, int64_t group, int64_t row,
                    int64_t col);

}  // namespace convscope
