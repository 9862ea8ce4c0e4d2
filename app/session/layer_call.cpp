#include "app/session/layer_call.h"

#include "engine/spatial.h"

namespace convscope {

namespace {

std::string pair_text(Pair pair) {
  if (pair.h == pair.w) return std::to_string(pair.h);
  std::string text("(");
  text += std::to_string(pair.h) + ", " + std::to_string(pair.w) + ")";
  return text;
}

/// Whether begin and end differ, which Conv2d's own padding cannot say.
bool has_own_ends(const ConvParams& params) {
  const Pads& p = params.pads;
  return params.padding_kind == PaddingKind::pads && (p.top != p.bottom || p.left != p.right);
}

std::string padding_text(const ConvParams& params) {
  switch (params.padding_kind) {
    case PaddingKind::same:
      return "'same'";
    case PaddingKind::valid:
      return "'valid'";
    case PaddingKind::pads:
      if (!has_own_ends(params)) return pair_text({params.pads.top, params.pads.left});
      return "0";
    case PaddingKind::numbers:
      break;
  }
  return pair_text(params.padding);
}

/// It takes left, right, top, bottom.
std::string padding_module_text(const ConvParams& params) {
  const Pads& p = params.pads;
  return std::string(padding_module_name(params.padding_mode)) + "((" + std::to_string(p.left) + ", " +
         std::to_string(p.right) + ", " + std::to_string(p.top) + ", " + std::to_string(p.bottom) + "))";
}

}  // namespace

const char* padding_module_name(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros:
      return "ZeroPad2d";
    case PaddingMode::reflect:
      return "ReflectionPad2d";
    case PaddingMode::replicate:
      return "ReplicationPad2d";
    case PaddingMode::circular:
      return "CircularPad2d";
  }
  return "";
}

std::string constructor_text(const ConvParams& params) {
  std::string text = "Conv2d(" + std::to_string(params.in_channels) + ", " + std::to_string(params.out_channels) +
                     ", kernel_size=" + pair_text(params.kernel_size) + ", stride=" + pair_text(params.stride) +
                     ", padding=" + padding_text(params);
  if (params.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(params.dilation);
  if (params.groups != 1) text += ", groups=" + std::to_string(params.groups);
  if (!params.bias) text += ", bias=False";
  const bool apart = has_own_ends(params);
  if (params.padding_mode != PaddingMode::zeros && !apart) {
    text += std::string(", padding_mode='") + name_of(params.padding_mode) + "'";
  }
  if (params.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(params.dtype);
  text += ")";
  return apart ? "Sequential(" + padding_module_text(params) + ", " + text + ")" : text;
}

namespace {

/// Conv1d(1, 1, kernel_size=3, stride=1, padding=0); of different padding at the two ends, which the class cannot say,
/// "pads=(2, 0)".
std::string conv1d_text(const ConvParams& p) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  std::string text = "Conv1d(" + number(p.in_channels) + ", " + number(p.out_channels) +
                     ", kernel_size=" + number(p.kernel_size.w) + ", stride=" + number(p.stride.w);
  if (p.padding_kind == PaddingKind::pads && p.pads.left != p.pads.right) {
    text += ", pads=(" + number(p.pads.left) + ", " + number(p.pads.right) + ")";
  } else if (p.padding_kind == PaddingKind::same) {
    text += ", padding='same'";
  } else if (p.padding_kind == PaddingKind::valid) {
    text += ", padding='valid'";
  } else {
    text += ", padding=" + number(p.padding_kind == PaddingKind::pads ? p.pads.left : p.padding.w);
  }
  if (p.dilation.w != 1) text += ", dilation=" + number(p.dilation.w);
  if (p.groups != 1) text += ", groups=" + number(p.groups);
  if (!p.bias) text += ", bias=False";
  if (p.padding_mode != PaddingMode::zeros) text += std::string(", padding_mode='") + name_of(p.padding_mode) + "'";
  if (p.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(p.dtype);
  return text + ")";
}

/// Conv3d(1, 1, kernel_size=(3, 1, 1), stride=1, padding=0); of different padding at two ends, which the class cannot
/// say, "pads=(front, top, left, back, bottom, right)".
std::string conv3d_text(const ConvParams& p, const DepthParams& depth) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  const auto triple = [](int64_t d, Pair pair) { return Spatial{d, pair.h, pair.w}.to_string(); };
  const bool own_ends = p.padding_kind == PaddingKind::pads && (depth.front != depth.back || has_own_ends(p));
  std::string text = "Conv3d(" + number(p.in_channels) + ", " + number(p.out_channels) +
                     ", kernel_size=" + triple(depth.kernel_size, p.kernel_size) +
                     ", stride=" + triple(depth.stride, p.stride);
  if (own_ends) {
    text += ", pads=(" + number(depth.front) + ", " + number(p.pads.top) + ", " + number(p.pads.left) + ", " +
            number(depth.back) + ", " + number(p.pads.bottom) + ", " + number(p.pads.right) + ")";
  } else if (p.padding_kind == PaddingKind::same || p.padding_kind == PaddingKind::valid) {
    text += p.padding_kind == PaddingKind::same ? ", padding='same'" : ", padding='valid'";
  } else if (p.padding_kind == PaddingKind::pads) {
    text += ", padding=" + triple(depth.front, {p.pads.top, p.pads.left});
  } else {
    text += ", padding=" + triple(depth.padding, p.padding);
  }
  if (depth.dilation != 1 || p.dilation != Pair{1, 1}) text += ", dilation=" + triple(depth.dilation, p.dilation);
  if (p.groups != 1) text += ", groups=" + number(p.groups);
  if (!p.bias) text += ", bias=False";
  if (p.padding_mode != PaddingMode::zeros) text += std::string(", padding_mode='") + name_of(p.padding_mode) + "'";
  if (p.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(p.dtype);
  return text + ")";
}

}  // namespace

std::string constructor_text(const LayerCall& call) {
  const ConvParams& p = call.params;
  if (call.operation == "conv1d") return conv1d_text(p);
  if (call.operation == "conv3d") return conv3d_text(p, call.more.depth);
  if (call.operation == "conv2d") return constructor_text(p);
  const MoreParams& more = call.more;
  const auto padding = [&]() -> std::string {
    if (!has_own_ends(p)) return ", padding=" + padding_text(p);
    return ", pads=(" + std::to_string(p.pads.top) + ", " + std::to_string(p.pads.left) + ", " +
           std::to_string(p.pads.bottom) + ", " + std::to_string(p.pads.right) + ")";
  };
  if (call.operation == "conv_transpose2d") {
    std::string text = "ConvTranspose2d(" + std::to_string(p.in_channels) + ", " + std::to_string(p.out_channels) +
                       ", kernel_size=" + pair_text(p.kernel_size) + ", stride=" + pair_text(p.stride) + padding();
    if (more.output_padding != Pair{0, 0}) text += ", output_padding=" + pair_text(more.output_padding);
    if (p.groups != 1) text += ", groups=" + std::to_string(p.groups);
    if (!p.bias) text += ", bias=False";
    if (p.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(p.dilation);
    if (p.padding_mode != PaddingMode::zeros) text += std::string(", padding_mode='") + name_of(p.padding_mode) + "'";
    if (p.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(p.dtype);
    return text + ")";
  }
  const bool is_max = call.operation == "max_pool2d";
  std::string text = std::string(is_max ? "MaxPool2d(" : "AvgPool2d(") + pair_text(p.kernel_size);
  if (p.stride != p.kernel_size) text += ", stride=" + pair_text(p.stride);
  if (p.padding_kind != PaddingKind::numbers || p.padding != Pair{0, 0}) text += padding();
  if (is_max && p.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(p.dilation);
  if (more.ceil_mode) text += ", ceil_mode=True";
  if (is_max) return text + ")";
  if (!more.count_include_pad) text += ", count_include_pad=False";
  if (more.divisor_override) text += ", divisor_override=" + std::to_string(*more.divisor_override);
  return text + ")";
}

}  // namespace convscope
