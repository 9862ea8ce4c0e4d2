// The size formula of each operation with its numbers, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "app/cli/operation_options.h"
#include "app/session/json_reader.h"

namespace convscope {

/// One axis: "height", its formula with the numbers in it, and the numbers by name.
struct AxisFormula {
  std::string name;
  const char* text_key = "";  // of the line that shows it
  std::string text;           // "floor((224 + 3 + 3 - 1*(7 - 1) - 1) / 2) + 1 = floor(223 / 2) + 1 = 112"
  Json numbers;
};

/// The formula in words, as a key of the language files.
const char* formula_key(const Operation& operation, const OperationPlan& plan);
/// Of every axis, outermost first: the output's extents; of unfold and fold, the windows along each axis.
std::vector<AxisFormula> axis_formulas(const Operation& operation, const OperationPlan& plan);

}  // namespace convscope
