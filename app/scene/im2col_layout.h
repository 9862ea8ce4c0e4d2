// Where the im2col lens puts its grids: the matrix first, the tensors beside it or above it.
#pragma once

#include "app/scene/layout_key.h"

namespace convscope {

/// Channels of the input shown one by one; more lie on a stack.
inline constexpr int kMaxIm2colInputs = 4;

struct Im2colLayout {
  bool good = false;
  int input_count = 1;
  bool input_stacked = false;
  bool output_stacked = false;
  int output_count = 1;
  Grid inputs[kMaxIm2colInputs];
  Grid outputs[kMaxIm2colInputs];
  // Of large matrices only a page is shown: windows around the current one, the first taps. Where windows are columns,
  // all three are turned: W x unfold(X) = Y.
  Grid matrix;                                           // rows of windows, columns of taps
  Grid kernels;                                          // rows of taps, columns of output channels
  Grid product;                                          // rows of windows, columns of output channels
  double unfold_x0 = 0, unfold_x1 = 0, unfold_y = 0;     // arrow from X to the matrix
  double reshape_x0 = 0, reshape_x1 = 0, reshape_y = 0;  // arrow from the product to Y
  bool arrows_down = false;                              // portrait: no room for arrows
  bool unfold_arrow = true;                              // nothing lies between X and the matrix
  double times_x = 0, times_y = 0, equals_x = 0, equals_y = 0;
  // The current row (and others around it), the kernel and the products, tap by tap, in as many lines as that takes.
  Grid strip;          // the first line: strip_rows + 2 rows; columns are taps
  int strip_rows = 1;  // rows of the matrix, from strip_row0 on
  int64_t strip_row0 = 0;
  int strip_lines = 1;      // all taps are shown when strip_lines * strip.cols >= taps
  double strip_step = 0;    // from line to line
  double strip_rest_y = 0;  // middle of the words about the taps that are not shown
};

/// In coordinates of the fitted picture: of all arrangements the one in which the matrix, then the tensors, can be read
/// best. Only which page is shown depends on the cell; the arrangement is remembered while nothing it depends on
/// changes.
Im2colLayout im2col_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                           bool rgb, bool window_columns, const LayoutNumbers& numbers);

/// The row with its neighbours, the kernel and the products tap by tap, and the sum. Of the matrix `known_rows` are
/// known.
void draw_strip(LensFrame& frame, const Im2colLayout& layout, int64_t known_rows);

}  // namespace convscope
