#include "app/export/frame_sink.h"

#include "app/export/export_job.h"
#include "app/export/sinks.h"
#include "app/export/target_format.h"

namespace convscope {

Result<std::unique_ptr<FrameSink>> open_sink(const std::string& target, const ClipFormat& format) {
  const auto kind = target_format(target);
  if (!kind) return kind.error();
  switch (*kind) {
    case TargetFormat::gif:
      return open_gif_sink(target, format);
#ifdef CONVSCOPE_VIDEO
    case TargetFormat::mp4:
      return open_mp4_sink(target, format);
    case TargetFormat::webm:
      return open_webm_sink(target, format);
#endif
#ifdef CONVSCOPE_WEBP
    case TargetFormat::webp:
      return open_webp_sink(target, format);
#endif
    case TargetFormat::apng:
      return open_apng_sink(target, format);
    case TargetFormat::png_still:
      return open_png_still_sink(target, format);
    case TargetFormat::png_sequence:
      return open_png_sequence_sink(target, format);
    default:
      break;
  }
  // What is drawn from scenes and not from pixels is written by run_export()
  return Error{
      "error.export_unknown_format", "output", {target, endings_with([](const FormatTraits& t) { return !t.scenes; })}};
}

}  // namespace convscope
