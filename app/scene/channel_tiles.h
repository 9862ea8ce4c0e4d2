// Equal grids in rows and columns, for the layouts that show a grid for each channel.
#pragma once

#include <cmath>

#include "app/scene/scene.h"

namespace convscope {

struct ChannelTiles {
  int count = 1, cols = 1;
  double tile_w = 0, tile_h = 0, gap = 0;
  int rows() const { return (count + cols - 1) / cols; }
  double width() const { return cols * tile_w + (cols - 1) * gap; }
  double height() const { return rows() * tile_h + (rows() - 1) * gap; }
  double x(int i) const { return i % cols * (tile_w + gap); }
  double y(int i) const { return i / cols * (tile_h + gap); }
};

/// Cells of whole pixels, so that their edges are sharp, as long as they are large enough for it not to show.
inline double whole_pixels(double pitch) { return pitch >= 8 ? std::floor(pitch) : pitch; }

/// The largest pitch up to `limit` at which a placement fits, whole pixels, so that cells are crisp and alike; 0 where
/// it does not even fit at `least`. `placement.measure(pitch)` gives its size.
template <class Placement>
double largest_pitch(Placement& placement, const Box& content, double limit, double least = 0) {
  const auto fits = [&](double pitch) {
    const auto size = placement.measure(pitch);
    return size.w <= static_cast<double>(content.width()) && size.h <= static_cast<double>(content.height());
  };
  if (!fits(least)) return 0;
  if (fits(limit)) return limit;
  double low = 0, high = limit;
  for (int i = 0; i < 14; ++i) {
    const double middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return whole_pixels(low);
}

}  // namespace convscope
