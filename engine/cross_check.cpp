#include "engine/cross_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/conv2d.h"
#include "engine/conv2d_winograd.h"

namespace convscope {

Result<Tensor> magnitudes_of(const Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  Result<Tensor> result = Tensor::uninitialized(tensor.shape(), DType::float64);
  if (!result) return result;
  double* to = result->mutable_data<double>();
  for (int64_t i = 0; i < tensor.numel(); ++i) to[i] = std::abs(tensor.at(i));
  return result;
}

namespace {

double tolerance_of(const Tensor& sums, int64_t numbers_per_cell, DType dtype) {
  double largest = 0;
  for (int64_t i = 0; i < sums.numel(); ++i) {
    if (std::isfinite(sums.at(i))) largest = std::max(largest, sums.at(i));
  }
  const double epsilon =
      dtype == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return epsilon * std::max(4.0, 2.5 * std::sqrt(static_cast<double>(numbers_per_cell))) * largest;
}

Result<Tensor> sum_of_absolute(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                               Job* job) {
  const Result<Tensor> x = magnitudes_of(input), w = magnitudes_of(weight), b = magnitudes_of(bias);
  for (const Result<Tensor>* tensor : {&x, &w, &b}) {
    if (!*tensor) return tensor->error();
  }
  ConvPlan in_double = plan;
  in_double.dtype = DType::float64;
  return conv2d(in_double, *x, *w, *b, {Algorithm::naive, 1, job});
}

WorstCell worst_of(const Tensor& expected, const Tensor& actual) {
  WorstCell worst;
  for (int64_t i = 0; i < expected.numel(); ++i) {
    const double e = expected.at(i), a = actual.at(i);
    if (e == a || (std::isnan(e) && std::isnan(a))) continue;
    const double apart = std::abs(e - a);
    const double difference = std::isfinite(apart) ? apart : std::numeric_limits<double>::infinity();
    if (difference > worst.difference) worst = {difference, {}, i, e, a};
  }
  return worst;
}

}  // namespace

double transform_tolerance(const Tensor& input, const Tensor& weight) {
  double largest = 0, norm = 0;
  for (int64_t i = 0; i < input.numel(); ++i) {
    if (std::isfinite(input.at(i))) largest = std::max(largest, std::abs(input.at(i)));
  }
  const int64_t kernels = std::max<int64_t>(1, weight.shape()[0]), taps = weight.numel() / kernels;
  for (int64_t k = 0; k < kernels; ++k) {
    double squares = 0;
    for (int64_t i = k * taps; i < (k + 1) * taps; ++i) squares += weight.at(i) * weight.at(i);
    if (std::isfinite(squares)) norm = std::max(norm, std::sqrt(squares));
  }
  const double epsilon =
      input.dtype() == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return 32 * epsilon * largest * norm;
}

Result<double> summation_tolerance(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                                   Job* job) {
  const Result<Tensor> sums = sum_of_absolute(plan, input, weight, bias, job);
  if (!sums) return sums.error();
  return tolerance_of(*sums, plan.taps(), plan.dtype);
}

WorstCell worst_cell(const ConvPlan& plan, const Tensor& expected, const Tensor& actual) {
  WorstCell worst = worst_of(expected, actual);
  if (worst.difference > 0) worst.cell = cell_of_step(plan, worst.flat);
  return worst;
}

bool CrossCheck::all_agree() const {
  return std::all_of(algorithms.begin(), algorithms.end(),
                     [this](const AlgorithmCheck& check) { return check.refusal || agrees(check); });
}

double CrossCheck::part_of_tolerance(const AlgorithmCheck& check) const {
  return check.worst.difference == 0 ? 0 : check.worst.difference / tolerance_of(check);
}

int64_t CrossCheck::ran() const {
  return std::count_if(algorithms.begin(), algorithms.end(),
                       [](const AlgorithmCheck& check) { return !check.refusal.has_value(); });
}

const AlgorithmCheck& CrossCheck::furthest() const {
  return *std::max_element(
      algorithms.begin(), algorithms.end(),
      [this](const AlgorithmCheck& a, const AlgorithmCheck& b) { return part_of_tolerance(a) < part_of_tolerance(b); });
}

Result<CrossCheck> cross_check(const CheckedOperation& operation, Job* job) {
  // One part for the tolerance, one for each algorithm; the first, `automatic`, is none.
  const auto parts = static_cast<double>(operation.algorithms.size());
  CrossCheck result;
  Tensor reference;
  for (Algorithm algorithm : operation.algorithms.subspan(1)) {
    const JobPart part(job, static_cast<double>(result.algorithms.size()), parts);
    const Result<Tensor> output = operation.run(algorithm);
    AlgorithmCheck check;
    check.algorithm = algorithm;
    if (output) {
      if (algorithm == Algorithm::naive) reference = *output;
      check.worst = worst_of(reference, *output);
      if (operation.own_error) check.own_error = operation.own_error(algorithm);
    } else if (output.error().field == "algorithm") {
      check.refusal = output.error();
    } else {
      return output.error();
    }
    result.algorithms.push_back(std::move(check));
  }
  result.output = reference.shape();
  const JobPart part(job, parts - 1, parts);
  const Result<Tensor> sums = operation.sum_of_absolute();
  if (!sums) return sums.error();
  result.tolerance = tolerance_of(*sums, operation.numbers_per_cell, operation.dtype);
  return result;
}

Result<CrossCheck> cross_check(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                               int threads, Job* job) {
  Result<CrossCheck> result = cross_check(
      CheckedOperation{algorithms(),
                       [&](Algorithm algorithm) {
                         return conv2d(plan, input, weight, bias, {algorithm, threads, job});
                       },
                       [&] { return sum_of_absolute(plan, input, weight, bias, job); }, plan.taps(), plan.dtype,
                       [&](Algorithm algorithm) {
                         if (algorithm == Algorithm::fft) return transform_tolerance(input, weight);
                         return algorithm == Algorithm::winograd ? winograd_error_bound(plan, input, weight, bias) : 0;
                       }},
      job);
  if (!result) return result;
  for (AlgorithmCheck& check : result->algorithms) {
    if (check.worst.difference > 0) check.worst.cell = cell_of_step(plan, check.worst.flat);
  }
  return result;
}

}  // namespace convscope
