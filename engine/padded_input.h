// The input with its padding written out, as the tutorial's sliding methods begin.
#pragma once

#include "engine/algorithm.h"
#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// (batch, in_channels, in.h + pads.top + pads.bottom, in.w + pads.left + pads.right).
Shape padded_shape(const ConvPlan& plan);

/// A copy of the input with every padding cell filled as the plan's padding_mode says, so that the window of output
/// cell (y, x) begins at row y * stride.h and column x * stride.w of it. `algorithm` is named in the refusal.
///
/// Shapes: input as in ConvPlan, result padded_shape(). float and double are instantiated.
/// Errors: error.scratch_too_large, error.out_of_memory, error.cancelled.
/// Source: torch.nn.functional.pad.
template <class T>
Result<Tensor> padded_input(const ConvPlan& plan, const T* input, Algorithm algorithm, const Job* job);

}  // namespace convscope
