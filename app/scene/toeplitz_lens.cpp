// T(W) x = y: the kernel padded to the input's size, once per output position, as the rows of a sparse matrix.
#include <algorithm>
#include <cmath>
#include <string>

#include "app/scene/cells.h"
#include "app/scene/lens.h"
#include "app/scene/toeplitz_block.h"
#include "app/scene/toeplitz_layout.h"
#include "app/scene/toeplitz_pages.h"
#include "app/scene/words.h"
#include "engine/toeplitz.h"

namespace convscope {
namespace {

// The channel of the group whose matrix is shown: the one that the pointer is at, else the first.
int64_t channel_shown(const LensFrame& frame, bool rgb) {
  const CellRef& self = frame.hover.self();
  const int64_t cpg = frame.plan.channels_per_group();
  if (!frame.hover.active()) return 0;
  if (self.tensor == TensorId::weight || self.tensor == TensorId::toeplitz) return self.c;
  if (self.tensor == TensorId::input && self.c / cpg == frame.group && !rgb) return self.c % cpg;
  return 0;
}

// The whole of a matrix that is too large for its cells, and where the rows of the excerpt lie in it.
void draw_map(LensFrame& frame, const ToeplitzLayout& layout, int64_t c) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const Box box{stage.seen_x(static_cast<double>(layout.map.x0)), stage.seen_y(static_cast<double>(layout.map.y0)),
                stage.seen_x(static_cast<double>(layout.map.x1)), stage.seen_y(static_cast<double>(layout.map.y1))};
  Raster raster;
  raster.tensor = toeplitz_map(plan, frame.tensors, frame.cell.c, c);
  if (raster.tensor.defined()) {
    raster.id = TensorId::toeplitz;
    const NumberRange range = range_of(frame.tensors.weight);
    raster.high = static_cast<float>(range.shade_end() > 0 ? range.shade_end() : 1);
    raster.low = -raster.high;
    raster.u1 = static_cast<double>(raster.tensor.shape()[3]);
    raster.v1 = static_cast<double>(raster.tensor.shape()[2]);
    painter.raster(box, std::move(raster));
  }
  // A texel is no cell.
  painter.refer(painter.box(box, Role::weight, Fill::none, Outline::solid), {});
  const double rows = static_cast<double>(toeplitz_rows(plan));
  const double row = static_cast<double>(frame.cell.y * plan.out.w + frame.cell.x);
  const auto y =
      static_cast<float>(static_cast<double>(box.y0) + (row + 0.5) / rows * static_cast<double>(box.height()));
  const float half = 2.5f * stage.ui;
  const float middle = std::clamp(y, box.y0 + half, box.y1 - half);
  painter.box({box.x0 - half, middle - half, box.x1 + half, middle + half}, Role::window, Fill::none, Outline::thick,
              3);
}

void draw_excerpt_words(LensFrame& frame, const ToeplitzLayout& layout) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const float size = kLabelSize * stage.ui;
  for (int s = 0; s < layout.segments; ++s) {
    const Grid vector = stage.seen(layout.segment[s].vector), matrix = stage.seen(layout.segment[s].matrix);
    const Digits column(vector.col0);
    const float y = static_cast<float>(vector.y) - size;
    if (!layout.segment[s].padding && painter.width(column, Face::sans, size) <= static_cast<float>(vector.width()) &&
        s > 0) {
      painter.text(column, static_cast<float>(vector.x + vector.pitch / 2), y, size, Role::secondary, Align::center);
    }
    if (s + 1 < layout.segments) {
      const Grid next = stage.seen(layout.segment[s + 1].matrix);
      const auto x = static_cast<float>((matrix.x + matrix.width() + next.x) / 2);
      const auto dot = static_cast<float>(std::clamp(matrix.pitch * 0.05, 1.0, 3.0));
      for (const double middle : {vector.y + vector.height() / 2, matrix.y + matrix.height() / 2}) {
        const auto at = static_cast<float>(middle);
        for (int i = -1; i <= 1; ++i) {
          const float dx = static_cast<float>(i) * 4 * dot;
          painter.box({x + dx - dot, at - dot, x + dx + dot, at + dot}, Role::secondary, Fill::full, Outline::none,
                      dot);
        }
      }
    }
  }
  const Grid product = stage.seen(layout.product);
  if (product.pitch >= 11 * static_cast<double>(stage.ui)) {
    const int64_t current = frame.cell.y * plan.out.w + frame.cell.x;
    for (int64_t row = product.row0; row < product.row0 + product.rows; ++row) {
      const Box box = product.cell(row, 0);
      painter.text(Digits(row), stage.seen_x(layout.label_x), (box.y0 + box.y1) / 2,
                   std::min(size, static_cast<float>(product.pitch) * 0.8f),
                   row == current ? Role::text : Role::secondary, Align::right,
                   row == current ? Face::bold : Face::sans);
    }
  }
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  const Digits first(product.row0), last(product.row0 + product.rows - 1), rows(toeplitz_rows(plan)),
      cols(toeplitz_columns(plan)), hidden(static_cast<int64_t>(layout.hidden_segments));
  append_words(
      words,
      words_of(frame.request.language, layout.hidden_segments > 0 ? "scene.toeplitz_hidden" : "scene.toeplitz_excerpt"),
      {first, last, rows, cols, hidden});
  const float room = stage.content.x1 - static_cast<float>(layout.foot_x);
  const float width = painter.width(words, Face::sans, size);
  if (width <= room) {
    painter.text(words, stage.seen_x(layout.foot_x), stage.seen_y(layout.foot_y), size, Role::secondary);
  } else if (const float all = stage.content.width(); width <= all) {
    painter.text(words, stage.seen_x(static_cast<double>(stage.content.x1 - width)), stage.seen_y(layout.foot_y), size,
                 Role::secondary);
  }
}

void draw_sums(LensFrame& frame, const ToeplitzLayout& layout, double channel) {
  if (frame.phase.products < 1) return;
  const Stage& stage = frame.stage;
  const ConvPlan& plan = frame.plan;
  const float size = kToeplitzSumSize * stage.ui;
  float x = stage.seen_x(layout.sums_x), y = stage.seen_y(layout.sums_y);
  const int64_t row = frame.cell.y * plan.out.w + frame.cell.x;
  thread_local std::string words;  // keeps its memory from frame to frame
  for (int line = 0;; ++line) {
    words.clear();
    if (!append_toeplitz_sum(words, frame.request.language, plan, line, row, frame.arithmetic, channel)) return;
    thread_local std::string next;
    next.clear();
    const bool last =
        !append_toeplitz_sum(next, frame.request.language, plan, line + 1, row, frame.arithmetic, channel);
    const Mark& mark = frame.painter.text(words, x, y, size, last ? Role::output : Role::text, Align::left,
                                          last ? Face::bold : Face::sans);
    if (layout.sums_in_lines) {
      y += 24 * stage.ui;
    } else {
      x += mark.box.width() + 36 * stage.ui;
    }
  }
}

}  // namespace

void build_toeplitz_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const bool rgb = is_rgb(frame.tensors.input);
  const ToeplitzLayout layout =
      toeplitz_layout(plan, stage, painter, frame.cell, rgb,
                      {range_of(frame.tensors.input), range_of(frame.tensors.weight), range_of(frame.tensors.output)});
  if (!layout.good) {
    draw_too_small(frame);
    return;
  }
  const int64_t cpg = plan.channels_per_group();
  const int64_t c = std::clamp<int64_t>(channel_shown(frame, rgb), 0, cpg - 1), channel = frame.group * cpg + c;
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const float label_height = labels ? kLabelHeight * stage.ui : 0;
  const auto rise_of = [&](bool stacked, int64_t count) {
    return stacked ? kSheetOffset * stage.ui * static_cast<float>(std::min<int64_t>(count - 1, 3)) : 0.0f;
  };
  const auto sheets = [&](const Grid& grid, bool stacked, int64_t count, Role role) {
    if (stacked) draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(count - 1, 3)), role);
  };
  thread_local std::string words;  // keeps its memory from frame to frame

  {
    const Grid grid = stage.seen(layout.input);
    sheets(grid, layout.input_stacked, plan.in_channels, Role::input);
    InputStyle style;
    style.values = layout.input.pitch < kMinCellPitch;
    style.weights_in_window = false;
    style.rgb = rgb && !layout.whole;
    draw_input_channel(frame, grid, frame.cell.n, style.rgb ? 0 : channel, style);
    const auto x = static_cast<float>(grid.x);
    const float y = static_cast<float>(grid.y) - rise_of(layout.input_stacked, plan.in_channels);
    if (labels) {
      draw_stack_label(frame, 'X', frame.cell.n, channel, channel, layout.input_stacked ? plan.in_channels : 1, x, y);
    }
    draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, y - label_height);
  }
  {
    const Grid grid = stage.seen(layout.kernel);
    sheets(grid, layout.kernel_stacked, plan.out_channels, Role::weight);
    draw_padded_kernel(frame, grid, c);
    const auto x = static_cast<float>(grid.x);
    const float y = static_cast<float>(grid.y) - rise_of(layout.kernel_stacked, plan.out_channels);
    if (labels) draw_stack_label(frame, 'W', frame.cell.c, c, frame.cell.c, plan.out_channels, x, y);
    words.clear();
    append_padded_kernel(words, frame.request.language, plan);
    draw_tag(frame, "W", words, Role::weight, x, y - label_height);
  }
  const Shape matrix_shape{toeplitz_rows(plan), toeplitz_columns(plan)};
  if (!layout.whole) {
    draw_map(frame, layout, c);
    draw_name_tag(frame, "toeplitz(W)", matrix_shape, Role::weight, stage.seen_x(static_cast<double>(layout.map.x0)),
                  stage.seen_y(static_cast<double>(layout.map.y0)));
  }

  draw_toeplitz_vector(frame, layout, c);
  draw_toeplitz_matrix(frame, layout, c);
  const Tensor products =
      toeplitz_products(plan, frame.tensors, frame.cell.n, frame.cell.c, c, layout.product.row0, layout.product.rows);
  draw_toeplitz_product(frame, layout, products);
  const Grid &vector = layout.segment[0].vector, &matrix = layout.segment[0].matrix, &product = layout.product;
  const auto above = [&](double x, double y, std::string_view name, const Shape& shape, Role role) {
    draw_name_tag(frame, name, shape, role, stage.seen_x(x), stage.seen_y(y));
  };
  above(layout.vector_is_row ? layout.matrix_x : vector.x, vector.y, "x", {matrix_shape[1], 1}, Role::input);
  above(layout.matrix_x, matrix.y, "toeplitz(W)", matrix_shape, Role::weight);
  above(product.x, product.y, "y", {matrix_shape[0], 1}, Role::output);
  draw_sign(frame, "\u00d7", layout.times_x, layout.times_y);
  draw_sign(frame, "=", layout.equals_x, layout.equals_y);
  if (!layout.whole) draw_excerpt_words(frame, layout);

  {
    const Grid grid = stage.seen(layout.output);
    sheets(grid, layout.output_stacked, plan.out_channels, Role::output);
    draw_output_channel(frame, grid, frame.cell.n, frame.cell.c, 1, layout.output.pitch < kMinCellPitch);
    const auto x = static_cast<float>(grid.x);
    const float y = static_cast<float>(grid.y) - rise_of(layout.output_stacked, plan.out_channels) - 2;
    if (labels) draw_stack_label(frame, 'Y', frame.cell.n, frame.cell.c, frame.cell.c, plan.out_channels, x, y);
    draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, y - label_height);
  }
  if (layout.beside) {
    // The padded kernel, flattened, is the current row.
    const Grid kernel = stage.seen(layout.kernel);
    const int64_t row = frame.cell.y * plan.out.w + frame.cell.x;
    const Box lit = stage.seen(matrix).cell(row, 0);
    const float u = stage.ui;
    painter.arrow(static_cast<float>(kernel.x + kernel.width()) + 8 * u,
                  static_cast<float>(kernel.y + kernel.height() / 2), lit.x0 - 9 * u, (lit.y0 + lit.y1) / 2,
                  Role::secondary, 2);
    if (layout.reshape_x1 - layout.reshape_x0 > 12) {
      painter.arrow(stage.seen_x(layout.reshape_x0), stage.seen_y(layout.reshape_y), stage.seen_x(layout.reshape_x1),
                    stage.seen_y(layout.reshape_y), Role::secondary, 2);
    }
  }
  const int64_t current = frame.cell.y * plan.out.w + frame.cell.x - layout.product.row0;
  draw_sums(frame, layout, products.defined() ? products.at(current) : frame.arithmetic.sum);
  const Box from = stage.seen(layout.product).cell(current + layout.product.row0, 0);
  draw_landing_sum(frame, (from.x0 + from.x1) / 2, (from.y0 + from.y1) / 2, stage.seen(layout.output));
}

}  // namespace convscope
