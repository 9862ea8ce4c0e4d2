// Scenes as textures for dialogs.
#pragma once

#include <memory>

#include "app/gui/ui_context.h"
#include "app/render/gl_canvas.h"

namespace convscope {

/// Draws with the window's own canvas into a framebuffer that grows with what is asked for.
class GlPreview final : public ScenePreview {
 public:
  explicit GlPreview(GlCanvas& canvas) : canvas_(canvas) {}
  ~GlPreview();
  ImTextureID draw(const Scene& scene, ThemeId theme, int width, int height, float pixels_per_unit) override;

 private:
  void release();

  GlCanvas& canvas_;
  unsigned framebuffer_ = 0, texture_ = 0;
  int width_ = 0, height_ = 0;
};

}  // namespace convscope
