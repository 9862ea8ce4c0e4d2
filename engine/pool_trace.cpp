#include "engine/pool_trace.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace convscope {

namespace {

TapPlace place_of(const WindowAxis& height, const WindowAxis& width, int64_t y, int64_t x) {
  const auto beyond = [](const WindowAxis& axis, int64_t at) { return at >= axis.extent + axis.pad_end; };
  const auto inside = [](const WindowAxis& axis, int64_t at) { return at >= 0 && at < axis.extent; };
  if (beyond(height, y) || beyond(width, x)) return TapPlace::beyond;
  return inside(height, y) && inside(width, x) ? TapPlace::input : TapPlace::padding;
}

// In T throughout and in the order of pool(): the same bits.
template <class T>
void arithmetic(const PoolPlan& plan, const T* image, PoolArithmetic& out) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  T largest = -std::numeric_limits<T>::infinity(), sum = 0;
  int64_t first_real = -1;
  for (int64_t ky = 0; ky < height.kernel; ++ky) {
    for (int64_t kx = 0; kx < width.kernel; ++kx) {
      PoolTap tap;
      tap.ky = ky;
      tap.kx = kx;
      tap.y = height.cell(out.cell.y, ky);
      tap.x = width.cell(out.cell.x, kx);
      tap.place = place_of(height, width, tap.y, tap.x);
      if (tap.place == TapPlace::input) {
        const auto index = static_cast<int64_t>(out.taps.size());
        const T value = image[tap.y * width.extent + tap.x];
        tap.value = static_cast<double>(value);
        sum += value;
        ++out.real;
        if (first_real < 0) first_real = index;
        if (value > largest || std::isnan(value)) {
          largest = value;
          out.winner = index;
        }
      }
      tap.partial = static_cast<double>(plan.kind == PoolKind::max ? largest : sum);
      out.taps.push_back(tap);
    }
  }
  if (plan.kind == PoolKind::max) {
    if (out.winner < 0) out.winner = first_real;
    for (const PoolTap& tap : out.taps) {
      const bool holds_it = tap.value == static_cast<double>(largest) || (std::isnan(tap.value) && std::isnan(largest));
      if (tap.place == TapPlace::input && holds_it) ++out.ties;
    }
    out.result = static_cast<double>(largest);
    return;
  }
  out.winner = -1;
  const auto with_padding = [](const WindowAxis& axis, int64_t window) {
    const int64_t origin = axis.cell(window, 0);
    return std::min(origin + axis.kernel, axis.extent + axis.pad_end) - origin;
  };
  out.divisor = out.real;
  if (plan.divisor_override) {
    out.divisor = *plan.divisor_override;
  } else if (plan.count_include_pad) {
    out.divisor = with_padding(height, out.cell.y) * with_padding(width, out.cell.x);
  }
  out.sum = static_cast<double>(sum);
  out.result = out.real > 0 ? static_cast<double>(sum / static_cast<T>(out.divisor)) : 0;
}

}  // namespace

void pool_arithmetic(const PoolPlan& plan, const Tensor& input, const OutputCell& cell, PoolArithmetic& out) {
  out.cell = cell;
  out.taps.clear();
  out.real = out.ties = 0;
  out.winner = -1;
  out.sum = out.result = 0;
  out.divisor = 1;
  const int64_t plane = (cell.n * plan.channels + cell.c) * plan.windows.cells();
  if (plan.dtype == DType::float32) {
    arithmetic<float>(plan, input.data<float>() + plane, out);
  } else {
    arithmetic<double>(plan, input.data<double>() + plane, out);
  }
}

OutputCell pool_cell_of_step(const PoolPlan& plan, int64_t step) {
  const int64_t width = plan.windows.width().count, height = plan.windows.height().count;
  OutputCell cell;
  cell.x = step % width;
  step /= width;
  cell.y = step % height;
  step /= height;
  cell.c = step % plan.channels;
  cell.n = step / plan.channels;
  return cell;
}

int64_t step_of_pool_cell(const PoolPlan& plan, const OutputCell& cell) {
  return ((cell.n * plan.channels + cell.c) * plan.windows.height().count + cell.y) * plan.windows.width().count +
         cell.x;
}

int64_t pool_reach(const WindowAxis& axis) {
  const int64_t end = axis.cell(axis.count - 1, 0) + axis.effective_kernel();
  return std::max(axis.pad_end, end - axis.extent);
}

PoolSize pool_size(const WindowAxis& axis, bool ceil_mode) {
  PoolSize size;
  size.numerator = axis.extent + axis.pad_begin + axis.pad_end - axis.dilation * (axis.kernel - 1) - 1;
  const int64_t whole =
      size.numerator >= 0 ? size.numerator / axis.stride : -((-size.numerator + axis.stride - 1) / axis.stride);
  size.remainder = size.numerator - whole * axis.stride;
  size.rounded = whole + (ceil_mode && size.remainder != 0 ? 1 : 0);
  size.dropped = size.rounded + 1 > axis.count;
  return size;
}

}  // namespace convscope
