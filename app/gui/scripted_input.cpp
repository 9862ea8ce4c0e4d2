#include "app/gui/scripted_input.h"

#include <imgui.h>

#include <optional>

namespace convscope::scripted {
namespace {

std::optional<ImGuiKey> imgui_key(Key key) {
  if (key == kKeyEnter) return ImGuiKey_Enter;
  if (key == kKeyTab) return ImGuiKey_Tab;
  if (key == kKeyBackspace) return ImGuiKey_Backspace;
  if (key == kKeyDelete) return ImGuiKey_Delete;
  if (key == kKeyInsert) return ImGuiKey_Insert;
  if (key == kKeyEscape) return ImGuiKey_Escape;
  if (key == kKeySpace) return ImGuiKey_Space;
  if (key == kKeyLeft) return ImGuiKey_LeftArrow;
  if (key == kKeyRight) return ImGuiKey_RightArrow;
  if (key == kKeyUp) return ImGuiKey_UpArrow;
  if (key == kKeyDown) return ImGuiKey_DownArrow;
  if (key == kKeyHome) return ImGuiKey_Home;
  if (key == kKeyEnd) return ImGuiKey_End;
  if (key == kKeyPageUp) return ImGuiKey_PageUp;
  if (key == kKeyPageDown) return ImGuiKey_PageDown;
  switch (key.code) {
    case 'a':
      return ImGuiKey_A;
    case 'c':
      return ImGuiKey_C;
    case 'v':
      return ImGuiKey_V;
    case 'x':
      return ImGuiKey_X;
    case 'y':
      return ImGuiKey_Y;
    case 'z':
      return ImGuiKey_Z;
    default:
      return std::nullopt;
  }
}

}  // namespace

void set_up() {
#if IMGUI_VERSION_NUM < 18700
  ImGuiIO& io = ImGui::GetIO();
  for (int i = 0; i < ImGuiKey_COUNT; ++i) io.KeyMap[i] = i;
#endif
}

void move_mouse(float x, float y) {
#if IMGUI_VERSION_NUM < 18700
  ImGui::GetIO().MousePos = {x, y};
#else
  ImGui::GetIO().AddMousePosEvent(x, y);
#endif
}

void mouse_button(int button, bool down) {
#if IMGUI_VERSION_NUM < 18700
  ImGui::GetIO().MouseDown[button] = down;
#else
  ImGui::GetIO().AddMouseButtonEvent(button, down);
#endif
}

void wheel(float lines) {
#if IMGUI_VERSION_NUM < 18700
  ImGui::GetIO().MouseWheel += lines;
#else
  ImGui::GetIO().AddMouseWheelEvent(0, lines);
#endif
}

void text(const std::string& utf8) { ImGui::GetIO().AddInputCharactersUTF8(utf8.c_str()); }

void key(const KeyPress& press, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  const std::optional<ImGuiKey> code = imgui_key(press.key);
#if IMGUI_VERSION_NUM < 18700
  io.KeyCtrl = down && press.ctrl;
  io.KeyShift = down && press.shift;
  io.KeyAlt = down && press.alt;
  if (code) io.KeysDown[*code] = down;
#else
  io.AddKeyEvent(ImGuiMod_Ctrl, down && press.ctrl);
  io.AddKeyEvent(ImGuiMod_Shift, down && press.shift);
  io.AddKeyEvent(ImGuiMod_Alt, down && press.alt);
  if (code) io.AddKeyEvent(*code, down);
#endif
}

}  // namespace convscope::scripted
