// The entry to convolution: chooses an algorithm, or runs the one asked for.
#pragma once

#include "engine/algorithm.h"
#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct Conv2dOptions {
  Algorithm algorithm = Algorithm::automatic;
  int threads = 0;     // 0: as many as the machine has; the numbers do not depend on it
  Job* job = nullptr;  // watched for cancellation, told the progress; may be null
};

/// Cross-correlates input with weight (the kernel is not flipped) and adds the bias.
///
/// Shapes: as in ConvPlan; all tensors of plan.dtype. `bias` may be undefined where plan.bias is false.
/// Errors: error.weight_shape, error.bias_shape, error.input_shape, error.dtype_mismatch, error.tensor_too_large,
/// error.scratch_too_large, error.out_of_memory, error.cancelled; of Algorithm::fft also error.algorithm_fft_stride and
/// error.algorithm_fft_kernel, of Algorithm::winograd error.algorithm_winograd_kernel, error.algorithm_winograd_stride
/// and error.algorithm_winograd_dilation.
/// Source: torch.nn.functional.conv2d.
Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options = {});

}  // namespace convscope
