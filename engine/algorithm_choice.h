// When `auto` takes which algorithm: one rule for each, decided by sizes alone.
#pragma once

#include "engine/conv_plan.h"

namespace convscope {

/// Whether transforms take less time than summation, by so much that an estimate can tell. Only for kernels of so many
/// taps that the transforms' rounding stays below that of two orders of summation, which is what outputs are compared
/// with: epsilon * 2.5 sqrt(taps) * the largest sum of |products|.
bool fft_pays(const ConvPlan& plan);

}  // namespace convscope
