// What happens at a step of conv3d, as trace.h says it of conv2d: in constant time, nothing stored.
#pragma once

#include <cstdint>

#include "engine/conv_nd_plan.h"
#include "engine/trace.h"

namespace convscope {

/// An output cell; step s computes the s-th cell in row-major NCDHW order, s from 0.
struct VolumeCell {
  int64_t n = 0, c = 0, d = 0, y = 0, x = 0;
  bool operator==(const VolumeCell&) const = default;
};

VolumeCell volume_cell_of_step(const ConvNdPlan& plan, int64_t step);
int64_t step_of_volume_cell(const ConvNdPlan& plan, const VolumeCell& cell);

/// One product of an output cell, as Tap.
struct VolumeTap {
  int64_t c = 0, group_c = 0;                        // input channel, absolute and within the group
  int64_t kd = 0, ky = 0, kx = 0;                    // weight cell
  int64_t d = 0, y = 0, x = 0;                       // coordinate in the unpadded input, may lie outside
  int64_t source_d = 0, source_y = 0, source_x = 0;  // the cell it reads, or kZeroPadding on some axis
  bool reads_zero() const { return source_d < 0 || source_y < 0 || source_x < 0; }
};

/// Tap `index` of the cell in (c, kd, ky, kx) order, 0 <= index < plan.taps().
VolumeTap volume_tap_of(const ConvNdPlan& plan, const VolumeCell& cell, int64_t index);

/// All numbers of a cell, as cell_arithmetic() has them of conv2d: summed in tap order in the plan's type. `out.cell`
/// is the cell with its channels and depths counted through, see slab_of(). Costs plan.taps().
/// The tensors have the plan's numbers in row-major order, whatever their rank.
void volume_arithmetic(const ConvNdPlan& plan, const ConvTensors& tensors, const VolumeCell& cell, CellArithmetic& out);

/// The volumes as stacks of pictures: a tensor (N, C, D, H, W) read as (N*C, D, H, W), so that an image of the slab is
/// a channel of the volume, and a channel of the slab a depth. Steps and cells are numbered as the volume's; height and
/// width slide as the volume's do. What happens along the depth and the channels is not conv2d's, and not in here.
ConvPlan slab_of(const ConvNdPlan& plan);
/// The same of shapes: (5 or 4 axes) to 4.
Shape slab_shape(const Shape& volume);

}  // namespace convscope
