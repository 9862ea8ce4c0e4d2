#include "engine/algorithm_choice.h"

#include "engine/fft_tiling.h"

namespace convscope {

namespace {

// Up to here the reference is as quick as anything else, and then the picture shows its very numbers.
constexpr double kNaiveMacs = 2048;

}  // namespace

Algorithm automatic_choice(const ConvPlan& plan) {
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  if (macs <= kNaiveMacs) return Algorithm::naive;
  if (fft_pays(plan)) return Algorithm::fft;
  return Algorithm::im2col;
}

bool fft_pays(const ConvPlan& plan) {
  constexpr int64_t kFewestTaps = 49;  // of one channel
  // What the machine of the transforms' times sums up at best: float32, one core.
  constexpr double kMacsPerSecond = 100e9, kMargin = 1.25;
  if (plan.kernel.h * plan.kernel.w < kFewestTaps) return false;
  const Result<FftTiling> tiling = fft_tiling(plan);
  if (!tiling) return false;
  const double direct = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps()) / kMacsPerSecond *
                        static_cast<double>(size_of(plan.dtype)) / 4;
  return kMargin * (tiling->seconds + tiling->preparation_seconds) < direct;
}

}  // namespace convscope
