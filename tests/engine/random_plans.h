// Random valid convolutions, for tests that hold one implementation against another.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "engine/conv_plan.h"
#include "engine/tensor.h"

namespace convscope::testing {

/// The seed of this run: CONVSCOPE_TEST_SEED where it is set, else a fixed one.
uint64_t test_seed();

struct RandomCase {
  ConvParams params;
  Shape input_shape;
  ConvPlan plan;
};

/// A plan of at most `max_macs` multiply-adds that validate() accepts; all modes, groups, awkward sizes.
RandomCase random_case(std::mt19937_64& random, DType dtype, double max_macs);

/// Numbers between -1 and 1.
Tensor random_tensor(std::mt19937_64& random, const Shape& shape, DType dtype);

/// The case in one line, to be typed in again.
std::string describe(const RandomCase& random_case);

/// Empty when `actual` is as close to `expected` as two orders of summation allow: epsilon * max(4, 2.5 sqrt(K)) *
/// the largest sum of |products| of the output, K = products per cell, + `more`. Else the worst cell, in words.
std::string difference(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                       const Tensor& expected, const Tensor& actual, double more = 0);

}  // namespace convscope::testing
