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
    case TargetFormat::mp4:
#ifdef CONVSCOPE_VIDEO
      return open_mp4_sink(target, format);
#else
      break;
#endif
    case TargetFormat::png_still:
      return open_png_still_sink(target, format);
    case TargetFormat::png_sequence:
      return open_png_sequence_sink(target, format);
    case TargetFormat::svg:
      break;
  }
  // SVG is drawn from scenes, not from pixels: run_export() writes it
  return Error{"error.export_unknown_format", "output", {target, ".gif .mp4 .png"}};
}

}  // namespace convscope
