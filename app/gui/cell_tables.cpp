#include "app/gui/cell_tables.h"

#include <string>

#include "app/scene/number_format.h"

namespace convscope::cell_tables {

Words number(double value, bool integral) {
  NumberStyle style;
  style.decimals = integral ? 0 : 4;
  style.max_chars = 11;
  style.size = 14;
  Words result;
  const int length = format_styled(value, style, result.text.data(), static_cast<int>(result.text.size()) - 1);
  result.text[static_cast<size_t>(length)] = '\0';
  return result;
}

Words name_of_cell(const char* tensor, const CellRef& ref) {
  Words result;
  std::snprintf(result.text.data(), result.text.size(), "%s[%lld, %lld, %lld, %lld]", tensor,
                static_cast<long long>(ref.n), static_cast<long long>(ref.c), static_cast<long long>(ref.y),
                static_cast<long long>(ref.x));
  return result;
}

void right_aligned(UiContext& ui, const char* text, Role role, ImFont* font) {
  const UiFont scope(font);
  const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(text);
  ImGui::PopStyleColor();
}

void cell(UiContext& ui, const Words& text, Role role) {
  ImGui::TableNextColumn();
  right_aligned(ui, text.c_str(), role, ui.fonts.caption);
}

void draw_total(UiContext& ui, const char* widget, const char* label, const char* sign, const Words& value, Role role,
                bool strong) {
  ImGui::AlignTextToFramePadding();
  ui_words(ui, label, role, strong ? ui.fonts.bold : ui.fonts.body);
  ImGui::SameLine(0, ui.px(8));
  ImFont* const digits = strong ? ui.fonts.formula : ui.fonts.mono;
  const UiFont scope(digits);
  const float width = ImGui::CalcTextSize(value.c_str()).x + ImGui::CalcTextSize(sign).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
  ui_words(ui, sign, Role::secondary, digits);
  ImGui::SameLine(0, 0);
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(value.c_str());
  ImGui::PopStyleColor();
  ui.widgets.note_item(widget);
}

void draw_head(UiContext& ui, const char* tensor, const CellRef& ref, Role role, int64_t step, bool pointed) {
  draw_head(ui, name_of_cell(tensor, ref), words("cell.shows.%lld.%lld.%lld.%lld", ref.n, ref.c, ref.y, ref.x), role,
            step, pointed);
}

void draw_head(UiContext& ui, const Words& name, const Words& shows, Role role, int64_t step, bool pointed) {
  ui_chip(ui, name.c_str(), role);
  ui.widgets.note_item("cell.name");
  ui.widgets.note_item(shows.c_str());
  ImGui::SameLine(0, ui.px(8));
  ImGui::AlignTextToFramePadding();
  static std::string text;
  static int64_t text_step = -1;
  static bool text_pointed = false;
  static Language text_language = Language::en;
  if (text_step != step || text_pointed != pointed || text_language != ui.language()) {
    text_step = step;
    text_pointed = pointed;
    text_language = ui.language();
    text = tr(ui.language(), pointed ? "cell.pointed" : "cell.of_step", {std::to_string(step + 1)});
  }
  ui_words(ui, text.c_str(), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 4);
}

}  // namespace convscope::cell_tables
