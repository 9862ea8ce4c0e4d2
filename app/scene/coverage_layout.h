// Where the coverage lens puts its grids: the input with its counts as large as fits, kernel and output beside or
// below.
#pragma once

#include "app/scene/layout_key.h"

namespace convscope {

struct CoverageLayout {
  bool good = false;
  Grid counts;           // the input with its padding
  bool margins = false;  // the counts of rows and columns stand beside and above it
  Grid weight, output;
  double words_x = 0, words_y = 0, words_w = 0, words_step = 0;  // left end, middle of the first line, room
  double times_x = 0, times_y = 0;
};

/// In coordinates of the fitted picture; remembered while nothing it depends on changes. `lines` of words stand below
/// the counts, the widest `words_w` wide; `numbers` are the counts, the weights and the output.
const CoverageLayout& coverage_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, int lines,
                                      double words_w, const LayoutNumbers& numbers);

inline constexpr float kCoverageWordsSize = 14;
/// Counts of rows and columns take this much of a cell.
inline constexpr double kCoverageMargin = 0.85;

}  // namespace convscope
