#include "app/scene/sliding_overview.h"
#include "app/scene/words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace convscope {
namespace {

// From the window on X to the same window in the loupe.
void draw_loupe_lines(LensFrame& frame, const OverviewLayout& layout) {
  const ConvPlan& plan = frame.plan;
  const Grid input = frame.stage.seen(layout.input), patch = frame.stage.seen(layout.patches[0]);
  const WindowPosition at = window_at(plan, frame.step, frame.phase.glide);
  const Pair extent = plan.effective_kernel();
  const Box from = input.area(at.y, at.x, static_cast<double>(extent.h), static_cast<double>(extent.w));
  const Box to = patch.bounds();
  const auto line = [&](float x0, float y0, float x1, float y1) {
    frame.painter.line(x0, y0, x1, y1, Role::window, 1).opacity = 0.45f;
  };
  if (layout.kind == OverviewLayout::Kind::beside || layout.kind == OverviewLayout::Kind::column) {
    line(from.x1, from.y0, to.x0, to.y0);
    line(from.x1, from.y1, to.x0, to.y1);
  } else {
    line(from.x0, from.y1, to.x0, to.y0);
    line(from.x1, from.y1, to.x1, to.y0);
  }
}

// Channel of the group that the pointer is at, in X or in the kernel; else the one that the kernel weighs most.
int64_t wanted_channel(const LensFrame& frame) {
  const int64_t cpg = frame.plan.channels_per_group();
  if (!frame.hover.active()) return 0;
  const CellRef& self = frame.hover.self();
  if (self.tensor == TensorId::weight) return self.c;
  if (self.tensor == TensorId::input && self.c / cpg == frame.group && !is_rgb(frame.tensors.input))
    return self.c % cpg;
  return 0;
}

float legend_width(const Grid& grid, const Stage& stage) {
  return std::min(std::max(static_cast<float>(grid.width()), 100 * stage.ui), 200 * stage.ui);
}

void draw_sums(LensFrame& frame, const OverviewLayout& layout) {
  if (frame.phase.products < 1) return;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const CellArithmetic& a = frame.arithmetic;
  const float size = 16 * stage.ui, step = 24 * stage.ui;
  const float x = stage.seen_x(layout.sums_x);
  float y = stage.seen_y(layout.sums_y) - step * (frame.plan.bias ? 1.0f : 0.5f);
  char words[160], number[24];
  thread_local std::string sum;  // keeps its memory from frame to frame
  sum.clear();
  append_channel_sum(sum, frame.request.language, frame.plan.channels_per_group(), a.sum);
  painter.text(sum, x, y, size, Role::text);
  if (frame.plan.bias) {
    y += step;
    const int length = format_number(a.bias, 9, number, sizeof number);
    const int n = std::snprintf(words, sizeof words, "b = %.*s", length, number);
    const Mark& mark = painter.text({words, static_cast<size_t>(n)}, x, y, size, Role::bias);
    const Box box = mark.box;
    painter.refer(painter.box(box, Role::bias, Fill::none), {TensorId::bias, 0, a.cell.c, 0, 0});
  }
  y += step;
  const int length = format_number(a.result, 9, number, sizeof number);
  char index[96];
  const int at = index_text(index, sizeof index, frame.plan, a.cell);
  const int n = std::snprintf(words, sizeof words, "Y[%.*s] = %.*s", at, index, length, number);
  painter.text({words, static_cast<size_t>(n)}, x, y, size, Role::output, Align::left, Face::bold);
}

}  // namespace

void build_sliding_overview(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const bool rgb = is_rgb(frame.tensors.input);
  const OverviewLayout layout = overview_layout(plan, stage, painter, frame.cell, rgb);
  if (!layout.good) {
    draw_too_small(frame);
    return;
  }
  const int64_t cpg = plan.channels_per_group();
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const float label_height = labels ? kLabelHeight * stage.ui : 0;
  const auto rise_of = [&](bool stacked, int64_t count) {
    return stacked ? kSheetOffset * stage.ui * static_cast<float>(std::min<int64_t>(count - 1, 3)) : 0.0f;
  };
  const int64_t first = frame.group * cpg;

  {
    const Grid grid = stage.seen(layout.input);
    const float rise = rise_of(layout.input_stacked, plan.in_channels);
    if (layout.input_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.in_channels - 1, 3)), Role::input);
    InputStyle style;
    style.values = true;
    style.rgb = rgb;
    style.weights_in_window = false;
    if (frame.gather != nullptr) style.spacing = frame.gather->spacing;
    draw_input_channel(frame, grid, frame.cell.n, rgb ? 0 : first, style);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (!rgb) {
      draw_legend(frame, TensorId::input, range_of(frame.tensors.input), x, static_cast<float>(grid.y + grid.height()),
                  legend_width(grid, stage));
    }
    if (labels && !rgb) draw_stack_label(frame, 'X', frame.cell.n, first, first, plan.in_channels, x, y);
    draw_name_tag(frame, "X", frame.gather != nullptr ? frame.gather->plan.input_shape() : plan.input_shape(),
                  Role::input, x, rgb ? y : y - label_height);
  }
  {
    const Grid grid = stage.seen(layout.output);
    const float rise = rise_of(layout.output_stacked, plan.out_channels);
    if (layout.output_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::output);
    draw_output_channel(frame, grid, frame.cell.n, frame.cell.c, 1, true);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    draw_legend(frame, TensorId::output, range_of(frame.tensors.output), x,
                static_cast<float>(grid.y + grid.height()) + 2, legend_width(grid, stage));
    if (labels) draw_stack_label(frame, 'Y', frame.cell.n, frame.cell.c, frame.cell.c, plan.out_channels, x, y);
    draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, y - label_height);
  }

  draw_loupe_lines(frame, layout);
  const int64_t from = layout.channels < cpg ? std::min(wanted_channel(frame), cpg - layout.channels) : 0;
  for (int i = 0; i < layout.channels; ++i) {
    const Grid patch = stage.seen(layout.patches[i]);
    painter.box(patch.bounds(), Role::canvas, Fill::full);
    InputStyle style;
    style.values = false;
    style.weights_in_window = false;
    style.glides = false;
    if (frame.gather != nullptr) style.spacing = frame.gather->spacing;
    style.shade = patch.rows > plan.kernel.h || patch.cols > plan.kernel.w;
    draw_input_channel(frame, patch, frame.cell.n, first + from + i, style);
    const Grid weights = stage.seen(layout.weights[i]), products = stage.seen(layout.products[i]);
    draw_weight_slice(frame, weights, frame.cell.c, from + i, 1, false);
    draw_products(frame, products, from + i);
    const auto px = static_cast<float>(patch.x), py = static_cast<float>(patch.y);
    draw_index_label(frame, 'X', frame.cell.n, first + from + i, px, py);
    const auto wx = static_cast<float>(weights.x), wy = static_cast<float>(weights.y);
    if (i == 0) {
      draw_name_tag(frame, "W", frame.gather != nullptr ? frame.gather->plan.weight_shape() : plan.weight_shape(),
                    Role::weight, wx, wy);
      if (frame.gather != nullptr) draw_turned_label(frame, frame.gather->plan.weight_shape(), wx, wy);
    } else if (frame.gather != nullptr) {
      draw_index_label(frame, 'W', first + from + i, frame.cell.c % plan.kernels_per_group(), wx, wy);
    } else {
      draw_index_label(frame, 'W', frame.cell.c, from + i, wx, wy);
    }
    if (products.pitch >= 3)
      painter.text(words_of(frame.request.language, "scene.products"), static_cast<float>(products.x),
                   static_cast<float>(products.y) - 10 * stage.ui, kLabelSize * stage.ui, Role::secondary);
    draw_sign(frame, "*", layout.times_x[i], layout.axis_y[i]);
    draw_sign(frame, "=", layout.equals_x[i], layout.axis_y[i]);
  }
  if (cpg > layout.channels) {
    char digits[24];
    const int length = std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(cpg - layout.channels));
    thread_local std::string words;  // keeps its memory from frame to frame
    words.clear();
    append_words(words, words_of(frame.request.language, "scene.more_channels"),
                 {std::string_view{digits, static_cast<size_t>(length)}});
    painter.text(words, stage.seen_x(layout.more_x), stage.seen_y(layout.more_y), kLabelSize * stage.ui,
                 Role::secondary);
  }
  draw_sums(frame, layout);
  draw_place_label(frame, stage.seen(layout.input), 'X', Role::input, frame.cell.n, rgb ? 0 : first);
  draw_place_label(frame, stage.seen(layout.output), 'Y', Role::output, frame.cell.n, frame.cell.c);
  // From the side of the sum that faces Y, so that it does not cross the words.
  const bool leftwards = layout.output.x < layout.sums_x;
  const double start = leftwards ? layout.sums_x - 36 * static_cast<double>(stage.ui) : layout.sums_x + layout.sums_w;
  draw_landing_sum(frame, stage.seen_x(start), stage.seen_y(layout.sums_y), stage.seen(layout.output));
}

}  // namespace convscope
