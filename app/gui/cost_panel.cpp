#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "engine/operation_cost.h"

namespace convscope {

namespace {

/// The panel's words, made anew when the plan changes.
struct Memory {
  std::optional<OperationPlan> plan;
  Language language = Language::en;
  bool fits = true;
  std::string parameters, parameters_formula, macs, macs_formula;
  std::string input, weight, bias, output, im2col, blow_up, intensity;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

/// 1234567 as "1,234,567".
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), 1, ',');
  }
  return digits;
}

std::string bytes_text(int64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(),
                unit == 0    ? "%.0f %s"
                : value < 10 ? "%.2f %s"
                             : "%.1f %s",
                value, kUnits[unit]);
  return text.data();
}

std::string significant(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

Result<OperationCost> cost_of(const OperationPlan& plan) {
  if (plan.conv2d() != nullptr) return cost_of(*plan.conv2d());
  if (plan.volume() != nullptr) return cost_of(*plan.volume());
  return plan.transposed() != nullptr ? cost_of(*plan.transposed()) : cost_of(*plan.pool());
}

void refresh(const UiContext& ui, const OperationPlan& plan) {
  Memory& m = memory();
  if (m.plan == plan && m.language == ui.language()) return;
  m.plan = plan;
  m.language = ui.language();
  const Result<OperationCost> cost = cost_of(plan);
  m.fits = cost.ok();
  if (!cost) return;
  constexpr const char* kTimes = "\u00b7";
  m.parameters = grouped(cost->parameters);
  m.parameters_formula = parameters_formula(*cost, kTimes);
  m.macs = grouped(plan.pool() != nullptr ? cost->window_operations : cost->macs);
  m.macs_formula = operations_formula(*cost, kTimes);
  m.input = bytes_text(cost->input_bytes);
  m.weight = bytes_text(cost->weight_bytes);
  m.bias = bytes_text(cost->bias_bytes);
  m.output = bytes_text(cost->output_bytes);
  m.im2col = bytes_text(cost->im2col_bytes);
  m.blow_up = tr(ui.language(), "cost.blow_up", {significant(cost->im2col_blow_up)});
  m.intensity = tr(ui.language(), "cost.flop_per_byte", {significant(cost->intensity)});
}

void right_aligned(UiContext& ui, const std::string& text, Role role, ImFont* font) {
  const UiFont scope(font);
  const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
  ui_words(ui, text.c_str(), role, font);
}

/// A name, its number at the right edge, and under the number how it comes about.
struct Row {
  const char* name;            // key and widget
  Role role = Role::text;      // of the number
  const char* help = nullptr;  // key
  const std::string* formula = nullptr;
};

void draw_row(UiContext& ui, const Row& row, const std::string& value) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextUnformatted(ui.text(row.name));
  if (row.help != nullptr) ui_tooltip(ui, ui.text(row.help));
  ImGui::TableNextColumn();
  right_aligned(ui, value, row.role, ui.fonts.mono);
  ui.widgets.note_item(row.name);
  if (row.formula == nullptr) return;
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TableNextColumn();
  right_aligned(ui, *row.formula, Role::secondary, ui.fonts.caption);
}

bool begin_table(UiContext& ui, const char* id) {
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(0, ui.px(2)));
  if (!ImGui::BeginTable(id, 2, ImGuiTableFlags_SizingFixedFit)) {
    ImGui::PopStyleVar();
    return false;
  }
  ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthFixed);
  ImGui::TableSetupColumn("##value", ImGuiTableColumnFlags_WidthStretch);
  return true;
}

void end_table() {
  ImGui::EndTable();
  ImGui::PopStyleVar();
}

}  // namespace

void draw_cost_panel(UiContext& ui) {
  const Memory& m = memory();
  const OperationPlan* plan = ui.workbench.operation_plan();
  if (plan) refresh(ui, *plan);
  if (!m.plan) {
    ui_words(ui, ui.text("cost.none"), Role::secondary);
    return;
  }
  if (!m.fits) {
    ui_words(ui, ui.text("cost.too_large"), Role::secondary);
    return;
  }
  if (begin_table(ui, "##operations")) {
    draw_row(ui, {"cost.parameters", Role::text, "cost.parameters_help", &m.parameters_formula}, m.parameters);
    if (m.plan->pool() == nullptr) {
      draw_row(ui, {"cost.macs", Role::text, "cost.macs_help", &m.macs_formula}, m.macs);
    } else {
      draw_row(ui, {"cost.window_operations", Role::text, "cost.window_operations_help", &m.macs_formula}, m.macs);
    }
    end_table();
  }
  ui_gap(ui, 4);
  ui_rule(ui);
  ui_gap(ui, 4);
  if (begin_table(ui, "##bytes")) {
    draw_row(ui, {"cost.input", Role::input}, m.input);
    if (m.plan->has_weight()) draw_row(ui, {"cost.weight", Role::weight}, m.weight);
    if (m.plan->has_bias()) draw_row(ui, {"cost.bias", Role::bias}, m.bias);
    draw_row(ui, {"cost.output", Role::output}, m.output);
    draw_row(ui, {"cost.im2col", Role::text, "cost.im2col_help", &m.blow_up}, m.im2col);
    end_table();
  }
  ui_gap(ui, 4);
  ui_rule(ui);
  ui_gap(ui, 4);
  if (begin_table(ui, "##intensity")) {
    draw_row(ui, {"cost.intensity", Role::text, "cost.intensity_help"}, m.intensity);
    end_table();
  }
}

}  // namespace convscope
