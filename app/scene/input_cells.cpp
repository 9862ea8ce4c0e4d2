// The input: its cells and padding, the window over it, the weights in the window.
#include <algorithm>
#include <cmath>
#include <vector>

#include "app/scene/cells.h"
#include "app/scene/matrix_page.h"
#include "app/scene/theme.h"
#include "engine/padding.h"

namespace convscope {
namespace {

// Whether any window reads an index of one axis of the padded input.
bool axis_used(int64_t i, int64_t pad, int64_t stride, int64_t dilation, int64_t kernel, int64_t out) {
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t from = i + pad - k * dilation;
    if (from >= 0 && from % stride == 0 && from / stride < out) return true;
  }
  return false;
}

struct Taps {
  double y, x;  // upper left corner, on its way
  Pair extent;
};

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
  if (grid.pitch < kMinSmallPitch) {
    // A dark outline drowns in a dark picture, so it stands on a light one. Where cells can be told apart, the light
    // one would erase some of them.
    Mark& halo = frame.painter.box(whole, Role::canvas, Fill::none, Outline::ring, grid.radius() + grow);
    halo.size = 3 * std::max(1.0f, frame.stage.ui);
    halo.opacity = opacity;
  }
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

// Where a kernel that jumps has just been, fading; on grids that hold the whole input only.
void draw_trail(LensFrame& frame, const Grid& grid, Taps taps) {
  if (frame.trail <= 0) return;
  for (int64_t back = 3; back >= 1; --back) {
    if (frame.step < back) continue;
    const OutputCell cell = cell_of_step(frame.plan, frame.step - back);
    if (cell.n != frame.cell.n || cell.c != frame.cell.c) continue;
    const Pair origin = window_origin(frame.plan, cell);
    taps.y = static_cast<double>(origin.h);
    taps.x = static_cast<double>(origin.w);
    draw_window_outline(frame, grid, taps, frame.trail * (0.5f - 0.12f * static_cast<float>(back)));
  }
}

// In place of the zeros: what pooling makes of its padding.
void draw_padding_words(LensFrame& frame, const Grid& grid, int64_t y, int64_t x, const InputStyle& style, float size) {
  if (y >= style.padding_end.h || x >= style.padding_end.w) return;
  const Box box = grid.cell(y, x);
  frame.painter.text(style.padding_words, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, size, Role::secondary,
                     Align::center);
}

}  // namespace

void draw_window_shade(LensFrame& frame, const Grid& grid, const WindowPosition& at) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const Pair extent = plan.effective_kernel();
  const Box whole = grid.area(at.y, at.x, static_cast<double>(extent.h), static_cast<double>(extent.w));
  const bool dense = (plan.dilation.h == 1 || plan.kernel.h == 1) && (plan.dilation.w == 1 || plan.kernel.w == 1);
  if (dense || !cell_by_cell(grid)) {
    painter.box(whole, Role::window, Fill::shade, Outline::none, grid.radius());
    return;
  }
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      const Box cell = grid.area(at.y + static_cast<double>(ky * plan.dilation.h),
                                 at.x + static_cast<double>(kx * plan.dilation.w), 1, 1);
      painter.box(cell, Role::window, Fill::shade, Outline::none, grid.radius());
    }
  }
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
  const bool cells = cell_by_cell(grid);
  const bool values = style.values || style.counts != nullptr || !number_style.drawn();
  const auto shade_of = [&](int64_t y, int64_t x, double value) {
    return style.counts == nullptr ? scale_of(numbers, value)
                                   : static_cast<float>(shade_of_uses(*style.counts, y, x));
  };
  const Grid::Range range = grid.visible(painter.viewport());
  const bool has_padding = plan.pads != Pads{};

  const int64_t stored = style.in_padding ? style.source : c;  // the slice whose numbers these are
  if (!cells) {
    if (stored != kZeroPadding) {
      draw_texture(frame, grid, frame.tensors.input, TensorId::input, n, stored, row0, row1, col0, col1,
                   style.in_padding ? 0.4f * style.opacity : style.opacity, style.rgb);
    }
    if (has_padding && whole)
      painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed).opacity = style.opacity;
    if (whole) {
      painter
          .box(real, style.in_padding ? Role::padding : Role::input, Fill::none,
               style.in_padding ? Outline::dashed : Outline::solid)
          .opacity = style.opacity;
    }
    if (!style.slice_used) painter.box(real, Role::unused, Fill::hatch).opacity = style.opacity;
    if (style.with_window) {
      if (style.shade) draw_window_shade(frame, grid, at);
      if (style.glides) draw_trail(frame, grid, taps);
      draw_window_outline(frame, grid, taps);
    }
    if (frame.hover.active()) {
      const CellRef& self = frame.hover.self();
      if (const auto& output = frame.hover.output(); output && frame.hover.window_on(n, c)) {
        const Pair origin = window_origin(plan, *output);
        draw_hover_marker(frame, grid.area(static_cast<double>(origin.h), static_cast<double>(origin.w),
                                           static_cast<double>(taps.extent.h), static_cast<double>(taps.extent.w)));
      } else if (frame.hover.in_slice(n, c)) {
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

  // Padding, and zeros inserted between the tensor's own cells.
  const auto blank = [&](int64_t y, int64_t x) {
    return style.in_padding || y < 0 || y >= plan.in.h || x < 0 || x >= plan.in.w || y % style.spacing.h != 0 ||
           x % style.spacing.w != 0;
  };
  for (int64_t y = range.row0; y < range.row1; ++y) {
    const bool row_used = axis_used(y, plan.pads.top, plan.stride.h, plan.dilation.h, plan.kernel.h, plan.out.h);
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const bool padding = blank(y, x);
      const bool used = style.slice_used && row_used && columns[static_cast<size_t>(x - range.col0)] != 0;
      const Box box = grid.cell(y, x);
      if (style.rgb && !padding) continue;  // its pixel is there
      Mark& mark = painter.box(box, padding ? Role::padding : Role::input,
                               padding  ? Fill::none
                               : values ? Fill::value
                                        : Fill::tint,
                               padding ? Outline::dashed : Outline::hairline, grid.radius());
      mark.opacity = style.opacity;
      if (!padding && values) mark.value = shade_of(y, x, view.at(n, c, y, x));
      painter.refer(mark, {TensorId::input, n, c, y, x});
      if (!used) painter.box(box, Role::unused, Fill::hatch, Outline::none, grid.radius()).opacity = style.opacity;
    }
  }
  if (has_padding && whole && !style.in_padding)
    painter.box(real, Role::input, Fill::none, Outline::solid, grid.radius()).opacity = style.opacity;
  if (style.with_window && style.shade) draw_window_shade(frame, grid, at);

  const bool chips = style.weights_in_window && style.with_window &&
                     grid.pitch >= 40 * static_cast<double>(std::max(1.0f, frame.stage.ui));
  if (style.rgb) {
    draw_pixel_numbers(frame, grid, n, covered);
  } else if (number_style.drawn()) {
    for (int64_t y = range.row0; y < range.row1; ++y) {
      const int64_t source_y = source_index(y, plan.in.h, plan.padding_mode);
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const int64_t source_x = source_index(x, plan.in.w, plan.padding_mode);
        const bool padding = blank(y, x);
        if (padding && style.padding_words != nullptr) {
          draw_padding_words(frame, grid, y, x, style, number_style.size);
          continue;
        }
        const double value = source_y == kZeroPadding || source_x == kZeroPadding || stored == kZeroPadding
                                 ? 0
                                 : view.at(n, stored, source_y, source_x);
        const bool under = covered(y, x);
        const Box box = grid.cell(y, x);
        const float lift = chips && under ? box.height() * 0.1f : 0;
        const Role role = padding ? under ? Role::padding : Role::secondary : Role::input;
        const Fill on = under ? Fill::shade : padding ? Fill::none : values ? Fill::value : Fill::tint;
        Mark& text = painter.number(value, number_style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - lift, role, on);
        text.value = padding ? scale_of(numbers, value) : shade_of(y, x, value);
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
    const InputStyle::Slice slice =
        style.weights.value_or(InputStyle::Slice{frame.cell.c, c % plan.channels_per_group()});
    for (int64_t ky = 0; ky < plan.kernel.h && chip.size >= kMinNumberSize; ++ky) {
      for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
        const Box cell = grid.area(taps.y + static_cast<double>(ky * plan.dilation.h),
                                   taps.x + static_cast<double>(kx * plan.dilation.w), 1, 1);
        char digits[24];
        const double value = weight.at(slice.o, slice.i, ky, kx);
        const int length = format_styled(value, chip, digits, sizeof digits);
        const float text_width = painter.width({digits, static_cast<size_t>(length)}, Face::sans, chip.size);
        const Box box{cell.x1 - text_width - chip.size * 0.5f, cell.y1 - chip.size * 1.25f, cell.x1, cell.y1};
        painter.box(box, Role::weight, Fill::full, Outline::none, grid.radius());
        painter.number(value, chip, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::weight, Fill::full);
      }
    }
  }
  if (style.with_window) {
    if (style.glides) draw_trail(frame, grid, taps);
    draw_window_outline(frame, grid, taps);
  }
  draw_rings(frame, grid, {TensorId::input, n, c, 0, 0});
}

}  // namespace convscope
