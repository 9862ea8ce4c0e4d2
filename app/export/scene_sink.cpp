#include "app/export/scene_sink.h"

#include "app/export/target_format.h"

namespace convscope {

Result<std::unique_ptr<SceneSink>> open_scene_sink(const Clip& clip, const FontStack&) {
  switch (clip.plan().format) {
    case TargetFormat::svg:
      return open_svg_sink(clip);
    case TargetFormat::html:
      return open_html_sink(clip);
    default:
      break;
  }
  const std::string endings = endings_with([](const FormatTraits& t) { return t.scenes; });
  return Error{"error.export_unknown_format", "output", {clip.settings().target, endings}};
}

}  // namespace convscope
