// One row per argument of Conv2d: the single source of names, ranges and defaults for the widgets, the
// command line's options, the JSON of sessions and the refusals.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace convscope {

enum class ParamKind : uint8_t { integer, pair, flag, choice };

struct ConvParamSpec {
  std::string_view name;    // PyTorch's name and the JSON key, "kernel_size"
  std::string_view option;  // "--kernel-size"
  ParamKind kind;
  int64_t minimum;                            // smallest legal value, per component
  int64_t slider_maximum;                     // where the widget's slider ends; larger values can be typed
  int64_t default_value;                      // PyTorch's, or 3 for kernel_size and 1 for channels, which have none
  std::string_view help_key;                  // key of its help in the language files, "help.kernel_size"
  std::span<const std::string_view> choices;  // PyTorch's words: of a choice, or instead of padding's numbers
};

/// All arguments in the order of nn.Conv2d's signature.
std::span<const ConvParamSpec> conv_param_specs();

/// The row with that name, or nullptr.
const ConvParamSpec* find_conv_param(std::string_view name);

}  // namespace convscope
