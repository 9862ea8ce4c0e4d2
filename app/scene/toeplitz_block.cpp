#include "app/scene/toeplitz_block.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/scene/cells.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"

namespace convscope {
namespace {

// What stands on the cells of a row: the sum of its weights, and whether there is any.
struct Row {
  std::vector<double> value;
  std::vector<char> stands;
};

// A dot where the matrix has a zero, on a place that can be pointed at.
void draw_zero(LensFrame& frame, const Grid& grid, const Box& box, const CellRef& ref, bool lit) {
  Painter& painter = frame.painter;
  const bool framed = grid.pitch >= 9;
  painter.refer(painter.box(box, Role::border, Fill::none, framed ? Outline::hairline : Outline::none, grid.radius()),
                ref);
  const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const auto dot = static_cast<float>(std::clamp(grid.pitch * 0.05, 0.75, 3.0));
  painter.box({mx - dot, my - dot, mx + dot, my + dot}, lit ? Role::text : Role::padding, Fill::full, Outline::none,
              dot);
}

// How large entries get: the weights, and their sums where mirrored padding puts several in one place.
NumberRange entries_of(const LensFrame& frame) {
  NumberRange range = range_of(frame.tensors.weight);
  if (frame.plan.padding_mode != PaddingMode::zeros && frame.plan.pads != Pads{}) {
    range.min = std::min(2 * range.min, range.min);
    range.max = std::max(2 * range.max, range.max);
  }
  return range;
}

// The lit row on its way from the last one, in rows of this image.
double lit_row(const LensFrame& frame, const Grid& grid) {
  const ConvPlan& plan = frame.plan;
  const auto row = static_cast<double>(frame.cell.y * plan.out.w + frame.cell.x);
  if (frame.step == 0 || frame.phase.arrived()) return row;
  const OutputCell before = cell_of_step(plan, frame.step - 1);
  const double from = std::clamp(static_cast<double>(before.y * plan.out.w + before.x), static_cast<double>(grid.row0),
                                 static_cast<double>(grid.row0 + grid.rows - 1));
  return from + (row - from) * static_cast<double>(frame.phase.glide);
}

// The columns in which the current window reads the input, as the row that is lit.
void draw_lit_row(LensFrame& frame, const Grid& grid, double row, bool shade) {
  const Box box = grid.area(row, static_cast<double>(grid.col0), 1, static_cast<double>(grid.cols));
  if (shade) {
    frame.painter.box(box, Role::window, Fill::shade, Outline::none, grid.radius());
    return;
  }
  const float grow = 3 * std::max(1.0f, frame.stage.ui);
  frame.painter.box({box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow}, Role::window, Fill::none,
                    Outline::thick, 3);
}

// Rings around whole rows and columns rather than around each of their cells.
void draw_matrix_rings(LensFrame& frame, const Grid& grid, int64_t c) {
  if (!frame.hover.active()) return;
  const ConvPlan& plan = frame.plan;
  const CellRef& self = frame.hover.self();
  const int64_t image = frame.cell.n * plan.positions();
  CellRef ref{TensorId::toeplitz, frame.cell.c, c, 0, 0};
  if (frame.hover.output()) {
    ref.y = im2col_row(plan, *frame.hover.output());
    const int64_t row = ref.y - image;
    if (row < grid.row0 || row >= grid.row0 + grid.rows || !frame.hover.lights(ref)) return;
    draw_hover_ring(
        frame, grid.area(static_cast<double>(row), static_cast<double>(grid.col0), 1, static_cast<double>(grid.cols)),
        grid.radius());
    return;
  }
  if (self.tensor == TensorId::input) {
    ref.y = image;
    ref.x = self.y * plan.in.w + self.x;
    if (!grid.contains(grid.row0, ref.x) || !frame.hover.lights(ref)) return;
    draw_hover_ring(
        frame, grid.area(static_cast<double>(grid.row0), static_cast<double>(ref.x), static_cast<double>(grid.rows), 1),
        grid.radius());
    return;
  }
  const Grid::Range range = grid.visible(frame.painter.viewport());
  for (int64_t row = range.row0; row < range.row1; ++row) {
    ref.y = image + row;
    for (ref.x = range.col0; ref.x < range.col1; ++ref.x) {
      if (frame.hover.lights(ref)) draw_hover_ring(frame, grid.cell(row, ref.x), grid.radius());
    }
  }
}

}  // namespace

void draw_toeplitz_matrix(LensFrame& frame, const ToeplitzLayout& layout, int64_t c) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const NumberRange numbers = entries_of(frame);
  thread_local Row scratch;
  thread_local std::vector<ToeplitzEntry> entries;
  const int64_t image = frame.cell.n * plan.positions();
  const TensorView weight(frame.tensors.weight);
  for (int s = 0; s < layout.segments; ++s) {
    const Grid grid = frame.stage.seen(layout.segment[s].matrix);
    if (layout.segment[s].padding) {
      painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed, grid.radius());
      continue;
    }
    const NumberStyle style = numbers_for(frame, grid, numbers);
    const Grid::Range range = grid.visible(painter.viewport());
    const double lit = lit_row(frame, grid);
    const Fill fill = style.drawn() ? Fill::tint : Fill::value;
    // Twice over the rows: the cells, then the shade of the lit row, then the numbers.
    for (const bool words : {false, true}) {
      if (words) draw_lit_row(frame, grid, lit, true);
      if (words && !style.drawn()) break;
      for (int64_t row = range.row0; row < range.row1; ++row) {
        const bool is_lit = std::abs(static_cast<double>(row) - lit) < 0.5;
        scratch.value.assign(static_cast<size_t>(grid.cols), 0);
        scratch.stands.assign(static_cast<size_t>(grid.cols), 0);
        toeplitz_row(plan, row, entries);
        for (const ToeplitzEntry& entry : entries) {
          if (entry.column < grid.col0 || entry.column >= grid.col0 + grid.cols) continue;
          const auto at = static_cast<size_t>(entry.column - grid.col0);
          scratch.value[at] += weight.at(frame.cell.c, c, entry.weight / plan.kernel.w, entry.weight % plan.kernel.w);
          scratch.stands[at] = 1;
        }
        for (int64_t col = range.col0; col < range.col1; ++col) {
          const auto at = static_cast<size_t>(col - grid.col0);
          const Box box = grid.cell(row, col);
          const CellRef ref{TensorId::toeplitz, frame.cell.c, c, image + row, col};
          if (scratch.stands[at] == 0) {
            if (!words) draw_zero(frame, grid, box, ref, is_lit);
            continue;
          }
          if (!words) {
            Mark& mark = painter.box(box, Role::weight, fill, Outline::hairline, grid.radius());
            mark.value = scale_of(numbers, scratch.value[at]);
            painter.refer(mark, ref);
          } else {
            Mark& text = painter.number(scratch.value[at], style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2,
                                        Role::weight, is_lit ? Fill::shade : fill);
            text.value = scale_of(numbers, scratch.value[at]);
          }
        }
      }
    }
    const Box box = grid.bounds();
    painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, Role::weight, Fill::none,
                layout.whole ? Outline::thick : Outline::dashed, grid.radius() + 1);
    draw_matrix_rings(frame, grid, c);
    draw_lit_row(frame, grid, lit, false);
  }
}

void draw_toeplitz_vector(LensFrame& frame, const ToeplitzLayout& layout, int64_t c) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const int64_t channel = frame.group * plan.channels_per_group() + c;
  const TensorView view(frame.tensors.input);
  const NumberRange numbers = range_of(frame.tensors.input);
  const Pair origin = window_origin(plan, frame.cell);
  for (int s = 0; s < layout.segments; ++s) {
    const Grid grid = frame.stage.seen(layout.segment[s].vector);
    if (layout.segment[s].padding) {
      painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed, grid.radius());
      continue;
    }
    const NumberStyle style = numbers_for(frame, grid, numbers);
    const Fill fill = style.drawn() ? Fill::tint : Fill::value;
    const Grid::Range range = grid.visible(painter.viewport());
    const bool lying = layout.vector_is_row;
    const int64_t first = lying ? range.col0 : range.row0, last = lying ? range.col1 : range.row1;
    const auto in_window = [&](int64_t at, int64_t from, int64_t dilation, int64_t kernel) {
      return at >= from && (at - from) % dilation == 0 && (at - from) / dilation < kernel;
    };
    // A row of one cell's height is seen or not as a whole.
    if (lying ? range.row1 <= range.row0 : range.col1 <= range.col0) continue;
    for (int64_t at = first; at < last; ++at) {
      const Box box = lying ? grid.cell(grid.row0, at) : grid.cell(at, grid.col0);
      const int64_t y = at / plan.in.w, x = at % plan.in.w;
      const double value = view.at(frame.cell.n, channel, y, x);
      const bool lit = frame.phase.arrived() && in_window(y, origin.h, plan.dilation.h, plan.kernel.h) &&
                       in_window(x, origin.w, plan.dilation.w, plan.kernel.w);
      Mark& mark = painter.box(box, Role::input, fill, Outline::hairline, grid.radius());
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::input, frame.cell.n, channel, y, x});
      if (lit) painter.box(box, Role::window, Fill::shade, Outline::none, grid.radius());
      if (!style.drawn()) continue;
      Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::input,
                                  lit ? Fill::shade : fill);
      text.value = scale_of(numbers, value);
    }
    const Box box = grid.bounds();
    painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, Role::input, Fill::none,
                layout.whole ? Outline::solid : Outline::dashed, grid.radius() + 1);
    for (int64_t at = first; at < last && frame.hover.active(); ++at) {
      const CellRef ref{TensorId::input, frame.cell.n, channel, at / plan.in.w, at % plan.in.w};
      if (frame.hover.lights(ref))
        draw_hover_ring(frame, lying ? grid.cell(grid.row0, at) : grid.cell(at, grid.col0), grid.radius());
    }
  }
}

void draw_toeplitz_product(LensFrame& frame, const ToeplitzLayout& layout, const Tensor& products) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const Grid grid = frame.stage.seen(layout.product);
  const NumberRange numbers = range_of(products);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  if (range.col1 <= range.col0 || !products.defined()) return;
  const int64_t current = frame.cell.y * plan.out.w + frame.cell.x;
  for (int64_t row = range.row0; row < range.row1; ++row) {
    const Box box = grid.cell(row, 0);
    const bool known = row < current || (row == current && frame.phase.products >= 1);
    const double value = products.at(row - grid.row0);
    const Fill fill = !known ? Fill::none : row == current ? Fill::full : !style.drawn() ? Fill::value : Fill::tint;
    Mark& mark = painter.box(box, Role::output, fill, Outline::hairline, grid.radius());
    mark.value = scale_of(numbers, value);
    const CellRef ref{TensorId::output, frame.cell.n, frame.cell.c, row / plan.out.w, row % plan.out.w};
    painter.refer(mark, ref);
    const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
    if (!known) {
      const auto dot = static_cast<float>(std::clamp(grid.pitch * 0.05, 1.0, 3.0));
      painter.box({mx - dot, my - dot, mx + dot, my + dot}, Role::output, Fill::full, Outline::none, dot);
    } else if (style.drawn()) {
      Mark& text = painter.number(value, style, mx, my, Role::output, fill);
      text.value = scale_of(numbers, value);
    }
  }
  const Box box = grid.bounds();
  painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, Role::output, Fill::none,
              layout.whole ? Outline::solid : Outline::dashed, grid.radius() + 1);
  painter.box(grid.cell(current, 0), Role::window, Fill::none, Outline::ring, grid.radius());
  for (int64_t row = range.row0; row < range.row1 && frame.hover.active(); ++row) {
    if (frame.hover.lights({TensorId::output, frame.cell.n, frame.cell.c, row / plan.out.w, row % plan.out.w}))
      draw_hover_ring(frame, grid.cell(row, 0), grid.radius());
  }
}

void draw_padded_kernel(LensFrame& frame, const Grid& grid, int64_t c) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const WindowPosition at = window_at(plan, frame.step, frame.phase.glide);
  const Pair extent = plan.effective_kernel();
  const Box real{static_cast<float>(grid.left(0)), static_cast<float>(grid.top(0)),
                 static_cast<float>(grid.left(static_cast<double>(plan.in.w))),
                 static_cast<float>(grid.top(static_cast<double>(plan.in.h)))};
  const bool cells = cell_by_cell(grid);
  if (cells) {
    const Grid::Range range = grid.visible(painter.viewport());
    const int64_t row = frame.cell.y * plan.out.w + frame.cell.x, image = frame.cell.n * plan.positions();
    for (int64_t y = range.row0; y < range.row1; ++y) {
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const bool padding = y < 0 || y >= plan.in.h || x < 0 || x >= plan.in.w;
        const Box box = grid.cell(y, x);
        if (padding) {
          painter.box(box, Role::padding, Fill::none, Outline::dashed, grid.radius());
        } else {
          draw_zero(frame, grid, box, {TensorId::toeplitz, frame.cell.c, c, image + row, y * plan.in.w + x}, false);
        }
      }
    }
  } else if (plan.pads != Pads{}) {
    painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed);
  }

  const TensorView weight(frame.tensors.weight);
  const NumberRange numbers = range_of(frame.tensors.weight);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  for (int64_t ky = 0; ky < plan.kernel.h && cells; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      const double y = at.y + static_cast<double>(ky * plan.dilation.h),
                   x = at.x + static_cast<double>(kx * plan.dilation.w);
      const Box box = grid.area(y, x, 1, 1);
      // What lies beyond the input has no column: it meets zeros, or stands where the padding takes its values from.
      const bool beyond =
          y < -0.5 || x < -0.5 || y > static_cast<double>(plan.in.h) - 0.5 || x > static_cast<double>(plan.in.w) - 0.5;
      const double value = weight.at(frame.cell.c, c, ky, kx);
      const Fill fill = beyond ? Fill::none : style.drawn() ? Fill::tint : Fill::value;
      // Over the dot.
      painter.box(box, Role::canvas, Fill::full, Outline::none, grid.radius());
      Mark& mark = painter.box(box, Role::weight, fill, beyond ? Outline::dashed : Outline::hairline, grid.radius());
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::weight, frame.cell.c, c, ky, kx});
      if (!style.drawn()) continue;
      Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2,
                                  beyond ? Role::secondary : Role::weight, fill);
      text.value = scale_of(numbers, value);
    }
  }
  Box window = grid.area(at.y, at.x, static_cast<double>(extent.h), static_cast<double>(extent.w));
  if (!cells) {
    const float smallest = 8 * frame.stage.ui, mx = (window.x0 + window.x1) / 2, my = (window.y0 + window.y1) / 2;
    const float w = std::max(window.width(), smallest) / 2, h = std::max(window.height(), smallest) / 2;
    window = {mx - w, my - h, mx + w, my + h};
    painter.box(window, Role::weight, Fill::full, Outline::none, 2);
  }
  painter.box(real, Role::weight, Fill::none, Outline::thick, cells ? grid.radius() + 1 : 0);
  painter.box(window, Role::window, Fill::none, Outline::thick, cells ? grid.radius() : 2);
  if (!cells || !frame.hover.active()) return;
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      if (!frame.hover.lights({TensorId::weight, frame.cell.c, c, ky, kx})) continue;
      if (frame.hover.output() && !(*frame.hover.output() == frame.cell)) continue;
      draw_hover_ring(frame,
                      grid.area(at.y + static_cast<double>(ky * plan.dilation.h),
                                at.x + static_cast<double>(kx * plan.dilation.w), 1, 1),
                      grid.radius());
    }
  }
}

}  // namespace convscope
