// Where the gradient lens puts its grids: each gradient below or beside the tensor whose gradient it is.
#pragma once

#include "app/scene/layout_key.h"
#include "app/scene/sliding_layout.h"

namespace convscope {

struct GradientLayout {
  double pitch = 0;  // of X and dX; 0: does not fit

  int input_count = 1;  // channels shown as grids of their own
  bool input_stacked = false;
  int output_count = 1;
  bool output_stacked = false;
  int weight_count = 1;  // slices of the current kernel shown
  bool labels = false;

  Grid inputs[kMaxShownChannels], grad_inputs[kMaxShownChannels];
  Grid weights[kMaxShownChannels], grad_weights[kMaxShownChannels];
  Grid outputs[kMaxShownChannels];  // dY
  Grid grad_bias;
};

/// The ranges of what is printed in the grids.
struct GradientRanges {
  NumberRange input, grad_input, weight, grad_weight, grad_output;
  bool operator==(const GradientRanges&) const = default;
};

/// In coordinates of the fitted picture; remembered while nothing it depends on changes.
const GradientLayout& gradient_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter,
                                      const GradientRanges& ranges);

/// Words behind the names: what each step adds. Their widths are part of the layout.
inline constexpr const char* kAddsToInput = "+= dY\u00b7W";
inline constexpr const char* kAddsToWeight = "+= dY\u00b7X";
inline constexpr const char* kAddsToBias = "+= dY";

}  // namespace convscope
