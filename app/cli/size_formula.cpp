#include "app/cli/size_formula.h"

#include "engine/output_size.h"

namespace convscope {

namespace {

std::string text(int64_t number) { return std::to_string(number); }

const Windows& windows_of(const OperationPlan& plan) {
  return std::visit([](const auto& p) -> const Windows& { return p.windows; }, plan);
}

void name_axis(AxisFormula& formula, int dims, int axis) {
  constexpr const char* kNames[] = {"depth", "height", "width", "length"};
  constexpr const char* kKeys[] = {"cli.size.depth", "cli.size.height", "cli.size.width", "cli.size.length"};
  const int index = dims == 1 ? 3 : kMaxSpatialDims - dims + axis;
  formula.name = kNames[index];
  formula.text_key = kKeys[index];
}

/// Windows over a padded field: the direct convolution, unfold and fold, and pooling that rounds down.
AxisFormula sliding(const WindowAxis& axis) {
  const int64_t effective = axis.effective_kernel();
  const int64_t numerator = axis.extent + axis.pad_begin + axis.pad_end - effective;
  AxisFormula formula;
  formula.text = "floor((" + text(axis.extent) + " + " + text(axis.pad_begin) + " + " + text(axis.pad_end) + " - " +
                 text(axis.dilation) + "*(" + text(axis.kernel) + " - 1) - 1) / " + text(axis.stride) +
                 ") + 1 = floor(" + text(numerator) + " / " + text(axis.stride) + ") + 1 = " + text(axis.count);
  formula.numbers = {{"input", axis.extent},      {"pad_begin", axis.pad_begin}, {"pad_end", axis.pad_end},
                     {"dilation", axis.dilation}, {"kernel_size", axis.kernel},  {"effective_kernel_size", effective},
                     {"stride", axis.stride},     {"numerator", numerator},      {"remainder", numerator % axis.stride},
                     {"output", axis.count}};
  return formula;
}

/// Pooling with ceil_mode: rounded up, less a last window that would begin in the padding behind the input.
AxisFormula rounding_up(const WindowAxis& axis) {
  AxisFormula formula = sliding(axis);
  const int64_t numerator = axis.extent + axis.pad_begin + axis.pad_end - axis.effective_kernel();
  const int64_t down = numerator >= 0 ? numerator / axis.stride : -1;
  const int64_t up = numerator >= 0 && numerator % axis.stride != 0 ? down + 2 : std::max<int64_t>(down + 1, 1);
  formula.text = "ceil((" + text(axis.extent) + " + " + text(axis.pad_begin) + " + " + text(axis.pad_end) + " - " +
                 text(axis.dilation) + "*(" + text(axis.kernel) + " - 1) - 1) / " + text(axis.stride) +
                 ") + 1 = ceil(" + text(numerator) + " / " + text(axis.stride) + ") + 1 = " + text(up);
  if (axis.count < up) formula.text += " - 1 = " + text(axis.count);
  formula.numbers["ceil_mode"] = true;
  formula.numbers["dropped_windows"] = up - axis.count;
  return formula;
}

AxisFormula transposed(const WindowAxis& axis, int64_t output_padding) {
  AxisFormula formula;
  formula.text = "(" + text(axis.count) + " - 1)*" + text(axis.stride) + " - " + text(axis.pad_begin) + " - " +
                 text(axis.pad_end) + " + " + text(axis.dilation) + "*(" + text(axis.kernel) + " - 1) + " +
                 text(output_padding) + " + 1 = " + text(axis.extent);
  formula.numbers = {{"input", axis.count},        {"pad_begin", axis.pad_begin},
                     {"pad_end", axis.pad_end},    {"dilation", axis.dilation},
                     {"kernel_size", axis.kernel}, {"effective_kernel_size", axis.effective_kernel()},
                     {"stride", axis.stride},      {"output_padding", output_padding},
                     {"output", axis.extent}};
  return formula;
}

}  // namespace

const char* formula_key(const Operation& operation, const OperationPlan& plan) {
  if (std::holds_alternative<ConvTransposePlan>(plan)) return "cli.size.formula_transposed";
  if (const auto* pool = std::get_if<PoolPlan>(&plan); pool != nullptr && pool->ceil_mode) {
    return "cli.size.formula_ceil";
  }
  const bool counts_windows = operation.family == OperationFamily::unfold || operation.family == OperationFamily::fold;
  return counts_windows ? "cli.size.formula_windows" : "cli.size.formula";
}

std::vector<AxisFormula> axis_formulas(const Operation& operation, const OperationPlan& plan) {
  const Windows& windows = windows_of(plan);
  std::vector<AxisFormula> formulas;
  for (int i = 0; i < operation.dims; ++i) {
    const WindowAxis& axis = windows.axis(i);
    AxisFormula formula;
    if (const auto* upward = std::get_if<ConvTransposePlan>(&plan)) {
      formula = transposed(axis, upward->output_padding[i]);
    } else if (const auto* pool = std::get_if<PoolPlan>(&plan); pool != nullptr && pool->ceil_mode) {
      formula = rounding_up(axis);
    } else {
      formula = sliding(axis);
    }
    name_axis(formula, operation.dims, i);
    formula.numbers["formula"] = formula.text;
    formulas.push_back(std::move(formula));
  }
  return formulas;
}

}  // namespace convscope
