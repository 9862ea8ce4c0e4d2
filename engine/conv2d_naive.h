// The reference: convolution as it is written on the blackboard. It is never optimised.
#pragma once

#include "engine/cancel.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Computes every output cell as the sum of its products in tap order (c, ky, kx), in type T, plus the bias.
///
/// Shapes: as in ConvPlan; `bias` may be null. Returns false when the job was cancelled (the output is then
/// incomplete). float and double are instantiated.
/// Source: torch.nn.Conv2d, the first formula.
template <class T>
bool conv2d_naive(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job);

}  // namespace convscope
