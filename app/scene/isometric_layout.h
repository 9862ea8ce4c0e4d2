// Where the isometric lens puts its stacks: every sheet faces the viewer, the next channel lies behind it, up and to
// the right, so that cells stay square and their numbers upright.
#pragma once

#include <array>

#include "app/scene/layout_key.h"

namespace convscope {

/// Of a stack of more sheets than this only some are drawn, with the count of those between.
inline constexpr int kMaxSheets = 6;
/// The same of the slices of a kernel, of which many stand side by side.
inline constexpr int kMaxSlices = 4;
/// Kernels side by side.
inline constexpr int kMaxKernels = 12;

/// Legends lie so far below the nearest sheet, at scale 1.
inline constexpr float kLegendDrop = 12;

/// A sheet that is drawn, counted from the nearest one.
struct Sheet {
  int64_t channel = 0;
  int64_t hidden_before = 0;  // channels between it and the sheet in front of it that are not drawn
  double depth = 0;           // in steps of the stack
};

struct SheetStack {
  std::array<Sheet, kMaxSheets> sheets{};
  int count = 0;

  /// Its place, or -1 where the channel is not drawn.
  int place_of(int64_t channel) const;
};

/// Which of `channels` sheets are drawn when those from `first` to `last` matter: both of them, the nearest and the
/// farthest of all, and as many of their neighbours as `most` allows. `most` is at least 4.
SheetStack sheets_of(int64_t channels, int64_t first, int64_t last, int most);

/// How far a sheet lies from the one in front of it, in logical pixels to the right and up.
struct SheetOffset {
  double x = 0, y = 0;
};

struct IsometricLayout {
  double pitch = 0;  // of the input; 0: does not fit

  Grid input;  // the place of a sheet at depth 0
  SheetOffset input_offset;
  double input_top = 0;  // of the farthest sheet that can be
  Grid output;
  SheetOffset output_offset;
  double output_top = 0;
  bool channel_labels = false, legends = false;

  int kernels = 1;  // side by side
  Grid weight;      // the nearest slice of the first one
  double kernel_step = 0;
  SheetOffset weight_offset;
  double kernel_top = 0;
  Box bias;                                  // below the first kernel
  double counts_left = 0, counts_right = 0;  // right and left ends of "+ 3" beside the kernels
  double names_x = 0;                        // of W and b
  bool folded = false;                       // there are more kernels than stand there

  Grid input_at(double depth) const { return shifted(input, input_offset, depth); }
  Grid output_at(double depth) const { return shifted(output, output_offset, depth); }

 private:
  static Grid shifted(Grid grid, const SheetOffset& offset, double depth) {
    grid.x += offset.x * depth;
    grid.y -= offset.y * depth;
    return grid;
  }
};

/// In coordinates of the fitted picture; remembered while nothing it depends on changes.
const IsometricLayout& isometric_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter,
                                        const LayoutNumbers& numbers);

}  // namespace convscope
