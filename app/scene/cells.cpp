// What all grids of cells share, the kernel, the products and the output.
#include "app/scene/cells.h"

#include <algorithm>
#include <cmath>

namespace convscope {

NumberStyle numbers_for(const StageFrame& frame, const Grid& grid, const NumberRange& range) {
  const auto cell = static_cast<float>(grid.pitch - grid.gap());
  return frame.painter.fit(range, cell, cell);
}

float scale_of(const NumberRange& range, double value) {
  const double end = range.shade_end();
  return end > 0 ? static_cast<float>(std::clamp(value / end, -1.0, 1.0)) : 0.0f;
}

void draw_rings(LensFrame& frame, const Grid& grid, CellRef ref) {
  if (!frame.hover.active() || !cell_by_cell(grid)) return;
  const Grid::Range range = grid.visible(frame.painter.viewport());
  for (ref.y = range.row0; ref.y < range.row1; ++ref.y) {
    for (ref.x = range.col0; ref.x < range.col1; ++ref.x) {
      if (frame.hover.lights(ref)) draw_hover_ring(frame, grid.cell(ref.y, ref.x), grid.radius());
    }
  }
}

// A channel whose cells are too small to draw one by one.
void draw_texture(StageFrame& frame, const Grid& grid, const Tensor& tensor, TensorId id, int64_t n, int64_t c,
                  int64_t row0, int64_t row1, int64_t col0, int64_t col1, float opacity, bool rgb) {
  if (row1 <= row0 || col1 <= col0) return;
  Raster raster;
  raster.tensor = tensor;
  raster.id = id;
  raster.n = n;
  raster.channel = c;
  const NumberRange range = range_of(tensor);
  raster.high = static_cast<float>(range.shade_end() > 0 ? range.shade_end() : 1);
  raster.low = -raster.high;
  if (rgb) {
    raster.rgb = true;
    raster.channel = 0;
    raster.low = 0;
    raster.high = 1;
  }
  raster.u0 = static_cast<double>(col0);
  raster.u1 = static_cast<double>(col1);
  raster.v0 = static_cast<double>(row0);
  raster.v1 = static_cast<double>(row1);
  const Box box{static_cast<float>(grid.left(raster.u0)), static_cast<float>(grid.top(raster.v0)),
                static_cast<float>(grid.left(raster.u1)), static_cast<float>(grid.top(raster.v1))};
  frame.painter.raster(box, std::move(raster)).opacity = opacity;
}

void draw_hover_ring(StageFrame& frame, const Box& box, float radius) {
  // The dark hairline keeps the ring visible on white, where yellow alone has too little contrast.
  frame.painter.box(box, Role::text, Fill::none, Outline::ring, radius).size = 4.5f * std::max(1.0f, frame.stage.ui);
  frame.painter.box(box, Role::hover, Fill::none, Outline::ring, radius);
}

void draw_hover_marker(StageFrame& frame, Box box) {
  const float smallest = 8 * frame.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const float w = std::max(box.width(), smallest) / 2, h = std::max(box.height(), smallest) / 2;
  draw_hover_ring(frame, {mx - w, my - h, mx + w, my + h}, 2);
}

bool is_rgb(const Tensor& input) {
  if (TensorView(input).channels() != 3) return false;
  const NumberRange range = range_of(input);
  return !range.integral && range.min >= 0 && range.max <= 1;
}

void draw_value_cell(StageFrame& frame, const Box& box, double value, const NumberRange& range, Role role, Fill fill) {
  Mark& mark = frame.painter.box(box, role, fill, Outline::hairline, std::min(3.0f, box.width() * 0.1f));
  mark.value = scale_of(range, value);
  const NumberStyle style = frame.painter.fit(range, box.width(), box.height());
  if (!style.drawn()) return;
  Mark& text = frame.painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, role, fill);
  text.value = scale_of(range, value);
}

void draw_weight_slice(LensFrame& frame, const Grid& grid, int64_t o, int64_t i, float opacity, bool values,
                       bool numbers_wanted) {
  Painter& painter = frame.painter;
  const Grid::Range range = grid.visible(painter.viewport());
  if (!cell_by_cell(grid)) {
    draw_texture(frame, grid, frame.tensors.weight, TensorId::weight, o, i, 0, grid.rows, 0, grid.cols, opacity);
  } else {
    const TensorView view(frame.tensors.weight);
    const NumberRange numbers = range_of(frame.tensors.weight);
    const NumberStyle style = numbers_for(frame, grid, numbers);
    const Fill fill = values || !style.drawn() ? Fill::value : Fill::tint;
    for (int64_t y = range.row0; y < range.row1; ++y) {
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const Box box = grid.cell(y, x);
        const double value = view.at(o, i, y, x);
        Mark& mark = painter.box(box, Role::weight, fill, Outline::hairline, grid.radius());
        mark.opacity = opacity;
        mark.value = scale_of(numbers, value);
        painter.refer(mark, {TensorId::weight, o, i, y, x});
        if (!style.drawn() || !numbers_wanted) continue;
        Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::weight, fill);
        text.opacity = opacity;
        text.value = scale_of(numbers, value);
      }
    }
  }
  painter.box(grid.bounds(), Role::weight, Fill::none, Outline::thick, grid.radius() + 1).opacity = opacity;
  draw_rings(frame, grid, {TensorId::weight, o, i, 0, 0});
}

void draw_products(LensFrame& frame, const Grid& grid, int64_t group_c) {
  Painter& painter = frame.painter;
  const ConvPlan& plan = frame.plan;
  if (grid.pitch < 3) return;
  const NumberRange numbers = products_of(range_of(frame.tensors.input), range_of(frame.tensors.weight));
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const double taps = static_cast<double>(plan.taps());
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      const int64_t tap = (group_c * plan.kernel.h + ky) * plan.kernel.w + kx;
      const Box box = grid.cell(ky, kx);
      // Products come one after the other.
      const bool out =
          frame.phase.products >= 1 || static_cast<double>(frame.phase.products) * taps > static_cast<double>(tap);
      Mark& mark = painter.box(box, Role::secondary, Fill::none, Outline::hairline, grid.radius());
      if (!out) continue;
      if (!style.drawn()) {
        mark.role = Role::output;
        mark.fill = Fill::value;
        if (grid.pitch < 10) mark.outline = Outline::none;
        mark.value = scale_of(numbers, frame.arithmetic.values[static_cast<size_t>(tap)].product);
        continue;
      }
      painter.number(frame.arithmetic.values[static_cast<size_t>(tap)].product, style, (box.x0 + box.x1) / 2,
                     (box.y0 + box.y1) / 2, Role::text, Fill::none);
    }
  }
}

namespace {

// Over the cells after the first `done`, and a line along its edge.
void draw_veil(LensFrame& frame, const Grid& grid, int64_t done) {
  const auto height = static_cast<double>(grid.rows), width = static_cast<double>(grid.cols);
  const auto row = static_cast<double>(done / grid.cols), rest = static_cast<double>(done % grid.cols);
  const auto veil = [&](double row0, double col0, double rows, double cols) {
    if (rows <= 0 || cols <= 0) return;
    const Box box{static_cast<float>(grid.left(col0)), static_cast<float>(grid.top(row0)),
                  static_cast<float>(grid.left(col0 + cols)), static_cast<float>(grid.top(row0 + rows))};
    frame.painter.box(box, Role::border, Fill::full).opacity = kVeilOpacity;
  };
  veil(row, rest, 1, width - rest);
  veil(row + 1, 0, height - row - 1, width);
  const auto edge = [&](double row0, double col0, double cols) {
    if (row0 <= 0 || row0 >= height || cols <= 0) return;
    const auto y = static_cast<float>(grid.top(row0));
    frame.painter.line(static_cast<float>(grid.left(col0)), y, static_cast<float>(grid.left(col0 + cols)), y,
                       Role::output, 0);
  };
  edge(row + 1, 0, rest);
  edge(row, rest, width - rest);
}

}  // namespace

void draw_output_channel(LensFrame& frame, const Grid& grid, int64_t n, int64_t c, float opacity, bool values) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const OutputCell& current = frame.cell;
  const bool here = current.n == n && current.c == c;
  const int64_t first = step_of_cell(plan, {n, c, 0, 0});
  // Computed cells of this channel, in row-major order.
  const int64_t done = std::clamp<int64_t>(frame.step - first + (frame.phase.landed() ? 1 : 0), 0, plan.positions());

  if (!cell_by_cell(grid)) {
    // Nobody waits for two million steps: what is still to come shows faintly, under a veil, so that the texture itself
    // is the same in all frames.
    draw_texture(frame, grid, frame.tensors.output, TensorId::output, n, c, 0, plan.out.h, 0, plan.out.w, opacity);
    draw_veil(frame, grid, done);
    painter.box(grid.bounds(), Role::output, Fill::none, Outline::solid, 3).opacity = opacity;
    if (here) {
      Box box = grid.cell(current.y, current.x);
      const float smallest = 8 * frame.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      if (box.width() < smallest) box = {mx - smallest / 2, my - smallest / 2, mx + smallest / 2, my + smallest / 2};
      painter.box(box, Role::canvas, Fill::none, Outline::ring, 2).size = 5 * std::max(1.0f, frame.stage.ui);
      painter.box(box, Role::output, grid.pitch < 6 ? Fill::none : Fill::full, Outline::ring, 2);
    }
    if (frame.hover.active()) {
      const CellRef& self = frame.hover.self();
      if (const auto& output = frame.hover.output(); output && output->n == n && output->c == c) {
        draw_hover_marker(frame, grid.cell(output->y, output->x));
      } else if (frame.hover.used_in(n, c)) {
        uses_of_input(plan, n, self.y, self.x, frame.uses);
        if (!frame.uses.cells.empty()) {
          int64_t y0 = plan.out.h, x0 = plan.out.w, y1 = 0, x1 = 0;
          for (const OutputCell& use : frame.uses.cells) {
            y0 = std::min(y0, use.y);
            x0 = std::min(x0, use.x);
            y1 = std::max(y1, use.y + 1);
            x1 = std::max(x1, use.x + 1);
          }
          draw_hover_marker(frame, grid.area(static_cast<double>(y0), static_cast<double>(x0),
                                             static_cast<double>(y1 - y0), static_cast<double>(x1 - x0)));
        }
      }
    }
    return;
  }

  const TensorView view(frame.tensors.output);
  // What a texture showed under a veil stays there when the camera comes near.
  const bool veiled = values && grid.rows * grid.cols > kMaxSmallGrid;
  const NumberRange numbers = range_of(frame.tensors.output);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      const bool computed = y * plan.out.w + x < done;
      const bool is_current = here && y == current.y && x == current.x;
      const bool veiled_here = !computed && veiled;
      const double value = computed || veiled_here ? view.at(n, c, y, x) : 0;
      const Fill fill = veiled_here                ? Fill::value
                        : !computed                ? Fill::none
                        : is_current               ? Fill::full
                        : values || !style.drawn() ? Fill::value
                                                   : Fill::tint;
      Mark& mark = painter.box(box, Role::output, fill, Outline::hairline, grid.radius());
      mark.opacity = opacity;
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::output, n, c, y, x});
      if (veiled_here) painter.box(box, Role::border, Fill::full, Outline::none, grid.radius()).opacity = kVeilOpacity;
      if (!computed) {
        const auto dot = static_cast<float>(std::clamp(grid.pitch * 0.05, 1.0, 3.0));
        painter.box({mx - dot, my - dot, mx + dot, my + dot}, Role::output, Fill::full, Outline::none, dot).opacity =
            opacity;
      } else if (style.drawn()) {
        Mark& text = painter.number(value, style, mx, my, Role::output, fill);
        text.opacity = opacity;
        text.value = scale_of(numbers, value);
      }
    }
  }
  const Box frame_box = grid.bounds();
  painter
      .box({frame_box.x0 - 2, frame_box.y0 - 2, frame_box.x1 + 2, frame_box.y1 + 2}, Role::output, Fill::none,
           Outline::solid, 8)
      .opacity = opacity;
  if (here) {
    // The last cells, fading: where the kernel has just been.
    if (frame.trail > 0) {
      for (int64_t back = 4; back >= 1; --back) {
        const int64_t at = frame.step - back - first;
        if (at < 0) continue;
        painter.box(grid.cell(at / plan.out.w, at % plan.out.w), Role::output, Fill::none, Outline::ring, grid.radius())
            .opacity = frame.trail * (0.6f - 0.12f * static_cast<float>(back));
      }
    }
    painter.box(grid.cell(current.y, current.x), Role::window, Fill::none, Outline::ring, grid.radius());
  }
  draw_rings(frame, grid, {TensorId::output, n, c, 0, 0});
}

void draw_sheets_behind(StageFrame& frame, const Grid& grid, int count, Role role) {
  const float offset = kSheetOffset * frame.stage.ui;
  const Box front = grid.bounds();
  for (int i = std::min(count, 3); i >= 1; --i) {
    const float d = offset * static_cast<float>(i);
    const Box box{front.x0 + d, front.y0 - d, front.x1 + d, front.y1 - d};
    frame.painter.box(box, Role::canvas, Fill::full, Outline::none, 3);
    frame.painter.box(box, role, Fill::tint, Outline::hairline, 3);
  }
  frame.painter.box(front, Role::canvas, Fill::full, Outline::none, 3);
}

void draw_landing_sum(LensFrame& frame, float x, float y, const Grid& output) {
  if (frame.phase.landed() || frame.phase.products < 1) return;
  Painter& painter = frame.painter;
  const Box target = output.cell(frame.cell.y, frame.cell.x);
  const float t = frame.phase.land, ui = frame.stage.ui;
  const float cx = x + ((target.x0 + target.x1) / 2 - x) * t, cy = y + ((target.y0 + target.y1) / 2 - y) * t;
  char number[24];
  const int length = format_number(frame.arithmetic.result, 7, number, sizeof number);
  const std::string_view words{number, static_cast<size_t>(length)};
  // As large as its number, and no larger than its cell where that has room for it.
  float size = 14 * ui;
  const float at_one = painter.width(words, Face::sans, 1), inner = target.width() * 0.87f / at_one;
  if (inner >= kMinNumberSize) size = std::min(size, inner);
  const float half_w = size * (at_one / 2 + 0.4f), half_h = size * 0.75f;
  const Box box{cx - half_w, cy - half_h, cx + half_w, cy + half_h};
  painter.box(box, Role::output, Fill::full, Outline::hairline, size * 0.3f);
  painter.text(words, cx, cy, size, Role::output, Align::center).fill = Fill::full;
}

}  // namespace convscope
