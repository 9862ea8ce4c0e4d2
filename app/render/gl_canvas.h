// Scenes through OpenGL 3.3: the window's picture and the exported frames come from this same code.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/io/image.h"
#include "app/render/font_stack.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// Part of a frame in device pixels, half-open; top row first, unless said otherwise.
struct PixelBox {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  bool operator==(const PixelBox&) const = default;
};

/// Needs a current context with glad loaded for its whole life.
class GlCanvas {
 public:
  /// Errors: error.no_opengl (args: reason).
  static Result<std::unique_ptr<GlCanvas>> create(const FontStack& fonts);
  ~GlCanvas();

  /// Draws into the bound framebuffer, into the rectangle of device pixels with lower left corner (x, y), at `scale`
  /// device pixels per logical pixel. Leaves GL state such that Dear ImGui's backend can draw after it. Allocates
  /// nothing in the steady state. Rasters' textures are kept while they are drawn and dropped when they are not.
  void draw(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale);
  /// draw(), only in `parts` of the framebuffer, counted like x and y from its lower left corner; they do not overlap.
  void draw_parts(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale,
                  std::span<const PixelBox> parts);

 private:
  friend class FrameRenderer;
  GlCanvas();
  struct State;
  std::unique_ptr<State> state_;
};

/// Frames off screen: a framebuffer of its own, read back as RGBA. Needs a current context.
class FrameRenderer {
 public:
  /// Errors: error.no_opengl, error.frame_too_large (args: width, height, limit).
  static Result<std::unique_ptr<FrameRenderer>> create(const FontStack& fonts, int width, int height);
  ~FrameRenderer();
  /// `scale` device pixels per logical pixel; the scene's viewport is width/scale x height/scale.
  /// With scene.transparent the alpha is kept (straight), else it is 255. `out` keeps its memory.
  void render(const Scene& scene, const Theme& theme, float scale, Pixels& out);

  /// render() in two halves, for exporters: what was submitted is drawn while the caller encodes the frame before it.
  /// One frame may be under way at a time; the scene is not needed any more once submit() is back.
  void submit(const Scene& scene, const Theme& theme, float scale);
  /// submit() of a picture that is the last one outside of `changed`: only there it is drawn, with the same pixels as
  /// by submit(). The parts do not overlap.
  void submit_changes(const Scene& scene, const Theme& theme, float scale, std::span<const PixelBox> changed);
  void read(Pixels& out);

 private:
  FrameRenderer();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
