#include "app/render/raster_textures.h"

#include <glad/gl.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "app/render/raster_pixels.h"

namespace convscope {

namespace {

// A texture of 16 million cells takes 64 MiB and 60 ms to make; beyond that the visible part is cheaper.
constexpr int64_t kMostCells = int64_t{1} << 24;
constexpr int64_t kFramesKept = 120;
constexpr int64_t kBytesKept = int64_t{256} << 20;

}  // namespace

size_t RasterTextures::Hash::operator()(const Key& key) const {
  uint64_t hash = key.tensor * 0x9E3779B97F4A7C15u;
  const auto mix = [&](uint64_t value) { hash ^= value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2); };
  mix(static_cast<uint64_t>(key.n));
  mix(static_cast<uint64_t>(key.channel));
  mix(std::bit_cast<uint32_t>(key.high));
  mix(static_cast<uint64_t>(key.rgb) | static_cast<uint64_t>(key.role) << 8 | static_cast<uint64_t>(key.theme) << 16);
  mix(std::bit_cast<uint64_t>(key.u0));
  mix(std::bit_cast<uint64_t>(key.v0));
  return static_cast<size_t>(hash);
}

RasterTextures::RasterTextures() {
  GLint side = 0;
  glGetIntegerv(GL_MAX_TEXTURE_SIZE, &side);
  largest_side_ = std::min(side, 8192);
}

RasterTextures::~RasterTextures() {
  for (const auto& [key, texture] : textures_) glDeleteTextures(1, &texture.name);
}

void RasterTextures::end_frame() {
  std::erase_if(textures_, [&](auto& entry) {
    auto& [key, texture] = entry;
    // A view of a part is of no use once the view has moved on.
    const int64_t kept = key.width > 0 || bytes_ > kBytesKept ? 1 : kFramesKept;
    if (frame_ - texture.drawn < kept) return false;
    glDeleteTextures(1, &texture.name);
    bytes_ -= texture.bytes;
    return true;
  });
}

void RasterTextures::upload(const Raster& raster, Role role, const Theme& theme, bool levels, Texture& texture) {
  const RasterColors colors(raster, role, theme);
  int width = static_cast<int>(colors.width());
  int height = static_cast<int>(colors.height());
  pixels_.resize(static_cast<size_t>(width) * static_cast<size_t>(height));
  for (int y = 0; y < height; ++y) colors.row(y, 0, width, pixels_.data() + static_cast<ptrdiff_t>(y) * width);
  bytes_ -= texture.bytes;
  texture.bytes = 0;
  glBindTexture(GL_TEXTURE_2D, texture.name);
  int level = 0;
  for (;; ++level) {
    glTexImage2D(GL_TEXTURE_2D, level, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels_.data());
    texture.bytes += int64_t{4} * width * height;
    if (!levels || (width == 1 && height == 1)) break;
    const int next_width = std::max(1, width / 2);
    const int next_height = std::max(1, height / 2);
    level_.resize(static_cast<size_t>(next_width) * static_cast<size_t>(next_height));
    box_downsample(pixels_.data(), width, height, level_.data(), next_width, next_height);
    std::swap(pixels_, level_);
    width = next_width;
    height = next_height;
  }
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, level);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, levels ? GL_LINEAR_MIPMAP_LINEAR : GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  texture.levels = levels;
  bytes_ += texture.bytes;
}

uint32_t RasterTextures::prepare(const Raster& raster, const Mark& mark, const Theme& theme, int width, int height,
                                 float scale, Quad& quad) {
  const Shape& shape = raster.tensor.shape();
  if (!raster.tensor.defined() || shape.rank() != 4 || raster.tensor.numel() == 0) return 0;
  if (raster.n < 0 || raster.n >= shape[0] || raster.channel < 0 || raster.channel + (raster.rgb ? 3 : 1) > shape[1]) {
    return 0;
  }
  const double box_x0 = static_cast<double>(mark.box.x0) * static_cast<double>(scale);
  const double box_y0 = static_cast<double>(mark.box.y0) * static_cast<double>(scale);
  const double box_x1 = static_cast<double>(mark.box.x1) * static_cast<double>(scale);
  const double box_y1 = static_cast<double>(mark.box.y1) * static_cast<double>(scale);
  if (!(box_x1 > box_x0) || !(box_y1 > box_y0)) return 0;
  // The visible part, on whole pixels; cells keep their exact places.
  const double x0 = std::clamp(std::round(box_x0), 0.0, static_cast<double>(width));
  const double y0 = std::clamp(std::round(box_y0), 0.0, static_cast<double>(height));
  const double x1 = std::clamp(std::round(box_x1), 0.0, static_cast<double>(width));
  const double y1 = std::clamp(std::round(box_y1), 0.0, static_cast<double>(height));
  if (x1 <= x0 || y1 <= y0) return 0;
  const double cells_per_x = (raster.u1 - raster.u0) / (box_x1 - box_x0);
  const double cells_per_y = (raster.v1 - raster.v0) / (box_y1 - box_y0);
  const double u0 = raster.u0 + (x0 - box_x0) * cells_per_x;
  const double u1 = raster.u0 + (x1 - box_x0) * cells_per_x;
  const double v0 = raster.v0 + (y0 - box_y0) * cells_per_y;
  const double v1 = raster.v0 + (y1 - box_y0) * cells_per_y;

  quad.center_x = static_cast<float>((x0 + x1) / 2);
  quad.center_y = static_cast<float>((y0 + y1) / 2);
  quad.half_x = static_cast<float>((x1 - x0) / 2);
  quad.half_y = static_cast<float>((y1 - y0) / 2);
  quad.axis_x = 1;
  quad.fill = packed({1, 1, 1, mark.opacity});

  Key key;
  key.tensor = raster.tensor.identity();
  key.n = raster.n;
  key.channel = raster.channel;
  key.low = raster.low;
  key.high = raster.high;
  key.rgb = raster.rgb ? 1 : 0;
  key.role = raster.rgb ? 0 : static_cast<uint8_t>(mark.role);
  key.theme = raster.rgb ? 0 : static_cast<uint8_t>(theme.id);

  const int64_t rows = shape[2];
  const int64_t columns = shape[3];
  if (rows > largest_side_ || columns > largest_side_ || rows * columns > kMostCells) {
    key.width = static_cast<int>(x1 - x0);
    key.height = static_cast<int>(y1 - y0);
    key.u0 = u0, key.u1 = u1, key.v0 = v0, key.v1 = v1;
    Texture& texture = textures_[key];
    if (texture.name == 0) {
      glGenTextures(1, &texture.name);
      pixels_.resize(static_cast<size_t>(key.width) * static_cast<size_t>(key.height));
      sample_raster(RasterColors(raster, mark.role, theme), u0, v0, u1, v1, key.width, key.height, pixels_.data());
      glBindTexture(GL_TEXTURE_2D, texture.name);
      glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, key.width, key.height, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels_.data());
      glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
      glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
      glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
      texture.bytes = int64_t{4} * key.width * key.height;
      bytes_ += texture.bytes;
    }
    texture.drawn = frame_;
    quad.band[2] = quad.band[3] = 1;
    return texture.name;
  }

  quad.band[0] = static_cast<float>(u0 / static_cast<double>(columns));
  quad.band[1] = static_cast<float>(v0 / static_cast<double>(rows));
  quad.band[2] = static_cast<float>(u1 / static_cast<double>(columns));
  quad.band[3] = static_cast<float>(v1 / static_cast<double>(rows));
  const bool minified = cells_per_x > 1.0 || cells_per_y > 1.0;
  Texture& texture = textures_[key];
  if (texture.name == 0) {
    glGenTextures(1, &texture.name);
    upload(raster, mark.role, theme, minified, texture);
  } else if (minified && !texture.levels) {
    upload(raster, mark.role, theme, true, texture);
  }
  texture.drawn = frame_;
  return texture.name;
}

}  // namespace convscope
