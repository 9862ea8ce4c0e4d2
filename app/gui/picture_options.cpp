#include "app/gui/picture_options.h"

#include <array>
#include <cmath>

#include "app/gui/widgets.h"

namespace convscope {

namespace {

struct OptionRow {
  Lens lens;
  const char* name;  // of the widget, and of its words
  bool PictureOptions::*value;
};

constexpr std::array<OptionRow, 3> kRows = {
    OptionRow{Lens::sliding, "picture.window_weights", &PictureOptions::window_weights},
    OptionRow{Lens::im2col, "picture.window_columns", &PictureOptions::window_columns},
    OptionRow{Lens::im2col, "picture.use_counts", &PictureOptions::use_counts},
};

}  // namespace

bool has_picture_options(Lens lens) {
  for (const OptionRow& row : kRows) {
    if (row.lens == lens) return true;
  }
  return false;
}

void draw_picture_options(UiContext& ui, const Box& picture, bool has_titles) {
  const Lens lens = ui.session().lens;
  const float side = ImGui::GetFrameHeight(), inset = ui.px(8);
  if (!has_picture_options(lens) || picture.width() < 8 * side || picture.height() < 4 * side) return;
  const float y = has_titles ? picture.y1 - inset - side : picture.y0 + inset;
  const ImVec2 corner(std::floor(picture.x1 - inset - side), std::floor(y));
  ImGui::SetCursorScreenPos(corner);
  // A child window, so that the picture does not feel the mouse through it.
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::BeginChild("##options", {side, side}, false,
                    ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoBackground);
  if (ui_icon_button(ui, "picture.options", Icon::eye, ui.text("picture.options"))) ImGui::OpenPopup("##choices");
  ImGui::PopStyleVar();
  ImGui::SetNextWindowPos({corner.x + side, has_titles ? corner.y - ui.px(4) : corner.y + side + ui.px(4)}, 0,
                          {1, has_titles ? 1.0f : 0.0f});
  if (ImGui::BeginPopup("##choices")) {
    for (const OptionRow& row : kRows) {
      if (row.lens != lens) continue;
      bool on = ui.session().picture.*row.value;
      if (ui_checkbox(ui, row.name, ui.text(row.name), on)) {
        ui.workbench.apply_view([&](Session& session) { session.picture.*row.value = on; });
      }
    }
    ImGui::EndPopup();
  }
  ImGui::EndChild();
}

}  // namespace convscope
