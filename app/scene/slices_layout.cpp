#include "app/scene/slices_layout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/scene/channel_tiles.h"

namespace convscope {
namespace {

/// The larger side of a slice, in logical pixels at scale 1, below which fewer slices say more.
constexpr double kLeastSlice = 64;
constexpr double kLargestCell = 56;
/// The kernel stays readable beside a volume of tiny cells: its own cells are no smaller, unless they are many.
constexpr double kKernelCell = 24, kKernelSide = 110;

struct Extent {
  int64_t rows = 1, cols = 1;
};

Extent padded_slice(const ConvNdPlan& plan) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  return {height.extent + height.pad_begin + height.pad_end, width.extent + width.pad_begin + width.pad_end};
}

/// One way of placing the three blocks; measure() fits the columns to a pitch.
class Placement {
 public:
  struct Size {
    double w = 0, h = 0;
  };

  Placement(const ConvNdPlan& plan, const Stage& stage, const SlicesWishes& wishes, const ShownSlices& shown,
            std::array<int, 3> lines, bool beside, bool legends)
      : content_(stage.content),
        u_(static_cast<double>(stage.ui)),
        sum_(static_cast<double>(wishes.sum_width)),
        lines_(lines),
        beside_(beside),
        bias_(plan.bias) {
    const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
    cells_ = {padded_slice(plan), Extent{height.kernel, width.kernel}, Extent{height.count, width.count}};
    count_ = {shown.input, shown.weight, shown.output};
    labels_ = plan.in_channels > 1 || plan.out_channels > 1 || plan.batch > 1;
    gap_ = 16 * u_;
    below_ = kDepthHeight * u_;
    line_gap_ = 8 * u_;
    head_ = kNameTagHeight * u_;
    if (labels_) below_ += kLabelHeight * u_;
    between_ = (beside ? 44 : 10) * u_;
    const auto taps = static_cast<double>(std::max(height.kernel, width.kernel));
    kernel_pitch_ = std::min(kKernelCell * u_, kKernelSide * u_ / taps);
    foot_ = legends ? static_cast<double>(kLegendHeight) * u_ : 0;
  }

  Size measure(double pitch) {
    Size size;
    double widest = 0;
    for (size_t i = 0; i < 3; ++i) {
      const double own = own_pitch(i, pitch);
      const double w = static_cast<double>(cells_[i].cols) * own, h = static_cast<double>(cells_[i].rows) * own;
      int64_t columns = count_[i];
      if (lines_[i] == 1) columns = beside_ ? columns_below(i, h) : columns_within(i, w);
      const int64_t rows = lines_[i] > 1 ? lines_[i] : (count_[i] + columns - 1) / columns;
      if (lines_[i] == 1) columns = (count_[i] + rows - 1) / rows;  // rows alike
      columns_[i] = columns;
      const double wide = static_cast<double>(columns) * (w + gap_) - gap_ + (i == 1 ? tail() : 0);
      const double high = head_ + static_cast<double>(rows) * (h + below_ + line_gap_) - line_gap_ + foot_of(i);
      wide_[i] = wide;
      high_[i] = high;
      if (beside_) {
        size.w += wide + (i > 0 ? between_ : 0);
        size.h = std::max(size.h, high);
      } else {
        widest = std::max(widest, wide);
        size.h += high + (i > 0 ? between_ : 0);
      }
    }
    if (!beside_) size.w = widest;
    return size;
  }

  void place(double pitch, const ConvNdPlan& plan, SlicesLayout& layout) {
    const Size size = measure(pitch);
    const auto x0 = static_cast<double>(content_.x0), y0 = static_cast<double>(content_.y0);
    double x = x0 + (static_cast<double>(content_.width()) - size.w) / 2;
    double y = y0 + (static_cast<double>(content_.height()) - size.h) / 2;
    const std::array<SliceBlock*, 3> blocks = {&layout.input, &layout.weight, &layout.output};
    for (size_t i = 0; i < 3; ++i) {
      SliceBlock& block = *blocks[i];
      const double top = beside_ ? y + (size.h - high_[i]) / 2 : y;
      block.first = {x, top + head_ + below_, own_pitch(i, pitch), 0, 0, cells_[i].rows, cells_[i].cols};
      block.slices = count_[i];
      block.columns = columns_[i];
      block.lines = lines_[i];
      block.step_x = block.first.width() + gap_;
      block.step_y = block.first.height() + below_ + line_gap_;
      if (beside_) {
        x += wide_[i] + between_;
        if (i == 0) layout.times_x = x - between_ / 2;
        if (i == 1) layout.equals_x = x - between_ / 2;
      } else {
        y += high_[i] + between_;
      }
    }
    layout.pitch = pitch;
    layout.labels = labels_;
    layout.input.first.row0 = -plan.windows.height().pad_begin;
    layout.input.first.col0 = -plan.windows.width().pad_begin;
    const SliceBlock& weight = layout.weight;
    const double middle = weight.first.y + weight.height() / 2;
    double right = weight.first.x + weight.width();
    layout.sum_x = right + 24 * u_;
    layout.sum_y = layout.plus_y = middle;
    layout.times_y = middle;
    if (!bias_) return;
    right = layout.sum_x + sum_;
    layout.plus_x = right + 20 * u_;
    const double side = std::min(std::max(pitch, 36 * u_), 48 * u_);
    layout.bias = {right + 40 * u_, middle - side / 2, side, 0, 0, 1, 1};
  }

 private:
  // What stands behind the kernel: the sum, and the bias.
  double tail() const { return 24 * u_ + sum_ + (bias_ ? 100 * u_ : 0); }
  double own_pitch(size_t i, double pitch) const { return i == 1 ? std::max(pitch, kernel_pitch_) : pitch; }
  double foot_of(size_t i) const { return i == 1 ? 0 : foot_; }
  int64_t columns_within(size_t i, double w) const {
    const double room = static_cast<double>(content_.width()) - (i == 1 ? tail() : 0);
    return std::clamp<int64_t>(static_cast<int64_t>(std::floor((room + gap_) / (w + gap_))), 1, count_[i]);
  }
  int64_t columns_below(size_t i, double h) const {
    const double room = static_cast<double>(content_.height()) - head_ - foot_of(i);
    const int64_t rows = std::clamp<int64_t>(
        static_cast<int64_t>(std::floor((room + line_gap_) / (h + below_ + line_gap_))), 1, count_[i]);
    return (count_[i] + rows - 1) / rows;
  }

  Box content_;
  double u_, sum_;
  std::array<int, 3> lines_;
  bool beside_, bias_, labels_ = false;
  std::array<Extent, 3> cells_;
  std::array<int64_t, 3> count_{}, columns_{};
  std::array<double, 3> wide_{}, high_{};
  double kernel_pitch_ = 0, gap_ = 0, below_ = 0, line_gap_ = 0, head_ = 0, between_ = 0, foot_ = 0;
};

/// Rows below one another, unless columns side by side show much more.
double best_placement(const ConvNdPlan& plan, const Stage& stage, const SlicesWishes& wishes, const ShownSlices& shown,
                      std::array<int, 3> lines, bool legends, SlicesLayout& layout) {
  const double limit = kLargestCell * static_cast<double>(stage.ui);
  Placement rows(plan, stage, wishes, shown, lines, false, legends),
      columns(plan, stage, wishes, shown, lines, true, legends);
  const double in_rows = largest_pitch(rows, stage.content, limit),
               in_columns = largest_pitch(columns, stage.content, limit);
  const bool beside = in_columns > 1.25 * in_rows;
  const double pitch = beside ? in_columns : in_rows;
  if (pitch > 0) (beside ? columns : rows).place(pitch, plan, layout);
  return pitch;
}

}  // namespace

SlicesLayout slices_layout(const ConvNdPlan& plan, const Stage& stage, const SlicesWishes& wishes, ShownSlices& shown) {
  const WindowAxis& depth = plan.windows.depth();
  const int64_t padded = depth.extent + depth.pad_begin + depth.pad_end;
  const auto u = static_cast<double>(stage.ui);
  const Extent slice = padded_slice(plan);
  const auto side = static_cast<double>(std::max(slice.rows, slice.cols));
  const bool few_in = plan.in_channels <= kMaxShownVolumes, few_out = plan.out_channels <= kMaxShownVolumes;
  const std::array<int, 3> all = {few_in ? static_cast<int>(plan.in_channels) : 1,
                                  few_in ? static_cast<int>(plan.channels_per_group()) : 1,
                                  few_out ? static_cast<int>(plan.out_channels) : 1};
  SlicesLayout layout, best;
  for (const int64_t most : {int64_t{32}, int64_t{16}, int64_t{12}, int64_t{8}, int64_t{6}, int64_t{4}, int64_t{3}}) {
    const ShownSlices now{std::min(padded, most), std::min(depth.kernel, most), std::min(depth.count, most)};
    // Channels one below the other, where their numbers can be read.
    for (const std::array<int, 3>& lines : {all, std::array<int, 3>{1, 1, 1}}) {
      layout = SlicesLayout{};
      double pitch = best_placement(plan, stage, wishes, now, lines, false, layout);
      const bool readable = wishes.numbers && pitch >= wishes.legible;
      if (!readable) {
        layout = SlicesLayout{};
        pitch = best_placement(plan, stage, wishes, now, lines, true, layout);
        layout.legends = true;
      }
      layout.input_stacked = lines[0] == 1 && plan.in_channels > 1;
      layout.output_stacked = lines[2] == 1 && plan.out_channels > 1;
      const bool last_lines = lines == std::array<int, 3>{1, 1, 1};
      if (pitch > 0) {
        best = layout;
        shown = now;
      }
      if (readable) return layout;
      if (last_lines && pitch > 0 && pitch * side >= kLeastSlice * u) return layout;
      if (all == std::array<int, 3>{1, 1, 1}) break;
    }
  }
  return best;
}

}  // namespace convscope
