// A kernel on its way: W - lr * dW, the kernel that is wished for, the output beside the one wished for, and the loss.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/scene/cells.h"
#include "app/scene/gradient_lens.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

constexpr float kHatch = 0.22f;
constexpr int64_t kMostSlices = 3;
/// More cells of the output are not summed anew for a frame.
constexpr int64_t kMostOutputCells = kMaxSmallGrid;

// The same for all iterations, so that numbers and shades can be compared.
NumberRange over_all(const std::vector<Tensor>& path, const Tensor& more) {
  NumberRange range = range_of(path.front());
  const auto widen = [&](const Tensor& tensor) {
    if (!tensor.defined()) return;
    const NumberRange other = range_of(tensor);
    range.min = std::min(range.min, other.min);
    range.max = std::max(range.max, other.max);
  };
  widen(path[path.size() / 2]);
  widen(path.back());
  widen(more);
  range.integral = false;
  range.least = 0;
  return range;
}

struct KernelGrid {
  const Tensor& tensor;
  TensorId id;
  NumberRange numbers;
  bool hatched = false;
};

void draw_kernel(LearningFrame& frame, const Grid& grid, const KernelGrid& of, int64_t slice) {
  Painter& painter = frame.painter;
  const ConvPlan& plan = frame.plan;
  const int64_t n = slice / plan.channels_per_group(), c = slice % plan.channels_per_group();
  if (!cell_by_cell(grid)) {
    draw_texture(frame, grid, of.tensor, of.id, n, c, 0, grid.rows, 0, grid.cols, 1);
    if (of.hatched) painter.box(grid.bounds(), Role::weight, Fill::hatch).opacity = kHatch;
  } else {
    const TensorView view(of.tensor);
    const NumberStyle style = numbers_for(frame, grid, of.numbers);
    const Grid::Range range = grid.visible(painter.viewport());
    for (int64_t y = range.row0; y < range.row1; ++y) {
      for (int64_t x = range.col0; x < range.col1; ++x) {
        const Box box = grid.cell(y, x);
        const double value = view.at(n, c, y, x);
        // Shades too, so that the picture of the kernel is seen from afar.
        Mark& mark = painter.box(box, Role::weight, Fill::value, Outline::hairline, grid.radius());
        mark.value = scale_of(of.numbers, value);
        const CellRef ref{of.id, n, c, y, x};
        painter.refer(mark, ref);
        if (of.hatched) painter.box(box, Role::weight, Fill::hatch, Outline::none, grid.radius()).opacity = kHatch;
        if (style.drawn()) {
          painter.number(value, style, (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, Role::weight, Fill::value).value =
              scale_of(of.numbers, value);
        }
        // The same cell of all kernels.
        if (!frame.request.hovered) continue;
        const CellRef& at = *frame.request.hovered;
        const bool of_kernels = at.tensor == TensorId::learned || at.tensor == TensorId::next_kernel ||
                                at.tensor == TensorId::wished_kernel || at.tensor == TensorId::grad_weight;
        if (of_kernels && at.n == n && at.c == c && at.y == y && at.x == x) {
          draw_hover_ring(frame, box, grid.radius());
        }
      }
    }
  }
  painter.box(grid.bounds(), Role::weight, Fill::none, Outline::thick, grid.radius() + 1);
}

// A channel as shades: input, output and the output that is wished for.
template <class Value>
void draw_sheet(LearningFrame& frame, const Grid& grid, Role role, const NumberRange& numbers, const Value& value) {
  Painter& painter = frame.painter;
  for (int64_t y = 0; y < grid.rows; ++y) {
    for (int64_t x = 0; x < grid.cols; ++x) {
      const Box box =
          grid.pitch < 3 ? grid.area(static_cast<double>(y), static_cast<double>(x), 1, 1) : grid.cell(y, x);
      Mark& mark = painter.box(box, role, Fill::value, Outline::none, grid.radius() / 2);
      mark.value = scale_of(numbers, value(y, x));
    }
  }
  const Box box = grid.bounds();
  painter.box({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, role, Fill::none, Outline::solid, 3);
}

Grid fitted(const Box& room, int64_t rows, int64_t cols, double most) {
  Grid grid;
  grid.rows = rows;
  grid.cols = cols;
  grid.pitch = std::min({static_cast<double>(room.width()) / static_cast<double>(cols),
                         static_cast<double>(room.height()) / static_cast<double>(rows), most});
  if (grid.pitch >= 8) grid.pitch = std::floor(grid.pitch);
  grid.x = static_cast<double>(room.x0);
  grid.y = static_cast<double>(room.y0);
  return grid;
}

// X, Y and Y*: what goes in, what comes out now, and what should.
void draw_outputs(LearningFrame& frame, Box room) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  const LearningPath& path = *frame.numbers.path;
  const float ui = stage.ui, gap = 22 * ui, tag = kNameTagHeight * ui;
  const float width = (room.width() - 2 * gap) / 3;
  if (width < 30 * ui) return;
  const NumberRange outputs = range_of(frame.numbers.target);
  const bool few = plan.positions() <= kMostOutputCells;
  const auto draw = [&](int index, std::string_view name, const Tensor& tensor, TensorId id, Role role, int64_t rows,
                        int64_t cols, const NumberRange& numbers, bool summed) {
    const float x0 = room.x0 + static_cast<float>(index) * (width + gap);
    const Box own{x0, room.y0 + tag, x0 + width, room.y1};
    Grid grid = fitted(own, rows, cols, 26 * static_cast<double>(ui));
    grid.y += (static_cast<double>(own.height()) - grid.height()) / 2;
    const Grid seen = stage.seen(grid);
    if (summed) {
      ConvTensors tensors;
      tensors.input = frame.tensors.input;
      tensors.weight = path.weights[static_cast<size_t>(frame.iteration)];
      tensors.bias = path.biases[static_cast<size_t>(frame.iteration)];
      thread_local CellArithmetic arithmetic;  // keeps its memory from frame to frame
      draw_sheet(frame, seen, role, numbers, [&](int64_t y, int64_t x) {
        cell_arithmetic(plan, tensors, {0, 0, y, x}, arithmetic);
        return arithmetic.result;
      });
    } else if (rows * cols <= kMaxSmallGrid) {
      const TensorView view(tensor);
      draw_sheet(frame, seen, role, numbers, [&](int64_t y, int64_t x) { return view.at(0, 0, y, x); });
    } else {
      draw_texture(frame, seen, tensor, id, 0, 0, 0, rows, 0, cols, 1);
      frame.painter.box(seen.bounds(), role, Fill::none, Outline::solid);
    }
    frame.painter.text(name, static_cast<float>(seen.x), static_cast<float>(seen.y) - 12 * ui, kNameTagSize * ui, role,
                       Align::left, Face::bold);
  };
  draw(0, "X", frame.tensors.input, TensorId::input, Role::input, plan.in.h, plan.in.w, range_of(frame.tensors.input),
       false);
  if (few) draw(1, "Y", frame.tensors.output, TensorId::output, Role::output, plan.out.h, plan.out.w, outputs, true);
  draw(2, "Y*", frame.numbers.target, TensorId::output, Role::output, plan.out.h, plan.out.w, outputs, false);
}

// Why the loss grows, at the foot of the picture; its height where `draws` is off.
float divergence(LearningFrame& frame, float x, float y, float room, bool draws) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_divergence(words, frame.request.language, frame.numbers);
  if (words.empty()) return 0;
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui, r = 9 * ui, indent = 2 * r + 8 * ui;
  const Paragraph paragraph =
      paragraph_of(painter, words, Face::sans, 14 * ui, std::max(12.0f, 12 * ui), room - indent);
  if (draws) {
    const float middle = y + paragraph.size * kLineHeight / 2;
    painter.box({x, middle - r, x + 2 * r, middle + r}, Role::error, Fill::none, Outline::solid, r);
    painter.text("!", x + r, middle, 14 * ui, Role::error, Align::center, Face::bold);
    draw_paragraph(painter, words, paragraph, room - indent, x + indent, y, Role::error, Align::left, Face::sans);
  }
  return std::max(2 * r, paragraph.height());
}

}  // namespace

int64_t shown_iteration(const GradientNumbers& numbers, int64_t step) {
  return std::clamp<int64_t>(step, 0, numbers.path->last());
}

void build_learning_lens(LearningFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  const GradientNumbers& numbers = frame.numbers;
  const LearningPath& path = *numbers.path;
  const auto at = static_cast<size_t>(frame.iteration);
  const float ui = stage.ui;
  const Box& content = stage.content;
  const int64_t slices = plan.out_channels * plan.channels_per_group(), shown = slices <= kMostSlices ? slices : 1;
  const bool has_next = at + 1 < path.weights.size(), has_kernel = numbers.kernel.defined();

  // Above: W - lr * dW = the next W, and W*. All stay where they are whatever the iteration.
  const double u = static_cast<double>(ui);
  const double tag = static_cast<double>(kNameTagHeight) * u, between = 10 * u;
  const double sheets = slices > shown ? 3 * static_cast<double>(kSheetOffset) * u : 0;
  Painter& painter = frame.painter;
  thread_local std::string rate;  // keeps its memory from frame to frame
  rate.assign("\u2212 ");
  char text[32];
  rate.append(text, static_cast<size_t>(std::snprintf(text, sizeof text, "%g", numbers.learn.learning_rate)));
  rate.append(" \u00b7");
  const double minus = static_cast<double>(painter.width(rate, Face::sans, 22 * ui)) + 24 * u, equals = 52 * u;
  // Upright pictures break the line before the sign of equality.
  const bool upright = content.height() > content.width();
  const int grids = upright ? 2 : has_kernel ? 4 : 3;
  const double apart = !has_kernel ? 0 : upright ? minus - equals : 56 * u;
  const double note =
      static_cast<double>(divergence(frame, 0, 0, content.width(), false)) + (path.grows() ? 10 * u : 0);
  const double whole_w = static_cast<double>(content.width()), whole_h = static_cast<double>(content.height()) - note;
  const auto rows = static_cast<double>(shown * plan.kernel.h), cols = static_cast<double>(plan.kernel.w);
  const double upper = whole_h * (upright ? 0.3 : 0.5);
  const double bias_h = plan.bias ? 24 * u : 0;
  const double signs = upright ? minus : minus + equals + apart;
  double pitch = std::min({(whole_w - signs - grids * sheets) / (cols * grids),
                           (upper - tag - sheets - bias_h - between * static_cast<double>(shown - 1)) / rows, 72 * u});
  if (pitch >= 8) pitch = std::floor(pitch);
  if (pitch < 1.5) {
    draw_too_small(frame);
    return;
  }
  const double least_w = std::min(118 * u, (whole_w - signs) / grids);  // a name and "iteration 100"
  const double block = std::max(cols * pitch + sheets, least_w);
  const double first_x = static_cast<double>(content.x0) + std::max(0.0, (whole_w - signs - grids * block) / 2);
  double x = first_x;
  double top = static_cast<double>(content.y0) + tag + sheets;
  const double height = rows * pitch + between * static_cast<double>(shown - 1);
  const NumberRange weights = over_all(path.weights, numbers.kernel);
  const NumberRange gradients = over_all(path.weight_gradients, Tensor());
  thread_local std::string words;
  const auto draw_column = [&](std::string_view name, std::string_view behind, const KernelGrid& of, const Tensor* bias,
                               const char* bias_name) {
    for (int64_t i = 0; i < shown; ++i) {
      const Grid grid =
          stage.seen({x, top + static_cast<double>(i) * (static_cast<double>(plan.kernel.h) * pitch + between), pitch,
                      0, 0, plan.kernel.h, plan.kernel.w});
      if (slices > shown) draw_sheets_behind(frame, grid, 3, Role::weight);
      draw_kernel(frame, grid, of, i);
      if (i == 0) {
        draw_tag(frame, name, behind, Role::weight, static_cast<float>(grid.x),
                 static_cast<float>(grid.y) - static_cast<float>(sheets));
      }
    }
    if (bias != nullptr && bias->defined()) {
      words.assign(bias_name).append(" = ").append(Digits(bias->at(0)));
      painter.text(words, stage.seen_x(x), stage.seen_y(top + height + 14 * u), 14 * ui, Role::bias);
    }
    x += block;
  };
  const auto iteration_words = [&](int64_t t) -> std::string_view {
    thread_local std::string line[2];
    thread_local int next = 0;
    std::string& out = line[next = 1 - next];
    out.clear();
    append_words(out, words_of(frame.request.language, "scene.iteration"), {Digits(t)});
    return out;
  };
  draw_column("W", iteration_words(frame.iteration), {path.weights[at], TensorId::learned, weights},
              plan.bias ? &path.biases[at] : nullptr, "b");
  painter.text(rate, stage.seen_x(x + minus / 2), stage.seen_y(top + height / 2), 22 * ui, Role::text, Align::center);
  x += minus;
  draw_column("dW", {}, {path.weight_gradients[at], TensorId::grad_weight, gradients, true},
              plan.bias ? &path.bias_gradients[at] : nullptr, "db");
  if (upright) {
    x = first_x - equals / 2;
    top += height + bias_h + tag + sheets + 8 * u;
  }
  if (has_next) {
    draw_sign(frame, "=", x + equals / 2, top + height / 2);
    x += equals;
    draw_column("W", iteration_words(frame.iteration + 1), {path.weights[at + 1], TensorId::next_kernel, weights},
                plan.bias ? &path.biases[at + 1] : nullptr, "b");
  } else {
    x += equals + block;
  }
  if (has_kernel) {
    x += apart;
    draw_column("W*", numbers.settings.target.name, {numbers.kernel, TensorId::wished_kernel, weights}, nullptr, "");
  }

  // Below: what comes out of it, and the loss.
  const double lower = top + height + bias_h + 22 * u;
  const double bottom = static_cast<double>(content.y1) - note;
  const auto plot_left = static_cast<float>(static_cast<double>(content.x0) + whole_w * 0.5);
  const auto seen_box = [&](const Box& box) {
    return Box{stage.seen_x(static_cast<double>(box.x0)), stage.seen_y(static_cast<double>(box.y0)),
               stage.seen_x(static_cast<double>(box.x1)), stage.seen_y(static_cast<double>(box.y1))};
  };
  const auto y0 = static_cast<float>(lower), y1 = static_cast<float>(bottom);
  constexpr float kLongish = 2.4f;  // of what is left below
  if (content.width() > kLongish * (y1 - y0)) {
    draw_outputs(frame, {content.x0, y0, plot_left - 30 * ui, y1});
    draw_loss_plot(frame, seen_box({plot_left, y0, content.x1, y1}), path, numbers.learn.steps, frame.iteration);
  } else {
    const float middle = (y0 + y1) / 2;
    draw_outputs(frame, {content.x0, y0, content.x1, middle - 12 * ui});
    draw_loss_plot(frame, seen_box({content.x0, middle, content.x1, y1}), path, numbers.learn.steps, frame.iteration);
  }
  divergence(frame, stage.seen_x(static_cast<double>(content.x0)), stage.seen_y(bottom + 10 * u), content.width(),
             true);
}

}  // namespace convscope
