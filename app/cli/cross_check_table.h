// What `compute --cross-check` prints.
#pragma once

#include "engine/cross_check.h"
#include "engine/result.h"

namespace convscope {

/// Prints a line for each algorithm with its largest difference from the reference, the cell where that is and what
/// part of the tolerance it takes, or all of it as JSON. `is_flat`: of a two-dimensional plan, whose cells are (n, c,
/// y, x). Errors: error.algorithms_disagree (args: algorithm, cell, difference, tolerance), after the table.
Result<void> print_cross_check(const CrossCheck& check, bool as_json, bool is_flat);

}  // namespace convscope
