// Keys of dialogs and fields, under the names that all supported versions of Dear ImGui share.
#pragma once

#include <imgui.h>

namespace convscope {

/// Whether a key of the list of ImGuiKey went down in this frame (repeats included).
inline bool key_pressed(ImGuiKey key) {
#if IMGUI_VERSION_NUM >= 18700
  return ImGui::IsKeyPressed(key);
#else
  // Up to 1.86 the question was about the window system's codes, whatever the argument's name says.
  const int code = ImGui::GetKeyIndex(key);
  return code >= 0 && ImGui::IsKeyPressed(code);
#endif
}

inline bool enter_key_pressed() {
#if IMGUI_VERSION_NUM >= 18700
  return key_pressed(ImGuiKey_Enter) || key_pressed(ImGuiKey_KeypadEnter);
#else
  return key_pressed(ImGuiKey_Enter) || key_pressed(ImGuiKey_KeyPadEnter);
#endif
}

}  // namespace convscope
