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

}  // namespace

ImageFormat image_format(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n"sv)) return ImageFormat::png;
  if (starts_with(bytes, "\xff\xd8\xff"sv)) return ImageFormat::jpeg;
  if (starts_with(bytes, "BM"sv)) return ImageFormat::bmp;
  if (starts_with(bytes, "GIF87a"sv) || starts_with(bytes, "GIF89a"sv)) return ImageFormat::gif;
  if (starts_with(bytes, "P5"sv) || starts_with(bytes, "P6"sv)) return ImageFormat::pnm;
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
