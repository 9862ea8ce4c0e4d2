#include "app/session/cross_checker.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <string>

namespace convscope {

namespace {

Result<CrossCheck> check_computation(const ComputationPtr& computation, Job* job) {
  const ConvTensors& tensors = computation->tensors;
  return cross_check(*computation->plan.conv2d(), tensors.input, tensors.weight, tensors.bias, 0, job);
}

/// Every algorithm once, and the reference once more for the tolerance.
double seconds_of(const ConvPlan& plan) {
  double seconds = conv2d_seconds(plan, Algorithm::naive);
  for (Algorithm algorithm : algorithms().subspan(1)) seconds += conv2d_seconds(plan, algorithm);
  return seconds;
}

}  // namespace

CrossChecker::CrossChecker() : worker_(check_computation) {}

void CrossChecker::start(const ComputationPtr& computation) {
  forget();
  if (computation == nullptr || computation->plan.conv2d() == nullptr) return;
  const double seconds = seconds_of(*computation->plan.conv2d());
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
