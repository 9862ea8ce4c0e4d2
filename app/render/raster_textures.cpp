#include "app/render/raster_textures.h"

#include <glad/gl.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace convscope {

namespace {

// A picture of 16 million cells takes 64 MiB; beyond that only what is visible is looked at, and sampled.
constexpr int64_t kMostCells = int64_t{1} << 24;
constexpr int64_t kFramesKept = 120;
constexpr int64_t kBytesKept = int64_t{256} << 20;

uint64_t mixed(uint64_t hash, uint64_t value) {
  return hash ^ (value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2));
}

}  // namespace

size_t RasterTextures::Hash::operator()(const Key& key) const {
  uint64_t hash = key.tensor * 0x9E3779B97F4A7C15u;
  hash = mixed(hash, static_cast<uint64_t>(key.n));
  hash = mixed(hash, static_cast<uint64_t>(key.channel));
  hash = mixed(hash, std::bit_cast<uint32_t>(key.high));
  return static_cast<size_t>(mixed(hash, static_cast<uint64_t>(key.rgb) | static_cast<uint64_t>(key.role) << 8 |
                                             static_cast<uint64_t>(key.theme) << 16));
}

size_t RasterTextures::Hash::operator()(const ViewKey& key) const {
  uint64_t hash = operator()(key.picture);
  hash = mixed(hash, std::bit_cast<uint64_t>(key.u0));
  hash = mixed(hash, std::bit_cast<uint64_t>(key.v0));
  return static_cast<size_t>(mixed(hash, static_cast<uint64_t>(key.width)));
}

int64_t RasterTextures::Picture::bytes() const {
  int64_t total = 0;
  for (const Level& level : levels) total += static_cast<int64_t>(level.pixels.size()) * 4;
  return texture != 0 ? 2 * total : total;
}

RasterTextures::RasterTextures() {
  GLint side = 0;
  glGetIntegerv(GL_MAX_TEXTURE_SIZE, &side);
  largest_side_ = std::min(side, 8192);
}

RasterTextures::~RasterTextures() {
  for (const auto& [key, picture] : pictures_) glDeleteTextures(1, &picture.texture);
  for (const auto& [key, view] : views_) glDeleteTextures(1, &view.texture);
}

void RasterTextures::end_frame() {
  // A view is of no use once the camera has moved on; pictures come back when a tensor is shown again.
  std::erase_if(views_, [&](auto& entry) {
    if (entry.second.drawn == frame_) return false;
    glDeleteTextures(1, &entry.second.texture);
    return true;
  });
  int64_t bytes = 0;
  for (const auto& [key, picture] : pictures_) bytes += picture.bytes();
  const int64_t kept = bytes > kBytesKept ? 1 : kFramesKept;
  std::erase_if(pictures_, [&](auto& entry) {
    if (frame_ - entry.second.drawn < kept) return false;
    glDeleteTextures(1, &entry.second.texture);
    return true;
  });
}

RasterTextures::Picture& RasterTextures::picture(const Key& key, const Raster& raster, Role role, const Theme& theme) {
  Picture& picture = pictures_[key];
  picture.drawn = frame_;
  if (!picture.levels.empty()) return picture;
  const RasterColors colors(raster, role, theme);
  Level& level = picture.levels.emplace_back();
  level.width = static_cast<int>(colors.width());
  level.height = static_cast<int>(colors.height());
  level.pixels.resize(static_cast<size_t>(level.width) * static_cast<size_t>(level.height));
  for (int y = 0; y < level.height; ++y) {
    colors.row(y, 0, level.width, level.pixels.data() + static_cast<ptrdiff_t>(y) * level.width);
  }
  return picture;
}

const RasterTextures::Level& RasterTextures::level(Picture& picture, size_t index) {
  while (picture.levels.size() <= index) {
    const Level& from = picture.levels.back();
    Level next;
    next.width = std::max(1, from.width / 2);
    next.height = std::max(1, from.height / 2);
    next.pixels.resize(static_cast<size_t>(next.width) * static_cast<size_t>(next.height));
    halve(from.pixels.data(), from.width, from.height, next.pixels.data());
    picture.levels.push_back(std::move(next));
  }
  return picture.levels[index];
}

uint32_t RasterTextures::make_texture(const uint32_t* pixels, int width, int height) {
  GLuint texture = 0;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  return texture;
}

uint32_t RasterTextures::prepare(const Raster& raster, const Mark& mark, const Theme& theme, int width, int height,
                                 float scale, Quad& quad) {
  const Shape& shape = raster.tensor.shape();
  if (!raster.tensor.defined() || shape.rank() != 4 || raster.tensor.numel() == 0) return 0;
  if (raster.n < 0 || raster.n >= shape[0] || raster.channel < 0 || raster.channel + (raster.rgb ? 3 : 1) > shape[1]) {
    return 0;
  }
  const double to_device = static_cast<double>(scale);
  const double box_x0 = static_cast<double>(mark.box.x0) * to_device;
  const double box_y0 = static_cast<double>(mark.box.y0) * to_device;
  const double box_x1 = static_cast<double>(mark.box.x1) * to_device;
  const double box_y1 = static_cast<double>(mark.box.y1) * to_device;
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
  const bool large = rows > largest_side_ || columns > largest_side_ || rows * columns > kMostCells;
  constexpr double kSame = 1.0 + 1e-6;
  if (!large && cells_per_x <= kSame && cells_per_y <= kSame) {
    // A cell is a pixel or more: the texture has one texel per cell, and nearest is right.
    Picture& all = picture(key, raster, mark.role, theme);
    if (all.texture == 0) {
      all.texture = make_texture(all.levels[0].pixels.data(), all.levels[0].width, all.levels[0].height);
    }
    quad.band[0] = static_cast<float>(u0 / static_cast<double>(columns));
    quad.band[1] = static_cast<float>(v0 / static_cast<double>(rows));
    quad.band[2] = static_cast<float>(u1 / static_cast<double>(columns));
    quad.band[3] = static_cast<float>(v1 / static_cast<double>(rows));
    return all.texture;
  }

  // Minified: the mean of the cells under each pixel, worked out once per view and then drawn pixel for pixel. On
  // llvmpipe that is three times as fast as sampling between two mipmap levels, and sharper.
  const ViewKey view_key{key, static_cast<int>(x1 - x0), static_cast<int>(y1 - y0), u0, v0, u1, v1};
  if (!large) picture(key, raster, mark.role, theme);
  View& view = views_[view_key];
  view.drawn = frame_;
  quad.band[2] = quad.band[3] = 1;
  if (view.texture != 0) return view.texture;
  pixels_.resize(static_cast<size_t>(view_key.width) * static_cast<size_t>(view_key.height));
  if (large) {
    sample_raster(RasterColors(raster, mark.role, theme), u0, v0, u1, v1, view_key.width, view_key.height,
                  pixels_.data());
  } else {
    // A level whose pixels are still no larger than those of the screen is exact enough and four times smaller.
    Picture& all = picture(key, raster, mark.role, theme);
    const double least = std::min(cells_per_x, cells_per_y);
    const size_t index = least >= 4 ? static_cast<size_t>(std::floor(std::log2(least))) - 1 : 0;
    const Level& from = level(all, index);
    const double to_level_x = static_cast<double>(from.width) / static_cast<double>(columns);
    const double to_level_y = static_cast<double>(from.height) / static_cast<double>(rows);
    resampler_.resample(from.pixels.data(), from.width, from.height, u0 * to_level_x, v0 * to_level_y, u1 * to_level_x,
                        v1 * to_level_y, pixels_.data(), view_key.width, view_key.height);
  }
  view.texture = make_texture(pixels_.data(), view_key.width, view_key.height);
  return view.texture;
}

}  // namespace convscope
