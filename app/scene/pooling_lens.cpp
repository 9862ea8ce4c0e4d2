// Pooling: the window on X, its cells beside it with the winner ringed or their mean, and Y.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/scene/cells.h"
#include "app/scene/operation_overview.h"
#include "app/scene/operation_scene.h"
#include "app/scene/sliding_layout.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

constexpr const char* kMinusInfinity = "\u2212\u221e";

bool is_max(const PoolPlan& plan) { return plan.kind == PoolKind::max; }

// What a padded cell is to the window: max pooling's never wins; average pooling's is a zero of the sum, unless only
// real cells count.
const char* padding_words(const PoolPlan& plan) {
  if (is_max(plan)) return kMinusInfinity;
  return plan.count_include_pad || plan.divisor_override ? "0" : "";
}

// The largest has been found, or the mean.
bool decided(const LensFrame& frame) { return frame.phase.products >= 1; }

InputStyle input_style(const PoolPlan& plan) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  InputStyle style;
  style.weights_in_window = false;
  style.padding_end = {height.extent + height.pad_end, width.extent + width.pad_end};
  style.padding_words = padding_words(plan);
  return style;
}

void draw_winner(LensFrame& frame, const PoolArithmetic& a, const Grid& grid) {
  if (a.winner < 0 || !decided(frame) || !cell_by_cell(grid)) return;
  const PoolTap& tap = a.taps[static_cast<size_t>(a.winner)];
  frame.painter.box(grid.cell(tap.y, tap.x), Role::output, Fill::none, Outline::ring, grid.radius()).size =
      4 * std::max(1.0f, frame.stage.ui);
}

// The cells of the window, as far as they have been looked at.
void draw_window_cells(LensFrame& frame, const PoolPlan& plan, const PoolArithmetic& a, const Grid& grid) {
  Painter& painter = frame.painter;
  const NumberRange numbers = range_of(frame.tensors.input);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  for (size_t i = 0; i < a.taps.size(); ++i) {
    const PoolTap& tap = a.taps[i];
    const Box box = grid.cell(tap.ky, tap.kx);
    const bool real = tap.place == TapPlace::input;
    const bool wins = static_cast<int64_t>(i) == a.winner && decided(frame);
    const bool out =
        frame.phase.products >= 1 ||
        static_cast<double>(frame.phase.products) * static_cast<double>(a.taps.size()) > static_cast<double>(i);
    const Fill fill = !real ? Fill::none : wins ? Fill::full : style.drawn() ? Fill::tint : Fill::value;
    Mark& mark = painter.box(box, real ? Role::input : Role::padding, fill, real ? Outline::hairline : Outline::dashed,
                             grid.radius());
    mark.value = scale_of(numbers, tap.value);
    if (real) painter.refer(mark, {TensorId::input, a.cell.n, a.cell.c, tap.y, tap.x});
    if (!out || !style.drawn()) continue;
    const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
    if (real) {
      painter.number(tap.value, style, mx, my, Role::input, fill).value = scale_of(numbers, tap.value);
    } else if (tap.place == TapPlace::padding) {
      painter.text(input_style(plan).padding_words, mx, my, style.size, Role::secondary, Align::center);
    }
  }
  const Box bounds = grid.bounds();
  painter.box({bounds.x0 - 1, bounds.y0 - 1, bounds.x1 + 1, bounds.y1 + 1}, Role::window, Fill::none, Outline::thick,
              grid.radius() + 1);
  if (a.winner >= 0 && decided(frame)) {
    const PoolTap& tap = a.taps[static_cast<size_t>(a.winner)];
    painter.box(grid.cell(tap.ky, tap.kx), Role::output, Fill::none, Outline::ring, grid.radius()).size =
        4 * std::max(1.0f, frame.stage.ui);
  }
}

// "max = 7", "max = 7, the first of 2"; "20 / 4 = 5".
void append_result(std::string& out, Language language, const PoolPlan& plan, const PoolArithmetic& a) {
  if (is_max(plan)) {
    append_words(out, words_of(language, a.ties > 1 ? "scene.pooled_ties" : "scene.pooled_max"),
                 {Digits(a.result), Digits(a.ties)});
  } else {
    out.append("\u03a3 / ").append(Digits(a.divisor)).append(" = ");
    out.append(Digits(a.sum)).append(" / ").append(Digits(a.divisor)).append(" = ").append(Digits(a.result));
  }
}

const std::string& result_words(Language language, const PoolPlan& plan, const PoolArithmetic& a) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_result(words, language, plan, a);
  return words;
}

// As wide as the line under the window gets.
float widest_result(const LensFrame& frame, const PoolPlan& plan) {
  const NumberRange range = range_of(frame.tensors.input);
  PoolArithmetic longest;
  longest.ties = plan.windows.taps();
  longest.divisor = plan.divisor_override.value_or(longest.ties);
  const double largest = range.integral ? range.max_abs() : std::floor(range.max_abs()) + 0.1111;
  longest.result = range.min < 0 ? -largest : largest;
  longest.sum = longest.result * static_cast<double>(longest.ties);
  if (!is_max(plan)) longest.result = std::floor(std::abs(longest.result)) + 0.1111;
  return frame.painter.width(result_words(frame.request.language, plan, longest), Face::sans,
                             kSumSize * frame.stage.ui);
}

std::string_view window_name(const LensFrame& frame, const PoolPlan& plan) {
  return words_of(frame.request.language, is_max(plan) ? "scene.max_of" : "scene.average_of");
}

void draw_overview(LensFrame& frame, const PoolPlan& plan, const PoolArithmetic& a) {
  const ConvPlan& geometry = frame.plan;
  const bool rgb = is_rgb(frame.tensors.input);
  const Pair padded{geometry.in.h + geometry.pads.top + geometry.pads.bottom,
                    geometry.in.w + geometry.pads.left + geometry.pads.right};
  OperationOverview overview =
      operation_overview(frame, padded, geometry.out, geometry.input_shape(), geometry.output_shape());
  if (!overview.good) {
    draw_too_small(frame);
    return;
  }
  overview.input.row0 = -geometry.pads.top;
  overview.input.col0 = -geometry.pads.left;
  const Grid input = frame.stage.seen(overview.input), output = frame.stage.seen(overview.output);
  InputStyle style = input_style(plan);
  style.values = true;
  style.rgb = rgb;
  draw_input_channel(frame, input, frame.cell.n, rgb ? 0 : frame.cell.c, style);
  draw_winner(frame, a, input);
  draw_output_channel(frame, output, frame.cell.n, frame.cell.c, 1, true);
  draw_overview_furniture(frame, overview, frame.cell.n, frame.cell.c, frame.cell.c, geometry.input_shape(),
                          geometry.output_shape(), rgb);
}

}  // namespace

void build_pooling_lens(LensFrame& frame, const PoolPlan& plan, const PoolArithmetic& a) {
  const ConvPlan& geometry = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const NumberRange inputs = range_of(frame.tensors.input);
  const Shape window{geometry.kernel.h, geometry.kernel.w};
  LayoutWishes wishes;
  wishes.products = false;
  wishes.sums = true;
  wishes.sum_width = widest_result(frame, plan);
  wishes.middle_tag_width = name_tag_width(painter, window_name(frame, plan), window, stage.ui);
  const SlidingLayout& layout =
      sliding_layout(geometry, stage, painter, frame.group, {inputs, inputs, range_of(frame.tensors.output)}, wishes);
  const auto pitch = static_cast<float>(layout.pitch);
  const float legible = 0.9f * kMinNumberSize * std::max(1.0f, stage.ui);
  if (layout.pitch < kMinNumberPitch || painter.fit(inputs, pitch, pitch).size < legible) {
    draw_overview(frame, plan, a);
    return;
  }
  const float sheet = kSheetOffset * stage.ui;
  const auto sheet_rise = [&](int64_t count) { return sheet * static_cast<float>(std::min<int64_t>(count - 1, 3)); };
  const int behind = static_cast<int>(std::min<int64_t>(plan.channels - 1, 3));

  // X
  for (int i = 0; i < layout.input_count; ++i) {
    const Grid grid = stage.seen(layout.inputs[i]);
    const int64_t c = layout.input_stacked ? frame.cell.c : i;
    const bool current = c == frame.cell.c;
    const float rise = layout.input_stacked ? sheet_rise(plan.channels) : 0;
    if (layout.input_stacked) draw_sheets_behind(frame, grid, behind, Role::input);
    InputStyle style = input_style(plan);
    style.opacity = current ? 1.0f : 0.5f;
    style.with_window = current;
    draw_input_channel(frame, grid, frame.cell.n, c, style);
    if (current) draw_winner(frame, a, grid);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels) draw_stack_label(frame, 'X', frame.cell.n, c, c, layout.input_stacked ? plan.channels : 1, x, y);
    if (i == 0) {
      draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, layout.labels ? y - kLabelHeight * stage.ui : y);
    }
  }
  draw_sign(frame, "\u2192", layout.times_x, layout.times_y);

  // The window and what comes of it
  {
    const Grid grid = stage.seen(layout.weights[0]);
    draw_window_cells(frame, plan, a, grid);
    draw_name_tag(frame, window_name(frame, plan), window, Role::text, static_cast<float>(grid.x),
                  static_cast<float>(grid.y));
    if (decided(frame)) {
      painter.text(result_words(frame.request.language, plan, a), stage.seen_x(static_cast<double>(layout.sum_x[0])),
                   stage.seen_y(static_cast<double>(layout.sum_y[0])), kSumSize * stage.ui, Role::text);
    }
  }
  draw_sign(frame, "=", layout.equals_x, layout.equals_y);

  // Y
  for (int i = 0; i < layout.output_count; ++i) {
    const Grid grid = stage.seen(layout.outputs[i]);
    const int64_t c = layout.output_stacked ? frame.cell.c : i;
    const float rise = layout.output_stacked ? sheet_rise(plan.channels) : 0;
    if (layout.output_stacked) draw_sheets_behind(frame, grid, behind, Role::output);
    draw_output_channel(frame, grid, frame.cell.n, c, c == frame.cell.c ? 1.0f : 0.7f, false);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    if (layout.labels)
      draw_stack_label(frame, 'Y', frame.cell.n, c, c, layout.output_stacked ? plan.channels : 1, x, y);
    if (i == 0) {
      draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, layout.labels ? y - kLabelHeight * stage.ui : y);
    }
  }
  for (int i = 0; i < layout.input_count; ++i) {
    draw_place_label(frame, stage.seen(layout.inputs[i]), 'X', Role::input, frame.cell.n,
                     layout.input_stacked ? frame.cell.c : i);
  }
  for (int i = 0; i < layout.output_count; ++i) {
    draw_place_label(frame, stage.seen(layout.outputs[i]), 'Y', Role::output, frame.cell.n,
                     layout.output_stacked ? frame.cell.c : i);
  }
}

}  // namespace convscope
