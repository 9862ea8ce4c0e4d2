// The gradients of a session's convolution: what its gradient lens shows.
#pragma once

#include <memory>
#include <optional>

#include "app/session/operation_plan.h"
#include "app/session/session.h"
#include "engine/conv2d.h"
#include "engine/conv2d_backward.h"
#include "engine/gradient_trace.h"
#include "engine/kernel_learning.h"
#include "engine/result.h"
#include "engine/trace.h"

namespace convscope {

/// What a session's gradients begin with, as its sources give it: one of the three is defined.
struct WishedTensors {
  Tensor grad_output;
  Tensor kernel;  // named as the target: its output is what is wished for
  Tensor target;
};

/// Never changed once made.
struct GradientNumbers {
  GradientSettings settings;
  LearnSettings learn;
  Tensor grad_output;     // of learning: at the iteration it starts from
  Conv2dGradients whole;  // the same
  std::optional<WeightGradientSums> sums;
  Tensor kernel, target;             // of a loss; kernel only where the target was named
  double loss = 0;                   // of a loss
  std::optional<LearningPath> path;  // of learning
  bool from_loss() const { return target.defined(); }
};
using GradientPtr = std::shared_ptr<const GradientNumbers>;

/// The gradients of a convolution whose output is known. Errors: those of conv2d_backward(), learn_by_descent() and
/// allocation, error.cancelled.
Result<GradientPtr> gradient_numbers(const Session& session, const ConvPlan& plan, const ConvTensors& tensors,
                                     const WishedTensors& wished, const Conv2dOptions& options);

/// A cautious guess at what it takes where the convolution itself takes `forward_seconds`.
double gradient_seconds(const Session& session, const ConvPlan& plan, double forward_seconds);

}  // namespace convscope
