// Whole numbers that a floating type has no place for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/tensor.h"

namespace convscope {

/// Of the whole numbers of a text or a file, the first that each type would round, as it was written; empty where the
/// type holds all of them.
struct UnfitWhole {
  std::string in_float32, in_float64;

  const std::string& in(DType dtype) const { return dtype == DType::float32 ? in_float32 : in_float64; }
  /// `digits` are those of one more number, with its sign.
  void look_at(std::string_view digits);
  void look_at(int64_t number);
  void look_at(uint64_t number);
};

/// What a type makes of a whole number, all digits of it: "16777217" becomes "16777216" in float32.
std::string rounded_whole(std::string_view digits, DType dtype);

}  // namespace convscope
