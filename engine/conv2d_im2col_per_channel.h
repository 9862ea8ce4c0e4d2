// The tutorial's im2col of part 7.2: one channel's windows as a matrix at a time.
#pragma once

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// For each image and input channel: the region matrix, a row of kernel.h * kernel.w cells per window, times the
/// flattened slice of every kernel that sees the channel; the products add up over the channels, then comes the bias.
///
/// The tutorial builds the matrix anew for every output channel, though it does not depend on it; here it is built once
/// and used by all of them, which is what im2col is for. conv2d_im2col joins the channels' matrices into one.
///
/// Shapes: as in ConvPlan; `bias` may be null. Scratch: one region matrix, (positions, kernel.h * kernel.w). float and
/// double are instantiated.
/// Errors: error.scratch_too_large, error.out_of_memory, error.cancelled.
template <class T>
Result<void> conv2d_im2col_per_channel(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output,
                                       Job* job);

}  // namespace convscope
