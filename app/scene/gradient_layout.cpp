#include "app/scene/gradient_layout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/scene/channel_tiles.h"

namespace convscope {
namespace {

enum class Arrangement : uint8_t {
  below,    // X W dY over dX dW db
  beside,   // X, dX, W over dW, dY over db
  upright,  // X dX over W dW over dY db
};

struct Options {
  Arrangement arrangement = Arrangement::below;
  bool stack_inputs = false, stack_outputs = false;
  int input_cols = 1, output_cols = 1, weight_cols = 1;
  double weight_scale = 1, output_scale = 1;  // of their pitches to the input's
  double least_weight_pitch = 0;              // of a picture whose input is too large for cells
};

struct Tags {
  double input, grad_input, weight, grad_weight, grad_output, grad_bias;
  double input_label, weight_label, output_label;
};

struct Size {
  double w = 0, h = 0;
};

class Placement {
 public:
  Placement(const ConvPlan& plan, const Stage& stage, const Tags& tags, const Options& options)
      : plan_(plan), tags_(tags), options_(options), u_(static_cast<double>(stage.ui)) {
    GradientLayout& l = layout_;
    l.input_stacked = options.stack_inputs;
    l.output_stacked = options.stack_outputs;
    l.input_count = l.input_stacked ? 1 : static_cast<int>(plan.in_channels);
    l.output_count = l.output_stacked ? 1 : static_cast<int>(plan.out_channels);
    l.weight_count = l.input_stacked ? 1 : static_cast<int>(plan.channels_per_group());
    l.labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    rows_ = plan.in.h + plan.pads.top + plan.pads.bottom;
    cols_ = plan.in.w + plan.pads.left + plan.pads.right;
    label_ = l.labels ? static_cast<double>(kLabelHeight) * u_ : 0;
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    gap_ = 14 * u_;
    between_ = 40 * u_;
    line_gap_ = 10 * u_;
    sheets_x_ = l.input_stacked ? sheet_room(plan.in_channels) : 0;
    sheets_y_ = l.output_stacked ? sheet_room(plan.out_channels) : 0;
    sheets_w_ = sheet_room(plan.out_channels);
    x_ = {l.input_count, options.input_cols, 0, 0, gap_};
    y_ = {l.output_count, options.output_cols, 0, 0, gap_};
    w_ = {l.weight_count, options.weight_cols, 0, 0, gap_};
  }

  double weight_pitch() const { return sw_; }
  double output_pitch() const { return sy_; }

  Size measure(double s) {
    s_ = s;
    sw_ = std::max(whole_pixels(s * options_.weight_scale), options_.least_weight_pitch);
    sy_ = whole_pixels(s * options_.output_scale);
    x_.tile_w = std::max(static_cast<double>(cols_) * s + sheets_x_, tags_.input_label);
    x_.tile_h = label_ + sheets_x_ + static_cast<double>(rows_) * s;
    y_.tile_w = std::max(static_cast<double>(plan_.out.w) * sy_ + sheets_y_, tags_.output_label);
    y_.tile_h = label_ + sheets_y_ + static_cast<double>(plan_.out.h) * sy_;
    w_.tile_w = std::max(static_cast<double>(plan_.kernel.w) * sw_ + sheets_w_, tags_.weight_label);
    w_.tile_h = label_ + sheets_w_ + static_cast<double>(plan_.kernel.h) * sw_;
    bias_h_ = plan_.bias ? label_ + sw_ : 0;
    bias_w_ = plan_.bias ? std::max(sw_, tags_.grad_bias) : 0;
    const double input_w = std::max(x_.width(), tags_.input), grad_w = std::max(x_.width(), tags_.grad_input);
    const double weight_w = std::max(w_.width(), tags_.weight), weight_grad_w = std::max(w_.width(), tags_.grad_weight);
    const double output_w = std::max(y_.width(), tags_.grad_output);
    const double params = 2 * tag_ + 2 * w_.height() + line_gap_;
    const double outputs = tag_ + y_.height() + (plan_.bias ? line_gap_ + tag_ + bias_h_ : 0);
    switch (options_.arrangement) {
      case Arrangement::below:
        columns_ = {std::max(input_w, grad_w), std::max(weight_w, weight_grad_w), std::max(output_w, bias_w_)};
        lines_ = {tag_ + std::max({x_.height(), w_.height(), y_.height()}),
                  tag_ + std::max({x_.height(), w_.height(), bias_h_}), 0};
        break;
      case Arrangement::beside:
        columns_ = {input_w + between_ + grad_w, std::max(weight_w, weight_grad_w), std::max(output_w, bias_w_)};
        lines_ = {std::max({tag_ + x_.height(), params, outputs}), 0, 0};
        break;
      case Arrangement::upright:
        columns_ = {std::max({input_w, weight_w, output_w}), std::max({grad_w, weight_grad_w, bias_w_}), 0};
        lines_ = {tag_ + x_.height(), tag_ + w_.height(), tag_ + std::max(y_.height(), bias_h_)};
        break;
    }
    const auto sum = [](const std::array<double, 3>& parts, double gap) {
      double all = 0;
      for (double part : parts) all += part > 0 ? part + (all > 0 ? gap : 0) : 0;
      return all;
    };
    size_ = {sum(columns_, between_), sum(lines_, line_gap_)};
    return size_;
  }

  GradientLayout place(const Box& content) {
    layout_.pitch = s_;
    const double left = static_cast<double>(content.x0 + content.x1) / 2 - size_.w / 2;
    const double top = static_cast<double>(content.y0 + content.y1) / 2 - size_.h / 2;
    const double second = left + columns_[0] + between_, third = second + columns_[1] + between_;
    if (options_.arrangement == Arrangement::below) {
      const double below = top + lines_[0] + line_gap_;
      place_inputs(layout_.inputs, left, top);
      place_weights(layout_.weights, second, top);
      place_outputs(third, top);
      place_inputs(layout_.grad_inputs, left, below);
      place_weights(layout_.grad_weights, second, below);
      place_bias(third, below);
    } else if (options_.arrangement == Arrangement::beside) {
      const double middle = top + size_.h / 2;
      const double inputs = middle - (tag_ + x_.height()) / 2;
      place_inputs(layout_.inputs, left, inputs);
      place_inputs(layout_.grad_inputs, left + std::max(x_.width(), tags_.input) + between_, inputs);
      const double weights = middle - (2 * tag_ + 2 * w_.height() + line_gap_) / 2;
      place_weights(layout_.weights, second, weights);
      place_weights(layout_.grad_weights, second, weights + tag_ + w_.height() + line_gap_);
      const double outputs = middle - (tag_ + y_.height() + (plan_.bias ? line_gap_ + tag_ + bias_h_ : 0)) / 2;
      place_outputs(third, outputs);
      place_bias(third, outputs + tag_ + y_.height() + line_gap_);
    } else {
      const double weights = top + lines_[0] + line_gap_, outputs = weights + lines_[1] + line_gap_;
      place_inputs(layout_.inputs, left, top);
      place_inputs(layout_.grad_inputs, second, top);
      place_weights(layout_.weights, left, weights);
      place_weights(layout_.grad_weights, second, weights);
      place_outputs(left, outputs);
      place_bias(second, outputs);
    }
    return layout_;
  }

 private:
  double sheet_room(int64_t count) const {
    return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }

  // Each at the upper left corner of its block, the name tag included.
  void place_inputs(Grid* grids, double left, double top) {
    for (int i = 0; i < layout_.input_count; ++i) {
      grids[i] = {
          left + x_.x(i), top + tag_ + x_.y(i) + label_ + sheets_x_, s_, -plan_.pads.top, -plan_.pads.left, rows_,
          cols_};
    }
  }
  void place_weights(Grid* grids, double left, double top) {
    for (int i = 0; i < layout_.weight_count; ++i) {
      grids[i] = {left + w_.x(i), top + tag_ + w_.y(i) + label_ + sheets_w_, sw_, 0, 0, plan_.kernel.h, plan_.kernel.w};
    }
  }
  void place_outputs(double left, double top) {
    for (int i = 0; i < layout_.output_count; ++i) {
      layout_.outputs[i] = {left + y_.x(i), top + tag_ + y_.y(i) + label_ + sheets_y_, sy_, 0, 0, plan_.out.h,
                            plan_.out.w};
    }
  }
  void place_bias(double left, double top) { layout_.grad_bias = {left, top + tag_ + label_, sw_, 0, 0, 1, 1}; }

  const ConvPlan& plan_;
  const Tags& tags_;
  Options options_;
  double u_;
  GradientLayout layout_;
  int64_t rows_ = 0, cols_ = 0;
  double s_ = 0, sw_ = 0, sy_ = 0;
  double label_ = 0, tag_ = 0, gap_ = 0, between_ = 0, line_gap_ = 0;
  double sheets_x_ = 0, sheets_y_ = 0, sheets_w_ = 0, bias_h_ = 0, bias_w_ = 0;
  ChannelTiles x_, w_, y_;
  std::array<double, 3> columns_{}, lines_{};
  Size size_;
};

GradientLayout search(const ConvPlan& plan, const Stage& stage, const Painter& painter, const GradientRanges& ranges) {
  const auto wide = [](float width) { return static_cast<double>(width); };
  const float ui = stage.ui;
  const auto tag = [&](std::string_view name, const Shape& shape, std::string_view words) {
    const float width = name_tag_width(painter, name, shape, ui);
    const float more = words.empty() ? 0 : 8 * ui + painter.width(words, Face::sans, kLabelSize * ui);
    return wide(width + more);
  };
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const auto label = [&](int64_t first, int64_t second, int64_t count) {
    // Three characters more at most: "dX[0, 1]  1 / 4".
    const float digit = painter.width("d", Face::mono, kLabelSize * ui);
    return labels ? wide(stack_label_width(painter, 'W', first - 1, second - 1, count, ui) + digit) : 0.0;
  };
  const Tags tags{tag("X", plan.input_shape(), {}),
                  tag("dX", plan.input_shape(), kAddsToInput),
                  tag("W", plan.weight_shape(), {}),
                  tag("dW", plan.weight_shape(), kAddsToWeight),
                  tag("dY", plan.output_shape(), {}),
                  tag("db", plan.bias_shape(), kAddsToBias),
                  label(plan.batch, plan.in_channels, plan.in_channels),
                  label(plan.out_channels, plan.channels_per_group(), plan.out_channels),
                  label(plan.batch, plan.out_channels, plan.out_channels)};
  const auto u = static_cast<double>(ui);
  const double limit = 72.0 * u;
  const float least = 0.9f * kMinNumberSize * std::max(1.0f, ui);
  const auto legible = [&](const NumberRange& range, double pitch) {
    const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
    const NumberStyle style = painter.fit(range, cell, cell);
    if (!style.drawn()) return 0.0;
    const double detail = range.integral || style.scientific || style.decimals >= 2 ? 1 : 0.8;
    return style.size < least ? 0.5 * detail : detail;
  };
  const bool is_upright = stage.content.height() > 1.05f * stage.content.width();
  GradientLayout best;
  double best_score = 0;
  const auto try_options = [&](const Options& options) {
    Placement placement(plan, stage, tags, options);
    const double pitch = largest_pitch(placement, stage.content, limit);
    if (pitch <= 0) return;
    placement.measure(pitch);
    double score = std::min(pitch, limit * 0.75);
    if (options.stack_inputs && plan.in_channels <= kMaxShownChannels) score *= 0.3;
    if (options.stack_outputs && plan.out_channels <= kMaxShownChannels) score *= 0.6;
    score *= 0.1 + 0.45 * legible(ranges.input, pitch) + 0.45 * legible(ranges.grad_input, pitch);
    score *= 0.2 + 0.8 * legible(ranges.grad_output, placement.output_pitch());
    score *= 0.2 + 0.4 * legible(ranges.weight, placement.weight_pitch()) +
             0.4 * legible(ranges.grad_weight, placement.weight_pitch());
    if (options.weight_scale != 1) score *= 0.9;
    if (options.output_scale != 1) score *= 0.94;
    if (options.least_weight_pitch > 0) score *= 0.8;
    // A gradient right below its tensor is found at once.
    if (options.arrangement == Arrangement::beside) score *= 0.9;
    if ((options.arrangement == Arrangement::upright) != is_upright) score *= 0.9;
    if (score <= best_score) return;
    best_score = score;
    best = placement.place(stage.content);
  };
  const auto shown = [](int64_t channels) { return channels <= kMaxShownChannels ? static_cast<int>(channels) : 0; };
  const int inputs = shown(plan.in_channels), outputs = shown(plan.out_channels);
  Options options;
  for (const Arrangement arrangement : {Arrangement::below, Arrangement::beside, Arrangement::upright}) {
    options.arrangement = arrangement;
    for (int x = inputs == 1 ? 1 : 0; x <= inputs; ++x) {
      options.stack_inputs = x == 0;
      options.input_cols = std::max(1, x);
      const int slices = x == 0 ? 1 : static_cast<int>(plan.channels_per_group());
      for (int y = outputs == 1 ? 1 : 0; y <= outputs; ++y) {
        options.stack_outputs = y == 0;
        options.output_cols = std::max(1, y);
        for (int w = 1; w <= slices; ++w) {
          options.weight_cols = w;
          for (const double weight_scale : {1.0, 1.25, 1.5}) {
            options.weight_scale = weight_scale;
            for (const double output_scale : {1.0, 1.25, 1.5, 1.8}) {
              options.output_scale = output_scale;
              options.least_weight_pitch = 0;
              try_options(options);
              if (weight_scale != 1) continue;
              for (const double pitch : {12 * u, 18 * u, 24 * u, 34 * u, 44 * u}) {
                options.least_weight_pitch = pitch;
                try_options(options);
              }
            }
          }
        }
      }
    }
  }
  return best;
}

}  // namespace

const GradientLayout& gradient_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter,
                                      const GradientRanges& ranges) {
  struct Kept {
    LayoutKey key;
    GradientRanges ranges;
    GradientLayout layout;
  };
  thread_local std::array<Kept, 4> kept;
  thread_local size_t next = 0;
  const LayoutKey key = layout_key(plan, stage, painter, 0, {});
  for (const Kept& one : kept) {
    if (one.key == key && one.ranges == ranges) return one.layout;
  }
  Kept& one = kept[next];
  next = (next + 1) % kept.size();
  one = {key, ranges, search(plan, stage, painter, ranges)};
  return one.layout;
}

}  // namespace convscope
