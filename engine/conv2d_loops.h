// The tutorial's sliding window with five loops: image, kernel, channel, row, column.
#pragma once

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// Slides each channel of a kernel over its channel of the padded input and adds up what it finds in the output
/// channel, input channel after input channel; the bias comes last, once per output channel.
///
/// conv2d_naive finishes one output cell before it begins the next and asks for padding cell by cell; here the padding
/// is written out first and all cells of an output channel grow together.
///
/// Shapes: as in ConvPlan; `bias` may be null. Scratch: the padded input. float and double are instantiated.
/// Errors: error.scratch_too_large, error.out_of_memory, error.cancelled.
template <class T>
Result<void> conv2d_loops(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job);

}  // namespace convscope
