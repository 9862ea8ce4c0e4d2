#include "app/render/quad.h"

#include <algorithm>
#include <cmath>

namespace convscope {

uint32_t packed(Color color) {
  const auto byte = [](float value) { return static_cast<uint32_t>(std::clamp(value, 0.0f, 1.0f) * 255.0f + 0.5f); };
  return byte(color.r) | byte(color.g) << 8 | byte(color.b) << 16 | byte(color.a) << 24;
}

float outline_width(const Mark& mark, float scale) {
  float width = 0;
  switch (mark.outline) {
    case Outline::none:
      return 0;
    case Outline::hairline:
      return 1;
    case Outline::solid:
      width = 1.5f;
      break;
    case Outline::thick:
      width = 2.5f;
      break;
    case Outline::dashed:
      width = 1.25f;
      break;
    case Outline::ring:
      width = 3;
      break;
  }
  if (mark.size > 0) width = mark.size;
  return std::max(1.0f, std::round(width * scale));
}

ArrowShape arrow_shape(const Box& line, float width) {
  const float dx = line.x1 - line.x0;
  const float dy = line.y1 - line.y0;
  const float length = std::hypot(dx, dy);
  const float head = std::min(std::max(4.0f * width, 8.0f), length);
  const float t = length > 0 ? (length - head) / length : 0;
  return {line.x0 + dx * t, line.y0 + dy * t, line.x1, line.y1, head * 0.42f};
}

CornerMark corner_mark(const Box& box) {
  const float shorter = std::min(box.width(), box.height());
  if (shorter < 7) return {};
  return {box.x0 + 2, box.y0 + 2, std::clamp(shorter * 0.2f, 3.0f, 8.0f)};
}

float dash_period(float side, float wanted) { return side / std::max(1.0f, std::round(side / wanted)); }

namespace {

/// An isosceles triangle with its tip at `tip` and the middle of its base at `base`.
Quad triangle(float base_x, float base_y, float tip_x, float tip_y, float half_width, uint32_t color) {
  const float dx = tip_x - base_x;
  const float dy = tip_y - base_y;
  const float length = std::max(std::hypot(dx, dy), 1e-6f);
  Quad quad{};
  quad.center_x = (base_x + tip_x) / 2;
  quad.center_y = (base_y + tip_y) / 2;
  quad.half_x = length / 2;
  quad.half_y = half_width;
  quad.axis_x = dx / length;
  quad.axis_y = dy / length;
  quad.kind = kTriangle;
  quad.fill = color;
  return quad;
}

float snapped_center(float center, float width) {
  // Whole widths lie on whole pixels: an odd width is centred on a pixel, an even one on an edge.
  return std::fmod(width, 2.0f) == 1.0f ? std::floor(center) + 0.5f : std::round(center);
}

}  // namespace

Box snapped_box(const Box& box, float scale) {
  // Flat fills without seams, and neighbours that share an edge share its pixel.
  const float x0 = std::round(box.x0 * scale);
  const float y0 = std::round(box.y0 * scale);
  return {x0, y0, std::max(std::round(box.x1 * scale), x0 + (box.x1 > box.x0 ? 1.0f : 0.0f)),
          std::max(std::round(box.y1 * scale), y0 + (box.y1 > box.y0 ? 1.0f : 0.0f))};
}

float line_width(const Mark& mark, float scale) {
  return mark.size > 0 ? std::max(1.0f, std::round(mark.size * scale)) : 1.0f;
}

Box snapped_line(const Box& from_to, float width, float scale) {
  Box line{from_to.x0 * scale, from_to.y0 * scale, from_to.x1 * scale, from_to.y1 * scale};
  if (line.y0 == line.y1) {
    line.y0 = line.y1 = snapped_center(line.y0, width);
    line.x0 = std::round(line.x0);
    line.x1 = std::round(line.x1);
  } else if (line.x0 == line.x1) {
    line.x0 = line.x1 = snapped_center(line.x0, width);
    line.y0 = std::round(line.y0);
    line.y1 = std::round(line.y1);
  }
  return line;
}

void append_box(const Mark& mark, const Theme& theme, float scale, std::vector<Quad>& quads) {
  const auto [x0, y0, x1, y1] = snapped_box(mark.box, scale);
  if (!(x1 > x0) || !(y1 > y0)) return;
  const Color fill = fill_color(theme, mark);
  Quad quad{};
  quad.center_x = (x0 + x1) / 2;
  quad.center_y = (y0 + y1) / 2;
  quad.half_x = (x1 - x0) / 2;
  quad.half_y = (y1 - y0) / 2;
  quad.axis_x = 1;
  quad.radius = std::clamp(mark.radius * scale, 0.0f, std::min(quad.half_x, quad.half_y));
  quad.fill = mark.fill == Fill::none ? 0 : packed(fill);
  const float width = outline_width(mark, scale);
  if (width > 0) {
    const bool ring = mark.outline == Outline::ring;
    quad.band[0] = ring ? 0 : width;
    quad.band[1] = ring ? width : 0;
    quad.line = packed(line_color(theme, mark));
    if (mark.outline == Outline::dashed) {
      quad.kind += kDashed;
      quad.band[2] = dash_period(x1 - x0, kDashPeriod * scale);
      quad.band[3] = dash_period(y1 - y0, kDashPeriod * scale);
    }
  }
  if (mark.fill == Fill::hatch) quad.kind += kHatched;
  if ((quad.fill | quad.line) >> 24 != 0) quads.push_back(quad);
  if (mark.fill == Fill::value && mark.value < 0) {
    if (const CornerMark corner = corner_mark({x0 / scale, y0 / scale, x1 / scale, y1 / scale}); corner.side > 0) {
      Color ground = fill;
      ground.a = 1;
      Color ink = ink_on(theme, ground);
      ink.a *= mark.opacity;
      const float side = corner.side * scale;
      const float x = corner.x * scale;
      const float y = corner.y * scale;
      quads.push_back(triangle(x + side / 2, y + side / 2, x, y, side * 0.70710678f, packed(ink)));
    }
  }
}

void append_line(const Mark& mark, const Theme& theme, float scale, std::vector<Quad>& quads) {
  const uint32_t color = packed(line_color(theme, mark));
  const float width = line_width(mark, scale);
  Box line;
  Quad head{};
  if (mark.kind == Mark::Kind::arrow) {
    // The shaft stays under the middle of its head, wherever that lies between pixels.
    const ArrowShape shape = arrow_shape(mark.box, mark.size > 0 ? mark.size : 1 / scale);
    head = triangle(shape.base_x * scale, shape.base_y * scale, shape.tip_x * scale, shape.tip_y * scale,
                    shape.half_width * scale, color);
    line = {mark.box.x0 * scale, mark.box.y0 * scale, shape.base_x * scale, shape.base_y * scale};
  } else {
    line = snapped_line(mark.box, width, scale);
  }
  const float dx = line.x1 - line.x0;
  const float dy = line.y1 - line.y0;
  const float length = std::hypot(dx, dy);
  if (length > 0) {
    Quad quad{};
    quad.center_x = (line.x0 + line.x1) / 2;
    quad.center_y = (line.y0 + line.y1) / 2;
    quad.half_x = length / 2;
    quad.half_y = width / 2;
    quad.axis_x = dx / length;
    quad.axis_y = dy / length;
    quad.fill = color;
    if (mark.outline == Outline::dashed) {
      quad.kind = kDashedLine;
      quad.band[2] = dash_period(length, kDashPeriod * scale);
    }
    quads.push_back(quad);
  }
  if (mark.kind == Mark::Kind::arrow) quads.push_back(head);
}

}  // namespace convscope
