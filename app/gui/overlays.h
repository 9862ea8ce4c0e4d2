// What lies over the window for a moment, and the switches that both keys and buttons throw.
#pragma once

#include "app/gui/ui_context.h"

namespace convscope {

/// The list of keys; `open` becomes false when it is closed.
void draw_shortcuts(UiContext& ui, bool& open);
/// Contents of the toolbar's "settings" popup.
void draw_settings_menu(UiContext& ui);

void next_language(UiContext& ui);
void next_theme(UiContext& ui);

}  // namespace convscope
