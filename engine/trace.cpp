#include "engine/trace.h"

#include "engine/padding.h"

namespace convscope {

int64_t step_count(const ConvPlan& plan) { return plan.output_cells(); }

OutputCell cell_of_step(const ConvPlan& plan, int64_t step) {
  OutputCell cell;
  cell.x = step % plan.out.w;
  step /= plan.out.w;
  cell.y = step % plan.out.h;
  step /= plan.out.h;
  cell.c = step % plan.out_channels;
  cell.n = step / plan.out_channels;
  return cell;
}

int64_t step_of_cell(const ConvPlan& plan, const OutputCell& cell) {
  return ((cell.n * plan.out_channels + cell.c) * plan.out.h + cell.y) * plan.out.w + cell.x;
}

Pair window_origin(const ConvPlan& plan, const OutputCell& cell) {
  return {cell.y * plan.stride.h - plan.pads.top, cell.x * plan.stride.w - plan.pads.left};
}

Tap tap_of(const ConvPlan& plan, const OutputCell& cell, int64_t index) {
  const Pair origin = window_origin(plan, cell);
  Tap tap;
  tap.index = index;
  tap.kx = index % plan.kernel.w;
  tap.ky = index / plan.kernel.w % plan.kernel.h;
  tap.group_c = index / (plan.kernel.w * plan.kernel.h);
  tap.c = cell.c / plan.kernels_per_group() * plan.channels_per_group() + tap.group_c;
  tap.y = origin.h + tap.ky * plan.dilation.h;
  tap.x = origin.w + tap.kx * plan.dilation.w;
  tap.source_y = source_index(tap.y, plan.in.h, plan.padding_mode);
  tap.source_x = source_index(tap.x, plan.in.w, plan.padding_mode);
  tap.is_padding = tap.y < 0 || tap.y >= plan.in.h || tap.x < 0 || tap.x >= plan.in.w;
  return tap;
}

int64_t im2col_row(const ConvPlan& plan, const OutputCell& cell) {
  return (cell.n * plan.out.h + cell.y) * plan.out.w + cell.x;
}

namespace {

// In T throughout, product and sum rounded one after the other, as conv2d_naive does it: the same bits.
template <class T>
void arithmetic(const ConvPlan& plan, const ConvTensors& tensors, CellArithmetic& out) {
  const T* input = tensors.input.data<T>();
  const T* weight = tensors.weight.data<T>() + out.cell.c * plan.taps();
  T sum = 0;
  for (int64_t i = 0; i < plan.taps(); ++i) {
    const Tap tap = tap_of(plan, out.cell, i);
    const bool is_zero = tap.source_y == kZeroPadding || tap.source_x == kZeroPadding;
    const T value =
        is_zero
            ? T{0}
            : input[((out.cell.n * plan.in_channels + tap.c) * plan.in.h + tap.source_y) * plan.in.w + tap.source_x];
    const T product = value * weight[i];
    sum += product;
    out.values[static_cast<size_t>(i)] = {static_cast<double>(value), static_cast<double>(weight[i]),
                                          static_cast<double>(product), static_cast<double>(sum)};
  }
  const T bias = plan.bias ? tensors.bias.data<T>()[out.cell.c] : T{0};
  out.sum = static_cast<double>(sum);
  out.bias = static_cast<double>(bias);
  out.result = static_cast<double>(plan.bias ? sum + bias : sum);
}

}  // namespace

void cell_arithmetic(const ConvPlan& plan, const ConvTensors& tensors, const OutputCell& cell, CellArithmetic& out) {
  out.cell = cell;
  out.values.resize(static_cast<size_t>(plan.taps()));  // keeps its memory from frame to frame
  if (plan.dtype == DType::float32) {
    arithmetic<float>(plan, tensors, out);
  } else {
    arithmetic<double>(plan, tensors, out);
  }
}

void uses_of_input(const ConvPlan& plan, int64_t n, int64_t y, int64_t x, OutputUses& out) {
  out.cells.clear();
  out.weights.clear();
  // The output whose tap (ky, kx) lands on (y, x), if there is one, solves out * stride = y + pad - ky * dilation.
  for (int64_t ky = plan.kernel.h - 1; ky >= 0; --ky) {
    const int64_t from_y = y + plan.pads.top - ky * plan.dilation.h;
    if (from_y < 0 || from_y % plan.stride.h != 0 || from_y / plan.stride.h >= plan.out.h) continue;
    for (int64_t kx = plan.kernel.w - 1; kx >= 0; --kx) {
      const int64_t from_x = x + plan.pads.left - kx * plan.dilation.w;
      if (from_x < 0 || from_x % plan.stride.w != 0 || from_x / plan.stride.w >= plan.out.w) continue;
      out.cells.push_back({n, 0, from_y / plan.stride.h, from_x / plan.stride.w});
      out.weights.push_back({ky, kx});
    }
  }
}

}  // namespace convscope
