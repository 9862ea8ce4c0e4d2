#include "engine/algorithm_choice.h"

#include "engine/conv2d_winograd.h"
#include "engine/fft_tiling.h"

namespace convscope {

namespace {

// Up to here the reference is as quick as anything else, and then the picture shows its very numbers.
constexpr double kNaiveMacs = 2048;

// im2col multiplies each vector of windows with many kernels at once; where a group has fewer than fill its registers,
// direct shares the vector among rows of outputs instead, and needs no block of the input to be copied. One thread of a
// Xeon with AVX-512, im2col's time over direct's: depthwise 1.8 to 3.3, filters of pictures 2 to 3.4, 3 or 4 kernels
// 1.0 to 1.3, 8 kernels 0.85. From a vertical stride of 3 on rows share too little: 0.7.
constexpr int64_t kFewKernels = 4, kSharedStride = 2;
// Small pictures with a few more kernels, 1.4, as long as the sums are short.
constexpr int64_t kSmallKernels = 8, kSmallTaps = 32, kSmallPositions = 4096;

bool has_few_kernels(const ConvPlan& plan) {
  if (plan.out.h > 1 && plan.stride.h > kSharedStride) return false;
  const int64_t kernels = plan.kernels_per_group();
  return kernels <= kFewKernels ||
         (kernels <= kSmallKernels && plan.taps() <= kSmallTaps && plan.positions() <= kSmallPositions);
}

}  // namespace

Algorithm automatic_choice(const ConvPlan& plan) {
  if (plan.macs() <= kNaiveMacs) return Algorithm::naive;
  if (winograd_pays(plan)) return Algorithm::winograd;
  if (fft_pays(plan)) return Algorithm::fft;
  if (has_few_kernels(plan)) return Algorithm::direct;
  return Algorithm::im2col;
}

bool fft_pays(const ConvPlan& plan) {
  constexpr int64_t kFewestTaps = 49;  // of one channel
  // What the machine of the transforms' times sums up at best: float32, one core.
  constexpr double kMacsPerSecond = 100e9, kMargin = 1.25;
  if (plan.kernel.h * plan.kernel.w < kFewestTaps) return false;
  const Result<FftTiling> tiling = fft_tiling(plan);
  if (!tiling) return false;
  const double direct = plan.macs() / kMacsPerSecond * static_cast<double>(size_of(plan.dtype)) / 4;
  return kMargin * (tiling->seconds + tiling->preparation_seconds) < direct;
}

bool winograd_pays(const ConvPlan& plan) {
  constexpr int64_t kFewestChannels = 32;
  constexpr double kFewestMacs = 1 << 24, kMostWork = 0.75;
  if (plan.channels_per_group() < kFewestChannels || plan.kernels_per_group() < kFewestChannels) return false;
  const double macs = plan.macs();
  return macs >= kFewestMacs && check_winograd(plan) && winograd_work(plan, winograd_tile(plan)) < kMostWork * macs;
}

}  // namespace convscope
