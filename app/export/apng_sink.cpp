// Animated PNG: the chunks acTL, fcTL and fdAT around PNG's own, which libpng does not write; compressed by zlib.
// Source: PNG, third edition, 4.9 and 11.3.6. Lossless; delays are fractions, so every frame rate is exact.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "app/export/frame_difference.h"
#include "app/export/sinks.h"
#include "app/io/atomic_file.h"

namespace convscope {
namespace {

constexpr int kLevel = 9;  // a third of the gain of leaving filters away, in a quarter of a second for that clip
constexpr int64_t kLongestDelay = 65535;  // numerator of a delay in frame times
constexpr size_t kBytesPerPixel = 4;
constexpr uint8_t kKeep = 0;                   // dispose_op: the frame stays
constexpr uint8_t kReplace = 0, kCompose = 1;  // blend_op

class Chunk {
 public:
  explicit Chunk(const char* type) : bytes_(type) {}
  Chunk& u8(uint32_t value) {
    bytes_ += static_cast<char>(static_cast<uint8_t>(value));
    return *this;
  }
  Chunk& u16(uint32_t value) { return u8(value >> 8).u8(value); }
  Chunk& u32(uint32_t value) { return u16(value >> 16).u16(value); }
  Chunk& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  /// Length, type, data, checksum.
  std::string finished() const {
    Chunk out("");
    out.u32(static_cast<uint32_t>(bytes_.size() - 4)).text(bytes_);
    const auto* data = reinterpret_cast<const Bytef*>(bytes_.data());
    out.u32(static_cast<uint32_t>(::crc32(::crc32(0, nullptr, 0), data, static_cast<uInt>(bytes_.size()))));
    return out.bytes_;
  }

 private:
  std::string bytes_;
};

/// A picture as PNG's filtered and compressed rows, made row by row.
class RowPacker {
 public:
  ~RowPacker() {
    if (begun_) deflateEnd(&stream_);
  }
  /// False where it was stopped or there is no memory.
  template <class Stopped>
  bool pack(const Pixels& pixels, std::string& out, Stopped stopped) {
    if (!begun_ && deflateInit(&stream_, kLevel) != Z_OK) return false;
    if (begun_) deflateReset(&stream_);
    begun_ = true;
    out.clear();
    const size_t row_bytes = static_cast<size_t>(pixels.width) * kBytesPerPixel;
    above_.assign(row_bytes, 0);
    for (int y = 0; y < pixels.height; ++y) {
      if (stopped()) return false;
      const uint8_t* row = pixels.rgba.data() + static_cast<size_t>(y) * row_bytes;
      const std::string& filtered = best_filter(row, row_bytes);
      if (!compress(filtered, y + 1 == pixels.height ? Z_FINISH : Z_NO_FLUSH, out)) return false;
      std::memcpy(above_.data(), row, row_bytes);
    }
    return true;
  }

 private:
  /// No filter where most pixels equal a neighbour: flat fills, letters and the holes of differences, whose runs
  /// deflate finds by itself (85 frames of padding_strides at 960x540: 314 kB, with the best of all five filters by
  /// least sum of differences 402 kB). Elsewhere, in photographs, that choice of five.
  const std::string& best_filter(const uint8_t* row, size_t bytes) {
    size_t flat = 0;
    for (size_t i = kBytesPerPixel; i < bytes; i += kBytesPerPixel) {
      flat += std::memcmp(row + i, row + i - kBytesPerPixel, kBytesPerPixel) == 0 ||
              std::memcmp(row + i, above_.data() + i, kBytesPerPixel) == 0;
    }
    if (2 * kBytesPerPixel * flat >= bytes) {
      filter(0, row, bytes, filtered_[0]);
      return filtered_[0];
    }
    size_t best = 0;
    uint64_t least = std::numeric_limits<uint64_t>::max();
    for (size_t kind = 0; kind < filtered_.size(); ++kind) {
      const uint64_t sum = filter(kind, row, bytes, filtered_[kind]);
      if (sum < least) least = sum, best = kind;
    }
    return filtered_[best];
  }

  /// PNG's filters 0 to 4: none, sub, up, average, Paeth. Returns the sum of the differences as signed bytes.
  uint64_t filter(size_t kind, const uint8_t* row, size_t bytes, std::string& out) const {
    out.resize(bytes + 1);
    out[0] = static_cast<char>(kind);
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const int left = i < kBytesPerPixel ? 0 : row[i - kBytesPerPixel], up = above_[i];
      const int corner = i < kBytesPerPixel ? 0 : above_[i - kBytesPerPixel];
      int guess = 0;
      if (kind == 1) guess = left;
      if (kind == 2) guess = up;
      if (kind == 3) guess = (left + up) / 2;
      if (kind == 4) {
        const int to_left = std::abs(up - corner), to_up = std::abs(left - corner);
        const int to_corner = std::abs(left + up - 2 * corner);
        guess = to_left <= to_up && to_left <= to_corner ? left : to_up <= to_corner ? up : corner;
      }
      const auto value = static_cast<int8_t>(row[i] - guess);
      out[i + 1] = static_cast<char>(value);
      sum += static_cast<uint64_t>(std::abs(int{value}));
    }
    return sum;
  }

  bool compress(const std::string& bytes, int flush, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    int code = Z_OK;
    do {
      std::array<char, 1 << 16> piece;
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      code = deflate(&stream_, flush);
      if (code == Z_STREAM_ERROR) return false;
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
    return true;
  }

  z_stream stream_{};
  bool begun_ = false;
  std::vector<uint8_t> above_;
  std::array<std::string, 5> filtered_;
};

class ApngSink final : public FrameSink {
 public:
  ApngSink(AtomicFile file, const ClipFormat& format) : file_(std::move(file)), format_(format) {}
  Result<void> begin() override;
  Result<void> add(const Pixels& frame, int repeat) override;
  Result<void> finish() override;

 private:
  /// A frame is written when the next one is known: only then its length is.
  struct Pending {
    int x = 0, y = 0, width = 0, height = 0;
    bool over = false;
    int64_t frame_times = 0;
  };

  Result<void> put(const Chunk& chunk) { return put(chunk.finished()); }
  Result<void> put(const std::string& bytes) {
    offset_ += bytes.size();
    return file_.write(bytes.data(), bytes.size());
  }
  Result<void> put_frame(const Pending& frame, std::string_view data, int64_t frame_times);
  Result<void> flush();
  Chunk animation_control() const {
    Chunk chunk("acTL");
    chunk.u32(frames_).u32(0);  // 0: for ever
    return chunk;
  }
  Error failure() const {
    if (cancelled()) return Error{"error.export_cancelled", "", {}};
    return Error{"error.export_encoder", "", {"APNG", "zlib"}};
  }

  AtomicFile file_;
  ClipFormat format_;
  FrameComparer comparer_;
  FrameDifference difference_;
  RowPacker packer_;
  std::string packed_;
  std::optional<Pending> pending_;
  uint64_t offset_ = 0, control_offset_ = 0;
  uint32_t frames_ = 0, sequence_ = 0;
};

Result<void> ApngSink::begin() {
  if (auto written = put(std::string("\x89PNG\r\n\x1a\n")); !written) return written;
  Chunk header("IHDR");
  header.u32(static_cast<uint32_t>(format_.width)).u32(static_cast<uint32_t>(format_.height));
  header.u8(8).u8(6).u8(0).u8(0).u8(0);  // 8 bits of RGBA: what did not change is clear, even in opaque clips
  if (auto written = put(header); !written) return written;
  control_offset_ = offset_;
  if (auto written = put(animation_control()); !written) return written;  // the count is known at the end
  if (auto written = put(Chunk("sRGB").u8(0)); !written) return written;
  for (const auto& [key, value] : text_chunks(format_)) {
    Chunk words("iTXt");
    words.text(key).u8(0).u8(0).u8(0).u8(0).u8(0).text(value);
    if (auto written = put(words); !written) return written;
  }
  return {};
}

Result<void> ApngSink::put_frame(const Pending& frame, std::string_view data, int64_t frame_times) {
  const int64_t common = std::gcd(frame_times, static_cast<int64_t>(format_.fps));
  Chunk control("fcTL");
  control.u32(sequence_++).u32(static_cast<uint32_t>(frame.width)).u32(static_cast<uint32_t>(frame.height));
  control.u32(static_cast<uint32_t>(frame.x)).u32(static_cast<uint32_t>(frame.y));
  control.u16(static_cast<uint32_t>(frame_times / common)).u16(static_cast<uint32_t>(format_.fps / common));
  control.u8(kKeep).u8(frame.over ? kCompose : kReplace);
  if (auto written = put(control); !written) return written;
  // Programs that know no animation show the first frame: it is the picture's own data.
  Chunk body = frames_ == 0 ? Chunk("IDAT") : Chunk("fdAT");
  if (frames_ > 0) body.u32(sequence_++);
  body.text(data);
  ++frames_;
  return put(body);
}

Result<void> ApngSink::flush() {
  if (!pending_) return {};
  // Longer pauses than one frame can hold are handed on by frames of a single unchanged pixel.
  int64_t left = pending_->frame_times;
  const auto fits = [&](int64_t times) { return times / std::gcd(times, int64_t{format_.fps}) <= kLongestDelay; };
  const int64_t first = fits(left) ? left : kLongestDelay;
  if (auto written = put_frame(*pending_, packed_, first); !written) return written;
  left -= first;
  if (left == 0) return {};
  Pixels nothing{1, 1, {0, 0, 0, 0}};
  if (!packer_.pack(nothing, packed_, [] { return false; })) return failure();
  while (left > 0) {
    const int64_t part = fits(left) ? left : kLongestDelay;
    if (auto written = put_frame({0, 0, 1, 1, true, 0}, packed_, part); !written) return written;
    left -= part;
  }
  return {};
}

Result<void> ApngSink::add(const Pixels& frame, int repeat) {
  if (comparer_.next(frame, difference_)) {
    if (auto flushed = flush(); !flushed) return flushed;
    const Pixels& part = difference_.pixels;
    pending_ = Pending{difference_.x0, difference_.y0, part.width, part.height, difference_.over, 0};
    if (!packer_.pack(part, packed_, [this] { return cancelled(); })) return failure();
  }
  pending_->frame_times += repeat;
  wrote(repeat);
  return {};
}

Result<void> ApngSink::finish() {
  if (!pending_) return Error{"error.export_encoder", "", {"APNG", "0"}};
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto written = put(Chunk("IEND")); !written) return written;
  const std::string control = animation_control().finished();
  if (auto written = file_.write_at(control_offset_, control.data(), control.size()); !written) return written;
  return file_.commit();
}

}  // namespace

Result<std::unique_ptr<FrameSink>> open_apng_sink(const std::string& target, const ClipFormat& format) {
  auto file = AtomicFile::create(target);
  if (!file) return file.error();
  return std::unique_ptr<FrameSink>(std::make_unique<ApngSink>(std::move(file).value(), format));
}

}  // namespace convscope
