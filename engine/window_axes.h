// Windows that slide over a field of up to three axes: the geometry that all operations share.
#pragma once

#include <array>
#include <cstdint>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/shape.h"
#include "engine/spatial.h"

namespace convscope {

/// One axis: `count` windows of `kernel` taps, `dilation` apart, each `stride` cells further, over a field of `extent`
/// cells that is padded on both sides. Tap k of window w stands on cell w * stride - pad_begin + k * dilation.
struct WindowAxis {
  int64_t extent = 1;
  int64_t count = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;

  int64_t cell(int64_t window, int64_t tap) const { return window * stride - pad_begin + tap * dilation; }
  /// Fits int64_t in every plan: the gates refuse what does not.
  int64_t effective_kernel() const { return dilation * (kernel - 1) + 1; }
  bool operator==(const WindowAxis&) const = default;
};

/// The axes of an operation with 1, 2 or 3 of them. Kernels always loop over depth, height and width: the axes that an
/// operation lacks have one cell, one window and one tap.
struct Windows {
  int dims = 2;
  std::array<WindowAxis, kMaxSpatialDims> axes;

  const WindowAxis& depth() const { return axes[0]; }
  const WindowAxis& height() const { return axes[1]; }
  const WindowAxis& width() const { return axes[2]; }
  /// Axis `i` of the operation's own, outermost first.
  const WindowAxis& axis(int i) const { return axes[static_cast<size_t>(kMaxSpatialDims - dims + i)]; }
  WindowAxis& axis(int i) { return axes[static_cast<size_t>(kMaxSpatialDims - dims + i)]; }

  int64_t cells() const { return axes[0].extent * axes[1].extent * axes[2].extent; }
  int64_t count() const { return axes[0].count * axes[1].count * axes[2].count; }
  int64_t taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }

  /// One of the members of all axes.
  Spatial all(int64_t WindowAxis::*member) const;
  /// `shape` with that member of each axis behind it: append({n, c}, &WindowAxis::extent).
  Shape append(Shape shape, int64_t WindowAxis::*member) const;

  bool operator==(const Windows&) const = default;
};

/// How much padding an operation was given: PaddingKind::numbers reads `both`, pads reads `begin` and `end`.
struct SpatialPadding {
  PaddingKind kind = PaddingKind::numbers;
  Spatial both;
  Spatial begin, end;
  bool operator==(const SpatialPadding&) const = default;
};

/// The checks that all operations begin with: kernel_size, stride and dilation at least 1, padding not negative.
/// Errors: error.kernel_size_not_positive, error.stride_not_positive, error.padding_negative, error.pads_negative,
/// error.dilation_not_positive.
Result<void> check_window_numbers(const Spatial& kernel_size, const Spatial& stride, const SpatialPadding& padding,
                                  const Spatial& dilation);

/// The checks of an input (batch, channels, spatial...) or (channels, spatial...): rank, extents of at least 1 but for
/// the batch, and numel() that fits. `operation` stands in the message.
/// Errors: error.input_rank, error.input_empty, error.size_overflow.
struct Leading {
  bool unbatched = false;
  int64_t batch = 1;
  int64_t channels = 1;
};
Result<Leading> check_input_shape(const char* operation, int dims, const Shape& shape);

/// The error of a size that int64_t does not hold; `field` names the argument or tensor.
Error size_overflow(const char* field);
/// The same of an axis whose formula does not fit: which of its two sums is too long, the window or the padded input?
Error size_overflow(const WindowAxis& axis);

}  // namespace convscope
