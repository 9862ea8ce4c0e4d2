// The size formulas of transposed convolution, pooling and conv3d.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "app/gui/formula.h"
#include "app/gui/operation_panels.h"
#include "app/gui/widgets.h"
#include "engine/output_size.h"
#include "engine/pool_trace.h"

namespace convscope {

namespace {

// A quantity keeps its colour in the symbols, in the numbers and in the table under them.
constexpr Role kInput = Role::input;
constexpr Role kPadding = Role::secondary;
constexpr Role kKernel = Role::weight;
constexpr Role kDilation = Role::text;
constexpr Role kStride = Role::bias;
constexpr Role kOutput = Role::output;
constexpr Role kExtra = Role::accent;

/// Everything the panel shows, made anew when the plan changes.
struct Memory {
  std::optional<OperationPlan> plan;
  Language language = Language::en;
  std::array<FormulaLine, 2> symbols;               // the formula of transposed convolution takes two lines
  std::array<std::array<FormulaLine, 2>, 3> lines;  // of each axis
  std::array<std::string, 3> notes;
  std::array<bool, 3> said{};  // by an axis before, which has the same numbers
  std::string shape;
  float table_height = 0;  // logical pixels
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

struct Axis {
  WindowAxis window;
  int64_t output_padding = 0;
  bool operator==(const Axis&) const = default;
};

/// Of the operation's own, outermost first.
struct Axes {
  std::array<Axis, 3> axes;
  size_t count = 2;
  const Axis* begin() const { return axes.data(); }
  const Axis* end() const { return axes.data() + count; }
  const Axis& operator[](size_t axis) const { return axes[axis]; }
  const char* name(size_t axis) const {
    constexpr std::array<const char*, 3> kNames = {"D", "H", "W"};
    return kNames[axis + 3 - count];
  }
};

Axes axes_of(const OperationPlan& plan) {
  if (const ConvNdPlan* volume = plan.volume()) {
    const Windows& windows = volume->windows;
    return {{Axis{windows.depth()}, Axis{windows.height()}, Axis{windows.width()}}, 3};
  }
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    return {{Axis{transposed->windows.height(), transposed->output_padding[0]},
             Axis{transposed->windows.width(), transposed->output_padding[1]}, Axis{}},
            2};
  }
  return {{Axis{plan.pool()->windows.height()}, Axis{plan.pool()->windows.width()}, Axis{}}, 2};
}

void add_pads(FormulaLine& line, const char* sign, const Axis& axis, bool in_symbols) {
  const int64_t begin = axis.window.pad_begin, end = axis.window.pad_end;
  line.add(sign);
  if (begin == end) {
    line.add(in_symbols ? "2" : "2\u00b7");
    in_symbols ? line.add("p", kPadding) : line.add(begin, kPadding);
  } else if (in_symbols) {
    line.add("p\u2081", kPadding).add(sign).add("p\u2082", kPadding);
  } else {
    line.add(begin, kPadding).add(sign).add(end, kPadding);
  }
}

// out = (n - 1) s - 2p
//       + d (k - 1) + op + 1
void write_transposed_symbols(std::array<FormulaLine, 2>& lines, const Axis& axis) {
  lines[0].add("out", kOutput).add(" = (").add("n", kInput).add(" \u2212 1)").add("s", kStride);
  add_pads(lines[0], " \u2212 ", axis, true);
  lines[1].add("+ ").add("d", kDilation).add("(").add("k", kKernel).add(" \u2212 1) + ").add("op", kExtra).add(" + 1");
}

void write_transposed(std::array<FormulaLine, 2>& lines, const Axis& axis, const char* name) {
  const WindowAxis& w = axis.window;
  lines[0].add(name, kOutput).add(" = (").add(w.count, kInput).add(" \u2212 1)\u00b7").add(w.stride, kStride);
  add_pads(lines[0], " \u2212 ", axis, false);
  lines[1].add("+ ").add(w.dilation, kDilation).add("\u00b7(").add(w.kernel, kKernel).add(" \u2212 1) + ");
  lines[1].add(axis.output_padding, kExtra).add(" + 1 = ").add_result(w.extent, kOutput);
}

// out = floor((n + 2p - d (k - 1) - 1) / s) + 1
void write_conv_symbols(FormulaLine& line, const Axis& axis) {
  line.add("out", kOutput).add(" = ").floor().add("n", kInput);
  add_pads(line, " + ", axis, true);
  line.add(" \u2212 ").add("d", kDilation).add("(").add("k", kKernel).add(" \u2212 1) \u2212 1");
  line.over().add("s", kStride).close().add(" + 1");
}

void write_conv(std::array<FormulaLine, 2>& lines, const Axis& axis, const char* name) {
  const WindowAxis& w = axis.window;
  FormulaLine& line = lines[0];
  line.add(name, kOutput).add(" = ").floor().add(w.extent, kInput);
  add_pads(line, " + ", axis, false);
  line.add(" \u2212 ").add(w.dilation, kDilation).add("\u00b7(").add(w.kernel, kKernel).add(" \u2212 1) \u2212 1");
  line.over().add(w.stride, kStride).close().add(" + 1");
  const int64_t numerator = w.extent + w.pad_begin + w.pad_end - w.effective_kernel();
  FormulaLine& result = lines[1];
  result.add("= ").floor().add(numerator).over().add(w.stride, kStride).close().add(" + 1 = ");
  result.add(w.count - 1).add(" + 1 = ").add_result(w.count, kOutput);
}

std::string conv_note(Language language, const Axis& axis, const char* name) {
  const WindowAxis& w = axis.window;
  const int64_t left = (w.extent + w.pad_begin + w.pad_end - w.effective_kernel()) % w.stride;
  return left > 0 ? tr(language, "size.pool_left_over", {name, std::to_string(left)}) : std::string();
}

void write_pool_symbols(FormulaLine& line, const PoolPlan& plan, const Axis& axis) {
  line.add("out", kOutput).add(" = ");
  (plan.ceil_mode ? line.ceil() : line.floor()).add("n", kInput);
  add_pads(line, " + ", axis, true);
  if (plan.kind == PoolKind::max) {
    line.add(" \u2212 ").add("d", kDilation).add("(").add("k", kKernel).add(" \u2212 1) \u2212 1");
  } else {
    line.add(" \u2212 ").add("k", kKernel);
  }
  line.over().add("s", kStride).close().add(" + 1");
}

void write_pool(std::array<FormulaLine, 2>& lines, const PoolPlan& plan, const Axis& axis, const char* name) {
  const WindowAxis& w = axis.window;
  const PoolSize size = pool_size(w, plan.ceil_mode);
  FormulaLine& line = lines[0];
  line.add(name, kOutput).add(" = ");
  (plan.ceil_mode ? line.ceil() : line.floor()).add(w.extent, kInput);
  add_pads(line, " + ", axis, false);
  if (plan.kind == PoolKind::max) {
    line.add(" \u2212 ").add(w.dilation, kDilation).add("\u00b7(").add(w.kernel, kKernel).add(" \u2212 1) \u2212 1");
  } else {
    line.add(" \u2212 ").add(w.kernel, kKernel);
  }
  line.over().add(w.stride, kStride).close().add(" + 1");
  FormulaLine& result = lines[1];
  result.add("= ");
  (plan.ceil_mode ? result.ceil() : result.floor()).add(size.numerator);
  result.over().add(w.stride, kStride).close().add(" + 1").add(size.dropped ? " \u2212 1 = " : " = ");
  result.add(size.rounded).add(" + 1").add(size.dropped ? " \u2212 1 = " : " = ").add_result(w.count, kOutput);
}

std::string transposed_note(Language language, const Axis& axis, const char* name) {
  const int64_t smallest = axis.window.extent - axis.output_padding, stride = axis.window.stride;
  if (stride < 2) return {};
  return tr(language, "size.transposed_choice",
            {name, std::to_string(axis.window.count), std::to_string(smallest), std::to_string(smallest + stride - 1)});
}

std::string pool_note(Language language, const PoolPlan& plan, const Axis& axis, const char* name) {
  const PoolSize size = pool_size(axis.window, plan.ceil_mode);
  if (size.dropped) return tr(language, "size.pool_dropped", {name});
  const int64_t beyond = pool_reach(axis.window) - axis.window.pad_end;
  if (plan.ceil_mode && beyond > 0) return tr(language, "size.pool_beyond", {name, std::to_string(beyond)});
  if (!plan.ceil_mode && size.remainder > 0) {
    return tr(language, "size.pool_left_over", {name, std::to_string(size.remainder)});
  }
  return {};
}

void refresh(const UiContext& ui, const OperationPlan& plan) {
  Memory& m = memory();
  if (m.plan == plan && m.language == ui.language()) return;
  m.plan = plan;
  m.language = ui.language();
  for (FormulaLine& line : m.symbols) line.clear();
  for (auto& lines : m.lines) {
    for (FormulaLine& line : lines) line.clear();
  }
  const Axes axes = axes_of(plan);
  const Axis* uneven = axes.end() - 1;
  for (const Axis& axis : axes) {
    if (axis.window.pad_begin == axis.window.pad_end) continue;
    uneven = &axis;
    break;
  }
  if (plan.volume() != nullptr) {
    write_conv_symbols(m.symbols[0], *uneven);
  } else if (plan.transposed() != nullptr) {
    write_transposed_symbols(m.symbols, *uneven);
  } else {
    write_pool_symbols(m.symbols[0], *plan.pool(), *uneven);
  }
  m.said.fill(false);
  for (size_t axis = 0; axis < axes.count; ++axis) {
    m.notes[axis].clear();
    if (m.said[axis]) continue;
    // "H = W": the axes with the same numbers share a line.
    std::string name(axes.name(axis));
    for (size_t other = axis + 1; other < axes.count; ++other) {
      m.said[other] = m.said[other] || axes[other] == axes[axis];
      if (axes[other] == axes[axis]) name.append(" = ").append(axes.name(other));
    }
    if (plan.volume() != nullptr) {
      write_conv(m.lines[axis], axes[axis], name.c_str());
      m.notes[axis] = conv_note(ui.language(), axes[axis], name.c_str());
    } else if (plan.transposed() != nullptr) {
      write_transposed(m.lines[axis], axes[axis], name.c_str());
      m.notes[axis] = transposed_note(ui.language(), axes[axis], name.c_str());
    } else {
      write_pool(m.lines[axis], *plan.pool(), axes[axis], name.c_str());
      m.notes[axis] = pool_note(ui.language(), *plan.pool(), axes[axis], name.c_str());
    }
  }
  m.shape = "Y " + plan.output_shape().to_string("x");
}

void draw_quantity(UiContext& ui, const char* symbol, const char* name, Role role,
                   const std::array<std::string, 3>& values, size_t count) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ui_words(ui, symbol, role, ui.fonts.bold);
  ImGui::TableNextColumn();
  ui_words(ui, name, Role::text, ui.fonts.mono);
  for (size_t axis = 0; axis < count; ++axis) {
    const std::string& text = values[axis];
    ImGui::TableNextColumn();
    const UiFont mono(ui.fonts.mono);
    const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
    ui_words(ui, text.c_str(), role, ui.fonts.mono);
  }
}

void draw_table(UiContext& ui, const OperationPlan& plan) {
  const Axes axes = axes_of(plan);
  const bool transposed = plan.transposed() != nullptr;
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(4), ui.px(1)));
  if (ImGui::BeginTable("##quantities", static_cast<int>(axes.count) + 2, ImGuiTableFlags_SizingFixedFit)) {
    const float column = ui.px(axes.count == 3 ? 48 : 64);
    ImGui::TableSetupColumn("##symbol", ImGuiTableColumnFlags_WidthFixed, ui.px(22));
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch);
    for (size_t axis = 0; axis < axes.count; ++axis) {
      ImGui::TableSetupColumn(axes.name(axis), ImGuiTableColumnFlags_WidthFixed, column);
    }
    const auto row = [&](const char* symbol, const char* name, Role role, auto value) {
      std::array<std::string, 3> values;
      for (size_t axis = 0; axis < axes.count; ++axis) values[axis] = value(axis);
      draw_quantity(ui, symbol, name, role, values, axes.count);
    };
    const auto number = [&](int64_t WindowAxis::*member) {
      return [&axes, member](size_t axis) { return std::to_string(axes[axis].window.*member); };
    };
    row("", "", Role::secondary, [&](size_t axis) { return std::string(axes.name(axis)); });
    row("n", ui.text("size.input"), kInput, number(transposed ? &WindowAxis::count : &WindowAxis::extent));
    row("s", "stride", kStride, number(&WindowAxis::stride));
    row("p", "padding", kPadding, [&](size_t at) {
      const WindowAxis& axis = axes[at].window;
      const char* plus = axes.count == 3 ? "+" : " + ";
      return axis.pad_begin == axis.pad_end ? std::to_string(axis.pad_begin)
                                            : std::to_string(axis.pad_begin) + plus + std::to_string(axis.pad_end);
    });
    if (plan.family() != OperationFamily::avg_pool) row("d", "dilation", kDilation, number(&WindowAxis::dilation));
    row("k", "kernel_size", kKernel, number(&WindowAxis::kernel));
    if (transposed) {
      row("op", "output_padding", kExtra, [&](size_t axis) { return std::to_string(axes[axis].output_padding); });
    }
    ImGui::EndTable();
  }
  ImGui::PopStyleVar();
}

}  // namespace

float draw_operation_size(UiContext& ui, bool with_table, float title) {
  Memory& m = memory();
  const OperationPlan* plan = ui.workbench.operation_plan();
  const bool legal = plan != nullptr && plan->conv2d() == nullptr;
  if (legal) refresh(ui, *plan);
  const float width = ImGui::GetContentRegionAvail().x, indent = ui.px(22);
  const auto draw_lines = [&](const std::array<FormulaLine, 2>& lines) {
    lines[0].draw(ui, 20, width);
    if (lines[1].empty()) return;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + indent);
    lines[1].draw(ui, 20, width - indent);
  };
  // What an illegal setting breaks is the last legal one's formula, if it was the same operation's.
  const bool same_dims = m.plan && (m.plan->dims() == 3) == (shown_dims(ui.session().operation) == 3);
  if (legal || (same_dims && m.plan->family() == shown_family(ui.session().operation))) {
    draw_lines(m.symbols);
    ui_gap(ui, 4);
  }
  if (!legal) {
    if (const Error* error = ui.workbench.error()) ui_error_line(ui, "output_size", *error);
    return 0;
  }
  ui.shows(m.shape);
  const ImVec2 heading = ImGui::GetCursorPos();
  if (with_table) {
    // In the heading's row, whose left half is empty.
    ui_chip(ui, m.shape.c_str(), kOutput);
    ui.widgets.note_item("output_size.shape");
    ImGui::SetCursorPosY(heading.y + ui.px(6));
    draw_table(ui, *plan);
    m.table_height = (ImGui::GetCursorPosY() - heading.y) / ui.scale;
  } else {
    // Beside the title.
    const float chip = ImGui::CalcTextSize(m.shape.c_str()).x + ui.px(40);
    ImGui::SetCursorPos({heading.x + std::max(0.0f, width - chip), title + ui.px(5)});
    ui_chip(ui, m.shape.c_str(), kOutput);
    ui.widgets.note_item("output_size.shape");
    ImGui::SetCursorPos(heading);
  }
  constexpr std::array<const char*, 3> kNames = {"output_size.d", "output_size.h", "output_size.w"};
  const size_t axes = plan->dims() == 3 ? 3 : 2;
  for (size_t axis = 0; axis < axes; ++axis) {
    if (!m.said[axis]) {
      ui_gap(ui, 8);
      draw_lines(m.lines[axis]);
    }
    ui.widgets.note_item(kNames[axis + 3 - axes]);
    if (!m.notes[axis].empty()) ui_words(ui, m.notes[axis].c_str(), Role::secondary, ui.fonts.caption);
  }
  return m.table_height * ui.scale;
}

}  // namespace convscope
