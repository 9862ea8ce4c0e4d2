// Adds marks to a scene: culls what the viewport does not show, measures words, keeps references.
#pragma once

#include <algorithm>
#include <string_view>

#include "app/scene/build_scene.h"
#include "app/scene/number_format.h"

namespace convscope {

/// All positions are logical pixels of the viewport.
class Painter {
 public:
  Painter(const SceneRequest& request, Scene& scene);

  const SceneRequest& request() const { return request_; }
  Scene& scene() { return scene_; }
  Box viewport() const { return {0, 0, request_.view.width, request_.view.height}; }
  bool shows(const Box& box) const {
    return box.x1 > 0 && box.y1 > 0 && box.x0 < request_.view.width && box.y0 < request_.view.height;
  }

  /// The mark may be changed until the next one is added, which can move it. Marks outside of the viewport go to one
  /// that nobody draws.
  Mark& box(const Box& box, Role role, Fill fill, Outline outline = Outline::none, float radius = 0);
  Mark& line(float x0, float y0, float x1, float y1, Role role, float width);
  Mark& arrow(float x0, float y0, float x1, float y1, Role role, float width);
  /// `x` is the left edge, middle or right edge as `align` says, `y` the middle of the line.
  Mark& text(std::string_view words, float x, float y, float size, Role role, Align align = Align::left,
             Face face = Face::sans);
  Mark& number(double value, const NumberStyle& style, float x, float y, Role role, Fill on);
  Mark& raster(const Box& box, Raster raster);
  void refer(Mark& mark, const CellRef& ref);

  float width(std::string_view words, Face face, float size) const;
  /// Type scale: 1 for a picture of 960x540.
  float ui() const { return ui_; }
  /// How numbers of a range are printed in a cell.
  NumberStyle fit(const NumberRange& range, float cell_width, float cell_height) const {
    return fit_numbers(range, cell_width, cell_height, digit_width_, kMinNumberSize * std::max(1.0f, ui_));
  }

 private:
  Mark& add(Mark::Kind kind, const Box& box, Role role);

  const SceneRequest& request_;
  Scene& scene_;
  Mark dropped_;
  float digit_width_ = 0.64f;
  float ui_ = 1;
};

}  // namespace convscope
