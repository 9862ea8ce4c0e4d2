// Textures of tensors, kept while they are drawn.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "app/render/quad.h"
#include "app/render/raster_pixels.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope {

/// Needs a current context for its whole life.
class RasterTextures {
 public:
  RasterTextures();
  ~RasterTextures();
  RasterTextures(const RasterTextures&) = delete;
  RasterTextures& operator=(const RasterTextures&) = delete;

  void begin_frame() { ++frame_; }
  /// Drops what has not been drawn for a while.
  void end_frame();
  /// The texture to draw a raster mark with and the quad to draw it on; 0 when there is nothing to draw.
  uint32_t prepare(const Raster& raster, const Mark& mark, const Theme& theme, int width, int height, float scale,
                   Quad& quad);
  size_t count() const { return pictures_.size() + views_.size(); }

 private:
  /// What a tensor's picture looks like.
  struct Key {
    uint64_t tensor = 0;
    int64_t n = 0, channel = 0;
    float low = 0, high = 0;
    uint8_t rgb = 0, role = 0, theme = 0;
    bool operator==(const Key&) const = default;
  };
  /// And a part of it as it lies on the screen.
  struct ViewKey {
    Key picture;
    int width = 0, height = 0;
    double u0 = 0, v0 = 0, u1 = 0, v1 = 0;
    bool operator==(const ViewKey&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
    size_t operator()(const ViewKey& key) const;
  };
  struct Level {
    int width = 0, height = 0;
    std::vector<uint32_t> pixels;
  };
  /// All cells, one pixel each, and smaller levels as far as they were needed.
  struct Picture {
    std::vector<Level> levels;
    uint32_t texture = 0;  // of the first level, when it has been drawn magnified
    int64_t drawn = 0;     // the last frame it was drawn in
    int64_t bytes() const;
  };
  struct View {
    uint32_t texture = 0;
    int64_t drawn = 0;
  };

  Picture& picture(const Key& key, const Raster& raster, Role role, const Theme& theme);
  const Level& level(Picture& picture, size_t index);
  static uint32_t make_texture(const uint32_t* pixels, int width, int height);

  std::unordered_map<Key, Picture, Hash> pictures_;
  std::unordered_map<ViewKey, View, Hash> views_;
  AreaResampler resampler_;
  std::vector<uint32_t> pixels_;
  int64_t frame_ = 0;
  int largest_side_ = 0;
};

}  // namespace convscope
