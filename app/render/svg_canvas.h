// Scenes as SVG: selectable text, flat shapes, no scripts.
#pragma once

#include <string>
#include <vector>

#include "app/render/font_stack.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// One still; `title` and `description` become <title> and <desc>.
Result<std::string> svg_still(const Scene& scene, const Theme& theme, const std::string& title,
                              const std::string& description);

/// An animation of stills that a browser plays by itself: what is the same in all frames is written once, the rest is
/// switched on and off in time.
class SvgAnimation {
 public:
  SvgAnimation(const Theme& theme, std::string title, std::string description);
  /// Adds a frame that is shown for `seconds`.
  Result<void> add(const Scene& scene, double seconds);
  Result<std::string> finish();

 private:
  const Theme& theme_;
  std::string title_, description_;
  struct Entry {
    std::string element;
    std::vector<std::pair<int, int>> frames;  // half-open runs
  };
  std::vector<Entry> entries_;
  std::vector<double> seconds_;
  float width_ = 0, height_ = 0;
};

}  // namespace convscope
