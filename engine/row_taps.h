// The taps of all windows of a row as plain rows of numbers: tap s of window q is number q of its row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/division.h"
#include "engine/row_kernels.h"
#include "engine/window_axes.h"

namespace convscope {

/// How a row of cells is laid out so that each tap of `count` windows of an axis, one after the other, is a stretch of
/// it.
///
/// Cells a stride apart are put side by side: one segment for each remainder of the taps' places by the stride, or one
/// for each tap where these would be longer. What lies outside the row is filled up.
class RowTaps {
 public:
  RowTaps(const WindowAxis& axis, int64_t count);

  /// Numbers of a laid out row.
  int64_t width() const { return width_; }
  /// Where tap s of the first of the windows stands in it.
  int64_t offset(int64_t tap) const { return offsets_[static_cast<size_t>(tap)]; }
  /// Lays a row of axis.extent cells out for the windows [first, first + windows), of which there are `count` at most.
  template <class T>
  void lay_out(const RowKernels<T>& kernels, const T* cells, int64_t first, int64_t windows, T fill, T* to) const {
    for (const Segment& segment : segments_) {
      const int64_t place = segment.place + first * stride_, length = segment.length - (count_ - windows);
      // Numbers i with 0 <= place + i * stride < extent are cells.
      const int64_t begin = std::min(length, place >= 0 ? 0 : ceil_divide(-place, stride_));
      const int64_t end = place >= extent_ ? 0 : std::min(length, (extent_ - 1 - place) / stride_ + 1);
      T* at = std::fill_n(to + segment.at, begin, fill);
      if (begin < end) {
        kernels.pick(cells + place + begin * stride_, stride_, end - begin, at);
        at += end - begin;
      }
      std::fill(at, to + segment.at + length, fill);
    }
  }

 private:
  struct Segment {
    int64_t at = 0, length = 0;  // in the laid out row
    int64_t place = 0;           // of its first number among the cells, for window 0
  };

  int64_t extent_ = 0, count_ = 0, stride_ = 1, width_ = 0;
  std::vector<int64_t> offsets_;
  std::vector<Segment> segments_;
};

/// Of the windows [first, first + count) those whose tap stands on a cell: [begin, end).
struct WindowRange {
  int64_t begin = 0, end = 0;
};
WindowRange windows_on_cells(const WindowAxis& axis, int64_t tap, int64_t first, int64_t count);

}  // namespace convscope
