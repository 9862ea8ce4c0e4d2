// Transposed convolution as it is defined: each cell of X, times W, is stamped on Y; where stamps overlap they add up.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "app/scene/cells.h"
#include "app/scene/operation_overview.h"
#include "app/scene/operation_scene.h"
#include "app/scene/sliding_layout.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

// The canvas that stamps fall on: Y and, around it, what padding cuts off.
struct CanvasAxis {
  int64_t first = 0, cells = 0;
};
CanvasAxis canvas_axis(const WindowAxis& axis, int64_t output_padding) {
  const int64_t behind = std::max<int64_t>(0, axis.pad_end - output_padding);
  return {-axis.pad_begin, axis.pad_begin + axis.extent + behind};
}

// The sizes as a convolution's, for the layout: X as its input, the canvas as its output, a slice of the kernel for
// each channel of X.
ConvPlan scatter_geometry(const ConvTransposePlan& plan) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  ConvPlan direct;
  direct.dtype = plan.dtype;
  direct.batch = plan.batch;
  direct.in_channels = direct.groups = plan.in_channels;
  direct.out_channels = plan.out_channels;
  direct.bias = plan.bias;
  direct.unbatched = plan.unbatched;
  direct.in = {height.count, width.count};
  direct.kernel = {height.kernel, width.kernel};
  direct.stride = {height.stride, width.stride};
  direct.dilation = {height.dilation, width.dilation};
  direct.out = {canvas_axis(height, plan.output_padding[0]).cells, canvas_axis(width, plan.output_padding[1]).cells};
  return direct;
}

// What belongs to the cell under the pointer.
class ScatterHover {
 public:
  explicit ScatterHover(const ScatterFrame& frame) : plan_(frame.plan), stamp_(frame.stamp) {
    if (!frame.hovered) return;
    self_ = *frame.hovered;
    active_ = self_.tensor == TensorId::input || self_.tensor == TensorId::weight || self_.tensor == TensorId::output ||
              self_.tensor == TensorId::bias;
  }
  bool active() const { return active_; }
  const CellRef& self() const { return self_; }

  bool lights(const CellRef& ref) const {
    if (!active_) return false;
    if (ref == self_) return true;
    const WindowAxis &height = plan_.windows.height(), &width = plan_.windows.width();
    // What padding cuts off is no cell.
    const bool cut = ref.y < 0 || ref.y >= height.extent || ref.x < 0 || ref.x >= width.extent;
    if (ref.tensor == TensorId::output && cut) return false;
    int64_t ky = 0, kx = 0;
    switch (self_.tensor) {
      case TensorId::input:
        return ref.tensor == TensorId::output && ref.n == self_.n && same_group(self_.c, ref.c) &&
               tap_on(height, self_.y, ref.y, &ky) && tap_on(width, self_.x, ref.x, &kx);
      case TensorId::output:
        if (ref.tensor == TensorId::input) {
          return ref.n == self_.n && same_group(ref.c, self_.c) && tap_on(height, ref.y, self_.y, &ky) &&
                 tap_on(width, ref.x, self_.x, &kx);
        }
        if (ref.tensor == TensorId::bias) return ref.c == self_.c;
        // The weights that some cell of X reaches it with.
        return ref.tensor == TensorId::weight && same_group(ref.n, self_.c) &&
               ref.c == self_.c % plan_.kernels_per_group() && reaches(height, self_.y, ref.y) &&
               reaches(width, self_.x, ref.x);
      case TensorId::weight:
        if (ref.tensor == TensorId::input) return ref.c == self_.n;
        return ref.tensor == TensorId::output && same_group(self_.n, ref.c) &&
               ref.c % plan_.kernels_per_group() == self_.c && reaches(height, ref.y, self_.y) &&
               reaches(width, ref.x, self_.x);
      case TensorId::bias:
        return ref.tensor == TensorId::output && ref.c == self_.c;
      default:
        return false;
    }
  }

 private:
  bool same_group(int64_t input_channel, int64_t output_channel) const {
    return input_channel / plan_.channels_per_group() == output_channel / plan_.kernels_per_group();
  }
  // The tap with which a window falls on a cell.
  static bool tap_on(const WindowAxis& axis, int64_t window, int64_t cell, int64_t* tap) {
    const int64_t distance = cell - axis.cell(window, 0);
    if (distance < 0 || distance % axis.dilation != 0) return false;
    *tap = distance / axis.dilation;
    return *tap < axis.kernel;
  }
  // Whether any window falls on a cell with that tap.
  static bool reaches(const WindowAxis& axis, int64_t cell, int64_t tap) {
    const int64_t from = cell + axis.pad_begin - tap * axis.dilation;
    return from >= 0 && from % axis.stride == 0 && from / axis.stride < axis.count;
  }

  const ConvTransposePlan& plan_;
  const Stamp& stamp_;
  CellRef self_;
  bool active_ = false;
};

void draw_rings(ScatterFrame& frame, const ScatterHover& hover, const Grid& grid, CellRef ref) {
  if (!hover.active() || !cell_by_cell(grid)) return;
  const Grid::Range range = grid.visible(frame.painter.viewport());
  for (ref.y = range.row0; ref.y < range.row1; ++ref.y) {
    for (ref.x = range.col0; ref.x < range.col1; ++ref.x) {
      if (hover.lights(ref)) draw_hover_ring(frame, grid.cell(ref.y, ref.x), grid.radius());
    }
  }
}

bool stamps_now(const ScatterFrame& frame, int64_t n, int64_t c) { return frame.stamp.n == n && frame.stamp.c == c; }

void draw_input(ScatterFrame& frame, const ScatterHover& hover, const Grid& grid, int64_t n, int64_t c, float opacity) {
  Painter& painter = frame.painter;
  const TensorView view(frame.tensors.input);
  const NumberRange numbers = range_of(frame.tensors.input);
  if (!cell_by_cell(grid)) {
    draw_texture(frame, grid, frame.tensors.input, TensorId::input, n, c, 0, grid.rows, 0, grid.cols, opacity);
    painter.box(grid.bounds(), Role::input, Fill::none, Outline::solid).opacity = opacity;
    if (stamps_now(frame, n, c)) draw_found_box(frame, grid.cell(frame.stamp.y, frame.stamp.x), Role::window);
    if (hover.active() && hover.self().tensor == TensorId::input && hover.self().n == n && hover.self().c == c) {
      draw_hover_marker(frame, grid.cell(hover.self().y, hover.self().x));
    }
    return;
  }
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const bool current = stamps_now(frame, n, c) && frame.stamp.y == y && frame.stamp.x == x;
      const double value = view.at(n, c, y, x);
      const Fill fill = current ? Fill::full : style.drawn() ? Fill::tint : Fill::value;
      Mark& mark = painter.box(box, Role::input, fill, Outline::hairline, grid.radius());
      mark.opacity = opacity;
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::input, n, c, y, x});
      if (!style.drawn()) continue;
      Mark& text = painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::input, fill);
      text.opacity = opacity;
      text.value = scale_of(numbers, value);
    }
  }
  painter.box(grid.bounds(), Role::input, Fill::none, Outline::solid, grid.radius()).opacity = opacity;
  if (stamps_now(frame, n, c)) {
    painter.box(grid.cell(frame.stamp.y, frame.stamp.x), Role::window, Fill::none, Outline::ring, grid.radius());
  }
  draw_rings(frame, hover, grid, {TensorId::input, n, c, 0, 0});
}

void draw_kernel(ScatterFrame& frame, const ScatterHover& hover, const Grid& grid) {
  Painter& painter = frame.painter;
  const int64_t first = frame.stamp.c, second = frame.stamp.k % frame.plan.kernels_per_group();
  const TensorView view(frame.tensors.weight);
  const NumberRange numbers = range_of(frame.tensors.weight);
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Fill fill = style.drawn() ? Fill::tint : Fill::value;
  for (int64_t y = 0; y < grid.rows; ++y) {
    for (int64_t x = 0; x < grid.cols; ++x) {
      const double value = view.at(first, second, y, x);
      const Box box = grid.cell(y, x);
      Mark& mark = painter.box(box, Role::weight, fill, Outline::hairline, grid.radius());
      mark.value = scale_of(numbers, value);
      painter.refer(mark, {TensorId::weight, first, second, y, x});
      if (!style.drawn()) continue;
      painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::weight, fill).value =
          scale_of(numbers, value);
    }
  }
  painter.box(grid.bounds(), Role::weight, Fill::none, Outline::thick, grid.radius() + 1);
  draw_rings(frame, hover, grid, {TensorId::weight, first, second, 0, 0});
}

double stamp_value(const ScatterFrame& frame) {
  return TensorView(frame.tensors.input).at(frame.stamp.n, frame.stamp.c, frame.stamp.y, frame.stamp.x);
}

// One product in the tensors' type, as the engine has it.
double product_of(const ScatterFrame& frame, int64_t ky, int64_t kx) {
  const double value = stamp_value(frame),
               weight = TensorView(frame.tensors.weight)
                            .at(frame.stamp.c, frame.stamp.k % frame.plan.kernels_per_group(), ky, kx);
  if (frame.plan.dtype == DType::float32) {
    return static_cast<double>(static_cast<float>(value) * static_cast<float>(weight));
  }
  return value * weight;
}

bool product_is_out(const ScatterFrame& frame, int64_t tap) {
  const double taps = static_cast<double>(frame.plan.windows.taps());
  return frame.phase.products >= 1 || static_cast<double>(frame.phase.products) * taps > static_cast<double>(tap);
}

// x times the kernel: what is stamped.
void draw_stamp(ScatterFrame& frame, const Grid& grid, const NumberRange& products) {
  Painter& painter = frame.painter;
  const NumberStyle style = numbers_for(frame, grid, products);
  for (int64_t y = 0; y < grid.rows; ++y) {
    for (int64_t x = 0; x < grid.cols; ++x) {
      const Box box = grid.cell(y, x);
      painter.box(box, Role::secondary, Fill::none, Outline::hairline, grid.radius());
      if (!product_is_out(frame, y * grid.cols + x) || !style.drawn()) continue;
      painter.number(product_of(frame, y, x), style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::text,
                     Fill::none);
    }
  }
}

struct Place {
  double y = 0, x = 0;
};

// The stamp on its way from the one before.
Place stamp_place(const ScatterFrame& frame) {
  const Pair to = stamp_origin(frame.plan, frame.stamp);
  Place place{static_cast<double>(to.h), static_cast<double>(to.w)};
  if (frame.step > 0 && frame.phase.glide < 1) {
    const Pair from = stamp_origin(frame.plan, stamp_of_step(frame.plan, frame.step - 1));
    const double left = 1 - static_cast<double>(frame.phase.glide);
    place.y += static_cast<double>(from.h - to.h) * left;
    place.x += static_cast<double>(from.w - to.w) * left;
  }
  return place;
}

void draw_stamp_outline(ScatterFrame& frame, const Grid& grid, Place place, float opacity = 1) {
  const WindowAxis &height = frame.plan.windows.height(), &width = frame.plan.windows.width();
  Box box = grid.area(place.y, place.x, static_cast<double>(height.effective_kernel()),
                      static_cast<double>(width.effective_kernel()));
  const float grow = static_cast<float>(grid.gap()) / 2;
  box = {box.x0 - grow, box.y0 - grow, box.x1 + grow, box.y1 + grow};
  frame.painter.box(box, Role::window, Fill::none, Outline::thick, grid.radius() + grow).opacity = opacity;
}

// What the stamp adds, in the corner of each cell below it.
void draw_chips(ScatterFrame& frame, const Grid& grid, const NumberRange& products) {
  if (!frame.phase.arrived() || grid.pitch < 34 * static_cast<double>(std::max(1.0f, frame.stage.ui))) return;
  Painter& painter = frame.painter;
  const WindowAxis &height = frame.plan.windows.height(), &width = frame.plan.windows.width();
  const auto room = static_cast<float>(grid.pitch * 0.66), tall = static_cast<float>(grid.pitch * 0.3);
  NumberStyle style = painter.fit(products, room - tall * 0.5f, tall * 1.9f);
  style.size = std::min(style.size, tall * 0.86f);
  if (style.size < kMinNumberSize) return;
  for (int64_t ky = 0; ky < height.kernel; ++ky) {
    for (int64_t kx = 0; kx < width.kernel; ++kx) {
      const int64_t y = height.cell(frame.stamp.y, ky), x = width.cell(frame.stamp.x, kx);
      const bool inside = y >= 0 && y < height.extent && x >= 0 && x < width.extent;
      if (!inside || !product_is_out(frame, ky * width.kernel + kx)) continue;
      const Box cell = grid.cell(y, x);
      char digits[28];
      const double product = product_of(frame, ky, kx);
      const int sign = product >= 0 ? 1 : 0;
      digits[0] = '+';
      const int length = sign + format_styled(product, style, digits + sign, 24);
      const std::string_view words{digits, static_cast<size_t>(length)};
      const float text_width = painter.width(words, Face::sans, style.size);
      const Box chip{cell.x1 - text_width - style.size * 0.5f, cell.y1 - style.size * 1.25f, cell.x1, cell.y1};
      painter.box(chip, Role::weight, Fill::full, Outline::none, grid.radius());
      painter.text(words, (chip.x0 + chip.x1) / 2, (chip.y0 + chip.y1) / 2, style.size, Role::weight, Align::center)
          .fill = Fill::full;
    }
  }
}

bool under_stamp(const ScatterFrame& frame, Place place, int64_t y, int64_t x) {
  const auto on_tap = [](double distance, const WindowAxis& axis) {
    const double tap = std::round(distance / static_cast<double>(axis.dilation));
    return tap >= 0 && tap < static_cast<double>(axis.kernel) &&
           std::abs(distance - tap * static_cast<double>(axis.dilation)) < 0.5;
  };
  return on_tap(static_cast<double>(y) - place.y, frame.plan.windows.height()) &&
         on_tap(static_cast<double>(x) - place.x, frame.plan.windows.width());
}

// Stamps along one axis that fall on a cell.
int64_t stamps_on(const WindowAxis& axis, int64_t cell) {
  int64_t stamps = 0;
  for (int64_t tap = 0; tap < axis.kernel; ++tap) {
    const int64_t place = cell - axis.cell(0, tap);
    if (place >= 0 && place % axis.stride == 0 && place / axis.stride < axis.count) ++stamps;
  }
  return stamps;
}

// What the cells of Y hold. Only those of the channel that is being stamped cost a sum; the others are finished, and
// the engine's, or not begun.
class Sums {
 public:
  Sums(const ScatterFrame& frame, int64_t n, int64_t c) : frame_(frame), n_(n), c_(c), output_(frame.tensors.output) {
    const Stamp& now = frame.stamp;
    const bool all = frame.stamped() >= stamp_count(frame.plan);
    begun_ = all || std::pair(now.n, now.k) >= std::pair(n, c);
    finished_ = all || std::pair(now.n, now.k) > std::pair(n, c);
    if (frame.plan.bias) bias_ = frame.tensors.bias.at(c);
  }
  PartialSum at(int64_t y, int64_t x) const {
    if (begun_ && !finished_) return partial_sum(frame_.plan, frame_.tensors, {n_, c_, y, x}, frame_.stamped());
    const Windows& windows = frame_.plan.windows;
    const int64_t of = stamps_on(windows.height(), y) * stamps_on(windows.width(), x) * frame_.plan.channels_per_group();
    return finished_ ? PartialSum{output_.at(n_, c_, y, x), of, of} : PartialSum{bias_, 0, of};
  }

 private:
  const ScatterFrame& frame_;
  int64_t n_, c_;
  TensorView output_;
  bool begun_ = false, finished_ = false;
  double bias_ = 0;
};

// Y as far as it is summed up, and around it what padding cuts off.
void draw_output(ScatterFrame& frame, const ScatterHover& hover, const Grid& grid, int64_t n, int64_t c, float opacity,
                 const NumberRange& products, bool chips) {
  const ConvTransposePlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  const bool here = frame.stamp.n == n && frame.stamp.k == c;
  const NumberRange numbers = range_of(frame.tensors.output);
  const Place place = stamp_place(frame);
  const Box real = grid.area(0, 0, static_cast<double>(height.extent), static_cast<double>(width.extent));
  const Box around{real.x0 - 2, real.y0 - 2, real.x1 + 2, real.y1 + 2};
  if (!cell_by_cell(grid)) {
    draw_texture(frame, grid, frame.tensors.output, TensorId::output, n, c, 0, height.extent, 0, width.extent, opacity);
    // Rows that no stamp to come falls on are finished; the others show faintly.
    const Stamp now = frame.stamp;
    const bool whole_channel = std::pair(now.n, now.k) > std::pair(n, c);
    const bool last_slice = now.c % plan.channels_per_group() == plan.channels_per_group() - 1;
    int64_t done = whole_channel ? height.extent : 0;
    if (here && last_slice) done = std::clamp<int64_t>(height.cell(now.y, 0), 0, height.extent);
    if (frame.stamped() >= stamp_count(plan)) done = height.extent;
    const Box veil{real.x0, static_cast<float>(grid.top(static_cast<double>(done))), real.x1, real.y1};
    if (done < height.extent) painter.box(veil, Role::border, Fill::full).opacity = kVeilOpacity;
    painter.box(around, Role::output, Fill::none, Outline::solid, 3).opacity = opacity;
    if (here) {
      draw_found_box(frame,
                     grid.area(place.y, place.x, static_cast<double>(height.effective_kernel()),
                               static_cast<double>(width.effective_kernel())),
                     Role::window);
    }
    const CellRef& self = hover.self();
    if (hover.active() && self.tensor == TensorId::output && self.n == n && self.c == c) {
      draw_hover_marker(frame, grid.cell(self.y, self.x));
    }
    return;
  }

  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  const bool lifts =
      chips && here && frame.phase.arrived() && grid.pitch >= 34 * static_cast<double>(std::max(1.0f, frame.stage.ui));
  const Sums sums(frame, n, c);
  thread_local std::vector<PartialSum> seen;  // of the cells inside, row by row; keeps its memory from frame to frame
  seen.clear();
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const bool inside = y >= 0 && y < height.extent && x >= 0 && x < width.extent;
      if (!inside) {  // cut off by padding
        painter.box(box, Role::padding, Fill::none, Outline::dashed, grid.radius()).opacity = opacity;
        continue;
      }
      const PartialSum& sum = seen.emplace_back(sums.at(y, x));
      const bool finished = sum.stamps == sum.of;
      const Fill fill = sum.stamps == 0 ? Fill::none : style.drawn() ? Fill::tint : Fill::value;
      Mark& mark = painter.box(box, Role::output, fill, Outline::hairline, grid.radius());
      mark.opacity = finished ? opacity : opacity * 0.6f;
      mark.value = scale_of(numbers, sum.value);
      painter.refer(mark, {TensorId::output, n, c, y, x});
      if (sum.of == 0) painter.box(box, Role::unused, Fill::hatch, Outline::none, grid.radius()).opacity = opacity;
    }
  }
  // The stamp lies on the cells, the numbers on the stamp.
  if (here) {
    const bool dense = (height.dilation == 1 || height.kernel == 1) && (width.dilation == 1 || width.kernel == 1);
    if (dense) {
      painter.box(grid.area(place.y, place.x, static_cast<double>(height.kernel), static_cast<double>(width.kernel)),
                  Role::window, Fill::shade, Outline::none, grid.radius());
    } else {
      for (int64_t ky = 0; ky < height.kernel; ++ky) {
        for (int64_t kx = 0; kx < width.kernel; ++kx) {
          painter.box(grid.area(place.y + static_cast<double>(ky * height.dilation),
                                place.x + static_cast<double>(kx * width.dilation), 1, 1),
                      Role::window, Fill::shade, Outline::none, grid.radius());
        }
      }
    }
  }
  auto next = seen.cbegin();
  for (int64_t y = std::max<int64_t>(0, range.row0); y < std::min(range.row1, height.extent); ++y) {
    for (int64_t x = std::max<int64_t>(0, range.col0); x < std::min(range.col1, width.extent); ++x) {
      const Box box = grid.cell(y, x);
      const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      const PartialSum& sum = *next++;
      const bool under = here && under_stamp(frame, place, y, x);
      const Fill on = under ? Fill::shade : sum.stamps == 0 ? Fill::none : style.drawn() ? Fill::tint : Fill::value;
      if (sum.stamps == 0 && sum.of > 0 && !plan.bias) {
        const auto dot = static_cast<float>(std::clamp(grid.pitch * 0.05, 1.0, 3.0));
        painter.box({mx - dot, my - dot, mx + dot, my + dot}, Role::output, Fill::full, Outline::none, dot).opacity =
            opacity;
      } else if (style.drawn()) {
        const float lift = lifts && under ? box.height() * 0.12f : 0;
        Mark& text = painter.number(sum.value, style, mx, my - lift,
                                    sum.stamps == 0 && !under ? Role::secondary : Role::output, on);
        text.opacity = opacity;
        text.value = scale_of(numbers, sum.value);
      }
    }
  }
  painter.box(around, Role::output, Fill::none, Outline::solid, 8).opacity = opacity;
  if (here) {
    if (chips) draw_chips(frame, grid, products);
    for (int64_t back = 3; back >= 1 && frame.trail > 0; --back) {
      if (frame.step < back) continue;
      const Stamp stamp = stamp_of_step(plan, frame.step - back);
      if (stamp.n != n || stamp.k != c) continue;
      const Pair at = stamp_origin(plan, stamp);
      draw_stamp_outline(frame, grid, {static_cast<double>(at.h), static_cast<double>(at.w)},
                         frame.trail * (0.5f - 0.12f * static_cast<float>(back)));
    }
    draw_stamp_outline(frame, grid, place);
  }
  draw_rings(frame, hover, grid, {TensorId::output, n, c, 0, 0});
}

// From a cell of X to its stamp, or from a cell of Y to the cells of X that make it.
void draw_hover_lines(ScatterFrame& frame, const ScatterHover& hover, const Grid& input, int64_t input_channel,
                      const Grid& output, int64_t output_channel) {
  if (!hover.active() || frame.stage.zoom > 4 || hover.self().n != frame.stamp.n) return;
  const CellRef& self = hover.self();
  const auto line = [&](float x0, float y0, float x1, float y1) {
    frame.painter.line(x0, y0, x1, y1, Role::hover, 1).opacity = 0.5f;
  };
  const WindowAxis &height = frame.plan.windows.height(), &width = frame.plan.windows.width();
  if (self.tensor == TensorId::input && self.c == input_channel) {
    const Box cell = input.cell(self.y, self.x);
    const Box stamp =
        output.area(static_cast<double>(height.cell(self.y, 0)), static_cast<double>(width.cell(self.x, 0)),
                    static_cast<double>(height.effective_kernel()), static_cast<double>(width.effective_kernel()));
    line(cell.x1, cell.y0, stamp.x0, stamp.y0);
    line(cell.x1, cell.y1, stamp.x0, stamp.y1);
  } else if (self.tensor == TensorId::output && self.c == output_channel) {
    thread_local TransposedArithmetic arithmetic;
    transposed_arithmetic(frame.plan, frame.tensors, {self.n, self.c, self.y, self.x}, arithmetic);
    if (arithmetic.values.size() > 49) return;  // a bundle that says nothing
    const Box end = output.cell(self.y, self.x);
    for (const Contribution& one : arithmetic.values) {
      if (one.c != input_channel) continue;
      const Box cell = input.cell(one.y, one.x);
      line(cell.x1, (cell.y0 + cell.y1) / 2, end.x0, (end.y0 + end.y1) / 2);
    }
  }
}

// "x * W = 2 * W"
const std::string& stamp_words(double value) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.assign("x\u00d7W = ");
  words.append(Digits(value)).append("\u00d7W");
  return words;
}

}  // namespace

void build_scatter_lens(ScatterFrame& frame) {
  const ConvTransposePlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const ConvPlan geometry = scatter_geometry(plan);
  const NumberRange inputs = range_of(frame.tensors.input), outputs = range_of(frame.tensors.output);
  const NumberRange products = products_of(inputs, range_of(frame.tensors.weight));
  LayoutWishes wishes;
  wishes.middle_tag_width = std::max(
      name_tag_width(painter, "W", plan.weight_shape(), stage.ui),
      painter.width(stamp_words(inputs.integral ? -inputs.max_abs() : -0.0001), Face::sans, kLabelSize * stage.ui));
  wishes.below_input = plan.output_padding.all_at_least(0) && (plan.output_padding[0] > 0 || plan.output_padding[1] > 0)
                           ? kBelowHeight * stage.ui
                           : 0;
  const SlidingLayout& layout = sliding_layout(geometry, stage, painter, frame.stamp.c,
                                               {inputs, range_of(frame.tensors.weight), outputs}, wishes);
  const auto cell = static_cast<float>(layout.pitch);
  const float legible = 0.9f * kMinNumberSize * std::max(1.0f, stage.ui);
  const ScatterHover hover(frame);
  const int64_t kernels = plan.kernels_per_group();
  const auto canvas = [&](Grid grid) {
    grid.row0 = canvas_axis(plan.windows.height(), plan.output_padding[0]).first;
    grid.col0 = canvas_axis(plan.windows.width(), plan.output_padding[1]).first;
    return stage.seen(grid);
  };
  if (layout.pitch < kMinNumberPitch || painter.fit(inputs, cell, cell).size < legible) {
    const OperationOverview overview =
        operation_overview(frame, geometry.in, geometry.out, plan.input_shape(), plan.output_shape());
    if (!overview.good) {
      draw_too_small(frame);
      return;
    }
    draw_input(frame, hover, stage.seen(overview.input), frame.stamp.n, frame.stamp.c, 1);
    draw_output(frame, hover, canvas(overview.output), frame.stamp.n, frame.stamp.k, 1, products, true);
    draw_overview_furniture(frame, overview, frame.stamp.n, frame.stamp.c, frame.stamp.k, plan.input_shape(),
                            plan.output_shape());
    return;
  }
  const float sheet = kSheetOffset * stage.ui;
  const auto sheet_rise = [&](int64_t count) { return sheet * static_cast<float>(std::min<int64_t>(count - 1, 3)); };
  const auto sheets = [&](const Grid& grid, int64_t count, Role role) {
    draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(count - 1, 3)), role);
  };

  // X
  for (int i = 0; i < layout.input_count; ++i) {
    const Grid grid = stage.seen(layout.inputs[i]);
    const int64_t c = layout.input_stacked ? frame.stamp.c : i;
    const bool in_group = c / plan.channels_per_group() == frame.stamp.k / kernels;
    const float rise = layout.input_stacked ? sheet_rise(plan.in_channels) : 0;
    if (layout.input_stacked) sheets(grid, plan.in_channels, Role::input);
    draw_input(frame, hover, grid, frame.stamp.n, c, in_group ? 1.0f : 0.35f);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels)
      draw_stack_label(frame, 'X', frame.stamp.n, c, c, layout.input_stacked ? plan.in_channels : 1, x, y);
    if (i == 0)
      draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, layout.labels ? y - kLabelHeight * stage.ui : y);
  }
  draw_sign(frame, "\u00d7", layout.times_x, layout.times_y);

  // W and its stamp
  {
    const Grid grid = stage.seen(layout.weights[0]);
    const int64_t slices = plan.in_channels * kernels, slice = frame.stamp.c * kernels + frame.stamp.k % kernels;
    if (slices > 1) sheets(grid, slices, Role::weight);
    const float rise = sheet_rise(slices);
    draw_kernel(frame, hover, grid);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (layout.labels) draw_stack_label(frame, 'W', frame.stamp.c, frame.stamp.k % kernels, slice, slices, x, y);
    draw_name_tag(frame, "W", plan.weight_shape(), Role::weight, x, layout.labels ? y - kLabelHeight * stage.ui : y);
    if (layout.products) {
      const Grid stamp = stage.seen(layout.product_grids[0]);
      draw_stamp(frame, stamp, products);
      painter.text(stamp_words(stamp_value(frame)), static_cast<float>(stamp.x),
                   static_cast<float>(stamp.y) - 10 * stage.ui, kLabelSize * stage.ui, Role::secondary);
    }
  }

  // b: Y begins with it
  if (plan.bias) {
    draw_sign(frame, "+", layout.plus_x, layout.plus_y);
    const Grid grid = stage.seen(layout.bias);
    const Box box = grid.cell(0, 0);
    draw_value_cell(frame, box, frame.tensors.bias.at(frame.stamp.k), range_of(frame.tensors.bias), Role::bias,
                    Fill::tint);
    painter.refer(painter.box(box, Role::bias, Fill::none, Outline::solid, grid.radius()),
                  {TensorId::bias, 0, frame.stamp.k, 0, 0});
    draw_name_tag(frame, "b", plan.bias_shape(), Role::bias, static_cast<float>(grid.x), static_cast<float>(grid.y));
  }
  draw_sign(frame, "\u2192", layout.equals_x, layout.equals_y);

  // Y
  for (int i = 0; i < layout.output_count; ++i) {
    const Grid grid = canvas(layout.outputs[i]);
    const int64_t c = layout.output_stacked ? frame.stamp.k : i;
    const bool in_group = c / kernels == frame.stamp.k / kernels;
    const float rise = layout.output_stacked ? sheet_rise(plan.out_channels) : 0;
    if (layout.output_stacked) sheets(grid, plan.out_channels, Role::output);
    draw_output(frame, hover, grid, frame.stamp.n, c, in_group ? 1.0f : 0.55f, products, true);
    draw_output_padding(frame, plan, grid, i + 1 == layout.output_count);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    if (layout.labels)
      draw_stack_label(frame, 'Y', frame.stamp.n, c, c, layout.output_stacked ? plan.out_channels : 1, x, y);
    if (i == 0)
      draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, layout.labels ? y - kLabelHeight * stage.ui : y);
  }
  const int64_t first = frame.stamp.k / kernels * plan.channels_per_group();
  for (int i = 0; i < layout.input_count; ++i) {
    const int64_t c = layout.input_stacked ? frame.stamp.c : i;
    draw_place_label(frame, stage.seen(layout.inputs[i]), 'X', Role::input, frame.stamp.n, c);
    if (c < first || c >= first + plan.channels_per_group()) continue;
    draw_hover_lines(frame, hover, stage.seen(layout.inputs[i]), c,
                     canvas(layout.outputs[layout.output_stacked ? 0 : frame.stamp.k]), frame.stamp.k);
  }
}

}  // namespace convscope
