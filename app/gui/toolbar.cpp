#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "app/gui/lesson_card.h"
#include "app/gui/overlays.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

constexpr size_t kMostLenses = 16;
// Logical pixels.
constexpr float kLeastPreset = 112;
/// In which enough of a name can be read.
constexpr float kNamedPreset = 132;
constexpr float kLeastLens = 92;

/// A line of at most `room` device pixels; what does not fit becomes three dots.
void draw_cut_text(UiContext& ui, ImVec2 at, float room, const char* words) {
  constexpr const char* kDots = "\u2026";
  ImDrawList* list = ImGui::GetWindowDrawList();
  const char* end = words + std::strlen(words);
  const bool cut = ImGui::CalcTextSize(words, end).x > room;
  if (cut) {
    const float left = std::max(0.0f, room - ImGui::CalcTextSize(kDots).x);
    ImGui::GetFont()->CalcTextSizeA(ImGui::GetFontSize(), left, 0, words, end, &end);
  }
  list->AddText(at, ui_color32(ui, Role::text), words, end);
  if (cut) list->AddText({at.x + ImGui::CalcTextSize(words, end).x, at.y}, ui_color32(ui, Role::text), kDots);
}

/// The button that names the session and opens the list of presets below itself.
void draw_preset_button(UiContext& ui, float width) {
  const Session& session = ui.session();
  const Preset* preset = find_preset(session.title);
  const char* words = preset                  ? ui.text(preset->title_key)
                      : session.title.empty() ? ui.text("toolbar.untitled")
                                              : session.title.c_str();
  ui.shows(session.title);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float height = ImGui::GetFrameHeight();
  ImGui::PushID("preset");
  const bool pressed = ImGui::InvisibleButton("##preset", {width, height});
  const bool hovered = ImGui::IsItemHovered();
  ui.widgets.note_item("preset");
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 high(low.x + width, low.y + height);
  list->AddRectFilled(low, high, ui_color32(ui, Role::canvas), ui.px(6));
  if (hovered) list->AddRectFilled(low, high, ui_color32(ui, Role::text, 0.06f), ui.px(6));
  list->AddRect(low, high, ui_color32(ui, Role::border), ui.px(6));
  draw_icon(list, Icon::grid, {low.x + ui.px(18), (low.y + high.y) / 2}, ui.px(14), ui_color32(ui, Role::accent));
  draw_cut_text(ui, {low.x + ui.px(34), std::floor((low.y + high.y - ImGui::GetFontSize()) / 2)},
                width - ui.px(34 + 26), words);
  draw_icon(list, Icon::chevron_down, {high.x - ui.px(14), (low.y + high.y) / 2}, ui.px(12),
            ui_color32(ui, Role::secondary));
  ui_tooltip(ui, ui.text("toolbar.preset"));
  if (pressed) ImGui::OpenPopup("##presets");
  ImGui::SetNextWindowPos({low.x, high.y + ui.px(4)});
  const float room = ImGui::GetIO().DisplaySize.y - high.y - ui.px(24);
  ImGui::SetNextWindowSizeConstraints({std::max(width, ui.px(280)), 0}, {ui.px(560), std::max(ui.px(120), room)});
  if (ImGui::BeginPopup("##presets")) {
    draw_preset_menu(ui);
    ImGui::EndPopup();
  }
  ImGui::PopID();
}

/// The lessons, and below the button their list.
void draw_lessons_button(UiContext& ui) {
  const ImVec2 low = ImGui::GetCursorScreenPos();
  ButtonOptions options;
  options.active = ui.lesson != nullptr && ui.lesson->player().running();
  if (ui_icon_button(ui, "toolbar.lessons", Icon::lesson, ui.text("toolbar.lessons"), options)) {
    ImGui::OpenPopup("##lessons");
  }
  const float below = low.y + ImGui::GetFrameHeight() + ui.px(4);
  ImGui::SetNextWindowPos({low.x, below});
  ImGui::SetNextWindowSizeConstraints(
      {ui.px(280), 0}, {ui.px(560), std::max(ui.px(120), ImGui::GetIO().DisplaySize.y - below - ui.px(20))});
  if (ImGui::BeginPopup("##lessons")) {
    draw_lesson_menu(ui);
    ImGui::EndPopup();
  }
}

/// What the preset's button would like: all of its words.
float wanted_preset_width(UiContext& ui) {
  const Preset* preset = find_preset(ui.session().title);
  const char* words = preset ? ui.text(preset->title_key) : ui.session().title.c_str();
  return ImGui::CalcTextSize(words).x + ui.px(66);
}

/// The lenses of the session's operation, and the width that buttons for all of them take.
struct LensChoice {
  std::array<Lens, kMostLenses> lenses{};
  std::array<const char*, kMostLenses> labels{};
  std::array<std::string_view, kMostLenses> keys{};
  size_t count = 0;
  int current = -1;
  float fit = 0;
};

LensChoice lens_choice(UiContext& ui) {
  LensChoice choice;
  auto& [lenses, labels, keys, count, current, fit] = choice;
  const std::optional<OperationFamily> family = shown_family(ui.session().operation);
  static const std::vector<Lens> all = all_lenses();
  for (Lens lens : all) {
    if (family && !lens_shows(lens, *family, shown_dims(ui.session().operation))) continue;
    if (lens == ui.session().lens) current = static_cast<int>(count);
    lenses[count] = lens;
    keys[count] = name_of(lens);
    labels[count] = ui.text(facts_of(lens).label_key);
    fit += ImGui::CalcTextSize(labels[count]).x + ui.px(24);
    if (++count == kMostLenses) break;
  }
  return choice;
}

void draw_lenses(UiContext& ui, const LensChoice& choice, float room) {
  const auto& [lenses, labels, keys, count, was, fit] = choice;
  int current = was;
  const std::span<const char* const> words(labels.data(), count);
  const std::span<const std::string_view> names(keys.data(), count);
  const bool changed = fit <= room ? ui_segments(ui, "lens", current, words, names)
                                   : ui_combo(ui, "lens", current, words, std::max(kLeastLens, room / ui.scale), names);
  if (changed) {
    const Lens lens = lenses[static_cast<size_t>(current)];
    ui.workbench.apply_view([lens](Session& session) { session.lens = lens; });
  }
}

/// "Undo (Ctrl+Z): stride" when the last item is pointed at; the words are only put together then.
void name_edit(UiContext& ui, std::string_view key, std::string_view edit) {
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
  std::string words(ui.text(key));
  if (!edit.empty()) words += ": " + std::string(tr(ui.language(), edit));
  ui_tooltip(ui, words.c_str());
}

}  // namespace

void draw_toolbar(UiContext& ui, bool two_rows) {
  const float button = ImGui::GetFrameHeight();
  const float gap = ui.px(4);
  const float group_gap = ui.px(12);
  const float full = ImGui::GetContentRegionAvail().x;
  const float start = ImGui::GetCursorPosX();
  const char* export_words = ui.text("toolbar.export");
  const char* language_words = ui.text("toolbar.other_language");
  const float export_width = ImGui::CalcTextSize(export_words).x + ui.px(24 + 22);
  const float language_width = ImGui::CalcTextSize(language_words).x + ui.px(20);
  // Undo and redo, open and save, language, theme, settings and help, export.
  float right = 7 * button + 5 * gap + 3 * group_gap + language_width + export_width;
  // In two rows there is one button to fold what lies below the picture, and none at the right.
  const float others = button + gap + (two_rows ? button + gap : 2 * (button + gap) + group_gap);
  // Of the row that the buttons share with nothing or with the preset and the lenses.
  const float room = two_rows ? full : full - others - ui.px(kLeastPreset + kLeastLens) - group_gap;
  // In a narrow window what a key does as well goes first, then the word on the export button.
  const bool all_buttons = right <= room;
  if (!all_buttons) right -= 2 * (button + gap);
  const bool export_label = right <= room;
  if (!export_label) right -= export_width - button;

  const Icon left_icon = ui.settings.left_open ? Icon::fold_left : Icon::unfold_left;
  if (ui_icon_button(ui, "toolbar.fold_left", left_icon, ui.text("toolbar.fold_left"))) {
    ui.settings.left_open = !ui.settings.left_open;
  }
  ImGui::SameLine(0, gap);
  draw_lessons_button(ui);
  ImGui::SameLine(0, gap);
  float middle = two_rows ? full - others : full - right - others;
  // Buttons for all lenses come before the whole of a preset's name.
  const LensChoice lenses = lens_choice(ui);
  // What the palette and a key do as well has a button where nothing else goes without.
  const bool share_button =
      all_buttons && !two_rows && ui.px(kNamedPreset) + group_gap + lenses.fit + button + gap <= middle;
  if (share_button) {
    right += button + gap;
    middle -= button + gap;
  }
  const float most = std::max(ui.px(kLeastPreset), std::max(middle * 0.6f, middle - ui.px(240)));
  const bool all_fit = ui.px(kNamedPreset) + group_gap + lenses.fit <= middle;
  const float for_lenses = std::max(ui.px(kLeastLens), all_fit ? lenses.fit : 0.0f);
  const float preset_width =
      std::clamp(wanted_preset_width(ui), ui.px(kLeastPreset), std::min(most, middle - group_gap - for_lenses));
  draw_preset_button(ui, preset_width);
  ImGui::SameLine(0, group_gap);
  draw_lenses(ui, lenses, middle - preset_width - group_gap);

  if (two_rows) {
    ImGui::SetCursorPosX(start + std::max(0.0f, full - right));
  } else {
    ImGui::SameLine(start + full - right - button - gap);
  }
  ButtonOptions possible;
  possible.enabled = ui.workbench.can_undo();
  if (ui_icon_button(ui, "toolbar.undo", Icon::undo, nullptr, possible)) ui.workbench.undo();
  name_edit(ui, "toolbar.undo", possible.enabled ? ui.workbench.undo_name_key() : std::string_view());
  ImGui::SameLine(0, gap);
  possible.enabled = ui.workbench.can_redo();
  if (ui_icon_button(ui, "toolbar.redo", Icon::redo, nullptr, possible)) ui.workbench.redo();
  name_edit(ui, "toolbar.redo", possible.enabled ? ui.workbench.redo_name_key() : std::string_view());
  ImGui::SameLine(0, group_gap);
  if (ui_icon_button(ui, "toolbar.open", Icon::open_file, ui.text("toolbar.open"))) {
    ui.requests.open_file_dialog = true;
  }
  if (all_buttons) {
    ImGui::SameLine(0, gap);
    if (ui_icon_button(ui, "toolbar.save", Icon::save, ui.text("toolbar.save"))) ui.requests.save_project = true;
  }
  if (share_button) {
    ImGui::SameLine(0, gap);
    if (ui_icon_button(ui, "toolbar.share", Icon::link, ui.text("toolbar.share"))) ui.requests.share = true;
  }
  ImGui::SameLine(0, group_gap);
  ButtonOptions language;
  language.quiet = true;
  language.width = language_width / ui.scale;
  language.tooltip = ui.text("toolbar.language");
  if (ui_button(ui, "toolbar.language", language_words, language)) next_language(ui);
  ImGui::SameLine(0, gap);
  const ThemeId theme_id = ui.session().theme;
  const Icon theme_icon = theme_id == ThemeId::light  ? Icon::sun
                          : theme_id == ThemeId::dark ? Icon::moon
                                                      : Icon::contrast;
  const char* theme_words = theme_id == ThemeId::light  ? ui.text("toolbar.theme_light")
                            : theme_id == ThemeId::dark ? ui.text("toolbar.theme_dark")
                                                        : ui.text("toolbar.theme_contrast");
  if (ui_icon_button(ui, "toolbar.theme", theme_icon, theme_words)) next_theme(ui);
  ImGui::SameLine(0, gap);
  const ImVec2 settings_at = ImGui::GetCursorScreenPos();
  if (ui_icon_button(ui, "toolbar.settings", Icon::settings, ui.text("toolbar.settings"))) {
    ImGui::OpenPopup("##settings");
  }
  ImGui::SetNextWindowPos({settings_at.x + button, settings_at.y + button + ui.px(4)}, 0, {1, 0});
  if (ImGui::BeginPopup("##settings")) {
    draw_settings_menu(ui);
    ImGui::EndPopup();
  }
  if (all_buttons) {
    ImGui::SameLine(0, gap);
    if (ui_icon_button(ui, "toolbar.help", Icon::help, ui.text("toolbar.help"))) ui.requests.show_shortcuts = true;
  }
  ImGui::SameLine(0, group_gap);
  ButtonOptions primary;
  primary.primary = true;
  primary.enabled = ui.workbench.computation() != nullptr;
  primary.tooltip = ui.text("toolbar.export_hint");
  const bool wants_export =
      export_label ? ui_icon_label_button(ui, "toolbar.export", Icon::export_file, export_words, primary)
                   : ui_icon_button(ui, "toolbar.export", Icon::export_file, ui.text("toolbar.export_hint"), primary);
  if (wants_export) ui.requests.open_export = true;
  if (two_rows) return;
  ImGui::SameLine(0, gap);
  const Icon right_icon = ui.settings.right_open ? Icon::fold_right : Icon::unfold_right;
  if (ui_icon_button(ui, "toolbar.fold_right", right_icon, ui.text("toolbar.fold_right"))) {
    ui.settings.right_open = !ui.settings.right_open;
  }
}

}  // namespace convscope
