// Volumes as rows of slices: the kernel's slices lie on those of X that they are multiplied with, and make one cell of
// a slice of Y. The depth is a part of the same steps: width first, then height, then depth.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "app/scene/cells.h"
#include "app/scene/operation_scene.h"
#include "app/scene/slices_layout.h"
#include "app/scene/sliding_layout.h"
#include "app/scene/words.h"
#include "engine/padding.h"

namespace convscope {
namespace {

/// What the whole frame needs besides the frame.
struct Volume {
  LensFrame& frame;
  const ConvNdPlan& plan;
  SlicesLayout layout;
  VolumeCell cell;
  int64_t group = 0;
  std::vector<int64_t>& depths;  // of X that are shown, in order; negative ones lie in the padding
  int64_t first_output = 0;      // depth of Y that is shown first

  const WindowAxis& depth() const { return plan.windows.depth(); }
  int64_t taps() const { return layout.weight.slices; }
  /// The tap of the current window that lies on a depth, of those that are shown; -1: none.
  int64_t tap_on(int64_t at) const {
    const int64_t distance = at - depth().cell(cell.d, 0);
    if (distance < 0 || distance % depth().dilation != 0) return -1;
    return distance / depth().dilation < taps() ? distance / depth().dilation : -1;
  }
  /// The channel of a line, of the input and of the output.
  int64_t input_channel(int line) const { return layout.input_stacked ? group * plan.channels_per_group() : line; }
  int64_t output_channel(int line) const { return layout.output_stacked ? cell.c : line; }
};

/// The slices below the window, and as many around them as there is room for.
void choose_depths(const WindowAxis& axis, int64_t window, int64_t taps, int64_t room, std::vector<int64_t>& depths) {
  depths.clear();
  const int64_t first = -axis.pad_begin, last = axis.extent + axis.pad_end - 1;
  if (room > last - first) {
    for (int64_t at = first; at <= last; ++at) depths.push_back(at);
    return;
  }
  for (int64_t tap = 0; tap < taps; ++tap) depths.push_back(axis.cell(window, tap));
  // Between them first, from the left; then outwards.
  for (size_t i = 0; i + 1 < depths.size() && static_cast<int64_t>(depths.size()) < room;) {
    if (depths[i] + 1 == depths[i + 1]) {
      ++i;
    } else {
      depths.insert(depths.begin() + static_cast<std::ptrdiff_t>(i) + 1, depths[i] + 1);
      ++i;
    }
  }
  while (static_cast<int64_t>(depths.size()) < room) {
    if (depths.back() < last) depths.push_back(depths.back() + 1);
    if (static_cast<int64_t>(depths.size()) < room && depths.front() > first) {
      depths.insert(depths.begin(), depths.front() - 1);
    }
  }
}

/// Whether any window reads this depth.
bool depth_used(const WindowAxis& axis, int64_t at) {
  for (int64_t tap = 0; tap < axis.kernel; ++tap) {
    const int64_t from = at + axis.pad_begin - tap * axis.dilation;
    if (from < 0) return false;
    if (from % axis.stride == 0 && from / axis.stride < axis.count) return true;
  }
  return false;
}

/// "-1" with a minus sign.
struct DepthDigits {
  std::array<char, 32> text{};
  int length = 0;
  explicit DepthDigits(int64_t depth)
      : length(std::snprintf(text.data(), text.size(), depth < 0 ? "\u2212%lld" : "%lld",
                             static_cast<long long>(depth < 0 ? -depth : depth))) {}
  operator std::string_view() const { return {text.data(), static_cast<size_t>(length)}; }
};

/// "depth 2", or where that is too wide "2". A lone column has some room beside it.
void draw_depth_label(Volume& v, const Grid& grid, int64_t depth, bool strong, Role role, bool padding,
                      bool lone = false) {
  StageFrame& frame = v.frame;
  const float ui = frame.stage.ui, size = std::max(kMinNumberSize, 12 * ui);
  const auto room = static_cast<float>(grid.width()) + (lone ? 20 : 12) * ui;
  thread_local std::string words;  // keeps its memory from frame to frame
  const auto write = [&](const char* key) {
    words.clear();
    append_words(words, words_of(frame.request.language, key), {DepthDigits(depth)});
    return frame.painter.width(words, strong ? Face::bold : Face::sans, size);
  };
  float width = write(padding ? "scene.depth_padding" : "scene.depth");
  if (padding && width > room) width = write("scene.depth");
  if (width > room) words.assign(std::string_view(DepthDigits(depth)));
  frame.painter.text(words, static_cast<float>(grid.x), static_cast<float>(grid.y) - 9 * ui, size, role, Align::left,
                     strong ? Face::bold : Face::sans);
}

/// At the other end of the line, which slice of the kernel lies here: "W 1".
void draw_kernel_label(Volume& v, const Grid& grid, int64_t depth, int64_t tap) {
  StageFrame& frame = v.frame;
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui, size = std::max(kMinNumberSize, 12 * ui);
  thread_local std::string words, label;  // keep their memory from frame to frame
  words.assign("W ").append(std::string_view(Digits(tap)));
  label.clear();
  append_words(label, words_of(frame.request.language, "scene.depth"), {DepthDigits(depth)});
  const float needed = painter.width(label, Face::bold, size) + 10 * ui + painter.width(words, Face::bold, size);
  if (needed > static_cast<float>(grid.width())) return;
  painter.text(words, static_cast<float>(grid.x + grid.width()), static_cast<float>(grid.y) - 9 * ui, size,
               Role::weight, Align::right, Face::bold);
}

/// Beside a slice whose neighbour there is left out.
void draw_gap(Volume& v, const Grid& grid, bool behind) {
  const float ui = v.frame.stage.ui, away = 8 * ui * static_cast<float>(v.frame.stage.zoom);
  const float x = behind ? static_cast<float>(grid.x + grid.width()) + away : static_cast<float>(grid.x) - away;
  v.frame.painter.text("\u2026", x, static_cast<float>(grid.y + grid.height() / 2), 16 * ui, Role::secondary,
                       Align::center);
}

/// The name of a channel above the first slice of its line.
void draw_channel_label(Volume& v, const Grid& grid, char name, int64_t first, int64_t second, int64_t position,
                        int64_t count) {
  if (!v.layout.labels) return;
  draw_stack_label(v.frame, name, first, second, position, count, static_cast<float>(grid.x),
                   static_cast<float>(grid.y) - kDepthHeight * v.frame.stage.ui);
}

void draw_tensor_tag(Volume& v, const Grid& first, const char* name, const Shape& shape, Role role) {
  const float ui = v.frame.stage.ui;
  const float above = (kDepthHeight + (v.layout.labels ? kLabelHeight : 0)) * ui;
  draw_name_tag(v.frame, name, shape, role, static_cast<float>(first.x), static_cast<float>(first.y) - above);
}

void draw_legend_below(Volume& v, const SliceBlock& block, TensorId id, const Tensor& tensor) {
  if (!v.layout.legends) return;
  const Stage& stage = v.frame.stage;
  const Grid grid = stage.seen(block.slice(block.lines - 1, block.lines > 1 ? 0 : (block.rows() - 1) * block.columns));
  // As wide as there is room, further to the left where a narrow slice stands at the edge.
  const float least = 110 * stage.ui, right = std::max(stage.content.x1, static_cast<float>(grid.x + grid.width()));
  const float x = std::min(static_cast<float>(grid.x), right - least);
  draw_legend(v.frame, id, range_of(tensor), x, static_cast<float>(grid.y + grid.height()) + 2 * stage.ui,
              std::min(220 * stage.ui, right - x));
}

void draw_input(Volume& v) {
  LensFrame& frame = v.frame;
  const SliceBlock& block = v.layout.input;
  const ConvNdPlan& plan = v.plan;
  const int64_t cpg = plan.channels_per_group();
  // On its way the window glides over the slices that it lay on before; on others it is simply there.
  const VolumeCell before = volume_cell_of_step(plan, std::max<int64_t>(frame.step - 1, 0));
  for (int line = 0; line < block.lines; ++line) {
    const int64_t channel = v.input_channel(line);
    const bool in_group = channel / cpg == v.group;
    for (int64_t i = 0; i < block.slices; ++i) {
      const int64_t at = v.depths[static_cast<size_t>(i)];
      const Grid grid = frame.stage.seen(block.slice(line, i));
      const int64_t tap = in_group ? v.tap_on(at) : -1;
      const int64_t earlier = at - v.depth().cell(before.d, 0);
      InputStyle style;
      style.opacity = in_group ? 1.0f : 0.35f;
      style.in_padding = at < 0 || at >= v.depth().extent;
      style.source = style.in_padding ? source_index(at, v.depth().extent, plan.padding_mode) : at;
      style.slice_used = depth_used(v.depth(), at);
      style.with_window = tap >= 0;
      style.glides = before.n == v.cell.n && before.c == v.cell.c && earlier >= 0 &&
                     earlier % v.depth().dilation == 0 && earlier / v.depth().dilation < v.depth().kernel;
      if (tap >= 0) style.weights = InputStyle::Slice{v.cell.c * cpg + channel % cpg, tap};
      draw_input_channel(frame, grid, v.cell.n * plan.in_channels + channel, at, style);
      draw_depth_label(v, grid, at, tap >= 0, tap >= 0 ? Role::text : Role::secondary, style.in_padding);
      if (tap >= 0) draw_kernel_label(v, grid, at, tap);
      const int64_t before_it = i > 0 ? v.depths[static_cast<size_t>(i) - 1] : -v.depth().pad_begin - 1;
      if (at != before_it + 1) draw_gap(v, grid, false);
      if (i + 1 == block.slices && at + 1 < v.depth().extent + v.depth().pad_end) draw_gap(v, grid, true);
    }
    draw_channel_label(v, frame.stage.seen(block.slice(line, 0)), 'X', v.cell.n, channel, channel,
                       v.layout.input_stacked ? plan.in_channels : 1);
  }
  draw_tensor_tag(v, frame.stage.seen(block.first), "X", plan.input_shape(), Role::input);
  draw_legend_below(v, block, TensorId::input, frame.tensors.input);
}

void draw_kernel(Volume& v) {
  LensFrame& frame = v.frame;
  const SliceBlock& block = v.layout.weight;
  const ConvNdPlan& plan = v.plan;
  const int64_t cpg = plan.channels_per_group();
  for (int line = 0; line < block.lines; ++line) {
    for (int64_t tap = 0; tap < block.slices; ++tap) {
      const Grid grid = frame.stage.seen(block.slice(line, tap));
      draw_weight_slice(frame, grid, v.cell.c * cpg + line, tap, 1, false);
      draw_depth_label(v, grid, tap, true, Role::weight, false, block.columns == 1);
      if (tap + 1 == block.slices && tap + 1 < v.depth().kernel) draw_gap(v, grid, true);
    }
    draw_channel_label(v, frame.stage.seen(block.slice(line, 0)), 'W', v.cell.c, line, v.cell.c,
                       plan.out_channels > 1 ? plan.out_channels : 1);
  }
  draw_tensor_tag(v, frame.stage.seen(block.first), "W", plan.weight_shape(), Role::weight);
}

/// Behind the kernel: what its products add up to, and the bias.
void draw_sum(Volume& v) {
  LensFrame& frame = v.frame;
  Painter& painter = frame.painter;
  const Stage& stage = frame.stage;
  if (frame.phase.products >= 1) {
    thread_local std::string words;  // keeps its memory from frame to frame
    words.clear();
    append_channel_sum(words, frame.request.language, v.plan.channels_per_group(), frame.arithmetic.sum);
    painter.text(words, stage.seen_x(v.layout.sum_x), stage.seen_y(v.layout.sum_y), kSumSize * stage.ui, Role::text);
  }
  if (!v.plan.bias) return;
  draw_sign(frame, "+", v.layout.plus_x, v.layout.plus_y);
  const Grid grid = stage.seen(v.layout.bias);
  const Box box = grid.cell(0, 0);
  draw_value_cell(frame, box, frame.arithmetic.bias, range_of(frame.tensors.bias), Role::bias, Fill::tint);
  const CellRef ref{TensorId::bias, 0, v.cell.c, 0, 0};
  painter.refer(painter.box(box, Role::bias, Fill::none, Outline::solid, grid.radius()), ref);
  if (frame.hover.lights(ref)) draw_hover_ring(frame, box, grid.radius());
  draw_name_tag(frame, "b", v.plan.bias_shape(), Role::bias, static_cast<float>(grid.x), static_cast<float>(grid.y));
}

void draw_output(Volume& v) {
  LensFrame& frame = v.frame;
  const SliceBlock& block = v.layout.output;
  const ConvNdPlan& plan = v.plan;
  for (int line = 0; line < block.lines; ++line) {
    const int64_t channel = v.output_channel(line);
    const bool in_group = channel / plan.kernels_per_group() == v.group;
    for (int64_t i = 0; i < block.slices; ++i) {
      const int64_t at = v.first_output + i;
      const Grid grid = frame.stage.seen(block.slice(line, i));
      const bool current = channel == v.cell.c && at == v.cell.d;
      draw_output_channel(frame, grid, v.cell.n * plan.out_channels + channel, at, in_group ? 1.0f : 0.55f, false);
      Grid label = grid;  // the frame of Y stands around its cells
      label.y -= 2;
      draw_depth_label(v, label, at, current, current ? Role::text : Role::secondary, false);
      if (i == 0 && at > 0) draw_gap(v, grid, false);
      if (i + 1 == block.slices && at + 1 < v.depth().count) draw_gap(v, grid, true);
    }
    draw_channel_label(v, frame.stage.seen(block.slice(line, 0)), 'Y', v.cell.n, channel, channel,
                       v.layout.output_stacked ? plan.out_channels : 1);
  }
  draw_tensor_tag(v, frame.stage.seen(block.first), "Y", plan.output_shape(), Role::output);
  draw_legend_below(v, block, TensorId::output, frame.tensors.output);
}

/// From the cell under the pointer to its relatives on the other side.
void draw_hover_lines(Volume& v) {
  LensFrame& frame = v.frame;
  const Hover& hover = frame.hover;
  if (!hover.active() || frame.stage.zoom > 4) return;
  constexpr int64_t kMostLines = 27;  // more are a bundle that says nothing
  const ConvNdPlan& plan = v.plan;
  const CellRef& self = hover.self();
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  const auto line = [&](const Box& from, const Box& to) {
    frame.painter
        .line((from.x0 + from.x1) / 2, from.y1, (to.x0 + to.x1) / 2, to.y0, Role::hover, std::max(1.0f, frame.stage.ui))
        .opacity = 0.6f;
  };
  const SliceBlock &input = v.layout.input, &output = v.layout.output;
  if (self.tensor == TensorId::output) {
    int line_of_y = -1;
    for (int l = 0; l < output.lines; ++l) {
      if (v.cell.n * plan.out_channels + v.output_channel(l) == self.n) line_of_y = l;
    }
    const int64_t place = self.c - v.first_output;
    if (line_of_y < 0 || place < 0 || place >= output.slices) return;
    const Box to = frame.stage.seen(output.slice(line_of_y, place)).cell(self.y, self.x);
    for (int l = 0; l < input.lines; ++l) {
      for (int64_t i = 0; i < input.slices; ++i) {
        if (!hover.window_on(v.cell.n * plan.in_channels + v.input_channel(l), v.depths[static_cast<size_t>(i)]))
          continue;
        const Box window =
            frame.stage.seen(input.slice(l, i))
                .area(static_cast<double>(height.cell(self.y, 0)), static_cast<double>(width.cell(self.x, 0)),
                      static_cast<double>(height.effective_kernel()), static_cast<double>(width.effective_kernel()));
        line(window, to);
      }
    }
  } else if (self.tensor == TensorId::input) {
    uses_of_input(frame.plan, self.n, self.y, self.x, frame.uses);
    Box from;
    bool found = false;
    for (int l = 0; l < input.lines; ++l) {
      for (int64_t i = 0; i < input.slices; ++i) {
        if (!hover.in_slice(v.cell.n * plan.in_channels + v.input_channel(l), v.depths[static_cast<size_t>(i)]))
          continue;
        from = frame.stage.seen(input.slice(l, i)).cell(self.y, self.x);
        found = true;
      }
    }
    const auto each_slice = [&](auto act) {
      for (int l = 0; l < output.lines; ++l) {
        for (int64_t i = 0; i < output.slices; ++i) {
          if (hover.used_in(v.cell.n * plan.out_channels + v.output_channel(l), v.first_output + i)) act(l, i);
        }
      }
    };
    int64_t slices = 0;
    each_slice([&](int, int64_t) { ++slices; });
    if (!found || slices * static_cast<int64_t>(frame.uses.cells.size()) > kMostLines) return;
    each_slice([&](int l, int64_t i) {
      for (const OutputCell& use : frame.uses.cells) {
        line(from, frame.stage.seen(output.slice(l, i)).cell(use.y, use.x));
      }
    });
  }
}

/// As wide as the words behind the kernel get.
float widest_sum(const LensFrame& frame, const ConvNdPlan& plan) {
  const NumberRange range = range_of(frame.tensors.output);
  const double magnitude = std::floor(range.max_abs()) + (range.integral ? 0 : 0.1111);
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_channel_sum(words, frame.request.language, plan.channels_per_group(), range.min < 0 ? -magnitude : magnitude);
  return frame.painter.width(words, Face::sans, kSumSize * frame.stage.ui);
}

}  // namespace

void build_slices_lens(LensFrame& frame, const ConvNdPlan& plan) {
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  thread_local std::vector<int64_t> depths;  // keeps its memory from frame to frame
  SlicesWishes wishes;
  wishes.sum_width = widest_sum(frame, plan);
  // Where numbers are too long for any cell that would still show the volume, shades do.
  const auto legible = static_cast<double>(std::max(1.0f, stage.ui));
  wishes.legible = kMinNumberPitch * legible;
  while (wishes.legible < 40 * legible) {
    const auto cell = static_cast<float>(wishes.legible * 0.92);
    if (painter.fit(range_of(frame.tensors.input), cell, cell).drawn() &&
        painter.fit(range_of(frame.tensors.output), cell, cell).drawn()) {
      break;
    }
    wishes.legible += 2;
  }
  ShownSlices shown;
  Volume v{frame, plan, slices_layout(plan, stage, wishes, shown), volume_cell_of_step(plan, frame.step), 0, depths, 0};
  if (v.layout.pitch <= 0) {
    draw_too_small(frame);
    return;
  }
  v.group = v.cell.c / plan.kernels_per_group();
  choose_depths(v.depth(), v.cell.d, shown.weight, shown.input, depths);
  v.first_output = std::clamp<int64_t>(v.cell.d - shown.output / 2, 0, v.depth().count - shown.output);
  draw_input(v);
  draw_kernel(v);
  draw_sum(v);
  draw_output(v);
  if (v.layout.times_x > 0) draw_sign(frame, "*", v.layout.times_x, v.layout.times_y);
  if (v.layout.equals_x > 0) draw_sign(frame, "=", v.layout.equals_x, v.layout.times_y);
  draw_hover_lines(v);
  const int line = v.layout.output_stacked ? 0 : static_cast<int>(v.cell.c);
  const Grid target = stage.seen(v.layout.output.slice(line, v.cell.d - v.first_output));
  draw_landing_sum(frame, stage.seen_x(v.layout.sum_x + static_cast<double>(wishes.sum_width) / 2),
                   stage.seen_y(v.layout.sum_y), target);
}

}  // namespace convscope
