// Winograd's minimal filtering: 3x3 convolutions with fewer multiplications, for slightly larger rounding errors.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/conv2d_runner.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Outputs of a tile along each axis. F(2x2, 3x3) needs 16 multiplications for 4 outputs and F(4x4, 3x3) 36 for 16,
/// where the sums themselves have 36 and 144.
enum class WinogradTile : uint8_t { two = 2, four = 4 };

/// Whether it computes such a convolution: kernel 3x3, stride 1, dilation 1; any groups, padding, sizes and batch.
/// Errors: error.algorithm_winograd_kernel, _stride, _dilation (args: the value), on the field "algorithm";
/// error.scratch_too_large.
Result<void> check_winograd(const ConvPlan& plan);

/// F(4x4) where most of the outputs that its tiles compute are wanted and its filters, four times as large as the
/// weight, are used often enough; else F(2x2). Nothing but the plan decides.
WinogradTile winograd_tile(const ConvPlan& plan);

/// The filters' transforms, for many inputs. The plan must have passed check_winograd().
///
/// Shapes: weight and bias as in ConvPlan; `bias` may be null. Null when there is no memory for (tile + 2)^2 / 9 times
/// the weight. float and double are instantiated. The runner belongs to the instruction set in use when it was made.
/// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308), with the points 0,
/// 1, -1, 1/2 and -2 for F(4x4), which halve the error of their 0, 1, -1, 2 and -2: Barabasz et al., "Error Analysis and
/// Improving the Accuracy of Winograd Convolution for Deep Neural Networks" (arXiv 1803.10986).
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_winograd(const ConvPlan& plan, const T* weight, const T* bias,
                                                  WinogradTile tile);
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_winograd(const ConvPlan& plan, const T* weight, const T* bias) {
  return prepare_winograd<T>(plan, weight, bias, winograd_tile(plan));
}

}  // namespace convscope
