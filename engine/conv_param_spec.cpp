#include "engine/conv_param_spec.h"

#include <array>

namespace convscope {

namespace {

// In the order of the enumerations PaddingKind (behind numbers), PaddingMode and DType.
constexpr std::array<std::string_view, 2> kPaddingWords = {"same", "valid"};
constexpr std::array<std::string_view, 4> kPaddingModes = {"zeros", "reflect", "replicate", "circular"};
constexpr std::array<std::string_view, 2> kDTypes = {"float32", "float64"};

constexpr std::array<ConvParamSpec, 10> kSpecs = {{
    {"in_channels", "--in-channels", ParamKind::integer, 1, 16, 1, "help.in_channels", {}},
    {"out_channels", "--out-channels", ParamKind::integer, 1, 16, 1, "help.out_channels", {}},
    {"kernel_size", "--kernel-size", ParamKind::pair, 1, 11, 3, "help.kernel_size", {}},
    {"stride", "--stride", ParamKind::pair, 1, 8, 1, "help.stride", {}},
    {"padding", "--padding", ParamKind::pair, 0, 8, 0, "help.padding", kPaddingWords},
    {"dilation", "--dilation", ParamKind::pair, 1, 8, 1, "help.dilation", {}},
    {"groups", "--groups", ParamKind::integer, 1, 16, 1, "help.groups", {}},
    {"bias", "--bias", ParamKind::flag, 0, 1, 1, "help.bias", {}},
    {"padding_mode", "--padding-mode", ParamKind::choice, 0, 3, 0, "help.padding_mode", kPaddingModes},
    {"dtype", "--dtype", ParamKind::choice, 0, 1, 0, "help.dtype", kDTypes},
}};

}  // namespace

std::span<const ConvParamSpec> conv_param_specs() { return kSpecs; }

const ConvParamSpec* find_conv_param(std::string_view name) {
  for (const ConvParamSpec& spec : kSpecs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

}  // namespace convscope
