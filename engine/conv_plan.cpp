#include "engine/conv_plan.h"

#include "engine/conv_nd_plan.h"

namespace convscope {

Shape ConvPlan::input_shape() const {
  return unbatched ? Shape{in_channels, in.h, in.w} : Shape{batch, in_channels, in.h, in.w};
}

Shape ConvPlan::weight_shape() const { return {out_channels, channels_per_group(), kernel.h, kernel.w}; }

Shape ConvPlan::bias_shape() const { return {out_channels}; }

Shape ConvPlan::output_shape() const {
  return unbatched ? Shape{out_channels, out.h, out.w} : Shape{batch, out_channels, out.h, out.w};
}

Result<ConvPlan> validate(const ConvParams& params, const Shape& input_shape) {
  const auto spatial = [](Pair pair) { return Spatial{pair.h, pair.w}; };
  ConvNdParams all;
  all.dims = 2;
  all.in_channels = params.in_channels;
  all.out_channels = params.out_channels;
  all.kernel_size = spatial(params.kernel_size);
  all.stride = spatial(params.stride);
  all.padding.kind = params.padding_kind;
  all.padding.both = spatial(params.padding);
  all.padding.begin = {params.pads.top, params.pads.left};
  all.padding.end = {params.pads.bottom, params.pads.right};
  all.dilation = spatial(params.dilation);
  all.groups = params.groups;
  all.bias = params.bias;
  all.padding_mode = params.padding_mode;
  all.dtype = params.dtype;
  Result<ConvNdPlan> plan = validate(all, input_shape);
  if (!plan) return plan.error();
  return as_conv2d(*plan);
}

Result<void> check_weight(const ConvPlan& plan, const Shape& weight_shape, const Shape* bias_shape) {
  if (weight_shape != plan.weight_shape()) {
    return Error{"error.weight_shape", "weight", {weight_shape.to_string(), plan.weight_shape().to_string()}};
  }
  if (plan.bias && bias_shape != nullptr && *bias_shape != plan.bias_shape()) {
    return Error{"error.bias_shape", "bias", {bias_shape->to_string(), plan.bias_shape().to_string()}};
  }
  return {};
}

}  // namespace convscope
