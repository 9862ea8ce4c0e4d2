#include "engine/algorithm_choice.h"

#include "engine/fft_tiling.h"

namespace convscope {

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
