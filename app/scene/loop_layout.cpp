#include "app/scene/loop_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "app/scene/per_half.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

constexpr double kSizes[] = {16, 15, 14, 13, 12.5, 12, 11, 10, 9.5, 9};
constexpr double kLine = 1.5;  // from line to line, in sizes
// Pitches of X and Y, the last for photographs.
constexpr double kPitches[] = {44,  40,  36,  32,  28,  25,  22,   19,   16,   14,  11,   8,   5,
                               3.5, 2.5, 1.8, 1.2, 0.8, 0.5, 0.35, 0.25, 0.16, 0.1, 0.06, 0.04};

enum class Shape3 : uint8_t { line, two_below, column };  // X W Y; X over W and Y; one below the other

struct Size {
  double w = 0, h = 0;
};

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, std::span<const CodeLine> code, bool rgb,
         const LayoutNumbers& numbers)
      : plan_(plan),
        stage_(stage),
        painter_(painter),
        code_(code),
        numbers_(numbers),
        u_(static_cast<double>(stage.ui)) {
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    width_ = static_cast<double>(stage.content.width());
    height_ = static_cast<double>(stage.content.height());
    const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    label_ = labels ? static_cast<double>(kLabelHeight) * u_ : 0;
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    gap_ = 30 * u_;
    stacked_x_ = plan.in_channels > 1 && !rgb;
    const auto sheets = [&](int64_t count) {
      return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
    };
    sheets_x_ = stacked_x_ ? sheets(plan.in_channels) : 0;
    sheets_y_ = sheets(plan.out_channels);
    const auto tag = [&](char name, const Shape& shape, int64_t first, int64_t second, int64_t count) {
      const double label =
          labels ? static_cast<double>(stack_label_width(painter, name, first - 1, second - 1, count, stage.ui)) : 0;
      return std::max(label, static_cast<double>(name_tag_width(painter, std::string_view(&name, 1), shape, stage.ui)));
    };
    tag_x_ = tag('X', plan.input_shape(), plan.batch, plan.in_channels, plan.in_channels);
    tag_w_ = tag('W', plan.weight_shape(), plan.out_channels, plan.channels_per_group(), plan.out_channels);
    tag_y_ = tag('Y', plan.output_shape(), plan.batch, plan.out_channels, plan.out_channels);
    for (const CodeLine& line : code) {
      const double indent = line.indent * kCodeIndent;
      code_w_ = std::max(code_w_, indent + static_cast<double>(painter.width(line.code, Face::mono, 1)));
      words_w_ = std::max(words_w_, indent + static_cast<double>(painter.width(line.words, Face::sans, 1)));
    }
    const std::string digits(static_cast<size_t>(widest_value(plan)), '0');
    value_w_ = static_cast<double>(painter.width(digits, Face::mono, 1)) + 1.2;
  }

  LoopLayout best() {
    LoopLayout best;
    double best_score = 0;
    for (const bool side : {true, false}) {
      for (const bool values_beside : {true, false}) {
        for (const bool words : {true, false}) {
          for (const double size : kSizes) {
            if (size * u_ < 8.8) continue;
            for (const Shape3 shape : {Shape3::line, Shape3::two_below, Shape3::column}) {
              if (side && shape == Shape3::line) continue;
              LoopLayout l;
              l.size = size * u_;
              l.values_beside = values_beside;
              l.words = words;
              const double score = solve(l, side, shape);
              if (score > best_score) {
                best_score = score;
                best = l;
              }
            }
          }
        }
      }
    }
    return best;
  }

 private:
  double legible(const NumberRange& range, double pitch) const {
    const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
    const NumberStyle style = painter_.fit(range, cell, cell);
    if (!style.drawn()) return 0.4 * std::min(1.0, pitch / (14 * u_));
    return style.size < 0.9f * kMinNumberSize * std::max(1.0f, stage_.ui) ? 0.8 : 1;
  }
  double head(double sheets) const { return tag_ + label_ + sheets; }

  double solve(LoopLayout& l, bool side, Shape3 shape) const {
    const auto left = static_cast<double>(stage_.content.x0), top = static_cast<double>(stage_.content.y0);
    const auto lines = static_cast<double>(code_.size());
    l.line = l.size * kLine;
    l.heading = l.words ? l.line * 1.4 : 0;
    l.code_w = code_w_ * l.size;
    l.values_w = value_w_ * l.size;
    double text_w = l.code_w + (l.values_beside ? l.values_w : 0);
    if (l.words) text_w = std::max(text_w, words_w_ * l.size);
    text_w = std::max(text_w, words_w_ * l.size) + 12 * u_;
    const double values_h = l.values_beside ? 0 : 3 * l.line;
    // Without the listing in words, the current line's words have a line of their own.
    const double text_h = lines * l.line + values_h + (l.words ? l.heading + lines * l.line : 1.6 * l.line);
    double room_w = width_, room_h = height_;
    if (side) {
      room_w -= text_w + gap_;
    } else {
      room_h -= text_h + gap_ / 2;
    }
    if (text_w > width_ || text_h > height_ || room_w < 80 * u_ || room_h < 40 * u_) return 0;

    const double w_cells = static_cast<double>(std::max(plan_.kernel.h, plan_.kernel.w));
    const double space = 22 * u_;
    Size all, x, w, y;
    double t = 0, wp = 0;
    const auto measure = [&](double pitch) {
      t = pitch >= 8 ? std::floor(pitch) : pitch;
      wp = std::min({std::max(t, 22 * u_), 40 * u_, 130 * u_ / w_cells});
      x = {std::max(padded_w_ * t + sheets_x_, tag_x_), head(sheets_x_) + padded_h_ * t};
      w = {std::max(static_cast<double>(plan_.kernel.w) * wp + sheets_y_, tag_w_),
           head(sheets_y_) + static_cast<double>(plan_.kernel.h) * wp};
      y = {std::max(static_cast<double>(plan_.out.w) * t + sheets_y_, tag_y_),
           head(sheets_y_) + static_cast<double>(plan_.out.h) * t};
      switch (shape) {
        case Shape3::line:
          all = {x.w + w.w + y.w + 2 * space, std::max({x.h, w.h, y.h})};
          break;
        case Shape3::two_below:
          all = {std::max(x.w, w.w + y.w + space), x.h + std::max(w.h, y.h) + space / 2};
          break;
        case Shape3::column:
          all = {std::max({x.w, w.w, y.w}), x.h + w.h + y.h + space};
          break;
      }
      return all.w <= room_w && all.h <= room_h;
    };
    bool fits = false;
    for (const double pitch : kPitches) {
      if ((fits = measure(pitch * u_))) break;
    }
    if (!fits) return 0;

    const double block_w = side ? text_w + gap_ + all.w : std::max(text_w, all.w);
    const double x0 = left + (width_ - block_w) / 2;
    double px, py;
    if (side) {
      l.code_x = x0 + 6 * u_;
      l.code_y = top + (height_ - text_h) / 2;
      px = x0 + text_w + gap_;
      py = top + (height_ - all.h) / 2;
    } else {
      const double free = (height_ - text_h - gap_ / 2 - all.h) / 3;
      px = left + (width_ - all.w) / 2;
      py = top + free;
      l.code_x = left + (width_ - text_w) / 2 + 6 * u_;
      l.code_y = py + all.h + gap_ / 2 + free;
    }
    l.values_x = l.code_x + l.code_w + l.size * 1.2;
    l.values_end = l.code_x + text_w - 12 * u_;
    l.values_y = l.code_y + lines * l.line + l.line * 0.7;
    l.words_y = l.code_y + lines * l.line + values_h + (l.words ? l.heading : l.line * 0.9);
    const auto grid = [&](double gx, double gy, double sheets, double pitch, double rows, double cols) {
      return Grid{gx, gy + head(sheets), pitch, 0, 0, static_cast<int64_t>(rows), static_cast<int64_t>(cols)};
    };
    double xx = px, wx = px, yx = px, xy = py, wy = py, yy = py;
    if (shape == Shape3::line) {
      wx = px + x.w + space;
      yx = wx + w.w + space;
    } else if (shape == Shape3::two_below) {
      wy = yy = py + x.h + space / 2;
      yx = px + w.w + space;
    } else {
      wy = py + x.h + space / 2;
      yy = wy + w.h + space / 2;
    }
    l.input = grid(xx, xy, sheets_x_, t, padded_h_, padded_w_);
    l.input.row0 = -plan_.pads.top;
    l.input.col0 = -plan_.pads.left;
    l.weight = grid(wx, wy, sheets_y_, wp, static_cast<double>(plan_.kernel.h), static_cast<double>(plan_.kernel.w));
    l.output = grid(yx, yy, sheets_y_, t, static_cast<double>(plan_.out.h), static_cast<double>(plan_.out.w));
    l.input_stacked = stacked_x_;
    l.output_stacked = plan_.out_channels > 1;
    l.good = true;

    const double picture = std::min(1.0, std::sqrt(padded_w_ * padded_h_ * t * t / (0.12 * width_ * height_)));
    double score = 3.2 * std::min(1.0, l.size / (14 * u_)) + 1.2 * legible(numbers_.input, t) +
                   0.5 * legible(numbers_.output, t) + 0.4 * legible(numbers_.weight, wp) + 0.9 * picture;
    score += (l.words ? 0.8 : 0) + (l.values_beside ? 1.0 : 0);
    if (!side && width_ > height_) score *= 0.9;
    return score;
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  const Painter& painter_;
  std::span<const CodeLine> code_;
  const LayoutNumbers& numbers_;
  double u_;
  double padded_h_ = 0, padded_w_ = 0, width_ = 0, height_ = 0, label_ = 0, tag_ = 0, gap_ = 0;
  bool stacked_x_ = false;
  double sheets_x_ = 0, sheets_y_ = 0, tag_x_ = 0, tag_w_ = 0, tag_y_ = 0;
  double code_w_ = 0, words_w_ = 0, value_w_ = 0;  // at size 1
};

}  // namespace

int widest_value(const ConvPlan& plan) {
  const Pair extent = plan.effective_kernel();
  const int64_t y = (plan.out.h - 1) * plan.stride.h, x = (plan.out.w - 1) * plan.stride.w;
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  const int window =
      std::snprintf(nullptr, 0, "x[%lld, %lld, %lld:%lld, %lld:%lld]", wide(plan.batch - 1), wide(plan.in_channels - 1),
                    wide(y), wide(y + extent.h), wide(x), wide(x + extent.w));
  // Dilated windows have steps.
  const int64_t h = plan.kernel.h > 1 ? plan.dilation.h : 1, w = plan.kernel.w > 1 ? plan.dilation.w : 1;
  const int steps = (h > 1 ? std::snprintf(nullptr, 0, ":%lld", wide(h)) : 0) +
                    (w > 1 ? std::snprintf(nullptr, 0, ":%lld", wide(w)) : 0);
  return std::max(window + steps, 14);
}

const LoopLayout& loop_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, Algorithm algorithm,
                              std::span<const CodeLine> code, bool rgb, const LayoutNumbers& numbers) {
  thread_local PerHalf<LayoutKey> keys;
  thread_local PerHalf<LoopLayout> all;
  LayoutKey& key = keys.now();
  LoopLayout& kept = all.now();
  const int64_t variant = static_cast<int64_t>(algorithm) * 2 + (rgb ? 1 : 0) + 1;
  if (LayoutKey wanted = layout_key(plan, stage, painter, variant, numbers); !(key == wanted)) {
    key = std::move(wanted);
    kept = Solver(plan, stage, painter, code, rgb, numbers).best();
  }
  return kept;
}

}  // namespace convscope
