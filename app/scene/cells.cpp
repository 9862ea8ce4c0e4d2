#include <algorithm>
#include <cmath>
#include <vector>

#include "app/scene/lens.h"
#include "app/scene/theme.h"
#include "engine/padding.h"

namespace convscope {
namespace {

NumberStyle numbers_for(const LensFrame& frame, const Grid& grid, const NumberRange& range) {
  const auto cell = static_cast<float>(grid.pitch - grid.gap());
  return frame.painter.fit(range, cell, cell);
}

// Whether any window reads an index of one axis of the padded input.
bool axis_used(int64_t i, int64_t pad, int64_t stride, int64_t dilation, int64_t kernel, int64_t out) {
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t from = i + pad - k * dilation;
    if (from >= 0 && from % stride == 0 && from / stride < out) return true;
  }
  return false;
}

float scale_of(const NumberRange& range, double value) {
  const double largest = range.max_abs();
  return largest > 0 ? static_cast<float>(value / largest) : 0.0f;
}

void draw_rings(LensFrame& frame, const Grid& grid, CellRef ref) {
  if (!frame.hover.active() || grid.pitch < kMinCellPitch) return;
  const Grid::Range range = grid.visible(frame.painter.viewport());
  for (ref.y = range.row0; ref.y < range.row1; ++ref.y) {
    for (ref.x = range.col0; ref.x < range.col1; ++ref.x) {
      if (frame.hover.lights(ref)) draw_hover_ring(frame, grid.cell(ref.y, ref.x), grid.radius());
    }
  }
}

// A channel whose cells are too small to draw one by one.
void draw_texture(LensFrame& frame, const Grid& grid, const Tensor& tensor, TensorId id, int64_t n, int64_t c,
                  int64_t row0, int64_t row1, int64_t col0, int64_t col1, float opacity, bool rgb = false) {
  if (row1 <= row0 || col1 <= col0) return;
  Raster raster;
  raster.tensor = tensor;
  raster.id = id;
  raster.n = n;
  raster.channel = c;
  const NumberRange range = range_of(tensor);
  raster.high = static_cast<float>(range.max_abs() > 0 ? range.max_abs() : 1);
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

struct Taps {
  double y, x;  // upper left corner, on its way
  Pair extent;
};

// The shade over the taps, the outline around the window.
void draw_window(LensFrame& frame, const Grid& grid, const Taps& taps, float opacity) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const Box whole = grid.area(taps.y, taps.x, static_cast<double>(taps.extent.h), static_cast<double>(taps.extent.w));
  const bool dense = (plan.dilation.h == 1 || plan.kernel.h == 1) && (plan.dilation.w == 1 || plan.kernel.w == 1);
  if (dense || grid.pitch < kMinCellPitch) {
    painter.box(whole, Role::window, Fill::shade, Outline::none, grid.radius()).opacity = opacity;
  } else {
    for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
      for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
        const Box cell = grid.area(taps.y + static_cast<double>(ky * plan.dilation.h),
                                   taps.x + static_cast<double>(kx * plan.dilation.w), 1, 1);
        painter.box(cell, Role::window, Fill::shade, Outline::none, grid.radius()).opacity = opacity;
      }
    }
  }
}

void draw_window_outline(LensFrame& frame, const Grid& grid, const Taps& taps, float opacity = 1) {
  Box whole = grid.area(taps.y, taps.x, static_cast<double>(taps.extent.h), static_cast<double>(taps.extent.w));
  // On a photograph the window must still be found.
  const float smallest = 10 * frame.stage.ui;
  if (whole.width() < smallest) {
    const float middle = (whole.x0 + whole.x1) / 2;
    whole.x0 = middle - smallest / 2;
    whole.x1 = middle + smallest / 2;
  }
  if (whole.height() < smallest) {
    const float middle = (whole.y0 + whole.y1) / 2;
    whole.y0 = middle - smallest / 2;
    whole.y1 = middle + smallest / 2;
  }
  const float grow = static_cast<float>(grid.gap()) / 2;
  whole = {whole.x0 - grow, whole.y0 - grow, whole.x1 + grow, whole.y1 + grow};
  frame.painter.box(whole, Role::window, Fill::none, Outline::thick, grid.radius() + grow).opacity = opacity;
}

// Red, green and blue of the visible pixels, one below the other.
template <class Covered>
void draw_pixel_numbers(LensFrame& frame, const Grid& grid, int64_t n, const Covered& covered) {
  Painter& painter = frame.painter;
  const auto cell = static_cast<float>(grid.pitch - grid.gap());
  const Theme& colors = theme(frame.request.theme);
  const Grid::Range range = grid.visible(painter.viewport());
  const int64_t row0 = std::max<int64_t>(0, range.row0), row1 = std::min(range.row1, frame.plan.in.h);
  const int64_t col0 = std::max<int64_t>(0, range.col0), col1 = std::min(range.col1, frame.plan.in.w);
  // Hairlines between the pixels, so that they can be counted.
  const auto left = static_cast<float>(grid.left(static_cast<double>(col0))),
             right = static_cast<float>(grid.left(static_cast<double>(col1)));
  const auto top = static_cast<float>(grid.top(static_cast<double>(row0))),
             bottom = static_cast<float>(grid.top(static_cast<double>(row1)));
  for (int64_t y = row0; y <= row1 && col1 > col0; ++y) {
    const auto at = static_cast<float>(grid.top(static_cast<double>(y)));
    painter.line(left, at, right, at, Role::canvas, 0).opacity = 0.35f;
  }
  for (int64_t x = col0; x <= col1 && row1 > row0; ++x) {
    const auto at = static_cast<float>(grid.left(static_cast<double>(x)));
    painter.line(at, top, at, bottom, Role::canvas, 0).opacity = 0.35f;
  }
  NumberStyle style = painter.fit({0, 1, false}, cell * 0.9f, cell);
  style.size = std::min(style.size, cell * 0.24f);
  style.decimals = std::min(style.decimals, 3);
  if (style.size < kMinNumberSize) return;
  const TensorView view(frame.tensors.input);
  for (int64_t y = row0; y < row1; ++y) {
    for (int64_t x = col0; x < col1; ++x) {
      const double rgb[3] = {view.at(n, 0, y, x), view.at(n, 1, y, x), view.at(n, 2, y, x)};
      Color pixel{static_cast<float>(rgb[0]), static_cast<float>(rgb[1]), static_cast<float>(rgb[2]), 1};
      if (covered(y, x)) pixel = composed(colors.shade, pixel);
      const Color ink = colors.of(Role::text).line, paper = colors.of(Role::canvas).full;
      const Role role = contrast(ink, pixel) >= contrast(paper, pixel) ? Role::text : Role::canvas;
      const Box box = grid.cell(y, x);
      for (int c = 0; c < 3; ++c) {
        painter.number(rgb[c], style, (box.x0 + box.x1) / 2,
                       (box.y0 + box.y1) / 2 + static_cast<float>(c - 1) * style.size * 1.25f, role, Fill::none);
      }
    }
  }
}

// Where a kernel that jumps has just been, fading.
void draw_trail(LensFrame& frame, const Grid& grid, int64_t n, Taps taps) {
  if (!frame.jumping) return;
  for (int64_t back = 3; back >= 1; --back) {
    if (frame.step < back) continue;
    const OutputCell cell = cell_of_step(frame.plan, frame.step - back);
    if (cell.n != n || cell.c != frame.cell.c) continue;
    const Pair origin = window_origin(frame.plan, cell);
    taps.y = static_cast<double>(origin.h);
    taps.x = static_cast<double>(origin.w);
    draw_window_outline(frame, grid, taps, 0.5f - 0.12f * static_cast<float>(back));
  }
}

}  // namespace

void draw_hover_ring(LensFrame& frame, const Box& box, float radius) {
  // The dark hairline keeps the ring visible on white, where yellow alone has too little contrast.
  frame.painter.box(box, Role::text, Fill::none, Outline::ring, radius).size = 4.5f * std::max(1.0f, frame.stage.ui);
  frame.painter.box(box, Role::hover, Fill::none, Outline::ring, radius);
}

void draw_hover_marker(LensFrame& frame, Box box) {
  const float smallest = 8 * frame.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const float w = std::max(box.width(), smallest) / 2, h = std::max(box.height(), smallest) / 2;
  draw_hover_ring(frame, {mx - w, my - h, mx + w, my + h}, 2);
}

bool is_rgb(const Tensor& input) {
  if (TensorView(input).channels() != 3) return false;
  const NumberRange range = range_of(input);
  return !range.integral && range.min >= 0 && range.max <= 1;
}

void draw_value_cell(LensFrame& frame, const Box& box, double value, const NumberRange& range, Role role, Fill fill) {
  Mark& mark = frame.painter.box(box, role, fill, Outline::hairline, std::min(3.0f, box.width() * 0.1f));
  mark.value = scale_of(range, value);
  const NumberStyle style = frame.painter.fit(range, box.width(), box.height());
  if (!style.drawn()) return;
  Mark& text = frame.painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, role, fill);
  text.value = scale_of(range, value);
}

void draw_input_channel(LensFrame& frame, const Grid& grid, int64_t n, int64_t c, const InputStyle& style) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const TensorView view(frame.tensors.input);
  const NumberRange numbers = range_of(frame.tensors.input);
  const NumberStyle number_style = numbers_for(frame, grid, numbers);
  // The cells of the unpadded input that the grid holds.
  const int64_t row0 = std::max<int64_t>(0, grid.row0), row1 = std::min(plan.in.h, grid.row0 + grid.rows);
  const int64_t col0 = std::max<int64_t>(0, grid.col0), col1 = std::min(plan.in.w, grid.col0 + grid.cols);
  const Box real{static_cast<float>(grid.left(static_cast<double>(col0))),
                 static_cast<float>(grid.top(static_cast<double>(row0))),
                 static_cast<float>(grid.left(static_cast<double>(col1))),
                 static_cast<float>(grid.top(static_cast<double>(row1)))};
  const bool whole = grid.rows >= plan.in.h && grid.cols >= plan.in.w;
  const WindowPosition at = window_at(plan, frame.step, style.glides ? frame.phase.glide : 1);
  const Taps taps{at.y, at.x, plan.effective_kernel()};
  const bool cells = grid.pitch >= kMinCellPitch;
  const bool values = style.values || !number_style.drawn();
  const Grid::Range range = grid.visible(painter.viewport());
  const bool has_padding = plan.pads != Pads{};

  if (!cells) {
    draw_texture(frame, grid, frame.tensors.input, TensorId::input, n, c, row0, row1, col0, col1, style.opacity,
                 style.rgb);
    if (has_padding && whole)
      painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed).opacity = style.opacity;
    if (whole) painter.box(real, Role::input, Fill::none, Outline::solid).opacity = style.opacity;
    if (style.with_window) {
      if (style.shade) draw_window(frame, grid, taps, 1);
      draw_trail(frame, grid, n, taps);
      draw_window_outline(frame, grid, taps);
    }
    if (frame.hover.active()) {
      const CellRef& self = frame.hover.self();
      if (const auto& output = frame.hover.output(); output && output->n == n) {
        const Pair origin = window_origin(plan, *output);
        draw_hover_marker(frame, grid.area(static_cast<double>(origin.h), static_cast<double>(origin.w),
                                           static_cast<double>(taps.extent.h), static_cast<double>(taps.extent.w)));
      } else if (self.tensor == TensorId::input && self.n == n) {
        draw_hover_marker(frame, grid.cell(self.y, self.x));
      }
    }
    return;
  }

  if (style.rgb) {
    draw_texture(frame, grid, frame.tensors.input, TensorId::input, n, 0, row0, row1, col0, col1, style.opacity, true);
  }
  thread_local std::vector<char> columns;  // used by any window
  columns.clear();
  for (int64_t x = range.col0; x < range.col1; ++x) {
    columns.push_back(axis_used(x, plan.pads.left, plan.stride.w, plan.dilation.w, plan.kernel.w, plan.out.w) ? 1 : 0);
  }
  const auto covered = [&](int64_t y, int64_t x) {
    if (!style.with_window || !style.shade) return false;
    const double dy = static_cast<double>(y) - taps.y, dx = static_cast<double>(x) - taps.x;
    const auto on_tap = [](double d, int64_t dilation, int64_t kernel) {
      const double k = std::round(d / static_cast<double>(dilation));
      return k >= 0 && k < static_cast<double>(kernel) && std::abs(d - k * static_cast<double>(dilation)) < 0.5;
    };
    return on_tap(dy, plan.dilation.h, plan.kernel.h) && on_tap(dx, plan.dilation.w, plan.kernel.w);
  };

  for (int64_t y = range.row0; y < range.row1; ++y) {
    const bool row_used = axis_used(y, plan.pads.top, plan.stride.h, plan.dilation.h, plan.kernel.h, plan.out.h);
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const bool padding = y < 0 || y >= plan.in.h || x < 0 || x >= plan.in.w;
      const bool used = row_used && columns[static_cast<size_t>(x - range.col0)] != 0;
      const Box box = grid.cell(y, x);
      if (style.rgb && !padding) continue;  // its pixel is there
      Mark& mark = painter.box(box, padding ? Role::padding : Role::input,
                               padding  ? Fill::none
                               : values ? Fill::value
                                        : Fill::tint,
                               padding ? Outline::dashed : Outline::hairline, grid.radius());
      mark.opacity = style.opacity;
      if (!padding && values) mark.value = scale_of(numbers, view.at(n, c, y, x));
      painter.refer(mark, {TensorId::input, n, c, y, x});
      if (!used) painter.box(box, Role::unused, Fill::hatch, Outline::none, grid.radius()).opacity = style.opacity;
    }
  }
  if (has_padding && whole)
    painter.box(real, Role::input, Fill::none, Outline::solid, grid.radius()).opacity = style.opacity;
  if (style.with_window && style.shade) draw_window(frame, grid, taps, 1);

  const bool chips = style.weights_in_window && style.with_window &&
                     grid.pitch >= 40 * static_cast<double>(std::max(1.0f, frame.stage.ui));
  if (style.rgb) {
    draw_pixel_numbers(frame, grid, n, covered);
  } else if (number_style.drawn()) {
    for (int64_t y = range.row0; y < range.row1; ++y) {
      const int64_t source_y = source_index(y, plan.in.h, plan.padding_mode);
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const int64_t source_x = source_index(x, plan.in.w, plan.padding_mode);
        const bool padding = y < 0 || y >= plan.in.h || x < 0 || x >= plan.in.w;
        const double value =
            source_y == kZeroPadding || source_x == kZeroPadding ? 0 : view.at(n, c, source_y, source_x);
        const bool under = covered(y, x);
        const Box box = grid.cell(y, x);
        const float lift = chips && under ? box.height() * 0.1f : 0;
        const Role role = padding ? under ? Role::padding : Role::secondary : Role::input;
        const Fill on = under ? Fill::shade : padding ? Fill::none : values ? Fill::value : Fill::tint;
        Mark& text = painter.number(value, number_style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - lift, role, on);
        text.value = scale_of(numbers, value);
        text.opacity = style.opacity;
      }
    }
  }
  if (chips) {
    // What each cell is multiplied by, in the kernel's colour.
    const NumberRange weights = range_of(frame.tensors.weight);
    const auto width = static_cast<float>(grid.pitch * 0.62), height = static_cast<float>(grid.pitch * 0.3);
    NumberStyle chip = painter.fit(weights, width, height * 1.9f);
    chip.size = std::min(chip.size, height * 0.86f);
    const TensorView weight(frame.tensors.weight);
    const int64_t slice = c % plan.channels_per_group();
    for (int64_t ky = 0; ky < plan.kernel.h && chip.size >= kMinNumberSize; ++ky) {
      for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
        const Box cell = grid.area(taps.y + static_cast<double>(ky * plan.dilation.h),
                                   taps.x + static_cast<double>(kx * plan.dilation.w), 1, 1);
        char digits[24];
        const double value = weight.at(frame.cell.c, slice, ky, kx);
        const int length = format_styled(value, chip, digits, sizeof digits);
        const float text_width = painter.width({digits, static_cast<size_t>(length)}, Face::sans, chip.size);
        const Box box{cell.x1 - text_width - chip.size * 0.5f, cell.y1 - chip.size * 1.25f, cell.x1, cell.y1};
        painter.box(box, Role::weight, Fill::full, Outline::none, grid.radius());
        painter.number(value, chip, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::weight, Fill::full);
      }
    }
  }
  if (style.with_window) {
    if (style.glides) draw_trail(frame, grid, n, taps);
    draw_window_outline(frame, grid, taps);
  }
  draw_rings(frame, grid, {TensorId::input, n, c, 0, 0});
}

void draw_weight_slice(LensFrame& frame, const Grid& grid, int64_t o, int64_t i, float opacity, bool values) {
  Painter& painter = frame.painter;
  const Grid::Range range = grid.visible(painter.viewport());
  if (grid.pitch < kMinCellPitch) {
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
        if (!style.drawn()) continue;
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
  const NumberRange x = range_of(frame.tensors.input), w = range_of(frame.tensors.weight);
  NumberRange numbers;
  numbers.max = x.max_abs() * w.max_abs();
  numbers.min = x.min < 0 || w.min < 0 ? -numbers.max : 0;
  numbers.integral = x.integral && w.integral;
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

void draw_output_channel(LensFrame& frame, const Grid& grid, int64_t n, int64_t c, float opacity, bool values) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const OutputCell& current = frame.cell;
  const bool here = current.n == n && current.c == c;
  const int64_t first = step_of_cell(plan, {n, c, 0, 0});
  // Computed cells of this channel, in row-major order.
  const int64_t done = std::clamp<int64_t>(frame.step - first + (frame.phase.landed() ? 1 : 0), 0, plan.positions());

  if (grid.pitch < kMinCellPitch) {
    // Nobody waits for two million steps: what is still to come shows faintly, under a veil, so that the texture itself
    // is the same in all frames.
    draw_texture(frame, grid, frame.tensors.output, TensorId::output, n, c, 0, plan.out.h, 0, plan.out.w, opacity);
    const auto veil = [&](double row, double col, double rows, double cols) {
      if (rows <= 0 || cols <= 0) return;
      const Box box{static_cast<float>(grid.left(col)), static_cast<float>(grid.top(row)),
                    static_cast<float>(grid.left(col + cols)), static_cast<float>(grid.top(row + rows))};
      painter.box(box, Role::canvas, Fill::full).opacity = 1 - kPendingOpacity;
    };
    const auto height = static_cast<double>(plan.out.h), width = static_cast<double>(plan.out.w);
    const auto row = static_cast<double>(done / plan.out.w), rest = static_cast<double>(done % plan.out.w);
    if (rest > 0) {
      veil(row, rest, 1, width - rest);
      veil(row + 1, 0, height - row - 1, width);
    } else {
      veil(row, 0, height - row, width);
    }
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
      } else if (self.tensor == TensorId::input && self.n == n) {
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
  const NumberRange numbers = range_of(frame.tensors.output);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      const bool computed = y * plan.out.w + x < done;
      const bool is_current = here && y == current.y && x == current.x;
      const bool faint = !computed && values;
      const double value = computed || faint ? view.at(n, c, y, x) : 0;
      const Fill fill = faint                      ? Fill::value
                        : !computed                ? Fill::none
                        : is_current               ? Fill::full
                        : values || !style.drawn() ? Fill::value
                                                   : Fill::tint;
      Mark& mark = painter.box(box, Role::output, fill, Outline::hairline, grid.radius());
      mark.opacity = faint ? kPendingOpacity * opacity : opacity;
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::output, n, c, y, x});
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
    if (frame.jumping) {
      for (int64_t back = 4; back >= 1; --back) {
        const int64_t at = frame.step - back - first;
        if (at < 0) continue;
        painter.box(grid.cell(at / plan.out.w, at % plan.out.w), Role::output, Fill::none, Outline::ring, grid.radius())
            .opacity = 0.6f - 0.12f * static_cast<float>(back);
      }
    }
    painter.box(grid.cell(current.y, current.x), Role::window, Fill::none, Outline::ring, grid.radius());
  }
  draw_rings(frame, grid, {TensorId::output, n, c, 0, 0});
}

void draw_sheets_behind(LensFrame& frame, const Grid& grid, int count, Role role) {
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

void draw_landing_sum(LensFrame& frame, double x, double y, const Grid& output) {
  if (frame.phase.landed() || frame.phase.products < 1) return;
  const Box target = output.cell(frame.cell.y, frame.cell.x);
  const float t = frame.phase.land;
  const float smallest = std::max(target.width(), 40 * frame.stage.ui);
  const float size = smallest + (target.width() - smallest) * t;
  const float cx = static_cast<float>(x) + ((target.x0 + target.x1) / 2 - static_cast<float>(x)) * t;
  const float cy = static_cast<float>(y) + ((target.y0 + target.y1) / 2 - static_cast<float>(y)) * t;
  NumberRange range = range_of(frame.tensors.output);
  draw_value_cell(frame, {cx - size / 2, cy - size / 2, cx + size / 2, cy + size / 2}, frame.arithmetic.result, range,
                  Role::output, Fill::full);
}

}  // namespace convscope
