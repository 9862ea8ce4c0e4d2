// The picture in the middle: camera, pointing, and stepping by hand on the cells themselves.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "app/gui/ui_context.h"
#include "app/scene/anchor.h"
#include "app/scene/build_scene.h"
#include "app/scene/pair_scene.h"

namespace convscope {

/// Owns the camera and the scene of the frame. Two that stand side by side share the camera: both show the same part.
class PictureArea {
 public:
  /// Puts an ImGui window over the rectangle (ImGui coordinates), reacts to the mouse and builds the scene. What is
  /// wrong stands in a strip of its own above the picture, which it does not cover.
  void draw(UiContext& ui, const Box& box);

  const Scene& scene() const { return scene_; }
  /// Of the picture alone in the last draw().
  const Box& box() const { return box_; }
  View& view() { return view_; }
  std::optional<CellRef>& hovered() { return hovered_; }
  void fit();
  /// Lets go of the cell that a click has pinned.
  void unpin() { pinned_.reset(); }
  void zoom(UiContext& ui, double factor);

 private:
  enum class Drag : uint8_t { none, pan, step };

  /// One picture, or a half of two.
  struct Half {
    ComputationPtr computation;
    Lens lens = Lens::sliding;
    const Scene* scene = nullptr;
    Box box;              // ImGui coordinates
    int64_t current = 0;  // step
    size_t side = 0;      // 0 is A
    bool own = true;      // the side that is edited
  };

  /// Whether two are drawn in this frame; fills pair_request_ then.
  bool follow_pair(UiContext& ui);
  Half half(UiContext& ui, size_t side) const;
  size_t own_side(UiContext& ui) const;
  /// The side under a point of the window; of its title too where `with_title`.
  std::optional<size_t> side_at(float x, float y, float scale, bool with_title) const;
  /// The step of the timeline at which a half is at `step`.
  static int64_t shown_step(UiContext& ui, const Half& half, int64_t step);
  SceneRequest common_request(UiContext& ui) const;
  void react(UiContext& ui);
  void react_to_drag(UiContext& ui, const Half& at, const std::optional<CellRef>& under);
  void light(UiContext& ui, const Half& at, const std::optional<CellRef>& cell);
  void draw_overlays(UiContext& ui);
  void draw_empty(UiContext& ui);
  /// Lays the strip out and returns its height; 0 where nothing is wrong or there is no room for words.
  float measure_problem(UiContext& ui, float width);
  void draw_problem(UiContext& ui, const Box& strip);
  /// The camera after the layout has changed, or after it has been moved.
  void settle(SceneRequest& request);
  void draw_progress(UiContext& ui, Workbench& of, const Box& box, const char* name);
  void draw_notice(UiContext& ui);
  void show_cell(UiContext& ui, const Half& at, const CellRef& shown);

  View view_;
  View settled_;                  // as the last frame had it
  std::optional<Anchor> anchor_;  // what the camera looks at while only the layout changes
  Scene scene_;
  Scene fitted_;  // at zoom 1: where everything is
  struct Problem {
    std::string words;  // what is wrong with what the lens shows; empty where nothing is
    float text_height = 0;
  } problem_;
  Box box_;
  std::optional<CellRef> hovered_, hovered_beside_;  // of the side that is edited, of the other one
  /// Clicked, and no step's: lit while nothing else is pointed at.
  std::optional<CellRef> pinned_;
  size_t pinned_side_ = 0, pressed_side_ = 0;
  bool pressed_title_ = false;
  Drag drag_ = Drag::none;
  std::optional<CellRef> pressed_;
  Lens framed_lens_ = Lens::sliding;
  Shape framed_input_;
  std::array<double, 2> busy_since_{-1, -1};  // this side, the other one
  bool paired_ = false;
  PairPicture pair_;
  PairRequest pair_request_;
};

/// The step (from 0) that a cell of the picture stands for: an output cell or one of the product, a row of im2col, or
/// the window in whose middle an input cell lies. Nothing for weights, bias and what lies outside.
std::optional<int64_t> step_of(const ConvPlan& plan, const CellRef& cell, int64_t current_step);

/// "X[0, 0, 2, 3] = 0.5": what a cell is and holds. Empty for cells outside.
std::string describe_cell(const Computation& computation, const CellRef& cell, int64_t current_step);

}  // namespace convscope
