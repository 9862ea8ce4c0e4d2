// One set of options for all operations, and what each operation makes of it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/cli/conv_options.h"
#include "engine/conv_transpose_plan.h"
#include "engine/fold.h"
#include "engine/operation.h"
#include "engine/pool.h"

namespace convscope {

/// Texts as typed.
struct OperationOptions {
  ConvOptions conv;
  std::optional<std::string> kernel_size, output_padding, output_size, ceil_mode, count_include_pad, divisor_override;
};

/// Adds the options of all operations.
void add_operation_options(CLI::App& command, OperationOptions& options);

/// The operation by its name. Errors: those of check_operation.
Result<Operation> parse_operation(const std::string& text);

/// An option that was given and means nothing to the operation. `more` are further options of the command with the
/// families that take them. Errors: error.option_not_of_operation (args: option, operation).
struct OptionUse {
  const char* name;
  bool given;
  std::vector<OperationFamily> families;
};
Result<void> check_option_use(const Operation& operation, const OperationOptions& options,
                              const std::vector<OptionUse>& more);

/// A weight and a bias by their shapes, as files or options bring them.
struct WeightShapes {
  std::optional<Shape> weight;
  bool has_bias = false;
};

using OperationPlan = std::variant<ConvNdPlan, ConvTransposePlan, PoolPlan, FoldPlan>;

/// Parameters from options and the weight's shape, checked by the operation's gate.
/// Errors: those of the options, error.operation_weight_rank, error.missing_option, those of the gate.
Result<OperationPlan> plan_operation(const Operation& operation, const OperationOptions& options,
                                     const WeightShapes& shapes, DType dtype, const Shape& input);

/// The shapes of a plan's tensors.
Shape bias_shape_of(const OperationPlan& plan);
Shape output_shape_of(const Operation& operation, const OperationPlan& plan);

}  // namespace convscope
