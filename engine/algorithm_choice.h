// Which algorithm `auto` takes: rules about the plan, each measured with tests/bench.
#pragma once

#include "engine/algorithm.h"
#include "engine/conv_plan.h"

namespace convscope {

/// The fastest algorithm for the plan among those whose rounding errors stay as small as those of plain sums. Never
/// `automatic`.
Algorithm automatic_choice(const ConvPlan& plan);

}  // namespace convscope
