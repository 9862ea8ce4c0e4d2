// The extents of a tensor.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "engine/checked_math.h"

namespace convscope {

/// Up to kMaxRank extents in row-major order, outermost first: (N, C, H, W) for an image batch.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> extents) {
    for (int64_t e : extents) push_back(e);
  }

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return extents_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return extents_[static_cast<size_t>(axis)]; }
  void push_back(int64_t extent) { extents_[static_cast<size_t>(rank_++)] = extent; }

  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + rank_; }

  /// The number of elements, 1 for rank 0; empty when it does not fit int64_t or an extent is negative.
  std::optional<int64_t> numel() const {
    int64_t product = 1;
    bool zero = false;
    bool overflow = false;
    for (int64_t e : *this) {
      if (e < 0) return std::nullopt;
      zero = zero || e == 0;
      overflow = overflow || __builtin_mul_overflow(product, e, &product);
    }
    if (zero) return 0;
    if (overflow) return std::nullopt;
    return product;
  }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i) {
      if ((*this)[i] != other[i]) return false;
    }
    return true;
  }

  /// "1, 3, 224, 224", as PyTorch prints a size between its brackets.
  std::string to_string(const char* separator = ", ") const {
    std::string text;
    for (int i = 0; i < rank_; ++i) {
      if (i > 0) text += separator;
      text += std::to_string((*this)[i]);
    }
    return text;
  }

 private:
  std::array<int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

}  // namespace convscope
