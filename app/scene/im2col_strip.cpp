// The current row of the im2col matrix with its numbers, whatever the size of the matrix.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "app/scene/im2col_layout.h"
#include "app/scene/words.h"
#include "engine/im2col.h"

namespace convscope {
namespace {

// Taps from which on the strip shows them: around the one that the pointer is at, else those that weigh most.
int64_t first_tap(const LensFrame& frame, int64_t shown) {
  const int64_t taps = frame.plan.taps();
  if (shown >= taps) return 0;
  if (frame.hover.active()) {
    const CellRef& self = frame.hover.self();
    const int64_t tap = self.tensor == TensorId::im2col ? self.x : self.tensor == TensorId::kernel_matrix ? self.y : -1;
    if (tap >= 0) return std::clamp<int64_t>(tap - shown / 2, 0, taps - shown);
  }
  const auto weight = [&](int64_t tap) { return std::abs(frame.arithmetic.values[static_cast<size_t>(tap)].product); };
  double here = 0;
  for (int64_t tap = 0; tap < shown; ++tap) here += weight(tap);
  double most = here;
  int64_t first = 0;
  for (int64_t tap = shown; tap < taps; ++tap) {
    here += weight(tap) - weight(tap - shown);
    // Differences in the last digits are no reason to move.
    if (here > most * 1.000001) {
      most = here;
      first = tap - shown + 1;
    }
  }
  return first;
}

// What the taps that are not shown contribute, so that the products can be added up to the sum.
void draw_rest(LensFrame& frame, const Im2colLayout& layout, int64_t first, int64_t shown) {
  const int64_t taps = frame.plan.taps();
  double rest = 0;
  for (int64_t tap = 0; tap < taps; ++tap) {
    if (tap < first || tap >= first + shown) rest += frame.arithmetic.values[static_cast<size_t>(tap)].product;
  }
  const bool turned = frame.request.options.window_columns;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_words(words, words_of(frame.request.language, turned ? "scene.strip_rest_rows" : "scene.strip_rest"),
               {Digits(first), Digits(first + shown - 1), Digits(taps), Digits(taps - shown), Digits(rest)});
  const Stage& stage = frame.stage;
  const float width = frame.painter.width(words, Face::sans, 1), room = stage.content.width();
  const float size = std::min(kLabelSize * stage.ui, room / width);
  const double x =
      std::clamp(layout.strip.x, static_cast<double>(stage.content.x0),
                 std::max(static_cast<double>(stage.content.x0), static_cast<double>(stage.content.x1 - width * size)));
  frame.painter.text(words, stage.seen_x(x), stage.seen_y(layout.strip_rest_y), size, Role::secondary);
}

}  // namespace

void draw_strip(LensFrame& frame, const Im2colLayout& layout, int64_t known_rows) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const Language language = frame.request.language;
  const bool turned = frame.request.options.window_columns;
  const Grid line = stage.seen(layout.strip);
  const auto cell = static_cast<float>(line.pitch - line.gap());
  const int64_t current = im2col_row(plan, frame.cell);
  const int64_t shown = std::min(plan.taps(), line.cols * layout.strip_lines);
  const int64_t first = first_tap(frame, shown);
  const int64_t kernel_line = layout.strip_rows, product_line = kernel_line + 1;

  const NumberRange inputs = range_of(frame.tensors.input), weights = range_of(frame.tensors.weight);
  const NumberRange products = products_of(inputs, weights);
  const NumberStyle input_style = painter.fit(inputs, cell, cell), weight_style = painter.fit(weights, cell, cell),
                    product_style = painter.fit(products, cell, cell);

  const float label_size = kLabelSize * stage.ui;
  Grid grid = line;
  thread_local std::string label;  // keeps its memory from frame to frame
  const auto write_label = [&](int64_t r, std::string_view words) {
    const Box head = grid.cell(r, 0);
    painter.text(words, head.x0 - 10 * stage.ui, (head.y0 + head.y1) / 2, label_size, Role::secondary, Align::right);
  };
  for (int64_t begin = 0; begin < shown; begin += line.cols) {
    grid.y = line.y + static_cast<double>(begin / line.cols) * layout.strip_step * stage.zoom;
    grid.cols = std::min(line.cols, shown - begin);
    for (int64_t r = 0; r < layout.strip_rows; ++r) {
      const int64_t row = layout.strip_row0 + r;
      label.clear();
      if (row == current) {
        label = words_of(language, turned ? "scene.strip_column" : "scene.strip_row");
      } else {
        append_words(label, words_of(language, turned ? "scene.strip_other_column" : "scene.strip_other_row"),
                     {Digits(row)});
      }
      write_label(r, label);
      const bool known = row == current || row < known_rows;
      for (int64_t i = 0; i < grid.cols; ++i) {
        const int64_t tap = first + begin + i;
        const Box at = grid.cell(r, i);
        const bool padding = im2col_entry(plan, frame.group, row, tap).is_padding;
        const Fill fill = padding || !known ? Fill::none : Fill::tint;
        Mark& mark = painter.box(at, padding ? Role::padding : Role::input, fill,
                                 padding ? Outline::dashed : Outline::hairline, grid.radius());
        painter.refer(mark, {TensorId::im2col, 0, frame.group, row, tap});
        if (!known || !input_style.drawn()) continue;
        const double value = row == current ? frame.arithmetic.values[static_cast<size_t>(tap)].input
                                            : im2col_value(plan, frame.tensors.input, frame.group, row, tap);
        painter.number(value, input_style, (at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2,
                       padding ? Role::secondary : Role::input, fill);
      }
    }
    write_label(kernel_line, words_of(language, "scene.strip_kernel"));
    write_label(product_line, words_of(language, "scene.products"));
    for (int64_t i = 0; i < grid.cols; ++i) {
      const int64_t tap = first + begin + i;
      const TapValues& values = frame.arithmetic.values[static_cast<size_t>(tap)];
      const Box weight = grid.cell(kernel_line, i), product = grid.cell(product_line, i);
      Mark& mark = painter.box(weight, Role::weight, Fill::tint, Outline::hairline, grid.radius());
      painter.refer(mark, {TensorId::kernel_matrix, 0, 0, tap, frame.cell.c});
      if (weight_style.drawn()) {
        painter.number(values.weight, weight_style, (weight.x0 + weight.x1) / 2, (weight.y0 + weight.y1) / 2,
                       Role::weight, Fill::tint);
      }
      painter.box(product, Role::secondary, Fill::none, Outline::hairline, grid.radius());
      const bool out =
          static_cast<double>(frame.phase.products) * static_cast<double>(plan.taps()) > static_cast<double>(tap);
      if (out && product_style.drawn()) {
        painter.number(values.product, product_style, (product.x0 + product.x1) / 2, (product.y0 + product.y1) / 2,
                       Role::text, Fill::none);
      }
    }
    for (int64_t r = 0; r <= kernel_line && frame.hover.active(); ++r) {
      for (int64_t i = 0; i < grid.cols; ++i) {
        const int64_t tap = first + begin + i;
        const CellRef ref = r < kernel_line ? CellRef{TensorId::im2col, 0, frame.group, layout.strip_row0 + r, tap}
                                            : CellRef{TensorId::kernel_matrix, 0, 0, tap, frame.cell.c};
        if (frame.hover.lights(ref)) draw_hover_ring(frame, grid.cell(r, i), grid.radius());
      }
    }
    // The window is this row: the same outline as on X and in the matrix.
    const Box whole = grid.area(static_cast<double>(current - layout.strip_row0), 0, 1, static_cast<double>(grid.cols));
    painter.box({whole.x0 - 2, whole.y0 - 2, whole.x1 + 2, whole.y1 + 2}, Role::window, Fill::none, Outline::thick, 3);
  }

  if (layout.strip_rows > 1 && shown < plan.taps()) {
    // Where in the matrix these rows and columns lie.
    const Grid matrix = stage.seen(layout.matrix);
    const int64_t end = std::min(first + shown, matrix.col0 + matrix.cols);
    if (first < end) {
      const Box part = matrix.area(static_cast<double>(layout.strip_row0), static_cast<double>(first),
                                   layout.strip_rows, static_cast<double>(end - first));
      painter.box({part.x0 - 2, part.y0 - 5, part.x1 + 2, part.y1 + 5}, Role::text, Fill::none, Outline::solid, 2);
    }
  }

  if (frame.phase.products < 1) return;
  if (shown < plan.taps()) draw_rest(frame, layout, first, shown);
  char words[96], sum[24], bias[24], result[24];
  const int sum_length = format_number(frame.arithmetic.sum, 8, sum, sizeof sum);
  int length = std::snprintf(words, sizeof words, "\u03a3 = %.*s", sum_length, sum);
  const float x = grid.bounds().x1 + 10 * stage.ui;  // behind the last line
  const Box last = grid.cell(product_line, 0);
  const float size = 15 * stage.ui;
  painter.text({words, static_cast<size_t>(length)}, x, (last.y0 + last.y1) / 2, size, Role::text);
  if (plan.bias) {
    const int bias_length = format_number(frame.arithmetic.bias, 8, bias, sizeof bias);
    const int result_length = format_number(frame.arithmetic.result, 8, result, sizeof result);
    length = std::snprintf(words, sizeof words, "\u03a3 + b = %.*s", result_length, result);
    const Box middle = grid.cell(kernel_line, 0), top = grid.cell(kernel_line - 1, 0);
    // Read from above: the bias, then what comes out.
    painter.text({words, static_cast<size_t>(length)}, x, (top.y0 + top.y1) / 2, size, Role::output, Align::left,
                 Face::bold);
    length = std::snprintf(words, sizeof words, "b = %.*s", bias_length, bias);
    painter.text({words, static_cast<size_t>(length)}, x, (middle.y0 + middle.y1) / 2, size, Role::bias);
  }
}

}  // namespace convscope
