// What of a frame must be stored when the one before it is on the screen already.
#pragma once

#include <cstdint>
#include <vector>

#include "app/io/image.h"

namespace convscope {

/// The part of a frame that differs from the one before: the smallest rectangle around all changes.
struct FrameDifference {
  int x0 = 0, y0 = 0;
  /// The rectangle's pixels; where `over` is set those that did not change are clear black and the others opaque, so
  /// that laying it over the frame before gives this one exactly. Else it replaces what was in its place.
  Pixels pixels;
  bool over = false;
};

/// Remembers the last frame given.
class FrameComparer {
 public:
  /// `grid`: the rectangles' left and upper edges are multiples of this.
  explicit FrameComparer(int grid = 1) : grid_(grid) {}
  /// False, with `difference` as it was, where the frame equals the one before. The first frame differs as a whole.
  bool next(const Pixels& frame, FrameDifference& difference);

 private:
  int grid_;
  Pixels last_;
};

}  // namespace convscope
