// One number for each spatial axis, as PyTorch's arguments take them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace convscope {

/// The most spatial axes an operation has: depth, height, width.
inline constexpr int kMaxSpatialDims = 3;

/// 1 to 3 numbers, outermost axis first: (depth, height, width), (height, width) or (length).
class Spatial {
 public:
  Spatial() = default;
  Spatial(std::initializer_list<int64_t> values) : dims_(static_cast<int>(values.size())) {
    std::copy(values.begin(), values.end(), values_.begin());
  }
  /// The same number on every axis, as PyTorch reads a plain number.
  static Spatial all(int dims, int64_t value) {
    Spatial s;
    s.dims_ = dims;
    s.values_.fill(value);
    return s;
  }

  int dims() const { return dims_; }
  int64_t operator[](int axis) const { return values_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return values_[static_cast<size_t>(axis)]; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + dims_; }

  bool all_at_least(int64_t least) const {
    return std::all_of(begin(), end(), [least](int64_t v) { return v >= least; });
  }
  bool operator==(const Spatial& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

  /// "2" where all are equal, as PyTorch lets it be written, else "(2, 1)".
  std::string to_string() const;
  /// "5 x 7".
  std::string to_string_by() const;

 private:
  std::array<int64_t, kMaxSpatialDims> values_{};
  int dims_ = 0;
};

}  // namespace convscope
