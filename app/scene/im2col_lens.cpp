// im2col(X) x W = Y: every window a row, every kernel a column, the product reshaped to Y.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>

#include "app/scene/cells.h"
#include "app/scene/im2col_layout.h"
#include "app/scene/lens.h"
#include "app/scene/matrix_page.h"
#include "app/scene/words.h"
#include "engine/coverage.h"
#include "engine/im2col.h"

namespace convscope {
namespace {

struct Matrix {
  TensorId id;
  Role role;
  Grid grid;           // the page, as seen
  int64_t rows, cols;  // of the whole matrix
  NumberRange numbers;
  bool turned = false;               // its rows are the grid's columns
  double lit_row = -1;               // the window, flattened: under the numbers, over the cells
  const Coverage* counts = nullptr;  // shades of how many windows read a cell, instead of its number

  int64_t row0() const { return turned ? grid.col0 : grid.row0; }
  int64_t col0() const { return turned ? grid.row0 : grid.col0; }
  int64_t shown_rows() const { return turned ? grid.cols : grid.rows; }
  int64_t shown_cols() const { return turned ? grid.rows : grid.cols; }
  Box cell(int64_t row, int64_t col) const { return turned ? grid.cell(col, row) : grid.cell(row, col); }
  Box area(double row, double col, double height, double width) const {
    return turned ? grid.area(col, row, width, height) : grid.area(row, col, height, width);
  }
  Box line(double row) const { return area(row, static_cast<double>(col0()), 1, static_cast<double>(shown_cols())); }
};

// A rectangle of known cells of a matrix: its rows and columns, half-open.
struct Known {
  int64_t row0, row1, col0, col1;
};

void draw_known_texture(LensFrame& frame, const Matrix& m, const Known& known) {
  const int64_t page_row = m.row0(), page_col = m.col0(), rows = m.shown_rows(), cols = m.shown_cols();
  const int64_t row0 = std::max(known.row0, page_row), row1 = std::min(known.row1, page_row + rows);
  const int64_t col0 = std::max(known.col0, page_col), col1 = std::min(known.col1, page_col + cols);
  if (row1 <= row0 || col1 <= col0) return;
  Raster raster;
  raster.tensor = matrix_page(frame.plan, frame.tensors,
                              {m.id, frame.group, page_row, rows, page_col, cols, m.turned, m.counts != nullptr});
  if (!raster.tensor.defined()) return;
  raster.id = m.id;
  raster.turned = m.turned;
  const double end = m.counts != nullptr ? 1 : m.numbers.shade_end();
  raster.high = static_cast<float>(end > 0 ? end : 1);
  raster.low = -raster.high;
  const auto across = [&](double& x0, double& y0, double& x1, double& y1, int64_t row, int64_t col) {
    x0 = static_cast<double>(col0 - col);
    x1 = static_cast<double>(col1 - col);
    y0 = static_cast<double>(row0 - row);
    y1 = static_cast<double>(row1 - row);
    if (!m.turned) return;
    std::swap(x0, y0);
    std::swap(x1, y1);
  };
  across(raster.u0, raster.v0, raster.u1, raster.v1, page_row, page_col);
  across(raster.cell_x0, raster.cell_y0, raster.cell_x1, raster.cell_y1, 0, 0);
  const Grid& g = m.grid;
  const Box box{static_cast<float>(g.left(raster.cell_x0)), static_cast<float>(g.top(raster.cell_y0)),
                static_cast<float>(g.left(raster.cell_x1)), static_cast<float>(g.top(raster.cell_y1))};
  frame.painter.raster(box, std::move(raster));
}

// Cells of which `state` says: 0 not known yet, 1 known, 2 the current one.
template <class State>
void draw_cells(LensFrame& frame, const Matrix& m, bool values, const State& state) {
  Painter& painter = frame.painter;
  const Grid& g = m.grid;
  const auto side = static_cast<float>(g.pitch - g.gap());
  const NumberStyle style = painter.fit(m.numbers, side, side);
  const Grid::Range seen = g.visible(painter.viewport());
  const bool is_matrix = m.id == TensorId::im2col, shaded = values || m.counts != nullptr || !style.drawn();
  const auto value_at = [&](int64_t row, int64_t col) {
    return matrix_value(frame.plan, frame.tensors, m.id, frame.group, row, col);
  };
  const auto is_padding = [&](int64_t row, int64_t col) {
    return is_matrix && im2col_entry(frame.plan, frame.group, row, col).is_padding;
  };
  const auto fill_of = [&](int is, bool padding) {
    return is == 0 || padding ? Fill::none : is == 2 ? Fill::full : shaded ? Fill::value : Fill::tint;
  };
  const auto shade_of = [&](int64_t row, int64_t col, double value, bool padding) {
    if (m.counts == nullptr || padding) return scale_of(m.numbers, value);
    const Im2colEntry entry = im2col_entry(frame.plan, frame.group, row, col);
    return static_cast<float>(shade_of_uses(*m.counts, entry.source_y, entry.source_x));
  };
  const auto each = [&](const auto& visit) {
    for (int64_t y = seen.row0; y < seen.row1; ++y) {
      for (int64_t x = seen.col0; x < seen.col1; ++x) {
        m.turned ? visit(x, y, g.cell(y, x)) : visit(y, x, g.cell(y, x));
      }
    }
  };
  each([&](int64_t row, int64_t col, const Box& box) {
    const int is = state(row, col);
    const bool padding = is_padding(row, col);
    Mark& mark = painter.box(box, padding ? Role::padding : m.role, fill_of(is, padding),
                             padding ? Outline::dashed : Outline::hairline, g.radius());
    if (mark.fill == Fill::value) mark.value = shade_of(row, col, value_at(row, col), padding);
    painter.refer(mark, {m.id, 0, is_matrix ? frame.group : 0, row, col});
    if (is == 0) {
      const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      const auto dot = static_cast<float>(std::clamp(g.pitch * 0.05, 1.0, 3.0));
      painter.box({mx - dot, my - dot, mx + dot, my + dot}, padding ? Role::padding : m.role, Fill::full, Outline::none,
                  dot);
    }
  });
  if (m.lit_row >= 0) painter.box(m.line(m.lit_row), Role::window, Fill::shade, Outline::none, g.radius());
  if (style.drawn()) {
    each([&](int64_t row, int64_t col, const Box& box) {
      const int is = state(row, col);
      if (is == 0) return;
      const bool lit = m.lit_row >= 0 && std::abs(static_cast<double>(row) - m.lit_row) < 0.5;
      const bool padding = is_padding(row, col);
      const double value = value_at(row, col);
      Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2,
                                  padding ? lit ? Role::padding : Role::secondary : m.role,
                                  lit ? Fill::shade : fill_of(is, padding));
      text.value = shade_of(row, col, value, padding);
    });
  }
  if (frame.hover.active()) {
    each([&](int64_t row, int64_t col, const Box& box) {
      if (frame.hover.lights({m.id, 0, is_matrix ? frame.group : 0, row, col})) {
        draw_hover_ring(frame, box, g.radius());
      }
    });
  }
}

// Relatives on a texture: rows of windows and columns of taps as a whole.
void draw_hover_on_texture(LensFrame& frame, const Matrix& m) {
  if (!frame.hover.active() || cell_by_cell(m.grid)) return;
  const ConvPlan& plan = frame.plan;
  const CellRef& self = frame.hover.self();
  const auto mark = [&](int64_t row0, int64_t row1, int64_t col0, int64_t col1) {
    row0 = std::max(row0, m.row0());
    row1 = std::min(row1, m.row0() + m.shown_rows());
    col0 = std::max(col0, m.col0());
    col1 = std::min(col1, m.col0() + m.shown_cols());
    if (row1 <= row0 || col1 <= col0) return;
    draw_hover_marker(frame, m.area(static_cast<double>(row0), static_cast<double>(col0),
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

void append_counts(std::string& words, Language language, const Coverage& counts) {
  const bool same = counts.least() == counts.most();
  append_words(words, words_of(language, same ? "scene.use_counts_same" : "scene.use_counts"),
               {Digits(counts.least()), Digits(counts.most())});
}

// Which group a matrix belongs to and which windows a page holds, where that fits `room`; behind it what its shades
// say, where that fits `room_for_counts`. False where what its shades say is still to be said.
bool draw_page_label(LensFrame& frame, const Matrix& m, bool with_rows, float room, float room_for_counts) {
  const bool page = with_rows && m.shown_rows()<m.rows, grouped = frame.plan.groups> 1;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  const Language language = frame.request.language;
  const float size = kLabelSize * frame.stage.ui;
  if (grouped)
    append_words(words, words_of(language, "scene.group"), {Digits(frame.group + 1), Digits(frame.plan.groups)});
  if (grouped && page) words += "   ";
  if (page) {
    append_words(words, words_of(language, m.turned ? "scene.page_columns" : "scene.page"),
                 {Digits(m.row0()), Digits(m.row0() + m.shown_rows() - 1), Digits(m.rows)});
  }
  bool said = m.counts == nullptr;
  if (!said) {
    const size_t without = words.size();
    if (without > 0) words += "   ";
    append_counts(words, language, *m.counts);
    said = frame.painter.width(words, Face::sans, size) <= room_for_counts;
    if (!said) words.resize(without);
  }
  if (words.empty() || frame.painter.width(words, Face::sans, size) > room) return said;
  const Box box = m.grid.bounds();
  // Below the bar that says where the page lies.
  const float below = (kLabelHeight * 0.55f + (page && m.turned ? 7.0f : 0.0f)) * frame.stage.ui;
  frame.painter.text(words, box.x0, box.y1 + below, size, Role::secondary);
  return said;
}

// What the shades say, under the input where that is free as far as (x, y).
void draw_counts_label(LensFrame& frame, const Coverage& counts, const Box& input, double x, double y) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_counts(words, frame.request.language, counts);
  const float size = kLabelSize * frame.stage.ui, height = kLabelHeight * frame.stage.ui;
  if (input.x0 + frame.painter.width(words, Face::sans, size) > static_cast<float>(x)) return;
  if (input.y1 + height > static_cast<float>(y)) return;
  frame.painter.text(words, input.x0, input.y1 + height * 0.55f, size, Role::secondary);
}

// The edges at which a page is cut off, and beside it where in all of the rows it lies.
void draw_page_frame(LensFrame& frame, const Matrix& m, Outline outline) {
  const Box box = m.grid.bounds();
  if (m.id == TensorId::im2col && m.shown_rows() < m.rows && m.grid.pitch >= kMinCellPitch) {
    const float ui = frame.stage.ui, width = 4 * ui;
    const float along = (m.turned ? box.width() : box.height()) / static_cast<float>(m.rows);
    const float from = static_cast<float>(m.row0()) * along, to = from + static_cast<float>(m.shown_rows()) * along;
    const float x = box.x0 - 9 * ui, y = box.y1 + 5 * ui;
    const Box bar = m.turned ? Box{box.x0, y, box.x1, y + width} : Box{x, box.y0, x + width, box.y1};
    const Box part =
        m.turned ? Box{box.x0 + from, y, box.x0 + to, y + width} : Box{x, box.y0 + from, x + width, box.y0 + to};
    frame.painter.box(bar, Role::border, Fill::full, Outline::none, width / 2);
    frame.painter.box(part, m.role, Fill::full, Outline::none, width / 2);
  }
  const bool whole = m.shown_rows() == m.rows && m.shown_cols() == m.cols;
  frame.painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, m.role, Fill::none,
                    whole ? outline : Outline::dashed, m.grid.radius() + 1);
}

}  // namespace

void build_im2col_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const bool rgb = is_rgb(frame.tensors.input);
  const bool turned = frame.request.options.window_columns;
  std::optional<Coverage> counts;
  if (frame.request.options.use_counts) counts.emplace(plan);
  const Coverage* shades = counts ? &*counts : nullptr;
  const Im2colLayout layout =
      im2col_layout(plan, stage, painter, frame.cell, rgb, turned,
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
    if (!rgb) style.counts = shades;
    draw_input_channel(frame, grid, frame.cell.n, c, style);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (labels && !rgb)
      draw_stack_label(frame, 'X', frame.cell.n, c, c, layout.input_stacked ? plan.in_channels : 1, x, y);
    if (i == 0) draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, rgb ? y : y - label_height);
  }

  // The matrix: rows up to the current one, or all of the image once a later kernel goes through them again.
  Matrix matrix{TensorId::im2col,
                Role::input,
                stage.seen(layout.matrix),
                im2col_rows(plan),
                im2col_columns(plan),
                range_of(frame.tensors.input),
                turned};
  matrix.counts = shades;
  const bool first_kernel = frame.cell.c % kpg == 0;
  const int64_t known_rows =
      first_kernel ? row + (frame.phase.arrived() ? 1 : 0) : (frame.cell.n + 1) * plan.positions();
  // The window, flattened: it moves as the window moves.
  double at = static_cast<double>(row);
  if (frame.step > 0 && !frame.phase.arrived()) {
    const auto before = static_cast<double>(im2col_row(plan, cell_of_step(plan, frame.step - 1)));
    const double from = std::clamp(before, static_cast<double>(matrix.row0()),
                                   static_cast<double>(matrix.row0() + matrix.shown_rows() - 1));
    at = from + (at - from) * static_cast<double>(frame.phase.glide);
  }
  matrix.lit_row = at;
  if (!cell_by_cell(matrix.grid)) {
    draw_known_texture(frame, matrix, {0, known_rows, 0, matrix.cols});
  } else {
    draw_cells(frame, matrix, values, [&](int64_t y, int64_t) { return y < known_rows ? 1 : 0; });
  }
  draw_page_frame(frame, matrix, Outline::solid);
  const Grid next = stage.seen(turned ? layout.product : layout.kernels), strip = stage.seen(layout.strip);
  const auto counts_room = static_cast<float>(next.x - matrix.grid.x);
  if (!draw_page_label(frame, matrix, true, painter.viewport().width(), counts_room)) {
    const Grid last = stage.seen(layout.inputs[layout.input_count - 1]);
    const Box input = last.bounds();
    const double right = layout.arrows_down ? static_cast<double>(painter.viewport().x1) / 2
                                            : stage.seen(turned ? layout.kernels : layout.matrix).x;
    const double low = layout.arrows_down ? matrix.grid.y - 30 * static_cast<double>(stage.ui) : strip.y;
    if (layout.input_count == 1) draw_counts_label(frame, *matrix.counts, input, right, low);
  }
  draw_hover_on_texture(frame, matrix);
  {
    Box box = matrix.line(at);
    float &low = turned ? box.x0 : box.y0, &high = turned ? box.x1 : box.y1;
    if (high - low < 4) {
      const float middle = (low + high) / 2;
      low = middle - 2;
      high = middle + 2;
    }
    painter.box({box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow}, Role::window, Fill::none, Outline::thick,
                3);
  }
  const auto shape = [&](int64_t rows, int64_t cols) { return turned ? Shape{cols, rows} : Shape{rows, cols}; };
  draw_name_tag(frame, turned ? "unfold(X)" : "im2col(X)", shape(matrix.rows, matrix.cols), Role::input,
                static_cast<float>(matrix.grid.x), static_cast<float>(matrix.grid.y));

  // The kernels of the group, a column each
  Matrix kernels{TensorId::kernel_matrix,        Role::weight, stage.seen(layout.kernels), plan.taps(), kpg,
                 range_of(frame.tensors.weight), turned};
  if (!cell_by_cell(kernels.grid)) {
    draw_known_texture(frame, kernels, {0, plan.taps(), 0, plan.out_channels});
  } else {
    draw_cells(frame, kernels, values, [](int64_t, int64_t) { return 1; });
  }
  // Beside a row of weights the sign stands at the height of its label.
  const float kernels_end =
      turned ? stage.seen_x(layout.times_x) - 14 * stage.ui : static_cast<float>(stage.seen(layout.product).x);
  draw_page_label(frame, kernels, false, kernels_end - static_cast<float>(kernels.grid.x), 0);
  draw_page_frame(frame, kernels, kpg > 1 ? Outline::solid : Outline::thick);
  draw_hover_on_texture(frame, kernels);
  if (kpg > 1) {
    const Box box = kernels.area(0, static_cast<double>(frame.cell.c), static_cast<double>(kernels.shown_rows()), 1);
    painter.box({box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow}, Role::weight, Fill::none, Outline::thick,
                3);
  }
  draw_name_tag(frame, "W", shape(plan.taps(), kpg), Role::weight, static_cast<float>(kernels.grid.x),
                static_cast<float>(kernels.grid.y));

  // Their product
  Matrix product{TensorId::product,
                 Role::output,
                 stage.seen(layout.product),
                 matrix.rows,
                 kpg,
                 range_of(frame.tensors.output),
                 turned};
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
    Box box = product.cell(row, frame.cell.c);
    const float smallest = 6 * stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
    if (box.width() < smallest) box = {mx - smallest / 2, my - smallest / 2, mx + smallest / 2, my + smallest / 2};
    painter.box(box, Role::window, Fill::none, Outline::ring, product.grid.radius());
  }
  draw_name_tag(frame, "Y", shape(matrix.rows, kpg), Role::output, static_cast<float>(product.grid.x),
                static_cast<float>(product.grid.y));
  draw_sign(frame, "\u00d7", layout.times_x, layout.times_y);
  draw_sign(frame, "=", layout.equals_x, layout.equals_y);

  if (!layout.arrows_down) {
    const auto arrow = [&](double x0, double x1, double y) {
      if (x1 - x0 > 12)
        painter.arrow(stage.seen_x(x0), stage.seen_y(y), stage.seen_x(x1), stage.seen_y(y), Role::secondary, 2);
    };
    if (layout.unfold_arrow) arrow(layout.unfold_x0, layout.unfold_x1, layout.unfold_y);
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

  draw_strip(frame, layout, known_rows);
  const Box from = product.cell(row, frame.cell.c);
  draw_landing_sum(frame, (from.x0 + from.x1) / 2, (from.y0 + from.y1) / 2,
                   stage.seen(layout.outputs[layout.output_stacked ? 0 : frame.cell.c]));
}

}  // namespace convscope
