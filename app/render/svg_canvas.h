// Scenes as SVG: selectable text, flat shapes, no scripts.
#pragma once

#include <memory>
#include <string>

#include "app/render/font_stack.h"
#include "app/render/svg_elements.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// One still. Tensors drawn as textures are embedded as PNG at
/// twice the resolution of their place at most. The document's own size is the scene's times `scale`.
Result<std::string> svg_still(const Scene& scene, const Theme& theme, const SvgWords& words, float scale = 1);

/// An animation of stills that a browser plays by itself: what is the same in all frames is written once, the rest is
/// switched on and off in time. Programs that know no animation show the first frame.
class SvgAnimation {
 public:
  SvgAnimation(const Theme& theme, SvgWords words, float scale = 1);
  ~SvgAnimation();
  /// Adds a frame that is shown for `seconds`. All frames have the first one's size.
  Result<void> add(const Scene& scene, double seconds);
  /// Errors: error.svg_no_frames.
  Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
