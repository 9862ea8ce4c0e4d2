// Tensors whose numbers do not fit, of transposed convolution and pooling: X and Y as a whole, and the step in words.
#pragma once

#include "app/scene/lens.h"

namespace convscope {

struct OperationOverview {
  bool good = false;
  Grid input, output;  // in coordinates of the fitted picture; rows and columns count from 0
  double arrow_x0 = 0, arrow_y0 = 0, arrow_x1 = 0, arrow_y1 = 0;
};

/// Side by side, or one above the other where that shows more. `input` and `output` are in cells, with what is drawn
/// around the tensors.
OperationOverview operation_overview(const StageFrame& frame, Pair input, Pair output, const Shape& input_shape,
                                     const Shape& output_shape);

/// Name tags, stack labels, legends and the arrow between the two.
void draw_overview_furniture(StageFrame& frame, const OperationOverview& overview, int64_t n, int64_t input_channel,
                             int64_t output_channel, const Shape& input_shape, const Shape& output_shape,
                             bool rgb = false);

/// A box that is found on a texture, however small.
void draw_found_box(StageFrame& frame, Box box, Role role);

}  // namespace convscope
