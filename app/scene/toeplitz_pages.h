// What the sparse-matrix lens reads beyond single entries, remembered while the same is asked for.
#pragma once

#include "app/scene/scene.h"
#include "engine/conv_plan.h"
#include "engine/trace.h"

namespace convscope {

/// The matrix of output channel k and the group's input channel c on at most 96x96 texels, (1, 1, rows, cols): the
/// weight of largest magnitude that stands in a texel's columns, in one row of its rows. Costs the texture and the
/// kernel, whatever the size of the matrix. Undefined when there is no memory for it.
Tensor toeplitz_map(const ConvPlan& plan, const ConvTensors& tensors, int64_t k, int64_t c);

/// Rows row0 to row0 + rows of the matrix times the flattened channel of image n, as a (1, 1, rows, 1) tensor: the
/// output without bias where the group has one channel, else this channel's part of it.
Tensor toeplitz_products(const ConvPlan& plan, const ConvTensors& tensors, int64_t n, int64_t k, int64_t c,
                         int64_t row0, int64_t rows);

}  // namespace convscope
