// Equal grids in rows and columns, for the layouts that show a grid for each channel.
#pragma once

#include <cmath>

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

}  // namespace convscope
