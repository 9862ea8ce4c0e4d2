#include "accuracy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/conv2d.h"

namespace convscope::bench {

namespace {

Result<Tensor> in_float64(const Tensor& tensor, bool magnitudes) {
  Result<Tensor> made = Tensor::uninitialized(tensor.shape(), DType::float64);
  if (!made) return made;
  const auto* from = tensor.data<float>();
  std::transform(from, from + tensor.numel(), made->mutable_data<double>(),
                 [magnitudes](float x) { return magnitudes ? std::fabs(double{x}) : double{x}; });
  return made;
}

Result<Tensor> sums(const Problem& problem, bool of_magnitudes) {
  ConvPlan plan = problem.plan;
  plan.dtype = DType::float64;
  const Result<Tensor> input = in_float64(problem.input, of_magnitudes);
  if (!input) return input.error();
  const Result<Tensor> weight = in_float64(problem.weight, of_magnitudes);
  if (!weight) return weight.error();
  return conv2d(plan, *input, *weight, Tensor(), {Algorithm::im2col, 0, nullptr});
}

}  // namespace

Result<std::vector<Accuracy>> accuracies(const Problem& problem, std::span<Contender> contenders) {
  const Result<Tensor> exact = sums(problem, false);
  if (!exact) return exact.error();
  const Result<Tensor> magnitude = sums(problem, true);
  if (!magnitude) return magnitude.error();
  const auto *e = exact->data<double>(), *m = magnitude->data<double>();
  std::vector<Accuracy> all;
  for (Contender& contender : contenders) {
    contender.prepare();
    contender.run();
    const std::span<const float> got = contender.output();
    Accuracy accuracy{contender.impl};
    double total = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const double error = std::fabs(double{got[i]} - e[i]) / (double{std::numeric_limits<float>::epsilon()} * m[i]);
      accuracy.worst = std::max(accuracy.worst, error);
      total += error;
    }
    accuracy.mean = total / static_cast<double>(got.size());
    all.push_back(accuracy);
  }
  return all;
}

}  // namespace convscope::bench
