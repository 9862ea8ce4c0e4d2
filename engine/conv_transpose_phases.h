// Transposed convolution as direct convolutions: one for each remainder of an output cell's place by the stride.
#pragma once

#include "engine/conv2d.h"
#include "engine/conv_transpose_plan.h"

namespace convscope {

/// Output cells that are a stride apart see the same taps of the kernel, each at the same distance: they are a
/// convolution of stride 1 with these taps, turned around. All of them together multiply as often as the input has
/// cells and the kernel taps, and a little more where windows reach beyond the output.
///
/// Whether they do: not where that little is much, where the input would have to be cut, or where there are a great
/// many of them.
bool phases_apply(const ConvTransposePlan& plan);

/// The weight of the direct convolution that does the same: (C, K/groups, taps) to (K, C/groups, taps), the taps turned
/// around. float and double are instantiated.
template <class T>
void turn_kernels(const ConvTransposePlan& plan, const T* weight, T* to);

/// Shapes: as in ConvTransposePlan, all checked. Needs phases_apply(). Source: "Checkerboard artifact free sub-pixel
/// convolution" (Aitken et al. 2017), section 2, has the equivalence.
/// Errors: those of conv_nd().
Result<Tensor> conv_transpose_by_phases(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight,
                                        const Tensor& bias, const Conv2dOptions& options);

}  // namespace convscope
