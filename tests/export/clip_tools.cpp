#include "clip_tools.h"

#include <gif_lib.h>
#include <png.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef CONVSCOPE_WEBP
#include <webp/demux.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace convscope::testing {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "convscope-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TempFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    names.push_back(fs::relative(entry.path(), path_).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Pixels canvas(int width, int height, uint32_t rgb, uint8_t alpha) {
  Pixels pixels;
  pixels.width = width;
  pixels.height = height;
  pixels.rgba.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  fill(pixels, 0, 0, width, height, rgb, alpha);
  return pixels;
}

void fill(Pixels& pixels, int x, int y, int width, int height, uint32_t rgb, uint8_t alpha) {
  for (int j = std::max(y, 0); j < std::min(y + height, pixels.height); ++j) {
    for (int i = std::max(x, 0); i < std::min(x + width, pixels.width); ++i) {
      uint8_t* p =
          &pixels.rgba[(static_cast<size_t>(j) * static_cast<size_t>(pixels.width) + static_cast<size_t>(i)) * 4];
      p[0] = static_cast<uint8_t>(rgb >> 16);
      p[1] = static_cast<uint8_t>(rgb >> 8);
      p[2] = static_cast<uint8_t>(rgb);
      p[3] = alpha;
    }
  }
}

Pixels flat_frame(int width, int height, int index) {
  Pixels pixels = canvas(width, height, 0xFFFFFF);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) {
      const uint32_t shade = static_cast<uint32_t>(0x40 + 7 * (5 * y + x));
      fill(pixels, 10 + x * 16, 8 + y * 16, 14, 14, shade << 16 | 0x72B2);
    }
  }
  fill(pixels, 10 + (index % 5) * 16, 8 + (index / 5 % 5) * 16, 30, 30, 0xE69F00);
  return pixels;
}

Pixels photo_frame(int width, int height, int index) {
  Pixels pixels = canvas(width, height, 0);
  const auto photo = sample_photo(height, width);
  if (!photo) {
    ADD_FAILURE() << photo.error().code;
    return pixels;
  }
  const float* values = photo->data<float>();
  const size_t plane = static_cast<size_t>(width) * static_cast<size_t>(height);
  for (size_t i = 0; i < plane; ++i) {
    for (size_t c = 0; c < 3; ++c)
      pixels.rgba[4 * i + c] = static_cast<uint8_t>(std::lround(255 * values[c * plane + i]));
  }
  fill(pixels, 10 + 4 * index, 10, 20, 20, 0xF0E442);
  return pixels;
}

double psnr(const Pixels& a, const Pixels& b) {
  if (a.rgba.size() != b.rgba.size() || a.rgba.empty()) return 0;
  double sum = 0;
  for (size_t i = 0; i < a.rgba.size(); ++i) {
    if (i % 4 == 3) continue;
    const double d = static_cast<double>(a.rgba[i]) - b.rgba[i];
    sum += d * d;
  }
  const double mean = sum / (static_cast<double>(a.rgba.size()) * 0.75);
  return mean == 0 ? 999 : 10 * std::log10(255 * 255 / mean);
}

int GifClip::total_delay() const {
  int sum = 0;
  for (int delay : delays) sum += delay;
  return sum;
}

GifClip read_gif(const std::string& path) {
  GifClip clip;
  int error = 0;
  GifFileType* gif = DGifOpenFileName(path.c_str(), &error);
  if (gif == nullptr) {
    ADD_FAILURE() << path << ": " << GifErrorString(error);
    return clip;
  }
  if (DGifSlurp(gif) != GIF_OK) ADD_FAILURE() << path << ": " << GifErrorString(gif->Error);
  clip.width = gif->SWidth;
  clip.height = gif->SHeight;
  Pixels shown = canvas(clip.width, clip.height, 0, 0);
  for (int i = 0; i < gif->ImageCount; ++i) {
    const SavedImage& image = gif->SavedImages[i];
    GraphicsControlBlock control{DISPOSAL_UNSPECIFIED, false, 0, NO_TRANSPARENT_COLOR};
    DGifSavedExtensionToGCB(gif, i, &control);
    for (int e = 0; e < image.ExtensionBlockCount; ++e) {
      const ExtensionBlock& block = image.ExtensionBlocks[e];
      const std::string bytes(reinterpret_cast<const char*>(block.Bytes), static_cast<size_t>(block.ByteCount));
      if (block.Function == COMMENT_EXT_FUNC_CODE) clip.comment += bytes;
      if (block.Function == APPLICATION_EXT_FUNC_CODE && bytes == "NETSCAPE2.0" && e + 1 < image.ExtensionBlockCount) {
        const GifByteType* loop = image.ExtensionBlocks[e + 1].Bytes;
        clip.loops = loop[1] + 256 * loop[2];
      }
      if (block.Function == CONTINUE_EXT_FUNC_CODE && e >= 1 &&
          image.ExtensionBlocks[e - 1].Function == COMMENT_EXT_FUNC_CODE) {
        clip.comment += bytes;
      }
    }
    const GifImageDesc& desc = image.ImageDesc;
    const ColorMapObject* map = desc.ColorMap != nullptr ? desc.ColorMap : gif->SColorMap;
    const Pixels before = shown;
    for (int y = 0; y < desc.Height; ++y) {
      for (int x = 0; x < desc.Width; ++x) {
        const int index = image.RasterBits[y * desc.Width + x];
        if (index == control.TransparentColor) continue;
        if (index >= map->ColorCount) {
          ADD_FAILURE() << "index " << index << " beyond the palette";
          continue;
        }
        const GifColorType c = map->Colors[index];
        fill(shown, desc.Left + x, desc.Top + y, 1, 1,
             static_cast<uint32_t>(c.Red) << 16 | static_cast<uint32_t>(c.Green) << 8 | c.Blue);
      }
    }
    clip.frames.push_back(shown);
    clip.delays.push_back(control.DelayTime);
    clip.areas.push_back(static_cast<int64_t>(desc.Width) * desc.Height);
    if (control.DisposalMode == DISPOSE_BACKGROUND) fill(shown, desc.Left, desc.Top, desc.Width, desc.Height, 0, 0);
    if (control.DisposalMode == DISPOSE_PREVIOUS) shown = before;
  }
  DGifCloseFile(gif, &error);
  return clip;
}

Pixels read_png(const std::string& path) {
  Pixels pixels;
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) {
    ADD_FAILURE() << path << ": " << image.message;
    return pixels;
  }
  image.format = PNG_FORMAT_RGBA;
  pixels.width = static_cast<int>(image.width);
  pixels.height = static_cast<int>(image.height);
  pixels.rgba.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, pixels.rgba.data(), 0, nullptr) == 0) {
    ADD_FAILURE() << path << ": " << image.message;
  }
  return pixels;
}

bool has_program(const std::string& name) {
  int status = 0;
  output_of("command -v " + name + " 2>/dev/null", &status);
  return status == 0;
}

std::string output_of(const std::string& command, int* status) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  const int result = ::pclose(pipe);
  if (status != nullptr) *status = WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  return text;
}

namespace {
std::vector<Pixels> frames_of(const std::string& bytes, int width, int height) {
  const size_t size = static_cast<size_t>(width) * static_cast<size_t>(height) * 4;
  std::vector<Pixels> frames;
  EXPECT_EQ(bytes.size() % size, 0u);
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    Pixels pixels;
    pixels.width = width;
    pixels.height = height;
    pixels.rgba.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                       bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    frames.push_back(std::move(pixels));
  }
  return frames;
}
}  // namespace

std::vector<Pixels> read_animation(const std::string& path, int width, int height) {
  return frames_of(
      output_of("ffmpeg -v error -i '" + path + "' -f rawvideo -vsync passthrough -pix_fmt rgba - 2>/dev/null"), width,
      height);
}

std::vector<double> frame_times(const std::string& path) {
  std::istringstream lines(output_of("ffprobe -v error -show_entries frame=pts_time -of csv=p=0 '" + path + "'"));
  std::vector<double> times;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) times.push_back(std::strtod(line.c_str(), nullptr));
  }
  return times;
}

WebpClip read_webp(const std::string& path) {
  WebpClip clip;
  clip.info = output_of("webpinfo '" + path + "' 2>&1");
  std::istringstream lines(clip.info);
  for (std::string line; std::getline(lines, line);) {
    if (const size_t at = line.find("Duration: "); at != std::string::npos) {
      clip.milliseconds.push_back(std::atoi(line.c_str() + at + 10));
    }
  }
#ifdef CONVSCOPE_WEBP
  const std::string bytes = bytes_of(path);
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  WebPAnimDecoder* const decoder = WebPAnimDecoderNew(&data, nullptr);
  WebPAnimInfo facts;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder, &facts) == 0) {
    ADD_FAILURE() << path << " is no animated WebP";
    return clip;
  }
  const size_t size = size_t{4} * facts.canvas_width * facts.canvas_height;
  uint8_t* shown = nullptr;
  for (int end = 0; WebPAnimDecoderHasMoreFrames(decoder) != 0;) {
    if (WebPAnimDecoderGetNext(decoder, &shown, &end) == 0) {
      ADD_FAILURE() << path << ": frame " << clip.frames.size();
      break;
    }
    clip.frames.push_back({static_cast<int>(facts.canvas_width), static_cast<int>(facts.canvas_height),
                           std::vector<uint8_t>(shown, shown + size)});
  }
  WebPAnimDecoderDelete(decoder);
#endif
  return clip;
}

std::vector<Pixels> read_video(const std::string& path, int width, int height) {
  const std::string bytes =
      output_of("ffmpeg -v error -i '" + path + "' -vf scale=in_color_matrix=bt709 -f rawvideo -pix_fmt rgba - ");
  return frames_of(bytes, width, height);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int mode_of(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 07777) : -1;
}

Result<void> write_clip(const std::string& target, const ClipFormat& format, const std::vector<Pixels>& frames,
                        const std::vector<int>& repeats) {
  auto sink = open_sink(target, format);
  if (!sink) return sink.error();
  if ((*sink)->wants_sample()) {
    for (const Pixels& frame : frames) (*sink)->sample(frame);
  }
  if (auto begun = (*sink)->begin(); !begun) return begun;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (auto added = (*sink)->add(frames[i], repeats.empty() ? 1 : repeats[i]); !added) return added;
  }
  return (*sink)->finish();
}

}  // namespace convscope::testing
