#include "app/scene/sliding_layout.h"
#include "app/scene/channel_tiles.h"
#include "app/scene/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace convscope {
namespace {

enum class Products : uint8_t { none, below, beside };

struct Options {
  bool portrait = false;
  bool stack_inputs = false, stack_outputs = false;
  int input_cols = 1, output_cols = 1, weight_cols = 1;  // of channels
  Products products = Products::none;
  double weight_scale = 1, output_scale = 1;  // of their pitches to the input's
};

struct Tags {
  double input, weight, output, bias, products, channel_sum;
  double input_label[2];  // "X[0, 1]", and on a stack
  double weight_label;
  double output_label[2];
};

struct Size {
  double w = 0, h = 0;
};

class Placement {
 public:
  Placement(const ConvPlan& plan, const Stage& stage, const Tags& tags, const Options& options, int64_t group,
            const LayoutWishes& wishes)
      : plan_(plan), tags_(tags), options_(options), u_(static_cast<double>(stage.ui)) {
    SlidingLayout& l = layout_;
    l.input_stacked = options.stack_inputs;
    l.output_stacked = options.stack_outputs;
    l.input_count = l.input_stacked ? 1 : static_cast<int>(plan.in_channels);
    l.output_count = l.output_stacked ? 1 : static_cast<int>(plan.out_channels);
    l.weight_count = l.input_stacked ? 1 : static_cast<int>(plan.channels_per_group());
    l.products = options.products != Products::none;
    l.channel_sums = plan.bias || plan.channels_per_group() > 1 || wishes.sums;
    below_ = static_cast<double>(wishes.below_input);
    l.labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    padded_h_ = plan.in.h + plan.pads.top + plan.pads.bottom;
    padded_w_ = plan.in.w + plan.pads.left + plan.pads.right;
    // Slices stand beside their channels where there is a line for each.
    aligned_ = !options.portrait && !l.input_stacked && options.input_cols == 1 && options.weight_cols == 1;
    first_weight_ = aligned_ ? static_cast<int>(group * plan.channels_per_group()) : 0;
    label_ = l.labels ? static_cast<double>(kLabelHeight) * u_ : 0;
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    sign_ = 44 * u_;
    equals_ = 68 * u_;
    gap_ = 14 * u_;
    sum_ = l.channel_sums ? 24 * u_ : 0;
    product_label_ = 24 * u_;
    sheets_x_ = l.input_stacked ? sheet_room(plan.in_channels) : 0;
    sheets_y_ = l.output_stacked ? sheet_room(plan.out_channels) : 0;
    sheets_w_ = sheet_room(plan.out_channels);
    x_ = {l.input_count, options.input_cols, 0, 0, gap_};
    y_ = {l.output_count, options.output_cols, 0, 0, gap_};
    w_ = {aligned_ ? l.input_count : l.weight_count, options.weight_cols, 0, 0, gap_};
  }

  Size measure(double s) {
    s_ = s;
    sw_ = whole_pixels(s * options_.weight_scale);
    sy_ = whole_pixels(s * options_.output_scale);
    const double kw = static_cast<double>(plan_.kernel.w) * sw_, kh = static_cast<double>(plan_.kernel.h) * sw_;
    const bool below = options_.products == Products::below, beside = options_.products == Products::beside;
    x_.tile_w =
        std::max(static_cast<double>(padded_w_) * s + sheets_x_, tags_.input_label[layout_.input_stacked ? 1 : 0]);
    x_.tile_h = label_ + sheets_x_ + static_cast<double>(padded_h_) * s + below_;
    y_.tile_w = std::max(static_cast<double>(plan_.out.w) * sy_ + sheets_y_,
                         tags_.output_label[layout_.output_stacked ? 1 : 0]);
    y_.tile_h = label_ + sheets_y_ + static_cast<double>(plan_.out.h) * sy_ + below_;
    // A slice, its products and its sum.
    const double sum_w = layout_.channel_sums ? tags_.channel_sum : 0;
    if (beside) {
      w_.tile_w = std::max(kw + sheets_w_, tags_.weight_label) + 20 * u_ + std::max({kw, tags_.products, sum_w});
    } else {
      w_.tile_w = std::max({kw + sheets_w_, tags_.weight_label, sum_w, below ? tags_.products : 0.0});
    }
    slice_h_ = label_ + sheets_w_ + kh + (below ? product_label_ + kh : 0) + sum_;
    w_.tile_h = slice_h_;
    if (aligned_) w_.tile_h = x_.tile_h = std::max(slice_h_, x_.tile_h);

    input_w_ = std::max(x_.width(), tags_.input);
    weight_w_ = std::max(w_.width(), tags_.weight);
    output_w_ = std::max(y_.width(), tags_.output);
    bias_w_ = plan_.bias ? std::max(sw_, tags_.bias) + sign_ : 0;
    middle_w_ = sign_ + weight_w_ + bias_w_ + equals_;
    if (options_.portrait) {
      // As in written arithmetic: each line begins with its sign; the blocks stand in the middle.
      size_ = {std::max({input_w_, weight_w_ + bias_w_ + 2 * sign_, output_w_ + 2 * sign_}),
               3 * tag_ + x_.height() + w_.height() + y_.height() + 2 * gap_};
    } else {
      size_ = {input_w_ + middle_w_ + output_w_, tag_ + std::max({x_.height(), w_.height(), y_.height()})};
    }
    return size_;
  }

  SlidingLayout place(const Box& content) {
    layout_.pitch = s_;
    const double cx = static_cast<double>(content.x0 + content.x1) / 2;
    const double cy = static_cast<double>(content.y0 + content.y1) / 2;
    if (options_.portrait) {
      const double top = cy - size_.h / 2 + tag_;
      place_inputs(cx - input_w_ / 2, top);
      place_middle(cx - (weight_w_ + bias_w_) / 2 - sign_, top + x_.height() + gap_ + tag_);
      const double output_top = top + x_.height() + w_.height() + 2 * (gap_ + tag_);
      place_outputs(cx - output_w_ / 2, output_top);
      layout_.equals_x = cx - output_w_ / 2 - sign_ / 2;
      layout_.equals_y = output_top + y_.height() / 2;
    } else {
      const double left = cx - size_.w / 2, axis = cy + tag_ / 2;
      place_inputs(left, axis - x_.height() / 2);
      place_middle(left + input_w_, axis - w_.height() / 2);
      place_outputs(left + input_w_ + middle_w_, axis - y_.height() / 2);
    }
    return layout_;
  }

 private:
  double sheet_room(int64_t count) const {
    return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }

  // Blocks start below their name tag, at `top`.
  void place_inputs(double left, double top) {
    const double spare = x_.tile_h - (label_ + sheets_x_ + static_cast<double>(padded_h_) * s_ + below_);
    for (int i = 0; i < layout_.input_count; ++i) {
      layout_.inputs[i] = {left + x_.x(i),
                           top + x_.y(i) + spare / 2 + label_ + sheets_x_,
                           s_,
                           -plan_.pads.top,
                           -plan_.pads.left,
                           padded_h_,
                           padded_w_};
    }
  }

  // The kernel, the products, the bias and the signs.
  void place_middle(double x, double top) {
    SlidingLayout& l = layout_;
    const double axis = top + w_.height() / 2;
    const double kw = static_cast<double>(plan_.kernel.w) * sw_, kh = static_cast<double>(plan_.kernel.h) * sw_;
    l.times_x = x + sign_ / 2;
    l.times_y = axis;
    x += sign_;
    for (int i = 0; i < l.weight_count; ++i) {
      const int tile = i + first_weight_;
      const double left = x + w_.x(tile);
      const double y = top + w_.y(tile) + (w_.tile_h - slice_h_) / 2 + label_ + sheets_w_;
      l.weights[i] = {left, y, sw_, 0, 0, plan_.kernel.h, plan_.kernel.w};
      double sum_x = left, sum_y = y + kh;
      if (options_.products == Products::below) {
        l.product_grids[i] = {left, y + kh + product_label_, sw_, 0, 0, plan_.kernel.h, plan_.kernel.w};
        sum_y += product_label_ + kh;
      } else if (options_.products == Products::beside) {
        sum_x = left + std::max(kw + sheets_w_, tags_.weight_label) + 20 * u_;
        l.product_grids[i] = {sum_x, y, sw_, 0, 0, plan_.kernel.h, plan_.kernel.w};
      }
      l.sum_x[i] = static_cast<float>(sum_x);
      l.sum_y[i] = static_cast<float>(sum_y + sum_ / 2 + 2 * u_);
    }
    x += weight_w_;
    if (plan_.bias) {
      l.plus_x = x + sign_ / 2;
      l.plus_y = axis;
      l.bias = {x + sign_, axis - sw_ / 2, sw_, 0, 0, 1, 1};
      x += bias_w_;
    }
    l.equals_x = x + equals_ / 2;
    l.equals_y = axis;
  }

  void place_outputs(double left, double top) {
    for (int i = 0; i < layout_.output_count; ++i) {
      layout_.outputs[i] = {left + y_.x(i), top + y_.y(i) + label_ + sheets_y_, sy_, 0, 0, plan_.out.h, plan_.out.w};
    }
  }

  const ConvPlan& plan_;
  const Tags& tags_;
  Options options_;
  double u_;
  SlidingLayout layout_;
  bool aligned_ = false;
  int first_weight_ = 0;
  int64_t padded_h_ = 0, padded_w_ = 0;
  double s_ = 0, sw_ = 0, sy_ = 0;  // pitches of input, kernel and output
  double label_ = 0, tag_ = 0, sign_ = 0, equals_ = 0, gap_ = 0, sum_ = 0, product_label_ = 0;
  double sheets_x_ = 0, sheets_y_ = 0, sheets_w_ = 0, slice_h_ = 0, below_ = 0;
  ChannelTiles x_, w_, y_;
  double input_w_ = 0, weight_w_ = 0, bias_w_ = 0, middle_w_ = 0, output_w_ = 0;
  Size size_;
};

// How well numbers can be read in cells of a pitch, 0 to 1.
class Legibility {
 public:
  Legibility(const Painter& painter, const Stage& stage, const LayoutNumbers& numbers)
      : painter_(painter),
        least_(0.9f * kMinNumberSize * std::max(1.0f, stage.ui)),
        numbers_(numbers),
        products_(products_of(numbers.input, numbers.weight)) {}

  double input(double pitch) const { return of(numbers_.input, pitch); }
  double weight(double pitch) const { return of(numbers_.weight, pitch); }
  double products(double pitch) const { return of(products_, pitch); }
  double output(double pitch) const { return of(numbers_.output, pitch); }

 private:
  double of(const NumberRange& range, double pitch) const {
    const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
    const NumberStyle style = painter_.fit(range, cell, cell);
    if (!style.drawn()) return 0;
    const double detail = range.integral || style.scientific || style.decimals >= 2 ? 1 : 0.8;
    return style.size < least_ ? 0.5 * detail : detail;
  }

  const Painter& painter_;
  float least_;
  const LayoutNumbers& numbers_;
  NumberRange products_;
};

SlidingLayout search(const ConvPlan& plan, const Stage& stage, const Painter& painter, int64_t group,
                     const LayoutNumbers& numbers, const LayoutWishes& wishes) {
  const auto wide = [](float width) { return static_cast<double>(width); };
  const Language language = painter.request().language;
  // "sum over 16 channels" is measured with a number as long as they get.
  thread_local std::string sum_words;
  sum_words.clear();
  append_channel_sum(sum_words, language, plan.channels_per_group() > kMaxShownChannels ? plan.channels_per_group() : 1,
                     -0.00001);
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const auto label = [&](int64_t first, int64_t second, int64_t count) {
    return labels ? wide(stack_label_width(painter, 'W', first - 1, second - 1, count, stage.ui)) : 0.0;
  };
  const Tags tags{
      wide(name_tag_width(painter, "X", plan.input_shape(), stage.ui)),
      wide(std::max(wishes.middle_tag_width, name_tag_width(painter, "W", plan.weight_shape(), stage.ui))),
      wide(name_tag_width(painter, "Y", plan.output_shape(), stage.ui)),
      wide(name_tag_width(painter, "b", plan.bias_shape(), stage.ui)),
      wide(painter.width(words_of(language, "scene.products"), Face::sans, kLabelSize * stage.ui)),
      wide(std::max(wishes.sum_width, painter.width(sum_words, Face::sans, kSumSize * stage.ui))),
      {label(plan.batch, plan.in_channels, 1), label(plan.batch, plan.in_channels, plan.in_channels)},
      std::max(label(plan.out_channels, plan.channels_per_group(), plan.out_channels), wide(wishes.middle_tag_width)),
      {label(plan.batch, plan.out_channels, 1), label(plan.batch, plan.out_channels, plan.out_channels)}};
  const auto u = static_cast<double>(stage.ui);
  const double limit = 88.0 * u;
  const Legibility legible(painter, stage, numbers);
  const double aspect =
      static_cast<double>(stage.content.width()) / std::max(1.0, static_cast<double>(stage.content.height()));
  SlidingLayout best;
  double best_score = 0;
  // The score of what an arrangement shows at a pitch.
  const auto score_of = [&](const Options& options, double pitch) {
    // Showing all channels and all products is worth smaller cells, as long as their numbers can be read.
    double score = std::min(pitch, limit * 0.75);
    const double kernel = pitch * options.weight_scale;
    score *= options.products == Products::none ? 0.64 : 0.6 + 0.4 * legible.products(kernel);
    if (options.stack_inputs && plan.in_channels <= kMaxShownChannels) score *= 0.25;
    if (options.stack_outputs && plan.out_channels <= kMaxShownChannels) score *= 0.6;
    if (pitch < 22 * u) score *= 0.6;
    score *= 0.1 + 0.9 * legible.input(pitch);
    score *= 0.2 + 0.8 * legible.output(pitch * options.output_scale);
    score *= 0.4 + 0.6 * legible.weight(kernel);
    // One scale is best: a window is as large as its kernel.
    if (options.weight_scale != 1) score *= 0.88;
    if (options.output_scale != 1) score *= 0.94;
    // The reading direction changes for a reason only, not when a padding grows by a cell.
    if (options.portrait ? aspect > 1.05 : aspect < 0.8) score *= 0.8;
    return score;
  };
  const auto try_options = [&](const Options& options) {
    Placement placement(plan, stage, tags, options, group, wishes);
    const double pitch = largest_pitch(placement, stage.content, limit);
    if (pitch <= 0) return;
    const double score = score_of(options, pitch);
    if (score <= best_score) return;
    best_score = score;
    placement.measure(pitch);
    best = placement.place(stage.content);
  };
  const auto shown = [](int64_t channels) { return channels <= kMaxShownChannels ? static_cast<int>(channels) : 0; };
  const int inputs = shown(plan.in_channels), outputs = shown(plan.out_channels);
  // 0 columns: on a stack.
  Options options;
  for (const bool portrait : {false, true}) {
    options.portrait = portrait;
    for (int x = inputs == 1 ? 1 : 0; x <= inputs; ++x) {
      options.stack_inputs = x == 0;
      options.input_cols = std::max(1, x);
      const int slices = x == 0 ? 1 : static_cast<int>(plan.channels_per_group());
      for (int y = outputs == 1 ? 1 : 0; y <= outputs; ++y) {
        options.stack_outputs = y == 0;
        options.output_cols = std::max(1, y);
        for (int w = 1; w <= slices; ++w) {
          options.weight_cols = w;
          for (const Products products : {Products::below, Products::beside, Products::none}) {
            if (products != Products::none && !wishes.products) continue;
            options.products = products;
            for (const double weight_scale : {1.0, 1.25, 1.5}) {
              options.weight_scale = weight_scale;
              for (const double output_scale : {1.0, 1.25, 1.5, 1.8}) {
                options.output_scale = output_scale;
                try_options(options);
              }
            }
          }
        }
      }
    }
  }
  // One strip under the other: y[t] stands under x[t] where there is one for each.
  Grid& y = best.outputs[0];
  const Grid& x = best.inputs[0];
  if (plan.dims == 1 && best.input_count == 1 && best.output_count == 1 && plan.out.w == plan.in.w &&
      y.pitch == x.pitch && y.y > x.y + x.pitch) {
    best.equals_x += x.left(0) - y.x;
    y.x = x.left(0);
  }
  return best;
}

}  // namespace

const SlidingLayout& sliding_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, int64_t group,
                                    const LayoutNumbers& numbers, const LayoutWishes& wishes) {
  // The search takes milliseconds, a frame of a clip a fraction of one: the layouts of the last groups are kept.
  struct Kept {
    LayoutKey key;
    LayoutWishes wishes;
    SlidingLayout layout;
  };
  thread_local std::array<Kept, 8> kept;
  thread_local size_t next = 0;
  // Which group it is matters only where its channels stand beside the others, none where they are stacked.
  if (plan.in_channels > kMaxShownChannels) group = 0;
  const LayoutKey key = layout_key(plan, stage, painter, group, numbers);
  for (const Kept& one : kept) {
    if (one.key == key && one.wishes == wishes) return one.layout;
  }
  Kept& one = kept[next];
  next = (next + 1) % kept.size();
  one = {key, wishes, search(plan, stage, painter, group, numbers, wishes)};
  return one.layout;
}

}  // namespace convscope
