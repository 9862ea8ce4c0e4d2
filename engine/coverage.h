// How many windows use each cell of the input: many in the middle, few at the border, none where nothing reaches.
#pragma once

#include <cstdint>

#include "engine/conv_plan.h"

namespace convscope {

/// One axis of a convolution: how many of its window positions read each cell.
class AxisCoverage {
 public:
  AxisCoverage() = default;
  AxisCoverage(const ConvPlan& plan, bool horizontal);

  /// Positions whose window reads cell i (0 <= i < extent) with any of its taps, directly or, in padding modes other
  /// than zeros, as a copy of it; each position counts once. Exact, in constant time.
  int64_t windows(int64_t i) const;

  /// Over all cells, found once in time proportional to the axis.
  int64_t least() const { return least_; }
  int64_t most() const { return most_; }
  int64_t used_cells() const { return used_; }  // that any window reads

 private:
  struct Taps;  // the taps with which positions read one padded place
  Taps taps_at(int64_t place) const;
  int64_t count(int64_t low, int64_t high, int64_t residue) const;

  int64_t extent_ = 0, begin_ = 0, end_ = 0, stride_ = 1, dilation_ = 1, kernel_ = 1, out_ = 0;
  PaddingMode mode_ = PaddingMode::zeros;
  // Taps k that stand on a multiple of the stride when one does: k = residue (mod period_).
  int64_t common_ = 1, period_ = 1, inverse_ = 0;
  int64_t least_ = 0, most_ = 0, used_ = 0;
};

/// Both axes. A window is a position of the kernel, and makes an output cell of each of the group's kernels; the counts
/// are the same for all images and channels.
class Coverage {
 public:
  Coverage() = default;
  explicit Coverage(const ConvPlan& plan) : rows_(plan, false), columns_(plan, true), cells_(plan.in.h * plan.in.w) {}

  const AxisCoverage& rows() const { return rows_; }
  const AxisCoverage& columns() const { return columns_; }
  /// Windows that use cell (y, x) of the unpadded input: the axes' counts multiplied.
  int64_t windows(int64_t y, int64_t x) const { return rows_.windows(y) * columns_.windows(x); }
  int64_t least() const { return rows_.least() * columns_.least(); }
  int64_t most() const { return rows_.most() * columns_.most(); }
  int64_t unused_cells() const { return cells_ - rows_.used_cells() * columns_.used_cells(); }

 private:
  AxisCoverage rows_, columns_;
  int64_t cells_ = 0;
};

}  // namespace convscope
