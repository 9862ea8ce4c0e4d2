// The sliding lens for tensors whose numbers do not fit: X and Y as a whole, and a loupe on the window between them.
#pragma once

#include "app/scene/lens.h"

namespace convscope {

/// Channels whose window, kernel slice and products the loupe spells out.
inline constexpr int kMaxLoupeChannels = 3;

struct OverviewLayout {
  bool good = false;
  /// The loupe between X and Y side by side, below both, between both one above the other, or beside both.
  enum class Kind { beside, below, between, column } kind = Kind::beside;
  int channels = 1;  // spelled out
  bool input_stacked = false, output_stacked = false;
  Grid input, output;
  Grid patches[kMaxLoupeChannels];  // the window and what surrounds it
  Grid weights[kMaxLoupeChannels];
  Grid products[kMaxLoupeChannels];
  double times_x[kMaxLoupeChannels] = {}, equals_x[kMaxLoupeChannels] = {}, axis_y[kMaxLoupeChannels] = {};
  double sums_x = 0, sums_y = 0, sums_w = 0;  // left end, middle and width of the lines with the sum
  double more_x = 0, more_y = 0;              // "... 61 more channels"
};

/// In coordinates of the fitted picture.
OverviewLayout overview_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                               bool rgb);

void build_sliding_overview(LensFrame& frame);

/// "turned by 180°" behind the kernel's name tag at (x, y): gathering's kernel is.
void draw_turned_label(LensFrame& frame, const Shape& weight_shape, float x, float y);

}  // namespace convscope
