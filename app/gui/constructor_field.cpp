#include <imgui.h>
#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "app/gui/keys.h"
#include "app/gui/parameters_parts.h"
#include "app/gui/widgets.h"
#include "app/session/layer_code.h"

namespace convscope {

namespace {

/// What the field keeps between frames.
struct Memory {
  std::string text;                  // as shown and typed, with its line breaks
  std::optional<LayerCall> written;  // the layer that `text` was made from
  float wrap_width = 0;              // of the line breaks
  std::optional<Error> error;
  std::string notes;               // what of pasted code could not be used
  std::optional<LayerCall> noted;  // by the layer that it is about
  bool typing = false;
};

/// Breaks the call between its arguments, under its opening bracket, as PEP 8 has it. Pairs stay in one piece.
std::string broken_into_lines(const std::string& call, size_t columns) {
  // As wide as "Conv2d("; a longer class takes no more, or nothing would be left for its arguments.
  constexpr std::string_view kIndent = "       ";
  const int deepest = call.starts_with("Sequential") ? 2 : 1;
  std::string lines;
  size_t column = 0;
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < call.size(); ++at) {
    if (call[at] == '(') ++depth;
    if (call[at] == ')') --depth;
    const bool last = at + 1 == call.size();
    const bool ends_here = last || (call[at] == ',' && depth <= deepest);
    if (!ends_here) continue;
    const std::string_view piece = std::string_view(call).substr(begin, at + 1 - begin);
    if (column > 0 && column + 1 + piece.size() > columns) {
      lines += '\n';
      lines += kIndent;
      column = kIndent.size();
    } else if (column > 0) {
      lines += ' ';
      ++column;
    }
    lines += piece;
    column += piece.size();
    begin = at + 2;  // behind the comma and its blank
  }
  return lines;
}

/// Code that is more than a call: what can be used of it is, and what cannot is said. False where it is no code at all.
bool take_pasted(UiContext& ui, Memory& m) {
  const Result<LayerCode> code = read_layer_code(m.text, ui.session());
  if (!code) return false;
  ui.workbench.apply(edit_code(*code, last_good(ui)));
  m.notes = words_of(ui.language(), code->notes);
  m.noted = LayerCall{ui.session().operation, ui.session().params, ui.session().more};  // pooling has not all of it
  m.written.reset();
  m.error.reset();
  return true;
}

}  // namespace

void draw_constructor_field(UiContext& ui) {
  static Memory m;
  const LayerCall call{ui.session().operation, ui.session().params, ui.session().more};
  const UiFont mono(ui.fonts.mono);
  const float padding = ImGui::GetStyle().FramePadding.x;
  const float available = ImGui::GetContentRegionAvail().x;
  const bool resized = std::abs(m.wrap_width - available) > 0.5f;
  if (!m.typing && (!m.written || *m.written != call || (resized && !m.error))) {
    const float character = ImGui::CalcTextSize("0").x;
    const auto columns = static_cast<size_t>(std::max(20.0f, (available - 2 * padding) / character - 0.5f));
    m.text = broken_into_lines(constructor_text(call), columns);
    m.written = call;
    m.wrap_width = available;
    m.error.reset();
  }
  const auto lines = static_cast<float>(std::count(m.text.begin(), m.text.end(), '\n') + 1);
  const float height = lines * ImGui::GetTextLineHeight() + 2 * ImGui::GetStyle().FramePadding.y + ui.px(2);
  const bool invalid = m.error.has_value();
  ImGui::PushStyleColor(ImGuiCol_Border, ui_color(ui, invalid ? Role::error : Role::border));
  const bool changed =
      ImGui::InputTextMultiline("##constructor", &m.text, {available, height},
                                ImGuiInputTextFlags_CtrlEnterForNewLine | ImGuiInputTextFlags_NoHorizontalScroll);
  ImGui::PopStyleColor();
  ui.widgets.note_item("constructor");
  // An error stands just below, where the tooltip would lie on it.
  if (!m.typing && !m.error) ui_tooltip(ui, ui.text("constructor.help"));
  m.typing = ImGui::IsItemActive();
  if (changed) {
    ui.shows(m.text);
    Result<LayerCall> parsed = parse_layer(m.text);
    // A script that was pasted is read as one.
    const bool pasted = ImGui::GetIO().KeyCtrl && key_pressed(ImGuiKey_V);
    if (!parsed && pasted && take_pasted(ui, m)) {
      ImGui::ClearActiveID();
    } else if (!parsed) {
      m.error = parsed.error();
    } else {
      m.error.reset();
      m.written = *parsed;
      if (*parsed != call) ui.workbench.apply(edit_layer(*parsed, last_good(ui)));
    }
  }
  if (ImGui::IsItemDeactivated() && !m.error) m.written.reset();
  if (m.noted && *m.noted != LayerCall{ui.session().operation, ui.session().params, ui.session().more}) {
    m.notes.clear();
    m.noted.reset();
  }
  if (!m.notes.empty()) {
    ui.shows(m.notes);
    ui_words(ui, m.notes.c_str(), Role::secondary, ui.fonts.caption);
    ui.widgets.note_item("constructor.notes");
  }
  if (m.error) {
    const UiFont body(ui.fonts.body);
    ui_error_line(ui, "constructor", *m.error);
    if (ui_icon_label_button(ui, "constructor.reset", Icon::reset, ui.text("constructor.restore"))) {
      m.written.reset();
      m.error.reset();
    }
  }
}

}  // namespace convscope
