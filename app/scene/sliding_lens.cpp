// X * W + b = Y, with the window on X and the sum on its way to Y.
#include <algorithm>
#include <cstdio>

#include "app/scene/lens.h"
#include "app/scene/operation_scene.h"
#include "app/scene/sliding_layout.h"
#include "app/scene/sliding_overview.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

void draw_channel_sum(LensFrame& frame, const SlidingLayout& layout, int i, int64_t group_c, int64_t last_c) {
  if (frame.phase.products < 1) return;
  const int64_t area = frame.plan.kernel.h * frame.plan.kernel.w;
  double sum = 0;
  if (frame.plan.channels_per_group() == 1 || last_c - group_c + 1 == frame.plan.channels_per_group()) {
    sum = frame.arithmetic.sum;
  } else {
    for (int64_t t = group_c * area; t < (group_c + 1) * area; ++t)
      sum += frame.arithmetic.values[static_cast<size_t>(t)].product;
  }
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_channel_sum(words, frame.request.language, last_c - group_c + 1, sum);
  frame.painter.text(words, frame.stage.seen_x(static_cast<double>(layout.sum_x[i])),
                     frame.stage.seen_y(static_cast<double>(layout.sum_y[i])), kSumSize * frame.stage.ui, Role::text);
}

// From the cell under the pointer to its relatives on the other side.
void draw_hover_lines(LensFrame& frame, const SlidingLayout& layout) {
  if (!frame.hover.active() || frame.stage.zoom > 4) return;
  const ConvPlan& plan = frame.plan;
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const CellRef& self = frame.hover.self();
  const auto line = [&](float x0, float y0, float x1, float y1) {
    frame.painter.line(x0, y0, x1, y1, Role::hover, 1).opacity = 0.5f;
  };
  const auto input_grid = [&](int64_t c) -> const Grid* {
    if (layout.input_stacked) return c == frame.group * cpg ? &layout.inputs[0] : nullptr;
    return &layout.inputs[c];
  };
  const auto output_grid = [&](int64_t c) -> const Grid* {
    if (layout.output_stacked) return c == frame.cell.c ? &layout.outputs[0] : nullptr;
    return &layout.outputs[c];
  };
  if (self.n != frame.cell.n) return;
  if (self.tensor == TensorId::output && frame.hover.output()) {
    const Grid* to = output_grid(self.c);
    const Grid* from = input_grid(layout.input_stacked ? frame.group * cpg : self.c / kpg * cpg);
    if (to == nullptr || from == nullptr) return;
    const Pair origin = window_origin(plan, *frame.hover.output()), extent = plan.effective_kernel();
    const Box window = frame.stage.seen(*from).area(static_cast<double>(origin.h), static_cast<double>(origin.w),
                                                    static_cast<double>(extent.h), static_cast<double>(extent.w));
    const Box cell = frame.stage.seen(*to).cell(self.y, self.x);
    line(window.x1, window.y0, cell.x0, cell.y0);
    line(window.x1, window.y1, cell.x0, cell.y1);
  } else if (self.tensor == TensorId::input) {
    const Grid* from = input_grid(self.c);
    if (from == nullptr) return;
    uses_of_input(plan, self.n, self.y, self.x, frame.uses);
    if (frame.uses.cells.size() > 49) return;  // a bundle that says nothing
    const Box cell = frame.stage.seen(*from).cell(self.y, self.x);
    for (int64_t c = self.c / cpg * kpg; c < (self.c / cpg + 1) * kpg; ++c) {
      const Grid* to = output_grid(c);
      if (to == nullptr) continue;
      for (const OutputCell& use : frame.uses.cells) {
        const Box end = frame.stage.seen(*to).cell(use.y, use.x);
        line(cell.x1, (cell.y0 + cell.y1) / 2, end.x0, (end.y0 + end.y1) / 2);
      }
    }
  }
}

// "turned by 180°" behind the kernel's name.
float turned_label_width(const LensFrame& frame, const Shape& weight_shape) {
  const float ui = frame.stage.ui;
  return name_tag_width(frame.painter, "W", weight_shape, ui) + 8 * ui +
         frame.painter.width(words_of(frame.request.language, "scene.turned"), Face::sans, kLabelSize * ui);
}

LayoutWishes gather_wishes(const LensFrame& frame, const Shape& weight_shape) {
  LayoutWishes wishes;
  wishes.middle_tag_width = turned_label_width(frame, weight_shape);
  wishes.below_input = kBelowHeight * frame.stage.ui;
  return wishes;
}

// What stands around and between the cells of X, with PyTorch's reason for it.
void draw_zeros_label(LensFrame& frame, const Grid& grid) {
  const ConvPlan& plan = frame.plan;
  const Pair spacing = frame.gather->spacing;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  const auto pair = [](int64_t h, int64_t w) -> std::string_view {
    thread_local char text[2][48];
    thread_local int next = 0;
    char* const out = text[next = 1 - next];
    const int length =
        h == w ? std::snprintf(out, 48, "%lld", static_cast<long long>(h))
               : std::snprintf(out, 48, "(%lld, %lld)", static_cast<long long>(h), static_cast<long long>(w));
    return {out, static_cast<size_t>(length)};
  };
  append_words(words, words_of(frame.request.language, "scene.inserted"),
               {pair(spacing.h - 1, spacing.w - 1), pair(plan.pads.top, plan.pads.left)});
  const float size = kLabelSize * frame.stage.ui, room = static_cast<float>(grid.width());
  const float width = frame.painter.width(words, Face::sans, size);
  // A small grid's line may reach as far as the sign behind it.
  const float most = room + 30 * frame.stage.ui;
  frame.painter.text(words, static_cast<float>(grid.x), grid.bounds().y1 + kBelowHeight * frame.stage.ui * 0.6f,
                     width > most ? size * most / width : size, Role::secondary);
}

}  // namespace

void draw_turned_label(LensFrame& frame, const Shape& weight_shape, float x, float y) {
  const float ui = frame.stage.ui;
  const float width = name_tag_width(frame.painter, "W", weight_shape, ui);
  frame.painter.text(words_of(frame.request.language, "scene.turned"), x + width + 8 * ui,
                     y - kNameTagHeight * ui * 0.55f, kLabelSize * ui, Role::secondary);
}

void build_sliding_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const Shape weight_shape = frame.gather != nullptr ? frame.gather->plan.weight_shape() : plan.weight_shape();
  const SlidingLayout& layout =
      sliding_layout(plan, stage, painter, frame.group,
                     {range_of(frame.tensors.input), range_of(frame.tensors.weight), range_of(frame.tensors.output)},
                     frame.gather != nullptr ? gather_wishes(frame, weight_shape) : LayoutWishes{});
  const auto cell = static_cast<float>(layout.pitch);
  const float legible = 0.9f * kMinNumberSize * std::max(1.0f, stage.ui);
  if (layout.pitch < kMinNumberPitch || painter.fit(range_of(frame.tensors.input), cell, cell).size < legible) {
    build_sliding_overview(frame);
    return;
  }
  const bool values = false;
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const float sheet = kSheetOffset * stage.ui;
  const auto sheet_rise = [&](int64_t count) { return sheet * static_cast<float>(std::min<int64_t>(count - 1, 3)); };

  // X
  for (int i = 0; i < layout.input_count; ++i) {
    const Grid grid = stage.seen(layout.inputs[i]);
    const int64_t c = layout.input_stacked ? frame.group * cpg : i;
    const bool in_group = c / cpg == frame.group;
    const float rise = layout.input_stacked ? sheet_rise(plan.in_channels) : 0;
    if (layout.input_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.in_channels - 1, 3)), Role::input);
    InputStyle style;
    style.opacity = in_group ? 1.0f : 0.35f;
    style.with_window = in_group;
    style.values = values;
    style.weights_in_window = frame.request.options.window_weights;
    if (frame.gather != nullptr) style.spacing = frame.gather->spacing;
    draw_input_channel(frame, grid, frame.cell.n, c, style);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels)
      draw_stack_label(frame, 'X', frame.cell.n, c, c, layout.input_stacked ? plan.in_channels : 1, x, y);
    if (i == 0)
      draw_name_tag(frame, "X", frame.gather != nullptr ? frame.gather->plan.input_shape() : plan.input_shape(),
                    Role::input, x, layout.labels ? y - kLabelHeight * stage.ui : y);
    if (frame.gather != nullptr && i + 1 == layout.input_count) draw_zeros_label(frame, grid);
  }

  // W
  for (int i = 0; i < layout.weight_count; ++i) {
    const Grid grid = stage.seen(layout.weights[i]);
    const float rise = sheet_rise(plan.out_channels);
    if (plan.out_channels > 1)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::weight);
    draw_weight_slice(frame, grid, frame.cell.c, i, 1, values);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels && frame.gather != nullptr) {
      draw_stack_label(frame, 'W', frame.group * cpg + i, frame.cell.c % kpg, frame.cell.c, plan.out_channels, x, y);
    } else if (layout.labels) {
      draw_stack_label(frame, 'W', frame.cell.c, i, frame.cell.c, plan.out_channels, x, y);
    }
    const float tag_y = layout.labels ? y - kLabelHeight * stage.ui : y;
    if (i == 0) draw_name_tag(frame, "W", weight_shape, Role::weight, x, tag_y);
    if (i == 0 && frame.gather != nullptr) draw_turned_label(frame, weight_shape, x, tag_y);
    if (layout.products) {
      const Grid products = stage.seen(layout.product_grids[i]);
      draw_products(frame, products, i);
      painter.text(words_of(frame.request.language, "scene.products"), static_cast<float>(products.x),
                   static_cast<float>(products.y) - 10 * stage.ui, kLabelSize * stage.ui, Role::secondary);
    }
    if (layout.channel_sums) draw_channel_sum(frame, layout, i, i, layout.input_stacked ? cpg - 1 : i);
  }
  draw_sign(frame, "*", layout.times_x, layout.times_y);

  // b
  if (plan.bias) {
    draw_sign(frame, "+", layout.plus_x, layout.plus_y);
    const Grid grid = stage.seen(layout.bias);
    const NumberRange range = range_of(frame.tensors.bias);
    const Box box = grid.cell(0, 0);
    draw_value_cell(frame, box, frame.arithmetic.bias, range, Role::bias, Fill::tint);
    painter.refer(painter.box(box, Role::bias, Fill::none, Outline::solid, grid.radius()),
                  {TensorId::bias, 0, frame.cell.c, 0, 0});
    draw_name_tag(frame, "b", plan.bias_shape(), Role::bias, static_cast<float>(grid.x), static_cast<float>(grid.y));
  }
  draw_sign(frame, "=", layout.equals_x, layout.equals_y);

  // Y
  for (int i = 0; i < layout.output_count; ++i) {
    const Grid grid = stage.seen(layout.outputs[i]);
    const int64_t c = layout.output_stacked ? frame.cell.c : i;
    const bool in_group = c / kpg == frame.group;
    const float rise = layout.output_stacked ? sheet_rise(plan.out_channels) : 0;
    if (layout.output_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::output);
    draw_output_channel(frame, grid, frame.cell.n, c, in_group ? 1.0f : 0.55f, values);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels)
      draw_stack_label(frame, 'Y', frame.cell.n, c, c, layout.output_stacked ? plan.out_channels : 1, x, y - 2);
    if (i == 0)
      draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x,
                    (layout.labels ? y - kLabelHeight * stage.ui : y) - 2);
    if (frame.gather != nullptr) draw_output_padding(frame, frame.gather->plan, grid, i + 1 == layout.output_count);
  }
  for (int i = 0; i < layout.input_count; ++i) {
    draw_place_label(frame, stage.seen(layout.inputs[i]), 'X', Role::input, frame.cell.n,
                     layout.input_stacked ? frame.group * cpg : i);
  }
  for (int i = 0; i < layout.output_count; ++i) {
    draw_place_label(frame, stage.seen(layout.outputs[i]), 'Y', Role::output, frame.cell.n,
                     layout.output_stacked ? frame.cell.c : i);
  }
  draw_hover_lines(frame, layout);
  const Grid& target = layout.outputs[layout.output_stacked ? 0 : frame.cell.c];
  draw_landing_sum(frame, stage.seen_x(layout.equals_x), stage.seen_y(layout.equals_y), stage.seen(target));
}

}  // namespace convscope
