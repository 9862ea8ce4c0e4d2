#include "app/gui/field_panels.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "app/gui/widgets.h"
#include "app/scene/field_trace.h"
#include "app/scene/receptive_field_lens.h"
#include "app/session/chains.h"

namespace convscope {

namespace {

std::string with_minus(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "\u2212");
  return text;
}
std::string text_of(int64_t value) { return with_minus(std::to_string(value)); }
std::string text_of(const Fraction& value) { return with_minus(value.to_string()); }

// ---------------------------------------------------------------------------------------------------------------------
// The layer

/// One number of a layer's field and where it comes from: "5 = 3 + 2·1".
struct Line {
  const char* key = nullptr;  // of its name
  std::string value, from;
};

struct LayerWords {
  ChainPlanPtr chain;
  int layer = -1;
  Language language = Language::en;
  std::string title, summary;
  std::vector<Line> lines;
};

/// How a direct layer changes the field, along one axis.
void add_lines(LayerWords& words, const ChainPlan& chain, size_t layer, int axis) {
  const auto at = static_cast<size_t>(axis);
  const FieldAxis first;
  const FieldAxis& before = layer == 0 ? first : chain.fields.layers[layer - 1].axes[at];
  const FieldAxis& after = chain.fields.layers[layer].axes[at];
  const WindowAxis& window = chain.fields.windows[layer].axis(axis);
  bool direct = true;
  for (size_t i = 0; i <= layer; ++i) direct = direct && !chain.chain.layers[i].transposes();
  const auto add = [&](const char* key, std::string value, std::string from) {
    words.lines.push_back({key, std::move(value), direct ? std::move(from) : std::string()});
  };
  // Without any padding the field of cell 0 begins where that of the layer before does.
  const std::string jump = text_of(before.stride);
  add("field.line.kernel", text_of(after.effective_kernel),
      "= " + text_of(window.dilation) + "\u00b7(" + text_of(window.kernel) + " \u2212 1) + 1");
  add("field.line.size",
      after.smallest == after.size ? text_of(after.size) : text_of(after.smallest) + " \u2026 " + text_of(after.size),
      "= " + text_of(before.size) + " + (" + text_of(after.effective_kernel) + " \u2212 1)\u00b7" + jump);
  add("field.line.jump", text_of(after.stride), "= " + jump + "\u00b7" + text_of(window.stride));
  add("field.line.start", text_of(after.start),
      "= " + text_of(before.start) + " \u2212 " + text_of(window.pad_begin) + "\u00b7" + jump);
  add("field.line.overlap", text_of(after.overlap), "= " + text_of(after.size) + " \u2212 " + text_of(after.stride));
}

const LayerWords& layer_words(Language language, const ChainPlanPtr& chain, int layer) {
  static LayerWords words;
  if (words.chain == chain && words.layer == layer && words.language == language) return words;
  words = {chain, layer, language, {}, {}, {}};
  words.title = level_name(language, *chain, layer + 1);
  words.summary = layer_summary(chain->chain.layers[static_cast<size_t>(layer)]);
  const auto at = static_cast<size_t>(layer);
  add_lines(words, *chain, at, chain->col_axis());
  bool alike = true;
  for (const FieldAxis& axis : chain->fields.layers[at].axes) alike = alike && axis == chain->fields.layers[at].axes[0];
  if (!alike && chain->row_axis() >= 0) {
    // Height before width, as everywhere.
    std::vector<Line> width = std::move(words.lines);
    words.lines.clear();
    for (int axis = 0; axis <= chain->row_axis(); ++axis) add_lines(words, *chain, at, axis);
    words.lines.insert(words.lines.end(), width.begin(), width.end());
  }
  return words;
}

int shown_layer(const UiContext& ui, const ChainPlan& chain) {
  if (ui.hovered) {
    const std::optional<ChainCell> cell = chain_cell(chain, *ui.hovered);
    if (cell && cell->level > 0) return cell->level - 1;
  }
  const int open = selected_chain_layer(), last = chain.last_level() - 1;
  return open >= 0 ? std::min(open, last) : last;
}

// ---------------------------------------------------------------------------------------------------------------------
// The cell

struct CellWords {
  ChainPlanPtr chain;
  int level = -1;
  Spatial cell;
  Language language = Language::en;
  std::string chip;
  bool gaps = false;
  /// From the cell's own level to the input: name, rows, columns, padding.
  std::vector<std::array<std::string, 4>> rows;
};

/// "0..4", with the count where gaps lie between; "-" for nothing.
std::string runs_text(Language language, const CellRuns& runs) {
  if (runs.empty()) return "\u2014";
  const int64_t first = runs.front().first, last = runs.back().last;
  std::string text = first == last ? text_of(first) : text_of(first) + "\u2026" + text_of(last);
  if (runs.size() == 1) return text;
  return tr(language, "field.with_gaps", {text, std::to_string(count_cells(runs))});
}

const CellWords& cell_words(Language language, const FieldTrace& trace) {
  static CellWords words;
  if (words.chain == trace.chain && words.level == trace.level && words.cell == trace.cell &&
      words.language == language) {
    return words;
  }
  words = {trace.chain, trace.level, trace.cell, language, {}, false, {}};
  const ChainPlan& chain = *trace.chain;
  words.chip = level_name(language, chain, trace.level) + "[";
  for (int axis = 0; axis < trace.cell.dims(); ++axis) {
    words.chip += (axis > 0 ? ", " : "") + std::to_string(trace.cell[axis]);
  }
  words.chip += "]";
  for (int level = trace.level; level >= 0; --level) {
    const LitLevel& lit = trace.levels[static_cast<size_t>(level)];
    const int64_t read = count_cells(lit.read_rows) * count_cells(lit.read_cols);
    const int64_t own = count_cells(lit.rows) * count_cells(lit.cols);
    words.gaps = words.gaps || lit.rows.size() > 1 || lit.cols.size() > 1;
    words.rows.push_back({level_name(language, chain, level), runs_text(language, lit.rows),
                          runs_text(language, lit.cols), read == own ? std::string("\u2014") : text_of(read - own)});
  }
  return words;
}

void right_aligned(UiContext& ui, const std::string& text, Role role) {
  const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopStyleColor();
}

void draw_rows(UiContext& ui, const CellWords& words) {
  constexpr float kRowsInSight = 12.4f;
  const UiFont small(ui.fonts.caption);
  const float height =
      (ImGui::GetTextLineHeight() + ui.px(4)) * (std::min(static_cast<float>(words.rows.size()), kRowsInSight) + 1.2f);
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(3), ui.px(2)));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp |
                                     ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersOuterH;
  if (ImGui::BeginTable("##seen", 4, kFlags, {0, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("##level", ImGuiTableColumnFlags_WidthStretch, 1.3f);
    ImGui::TableSetupColumn("##rows", ImGuiTableColumnFlags_WidthStretch, 1);
    ImGui::TableSetupColumn("##columns", ImGuiTableColumnFlags_WidthStretch, 1);
    ImGui::TableSetupColumn("##padding", ImGuiTableColumnFlags_WidthStretch, 0.7f);
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    ImGui::TableNextColumn();
    ui_words(ui, ui.text("field.layer"), Role::secondary);
    for (const char* key : {"cli.field.rows", "cli.field.columns", "field.padding"}) {
      ImGui::TableNextColumn();
      right_aligned(ui, ui.text(key), Role::secondary);
    }
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(words.rows.size()));
    while (clipper.Step()) {
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const auto& row = words.rows[static_cast<size_t>(i)];
        const bool input = static_cast<size_t>(i) + 1 == words.rows.size();
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ui.shows(row[0]);
        ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, input ? Role::input : Role::output));
        ImGui::TextUnformatted(row[0].c_str());
        ImGui::PopStyleColor();
        for (size_t column = 1; column < row.size(); ++column) {
          ImGui::TableNextColumn();
          right_aligned(ui, row[column], column == 3 ? Role::secondary : Role::text);
        }
      }
    }
    ImGui::EndTable();
    ui.widgets.note_item("field.seen");
  }
  ImGui::PopStyleVar();
}

/// In the next column, on one line.
void plain(UiContext& ui, const char* text, Role role, ImFont* font) {
  ImGui::TableNextColumn();
  const UiFont scope(font);
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(text);
  ImGui::PopStyleColor();
}

}  // namespace

void draw_field_size(UiContext& ui) {
  const ComputationPtr computation = ui.workbench.computation();
  const ChainPlanPtr chain = computation ? computation->plan.chain() : nullptr;
  if (!chain) {
    ui_words(ui, ui.text("scene.field_no_chain"), Role::secondary);
    return;
  }
  ui.shows("\u00b7\u2212\u2026\u2014");
  const FormulaWords& formula = field_formula_words(ui.language(), chain);
  if (!formula.depth.empty()) ui_words(ui, formula.depth.c_str(), Role::text);
  ui_words(ui, formula.height.c_str(), Role::text);
  ui.widgets.note_item("field.formula");
  if (!formula.same) ui_words(ui, formula.width.c_str(), Role::text);
  ui_gap(ui, 8);
  const LayerWords& words = layer_words(ui.language(), chain, shown_layer(ui, *chain));
  ui.shows(words.title);
  ui_chip(ui, words.title.c_str(), Role::output);
  ui.widgets.note_item("field.shown_layer");
  ImGui::SameLine(0, ui.px(8));
  ImGui::AlignTextToFramePadding();
  ui_words(ui, words.summary.c_str(), Role::secondary, ui.fonts.mono);
  ui_gap(ui, 4);
  if (!ImGui::BeginTable("##field_lines", 3, ImGuiTableFlags_SizingFixedFit)) return;
  for (const Line& line : words.lines) {
    ImGui::TableNextRow();
    plain(ui, ui.text(line.key), Role::secondary, ui.fonts.body);
    plain(ui, line.value.c_str(), Role::text, ui.fonts.mono);
    plain(ui, line.from.c_str(), Role::secondary, ui.fonts.mono);
  }
  ImGui::EndTable();
}

void draw_field_cell_panel(UiContext& ui, const Computation& computation) {
  const ChainPlanPtr& chain = computation.plan.chain();
  if (!chain) {
    ui_words(ui, ui.text("scene.field_no_chain"), Role::secondary);
    return;
  }
  ui.shows("\u2212\u2026\u2014");
  const int64_t step = std::clamp<int64_t>(ui.playback.moment().step, 0, chain->steps() - 1);
  const std::optional<ChainCell> pointed = ui.hovered ? chain_cell(*chain, *ui.hovered) : std::nullopt;
  const FieldTrace& trace =
      pointed ? trace_of_pointed(chain, pointed->level, pointed->cell) : trace_of_step(chain, step);
  if (!trace.known()) {
    ui_words(ui, ui.text("scene.field_scattered"), Role::secondary);
    return;
  }
  const CellWords& words = cell_words(ui.language(), trace);
  ui.shows(words.chip);
  ui_chip(ui, words.chip.c_str(), trace.level == 0 ? Role::input : Role::output);
  ui.widgets.note_item("cell.name");
  ImGui::SameLine(0, ui.px(8));
  ImGui::AlignTextToFramePadding();
  ui_words(ui, ui.text(pointed ? "field.pointed" : "field.of_step"), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 4);
  draw_rows(ui, words);
  if (words.gaps) {
    ui_gap(ui, 4);
    ui_words(ui, ui.text("field.gaps_note"), Role::secondary, ui.fonts.caption);
  }
  if (trace.level == 0) {
    ui_gap(ui, 4);
    ui_words(ui, field_cell_words(ui.language(), chain, ref_of(*chain, 0, trace.cell)).c_str(), Role::secondary,
             ui.fonts.caption);
  }
}

}  // namespace convscope
