// The strip above a picture of two: which of them the panels edit.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "app/gui/edits.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"

namespace convscope {

float draw_pair_bar(UiContext& ui, const Box& area) {
  constexpr float kInset = 6;
  const Session& session = ui.session();
  // In front of people the titles in the picture say it.
  if (!session.beside || ui.presenting) return 0;
  const float height = std::ceil(ImGui::GetFrameHeight() + 2 * ui.px(kInset));
  if (area.height() < height + ui.px(120) || area.width() < ui.px(200)) return 0;
  ImGui::SetNextWindowPos({area.x0, area.y0});
  ImGui::SetNextWindowSize({area.width(), height});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(12), ui.px(kInset)));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
  ImGui::Begin("##pair", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                   ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar(4);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled({area.x0, area.y0 + height - 1}, {area.x1, area.y0 + height}, ui_color32(ui, Role::border));

  const float start = ImGui::GetCursorPosX(), room = ImGui::GetContentRegionAvail().x;
  const float button = ImGui::GetFrameHeight();
  const char* const edit = ui.text("pair.edit");
  if (room > ui.px(360)) {
    ImGui::AlignTextToFramePadding();
    ui_words(ui, edit, Role::secondary);
    ImGui::SameLine(0, ui.px(8));
  }
  static constexpr std::array<const char*, 2> kLetters = {"A", "B"};
  static constexpr std::array<std::string_view, 2> kKeys = {"a", "b"};
  int edited = session.beside->is_a ? 1 : 0;
  const int before = edited;
  ui_segments(ui, "pair.edit", edited, kLetters, kKeys);
  ImGui::SameLine(0, ui.px(8));
  const bool swaps = ui_icon_button(ui, "pair.swap", Icon::swap, ui.text("pair.swap"));
  const Workbench* other = ui.workbench.other();
  if (other != nullptr && other->error() != nullptr) {
    // Of the side whose widgets are not to be seen.
    ImGui::SameLine(0, ui.px(12));
    const std::string words =
        std::string(kLetters[static_cast<size_t>(1 - before)]) + ": " + describe(ui.language(), *other->error());
    ui.shows(words);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float right = area.x1 - ui.px(12) - button - ui.px(8);
    draw_icon(list, Icon::warning, {at.x + ui.px(8), at.y + button / 2}, ui.px(16), ui_color32(ui, Role::error));
    list->PushClipRect({at.x, at.y}, {right, at.y + button}, true);
    list->AddText({at.x + ui.px(22), std::floor(at.y + (button - ImGui::GetFontSize()) / 2)},
                  ui_color32(ui, Role::error), words.c_str());
    list->PopClipRect();
    ImGui::Dummy({std::max(1.0f, right - at.x), button});
    ui_tooltip(ui, words.c_str());
    ui.widgets.note_item("pair.error");
  }
  ImGui::SameLine(start + room - button);
  const bool closes = ui_icon_button(ui, "pair.close", Icon::close, ui.text("pair.close"));
  ImGui::End();
  if (edited != before) ui.workbench.switch_sides();
  if (swaps) ui.workbench.apply(edit_swap_sides());
  if (closes) ui.workbench.apply(edit_close_comparison());
  return height;
}

}  // namespace convscope
