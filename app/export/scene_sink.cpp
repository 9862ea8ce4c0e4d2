#include "app/export/scene_sink.h"

#include "app/export/target_format.h"

namespace convscope {

Result<std::unique_ptr<SceneSink>> open_scene_sink(const Clip& clip, [[maybe_unused]] const FontStack& fonts) {
  switch (clip.plan().format) {
    case TargetFormat::svg:
      return open_svg_sink(clip);
    case TargetFormat::html:
      return open_html_sink(clip);
    case TargetFormat::tex:
      return open_tikz_sink(clip);
#ifdef CONVSCOPE_PDF
    case TargetFormat::pdf:
      return open_pdf_sink(clip, fonts);
#endif
    default:
      break;
  }
  const std::string endings = endings_with([](const FormatTraits& t) { return t.scenes; });
  return Error{"error.export_unknown_format", "output", {clip.settings().target, endings}};
}

}  // namespace convscope
