// The gate of the transposed convolutions.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/conv_nd_plan.h"
#include "engine/result.h"
#include "engine/shape.h"
#include "engine/window_axes.h"

namespace convscope {

/// The arguments of nn.ConvTranspose1d to 3d, unchecked; each Spatial has `dims` numbers. PaddingKind may be numbers or
/// pads (ONNX); the only padding_mode is zeros.
/// Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
struct ConvTransposeParams {
  int dims = 2;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  Spatial kernel_size;
  Spatial stride;
  SpatialPadding padding;
  Spatial output_padding;
  std::optional<Spatial> output_size;  // instead of output_padding, as the module's forward() takes it
  Spatial dilation;
  int64_t groups = 1;
  bool bias = true;
  DType dtype = DType::float32;

  static ConvTransposeParams of(int dims);
};

/// A checked transposed convolution. Its windows slide over the *output*: each input cell is one window, whose taps it
/// adds to. So an axis' extent is the output's and its count the input's, and the same windows are those of the direct
/// convolution whose gradient this is.
///
/// Shapes: input (batch, in_channels, counts...), weight (in_channels, out_channels/groups, kernel...),
/// bias (out_channels), output (batch, out_channels, extents...); without the batch where `unbatched`.
struct ConvTransposePlan {
  DType dtype = DType::float32;
  bool unbatched = false;
  int64_t batch = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  int64_t groups = 1;
  bool bias = false;
  Windows windows;
  Spatial output_padding;  // cells at the end of the output beyond the last window's reach

  int64_t channels_per_group() const { return in_channels / groups; }
  int64_t kernels_per_group() const { return out_channels / groups; }

  Shape input_shape() const;
  Shape weight_shape() const;
  Shape bias_shape() const { return {out_channels}; }
  Shape output_shape() const;

  bool operator==(const ConvTransposePlan&) const = default;
};

/// The size of an axis of the output, (n - 1)*s - pad_begin - pad_end + d*(k - 1) + output_padding + 1; zero or less
/// where the padding takes everything away. Empty when an intermediate value does not fit int64_t.
/// Source: torch.nn.ConvTranspose2d, "Shape"; relationship 14 of arXiv:1603.07285.
std::optional<int64_t> transposed_output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d,
                                              int64_t s, int64_t output_padding);

/// Checks every rule that PyTorch checks and derives all sizes.
/// Shapes: (N, C, spatial...) or (C, spatial...).
/// Errors: as for the direct convolutions, and error.output_padding_negative, error.output_padding_too_large,
/// error.output_size_out_of_range, error.transposed_output_empty.
Result<ConvTransposePlan> validate(const ConvTransposeParams& params, const Shape& input_shape);

}  // namespace convscope
