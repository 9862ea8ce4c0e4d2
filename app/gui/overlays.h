// What lies over the window for a moment, and the switches that both keys and buttons throw.
#pragma once

#include <string_view>

#include "app/gui/ui_context.h"

namespace convscope {

/// "Ctrl+Z / Ctrl+Y" as key caps from `x` on, or only measured; returns how far they reach, the gap behind included.
float draw_key_caps(UiContext& ui, std::string_view keys, float x, float y, bool measure = false);
/// The list of keys; `open` becomes false when it is closed.
void draw_shortcuts(UiContext& ui, bool& open);
/// Contents of the toolbar's "settings" popup.
void draw_settings_menu(UiContext& ui);

void next_language(UiContext& ui);
void next_theme(UiContext& ui);

}  // namespace convscope
