// The layer as a line of Python: nn.Conv2d's constructor call, written and read.
#pragma once

#include <string>
#include <string_view>

#include "app/session/session.h"
#include "engine/conv_params.h"
#include "engine/result.h"

namespace convscope {

/// "Conv2d(1, 1, kernel_size=3, stride=1, padding=0)": the first five arguments always, the others where they differ
/// from PyTorch's defaults. Paddings that differ between begin and end, which Conv2d cannot say, become a module of
/// their own before it: "Sequential(ZeroPad2d((1, 0, 2, 1)), Conv2d(...))".
std::string constructor_text(const ConvParams& params);

/// Reads such a call, as a user would paste it from a script: `nn.Conv2d(...)`, `torch.nn.Conv2d(...)`, with
/// `conv = ` before it and a comment behind it; arguments by position or by name; ints, pairs in round or square
/// brackets, True/False/None, 'words', torch.float64. Arguments left out take PyTorch's defaults. Whether the numbers
/// are legal is validate()'s affair. Errors: error.constructor_* , with the argument's name as field where one is at
/// fault. Source: the signature of torch.nn.Conv2d.
Result<ConvParams> parse_constructor(std::string_view text);

/// A layer of any operation that a session can show.
struct LayerCall {
  std::string operation = "conv2d";
  ConvParams params;
  MoreParams more;
  bool operator==(const LayerCall&) const = default;
};

/// "ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, output_padding=1)", "MaxPool2d(2)", "AvgPool2d(3,
/// stride=2, ceil_mode=True)": pooling's arguments where they differ from PyTorch's defaults.
std::string constructor_text(const LayerCall& call);

/// As parse_constructor(), of all of them: the class says the operation. Source: the signatures of torch.nn.Conv2d,
/// ConvTranspose2d, MaxPool2d and AvgPool2d.
Result<LayerCall> parse_layer(std::string_view text);

}  // namespace convscope
