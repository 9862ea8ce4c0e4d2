// Random parameter sets of every operation, good and bad, for tests that must survive both.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "engine/conv_nd_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/fold.h"
#include "engine/operation.h"
#include "engine/pool.h"

namespace convscope::testing {

using OperationParams = std::variant<ConvNdParams, ConvTransposeParams, PoolParams, FoldParams>;
using OperationPlan = std::variant<ConvNdPlan, ConvTransposePlan, PoolPlan, FoldPlan>;

/// An operation with parameters that nobody has checked, and an input's shape.
struct RandomOperation {
  Operation operation;
  OperationParams params;
  Shape input;
};

/// Small sizes, all modes, groups, paddings and types; most sets are valid. One in three is then spoiled: one or two of
/// its numbers become zero, negative, or as large as 2^63 - 1.
RandomOperation random_operation(std::mt19937_64& random, const Operation& operation);

/// The gate of the operation.
Result<OperationPlan> validate(const RandomOperation& set);

/// All numbers of the set under their names, in one line.
std::string describe(const RandomOperation& set);

}  // namespace convscope::testing
