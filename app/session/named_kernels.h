// The list of kernels to choose from.
#pragma once

#include <span>
#include <string_view>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct NamedKernel {
  std::string_view name;       // "sobel_x"
  std::string_view label_key;  // "kernel.sobel_x"
};

/// identity, ones, box, gaussian, sharpen, sobel_x, sobel_y, laplacian, emboss, motion, ...
std::span<const NamedKernel> named_kernels();

/// The kernel at the size asked for (kernels defined at 3x3 are scaled up by a stated rule or kept in the centre)
/// as a weight (out_channels, in_channels/groups, kh, kw): on the diagonal o mod C = i, or, for one output
/// channel, divided among the input channels.
Result<Tensor> named_weight(std::string_view name, const ConvParams& params);

/// The kernel with a depth, as a weight (out_channels, in_channels/groups, depth, kh, kw). ones and box fill it,
/// gaussian and the Sobel kernels smooth along it as they do across their direction (binomial weights), prewitt as
/// ones; all others stand on the slice in the middle alone (before the middle of an even depth).
Result<Tensor> named_weight(std::string_view name, const ConvParams& params, int64_t depth);

}  // namespace convscope
