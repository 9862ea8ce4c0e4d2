// The reference's very sums for convolutions so small that finding the cells takes longer than adding them up.
#pragma once

#include <memory>

#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// conv2d_naive() with its indices worked out beforehand: the same products in the same order, bit for bit. One thread
/// whatever is asked for. Needs memory for a weight and for windows x taps indices of one group: meant for a few
/// thousand multiply-adds. Null when there is none. float and double are instantiated.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_small(const ConvPlan& plan, const T* weight, const T* bias);

}  // namespace convscope
