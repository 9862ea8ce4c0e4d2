#include "engine/kernel_learning.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/conv2d_backward.h"

namespace convscope {

namespace {

constexpr int64_t kMostPathBytes = int64_t{512} << 20;

template <class T>
void squares(const Tensor& output, const Tensor& target, MseLoss& loss) {
  const T* const y = output.data<T>();
  const T* const wished = target.data<T>();
  T* const to = loss.gradient.mutable_data<T>();
  // As PyTorch has it: the factor first, in the tensors' type.
  const T factor = static_cast<T>(2.0 / static_cast<double>(output.numel()));
  double sum = 0;
  for (int64_t i = 0; i < output.numel(); ++i) {
    const T difference = y[i] - wished[i];
    sum += static_cast<double>(difference) * static_cast<double>(difference);
    to[i] = factor * difference;
  }
  loss.value = sum / static_cast<double>(output.numel());
}

template <class T>
void step_down(const Tensor& from, const Tensor& gradient, double rate, Tensor& to) {
  for (int64_t i = 0; i < from.numel(); ++i) {
    to.mutable_data<T>()[i] = from.data<T>()[i] - static_cast<T>(rate) * gradient.data<T>()[i];
  }
}

Result<Tensor> stepped(const Tensor& from, const Tensor& gradient, double rate) {
  if (!from.defined()) return Tensor();
  Result<Tensor> to = Tensor::uninitialized(from.shape(), from.dtype());
  if (!to) return to;
  if (from.dtype() == DType::float32) {
    step_down<float>(from, gradient, rate, *to);
  } else {
    step_down<double>(from, gradient, rate, *to);
  }
  return to;
}

double norm(const Tensor& tensor) {
  double sum = 0;
  for (int64_t i = 0; tensor.defined() && i < tensor.numel(); ++i) sum += tensor.at(i) * tensor.at(i);
  return std::sqrt(sum);
}

Result<Tensor> scaled(const Tensor& tensor, double factor) {
  if (!tensor.defined()) return Tensor();
  Result<Tensor> zeros = Tensor::zeros(tensor.shape(), tensor.dtype());
  if (!zeros) return zeros;
  return stepped(*zeros, tensor, -factor);
}

/// Weight and bias together are what is learned.
struct Learned {
  Tensor weight, bias;
  double length() const { return std::hypot(norm(weight), norm(bias)); }
};

/// The loss and its gradients.
struct Slope {
  double loss = 0;
  Learned by;
};

Result<Slope> slope_at(const ConvPlan& plan, const Tensor& input, const Learned& at, const Tensor& target,
                       const Conv2dOptions& options) {
  Result<Tensor> output = Tensor();
  {
    const JobPart part(options.job, 0, 2);
    output = conv2d(plan, input, at.weight, at.bias, options);
  }
  if (!output) return output.error();
  Result<MseLoss> loss = mse_loss(*output, target);
  if (!loss) return loss.error();
  const JobPart part(options.job, 1, 2);
  // The gradient by the input is nobody's business here.
  Result<Conv2dGradients> gradients = conv2d_parameter_gradients(plan, input, loss->gradient, options);
  if (!gradients) return gradients.error();
  Slope slope;
  slope.loss = loss->value;
  slope.by.weight = std::move(gradients->weight);
  if (plan.bias) slope.by.bias = std::move(gradients->bias);
  return slope;
}

/// The largest curvature of the loss by power iteration: with a target of zeros the gradient is the second derivative
/// times the point.
Result<double> largest_curvature(const ConvPlan& plan, const Tensor& input, Learned direction,
                                 const Conv2dOptions& options) {
  constexpr int kIterations = 200;
  constexpr double kSettled = 1e-5;
  const Result<Tensor> zeros = Tensor::zeros(plan.output_shape(), plan.dtype);
  if (!zeros) return zeros.error();
  double curvature = 0;
  for (int i = 0; i < kIterations; ++i) {
    const double length = direction.length();
    if (!(length > 0) || !std::isfinite(length)) return 0.0;
    Result<Tensor> weight = scaled(direction.weight, 1 / length), bias = scaled(direction.bias, 1 / length);
    if (!weight) return weight.error();
    if (!bias) return bias.error();
    const Result<Slope> slope = slope_at(plan, input, {*std::move(weight), *std::move(bias)}, *zeros, options);
    if (!slope) return slope.error();
    direction = slope->by;
    // Grows from step to step, and stays below the largest.
    if (direction.length() < curvature * (1 + kSettled)) break;
    curvature = direction.length();
  }
  return curvature;
}

double rounded_down(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 0;
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return std::floor(value / unit) * unit;
}

}  // namespace

Result<MseLoss> mse_loss(const Tensor& output, const Tensor& target) {
  MseLoss loss;
  Result<Tensor> gradient = Tensor::uninitialized(output.shape(), output.dtype());
  if (!gradient) return gradient.error();
  loss.gradient = *std::move(gradient);
  if (output.dtype() == DType::float32) {
    squares<float>(output, target, loss);
  } else {
    squares<double>(output, target, loss);
  }
  return loss;
}

Result<LearningPath> learn_by_descent(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                      const Tensor& bias, const Tensor& target, const DescentOptions& descent,
                                      const Conv2dOptions& options) {
  const double each = 2.0 * static_cast<double>(weight.bytes() + (plan.bias ? bias.bytes() : 0));
  const double bytes = each * static_cast<double>(descent.steps + 1);
  if (bytes > static_cast<double>(kMostPathBytes)) {
    const double megabytes = bytes / (1 << 20);
    return Error{"error.learning_too_large",
                 "learning_steps",
                 {std::to_string(std::llround(std::min(megabytes, 1e15))), std::to_string(kMostPathBytes >> 20)}};
  }
  LearningPath path;
  Learned at{weight, plan.bias ? bias : Tensor()};
  for (int64_t t = 0;; ++t) {
    const JobPart part(options.job, static_cast<double>(t), static_cast<double>(descent.steps + 1));
    if (options.job != nullptr && options.job->is_cancelled()) return Error{"error.cancelled", "", {}};
    Result<Slope> slope = slope_at(plan, input, at, target, options);
    if (!slope) return slope.error();
    const double most = t == 0 ? 0 : kDivergedGrowth * path.losses.front();
    if (t > 0 && !(slope->loss <= most) && !(slope->loss == 0)) {
      path.diverged_at = t;
      path.diverged_loss = slope->loss;
      break;
    }
    Result<Tensor> next_weight = stepped(at.weight, slope->by.weight, descent.learning_rate);
    if (!next_weight) return next_weight.error();
    Result<Tensor> next_bias = stepped(at.bias, slope->by.bias, descent.learning_rate);
    if (!next_bias) return next_bias.error();
    path.losses.push_back(slope->loss);
    path.weights.push_back(std::exchange(at.weight, *std::move(next_weight)));
    path.biases.push_back(std::exchange(at.bias, *std::move(next_bias)));
    path.weight_gradients.push_back(std::move(slope->by.weight));
    path.bias_gradients.push_back(std::move(slope->by.bias));
    if (t == descent.steps) break;
  }
  if (path.grows()) {
    // The last steps have turned the gradient towards the steepest direction, so it is a good beginning.
    const Result<double> curvature =
        largest_curvature(plan, input, {path.weight_gradients.back(), path.bias_gradients.back()}, options);
    if (!curvature) return curvature.error();
    constexpr double kMargin = 0.9;
    path.safe_rate = *curvature > 0 ? rounded_down(kMargin * 2 / *curvature) : 0;
  }
  return path;
}

}  // namespace convscope
