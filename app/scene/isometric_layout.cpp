#include "app/scene/isometric_layout.h"

#include <algorithm>

#include "app/scene/channel_tiles.h"

namespace convscope {
namespace {

constexpr double kFoldDepth = 1.5;  // what a fold takes more of the depth than a sheet

struct Size {
  double w = 0, h = 0;
};

// Depth of the farthest sheet of any stack of so many channels of which `lit` matter at a time.
double deepest(int64_t channels, int64_t lit, int most) {
  if (channels <= most) return static_cast<double>(channels - 1);
  const int folds = lit >= channels ? 1 : lit > most - 2 ? 3 : 2;
  return most - 1 + folds * kFoldDepth;
}

class Placement {
 public:
  Placement(const ConvPlan& plan, const Stage& stage, const Painter& painter, double output_scale, double weight_scale)
      : plan_(plan), stage_(stage), output_scale_(output_scale), weight_scale_(weight_scale) {
    u_ = static_cast<double>(stage.ui);
    const auto wide = [](float width) { return static_cast<double>(width); };
    tag_x_ = wide(name_tag_width(painter, "X", plan.input_shape(), stage.ui));
    tag_y_ = wide(name_tag_width(painter, "Y", plan.output_shape(), stage.ui));
    tag_w_ = wide(name_tag_width(painter, "W", plan.weight_shape(), stage.ui)) + 14 * u_;
    labels_ = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    const auto label = [&](char name, int64_t first, int64_t channels) {
      return labels_ ? wide(index_label_width(painter, name, first, channels - 1, stage.ui)) + 6 * u_ : 0.0;
    };
    label_x_ = label('X', plan.batch - 1, plan.in_channels);
    label_y_ = label('Y', plan.batch - 1, plan.out_channels);
    label_w_ = plan.out_channels > 1 ? wide(painter.width("W[000]", Face::mono, kLabelSize * stage.ui)) : 0;
    count_ = wide(painter.width("+ 0000", Face::sans, kLabelSize * stage.ui)) + 8 * u_;
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    depth_x_ = deepest(plan.in_channels, plan.channels_per_group(), kMaxSheets);
    depth_y_ = deepest(plan.out_channels, 1, kMaxSheets);
    depth_w_ = deepest(plan.channels_per_group(), plan.channels_per_group(), kMaxSlices);
  }

  Size measure(double s) {
    s_ = s;
    sy_ = s * output_scale_;
    sw_ = std::min(s * weight_scale_, 44 * u_);
    if (s < kMinNumberPitch) sw_ = weight_scale_ * 18 * u_;  // on a scale of its own
    const double widest =
        static_cast<double>(stage_.content.width()) - tag_w_ - (plan_.out_channels > 1 ? 2 * count_ : 0);
    if (plan_.dims == 1) sw_ = std::min(sw_, 0.7 * widest / static_cast<double>(plan_.kernel.w));
    high_x_ = s_ * tall(s_, padded_w_);
    high_y_ = sy_ * tall(sy_, static_cast<double>(plan_.out.w));
    high_w_ = sw_ * tall(sw_, static_cast<double>(plan_.kernel.w));
    offset_x_ = offset(padded_w_ * s, padded_h_ * high_x_, s, static_cast<double>(plan_.pads.right),
                       static_cast<double>(plan_.pads.top), depth_x_);
    offset_y_ =
        offset(static_cast<double>(plan_.out.w) * sy_, static_cast<double>(plan_.out.h) * high_y_, sy_, 0, 0, depth_y_);
    offset_w_ = offset(static_cast<double>(plan_.kernel.w) * sw_, static_cast<double>(plan_.kernel.h) * high_w_,
                       sw_ * 0.6, 0, 0, depth_w_);
    // Legends, below the label of the nearest sheet of Y.
    foot_ = std::min(s_, sy_) < kMinNumberPitch ? static_cast<double>(kLegendHeight + kLegendDrop) * u_ : 0;
    // The three rows: names, stacks, kernels.
    head_ = static_cast<double>(kNameTagHeight) * u_;
    input_w_ = std::max(padded_w_ * s + offset_x_.x * depth_x_, tag_x_);
    output_w_ = std::max(static_cast<double>(plan_.out.w) * sy_ + offset_y_.x * depth_y_, tag_y_);
    stack_h_ = std::max(padded_h_ * high_x_ + offset_x_.y * depth_x_,
                        static_cast<double>(plan_.out.h) * high_y_ + offset_y_.y * depth_y_);
    block_w_ = std::max(static_cast<double>(plan_.kernel.w) * sw_ + offset_w_.x * depth_w_, label_w_);
    block_h_ = static_cast<double>(plan_.kernel.h) * high_w_ + offset_w_.y * depth_w_;
    bias_ = plan_.bias ? 30 * u_ : 0;
    label_row_ = plan_.out_channels > 1 ? static_cast<double>(kLabelHeight) * u_ : 0;
    beam_ = std::max(64 * u_, (input_w_ + output_w_) * 0.14);
    const double room = static_cast<double>(stage_.content.width()) - tag_w_;
    const auto fitting = [&](double width) {
      return static_cast<int64_t>((width + kernel_gap()) / (block_w_ + kernel_gap()));
    };
    int64_t kernels = std::min<int64_t>({plan_.out_channels, kMaxKernels, fitting(room)});
    if (kernels < plan_.out_channels) kernels = std::min<int64_t>(kMaxKernels, fitting(room - 2 * count_));
    kernels_ = static_cast<int>(std::max<int64_t>(1, std::min(kernels, plan_.out_channels)));
    const double strip =
        tag_w_ + kernels_ * (block_w_ + kernel_gap()) - kernel_gap() + (kernels_ < plan_.out_channels ? 2 * count_ : 0);
    size_.w = std::max(label_x_ + input_w_ + beam_ + label_y_ + output_w_, strip);
    size_.h = head_ + stack_h_ + foot_ + strip_gap() + label_row_ + block_h_ + bias_;
    return size_;
  }

  IsometricLayout place() const {
    IsometricLayout l;
    const Box& content = stage_.content;
    const double spare_h = std::max(0.0, static_cast<double>(content.height()) - size_.h);
    const double top = static_cast<double>(content.y0) + spare_h * 0.4 + head_;
    const double width = label_x_ + input_w_ + beam_ + label_y_ + output_w_;
    // What is left over in the width goes between the two stacks, as far as that does not tear the picture apart.
    const double spare_w = std::max(0.0, static_cast<double>(content.width()) - width);
    const double beam = beam_ + std::min(spare_w, beam_ * 0.8);
    const double left = static_cast<double>(content.x0) +
                        (static_cast<double>(content.width()) - width - (beam - beam_)) / 2 + label_x_;
    l.pitch = s_;
    l.channel_labels = labels_;
    l.legends = foot_ > 0;
    const double in_h = padded_h_ * high_x_ + offset_x_.y * depth_x_;
    const double out_h = static_cast<double>(plan_.out.h) * high_y_ + offset_y_.y * depth_y_;
    l.input_top = top + (stack_h_ - in_h) / 2;
    l.input = {left,
               l.input_top + offset_x_.y * depth_x_,
               s_,
               -plan_.pads.top,
               -plan_.pads.left,
               plan_.in.h + plan_.pads.top + plan_.pads.bottom,
               plan_.in.w + plan_.pads.left + plan_.pads.right,
               high_x_ / s_};
    l.input_offset = offset_x_;
    l.output_top = top + (stack_h_ - out_h) / 2;
    l.output = {left + input_w_ + beam, l.output_top + offset_y_.y * depth_y_, sy_, 0, 0, plan_.out.h, plan_.out.w,
                high_y_ / sy_};
    l.output_offset = offset_y_;

    l.kernels = kernels_;
    l.folded = kernels_ < plan_.out_channels;
    l.kernel_step = block_w_ + kernel_gap();
    l.weight_offset = offset_w_;
    const double blocks = kernels_ * l.kernel_step - kernel_gap();
    const double strip = tag_w_ + blocks + (l.folded ? 2 * count_ : 0);
    l.names_x = static_cast<double>(content.x0) + (static_cast<double>(content.width()) - strip) / 2;
    const double first = l.names_x + tag_w_ + (l.folded ? count_ : 0);
    l.kernel_top = top + stack_h_ + foot_ + strip_gap() + label_row_ + spare_h * 0.2;
    l.weight = {first, l.kernel_top + offset_w_.y * depth_w_, sw_, 0, 0, plan_.kernel.h, plan_.kernel.w, high_w_ / sw_};
    l.counts_left = first - 8 * u_;
    l.counts_right = first + blocks + 8 * u_;
    if (plan_.bias) {
      const double bias_top = l.kernel_top + block_h_ + 8 * u_;
      l.bias = {static_cast<float>(first), static_cast<float>(bias_top),
                static_cast<float>(first + std::min(44 * u_, block_w_)), static_cast<float>(bias_top + 22 * u_)};
    }
    return l;
  }

  double weight_pitch() const { return sw_; }

 private:
  double tall(double pitch, double cells) const { return strip_height(plan_, pitch, static_cast<int64_t>(cells), u_); }
  double kernel_gap() const { return 14 * u_; }
  double strip_gap() const { return 18 * u_; }

  // A little more than a cell beyond the padding, so that the border of each channel shows with its numbers and its
  // grid does not seem to go on in the one in front; less where that would make the depth larger than what the sheets
  // are wide. A little flatter than a diagonal, so that edges along the depth miss the middles of cells.
  SheetOffset offset(double width, double height, double pitch, double pad_x, double pad_y, double depth) const {
    if (depth <= 0) return {};
    const double share_x = depth > 3 ? 0.75 : 1.35, share_y = depth > 3 ? 0.6 : 1.12;
    const double most = 0.62 / depth, least = 4 * u_;
    const auto along = [&](double wanted, double extent) {
      return std::max(least, std::min(std::max(wanted, 0.09 * extent), most * extent));
    };
    if (plan_.dims == 1) {
      // Strips are low: each stands whole above the one in front of it, with a gap.
      return {along((pad_x + share_x) * pitch, width * 0.4), height * 1.2 + 4 * u_};
    }
    return {along((pad_x + share_x) * pitch, width), along((pad_y + share_y) * pitch, height)};
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  double output_scale_, weight_scale_, u_ = 1;
  double tag_x_ = 0, tag_y_ = 0, tag_w_ = 0, label_x_ = 0, label_y_ = 0, label_w_ = 0, count_ = 0;
  bool labels_ = false;
  double padded_w_ = 0, padded_h_ = 0, depth_x_ = 0, depth_y_ = 0, depth_w_ = 0;
  double s_ = 0, sy_ = 0, sw_ = 0;               // pitches of input, output and kernel
  double high_x_ = 0, high_y_ = 0, high_w_ = 0;  // heights of their rows
  SheetOffset offset_x_, offset_y_, offset_w_;
  double foot_ = 0, head_ = 0, input_w_ = 0, output_w_ = 0, stack_h_ = 0, block_w_ = 0, block_h_ = 0, bias_ = 0;
  double label_row_ = 0, beam_ = 0;
  int kernels_ = 1;
  Size size_;
};

// How well a range's numbers can be read in cells of a pitch, 0 to 1.
double legibility(const Painter& painter, const NumberRange& range, double pitch) {
  const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
  const NumberStyle style = painter.fit(range, cell, cell);
  if (!style.drawn()) return 0;
  return range.integral || style.scientific || style.decimals >= 2 ? 1 : 0.8;
}

IsometricLayout search(const ConvPlan& plan, const Stage& stage, const Painter& painter, const LayoutNumbers& numbers) {
  IsometricLayout best;
  double best_score = 0;
  // A strip need not show by its width that it is shorter.
  const double strip = 0.8 * static_cast<double>(plan.in.w) / static_cast<double>(plan.out.w);
  for (const double output_scale : {1.0, 1.25, 1.5, plan.dims == 1 && strip > 1.8 ? strip : 1.8}) {
    for (const double weight_scale : {1.0, 0.8, 0.6, 0.45}) {
      Placement placement(plan, stage, painter, output_scale, weight_scale);
      const double limit = 80 * static_cast<double>(stage.ui);
      const double pitch = largest_pitch(placement, stage.content, limit, 0.001);
      if (pitch <= 0) continue;
      placement.measure(pitch);
      double score = std::min(pitch, limit * 0.8);
      score *= 0.3 + 0.7 * legibility(painter, numbers.input, pitch);
      score *= 0.5 + 0.5 * legibility(painter, numbers.output, pitch * output_scale);
      score *= 0.8 + 0.2 * legibility(painter, numbers.weight, placement.weight_pitch());
      if (output_scale != 1) score *= 0.94;
      // Of a long sequence's output there must be something to see.
      if (plan.dims == 1 && pitch < kMinNumberPitch && output_scale < 0.99 * strip) score *= 0.5;
      if (weight_scale < 0.8 && pitch >= kMinNumberPitch) score *= weight_scale < 0.6 ? 0.88 : 0.96;
      if (score <= best_score) continue;
      best_score = score;
      best = placement.place();
    }
  }
  return best;
}

}  // namespace

int SheetStack::place_of(int64_t channel) const {
  for (int i = 0; i < count; ++i) {
    if (sheets[static_cast<size_t>(i)].channel == channel) return i;
  }
  return -1;
}

SheetStack sheets_of(int64_t channels, int64_t first, int64_t last, int most) {
  SheetStack stack;
  const auto add = [&](int64_t channel) {
    Sheet sheet{channel, 0, 0};
    if (stack.count > 0) {
      const Sheet& before = stack.sheets[static_cast<size_t>(stack.count) - 1];
      if (channel <= before.channel) return;
      sheet.hidden_before = channel - before.channel - 1;
      sheet.depth = before.depth + 1 + (sheet.hidden_before > 0 ? kFoldDepth : 0);
    } else {
      sheet.hidden_before = channel;
    }
    stack.sheets[static_cast<size_t>(stack.count++)] = sheet;
  };
  if (channels <= most) {
    for (int64_t c = 0; c < channels; ++c) add(c);
    return stack;
  }
  const int64_t middle = most - 2, lit = last - first + 1;
  add(0);
  if (lit <= middle) {
    // A window of neighbours around what matters, which stays within the ends.
    const int64_t from = std::clamp<int64_t>(first - (middle - lit) / 2, 1, channels - 1 - middle);
    for (int64_t c = from; c < from + middle; ++c) add(c);
  } else {
    const int64_t kept = most - (first > 0 ? 1 : 0) - (last < channels - 1 ? 1 : 0);
    for (int64_t c = first; c < first + kept - 1; ++c) add(c);
    add(last);
  }
  add(channels - 1);
  return stack;
}

const IsometricLayout& isometric_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter,
                                        const LayoutNumbers& numbers) {
  struct Kept {
    LayoutKey key;
    IsometricLayout layout;
    bool made = false;
  };
  thread_local std::array<Kept, 4> kept;
  thread_local size_t next = 0;
  const LayoutKey key = layout_key(plan, stage, painter, 0, numbers);
  for (const Kept& one : kept) {
    if (one.made && one.key == key) return one.layout;
  }
  Kept& one = kept[next];
  next = (next + 1) % kept.size();
  one = {key, search(plan, stage, painter, numbers), true};
  return one.layout;
}

}  // namespace convscope
