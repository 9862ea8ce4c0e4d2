// What happens at a step of a pooling over two axes, answered in constant time.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/pool.h"
#include "engine/trace.h"

namespace convscope {

/// Where a tap of a window stands. Beyond the padding stand only the last windows of ceil_mode.
enum class TapPlace : uint8_t { input, padding, beyond };

struct PoolTap {
  int64_t ky = 0, kx = 0;  // place in the window
  int64_t y = 0, x = 0;    // of the input, may lie outside
  TapPlace place = TapPlace::input;
  double value = 0;    // of the input; 0 elsewhere
  double partial = 0;  // the sum so far, of max pooling the largest so far
};

/// All numbers of an output cell in the plan's type (widened to double to be shown).
struct PoolArithmetic {
  OutputCell cell;
  std::vector<PoolTap> taps;  // in row-major order; keeps its memory
  int64_t real = 0;           // taps on cells of the input
  // Of max pooling:
  int64_t winner =
      -1;            // index of the tap that PyTorch's index names: the first of equal ones; -1: none is in the input
  int64_t ties = 0;  // taps that hold the maximum
  // Of average pooling:
  double sum = 0;
  int64_t divisor = 1;
  double result = 0;
};
void pool_arithmetic(const PoolPlan& plan, const Tensor& input, const OutputCell& cell, PoolArithmetic& out);

/// Step s makes the s-th output cell in row-major NCHW order.
OutputCell pool_cell_of_step(const PoolPlan& plan, int64_t step);
int64_t step_of_pool_cell(const PoolPlan& plan, const OutputCell& cell);

/// How far the last window reaches beyond the input at the end of an axis, its own padding included: what a picture
/// must have room for.
int64_t pool_reach(const WindowAxis& axis);

/// The numbers of the output-size formula of one axis, floor or ceil.
struct PoolSize {
  int64_t numerator = 0;  // n + pad_begin + pad_end - d*(k-1) - 1
  int64_t rounded = 0;    // numerator / s, rounded as asked
  bool dropped = false;   // ceil_mode's last window would have begun beyond input and padding: one less
  int64_t remainder = 0;  // numerator mod s: with floor, what no window reaches; with ceil, why there is one more
};
PoolSize pool_size(const WindowAxis& axis, bool ceil_mode);

}  // namespace convscope
