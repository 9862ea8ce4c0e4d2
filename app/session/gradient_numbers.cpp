#include "app/session/gradient_numbers.h"

#include <utility>

namespace convscope {

namespace {

/// What the wished kernel makes of the input.
Result<Tensor> output_of_kernel(const ConvPlan& plan, const Tensor& input, const Tensor& kernel,
                                const Conv2dOptions& options) {
  ConvPlan plain = plan;
  plain.bias = false;
  return conv2d(plain, input, kernel, Tensor(), options);
}

}  // namespace

Result<GradientPtr> gradient_numbers(const Session& session, const ConvPlan& plan, const ConvTensors& tensors,
                                     const WishedTensors& wished, const Conv2dOptions& options) {
  auto numbers = std::make_shared<GradientNumbers>();
  numbers->settings = session.gradient;
  numbers->learn = session.learn;
  const bool learns = session.learn.on;
  Conv2dOptions fast = options;
  fast.algorithm = Algorithm::automatic;
  numbers->grad_output = wished.grad_output;
  numbers->kernel = wished.kernel;
  numbers->target = wished.target;
  const double parts = learns ? 10 : 3;
  if (wished.kernel.defined()) {
    const JobPart part(options.job, 0, parts);
    Result<Tensor> target = output_of_kernel(plan, tensors.input, wished.kernel, fast);
    if (!target) return target.error();
    numbers->target = *std::move(target);
  }
  if (numbers->target.defined()) {
    Result<MseLoss> loss = mse_loss(tensors.output, numbers->target);
    if (!loss) return loss.error();
    numbers->grad_output = std::move(loss->gradient);
    numbers->loss = loss->value;
  }
  {
    const JobPart part(options.job, 1, parts);
    Result<Conv2dGradients> whole = conv2d_backward(plan, tensors.input, tensors.weight, numbers->grad_output, fast);
    if (!whole) return whole.error();
    numbers->whole = *std::move(whole);
  }
  if (learns) {
    const JobPart part(options.job, 2.0 / 8, 10.0 / 8);
    Result<LearningPath> path = learn_by_descent(plan, tensors.input, tensors.weight, tensors.bias, numbers->target,
                                                 {session.learn.learning_rate, session.learn.steps}, fast);
    if (!path) return path.error();
    numbers->path = *std::move(path);
  } else {
    const JobPart part(options.job, 2, parts);
    Result<WeightGradientSums> sums = WeightGradientSums::make(plan, tensors.input, numbers->grad_output, options);
    if (!sums) return sums.error();
    numbers->sums = *std::move(sums);
  }
  return GradientPtr(std::move(numbers));
}

double gradient_seconds(const Session& session, const ConvPlan& plan, double forward_seconds) {
  // Backward is two products of the forward's size.
  constexpr double kBackward = 3;
  double seconds = kBackward * forward_seconds;
  if (session.learn.on) {
    seconds += static_cast<double>(session.learn.steps + 1) * kBackward * forward_seconds;
  } else {
    seconds += weight_gradient_sums_seconds(plan);
  }
  return seconds;
}

}  // namespace convscope
