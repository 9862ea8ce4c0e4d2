// Where scenes go that are written as shapes and not as pixels: one file per format behind this interface.
#pragma once

#include <cstdint>
#include <memory>

#include "app/export/clip.h"
#include "app/render/font_stack.h"
#include "app/scene/scene.h"
#include "engine/result.h"

namespace convscope {

/// Takes the pictures of a clip in order; the target appears whole at finish(), and not at all without it.
class SceneSink {
 public:
  virtual ~SceneSink() = default;
  /// Frames `frame` to `frame + repeat`, which look alike.
  virtual Result<void> add(const Scene& scene, int64_t frame, int repeat) = 0;
  virtual Result<void> finish() = 0;
};

/// The sink of the clip's format, one of those whose traits say `scenes`; it keeps the clip and the fonts. An
/// unwritable place is said here, before the work. Errors: those of the file.
Result<std::unique_ptr<SceneSink>> open_scene_sink(const Clip& clip, const FontStack& fonts);

// One per format; callers use open_scene_sink().
Result<std::unique_ptr<SceneSink>> open_svg_sink(const Clip& clip);
Result<std::unique_ptr<SceneSink>> open_html_sink(const Clip& clip);
Result<std::unique_ptr<SceneSink>> open_tikz_sink(const Clip& clip);
#ifdef CONVSCOPE_PDF
Result<std::unique_ptr<SceneSink>> open_pdf_sink(const Clip& clip, const FontStack& fonts);
#endif

}  // namespace convscope
