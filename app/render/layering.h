// Which boxes may be drawn before texts that precede them: those that do not touch any.
#pragma once

#include <cstdint>
#include <vector>

#include "app/scene/scene.h"

namespace convscope {

/// Remembers where texts lie. Scenes name a cell's box and its number in turn; drawing all boxes at once and then all
/// numbers gives the same picture as long as no box covers an earlier text, with two draw calls instead of thousands.
class TextPlaces {
 public:
  /// Forgets all texts; boxes are in device pixels of a canvas of this size.
  void reset(int width, int height);
  void add(const Box& text);
  bool touched_by(const Box& box) const;

 private:
  struct Entry {
    Box box;
    int32_t next;
  };
  struct Span {
    int x0, y0, x1, y1;
  };
  Span tiles(const Box& box) const;

  int columns_ = 0, rows_ = 0;
  std::vector<int32_t> first_;
  std::vector<Entry> entries_;
};

}  // namespace convscope
