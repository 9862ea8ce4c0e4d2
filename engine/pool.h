// Max and average pooling over 1, 2 and 3 axes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cancel.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/window_axes.h"

namespace convscope {

enum class PoolKind : uint8_t { max, average };

/// The arguments of nn.MaxPool1d to 3d and nn.AvgPool1d to 3d, unchecked; each Spatial has `dims` numbers.
/// Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
struct PoolParams {
  PoolKind kind = PoolKind::max;
  int dims = 2;
  Spatial kernel_size;
  std::optional<Spatial> stride;  // the kernel's size where it is left out
  SpatialPadding padding;
  Spatial dilation;  // of max pooling; average pooling has none
  bool ceil_mode = false;
  bool count_include_pad = true;            // of average pooling: padding cells count in the divisor
  std::optional<int64_t> divisor_override;  // of average pooling over 2 and 3 axes
  DType dtype = DType::float32;

  static PoolParams of(PoolKind kind, int dims);
};

/// A checked pooling; each channel of each image is pooled by itself.
///
/// Shapes: input (batch, channels, extents...), output (batch, channels, counts...); without the batch where
/// `unbatched`. With ceil_mode the last windows may reach beyond the padding; what lies there counts for nothing.
struct PoolPlan {
  PoolKind kind = PoolKind::max;
  DType dtype = DType::float32;
  bool unbatched = false;
  int64_t batch = 1;
  int64_t channels = 1;
  Windows windows;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override;

  int64_t output_cells() const { return batch * channels * windows.count(); }
  Shape input_shape() const;
  Shape output_shape() const;
  bool operator==(const PoolPlan&) const = default;
};

/// How many windows pooling makes along an axis: floor((n + pad_begin + pad_end - d*(k-1) - 1) / s) + 1, with ceil_mode
/// the ceiling instead of the floor, less the last one where it would begin beyond the input and the padding before
/// it. Zero where no window fits; empty when an intermediate value does not fit int64_t.
/// Source: pooling_output_shape in PyTorch's Pool.h.
std::optional<int64_t> pool_output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d, int64_t s,
                                        bool ceil_mode);

/// Checks every rule that PyTorch checks and derives all sizes. Paddings given as `pads` follow ONNX's rule instead of
/// PyTorch's: each less than the window's extent.
/// Shapes: (N, C, spatial...) or (C, spatial...).
/// Errors: those of check_window_numbers and check_input_shape, error.padding_word, error.pool_padding_too_large,
/// error.pool_pads_too_large, error.divisor_zero, error.pool_output_empty, error.avg_pool3d_input_too_small,
/// error.size_overflow.
Result<PoolPlan> validate(const PoolParams& params, const Shape& input_shape);

struct PoolResult {
  Tensor output;
  /// Of max pooling, where asked for: the flat position, within its channel's cells, of each output's maximum.
  std::vector<int64_t> indices;
};

enum class PoolIndices : uint8_t { none, wanted };

/// Max pooling takes the first of equal numbers and the last NaN, of zeros with both signs either; average pooling adds
/// in row-major order and divides. A max window without any cell of the input gives -inf. Runs on `threads` threads (0:
/// all), the numbers do not depend on it. Errors: error.input_shape, error.dtype_mismatch, error.tensor_too_large,
/// error.out_of_memory, error.cancelled. Source: torch.nn.functional.max_pool2d, avg_pool2d and their relatives.
Result<PoolResult> pool(const PoolPlan& plan, const Tensor& input, PoolIndices indices = PoolIndices::none,
                        int threads = 0, Job* job = nullptr);

}  // namespace convscope
