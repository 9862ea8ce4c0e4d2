// Synthetic clips, a folder to write into, and readers that are not ours.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/export/frame_sink.h"

namespace convscope::testing {

/// A folder that goes away with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }
  /// Names of everything in it, hidden files too, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

Pixels canvas(int width, int height, uint32_t rgb, uint8_t alpha = 255);
void fill(Pixels& pixels, int x, int y, int width, int height, uint32_t rgb, uint8_t alpha = 255);
/// Flat cells with a square that moves over them: few colours, as a lens draws them.
Pixels flat_frame(int width, int height, int index);
/// The project's own picture with a square that moves over it: thousands of colours.
Pixels photo_frame(int width, int height, int index);
double psnr(const Pixels& a, const Pixels& b);

struct GifClip {
  int width = 0, height = 0;
  int loops = -1;  // of the NETSCAPE block; 0 is endless, -1: no block
  std::string comment;
  std::vector<Pixels> frames;  // composed, as a browser shows them
  std::vector<int> delays;     // hundredths
  std::vector<int64_t> areas;  // pixels stored for each frame
  int total_delay() const;
};
/// Composes a GIF with giflib's reader and the specification's disposal rules.
GifClip read_gif(const std::string& path);

/// A PNG read with libpng's simplified reader.
Pixels read_png(const std::string& path);

bool has_program(const std::string& name);
/// Standard output of a command; `status` gets its exit status.
std::string output_of(const std::string& command, int* status = nullptr);
/// All frames of a video as RGBA, through the ffmpeg program.
std::vector<Pixels> read_video(const std::string& path, int width, int height);
/// Of an animation that ffmpeg reads (APNG, GIF): every frame as shown.
std::vector<Pixels> read_animation(const std::string& path, int width, int height);
/// When each frame of a clip begins, in seconds, through the ffprobe program.
std::vector<double> frame_times(const std::string& path);

struct WebpClip {
  std::vector<Pixels> frames;     // composed
  std::vector<int> milliseconds;  // of each frame
  std::string info;               // what webpinfo says
};
/// Through webpinfo and libwebp's own decoder of animations.
WebpClip read_webp(const std::string& path);

std::string bytes_of(const std::string& path);
int mode_of(const std::string& path);

/// Samples every frame, then writes them.
Result<void> write_clip(const std::string& target, const ClipFormat& format, const std::vector<Pixels>& frames,
                        const std::vector<int>& repeats = {});

}  // namespace convscope::testing
