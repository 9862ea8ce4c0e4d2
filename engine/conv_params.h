// The parameters of a convolution under PyTorch's names and with PyTorch's defaults.
#pragma once

#include <cstdint>

#include "engine/tensor.h"

namespace convscope {

/// A pair in PyTorch's order: height first.
struct Pair {
  int64_t h = 0;
  int64_t w = 0;
  bool operator==(const Pair&) const = default;
};

enum class PaddingMode : uint8_t { zeros, reflect, replicate, circular };

/// Padding on each side, in cells.
struct Pads {
  int64_t top = 0;
  int64_t left = 0;
  int64_t bottom = 0;
  int64_t right = 0;
  bool operator==(const Pads&) const = default;
};

/// How the padding was given: numbers (`padding`), the words 'same' or 'valid', or each side by itself (`pads`), which
/// ONNX can say and nn.Conv2d cannot.
enum class PaddingKind : uint8_t { numbers, same, valid, pads };

/// nn.Conv2d's arguments, unchecked. Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
struct ConvParams {
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  Pair kernel_size{3, 3};
  Pair stride{1, 1};
  PaddingKind padding_kind = PaddingKind::numbers;
  Pair padding{0, 0};  // read when padding_kind is numbers
  Pads pads;           // read when padding_kind is pads
  Pair dilation{1, 1};
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
  DType dtype = DType::float32;

  bool operator==(const ConvParams&) const = default;
};

/// "zeros", "reflect", "replicate", "circular".
const char* name_of(PaddingMode mode);

}  // namespace convscope
