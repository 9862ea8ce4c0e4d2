// Transposed convolution: what the direct convolution's windows read, these windows write.
#pragma once

#include "engine/conv2d.h"
#include "engine/conv_transpose_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Spreads each input cell, times the kernel, over the output cells of its window, adds where windows overlap, and adds
/// the bias.
///
/// Shapes: as in ConvTransposePlan; all tensors of plan.dtype. `bias` may be undefined where plan.bias is false.
/// Algorithms: naive; all others are direct convolutions where phases_apply() and the weight is finite, else one matrix
/// product of the kernel with all input cells whose columns are folded.
/// Errors: error.input_shape, error.transposed_weight_shape, error.bias_shape, error.dtype_mismatch,
/// error.tensor_too_large, error.out_of_memory, error.cancelled.
/// Source: torch.nn.functional.conv_transpose1d to 3d.
Result<Tensor> conv_transpose(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight,
                              const Tensor& bias, const Conv2dOptions& options = {});

/// The reference: for each cell of the input, every product of its window is added to the output cell below it, in
/// type T; the bias (or null) comes last. `output` begins as zeros. Returns false when the job was cancelled.
template <class T>
bool conv_transpose_naive(const ConvTransposePlan& plan, const T* input, const T* weight, const T* bias, T* output,
                          Job* job);

}  // namespace convscope
