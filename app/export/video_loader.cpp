// MP4 and WebM by the module with the encoders, see app/export/video/video_module.h.
#include "app/export/loaded_module.h"
#include "app/export/sinks.h"
#include "app/export/target_format.h"
#include "app/export/video/video_module.h"

namespace convscope {

namespace {

Result<std::unique_ptr<FrameSink>> open_video_sink(VideoKind kind, const std::string& target,
                                                   const ClipFormat& format) {
  using Open = decltype(&convscope_open_video_sink);
  static std::string problem;
  static const auto open =
      reinterpret_cast<Open>(loaded_function("convscope_video.so", "convscope_open_video_sink", problem));
  if (open == nullptr) {
    const std::string others = endings_with([](const FormatTraits& t) { return !t.chroma; });
    return Error{"error.export_no_video_module", "output", {target, problem, others}};
  }
  OpenedSink sink;
  open(kind, target, format, sink);
  return std::move(*sink);
}

}  // namespace

Result<std::unique_ptr<FrameSink>> open_mp4_sink(const std::string& target, const ClipFormat& format) {
  return open_video_sink(VideoKind::mp4, target, format);
}

Result<std::unique_ptr<FrameSink>> open_webm_sink(const std::string& target, const ClipFormat& format) {
  return open_video_sink(VideoKind::webm, target, format);
}

}  // namespace convscope
