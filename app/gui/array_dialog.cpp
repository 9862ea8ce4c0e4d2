#include "app/gui/array_dialog.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "app/gui/folder_listing.h"
#include "app/gui/keys.h"
#include "app/gui/source_fields.h"
#include "app/gui/widgets.h"
#include "app/io/npz.h"
#include "app/session/latest_worker.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

using Arrays = std::vector<NpzArray>;

Result<Arrays> read_arrays(const std::string& path) {
  if (is_npz_path(path)) return npz_arrays(path);
  NpzArray array;
  array.name = std::filesystem::path(path).filename().string();
  Result<NpyInfo> info = npy_info(path);
  if (!info) return info.error();
  array.info = *std::move(info);
  return Arrays{std::move(array)};
}

const char* label_key(ArrayRole role) {
  constexpr std::array kKeys = {"arrays.as_input", "arrays.as_weight", "arrays.as_bias"};
  return kKeys[static_cast<size_t>(role)];
}

bool contains(std::string_view text, std::string_view wanted) {
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
         }) != text.end();
}

}  // namespace

struct ArrayDialog::State {
  State() : reader([](const std::string& file, Job*) { return read_arrays(file); }) {}

  bool open = false, opening = false, loaded = false;
  std::string path;
  LatestWorker<std::string, Arrays> reader;
  Arrays arrays;
  std::optional<Error> error;  // of the file
  std::string wanted;
  std::vector<int> shown;  // of arrays
  int selected = -1;       // of shown
  bool scroll_to_selected = false;
  ArrayRole role = ArrayRole::input;
  std::optional<Result<ArrayUse>> use;  // of the selected array in that role
  std::string changes;                  // its words
  Language language = Language::en;     // of them

  bool lists() const { return is_npz_path(path); }
  const NpzArray* array() const {
    return selected < 0 ? nullptr : &arrays[static_cast<size_t>(shown[static_cast<size_t>(selected)])];
  }
  std::string array_path() const { return lists() ? path + ":" + array()->name : path; }

  void take(UiContext& ui) {
    std::optional<Result<Arrays>> read = reader.take();
    if (!read) return;
    loaded = true;
    if (*read) {
      arrays = **std::move(read);
      filter(ui);
    } else {
      error = read->error();
    }
  }

  void filter(UiContext& ui) {
    shown.clear();
    for (size_t i = 0; i < arrays.size(); ++i) {
      if (contains(arrays[i].name, wanted)) shown.push_back(static_cast<int>(i));
    }
    select(ui, shown.empty() ? -1 : 0);
  }

  void select(UiContext& ui, int row) {
    selected = row;
    scroll_to_selected = true;
    use.reset();
    if (array() == nullptr || !array()->info) return;
    role = likely_role(ui.session(), array()->name, array()->info->shape);
    look(ui);
  }

  /// What the session would become.
  void look(UiContext& ui) {
    use = use_array(ui.session(), array_path(), role, LastGood(ui.workbench.computation()));
    say(ui);
  }

  void say(const UiContext& ui) {
    language = ui.language();
    changes.clear();
    if (!use || !*use) return;
    std::string list;
    for (const std::string& change : (*use)->changes) list += (list.empty() ? "" : ", ") + change;
    changes = list.empty() ? std::string(tr(language, "arrays.no_change")) : tr(language, "arrays.changes", {list});
  }

  void draw_list(UiContext& ui, float height);
  std::optional<Session> draw_use(UiContext& ui);
};

ArrayDialog::ArrayDialog() : state_(std::make_unique<State>()) {}
ArrayDialog::~ArrayDialog() = default;

void ArrayDialog::open(const std::string& path) {
  State& s = *state_;
  s.open = s.opening = true;
  s.loaded = false;
  s.path = path;
  s.arrays.clear();
  s.shown.clear();
  s.selected = -1;
  s.error.reset();
  s.use.reset();
  s.wanted.clear();
  s.reader.start(path);
}

bool ArrayDialog::is_open() const { return state_->open; }
bool ArrayDialog::busy() const { return state_->reader.busy(); }
void ArrayDialog::wait() { state_->reader.wait(); }

bool ArrayDialog::asks_about(const Session& session, const std::string& path, const LastGood& last) {
  const Result<Shape> shape = npy_shape(path);
  if (!shape) return false;  // opening says why
  const std::string name = std::filesystem::path(path).stem().string();
  if (likely_role(session, name, *shape) != ArrayRole::input) return true;
  const Result<ArrayUse> use = use_array(session, path, ArrayRole::input, last);
  return use && use->problem && use->redrawn;
}

void ArrayDialog::State::draw_list(UiContext& ui, float height) {
  bool entered = false;
  if (opening) ImGui::SetKeyboardFocusHere();
  if (ui_text_field(ui, "array.search", wanted, -0.01f, ui.text("arrays.search"), &entered)) filter(ui);
  ui.shows(wanted);
  const int last = static_cast<int>(shown.size()) - 1;
  if (last >= 0) {
    if (key_pressed(ImGuiKey_DownArrow)) select(ui, std::min(selected + 1, last));
    if (key_pressed(ImGuiKey_UpArrow)) select(ui, std::max(selected - 1, 0));
  }
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(8), ui.px(4)));
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::canvas));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_BordersOuter;
  if (ImGui::BeginTable("##arrays", 3, kFlags, {ImGui::GetContentRegionAvail().x, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("##shape", ImGuiTableColumnFlags_WidthFixed, ui.px(150));
    ImGui::TableSetupColumn("##type", ImGuiTableColumnFlags_WidthFixed, ui.px(76));
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    for (const char* key : {"arrays.column_name", "arrays.column_shape", "arrays.column_type"}) {
      ImGui::TableNextColumn();
      ui_words(ui, ui.text(key), Role::secondary);
    }
    const float line = ImGui::GetTextLineHeight(), row_height = line + 2 * ui.px(4);
    if (scroll_to_selected && selected >= 0) {
      const float top = static_cast<float>(selected) * row_height, view = height - row_height - ui.px(8);
      if (top < ImGui::GetScrollY()) ImGui::SetScrollY(top);
      if (top + row_height > ImGui::GetScrollY() + view) ImGui::SetScrollY(top + row_height - view);
      scroll_to_selected = false;
    }
    static std::string widget;
    int chosen = -1;
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(shown.size()), row_height);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        const NpzArray& one = arrays[static_cast<size_t>(shown[static_cast<size_t>(row)])];
        ui.shows(one.name);
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::PushID(row);
        const ImVec2 low = ImGui::GetCursorScreenPos();
        const float column = ImGui::GetContentRegionAvail().x;
        if (ImGui::Selectable("##row", row == selected, ImGuiSelectableFlags_SpanAllColumns, {0, line})) chosen = row;
        widget.assign("array.row.").append(one.name);
        // In the first column, whose clipping is in force.
        ui.widgets.note_rect(widget, low.x, low.y, low.x + column, low.y + line);
        const ImU32 color = ui_color32(ui, one.info ? Role::text : Role::secondary);
        ImGui::GetWindowDrawList()->AddText(low, color, one.name.c_str());
        ImGui::PopID();
        if (!one.info) continue;
        ImGui::TableNextColumn();
        ui_words(ui, ("(" + one.info->shape.to_string() + (one.info->shape.rank() == 1 ? ",)" : ")")).c_str(),
                 Role::text, ui.fonts.mono);
        ImGui::TableNextColumn();
        ui_words(ui, numpy_name(one.info->stored_type).c_str(), Role::secondary, ui.fonts.mono);
      }
    }
    if (shown.empty() && loaded && !error) {
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ui_words(ui, ui.text("arrays.nothing"), Role::secondary);
    }
    ImGui::EndTable();
    if (chosen >= 0) select(ui, chosen);
  }
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
}

std::optional<Session> ArrayDialog::State::draw_use(UiContext& ui) {
  if (error) {
    ui.shows(describe(ui.language(), *error));
    ui_error_line(ui, "array", without_folder(*error, path));
    return std::nullopt;
  }
  if (array() == nullptr) return std::nullopt;
  if (!array()->info) {
    ui.shows(describe(ui.language(), *array()->problem));
    ui_error_line(ui, "array", without_folder(*array()->problem, path));
    return std::nullopt;
  }
  const std::vector<ArrayRole> roles = roles_of(ui.session());
  std::vector<const char*> labels;
  std::vector<std::string_view> keys;
  int current = 0;
  for (const ArrayRole one : roles) {
    if (one == role) current = static_cast<int>(labels.size());
    labels.push_back(ui.text(label_key(one)));
    keys.emplace_back(name_of(one));
  }
  ui_label(ui, "array.as", ui.text("arrays.as"), nullptr, false, 92);
  if (ui_segments(ui, "array.as", current, labels, keys)) {
    role = roles[static_cast<size_t>(current)];
    look(ui);
  }
  if (!use) return std::nullopt;
  if (!*use) {
    ui.shows(describe(ui.language(), use->error()));
    ui_error_line(ui, "array", without_folder(use->error(), path));
    return std::nullopt;
  }
  if (language != ui.language()) say(ui);
  ui_words(ui, changes.c_str(), (*use)->changes.empty() ? Role::secondary : Role::text);
  ui.widgets.note_item("array.changes");
  if (!(*use)->problem) return std::nullopt;
  ui.shows(describe(ui.language(), *(*use)->problem));
  ui_error_line(ui, "array", without_folder(*(*use)->problem, path));
  if (!(*use)->redrawn) return std::nullopt;
  constexpr std::array kRemedies = {"arrays.redraw_input", "arrays.redraw_weight", "arrays.redraw_bias"};
  const char* const remedy_key = kRemedies[static_cast<size_t>((*use)->redrawn_role)];
  if (ui_icon_label_button(ui, "array.redraw", Icon::dice, ui.text(remedy_key))) return (*use)->redrawn;
  return std::nullopt;
}

std::optional<ArrayDialog::Choice> ArrayDialog::draw(UiContext& ui) {
  State& s = *state_;
  if (!s.open) return std::nullopt;
  s.take(ui);
  constexpr const char* kId = "##array_dialog";
  if (s.opening) ImGui::OpenPopup(kId);
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImVec2 most(viewport->WorkSize.x - ui.px(32), viewport->WorkSize.y - ui.px(32));
  ImGui::SetNextWindowPos(
      {viewport->WorkPos.x + viewport->WorkSize.x / 2, viewport->WorkPos.y + viewport->WorkSize.y / 2},
      ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({std::min(ui.px(600), most.x), std::min(ui.px(s.lists() ? 480 : 240), most.y)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(16), ui.px(12)));
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize |
                                      ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings;
  const bool visible = ImGui::BeginPopupModal(kId, nullptr, kFlags);
  ImGui::PopStyleVar();
  if (!visible) return std::nullopt;

  std::string title = shown_name(name_of_path(s.path));
  if (!s.lists() && s.array() != nullptr && s.array()->info) title += "  (" + s.array()->info->shape.to_string() + ")";
  ui.shows(title);
  ui_title(ui, title.c_str());
  ui_gap(ui, 4);
  // A row of buttons, the role, and four lines of words.
  const float below = 2 * ImGui::GetFrameHeightWithSpacing() + 5 * ImGui::GetTextLineHeightWithSpacing() + ui.px(8);
  if (s.lists()) {
    const float search = ImGui::GetFrameHeightWithSpacing();
    s.draw_list(ui, std::max(ui.px(80), ImGui::GetContentRegionAvail().y - below - search));
    ui_gap(ui, 4);
  }
  s.opening = false;
  const float middle = std::max(ui.px(40), ImGui::GetContentRegionAvail().y - ImGui::GetFrameHeight() - ui.px(8));
  ImGui::BeginChild("##use", {0, middle});
  std::optional<Session> chosen = s.draw_use(ui);
  ImGui::EndChild();

  const char* ok_label = ui.text("arrays.use");
  const char* cancel_label = ui.text("arrays.cancel");
  const float buttons = ImGui::CalcTextSize(ok_label).x + ImGui::CalcTextSize(cancel_label).x + ui.px(24 + 24 + 8);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - buttons));
  bool closed = ui_button(ui, "array.cancel", cancel_label);
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions primary;
  primary.primary = true;
  primary.enabled = s.use && *s.use;
  const bool pressed = ui_button(ui, "array.ok", ok_label, primary);
  if ((pressed || enter_key_pressed()) && primary.enabled && !chosen) chosen = (*s.use)->session;
  ui.widgets.note_rect("array_dialog", ImGui::GetWindowPos().x, ImGui::GetWindowPos().y,
                       ImGui::GetWindowPos().x + ImGui::GetWindowSize().x,
                       ImGui::GetWindowPos().y + ImGui::GetWindowSize().y);
  closed = closed || key_pressed(ImGuiKey_Escape);
  std::optional<Choice> choice;
  if (chosen) choice = Choice{s.array_path(), s.role, *std::move(chosen)};
  if (closed || choice) {
    s.open = false;
    s.reader.cancel();
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
  return choice;
}

}  // namespace convscope
