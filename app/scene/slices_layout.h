// Where the lens of volumes puts its slices: as large as fit, on one scale unless the kernel would be lost by that.
#pragma once

#include <cstdint>

#include "app/scene/lens.h"
#include "engine/conv_nd_plan.h"

namespace convscope {

/// Up to this many channels of a volume stand one below the other; of more, one is shown.
inline constexpr int kMaxShownVolumes = 3;
/// Above each slice: its depth.
inline constexpr float kDepthHeight = 18;

/// The slices of one tensor: `columns` in a row, the next ones below. Of several channels each has its own row.
struct SliceBlock {
  Grid first;  // of the first channel
  int64_t slices = 0;
  int64_t columns = 1;
  int lines = 1;  // channels
  double step_x = 0, step_y = 0;

  /// In coordinates of the fitted picture. Only its place differs from `first`.
  Grid slice(int line, int64_t at) const {
    Grid grid = first;
    const int64_t row = lines > 1 ? line : at / columns, column = lines > 1 ? at : at % columns;
    grid.x += static_cast<double>(column) * step_x;
    grid.y += static_cast<double>(row) * step_y;
    return grid;
  }
  int64_t rows() const { return lines > 1 ? lines : (slices + columns - 1) / columns; }
  double width() const { return static_cast<double>(columns - 1) * step_x + first.width(); }
  double height() const { return static_cast<double>(rows() - 1) * step_y + first.height(); }
};

struct SlicesLayout {
  double pitch = 0;  // of X and Y, and of a kernel that is not too small to be read at it; 0: does not fit
  SliceBlock input, weight, output;
  bool input_stacked = false, output_stacked = false;  // one of the channels is shown
  bool labels = false;                                 // of the channels
  bool legends = false;                                // shades instead of numbers
  double sum_x = 0, sum_y = 0;                         // left end of the sum, its middle
  Grid bias;
  double plus_x = 0, plus_y = 0;
  double times_x = 0, equals_x = 0, times_y = 0;  // of blocks side by side; 0: they stand below one another
};

/// How many slices of each are shown: all of them, unless they would be too small to be told apart.
struct ShownSlices {
  int64_t input = 1, weight = 1, output = 1;
};

struct SlicesWishes {
  float sum_width = 0;  // of the words behind the kernel
  bool numbers = true;  // a pitch is wanted at which numbers can be read
  double legible = 18;  // that pitch
};

/// `shown` says how many slices the layout has.
SlicesLayout slices_layout(const ConvNdPlan& plan, const Stage& stage, const SlicesWishes& wishes, ShownSlices& shown);

}  // namespace convscope
