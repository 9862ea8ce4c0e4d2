// im2col for many output channels: both factors packed into panels, cut along the taps as well.
#pragma once

#include <memory>

#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Whether it can be done: a block's windows must not be strewn over more cells than are worth a copy.
template <class T>
bool panels_fit(const ConvPlan& plan);

/// Whether, besides, conv2d_im2col.h does better to leave such a convolution to prepare_panels(), where `busy` of the
/// lanes of its own vectors would be windows: many output channels pay for the packing and for turning the results
/// round, no lane is idle where the pictures are small, and taps that meet nothing but padding are left out. Nothing
/// but the plan and the instruction set decides.
template <class T>
bool panels_pay(const ConvPlan& plan, double busy);

/// The weight packed once. The plan must have passed panels_fit().
///
/// Each result is one chain of multiply-adds in the order of the taps, then the bias, for any number of threads. Zeros
/// of the padding are left out where all weights are finite, and a result is never -0. Null when there is no memory.
/// float and double are instantiated. Scratch: a few MiB for each thread.
/// Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (ACM TOMS 34, 2008), with the
/// picture's windows in the place of their A.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_panels(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                const Job* job);

}  // namespace convscope
