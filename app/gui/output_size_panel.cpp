#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "app/gui/edits.h"
#include "app/gui/field_panels.h"
#include "app/gui/formula.h"
#include "app/gui/operation_panels.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "engine/output_size.h"

namespace convscope {

namespace {

// A quantity keeps its colour in the symbols, in the numbers and in the table under them.
constexpr Role kInput = Role::input;
constexpr Role kPadding = Role::secondary;
constexpr Role kKernel = Role::weight;
constexpr Role kDilation = Role::text;
constexpr Role kStride = Role::bias;
constexpr Role kOutput = Role::output;

/// Everything the panel shows, made anew when the plan changes.
struct Memory {
  std::optional<ConvPlan> plan;
  Language language = Language::en;
  FormulaLine symbols;
  std::array<FormulaLine, 2> numbers;
  std::array<FormulaLine, 2> result;
  std::array<std::string, 2> note;
  std::array<OutputSize, 2> sizes;
  int dims = 2;
  bool alike = false;  // height and width are computed from the same numbers: one line says both
  std::string shape;
  FormulaLine violated;
  float table_height = 140;  // of the table when it was last drawn, logical pixels
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

void write_symbols(FormulaLine& line, bool symmetric) {
  line.clear();
  line.add("out", kOutput).add(" = ").floor().add("n", kInput);
  if (symmetric) {
    line.add(" + 2").add("p", kPadding);
  } else {
    line.add(" + ").add("p\u2081", kPadding).add(" + ").add("p\u2082", kPadding);
  }
  line.add(" \u2212 ").add("d", kDilation).add("(").add("k", kKernel).add(" \u2212 1) \u2212 1");
  line.over().add("s", kStride).close().add(" + 1");
}

void write_numbers(FormulaLine& line, const OutputSize& size, bool symmetric, const char* axis) {
  line.clear();
  line.add(axis, kOutput).add(" = ").floor().add(size.n, kInput);
  if (symmetric) {
    line.add(" + 2\u00b7").add(size.pad_begin, kPadding);
  } else {
    line.add(" + ").add(size.pad_begin, kPadding).add(" + ").add(size.pad_end, kPadding);
  }
  line.add(" \u2212 ").add(size.d, kDilation).add("\u00b7(").add(size.k, kKernel).add(" \u2212 1) \u2212 1");
  line.over().add(size.s, kStride).close().add(" + 1");
}

void write_result(FormulaLine& line, const OutputSize& size) {
  line.clear();
  line.add("= ").floor().add(size.numerator).over().add(size.s, kStride).close().add(" + 1 = ");
  line.add(size.numerator >= 0 ? size.numerator / size.s : 0).add(" + 1 = ").add_result(size.out, kOutput);
}

void refresh(UiContext& ui, const ConvPlan& plan) {
  Memory& m = memory();
  if (m.plan == plan && m.language == ui.language()) return;
  m.plan = plan;
  m.language = ui.language();
  const bool symmetric = plan.pads.top == plan.pads.bottom && plan.pads.left == plan.pads.right;
  write_symbols(m.symbols, symmetric);
  // The plan was made from these: the formula is asked again only for its intermediate quantities.
  const std::array<std::optional<OutputSize>, 2> sizes = {
      output_size(plan.in.h, plan.pads.top, plan.pads.bottom, plan.kernel.h, plan.dilation.h, plan.stride.h),
      output_size(plan.in.w, plan.pads.left, plan.pads.right, plan.kernel.w, plan.dilation.w, plan.stride.w)};
  for (size_t axis = 0; axis < 2; ++axis) m.sizes[axis] = sizes[axis].value_or(OutputSize{});
  const auto quantities = [](const OutputSize& s) {
    return std::array<int64_t, 6>{s.n, s.pad_begin, s.pad_end, s.k, s.d, s.s};
  };
  m.dims = plan.dims;
  m.alike = plan.dims == 2 && quantities(m.sizes[0]) == quantities(m.sizes[1]);
  for (size_t axis = 0; axis < 2; ++axis) {
    const OutputSize& size = m.sizes[axis];
    write_numbers(m.numbers[axis], size, symmetric, plan.dims == 1 ? "L" : m.alike ? "H = W" : axis == 0 ? "H" : "W");
    write_result(m.result[axis], size);
    m.note[axis].clear();
    if (size.remainder > 0 && m.alike) {
      // One sentence for both.
      if (axis == 1)
        m.note[axis] = tr(ui.language(), size.remainder == 1 ? "size.both_left_over_one" : "size.both_left_over",
                          {std::to_string(size.remainder)});
    } else if (size.remainder > 0) {
      const bool one = size.remainder == 1;
      const char* key = plan.dims == 1 ? (one ? "size.cell_left_over" : "size.cells_left_over")
                        : axis == 0    ? (one ? "size.row_left_over" : "size.rows_left_over")
                                       : (one ? "size.column_left_over" : "size.columns_left_over");
      m.note[axis] = tr(ui.language(), key, {std::to_string(size.remainder)});
    }
  }
  m.shape = "Y " + OperationPlan(plan).shown(plan.output_shape()).to_string("x");
}

/// One row of the table: symbol, PyTorch's name, the two numbers.
void draw_quantity(UiContext& ui, const char* symbol, const char* name, Role role, const std::string& h,
                   const std::string& w) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ui_words(ui, symbol, role, ui.fonts.bold);
  ImGui::TableNextColumn();
  ui_words(ui, name, Role::text, ui.fonts.mono);
  const auto number = [&](const std::string& text) {
    ImGui::TableNextColumn();
    const UiFont mono(ui.fonts.mono);
    const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
    ui_words(ui, text.c_str(), role, ui.fonts.mono);
  };
  number(memory().dims == 1 ? "" : h);
  number(w);
}

void draw_table(UiContext& ui) {
  const Memory& m = memory();
  const OutputSize& h = m.sizes[0];
  const OutputSize& w = m.sizes[1];
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(4), ui.px(1)));
  if (ImGui::BeginTable("##quantities", 4, ImGuiTableFlags_SizingFixedFit)) {
    ImGui::TableSetupColumn("##symbol", ImGuiTableColumnFlags_WidthFixed, ui.px(20));
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("##h", ImGuiTableColumnFlags_WidthFixed, ui.px(64));
    ImGui::TableSetupColumn("##w", ImGuiTableColumnFlags_WidthFixed, ui.px(64));
    draw_quantity(ui, "", "", Role::secondary, "H", m.dims == 1 ? "L" : "W");
    const auto pads = [](const OutputSize& size) {
      return size.pad_begin == size.pad_end ? std::to_string(size.pad_begin)
                                            : std::to_string(size.pad_begin) + " + " + std::to_string(size.pad_end);
    };
    draw_quantity(ui, "n", ui.text("size.input"), kInput, std::to_string(h.n), std::to_string(w.n));
    draw_quantity(ui, "p", "padding", kPadding, pads(h), pads(w));
    draw_quantity(ui, "d", "dilation", kDilation, std::to_string(h.d), std::to_string(w.d));
    draw_quantity(ui, "k", "kernel_size", kKernel, std::to_string(h.k), std::to_string(w.k));
    draw_quantity(ui, "s", "stride", kStride, std::to_string(h.s), std::to_string(w.s));
    ImGui::EndTable();
  }
  ImGui::PopStyleVar();
}

// ---------------------------------------------------------------------------------------------------------------
// Illegal parameters: the inequality that does not hold, with its numbers

/// The padding on each side that the parameters ask for.
Pads pads_of(const ConvParams& p) {
  if (p.padding_kind == PaddingKind::pads) return p.pads;
  if (p.padding_kind == PaddingKind::numbers) return {p.padding.h, p.padding.w, p.padding.h, p.padding.w};
  if (p.padding_kind == PaddingKind::valid) return {};
  // 'same' keeps the size: an odd one goes to the right and to the bottom.
  const int64_t down = p.dilation.h * (p.kernel_size.h - 1), across = p.dilation.w * (p.kernel_size.w - 1);
  return {down / 2, across / 2, down - down / 2, across - across / 2};
}

void write_violated(FormulaLine& line, const Error& error, const Session& session, Pair in, int64_t channels) {
  line.clear();
  const ConvParams& p = session.params;
  const auto at_least = [&](const char* name, Pair pair, int64_t least) {
    const int64_t value = pair.h < least ? pair.h : pair.w;
    line.add(name).add(" = ").add(value, Role::error).add(" < ").add(least);
  };
  if (error.code == "error.kernel_larger_than_input") {
    // 'same' always fits; of numbers at least one axis does not.
    Pads pads = p.padding_kind == PaddingKind::pads ? p.pads : Pads{};
    if (p.padding_kind == PaddingKind::numbers) pads = {p.padding.h, p.padding.w, p.padding.h, p.padding.w};
    std::optional<OutputSize> size = output_size(in.h, pads.top, pads.bottom, p.kernel_size.h, p.dilation.h, 1);
    if (!size || size->numerator >= 0) {
      size = output_size(in.w, pads.left, pads.right, p.kernel_size.w, p.dilation.w, 1);
    }
    if (!size) return;
    if (size->pad_begin == size->pad_end) {
      line.add("n", kInput).add(" + 2").add("p", kPadding).add(" = ");
    } else {
      line.add("n", kInput).add(" + ").add(size->pad_begin, kPadding).add(" + ").add(size->pad_end, kPadding);
      line.add(" = ");
    }
    line.add(size->effective_k + size->numerator, Role::error).add(" < ").add(size->effective_k, Role::error);
    line.add(" = ").add("d", kDilation).add("(").add("k", kKernel).add(" \u2212 1) + 1");
  } else if (error.field == "stride" && (p.stride.h < 1 || p.stride.w < 1)) {
    at_least("stride", p.stride, 1);
  } else if (error.field == "kernel_size" && (p.kernel_size.h < 1 || p.kernel_size.w < 1)) {
    at_least("kernel_size", p.kernel_size, 1);
  } else if (error.field == "dilation" && (p.dilation.h < 1 || p.dilation.w < 1)) {
    at_least("dilation", p.dilation, 1);
  } else if (error.code == "error.padding_negative") {
    at_least("padding", p.padding, 0);
  } else if (error.code == "error.in_channels_not_positive") {
    at_least("in_channels", {p.in_channels, p.in_channels}, 1);
  } else if (error.code == "error.out_channels_not_positive") {
    at_least("out_channels", {p.out_channels, p.out_channels}, 1);
  } else if (error.code == "error.groups_not_positive") {
    at_least("groups", {p.groups, p.groups}, 1);
  } else if (error.field == "groups" && p.groups >= 1) {
    const bool in_side = p.in_channels % p.groups != 0;
    const int64_t channels_at_fault = in_side ? p.in_channels : p.out_channels;
    line.add(in_side ? "in_channels" : "out_channels").add(" mod groups = ").add(channels_at_fault);
    line.add(" mod ").add(p.groups).add(" = ").add(channels_at_fault % p.groups, Role::error).add(" \u2260 0");
  } else if (error.code == "error.in_channels_mismatch") {
    line.add("in_channels = ").add(p.in_channels, Role::error).add(" \u2260 ").add(channels, Role::error);
    line.add(" = C", kInput);
  } else if (error.code == "error.same_needs_stride_1") {
    line.add("stride = ").add(p.stride.h == 1 ? p.stride.w : p.stride.h, Role::error).add(" \u2260 1");
  } else if (error.code == "error.reflect_padding_too_large" || error.code == "error.circular_padding_too_large") {
    const bool reflect = error.code == "error.reflect_padding_too_large";
    const Pads pads = pads_of(p);
    const Pair most{std::max(pads.top, pads.bottom), std::max(pads.left, pads.right)};
    const bool high = reflect ? most.h >= in.h : most.h > in.h;
    line.add("p", kPadding).add(" = ").add(high ? most.h : most.w, Role::error);
    line.add(reflect ? " \u2265 " : " > ").add(high ? in.h : in.w, Role::error).add(" = ").add("n", kInput);
  }
}

void draw_illegal(UiContext& ui) {
  const Error* error = ui.workbench.error();
  if (!error) return;
  const Shape shape = as_nchw(ui.workbench.input_shape());
  Pair in;
  int64_t channels = 0;
  if (shape.rank() == 4) {
    in = {shape[2], shape[3]};
    channels = shape[1];
  }
  Memory& m = memory();
  write_violated(m.violated, *error, ui.session(), in, channels);
  // The sentence stands at the widget; only what cannot be said as an inequality is repeated here.
  if (m.violated.empty()) {
    ui_error_line(ui, "output_size", *error);
    return;
  }
  m.violated.draw(ui, 20, ImGui::GetContentRegionAvail().x);
  ui.widgets.note_item("output_size.violated");
}

/// What floor drops.
void draw_note(UiContext& ui, size_t axis) {
  const std::string& note = memory().note[axis];
  if (!note.empty()) ui_words(ui, note.c_str(), Role::secondary, ui.fonts.caption);
}

}  // namespace

void draw_output_size_panel(UiContext& ui) { draw_output_size_panel(ui, true); }

float draw_output_size_panel(UiContext& ui, bool with_table) {
  const float title = ImGui::GetCursorPosY();
  const bool of_field = ui.session().lens == Lens::receptive_field;
  if (!ui_section(ui, "section.output_size", ui.text(of_field ? "section.field" : "section.output_size"))) return 0;
  if (of_field) {
    draw_field_size(ui);
    return 0;
  }
  if (shown_family(ui.session().operation) != OperationFamily::conv || shown_dims(ui.session().operation) == 3) {
    return draw_operation_size(ui, with_table, title);
  }
  Memory& m = memory();
  const ConvPlan* plan = ui.workbench.plan();
  if (plan) refresh(ui, *plan);
  if (!m.plan) {
    draw_illegal(ui);
    return 0;
  }
  const float width = ImGui::GetContentRegionAvail().x;
  m.symbols.draw(ui, 20, width);
  ui_gap(ui, 4);
  if (!plan) {
    draw_illegal(ui);
    return 0;
  }
  ui.shows(m.shape);
  const ImVec2 heading = ImGui::GetCursorPos();
  if (with_table) {
    // In the heading's row, whose left half is empty.
    ui_chip(ui, m.shape.c_str(), kOutput);
    ui.widgets.note_item("output_size.shape");
    ImGui::SetCursorPosY(heading.y + ui.px(6));
    draw_table(ui);
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
  for (size_t axis = m.dims == 1 ? 1 : 0; axis < 2; ++axis) {
    if (axis == 0 || !m.alike) {
      ui_gap(ui, 8);
      m.numbers[axis].draw(ui, 20, width);
      const float indent = ui.px(22);
      ImGui::SetCursorPosX(ImGui::GetCursorPosX() + indent);
      m.result[axis].draw(ui, 20, width - indent);
    }
    ui.widgets.note_item(kNames[axis]);
    draw_note(ui, axis);
  }
  return m.table_height * ui.scale;
}

}  // namespace convscope
