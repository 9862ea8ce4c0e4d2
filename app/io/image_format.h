// What can be said about a picture file before a decoder touches it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace convscope {

enum class ImageFormat : uint8_t { unknown, png, jpeg, bmp, gif, pnm, psd, tga };

/// By the first bytes, whatever the name. A TGA has no mark of its own: its header must make sense throughout.
ImageFormat image_format(std::string_view bytes);

/// Whether the file ends before its pixels do, as far as that shows without decoding.
bool is_truncated_image(std::string_view bytes);

/// What a PNG's header says; empty for other files.
struct PngSize {
  int64_t width = 0, height = 0;
};
std::optional<PngSize> png_size(std::string_view bytes);

/// How stored pixels become shown ones: transposed first, then rows or columns counted from the other end of the
/// stored picture.
struct Orientation {
  bool swaps_axes = false;
  bool flips_rows = false;
  bool flips_columns = false;
};

/// What the camera noted in a JPEG's EXIF data; upright when there is none. Source: EXIF 2.3, tag 0x0112.
Orientation jpeg_orientation(std::string_view bytes);

}  // namespace convscope
