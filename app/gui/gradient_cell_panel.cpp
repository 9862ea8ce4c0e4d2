// "Cell" for the gradient lens: what a cell of dY adds to the gradients, and what each of their cells is the sum of.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "app/gui/cell_tables.h"
#include "app/gui/gradient_pointing.h"
#include "app/gui/operation_panels.h"
#include "app/gui/picture_area.h"
#include "app/scene/gradient_lens.h"
#include "app/scene/tensor_view.h"
#include "engine/padding.h"

namespace convscope {

namespace {

using namespace cell_tables;

constexpr int kMostRows = 1 << 24;

/// Whether products and sums of what they are made of are whole numbers.
struct Whole {
  bool input = false, weight = false, grad_output = false;
  bool by_weight() const { return weight && grad_output; }
  bool by_input() const { return input && grad_output; }
};

Whole whole_of(const Computation& computation) {
  return {range_of(computation.tensors.input).integral, range_of(computation.tensors.weight).integral,
          range_of(computation.gradient->grad_output).integral};
}

/// The step's own cell: each of its taps passes the gradient on to dX and to dW.
void draw_step(UiContext& ui, const Computation& computation, const ConvPlan& plan, const OutputCell& at, int64_t step,
               bool pointed) {
  const GradientNumbers& numbers = *computation.gradient;
  const CellRef ref{TensorId::grad_output, at.n, at.c, at.y, at.x};
  draw_head(ui, "dY", ref, Role::output, step, pointed);
  ui_words(ui, ui.text("cell.gradient_step"), Role::secondary, ui.fonts.caption);
  const Whole whole = whole_of(computation);
  const double g = TensorView(numbers.grad_output).at(at.n, at.c, at.y, at.x);
  const TensorView input(computation.tensors.input), weight(computation.tensors.weight);
  const bool channels = plan.channels_per_group() > 1;
  // What the gradients of weight hold after this step, for the rows in sight.
  const int64_t cells = numbers.sums->cells_of(at.c, step + 1);
  const std::array<Column, 6> columns = {Column{channels ? "c,ky,kx" : "ky,kx", Role::secondary, 0.9f},
                                         Column{"g\u00b7w", Role::weight},
                                         Column{"dX", Role::input, 0.8f},
                                         Column{"\u03a3", Role::input},
                                         Column{"g\u00b7x", Role::input},
                                         Column{"dW", Role::weight}};
  draw_rows(ui, "cell.gradient", columns, static_cast<int>(std::min<int64_t>(plan.taps(), kMostRows)), [&](int row) {
    const Tap tap = tap_of(plan, at, row);
    const bool zero = tap.source_y == kZeroPadding || tap.source_x == kZeroPadding;
    cell(ui, channels ? words("%lld,%lld,%lld", tap.c, tap.ky, tap.kx) : words("%lld,%lld", tap.ky, tap.kx),
         Role::secondary);
    cell(ui, number(g * weight.at(at.c, tap.group_c, tap.ky, tap.kx), whole.by_weight()),
         zero ? Role::secondary : Role::weight);
    if (zero) {  // falls on the padding
      cell(ui, words("\u2014"), Role::secondary);
      cell(ui, words("\u2014"), Role::secondary);
      cell(ui, words("0"), Role::secondary);
    } else {
      const CellRef target{TensorId::grad_input, at.n, tap.c, tap.source_y, tap.source_x};
      cell(ui, words("%lld,%lld", tap.source_y, tap.source_x), Role::secondary);
      cell(ui, number(gradient_so_far(computation, target, step + 1), whole.by_weight()), Role::input);
      cell(ui, number(g * input.at(at.n, tap.c, tap.source_y, tap.source_x), whole.by_input()), Role::input);
    }
    std::array<double, 1> sum{};
    numbers.sums->weight(at.c, row, cells, sum);
    cell(ui, number(sum[0], whole.by_input()), Role::weight);
  });
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  draw_total(ui, "cell.result", name_of_cell("g = dY", ref).c_str(), "= ", number(g, whole.grad_output), Role::output,
             true);
  if (plan.bias) {
    const CellRef bias{TensorId::grad_bias, 0, at.c, 0, 0};
    draw_total(ui, "cell.grad_bias", words("db[%lld]", at.c).c_str(), "= ",
               number(gradient_so_far(computation, bias, step + 1), whole.grad_output), Role::bias, false);
  }
  ImGui::PopStyleVar();
}

/// The sum so far and what it becomes.
void draw_sums(UiContext& ui, const Computation& computation, const CellRef& ref, int64_t step, bool integral,
               Role role) {
  const ConvPlan& plan = *computation.plan.conv2d();
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  draw_total(ui, "cell.so_far", ui.text("cell.gradient_so_far"), "",
             number(gradient_so_far(computation, ref, step + 1), integral), role, false);
  draw_total(ui, "cell.result", ui.text("cell.gradient_whole"), "= ",
             number(gradient_so_far(computation, ref, step_count(plan)), integral), role, true);
  ImGui::PopStyleVar();
}

void draw_gradient_head(UiContext& ui, const char* tensor, const CellRef& ref, Role role) {
  const Words name = name_of_cell(tensor, ref);
  ui_chip(ui, name.c_str(), role);
  ui.widgets.note_item("cell.name");
  const Words shows = words("cell.shows.%lld.%lld.%lld.%lld", ref.n, ref.c, ref.y, ref.x);
  ui.widgets.note_item(shows.c_str());
}

void draw_input_gradient(UiContext& ui, const Computation& computation, const ConvPlan& plan, const CellRef& ref,
                         int64_t step) {
  draw_gradient_head(ui, "dX", ref, Role::input);
  ui_words(ui, ui.text("cell.gradient_of_input"), Role::secondary, ui.fonts.caption);
  // All of them, made once for each cell.
  struct Memory {
    uint64_t generation = 0;
    CellRef ref;
    std::vector<InputContribution> list;
  };
  static Memory m;
  if (m.generation != computation.generation || !(m.ref == ref)) {
    m.generation = computation.generation;
    m.ref = ref;
    input_contributions(plan, computation.tensors.weight, computation.gradient->grad_output,
                        {ref.n, ref.c, ref.y, ref.x}, m.list);
  }
  const Whole whole = whole_of(computation);
  const bool kernels = plan.kernels_per_group() > 1;
  const std::array<Column, 6> columns = {Column{kernels ? "k,y,x" : "y,x", Role::output, 0.9f},
                                         Column{"dy", Role::output},
                                         Column{"ky,kx", Role::weight, 0.8f},
                                         Column{"w", Role::weight},
                                         Column{"dy\u00b7w", Role::text},
                                         Column{"\u03a3", Role::input}};
  draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<size_t>(m.list.size(), kMostRows)), [&](int row) {
    const InputContribution& one = m.list[static_cast<size_t>(row)];
    const bool done = step_of_cell(plan, one.cell) <= step;
    cell(ui,
         kernels ? words("%lld,%lld,%lld", one.cell.c, one.cell.y, one.cell.x)
                 : words("%lld,%lld", one.cell.y, one.cell.x),
         Role::secondary);
    cell(ui, number(one.grad_output, whole.grad_output), done ? Role::output : Role::secondary);
    cell(ui, words("%lld,%lld", one.ky, one.kx), Role::secondary);
    cell(ui, number(one.weight, whole.weight), done ? Role::weight : Role::secondary);
    cell(ui, number(one.product, whole.by_weight()), done ? Role::text : Role::secondary);
    cell(ui, number(one.partial, whole.by_weight()), done ? Role::input : Role::secondary);
  });
  draw_sums(ui, computation, ref, step, whole.by_weight(), Role::input);
}

void draw_weight_gradient(UiContext& ui, const Computation& computation, const ConvPlan& plan, const CellRef& ref,
                          int64_t step) {
  draw_gradient_head(ui, "dW", ref, Role::weight);
  ui_words(ui, ui.text("cell.gradient_of_weight"), Role::secondary, ui.fonts.caption);
  const GradientNumbers& numbers = *computation.gradient;
  const Whole whole = whole_of(computation);
  const TensorView input(computation.tensors.input), grad_output(numbers.grad_output);
  const int64_t pairs = plan.batch * plan.positions(), tap = (ref.c * plan.kernel.h + ref.y) * plan.kernel.w + ref.x;
  const int64_t done = numbers.sums->cells_of(ref.n, step + 1);
  const bool images = plan.batch > 1;
  const std::array<Column, 6> columns = {Column{images ? "n,y,x" : "y,x", Role::output, 0.9f},
                                         Column{"dy", Role::output},
                                         Column{"X", Role::input, 0.8f},
                                         Column{"x", Role::input},
                                         Column{"dy\u00b7x", Role::text},
                                         Column{"\u03a3", Role::weight}};
  draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<int64_t>(pairs, kMostRows)), [&](int row) {
    const int64_t n = row / plan.positions(), at = row % plan.positions();
    const OutputCell output{n, ref.n, at / plan.out.w, at % plan.out.w};
    const Tap read = tap_of(plan, output, tap);
    const bool zero = read.source_y == kZeroPadding || read.source_x == kZeroPadding, is_done = row < done;
    const double g = grad_output.at(n, ref.n, output.y, output.x);
    const double x = zero ? 0 : input.at(n, read.c, read.source_y, read.source_x);
    const auto role = [&](Role own) { return is_done ? own : Role::secondary; };
    cell(ui, images ? words("%lld,%lld,%lld", n, output.y, output.x) : words("%lld,%lld", output.y, output.x),
         Role::secondary);
    cell(ui, number(g, whole.grad_output), role(Role::output));
    cell(ui, zero ? words("\u2014") : words("%lld,%lld", read.source_y, read.source_x), Role::secondary);
    cell(ui, number(x, whole.input), zero ? Role::secondary : role(Role::input));
    cell(ui, number(g * x, whole.by_input()), role(Role::text));
    std::array<double, 1> sum{};
    numbers.sums->weight(ref.n, tap, row + 1, sum);
    cell(ui, number(sum[0], whole.by_input()), role(Role::weight));
  });
  draw_sums(ui, computation, ref, step, whole.by_input(), Role::weight);
}

/// One step of descent, weight by weight.
void draw_descent(UiContext& ui, const Computation& computation, const ConvPlan& plan, int64_t step) {
  const GradientNumbers& numbers = *computation.gradient;
  const LearningPath& path = *numbers.path;
  const int64_t iteration = shown_iteration(numbers, step);
  const auto at = static_cast<size_t>(iteration);
  static std::string head;
  head = tr(ui.language(), "scene.iteration", {std::to_string(iteration)});
  ui_chip(ui, head.c_str(), Role::weight);
  ui.widgets.note_item("cell.name");
  ui_words(ui, ui.text("cell.descent"), Role::secondary, ui.fonts.caption);
  const bool has_next = at + 1 < path.weights.size(), has_goal = numbers.kernel.defined();
  const bool slices = plan.out_channels * plan.channels_per_group() > 1;
  const std::array<Column, 5> columns = {Column{slices ? "k,c,ky,kx" : "ky,kx", Role::secondary, slices ? 1.3f : 0.8f},
                                         Column{"w", Role::weight}, Column{"dw", Role::weight},
                                         Column{"w \u2212 lr\u00b7dw", Role::text, 1.2f},
                                         Column{has_goal ? "w*" : "", Role::weight}};
  const Tensor& w = path.weights[at];
  draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<int64_t>(w.numel(), kMostRows)), [&](int row) {
    const int64_t kx = row % plan.kernel.w, ky = row / plan.kernel.w % plan.kernel.h;
    const int64_t slice = row / (plan.kernel.w * plan.kernel.h);
    cell(ui,
         slices ? words("%lld,%lld,%lld,%lld", slice / plan.channels_per_group(), slice % plan.channels_per_group(), ky,
                        kx)
                : words("%lld,%lld", ky, kx),
         Role::secondary);
    cell(ui, number(w.at(row), false), Role::weight);
    cell(ui, number(path.weight_gradients[at].at(row), false), Role::weight);
    cell(ui, has_next ? number(path.weights[at + 1].at(row), false) : words("\u2014"), Role::text);
    cell(ui, has_goal ? number(numbers.kernel.at(row), false) : words(""), Role::secondary);
  });
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  draw_total(ui, "cell.result", "loss", "= ", number(path.losses[at], false), Role::text, true);
  ImGui::PopStyleVar();
  if (!path.grows()) return;
  static std::string why;
  why.clear();
  append_divergence(why, ui.language(), numbers);
  ui_words(ui, why.c_str(), Role::error);
  ui.widgets.note_item("cell.diverged");
}

}  // namespace

void draw_gradient_cell_panel(UiContext& ui, const Computation& computation) {
  const ConvPlan& plan = *computation.plan.conv2d();
  ui.shows("\u00b7\u03a3\u2212\u2014\u2192");
  const int64_t count = step_count(computation.plan, Lens::gradient);
  const int64_t now = std::clamp<int64_t>(ui.playback.moment().step, 0, std::max<int64_t>(count, 1) - 1);
  if (computation.gradient->path) {
    draw_descent(ui, computation, plan, now);
    return;
  }
  OutputCell at = cell_of_step(plan, now);
  if (ui.hovered && !describe_gradient_cell(computation, *ui.hovered, now).empty()) {
    const CellRef& ref = *ui.hovered;
    if (ref.tensor == TensorId::grad_input) return draw_input_gradient(ui, computation, plan, ref, now);
    if (ref.tensor == TensorId::grad_weight) return draw_weight_gradient(ui, computation, plan, ref, now);
    if (ref.tensor == TensorId::grad_output) at = {ref.n, ref.c, ref.y, ref.x};
  }
  const int64_t step = step_of_cell(plan, at);
  draw_step(ui, computation, plan, at, step, step != now);
}

}  // namespace convscope
