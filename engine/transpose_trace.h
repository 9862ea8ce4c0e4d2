// What happens at a step of a transposed convolution over two axes, seen both ways: as stamps that input cells put on
// the output (scatter), and as what each output cell is made of (gather). Constant time, nothing stored.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/conv_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

/// Input cell (n, c, y, x), times the kernel slice (c, k), added to output channel k; k is absolute. Step s makes the
/// s-th stamp in the order n, k, c, y, x: an output channel is finished before the next one begins.
struct Stamp {
  int64_t n = 0, k = 0, c = 0, y = 0, x = 0;
  bool operator==(const Stamp&) const = default;
};

int64_t stamp_count(const ConvTransposePlan& plan);
Stamp stamp_of_step(const ConvTransposePlan& plan, int64_t step);
int64_t step_of_stamp(const ConvTransposePlan& plan, const Stamp& stamp);
/// The output cell under the stamp's first tap; outside of the output where padding cuts it off.
Pair stamp_origin(const ConvTransposePlan& plan, const Stamp& stamp);

/// What one stamp adds to an output cell, in the plan's type (widened to double to be shown).
struct Contribution {
  int64_t step = 0;             // of the stamp
  int64_t c = 0, y = 0, x = 0;  // the input cell
  int64_t ky = 0, kx = 0;       // the weight's cell in slice (c, k % (out_channels / groups))
  double input = 0, weight = 0, product = 0;
  double partial = 0;  // sum up to and including this one, without bias
};

/// All contributions to an output cell in the order of the stamps, which is that of conv_transpose_naive.
struct TransposedArithmetic {
  OutputCell cell;
  std::vector<Contribution> values;  // keeps its memory
  double sum = 0;
  double bias = 0;
  double result = 0;
};
void transposed_arithmetic(const ConvTransposePlan& plan, const ConvTensors& tensors, const OutputCell& cell,
                           TransposedArithmetic& out);

/// What an output cell holds once the first `stamps` stamps are made: the bias and what they added. Costs the taps of
/// one window and channel, whatever the size of the tensors.
struct PartialSum {
  double value = 0;
  int64_t stamps = 0;  // that fell on it so far
  int64_t of = 0;      // that will have in the end
};
PartialSum partial_sum(const ConvTransposePlan& plan, const ConvTensors& tensors, const OutputCell& cell,
                       int64_t stamps);

/// The direct convolution that gives the same output: stride - 1 zeros between the input's cells, a border of
/// dilation * (kernel_size - 1) - padding zeros, output_padding more at the end, stride 1 and the kernel turned by 180
/// degrees with its two channel axes exchanged. A border is negative where padding takes whole cells of the input away.
ConvPlan gather_plan(const ConvTransposePlan& plan);

/// The same with its tensors; `tensors.output` is not made.
struct GatherView {
  ConvPlan plan;
  ConvTensors tensors;  // input with zeros inserted, turned weight, bias
  Pair spacing{1, 1};   // of the input's own cells among the inserted zeros = the transposed convolution's stride
};
/// Errors: error.tensor_too_large, error.out_of_memory.
Result<GatherView> gather_view(const ConvTransposePlan& plan, const ConvTensors& tensors);

}  // namespace convscope
