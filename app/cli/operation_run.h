// An operation whatever it is: its plan and its tensors in, its one tensor out.
#pragma once

#include "app/cli/input_files.h"
#include "app/cli/operation_options.h"
#include "engine/conv2d.h"
#include "engine/operation.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Computes all operations but conv2d_backward, whose result is three tensors. The inputs are of the plan's type.
/// Errors: those of the operation, error.cancelled.
Result<Tensor> run_operation(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                             const Conv2dOptions& engine);

/// Products, or numbers, that one cell of the result is made of.
int64_t numbers_per_cell(const OperationPlan& plan);

}  // namespace convscope
