// What the module with the video encoders offers to the program that loads it.
//
// FFmpeg's libraries bring a hundred others with them, whose loading would take longer than everything else that
// happens before the first frame: they are in a module that is loaded when the first video is written.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/export/frame_sink.h"

namespace convscope {
enum class VideoKind : uint8_t { mp4, webm };
using OpenedSink = std::optional<Result<std::unique_ptr<FrameSink>>>;
}  // namespace convscope

/// The sink of a video. Errors in `sink`: those of the file; encoders speak up in begin().
extern "C" [[gnu::visibility("default")]] void convscope_open_video_sink(convscope::VideoKind kind,
                                                                         const std::string& target,
                                                                         const convscope::ClipFormat& format,
                                                                         convscope::OpenedSink& sink);
