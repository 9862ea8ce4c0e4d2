// What the grids of input, kernel and output share.
#pragma once

#include "app/scene/lens.h"

namespace convscope {

NumberStyle numbers_for(const StageFrame& frame, const Grid& grid, const NumberRange& range);

/// Where a value stands between -1 and 1 on its tensor's diverging scale.
float scale_of(const NumberRange& range, double value);

/// The shade over the taps of a window.
void draw_window_shade(LensFrame& frame, const Grid& grid, const WindowPosition& at);

/// Rings around the cells of a grid that the pointer lights; y and x of `ref` are not read.
void draw_rings(LensFrame& frame, const Grid& grid, CellRef ref);

/// A part of a channel whose cells are too small to draw one by one.
void draw_texture(StageFrame& frame, const Grid& grid, const Tensor& tensor, TensorId id, int64_t n, int64_t c,
                  int64_t row0, int64_t row1, int64_t col0, int64_t col1, float opacity, bool rgb = false);

}  // namespace convscope
