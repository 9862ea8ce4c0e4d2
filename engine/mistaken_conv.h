// A convolution done wrong: every cell of what comes out, computed from the true tensors.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/conv_plan.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

/// Four axes over the numbers of a tensor, in any order and direction: flipping and transposing move no number.
struct AxesView {
  std::array<int64_t, 4> extents{1, 1, 1, 1};
  std::array<int64_t, 4> strides{1, 1, 1, 1};
  int64_t offset = 0;

  static AxesView row_major(const std::array<int64_t, 4>& extents);
  void flip(size_t axis);
  void swap(size_t a, size_t b);
  int64_t at(int64_t a, int64_t b, int64_t c, int64_t d) const {
    return offset + a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3];
  }
};

/// Which input channels a kernel of group g reads.
enum class Grouping : uint8_t {
  own,          // those of its group
  first,        // always those of the first group
  interleaved,  // every groups-th one, from g on
  every,        // all groups', with the same weights, added up
};
/// Which of them are added up.
enum class ChannelSum : uint8_t { all, first, last, own };  // own: only the channel of the output channel's number
enum class BiasUse : uint8_t {
  once,
  missing,
  twice,
  per_channel,  // once for each input channel
  per_tap,      // once for each product
  along_width,  // broadcast along the last axis instead of the channels
  along_height,
  reversed,
  first,  // bias[0] everywhere
  last,
  next,      // bias[k + 1], the first behind the last
  previous,  // bias[k - 1]
  of_image,  // bias[n]
  subtracted,
};
/// Which image meets which kernel at output (n, k).
enum class Batching : uint8_t {
  own,
  paired,              // image k and kernel k, whatever n is: slices multiplied with dim=(1, 2, 3)
  paired_along_batch,  // image n and kernel n, whatever k is
  first_image,
};
enum class Mean : uint8_t { none, taps, window, channels };
enum class Finish : uint8_t { none, negated, absolute, positive };

/// Cells that have moved: number (y, x) stands at (y + by.h, x + by.w). What leaves comes in again on the other side,
/// or zeros do.
struct Shift {
  Pair by{0, 0};
  bool wraps = true;
};

/// The right convolution, until its members are changed. Reads the tensors it was made of, which must outlive it.
struct MistakenConv {
  const ConvTensors* tensors = nullptr;
  DType dtype = DType::float32;
  AxesView input;   // (N, C, H, W)
  AxesView weight;  // (K, C/groups, R, S)
  int64_t groups = 1;
  Pair stride{1, 1}, dilation{1, 1};
  Pads pads;
  PaddingMode padding_mode = PaddingMode::zeros;
  bool has_bias = false;
  Grouping grouping = Grouping::own;
  ChannelSum channel_sum = ChannelSum::all;
  BiasUse bias = BiasUse::once;
  Batching batching = Batching::own;
  Mean mean = Mean::none;
  Finish finish = Finish::none;
  std::optional<Pair> crop;  // of the output
  Pair input_roll{0, 0};     // torch.roll of height and width
  Shift output_shift;
  /// Which images and channels of the output are there: from `part_begin` on, as many as `part_count` says.
  std::array<int64_t, 2> part_begin{0, 0};
  std::array<std::optional<int64_t>, 2> part_count;
  std::array<size_t, 4> order{0, 1, 2, 3};  // of the output's axes (N, K, P, Q) in memory
  bool other_shape = false;                 // the numbers come under any shape of as many cells

  static MistakenConv right(const ConvPlan& plan, const ConvTensors& tensors);

  /// (N, K, P, Q); nothing where such a convolution cannot be, or has no cell.
  std::optional<std::array<int64_t, 4>> extents() const;
  /// The same in memory order.
  std::array<int64_t, 4> ordered(const std::array<int64_t, 4>& extents) const;
  /// Products of one cell.
  int64_t taps() const { return weight.extents[1] * weight.extents[2] * weight.extents[3]; }
  /// The number at a position in memory order, summed in double. `extents` is what extents() says.
  double cell(const std::array<int64_t, 4>& extents, int64_t flat) const;
};

}  // namespace convscope
