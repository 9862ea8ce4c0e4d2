// Where the sliding lens puts its grids: cells as large as fit, on one scale unless numbers would be lost by that.
#pragma once

#include "app/scene/layout_key.h"

namespace convscope {

/// Up to this many channels stand one below the other, more lie on a stack.
inline constexpr int kMaxShownChannels = 4;

inline constexpr float kSumSize = 15;

struct SlidingLayout {
  double pitch = 0;  // of the input; 0: does not fit

  int input_count = 1;  // channels shown as grids of their own
  bool input_stacked = false;
  int output_count = 1;
  bool output_stacked = false;
  int weight_count = 1;   // slices of the current kernel shown
  bool products = false;  // a grid of products with each slice
  bool channel_sums = false;
  bool labels = false;

  Grid inputs[kMaxShownChannels];
  Grid weights[kMaxShownChannels];  // beside the inputs of the current group
  Grid product_grids[kMaxShownChannels];
  float sum_x[kMaxShownChannels] = {}, sum_y[kMaxShownChannels] = {};  // left end of the channel's sum, its middle
  Grid outputs[kMaxShownChannels];
  Grid bias;
  double times_x = 0, times_y = 0, plus_x = 0, plus_y = 0, equals_x = 0, equals_y = 0;
};

/// What other operations ask of the layout that conv2d has of itself.
struct LayoutWishes {
  bool products = true;        // grids of products where there is room
  bool sums = false;           // a line under the kernel, whatever the channels
  float sum_width = 0;         // at least
  float middle_tag_width = 0;  // the same of the name over the kernel
  float below_input = 0;       // room under X and Y for a line of words
  bool operator==(const LayoutWishes&) const = default;
};

/// In coordinates of the fitted picture: of all arrangements the one that shows the most numbers legibly. It depends on
/// the group only in where the kernel's slices stand, and is remembered while nothing it depends on changes.
const SlidingLayout& sliding_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, int64_t group,
                                    const LayoutNumbers& numbers, const LayoutWishes& wishes = {});

}  // namespace convscope
