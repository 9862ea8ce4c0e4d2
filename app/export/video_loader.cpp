// MP4 and WebM by the module with the encoders, see app/export/video/video_module.h.
#include <dlfcn.h>

#include "app/export/sinks.h"
#include "app/export/target_format.h"
#include "app/export/video/video_module.h"

namespace convscope {

namespace {

/// Beside the program in a build, in a folder of its own where it is installed: the program's run path knows.
constexpr const char* kModule = "convscope_video.so";

struct Module {
  decltype(&convscope_open_video_sink) open = nullptr;
  std::string problem;
};

Module load() {
  Module module;
  void* const handle = dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) {
    module.open = reinterpret_cast<decltype(module.open)>(dlsym(handle, "convscope_open_video_sink"));
  }
  if (module.open == nullptr) {
    const char* const problem = dlerror();
    module.problem = problem != nullptr ? problem : kModule;
  }
  return module;
}

Result<std::unique_ptr<FrameSink>> open_video_sink(VideoKind kind, const std::string& target,
                                                   const ClipFormat& format) {
  // Never unloaded: encoders leave threads and handlers behind.
  static const Module module = load();
  if (module.open == nullptr) {
    const std::string others = endings_with([](const FormatTraits& t) { return !t.chroma; });
    return Error{"error.export_no_video_module", "output", {target, module.problem, others}};
  }
  OpenedSink sink;
  module.open(kind, target, format, sink);
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
