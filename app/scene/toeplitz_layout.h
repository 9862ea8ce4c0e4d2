// Where the sparse-matrix lens puts its grids: the whole matrix where its cells can be told apart, else a map of it and
// the rows around the current one.
#pragma once

#include "app/scene/layout_key.h"

namespace convscope {

/// Kernel rows whose columns an excerpt shows.
inline constexpr int kMaxToeplitzSegments = 12;

/// Neighbouring columns of the matrix, and the cells of x that stand over them.
struct ToeplitzSegment {
  Grid matrix;
  Grid vector;  // one row over the columns, or one column of the same cells
  bool padding =
      false;  // the kernel row that meets zero padding: there are no columns, `matrix` says where they would be
};

struct ToeplitzLayout {
  bool good = false;
  bool whole = false;         // the whole matrix, one segment; else an excerpt and a map
  bool vector_is_row = true;  // x lies over the columns, each cell over the weights that it meets
  bool beside = false;        // X and the padded kernel on the left, Y on the right, arrows between
  bool input_stacked = false, kernel_stacked = false, output_stacked = false;
  Grid input, kernel, output;  // kernel: padded to the size of X with its padding
  Box map;                     // of an excerpt: the whole matrix
  int segments = 1;
  ToeplitzSegment segment[kMaxToeplitzSegments];
  int hidden_segments = 0;  // kernel rows for which there is no room
  Grid product;
  double times_x = 0, times_y = 0, equals_x = 0, equals_y = 0;
  double reshape_x0 = 0, reshape_x1 = 0, reshape_y = 0;
  double matrix_x = 0;            // left end of the matrix, whichever of its columns an excerpt shows
  double label_x = 0;             // right end of the row numbers of an excerpt
  double foot_x = 0, foot_y = 0;  // words about an excerpt
  double sums_x = 0, sums_y = 0;  // left end and middle of the first line
  bool sums_in_lines = false;     // one below the other
};

/// In coordinates of the fitted picture: of all arrangements the one in which the numbers can be read best. Only what
/// an excerpt shows depends on the cell; the arrangement is remembered while nothing it depends on changes.
ToeplitzLayout toeplitz_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                               bool rgb, const LayoutNumbers& numbers);

inline constexpr float kToeplitzSumSize = 15;
/// What the padded kernel is called: "3x3 padded to 5x5".
void append_padded_kernel(std::string& out, Language language, const ConvPlan& plan);
/// The sums of the current row, in the order in which they become the output cell; `line` counts from 0. False when
/// there is no such line.
bool append_toeplitz_sum(std::string& out, Language language, const ConvPlan& plan, int line, int64_t row,
                         const CellArithmetic& arithmetic, double channel);

}  // namespace convscope
