// validate(): the one gate between untrusted parameters and the kernels.
#pragma once

#include <cstdint>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

/// A convolution whose every rule has been checked and whose sizes fit int64_t. Kernels take plans only.
///
/// Shapes: input (batch, in_channels, in.h, in.w), weight (out_channels, in_channels/groups, kernel.h,
/// kernel.w), bias (out_channels), output (batch, out_channels, out.h, out.w).
struct ConvPlan {
  DType dtype = DType::float32;
  int64_t batch = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  int64_t groups = 1;
  Pair in;
  Pair kernel;
  Pair stride{1, 1};
  Pair dilation{1, 1};
  Pads pads;
  Pair out;
  bool bias = false;
  bool unbatched = false;  // the input was (C, H, W): the output is (out_channels, out.h, out.w)
  PaddingMode padding_mode = PaddingMode::zeros;
  int dims = 2;  // 1: a conv1d on pictures of height 1, of which people are told the width alone

  int64_t channels_per_group() const { return in_channels / groups; }
  int64_t kernels_per_group() const { return out_channels / groups; }
  /// Products per output cell.
  int64_t taps() const { return channels_per_group() * kernel.h * kernel.w; }
  /// Output cells of one channel of one image, PyTorch's L.
  int64_t positions() const { return out.h * out.w; }
  /// Output cells in all = steps of the animation.
  int64_t output_cells() const { return batch * out_channels * positions(); }
  /// Products of the whole convolution, as a measure: it may be more than int64_t holds.
  double macs() const { return static_cast<double>(output_cells()) * static_cast<double>(taps()); }
  /// The window's extent in the padded input, d*(k-1)+1.
  Pair effective_kernel() const { return {dilation.h * (kernel.h - 1) + 1, dilation.w * (kernel.w - 1) + 1}; }

  Shape input_shape() const;
  Shape weight_shape() const;
  Shape bias_shape() const;
  Shape output_shape() const;

  bool operator==(const ConvPlan&) const = default;
};

/// Checks every rule that PyTorch checks and derives all sizes.
///
/// Shapes: input_shape is (N, C, H, W) or (C, H, W).
/// Errors: one Error that names the first field at fault, its value, the rule and a remedy. Nothing is
/// allocated; sizes up to 2^62 are computed exactly or refused (error.size_overflow), never wrapped.
/// Source: torch.nn.Conv2d and torch.nn.functional.pad.
Result<ConvPlan> validate(const ConvParams& params, const Shape& input_shape);

/// Checks tensors brought along against the plan: weight_shape, and bias_shape where the plan has a bias.
/// Errors: error.weight_shape, error.bias_shape (args: found, wanted).
Result<void> check_weight(const ConvPlan& plan, const Shape& weight_shape, const Shape* bias_shape);

}  // namespace convscope
