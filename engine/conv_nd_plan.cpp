#include "engine/conv_nd_plan.h"

#include <numeric>
#include <optional>
#include <string>

#include "engine/checked_math.h"
#include "engine/output_size.h"

namespace convscope {

ConvNdParams ConvNdParams::of(int dims) {
  ConvNdParams params;
  params.dims = dims;
  params.kernel_size = Spatial::all(dims, 3);
  params.stride = Spatial::all(dims, 1);
  params.padding.both = params.padding.begin = params.padding.end = Spatial::all(dims, 0);
  params.dilation = Spatial::all(dims, 1);
  return params;
}

Shape ConvNdPlan::input_shape() const {
  return windows.append(unbatched ? Shape{in_channels} : Shape{batch, in_channels}, &WindowAxis::extent);
}

Shape ConvNdPlan::weight_shape() const {
  return windows.append({out_channels, channels_per_group()}, &WindowAxis::kernel);
}

Shape ConvNdPlan::output_shape() const {
  return windows.append(unbatched ? Shape{out_channels} : Shape{batch, out_channels}, &WindowAxis::count);
}

namespace {

/// The pads of one axis; empty where 'same' needs more than int64_t holds.
std::optional<std::array<int64_t, 2>> pads_of(const ConvNdParams& p, int axis) {
  switch (p.padding.kind) {
    case PaddingKind::valid:
      return std::array<int64_t, 2>{0, 0};
    case PaddingKind::numbers:
      return std::array<int64_t, 2>{p.padding.both[axis], p.padding.both[axis]};
    case PaddingKind::pads:
      return std::array<int64_t, 2>{p.padding.begin[axis], p.padding.end[axis]};
    case PaddingKind::same:
      break;
  }
  const std::optional<int64_t> total = checked_mul(p.dilation[axis], p.kernel_size[axis] - 1);
  if (!total) return std::nullopt;
  // Where the total is odd, PyTorch puts the extra cell at the end.
  return std::array<int64_t, 2>{*total / 2, *total - *total / 2};
}

/// The limits of reflect and circular.
Result<void> check_mode(PaddingMode mode, const Windows& windows) {
  const Spatial in = windows.all(&WindowAxis::extent);
  Spatial largest = in, most = in;
  for (int i = 0; i < windows.dims; ++i) {
    largest[i] = std::max(windows.axis(i).pad_begin, windows.axis(i).pad_end);
    if (mode == PaddingMode::reflect) --most[i];
  }
  if (mode != PaddingMode::reflect && mode != PaddingMode::circular) return {};
  for (int i = 0; i < windows.dims; ++i) {
    if (largest[i] <= most[i]) continue;
    const char* code =
        mode == PaddingMode::reflect ? "error.reflect_padding_too_large" : "error.circular_padding_too_large";
    return Error{code, "padding", {largest.to_string(), in.to_string_by(), most.to_string()}};
  }
  return {};
}

Result<void> check_numbers(const ConvNdParams& p) {
  if (Result<void> good = check_channels(p.in_channels, p.out_channels); !good) return good;
  if (Result<void> good = check_window_numbers(p.kernel_size, p.stride, p.padding, p.dilation); !good) return good;
  if (Result<void> good = check_groups(p.in_channels, p.out_channels, p.groups); !good) return good;
  if (p.padding.kind == PaddingKind::same && p.stride != Spatial::all(p.dims, 1)) {
    return Error{"error.same_needs_stride_1", "padding", {p.stride.to_string()}};
  }
  return {};
}

}  // namespace

Result<void> check_channels(int64_t in_channels, int64_t out_channels) {
  if (in_channels < 1) return Error{"error.in_channels_not_positive", "in_channels", {std::to_string(in_channels)}};
  if (out_channels < 1) {
    return Error{"error.out_channels_not_positive", "out_channels", {std::to_string(out_channels)}};
  }
  return {};
}

std::string common_divisors(int64_t a, int64_t b) {
  const int64_t greatest = std::gcd(a, b);
  std::string list;
  int found = 0;
  // Divisors beyond a million are of no help to anyone and would take long to find.
  for (int64_t d = 1; d <= greatest && d <= 1'000'000 && found < 12; ++d) {
    if (greatest % d != 0) continue;
    if (found++ > 0) list += ", ";
    list += std::to_string(d);
  }
  return list;
}

Result<void> check_groups(int64_t in_channels, int64_t out_channels, int64_t groups) {
  if (groups < 1) return Error{"error.groups_not_positive", "groups", {std::to_string(groups)}};
  if (in_channels % groups != 0) {
    return Error{"error.in_channels_not_divisible",
                 "groups",
                 {std::to_string(in_channels), std::to_string(groups), common_divisors(in_channels, out_channels)}};
  }
  if (out_channels % groups != 0) {
    return Error{"error.out_channels_not_divisible",
                 "groups",
                 {std::to_string(out_channels), std::to_string(groups), common_divisors(in_channels, out_channels)}};
  }
  return {};
}

Result<void> check_input_channels(int64_t in_channels, const Leading& leading, const Shape& input_shape) {
  if (leading.channels == in_channels) return {};
  return Error{"error.in_channels_mismatch",
               "in_channels",
               {std::to_string(in_channels), std::to_string(leading.channels), input_shape.to_string()}};
}

Result<ConvNdPlan> validate(const ConvNdParams& params, const Shape& input_shape) {
  constexpr const char* kOperations[] = {"conv1d", "conv2d", "conv3d"};
  if (Result<void> good = check_numbers(params); !good) return good.error();
  const Result<Leading> leading = check_input_shape(kOperations[params.dims - 1], params.dims, input_shape);
  if (!leading) return leading.error();
  if (Result<void> good = check_input_channels(params.in_channels, *leading, input_shape); !good) return good.error();

  ConvNdPlan plan;
  plan.dtype = params.dtype;
  plan.unbatched = leading->unbatched;
  plan.batch = leading->batch;
  plan.in_channels = params.in_channels;
  plan.out_channels = params.out_channels;
  plan.groups = params.groups;
  plan.bias = params.bias;
  plan.padding_mode = params.padding_mode;
  plan.windows.dims = params.dims;

  bool fits = true;
  Spatial effective = params.kernel_size, padded = params.kernel_size;
  for (int i = 0; i < params.dims; ++i) {
    WindowAxis& axis = plan.windows.axis(i);
    axis.extent = input_shape[input_shape.rank() - params.dims + i];
    axis.kernel = params.kernel_size[i];
    axis.stride = params.stride[i];
    axis.dilation = params.dilation[i];
    const std::optional<std::array<int64_t, 2>> pads = pads_of(params, i);
    if (!pads) return size_overflow("dilation");
    axis.pad_begin = (*pads)[0];
    axis.pad_end = (*pads)[1];
    const std::optional<OutputSize> size =
        output_size(axis.extent, axis.pad_begin, axis.pad_end, axis.kernel, axis.dilation, axis.stride);
    if (!size) return size_overflow(axis);
    effective[i] = size->effective_k;
    padded[i] = size->effective_k + size->numerator;
    axis.count = size->out;
    fits = fits && size->numerator >= 0;
  }
  if (!fits) {
    return Error{
        "error.kernel_larger_than_input",
        "kernel_size",
        {params.kernel_size.to_string(), params.dilation.to_string(), effective.to_string_by(), padded.to_string_by()}};
  }
  if (Result<void> good = check_mode(params.padding_mode, plan.windows); !good) return good.error();

  // Everything that the plan's accessors multiply must fit.
  if (!plan.weight_shape().numel()) return size_overflow("weight");
  const Shape one_image = plan.windows.append({plan.out_channels}, &WindowAxis::count);
  if (!one_image.numel() || !plan.output_shape().numel()) return size_overflow("output");
  return plan;
}

ConvPlan as_conv2d(const ConvNdPlan& plan) {
  const WindowAxis& h = plan.windows.height();
  const WindowAxis& w = plan.windows.width();
  ConvPlan flat;
  flat.dtype = plan.dtype;
  flat.batch = plan.batch;
  flat.in_channels = plan.in_channels;
  flat.out_channels = plan.out_channels;
  flat.groups = plan.groups;
  flat.in = {h.extent, w.extent};
  flat.kernel = {h.kernel, w.kernel};
  flat.stride = {h.stride, w.stride};
  flat.dilation = {h.dilation, w.dilation};
  flat.pads = {h.pad_begin, w.pad_begin, h.pad_end, w.pad_end};
  flat.out = {h.count, w.count};
  flat.bias = plan.bias;
  flat.unbatched = plan.unbatched;
  flat.padding_mode = plan.padding_mode;
  return flat;
}

}  // namespace convscope
