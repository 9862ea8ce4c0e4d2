// Textures of tensors, kept while they are drawn.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "app/render/quad.h"
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
  /// The texture to draw a raster mark with and the quad to draw it on; 0 when there is nothing to draw. Small tensors
  /// have a texture of their own, with levels for minification; of large ones only what is visible is looked up.
  uint32_t prepare(const Raster& raster, const Mark& mark, const Theme& theme, int width, int height, float scale,
                   Quad& quad);
  size_t count() const { return textures_.size(); }

 private:
  struct Key {
    uint64_t tensor = 0;
    int64_t n = 0, channel = 0;
    float low = 0, high = 0;
    uint8_t rgb = 0, role = 0, theme = 0;
    // Of a texture that shows a part as it lies on the screen.
    int width = 0, height = 0;
    double u0 = 0, v0 = 0, u1 = 0, v1 = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  struct Texture {
    uint32_t name = 0;
    int64_t drawn = 0;  // the last frame it was drawn in
    int64_t bytes = 0;
    bool levels = false;
  };

  void upload(const Raster& raster, Role role, const Theme& theme, bool levels, Texture& texture);

  std::unordered_map<Key, Texture, Hash> textures_;
  std::vector<uint32_t> pixels_, level_;
  int64_t frame_ = 0, bytes_ = 0;
  int largest_side_ = 0;
};

}  // namespace convscope
