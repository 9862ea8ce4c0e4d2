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
/// Errors: error.algorithm_winograd_kernel, _stride, _dilation (args: the value), error.scratch_too_large; on the field
/// "algorithm".
Result<void> check_winograd(const ConvPlan& plan);

/// What it costs with that tile, in multiply-adds of a matrix product that would take as long. Tiles at the right and
/// the bottom count whole; filters that are used by fewer than 16 tiles count as if there were 16, because they come
/// from memory, and a transform as what it was measured to take.
double winograd_work(const ConvPlan& plan, WinogradTile tile);
/// The tile that costs less: F(2x2) for a few small pictures, F(4x4) for all else. Nothing but the plan decides.
WinogradTile winograd_tile(const ConvPlan& plan);

/// The filters' transforms, for many inputs. The plan must have passed check_winograd().
///
/// Shapes: weight and bias as in ConvPlan; `bias` may be null. `threads` transform the filters; `job` may stop that and
/// is not told any progress. Null when there is no memory, about (tile + 2)^2 / 9 + 1 times the weight's, or the job
/// was cancelled. float and double are instantiated. The runner stays with the instruction set that was in use. Its
/// scratch for each thread is that of 128 tiles at most, or of one where 36 numbers for each channel are more.
///
/// Rounding: see winograd_error_factor(). Results that are not finite are computed again as plain sums, so that
/// infinities, NaN and overflow come out as those of the reference.
/// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308), with the points 0,
/// 1, -1, 1/2 and -2 for F(4x4), which have half the error of their 0, 1, -1, 2 and -2: Barabasz et al., "Error
/// Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks" (arXiv 1803.10986).
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_winograd(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                  const Job* job, WinogradTile tile);
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_winograd(const ConvPlan& plan, const T* weight, const T* bias, int threads = 1,
                                                  const Job* job = nullptr) {
  return prepare_winograd<T>(plan, weight, bias, threads, job, winograd_tile(plan));
}

/// No result is further from the exact sum than this times (the sum over the group's input channels of max |input of
/// the channel in the tile| * max |filter of the channel|) + |bias|.
///
/// Derivation. A result is A^T [sum over c of (G g G^T) . (B^T d B)] A. Each number passes at most C + 30 roundings on
/// its way: 4 in each line of the input's transform, 5 in each of the filter's, C + 1 in the sum, 5 in each line of the
/// output's, 1 for the bias. By the usual argument (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1)
/// the error is at most gamma = n u / (1 - n u) times the same expression of magnitudes, n = C + 30, u = epsilon / 2,
/// and that is at most kappa^2 times the sum above, where kappa is the largest row of |A^T| (|G| 1 . |B^T| 1), with
/// |B^T| as it is evaluated: 8 for F(2x2), 33.6 for F(4x4). What happens is far less, because errors cancel:
/// float32, normally distributed numbers, 128 channels, largest error relative to the root mean square of the outputs:
/// 1.7e-6 with F(2x2), 1.2e-5 with F(4x4), 5.2e-6 for plain sums.
double winograd_error_factor(const ConvPlan& plan, WinogradTile tile);

/// How far the results of these tensors may be off where roundings go up as often as down: the bound with
/// 2.5 sqrt(C + 30) in the place of C + 30 (Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis",
/// 2019). The certain bound of many channels is larger than the results and would let everything pass. Numbers that are
/// not finite are left out.
/// Shapes: as in ConvPlan; `bias` may be undefined where plan.bias is false.
double winograd_error_bound(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias);

}  // namespace convscope
