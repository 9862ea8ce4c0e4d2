// "Code": the session as a script or a program, to be read and copied.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/code.h"

namespace convscope {

namespace {

/// What is shown, written anew when the numbers or the language of the code are others.
struct Memory {
  CodeKind kind = CodeKind::pytorch;
  // Of which the rest was made:
  uint64_t generation = 0;
  const void* gradient = nullptr;
  bool backward = false;  // whether the lens asks for them
  std::optional<CodeKind> shown;
  std::string title;

  std::string text;
  std::vector<size_t> lines;  // where each begins, and the end
  std::optional<Error> error;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

void refresh(Memory& m, const Session& now, const Computation& computation) {
  const bool same = m.generation == computation.generation && m.gradient == computation.gradient.get() &&
                    m.backward == wants_gradient(now) && m.shown == m.kind && m.title == now.title;
  if (same) return;
  // While an illegal setting is repaired the code is that of the last good numbers, as the picture is.
  Session session = now;
  session.params = computation.params;
  session.more = computation.more;
  m.generation = computation.generation;
  m.gradient = computation.gradient.get();
  m.backward = wants_gradient(now);
  m.shown = m.kind;
  m.title = session.title;
  m.error.reset();
  m.text.clear();
  m.lines.clear();
  Result<std::string> code = code_of(m.kind, session, computation);
  if (!code) {
    m.error = code.error();
    return;
  }
  m.text = std::move(*code);
  for (size_t at = 0; at < m.text.size(); at = m.text.find('\n', at) + 1) m.lines.push_back(at);
  m.lines.push_back(m.text.size());
}

void draw_line(UiContext& ui, std::string_view line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  const size_t first = line.find_first_not_of(' ');
  const bool comment = first != std::string_view::npos &&
                       (line[first] == '#' || line.substr(first).starts_with("//")) &&
                       !line.substr(first).starts_with("#include");
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, comment ? Role::secondary : Role::text));
  ImGui::TextUnformatted(line.data(), line.data() + line.size());
  ImGui::PopStyleColor();
}

}  // namespace

void draw_code_panel(UiContext& ui) {
  const ComputationPtr computation = ui.workbench.computation();
  if (!computation || !computation->tensors.output.defined()) {
    ui_words(ui, ui.text("inspect.none"), Role::secondary);
    return;
  }
  Memory& m = memory();
  const auto kinds = code_kinds();
  std::array<const char*, 8> titles{};
  std::array<std::string_view, 8> keys{};
  int current = 0;
  for (size_t i = 0; i < kinds.size(); ++i) {
    titles[i] = title_of(kinds[i]);
    keys[i] = name_of(kinds[i]);
    if (kinds[i] == m.kind) current = static_cast<int>(i);
  }
  const char* const copy = ui.text("code.copy");
  const float copy_width = ImGui::CalcTextSize(copy).x / ui.scale + 24 + 23;
  if (ui_combo(ui, "code.kind", current, std::span(titles).first(kinds.size()), -copy_width - 8,
               std::span(keys).first(kinds.size()))) {
    m.kind = kinds[static_cast<size_t>(current)];
  }
  ImGui::SameLine(0, ui.px(8));
  refresh(m, ui.session(), *computation);
  ButtonOptions options;
  options.enabled = !m.error;
  if (ui_icon_label_button(ui, "code.copy", Icon::copy, copy, options)) ImGui::SetClipboardText(m.text.c_str());
  if (m.error) {
    ui_error_line(ui, "code", *m.error);
    return;
  }
  ui_words(ui, ui.text("code.help"), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 4);
  const UiFont mono(ui.fonts.mono);
  const ImGuiStyle& style = ImGui::GetStyle();
  const float line = ImGui::GetTextLineHeight();
  const float whole = line * static_cast<float>(m.lines.size()) + 2 * ui.px(8) + style.ScrollbarSize;
  const float room = std::max(ImGui::GetContentRegionAvail().y - ui.px(12), line * 12);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::canvas));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(8), ui.px(8)));
  // One line below the other without a gap, as an editor shows them.
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(style.ItemSpacing.x, 0));
  ImGui::BeginChild("##code", {0, std::min(whole, room)}, true, ImGuiWindowFlags_HorizontalScrollbar);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(m.lines.size()) - 1, line);
  while (clipper.Step()) {
    for (auto i = static_cast<size_t>(clipper.DisplayStart); i < static_cast<size_t>(clipper.DisplayEnd); ++i) {
      draw_line(ui, std::string_view(m.text).substr(m.lines[i], m.lines[i + 1] - m.lines[i]));
    }
  }
  ImGui::EndChild();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor();
  ui.widgets.note_item("code.text");
}

}  // namespace convscope
