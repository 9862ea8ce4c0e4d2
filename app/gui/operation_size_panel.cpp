// The size formulas of transposed convolution and pooling.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "app/gui/formula.h"
#include "app/gui/operation_panels.h"
#include "app/gui/widgets.h"
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
  std::array<std::array<FormulaLine, 2>, 2> lines;  // of each axis
  std::array<std::string, 2> notes;
  bool alike = false;
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

std::array<Axis, 2> axes_of(const OperationPlan& plan) {
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    return {Axis{transposed->windows.height(), transposed->output_padding[0]},
            Axis{transposed->windows.width(), transposed->output_padding[1]}};
  }
  return {Axis{plan.pool()->windows.height()}, Axis{plan.pool()->windows.width()}};
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
  const std::array<Axis, 2> axes = axes_of(plan);
  m.alike = axes[0] == axes[1];
  const Axis& uneven = axes[0].window.pad_begin != axes[0].window.pad_end ? axes[0] : axes[1];
  if (plan.transposed() != nullptr) {
    write_transposed_symbols(m.symbols, uneven);
  } else {
    write_pool_symbols(m.symbols[0], *plan.pool(), uneven);
  }
  for (size_t axis = 0; axis < 2; ++axis) {
    const char* name = m.alike ? "H = W" : axis == 0 ? "H" : "W";
    m.notes[axis].clear();
    if (m.alike && axis == 1) continue;
    if (plan.transposed() != nullptr) {
      write_transposed(m.lines[axis], axes[axis], name);
      m.notes[axis] = transposed_note(ui.language(), axes[axis], name);
    } else {
      write_pool(m.lines[axis], *plan.pool(), axes[axis], name);
      m.notes[axis] = pool_note(ui.language(), *plan.pool(), axes[axis], name);
    }
  }
  m.shape = "Y " + plan.output_shape().to_string("x");
}

void draw_quantity(UiContext& ui, const char* symbol, const char* name, Role role, const std::string& h,
                   const std::string& w) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ui_words(ui, symbol, role, ui.fonts.bold);
  ImGui::TableNextColumn();
  ui_words(ui, name, Role::text, ui.fonts.mono);
  for (const std::string& text : {h, w}) {
    ImGui::TableNextColumn();
    const UiFont mono(ui.fonts.mono);
    const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
    ui_words(ui, text.c_str(), role, ui.fonts.mono);
  }
}

void draw_table(UiContext& ui, const OperationPlan& plan) {
  const std::array<Axis, 2> axes = axes_of(plan);
  const bool transposed = plan.transposed() != nullptr;
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(4), ui.px(1)));
  if (ImGui::BeginTable("##quantities", 4, ImGuiTableFlags_SizingFixedFit)) {
    ImGui::TableSetupColumn("##symbol", ImGuiTableColumnFlags_WidthFixed, ui.px(22));
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("##h", ImGuiTableColumnFlags_WidthFixed, ui.px(64));
    ImGui::TableSetupColumn("##w", ImGuiTableColumnFlags_WidthFixed, ui.px(64));
    draw_quantity(ui, "", "", Role::secondary, "H", "W");
    const auto row = [&](const char* symbol, const char* name, Role role, int64_t WindowAxis::*member) {
      draw_quantity(ui, symbol, name, role, std::to_string(axes[0].window.*member),
                    std::to_string(axes[1].window.*member));
    };
    const auto pads = [](const WindowAxis& axis) {
      return axis.pad_begin == axis.pad_end ? std::to_string(axis.pad_begin)
                                            : std::to_string(axis.pad_begin) + " + " + std::to_string(axis.pad_end);
    };
    row("n", ui.text("size.input"), kInput, transposed ? &WindowAxis::count : &WindowAxis::extent);
    row("s", "stride", kStride, &WindowAxis::stride);
    draw_quantity(ui, "p", "padding", kPadding, pads(axes[0].window), pads(axes[1].window));
    if (plan.family() != OperationFamily::avg_pool) row("d", "dilation", kDilation, &WindowAxis::dilation);
    row("k", "kernel_size", kKernel, &WindowAxis::kernel);
    if (transposed) {
      draw_quantity(ui, "op", "output_padding", kExtra, std::to_string(axes[0].output_padding),
                    std::to_string(axes[1].output_padding));
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
  if (legal || (m.plan && m.plan->family() == shown_family(ui.session().operation))) {
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
  constexpr std::array<const char*, 2> kNames = {"output_size.h", "output_size.w"};
  for (size_t axis = 0; axis < 2; ++axis) {
    if (axis == 0 || !m.alike) {
      ui_gap(ui, 8);
      draw_lines(m.lines[axis]);
    }
    ui.widgets.note_item(kNames[axis]);
    if (!m.notes[axis].empty()) ui_words(ui, m.notes[axis].c_str(), Role::secondary, ui.fonts.caption);
  }
  return m.table_height * ui.scale;
}

}  // namespace convscope
