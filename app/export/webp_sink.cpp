// Animated WebP: each frame compressed without loss by libwebp, the container around them written here, frame by
// frame, where libwebpmux would hold the whole clip in memory. Delays are whole milliseconds.
// Source: https://developers.google.com/speed/webp/docs/riff_container.
#include <webp/encode.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "app/export/frame_difference.h"
#include "app/export/sinks.h"
#include "app/io/atomic_file.h"
#include "app/io/carried_text.h"

namespace convscope {
namespace {

/// Of libwebp's ten presets of lossless effort. 130 frames of padding_strides at 960x540 make 208 kB at effort 1, 140
/// kB at 3 and 135 kB at 6, in a fifth of a second more (libwebp 1.2.4).
constexpr int kEffort = 6;
constexpr int64_t kLongestDelay = 0xFFFFFF;
constexpr uint8_t kHasAlpha = 0x10, kHasXmp = 0x04, kIsAnimated = 0x02;
constexpr uint8_t kReplace = 0x02, kCompose = 0x00;  // a frame's blending bit

class Bytes {
 public:
  Bytes& little(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  const std::string& get() const { return bytes_; }

 private:
  std::string bytes_;
};

class WebpSink final : public FrameSink {
 public:
  WebpSink(AtomicFile file, const ClipFormat& format) : file_(std::move(file)), format_(format) {}
  Result<void> begin() override;
  Result<void> add(const Pixels& frame, int repeat) override;
  Result<void> finish() override;

 private:
  /// A frame is written when the next one is known: only then its length is.
  struct Pending {
    int x = 0, y = 0, width = 0, height = 0;
    bool over = false;
    int64_t start = 0;  // frame time
  };

  Result<void> put_chunk(const char* type, std::string_view head, std::string_view rest = {});
  Result<void> put_frame(const Pending& frame, int64_t milliseconds);
  bool has_words() const { return !format_.title.empty() || !format_.description.empty() || !format_.session.empty(); }
  /// Compresses into packed_.
  Result<void> pack(const Pixels& pixels);
  Result<void> flush();
  int64_t milliseconds(int64_t frame) const { return (2000 * frame + format_.fps) / (2 * format_.fps); }
  static int keep_going(int, const WebPPicture* picture) {
    return static_cast<const WebpSink*>(picture->user_data)->cancelled() ? 0 : 1;
  }
  static int append(const uint8_t* data, size_t size, const WebPPicture* picture) {
    static_cast<std::string*>(picture->custom_ptr)->append(reinterpret_cast<const char*>(data), size);
    return 1;
  }

  AtomicFile file_;
  ClipFormat format_;
  FrameComparer comparer_{2};  // frames lie at even places
  FrameDifference difference_;
  std::string packed_;
  std::optional<Pending> pending_;
  uint64_t size_ = 0;  // bytes written
  int64_t frame_ = 0;
};

Result<void> WebpSink::put_chunk(const char* type, std::string_view head, std::string_view rest) {
  const size_t size = head.size() + rest.size();
  Bytes bytes;
  bytes.text(type).little(size, 4).text(head).text(rest);
  if (size % 2 != 0) bytes.little(0, 1);
  size_ += bytes.get().size();
  if (size_ > std::numeric_limits<uint32_t>::max()) {
    return Error{"error.export_encoder", "", {"WebP", "4 GiB"}};  // the size's field has 32 bits
  }
  return file_.write(bytes.get().data(), bytes.get().size());
}

Result<void> WebpSink::begin() {
  Bytes riff;
  riff.text("RIFF").little(0, 4).text("WEBP");  // the size is known at the end
  size_ = riff.get().size();
  if (auto written = file_.write(riff.get().data(), riff.get().size()); !written) return written;
  Bytes header;
  const int flags = kIsAnimated | kHasAlpha | (has_words() ? kHasXmp : 0);
  header.little(static_cast<uint64_t>(flags), 4);
  header.little(static_cast<uint64_t>(format_.width - 1), 3).little(static_cast<uint64_t>(format_.height - 1), 3);
  if (auto written = put_chunk("VP8X", header.get()); !written) return written;
  Bytes animation;
  animation.little(0, 4).little(0, 2);  // a clear background, for ever
  return put_chunk("ANIM", animation.get());
}

Result<void> WebpSink::pack(const Pixels& pixels) {
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPConfigLosslessPreset(&config, kEffort) || !WebPPictureInit(&picture)) {
    return Error{"error.export_encoder", "", {"WebP", "libwebp"}};
  }
  config.exact = 1;  // the colours of clear pixels too
  picture.use_argb = 1;
  picture.width = pixels.width;
  picture.height = pixels.height;
  packed_.clear();
  picture.writer = append;
  picture.custom_ptr = &packed_;
  picture.progress_hook = keep_going;
  picture.user_data = this;
  const bool packed =
      WebPPictureImportRGBA(&picture, pixels.rgba.data(), 4 * pixels.width) != 0 && WebPEncode(&config, &picture) != 0;
  const int code = picture.error_code;
  WebPPictureFree(&picture);
  if (cancelled()) return Error{"error.export_cancelled", "", {}};
  constexpr size_t kFileHeader = 12;  // what follows is the frame's own chunk
  if (!packed || packed_.size() < kFileHeader) {
    return Error{"error.export_encoder", "", {"WebP", "libwebp " + std::to_string(code)}};
  }
  packed_.erase(0, kFileHeader);
  return {};
}

Result<void> WebpSink::put_frame(const Pending& frame, int64_t milliseconds) {
  Bytes head;
  head.little(static_cast<uint64_t>(frame.x / 2), 3).little(static_cast<uint64_t>(frame.y / 2), 3);
  head.little(static_cast<uint64_t>(frame.width - 1), 3).little(static_cast<uint64_t>(frame.height - 1), 3);
  head.little(static_cast<uint64_t>(milliseconds), 3).little(frame.over ? kCompose : kReplace, 1);
  return put_chunk("ANMF", head.get(), packed_);
}

Result<void> WebpSink::flush() {
  if (!pending_) return {};
  int64_t left = milliseconds(frame_) - milliseconds(pending_->start);
  // Longer pauses than one frame can hold are handed on by frames of a single unchanged pixel.
  for (bool first = true; first || left > 0; first = false) {
    const int64_t part = std::min(left, kLongestDelay);
    if (!first) {
      if (auto packed = pack(Pixels{1, 1, {0, 0, 0, 0}}); !packed) return packed;
    }
    const Pending shown = first ? *pending_ : Pending{0, 0, 1, 1, true, 0};
    if (auto written = put_frame(shown, part); !written) return written;
    left -= part;
  }
  return {};
}

Result<void> WebpSink::add(const Pixels& frame, int repeat) {
  if (comparer_.next(frame, difference_)) {
    if (auto flushed = flush(); !flushed) return flushed;
    const Pixels& part = difference_.pixels;
    pending_ = Pending{difference_.x0, difference_.y0, part.width, part.height, difference_.over, frame_};
    if (auto packed = pack(part); !packed) return packed;
  }
  frame_ += repeat;
  wrote(repeat);
  return {};
}

Result<void> WebpSink::finish() {
  if (!pending_) return Error{"error.export_encoder", "", {"WebP", "0"}};
  if (auto flushed = flush(); !flushed) return flushed;
  if (has_words()) {
    const std::string packet = xmp_packet(format_.title, format_.description, format_.session);
    if (auto written = put_chunk("XMP ", packet); !written) return written;
  }
  Bytes size;
  size.little(size_ - 8, 4);
  if (auto written = file_.write_at(4, size.get().data(), size.get().size()); !written) return written;
  return file_.commit();
}

}  // namespace

Result<std::unique_ptr<FrameSink>> open_webp_sink(const std::string& target, const ClipFormat& format) {
  auto file = AtomicFile::create(target);
  if (!file) return file.error();
  return std::unique_ptr<FrameSink>(std::make_unique<WebpSink>(std::move(file).value(), format));
}

}  // namespace convscope
