// MP4 by the module with the encoders, see app/export/video/video_module.h.
#include <dlfcn.h>

#include "app/export/sinks.h"
#include "app/export/video/video_module.h"

namespace convscope {

namespace {

/// Beside the program in a build, in a folder of its own where it is installed: the program's run path knows.
constexpr const char* kModule = "convscope_video.so";

struct Module {
  decltype(&convscope_open_mp4_sink) open_mp4 = nullptr;
  std::string problem;
};

Module load() {
  Module module;
  void* const handle = dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) {
    module.open_mp4 = reinterpret_cast<decltype(module.open_mp4)>(dlsym(handle, "convscope_open_mp4_sink"));
  }
  if (module.open_mp4 == nullptr) {
    const char* const problem = dlerror();
    module.problem = problem != nullptr ? problem : kModule;
  }
  return module;
}

}  // namespace

Result<std::unique_ptr<FrameSink>> open_mp4_sink(const std::string& target, const ClipFormat& format) {
  // Never unloaded: encoders leave threads and handlers behind.
  static const Module module = load();
  if (module.open_mp4 == nullptr) return Error{"error.export_no_video_module", "output", {target, module.problem}};
  OpenedSink sink;
  module.open_mp4(target, format, sink);
  return std::move(*sink);
}

}  // namespace convscope
