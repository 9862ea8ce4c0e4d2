// Convolution as a matrix product, without ever writing the im2col matrix out.
#pragma once

#include <memory>

#include "engine/cancel.h"
#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// output = weight (out_channels x taps) * im2col^T (taps x windows) + bias, group by group, image by image.
///
/// Shapes: as in ConvPlan; `bias` may be null. All of `input` must be followed by 64 readable bytes, as a Tensor's
/// data is. The numbers do not depend on `threads`. Scratch: one packed copy of the weight, and for each thread at
/// most 32 MiB. float and double are instantiated.
/// Source: section 4 of "High Performance Convolutional Neural Networks for Document Processing" (Chellapilla, Puri,
/// Simard 2006) for im2col; the blocks follow Goto and van de Geijn, "Anatomy of High-Performance Matrix
/// Multiplication".
template <class T>
Outcome conv2d_im2col(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, int threads,
                      Job* job);

/// The same with the weight packed beforehand. `threads`: how many the work is cut for; any number may run it.
/// When the job (which may be null) is cancelled, it returns early and the result must not be run.
/// Errors: null where there is no memory.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_im2col(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                const Job* job);

}  // namespace convscope
