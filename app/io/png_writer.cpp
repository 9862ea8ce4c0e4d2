// libpng behind image.h's write_png() and encode_png().
#include <png.h>

#include <csetjmp>
#include <cstring>

#include "app/io/atomic_file.h"
#include "app/io/image.h"

namespace convscope {

namespace {

extern "C" void append_bytes(png_structp png, png_bytep data, png_size_t size) {
  auto* bytes = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(png));
  bytes->insert(bytes->end(), data, data + size);
}
extern "C" void flush_nothing(png_structp) {}
extern "C" void ignore_warning(png_structp, png_const_charp) {}

/// Everything that libpng's longjmp() may skip lives outside: no local here owns anything.
bool write_chunks(png_structp png, png_infop info, const Pixels& pixels, int color_type, std::vector<png_text>& texts,
                  std::vector<uint8_t>& row, std::vector<uint8_t>& bytes, const Job* job) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, &bytes, append_bytes, flush_nothing);
  png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width), static_cast<png_uint_32>(pixels.height), 8,
               color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  if (!texts.empty()) png_set_text(png, info, texts.data(), static_cast<int>(texts.size()));
  png_set_compression_level(png, 6);
  png_write_info(png, info);
  const size_t stride = static_cast<size_t>(pixels.width) * 4;
  for (int y = 0; y < pixels.height; ++y) {
    if (job != nullptr && job->is_cancelled()) return false;
    const uint8_t* from = pixels.rgba.data() + static_cast<size_t>(y) * stride;
    if (color_type == PNG_COLOR_TYPE_RGB_ALPHA) {
      std::memcpy(row.data(), from, stride);
    } else {
      const size_t channels = color_type == PNG_COLOR_TYPE_GRAY ? 1 : 3;
      for (size_t x = 0; x < static_cast<size_t>(pixels.width); ++x) {
        std::memcpy(&row[x * channels], from + x * 4, channels);
      }
    }
    png_write_row(png, row.data());
  }
  png_write_end(png, info);
  return true;
}

enum class PngColor : uint8_t { colours, grey };

Result<std::vector<uint8_t>> encode(const Pixels& pixels, const std::vector<std::pair<std::string, std::string>>& text,
                                    const Job* job, PngColor color = PngColor::colours) {
  const std::string size = std::to_string(pixels.width) + "x" + std::to_string(pixels.height);
  const Error failed{"error.png_encoding", "", {size}};
  if (pixels.width < 1 || pixels.height < 1 ||
      pixels.rgba.size() != static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.height) * 4) {
    return failed;
  }
  bool is_opaque = true;
  for (size_t i = 3; i < pixels.rgba.size() && is_opaque; i += 4) is_opaque = pixels.rgba[i] == 255;
  const int color_type = color == PngColor::grey ? PNG_COLOR_TYPE_GRAY
                         : is_opaque             ? PNG_COLOR_TYPE_RGB
                                                 : PNG_COLOR_TYPE_RGB_ALPHA;

  std::vector<png_text> texts;
  for (const auto& [key, value] : text) {
    png_text chunk = {};
    chunk.compression = PNG_ITXT_COMPRESSION_NONE;  // iTXt: the words are UTF-8
    chunk.key = const_cast<char*>(key.c_str());
    chunk.text = const_cast<char*>(value.c_str());
    chunk.itxt_length = value.size();
    texts.push_back(chunk);
  }
  std::vector<uint8_t> row(static_cast<size_t>(pixels.width) * 4);
  std::vector<uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, ignore_warning);
  if (png == nullptr) return failed;
  png_infop info = png_create_info_struct(png);
  const bool is_written = info != nullptr && write_chunks(png, info, pixels, color_type, texts, row, bytes, job);
  png_destroy_write_struct(&png, &info);
  if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
  if (!is_written) return failed;
  return bytes;
}

}  // namespace

Result<void> write_png(const std::string& path, const Pixels& pixels,
                       const std::vector<std::pair<std::string, std::string>>& text, const Job* job) {
  const Result<std::vector<uint8_t>> bytes = encode(pixels, text, job);
  if (!bytes) return bytes.error();
  return write_file(path, std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
}

Result<std::vector<uint8_t>> encode_png(const Pixels& pixels) { return encode(pixels, {}, nullptr); }

Result<std::vector<uint8_t>> encode_grey_png(const Pixels& pixels) {
  return encode(pixels, {}, nullptr, PngColor::grey);
}

}  // namespace convscope
