// What each operation costs, in closed form.
#pragma once

#include <cstdint>
#include <string>

#include "engine/conv_nd_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

/// Units: MACs are multiply-adds, padding cells included, as the sizes alone say; bytes are of the plan's dtype. The
/// bias' own additions are not counted.
struct OperationCost {
  Shape weight;        // empty where there is none
  int64_t biases = 0;  // numbers, as all but the bytes
  int64_t parameters = 0;
  int64_t macs = 0;               // of convolutions
  int64_t window_operations = 0;  // comparisons or additions of pooling and fold
  /// macs or window_operations = passes * numel(cells) * numel(per_cell): (N, K, P, Q) cells of C/groups * R * S each.
  Shape cells, per_cell;
  int64_t passes = 1;  // 2 for the two gradients
  int64_t input_bytes = 0, weight_bytes = 0, bias_bytes = 0, output_bytes = 0;
  int64_t im2col_bytes = 0;   // all windows written out as columns
  double im2col_blow_up = 0;  // numbers in the columns per cell of the field that the windows slide over
  double intensity = 0;       // FLOP (a multiply-add counts two) per byte read or written once
};

/// Errors: error.cost_overflow where a number does not fit int64_t (args: which, in words).
Result<OperationCost> cost_of(const ConvPlan& plan);
Result<OperationCost> cost_of(const ConvNdPlan& plan);
/// Of the columns that the input times the kernel makes before they are folded.
Result<OperationCost> cost_of(const ConvTransposePlan& plan);
Result<OperationCost> cost_of(const PoolPlan& plan);
Result<OperationCost> cost_of_unfold(const FoldPlan& plan);
Result<OperationCost> cost_of_fold(const FoldPlan& plan);
/// Both gradients have as many products as the forward pass. Read: input, weight and the output's gradient, which
/// counts as input; written: the gradients of input, weight and bias, which is there with and without a bias.
Result<OperationCost> cost_of_backward(const ConvNdPlan& plan);

/// "1*64*112*112 * 3*7*7", with 2 in front for two passes; empty where nothing is computed.
std::string operations_formula(const OperationCost& cost, const char* times);
/// "64*3*7*7 + 64"; empty where there are no parameters.
std::string parameters_formula(const OperationCost& cost, const char* times);

}  // namespace convscope
