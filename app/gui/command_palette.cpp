#include "app/gui/command_palette.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "app/gui/edits.h"
#include "app/gui/keys.h"
#include "app/gui/main_window.h"
#include "app/gui/overlays.h"
#include "app/gui/side_panels.h"
#include "app/gui/widgets.h"
#include "app/session/lesson.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

// Logical pixels.
constexpr float kWidth = 600;
constexpr float kRow = 32;
constexpr size_t kMostRows = 11;

/// Characters, Latin ones in lower case.
std::u32string folded(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7F >> length);
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    out += c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
    i += length;
  }
  return out;
}

bool parts_words(char32_t c) {
  return c == ' ' || c == '_' || c == '-' || c == '.' || c == '(' || c == '/' || c == ',';
}

/// One word in a text; nothing where its characters do not follow one another there.
std::optional<int> score_of_word(const std::u32string& word, const std::u32string& text) {
  if (const size_t at = text.find(word); at != std::u32string::npos) {
    // Anywhere in one piece; better where a word begins, best at the very beginning.
    size_t best = at;
    for (size_t next = at; next != std::u32string::npos; next = text.find(word, next + 1)) {
      if (next == 0 || parts_words(text[next - 1])) {
        best = next;
        break;
      }
    }
    const bool begins = best == 0 || parts_words(text[best - 1]);
    return 100 + 10 * static_cast<int>(word.size()) + (begins ? 60 : 0) + (best == 0 ? 20 : 0);
  }
  // Apart: only letters that begin words, or follow the last one that was found, as in "psd" or "padst".
  int score = 0;
  size_t at = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    size_t next = at;
    const bool follows = i > 0 && at < text.size() && text[at] == word[i];
    if (!follows) {
      while (next < text.size() && !(text[next] == word[i] && (next == 0 || parts_words(text[next - 1])))) ++next;
    }
    if (next >= text.size()) return std::nullopt;
    score += follows ? 8 : 6;
    at = next + 1;
  }
  return score;
}

}  // namespace

std::optional<int> fuzzy_score(std::string_view wanted, std::string_view text) {
  const std::u32string letters = folded(wanted), where = folded(text);
  int score = 0;
  for (size_t begin = 0; begin < letters.size();) {
    size_t end = letters.find(U' ', begin);
    if (end == std::u32string::npos) end = letters.size();
    if (end > begin) {
      const std::optional<int> found = score_of_word(letters.substr(begin, end - begin), where);
      if (!found) return std::nullopt;
      score += *found;
    }
    begin = end + 1;
  }
  // Of two that fit alike the shorter one was meant.
  return score * 100 - static_cast<int>(std::min<size_t>(where.size(), 99));
}

void CommandPalette::open(UiContext& ui) {
  open_ = appearing_ = true;
  wanted_.clear();
  current_ = first_ = 0;
  collect(ui);
  filtered_by_.assign(1, '\n');
  filter();
}

void CommandPalette::collect(UiContext& ui) {
  entries_.clear();
  const Language language = ui.language();
  const auto add = [&](PaletteChoice choice, std::string widget, std::string_view key, std::string name,
                       std::string_view keys, std::string_view kind_key) {
    Entry entry{std::move(choice), "palette." + std::move(widget), std::string(tr(language, key)), {}, keys, kind_key};
    for (const Language other : {Language::en, Language::zh}) {
      if (other != language) entry.others += std::string(tr(other, key)) + " ";
      entry.others += std::string(tr(other, kind_key)) + " ";
    }
    entry.others += std::move(name);
    entries_.push_back(std::move(entry));
  };
  using Kind = PaletteChoice::Kind;
  for (const CommandRow& row : command_rows()) {
    if (row.command == Command::undo && !ui.workbench.can_undo()) continue;
    if (row.command == Command::redo && !ui.workbench.can_redo()) continue;
    const bool of_two = row.command == Command::other_side || row.command == Command::swap_sides ||
                        row.command == Command::close_comparison;
    if (of_two && !ui.session().beside) continue;
    add({Kind::command, row.command, {}, {}}, std::string(row.name), row.words_key, std::string(row.name), row.keys,
        "palette.command");
  }
  const std::optional<OperationFamily> family = shown_family(ui.session().operation);
  for (Lens lens : all_lenses()) {
    if (family && !lens_shows(lens, *family, shown_dims(ui.session().operation))) continue;
    const std::string name = name_of(lens);
    add({Kind::lens, Command::escape, lens, {}}, "lens." + name, "lens." + name, name, {}, "palette.lens");
  }
  for (const SidePanel& panel : side_panels()) {
    const std::string key(panel.key);
    add({Kind::panel, Command::escape, {}, key}, "panel." + key, panel.label_key, key, {}, "palette.panel");
  }
  for (std::string_view operation : shown_operations()) {
    if (operation == ui.session().operation) continue;
    const std::string name(operation);
    add({Kind::operation, Command::escape, {}, name}, "operation." + name, "operation", name, {}, "operation");
    entries_.back().label = name;
  }
  for (size_t i = 0; i < ui.settings.recent_files.size(); ++i) {
    const std::string& path = ui.settings.recent_files[i];
    add({Kind::open, Command::escape, {}, path}, "recent." + std::to_string(i), "palette.recent", path, {},
        "palette.recent");
    entries_.back().label = std::filesystem::path(path).filename().string();
    ui.shows(entries_.back().label);
  }
  for (const LessonPtr& lesson : lessons()) {
    add({Kind::lesson, Command::escape, {}, lesson->name}, "lesson." + lesson->name, "toolbar.lessons", lesson->name,
        {}, "toolbar.lessons");
    Entry& entry = entries_.back();
    entry.label = lesson->title.in(language);
    entry.others += " " + lesson->title.in(Language::en) + " " + lesson->title.in(Language::zh);
    ui.shows(entry.label);
  }
  for (const Preset& preset : presets()) {
    add({Kind::open, Command::escape, {}, preset.name}, "preset." + preset.name, preset.title_key, preset.name, {},
        "palette.preset");
  }
  for (const Preset& preset : presets()) {
    add({Kind::beside, Command::escape, {}, preset.name}, "beside." + preset.name, preset.title_key, preset.name, {},
        "palette.beside");
    entries_.back().label = "B: " + entries_.back().label;
  }
  for (size_t i = 0; i < ui.settings.recent_files.size(); ++i) {
    const std::string& path = ui.settings.recent_files[i];
    add({Kind::beside, Command::escape, {}, path}, "beside.recent." + std::to_string(i), "palette.beside", path, {},
        "palette.beside");
    entries_.back().label = "B: " + std::filesystem::path(path).filename().string();
  }
}

void CommandPalette::filter() {
  if (filtered_by_ == wanted_) return;
  filtered_by_ = wanted_;
  std::vector<std::pair<int, size_t>> fits;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::optional<int> by_label = fuzzy_score(wanted_, entries_[i].label);
    const std::optional<int> by_others = fuzzy_score(wanted_, entries_[i].label + " " + entries_[i].others);
    if (!by_label && !by_others) continue;
    // What is read on the screen counts a little more.
    fits.emplace_back(std::max(by_label ? *by_label + 1500 : 0, by_others.value_or(0)), i);
  }
  std::stable_sort(fits.begin(), fits.end(),
                   [this](const auto& a, const auto& b) { return wanted_.empty() ? false : a.first > b.first; });
  shown_.clear();
  for (const auto& fit : fits) shown_.push_back(fit.second);
  current_ = first_ = 0;
}

std::optional<PaletteChoice> CommandPalette::draw(UiContext& ui) {
  if (!open_) return std::nullopt;
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const float width = std::min(ui.px(kWidth), screen.x - ui.px(32));
  const float row = ui.px(kRow);
  const float top = std::floor(std::min(ui.px(72), screen.y * 0.1f));
  const float head = ImGui::GetFrameHeight() + ui.px(12 + 8);
  const size_t room =
      std::clamp<size_t>(static_cast<size_t>(std::max(1.0f, (screen.y - top - head - ui.px(32)) / row)), 1, kMostRows);
  const size_t rows = std::min(room, std::max<size_t>(shown_.size(), 1));
  const float height = head + static_cast<float>(rows) * row + ui.px(8);
  ImGui::SetNextWindowPos({std::floor((screen.x - width) / 2), top});
  ImGui::SetNextWindowSize({width, height});
  ImGui::PushStyleColor(ImGuiCol_WindowBg, ui_color(ui, Role::canvas));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(12), ui.px(12)));
  ImGui::Begin("##palette", nullptr,
               ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoScrollbar |
                   ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  if (appearing_) {
    ImGui::SetWindowFocus();
    ImGui::SetKeyboardFocusHere();
  }
  bool entered = false;
  ui_text_field(ui, "palette.search", wanted_, -0.01f, ui.text("palette.hint"), &entered);
  ui.shows(wanted_);
  filter();

  if (!shown_.empty()) {
    const auto last = shown_.size() - 1;
    if (key_pressed(ImGuiKey_DownArrow)) current_ = current_ == last ? 0 : current_ + 1;
    if (key_pressed(ImGuiKey_UpArrow)) current_ = current_ == 0 ? last : current_ - 1;
    if (key_pressed(ImGuiKey_PageDown)) current_ = std::min(last, current_ + rows);
    if (key_pressed(ImGuiKey_PageUp)) current_ = current_ > rows ? current_ - rows : 0;
    const bool moved = key_pressed(ImGuiKey_DownArrow) || key_pressed(ImGuiKey_UpArrow) ||
                       key_pressed(ImGuiKey_PageDown) || key_pressed(ImGuiKey_PageUp);
    if (moved) {
      if (current_ < first_) first_ = current_;
      if (current_ >= first_ + rows) first_ = current_ + 1 - rows;
    } else if (ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows)) {
      const auto lines = static_cast<int64_t>(std::lround(-3 * ImGui::GetIO().MouseWheel));
      const auto most = static_cast<int64_t>(shown_.size() - std::min(rows, shown_.size()));
      first_ = static_cast<size_t>(std::clamp<int64_t>(static_cast<int64_t>(first_) + lines, 0, most));
    }
  }

  std::optional<PaletteChoice> chosen;
  ImDrawList* list = ImGui::GetWindowDrawList();
  ImGui::SetCursorPosY(head - ui.px(4));
  if (shown_.empty()) {
    ui_words(ui, ui.text("palette.nothing"), Role::secondary);
    ui.widgets.note_item("palette.nothing");
  }
  const float inner = ImGui::GetContentRegionAvail().x;
  const ImVec2 mouse = ImGui::GetIO().MouseDelta;
  for (size_t i = first_; i < std::min(shown_.size(), first_ + rows); ++i) {
    const Entry& entry = entries_[shown_[i]];
    ImGui::SetCursorPosY(head - ui.px(4) + static_cast<float>(i - first_) * row);
    ImGui::PushID(static_cast<int>(shown_[i]));
    if (ImGui::InvisibleButton("##row", {inner, row})) chosen = entry.choice;
    ImGui::PopID();
    // The pointer chooses where it is moved, not where it happens to lie.
    if (ImGui::IsItemHovered() && (mouse.x != 0 || mouse.y != 0)) current_ = i;
    const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
    ui.widgets.note_item(entry.widget);
    if (i == current_) list->AddRectFilled(low, high, ui_color32(ui, Role::accent, 0.14f), ui.px(6));
    const float y = std::floor((low.y + high.y - ImGui::GetFontSize()) / 2);
    float right = high.x - ui.px(8);
    if (!entry.keys.empty()) {
      const float caps = draw_key_caps(ui, entry.keys, 0, 0, true);
      right -= caps - ui.px(6);
      draw_key_caps(ui, entry.keys, right, std::floor((low.y + high.y - ImGui::GetFontSize() - ui.px(6)) / 2));
    } else {
      const UiFont caption(ui.fonts.caption);
      const char* const kind = ui.text(entry.kind_key);
      const ImVec2 size = ImGui::CalcTextSize(kind);
      right -= size.x;
      list->AddText({right, std::floor((low.y + high.y - size.y) / 2)}, ui_color32(ui, Role::secondary), kind);
    }
    list->PushClipRect(low, {right - ui.px(8), high.y}, true);
    list->AddText({low.x + ui.px(12), y}, ui_color32(ui, i == current_ ? Role::accent : Role::text),
                  entry.label.c_str());
    list->PopClipRect();
  }
  if ((entered || enter_key_pressed()) && !shown_.empty() && !appearing_) chosen = entries_[shown_[current_]].choice;
  const ImVec2 low = ImGui::GetWindowPos();
  const bool outside = ImGui::IsMouseClicked(ImGuiMouseButton_Left) && !appearing_ &&
                       !ImGui::IsMouseHoveringRect(low, {low.x + width, low.y + height}, false);
  ui.widgets.note_rect("palette", low.x, low.y, low.x + width, low.y + height);
  if (outside || key_pressed(ImGuiKey_Escape) || chosen) open_ = false;
  appearing_ = false;
  ImGui::End();
  return chosen;
}

void MainWindow::choose(UiContext& ui, const PaletteChoice& choice) {
  switch (choice.kind) {
    case PaletteChoice::Kind::command:
      run(choice.command);
      break;
    case PaletteChoice::Kind::open:
      open(choice.name);
      break;
    case PaletteChoice::Kind::beside:
      open_beside(choice.name);
      break;
    case PaletteChoice::Kind::lesson:
      open_lesson(choice.name);
      break;
    case PaletteChoice::Kind::lens:
      workbench_->apply_view([&](Session& session) { session.lens = choice.lens; });
      break;
    case PaletteChoice::Kind::operation:
      workbench_->apply(edit_operation(choice.name, LastGood(ui.workbench.computation())));
      break;
    case PaletteChoice::Kind::panel:
      set_presenting(false);
      settings_.side_panel = choice.name;
      settings_.left_open = settings_.right_open = true;
      break;
  }
}

}  // namespace convscope
