#include "app/scene/sliding_layout.h"

#include <algorithm>

namespace convscope {
namespace {

struct Options {
  bool portrait = false;
  bool stack_inputs = false, stack_outputs = false;
  enum class Products { none, below, beside } products = Products::none;
};

struct Tags {
  float input, weight, output, bias, products;
};

struct Size {
  double w = 0, h = 0;
};

class Placement {
 public:
  Placement(const ConvPlan& plan, const Stage& stage, const Tags& tags, const Options& options, int64_t group)
      : plan_(plan), tags_(tags), options_(options), u_(static_cast<double>(stage.ui)) {
    SlidingLayout& l = layout_;
    l.input_stacked = options.stack_inputs;
    l.output_stacked = options.stack_outputs;
    l.input_count = l.input_stacked ? 1 : static_cast<int>(plan.in_channels);
    l.output_count = l.output_stacked ? 1 : static_cast<int>(plan.out_channels);
    l.weight_count = l.input_stacked ? 1 : static_cast<int>(plan.channels_per_group());
    first_weight_ = l.input_stacked ? 0 : static_cast<int>(group * plan.channels_per_group());
    l.products = options.products != Options::Products::none;
    l.channel_sums = l.products && (l.weight_count > 1 || plan.bias || plan.channels_per_group() > 1);
    l.labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    padded_h_ = plan.in.h + plan.pads.top + plan.pads.bottom;
    padded_w_ = plan.in.w + plan.pads.left + plan.pads.right;
  }

  Size measure(double s) {
    s_ = s;
    label_ = layout_.labels ? static_cast<double>(kLabelHeight) * u_ : 0;
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    sign_ = 44 * u_;
    equals_ = 68 * u_;
    row_gap_ = 14 * u_;
    sum_ = layout_.channel_sums ? 24 * u_ : 0;
    const double kw = static_cast<double>(plan_.kernel.w) * s, kh = static_cast<double>(plan_.kernel.h) * s;
    const bool below = options_.products == Options::Products::below;
    const bool beside = options_.products == Options::Products::beside;
    product_label_ = 24 * u_;

    sheets_x_ = layout_.input_stacked ? sheet_room(plan_.in_channels) : 0;
    sheets_y_ = layout_.output_stacked ? sheet_room(plan_.out_channels) : 0;
    sheets_w_ = sheet_room(plan_.out_channels);
    // In a row: slice, products and sum of one channel.
    weight_h_ = label_ + sheets_w_ + kh + (below ? product_label_ + kh : 0) + (below || beside ? sum_ : 0);
    input_h_ = label_ + sheets_x_ + static_cast<double>(padded_h_) * s;
    row_h_ = std::max(options_.portrait ? 0.0 : weight_h_, input_h_);
    output_h_ = label_ + sheets_y_ + static_cast<double>(plan_.out.h) * s;

    input_w_ = std::max(static_cast<double>(padded_w_) * s + sheets_x_, static_cast<double>(tags_.input));
    weight_w_ = std::max({kw + sheets_w_, static_cast<double>(tags_.weight), below ? sum_width() : 0.0});
    if (below) weight_w_ = std::max(weight_w_, static_cast<double>(tags_.products));
    product_w_ = beside ? std::max({kw, static_cast<double>(tags_.products), sum_width()}) + 20 * u_ : 0;
    bias_w_ = plan_.bias ? std::max(s, static_cast<double>(tags_.bias)) + sign_ : 0;
    output_w_ = std::max(static_cast<double>(plan_.out.w) * s + sheets_y_, static_cast<double>(tags_.output));

    const double inputs_h = tag_ + stacked(layout_.input_count, row_h_);
    const double outputs_h = tag_ + stacked(layout_.output_count, output_h_);
    if (options_.portrait) {
      const double middle_w = sign_ + weight_w_ + product_w_ + bias_w_ + equals_;
      middle_h_ = tag_ + stacked(layout_.weight_count, weight_h_);
      size_ = {std::max({input_w_, middle_w, output_w_}), inputs_h + middle_h_ + outputs_h + 2 * row_gap_};
    } else {
      const double weights_h = tag_ + (layout_.input_stacked ? weight_h_ : stacked(layout_.input_count, row_h_));
      size_ = {input_w_ + sign_ + weight_w_ + product_w_ + bias_w_ + equals_ + output_w_,
               std::max({inputs_h, outputs_h, weights_h})};
    }
    return size_;
  }

  SlidingLayout place(const Box& content) {
    SlidingLayout& l = layout_;
    l.pitch = s_;
    const double cx = static_cast<double>(content.x0 + content.x1) / 2;
    const double cy = static_cast<double>(content.y0 + content.y1) / 2;
    double x = cx - size_.w / 2;
    if (options_.portrait) {
      double y = cy - size_.h / 2;
      place_inputs(cx - input_w_ / 2, y);
      y += tag_ + stacked(l.input_count, row_h_) + row_gap_;
      const double middle_w = sign_ + weight_w_ + product_w_ + bias_w_ + equals_;
      place_middle(cx - middle_w / 2, y, y + tag_ + (middle_h_ - tag_) / 2, true);
      y += middle_h_ + row_gap_;
      place_outputs(cx - output_w_ / 2, y);
      return l;
    }
    const double inputs_h = tag_ + stacked(l.input_count, row_h_);
    const double inputs_y = cy - inputs_h / 2;
    place_inputs(x, inputs_y);
    x += input_w_;
    place_middle(x, inputs_y, cy + tag_ / 2, false);
    x += sign_ + weight_w_ + product_w_ + bias_w_ + equals_;
    place_outputs(x, cy - (tag_ + stacked(l.output_count, output_h_)) / 2);
    return l;
  }

 private:
  double sheet_room(int64_t count) const {
    return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }
  double stacked(int count, double each) const { return count * each + (count - 1) * row_gap_; }
  double sum_width() const { return 92 * u_; }

  Grid grid(double x, double y, int64_t row0, int64_t col0, int64_t rows, int64_t cols) const {
    return {x, y, s_, row0, col0, rows, cols};
  }

  void place_inputs(double x, double y) {
    for (int i = 0; i < layout_.input_count; ++i) {
      const double top = y + tag_ + i * (row_h_ + row_gap_) + (row_h_ - input_h_) / 2;
      layout_.inputs[i] = grid(x, top + label_ + sheets_x_, -plan_.pads.top, -plan_.pads.left, padded_h_, padded_w_);
    }
  }

  // The kernel, the products, the bias and the signs; `axis` is the line that single things stand on.
  void place_middle(double x, double y, double axis, bool portrait) {
    SlidingLayout& l = layout_;
    const double kw = static_cast<double>(plan_.kernel.w) * s_, kh = static_cast<double>(plan_.kernel.h) * s_;
    l.times_x = x + sign_ / 2;
    l.times_y = axis;
    x += sign_;
    for (int i = 0; i < l.weight_count; ++i) {
      const double pitch = portrait ? weight_h_ + row_gap_ : row_h_ + row_gap_;
      const int row = portrait ? i : i + first_weight_;
      const double room = portrait ? weight_h_ : row_h_;
      const double top = y + tag_ + row * pitch + (room - weight_h_) / 2;
      l.weights[i] = grid(x + std::max(0.0, (weight_w_ - kw - sheets_w_) / 2), top + label_ + sheets_w_, 0, 0,
                          plan_.kernel.h, plan_.kernel.w);
      double sum_top = top + label_ + sheets_w_ + kh;
      double sum_middle = l.weights[i].x + kw / 2;
      if (options_.products == Options::Products::below) {
        l.product_grids[i] = grid(l.weights[i].x, sum_top + product_label_, 0, 0, plan_.kernel.h, plan_.kernel.w);
        sum_top += product_label_ + kh;
      } else if (options_.products == Options::Products::beside) {
        const double left = x + weight_w_ + 20 * u_;
        l.product_grids[i] = grid(left + std::max(0.0, (product_w_ - 20 * u_ - kw) / 2), l.weights[i].y, 0, 0,
                                  plan_.kernel.h, plan_.kernel.w);
        sum_middle = l.product_grids[i].x + kw / 2;
      }
      l.sum_x[i] = static_cast<float>(sum_middle);
      l.sum_y[i] = static_cast<float>(sum_top + sum_ / 2 + 2 * u_);
    }
    x += weight_w_ + product_w_;
    if (plan_.bias) {
      l.plus_x = x + sign_ / 2;
      l.plus_y = axis;
      const double room = bias_w_ - sign_;
      l.bias = grid(x + sign_ + (room - s_) / 2, axis - s_ / 2, 0, 0, 1, 1);
      x += bias_w_;
    }
    l.equals_x = x + equals_ / 2;
    l.equals_y = axis;
  }

  void place_outputs(double x, double y) {
    for (int i = 0; i < layout_.output_count; ++i) {
      layout_.outputs[i] =
          grid(x, y + tag_ + i * (output_h_ + row_gap_) + label_ + sheets_y_, 0, 0, plan_.out.h, plan_.out.w);
    }
  }

  const ConvPlan& plan_;
  const Tags& tags_;
  Options options_;
  double u_;
  SlidingLayout layout_;
  int first_weight_ = 0;
  int64_t padded_h_ = 0, padded_w_ = 0;
  double s_ = 0, label_ = 0, tag_ = 0, sign_ = 0, equals_ = 0, row_gap_ = 0, sum_ = 0, product_label_ = 0;
  double sheets_x_ = 0, sheets_y_ = 0, sheets_w_ = 0;
  double weight_h_ = 0, input_h_ = 0, row_h_ = 0, output_h_ = 0, middle_h_ = 0;
  double input_w_ = 0, weight_w_ = 0, product_w_ = 0, bias_w_ = 0, output_w_ = 0;
  Size size_;
};

// The largest pitch at which the placement fits; whole pixels, so that cells are crisp and alike.
double largest_pitch(Placement& placement, const Box& content, double limit) {
  double low = 0, high = limit;
  const auto fits = [&](double s) {
    const Size size = placement.measure(s);
    return size.w <= static_cast<double>(content.width()) && size.h <= static_cast<double>(content.height());
  };
  if (!fits(0)) return 0;
  if (fits(high)) return high;
  for (int i = 0; i < 24; ++i) {
    const double middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low >= 8 ? std::floor(low) : low;
}

}  // namespace

SlidingLayout sliding_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, int64_t group) {
  const Tags tags{name_tag_width(painter, "X", plan.input_shape(), stage.ui),
                  name_tag_width(painter, "W", plan.weight_shape(), stage.ui),
                  name_tag_width(painter, "Y", plan.output_shape(), stage.ui),
                  name_tag_width(painter, "b", plan.bias_shape(), stage.ui),
                  painter.width(tr(painter.request().language, "scene.products"), Face::sans, kLabelSize * stage.ui)};
  const double limit = 88.0 * static_cast<double>(stage.ui);
  SlidingLayout best;
  double best_score = 0;
  const bool many_inputs = plan.in_channels > kMaxShownChannels, many_outputs = plan.out_channels > kMaxShownChannels;
  for (const bool portrait : {false, true}) {
    for (const bool stacked : {false, true}) {
      if (stacked && plan.in_channels == 1 && plan.out_channels == 1) continue;
      if (!stacked && many_inputs && many_outputs) continue;
      for (const auto products : {Options::Products::below, Options::Products::beside, Options::Products::none}) {
        Options options;
        options.portrait = portrait;
        options.stack_inputs = many_inputs || (stacked && plan.in_channels > 1);
        options.stack_outputs = many_outputs || (stacked && plan.out_channels > 1);
        options.products = products;
        Placement placement(plan, stage, tags, options, group);
        const double pitch = largest_pitch(placement, stage.content, limit);
        if (pitch <= 0) continue;
        // Showing all channels and all products is worth smaller cells, as long as their numbers can be read.
        double score = std::min(pitch, limit * 0.75);
        if (products == Options::Products::none) score *= 0.75;
        if (stacked) score *= pitch < kMinNumberPitch * 1.4 ? 0.9 : 0.6;
        if (score > best_score) {
          best_score = score;
          placement.measure(pitch);
          best = placement.place(stage.content);
        }
      }
    }
  }
  return best;
}

}  // namespace convscope
