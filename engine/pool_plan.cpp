#include <algorithm>

#include "engine/checked_math.h"
#include "engine/pool.h"

namespace convscope {

PoolParams PoolParams::of(PoolKind kind, int dims) {
  PoolParams params;
  params.kind = kind;
  params.dims = dims;
  params.kernel_size = Spatial::all(dims, 2);
  params.padding.both = params.padding.begin = params.padding.end = Spatial::all(dims, 0);
  params.dilation = Spatial::all(dims, 1);
  return params;
}

Shape PoolPlan::input_shape() const {
  return windows.append(unbatched ? Shape{channels} : Shape{batch, channels}, &WindowAxis::extent);
}

Shape PoolPlan::output_shape() const {
  return windows.append(unbatched ? Shape{channels} : Shape{batch, channels}, &WindowAxis::count);
}

std::optional<int64_t> pool_output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d, int64_t s,
                                        bool ceil_mode) {
  const std::optional<int64_t> reach = checked_mul(d, k - 1);
  std::optional<int64_t> padded = checked_add(n, pad_begin);
  const std::optional<int64_t> before = padded;  // a window must begin before this
  if (padded) padded = checked_add(*padded, pad_end);
  if (!reach || !padded) return std::nullopt;
  const int64_t room = *padded - *reach - 1;  // both are in [0, 2^63)
  int64_t count = 0;
  if (room >= 0) {
    const std::optional<int64_t> windows = checked_add(room / s, 1 + (ceil_mode && room % s != 0 ? 1 : 0));
    if (!windows) return std::nullopt;
    count = *windows;
  } else if (ceil_mode && room > -s) {
    count = 1;  // ceil(room / s) is zero: one window, although it does not fit
  }
  if (ceil_mode && count > 0 && (count - 1) > (*before - 1) / s) --count;
  return count;
}

namespace {

Result<void> check_padding(const PoolParams& p, const Spatial& dilation) {
  if (p.padding.kind == PaddingKind::numbers) {
    for (int i = 0; i < p.dims; ++i) {
      if (p.padding.both[i] <= p.kernel_size[i] / 2) continue;
      Spatial most = p.kernel_size;
      for (int j = 0; j < p.dims; ++j) most[j] = p.kernel_size[j] / 2;
      return Error{"error.pool_padding_too_large",
                   "padding",
                   {p.padding.both.to_string(), p.kernel_size.to_string(), most.to_string()}};
    }
    return {};
  }
  for (int i = 0; i < p.dims; ++i) {
    const std::optional<int64_t> reach = checked_mul(dilation[i], p.kernel_size[i] - 1);
    if (!reach) return size_overflow("dilation");
    const int64_t largest = std::max(p.padding.begin[i], p.padding.end[i]);
    if (largest <= *reach) continue;
    return Error{"error.pool_pads_too_large",
                 "padding",
                 {std::to_string(largest), p.kernel_size.to_string(), std::to_string(*reach)}};
  }
  return {};
}

}  // namespace

Result<PoolPlan> validate(const PoolParams& params, const Shape& input_shape) {
  constexpr const char* kMax[] = {"max_pool1d", "max_pool2d", "max_pool3d"};
  constexpr const char* kAverage[] = {"avg_pool1d", "avg_pool2d", "avg_pool3d"};
  const char* operation = (params.kind == PoolKind::max ? kMax : kAverage)[params.dims - 1];
  if (params.padding.kind == PaddingKind::same || params.padding.kind == PaddingKind::valid) {
    return Error{"error.padding_word", "padding", {}};
  }
  const Spatial stride = params.stride.value_or(params.kernel_size);
  const Spatial dilation = params.kind == PoolKind::max ? params.dilation : Spatial::all(params.dims, 1);
  if (Result<void> good = check_window_numbers(params.kernel_size, stride, params.padding, dilation); !good) {
    return good.error();
  }
  if (Result<void> good = check_padding(params, dilation); !good) return good.error();
  if (params.divisor_override && *params.divisor_override == 0) {
    return Error{"error.divisor_zero", "divisor_override", {}};
  }
  const Result<Leading> leading = check_input_shape(operation, params.dims, input_shape);
  if (!leading) return leading.error();

  PoolPlan plan;
  plan.kind = params.kind;
  plan.dtype = params.dtype;
  plan.unbatched = leading->unbatched;
  plan.batch = leading->batch;
  plan.channels = leading->channels;
  plan.windows.dims = params.dims;
  plan.ceil_mode = params.ceil_mode;
  plan.count_include_pad = params.count_include_pad;
  plan.divisor_override = params.divisor_override;
  bool has_windows = true;
  for (int i = 0; i < params.dims; ++i) {
    WindowAxis& axis = plan.windows.axis(i);
    const bool apart = params.padding.kind == PaddingKind::pads;
    axis.extent = input_shape[input_shape.rank() - params.dims + i];
    axis.kernel = params.kernel_size[i];
    axis.stride = stride[i];
    axis.dilation = dilation[i];
    axis.pad_begin = apart ? params.padding.begin[i] : params.padding.both[i];
    axis.pad_end = apart ? params.padding.end[i] : params.padding.both[i];
    const std::optional<int64_t> count = pool_output_size(axis.extent, axis.pad_begin, axis.pad_end, axis.kernel,
                                                          axis.dilation, axis.stride, params.ceil_mode);
    if (!count) return size_overflow(axis);
    axis.count = *count;
    has_windows = has_windows && *count > 0;
  }
  if (params.kind == PoolKind::average && params.dims == 3 && params.padding.kind == PaddingKind::numbers) {
    // avg_pool3d alone asks that the kernel fit the input without its padding.
    for (int i = 0; i < 3; ++i) {
      if (plan.windows.axis(i).extent >= params.kernel_size[i]) continue;
      return Error{"error.avg_pool3d_input_too_small",
                   "kernel_size",
                   {params.kernel_size.to_string(), plan.windows.all(&WindowAxis::extent).to_string_by()}};
    }
  }
  if (!has_windows) {
    return Error{"error.pool_output_empty",
                 "kernel_size",
                 {params.kernel_size.to_string(), plan.windows.all(&WindowAxis::extent).to_string_by(),
                  plan.windows.all(&WindowAxis::count).to_string_by()}};
  }
  const Shape taps = plan.windows.append({}, &WindowAxis::kernel);
  if (!taps.numel()) return size_overflow("kernel_size");
  const Shape one_image = plan.windows.append({plan.channels}, &WindowAxis::count);
  if (!one_image.numel() || !plan.output_shape().numel()) return size_overflow("output");
  return plan;
}

}  // namespace convscope
