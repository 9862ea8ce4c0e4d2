// Pictures of the gradients of conv2d, and of a kernel that learns.
#pragma once

#include <string>

#include "app/scene/lens.h"
#include "app/session/gradient_numbers.h"

namespace convscope {

/// dY goes backwards: each of its cells adds to dX, dW and db what belongs to its window.
void build_gradient_lens(LensFrame& frame, const GradientNumbers& numbers);

/// One iteration of gradient descent for each step: the kernel, its gradient, what becomes of it, and the loss so far.
struct LearningFrame : StageFrame {
  const ConvPlan& plan;
  const GradientNumbers& numbers;
  int64_t iteration = 0;
};
void build_learning_lens(LearningFrame& frame);
/// The iteration that a step shows: the last one where the path ends before.
int64_t shown_iteration(const GradientNumbers& numbers, int64_t step);

/// What stands there while the gradients are on their way.
void draw_gradient_pending(StageFrame& frame);

/// "Step 4 of 9: dY[0, 0, 1, 0] = 2 adds ...", or the iteration and its loss.
void append_gradient_sentence(std::string& out, Language language, const ConvPlan& plan, const GradientNumbers& numbers,
                              int64_t step, int64_t steps);
/// A line as long as the longest of them.
const std::string& longest_gradient_sentence(Language language, const ConvPlan& plan, const GradientNumbers& numbers,
                                             int64_t steps);
/// Why the loss grows and what to do, in one line; nothing where it does not.
void append_divergence(std::string& out, Language language, const GradientNumbers& numbers);

/// The curve of the losses up to the iteration shown, faint behind it. Costs what it is wide.
void draw_loss_plot(StageFrame& frame, const Box& box, const LearningPath& path, int64_t steps, int64_t iteration);

}  // namespace convscope
