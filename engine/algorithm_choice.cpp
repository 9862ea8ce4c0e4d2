#include "engine/algorithm_choice.h"

#include "engine/conv2d_winograd.h"

namespace convscope {

namespace {

// Up to here the reference is as quick as anything else, and then the picture shows its very numbers.
constexpr double kNaiveMacs = 2048;

}  // namespace

Algorithm automatic_choice(const ConvPlan& plan) {
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  if (macs <= kNaiveMacs) return Algorithm::naive;
  return winograd_pays(plan) ? Algorithm::winograd : Algorithm::im2col;
}

bool winograd_pays(const ConvPlan& plan) {
  constexpr int64_t kFewestChannels = 32;
  constexpr double kFewestMacs = 1 << 24, kMostWork = 0.75;
  if (plan.channels_per_group() < kFewestChannels || plan.kernels_per_group() < kFewestChannels) return false;
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  return macs >= kFewestMacs && check_winograd(plan) && winograd_work(plan, winograd_tile(plan)) < kMostWork * macs;
}

}  // namespace convscope
