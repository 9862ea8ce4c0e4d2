// The picture in the middle: camera, pointing, and stepping by hand on the cells themselves.
#pragma once

#include <optional>

#include "app/gui/ui_context.h"
#include "app/scene/build_scene.h"

namespace convscope {

/// Owns the camera and the scene of the frame.
class PictureArea {
 public:
  /// Puts an ImGui window over the rectangle (ImGui coordinates), reacts to the mouse and builds the scene.
  void draw(UiContext& ui, const Box& box);

  const Scene& scene() const { return scene_; }
  /// Rectangle of the last draw().
  const Box& box() const { return box_; }
  View& view() { return view_; }
  std::optional<CellRef>& hovered() { return hovered_; }
  void fit();
  void zoom(UiContext& ui, double factor);

 private:
  enum class Drag : uint8_t { none, pan, step };

  void react(UiContext& ui);
  void draw_overlays(UiContext& ui);
  void draw_empty(UiContext& ui);
  void draw_problem(UiContext& ui);
  void draw_progress(UiContext& ui);
  void draw_notice(UiContext& ui);
  void show_cell(UiContext& ui, const CellRef& shown);

  View view_;
  Scene scene_;
  Box box_;
  std::optional<CellRef> hovered_;
  Drag drag_ = Drag::none;
  std::optional<CellRef> pressed_;
  Lens framed_lens_ = Lens::sliding;
  Shape framed_input_;
  double busy_since_ = -1;
};

/// The step (from 0) that a cell of the picture stands for: an output cell or one of the product, a row of im2col, or
/// the window in whose middle an input cell lies. Nothing for weights, bias and what lies outside.
std::optional<int64_t> step_of(const ConvPlan& plan, const CellRef& cell, int64_t current_step);

/// "x[0, 0, 2, 3] = 0.5": what a cell is and holds. Empty for cells outside.
std::string describe_cell(const Computation& computation, const CellRef& cell, int64_t current_step);

}  // namespace convscope
