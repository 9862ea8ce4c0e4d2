#include "engine/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/conv2d.h"

namespace convscope {

namespace {

/// Cells between two looks at the job.
constexpr int64_t kCellsPerLook = 1 << 16;

double difference(double yours, double expected) {
  const bool same = yours == expected || (std::isnan(yours) && std::isnan(expected));
  if (same) return 0;
  const double apart = std::abs(yours - expected);
  return std::isnan(apart) ? std::numeric_limits<double>::infinity() : apart;
}

int leading_ones(const Shape& shape) {
  int ones = 0;
  while (ones < shape.rank() && shape[ones] == 1) ++ones;
  return ones;
}

}  // namespace

Result<Tensor> absolute(const Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  Result<Tensor> result = Tensor::uninitialized(tensor.shape(), tensor.dtype());
  if (!result) return result;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (tensor.dtype() == DType::float32) {
      result->mutable_data<float>()[i] = std::abs(tensor.data<float>()[i]);
    } else {
      result->mutable_data<double>()[i] = std::abs(tensor.data<double>()[i]);
    }
  }
  return result;
}

double largest_magnitude(const Tensor& tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (std::isfinite(tensor.at(i))) largest = std::max(largest, std::abs(tensor.at(i)));
  }
  return largest;
}

double PrintedDigits::half_unit(double value) const {
  if (decimals < 0 || !std::isfinite(value)) return 0;
  // Text has no zero of another exponent: its unit is that of the mantissa alone.
  const double exponent = scientific && value != 0 ? std::floor(std::log10(std::abs(value))) : 0;
  return 0.5 * std::pow(10.0, exponent - decimals);
}

bool Closeness::agree(double yours, double expected, double slack) const {
  const double apart = difference(yours, expected);
  // Neither number is in binary what it is in decimals: a half unit exactly may come out a little more.
  const double decimal = printed.decimals < 0 ? 0 : 2 * std::numeric_limits<double>::epsilon() * std::abs(yours);
  const double limit = allowed(yours) + slack + decimal;
  return apart == 0 || apart <= limit;
}

Result<double> rounding_bound(const ConvPlan& plan, const ConvTensors& tensors, DType yours, Job* job) {
  const Result<Tensor> input = absolute(tensors.input);
  if (!input) return input.error();
  const Result<Tensor> weight = absolute(tensors.weight);
  if (!weight) return weight.error();
  const Result<Tensor> bias = absolute(tensors.bias);
  if (!bias) return bias.error();
  const Result<Tensor> sums = conv2d(plan, *input, *weight, *bias, {Algorithm::automatic, 0, job});
  if (!sums) return sums.error();
  return rounding_bound(largest_magnitude(*sums), plan.taps(), plan.dtype, yours);
}

double rounding_bound(double largest_sum, int64_t numbers, DType engine, DType yours) {
  const bool coarse = engine == DType::float32 || yours == DType::float32;
  const double epsilon = coarse ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return epsilon * std::max(4.0, 2.5 * std::sqrt(static_cast<double>(numbers))) * largest_sum;
}

Result<Comparison> compare(const Tensor& yours, const Tensor& expected, const Closeness& closeness, Job* job) {
  Comparison result;
  result.cells = expected.numel();
  double worst = -1;
  for (int64_t i = 0; i < result.cells; ++i) {
    if (job != nullptr && i % kCellsPerLook == 0) {
      if (job->is_cancelled()) return Error{"error.cancelled", "", {}};
      job->report(static_cast<float>(i) / static_cast<float>(result.cells));
    }
    const double mine = yours.at(i), right = expected.at(i);
    const double apart = difference(mine, right);
    if (std::isfinite(right)) result.largest_expected = std::max(result.largest_expected, std::abs(right));
    if (apart > worst) {
      worst = apart;
      result.worst = i;
    }
    if (apart == 0 || closeness.agree(mine, right)) continue;
    if (result.wrong++ == 0) result.first_wrong = i;
  }
  if (result.worst >= 0) {
    result.largest_difference = worst;
    result.allowed = closeness.allowed(yours.at(result.worst));
  }
  return result;
}

std::optional<Tensor> aligned(const Tensor& yours, const Shape& expected) {
  const Shape& shape = yours.shape();
  const int a = leading_ones(shape), b = leading_ones(expected);
  if (!std::equal(shape.begin() + a, shape.end(), expected.begin() + b, expected.end())) return std::nullopt;
  return yours.reshaped(expected);
}

}  // namespace convscope
