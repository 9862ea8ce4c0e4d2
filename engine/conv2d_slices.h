// The tutorial's sliding window with slices: cut a window out, multiply it with each kernel, sum.
#pragma once

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// For each image, position and group: the slice x[n, c0:c1, y0:y1:dilation, x0:x1:dilation] of the padded input,
/// contracted over channels, rows and columns with every kernel of the group, plus the bias.
///
/// The tutorial multiplies the slices of the whole batch, (N, C, kh, kw), with all kernels, (K, C, kh, kw), cell by
/// cell: that pairs image n with kernel n, and is right only where the two numbers agree. Each image meets each kernel
/// here.
///
/// Shapes: as in ConvPlan; `bias` may be null. Scratch: the padded input. float and double are instantiated.
/// Errors: error.scratch_too_large, error.out_of_memory, error.cancelled.
template <class T>
Result<void> conv2d_slices(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job);

}  // namespace convscope
