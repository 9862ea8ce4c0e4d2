// The sinks behind open_sink(), one per format; callers outside this room use open_sink().
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/export/frame_sink.h"

namespace convscope {

Result<std::unique_ptr<FrameSink>> open_gif_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_png_still_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_png_sequence_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_apng_sink(const std::string& target, const ClipFormat& format);
#ifdef CONVSCOPE_WEBP
Result<std::unique_ptr<FrameSink>> open_webp_sink(const std::string& target, const ClipFormat& format);
#endif
#ifdef CONVSCOPE_VIDEO
Result<std::unique_ptr<FrameSink>> open_mp4_sink(const std::string& target, const ClipFormat& format);
Result<std::unique_ptr<FrameSink>> open_webm_sink(const std::string& target, const ClipFormat& format);
#endif

/// What a clip says about itself, as PNG's text chunks have it.
std::vector<std::pair<std::string, std::string>> text_chunks(const ClipFormat& format);

}  // namespace convscope
