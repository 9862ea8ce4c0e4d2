// Which algorithm `auto` takes: rules about the plan, each measured with tests/bench.
#pragma once

#include "engine/algorithm.h"
#include "engine/conv_plan.h"

namespace convscope {

/// The fastest algorithm for the plan among those whose rounding errors stay as small as those of plain sums. Never
/// `automatic`.
Algorithm automatic_choice(const ConvPlan& plan);

/// Whether Winograd's convolution is the fastest, its filters transformed beforehand, and its errors far below the
/// tolerance of two orders of summation (see summation_tolerance()), which is what `auto` promises: at least 32
/// channels on both sides of a group, 2^24 multiply-adds, and less than three quarters of the work of the plain sums.
/// Never for the small whole numbers of a lesson, which stay exact.
bool winograd_pays(const ConvPlan& plan);

/// Whether transforms take less time than summation, by so much that an estimate can tell. Only for kernels of so many
/// taps that the transforms' rounding stays below that of two orders of summation, which is what outputs are compared
/// with: epsilon * 2.5 sqrt(taps) * the largest sum of |products|.
bool fft_pays(const ConvPlan& plan);

}  // namespace convscope
