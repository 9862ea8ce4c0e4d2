#include "app/session/cross_checker.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "engine/output_check.h"
#include "engine/volume_trace.h"

namespace convscope {

namespace {

/// The cell (n, c, y, x) of a position in the output, whose batch axis may be left out.
OutputCell cell_of(const Shape& output, int64_t flat) {
  const Shape index = index_of(output, flat);
  const int last = index.rank() - 1;
  return {index.rank() > 3 ? index[0] : 0, index[last - 2], index[last - 1], index[last]};
}

Result<CrossCheck> check_other(const Computation& computation, Job* job) {
  const OperationPlan& plan = computation.plan;
  const ConvTensors& tensors = computation.tensors;
  const auto run = [&](Algorithm algorithm) { return run_plan(plan, tensors, {algorithm, 0, job}); };
  const auto sum_of_absolute = [&]() -> Result<Tensor> {
    ConvTensors magnitudes;
    for (const auto& [from, to] :
         {std::pair(&tensors.input, &magnitudes.input), std::pair(&tensors.weight, &magnitudes.weight),
          std::pair(&tensors.bias, &magnitudes.bias)}) {
      Result<Tensor> magnitude = magnitudes_of(*from);
      if (!magnitude) return magnitude;
      *to = *std::move(magnitude);
    }
    const auto in_double = [&](auto own) {
      own.dtype = DType::float64;
      return run_plan(own, magnitudes, {Algorithm::naive, 1, job});
    };
    return plan.volume() != nullptr ? in_double(*plan.volume()) : in_double(*plan.transposed());
  };
  Result<CrossCheck> check = cross_check(
      CheckedOperation{algorithms_of(plan.family()), run, sum_of_absolute, plan.numbers_per_cell(), plan.dtype()}, job);
  if (!check) return check;
  for (AlgorithmCheck& one : check->algorithms) {
    // A volume's cell with its channels and depths counted through, as pictures name it.
    const Shape shape = plan.volume() != nullptr ? slab_shape(check->output) : check->output;
    if (one.worst.difference > 0) one.worst.cell = cell_of(shape, one.worst.flat);
  }
  return check;
}

Result<CrossCheck> check_computation(const ComputationPtr& computation, Job* job) {
  const ConvTensors& tensors = computation->tensors;
  if (computation->plan.conv2d() == nullptr) return check_other(*computation, job);
  return cross_check(*computation->plan.conv2d(), tensors.input, tensors.weight, tensors.bias, 0, job);
}

/// Every algorithm once, and the reference once more for the tolerance.
double seconds_of(const OperationPlan& shown) {
  if (shown.conv2d() == nullptr) {
    double seconds = other_seconds(shown, Algorithm::naive);
    for (Algorithm algorithm : algorithms_of(shown.family()).subspan(1)) seconds += other_seconds(shown, algorithm);
    return seconds;
  }
  const ConvPlan& plan = *shown.conv2d();
  double seconds = conv2d_seconds(plan, Algorithm::naive);
  for (Algorithm algorithm : algorithms().subspan(1)) seconds += conv2d_seconds(plan, algorithm);
  return seconds;
}

}  // namespace

CrossChecker::CrossChecker() : worker_(check_computation) {}

void CrossChecker::start(const ComputationPtr& computation) {
  forget();
  if (computation == nullptr || computation->plan.pool() != nullptr) return;
  const double seconds = seconds_of(computation->plan);
  if (seconds <= kMaxCrossCheckSeconds) {
    worker_.start(computation);
    return;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", seconds);
  error_ =
      Error{"error.cross_check_too_large", "algorithm", {text, std::to_string(std::lround(kMaxCrossCheckSeconds))}};
}

void CrossChecker::forget() {
  worker_.cancel();
  result_.reset();
  error_.reset();
}

void CrossChecker::update() {
  std::optional<Result<CrossCheck>> done = worker_.take();
  if (!done) return;
  if (*done) {
    result_ = **std::move(done);
    static std::atomic<uint64_t> results{0};
    result_id_ = ++results;
  } else {
    error_ = done->error();
  }
}

}  // namespace convscope
