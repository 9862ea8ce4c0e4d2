// Small tensors for tests, and how far two may be apart.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/tensor.h"

namespace convscope::testing {

inline Tensor tensor_of(const Shape& shape, const std::vector<double>& numbers, DType dtype = DType::float32) {
  Tensor t = Tensor::zeros(shape, DType::float64).value();
  EXPECT_EQ(t.numel(), std::ssize(numbers));
  std::copy(numbers.begin(), numbers.end(), t.mutable_data<double>());
  return t.to(dtype).value();
}

inline std::vector<double> numbers_of(const Tensor& t) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < t.numel(); ++i) numbers.push_back(t.at(i));
  return numbers;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  if (a.numel() == 0) return true;
  const auto bytes = static_cast<size_t>(a.bytes());
  return a.dtype() == DType::float32 ? std::memcmp(a.data<float>(), b.data<float>(), bytes) == 0
                                     : std::memcmp(a.data<double>(), b.data<double>(), bytes) == 0;
}

/// Two orders of summation of `products` numbers between -1 and 1, each product at most 1 in magnitude.
inline double tolerance(DType dtype, double products) {
  const double epsilon =
      dtype == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return epsilon * std::max(4.0, 2.5 * std::sqrt(products)) * products;
}

/// The largest difference of two tensors of one shape.
inline double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (int64_t i = 0; i < a.numel(); ++i) largest = std::max(largest, std::abs(a.at(i) - b.at(i)));
  return largest;
}

}  // namespace convscope::testing
