#include "app/io/image.h"

#include <stb_image.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>

#include "app/io/atomic_file.h"
#include "app/io/image_format.h"

namespace convscope {

namespace {

constexpr int64_t kMaxImageBytes = int64_t{512} << 20;
constexpr int64_t kMaxImagePixels = 100'000'000;

struct ImageHead {
  int width = 0, height = 0, components = 0;
  Orientation orientation;
  int shown_width() const { return orientation.swaps_axes ? height : width; }
  int shown_height() const { return orientation.swaps_axes ? width : height; }
  int64_t channels() const { return components <= 2 ? 1 : 3; }
};

const stbi_uc* data_of(const std::string& bytes) { return reinterpret_cast<const stbi_uc*>(bytes.data()); }

Result<ImageHead> head_of(const std::string& bytes, const std::string& path) {
  const ImageFormat format = image_format(bytes);
  if (bytes.empty()) return Error{"error.file_empty", "", {path}};
  if (format == ImageFormat::unknown) return Error{"error.image_format", "", {path}};
  ImageHead head;
  const auto too_large = [&](int64_t width, int64_t height) {
    return Error{"error.image_too_large",
                 "",
                 {path, std::to_string(width), std::to_string(height), std::to_string(kMaxImagePixels / 1'000'000)}};
  };
  // The decoder calls a PNG of more than 2^24 pixels on a side damaged, without saying why.
  if (const std::optional<PngSize> png = png_size(bytes)) {
    if (png->width > kMaxImagePixels / std::max<int64_t>(png->height, 1)) return too_large(png->width, png->height);
  }
  const bool is_known = stbi_info_from_memory(data_of(bytes), static_cast<int>(bytes.size()), &head.width, &head.height,
                                              &head.components) != 0;
  if (!is_known || head.width < 1 || head.height < 1) return Error{"error.image_broken", "", {path}};
  if (int64_t{head.width} * head.height > kMaxImagePixels) return too_large(head.width, head.height);
  if (format == ImageFormat::jpeg) head.orientation = jpeg_orientation(bytes);
  return head;
}

}  // namespace

Result<Shape> image_shape(const std::string& path) {
  const Result<std::string> bytes = read_file(path, kMaxImageBytes);
  if (!bytes) return bytes.error();
  const Result<ImageHead> head = head_of(*bytes, path);
  if (!head) return head.error();
  return Shape{1, head->channels(), head->shown_height(), head->shown_width()};
}

Result<Tensor> read_image(const std::string& path) {
  Result<Picture> picture = read_picture(path);
  if (!picture) return picture.error();
  return picture->tensor;
}

Result<Picture> read_picture(const std::string& path) {
  const Result<std::string> bytes = read_file(path, kMaxImageBytes);
  if (!bytes) return bytes.error();
  const Result<ImageHead> head = head_of(*bytes, path);
  if (!head) return head.error();
  // The decoder fills what is missing with black or with whatever was in memory.
  if (is_truncated_image(*bytes)) return Error{"error.image_truncated", "", {path}};

  int width = 0, height = 0, components = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data_of(*bytes), static_cast<int>(bytes->size()), &width, &height, &components, 0),
      &stbi_image_free);
  if (pixels == nullptr || width != head->width || height != head->height) {
    return Error{"error.image_broken", "", {path}};
  }
  const int64_t channels = components <= 2 ? 1 : 3;
  const bool has_alpha = components == 2 || components == 4;
  const int64_t shown_height = head->shown_height(), shown_width = head->shown_width();
  Result<Tensor> tensor = Tensor::zeros(Shape{1, channels, shown_height, shown_width}, DType::float32);
  if (!tensor) return tensor.error();
  Picture picture;
  picture.has_alpha = has_alpha;
  picture.is_16_bit = stbi_is_16_bit_from_memory(data_of(*bytes), static_cast<int>(bytes->size())) != 0;
  float* to = tensor->mutable_data<float>();
  const int64_t plane = shown_height * shown_width;
  for (int64_t y = 0; y < shown_height; ++y) {
    for (int64_t x = 0; x < shown_width; ++x) {
      int64_t from_y = head->orientation.swaps_axes ? x : y;
      int64_t from_x = head->orientation.swaps_axes ? y : x;
      if (head->orientation.flips_rows) from_y = height - 1 - from_y;
      if (head->orientation.flips_columns) from_x = width - 1 - from_x;
      const stbi_uc* pixel = pixels.get() + (from_y * width + from_x) * components;
      const int alpha = has_alpha ? pixel[components - 1] : 255;
      picture.is_transparent = picture.is_transparent || alpha != 255;
      for (int64_t c = 0; c < channels; ++c) {
        // Over white, in the units of 255 * 255, so that an opaque pixel is exactly its value over 255.
        const int value = pixel[c] * alpha + 255 * (255 - alpha);
        to[c * plane + y * shown_width + x] =
            alpha == 255 ? static_cast<float>(pixel[c]) / 255.0f : static_cast<float>(value) / 65025.0f;
      }
    }
  }
  picture.tensor = *std::move(tensor);
  return picture;
}

std::span<const std::string_view> image_endings() {
  static constexpr std::string_view kEndings[] = {"png", "jpg", "jpeg", "jpe", "bmp", "gif",
                                                  "ppm", "pgm", "pnm",  "tga", "psd"};
  return kEndings;
}

bool is_image_name(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return false;
  std::string ending = path.substr(dot + 1);
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::span<const std::string_view> endings = image_endings();
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace convscope
