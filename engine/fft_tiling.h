// How a convolution is cut into tiles that are transformed.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// Overlapping tiles of the padded input, each transformed as a whole; a tile gives step.h x step.w cells of the
/// output. Two tiles share a complex transform, one as its real part and one as its imaginary part.
struct FftTiling {
  Pair size;  // of the transform: both of fft_sizes()
  Pair step;
  int64_t down = 1, across = 1;    // tiles of one plane of the output
  double seconds = 0;              // roughly, on one core of the machine it was measured on; to compare with
  double preparation_seconds = 0;  // of the kernels' spectra

  int64_t cells() const { return size.h * size.w; }
};

/// The quickest tiling. Decided by the plan alone, so that the numbers do not depend on anything else.
/// Errors, all on the field "algorithm": error.algorithm_fft_stride (args: stride), error.algorithm_fft_kernel (args:
/// the kernel's extent, the largest tile), error.scratch_too_large.
Result<FftTiling> fft_tiling(const ConvPlan& plan);

}  // namespace convscope
