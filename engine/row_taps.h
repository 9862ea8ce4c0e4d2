// The taps of all windows of a row as plain rows of numbers: tap s of window q is number q of its row.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/row_kernels.h"
#include "engine/window_axes.h"

namespace convscope {

/// How a row of cells is laid out so that each tap of the windows [first, first + count) of an axis is a stretch of it.
///
/// Cells a stride apart are put side by side: one segment for each remainder of the taps' places by the stride, or one
/// for each tap where these would be longer. What lies outside the row is filled up.
class RowTaps {
 public:
  RowTaps(const WindowAxis& axis, int64_t first, int64_t count);

  /// Numbers of a laid out row.
  int64_t width() const { return width_; }
  /// Where tap s of the first window stands in it.
  int64_t offset(int64_t tap) const { return offsets_[static_cast<size_t>(tap)]; }
  /// Lays a row of axis.extent cells out.
  template <class T>
  void lay_out(const RowKernels<T>& kernels, const T* cells, T fill, T* to) const {
    for (const Segment& segment : segments_) {
      copy_inside(kernels, segment, cells, fill, to + segment.at);
    }
  }

 private:
  struct Segment {
    int64_t at = 0, length = 0;             // in the laid out row
    int64_t before = 0, inside = 0;         // numbers that lie left of the cells, and on cells
    int64_t first_cell = 0;                 // the first one inside
  };
  template <class T>
  void copy_inside(const RowKernels<T>& kernels, const Segment& s, const T* cells, T fill, T* to) const {
    int64_t i = 0;
    for (; i < s.before; ++i) to[i] = fill;
    if (s.inside > 0) kernels.pick(cells + s.first_cell, stride_, s.inside, to + i);
    for (i += s.inside; i < s.length; ++i) to[i] = fill;
  }

  int64_t stride_ = 1, width_ = 0;
  std::vector<int64_t> offsets_;
  std::vector<Segment> segments_;
};

/// Of the windows [first, first + count) those whose tap stands on a cell: [begin, end).
struct WindowRange {
  int64_t begin = 0, end = 0;
};
WindowRange windows_on_cells(const WindowAxis& axis, int64_t tap, int64_t first, int64_t count);

}  // namespace convscope
