// Convolution without any matrix: rows of outputs summed in registers, straight from the picture.
#pragma once

#include "engine/cancel.h"
#include "engine/conv2d_im2col.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Slides the kernel over the input as conv2d_naive does, up to 8 rows of one output channel at a time: a vector of the
/// input that has been loaded serves all rows of the tile whose windows reach it. The input is read where it lies;
/// only tiles that see the padding or stand a stride apart are read from a copy of what they cover.
///
/// Shapes: as in ConvPlan; `bias` may be null. The numbers do not depend on `threads`. Scratch: for each thread at most
/// 2 MiB, or what one row of a kernel of one channel needs; and one row of zeros. float and double are instantiated.
template <class T>
Outcome conv2d_direct(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, int threads,
                      Job* job);

}  // namespace convscope
