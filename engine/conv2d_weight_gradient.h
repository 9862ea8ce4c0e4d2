// The gradient of conv2d by its weight as a matrix product.
#pragma once

#include "engine/cancel.h"
#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// grad_weight (out_channels x taps) = grad_output (out_channels x windows) * im2col (windows x taps), group by group;
/// the im2col matrix is gathered a panel at a time.
///
/// Shapes: input, grad_weight, grad_output as in ConvPlan. The numbers do not depend on `threads`. Scratch: a copy of
/// grad_output, and for each thread at most 2 MiB. float and double are instantiated.
/// Source: the chain rule; the gradient of a matrix product by its first factor.
template <class T>
Outcome conv2d_weight_gradient(const ConvPlan& plan, const T* input, const T* grad_output, T* grad_weight, int threads,
                               Job* job);

}  // namespace convscope
