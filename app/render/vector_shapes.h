// Marks as plain shapes with colours: what every writer of vector formats draws, each in its own words.
#pragma once

#include <cstdint>
#include <vector>

#include "app/io/image.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope {

struct Point {
  float x = 0, y = 0;
};

/// Coordinates are the scene's, at one device pixel per logical one; colours with alpha 0 are not drawn.
struct VectorShape {
  /// rect: `box` with corners of `radius`, its stroke centred on the edge. lines: one from each point to the next but
  /// one, two by two. polygon: filled. text: its line's start, middle or end (as Mark::align) on the baseline at
  /// points[0], in `fill`.
  enum class Kind : uint8_t { rect, lines, polygon, text };
  /// What of the mark it is.
  enum class Part : uint8_t { body, hatch, head, minus };
  Kind kind = Kind::rect;
  Part part = Part::body;
  Box box;
  float radius = 0;
  std::vector<Point> points;
  Color fill{0, 0, 0, 0}, stroke{0, 0, 0, 0};
  float stroke_width = 0;
  /// Dashes along the outline, which begins behind the upper left corner's arc and runs to the right; 0: none. The
  /// first dash has begun `dash_offset` before.
  float dash = 0, gap = 0, dash_offset = 0;
};

/// The shapes of a mark that is no raster, in paint order; `shapes` keeps its memory. None where nothing can be seen.
void shapes_of(const Scene& scene, const Mark& mark, const Theme& theme, std::vector<VectorShape>& shapes);

/// What classes and styles are called after.
const char* role_name(Role role);

/// Whether the mark may touch the scene's viewport.
bool in_sight(const Scene& scene, const Mark& mark);

/// A raster cut to the viewport.
struct VisibleRaster {
  Raster raster;
  Box box;
  bool visible = false;
};
VisibleRaster visible_part(const Scene& scene, const Mark& mark);

/// Most pixels that a picture of that length on the page is worth: twice those of its place.
int most_raster_pixels(float length);

/// Every pixel as a block of across x down.
Pixels repeated(const Pixels& from, int across, int down);

}  // namespace convscope
