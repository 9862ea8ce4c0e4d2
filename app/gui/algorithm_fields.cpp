#include <imgui.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/parameters_parts.h"
#include "app/gui/widgets.h"
#include "app/session/operation_plan.h"

namespace convscope {

namespace {

struct AlgorithmRow {
  Algorithm algorithm;
  const char* label_key;
  const char* help_key;
};
constexpr std::array kRows = {
    AlgorithmRow{Algorithm::automatic, "algorithm.auto", "algorithm_help.auto"},
    AlgorithmRow{Algorithm::naive, "algorithm.naive", "algorithm_help.naive"},
    AlgorithmRow{Algorithm::slices, "algorithm.slices", "algorithm_help.slices"},
    AlgorithmRow{Algorithm::loops, "algorithm.loops", "algorithm_help.loops"},
    AlgorithmRow{Algorithm::im2col_per_channel, "algorithm.im2col_per_channel", "algorithm_help.im2col_per_channel"},
    AlgorithmRow{Algorithm::im2col, "algorithm.im2col", "algorithm_help.im2col"},
    AlgorithmRow{Algorithm::direct, "algorithm.direct", "algorithm_help.direct"},
    AlgorithmRow{Algorithm::toeplitz, "algorithm.toeplitz", "algorithm_help.toeplitz"},
    AlgorithmRow{Algorithm::winograd, "algorithm.winograd", "algorithm_help.winograd"},
    AlgorithmRow{Algorithm::fft, "algorithm.fft", "algorithm_help.fft"},
};

/// Of ConvTranspose2d.
constexpr std::array kTransposedRows = {
    AlgorithmRow{Algorithm::automatic, "algorithm.auto", "algorithm_help.transposed.auto"},
    AlgorithmRow{Algorithm::naive, "algorithm.naive", "algorithm_help.transposed.naive"},
    AlgorithmRow{Algorithm::im2col, "algorithm.transposed.im2col", "algorithm_help.transposed.im2col"},
};

/// What is shown of a result, put into words once per result and language.
struct Memory {
  struct Line {
    Algorithm algorithm = Algorithm::naive;
    std::string widget, text;  // "cross_check.row.slices", "1.91e-06 (3.5 %)"
    Role role = Role::text;
  };
  uint64_t result_id = 0;
  Language language = Language::en;
  std::string sentence, tolerance;
  bool good = false;
  std::vector<Line> lines;
  double busy_since = -1;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

std::string number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Whole, because a line of words may break at a decimal point.
std::string whole_percent(double part) {
  const double value = 100 * part;
  return value > 0 && value < 1 ? "< 1" : number("%.0f", value);
}

std::string cell_text(const OutputCell& cell) {
  char text[112];
  std::snprintf(text, sizeof text, "Y[%lld, %lld, %lld, %lld]", static_cast<long long>(cell.n),
                static_cast<long long>(cell.c), static_cast<long long>(cell.y), static_cast<long long>(cell.x));
  return text;
}

const char* label_key_of(Algorithm algorithm) {
  for (const AlgorithmRow& row : kRows) {
    if (row.algorithm == algorithm) return row.label_key;
  }
  return "";
}

std::string sentence_of(const CrossCheck& check, Language language) {
  const AlgorithmCheck& furthest = check.furthest();
  const std::string count = std::to_string(check.ran());
  const std::string part = whole_percent(check.part_of_tolerance(furthest));
  if (!check.all_agree()) {
    return tr(language, "cross_check.disagree",
              {std::string(tr(language, label_key_of(furthest.algorithm))), number("%.3g", furthest.worst.difference),
               cell_text(furthest.worst.cell)});
  }
  if (check.ran() < std::ssize(check.algorithms)) {
    return tr(language, "cross_check.rest_agree", {count, std::to_string(check.algorithms.size()), part});
  }
  if (furthest.worst.difference == 0) return tr(language, "cross_check.all_equal", {count});
  return tr(language, "cross_check.all_agree", {count, part});
}

Memory::Line line_of(const CrossCheck& check, const AlgorithmCheck& one, Language language) {
  Memory::Line line;
  line.algorithm = one.algorithm;
  line.widget = std::string("cross_check.row.") + name_of(one.algorithm);
  line.role = Role::secondary;
  if (one.refusal) {
    const bool no_room = one.refusal->code == "error.scratch_too_large";
    line.text = tr(language, no_room ? "cross_check.no_room" : "cross_check.cannot");
  } else if (one.algorithm == Algorithm::naive) {
    line.text = tr(language, "cross_check.reference");
  } else if (one.worst.difference == 0) {
    line.text = tr(language, "cross_check.equal");
  } else {
    line.role = check.agrees(one) ? Role::text : Role::error;
    line.text = number("%.3g", one.worst.difference) + number(" (%.2g %%)", 100 * check.part_of_tolerance(one));
  }
  return line;
}

void refresh(const UiContext& ui, const CrossChecker& checker) {
  Memory& m = memory();
  const CrossCheck* check = checker.result();
  if (check == nullptr || (m.result_id == checker.result_id() && m.language == ui.language())) return;
  m.result_id = checker.result_id();
  m.language = ui.language();
  m.good = check->all_agree();
  m.sentence = sentence_of(*check, m.language);
  m.tolerance = tr(m.language, "cross_check.tolerance_help", {number("%.3g", check->tolerance)});
  m.lines.clear();
  for (const AlgorithmCheck& one : check->algorithms) m.lines.push_back(line_of(*check, one, m.language));
}

void right_aligned(UiContext& ui, const char* text, Role role, ImFont* font) {
  const UiFont scope(font);
  const float width = ImGui::CalcTextSize(text).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(text);
  ImGui::PopStyleColor();
}

void draw_result(UiContext& ui) {
  const Memory& m = memory();
  const ImVec2 low = ImGui::GetCursorScreenPos();
  draw_icon(ImGui::GetWindowDrawList(), m.good ? Icon::check : Icon::warning,
            {low.x + ui.px(8), low.y + ImGui::GetFontSize() / 2}, ui.px(15),
            ui_color32(ui, m.good ? Role::output : Role::error));
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + ui.px(22));
  ImGui::BeginGroup();
  ui_words(ui, m.sentence.c_str(), m.good ? Role::text : Role::error);
  ImGui::EndGroup();
  ui.widgets.note_item("cross_check.result");
  ui_tooltip(ui, m.tolerance.c_str());
  ui_gap(ui, 2);
  right_aligned(ui, ui.text("cross_check.header"), Role::secondary, ui.fonts.caption);
  for (const Memory::Line& line : m.lines) {
    ui_words(ui, name_of(line.algorithm), Role::secondary, ui.fonts.mono);
    ImGui::SameLine(0, ui.px(8));
    right_aligned(ui, line.text.c_str(), line.role, ui.fonts.caption);
    ui.widgets.note_item(line.widget);
  }
}

/// The button, or how far the comparison is; then what it found.
void draw_cross_check(UiContext& ui) {
  Memory& m = memory();
  CrossChecker& checker = ui.workbench.cross_checker();
  if (!checker.busy()) {
    m.busy_since = -1;
  } else if (m.busy_since < 0) {
    m.busy_since = ui.time_seconds;
  }
  // What is done at once does not flicker.
  constexpr double kProgressDelay = 0.2;
  if (m.busy_since >= 0 && ui.time_seconds - m.busy_since > kProgressDelay) {
    ui_progress(ui, "cross_check.progress", checker.progress(), -72, "");
    ImGui::SameLine(0, ui.px(8));
    if (ui_button(ui, "cross_check.stop", ui.text("cross_check.stop"))) checker.forget();
    return;
  }
  ButtonOptions options;
  options.width = -0.01f;
  options.enabled = !checker.busy() && !ui.workbench.busy() && ui.workbench.error() == nullptr;
  if (ui_button(ui, "cross_check.run", ui.text("cross_check.run"), options)) {
    checker.start(ui.workbench.computation());
  }
  if (checker.error() != nullptr) {
    ui_error_line(ui, "cross_check", *checker.error());
  } else if (checker.result() != nullptr) {
    refresh(ui, checker);
    draw_result(ui);
  } else {
    ui_words(ui, ui.text("cross_check.run_help"), Role::secondary, ui.fonts.caption);
  }
}

}  // namespace

void draw_algorithm_fields(UiContext& ui) {
  const OperationFamily family = shown_family(ui.session().operation).value_or(OperationFamily::conv);
  const bool is_transposed = family == OperationFamily::conv_transpose;
  const std::span<const AlgorithmRow> rows = is_transposed ? std::span<const AlgorithmRow>(kTransposedRows) : kRows;
  std::array<const char*, kRows.size()> labels{};
  std::array<std::string_view, kRows.size()> keys{};
  const Algorithm chosen = algorithm_of(ui.session());
  int current = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    labels[i] = ui.text(rows[i].label_key);
    keys[i] = name_of(rows[i].algorithm);
    if (rows[i].algorithm == chosen) current = static_cast<int>(i);
  }
  if (ui_combo(ui, "algorithm", current, std::span(labels).first(rows.size()), -0.01f,
               std::span(keys).first(rows.size()))) {
    ui.workbench.apply(edit_algorithm(rows[static_cast<size_t>(current)].algorithm));
  }
  ui_tooltip(ui, ui.text("algorithm.choice_help"));
  ui_field_error(ui, "algorithm");
  ui_words(ui, ui.text(rows[static_cast<size_t>(current)].help_key), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 4);
  draw_cross_check(ui);
}

}  // namespace convscope
