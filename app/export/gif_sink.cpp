// GIF through giflib: one palette for the clip, each frame the smallest rectangle that changed.
#include <gif_lib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "app/export/gif_palette.h"
#include "app/export/sinks.h"
#include "app/io/atomic_file.h"
#include "app/io/system_error.h"

namespace convscope {
namespace {

constexpr int kLongestDelay = 65535;  // of a frame, in hundredths of a second
constexpr int kLongestComment = 255;
constexpr size_t kWriteBytes = size_t{1} << 16;

struct Rect {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // half-open
  bool empty() const { return x1 <= x0 || y1 <= y0; }
  void include(const Rect& other) {
    if (other.empty()) return;
    if (empty()) {
      *this = other;
      return;
    }
    x0 = std::min(x0, other.x0), y0 = std::min(y0, other.y0);
    x1 = std::max(x1, other.x1), y1 = std::max(y1, other.y1);
  }
};

/// The smallest rectangle of rows first..last in which `differs(x, y)`.
template <class Differs>
Rect bounds(int width, int first_row, int last_row, Differs differs) {
  Rect rect{width, -1, 0, 0};
  for (int y = first_row; y < last_row; ++y) {
    int left = 0;
    while (left < width && !differs(left, y)) ++left;
    if (left == width) continue;
    int right = width;
    while (!differs(right - 1, y)) --right;
    if (rect.y0 < 0) rect.y0 = y;
    rect.y1 = y + 1;
    rect.x0 = std::min(rect.x0, left);
    rect.x1 = std::max(rect.x1, right);
  }
  return rect.y0 < 0 ? Rect{} : rect;
}

class GifSink final : public FrameSink {
 public:
  GifSink(AtomicFile file, const ClipFormat& format) : file_(std::move(file)), format_(format) {}
  ~GifSink() override {
    // without finish() the file is thrown away; giflib still has memory to give back
    if (gif_ != nullptr) {
      failure_ = Error{};
      EGifCloseFile(gif_, nullptr);
    }
  }

  bool wants_sample() const override { return true; }
  void sample(const Pixels& frame) override { census_.count(frame, format_.transparent); }

  Result<void> begin() override { return {}; }
  Result<void> add(const Pixels& frame, int repeat) override;
  Result<void> finish() override;

 private:
  /// A frame is written when the next one is known: only then its length is, and what must be cleared after it.
  struct Pending {
    Rect rect;
    int64_t start = 0;  // frame time
    bool clear_after = false;
  };

  Result<void> open(const Pixels& first);
  Result<void> put_comment(const std::string& words);
  /// False when it was stopped.
  bool index_rows(const Pixels& frame, int first_row, int last_row);
  Result<void> flush(int64_t until);
  Result<void> put_image(const Rect& rect, bool clear_after, int delay);
  Error write_error() const;
  static Error stopped() { return Error{"error.export_cancelled", "", {}}; }
  int64_t hundredths(int64_t frame) const { return (200 * frame + format_.fps) / (2 * format_.fps); }
  size_t offset(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(format_.width) + static_cast<size_t>(x);
  }

  static int write_bytes(GifFileType* gif, const GifByteType* bytes, int count) {
    auto* sink = static_cast<GifSink*>(gif->UserData);
    if (sink->failure_) return 0;
    // giflib writes blocks of 256 bytes
    sink->buffer_.insert(sink->buffer_.end(), bytes, bytes + count);
    if (sink->buffer_.size() >= kWriteBytes && !sink->write_buffer()) return 0;
    return count;
  }
  bool write_buffer() {
    const auto written = file_.write(buffer_.data(), buffer_.size());
    buffer_.clear();
    if (!written) failure_ = written.error();
    return written.ok();
  }

  AtomicFile file_;
  ClipFormat format_;
  ColorCensus census_;
  std::optional<PaletteLookup> lookup_;
  bool dither_ = false;
  int clear_index_ = NO_TRANSPARENT_COLOR;  // the entry that stands for "leave what is there"
  GifFileType* gif_ = nullptr;
  std::optional<Error> failure_;
  std::vector<uint8_t> buffer_;

  Pixels last_;                  // as given, to find the rows that changed
  std::vector<uint8_t> before_;  // indices on which the pending frame is drawn
  std::vector<uint8_t> shown_;   // indices the pending frame shows
  std::vector<uint8_t> wanted_;
  std::vector<uint8_t> line_;
  std::optional<Pending> pending_;
  bool first_ = true;
  int64_t frame_ = 0;
};

Error GifSink::write_error() const {
  if (failure_) return *failure_;
  return Error{"error.export_encoder", "", {"GIF", gif_ != nullptr ? GifErrorString(gif_->Error) : "giflib"}};
}

Result<void> GifSink::open(const Pixels& first) {
  if (census_.entries().empty()) census_.count(first, format_.transparent);
  // One entry is kept for "unchanged" (and for clear), unless 256 colours of an opaque clip need all.
  const bool needs_clear = format_.transparent || census_.entries().size() != 256 || census_.coarse();
  Palette palette = make_palette(census_, needs_clear ? 255 : 256);
  dither_ = palette.photographic && !palette.exact;
  census_ = ColorCensus();
  if (needs_clear) clear_index_ = static_cast<int>(palette.colors.size());

  int bits = 1;
  while ((1 << bits) < static_cast<int>(palette.colors.size()) + (needs_clear ? 1 : 0)) ++bits;
  std::vector<GifColorType> table(size_t{1} << bits, GifColorType{0, 0, 0});
  for (size_t i = 0; i < palette.colors.size(); ++i) {
    const Rgb c = palette.colors[i];
    table[i] = {static_cast<GifByteType>(c >> 16), static_cast<GifByteType>(c >> 8), static_cast<GifByteType>(c)};
  }
  lookup_.emplace(std::move(palette));

  int error = 0;
  gif_ = EGifOpen(this, write_bytes, &error);
  if (gif_ == nullptr) return Error{"error.export_encoder", "", {"GIF", reason_of(ENOMEM)}};
  EGifSetGifVersion(gif_, true);
  ColorMapObject* map = GifMakeMapObject(static_cast<int>(table.size()), table.data());
  if (map == nullptr) return Error{"error.export_encoder", "", {"GIF", reason_of(ENOMEM)}};
  const int screen = EGifPutScreenDesc(gif_, format_.width, format_.height, bits, 0, map);
  GifFreeMapObject(map);
  if (screen == GIF_ERROR) return write_error();

  const unsigned char endless[] = {1, 0, 0};
  if (EGifPutExtensionLeader(gif_, APPLICATION_EXT_FUNC_CODE) == GIF_ERROR ||
      EGifPutExtensionBlock(gif_, 11, "NETSCAPE2.0") == GIF_ERROR ||
      EGifPutExtensionBlock(gif_, sizeof endless, endless) == GIF_ERROR || EGifPutExtensionTrailer(gif_) == GIF_ERROR) {
    return write_error();
  }
  // programs that show one comment show the last
  for (const std::string* words : {&format_.session, &format_.description}) {
    if (auto put = put_comment(*words); !put) return put;
  }
  return {};
}

Result<void> GifSink::put_comment(const std::string& words) {
  if (words.empty()) return {};
  if (EGifPutExtensionLeader(gif_, COMMENT_EXT_FUNC_CODE) == GIF_ERROR) return write_error();
  for (size_t at = 0; at < words.size(); at += kLongestComment) {
    const size_t size = std::min<size_t>(kLongestComment, words.size() - at);
    if (EGifPutExtensionBlock(gif_, static_cast<int>(size), words.data() + at) == GIF_ERROR) return write_error();
  }
  if (EGifPutExtensionTrailer(gif_) == GIF_ERROR) return write_error();
  return {};
}

bool GifSink::index_rows(const Pixels& frame, int first_row, int last_row) {
  for (int y = first_row; y < last_row; ++y) {
    if (cancelled()) return false;
    const uint8_t* pixel = frame.rgba.data() + 4 * offset(0, y);
    uint8_t* index = wanted_.data() + offset(0, y);
    uint32_t last_bytes = 0;
    uint8_t last_index = 0;
    bool known = false;
    for (int x = 0; x < format_.width; ++x, pixel += 4) {
      uint32_t bytes;
      std::memcpy(&bytes, pixel, 4);
      if (known && bytes == last_bytes && !dither_) {
        index[x] = last_index;
        continue;
      }
      if (format_.transparent && pixel[3] < kOpaqueAlpha) {
        index[x] = static_cast<uint8_t>(clear_index_);
      } else {
        const Rgb color = static_cast<Rgb>(pixel[0]) << 16 | static_cast<Rgb>(pixel[1]) << 8 | pixel[2];
        index[x] = dither_ ? lookup_->dithered(color, x, y) : lookup_->index(color);
      }
      last_bytes = bytes;
      last_index = index[x];
      known = true;
    }
  }
  return true;
}

Result<void> GifSink::add(const Pixels& frame, int repeat) {
  if (first_) {
    if (auto opened = open(frame); !opened) return opened;
    const size_t cells = offset(0, format_.height);
    wanted_.resize(cells);
    if (!index_rows(frame, 0, format_.height)) return stopped();
    // A picture with nothing in it yet: whatever is clear stays, everything else is drawn.
    before_.assign(cells, static_cast<uint8_t>(clear_index_));
    shown_ = wanted_;
    last_ = frame;
    pending_ = Pending{{0, 0, format_.width, format_.height}, 0, false};
    first_ = false;
    frame_ = repeat;
    wrote(repeat);
    return {};
  }

  const size_t row_bytes = static_cast<size_t>(format_.width) * 4;
  const auto row_differs = [&](int y) {
    const size_t at = static_cast<size_t>(y) * row_bytes;
    return std::memcmp(frame.rgba.data() + at, last_.rgba.data() + at, row_bytes) != 0;
  };
  int top = 0;
  while (top < format_.height && !row_differs(top)) ++top;
  int bottom = format_.height;
  while (bottom > top && !row_differs(bottom - 1)) --bottom;

  // wanted_ equals shown_ outside these rows
  if (!index_rows(frame, top, bottom)) return stopped();
  const auto differs = [&](int x, int y) { return wanted_[offset(x, y)] != shown_[offset(x, y)]; };
  const Rect changed = bounds(format_.width, top, bottom, differs);
  if (changed.empty()) {
    frame_ += repeat;
    wrote(repeat);
    return {};
  }
  const size_t first_byte = static_cast<size_t>(top) * row_bytes;
  std::memcpy(last_.rgba.data() + first_byte, frame.rgba.data() + first_byte,
              static_cast<size_t>(bottom - top) * row_bytes);

  // What was opaque and becomes clear can only be cleared by the frame before.
  Rect cleared;
  if (format_.transparent) {
    const uint8_t clear = static_cast<uint8_t>(clear_index_);
    cleared = bounds(format_.width, changed.y0, changed.y1,
                     [&](int x, int y) { return wanted_[offset(x, y)] == clear && shown_[offset(x, y)] != clear; });
  }
  if (!cleared.empty()) {
    pending_->rect.include(cleared);
    pending_->clear_after = true;
  }
  const Rect drawn = pending_->rect;
  const bool clear_after = pending_->clear_after;
  if (auto written = flush(frame_); !written) return written;

  std::swap(before_, shown_);  // before_: what is on the canvas now
  Rect rect = changed;
  if (clear_after) {
    for (int y = drawn.y0; y < drawn.y1; ++y) {
      std::fill(before_.begin() + static_cast<std::ptrdiff_t>(offset(drawn.x0, y)),
                before_.begin() + static_cast<std::ptrdiff_t>(offset(drawn.x1, y)), static_cast<uint8_t>(clear_index_));
    }
    rect = bounds(format_.width, 0, format_.height,
                  [&](int x, int y) { return wanted_[offset(x, y)] != before_[offset(x, y)]; });
    if (rect.empty()) rect = {0, 0, 1, 1};  // nothing left to see: a frame all the same
  }
  shown_ = wanted_;
  pending_ = Pending{rect, frame_, false};
  frame_ += repeat;
  wrote(repeat);
  return {};
}

Result<void> GifSink::put_image(const Rect& rect, bool clear_after, int delay) {
  GraphicsControlBlock control;
  control.DisposalMode = clear_after ? DISPOSE_BACKGROUND : DISPOSE_DO_NOT;
  control.UserInputFlag = false;
  control.DelayTime = delay;
  control.TransparentColor = clear_index_;
  GifByteType block[4];
  EGifGCBToExtension(&control, block);
  if (EGifPutExtension(gif_, GRAPHICS_EXT_FUNC_CODE, sizeof block, block) == GIF_ERROR) return write_error();

  const int width = rect.x1 - rect.x0;
  if (EGifPutImageDesc(gif_, rect.x0, rect.y0, width, rect.y1 - rect.y0, false, nullptr) == GIF_ERROR) {
    return write_error();
  }
  line_.resize(static_cast<size_t>(width));
  for (int y = rect.y0; y < rect.y1; ++y) {
    if (cancelled()) return stopped();
    const uint8_t* shown = shown_.data() + offset(rect.x0, y);
    const uint8_t* before = before_.data() + offset(rect.x0, y);
    if (clear_index_ == NO_TRANSPARENT_COLOR) {
      std::copy(shown, shown + width, line_.begin());
    } else {
      const uint8_t clear = static_cast<uint8_t>(clear_index_);
      for (int x = 0; x < width; ++x) line_[static_cast<size_t>(x)] = shown[x] == before[x] ? clear : shown[x];
    }
    if (EGifPutLine(gif_, line_.data(), width) == GIF_ERROR) return write_error();
  }
  return {};
}

Result<void> GifSink::flush(int64_t until) {
  int64_t delay = hundredths(until) - hundredths(pending_->start);
  // Longer pauses than one frame can hold are handed on by frames of a single unchanged pixel.
  Rect rect = pending_->rect;
  while (delay > kLongestDelay) {
    if (auto put = put_image(rect, false, kLongestDelay); !put) return put;
    delay -= kLongestDelay;
    before_ = shown_;
    if (!pending_->clear_after) rect = {0, 0, 1, 1};
  }
  return put_image(rect, pending_->clear_after, static_cast<int>(delay));
}

Result<void> GifSink::finish() {
  if (!pending_) return Error{"error.export_encoder", "", {"GIF", "0"}};
  if (auto written = flush(frame_); !written) return written;
  const int closed = EGifCloseFile(gif_, nullptr);
  gif_ = nullptr;
  if (closed == GIF_ERROR || failure_ || !write_buffer()) return write_error();
  return file_.commit();
}

}  // namespace

Result<std::unique_ptr<FrameSink>> open_gif_sink(const std::string& target, const ClipFormat& format) {
  auto file = AtomicFile::create(target);
  if (!file) return file.error();
  return std::unique_ptr<FrameSink>(std::make_unique<GifSink>(std::move(file).value(), format));
}

}  // namespace convscope
