#include "app/io/image_format.h"

#include <cstddef>
#include <optional>

#include "engine/checked_math.h"

namespace convscope {

namespace {

uint32_t byte_at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }
bool starts_with(std::string_view bytes, std::string_view start) { return bytes.substr(0, start.size()) == start; }

uint32_t little(std::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | byte_at(bytes, at + static_cast<size_t>(i));
  return value;
}

uint32_t big(std::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | byte_at(bytes, at + static_cast<size_t>(i));
  return value;
}

/// Calls visit(marker, contents) for each segment before the first scan; returns where the scan's data begins.
template <class Visit>
std::optional<size_t> walk_jpeg(std::string_view bytes, Visit visit) {
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (byte_at(bytes, at) != 0xff) return std::nullopt;
    const uint32_t marker = byte_at(bytes, at + 1);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = big(bytes, at + 2, 2);
    if (length < 2 || at + 2 + length > bytes.size()) return std::nullopt;
    if (marker == 0xda) return at + 2 + length;
    visit(marker, bytes.substr(at + 4, length - 2));
    at += 2 + length;
  }
  return std::nullopt;
}

bool is_truncated_jpeg(std::string_view bytes) {
  const std::optional<size_t> scan = walk_jpeg(bytes, [](uint32_t, std::string_view) {});
  // Inside a scan 0xff is followed by 0 or a restart marker, so this pair can only be the end.
  return !scan || bytes.find("\xff\xd9", *scan) == std::string_view::npos;
}

bool is_truncated_bmp(std::string_view bytes) {
  if (bytes.size() < 26) return true;
  const int64_t offset = little(bytes, 10, 4);
  const bool is_old = little(bytes, 14, 4) == 12;
  if (!is_old && bytes.size() < 30) return true;
  const int64_t width = is_old ? little(bytes, 18, 2) : static_cast<int32_t>(little(bytes, 18, 4));
  const int64_t height = is_old ? little(bytes, 20, 2) : static_cast<int32_t>(little(bytes, 22, 4));
  const int64_t bits = is_old ? little(bytes, 24, 2) : little(bytes, 28, 2);
  if (width < 0) return true;
  const bool is_packed = !is_old && bytes.size() >= 34 && little(bytes, 30, 4) != 0 && little(bytes, 30, 4) != 3;
  if (is_packed) return false;  // run lengths: the size says nothing, and the decoder refuses them by itself
  const int64_t row = (width * bits + 31) / 32 * 4;
  const std::optional<int64_t> data = checked_mul(row, height < 0 ? -height : height);
  return !data || *data > static_cast<int64_t>(bytes.size()) - offset;
}

bool is_truncated_pnm(std::string_view bytes) {
  size_t at = 2;
  int64_t numbers[3] = {};
  for (int64_t& number : numbers) {
    while (at < bytes.size() && (bytes[at] == '#' || bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r'))) {
      if (bytes[at] == '#') {
        while (at < bytes.size() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
      } else {
        ++at;
      }
    }
    if (at >= bytes.size() || bytes[at] < '0' || bytes[at] > '9') return true;
    while (at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && number < 1'000'000'000) {
      number = number * 10 + (bytes[at++] - '0');
    }
  }
  ++at;
  const std::optional<int64_t> data =
      checked_product({numbers[0], numbers[1], bytes[1] == '6' ? 3 : 1, numbers[2] > 255 ? 2 : 1});
  return !data || *data > static_cast<int64_t>(bytes.size()) - static_cast<int64_t>(at);
}

/// The header of a TGA whose rows run from left to right, as the decoder takes them.
struct TgaHead {
  int64_t width = 0, height = 0, pixel_bytes = 0;
  size_t data = 0;  // where the pixels begin
  bool run_lengths = false;
};

std::optional<TgaHead> tga_head(std::string_view bytes) {
  constexpr size_t kHeader = 18;
  if (bytes.size() < kHeader) return std::nullopt;
  const uint32_t map_type = byte_at(bytes, 1), type = byte_at(bytes, 2), bits = byte_at(bytes, 16);
  const bool has_map = type == 1 || type == 9, is_grey = type == 3 || type == 11, is_color = type == 2 || type == 10;
  const bool from_the_right = (byte_at(bytes, 17) & 0x10) != 0;
  if (map_type != (has_map ? 1u : 0u) || !(has_map || is_grey || is_color) || from_the_right) return std::nullopt;
  const uint32_t map_first = little(bytes, 3, 2), map_length = little(bytes, 5, 2), map_bits = byte_at(bytes, 7);
  if (has_map && (map_first != 0 || map_length == 0 || map_bits < 15 || map_bits > 32)) return std::nullopt;
  const bool good_bits = is_color ? bits == 15 || bits == 16 || bits == 24 || bits == 32 : bits == 8;
  TgaHead head{little(bytes, 12, 2), little(bytes, 14, 2), (bits + 7) / 8, 0, type >= 9};
  if (!good_bits || head.width == 0 || head.height == 0) return std::nullopt;
  head.data = kHeader + byte_at(bytes, 0) + (has_map ? size_t{map_length} * ((map_bits + 7) / 8) : 0);
  return head;
}

bool is_truncated_tga(std::string_view bytes) {
  const TgaHead head = *tga_head(bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  auto at = static_cast<int64_t>(head.data);
  int64_t pixels = head.width * head.height;
  if (!head.run_lengths) return at + pixels * head.pixel_bytes > size;
  while (pixels > 0 && at < size) {
    const uint32_t packet = byte_at(bytes, static_cast<size_t>(at));
    const int64_t count = (packet & 0x7f) + 1;
    at += 1 + ((packet & 0x80) != 0 ? 1 : count) * head.pixel_bytes;
    pixels -= count;
  }
  return pixels > 0 || at > size;
}

/// A picture of all layers stands behind three blocks, each with its length before it.
bool is_truncated_psd(std::string_view bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  int64_t at = 26;
  if (size < at) return true;
  const int64_t channels = big(bytes, 12, 2), height = big(bytes, 14, 4), width = big(bytes, 18, 4);
  for (int block = 0; block < 3; ++block) {
    if (at + 4 > size) return true;
    at += 4 + int64_t{big(bytes, static_cast<size_t>(at), 4)};
  }
  if (at + 2 > size) return true;
  const uint32_t compression = big(bytes, static_cast<size_t>(at), 2);
  at += 2;
  if (compression == 0) {
    const std::optional<int64_t> data = checked_product({channels, height, width, big(bytes, 22, 2) / 8});
    return !data || *data > size - at;
  }
  if (compression != 1) return false;  // which the decoder refuses by itself
  const std::optional<int64_t> table = checked_product({channels, height, 2});
  if (!table || *table > size - at) return true;
  int64_t data = 0;
  for (int64_t row = 0; row < channels * height; ++row) data += big(bytes, static_cast<size_t>(at + 2 * row), 2);
  return data > size - at - *table;
}

}  // namespace

ImageFormat image_format(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n"sv)) return ImageFormat::png;
  if (starts_with(bytes, "\xff\xd8\xff"sv)) return ImageFormat::jpeg;
  if (starts_with(bytes, "BM"sv)) return ImageFormat::bmp;
  if (starts_with(bytes, "GIF87a"sv) || starts_with(bytes, "GIF89a"sv)) return ImageFormat::gif;
  if (starts_with(bytes, "P5"sv) || starts_with(bytes, "P6"sv)) return ImageFormat::pnm;
  if (starts_with(bytes, "8BPS"sv)) return ImageFormat::psd;
  if (tga_head(bytes)) return ImageFormat::tga;
  return ImageFormat::unknown;
}

bool is_truncated_image(std::string_view bytes) {
  switch (image_format(bytes)) {
    case ImageFormat::png:
      // The last chunk ends with a checksum of four bytes.
      return bytes.rfind("IEND") == std::string_view::npos || bytes.rfind("IEND") + 8 > bytes.size();
    case ImageFormat::jpeg:
      return is_truncated_jpeg(bytes);
    case ImageFormat::bmp:
      return is_truncated_bmp(bytes);
    case ImageFormat::pnm:
      return is_truncated_pnm(bytes);
    case ImageFormat::gif:
      // Blocks end with a zero byte, the file with a semicolon; some writers leave the latter out.
      return bytes.find_last_of(std::string_view("\0;", 2)) != bytes.size() - 1;
    case ImageFormat::psd:
      return is_truncated_psd(bytes);
    case ImageFormat::tga:
      return is_truncated_tga(bytes);
    case ImageFormat::unknown:
      return true;
  }
  return true;
}

std::optional<PngSize> png_size(std::string_view bytes) {
  if (image_format(bytes) != ImageFormat::png || bytes.size() < 24) return std::nullopt;
  return PngSize{big(bytes, 16, 4), big(bytes, 20, 4)};
}

Orientation jpeg_orientation(std::string_view bytes) {
  uint32_t value = 1;
  walk_jpeg(bytes, [&](uint32_t marker, std::string_view segment) {
    using namespace std::string_view_literals;
    if (marker != 0xe1 || !starts_with(segment, "Exif\0\0"sv)) return;
    const std::string_view tiff = segment.substr(6);
    if (tiff.size() < 8) return;
    const bool is_little = starts_with(tiff, "II"sv);
    const auto number = [&](size_t at, int count) {
      return is_little ? little(tiff, at, count) : big(tiff, at, count);
    };
    const size_t directory = number(4, 4);
    if (directory > tiff.size() || tiff.size() - directory < 2) return;
    const size_t entries = number(directory, 2);
    for (size_t i = 0; i < entries; ++i) {
      const size_t entry = directory + 2 + 12 * i;
      if (entry + 12 > tiff.size()) return;
      if (number(entry, 2) == 0x0112) value = number(entry + 8, 2);
    }
  });
  switch (value) {
    case 2:
      return {false, false, true};
    case 3:
      return {false, true, true};
    case 4:
      return {false, true, false};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {};
  }
}

}  // namespace convscope
