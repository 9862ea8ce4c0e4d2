// Channels as sheets one behind the other, the window as a box through those of its group, lines to the output cell.
#include <algorithm>
#include <cstdio>

#include "app/scene/cells.h"
#include "app/scene/isometric_layout.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

constexpr float kOtherGroup = 0.4f;    // opacity of channels that the step does not read
constexpr float kOtherKernel = 0.45f;  // and of kernels that it does not use

// A sheet of a stack that others may lie over.
struct BackSheet {
  const Tensor* tensor;
  TensorId id;
  Role role;
  int64_t n, c, rows, cols;  // rows and cols: of the tensor itself, without padding
  float opacity = 1;
  bool computed = true;
  bool numbers = true;  // where they fit
};

bool overlap(const Box& a, const Box& b) { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1; }
bool covers(const Box& over, const Box& box) {
  return over.x0 <= box.x0 && over.y0 <= box.y0 && over.x1 >= box.x1 && over.y1 >= box.y1;
}

// Below a sheet, with a margin that sets it off from those behind it.
void draw_paper(StageFrame& frame, const Grid& grid) {
  const float margin = std::min(3 * frame.stage.ui, static_cast<float>(grid.pitch) * 0.1f + 1);
  const Box box = grid.bounds();
  frame.painter.box({box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin}, Role::canvas, Fill::full,
                    Outline::none, grid.radius() + margin);
}

// Of its cells only those that `cover`, the sheet over it, leaves in sight.
void draw_back_sheet(LensFrame& frame, const Grid& grid, const BackSheet& sheet, const Box& cover) {
  Painter& painter = frame.painter;
  const Box own{static_cast<float>(grid.left(0)), static_cast<float>(grid.top(0)),
                static_cast<float>(grid.left(static_cast<double>(sheet.cols))),
                static_cast<float>(grid.top(static_cast<double>(sheet.rows)))};
  draw_paper(frame, grid);
  if (!(own == grid.bounds())) painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed, grid.radius());
  if (!sheet.computed) {
    // Cells can be pointed at all the same, where they can be told apart.
    painter.box(own, sheet.role, Fill::none, Outline::hairline, grid.radius()).opacity = sheet.opacity;
    if (!cell_by_cell(grid)) return;
  }
  if (!cell_by_cell(grid)) {
    draw_texture(frame, grid, *sheet.tensor, sheet.id, sheet.n, sheet.c, 0, sheet.rows, 0, sheet.cols, sheet.opacity);
    painter.box(own, sheet.role, Fill::none, Outline::hairline).opacity = sheet.opacity;
    return;
  }
  const TensorView view(*sheet.tensor);
  const NumberRange numbers = range_of(*sheet.tensor);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const bool digits = sheet.numbers && style.drawn();
  const Fill fill = !sheet.computed ? Fill::none : digits ? Fill::tint : Fill::value;
  Grid real = grid;
  real.x = grid.left(0);
  real.y = grid.top(0);
  real.row0 = real.col0 = 0;
  real.rows = sheet.rows;
  real.cols = sheet.cols;
  const Grid::Range range = real.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = real.cell(y, x);
      if (covers(cover, box)) continue;
      const double value = view.at(sheet.n, sheet.c, y, x);
      Mark& mark = painter.box(box, sheet.role, fill, Outline::hairline, grid.radius());
      mark.opacity = sheet.opacity;
      mark.value = sheet.computed ? scale_of(numbers, value) : 0;
      const CellRef ref{sheet.id, sheet.n, sheet.c, y, x};
      painter.refer(mark, ref);
      if (sheet.computed && digits && !overlap(cover, box)) {
        Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, sheet.role, fill);
        text.opacity = sheet.opacity;
        text.value = scale_of(numbers, value);
      }
      if (frame.hover.lights(ref)) draw_hover_ring(frame, box, grid.radius());
    }
  }
  painter.box(own, sheet.role, Fill::none, Outline::solid, grid.radius()).opacity = sheet.opacity;
}

// Dots from sheet to sheet, and "+ 60" on the side that has no labels, unless `hidden` is 0.
void draw_fold(StageFrame& frame, const Box& near, const Box& far, int64_t hidden, Role role, Align labels) {
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui, dot = 1.6f * ui;
  const auto dots = [&](float x0, float y0, float x1, float y1) {
    for (const float t : {0.3f, 0.5f, 0.7f}) {
      const float x = x0 + (x1 - x0) * t, y = y0 + (y1 - y0) * t;
      painter.box({x - dot, y - dot, x + dot, y + dot}, role, Fill::full, Outline::none, dot);
    }
  };
  dots(near.x0, near.y0, far.x0, far.y0);
  dots(near.x1, near.y1, far.x1, far.y1);
  if (hidden == 0) return;
  char words[32];
  const int length = std::snprintf(words, sizeof words, "+ %lld", static_cast<long long>(hidden));
  const std::string_view count{words, static_cast<size_t>(length)};
  if (labels == Align::left) {
    painter.text(count, (near.x1 + far.x1) / 2 + 7 * ui, (near.y1 + far.y1) / 2 + 4 * ui, kLabelSize * ui,
                 Role::secondary);
  } else {
    painter.text(count, (near.x0 + far.x0) / 2 - 6 * ui, (near.y0 + far.y0) / 2 - 2 * ui, kLabelSize * ui,
                 Role::secondary, Align::right);
  }
}

// The edge along the depth from one sheet to the next, on the side that has no labels.
void draw_depth_edge(StageFrame& frame, const Box& near, const Box& far, Role role, Align side) {
  const bool left = side != Align::left;
  Mark& mark = left ? frame.painter.line(near.x0, near.y0, far.x0, far.y0, role, 0)
                    : frame.painter.line(near.x1, near.y1, far.x1, far.y1, role, 0);
  mark.opacity = 0.6f;
}

// Everything of a stack but the sheet in focus, which is drawn over all of them: those behind it from the back on,
// those before it from the front on, so that the one in focus seems drawn out of the stack in its place.
template <class GridAt, class DrawSheet>
void draw_stack(StageFrame& frame, const SheetStack& stack, int focus, Role role, Align side, const GridAt& grid_at,
                const DrawSheet& draw_sheet) {
  const auto bounds = [&](int i) { return grid_at(i).bounds(); };
  const auto join = [&](int near, int far) {
    const Sheet& sheet = stack.sheets[static_cast<size_t>(far)];
    if (sheet.hidden_before > 0) {
      draw_fold(frame, bounds(near), bounds(far), sheet.hidden_before, role, side);
    } else {
      draw_depth_edge(frame, bounds(near), bounds(far), role, side);
    }
  };
  for (int i = stack.count - 1; i > focus; --i) {
    draw_sheet(i, grid_at(i), bounds(i - 1));
    join(i - 1, i);
  }
  for (int i = 0; i < focus; ++i) {
    draw_sheet(i, grid_at(i), bounds(i + 1));
    join(i, i + 1);
  }
}

// "X[0, 2]" at the left of each sheet's upper edge or, where lines arrive there, at the right of its lower one; of the
// sheet in focus in any case.
template <class GridAt>
void draw_sheet_labels(LensFrame& frame, const SheetStack& stack, int focus, char name, double rise, Align side,
                       const GridAt& grid_at) {
  const float ui = frame.stage.ui, size = kLabelSize * ui;
  const bool all = stack.count < 2 || rise >= static_cast<double>(size) * 1.05;
  for (int i = 0; i < stack.count; ++i) {
    if (!all && i != focus) continue;
    const Grid grid = grid_at(i);
    char words[64];
    const int length = std::snprintf(words, sizeof words, "%c[%lld, %lld]", name, static_cast<long long>(frame.cell.n),
                                     static_cast<long long>(stack.sheets[static_cast<size_t>(i)].channel));
    const bool left = side == Align::left;
    const Box box = grid.bounds();
    frame.painter.text({words, static_cast<size_t>(length)}, left ? box.x0 - 5 * ui : box.x1 + 7 * ui,
                       left ? box.y0 + size * 0.55f : box.y1 + size * 0.4f, size,
                       i == focus ? Role::text : Role::secondary, left ? Align::right : Align::left, Face::mono);
  }
}

Box window_box(const LensFrame& frame, const Grid& grid, double y, double x) {
  const Pair extent = frame.plan.effective_kernel();
  return grid.area(y, x, static_cast<double>(extent.h), static_cast<double>(extent.w));
}

// The edges of the box that the window is in the depth, those that its faces do not hide; sheets do not.
void draw_window_edges(StageFrame& frame, const Box& near, const Box& far) {
  const float width = 1.25f * frame.stage.ui;
  const auto edge = [&](float x0, float y0, float x1, float y1) {
    frame.painter.line(x0, y0, x1, y1, Role::window, width).opacity = 0.8f;
  };
  edge(near.x0, near.y0, far.x0, far.y0);
  edge(near.x1, near.y0, far.x1, far.y0);
  edge(near.x1, near.y1, far.x1, far.y1);
  edge(far.x0, far.y0, far.x1, far.y0);
  edge(far.x1, far.y0, far.x1, far.y1);
}

// From the side of the box that faces Y to the cell.
void draw_beam(StageFrame& frame, const Box& near, const Box& far, const Box& cell, Role role, float opacity) {
  const float width = 1.25f * frame.stage.ui;
  const auto ray = [&](float x0, float y0, float y1) {
    frame.painter.line(x0, y0, cell.x0, y1, role, width).opacity = opacity;
  };
  ray(near.x1, near.y1, cell.y1);
  ray(near.x1, near.y0, cell.y0);
  if (far == near) return;
  ray(far.x1, far.y0, cell.y0);
  ray(far.x1, far.y1, cell.y1);
}

void draw_kernels(LensFrame& frame, const IsometricLayout& layout) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const float ui = stage.ui;
  const int64_t first = std::clamp<int64_t>(frame.cell.c - layout.kernels / 2, 0, plan.out_channels - layout.kernels);
  const int64_t slices = plan.channels_per_group();
  const SheetStack stack = sheets_of(slices, 0, slices - 1, kMaxSlices);
  const NumberRange weights = range_of(frame.tensors.weight);
  const NumberStyle style = numbers_for(frame, stage.seen(layout.weight), weights);
  // Shades say more than digits of which one is left.
  const bool numbers = weights.integral || style.scientific || style.decimals >= 2;
  const NumberRange biases = plan.bias ? range_of(frame.tensors.bias) : NumberRange{};
  for (int k = 0; k < layout.kernels; ++k) {
    const int64_t o = first + k;
    const bool current = o == frame.cell.c;
    const float opacity = current ? 1.0f : kOtherKernel;
    const auto grid_at = [&](int i) {
      Grid grid = layout.weight;
      const double depth = stack.sheets[static_cast<size_t>(i)].depth;
      grid.x += layout.kernel_step * k + layout.weight_offset.x * depth;
      grid.y -= layout.weight_offset.y * depth;
      return stage.seen(grid);
    };
    const Grid front = grid_at(0);
    for (int i = stack.count - 1; i > 0; --i) {
      const Sheet& sheet = stack.sheets[static_cast<size_t>(i)];
      draw_back_sheet(frame, grid_at(i),
                      {&frame.tensors.weight, TensorId::weight, Role::weight, o, sheet.channel, plan.kernel.h,
                       plan.kernel.w, opacity, true, numbers},
                      grid_at(i - 1).bounds());
      if (sheet.hidden_before > 0) {
        draw_fold(frame, grid_at(i - 1).bounds(), grid_at(i).bounds(), 0, Role::weight, Align::left);
      }
    }
    draw_paper(frame, front);
    draw_weight_slice(frame, front, o, 0, opacity, !numbers, numbers);
    if (plan.out_channels > 1) {
      char words[32];
      const int length = std::snprintf(words, sizeof words, "W[%lld]", static_cast<long long>(o));
      painter.text({words, static_cast<size_t>(length)}, static_cast<float>(front.x),
                   stage.seen_y(layout.kernel_top) - kLabelHeight * ui * 0.5f, kLabelSize * ui,
                   current ? Role::text : Role::secondary, Align::left, Face::mono);
    }
    if (plan.bias) {
      const Box& place = layout.bias;
      const auto left = static_cast<double>(place.x0) + layout.kernel_step * k;
      const Box box{stage.seen_x(left), stage.seen_y(static_cast<double>(place.y0)),
                    stage.seen_x(left + static_cast<double>(place.width())),
                    stage.seen_y(static_cast<double>(place.y1))};
      const double value = TensorView(frame.tensors.bias).at(0, 0, 0, o);
      draw_value_cell(frame, box, value, biases, Role::bias, Fill::tint);
      Mark& mark = painter.box(box, Role::bias, Fill::none, current ? Outline::thick : Outline::hairline, 3);
      painter.refer(mark, {TensorId::bias, 0, o, 0, 0});
      if (frame.hover.lights({TensorId::bias, 0, o, 0, 0})) draw_hover_ring(frame, box, 3);
    }
  }
  const auto count = [&](double x, int64_t more, Align align) {
    if (more <= 0) return;
    char words[32];
    const int length = std::snprintf(words, sizeof words, "+ %lld", static_cast<long long>(more));
    painter.text({words, static_cast<size_t>(length)}, stage.seen_x(x),
                 stage.seen_y(layout.weight.y + layout.weight.height() / 2), kLabelSize * ui, Role::secondary, align);
  };
  if (layout.folded) {
    count(layout.counts_left, first, Align::right);
    count(layout.counts_right, plan.out_channels - first - layout.kernels, Align::left);
  }
  const float x = stage.seen_x(layout.names_x);
  draw_name_tag(frame, "W", plan.weight_shape(), Role::weight, x,
                stage.seen_y(layout.weight.y + layout.weight.height() / 2) + kNameTagHeight * ui * 0.55f);
  if (plan.bias) {
    draw_name_tag(frame, "b", plan.bias_shape(), Role::bias, x,
                  stage.seen_y(static_cast<double>(layout.bias.y0 + layout.bias.y1) / 2) + kNameTagHeight * ui * 0.55f);
  }
}

}  // namespace

void build_isometric_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const IsometricLayout& layout =
      isometric_layout(plan, stage, painter,
                       {range_of(frame.tensors.input), range_of(frame.tensors.weight), range_of(frame.tensors.output)});
  if (layout.pitch <= 0) return draw_too_small(frame);
  const int64_t cpg = plan.channels_per_group(), first = frame.group * cpg;
  const auto legend_width = [&](const Grid& grid) {
    return std::max(static_cast<float>(grid.width()), 150 * stage.ui);
  };

  // X
  const SheetStack in = sheets_of(plan.in_channels, first, first + cpg - 1, kMaxSheets);
  const int in_focus = in.place_of(first), in_last = in.place_of(first + cpg - 1);
  const auto input_at = [&](int i) { return stage.seen(layout.input_at(in.sheets[static_cast<size_t>(i)].depth)); };
  const WindowPosition at = window_at(plan, frame.step, frame.phase.glide);
  draw_stack(frame, in, in_focus, Role::input, Align::left, input_at, [&](int i, const Grid& grid, const Box& cover) {
    const int64_t c = in.sheets[static_cast<size_t>(i)].channel;
    const bool read = c / cpg == frame.group;
    draw_back_sheet(frame, grid,
                    {&frame.tensors.input, TensorId::input, Role::input, frame.cell.n, c, plan.in.h, plan.in.w,
                     read ? 1.0f : kOtherGroup},
                    cover);
    if (!read) return;
    const Box window = window_box(frame, grid, at.y, at.x);
    draw_window_shade(frame, grid, at);
    painter.box(window, Role::window, Fill::none, Outline::solid, grid.radius());
  });
  const Grid input = input_at(in_focus);
  draw_paper(frame, input);
  draw_input_channel(frame, input, frame.cell.n, first, InputStyle{});
  const Box near = window_box(frame, input, at.y, at.x), far = window_box(frame, input_at(in_last), at.y, at.x);
  if (in_last > in_focus) draw_window_edges(frame, near, far);
  if (layout.channel_labels)
    draw_sheet_labels(frame, in, in_focus, 'X', layout.input_offset.y * stage.zoom, Align::left, input_at);
  draw_name_tag(frame, "X", plan.input_shape(), Role::input, stage.seen_x(layout.input.x),
                stage.seen_y(layout.input_top));
  const Grid input_place = stage.seen(layout.input), output_place = stage.seen(layout.output);
  if (layout.legends) {
    draw_legend(frame, TensorId::input, range_of(frame.tensors.input), static_cast<float>(input_place.x),
                input_place.bounds().y1 + 2 + kLegendDrop * stage.ui, legend_width(input_place));
  }

  // W and b
  draw_kernels(frame, layout);

  // Y
  const SheetStack out = sheets_of(plan.out_channels, frame.cell.c, frame.cell.c, kMaxSheets);
  const int out_focus = out.place_of(frame.cell.c);
  const auto output_at = [&](int i) { return stage.seen(layout.output_at(out.sheets[static_cast<size_t>(i)].depth)); };
  draw_stack(frame, out, out_focus, Role::output, Align::right, output_at,
             [&](int i, const Grid& grid, const Box& cover) {
               const int64_t c = out.sheets[static_cast<size_t>(i)].channel;
               draw_back_sheet(frame, grid,
                               {&frame.tensors.output, TensorId::output, Role::output, frame.cell.n, c, plan.out.h,
                                plan.out.w, 1, c < frame.cell.c},
                               cover);
             });
  const Grid output = output_at(out_focus);
  draw_paper(frame, output);
  draw_output_channel(frame, output, frame.cell.n, frame.cell.c, 1, false);
  if (layout.channel_labels) {
    draw_sheet_labels(frame, out, out_focus, 'Y', layout.output_offset.y * stage.zoom, Align::right, output_at);
  }
  draw_name_tag(frame, "Y", plan.output_shape(), Role::output, stage.seen_x(layout.output.x),
                stage.seen_y(layout.output_top) - 2);
  if (layout.legends) {
    draw_legend(frame, TensorId::output, range_of(frame.tensors.output), static_cast<float>(output_place.x),
                output_place.bounds().y1 + 2 + kLegendDrop * stage.ui, legend_width(output_place));
  }

  draw_beam(frame, near, far, output.cell(frame.cell.y, frame.cell.x), Role::window, 0.6f);
  // The same of the output cell under the pointer.
  if (const auto& pointed = frame.hover.output(); pointed && pointed->n == frame.cell.n && !(*pointed == frame.cell)) {
    const int64_t group = pointed->c / plan.kernels_per_group();
    const int from = in.place_of(group * cpg), to = in.place_of((group + 1) * cpg - 1),
              sheet = out.place_of(pointed->c);
    if (from >= 0 && to >= 0 && sheet >= 0) {
      const Pair origin = window_origin(plan, *pointed);
      const auto y = static_cast<double>(origin.h), x = static_cast<double>(origin.w);
      draw_beam(frame, window_box(frame, input_at(from), y, x), window_box(frame, input_at(to), y, x),
                output_at(sheet).cell(pointed->y, pointed->x), Role::hover, 1);
    }
  }
  draw_place_label(frame, input, 'X', Role::input, frame.cell.n, first);
  draw_place_label(frame, output, 'Y', Role::output, frame.cell.n, frame.cell.c);
  draw_landing_sum(frame, near.x1, (near.y0 + near.y1) / 2, output);
}

}  // namespace convscope
