// conv1d, conv2d and conv3d through one door.
#pragma once

#include "engine/conv2d.h"
#include "engine/conv_nd_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Cross-correlates input with weight over 1, 2 or 3 axes and adds the bias.
///
/// Shapes: as in ConvNdPlan; all tensors of plan.dtype. `bias` may be undefined where plan.bias is false. conv1d is
/// conv2d on pictures of height 1; conv3d is, for each depth of the output, conv2d on the planes below the kernel.
/// Errors: error.weight_shape, error.bias_shape, error.input_shape, error.dtype_mismatch, error.tensor_too_large,
/// error.out_of_memory, error.cancelled.
/// Source: torch.nn.functional.conv1d, conv2d, conv3d.
Result<Tensor> conv_nd(const ConvNdPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                       const Conv2dOptions& options = {});

/// The reference over three axes, which serves one and two as well: every output cell is the sum of its products in
/// tap order (c, kd, ky, kx), in type T, plus the bias (or null). Returns false when the job was cancelled.
template <class T>
bool conv_nd_naive(const ConvNdPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job);

/// Checks that the tensors have the shapes and the dtype; the undefined bias is passed over where `has_bias` is false.
/// Errors: error.input_shape, error.weight_shape or error.transposed_weight_shape, error.bias_shape,
/// error.dtype_mismatch.
struct WantedShapes {
  Shape input, weight, bias;
  bool has_bias = false;
  bool transposed = false;
  DType dtype = DType::float32;
};
Result<void> check_tensors(const WantedShapes& wanted, const Tensor& input, const Tensor& weight, const Tensor& bias);
Result<void> check_dtype(const char* field, const Tensor& tensor, DType dtype);

}  // namespace convscope
