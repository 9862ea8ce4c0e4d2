// What the panels of a cell share: numbers as short texts, tables of which only the rows in sight are drawn, totals.
#pragma once

#include <imgui.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "app/gui/ui_context.h"
#include "app/gui/widgets.h"
#include "app/scene/scene.h"

namespace convscope::cell_tables {

/// A text on the stack.
struct Words {
  std::array<char, 96> text{};
  const char* c_str() const { return text.data(); }
};

template <class... Numbers>
Words words(const char* format, Numbers... numbers) {
  Words result;
  std::snprintf(result.text.data(), result.text.size(), format, static_cast<long long>(numbers)...);
  return result;
}

/// At four decimals, or none.
Words number(double value, bool integral);
/// "X[0, 0, 1, 2]"
Words name_of_cell(const char* tensor, const CellRef& ref);

struct Column {
  const char* heading;
  Role role;
  float weight = 1;
};

void right_aligned(UiContext& ui, const char* text, Role role, ImFont* font);
/// The next cell of a row.
void cell(UiContext& ui, const Words& text, Role role);
/// A line with its number at the right end.
void draw_total(UiContext& ui, const char* widget, const char* label, const char* sign, const Words& value, Role role,
                bool strong);
/// The cell's name and which step (from 0) it is, or that it is pointed at.
void draw_head(UiContext& ui, const char* tensor, const CellRef& ref, Role role, int64_t step, bool pointed);
/// The same of a name with as many indices as it likes; `shows` is the widget that scripts ask for.
void draw_head(UiContext& ui, const Words& name, const Words& shows, Role role, int64_t step, bool pointed);

/// A table whose rows `draw_row(row)` fills; only what is in sight is drawn.
template <class DrawRow>
void draw_rows(UiContext& ui, const char* widget, std::span<const Column> columns, int rows, DrawRow draw_row) {
  constexpr float kRowsInSight = 9.4f;
  const UiFont small(ui.fonts.caption);
  const float row_height = ImGui::GetTextLineHeight() + ui.px(4);
  const float height = row_height * (std::min(static_cast<float>(rows), kRowsInSight) + 1.2f);
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(3), ui.px(2)));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp |
                                     ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersOuterH;
  if (ImGui::BeginTable(widget, static_cast<int>(columns.size()), kFlags, {0, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    for (const Column& column : columns) {
      ImGui::TableSetupColumn(column.heading, ImGuiTableColumnFlags_WidthStretch, column.weight);
    }
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    for (const Column& column : columns) {
      ImGui::TableNextColumn();
      right_aligned(ui, column.heading, column.role, ui.fonts.caption);
    }
    ImGuiListClipper clipper;
    clipper.Begin(rows);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        ImGui::TableNextRow();
        draw_row(row);
      }
    }
    ImGui::EndTable();
    ui.widgets.note_item(widget);
  }
  ImGui::PopStyleVar();
}

}  // namespace convscope::cell_tables
