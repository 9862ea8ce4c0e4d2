#include "app/gui/side_panels.h"

#include <array>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"

namespace convscope {

namespace {

constexpr std::array kPanels = {
    SidePanel{"cell", "tab.cell", draw_cell_panel},
    SidePanel{"inspect", "tab.inspect", draw_inspect_panel},
    SidePanel{"compare", "tab.compare", draw_compare_panel},
    SidePanel{"cost", "tab.cost", draw_cost_panel},
    SidePanel{"solver", "tab.solver", draw_solver_panel},
    SidePanel{"field", "tab.field", draw_receptive_field_panel},
};
constexpr size_t kMostTabs = kPanels.size() + 1;

struct Tabs {
  std::array<SidePanel, kMostTabs> panels;
  size_t count = 0;
  int current = 0;
};

Tabs tabs_of(const UiContext& ui, const SidePanel* first) {
  Tabs tabs;
  if (first != nullptr) tabs.panels[tabs.count++] = *first;
  for (const SidePanel& panel : kPanels) tabs.panels[tabs.count++] = panel;
  for (size_t i = 0; i < tabs.count; ++i) {
    if (tabs.panels[i].key == ui.settings.side_panel) tabs.current = static_cast<int>(i);
  }
  return tabs;
}

}  // namespace

std::span<const SidePanel> side_panels() { return kPanels; }

void draw_side_tabs(UiContext& ui, const SidePanel* first) {
  Tabs tabs = tabs_of(ui, first);
  std::array<const char*, kMostTabs> labels{};
  std::array<std::string_view, kMostTabs> keys{};
  for (size_t i = 0; i < tabs.count; ++i) {
    labels[i] = ui.text(tabs.panels[i].label_key);
    keys[i] = tabs.panels[i].key;
  }
  if (ui_segments(ui, "tab", tabs.current, std::span(labels).first(tabs.count), std::span(keys).first(tabs.count),
                  -0.01f)) {
    ui.settings.side_panel = keys[static_cast<size_t>(tabs.current)];
  }
}

void draw_side_panel(UiContext& ui, const SidePanel* first) {
  const Tabs tabs = tabs_of(ui, first);
  tabs.panels[static_cast<size_t>(tabs.current)].draw(ui);
}

}  // namespace convscope
