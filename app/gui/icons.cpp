// The icons, drawn in a box of 16 units around their centre.
#include <cmath>

#include "app/gui/widgets.h"

namespace convscope {
namespace {

constexpr float kPi = 3.14159265f;

/// Strokes and fills in icon units.
struct Pen {
  ImDrawList* list;
  ImVec2 center;
  float unit;
  ImU32 color;

  ImVec2 at(float x, float y) const { return {center.x + x * unit, center.y + y * unit}; }
  float stroke() const { return std::max(1.0f, 1.5f * unit); }
  void line(float x0, float y0, float x1, float y1) const { list->AddLine(at(x0, y0), at(x1, y1), color, stroke()); }
  void triangle(float x0, float y0, float x1, float y1, float x2, float y2) const {
    list->AddTriangleFilled(at(x0, y0), at(x1, y1), at(x2, y2), color);
  }
  void bar(float x0, float y0, float x1, float y1, float radius = 0.5f) const {
    list->AddRectFilled(at(x0, y0), at(x1, y1), color, radius * unit);
  }
  void frame(float x0, float y0, float x1, float y1, float radius = 1) const {
    list->AddRect(at(x0, y0), at(x1, y1), color, radius * unit, 0, stroke());
  }
  void arc(float x, float y, float radius, float from, float to) const {
    list->PathArcTo(at(x, y), radius * unit, from, to, 24);
    list->PathStroke(color, 0, stroke());
  }
  void path(std::initializer_list<ImVec2> points, bool closed = false) const {
    for (const ImVec2& p : points) list->PathLineTo(at(p.x, p.y));
    list->PathStroke(color, closed ? ImDrawFlags_Closed : 0, stroke());
  }
};

/// A turning arrow, mirrored for redo.
void draw_turn(const Pen& pen, float mirror) {
  pen.list->PathLineTo(pen.at(-4.5f * mirror, -2));
  pen.list->PathLineTo(pen.at(1.5f * mirror, -2));
  if (mirror > 0) {
    pen.list->PathArcTo(pen.at(1.5f, 1.5f), 3.5f * pen.unit, -kPi / 2, kPi / 2, 16);
  } else {
    pen.list->PathArcTo(pen.at(-1.5f, 1.5f), 3.5f * pen.unit, -kPi / 2, -kPi * 1.5f, 16);
  }
  pen.list->PathLineTo(pen.at(-2 * mirror, 5));
  pen.list->PathStroke(pen.color, 0, pen.stroke());
  pen.path({{-2 * mirror, -5}, {-5 * mirror, -2}, {-2 * mirror, 1}});
}

void draw_sun(const Pen& pen) {
  pen.list->AddCircle(pen.center, 3.1f * pen.unit, pen.color, 24, pen.stroke());
  for (int i = 0; i < 8; ++i) {
    const float angle = kPi * static_cast<float>(i) / 4;
    const float c = std::cos(angle), s = std::sin(angle);
    pen.line(5.2f * c, 5.2f * s, 7.2f * c, 7.2f * s);
  }
}

void draw_moon(const Pen& pen) {
  // A disc of radius 6 from which a disc of radius 5 around (3, -3) is bitten: both arcs end where the circles meet.
  constexpr float kOuter = 6, kInner = 5, kShift = 4.2426407f;
  const float along = (kShift * kShift + kOuter * kOuter - kInner * kInner) / (2 * kShift);
  const float outer_half = std::acos(along / kOuter);
  const float inner_half = std::acos((kShift - along) / kInner);
  const float towards = -kPi / 4;
  pen.list->PathArcTo(pen.at(0, 0), kOuter * pen.unit, towards + outer_half, towards - outer_half + 2 * kPi, 30);
  pen.list->PathArcTo(pen.at(3, -3), kInner * pen.unit, towards + kPi + inner_half, towards + kPi - inner_half, 20);
  pen.list->PathStroke(pen.color, ImDrawFlags_Closed, pen.stroke());
}

/// Three sliders: told from the sun at a glance, as a gear is not.
void draw_sliders(const Pen& pen) {
  const float knobs[3] = {-2.5f, 2.5f, -0.5f};
  for (int i = 0; i < 3; ++i) {
    const float y = static_cast<float>(i - 1) * 4.8f;
    const float x = knobs[i];
    pen.line(-6.5f, y, x - 2, y);
    pen.line(x + 2, y, 6.5f, y);
    pen.list->AddCircle(pen.at(x, y), 1.9f * pen.unit, pen.color, 16, pen.stroke());
  }
}

void draw_loop(const Pen& pen) {
  pen.path({{2, -6.5f}, {4.5f, -4}, {2, -1.5f}});
  pen.path({{-2, 1.5f}, {-4.5f, 4}, {-2, 6.5f}});
  pen.path({{4.5f, -4}, {-4, -4}, {-5.5f, -2.5f}, {-5.5f, 0}});
  pen.path({{-4.5f, 4}, {4, 4}, {5.5f, 2.5f}, {5.5f, 0}});
}

void draw_link(const Pen& pen, bool closed) {
  pen.list->AddRect(pen.at(-6.5f, -2.5f), pen.at(closed ? 0.5f : -1.0f, 2.5f), pen.color, 2.5f * pen.unit, 0,
                    pen.stroke());
  pen.list->AddRect(pen.at(closed ? -0.5f : 1.0f, -2.5f), pen.at(6.5f, 2.5f), pen.color, 2.5f * pen.unit, 0,
                    pen.stroke());
}

}  // namespace

void draw_icon(ImDrawList* list, Icon icon, ImVec2 center, float size, ImU32 color) {
  const Pen pen{list, {std::floor(center.x) + 0.5f, std::floor(center.y) + 0.5f}, size / 16, color};
  switch (icon) {
    case Icon::play:
      pen.triangle(-4, -6, 6, 0, -4, 6);
      break;
    case Icon::pause:
      pen.bar(-5, -6, -1.5f, 6);
      pen.bar(1.5f, -6, 5, 6);
      break;
    case Icon::step_back:
      pen.triangle(-4, 0, 4, -5, 4, 5);
      break;
    case Icon::step_forward:
      pen.triangle(-4, -5, 4, 0, -4, 5);
      break;
    case Icon::first:
      pen.bar(-5.5f, -5, -3.5f, 5);
      pen.triangle(-3, 0, 5, -5, 5, 5);
      break;
    case Icon::last:
      pen.bar(3.5f, -5, 5.5f, 5);
      pen.triangle(-5, -5, 3, 0, -5, 5);
      break;
    case Icon::loop:
      draw_loop(pen);
      break;
    case Icon::undo:
      draw_turn(pen, 1);
      break;
    case Icon::redo:
      draw_turn(pen, -1);
      break;
    case Icon::sun:
      draw_sun(pen);
      break;
    case Icon::moon:
      draw_moon(pen);
      break;
    case Icon::contrast:
      list->AddCircle(pen.center, 5.5f * pen.unit, color, 28, pen.stroke());
      list->PathArcTo(pen.center, 5.5f * pen.unit, -kPi / 2, kPi / 2, 20);
      list->PathFillConvex(color);
      break;
    case Icon::export_file:
      pen.path({{-3, -3.5f}, {0, -6.5f}, {3, -3.5f}});
      pen.line(0, -6, 0, 2.5f);
      pen.path({{-5.5f, 1}, {-5.5f, 6}, {5.5f, 6}, {5.5f, 1}});
      break;
    case Icon::open_file:
    case Icon::folder:
      pen.path({{-6.5f, 5}, {-6.5f, -5}, {-2, -5}, {-0.5f, -3}, {6.5f, -3}, {6.5f, 5}}, true);
      break;
    case Icon::file:
      pen.path({{-4.5f, -6.5f}, {1.5f, -6.5f}, {4.5f, -3.5f}, {4.5f, 6.5f}, {-4.5f, 6.5f}}, true);
      break;
    case Icon::picture:
      pen.frame(-6.5f, -5.5f, 6.5f, 5.5f);
      pen.path({{-6, 4}, {-2, -0.5f}, {1, 2.5f}, {3, 0.5f}, {6, 3.5f}});
      list->AddCircleFilled(pen.at(2.5f, -2.5f), 1.2f * pen.unit, color, 12);
      break;
    case Icon::save:
      pen.path({{-5.5f, -5.5f}, {3, -5.5f}, {5.5f, -3}, {5.5f, 5.5f}, {-5.5f, 5.5f}}, true);
      pen.path({{-3, 5.5f}, {-3, 1}, {3, 1}, {3, 5.5f}});
      pen.path({{-2.5f, -5.5f}, {-2.5f, -2.5f}, {2, -2.5f}, {2, -5.5f}});
      break;
    case Icon::settings:
      draw_sliders(pen);
      break;
    case Icon::fold_left:
    case Icon::fold_right:
    case Icon::unfold_left:
    case Icon::unfold_right: {
      const bool left = icon == Icon::fold_left || icon == Icon::unfold_left;
      const bool open = icon == Icon::fold_left || icon == Icon::fold_right;
      const float side = left ? -1.0f : 1.0f;
      pen.frame(-6.5f, -5.5f, 6.5f, 5.5f);
      pen.line(2.2f * side, -5.5f, 2.2f * side, 5.5f);
      if (open) pen.bar(side < 0 ? -6.5f : 2.2f, -5.5f, side < 0 ? -2.2f : 6.5f, 5.5f, 1);
      break;
    }
    case Icon::help:
      list->AddCircle(pen.center, 6.2f * pen.unit, color, 28, pen.stroke());
      pen.arc(0, -1.6f, 2, -kPi, kPi * 0.4f);
      pen.line(0.4f, 0.4f, 0, 1.6f);
      list->AddCircleFilled(pen.at(0, 3.6f), 0.9f * pen.unit, color, 10);
      break;
    case Icon::close:
      pen.line(-4, -4, 4, 4);
      pen.line(-4, 4, 4, -4);
      break;
    case Icon::plus:
      pen.line(-4, 0, 4, 0);
      pen.line(0, -4, 0, 4);
      break;
    case Icon::minus:
      pen.line(-4, 0, 4, 0);
      break;
    case Icon::chevron_down:
      pen.path({{-4, -2}, {0, 2}, {4, -2}});
      break;
    case Icon::chevron_up:
      pen.path({{-4, 2}, {0, -2}, {4, 2}});
      break;
    case Icon::chevron_right:
      pen.path({{-2, -4}, {2, 0}, {-2, 4}});
      break;
    case Icon::check:
      pen.path({{-4.5f, 0}, {-1.5f, 3.5f}, {4.5f, -3.5f}});
      break;
    case Icon::warning:
      pen.path({{0, -6}, {6.5f, 5.5f}, {-6.5f, 5.5f}}, true);
      pen.line(0, -2, 0, 1.8f);
      list->AddCircleFilled(pen.at(0, 3.7f), 0.9f * pen.unit, color, 10);
      break;
    case Icon::reset:
      pen.arc(0, 0.5f, 5, -kPi * 0.75f, kPi * 0.9f);
      pen.path({{-3.8f, -7}, {-3.6f, -3.0f}, {-7.4f, -3.6f}});
      break;
    case Icon::dice:
      pen.frame(-5.5f, -5.5f, 5.5f, 5.5f, 2);
      for (float at : {-2.5f, 0.0f, 2.5f}) list->AddCircleFilled(pen.at(at, at), 1.1f * pen.unit, color, 10);
      break;
    case Icon::link:
      draw_link(pen, true);
      break;
    case Icon::unlink:
      draw_link(pen, false);
      break;
    case Icon::fit:
      pen.path({{-6, -2.5f}, {-6, -6}, {-2.5f, -6}});
      pen.path({{6, -2.5f}, {6, -6}, {2.5f, -6}});
      pen.path({{-6, 2.5f}, {-6, 6}, {-2.5f, 6}});
      pen.path({{6, 2.5f}, {6, 6}, {2.5f, 6}});
      break;
    case Icon::copy:
      pen.frame(-2.5f, -2.5f, 6, 6);
      pen.path({{-2.5f, 3}, {-6, 3}, {-6, -6}, {3, -6}, {3, -2.5f}});
      break;
    case Icon::grid:
      pen.frame(-6, -6, 6, 6);
      pen.line(-2, -6, -2, 6);
      pen.line(2, -6, 2, 6);
      pen.line(-6, -2, 6, -2);
      pen.line(-6, 2, 6, 2);
      break;
    case Icon::keyboard:
      pen.frame(-7, -4.5f, 7, 4.5f);
      for (float x : {-4.5f, -1.5f, 1.5f, 4.5f}) pen.bar(x - 0.7f, -2.4f, x + 0.7f, -1.0f);
      pen.line(-3.5f, 2, 3.5f, 2);
      break;
    case Icon::lesson:
      // An open book.
      pen.path({{0, -3.5f}, {-2.5f, -5}, {-6.5f, -5}, {-6.5f, 4}, {-2.5f, 4}, {0, 5.5f}});
      pen.path({{0, -3.5f}, {2.5f, -5}, {6.5f, -5}, {6.5f, 4}, {2.5f, 4}, {0, 5.5f}});
      pen.line(0, -3.5f, 0, 5.5f);
      break;
    case Icon::predict:
      // A question in a speech bubble.
      pen.path({{-6.5f, -6}, {6.5f, -6}, {6.5f, 3.5f}, {0.5f, 3.5f}, {-2.5f, 6.5f}, {-2.5f, 3.5f}, {-6.5f, 3.5f}},
               true);
      pen.arc(0, -2.6f, 1.6f, -kPi, kPi * 0.4f);
      pen.line(0.3f, -1.1f, 0, -0.3f);
      list->AddCircleFilled(pen.at(0, 1.4f), 0.8f * pen.unit, color, 10);
      break;
    case Icon::eye:
      pen.path({{-7, 0},
                {-4.8f, -2.8f},
                {-2.4f, -4.2f},
                {0, -4.6f},
                {2.4f, -4.2f},
                {4.8f, -2.8f},
                {7, 0},
                {4.8f, 2.8f},
                {2.4f, 4.2f},
                {0, 4.6f},
                {-2.4f, 4.2f},
                {-4.8f, 2.8f}},
               true);
      pen.arc(0, 0, 2.1f, 0, 2 * kPi);
      break;
    case Icon::compare:
      // Two pictures side by side.
      pen.frame(-7, -5, -1.2f, 5);
      pen.frame(1.2f, -5, 7, 5);
      break;
    case Icon::swap:
      pen.line(-6, -3, 6, -3);
      pen.path({{3, -6}, {6, -3}, {3, 0}});
      pen.line(-6, 3, 6, 3);
      pen.path({{-3, 0}, {-6, 3}, {-3, 6}});
      break;
  }
}

}  // namespace convscope
