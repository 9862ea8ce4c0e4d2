// How a block of the im2col matrix is held in memory: as the piece of the padded input that its windows cover.
//
// Row (c, ky, kx) of the transposed im2col matrix is the padded input, shifted by (ky, kx) * dilation and thinned out
// by the stride. When the cells that a stride apart are stored side by side ("phases": for stride 2 the even columns,
// then the odd ones, the same for rows), the thinning is gone and every row of the matrix is a plain shifted view of
// the block. So nothing is copied kernel.h * kernel.w times, and with stride 1 and no padding nothing at all.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/conv_plan.h"

namespace convscope {

/// One axis of the convolution, seen through its stride.
struct AxisPhases {
  int64_t in = 0, out = 0, kernel = 0, stride = 0, dilation = 0, pad_begin = 0, pad_end = 0;
  int64_t phases = 1;     // different remainders of tap * dilation by stride
  int64_t max_shift = 0;  // cells by which the last tap is shifted within its phase

  int64_t phase_of(int64_t tap) const { return tap % phases; }
  int64_t remainder_of_phase(int64_t phase) const { return phase * dilation % stride; }
  int64_t shift_of(int64_t tap) const { return tap * dilation / stride; }
};

AxisPhases vertical_phases(const ConvPlan& plan);
AxisPhases horizontal_phases(const ConvPlan& plan);

/// The output cells of one block, in coordinates of one output channel.
struct OutputBlock {
  int64_t y = 0, x = 0, rows = 0, columns = 0;
};

/// Where the block's numbers lie, [channel][phase of y][phase of x][row][column], and which vectors cover its
/// outputs.
struct BlockLayout {
  int64_t rows = 0, columns = 0;      // of the output block
  int64_t plane_rows = 0, pitch = 0;  // of one phase of one channel
  int64_t channel_stride = 0;         // elements from one channel to the next
  bool flat = false;                  // vectors run on over the ends of rows
  std::vector<int32_t> tap_offsets;   // of tap (c, ky, kx)
  struct VectorPlace {
    int64_t source = 0;   // first element, to be added to a tap's offset
    int64_t target = -1;  // offset in the output plane from the block's first cell, where all lanes are outputs of
                          // one stretch of memory; else -1, and the lanes are stored one by one
    int64_t first = 0;    // position of lane 0: row * pitch + column
  };
  std::vector<VectorPlace> vectors;
};

/// The layout of a block of rows x columns outputs for vectors of so many lanes. With `in_place` the block is the
/// input itself (strides 1, no padding), whose pitch and planes it keeps.
BlockLayout block_layout(const ConvPlan& plan, int64_t rows, int64_t columns, int lanes, bool in_place);

/// The same without tap_offsets and vectors; allocates nothing.
BlockLayout block_planes(const ConvPlan& plan, int64_t rows, int64_t columns, bool in_place);
/// BlockLayout::tap_offsets of so many channels.
void write_tap_offsets(const ConvPlan& plan, const BlockLayout& layout, int64_t channels, int32_t* to);

/// Elements of a block of rows x columns outputs in so many channels; saturates instead of overflowing.
int64_t block_elements(const ConvPlan& plan, int64_t rows, int64_t columns, int64_t channels);

/// Copies the part of the padded input that the block's windows cover, in so many channels.
/// Shapes: input is one image from the first of these channels on.
template <class T>
void fill_block(const ConvPlan& plan, const BlockLayout& layout, const OutputBlock& block, int64_t channels,
                const T* input, T* to);

}  // namespace convscope
