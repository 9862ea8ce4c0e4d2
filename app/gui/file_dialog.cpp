#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/export/export_job.h"
#include "app/gui/folder_listing.h"
#include "app/gui/keys.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/io/image.h"

namespace convscope {

namespace {

using Purpose = FileDialog::Purpose;

std::vector<std::string> picture_endings() {
  std::vector<std::string> endings;
  for (std::string_view ending : image_endings()) endings.push_back(std::string(".").append(ending));
  return endings;
}

bool saves(Purpose purpose) { return purpose == Purpose::save_project || purpose == Purpose::choose_export_target; }

const char* title_key(Purpose purpose) {
  switch (purpose) {
    case Purpose::open_any:
      return "file_dialog.open_any";
    case Purpose::save_project:
      return "file_dialog.save_project";
    case Purpose::choose_input:
      return "file_dialog.choose_input";
    case Purpose::choose_weight:
      return "file_dialog.choose_weight";
    case Purpose::choose_bias:
      return "file_dialog.choose_bias";
    case Purpose::choose_grad_output:
      return "file_dialog.choose_grad_output";
    case Purpose::choose_target:
      return "file_dialog.choose_target";
    case Purpose::choose_picture:
      return "file_dialog.choose_picture";
    case Purpose::choose_output:
      return "file_dialog.choose_output";
    case Purpose::choose_export_target:
      return "file_dialog.choose_export_target";
  }
  return "";
}

struct Filter {
  const char* label_key;
  std::vector<std::string> endings;
};

Filter filter_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::open_any: {
      std::vector<std::string> endings = picture_endings();
      endings.insert(endings.end(), {kProjectEnding, ".json", ".npy", ".npz", ".onnx", ".txt"});
      // what was exported with its session in it
      for (const std::string& ending : export_endings()) {
        if (std::find(endings.begin(), endings.end(), ending) == endings.end()) endings.push_back(ending);
      }
      return {"file_dialog.filter.sessions", endings};
    }
    case Purpose::save_project:
      return {"file_dialog.filter.project", {kProjectEnding, ".json"}};
    case Purpose::choose_input: {
      std::vector<std::string> endings = picture_endings();
      endings.insert(endings.end(), {".npy", ".npz", ".txt"});
      return {"file_dialog.filter.input", endings};
    }
    case Purpose::choose_picture:
      return {"file_dialog.filter.pictures", picture_endings()};
    case Purpose::choose_weight:
    case Purpose::choose_bias:
    case Purpose::choose_grad_output:
    case Purpose::choose_target:
      return {"file_dialog.filter.npy", {".npy", ".npz"}};
    case Purpose::choose_output:
      return {"file_dialog.filter.output", {".npy", ".npz", ".txt"}};
    case Purpose::choose_export_target: {
      std::vector<std::string> endings;
      for (const std::string& ending : export_endings()) endings.push_back(ending);
      return {"file_dialog.filter.export", endings};
    }
  }
  return {"file_dialog.filter.all", {}};
}

std::string size_text(int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 || value >= 10 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string time_text(int64_t seconds) {
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  localtime_r(&when, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

void right_aligned(UiContext& ui, const char* words) {
  const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(words).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
  ui_words(ui, words, Role::secondary);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  if (text.size() < start.size()) return false;
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (size_t i = 0; i < start.size(); ++i) {
    if (low(text[i]) != low(start[i])) return false;
  }
  return true;
}

}  // namespace

struct FileDialog::State {
  bool open = false;
  bool opening = false;
  Purpose purpose = Purpose::open_any;
  Filter filter;
  bool all_files = false;
  bool hidden = false;

  std::string folder;
  std::string path_field;
  std::string name;
  std::vector<FolderEntry> entries;
  int64_t stamp = 0;
  double checked_seconds = 0;
  int selected = -1;
  bool scroll_to_selected = false;
  bool focus_name = false;
  std::optional<Error> error;
  std::string asks_overwrite;  // the path in question
  std::string new_folder;      // its name while it is being typed
  bool naming_folder = false;
  std::vector<Place> places;

  void enter(const std::string& path) {
    folder = path;
    path_field = shown_name(path);
    asks_overwrite.clear();
    naming_folder = false;
    selected = -1;
    read();
  }

  void read() {
    const std::vector<std::string> none;
    stamp = folder_stamp(folder);
    Result<std::vector<FolderEntry>> listing = read_folder(folder, all_files ? none : filter.endings, hidden);
    error.reset();
    entries.clear();
    if (listing) {
      entries = std::move(*listing);
    } else {
      error = listing.error();
    }
    selected = std::min(selected, static_cast<int>(entries.size()) - 1);
  }

  void select(int index) {
    if (entries.empty()) return;
    selected = std::clamp(index, 0, static_cast<int>(entries.size()) - 1);
    scroll_to_selected = true;
    const FolderEntry& entry = entries[static_cast<size_t>(selected)];
    if (!entry.is_folder) name = entry.name;
    asks_overwrite.clear();
  }

  void close() {
    open = false;
    ImGui::CloseCurrentPopup();
  }

  /// What Enter and the button do with `path`; true when the dialog is done.
  bool take(UiContext& ui, std::string path, bool asked, std::string& chosen) {
    error.reset();
    if (is_folder(path)) {
      name.clear();
      enter(path);
      return false;
    }
    if (saves(purpose)) {
      if (purpose == Purpose::save_project && std::filesystem::path(path).extension().empty()) path += kProjectEnding;
      if (!is_folder(parent_of(path))) {
        error = Error{"error.dialog_no_such_folder", "file", {shown_name(parent_of(path))}};
        return false;
      }
      if (path_exists(path) && !asked) {
        asks_overwrite = path;
        return false;
      }
    } else if (!path_exists(path)) {
      error = Error{"error.dialog_not_found", "file", {shown_name(path)}};
      return false;
    }
    chosen = path;
    ui.settings.last_folder = parent_of(path);
    return true;
  }

  bool accept(UiContext& ui, std::string& chosen) {
    if (name.empty()) {
      if (selected >= 0)
        return take(ui, resolve_path(entries[static_cast<size_t>(selected)].name, folder), false, chosen);
      error = Error{"error.dialog_no_name", "file", {}};
      return false;
    }
    std::string path = resolve_path(name, folder);
    // The beginning of a name is enough where the list already shows which one is meant.
    const bool begun = !saves(purpose) && selected >= 0 && !path_exists(path) &&
                       starts_with_ignoring_case(entries[static_cast<size_t>(selected)].name, name);
    if (begun) path = resolve_path(entries[static_cast<size_t>(selected)].name, folder);
    return take(ui, path, false, chosen);
  }

  /// The arrows up and down of the name field walk through the list.
  static int choose_by_arrow(ImGuiInputTextCallbackData* data) {
    State& state = *static_cast<State*>(data->UserData);
    if (state.entries.empty()) return 0;
    const int by = data->EventKey == ImGuiKey_UpArrow ? -1 : 1;
    const int none = by > 0 ? 0 : static_cast<int>(state.entries.size()) - 1;
    state.select(state.selected < 0 ? none : state.selected + by);
    // A folder is entered by Enter in an empty field; a file stands in it by name.
    const FolderEntry& entry = state.entries[static_cast<size_t>(state.selected)];
    data->DeleteChars(0, data->BufTextLen);
    if (!entry.is_folder) data->InsertChars(0, entry.name.c_str());
    return 0;
  }

  void draw_places(UiContext& ui, float height);
  bool draw_list(UiContext& ui, float height, std::string& chosen);
  void draw_top(UiContext& ui);
  bool draw_bottom(UiContext& ui, std::string& chosen);
  void make_folder(UiContext& ui);
};

FileDialog::FileDialog() : state_(std::make_unique<State>()) {}
FileDialog::~FileDialog() = default;

bool FileDialog::is_open() const { return state_->open; }

void FileDialog::open(Purpose purpose, const std::string& folder, const std::string& name) {
  State& s = *state_;
  s.open = s.opening = s.focus_name = true;
  s.purpose = purpose;
  s.filter = filter_of(purpose);
  s.all_files = false;
  s.name = name;
  s.error.reset();
  s.places = places();
  std::string start = folder;
  if (start.empty() || !is_folder(start)) {
    std::error_code ignored;
    start = std::filesystem::current_path(ignored).string();
  }
  s.enter(resolve_path(".", start));
}

void FileDialog::State::draw_top(UiContext& ui) {
  if (ui_icon_button(ui, "file_dialog.up", Icon::chevron_up, ui.text("file_dialog.up"))) enter(parent_of(folder));
  ImGui::SameLine(0, ui.px(8));
  bool entered = false;
  ui.shows(path_field);
  ui_text_field(ui, "file_dialog.path", path_field, -1, nullptr, &entered, true);
  if (entered) {
    const std::string path = resolve_path(path_field, folder);
    if (is_folder(path)) {
      enter(path);
      focus_name = true;
    } else {
      name = path;
      error = path_exists(path) ? std::nullopt
                                : std::optional<Error>(Error{"error.dialog_not_found", "file", {shown_name(path)}});
    }
  }
}

void FileDialog::State::draw_places(UiContext& ui, float height) {
  ImGui::BeginChild("##places", {ui.px(168), height}, false);
  ButtonOptions quiet;
  quiet.quiet = true;
  static std::string name_of_widget;
  for (const Place& place : places) {
    name_of_widget.assign("file_dialog.place.");
    name_of_widget += place.key;
    quiet.active = place.path == folder;
    const std::string label_key = "file_dialog." + std::string(place.key);
    if (ui_icon_label_button(ui, name_of_widget, Icon::folder, ui.text(label_key), quiet)) enter(place.path);
  }
  const std::vector<std::string>& recent = ui.settings.recent_files;
  if (!recent.empty()) {
    ui_gap(ui);
    ui_words(ui, ui.text("file_dialog.recent"), Role::secondary, ui.fonts.caption);
    quiet.active = false;
    constexpr size_t kShown = 8;
    for (size_t i = 0; i < std::min(kShown, recent.size()); ++i) {
      const std::string label = shown_name(name_of_path(recent[i]));
      ui.shows(label);
      name_of_widget.assign("file_dialog.recent.");
      name_of_widget += std::to_string(i);
      if (ui_icon_label_button(ui, name_of_widget, Icon::file, label.c_str(), quiet)) {
        enter(parent_of(recent[i]));
        name = name_of_path(recent[i]);
      }
      ui_tooltip(ui, recent[i].c_str());
    }
  }
  ImGui::EndChild();
}

bool FileDialog::State::draw_list(UiContext& ui, float height, std::string& chosen) {
  bool done = false;
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(8), ui.px(3)));
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::canvas));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_BordersOuter;
  if (ImGui::BeginTable("##entries", 3, kFlags, {ImGui::GetContentRegionAvail().x, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("##size", ImGuiTableColumnFlags_WidthFixed, ui.px(76));
    ImGui::TableSetupColumn("##time", ImGuiTableColumnFlags_WidthFixed, ui.px(140));
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    ImGui::TableNextColumn();
    ui_words(ui, ui.text("file_dialog.column_name"), Role::secondary);
    ImGui::TableNextColumn();
    right_aligned(ui, ui.text("file_dialog.column_size"));
    ImGui::TableNextColumn();
    ui_words(ui, ui.text("file_dialog.column_time"), Role::secondary);
    const float line = ImGui::GetTextLineHeight();
    const float row_height = line + 2 * ui.px(3);
    if (scroll_to_selected && selected >= 0) {
      const float top = static_cast<float>(selected) * row_height;
      const float view = height - row_height - ui.px(8);
      if (top < ImGui::GetScrollY()) ImGui::SetScrollY(top);
      if (top + row_height > ImGui::GetScrollY() + view) ImGui::SetScrollY(top + row_height - view);
      scroll_to_selected = false;
    }
    static std::string name_of_widget;
    int open_row = -1;
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(entries.size()), row_height);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        const FolderEntry& entry = entries[static_cast<size_t>(row)];
        ui.shows(entry.shown);
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::PushID(row);
        const ImVec2 low = ImGui::GetCursorScreenPos();
        constexpr ImGuiSelectableFlags kRow =
            ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowDoubleClick;
        if (ImGui::Selectable("##row", row == selected, kRow, {0, line})) {
          select(row);
          if (ImGui::IsMouseDoubleClicked(0)) open_row = row;
        }
        name_of_widget.assign("file_dialog.entry.");
        name_of_widget += entry.shown;
        ui.widgets.note_item(name_of_widget);
        ImDrawList* list = ImGui::GetWindowDrawList();
        draw_icon(list, entry.is_folder ? Icon::folder : Icon::file, {low.x + ui.px(8), low.y + line / 2}, ui.px(14),
                  ui_color32(ui, entry.is_folder ? Role::accent : Role::secondary));
        list->AddText({low.x + ui.px(24), low.y}, ui_color32(ui, Role::text), entry.shown.c_str());
        ImGui::PopID();
        ImGui::TableNextColumn();
        if (!entry.is_folder) {
          right_aligned(ui, size_text(entry.bytes).c_str());
        }
        ImGui::TableNextColumn();
        ui_words(ui, time_text(entry.changed).c_str(), Role::secondary);
      }
    }
    if (entries.empty() && !error) {
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ui_words(ui, ui.text("file_dialog.empty"), Role::secondary);
    }
    ImGui::EndTable();
    if (open_row >= 0)
      done = take(ui, resolve_path(entries[static_cast<size_t>(open_row)].name, folder), false, chosen);
  }
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  ui.widgets.note_item("file_dialog.list");
  return done;
}

void FileDialog::State::make_folder(UiContext& ui) {
  if (!naming_folder) {
    ButtonOptions quiet;
    quiet.quiet = true;
    if (ui_icon_label_button(ui, "file_dialog.new_folder", Icon::plus, ui.text("file_dialog.new_folder"), quiet)) {
      naming_folder = true;
      new_folder = ui.text("file_dialog.new_folder_name");
    }
    return;
  }
  bool entered = false;
  ui_text_field(ui, "file_dialog.new_folder_name", new_folder, 200, nullptr, &entered);
  ImGui::SameLine(0, ui.px(4));
  const bool pressed = ui_icon_button(ui, "file_dialog.new_folder_ok", Icon::check, ui.text("file_dialog.new_folder"));
  if (!entered && !pressed) return;
  std::error_code failure;
  const std::string path = resolve_path(new_folder, folder);
  std::filesystem::create_directory(path, failure);
  if (failure) {
    error = Error{"error.dialog_folder_not_made", "file", {shown_name(path), failure.message()}};
    naming_folder = false;
  } else {
    enter(path);
  }
}

bool FileDialog::State::draw_bottom(UiContext& ui, std::string& chosen) {
  bool done = false;
  // The field keeps the keyboard: the arrows choose in the list while it is typed in.
  ui_label(ui, "file_dialog.name", ui.text("file_dialog.name"), nullptr, false, 76);
  if (focus_name) {
    ImGui::SetKeyboardFocusHere();
    focus_name = false;
  }
  ui.shows(name);
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x);
  const bool entered = ImGui::InputTextWithHint(
      "##name", ui.text("file_dialog.name_hint"), &name,
      ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CallbackHistory | ImGuiInputTextFlags_AutoSelectAll,
      choose_by_arrow, this);
  ui.widgets.note_item("file_dialog.name");
  if (ImGui::IsItemEdited()) {
    error.reset();
    asks_overwrite.clear();
    const auto match = std::find_if(entries.begin(), entries.end(), [&](const FolderEntry& entry) {
      return !name.empty() && starts_with_ignoring_case(entry.name, name);
    });
    selected = match == entries.end() ? -1 : static_cast<int>(match - entries.begin());
    scroll_to_selected = selected >= 0;
  }
  if (entered && asks_overwrite.empty()) done = accept(ui, chosen);
  if (entered && !done) focus_name = true;

  if (error) ui_error_line(ui, "file_dialog", *error);
  ui_gap(ui, 4);

  if (!asks_overwrite.empty()) {
    const std::string question = tr(ui.language(), "file_dialog.overwrite", {shown_name(name_of_path(asks_overwrite))});
    ImGui::AlignTextToFramePadding();
    ui_words(ui, question.c_str(), Role::text, ui.fonts.bold);
    ButtonOptions replace;
    replace.primary = true;
    if (ui_button(ui, "file_dialog.replace", ui.text("file_dialog.replace"), replace)) {
      done = take(ui, asks_overwrite, true, chosen);
    }
    ImGui::SameLine(0, ui.px(8));
    if (ui_button(ui, "file_dialog.keep", ui.text("file_dialog.keep"))) {
      asks_overwrite.clear();
      focus_name = true;
    }
    return done;
  }

  const std::array<const char*, 2> labels = {ui.text(filter.label_key), ui.text("file_dialog.filter.all")};
  constexpr std::array<std::string_view, 2> kKeys = {"fitting", "all"};
  int current = all_files ? 1 : 0;
  if (ui_combo(ui, "file_dialog.filter", current, labels, 250, kKeys)) {
    all_files = current == 1;
    read();
  }
  ImGui::SameLine(0, ui.px(12));
  if (ui_checkbox(ui, "file_dialog.hidden", ui.text("file_dialog.hidden"), hidden)) read();
  ImGui::SameLine(0, 0);
  const char* ok_label = ui.text(saves(purpose) ? "file_dialog.save" : "file_dialog.open");
  const char* cancel_label = ui.text("file_dialog.cancel");
  const float buttons = ImGui::CalcTextSize(ok_label).x + ImGui::CalcTextSize(cancel_label).x + ui.px(24 + 24 + 8);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(ui.px(8), ImGui::GetContentRegionAvail().x - buttons));
  if (ui_button(ui, "file_dialog.cancel", cancel_label)) close();
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions primary;
  primary.primary = true;
  if (ui_button(ui, "file_dialog.ok", ok_label, primary)) done = accept(ui, chosen);
  return done;
}

bool FileDialog::draw(UiContext& ui, std::string& path, Purpose& purpose) {
  State& s = *state_;
  if (!s.open) return false;
  constexpr const char* kId = "##file_dialog";
  if (s.opening) {
    ImGui::OpenPopup(kId);
    s.opening = false;
  }
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImVec2 most(viewport->WorkSize.x - ui.px(32), viewport->WorkSize.y - ui.px(32));
  const ImVec2 size(std::min(ui.px(820), most.x), std::min(ui.px(560), most.y));
  ImGui::SetNextWindowPos(
      {viewport->WorkPos.x + viewport->WorkSize.x / 2, viewport->WorkPos.y + viewport->WorkSize.y / 2},
      ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize(size);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(16), ui.px(12)));
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize |
                                      ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings;
  const bool visible = ImGui::BeginPopupModal(kId, nullptr, kFlags);
  ImGui::PopStyleVar();
  if (!visible) return false;

  // Files come and go while the dialog is open.
  if (ui.time_seconds > s.checked_seconds + 1) {
    s.checked_seconds = ui.time_seconds;
    if (!s.error && folder_stamp(s.folder) != s.stamp) s.read();
  }

  bool done = false;
  ui_title(ui, ui.text(title_key(s.purpose)));
  if (saves(s.purpose)) {
    ImGui::SameLine(0, ui.px(16));
    s.make_folder(ui);
  }
  s.draw_top(ui);
  const float below = 2 * (ImGui::GetFrameHeight() + ImGui::GetStyle().ItemSpacing.y) + ui.px(12) +
                      (s.error ? 3 * ImGui::GetTextLineHeightWithSpacing() : 0) +
                      (s.asks_overwrite.empty() ? 0 : ImGui::GetTextLineHeightWithSpacing());
  const float height = std::max(ui.px(80), ImGui::GetContentRegionAvail().y - below);
  s.draw_places(ui, height);
  ImGui::SameLine(0, ui.px(8));
  done = s.draw_list(ui, height, path);
  done = s.draw_bottom(ui, path) || done;

  if (key_pressed(ImGuiKey_Escape)) {
    if (!s.asks_overwrite.empty()) {
      s.asks_overwrite.clear();
      s.focus_name = true;
    } else {
      s.close();
    }
  }
  if (done) {
    purpose = s.purpose;
    s.close();
  }
  ImGui::EndPopup();
  return done;
}

}  // namespace convscope
