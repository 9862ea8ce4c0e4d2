#include "engine/fft_tiling.h"

#include <algorithm>
#include <cmath>

#include "engine/fft.h"
#include "engine/scratch.h"

namespace convscope {

namespace {

// Of the transform of one tile: 32 MiB in float. A larger one is no longer a convolution by tiles.
constexpr int64_t kMostCells = int64_t{1} << 22;

// Nanoseconds for each complex number, float32, measured on a Zen 4 (2026); double takes twice as long.
constexpr double kTransform = 0.055;   // for each factor of two in the tile's size, one way
constexpr double kMove = 0.25;         // loading or storing a tile and transposing it
constexpr double kMultiply = 0.12;     // for each pair of an input and an output channel
constexpr double kFarMultiply = 0.45;  // when the spectra do not stay in the second-level cache

constexpr double kL1Bytes = 32 << 10, kL2Bytes = 1 << 20;
constexpr int64_t kColumnMultiple = 16;  // of a tile's output: the lanes of the widest vector

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

FftTiling tiling_of(const ConvPlan& plan, Pair size) {
  const Pair extent = plan.effective_kernel();
  const Pair most{size.h - extent.h + 1, size.w - extent.w + 1};
  FftTiling tiling;
  tiling.size = size;
  tiling.down = divide_up(std::max<int64_t>(1, plan.out.h), most.h);
  tiling.across = divide_up(std::max<int64_t>(1, plan.out.w), most.w);
  tiling.step = {divide_up(plan.out.h, tiling.down), divide_up(plan.out.w, tiling.across)};
  const int64_t rounded = divide_up(tiling.step.w, kColumnMultiple) * kColumnMultiple;
  if (rounded <= most.w) tiling.step.w = rounded;

  const auto element = static_cast<double>(size_of(plan.dtype));
  const auto cells = static_cast<double>(tiling.cells());
  const auto inputs = static_cast<double>(plan.channels_per_group());
  const auto outputs = static_cast<double>(plan.kernels_per_group());
  const auto pairs = static_cast<double>(divide_up(plan.batch * tiling.down * tiling.across, 2));
  const double strip = static_cast<double>(std::max(size.h, size.w) * 2 * kColumnMultiple) * element;
  const double slow = (strip > kL1Bytes ? 1.4 : 1.0) * (4 * cells * element > kL2Bytes ? 1.25 : 1.0);
  const double transform = cells * (kTransform * std::log2(cells) * slow + kMove);
  const bool far = (inputs * outputs + inputs + 1) * cells * 2 * element > kL2Bytes;
  const double multiply = cells * (far ? kFarMultiply : kMultiply);
  tiling.seconds = 1e-9 * (element / 4) * static_cast<double>(plan.groups) * pairs *
                   ((inputs + outputs) * transform + inputs * outputs * multiply);
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
