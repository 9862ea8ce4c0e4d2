// The gradients of conv2d.
#pragma once

#include "engine/conv2d.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Of a loss by conv2d's arguments; each has its argument's shape.
struct Conv2dGradients {
  Tensor input, weight, bias;
};

/// What a loss whose gradient by the output is `grad_output` changes by when input, weight and bias change. The bias'
/// gradient is there whether the plan has a bias or not.
///
/// Shapes: input, weight as in ConvPlan, grad_output like the output; all of plan.dtype.
/// Algorithms: naive; all others use that the gradient by the input is a transposed convolution of grad_output with
/// the weight, and the gradient by the weight the product of grad_output and the im2col matrix.
/// Errors: error.input_shape, error.weight_shape, error.grad_output_shape, error.dtype_mismatch,
/// error.tensor_too_large, error.out_of_memory, error.cancelled.
/// Source: torch.nn.grad.conv2d_input, conv2d_weight.
Result<Conv2dGradients> conv2d_backward(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                        const Tensor& grad_output, const Conv2dOptions& options = {});

/// The gradients of weight and bias alone; that of the input stays undefined.
/// Errors: error.input_shape, error.grad_output_shape, error.dtype_mismatch and those of allocation, error.cancelled.
Result<Conv2dGradients> conv2d_parameter_gradients(const ConvPlan& plan, const Tensor& input,
                                                   const Tensor& grad_output, const Conv2dOptions& options = {});

/// The reference: every product of the forward pass, once more. Each hands the output's gradient times the weight to
/// its input cell, and the output's gradient times the input to its weight; padding that repeats a cell hands it to
/// that cell. Padding of zeros has no gradient, but is multiplied: an infinite gradient of the output times such a zero
/// is NaN, as in PyTorch. The gradients begin as zeros. Returns false when the job was cancelled.
template <class T>
bool conv2d_backward_naive(const ConvPlan& plan, const T* input, const T* weight, const T* grad_output, T* grad_input,
                           T* grad_weight, T* grad_bias, Job* job);

}  // namespace convscope
