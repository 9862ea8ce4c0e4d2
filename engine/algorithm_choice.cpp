#include "engine/algorithm_choice.h"

namespace convscope {

namespace {

// Up to here the reference is as quick as anything else, and then the picture shows its very numbers.
constexpr double kNaiveMacs = 2048;

}  // namespace

Algorithm automatic_choice(const ConvPlan& plan) {
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  return macs <= kNaiveMacs ? Algorithm::naive : Algorithm::im2col;
}

}  // namespace convscope
