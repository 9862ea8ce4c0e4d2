// Convolution without any matrix: rows of outputs summed in registers, straight from the picture.
#pragma once

#include <memory>

#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"

namespace convscope {

/// Slides the kernel over the input as conv2d_naive does, up to 8 rows of one output channel at a time: a vector of the
/// input that has been loaded serves all rows of the tile whose windows reach it. The input is read where it lies;
/// only tiles that see the padding or stand a stride apart are read from a copy of what they cover.
///
/// Shapes: as in ConvPlan; `bias` may be null. Each cell is one chain of sums, in the same order whatever the tile, the
/// number of threads and the instruction set. Scratch: for each thread about 1 MiB at most. float and double are
/// instantiated.
/// Errors: null where there is no memory or the job was cancelled.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_direct(const ConvPlan& plan, const T* weight, const T* bias,
                                                const Job* job = nullptr);

}  // namespace convscope
