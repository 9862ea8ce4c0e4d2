#include "app/gui/side_panels.h"

#include <algorithm>
#include <array>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/operation_plan.h"

namespace convscope {

namespace {

constexpr std::array kPanels = {
    SidePanel{"cell", "tab.cell", draw_cell_panel},
    SidePanel{"code", "tab.code", draw_code_panel},
    SidePanel{"inspect", "tab.inspect", draw_inspect_panel},
    SidePanel{"compare", "tab.compare", draw_compare_panel},
    SidePanel{"cost", "tab.cost", draw_cost_panel},
    SidePanel{"solver", "tab.solver", draw_solver_panel},
    SidePanel{"field", "tab.field", draw_receptive_field_panel},
};
constexpr size_t kMostTabs = kPanels.size() + kMostFirstTabs;
/// Around a tab's word, both sides together, logical pixels.
constexpr float kLeastPadding = 12;

struct Tabs {
  std::array<SidePanel, kMostTabs> panels;
  size_t count = 0;
  int current = 0;
};

Tabs tabs_of(const UiContext& ui, std::span<const SidePanel> first) {
  Tabs tabs;
  for (const SidePanel& panel : first) tabs.panels[tabs.count++] = panel;
  for (const SidePanel& panel : kPanels) {
    // In the lens of receptive fields the chain stands where the parameters do, and the cell is the chain's.
    const bool elsewhere = ui.session().lens == Lens::receptive_field && panel.key == "field";
    // The solver asks for a height and a width.
    const bool two_axes = panel.key == "solver" && shown_dims(ui.session().operation) != 2;
    if (!elsewhere && !two_axes) tabs.panels[tabs.count++] = panel;
  }
  for (size_t i = 0; i < tabs.count; ++i) {
    if (tabs.panels[i].key == ui.settings.side_panel) tabs.current = static_cast<int>(i);
  }
  return tabs;
}

struct Labels {
  std::array<const char*, kMostTabs> words{};
  std::array<std::string_view, kMostTabs> keys{};
  size_t count = 0;
};

Labels labels_of(const UiContext& ui, const Tabs& tabs) {
  Labels labels;
  for (const SidePanel& panel : std::span(tabs.panels).first(tabs.count)) {
    labels.words[labels.count] = ui.text(panel.label_key);
    labels.keys[labels.count++] = panel.key;
  }
  return labels;
}

/// One, or two where the words would touch.
size_t rows_of(const UiContext& ui, const Labels& labels, float width) {
  const UiFont font(ui.fonts.caption);
  float words = 0;
  for (const char* word : std::span(labels.words).first(labels.count)) words += ImGui::CalcTextSize(word).x;
  return words + static_cast<float>(labels.count) * ui.px(kLeastPadding) <= width ? 1 : 2;
}

}  // namespace

std::span<const SidePanel> side_panels() { return kPanels; }

float side_tabs_height(const UiContext& ui, std::span<const SidePanel> first, float width) {
  const UiFont font(ui.fonts.caption);
  const auto rows = static_cast<float>(rows_of(ui, labels_of(ui, tabs_of(ui, first)), width));
  return rows * ImGui::GetFrameHeight() + (rows - 1) * ImGui::GetStyle().ItemSpacing.y;
}

void draw_side_tabs(UiContext& ui, std::span<const SidePanel> first) {
  const Tabs tabs = tabs_of(ui, first);
  const Labels labels = labels_of(ui, tabs);
  const size_t rows = rows_of(ui, labels, ImGui::GetContentRegionAvail().x);
  const size_t in_a_row = (tabs.count + rows - 1) / rows;
  const UiFont font(ui.fonts.caption);
  for (size_t begin = 0; begin < tabs.count; begin += in_a_row) {
    const size_t count = std::min(in_a_row, tabs.count - begin);
    int current = tabs.current - static_cast<int>(begin);
    ImGui::PushID(static_cast<int>(begin));
    if (ui_segments(ui, "tab", current, std::span(labels.words).subspan(begin, count),
                    std::span(labels.keys).subspan(begin, count), -0.01f)) {
      ui.settings.side_panel = labels.keys[begin + static_cast<size_t>(current)];
    }
    ImGui::PopID();
  }
}

void draw_side_panel(UiContext& ui, std::span<const SidePanel> first) {
  const Tabs tabs = tabs_of(ui, first);
  tabs.panels[static_cast<size_t>(tabs.current)].draw(ui);
}

}  // namespace convscope
