// Convolution by kernels that are a column times a row: first along the rows, then along the columns.
#pragma once

#include <memory>

#include "engine/conv2d_runner.h"

namespace convscope {

/// Makes ready to compute each kernel plane of R x S taps by R + S multiply-adds for a cell, where all of them are of
/// rank one within rounding: column and row are the plane's own through its largest tap, and what they leave of the
/// plane, |w - column * row|, is at most 4 epsilon of the largest tap everywhere and at most 4 epsilon of the sum of
/// |w| in all. Gaussian, box, binomial and Sobel filters are. Results that are not finite are computed again cell by
/// cell, so that infinities, NaN and overflow come out as those of direct summation.
///
/// Shapes: as in ConvPlan; weight and bias as its tensors, bias null where there is none. float and double. Null where
/// a plane is not of rank one, the stride is not 1, the memory cannot be had, or the job was cancelled.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_separable(const ConvPlan& plan, const T* weight, const T* bias,
                                                   const Job* job = nullptr);

/// Whether two passes would take less time than summation and transforms, if all planes are of rank one.
bool separable_pays(const ConvPlan& plan);

}  // namespace convscope
