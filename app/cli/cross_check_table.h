// What `compute --cross-check` prints.
#pragma once

#include <string>
#include <vector>

#include "engine/cross_check.h"
#include "engine/result.h"

namespace convscope {

/// Prints a line for each algorithm with its largest difference from the reference, the cell where that is and what
/// part of the tolerance it takes, or all of it as JSON. `is_flat`: of a two-dimensional plan, whose cells are (n, c,
/// y, x). Errors: error.algorithms_disagree (args: algorithm, cell, difference, tolerance), after the table.
Result<void> print_cross_check(const CrossCheck& check, bool as_json, bool is_flat);

struct NamedCrossCheck {
  std::string name;
  CrossCheck check;
};
/// The same of several results, a table under the name of each; as JSON an object with each under its name.
Result<void> print_cross_checks(const std::vector<NamedCrossCheck>& checks, bool as_json);

}  // namespace convscope
