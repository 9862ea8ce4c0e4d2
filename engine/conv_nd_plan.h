// The gate of the direct convolutions: conv1d, conv2d and conv3d.
#pragma once

#include <cstdint>
#include <string>

#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/shape.h"
#include "engine/window_axes.h"

namespace convscope {

/// The arguments of nn.Conv1d, nn.Conv2d and nn.Conv3d, unchecked; each Spatial has `dims` numbers.
/// Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
struct ConvNdParams {
  int dims = 2;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  Spatial kernel_size;
  Spatial stride;
  SpatialPadding padding;
  Spatial dilation;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
  DType dtype = DType::float32;

  /// PyTorch's defaults for so many axes; the kernel has 3 taps along each.
  static ConvNdParams of(int dims);
};

/// A checked convolution over 1, 2 or 3 axes. The windows slide over the input, each makes one output cell.
///
/// Shapes: input (batch, in_channels, extents...), weight (out_channels, in_channels/groups, kernel...),
/// bias (out_channels), output (batch, out_channels, counts...); without the batch where `unbatched`.
struct ConvNdPlan {
  DType dtype = DType::float32;
  bool unbatched = false;
  int64_t batch = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  int64_t groups = 1;
  bool bias = false;
  PaddingMode padding_mode = PaddingMode::zeros;
  Windows windows;

  int64_t channels_per_group() const { return in_channels / groups; }
  int64_t kernels_per_group() const { return out_channels / groups; }
  /// Products per output cell.
  int64_t taps() const { return channels_per_group() * windows.taps(); }
  int64_t output_cells() const { return batch * out_channels * windows.count(); }

  Shape input_shape() const;
  Shape weight_shape() const;
  Shape bias_shape() const { return {out_channels}; }
  Shape output_shape() const;

  bool operator==(const ConvNdPlan&) const = default;
};

/// Checks every rule that PyTorch checks and derives all sizes; `operation` ("conv3d") stands in messages. Nothing is
/// allocated; sizes that int64_t does not hold are refused.
/// Shapes: (N, C, spatial...) or (C, spatial...).
/// Source: torch.nn.Conv1d to Conv3d, torch.nn.functional.pad.
Result<ConvNdPlan> validate(const ConvNdParams& params, const Shape& input_shape);

/// The same convolution as one over two axes: conv1d is conv2d on pictures of height 1. Needs dims of 1 or 2.
ConvPlan as_conv2d(const ConvNdPlan& plan);

/// Checks that both are at least 1. Errors: error.in_channels_not_positive, error.out_channels_not_positive.
Result<void> check_channels(int64_t in_channels, int64_t out_channels);
/// Errors: error.groups_not_positive, error.in_channels_not_divisible, error.out_channels_not_divisible.
Result<void> check_groups(int64_t in_channels, int64_t out_channels, int64_t groups);
/// The values that `groups` may have, "1, 2, 4"; the first twelve.
std::string common_divisors(int64_t in_channels, int64_t out_channels);
/// The input's channels against the layer's. Errors: error.in_channels_mismatch.
Result<void> check_input_channels(int64_t in_channels, const Leading& leading, const Shape& input_shape);

}  // namespace convscope
