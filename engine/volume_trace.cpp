#include "engine/volume_trace.h"

#include "engine/padding.h"

namespace convscope {

VolumeCell volume_cell_of_step(const ConvNdPlan& plan, int64_t step) {
  const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
  VolumeCell cell;
  cell.x = step % width.count;
  step /= width.count;
  cell.y = step % height.count;
  step /= height.count;
  cell.d = step % depth.count;
  step /= depth.count;
  cell.c = step % plan.out_channels;
  cell.n = step / plan.out_channels;
  return cell;
}

int64_t step_of_volume_cell(const ConvNdPlan& plan, const VolumeCell& cell) {
  const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
  return (((cell.n * plan.out_channels + cell.c) * depth.count + cell.d) * height.count + cell.y) * width.count +
         cell.x;
}

VolumeTap volume_tap_of(const ConvNdPlan& plan, const VolumeCell& cell, int64_t index) {
  const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
  VolumeTap tap;
  tap.kx = index % width.kernel;
  index /= width.kernel;
  tap.ky = index % height.kernel;
  index /= height.kernel;
  tap.kd = index % depth.kernel;
  tap.group_c = index / depth.kernel;
  tap.c = cell.c / plan.kernels_per_group() * plan.channels_per_group() + tap.group_c;
  tap.d = depth.cell(cell.d, tap.kd);
  tap.y = height.cell(cell.y, tap.ky);
  tap.x = width.cell(cell.x, tap.kx);
  tap.source_d = source_index(tap.d, depth.extent, plan.padding_mode);
  tap.source_y = source_index(tap.y, height.extent, plan.padding_mode);
  tap.source_x = source_index(tap.x, width.extent, plan.padding_mode);
  return tap;
}

namespace {

// In T throughout, product and sum rounded one after the other, as conv_nd_naive() does it: the same bits.
template <class T>
void arithmetic(const ConvNdPlan& plan, const ConvTensors& tensors, const VolumeCell& cell, CellArithmetic& out) {
  const Windows& windows = plan.windows;
  const T* input = tensors.input.data<T>();
  const T* weight = tensors.weight.data<T>() + cell.c * plan.taps();
  T sum = 0;
  for (int64_t i = 0; i < plan.taps(); ++i) {
    const VolumeTap tap = volume_tap_of(plan, cell, i);
    const int64_t plane = (cell.n * plan.in_channels + tap.c) * windows.depth().extent + tap.source_d;
    const T value =
        tap.reads_zero()
            ? T{0}
            : input[(plane * windows.height().extent + tap.source_y) * windows.width().extent + tap.source_x];
    const T product = value * weight[i];
    sum += product;
    out.values[static_cast<size_t>(i)] = {static_cast<double>(value), static_cast<double>(weight[i]),
                                          static_cast<double>(product), static_cast<double>(sum)};
  }
  const T bias = plan.bias ? tensors.bias.data<T>()[cell.c] : T{0};
  out.sum = static_cast<double>(sum);
  out.bias = static_cast<double>(bias);
  out.result = static_cast<double>(plan.bias ? sum + bias : sum);
}

}  // namespace

void volume_arithmetic(const ConvNdPlan& plan, const ConvTensors& tensors, const VolumeCell& cell,
                       CellArithmetic& out) {
  out.cell = {cell.n * plan.out_channels + cell.c, cell.d, cell.y, cell.x};
  out.values.resize(static_cast<size_t>(plan.taps()));  // keeps its memory from frame to frame
  if (plan.dtype == DType::float32) {
    arithmetic<float>(plan, tensors, cell, out);
  } else {
    arithmetic<double>(plan, tensors, cell, out);
  }
}

ConvPlan slab_of(const ConvNdPlan& plan) {
  ConvPlan slab = as_conv2d(plan);
  slab.batch = plan.batch * plan.out_channels;
  slab.in_channels = plan.windows.depth().extent;
  slab.out_channels = plan.windows.depth().count;
  slab.groups = 1;
  slab.bias = false;
  slab.unbatched = false;
  return slab;
}

Shape slab_shape(const Shape& volume) {
  const int rank = volume.rank();
  if (rank < 4) return volume;
  const int64_t outer = rank > 4 ? volume[0] * volume[1] : volume[0];
  return {outer, volume[rank - 3], volume[rank - 2], volume[rank - 1]};
}

}  // namespace convscope
