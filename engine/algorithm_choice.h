// Which algorithm `auto` takes: rules about the plan, each measured with tests/bench.
#pragma once

#include "engine/algorithm.h"
#include "engine/conv_plan.h"

namespace convscope {

/// The fastest algorithm for the plan among those whose rounding errors stay as small as those of plain sums. Never
/// `automatic`.
Algorithm automatic_choice(const ConvPlan& plan);

/// Whether transforms take less time than summation, by so much that an estimate can tell. Only for kernels of so many
/// taps that the transforms' rounding stays below that of two orders of summation, which is what outputs are compared
/// with: epsilon * 2.5 sqrt(taps) * the largest sum of |products|.
bool fft_pays(const ConvPlan& plan);

}  // namespace convscope
