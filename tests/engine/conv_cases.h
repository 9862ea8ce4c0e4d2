// Convolutions with their tensors, run on one instruction set or another: what the tests of all algorithms share.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conv2d.h"

namespace convscope::testing {

/// Uses an instruction set as long as it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::string_view name);
  ~ForcedTarget();
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

struct NamedPlan {
  const char* name;
  ConvParams params;
  Shape input;
};

ConvParams conv(int64_t in, int64_t out, Pair kernel, Pair stride = {1, 1}, Pair padding = {0, 0},
                Pair dilation = {1, 1}, int64_t groups = 1, PaddingMode mode = PaddingMode::zeros);

struct Tensors {
  Tensor input, weight, bias;
};

/// Numbers between -1 and 1.
Tensors random_tensors(std::mt19937_64& random, const ConvPlan& plan);

Tensor run(const ConvPlan& plan, const Tensors& t, Algorithm algorithm, int threads = 1);

/// A copy with one number replaced.
Tensor with_number(const Tensor& tensor, int64_t at, double number);

/// Infinities, NaN, and a number so large that sums of it overflow.
std::vector<double> numbers_that_spoil(DType dtype);

/// Empty where both are infinite, or not a number, in the same cells and ways; else the first cell, in words.
std::string spoiled_differently(const Tensor& expected, const Tensor& actual);

}  // namespace convscope::testing
