#include "app/scene/coverage_layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/scene/per_half.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

constexpr double kMaxPitch = 66;
// Of Y, tried one after the other; the last are photographs'.
constexpr double kOutputPitches[] = {46, 40, 34,  28,  24,  20,   17,   14,   11,  8,   5,
                                     3,  2,  1.2, 0.8, 0.5, 0.35, 0.25, 0.16, 0.1, 0.06};

enum class Kind : uint8_t { line, column, below };  // counts, W, Y; W over Y on the right; W beside Y below

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, int lines, double words_w,
         const LayoutNumbers& numbers)
      : plan_(plan), stage_(stage), painter_(painter), numbers_(numbers), u_(static_cast<double>(stage.ui)) {
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    label_ = static_cast<double>(kLabelHeight) * u_;
    legend_ = static_cast<double>(kLegendHeight) * u_ + 4 * u_;
    line_ = 22 * u_;
    gap_ = 40 * u_;
    words_w_ = words_w;
    words_h_ = lines * line_ + 8 * u_;
    const auto tag = [&](std::string_view name, const Shape& shape) {
      return static_cast<double>(name_tag_width(painter, name, shape, stage.ui));
    };
    tag_x_ = std::max(tag("X", plan.input_shape()),
                      static_cast<double>(painter.width(words_of(painter.request().language, "scene.coverage_counts"),
                                                        Face::sans, kLabelSize * stage.ui)));
    const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    channel_label_ = labels ? label_ : 0;
    const double label_w =
        labels ? static_cast<double>(stack_label_width(painter, 'W', plan.out_channels - 1,
                                                       std::max(plan.channels_per_group(), plan.out_channels) - 1,
                                                       plan.out_channels, stage.ui))
               : 0;
    tag_w_ = std::max(tag("W", plan.weight_shape()), label_w);
    tag_y_ = std::max(tag("Y", plan.output_shape()), label_w);
    sheets_ = static_cast<double>(std::min<int64_t>(plan.out_channels - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }

  CoverageLayout best() {
    CoverageLayout best;
    double best_score = 0;
    for (const Kind kind : {Kind::line, Kind::column, Kind::below}) {
      for (const bool margins : {true, false}) {
        for (const double pitch : kOutputPitches) {
          CoverageLayout l;
          l.margins = margins;
          const double score = solve(l, kind, pitch >= 8 ? std::floor(pitch * u_) : pitch * u_);
          if (score > best_score) {
            best_score = score;
            best = l;
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
    if (!style.drawn()) return 0.3 * std::min(1.0, pitch / (14 * u_));
    return style.size < 0.9f * kMinNumberSize * std::max(1.0f, stage_.ui) ? 0.8 : 1;
  }

  double solve(CoverageLayout& l, Kind kind, double y_pitch) const {
    const auto left = static_cast<double>(stage_.content.x0), top = static_cast<double>(stage_.content.y0);
    const auto width = static_cast<double>(stage_.content.width()),
               height = static_cast<double>(stage_.content.height());
    const double w_pitch = std::min({46 * u_, 150 * u_ / static_cast<double>(plan_.kernel.h),
                                     150 * u_ / static_cast<double>(plan_.kernel.w), std::max(y_pitch, 30 * u_)});
    const double w_w = std::max(static_cast<double>(plan_.kernel.w) * w_pitch + sheets_, tag_w_);
    const double w_h = static_cast<double>(plan_.kernel.h) * w_pitch, head = tag_ + channel_label_ + sheets_;
    const double y_w = std::max(static_cast<double>(plan_.out.w) * y_pitch + sheets_, tag_y_);
    const double y_h = static_cast<double>(plan_.out.h) * y_pitch;
    double room_w = width, room_h = height - tag_ - label_ - legend_ - words_h_;
    switch (kind) {
      case Kind::line:
        room_w -= w_w + y_w + 2 * gap_;
        if (std::max(w_h, y_h) + head > height - words_h_) return 0;
        break;
      case Kind::column:
        room_w -= std::max(w_w, y_w) + gap_;
        if (2 * head + w_h + y_h + gap_ / 2 > height - words_h_) return 0;
        break;
      case Kind::below:
        room_h -= head + std::max(w_h, y_h) + gap_ / 2;
        if (w_w + gap_ + y_w > width) return 0;
        break;
    }
    if (words_w_ > width * 1.4 || room_w < tag_x_ || room_h < 20 * u_) return 0;
    const double margin = l.margins ? kCoverageMargin : 0;
    double t = std::min({kMaxPitch * u_, room_w / (padded_w_ + margin), room_h / (padded_h_ + margin)});
    if (t >= 8) t = std::floor(t);
    if (t <= 0) return 0;
    if (l.margins && (t < 22 * u_ || legible(numbers_.input, t * kCoverageMargin) < 0.9)) return 0;

    double score = 3 * legible(numbers_.input, t) + 1.5 * t / (kMaxPitch * u_) + legible(numbers_.output, y_pitch) +
                   0.8 * legible(numbers_.weight, w_pitch) + (l.margins ? 0.8 : 0);
    const double area = padded_w_ * padded_h_ * t * t / (width * height);
    if (t < 14 * u_) score += 3 * std::sqrt(area);  // a large picture that shows no numbers
    score += 0.8 * std::min(1.0, std::sqrt(static_cast<double>(plan_.out.w * plan_.out.h) * y_pitch * y_pitch /
                                           (0.05 * width * height)));
    if (y_pitch > 1.01 * t) score *= 0.7;  // the counts are what this lens is about
    if (kind == Kind::below && width > height) score *= 0.8;

    const double x_w = std::max((padded_w_ + margin) * t, tag_x_);
    const double x_h = tag_ + label_ + (padded_h_ + margin) * t + legend_;
    double x = 0, y = 0;  // of the counts, with all that belongs to them
    const auto at = [&](double gx, double gy, double pitch, int64_t rows, int64_t cols) {
      return Grid{gx, gy, pitch, 0, 0, rows, cols};
    };
    if (kind == Kind::below) {
      const double used = x_h + words_h_ + gap_ / 2 + head + std::max(w_h, y_h);
      y = top + std::max(0.0, height - used) / 2;
      x = left + (width - x_w) / 2;
      const double row = y + x_h + words_h_ + gap_ / 2 + head, all = w_w + gap_ + y_w;
      l.weight = at(left + (width - all) / 2, row, w_pitch, plan_.kernel.h, plan_.kernel.w);
      l.output = at(l.weight.x + w_w + gap_, row, y_pitch, plan_.out.h, plan_.out.w);
    } else {
      const double right = kind == Kind::line ? w_w + gap_ + y_w : std::max(w_w, y_w);
      const double right_h = kind == Kind::line ? head + std::max(w_h, y_h) : 2 * head + w_h + y_h + gap_ / 2;
      const double used = std::max(x_h, right_h);
      x = left + (width - x_w - gap_ - right) / 2;
      const double free = std::max(0.0, height - words_h_ - used) / 2;
      y = top + free + (used - x_h) / 2;
      const double axis = y + tag_ + label_ + margin * t + padded_h_ * t / 2, rx = x + x_w + gap_;
      if (kind == Kind::line) {
        const auto centred = [&](double h) {
          return std::clamp(axis - h / 2, top + head, std::max(top + head, top + height - words_h_ - h));
        };
        l.weight = at(rx, centred(w_h), w_pitch, plan_.kernel.h, plan_.kernel.w);
        l.output = at(rx + w_w + gap_, centred(y_h), y_pitch, plan_.out.h, plan_.out.w);
      } else {
        const double first = top + free + (used - right_h) / 2;
        l.weight = at(rx, first + head, w_pitch, plan_.kernel.h, plan_.kernel.w);
        l.output = at(rx, first + 2 * head + w_h + gap_ / 2, y_pitch, plan_.out.h, plan_.out.w);
      }
    }
    l.counts = {x + margin * t,
                y + tag_ + label_ + margin * t,
                t,
                -plan_.pads.top,
                -plan_.pads.left,
                static_cast<int64_t>(padded_h_),
                static_cast<int64_t>(padded_w_)};
    l.words_w = std::min(words_w_, width);
    l.words_step = line_;
    if (kind == Kind::below) {
      l.words_x = std::clamp(x, left, std::max(left, left + width - l.words_w));
      l.words_y = y + x_h + 8 * u_ + line_ / 2;
    } else {
      l.words_x = left + (width - l.words_w) / 2;
      l.words_y =
          std::min(std::max(y + x_h, top + height - words_h_ - std::max(0.0, height - words_h_ - x_h) / 3) + 8 * u_,
                   top + height - words_h_ + 8 * u_) +
          line_ / 2;
    }
    l.good = true;
    return score;
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  const Painter& painter_;
  const LayoutNumbers& numbers_;
  double u_;
  double padded_h_ = 0, padded_w_ = 0;
  double tag_ = 0, label_ = 0, channel_label_ = 0, legend_ = 0, line_ = 0, gap_ = 0, words_w_ = 0, words_h_ = 0;
  double tag_x_ = 0, tag_w_ = 0, tag_y_ = 0, sheets_ = 0;
};

}  // namespace

const CoverageLayout& coverage_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, int lines,
                                      double words_w, const LayoutNumbers& numbers) {
  thread_local PerHalf<LayoutKey> keys;
  thread_local PerHalf<CoverageLayout> all;
  LayoutKey& key = keys.now();
  CoverageLayout& kept = all.now();
  if (LayoutKey wanted = layout_key(plan, stage, painter, 0, numbers); !(key == wanted)) {
    key = std::move(wanted);
    kept = Solver(plan, stage, painter, lines, words_w, numbers).best();
  }
  return kept;
}

}  // namespace convscope
