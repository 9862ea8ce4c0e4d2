// The gradient of conv2d by its weight, read from rows as they lie.
#pragma once

#include "engine/cancel.h"
#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Whether it can be done: the cells between the taps, which are copied with them, must not be too many.
template <class T>
bool weight_dots_fit(const ConvPlan& plan);

/// Whether, besides, that is quicker than conv2d_weight_gradient.h's product: where there are few output channels to
/// share what it gathers, and wherever rows of windows fill vectors.
template <class T>
bool weight_dots_pay(const ConvPlan& plan);

/// Each number of grad_weight is the product of two pictures: a channel of grad_output and one of the padded input,
/// shifted by the tap. The vectors' lanes are neighbouring windows; a vector of the input serves several output
/// channels, and one of grad_output several taps.
///
/// Shapes, threads and types as conv2d_weight_gradient(); needs weight_dots_fit(). Scratch: for each thread some
/// hundred KiB, a few MiB where kernels are vast; a copy of grad_output where the rows of windows are short.
template <class T>
Outcome conv2d_weight_dots(const ConvPlan& plan, const T* input, const T* grad_output, T* grad_weight, int threads,
                           Job* job);

}  // namespace convscope
