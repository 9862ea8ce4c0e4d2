// The layer as a line of Python: the constructor call of torch.nn. layer_code.h reads it.
#pragma once

#include <string>

#include "app/session/session.h"
#include "engine/conv_params.h"

namespace convscope {

/// "Conv2d(1, 1, kernel_size=3, stride=1, padding=0)": the first five arguments always, the others where they differ
/// from PyTorch's defaults. Paddings that differ between begin and end, which Conv2d cannot say, become a module of
/// their own before it: "Sequential(ZeroPad2d((1, 0, 2, 1)), Conv2d(...))".
std::string constructor_text(const ConvParams& params);

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

/// "ZeroPad2d", "ReflectionPad2d", ...: the module that pads by itself, in front of the convolution.
const char* padding_module_name(PaddingMode mode);

}  // namespace convscope
