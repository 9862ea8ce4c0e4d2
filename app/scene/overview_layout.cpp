#include <algorithm>
#include <cstdio>
#include <string>

#include "app/scene/sliding_overview.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

using Kind = OverviewLayout::Kind;

struct Size {
  double w = 0, h = 0;
};

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell, bool rgb, Kind kind,
         int margin, int channels)
      : plan_(plan), content_(stage.content), kind_(kind), margin_(margin), u_(static_cast<double>(stage.ui)) {
    layout_.kind = kind;
    layout_.channels = channels;
    layout_.input_stacked = plan.in_channels > 1 && !rgb;
    layout_.output_stacked = plan.out_channels > 1;
    const Pair window = plan.effective_kernel();
    const Pair origin = window_origin(plan, cell);
    // The surroundings end where the padded input ends.
    const int64_t top = std::max(-plan.pads.top, origin.h - margin),
                  left = std::max(-plan.pads.left, origin.w - margin);
    patch_ = {0, 0, 0, top, left, window.h + 2 * margin, window.w + 2 * margin};
    patch_.row0 = std::clamp<int64_t>(origin.h - margin, -plan.pads.top,
                                      std::max(-plan.pads.top, plan.in.h + plan.pads.bottom - patch_.rows));
    patch_.col0 = std::clamp<int64_t>(origin.w - margin, -plan.pads.left,
                                      std::max(-plan.pads.left, plan.in.w + plan.pads.right - patch_.cols));
    patch_.rows = std::min(patch_.rows, plan.in.h + plan.pads.top + plan.pads.bottom);
    patch_.cols = std::min(patch_.cols, plan.in.w + plan.pads.left + plan.pads.right);
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    out_h_ = static_cast<double>(plan.out.h);
    out_w_ = static_cast<double>(plan.out.w);
    // A strip with a row to itself need not show by its width that it is shorter.
    if (plan.dims == 1 && kind == Kind::between) output_scale_ = std::max(1.0, padded_w_ / out_w_);
    out_w_ *= output_scale_;
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    label_ = labels ? static_cast<double>(kLabelHeight) * u_ : 0;
    sheets_x_ = layout_.input_stacked ? sheets(plan.in_channels) : 0;
    sheets_y_ = layout_.output_stacked ? sheets(plan.out_channels) : 0;
    head_ = tag_ + label_ + std::max(sheets_x_, sheets_y_);
    foot_ = static_cast<double>(kLegendHeight) * u_;
    if (plan.dims == 1) head_ += kStripHeight * u_;
    tag_x_ = static_cast<double>(name_tag_width(painter, "X", plan.input_shape(), stage.ui));
    tag_y_ = static_cast<double>(name_tag_width(painter, "Y", plan.output_shape(), stage.ui));
    tag_w_ = static_cast<double>(name_tag_width(painter, "W", plan.weight_shape(), stage.ui));
    tag_p_ = static_cast<double>(
        painter.width(words_of(painter.request().language, "scene.products"), Face::sans, kLabelSize * stage.ui));
    char words[128], index[96];
    const int at =
        index_text(index, sizeof index, plan, {plan.batch - 1, plan.out_channels - 1, plan.out.h - 1, plan.out.w - 1});
    const int length = std::snprintf(words, sizeof words, "Y[%.*s] = -0.0000000", at, index);
    thread_local std::string sum;
    sum.clear();
    append_channel_sum(sum, painter.request().language, plan.channels_per_group(), -0.00001);
    sums_w_ =
        static_cast<double>(std::max(painter.width({words, static_cast<size_t>(length)}, Face::bold, 16 * stage.ui),
                                     painter.width(sum, Face::sans, 16 * stage.ui)));
    sign_ = 34 * u_;
    gap_ = 28 * u_;
    more_ = plan.channels_per_group() > layout_.channels;
    solve();
  }

  double score() const { return score_; }

  OverviewLayout place() {
    OverviewLayout& l = layout_;
    const double cx = static_cast<double>(content_.x0 + content_.x1) / 2,
                 cy = static_cast<double>(content_.y0 + content_.y1) / 2;
    const double t_y = t_ * output_scale_;
    const Size x = tensor_size(padded_w_, padded_h_ * t_ * tall(t_, static_cast<int64_t>(padded_w_)), tag_x_,
                               sheets_x_),
               y = tensor_size(out_w_, out_h_ * t_y * tall(t_y, plan_.out.w), tag_y_, sheets_y_);
    const Size loupe = loupe_size(d_);
    const auto input_at = [&](double left, double top) {
      l.input = {left,
                 top + tag_ + label_ + sheets_x_,
                 t_,
                 -plan_.pads.top,
                 -plan_.pads.left,
                 static_cast<int64_t>(padded_h_),
                 static_cast<int64_t>(padded_w_),
                 tall(t_, static_cast<int64_t>(padded_w_))};
    };
    const auto output_at = [&](double left, double top) {
      l.output = {left, top + tag_ + label_ + sheets_y_, t_y, 0, 0, plan_.out.h, plan_.out.w, tall(t_y, plan_.out.w)};
    };
    switch (kind_) {
      case Kind::beside: {
        const double all = x.w + loupe.w + y.w + 2 * gap_;
        const double left = cx - all / 2;
        input_at(left, cy - x.h / 2);
        loupe_at(left + x.w + gap_, cy - loupe.h / 2);
        output_at(left + x.w + loupe.w + 2 * gap_, cy - y.h / 2);
        break;
      }
      case Kind::below: {
        const double row_h = std::max(x.h, y.h), all_h = row_h + gap_ + loupe.h;
        const double top = cy - all_h / 2, all_w = x.w + gap_ + y.w;
        input_at(cx - all_w / 2, top + row_h - x.h);
        output_at(cx - all_w / 2 + x.w + gap_, top + row_h - y.h);
        loupe_at(cx - loupe.w / 2, top + row_h + gap_);
        break;
      }
      case Kind::column: {
        const double left_w = std::max(x.w, y.w), all_w = left_w + gap_ + loupe.w;
        const double left = cx - all_w / 2, top = cy - (x.h + y.h + row_gap()) / 2;
        input_at(left, top);
        output_at(left, top + x.h + row_gap());
        loupe_at(left + left_w + gap_, cy - loupe.h / 2);
        break;
      }
      case Kind::between: {
        const double all_h = x.h + y.h + loupe.h + 2 * gap_;
        const double top = cy - all_h / 2;
        input_at(cx - x.w / 2, top);
        loupe_at(cx - loupe.w / 2, top + x.h + gap_);
        output_at(cx - y.w / 2, top + x.h + loupe.h + 2 * gap_);
        break;
      }
    }
    l.sums_w = sums_w_;
    l.good = true;
    return l;
  }

 private:
  double sheets(int64_t count) const {
    return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }
  Size tensor_size(double cols, double height, double tag, double sheet) const {
    return {std::max(cols * t_ + sheet, tag), tag_ + label_ + sheet + height + foot_};
  }

  // Of a strip of `cells` (of input, kernel or output) that are that wide.
  double tall(double pitch, int64_t cells) const { return strip_height(plan_, pitch, cells, u_); }

  bool row_of_channels() const { return kind_ == Kind::below; }
  double triple_w(double d) const {
    return static_cast<double>(patch_.cols) * d + 2 * sign_ + std::max(kernel_w() * d, tag_w_) +
           std::max(kernel_w() * d, tag_p_);
  }
  double triple_h(double d) const {
    return tag_ + static_cast<double>(std::max(patch_.rows, plan_.kernel.h)) * d * tall(d, patch_.cols);
  }
  double kernel_w() const { return static_cast<double>(plan_.kernel.w); }
  double row_gap() const { return 6 * u_; }
  double sums_w() const { return sums_w_; }
  double sums_h() const { return (plan_.bias ? 72 : 48) * u_; }

  Size loupe_size(double d) const {
    const int n = layout_.channels;
    const double gap = 18 * u_;
    if (row_of_channels()) {
      return {n * triple_w(d) + n * gap + sums_w(), std::max(triple_h(d), sums_h()) + (more_ ? 20 * u_ : 0)};
    }
    return {std::max(triple_w(d), sums_w()), n * triple_h(d) + (n - 1) * 6 * u_ + (more_ ? 20 * u_ : 0) + sums_h()};
  }

  double tensor_pitch(const Size& loupe) const {
    const auto w = static_cast<double>(content_.width()), h = static_cast<double>(content_.height());
    switch (kind_) {
      case Kind::beside: {
        const double room = w - loupe.w - 2 * gap_ - sheets_x_ - sheets_y_;
        double t = std::min(room / (padded_w_ + out_w_), (h - head_ - foot_) / std::max(padded_h_, out_h_));
        if (loupe.h > h) t = 0;
        // Tags may be wider than what they stand on.
        if (std::max(padded_w_ * t, tag_x_) + std::max(out_w_ * t, tag_y_) > room + sheets_x_ + sheets_y_) {
          t = std::min(t, (room - std::max(tag_x_, tag_y_)) / std::max(padded_w_, out_w_));
        }
        return t;
      }
      case Kind::below:
        if (loupe.w > w) return 0;
        return std::min((w - gap_ - sheets_x_ - sheets_y_) / (padded_w_ + out_w_),
                        (h - loupe.h - gap_ - head_ - foot_) / std::max(padded_h_, out_h_));
      case Kind::column: {
        if (loupe.h > h) return 0;
        const double room = w - loupe.w - gap_;
        if (room < std::max(tag_x_, tag_y_)) return 0;
        return std::min((room - std::max(sheets_x_, sheets_y_)) / std::max(padded_w_, out_w_),
                        (h - 2 * head_ - 2 * foot_ - row_gap()) / (padded_h_ + out_h_));
      }
      case Kind::between:
        if (loupe.w > w) return 0;
        return std::min((w - std::max(sheets_x_, sheets_y_)) / std::max(padded_w_, out_w_),
                        (h - loupe.h - 2 * gap_ - 2 * head_ - 2 * foot_) / (padded_h_ + out_h_));
    }
    return 0;
  }

  void solve() {
    const auto w = static_cast<double>(content_.width()), h = static_cast<double>(content_.height());
    const double ideal = std::min(w / (padded_w_ + out_w_), (h - head_ - foot_) / std::max(padded_h_, out_h_));
    const double wanted = 34 * u_;
    for (double d = 44 * u_; d >= (plan_.dims == 1 ? 0.2 : 2); d *= 0.94) {
      const double t = tensor_pitch(loupe_size(d));
      if (t <= 0) continue;
      // Half the picture to the whole, half to the loupe's numbers.
      double score = std::min(1.0, t / ideal) * std::min(1.0, d / wanted);
      if (d < 24) score *= 0.6;  // hardly a number fits
      if (score > score_) {
        score_ = score;
        d_ = d;
        t_ = t;
      }
    }
    if (d_ >= 8) d_ = std::floor(d_);
    if (margin_ > 0) score_ *= 1.15;
    if (more_) score_ *= plan_.channels_per_group() <= kMaxLoupeChannels ? 0.65 : 0.8;
  }

  void loupe_at(double left, double top) {
    OverviewLayout& l = layout_;
    const Size size = loupe_size(d_);
    const double tw = triple_w(d_), th = triple_h(d_);
    const double gap = 18 * u_;
    for (int i = 0; i < l.channels; ++i) {
      const double x = row_of_channels() ? left + i * (tw + gap) : left + std::max(0.0, (size.w - tw) / 2);
      const double y = row_of_channels() ? top : top + i * (th + 6 * u_);
      const double middle = y + tag_ + (th - tag_) / 2;
      const double strip = tall(d_, patch_.cols);
      const auto centred = [&](double at, int64_t rows) { return at - static_cast<double>(rows) * d_ * strip / 2; };
      l.patches[i] = patch_;
      l.patches[i].x = x;
      l.patches[i].y = centred(middle, patch_.rows);
      l.patches[i].pitch = d_;
      l.patches[i].tall = strip;
      const double weight_w = std::max(kernel_w() * d_, tag_w_);
      const double weight_x = x + patch_.width_at(d_) + sign_;
      l.weights[i] = {weight_x, centred(middle, plan_.kernel.h), d_, 0, 0, plan_.kernel.h, plan_.kernel.w, strip};
      l.products[i] = {weight_x + weight_w + sign_, l.weights[i].y, d_, 0, 0, plan_.kernel.h, plan_.kernel.w, strip};
      l.times_x[i] = weight_x - sign_ / 2;
      l.equals_x[i] = (weight_x + kernel_w() * d_ + l.products[i].x) / 2;
      l.axis_y[i] = middle;
    }
    if (row_of_channels()) {
      l.sums_x = left + l.channels * (tw + gap);
      l.sums_y = l.axis_y[0];
      l.more_x = left;
      l.more_y = top + th + 12 * u_;
    } else {
      const double bottom = top + l.channels * th + (l.channels - 1) * 6 * u_;
      l.sums_x = l.patches[0].x;
      l.sums_y = bottom + (more_ ? 20 * u_ : 0) + sums_h() / 2 + 4 * u_;
      l.more_x = l.patches[0].x;
      l.more_y = bottom + 12 * u_;
    }
  }

  struct Patch : Grid {
    double width_at(double d) const { return static_cast<double>(cols) * d; }
  };

  const ConvPlan& plan_;
  Box content_;
  Kind kind_;
  int margin_;
  double u_;
  OverviewLayout layout_;
  Patch patch_;
  double padded_h_ = 0, padded_w_ = 0, out_h_ = 0, out_w_ = 0;  // the last in cells of the input's size
  double output_scale_ = 1;
  double tag_ = 0, label_ = 0, head_ = 0, foot_ = 0, sheets_x_ = 0, sheets_y_ = 0, sign_ = 0, gap_ = 0;
  double tag_x_ = 0, tag_y_ = 0, tag_w_ = 0, tag_p_ = 0;
  bool more_ = false;
  double sums_w_ = 0;
  double d_ = 0, t_ = 0, score_ = 0;
};

}  // namespace

OverviewLayout overview_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                               bool rgb) {
  OverviewLayout best;
  double best_score = 0;
  const int most = static_cast<int>(std::min<int64_t>(plan.channels_per_group(), kMaxLoupeChannels));
  for (const Kind kind : {Kind::beside, Kind::below, Kind::between, Kind::column}) {
    for (int channels = most; channels >= 1; --channels) {
      for (const int margin : {1, 0}) {
        Solver solver(plan, stage, painter, cell, rgb, kind, margin, channels);
        if (solver.score() <= best_score) continue;
        best_score = solver.score();
        best = solver.place();
      }
    }
  }
  return best;
}

}  // namespace convscope
