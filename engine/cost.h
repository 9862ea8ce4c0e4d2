// What a convolution costs, in closed form.
#pragma once

#include <cstdint>

#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// Units: MACs are multiply-adds; bytes are of plan.dtype.
struct ConvCost {
  int64_t parameters = 0;  // weights and biases
  int64_t macs = 0;
  int64_t input_bytes = 0, weight_bytes = 0, output_bytes = 0;
  int64_t im2col_bytes = 0;   // the matrices of all groups together
  double im2col_blow_up = 0;  // im2col elements per input element
};

/// Errors: error.size_overflow where a number does not fit int64_t.
Result<ConvCost> conv_cost(const ConvPlan& plan);

}  // namespace convscope
