// "I want an output of H x W": the parameters that give it, nearest to the present ones first; a click takes one.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "app/gui/edits.h"
#include "app/gui/formula.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/chains.h"
#include "app/session/operation_plan.h"
#include "engine/pool_trace.h"
#include "engine/size_solver.h"

namespace convscope {

namespace {

using Param = SizeParam;
constexpr int64_t kMostListed = 30;

std::array<SizeBounds, kSizeParams> standard_bounds() {
  return SizeQuestion::of(WindowLayer::of(LayerKind::conv, 2), {1, 1}, {1, 1}).bounds;
}

/// One solution as it stands in the list.
struct Row {
  std::array<std::string, kSizeParams> numbers;  // by SizeParam
  std::string name;                              // of the widget
};

/// What the user asked for, and the answer to the last question.
struct Memory {
  std::optional<Spatial> wish;  // nothing: the present output
  std::array<bool, kSizeParams> locked{};
  std::array<SizeBounds, kSizeParams> bounds = standard_bounds();
  std::span<const Param> shown;  // those of the session's operation
  std::optional<SizeQuestion> question;
  Language language = Language::en;
  SizeSolutions found;
  std::optional<Error> error;
  std::vector<Row> rows;
  std::string headline;
  std::vector<std::string> reasons;
  int hovered = -1;                                    // whose formula is written out
  std::array<std::array<FormulaLine, 2>, 2> formulas;  // of each axis; that of transposed convolution takes two lines
  bool formulas_agree = false;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

/// The session's layer with its padding in numbers, whatever word stands for them.
WindowLayer present_layer(const Session& session, const OperationPlan* plan) {
  WindowLayer layer = own_layer(session);
  SpatialPadding& padding = layer.padding;
  if (padding.kind == PaddingKind::numbers || padding.kind == PaddingKind::pads) return layer;
  const Pads pads = plan != nullptr ? plan->pads() : Pads{};
  padding.kind = PaddingKind::pads;
  padding.begin = {pads.top, pads.left};
  padding.end = {pads.bottom, pads.right};
  if (padding.begin != padding.end) return layer;
  padding.kind = PaddingKind::numbers;
  padding.both = padding.begin;
  return layer;
}

SizeQuestion question_now(const UiContext& ui) {
  const Memory& m = memory();
  const Session& session = ui.session();
  const OperationPlan* plan = ui.workbench.operation_plan();
  const ComputationPtr computation = ui.workbench.computation();
  Spatial input{1, 1};
  const Shape shape = as_nchw(session.input_shape);
  if (plan != nullptr) {
    input = {plan->in().h, plan->in().w};
  } else if (input_brings_shape(session) && computation) {
    input = {computation->plan.in().h, computation->plan.in().w};
  } else if (shape.rank() == 4) {
    input = {shape[2], shape[3]};
  }
  Spatial wanted = input;
  if (computation) wanted = {computation->plan.out().h, computation->plan.out().w};
  if (plan != nullptr) wanted = {plan->out().h, plan->out().w};
  if (m.wish) wanted = *m.wish;
  SizeQuestion question = SizeQuestion::of(present_layer(session, plan), input, wanted);
  question.limit = kMostListed;
  question.bounds = m.bounds;
  for (const Param param : size_params_of(question.present.kind)) {
    question.is_locked(param) = m.locked[static_cast<size_t>(param)];
  }
  // Modes that copy cells cannot pad by more than they have.
  const int64_t smallest = std::min(input[0], input[1]);
  SizeBounds& padding = question.bounds_of(Param::padding);
  if (session.params.padding_mode == PaddingMode::reflect) padding.maximum = std::min(padding.maximum, smallest - 1);
  if (session.params.padding_mode == PaddingMode::circular) padding.maximum = std::min(padding.maximum, smallest);
  return question;
}

/// "3", or "3,5" where the axes differ.
std::string pair_text(const Spatial& pair) {
  if (pair[0] == pair[1]) return std::to_string(pair[0]);
  return std::to_string(pair[0]) + "," + std::to_string(pair[1]);
}

std::string padding_text(const SpatialPadding& padding) {
  if (padding.kind == PaddingKind::numbers) return pair_text(padding.both);
  const std::string begin = pair_text(padding.begin), end = pair_text(padding.end);
  return begin + "+" + end;
}

Row row_of(const SizeSolution& solution, size_t index) {
  Row row;
  const WindowLayer& layer = solution.layer;
  row.numbers = {pair_text(layer.kernel_size), pair_text(layer.stride), padding_text(layer.padding),
                 pair_text(layer.dilation), pair_text(layer.output_padding)};
  row.name = "solver.solution." + std::to_string(index + 1);
  return row;
}

/// Why there is none, a sentence for each axis that cannot have its size.
void write_reasons(Memory& m, Language language) {
  m.reasons.clear();
  const auto text = [](std::optional<int64_t> size) { return size ? std::to_string(*size) : std::string(); };
  for (size_t axis = 0; axis < m.found.reach.size(); ++axis) {
    const int i = static_cast<int>(axis);
    const SizeReach& reach = m.found.reach[axis];
    if (reach.below == m.question->wanted[i]) continue;
    struct Keys {
      const char *both, *largest, *smallest, *none;
    };
    constexpr Keys kHeight{"solver.reach_h", "solver.reach_h_largest", "solver.reach_h_smallest",
                           "solver.reach_h_none"};
    constexpr Keys kWidth{"solver.reach_w", "solver.reach_w_largest", "solver.reach_w_smallest", "solver.reach_w_none"};
    const Keys& keys = axis == 0 ? kHeight : kWidth;
    const char* const one = reach.below ? keys.largest : reach.above ? keys.smallest : keys.none;
    m.reasons.push_back(tr(language, reach.below && reach.above ? keys.both : one,
                           {std::to_string(m.question->wanted[i]), std::to_string(m.question->input[i]),
                            text(reach.below), text(reach.above)}));
  }
}

void refresh(UiContext& ui) {
  Memory& m = memory();
  const SizeQuestion question = question_now(ui);
  if (m.question == question && m.language == ui.language()) return;
  m.question = question;
  m.language = ui.language();
  m.shown = size_params_of(question.present.kind);
  m.rows.clear();
  m.hovered = -1;
  m.error.reset();
  m.found = {};
  Result<SizeSolutions> found = solve_size(question);
  if (!found) {
    m.error = found.error();
    return;
  }
  m.found = *std::move(found);
  for (size_t i = 0; i < m.found.nearest.size(); ++i) m.rows.push_back(row_of(m.found.nearest[i], i));
  const bool all = m.found.total == static_cast<int64_t>(m.rows.size());
  const char* key = m.found.total == 1 ? "solver.one" : all ? "solver.all" : "solver.nearest";
  m.headline = tr(ui.language(), key, {std::to_string(m.found.total), std::to_string(m.rows.size())});
  write_reasons(m, ui.language());
}

using Lines = std::array<FormulaLine, 2>;

// floor((n + b + e - d (k - 1) - 1) / s) + 1, of pooling's ceil_mode with ceil and perhaps a window less.
void write_formula(Lines& lines, const char* axis, const WindowAxis& w, const WindowLayer& layer) {
  FormulaLine& line = lines[0];
  line.add(axis, Role::output).add(" = ");
  (layer.ceil_mode ? line.ceil() : line.floor()).add(w.extent, Role::input).add(" + ");
  line.add(w.pad_begin, Role::secondary).add(" + ").add(w.pad_end, Role::secondary).add(" \u2212 ");
  line.add(w.dilation).add("\u00b7(").add(w.kernel, Role::weight).add(" \u2212 1) \u2212 1");
  line.over().add(w.stride, Role::bias).close().add(" + 1");
  if (layer.pools() && pool_size(w, layer.ceil_mode).dropped) line.add(" \u2212 1");
  line.add(" = ").add_result(w.count, Role::output);
}

// (n - 1) s - b - e
// + d (k - 1) + op + 1
void write_transposed(Lines& lines, const char* axis, const WindowAxis& w, int64_t output_padding) {
  lines[0].add(axis, Role::output).add(" = (").add(w.count, Role::input).add(" \u2212 1)\u00b7");
  lines[0].add(w.stride, Role::bias).add(" \u2212 ").add(w.pad_begin, Role::secondary).add(" \u2212 ");
  lines[0].add(w.pad_end, Role::secondary);
  lines[1].add("+ ").add(w.dilation).add("\u00b7(").add(w.kernel, Role::weight).add(" \u2212 1) + ");
  lines[1].add(output_padding, Role::accent).add(" + 1 = ").add_result(w.extent, Role::output);
}

void write_formulas(Memory& m, const WindowLayer& layer) {
  for (Lines& lines : m.formulas) {
    for (FormulaLine& line : lines) line.clear();
  }
  const Result<LayerPlan> plan = validate(layer, m.question->input);
  if (!plan) return;
  const Windows& windows = windows_of(*plan);
  m.formulas_agree = windows.height() == windows.width() && layer.output_padding[0] == layer.output_padding[1];
  for (int i = 0; i < (m.formulas_agree ? 1 : 2); ++i) {
    const char* const name = m.formulas_agree ? "H = W" : i == 0 ? "H" : "W";
    Lines& lines = m.formulas[static_cast<size_t>(i)];
    if (layer.transposes()) {
      write_transposed(lines, name, windows.axis(i), layer.output_padding[i]);
    } else {
      write_formula(lines, name, windows.axis(i), layer);
    }
  }
}

/// Beside the row, so that the rows below stay in sight.
void show_formula(UiContext& ui, int index, ImVec2 beside) {
  Memory& m = memory();
  const SizeSolution& solution = m.found.nearest[static_cast<size_t>(index)];
  if (m.hovered != index) {
    m.hovered = index;
    write_formulas(m, solution.layer);
  }
  ImGui::SetNextWindowPos(beside, ImGuiCond_Always, {1, 0.5f});
  ImGui::BeginTooltip();
  for (const Lines& lines : m.formulas) {
    if (lines[0].empty()) continue;
    if (&lines != m.formulas.data()) ui_gap(ui, 8);
    for (const FormulaLine& line : lines) {
      if (!line.empty()) line.draw(ui, 18, ui.px(420));
    }
  }
  if (solution.keeps_size) ui_words(ui, ui.text("solver.keeps_size_help"), Role::secondary, ui.fonts.caption);
  ImGui::EndTooltip();
}

void draw_wish(UiContext& ui) {
  Memory& m = memory();
  ui_words(ui, ui.text("solver.wish"), Role::text);
  const Spatial shown = m.question ? m.question->wanted : Spatial{1, 1};
  const auto stepper = [&](const char* name, const char* prefix, int axis) {
    StepperOptions options;
    options.minimum = 1;
    options.maximum = std::max<int64_t>(64, 2 * shown[axis]);
    options.prefix = prefix;
    options.invalid = m.error && m.error->field == "output_size";
    std::optional<Pair> typed;
    options.pair = &typed;
    int64_t value = shown[axis];
    const bool changed = ui_int_stepper(ui, name, value, options);
    Spatial wish = shown;
    wish[axis] = value;
    if (typed) wish = {typed->h, typed->w};
    if (changed || (typed && wish != shown)) m.wish = wish;
  };
  stepper("solver.h", "H ", 0);
  ImGui::SameLine(0, ui.px(8));
  stepper("solver.w", "W ", 1);
  if (m.wish) {
    ImGui::SameLine(0, ui.px(8));
    if (ui_icon_button(ui, "solver.reset", Icon::reset, ui.text("solver.reset"))) m.wish.reset();
  }
  ui_typing_error(ui, "solver");
}

/// A widget's name for each parameter: "solver.keep.stride".
using Names = std::array<const char*, kSizeParams>;

void draw_locks(UiContext& ui) {
  constexpr Names kNames = {"solver.keep.kernel_size", "solver.keep.stride", "solver.keep.padding",
                            "solver.keep.dilation", "solver.keep.output_padding"};
  Memory& m = memory();
  ui_words(ui, ui.text("solver.keep"), Role::text);
  const float start = ImGui::GetCursorPosX();
  const UiFont mono(ui.fonts.mono);
  for (size_t i = 0; i < m.shown.size(); ++i) {
    if (i % 2 == 1) ImGui::SameLine(start + ui.px(148));
    const auto param = static_cast<size_t>(m.shown[i]);
    ui_checkbox(ui, kNames[param], name_of(m.shown[i]), m.locked[param]);
  }
}

/// From where to where each parameter is searched.
void draw_bounds(UiContext& ui) {
  constexpr Names kFrom = {"solver.min.kernel_size", "solver.min.stride", "solver.min.padding", "solver.min.dilation",
                           "solver.min.output_padding"};
  constexpr Names kTo = {"solver.max.kernel_size", "solver.max.stride", "solver.max.padding", "solver.max.dilation",
                         "solver.max.output_padding"};
  Memory& m = memory();
  if (!ui_section(ui, "section.solver_bounds", ui.text("solver.bounds"), false)) return;
  for (const Param param : m.shown) {
    const auto i = static_cast<size_t>(param);
    if (m.locked[i]) continue;
    ui_label(ui, kFrom[i], name_of(param), nullptr, true, 108);
    StepperOptions options;
    options.minimum = param == Param::padding || param == Param::output_padding ? 0 : 1;
    options.maximum = 64;
    options.width = 92;
    options.invalid = m.error && m.error->field == name_of(param) && m.error->code == "error.solver_bounds";
    ui_int_stepper(ui, kFrom[i], m.bounds[i].minimum, options);
    ImGui::SameLine(0, ui.px(6));
    ui_int_stepper(ui, kTo[i], m.bounds[i].maximum, options);
    ui_typing_error(ui, kFrom[i]);
    ui_typing_error(ui, kTo[i]);
  }
  if (m.bounds != standard_bounds()) {
    if (ui_button(ui, "solver.bounds.reset", ui.text("solver.bounds_reset"))) m.bounds = standard_bounds();
  }
}

/// Texts in the middle of as many columns as there are parameters.
float column_center(ImVec2 low, float width, size_t column) {
  return low.x + width * (static_cast<float>(column) + 0.5f) / static_cast<float>(memory().shown.size());
}

/// The widths leave room for the mark of what keeps every size.
constexpr float kMarkWidth = 26;

/// A name that is wider than its column stands in two lines, broken behind its _.
void draw_heading(UiContext& ui) {
  const Memory& m = memory();
  const UiFont caption(ui.fonts.caption);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - ui.px(kMarkWidth);
  const float column = width / static_cast<float>(m.shown.size());
  const float line = ImGui::GetTextLineHeight();
  const auto break_of = [](const char* words) {
    const char* const mark = std::strchr(words, '_');
    return mark != nullptr ? mark + 1 : words;
  };
  bool is_broken = false;
  for (const Param param : m.shown) is_broken = is_broken || ImGui::CalcTextSize(name_of(param)).x > column - ui.px(4);
  for (size_t i = 0; i < m.shown.size(); ++i) {
    const char* const words = name_of(m.shown[i]);
    const char* const second = is_broken ? break_of(words) : words;
    const auto put = [&](const char* begin, const char* end, float y) {
      const float wide = ImGui::CalcTextSize(begin, end).x;
      ImGui::GetWindowDrawList()->AddText({std::floor(column_center(low, width, i) - wide / 2), y},
                                          ui_color32(ui, Role::secondary), begin, end);
    };
    if (second != words) put(words, second, low.y);
    put(second, nullptr, is_broken ? low.y + line : low.y);
  }
  ImGui::Dummy({1, is_broken ? 2 * line : line});
}

/// True when it was clicked.
bool draw_row(UiContext& ui, int index) {
  const Memory& m = memory();
  const Row& row = m.rows[static_cast<size_t>(index)];
  const float full = ImGui::GetContentRegionAvail().x;
  const float width = full - ui.px(kMarkWidth);
  const float height = ImGui::GetFrameHeight() - ui.px(2);
  ImGui::PushID(index);
  const bool pressed = ImGui::InvisibleButton("##solution", {full, height});
  ImGui::PopID();
  const bool hovered = ImGui::IsItemHovered();
  ui.widgets.note_item(row.name);
  const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (hovered) list->AddRectFilled(low, high, ui_color32(ui, Role::accent, 0.12f), ui.px(6));
  const float y = (low.y + high.y) / 2;
  const SizeSolution& solution = m.found.nearest[static_cast<size_t>(index)];
  for (size_t i = 0; i < m.shown.size(); ++i) {
    const auto param = static_cast<size_t>(m.shown[i]);
    const bool changed = solution.changes[param];
    const UiFont font(changed ? ui.fonts.bold : ui.fonts.mono);
    const char* words = row.numbers[param].c_str();
    const ImVec2 size = ImGui::CalcTextSize(words);
    const float x = column_center(low, width, i);
    if (changed) {
      // What changes stands out by weight and by a patch, not by its colour alone.
      const float half = std::max(size.x / 2 + ui.px(8), ui.px(14));
      list->AddRectFilled({x - half, low.y + ui.px(3)}, {x + half, high.y - ui.px(3)},
                          ui_color32(ui, Role::accent, 0.16f), ui.px(6));
    }
    list->AddText({std::floor(x - size.x / 2), std::floor(y - size.y / 2)},
                  ui_color32(ui, changed ? Role::accent : Role::text), words);
  }
  if (solution.keeps_size) {
    const UiFont mono(ui.fonts.mono);
    const ImVec2 size = ImGui::CalcTextSize("=");
    list->AddText({std::floor(high.x - ui.px(kMarkWidth) / 2 - size.x / 2), std::floor(y - size.y / 2)},
                  ui_color32(ui, Role::output), "=");
  }
  if (hovered) show_formula(ui, index, {low.x - ui.px(20), y});
  return pressed;
}

/// Why there is none, and buttons that loosen what stands in the way.
void draw_none(UiContext& ui) {
  Memory& m = memory();
  ui_words(ui, ui.text("solver.none"), Role::text, ui.fonts.bold);
  for (const std::string& reason : m.reasons) ui_words(ui, reason.c_str(), Role::secondary);
  ui.widgets.note_rect("solver.none", ImGui::GetItemRectMin().x, ImGui::GetItemRectMin().y, ImGui::GetItemRectMax().x,
                       ImGui::GetItemRectMax().y);
  ui_gap(ui, 8);
  if (m.found.loosen.empty()) {
    ui_words(ui, ui.text("solver.out_of_bounds"), Role::text);
    return;
  }
  ui_words(ui, ui.text("solver.loosen"), Role::text);
  for (const Param param : m.found.loosen) {
    std::array<char, 48> name{};
    std::snprintf(name.data(), name.size(), "solver.loosen.%s", name_of(param));
    if (param != m.found.loosen.front()) ImGui::SameLine(0, ui.px(8));
    if (ui_button(ui, name.data(), name_of(param))) m.locked[static_cast<size_t>(param)] = false;
  }
}

/// The settings that give the wish, to be clicked.
void draw_solutions(UiContext& ui) {
  Memory& m = memory();
  if (m.error) {
    ui_error_line(ui, "solver", *m.error);
    return;
  }
  if (m.rows.empty()) {
    draw_none(ui);
    return;
  }
  ui_words(ui, m.headline.c_str(), Role::text);
  ui.widgets.note_item("solver.count");
  ui_gap(ui, 4);
  draw_heading(ui);
  int chosen = -1;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, 0));
  for (int i = 0; i < static_cast<int>(m.rows.size()); ++i) {
    if (draw_row(ui, i)) chosen = i;
  }
  ImGui::PopStyleVar();
  ui_gap(ui, 8);
  ui_words(ui, ui.text("solver.legend"), Role::secondary, ui.fonts.caption);
  if (chosen < 0) return;
  ui.workbench.apply(edit_solution(m.found.nearest[static_cast<size_t>(chosen)], LastGood(ui.workbench.computation())));
  m.wish.reset();  // from here on the wish is the output again
}

}  // namespace

void draw_solver_panel(UiContext& ui) {
  refresh(ui);
  draw_wish(ui);
  ui_gap(ui, 8);
  draw_locks(ui);
  ui_gap(ui, 8);
  ui_rule(ui);
  ui_gap(ui, 8);
  draw_solutions(ui);
  ui_gap(ui, 8);
  draw_bounds(ui);
}

}  // namespace convscope
