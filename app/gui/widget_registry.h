// Where each widget was drawn in the last frame, by stable name: how scripts and tests find what a user sees.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convscope {

struct WidgetRect {
  std::string name;  // "stride.h", "timeline.play", "export.ok", "picture"
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // window coordinates
  bool enabled = true;
};

/// Filled anew in each frame; keeps its memory.
class WidgetRegistry {
 public:
  void begin_frame();
  /// Registers the last Dear ImGui item under a name. Call right after the item.
  void note_item(std::string_view name, bool enabled = true);
  void note_rect(std::string_view name, float x0, float y0, float x1, float y1, bool enabled = true);
  const WidgetRect* find(std::string_view name) const;
  /// All of this frame, in drawing order.
  const std::vector<WidgetRect>& all() const;

 private:
  std::vector<WidgetRect> rects_;
  size_t used_ = 0;
};

}  // namespace convscope
