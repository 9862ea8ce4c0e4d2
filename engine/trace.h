// What happens at a step of the convolution, answered in constant time and without anything stored.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/conv_plan.h"
#include "engine/tensor.h"

namespace convscope {

/// An output cell; step s computes the s-th cell in row-major NCHW order, s from 0.
struct OutputCell {
  int64_t n = 0, c = 0, y = 0, x = 0;
  bool operator==(const OutputCell&) const = default;
};

/// One product of an output cell.
struct Tap {
  int64_t index = 0;                   // position among the cell's taps in (c, ky, kx) order = im2col column
  int64_t c = 0;                       // input channel, absolute
  int64_t group_c = 0;                 // input channel within the group = the weight's second index
  int64_t ky = 0, kx = 0;              // weight cell
  int64_t y = 0, x = 0;                // coordinate in the unpadded input, may lie outside
  int64_t source_y = 0, source_x = 0;  // the cell it reads, or kZeroPadding
  bool is_padding = false;             // lies outside the unpadded input
};

/// The numbers of a tap in the plan's type (widened to double to be shown).
struct TapValues {
  double input = 0, weight = 0, product = 0;
  double partial = 0;  // sum of the products up to and including this one, without bias
};

/// The tensors a trace reads; they fit the plan.
struct ConvTensors {
  Tensor input, weight, bias, output;
};

int64_t step_count(const ConvPlan& plan);
OutputCell cell_of_step(const ConvPlan& plan, int64_t step);
int64_t step_of_cell(const ConvPlan& plan, const OutputCell& cell);

/// Upper left corner of the cell's window in unpadded input coordinates (h, w); may be negative.
Pair window_origin(const ConvPlan& plan, const OutputCell& cell);

/// Tap `index` of the cell, 0 <= index < plan.taps().
Tap tap_of(const ConvPlan& plan, const OutputCell& cell, int64_t index);

/// Row of the im2col matrix that holds the cell's window (its column in the product is cell.c).
int64_t im2col_row(const ConvPlan& plan, const OutputCell& cell);

/// All numbers of a cell, summed directly in tap order in the plan's type: values[i] belongs to tap i.
/// `sum` is the last partial, `result` = sum + bias. Costs plan.taps(), whatever the size of the tensors.
struct CellArithmetic {
  OutputCell cell;
  std::vector<TapValues> values;
  double sum = 0;
  double bias = 0;
  double result = 0;
};
void cell_arithmetic(const ConvPlan& plan, const ConvTensors& tensors, const OutputCell& cell, CellArithmetic& out);

/// The half-open rectangles of output rows and columns (of any channel in the group) whose windows use input
/// cell (y, x), counting real taps only (for padding modes other than zeros the direct use, not the copies).
struct OutputUses {
  std::vector<OutputCell> cells;  // n = given image, c = 0
  std::vector<Pair> weights;      // the (ky, kx) each of them uses it with
};
void uses_of_input(const ConvPlan& plan, int64_t n, int64_t y, int64_t x, OutputUses& out);

}  // namespace convscope
