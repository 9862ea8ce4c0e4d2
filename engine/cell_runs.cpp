#include "engine/cell_runs.h"

#include <algorithm>

#include "engine/checked_math.h"
#include "engine/division.h"

namespace convscope {

namespace {

/// Sorts, and joins what overlaps or touches.
void normalize(CellRuns& runs) {
  std::sort(runs.begin(), runs.end(), [](const CellRun& a, const CellRun& b) { return a.first < b.first; });
  size_t kept = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    // last < INT64_MAX, see position(): the sum does not overflow.
    if (kept > 0 && runs[i].first <= runs[kept - 1].last + 1) {
      runs[kept - 1].last = std::max(runs[kept - 1].last, runs[i].last);
    } else {
      runs[kept++] = runs[i];
    }
  }
  runs.resize(kept);
}

/// a * b + c * d - e, within the range in which runs can be compared and joined.
std::optional<int64_t> position(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e) {
  constexpr int64_t kFarthest = int64_t{1} << 62;
  const std::optional<int64_t> first = checked_mul(a, b), second = checked_mul(c, d);
  std::optional<int64_t> sum = first && second ? checked_add(*first, *second) : std::nullopt;
  if (sum) sum = checked_sub(*sum, e);
  if (!sum || *sum >= kFarthest || *sum <= -kFarthest) return std::nullopt;
  return sum;
}

bool spend(int64_t& budget, std::optional<int64_t> amount) {
  if (!amount || *amount > budget) return false;
  budget -= *amount;
  return true;
}

/// Adds a run of positions if both ends fit.
bool add(CellRuns& runs, std::optional<int64_t> first, std::optional<int64_t> last) {
  if (!first || !last) return false;
  if (*first <= *last) runs.push_back({*first, *last});
  return true;
}

}  // namespace

int64_t count_cells(const CellRuns& runs) {
  int64_t count = 0;
  for (const CellRun& run : runs) count += run.last - run.first + 1;
  return count;
}

CellRuns clipped(const CellRuns& runs, int64_t extent) {
  CellRuns inside;
  for (const CellRun& run : runs) {
    const CellRun part{std::max<int64_t>(run.first, 0), std::min(run.last, extent - 1)};
    if (part.first <= part.last) inside.push_back(part);
  }
  return inside;
}

std::optional<CellRuns> cells_under(const WindowAxis& axis, const CellRuns& windows, int64_t& budget) {
  const int64_t s = axis.stride, d = axis.dilation, k = axis.kernel, p = axis.pad_begin;
  CellRuns cells;
  for (const CellRun& run : windows) {
    const int64_t count = run.last - run.first + 1;
    // What each of the `times` parts covers: all windows at once where they leave no gap, a tap of all windows where
    // these move by single cells, a window where its taps leave no gap, else a single cell.
    const bool gapless = d == 1 || k == 1;
    if (count == 1 ? gapless : (gapless && k >= s) || (s == 1 && d <= count)) {
      if (!spend(budget, 1)) return std::nullopt;
      if (!add(cells, position(run.first, s, 0, 0, p), position(run.last, s, k - 1, d, p))) return std::nullopt;
    } else if (s == 1 || count == 1) {
      if (!spend(budget, k)) return std::nullopt;
      for (int64_t t = 0; t < k; ++t) {
        if (!add(cells, position(run.first, s, t, d, p), position(run.last, s, t, d, p))) return std::nullopt;
      }
    } else if (gapless) {
      if (!spend(budget, count)) return std::nullopt;
      for (int64_t w = run.first; w <= run.last; ++w) {
        if (!add(cells, position(w, s, 0, 0, p), position(w, s, k - 1, d, p))) return std::nullopt;
      }
    } else {
      if (!spend(budget, checked_mul(count, k))) return std::nullopt;
      for (int64_t w = run.first; w <= run.last; ++w) {
        for (int64_t t = 0; t < k; ++t) {
          if (!add(cells, position(w, s, t, d, p), position(w, s, t, d, p))) return std::nullopt;
        }
      }
    }
  }
  normalize(cells);
  return cells;
}

std::optional<CellRuns> windows_over(const WindowAxis& axis, const CellRuns& cells, int64_t& budget) {
  const int64_t s = axis.stride, d = axis.dilation, k = axis.kernel, p = axis.pad_begin;
  CellRuns windows;
  // Window w has tap t on cell c where w * s = c + p - t * d: for a run of cells, the multiples of s in a range.
  const auto add_range = [&](int64_t lowest_tap, int64_t highest_tap, const CellRun& run) {
    const std::optional<int64_t> low = position(run.first, 1, -highest_tap, d, -p);
    const std::optional<int64_t> high = position(run.last, 1, -lowest_tap, d, -p);
    if (!low || !high) return false;
    return add(windows, ceil_divide(*low, s), floor_divide(*high, s));
  };
  for (const CellRun& run : cells) {
    // Where the taps, laid over all cells of the run, leave no gap, one range has them all.
    const bool gapless = d <= run.last - run.first + 1 || k == 1;
    if (!spend(budget, gapless ? 1 : k)) return std::nullopt;
    if (gapless) {
      if (!add_range(0, k - 1, run)) return std::nullopt;
      continue;
    }
    for (int64_t t = 0; t < k; ++t) {
      if (!add_range(t, t, run)) return std::nullopt;
    }
  }
  normalize(windows);
  return windows;
}

}  // namespace convscope
