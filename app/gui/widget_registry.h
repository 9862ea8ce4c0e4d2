// Where each widget was drawn in the last frame, by stable name: how scripts and tests find what a user sees.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convscope {

struct WidgetRect {
  std::string name;  // "stride.h", "timeline.play", "export.ok", "picture"
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // window coordinates
  bool enabled = true;
  bool visible = true;  // its middle lies inside the scrolled region that holds it
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
  std::span<const WidgetRect> all() const;
  /// Scrolls to the widget of that name when it is noted next (scripts: as a user would to reach it).
  void reveal(std::string_view name);

 private:
  std::vector<WidgetRect> rects_;
  size_t used_ = 0;
  std::string reveal_;
};

}  // namespace convscope
