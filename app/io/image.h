// Pictures as tensors and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/cancel.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// 8-bit RGBA pixels, top row first, straight alpha.
struct Pixels {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgba;
};

/// PNG, JPEG, BMP, ... as a (1, C, H, W) float32 tensor of value/255; C is 1 for grey pictures and 3 otherwise
/// (alpha is composed over white); a camera's note of how it was held is followed.
/// Errors: error.file_not_found, error.file_unreadable, error.image_*; sizes are checked before anything is decoded.
Result<Tensor> read_image(const std::string& path);

/// The same with what was left behind on the way.
struct Picture {
  Tensor tensor;
  bool has_alpha = false;       // a channel of transparency, which is no channel of the tensor
  bool is_transparent = false;  // somewhere, so that white shows through
  bool is_16_bit = false;       // only the upper eight bits of each value were read
};
Result<Picture> read_picture(const std::string& path);

/// The shape that read_image() would give, without decoding the pixels; the same refusals of unknown formats and
/// sizes.
Result<Shape> image_shape(const std::string& path);

/// How names of pictures that read_image() reads end: "png", ..., in lower case.
std::span<const std::string_view> image_endings();
/// Whether the name ends like that.
bool is_image_name(const std::string& path);

/// PNG, whole or not at all. `text` are key/value pairs kept as tEXt/iTXt chunks; `job` (may be null) is asked between
/// the rows whether to stop. Errors: error.png_encoding, error.cancelled, those of the file.
Result<void> write_png(const std::string& path, const Pixels& pixels,
                       const std::vector<std::pair<std::string, std::string>>& text = {}, const Job* job = nullptr);
/// The bytes of a PNG in memory (for SVG's data URIs).
Result<std::vector<uint8_t>> encode_png(const Pixels& pixels);
/// The same of the red of each pixel alone, as a grey PNG.
Result<std::vector<uint8_t>> encode_grey_png(const Pixels& pixels);

/// A photograph-like picture that the project makes itself: an evening by a lake. The same numbers on every
/// machine, (1, 3, height, width), values n/255. Errors: those of Tensor::zeros().
Result<Tensor> sample_photo(int64_t height, int64_t width);

}  // namespace convscope
