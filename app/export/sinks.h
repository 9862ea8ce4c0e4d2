// The sinks behind open_sink(), one per format; callers outside this room use open_sink().
#pragma once

#include <memory>
#include <string>

#include "app/export/frame_sink.h"

namespace convscope {

Result<std::unique_ptr<FrameSink>> open_gif_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_png_still_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_png_sequence_sink(const std::string& target, const ClipFormat& format);
#ifdef CONVSCOPE_VIDEO
Result<std::unique_ptr<FrameSink>> open_mp4_sink(const std::string& target, const ClipFormat& format);
#endif

}  // namespace convscope
