// The built-in sessions as a menu: title, and what goes in and comes out.
#include <cmath>
#include <map>
#include <string>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

/// "1x5x5 -> 3x3x3": channels and extents before and after; empty for what only the file knows.
std::string in_and_out(const Session& session) {
  if (session.lens == Lens::receptive_field) {
    const ChainPlanPtr chain = check_chain(session.chain).plan;
    if (!chain) return {};
    const auto extents = [](const Spatial& size) {
      std::string text;
      for (const int64_t extent : size) text += (text.empty() ? "" : "\u00D7") + std::to_string(extent);
      return text;
    };
    return extents(chain->chain.input_size) + " \u2192 " +
           extents(level_size(chain->chain, chain->fields, chain->last_level()));
  }
  const Result<OperationPlan> plan = validate(session, session.input_shape);
  if (!plan) return {};
  const auto cells = [](int64_t channels, Pair extent) {
    const std::string area = std::to_string(extent.h) + "\u00D7" + std::to_string(extent.w);
    return channels == 1 ? area : std::to_string(channels) + "\u00D7" + area;
  };
  const auto channels = [](const Shape& shape) { return shape.rank() >= 3 ? shape[shape.rank() - 3] : 1; };
  return cells(channels(plan->input_shape()), plan->in()) + " \u2192 " +
         cells(channels(plan->output_shape()), plan->out());
}

const std::string& shapes_of(const Preset& preset) {
  static std::map<std::string, std::string> made;
  const auto found = made.find(preset.name);
  if (found != made.end()) return found->second;
  return made.emplace(preset.name, in_and_out(preset.session)).first->second;
}

bool draw_entry(UiContext& ui, const Preset& preset, bool chosen, float width) {
  const char* title = ui.text(preset.title_key);
  const std::string& shapes = shapes_of(preset);
  const float height = ImGui::GetFontSize() + ui.px(11);
  ImGui::PushID(preset.name.c_str());
  const bool pressed = ImGui::InvisibleButton("##entry", {width, height});
  ImGui::PopID();
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (chosen || hovered) {
    list->AddRectFilled(low, high, ui_color32(ui, Role::accent, hovered ? 0.14f : 0.08f), ui.px(6));
  }
  list->AddText({low.x + ui.px(12), std::floor((low.y + high.y - ImGui::GetFontSize()) / 2)},
                ui_color32(ui, chosen ? Role::accent : Role::text), title);
  {
    const UiFont caption(ui.fonts.caption);
    const ImVec2 size = ImGui::CalcTextSize(shapes.c_str());
    list->AddText({high.x - size.x - ui.px(12), std::floor((low.y + high.y - size.y) / 2)},
                  ui_color32(ui, Role::secondary), shapes.c_str());
  }
  return pressed;
}

/// Opens the entry beside the session instead of in its place.
bool draw_beside(UiContext& ui) {
  const float side = ImGui::GetFontSize() + ui.px(11);
  const bool pressed = ImGui::InvisibleButton("##beside", {side, side});
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (hovered) list->AddRectFilled(low, high, ui_color32(ui, Role::accent, 0.14f), ui.px(6));
  draw_icon(list, Icon::compare, {(low.x + high.x) / 2, (low.y + high.y) / 2}, ui.px(14),
            ui_color32(ui, hovered ? Role::accent : Role::secondary));
  ui_tooltip(ui, ui.text("pair.open_beside"));
  return pressed;
}

}  // namespace

void draw_preset_menu(UiContext& ui) {
  const std::string& current = ui.session().title;
  // Wide enough for the longest line, whatever the language.
  float width = 0;
  for (const Preset& preset : presets()) {
    float line = ImGui::CalcTextSize(ui.text(preset.title_key)).x + ui.px(56);
    const UiFont caption(ui.fonts.caption);
    line += ImGui::CalcTextSize(shapes_of(preset).c_str()).x;
    width = std::max(width, line);
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, ui.px(1)));
  std::string_view group;
  for (const Preset& preset : presets()) {
    if (preset.group_key != group) {
      if (!group.empty()) ImGui::Dummy({0, ui.px(6)});
      group = preset.group_key;
      const UiFont bold(ui.fonts.bold);
      ImGui::TextUnformatted(ui.text(group));
      ImGui::Dummy({0, ui.px(2)});
    }
    const bool chosen = preset.name == current;
    const bool pressed = draw_entry(ui, preset, chosen, width);
    ui.widgets.note_item("preset." + preset.name);
    ImGui::SameLine(0, ui.px(4));
    ImGui::PushID(preset.name.c_str());
    const bool beside = draw_beside(ui);
    ImGui::PopID();
    ui.widgets.note_item("preset." + preset.name + ".beside");
    if (chosen && ImGui::IsWindowAppearing()) ImGui::SetScrollHereY(0.5f);
    if (pressed) ui.requests.open_paths.push_back(preset.name);
    if (beside) ui.requests.open_beside = preset.name;
    if (pressed || beside) ImGui::CloseCurrentPopup();
  }
  ImGui::PopStyleVar();
}

}  // namespace convscope
