#include "app/gui/widget_registry.h"

#include <imgui.h>

namespace convscope {

void WidgetRegistry::begin_frame() { used_ = 0; }

void WidgetRegistry::note_item(std::string_view name, bool enabled) {
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  note_rect(name, low.x, low.y, high.x, high.y, enabled);
}

void WidgetRegistry::note_rect(std::string_view name, float x0, float y0, float x1, float y1, bool enabled) {
  if (used_ == rects_.size()) rects_.emplace_back();
  WidgetRect& rect = rects_[used_++];
  rect.name = name;
  rect.x0 = x0;
  rect.y0 = y0;
  rect.x1 = x1;
  rect.y1 = y1;
  rect.enabled = enabled;
  const ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 clip_low = list->GetClipRectMin();
  const ImVec2 clip_high = list->GetClipRectMax();
  const float x = (x0 + x1) / 2;
  const float y = (y0 + y1) / 2;
  rect.visible = x >= clip_low.x && x < clip_high.x && y >= clip_low.y && y < clip_high.y;
  if (!reveal_.empty() && name == reveal_) {
    if (!rect.visible) {
      const float window_y = ImGui::GetWindowPos().y;
      ImGui::SetScrollFromPosY(y - window_y, 0.5f);
    }
    reveal_.clear();
  }
}

const WidgetRect* WidgetRegistry::find(std::string_view name) const {
  // The last one drawn under a name lies on top.
  for (size_t i = used_; i-- > 0;) {
    if (rects_[i].name == name) return &rects_[i];
  }
  return nullptr;
}

std::span<const WidgetRect> WidgetRegistry::all() const { return {rects_.data(), used_}; }

void WidgetRegistry::reveal(std::string_view name) { reveal_ = name; }

}  // namespace convscope
