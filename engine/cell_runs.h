// Sets of cells along one axis, as runs, and what a sliding window makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/window_axes.h"

namespace convscope {

/// Cells first .. last, both included.
struct CellRun {
  int64_t first = 0;
  int64_t last = 0;
  bool operator==(const CellRun&) const = default;
};

/// Ascending runs with at least one cell between any two; no run: the empty set.
using CellRuns = std::vector<CellRun>;

/// How many cells the runs have together. Their first and last fit int64_t, so this may only reach 2^63 - 1.
int64_t count_cells(const CellRuns& runs);

/// Drops what lies outside of 0 .. extent - 1.
CellRuns clipped(const CellRuns& runs, int64_t extent);

/// The cells of the field on which the windows `windows` of `axis` stand: window * stride - pad_begin + tap * dilation
/// for every window and tap, whether such cells exist or not. `budget` goes down with the work; empty when it does not
/// suffice or a position does not fit int64_t.
std::optional<CellRuns> cells_under(const WindowAxis& axis, const CellRuns& windows, int64_t& budget);

/// The other way round: the windows, existing or not, of which a tap stands on one of `cells`. It is what a transposed
/// convolution reads for these cells of its output.
std::optional<CellRuns> windows_over(const WindowAxis& axis, const CellRuns& cells, int64_t& budget);

}  // namespace convscope
