#include "app/render/vector_shapes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/render/quad.h"

namespace convscope {

namespace {

constexpr float kCapHeight = 0.729f;  // of DejaVu, and of Verdana, its double elsewhere
constexpr int kMostRasterPixels = 1600;

void add_box(const Mark& mark, const Theme& theme, std::vector<VectorShape>& shapes) {
  const Box box = snapped_box(mark.box, 1);
  if (!(box.x1 > box.x0) || !(box.y1 > box.y0)) return;
  const float radius = std::clamp(mark.radius, 0.0f, std::min(box.width(), box.height()) / 2);
  const Color fill = fill_color(theme, mark);
  const bool filled = mark.fill != Fill::none && mark.fill != Fill::hatch && fill.a > 0;
  const Color stroke = line_color(theme, mark);
  const float width = stroke.a > 0 ? outline_width(mark, 1) : 0;

  if (mark.fill == Fill::hatch && fill.a > 0) {
    VectorShape hatch;
    hatch.kind = VectorShape::Kind::lines;
    hatch.part = VectorShape::Part::hatch;
    hatch.stroke = fill;
    hatch.stroke_width = kHatchWidth;
    const float step = kHatchPeriod * std::numbers::sqrt2_v<float>;
    for (float s = step / 2; s < box.width() + box.height(); s += step) {
      const float right = std::min(s, box.width());
      const float down = std::min(s, box.height());
      hatch.points.push_back({box.x0 + right, box.y0 + s - right});
      hatch.points.push_back({box.x0 + s - down, box.y0 + down});
    }
    shapes.push_back(std::move(hatch));
  }

  if (filled || width > 0) {
    // The outline lies inside the edge, a ring outside; strokes lie on both sides of the shape's own edge.
    const float inset = mark.outline == Outline::ring ? -width / 2 : width / 2;
    VectorShape rect;
    const float w = std::max(box.width() - 2 * inset, 0.0f);
    const float h = std::max(box.height() - 2 * inset, 0.0f);
    rect.box = {box.x0 + inset, box.y0 + inset, box.x0 + inset + w, box.y0 + inset + h};
    rect.radius = radius > 0 ? std::max(0.0f, radius - inset) : 0;
    if (filled) rect.fill = fill;
    if (width > 0) rect.stroke = stroke, rect.stroke_width = width;
    if (width > 0 && mark.outline == Outline::dashed) {
      // A stroke begins behind the upper left corner's arc; a dash is centred on the corners where both sides agree.
      const float arc = rect.radius * std::numbers::pi_v<float> / 2;
      const float side_x = w - 2 * rect.radius + arc;
      const float side_y = h - 2 * rect.radius + arc;
      const float period = std::abs(side_x - side_y) < 0.01f ? dash_period(side_x, kDashPeriod)
                                                             : dash_period(2 * (side_x + side_y), kDashPeriod);
      rect.dash = period * kDash / kDashPeriod;
      rect.gap = period - rect.dash;
      rect.dash_offset = (rect.dash + arc) / 2;
    }
    shapes.push_back(std::move(rect));
  }

  if (mark.fill == Fill::value && mark.value < 0) {
    if (const CornerMark corner = corner_mark(box); corner.side > 0) {
      Color ground = fill;
      ground.a = 1;
      VectorShape minus;
      minus.kind = VectorShape::Kind::polygon;
      minus.part = VectorShape::Part::minus;
      minus.fill = ink_on(theme, ground);
      minus.fill.a *= mark.opacity;
      minus.points = {{corner.x, corner.y}, {corner.x + corner.side, corner.y}, {corner.x, corner.y + corner.side}};
      shapes.push_back(std::move(minus));
    }
  }
}

void add_line(const Mark& mark, const Theme& theme, std::vector<VectorShape>& shapes) {
  const Color color = line_color(theme, mark);
  if (color.a <= 0) return;
  const float width = line_width(mark, 1);
  Box line = snapped_line(mark.box, width, 1);
  VectorShape head;
  if (mark.kind == Mark::Kind::arrow) {
    const ArrowShape shape = arrow_shape(mark.box, mark.size > 0 ? mark.size : 1);
    line = {mark.box.x0, mark.box.y0, shape.base_x, shape.base_y};
    const float dx = shape.tip_x - shape.base_x;
    const float dy = shape.tip_y - shape.base_y;
    const float length = std::max(std::hypot(dx, dy), 1e-6f);
    const float nx = -dy / length * shape.half_width;
    const float ny = dx / length * shape.half_width;
    head.kind = VectorShape::Kind::polygon;
    head.part = VectorShape::Part::head;
    head.fill = color;
    head.points = {
        {shape.tip_x, shape.tip_y}, {shape.base_x + nx, shape.base_y + ny}, {shape.base_x - nx, shape.base_y - ny}};
  }
  const float length = std::hypot(line.x1 - line.x0, line.y1 - line.y0);
  if (length > 0) {
    VectorShape shaft;
    shaft.kind = VectorShape::Kind::lines;
    shaft.stroke = color;
    shaft.stroke_width = width;
    shaft.points = {{line.x0, line.y0}, {line.x1, line.y1}};
    if (mark.outline == Outline::dashed) {
      const float period = dash_period(length, kDashPeriod);
      shaft.dash = period * kDash / kDashPeriod;
      shaft.gap = period - shaft.dash;
      shaft.dash_offset = shaft.dash / 2;
    }
    shapes.push_back(std::move(shaft));
  }
  if (!head.points.empty()) shapes.push_back(std::move(head));
}

void add_text(const Mark& mark, const Theme& theme, std::vector<VectorShape>& shapes) {
  const Color color = line_color(theme, mark);
  if (color.a <= 0 || mark.text_length == 0 || mark.size <= 0) return;
  VectorShape text;
  text.kind = VectorShape::Kind::text;
  text.fill = color;
  const float x = mark.align == Align::left     ? mark.box.x0
                  : mark.align == Align::center ? (mark.box.x0 + mark.box.x1) / 2
                                                : mark.box.x1;
  text.points = {{x, (mark.box.y0 + mark.box.y1) / 2 + mark.size * kCapHeight / 2}};
  shapes.push_back(std::move(text));
}

}  // namespace

void shapes_of(const Scene& scene, const Mark& mark, const Theme& theme, std::vector<VectorShape>& shapes) {
  shapes.clear();
  if (!in_sight(scene, mark)) return;
  switch (mark.kind) {
    case Mark::Kind::box:
      return add_box(mark, theme, shapes);
    case Mark::Kind::line:
    case Mark::Kind::arrow:
      return add_line(mark, theme, shapes);
    case Mark::Kind::text:
      return add_text(mark, theme, shapes);
    case Mark::Kind::raster:
      return;
  }
}

const char* role_name(Role role) {
  constexpr const char* kNames[] = {"canvas", "panel", "border",  "text",   "secondary", "accent", "input", "weight",
                                    "output", "bias",  "padding", "window", "hover",     "unused", "error"};
  return kNames[static_cast<size_t>(role)];
}

bool in_sight(const Scene& scene, const Mark& mark) {
  if (mark.kind == Mark::Kind::text) return true;
  const float reach = std::max(16.0f, 4 * mark.size);
  return std::max(mark.box.x0, mark.box.x1) + reach >= 0 && std::max(mark.box.y0, mark.box.y1) + reach >= 0 &&
         std::min(mark.box.x0, mark.box.x1) - reach <= scene.width &&
         std::min(mark.box.y0, mark.box.y1) - reach <= scene.height;
}

VisibleRaster visible_part(const Scene& scene, const Mark& mark) {
  VisibleRaster part;
  if (!in_sight(scene, mark)) return part;
  if (mark.raster < 0 || static_cast<size_t>(mark.raster) >= scene.rasters.size()) return part;
  part.raster = scene.rasters[static_cast<size_t>(mark.raster)];
  part.box = mark.box;
  Raster& raster = part.raster;
  Box& box = part.box;
  if (!(box.x1 > box.x0) || !(box.y1 > box.y0) || !(raster.u1 > raster.u0) || !(raster.v1 > raster.v0)) return part;
  // Of a tensor that was zoomed into only the visible part is embedded, at its own resolution.
  const auto clip = [](float& x0, float& x1, double& u0, double& u1, float limit) {
    const double cells = (u1 - u0) / static_cast<double>(x1 - x0);
    if (x0 < 0) u0 -= static_cast<double>(x0) * cells, x0 = 0;
    if (x1 > limit) u1 -= static_cast<double>(x1 - limit) * cells, x1 = limit;
    return x1 > x0 && u1 > u0;
  };
  part.visible = clip(box.x0, box.x1, raster.u0, raster.u1, scene.width) &&
                 clip(box.y0, box.y1, raster.v0, raster.v1, scene.height);
  return part;
}

int most_raster_pixels(float length) {
  // Twice the pixels of its place is sharp on any screen; more would only make the file larger.
  return std::clamp(static_cast<int>(std::ceil(length * 2)), 1, kMostRasterPixels);
}

Pixels repeated(const Pixels& from, int across, int down) {
  Pixels to;
  to.width = from.width * across;
  to.height = from.height * down;
  to.rgba.reserve(static_cast<size_t>(to.width) * static_cast<size_t>(to.height) * 4);
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      const auto* pixel = from.rgba.data() + (static_cast<ptrdiff_t>(y / down) * from.width + x) * 4;
      for (int k = 0; k < across; ++k) to.rgba.insert(to.rgba.end(), pixel, pixel + 4);
    }
  }
  return to;
}

}  // namespace convscope
