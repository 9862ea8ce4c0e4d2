#include "app/gui/formula.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "app/gui/widgets.h"

namespace convscope {

namespace {

/// A minus as mathematics has it.
std::string number_text(int64_t number) {
  std::string text = std::to_string(number);
  if (text[0] == '-') text.replace(0, 1, "\u2212");
  return text;
}

constexpr float kFractionScale = 0.9f;

}  // namespace

void FormulaLine::clear() {
  used_ = 0;
  part_ = Part::line;
  opening_ = ceils_ = false;
}

FormulaLine& FormulaLine::add(std::string_view text, Role role) {
  if (used_ == runs_.size()) runs_.emplace_back();
  Run& run = runs_[used_++];
  run.text.assign(text);
  run.role = role;
  run.part = part_;
  run.opens_fraction = opening_;
  run.ceils = opening_ && ceils_;
  opening_ = false;
  return *this;
}

FormulaLine& FormulaLine::add(int64_t number, Role role) { return add(number_text(number), role); }

FormulaLine& FormulaLine::add_result(int64_t number, Role role) {
  add(number_text(number), role);
  runs_[used_ - 1].part = Part::result;
  return *this;
}

FormulaLine& FormulaLine::floor() {
  part_ = Part::above;
  opening_ = true;
  ceils_ = false;
  return *this;
}

FormulaLine& FormulaLine::ceil() {
  floor();
  ceils_ = true;
  return *this;
}

FormulaLine& FormulaLine::over() {
  part_ = Part::below;
  return *this;
}

FormulaLine& FormulaLine::close() {
  part_ = Part::line;
  return *this;
}

ImVec2 FormulaLine::lay_out(UiContext& ui, ImDrawList* list, ImVec2 origin, float pixels) const {
  ImFont* const font = ui.fonts.formula;
  const auto width_of = [&](const Run& run, float size) {
    return font->CalcTextSizeA(size, FLT_MAX, 0, run.text.c_str(), run.text.c_str() + run.text.size()).x;
  };
  const auto put = [&](const Run& run, float x, float y, float size) {
    if (!list) return;
    list->AddText(font, size, {std::floor(x), std::floor(y)}, ui_color32(ui, run.role), run.text.c_str(),
                  run.text.c_str() + run.text.size());
  };
  const float small = std::round(pixels * kFractionScale);
  bool fraction = false;
  for (size_t i = 0; i < used_; ++i) fraction = fraction || runs_[i].part == Part::above;
  const float bar_gap = std::round(pixels * 0.1f);
  const float height = fraction ? 2 * small + 2 * bar_gap + 1 : std::round(pixels * 1.45f);
  const float axis = origin.y + height / 2;
  const float hair = std::max(1.0f, std::round(ui.scale));
  float x = origin.x;
  for (size_t i = 0; i < used_;) {
    const Run& run = runs_[i];
    if (run.part == Part::line) {
      put(run, x, axis - pixels / 2, pixels);
      x += width_of(run, pixels);
      ++i;
    } else if (run.part == Part::result) {
      const float wide = width_of(run, pixels) + 2 * std::round(pixels * 0.4f);
      const float half = std::round(pixels * 0.72f);
      if (list) {
        list->AddRectFilled({x, axis - half}, {x + wide, axis + half}, ui_tint32(ui, run.role), ui.px(6));
        list->AddRect({x, axis - half}, {x + wide, axis + half}, ui_color32(ui, run.role), ui.px(6), 0, hair);
      }
      put(run, x + std::round(pixels * 0.4f), axis - pixels / 2, pixels);
      x += wide;
      ++i;
    } else {
      // All of a fraction: measure its two rows, then centre them on the bar.
      const bool ceils = run.ceils;
      float above = 0;
      float below = 0;
      size_t end = i;
      for (; end < used_ && (end == i || !runs_[end].opens_fraction); ++end) {
        if (runs_[end].part == Part::above) {
          above += width_of(runs_[end], small);
        } else if (runs_[end].part == Part::below) {
          below += width_of(runs_[end], small);
        } else {
          break;
        }
      }
      const float foot = std::round(pixels * 0.22f);
      const float side = foot + std::round(pixels * 0.14f);
      const float bar = std::max(above, below) + std::round(pixels * 0.2f);
      const float left = x + side;
      float upper = left + (bar - above) / 2;
      float lower = left + (bar - below) / 2;
      for (; i < end; ++i) {
        if (runs_[i].part == Part::above) {
          put(runs_[i], upper, axis - bar_gap - small, small);
          upper += width_of(runs_[i], small);
        } else {
          put(runs_[i], lower, axis + bar_gap, small);
          lower += width_of(runs_[i], small);
        }
      }
      if (list) {
        const ImU32 ink = ui_color32(ui, Role::text);
        const float line = std::floor(axis);
        const float top = origin.y;
        const float bottom = origin.y + height;
        list->AddRectFilled({left, line}, {left + bar, line + hair}, ink);
        const float open = std::floor(x + hair);
        list->AddRectFilled({open, top}, {open + hair, bottom}, ink);
        const float feet = ceils ? top + hair : bottom;  // floor stands on them, ceil hangs from them
        list->AddRectFilled({open, feet - hair}, {open + foot, feet}, ink);
        const float shut = std::floor(left + bar + side - 2 * hair);
        list->AddRectFilled({shut, top}, {shut + hair, bottom}, ink);
        list->AddRectFilled({shut + hair - foot, feet - hair}, {shut + hair, feet}, ink);
      }
      x = left + bar + side;
    }
  }
  return {x - origin.x, height};
}

void FormulaLine::draw(UiContext& ui, float size, float width) const {
  for (size_t i = 0; i < used_; ++i) ui.shows(runs_[i].text);
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  float pixels = std::round(ui.px(size));
  const float smallest = std::round(ui.px(10));
  ImVec2 extent = lay_out(ui, nullptr, origin, pixels);
  if (extent.x > width) {
    pixels = std::max(smallest, std::floor(pixels * width / extent.x));
    extent = lay_out(ui, nullptr, origin, pixels);
    while (extent.x > width && pixels > smallest) extent = lay_out(ui, nullptr, origin, --pixels);
  }
  ImGui::Dummy(extent);
  lay_out(ui, ImGui::GetWindowDrawList(), origin, pixels);
}

}  // namespace convscope
