// im2col(X) x W = Y: every window a row, every kernel a column, the product reshaped to Y.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "app/scene/cells.h"
#include "app/scene/im2col_layout.h"
#include "app/scene/lens.h"
#include "app/scene/matrix_page.h"
#include "app/scene/words.h"
#include "engine/im2col.h"

namespace convscope {
namespace {

struct Matrix {
  TensorId id;
  Role role;
  Grid grid;           // the page, as seen
  int64_t rows, cols;  // of the whole matrix
  NumberRange numbers;
  double lit_row = -1;  // the window, flattened: under the numbers, over the cells
};

// A rectangle of known cells of a matrix: its rows and columns, half-open.
struct Known {
  int64_t row0, row1, col0, col1;
};

void draw_known_texture(LensFrame& frame, const Matrix& m, const Known& known) {
  const Grid& g = m.grid;
  const int64_t row0 = std::max(known.row0, g.row0), row1 = std::min(known.row1, g.row0 + g.rows);
  const int64_t col0 = std::max(known.col0, g.col0), col1 = std::min(known.col1, g.col0 + g.cols);
  if (row1 <= row0 || col1 <= col0) return;
  Raster raster;
  raster.tensor = matrix_page(frame.plan, frame.tensors, m.id, frame.group, g.row0, g.rows, g.col0, g.cols);
  if (!raster.tensor.defined()) return;
  raster.id = m.id;
  raster.high = static_cast<float>(m.numbers.shade_end() > 0 ? m.numbers.shade_end() : 1);
  raster.low = -raster.high;
  raster.u0 = static_cast<double>(col0 - g.col0);
  raster.u1 = static_cast<double>(col1 - g.col0);
  raster.v0 = static_cast<double>(row0 - g.row0);
  raster.v1 = static_cast<double>(row1 - g.row0);
  raster.cell_x0 = static_cast<double>(col0);
  raster.cell_x1 = static_cast<double>(col1);
  raster.cell_y0 = static_cast<double>(row0);
  raster.cell_y1 = static_cast<double>(row1);
  const Box box{static_cast<float>(g.left(raster.cell_x0)), static_cast<float>(g.top(raster.cell_y0)),
                static_cast<float>(g.left(raster.cell_x1)), static_cast<float>(g.top(raster.cell_y1))};
  frame.painter.raster(box, std::move(raster));
}

// Cells of which `state` says: 0 not known yet, 1 known, 2 the current one.
template <class State>
void draw_cells(LensFrame& frame, const Matrix& m, bool values, const State& state) {
  Painter& painter = frame.painter;
  const Grid& g = m.grid;
  const auto cell = static_cast<float>(g.pitch - g.gap());  // of a side
  const NumberStyle style = painter.fit(m.numbers, cell, cell);
  const Grid::Range range = g.visible(painter.viewport());
  const bool is_matrix = m.id == TensorId::im2col;
  const auto value_at = [&](int64_t y, int64_t x) {
    return matrix_value(frame.plan, frame.tensors, m.id, frame.group, y, x);
  };
  const auto is_padding = [&](int64_t y, int64_t x) {
    return is_matrix && im2col_entry(frame.plan, frame.group, y, x).is_padding;
  };
  const auto fill_of = [&](int is, bool padding) {
    return is == 0 || padding ? Fill::none : is == 2 ? Fill::full : values || !style.drawn() ? Fill::value : Fill::tint;
  };
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = g.cell(y, x);
      const int is = state(y, x);
      const bool padding = is_padding(y, x);
      Mark& mark = painter.box(box, padding ? Role::padding : m.role, fill_of(is, padding),
                               padding ? Outline::dashed : Outline::hairline, g.radius());
      if (mark.fill == Fill::value) mark.value = scale_of(m.numbers, value_at(y, x));
      painter.refer(mark, {m.id, 0, is_matrix ? frame.group : 0, y, x});
      if (is == 0) {
        const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
        const auto dot = static_cast<float>(std::clamp(g.pitch * 0.05, 1.0, 3.0));
        painter.box({mx - dot, my - dot, mx + dot, my + dot}, padding ? Role::padding : m.role, Fill::full,
                    Outline::none, dot);
      }
    }
  }
  if (m.lit_row >= 0) {
    painter.box(g.area(m.lit_row, 0, 1, static_cast<double>(g.cols)), Role::window, Fill::shade, Outline::none,
                g.radius());
  }
  for (int64_t y = range.row0; y < range.row1 && style.drawn(); ++y) {
    const bool lit = m.lit_row >= 0 && std::abs(static_cast<double>(y) - m.lit_row) < 0.5;
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const int is = state(y, x);
      if (is == 0) continue;
      const bool padding = is_padding(y, x);
      const double value = value_at(y, x);
      const Box box = g.cell(y, x);
      Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2,
                                  padding ? lit ? Role::padding : Role::secondary : m.role,
                                  lit ? Fill::shade : fill_of(is, padding));
      text.value = scale_of(m.numbers, value);
    }
  }
  if (frame.hover.active()) {
    for (int64_t y = range.row0; y < range.row1; ++y) {
      for (int64_t x = range.col0; x < range.col1; ++x) {
        if (frame.hover.lights({m.id, 0, m.id == TensorId::im2col ? frame.group : 0, y, x})) {
          draw_hover_ring(frame, g.cell(y, x), g.radius());
        }
      }
    }
  }
}

// Relatives on a texture: rows of windows and columns of taps as a whole.
void draw_hover_on_texture(LensFrame& frame, const Matrix& m) {
  if (!frame.hover.active() || cell_by_cell(m.grid)) return;
  const ConvPlan& plan = frame.plan;
  const CellRef& self = frame.hover.self();
  const Grid& g = m.grid;
  const auto mark = [&](int64_t row0, int64_t row1, int64_t col0, int64_t col1) {
    row0 = std::max(row0, g.row0);
    row1 = std::min(row1, g.row0 + g.rows);
    col0 = std::max(col0, g.col0);
    col1 = std::min(col1, g.col0 + g.cols);
    if (row1 <= row0 || col1 <= col0) return;
    draw_hover_marker(frame, g.area(static_cast<double>(row0), static_cast<double>(col0),
                                    static_cast<double>(row1 - row0), static_cast<double>(col1 - col0)));
  };
  const int64_t all = std::numeric_limits<int64_t>::max();
  const auto& output = frame.hover.output();
  int64_t tap = -1;
  if (self.tensor == TensorId::weight) tap = (self.c * plan.kernel.h + self.y) * plan.kernel.w + self.x;
  if (self.tensor == TensorId::kernel_matrix) tap = self.y;
  if (m.id == TensorId::im2col) {
    if (output) {
      const int64_t row = im2col_row(plan, *output);
      mark(row, row + 1, 0, all);
    } else if (tap >= 0) {
      mark(0, all, tap, tap + 1);
    } else if (self.tensor == TensorId::im2col) {
      mark(self.y, self.y + 1, self.x, self.x + 1);
    }
  } else if (m.id == TensorId::kernel_matrix) {
    if (output) {
      mark(0, all, output->c, output->c + 1);
    } else if (tap >= 0) {
      const int64_t channel = self.tensor == TensorId::weight ? self.n : self.x;
      mark(tap, tap + 1, channel, channel + 1);
    } else if (self.tensor == TensorId::im2col) {
      mark(self.x, self.x + 1, 0, all);
    }
  } else if (output) {
    const int64_t row = im2col_row(plan, *output);
    mark(row, row + 1, output->c, output->c + 1);
  } else if (self.tensor == TensorId::im2col) {
    mark(self.y, self.y + 1, 0, all);
  }
}

// Which group a matrix belongs to, and which rows a page holds, where that fits `room`.
void draw_page_label(LensFrame& frame, const Matrix& m, bool with_rows, float room) {
  const bool page = with_rows && m.grid.rows<m.rows, grouped = frame.plan.groups> 1;
  if (!page && !grouped) return;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  const Language language = frame.request.language;
  if (grouped)
    append_words(words, words_of(language, "scene.group"), {Digits(frame.group + 1), Digits(frame.plan.groups)});
  if (grouped && page) words += "   ";
  if (page) {
    append_words(words, words_of(language, "scene.page"),
                 {Digits(m.grid.row0), Digits(m.grid.row0 + m.grid.rows - 1), Digits(m.rows)});
  }
  const Box box = m.grid.bounds();
  if (frame.painter.width(words, Face::sans, kLabelSize * frame.stage.ui) > room) return;
  frame.painter.text(words, box.x0, box.y1 + kLabelHeight * frame.stage.ui * 0.55f, kLabelSize * frame.stage.ui,
                     Role::secondary);
}

// The edges at which a page is cut off.
void draw_page_frame(LensFrame& frame, const Matrix& m, Outline outline) {
  const Box box = m.grid.bounds();
  const bool whole = m.grid.rows == m.rows && m.grid.cols == m.cols;
  frame.painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, m.role, Fill::none,
                    whole ? outline : Outline::dashed, m.grid.radius() + 1);
}

}  // namespace

void build_im2col_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const bool rgb = is_rgb(frame.tensors.input);
  const Im2colLayout layout =
      im2col_layout(plan, stage, painter, frame.cell, rgb,
                    {range_of(frame.tensors.input), range_of(frame.tensors.weight), range_of(frame.tensors.output)});
  if (!layout.good) {
    draw_too_small(frame);
    return;
  }
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const int64_t row = im2col_row(plan, frame.cell);
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const bool values = layout.matrix.pitch < kMinCellPitch;
  const float grow = 3 * std::max(1.0f, stage.ui);  // outlines around what they mark, not over it
  const float label_height = labels ? kLabelHeight * stage.ui : 0;
  const auto rise_of = [&](bool stacked, int64_t count) {
    return stacked ? kSheetOffset * stage.ui * static_cast<float>(std::min<int64_t>(count - 1, 3)) : 0.0f;
  };

  // X with its window
  for (int i = 0; i < layout.input_count; ++i) {
    const Grid grid = stage.seen(layout.inputs[i]);
    const int64_t c = layout.input_stacked ? frame.group * cpg : i;
    const float rise = rise_of(layout.input_stacked, plan.in_channels);
    if (layout.input_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.in_channels - 1, 3)), Role::input);
    InputStyle style;
    style.opacity = rgb || c / cpg == frame.group ? 1.0f : 0.35f;
    style.with_window = rgb || c / cpg == frame.group;
    style.values = layout.inputs[i].pitch < kMinCellPitch;
    style.weights_in_window = false;
    style.rgb = rgb;
    draw_input_channel(frame, grid, frame.cell.n, c, style);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (labels && !rgb)
      draw_stack_label(frame, 'X', frame.cell.n, c, c, layout.input_stacked ? plan.in_channels : 1, x, y);
    if (i == 0) draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, rgb ? y : y - label_height);
  }

  // The matrix: rows up to the current one, or all of the image once a later kernel goes through them again.
  Matrix matrix{TensorId::im2col,  Role::input,          stage.seen(layout.matrix),
                im2col_rows(plan), im2col_columns(plan), range_of(frame.tensors.input)};
  const bool first_kernel = frame.cell.c % kpg == 0;
  const int64_t known_rows =
      first_kernel ? row + (frame.phase.arrived() ? 1 : 0) : (frame.cell.n + 1) * plan.positions();
  // The window, flattened: it moves as the window moves.
  double at = static_cast<double>(row);
  if (frame.step > 0 && !frame.phase.arrived()) {
    const auto before = static_cast<double>(im2col_row(plan, cell_of_step(plan, frame.step - 1)));
    const double from = std::clamp(before, static_cast<double>(matrix.grid.row0),
                                   static_cast<double>(matrix.grid.row0 + matrix.grid.rows - 1));
    at = from + (at - from) * static_cast<double>(frame.phase.glide);
  }
  matrix.lit_row = at;
  if (!cell_by_cell(matrix.grid)) {
    draw_known_texture(frame, matrix, {0, known_rows, 0, matrix.cols});
  } else {
    draw_cells(frame, matrix, values, [&](int64_t y, int64_t) { return y < known_rows ? 1 : 0; });
  }
  draw_page_frame(frame, matrix, Outline::solid);
  draw_page_label(frame, matrix, true, painter.viewport().width());
  draw_hover_on_texture(frame, matrix);
  {
    Box box = matrix.grid.area(at, 0, 1, static_cast<double>(matrix.grid.cols));
    if (box.height() < 4) {
      const float middle = (box.y0 + box.y1) / 2;
      box.y0 = middle - 2;
      box.y1 = middle + 2;
    }
    painter.box({box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow}, Role::window, Fill::none, Outline::thick,
                3);
  }
  draw_name_tag(frame, "im2col(X)", {matrix.rows, matrix.cols}, Role::input, static_cast<float>(matrix.grid.x),
                static_cast<float>(matrix.grid.y));

  // The kernels of the group, a column each
  Matrix kernels{TensorId::kernel_matrix,       Role::weight, stage.seen(layout.kernels), plan.taps(), kpg,
                 range_of(frame.tensors.weight)};
  if (!cell_by_cell(kernels.grid)) {
    draw_known_texture(frame, kernels, {0, plan.taps(), 0, plan.out_channels});
  } else {
    draw_cells(frame, kernels, values, [](int64_t, int64_t) { return 1; });
  }
  draw_page_label(frame, kernels, false, static_cast<float>(stage.seen(layout.product).x - kernels.grid.x));
  draw_page_frame(frame, kernels, kpg > 1 ? Outline::solid : Outline::thick);
  draw_hover_on_texture(frame, kernels);
  if (kpg > 1) {
    const Box box = kernels.grid.area(0, static_cast<double>(frame.cell.c), static_cast<double>(kernels.grid.rows), 1);
    painter.box({box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow}, Role::weight, Fill::none, Outline::thick,
                3);
  }
  draw_name_tag(frame, "W", {plan.taps(), kpg}, Role::weight, static_cast<float>(kernels.grid.x),
                static_cast<float>(kernels.grid.y));

  // Their product
  Matrix product{TensorId::product, Role::output, stage.seen(layout.product),
                 matrix.rows,       kpg,          range_of(frame.tensors.output)};
  const bool multiplied = frame.phase.products >= 1;
  const auto is_known = [&](int64_t y, int64_t x) {
    const OutputCell of{y / plan.positions(), x, y % plan.positions() / plan.out.w, y % plan.positions() % plan.out.w};
    if (of == frame.cell) return multiplied ? 2 : 0;
    return frame.computed(of) ? 1 : 0;
  };
  if (!cell_by_cell(product.grid)) {
    const int64_t image = frame.cell.n * plan.positions(), g0 = frame.group * kpg;
    draw_known_texture(frame, product, {0, image, g0, g0 + kpg});
    draw_known_texture(frame, product, {image, image + plan.positions(), g0, frame.cell.c});
    draw_known_texture(frame, product, {image, row + (multiplied ? 1 : 0), frame.cell.c, frame.cell.c + 1});
  } else {
    draw_cells(frame, product, values, is_known);
  }
  draw_page_frame(frame, product, Outline::solid);
  draw_hover_on_texture(frame, product);
  {
    Box box = product.grid.cell(row, frame.cell.c);
    const float smallest = 6 * stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
    if (box.width() < smallest) box = {mx - smallest / 2, my - smallest / 2, mx + smallest / 2, my + smallest / 2};
    painter.box(box, Role::window, Fill::none, Outline::ring, product.grid.radius());
  }
  draw_name_tag(frame, "Y", {matrix.rows, kpg}, Role::output, static_cast<float>(product.grid.x),
                static_cast<float>(product.grid.y));
  draw_sign(frame, "\u00d7", layout.times_x, layout.times_y);
  draw_sign(frame, "=", layout.equals_x, layout.equals_y);

  if (!layout.arrows_down) {
    const auto arrow = [&](double x0, double x1, double y) {
      if (x1 - x0 > 12)
        painter.arrow(stage.seen_x(x0), stage.seen_y(y), stage.seen_x(x1), stage.seen_y(y), Role::secondary, 2);
    };
    arrow(layout.unfold_x0, layout.unfold_x1, layout.unfold_y);
    arrow(layout.reshape_x0, layout.reshape_x1, layout.reshape_y);
  }

  // Y
  for (int i = 0; i < layout.output_count; ++i) {
    const Grid grid = stage.seen(layout.outputs[i]);
    const int64_t c = layout.output_stacked ? frame.cell.c : i;
    const float rise = rise_of(layout.output_stacked, plan.out_channels);
    if (layout.output_stacked)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::output);
    draw_output_channel(frame, grid, frame.cell.n, c, c / kpg == frame.group ? 1.0f : 0.55f,
                        layout.outputs[i].pitch < kMinCellPitch);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    if (labels) draw_stack_label(frame, 'Y', frame.cell.n, c, c, layout.output_stacked ? plan.out_channels : 1, x, y);
    if (i == 0) draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, y - label_height);
  }

  draw_strip(frame, layout);
  const Box from = product.grid.cell(row, frame.cell.c);
  draw_landing_sum(frame, (from.x0 + from.x1) / 2, (from.y0 + from.y1) / 2,
                   stage.seen(layout.outputs[layout.output_stacked ? 0 : frame.cell.c]));
}

}  // namespace convscope
