// The picture alone, in front of people.
#include <imgui.h>

#include "app/gui/main_window.h"

namespace convscope {

void MainWindow::set_presenting(bool on) {
  if (presenter_.on == on) return;
  presenter_.on = on;
  presenter_.blank = false;
  shortcuts_open_ = false;
  // The screen is given back as it was found.
  const bool turns = on ? !fills_screen_ : presenter_.filled_screen && fills_screen_;
  presenter_.filled_screen = on && turns;
  if (turns) {
    fullscreen_toggled_ = !fullscreen_toggled_;
    fills_screen_ = !fills_screen_;
  }
  picture_.fit();
}

void MainWindow::draw_presenter(UiContext& ui) {
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  ui.widgets.note_rect("presenter", 0, 0, screen.x, screen.y);
  if (!presenter_.blank) return;
  // Black, whatever the theme: eyes go back to whoever speaks.
  ImGui::GetForegroundDrawList()->AddRectFilled({0, 0}, screen, IM_COL32(0, 0, 0, 255));
  ui.widgets.note_rect("presenter.blank", 0, 0, screen.x, screen.y);
}

}  // namespace convscope
