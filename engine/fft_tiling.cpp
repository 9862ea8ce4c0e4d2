#include "engine/fft_tiling.h"

#include <algorithm>
#include <cmath>

#include "engine/division.h"
#include "engine/fft.h"
#include "engine/scratch.h"

namespace convscope {

namespace {

// Of the transform of one tile: 32 MiB in float. A larger one is no longer a convolution by tiles.
constexpr int64_t kMostCells = int64_t{1} << 22;

// Nanoseconds for each complex number, float32, fitted to 640 measurements on one core of a Xeon with AVX-512 (2026);
// double takes twice as long. They need not be right, only right relative to each other.
constexpr double kTransform = 0.071;  // for each factor of two in the tile's size, one way
constexpr double kFetch = 0.4;        // of an input or output that does not stay in the caches
constexpr double kMultiply = 0.18;    // for each pair of an input and an output channel
constexpr double kFarKernels = 0.11;  // more, when the kernels' spectra do not stay in the second-level cache
constexpr double kFarInputs = 0.47;   // more, when the inputs' spectra do not
constexpr double kLongStrip = 1.2;    // times as long, when a strip does not stay in the first-level cache
constexpr double kPair = 200;         // for each pair of tiles

constexpr double kL1Bytes = 48 << 10, kL2Bytes = 1 << 20, kCachedBytes = 4 << 20;
constexpr int64_t kColumnMultiple = 16;  // of a tile's output: the lanes of the widest vector

FftTiling tiling_of(const ConvPlan& plan, Pair size) {
  const Pair extent = plan.effective_kernel();
  const Pair most{size.h - extent.h + 1, size.w - extent.w + 1};
  FftTiling tiling;
  tiling.size = size;
  tiling.down = ceil_divide(std::max<int64_t>(1, plan.out.h), most.h);
  tiling.across = ceil_divide(std::max<int64_t>(1, plan.out.w), most.w);
  tiling.step = {ceil_divide(plan.out.h, tiling.down), ceil_divide(plan.out.w, tiling.across)};
  // Whole vectors in every tile, so that all begin at the start of a cache line if the rows do.
  const int64_t rounded = ceil_divide(tiling.step.w, kColumnMultiple) * kColumnMultiple;
  if (rounded <= most.w) {
    tiling.step.w = rounded;
  } else if (tiling.across > 1 && most.w >= kColumnMultiple) {
    tiling.step.w = most.w / kColumnMultiple * kColumnMultiple;
    tiling.across = ceil_divide(plan.out.w, tiling.step.w);
  }

  const auto element = static_cast<double>(size_of(plan.dtype));
  const auto cells = static_cast<double>(tiling.cells());
  const auto inputs = static_cast<double>(plan.channels_per_group());
  const auto outputs = static_cast<double>(plan.kernels_per_group());
  const auto pairs = static_cast<double>(ceil_divide(plan.batch * tiling.down * tiling.across, 2));
  const double planes =
      static_cast<double>(plan.batch) * (static_cast<double>(plan.in_channels * plan.in.h * plan.in.w) +
                                         static_cast<double>(plan.out_channels * plan.positions()));
  const double strip = static_cast<double>(std::max(size.h, size.w) * 2 * kColumnMultiple) * element;
  const double input_spectra = (inputs + 1) * cells * 2 * element, spectra = inputs * outputs * cells * 2 * element;
  const double transform = kTransform * std::log2(cells) * (strip > kL1Bytes ? kLongStrip : 1) +
                           (planes * element > kCachedBytes ? kFetch : 0);
  const double multiply =
      kMultiply + (input_spectra + spectra > kL2Bytes ? kFarKernels : 0) + (input_spectra > kL2Bytes ? kFarInputs : 0);
  tiling.seconds = 1e-9 * (element / 4) * static_cast<double>(plan.groups) * pairs *
                   (cells * ((inputs + outputs) * transform + inputs * outputs * multiply) + kPair);
  tiling.preparation_seconds =
      1e-9 * (element / 4) * static_cast<double>(plan.groups) * inputs * outputs * cells * (transform + kMultiply);
  return tiling;
}

/// The kernels' spectra and, for one thread, those of the inputs.
bool fits(const ConvPlan& plan, const FftTiling& tiling) {
  const int64_t number = 2 * size_of(plan.dtype);
  return check_scratch(Algorithm::fft, {plan.out_channels, plan.channels_per_group(), tiling.cells(), number}) &&
         check_scratch(Algorithm::fft, {plan.channels_per_group() + 1, tiling.cells(), number});
}

}  // namespace

Result<FftTiling> fft_tiling(const ConvPlan& plan) {
  // Along an axis with one output cell there is nothing to step over.
  if ((plan.stride.h > 1 && plan.out.h > 1) || (plan.stride.w > 1 && plan.out.w > 1)) {
    return Error{"error.algorithm_fft_stride",
                 "algorithm",
                 {std::to_string(plan.stride.h) + ", " + std::to_string(plan.stride.w)}};
  }
  const Pair extent = plan.effective_kernel();
  std::optional<FftTiling> best;
  bool possible = false;
  for (const int64_t h : fft_sizes()) {
    if (h < extent.h) continue;
    for (const int64_t w : fft_sizes()) {
      if (w < extent.w || h * w > kMostCells) continue;
      possible = true;
      const FftTiling tiling = tiling_of(plan, {h, w});
      if ((!best || tiling.seconds < best->seconds) && fits(plan, tiling)) best = tiling;
    }
  }
  if (best) return *best;
  if (possible) return Error{"error.scratch_too_large", "algorithm", {"fft", std::to_string(kMaxTensorBytes >> 30)}};
  return Error{"error.algorithm_fft_kernel",
               "algorithm",
               {std::to_string(extent.h) + " x " + std::to_string(extent.w), std::to_string(kMostCells)}};
}

}  // namespace convscope
