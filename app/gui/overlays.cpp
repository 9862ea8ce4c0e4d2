#include "app/gui/overlays.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/gui/shortcuts.h"
#include "app/gui/widgets.h"

namespace convscope {
float draw_key_caps(UiContext& ui, std::string_view keys, float x, float y, bool measure) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const UiFont mono(ui.fonts.mono);
  const float height = ImGui::GetFontSize() + ui.px(6);
  while (!keys.empty()) {
    const size_t slash = keys.find(" / ");
    const std::string_view cap = keys.substr(0, slash);
    const ImVec2 words = ImGui::CalcTextSize(cap.data(), cap.data() + cap.size());
    const float width = std::max(words.x + ui.px(12), height);
    if (!measure) {
      list->AddRectFilled({x, y}, {x + width, y + height}, ui_color32(ui, Role::panel), ui.px(4));
      list->AddRect({x, y}, {x + width, y + height}, ui_color32(ui, Role::border), ui.px(4));
      list->AddText({std::floor(x + (width - words.x) / 2), std::floor(y + (height - words.y) / 2)},
                    ui_color32(ui, Role::text), cap.data(), cap.data() + cap.size());
    }
    x += width + ui.px(6);
    keys = slash == std::string_view::npos ? std::string_view() : keys.substr(slash + 3);
  }
  return x;
}

void draw_shortcuts(UiContext& ui, bool& open) {
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const auto rows = shortcut_rows();
  const float row = ImGui::GetFontSize() + ui.px(12);
  const float width = std::min(ui.px(560), screen.x - ui.px(32));
  const float height = std::min(static_cast<float>(rows.size()) * row + ui.px(84), screen.y - ui.px(32));
  ImGui::SetNextWindowPos({std::floor((screen.x - width) / 2), std::floor((screen.y - height) / 2)});
  ImGui::SetNextWindowSize({width, height});
  ImGui::PushStyleColor(ImGuiCol_WindowBg, ui_color(ui, Role::canvas));
  ImGui::Begin("##shortcuts", nullptr,
               ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoCollapse);
  ImGui::PopStyleColor();
  if (ImGui::IsWindowAppearing()) ImGui::SetWindowFocus();
  ui_title(ui, ui.text("shortcuts.title"));
  ImGui::SameLine(width - ui.px(16) - ImGui::GetFrameHeight());
  if (ui_icon_button(ui, "shortcuts.close", Icon::close, ui.text("shortcuts.close"))) open = false;
  ui_rule(ui);
  ui_gap(ui, 4);
  for (const ShortcutRow& shortcut : rows) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::GetWindowDrawList()->AddText({at.x, std::floor(at.y + (row - ImGui::GetFontSize()) / 2)},
                                        ui_color32(ui, Role::text), ui.text(shortcut.words_key));
    draw_key_caps(ui, shortcut.keys, at.x + ui.px(290), at.y + ui.px(2));
    ImGui::Dummy({width - ui.px(32), row - ImGui::GetStyle().ItemSpacing.y});
  }
  const ImVec2 low = ImGui::GetWindowPos();
  const bool outside = ImGui::IsMouseClicked(ImGuiMouseButton_Left) && !ImGui::IsWindowAppearing() &&
                       !ImGui::IsMouseHoveringRect(low, {low.x + width, low.y + height}, false);
  if (outside) open = false;
  ui.widgets.note_rect("shortcuts", low.x, low.y, low.x + width, low.y + height);
  ImGui::End();
}

void draw_settings_menu(UiContext& ui) {
  ui_title(ui, ui.text("settings.title"));
  ui_checkbox(ui, "settings.reduced_motion", ui.text("settings.reduced_motion"), ui.settings.reduced_motion);
  static constexpr std::array<float, 7> kScales = {0.75f, 1.0f, 1.25f, 1.5f, 2.0f, 2.5f, 3.0f};
  static constexpr std::array<const char*, 7> kWords = {"75 %", "100 %", "125 %", "150 %", "200 %", "250 %", "300 %"};
  static constexpr std::array<std::string_view, 7> kKeys = {"75", "100", "125", "150", "200", "250", "300"};
  int current = 0;
  for (size_t i = 0; i < kScales.size(); ++i) {
    if (std::abs(kScales[i] - ui.settings.ui_scale) <
        std::abs(kScales[static_cast<size_t>(current)] - ui.settings.ui_scale)) {
      current = static_cast<int>(i);
    }
  }
  ui_label(ui, "settings.ui_scale", ui.text("settings.ui_scale"), nullptr, false, 150);
  if (ui_combo(ui, "settings.ui_scale", current, kWords, 110, kKeys)) {
    ui.settings.ui_scale = kScales[static_cast<size_t>(current)];
  }
  const auto column = [&](const char* name, const char* words, bool& open) { ui_checkbox(ui, name, words, open); };
  column("settings.left_open", ui.text("settings.left_open"), ui.settings.left_open);
  column("settings.right_open", ui.text("settings.right_open"), ui.settings.right_open);
  ui_gap(ui, 4);
  ui_rule(ui);
  ButtonOptions wide;
  wide.quiet = true;
  const auto entry = [&](const char* name, Icon icon, const char* words_key, bool& wish) {
    if (!ui_icon_label_button(ui, name, icon, ui.text(words_key), wide)) return;
    wish = true;
    ImGui::CloseCurrentPopup();
  };
  entry("settings.share", Icon::copy, "command.share", ui.requests.share);
  entry("settings.paste", Icon::grid, "command.paste", ui.requests.paste);
  if (ui_icon_label_button(ui, "settings.shortcuts", Icon::keyboard, ui.text("settings.shortcuts"), wide)) {
    ui.requests.show_shortcuts = true;
    ImGui::CloseCurrentPopup();
  }
}

void next_language(UiContext& ui) {
  ui.workbench.apply_view(
      [](Session& session) { session.language = session.language == Language::en ? Language::zh : Language::en; });
}

void next_theme(UiContext& ui) {
  ui.workbench.apply_view([](Session& session) {
    switch (session.theme) {
      case ThemeId::light:
        session.theme = ThemeId::dark;
        break;
      case ThemeId::dark:
        session.theme = ThemeId::contrast;
        break;
      case ThemeId::contrast:
        session.theme = ThemeId::light;
        break;
    }
  });
}

}  // namespace convscope
