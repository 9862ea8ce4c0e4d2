// Where the loop-nest lens puts the code and the small sliding picture beside or below it.
#pragma once

#include "app/scene/layout_key.h"
#include "app/scene/loop_code.h"

namespace convscope {

struct LoopLayout {
  bool good = false;
  double size = 0, line = 0;                  // type of the code, and from line to line
  double code_x = 0, code_y = 0, code_w = 0;  // upper left corner of the first line; the width of the longest
  bool values_beside = false;                 // the variables' values stand at their lines; else in rows below the code
  double values_x = 0, values_y = 0, values_w = 0;
  double values_end = 0;  // right end of the rows of values
  bool words = false;     // the listing in words stands below the code
  double words_y = 0;     // its first line; without it the middle of the current line's words
  double heading = 0;     // above the words
  bool input_stacked = false, output_stacked = false;
  Grid input, weight, output;
};

/// In coordinates of the fitted picture; remembered while nothing it depends on changes.
const LoopLayout& loop_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, Algorithm algorithm,
                              std::span<const CodeLine> code, bool rgb, const LayoutNumbers& numbers);

/// Levels of indentation, in sizes of the type.
inline constexpr double kCodeIndent = 1.2;
/// The widest value at a line, in characters: "x[0, :, 12:15, 12:15]".
int widest_value(const ConvPlan& plan);

}  // namespace convscope
