// The tabs of the right column, under the output size: one row of the list is one panel, in a file of its own.
#pragma once

#include <span>
#include <string_view>

#include "app/gui/ui_context.h"

namespace convscope {

struct SidePanel {
  std::string_view key;        // of scripts and of the settings: "cell"
  std::string_view label_key;  // of the language files
  void (*draw)(UiContext& ui);
};

/// In the order of their tabs.
std::span<const SidePanel> side_panels();

/// The most tabs that can stand before those.
inline constexpr size_t kMostFirstTabs = 2;

/// The tabs in one row or two, registered as "tab.<key>"; which one is chosen is a setting. `first` stands before all
/// others: in narrow windows the output size and the parameters are tabs as well.
void draw_side_tabs(UiContext& ui, std::span<const SidePanel> first = {});
/// Of the tabs in so many device pixels of width.
float side_tabs_height(const UiContext& ui, std::span<const SidePanel> first, float width);
/// The panel of the chosen tab.
void draw_side_panel(UiContext& ui, std::span<const SidePanel> first = {});

}  // namespace convscope
