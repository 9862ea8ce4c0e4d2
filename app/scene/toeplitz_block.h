// The sparse matrix, the flattened input and their product, cell by cell.
#pragma once

#include "app/scene/toeplitz_layout.h"

namespace convscope {

/// The matrix of frame.cell.c and the group's input channel `c`: its weights on dots, the current row lit, and x beside
/// or above it. `channel` is the absolute input channel.
void draw_toeplitz_matrix(LensFrame& frame, const ToeplitzLayout& layout, int64_t c);
void draw_toeplitz_vector(LensFrame& frame, const ToeplitzLayout& layout, int64_t c);
/// The products of the rows that have been computed. `products` holds those of all rows of layout.product.
void draw_toeplitz_product(LensFrame& frame, const ToeplitzLayout& layout, const Tensor& products);
/// The kernel on zeros as large as X with its padding, where the window is: one row of the matrix before it is
/// flattened.
void draw_padded_kernel(LensFrame& frame, const Grid& grid, int64_t c);

}  // namespace convscope
