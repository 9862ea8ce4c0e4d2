// Mouse and keyboard for Dear ImGui without a window system; the same calls for its old and new ways of input.
#pragma once

#include <string>

#include "app/gui/shortcuts.h"

namespace convscope::scripted {

/// Once after the ImGui context was made, where no platform backend maps keys.
void set_up();
// All between the renderer's NewFrame and ImGui::NewFrame.
void move_mouse(float x, float y);
void mouse_button(int button, bool down);
void wheel(float lines);
void text(const std::string& utf8);
void key(const KeyPress& press, bool down);

}  // namespace convscope::scripted
