// Gradient descent on the kernel of a convolution: what loss.backward() and optimizer.step() do, step after step.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/conv2d.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// The mean of the squares of output - target, and its gradient by the output, 2 (output - target) / numel.
struct MseLoss {
  double value = 0;
  Tensor gradient;
};
/// Shapes: both alike, in the same type. Errors: error.tensor_too_large, error.out_of_memory.
/// Source: torch.nn.functional.mse_loss.
Result<MseLoss> mse_loss(const Tensor& output, const Tensor& target);

struct DescentOptions {
  double learning_rate = 0.1;
  int64_t steps = 50;
};

/// More steps are refused by whoever takes them from users.
inline constexpr int64_t kMostDescentSteps = 10000;
/// A loss that has grown by this factor has diverged, as has one that is no finite number.
inline constexpr double kDivergedGrowth = 1e4;

/// Numbers of weight, bias and loss at iterations 0 (where learning starts) to the last; iteration t + 1 is what
/// iteration t becomes by `weight -= learning_rate * weight_gradient`, the bias likewise.
struct LearningPath {
  std::vector<Tensor> weights, biases;  // biases and their gradients without elements where the plan has no bias
  std::vector<Tensor> weight_gradients, bias_gradients;  // of the loss, at that iteration
  std::vector<double> losses;
  std::optional<int64_t> diverged_at;  // the iteration that the path ends before: its loss was no number, or huge
  double diverged_loss = 0;
  /// Where it grows: descent on this loss converges for learning rates below 2 / its largest curvature. A bit less
  /// than that, rounded to two digits; 0 where it cannot be told.
  double safe_rate = 0;
  /// The learning rate is too large: with a small enough one the loss never grows.
  bool grows() const { return diverged_at.has_value() || losses.back() > losses.front(); }
  int64_t last() const { return static_cast<int64_t>(losses.size()) - 1; }
};

/// torch.optim.SGD without momentum on F.mse_loss(conv2d(input, weight, bias), target), from the given weight and bias
/// on.
///
/// Shapes: as in ConvPlan; target like the output.
/// Errors: error.learning_too_large (args: MiB, limit) when the path would take more than 512 MiB; those of conv2d()
/// and conv2d_backward(), error.cancelled.
Result<LearningPath> learn_by_descent(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                      const Tensor& bias, const Tensor& target, const DescentOptions& descent,
                                      const Conv2dOptions& options = {});

}  // namespace convscope
