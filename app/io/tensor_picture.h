// Tensors as picture files, with the scaling said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Which number becomes 0 of 255 and which 255; in between it is linear and rounded to the nearest. The default undoes
/// read_image().
struct ValueRange {
  double low = 0, high = 1;
};

/// From the smallest to the largest finite number of the tensor; 0 to 1 where there are none, a range of 1 around a
/// tensor of one number only.
ValueRange value_range_of(const Tensor& tensor);

/// Numbers that a picture does not show as they are.
struct CutOff {
  int64_t outside = 0;     // finite and outside of the range: black or white
  int64_t not_finite = 0;  // nan and -inf are black, inf is white
};

/// A picture's file in memory.
struct TensorPng {
  std::vector<uint8_t> bytes;
  CutOff cut_off;
};

/// (C, H, W) or (1, C, H, W) with C = 1 (grey) or 3 (red, green, blue), or (H, W), as an 8-bit PNG of as many channels.
/// Needs range.low < range.high. Errors: error.output_not_a_picture (args: `path`, which names it, and the shape),
/// encode_png()'s.
Result<TensorPng> tensor_png(const std::string& path, const Tensor& tensor, const ValueRange& range = {});

}  // namespace convscope
