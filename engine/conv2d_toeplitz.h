// Convolution as a sparse matrix times the flattened input, channel by channel.
#pragma once

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// For each output channel and each input channel of its group: the Toeplitz matrix of the kernel's slice times the
/// flattened channel of every image, added up over the input channels, plus the bias.
///
/// Shapes: as in ConvPlan; `bias` may be null. Scratch: one sparse matrix, see engine/toeplitz.h. float and double are
/// instantiated. Errors: error.scratch_too_large, error.cancelled; throws bad_alloc.
template <class T>
Result<void> conv2d_toeplitz(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job);

}  // namespace convscope
