// X and dX, W and dW, dY and db: what each cell of dY adds to the gradients.
#include "app/scene/gradient_lens.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "app/scene/cells.h"
#include "app/scene/gradient_layout.h"
#include "app/scene/per_half.h"
#include "app/scene/words.h"
#include "engine/padding.h"

namespace convscope {
namespace {

/// Strong enough to be told from a cell of the tensor itself, weak enough to read a number on it.
constexpr float kHatch = 0.22f;
constexpr float kTextureHatch = 0.16f;
constexpr int64_t kMostHatchedCells = 400;  // one by one

struct GradientFrame {
  LensFrame& conv;
  const GradientNumbers& numbers;
  GradientRanges ranges;
  double gradient = 0;  // of this step's output cell
  int64_t steps = 0;    // that are in the sums of this picture

  Painter& painter() const { return conv.painter; }
  const ConvPlan& plan() const { return conv.plan; }
};

// A gradient grows to its end, and may be larger on its way there.
NumberRange growing(const NumberRange& whole, const NumberRange& part) {
  NumberRange range = whole;
  range.min = std::min(whole.min, part.min);
  range.max = std::max(whole.max, part.max);
  range.integral = whole.integral && part.integral;
  range.least = 0;
  return range;
}

double whole_at(const Tensor& tensor, int64_t n, int64_t c, int64_t y, int64_t x) {
  return TensorView(tensor).at(n, c, y, x);
}

// A cell of a gradient: the tensor's hue, hatched.
void draw_gradient_cell(GradientFrame& frame, const Box& box, float radius, Role role, Fill fill, float scale,
                        const CellRef& ref, float opacity, bool hatched = true) {
  Painter& painter = frame.painter();
  Mark& mark = painter.box(box, role, fill, Outline::hairline, radius);
  mark.opacity = opacity;
  mark.value = scale;
  painter.refer(mark, ref);
  if (hatched) painter.box(box, role, Fill::hatch, Outline::none, radius).opacity = kHatch * opacity;
}

void draw_not_yet(GradientFrame& frame, const Grid& grid, const Box& box, Role role, float opacity) {
  const auto dot = static_cast<float>(std::clamp(grid.pitch * 0.05, 1.0, 3.0));
  const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  frame.painter().box({mx - dot, my - dot, mx + dot, my + dot}, role, Fill::full, Outline::none, dot).opacity = opacity;
}

// What a step adds, in the corner of its cell.
class Chips {
 public:
  Chips(GradientFrame& frame, const Grid& grid, const NumberRange& products) : frame_(frame) {
    const float ui = std::max(1.0f, frame.conv.stage.ui);
    on_ = frame.conv.phase.arrived() && grid.pitch >= 34 * static_cast<double>(ui);
    if (!on_) return;
    const auto room = static_cast<float>(grid.pitch * 0.66), tall = static_cast<float>(grid.pitch * 0.3);
    style_ = frame.painter().fit(products, room - tall * 0.5f, tall * 1.9f);
    style_.size = std::min(style_.size, tall * 0.86f);
    on_ = style_.size >= kMinNumberSize;
    radius_ = grid.radius();
  }
  bool on() const { return on_; }
  /// Products come one after the other.
  bool out(int64_t index, int64_t of) const {
    const float products = frame_.conv.phase.products;
    return products >= 1 || static_cast<double>(products) * static_cast<double>(of) > static_cast<double>(index);
  }
  void draw(const Box& cell, double product) const {
    char digits[28];
    const int sign = product >= 0 ? 1 : 0;
    digits[0] = '+';
    const int length = sign + format_styled(product, style_, digits + sign, 24);
    const std::string_view words{digits, static_cast<size_t>(length)};
    Painter& painter = frame_.painter();
    const float width = painter.width(words, Face::sans, style_.size);
    const Box chip{cell.x1 - width - style_.size * 0.5f, cell.y1 - style_.size * 1.25f, cell.x1, cell.y1};
    painter.box(chip, Role::output, Fill::full, Outline::none, radius_);
    painter.text(words, (chip.x0 + chip.x1) / 2, (chip.y0 + chip.y1) / 2, style_.size, Role::output, Align::center)
        .fill = Fill::full;
  }

 private:
  GradientFrame& frame_;
  NumberStyle style_;
  float radius_ = 0;
  bool on_ = false;
};

// The kernels before this step's have added all they will: their sums are remembered for the cells in sight, because a
// layer of many kernels has many products for each of them.
class EarlierKernels {
 public:
  double of(GradientFrame& frame, const Grid::Range& range, int64_t n, int64_t c, int64_t y, int64_t x, int64_t k0,
            int64_t k1, const AxisUses& rows, const AxisUses& columns) {
    if (k1 <= k0) return 0;
    const Key key{frame.numbers.grad_output.identity(),
                  frame.conv.tensors.weight.identity(),
                  n,
                  c,
                  k1,
                  range.row0,
                  range.row1,
                  range.col0,
                  range.col1};
    if (!(key == key_)) {
      key_ = key;
      known_.assign(static_cast<size_t>((range.row1 - range.row0) * (range.col1 - range.col0)), 0);
      sums_.resize(known_.size());
    }
    const auto at = static_cast<size_t>((y - range.row0) * (range.col1 - range.col0) + x - range.col0);
    if (known_[at] == 0) {
      known_[at] = 1;
      sums_[at] = input_gradient_by(frame.plan(), frame.conv.tensors.weight, frame.numbers.grad_output, n, c,
                                    rows.of(y), columns.of(x), k0, k1);
    }
    return sums_[at];
  }

 private:
  struct Key {
    uint64_t grad_output = 0, weight = 0;
    int64_t n = 0, c = 0, kernel = 0, row0 = 0, row1 = 0, col0 = 0, col1 = 0;
    bool operator==(const Key&) const = default;
  };
  Key key_;
  std::vector<char> known_;
  std::vector<double> sums_;
};

// How far the gradient of an input cell has come.
class GrowingInput {
 public:
  GrowingInput(GradientFrame& frame, const Grid::Range& range, int64_t n, int64_t c, int slot)
      : frame_(frame), range_(range), n_(n), c_(c), memory_(memory(slot)) {
    const ConvPlan& plan = frame.plan();
    memory_.rows.set(plan, false, range.row0, range.row1);
    memory_.columns.set(plan, true, range.col0, range.col1);
    first_ = c / plan.channels_per_group() * plan.kernels_per_group();
    const int64_t begun = frame.steps - (n * plan.out_channels + first_) * plan.positions();
    whole_ = std::clamp<int64_t>(begun / plan.positions(), 0, plan.kernels_per_group());
    rest_ = whole_ < plan.kernels_per_group() && begun > 0 ? begun % plan.positions() : 0;
  }

  GrowingSum at(int64_t y, int64_t x) const {
    const ConvPlan& plan = frame_.plan();
    const auto rows = memory_.rows.of(y), columns = memory_.columns.of(x);
    const int64_t each = static_cast<int64_t>(rows.size() * columns.size());
    GrowingSum sum;
    sum.of = plan.kernels_per_group() * each;
    sum.added = whole_ * each;
    if (sum.added == sum.of) {  // the engine's own number
      sum.value = whole_at(frame_.numbers.whole.input, n_, c_, y, x);
      return sum;
    }
    sum.value =
        memory_.earlier.of(frame_, range_, n_, c_, y, x, first_, first_ + whole_, memory_.rows, memory_.columns);
    if (rest_ == 0) return sum;
    const GrowingSum last = input_gradient_until(plan, frame_.conv.tensors.weight, frame_.numbers.grad_output, n_, c_,
                                                 rows, columns, first_ + whole_, rest_);
    sum.added += last.added;
    sum.value = sum.added == sum.of ? whole_at(frame_.numbers.whole.input, n_, c_, y, x) : sum.value + last.value;
    return sum;
  }

 private:
  struct Memory {
    AxisUses rows, columns;
    EarlierKernels earlier;
  };
  // One for each grid of a picture.
  static Memory& memory(int slot) {
    thread_local PerHalf<std::array<Memory, kMaxShownChannels>> all;
    return all.now()[static_cast<size_t>(slot)];
  }

  GradientFrame& frame_;
  Grid::Range range_;
  int64_t n_, c_, first_ = 0, whole_ = 0, rest_ = 0;
  Memory& memory_;
};

bool under_window(const ConvPlan& plan, const WindowPosition& at, int64_t y, int64_t x) {
  const auto on_tap = [](double distance, int64_t dilation, int64_t kernel) {
    const double tap = std::round(distance / static_cast<double>(dilation));
    return tap >= 0 && tap < static_cast<double>(kernel) &&
           std::abs(distance - tap * static_cast<double>(dilation)) < 0.5;
  };
  return on_tap(static_cast<double>(y) - at.y, plan.dilation.h, plan.kernel.h) &&
         on_tap(static_cast<double>(x) - at.x, plan.dilation.w, plan.kernel.w);
}

// The window that the step adds to, as the one over X.
void draw_window(GradientFrame& frame, const Grid& grid, const WindowPosition& at, bool outline) {
  const ConvPlan& plan = frame.plan();
  Painter& painter = frame.painter();
  const Pair extent = plan.effective_kernel();
  Box whole = grid.area(at.y, at.x, static_cast<double>(extent.h), static_cast<double>(extent.w));
  if (outline) {
    const float least = cell_by_cell(grid) ? 0 : 10 * frame.conv.stage.ui;
    const float mx = (whole.x0 + whole.x1) / 2, my = (whole.y0 + whole.y1) / 2;
    const float w = std::max(whole.width(), least) / 2, h = std::max(whole.height(), least) / 2;
    const float grow = static_cast<float>(grid.gap()) / 2;
    whole = {mx - w - grow, my - h - grow, mx + w + grow, my + h + grow};
    if (grid.pitch < kMinSmallPitch) {
      painter.box(whole, Role::canvas, Fill::none, Outline::ring, grid.radius() + grow).size =
          3 * std::max(1.0f, frame.conv.stage.ui);
    }
    painter.box(whole, Role::window, Fill::none, Outline::thick, grid.radius() + grow);
    return;
  }
  const bool dense = (plan.dilation.h == 1 || plan.kernel.h == 1) && (plan.dilation.w == 1 || plan.kernel.w == 1);
  if (dense || !cell_by_cell(grid)) {
    painter.box(whole, Role::window, Fill::shade, Outline::none, grid.radius());
    return;
  }
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      painter.box(grid.area(at.y + static_cast<double>(ky * plan.dilation.h),
                            at.x + static_cast<double>(kx * plan.dilation.w), 1, 1),
                  Role::window, Fill::shade, Outline::none, grid.radius());
    }
  }
}

// The whole gradient, faint where steps to come will still add to it.
void draw_large_gradient(GradientFrame& frame, const Grid& grid, const Tensor& tensor, TensorId id, int64_t n,
                         int64_t c, Role role, int64_t rows_done, float opacity) {
  Painter& painter = frame.painter();
  const int64_t row0 = std::max<int64_t>(0, grid.row0), col0 = std::max<int64_t>(0, grid.col0);
  const bool is_input = id == TensorId::grad_input;
  const int64_t rows = is_input ? frame.plan().in.h : grid.rows, cols = is_input ? frame.plan().in.w : grid.cols;
  draw_texture(frame.conv, grid, tensor, id, n, c, row0, rows, col0, cols, opacity);
  const Box box{static_cast<float>(grid.left(static_cast<double>(col0))),
                static_cast<float>(grid.top(static_cast<double>(row0))),
                static_cast<float>(grid.left(static_cast<double>(cols))),
                static_cast<float>(grid.top(static_cast<double>(rows)))};
  painter.box(box, role, Fill::hatch).opacity = kTextureHatch * opacity;
  if (rows_done < rows) {
    const Box veil{box.x0, static_cast<float>(grid.top(static_cast<double>(std::max(row0, rows_done)))), box.x1,
                   box.y1};
    painter.box(veil, Role::border, Fill::full).opacity = kVeilOpacity;
  }
  painter.box(box, role, Fill::none, Outline::solid).opacity = opacity;
}

void draw_far_hover(GradientFrame& frame, const Grid& grid, TensorId tensor, int64_t n, int64_t c) {
  const Hover& hover = frame.conv.hover;
  if (!hover.active()) return;
  const CellRef& self = hover.self();
  const bool same = self.n == n && self.c == c;
  if (self.tensor == tensor && same) draw_hover_marker(frame.conv, grid.cell(self.y, self.x));
  const ConvPlan& plan = frame.plan();
  if (tensor == TensorId::input && hover.output() && self.n == n &&
      c / plan.channels_per_group() == hover.output()->c / plan.kernels_per_group()) {
    const Pair origin = window_origin(plan, *hover.output()), extent = plan.effective_kernel();
    draw_hover_marker(frame.conv, grid.area(static_cast<double>(origin.h), static_cast<double>(origin.w),
                                            static_cast<double>(extent.h), static_cast<double>(extent.w)));
  }
  if (tensor == TensorId::output && self.tensor == TensorId::input && self.n == n &&
      self.c / plan.channels_per_group() == c / plan.kernels_per_group()) {
    OutputUses& uses = frame.conv.uses;
    uses_of_input(plan, n, self.y, self.x, uses);
    if (uses.cells.empty()) return;
    int64_t y0 = plan.out.h, x0 = plan.out.w, y1 = 0, x1 = 0;
    for (const OutputCell& use : uses.cells) {
      y0 = std::min(y0, use.y);
      x0 = std::min(x0, use.x);
      y1 = std::max(y1, use.y + 1);
      x1 = std::max(x1, use.x + 1);
    }
    draw_hover_marker(frame.conv, grid.area(static_cast<double>(y0), static_cast<double>(x0),
                                            static_cast<double>(y1 - y0), static_cast<double>(x1 - x0)));
  }
}

void draw_grad_input(GradientFrame& frame, const Grid& grid, int64_t n, int64_t c, bool in_group, float opacity,
                     int slot) {
  const ConvPlan& plan = frame.plan();
  Painter& painter = frame.painter();
  const WindowPosition at = window_at(plan, frame.conv.step, frame.conv.phase.glide);
  if (!cell_by_cell(grid)) {
    const int64_t last = (c / plan.channels_per_group() + 1) * plan.kernels_per_group() - 1;  // of the group's kernels
    const int64_t begun = frame.steps - (n * plan.out_channels + last) * plan.positions();
    int64_t done = 0;
    if (begun >= plan.positions()) {
      done = plan.in.h;
    } else if (begun > 0 && plan.padding_mode != PaddingMode::circular) {
      // Around the edge the last windows come back to the first rows.
      done = begun / plan.out.w * plan.stride.h - plan.pads.top;
    }
    draw_large_gradient(frame, grid, frame.numbers.whole.input, TensorId::grad_input, n, c, Role::input, done, opacity);
    if (plan.pads != Pads{}) painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed).opacity = opacity;
    if (in_group) {
      draw_window(frame, grid, at, false);
      draw_window(frame, grid, at, true);
    }
    draw_far_hover(frame, grid, TensorId::input, n, c);
    return;
  }
  const Grid::Range range = grid.visible(painter.viewport());
  Grid::Range real = range;
  real.row0 = std::clamp<int64_t>(range.row0, 0, plan.in.h);
  real.row1 = std::clamp<int64_t>(range.row1, real.row0, plan.in.h);
  real.col0 = std::clamp<int64_t>(range.col0, 0, plan.in.w);
  real.col1 = std::clamp<int64_t>(range.col1, real.col0, plan.in.w);
  const GrowingInput growing_input(frame, real, n, c, slot);
  const NumberRange& numbers = frame.ranges.grad_input;
  const NumberStyle style = numbers_for(frame.conv, grid, numbers);
  const auto inside = [&](int64_t y, int64_t x) { return y >= 0 && y < plan.in.h && x >= 0 && x < plan.in.w; };
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const CellRef ref{TensorId::grad_input, n, c, y, x};
      if (!inside(y, x)) {
        Mark& mark = painter.box(box, Role::padding, Fill::none, Outline::dashed, grid.radius());
        mark.opacity = opacity;
        painter.refer(mark, ref);
        continue;
      }
      const GrowingSum sum = growing_input.at(y, x);
      const Fill fill = sum.added == 0 && sum.of > 0 ? Fill::none : style.drawn() ? Fill::tint : Fill::value;
      if (fill == Fill::none) {
        Mark& mark = painter.box(box, Role::input, fill, Outline::hairline, grid.radius());
        mark.opacity = opacity;
        painter.refer(mark, ref);
      } else if (sum.of == 0) {
        painter.refer(painter.box(box, Role::input, Fill::none, Outline::hairline, grid.radius()), ref);
        painter.box(box, Role::unused, Fill::hatch, Outline::none, grid.radius()).opacity = opacity;
      } else {
        draw_gradient_cell(frame, box, grid.radius(), Role::input, fill, scale_of(numbers, sum.value), ref, opacity);
      }
    }
  }
  const Box whole = grid.area(0, 0, static_cast<double>(plan.in.h), static_cast<double>(plan.in.w));
  painter.box(whole, Role::input, Fill::none, Outline::solid, grid.radius()).opacity = opacity;
  if (in_group) draw_window(frame, grid, at, false);

  const Chips chips(frame, grid, products_of(frame.ranges.grad_output, frame.ranges.weight));
  for (int64_t y = real.row0; y < real.row1; ++y) {
    for (int64_t x = real.col0; x < real.col1; ++x) {
      const Box box = grid.cell(y, x);
      const GrowingSum sum = growing_input.at(y, x);
      const bool under = in_group && under_window(plan, at, y, x);
      if (sum.added == 0 && sum.of > 0) {
        draw_not_yet(frame, grid, box, Role::input, opacity);
      } else if (style.drawn()) {
        const float lift = under && in_group && chips.on() ? box.height() * 0.12f : 0;
        const Fill on = under ? Fill::shade : sum.of == 0 ? Fill::none : Fill::tint;
        Mark& text = painter.number(sum.value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - lift,
                                    sum.of == 0 ? Role::secondary : Role::input, on);
        text.opacity = opacity;
      }
    }
  }
  if (in_group && chips.on()) {
    const TensorView weight(frame.conv.tensors.weight);
    const int64_t slice = c % plan.channels_per_group(), area = plan.kernel.h * plan.kernel.w;
    for (int64_t i = 0; i < area; ++i) {
      const Tap tap = tap_of(plan, frame.conv.cell, slice * area + i);
      // What falls on zeros of the padding is nobody's.
      if (tap.source_y == kZeroPadding || tap.source_x == kZeroPadding || !chips.out(i, area)) continue;
      chips.draw(grid.cell(tap.y, tap.x), frame.gradient * weight.at(frame.conv.cell.c, slice, tap.ky, tap.kx));
    }
  }
  if (in_group) draw_window(frame, grid, at, true);
  draw_rings(frame.conv, grid, {TensorId::grad_input, n, c, 0, 0});
}

// The sums of a slice of the kernel's gradient, remembered while the step stays.
const std::vector<double>& weight_sums(GradientFrame& frame, int64_t slice, int slot) {
  struct Kept {
    uint64_t grad_output = 0, input = 0;
    int64_t k = -1, slice = -1, cells = -1;
    std::vector<double> sums;
  };
  thread_local PerHalf<std::array<Kept, kMaxShownChannels>> kept;
  Kept& one = kept.now()[static_cast<size_t>(slot)];
  const ConvPlan& plan = frame.plan();
  const int64_t k = frame.conv.cell.c, cells = frame.numbers.sums->cells_of(k, frame.steps);
  const uint64_t grad_output = frame.numbers.grad_output.identity(), input = frame.conv.tensors.input.identity();
  if (one.grad_output == grad_output && one.input == input && one.k == k && one.slice == slice && one.cells == cells) {
    return one.sums;
  }
  one.grad_output = grad_output;
  one.input = input;
  one.k = k;
  one.slice = slice;
  one.cells = cells;
  const int64_t area = plan.kernel.h * plan.kernel.w;
  one.sums.resize(static_cast<size_t>(area));
  if (cells == plan.batch * plan.positions()) {  // the engine's own numbers
    for (int64_t i = 0; i < area; ++i) {
      one.sums[static_cast<size_t>(i)] =
          frame.numbers.whole.weight.at((k * plan.channels_per_group() + slice) * area + i);
    }
  } else {
    frame.numbers.sums->weight(k, slice * area, cells, one.sums);
  }
  return one.sums;
}

void draw_grad_weight(GradientFrame& frame, const Grid& grid, int64_t slice, int slot) {
  const ConvPlan& plan = frame.plan();
  Painter& painter = frame.painter();
  const int64_t k = frame.conv.cell.c, area = plan.kernel.h * plan.kernel.w;
  const int64_t cells = frame.numbers.sums->cells_of(k, frame.steps);
  if (!cell_by_cell(grid)) {
    const int64_t done = cells == plan.batch * plan.positions() ? plan.kernel.h : 0;
    draw_large_gradient(frame, grid, frame.numbers.whole.weight, TensorId::grad_weight, k, slice, Role::weight, done,
                        1);
    draw_far_hover(frame, grid, TensorId::weight, k, slice);
    return;
  }
  const std::vector<double>& sums = weight_sums(frame, slice, slot);
  const NumberRange& numbers = frame.ranges.grad_weight;
  const NumberStyle style = numbers_for(frame.conv, grid, numbers);
  const Chips chips(frame, grid, products_of(frame.ranges.grad_output, frame.ranges.input));
  const TensorView input(frame.conv.tensors.input);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const int64_t i = y * plan.kernel.w + x;
      const double sum = sums[static_cast<size_t>(i)];
      const CellRef ref{TensorId::grad_weight, k, slice, y, x};
      if (cells == 0) {
        painter.refer(painter.box(box, Role::weight, Fill::none, Outline::hairline, grid.radius()), ref);
        if (!chips.on()) draw_not_yet(frame, grid, box, Role::weight, 1);
      } else {
        draw_gradient_cell(frame, box, grid.radius(), Role::weight, style.drawn() ? Fill::tint : Fill::value,
                           scale_of(numbers, sum), ref, 1);
      }
      const float lift = chips.on() ? box.height() * 0.12f : 0;
      if (style.drawn() && cells > 0) {
        painter.number(sum, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - lift, Role::weight, Fill::tint);
      }
      if (!chips.on() || !chips.out(i, area)) continue;
      const Tap tap = tap_of(plan, frame.conv.cell, slice * area + i);
      const bool zero = tap.source_y == kZeroPadding || tap.source_x == kZeroPadding;
      chips.draw(box, zero ? 0 : frame.gradient * input.at(frame.conv.cell.n, tap.c, tap.source_y, tap.source_x));
    }
  }
  painter.box(grid.bounds(), Role::weight, Fill::none, Outline::thick, grid.radius() + 1);
  draw_rings(frame.conv, grid, {TensorId::grad_weight, k, slice, 0, 0});
}

void draw_grad_bias(GradientFrame& frame, const Grid& grid) {
  const int64_t k = frame.conv.cell.c, cells = frame.numbers.sums->cells_of(k, frame.steps);
  const ConvPlan& plan = frame.plan();
  const bool whole = cells == plan.batch * plan.positions();
  const double sum = whole ? frame.numbers.whole.bias.at(k) : frame.numbers.sums->bias(k, cells);
  const NumberRange numbers = growing(range_of(frame.numbers.whole.bias), frame.ranges.grad_output);
  const Box box = grid.cell(0, 0);
  Painter& painter = frame.painter();
  const NumberStyle style = numbers_for(frame.conv, grid, numbers);
  draw_gradient_cell(frame, box, grid.radius(), Role::bias, cells == 0 ? Fill::none : Fill::tint, 0,
                     {TensorId::grad_bias, 0, k, 0, 0}, 1);
  const Chips chips(frame, grid, frame.ranges.grad_output);
  const float lift = chips.on() ? box.height() * 0.12f : 0;
  if (cells == 0) {
    if (!chips.on()) draw_not_yet(frame, grid, box, Role::bias, 1);
  } else if (style.drawn()) {
    painter.number(sum, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2 - lift, Role::bias, Fill::tint);
  }
  if (chips.on() && chips.out(0, 1)) chips.draw(box, frame.gradient);
  painter.box(box, Role::bias, Fill::none, Outline::solid, grid.radius());
  if (frame.conv.hover.lights({TensorId::grad_bias, 0, k, 0, 0})) draw_hover_ring(frame.conv, box, grid.radius());
}

// dY is known from the beginning: where the step is in it is all that changes.
void draw_grad_output(GradientFrame& frame, const Grid& grid, int64_t n, int64_t c, float opacity) {
  const ConvPlan& plan = frame.plan();
  Painter& painter = frame.painter();
  const OutputCell& current = frame.conv.cell;
  const bool here = current.n == n && current.c == c;
  if (!cell_by_cell(grid)) {
    draw_large_gradient(frame, grid, frame.numbers.grad_output, TensorId::grad_output, n, c, Role::output, plan.out.h,
                        opacity);
    if (here) {
      Box box = grid.cell(current.y, current.x);
      const float least = 8 * frame.conv.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      if (box.width() < least) box = {mx - least / 2, my - least / 2, mx + least / 2, my + least / 2};
      painter.box(box, Role::canvas, Fill::none, Outline::ring, 2).size = 5 * std::max(1.0f, frame.conv.stage.ui);
      painter.box(box, Role::output, grid.pitch < 6 ? Fill::none : Fill::full, Outline::ring, 2);
    }
    draw_far_hover(frame, grid, TensorId::output, n, c);
    return;
  }
  const TensorView view(frame.numbers.grad_output);
  const NumberRange& numbers = frame.ranges.grad_output;
  const NumberStyle style = numbers_for(frame.conv, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  // Of many cells one hatch is enough, under all of the numbers.
  const bool hatched_as_one = (range.row1 - range.row0) * (range.col1 - range.col0) > kMostHatchedCells;
  for (int64_t y = range.row0; y < range.row1; ++y) {
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const double value = view.at(n, c, y, x);
      const bool is_current = here && y == current.y && x == current.x;
      const Fill fill = is_current ? Fill::full : style.drawn() ? Fill::tint : Fill::value;
      draw_gradient_cell(frame, box, grid.radius(), Role::output, fill, scale_of(numbers, value),
                         {TensorId::grad_output, n, c, y, x}, opacity, !hatched_as_one);
      if (!style.drawn() || hatched_as_one) continue;
      painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::output, fill).opacity = opacity;
    }
  }
  if (hatched_as_one) {
    const Box all =
        grid.area(static_cast<double>(range.row0), static_cast<double>(range.col0),
                  static_cast<double>(range.row1 - range.row0), static_cast<double>(range.col1 - range.col0));
    painter.box(all, Role::output, Fill::hatch).opacity = kHatch * opacity;
    for (int64_t y = range.row0; style.drawn() && y < range.row1; ++y) {
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const Box box = grid.cell(y, x);
        const bool is_current = here && y == current.y && x == current.x;
        painter
            .number(view.at(n, c, y, x), style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::output,
                    is_current ? Fill::full : Fill::tint)
            .opacity = opacity;
      }
    }
  }
  const Box box = grid.bounds();
  painter.box({box.x0 - 2, box.y0 - 2, box.x1 + 2, box.y1 + 2}, Role::output, Fill::none, Outline::solid, 8).opacity =
      opacity;
  if (here) painter.box(grid.cell(current.y, current.x), Role::window, Fill::none, Outline::ring, grid.radius());
  draw_rings(frame.conv, grid, {TensorId::grad_output, n, c, 0, 0});
}

// "dX[0, 3]  4 / 16": which slice a grid shows.
void draw_slice_label(StageFrame& frame, const char* name, int64_t first, int64_t second, int64_t position,
                      int64_t count, float x, float y) {
  char words[96];
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  const int length = count <= 1 ? std::snprintf(words, sizeof words, "%s[%lld, %lld]", name, wide(first), wide(second))
                                : std::snprintf(words, sizeof words, "%s[%lld, %lld]  %lld / %lld", name, wide(first),
                                                wide(second), wide(position + 1), wide(count));
  frame.painter.text({words, static_cast<size_t>(length)}, x, y - kLabelHeight * frame.stage.ui * 0.5f,
                     kLabelSize * frame.stage.ui, Role::secondary, Align::left, Face::mono);
}

// The name, the shape, and what each step adds.
void draw_gradient_tag(StageFrame& frame, std::string_view name, const Shape& shape, std::string_view adds, Role role,
                       float x, float y) {
  draw_name_tag(frame, name, shape, role, x, y);
  const float ui = frame.stage.ui;
  frame.painter.text(adds, x + name_tag_width(frame.painter, name, shape, ui) + 8 * ui, y - kNameTagHeight * ui * 0.55f,
                     kLabelSize * ui, Role::secondary);
}

// Between a cell under the pointer and the cells that it exchanges numbers with.
void draw_hover_lines(GradientFrame& frame, const GradientLayout& layout) {
  const Hover& hover = frame.conv.hover;
  if (!hover.active() || frame.conv.stage.zoom > 4) return;
  const ConvPlan& plan = frame.plan();
  const CellRef& self = hover.self();
  const Stage& stage = frame.conv.stage;
  const auto line = [&](const Box& from, const Box& to) {
    const bool leftwards = from.x0 > to.x1;
    frame.painter()
        .line(leftwards ? from.x0 : from.x1, (from.y0 + from.y1) / 2, leftwards ? to.x1 : to.x0, (to.y0 + to.y1) / 2,
              Role::hover, 1)
        .opacity = 0.5f;
  };
  const auto output_grid = [&](int64_t c) -> const Grid* {
    if (layout.output_stacked) return c == frame.conv.cell.c ? &layout.outputs[0] : nullptr;
    return &layout.outputs[c];
  };
  if (self.tensor != TensorId::input || self.n != frame.conv.cell.n) return;
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const int64_t first = frame.conv.group * cpg;
  if (layout.input_stacked && self.c != first) return;
  const Grid& input = layout.grad_inputs[layout.input_stacked ? 0 : self.c];
  if (!input.contains(self.y, self.x)) return;
  thread_local AxisUses rows, columns;
  if (self.y < 0 || self.y >= plan.in.h || self.x < 0 || self.x >= plan.in.w) return;
  rows.set(plan, false, self.y, self.y + 1);
  columns.set(plan, true, self.x, self.x + 1);
  if (rows.of(self.y).size() * columns.of(self.x).size() > 49) return;  // a bundle that says nothing
  const Box cell = stage.seen(input).cell(self.y, self.x);
  for (int64_t k = self.c / cpg * kpg; k < (self.c / cpg + 1) * kpg; ++k) {
    const Grid* to = output_grid(k);
    if (to == nullptr) continue;
    for (const AxisUse& row : rows.of(self.y)) {
      for (const AxisUse& column : columns.of(self.x)) line(cell, stage.seen(*to).cell(row.out, column.out));
    }
  }
}

}  // namespace

void build_gradient_lens(LensFrame& conv, const GradientNumbers& numbers) {
  const ConvPlan& plan = conv.plan;
  const Stage& stage = conv.stage;
  GradientFrame frame{conv, numbers, {}, 0, 0};
  GradientRanges& ranges = frame.ranges;
  ranges.input = range_of(conv.tensors.input);
  ranges.weight = range_of(conv.tensors.weight);
  ranges.grad_output = range_of(numbers.grad_output);
  ranges.grad_input = growing(range_of(numbers.whole.input), products_of(ranges.grad_output, ranges.weight));
  ranges.grad_weight = growing(range_of(numbers.whole.weight), products_of(ranges.grad_output, ranges.input));
  const OutputCell& cell = conv.cell;
  frame.gradient = whole_at(numbers.grad_output, cell.n, cell.c, cell.y, cell.x);
  frame.steps = conv.step + (conv.phase.landed() ? 1 : 0);

  const GradientLayout& layout = gradient_layout(plan, stage, conv.painter, ranges);
  if (layout.pitch <= 0) {
    draw_too_small(conv);
    return;
  }
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const float sheet = kSheetOffset * stage.ui;
  const auto rise_of = [&](bool stacked, int64_t count) {
    return stacked ? sheet * static_cast<float>(std::min<int64_t>(count - 1, 3)) : 0.0f;
  };
  const auto sheets = [&](const Grid& grid, int64_t count, Role role) {
    if (count > 1) draw_sheets_behind(conv, grid, static_cast<int>(std::min<int64_t>(count - 1, 3)), role);
  };
  const float label = layout.labels ? kLabelHeight * stage.ui : 0;

  // X and dX
  for (int i = 0; i < layout.input_count; ++i) {
    const int64_t c = layout.input_stacked ? conv.group * cpg : i;
    const bool in_group = c / cpg == conv.group;
    const float opacity = in_group ? 1.0f : 0.35f, rise = rise_of(layout.input_stacked, plan.in_channels);
    const int64_t count = layout.input_stacked ? plan.in_channels : 1;
    for (const bool gradient : {false, true}) {
      const Grid grid = stage.seen(gradient ? layout.grad_inputs[i] : layout.inputs[i]);
      if (layout.input_stacked) sheets(grid, plan.in_channels, Role::input);
      if (gradient) {
        draw_grad_input(frame, grid, cell.n, c, in_group, opacity, i);
      } else {
        InputStyle style;
        style.opacity = opacity;
        style.with_window = in_group;
        style.weights_in_window = false;
        style.rgb = false;
        draw_input_channel(conv, grid, cell.n, c, style);
      }
      const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
      if (layout.labels) draw_slice_label(conv, gradient ? "dX" : "X", cell.n, c, c, count, x, y);
      if (i > 0) continue;
      if (gradient) {
        draw_gradient_tag(conv, "dX", plan.input_shape(), kAddsToInput, Role::input, x, y - label);
      } else {
        draw_name_tag(conv, "X", plan.input_shape(), Role::input, x, y - label);
      }
    }
  }

  // W and dW
  for (int i = 0; i < layout.weight_count; ++i) {
    const float rise = rise_of(true, plan.out_channels);
    for (const bool gradient : {false, true}) {
      const Grid grid = stage.seen(gradient ? layout.grad_weights[i] : layout.weights[i]);
      sheets(grid, plan.out_channels, Role::weight);
      if (gradient) {
        draw_grad_weight(frame, grid, i, i);
      } else {
        draw_weight_slice(conv, grid, cell.c, i, 1, false);
      }
      const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
      if (layout.labels) draw_slice_label(conv, gradient ? "dW" : "W", cell.c, i, cell.c, plan.out_channels, x, y);
      if (i > 0) continue;
      if (gradient) {
        draw_gradient_tag(conv, "dW", plan.weight_shape(), kAddsToWeight, Role::weight, x, y - label);
      } else {
        draw_name_tag(conv, "W", plan.weight_shape(), Role::weight, x, y - label);
      }
    }
  }

  // dY and db
  for (int i = 0; i < layout.output_count; ++i) {
    const Grid grid = stage.seen(layout.outputs[i]);
    const int64_t c = layout.output_stacked ? cell.c : i;
    const float rise = rise_of(layout.output_stacked, plan.out_channels);
    if (layout.output_stacked) sheets(grid, plan.out_channels, Role::output);
    draw_grad_output(frame, grid, cell.n, c, c / kpg == conv.group ? 1.0f : 0.55f);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    if (layout.labels) draw_slice_label(conv, "dY", cell.n, c, c, layout.output_stacked ? plan.out_channels : 1, x, y);
    if (i == 0) draw_name_tag(conv, "dY", plan.output_shape(), Role::output, x, y - label);
  }
  if (plan.bias) {
    const Grid grid = stage.seen(layout.grad_bias);
    draw_grad_bias(frame, grid);
    draw_gradient_tag(conv, "db", plan.bias_shape(), kAddsToBias, Role::bias, static_cast<float>(grid.x),
                      static_cast<float>(grid.y));
  }
  for (int i = 0; i < layout.input_count; ++i) {
    const int64_t c = layout.input_stacked ? conv.group * cpg : i;
    draw_place_label(conv, stage.seen(layout.inputs[i]), 'X', Role::input, cell.n, c);
  }
  draw_hover_lines(frame, layout);
}

void draw_gradient_pending(StageFrame& frame) {
  const Box room = frame.painter.viewport();
  frame.painter.text(words_of(frame.request.language, "scene.gradient_pending"), room.width() / 2, room.height() / 2,
                     kLabelSize * frame.stage.ui, Role::secondary, Align::center);
}

}  // namespace convscope
