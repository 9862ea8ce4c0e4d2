// What each operation costs, in closed form.
#pragma once

#include "engine/conv_nd_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "engine/result.h"

namespace convscope {

/// Units: MACs are multiply-adds; bytes are of the plan's dtype.
struct OperationCost {
  int64_t parameters = 0;         // weights and biases
  int64_t macs = 0;               // of convolutions
  int64_t window_operations = 0;  // comparisons or additions of pooling and fold
  int64_t input_bytes = 0, weight_bytes = 0, output_bytes = 0;
  int64_t im2col_bytes = 0;  // all windows written out as columns
  double intensity = 0;      // arithmetic operations (a multiply-add counts two) per byte read or written once
};

/// Errors: error.size_overflow where a number does not fit int64_t.
Result<OperationCost> cost_of(const ConvNdPlan& plan);
/// Of the columns that the input times the kernel makes before they are folded.
Result<OperationCost> cost_of(const ConvTransposePlan& plan);
Result<OperationCost> cost_of(const PoolPlan& plan);
Result<OperationCost> cost_of_unfold(const FoldPlan& plan);
Result<OperationCost> cost_of_fold(const FoldPlan& plan);
/// Both gradients have as many products as the forward pass.
Result<OperationCost> cost_of_backward(const ConvNdPlan& plan);

}  // namespace convscope
