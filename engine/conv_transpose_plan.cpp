#include "engine/conv_transpose_plan.h"

#include <algorithm>

#include "engine/checked_math.h"
#include "engine/output_size.h"

namespace convscope {

ConvTransposeParams ConvTransposeParams::of(int dims) {
  ConvTransposeParams params;
  params.dims = dims;
  params.kernel_size = Spatial::all(dims, 3);
  params.stride = Spatial::all(dims, 1);
  params.padding.both = params.padding.begin = params.padding.end = Spatial::all(dims, 0);
  params.output_padding = Spatial::all(dims, 0);
  params.dilation = Spatial::all(dims, 1);
  return params;
}

Shape ConvTransposePlan::input_shape() const {
  return windows.append(unbatched ? Shape{in_channels} : Shape{batch, in_channels}, &WindowAxis::count);
}

Shape ConvTransposePlan::weight_shape() const {
  return windows.append({in_channels, kernels_per_group()}, &WindowAxis::kernel);
}

Shape ConvTransposePlan::output_shape() const {
  return windows.append(unbatched ? Shape{out_channels} : Shape{batch, out_channels}, &WindowAxis::extent);
}

std::optional<int64_t> transposed_output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d,
                                              int64_t s, int64_t output_padding) {
  const std::optional<int64_t> last = checked_mul(n - 1, s), window = effective_kernel_size(k, d);
  if (!last || !window) return std::nullopt;
  // Without the padding first: the kernels count so far, even where the padding takes it away again.
  std::optional<int64_t> size = checked_add(*last, *window - 1);
  if (size) size = checked_sub(*size - pad_begin, pad_end);
  if (size) size = checked_add(*size, output_padding);
  return size ? checked_add(*size, 1) : std::nullopt;
}

namespace {

Result<void> check_numbers(const ConvTransposeParams& p) {
  if (Result<void> good = check_channels(p.in_channels, p.out_channels); !good) return good;
  if (Result<void> good = check_window_numbers(p.kernel_size, p.stride, p.padding, p.dilation); !good) return good;
  if (p.padding.kind == PaddingKind::same || p.padding.kind == PaddingKind::valid) {
    return Error{"error.padding_word", "padding", {}};
  }
  if (!p.output_size && !p.output_padding.all_at_least(0)) {
    return Error{"error.output_padding_negative", "output_padding", {p.output_padding.to_string()}};
  }
  return check_groups(p.in_channels, p.out_channels, p.groups);
}

/// Which argument made the size of an axis too large for int64_t; of several together, the output.
const char* too_large_argument(const WindowAxis& axis) {
  if (!effective_kernel_size(axis.kernel, axis.dilation)) return "dilation";
  return checked_mul(axis.count - 1, axis.stride) ? "output" : "stride";
}

/// From a wished size to output_padding: from the smallest size to one stride above it, exclusively, every size is
/// possible.
Result<Spatial> output_padding_of(const ConvTransposeParams& p, const Spatial& smallest, const Shape& input) {
  Spatial padding = smallest, largest = smallest;
  bool possible = true;
  for (int i = 0; i < p.dims; ++i) {
    const std::optional<int64_t> most = checked_add(smallest[i], p.stride[i] - 1);
    if (!most) return size_overflow("stride");
    largest[i] = *most;
    const int64_t wanted = (*p.output_size)[i];
    possible = possible && wanted >= smallest[i] && wanted <= largest[i];
    if (possible) padding[i] = wanted - smallest[i];
  }
  if (possible) return padding;
  return Error{"error.output_size_out_of_range",
               "output_size",
               {p.output_size->to_string_by(), input.to_string(), smallest.to_string_by(), largest.to_string_by()}};
}

}  // namespace

Result<ConvTransposePlan> validate(const ConvTransposeParams& params, const Shape& input_shape) {
  constexpr const char* kOperations[] = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"};
  if (Result<void> good = check_numbers(params); !good) return good.error();
  const Result<Leading> leading = check_input_shape(kOperations[params.dims - 1], params.dims, input_shape);
  if (!leading) return leading.error();
  if (Result<void> good = check_input_channels(params.in_channels, *leading, input_shape); !good) return good.error();

  ConvTransposePlan plan;
  plan.dtype = params.dtype;
  plan.unbatched = leading->unbatched;
  plan.batch = leading->batch;
  plan.in_channels = params.in_channels;
  plan.out_channels = params.out_channels;
  plan.groups = params.groups;
  plan.bias = params.bias;
  plan.windows.dims = params.dims;

  Spatial smallest = params.kernel_size;
  for (int i = 0; i < params.dims; ++i) {
    WindowAxis& axis = plan.windows.axis(i);
    const bool apart = params.padding.kind == PaddingKind::pads;
    axis.count = input_shape[input_shape.rank() - params.dims + i];
    axis.kernel = params.kernel_size[i];
    axis.stride = params.stride[i];
    axis.dilation = params.dilation[i];
    axis.pad_begin = apart ? params.padding.begin[i] : params.padding.both[i];
    axis.pad_end = apart ? params.padding.end[i] : params.padding.both[i];
    const std::optional<int64_t> size =
        transposed_output_size(axis.count, axis.pad_begin, axis.pad_end, axis.kernel, axis.dilation, axis.stride, 0);
    if (!size) return size_overflow(too_large_argument(axis));
    smallest[i] = *size;
  }
  plan.output_padding = params.output_padding;
  if (params.output_size) {
    const Result<Spatial> padding = output_padding_of(params, smallest, input_shape);
    if (!padding) return padding.error();
    plan.output_padding = *padding;
  }
  for (int i = 0; i < params.dims; ++i) {
    if (plan.output_padding[i] >= std::max(params.stride[i], params.dilation[i])) {
      return Error{"error.output_padding_too_large",
                   "output_padding",
                   {plan.output_padding.to_string(), params.stride.to_string(), params.dilation.to_string()}};
    }
  }
  Spatial extents = smallest;
  bool has_cells = true;
  for (int i = 0; i < params.dims; ++i) {
    const std::optional<int64_t> extent = checked_add(smallest[i], plan.output_padding[i]);
    if (!extent) return size_overflow("output_padding");
    plan.windows.axis(i).extent = extents[i] = *extent;
    has_cells = has_cells && *extent >= 1;
  }
  if (!has_cells) return Error{"error.transposed_output_empty", "padding", {extents.to_string_by()}};
  if (!plan.weight_shape().numel()) return size_overflow("weight");
  const Shape one_image = plan.windows.append({plan.out_channels}, &WindowAxis::extent);
  if (!one_image.numel() || !plan.output_shape().numel()) return size_overflow("output");
  return plan;
}

}  // namespace convscope
