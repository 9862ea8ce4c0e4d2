// A tensor's numbers as coloured pixels: what textures and embedded pictures are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "app/io/image.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope {

/// Colours of a raster's cells, one pixel per cell, looked up from a table of the role's diverging scale. Numbers that
/// are none are drawn as zero.
class RasterColors {
 public:
  RasterColors(const Raster& raster, Role role, const Theme& theme);

  /// Whether there is a picture at all: the tensor has four axes and the channels asked for.
  bool drawable() const { return drawable_; }
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  /// Cells (x0 .. x0+count) of row y as RGBA with red lowest, opaque.
  void row(int64_t y, int64_t x0, int64_t count, uint32_t* out) const;
  uint32_t at(int64_t y, int64_t x) const;

 private:
  template <class T>
  void row_of(int64_t y, int64_t x0, int64_t count, uint32_t* out) const;

  Tensor tensor_;
  bool drawable_ = false, rgb_ = false;
  int64_t width_ = 0, height_ = 0, plane_ = 0;
  float scale_ = 0, offset_ = 0;
  std::vector<uint32_t> table_;
};

/// Stretches the part (u0, v0) to (u1, v1) of a picture over to_width x to_height pixels: each is the mean of the area
/// it covers, colour by colour; opaque. Beyond the edges lies the edge.
class AreaResampler {
 public:
  void resample(const uint32_t* from, int width, int height, double u0, double v0, double u1, double v1, uint32_t* to,
                int to_width, int to_height);

 private:
  /// The pixels of one axis that a pixel covers, and how much of each: weights that add up to 256.
  struct Span {
    int first = 0, count = 0;
    size_t weights = 0;
  };
  static void cover(double begin, double end, int limit, int count, std::vector<Span>& spans,
                    std::vector<uint16_t>& weights);

  std::vector<Span> columns_, rows_;
  std::vector<uint16_t> column_weights_, row_weights_, line_;
};

/// Halves a picture's sides (rounded down, at least 1): the next smaller level for minification.
void halve(const uint32_t* from, int width, int height, uint32_t* to);

/// The cells that a raster shows, at most max_width x max_height pixels; larger parts are averaged, huge ones sampled
/// first. Sets u0 to v1 to the cells' edges that the picture's edges lie on.
Pixels raster_pixels(const Raster& raster, Role role, const Theme& theme, int max_width, int max_height, double& u0,
                     double& v0, double& u1, double& v1);

/// What lies on each of width x height pixels when the raster's part (u0, v0) to (u1, v1) is stretched over them: a
/// mean of at most 16 cells, so that the cost follows the pixels and not the tensor.
void sample_raster(const RasterColors& colors, double u0, double v0, double u1, double v1, int width, int height,
                   uint32_t* out);

}  // namespace convscope
