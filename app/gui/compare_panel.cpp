#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/output_review.h"

namespace convscope {

namespace {

/// Of a cell: where it is and both its numbers.
struct CellWords {
  std::string place, yours, expected;
  int64_t step = 0;
};

struct CauseWords {
  std::string cause, fix;
};

/// Everything the panel shows, made anew when the review has something new to say.
struct Memory {
  uint64_t revision = 0;
  Language language = Language::en;
  bool known = false;
  std::string verdict, measure;  // one line, and one smaller line
  CellWords first, worst;
  bool has_worst = false;  // another cell than the first
  std::vector<std::vector<CauseWords>> explanations;
  std::string no_cause, closest, small;
  std::vector<std::string> same_shape;
  std::string yours_shape, expected_shape;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

std::string rounded(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

CellWords words_of(const OutputCheck& check, const Tensor& expected, int64_t flat) {
  CellWords words;
  words.place = "y[" + index_of(check.expected, flat).to_string() + "]";
  words.yours = number_text(check.output, flat);
  words.expected = number_text(expected, flat);
  words.step = flat;
  return words;
}

void write_diagnosis(Memory& m, const Diagnosis& diagnosis, Language language) {
  const auto words = [language](const Cause& cause) { return tr(language, cause.code, cause.args); };
  for (const Explanation& explanation : diagnosis.explanations) {
    std::vector<CauseWords>& causes = m.explanations.emplace_back();
    for (const Cause& cause : explanation.causes) {
      causes.push_back({words(cause), tr(language, cause.code + ".fix", cause.args)});
    }
  }
  if (!diagnosis.explanations.empty()) return;
  const char* key = diagnosis.tried > 0 ? "compare.no_cause" : "compare.no_such_shape";
  m.no_cause = tr(language, key, {std::to_string(diagnosis.tried)});
  if (diagnosis.closest) {
    m.closest = tr(language, "compare.closest",
                   {words(diagnosis.closest->causes.front()), std::to_string(diagnosis.closest->cells_agreeing),
                    std::to_string(diagnosis.closest->cells_checked)});
  }
  constexpr size_t kMostShown = 3;
  for (const Cause& cause : diagnosis.same_shape) {
    if (m.same_shape.size() < kMostShown) {
      m.same_shape.push_back(tr(language, "compare.same_shape", {words(cause)}));
    }
  }
}

void refresh(const UiContext& ui) {
  Memory& m = memory();
  const OutputReview& review = *ui.review;
  const Language language = ui.language();
  if (m.revision == review.revision() && m.language == language) return;
  m = Memory{};
  m.revision = review.revision();
  m.language = language;
  const OutputCheck* check = review.check();
  if (check == nullptr) return;
  m.known = true;
  const Tensor& expected = review.computation()->tensors.output;
  if (!check->comparison) {
    m.verdict = tr(language, "compare.shape_wrong");
    m.yours_shape = check->yours.to_string("x");
    m.expected_shape = check->expected.to_string("x");
  } else if (check->agrees()) {
    m.verdict = tr(language, "compare.agrees", {std::to_string(check->comparison->cells)});
    m.measure = tr(language, "compare.agrees_by",
                   {rounded(check->comparison->largest_difference), rounded(check->comparison->allowed)});
  } else {
    const Comparison& comparison = *check->comparison;
    m.verdict = tr(language, "compare.wrong", {std::to_string(comparison.wrong), std::to_string(comparison.cells)});
    m.first = words_of(*check, expected, comparison.first_wrong);
    m.has_worst = comparison.worst != comparison.first_wrong;
    if (m.has_worst) m.worst = words_of(*check, expected, comparison.worst);
    if (comparison.is_small()) m.small = tr(language, "compare.small", {rounded(comparison.largest_difference)});
  }
  if (check->agrees()) return;
  if (review.computation()->plan.conv2d() != nullptr) {
    write_diagnosis(m, check->diagnosis, language);
  } else {
    m.no_cause = tr(language, "compare.causes_of_conv2d");
  }
}

// ---------------------------------------------------------------------------------------------------------------

void paste(UiContext& ui) {
  const char* clipboard = ImGui::GetClipboardText();
  ui.review->paste(clipboard ? clipboard : "");
}

void draw_intro(UiContext& ui) {
  ui_words(ui, ui.text("compare.intro"), Role::secondary);
  ui_gap(ui, 8);
  if (ui_icon_label_button(ui, "compare.paste", Icon::grid, ui.text("compare.paste"))) paste(ui);
  ui_tooltip(ui, ui.text("compare.paste_help"));
  ImGui::SameLine(0, ui.px(8));
  if (ui_icon_label_button(ui, "compare.open", Icon::folder, ui.text("compare.open"))) ui.requests.choose_output = true;
  ui_tooltip(ui, ui.text("compare.open_help"));
}

/// The buttons for another output.
void draw_buttons(UiContext& ui) {
  if (ui_icon_button(ui, "compare.paste", Icon::grid, ui.text("compare.paste_help"))) paste(ui);
  ImGui::SameLine(0, ui.px(2));
  if (ui_icon_button(ui, "compare.open", Icon::folder, ui.text("compare.open_help"))) ui.requests.choose_output = true;
  ImGui::SameLine(0, ui.px(2));
  if (ui_icon_button(ui, "compare.clear", Icon::close, ui.text("compare.clear"))) ui.review->clear();
}

void draw_number(UiContext& ui, const char* key, const std::string& text, Role role) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ui_words(ui, ui.text(key), Role::secondary);
  ImGui::TableNextColumn();
  ui.shows(text);
  ui_words(ui, text.c_str(), role, ui.fonts.mono);
}

bool begin_numbers(UiContext& ui, const char* id) {
  if (!ImGui::BeginTable(id, 2, ImGuiTableFlags_SizingFixedFit)) return false;
  ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthFixed, ui.px(96));
  ImGui::TableSetupColumn("##value", ImGuiTableColumnFlags_WidthStretch);
  return true;
}

/// Both numbers side by side where there is room, else one below the other.
void draw_numbers(UiContext& ui, const char* id, const CellWords& cell) {
  const auto width = [](ImFont* font, const char* text) {
    const UiFont scope(font);
    return ImGui::CalcTextSize(text).x;
  };
  const char* const yours = ui.text("compare.yours");
  const char* const expected = ui.text("compare.expected");
  const float gap = ui.px(6), between = ui.px(16);
  const float needed = width(ui.fonts.body, yours) + width(ui.fonts.body, expected) + 2 * gap + between +
                       width(ui.fonts.mono, cell.yours.c_str()) + width(ui.fonts.mono, cell.expected.c_str());
  if (needed > ImGui::GetContentRegionAvail().x) {
    if (!begin_numbers(ui, id)) return;
    draw_number(ui, "compare.yours", cell.yours, Role::error);
    draw_number(ui, "compare.expected", cell.expected, Role::output);
    ImGui::EndTable();
    return;
  }
  ui_words(ui, yours, Role::secondary);
  ImGui::SameLine(0, gap);
  ui_words(ui, cell.yours.c_str(), Role::error, ui.fonts.mono);
  ImGui::SameLine(0, between);
  ui_words(ui, expected, Role::secondary);
  ImGui::SameLine(0, gap);
  ui_words(ui, cell.expected.c_str(), Role::output, ui.fonts.mono);
}

/// The cell's place is a button: it shows the step that computes it.
void draw_cell(UiContext& ui, const char* name, const char* title_key, const CellWords& cell) {
  ImGui::AlignTextToFramePadding();
  ui_words(ui, ui.text(title_key), Role::secondary);
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions options;
  options.tooltip = ui.text("compare.go");
  if (ui_button(ui, name, cell.place.c_str(), options)) {
    ui.playback.pause();
    // A transposed convolution has the cell's own step in one lens, in the others one whose stamp lies around it.
    const ComputationPtr& computed = ui.review->computation();
    const int64_t step = step_across(computed->plan, Lens::gather, cell.step, ui.session().lens);
    ui.playback.go_to(step, ui.workbench.step_count());
  }
  draw_numbers(ui, name, cell);
}

void draw_causes(UiContext& ui) {
  const Memory& m = memory();
  ui_gap(ui, 4);
  ui_rule(ui);
  ui_gap(ui, 4);
  for (size_t i = 0; i < m.explanations.size(); ++i) {
    if (i > 0) ui_words(ui, ui.text("compare.also"), Role::secondary, ui.fonts.caption);
    for (size_t j = 0; j < m.explanations[i].size(); ++j) {
      if (j > 0) ui_words(ui, ui.text("compare.and"), Role::secondary, ui.fonts.caption);
      ui_words(ui, m.explanations[i][j].cause.c_str(), Role::text, ui.fonts.bold);
      if (i == 0 && j == 0) ui.widgets.note_item("compare.cause");
      ui_words(ui, m.explanations[i][j].fix.c_str(), Role::text);
      ui_gap(ui, 4);
    }
  }
  if (!m.explanations.empty()) return;
  ui_words(ui, m.no_cause.c_str(), Role::text);
  ui.widgets.note_item("compare.no_cause");
  if (!m.small.empty()) {
    ui_gap(ui, 4);
    ui_words(ui, m.small.c_str(), Role::text);
  }
  if (!m.closest.empty()) {
    ui_gap(ui, 4);
    ui_words(ui, m.closest.c_str(), Role::secondary);
  }
  for (const std::string& line : m.same_shape) {
    ui_gap(ui, 4);
    ui_words(ui, line.c_str(), Role::secondary);
  }
}

/// Whether it agrees, in one line.
void draw_verdict(UiContext& ui, const OutputCheck& check) {
  const Memory& m = memory();
  const float size = ImGui::GetTextLineHeight();
  ImGui::AlignTextToFramePadding();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  draw_icon(ImGui::GetWindowDrawList(), check.agrees() ? Icon::check : Icon::warning,
            {at.x + size / 2, at.y + ImGui::GetFrameHeight() / 2}, size,
            ui_color32(ui, check.agrees() ? Role::accent : Role::error));
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + size + ui.px(6));
  ui_words(ui, m.verdict.c_str(), check.agrees() ? Role::text : Role::error, ui.fonts.bold);
  ui.widgets.note_item(check.agrees() ? "compare.agrees" : check.comparison ? "compare.wrong" : "compare.shape_wrong");
}

/// What there is to say in one line, and the buttons beside it.
void draw_head(UiContext& ui) {
  const OutputReview& review = *ui.review;
  constexpr float kButtons = 3;
  const float width = kButtons * ImGui::GetFrameHeight() + (kButtons - 1) * ui.px(2);
  if (!ImGui::BeginTable("##head", 2, ImGuiTableFlags_SizingFixedFit)) return;
  ImGui::TableSetupColumn("##verdict", ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableSetupColumn("##buttons", ImGuiTableColumnFlags_WidthFixed, width);
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  if (review.error() != nullptr) {
    ui_error_line(ui, "compare", *review.error());
  } else if (ui.workbench.busy()) {
    ImGui::AlignTextToFramePadding();
    ui_words(ui, ui.text("compare.waiting"), Role::secondary);
  } else if (review.busy()) {
    ui_progress(ui, "compare.progress", review.progress(), -0.01f, ui.text("compare.busy"));
  } else if (review.check() != nullptr) {
    draw_verdict(ui, *review.check());
  }
  ImGui::TableNextColumn();
  draw_buttons(ui);
  ImGui::EndTable();
}

void draw_details(UiContext& ui, const OutputCheck& check) {
  const Memory& m = memory();
  if (check.agrees()) {
    ui_words(ui, m.measure.c_str(), Role::secondary, ui.fonts.caption);
    return;
  }
  if (check.comparison) {
    draw_cell(ui, "compare.first", "compare.first_wrong", m.first);
  } else if (begin_numbers(ui, "##shapes")) {
    draw_number(ui, "compare.yours", m.yours_shape, Role::error);
    draw_number(ui, "compare.expected", m.expected_shape, Role::output);
    ImGui::EndTable();
  }
  draw_causes(ui);
  if (!m.has_worst) return;
  ui_gap(ui, 4);
  ui_rule(ui);
  ui_gap(ui, 4);
  draw_cell(ui, "compare.worst", "compare.worst", m.worst);
}

}  // namespace

void draw_compare_panel(UiContext& ui) {
  OutputReview& review = *ui.review;
  refresh(ui);
  if (!review.has_output()) {
    draw_intro(ui);
    if (review.error() != nullptr) ui_error_line(ui, "compare", *review.error());
    return;
  }
  draw_head(ui);
  const bool is_settled = review.error() == nullptr && !review.busy() && !ui.workbench.busy();
  if (is_settled && review.check() != nullptr) draw_details(ui, *review.check());
}

}  // namespace convscope
