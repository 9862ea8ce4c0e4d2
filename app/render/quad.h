// A picture's shapes as rectangles for the graphics processor: what one instance of the quad stream holds.
#pragma once

#include <cstdint>
#include <vector>

#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope {

/// What the shader makes of a quad, 0 being a plain box; shaders/cells.frag knows the same numbers. A box may be
/// hatched and dashed at once: the sum.
inline constexpr float kHatched = 1, kDashed = 2, kTriangle = 4, kDashedLine = 5, kGlyph = 6;

/// All lengths are device pixels of the canvas, y down.
struct Quad {
  float center_x, center_y, half_x, half_y;
  float axis_x, axis_y;  // where the quad's own x axis points
  float radius;
  float kind;  // see above
  /// Of a box: the outline reaches from `inner` inside the edge to `outer` outside of it; dash periods along both axes.
  /// Of a glyph: its place in the atlas. Of a raster: texture coordinates of its corners.
  float band[4];
  uint32_t fill, line;  // RGBA, one byte each, straight alpha, red lowest
};

/// Colour as the quad stream wants it.
uint32_t packed(Color color);

/// Width of an outline in whole device pixels.
float outline_width(const Mark& mark, float scale);

/// Appends the quads of a box, line or arrow.
void append_box(const Mark& mark, const Theme& theme, float scale, std::vector<Quad>& quads);
void append_line(const Mark& mark, const Theme& theme, float scale, std::vector<Quad>& quads);

/// Geometry that the SVG writer shares, in logical pixels when the scale is 1.
/// A box's edges on whole device pixels; at least one pixel wide and high unless the box is empty.
Box snapped_box(const Box& box, float scale);
/// Width of a line in whole device pixels.
float line_width(const Mark& mark, float scale);
/// A line's ends; upright and level ones so that they cover whole device pixels.
Box snapped_line(const Box& line, float width, float scale);
struct ArrowShape {
  float base_x, base_y, tip_x, tip_y;  // of the head; the shaft ends at its base
  float half_width;                    // of the head at its base
};
ArrowShape arrow_shape(const Box& from_to, float line_width);
/// The triangle in a box's upper left corner that tells negative values; side 0 where the box is too small for one.
struct CornerMark {
  float x = 0, y = 0, side = 0;
};
CornerMark corner_mark(const Box& box);
/// The period of dashes that fits a side a whole number of times, so that corners are drawn.
float dash_period(float side, float wanted);

inline constexpr float kDash = 4, kDashPeriod = 7;             // logical pixels along an outline
inline constexpr float kHatchPeriod = 6, kHatchWidth = 1.25f;  // logical pixels across the lines

}  // namespace convscope
