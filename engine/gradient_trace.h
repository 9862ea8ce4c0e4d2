// The gradients of conv2d as they grow: what one output cell's gradient adds to those of input, weight and bias, and
// what they hold once any number of output cells has been through, without a pass over all of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/conv2d.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

// Step s is output cell s in row-major NCHW order, as in engine/trace.h. It adds
//   grad_output[s] * weight[k, c, ky, kx]  to grad_input where the tap (c, ky, kx) of its window reads,
//   grad_output[s] * input of that tap     to grad_weight[k, c, ky, kx],
//   grad_output[s]                         to grad_bias[k].
// Sums are made in double, so that their last place does not depend on how they are cut into parts.

/// The window `out` of one axis reads an input index with tap `tap`.
struct AxisUse {
  int64_t out = 0, tap = 0;
  bool operator==(const AxisUse&) const = default;
};

/// Who reads the indices first .. last - 1 of one axis of the input, directly or as copies in padding that is not
/// zeros; of each index ascending by window, then by tap.
class AxisUses {
 public:
  /// Does nothing where it holds the same already; keeps its memory.
  void set(const ConvPlan& plan, bool horizontal, int64_t first, int64_t last);
  std::span<const AxisUse> of(int64_t index) const {
    const auto at = static_cast<size_t>(index - first_);
    return std::span(uses_).subspan(starts_[at], starts_[at + 1] - starts_[at]);
  }

 private:
  ConvPlan plan_;
  bool set_ = false, horizontal_ = false;
  int64_t first_ = 0, last_ = 0;
  std::vector<AxisUse> uses_;
  std::vector<size_t> starts_;
};

/// A cell of the input, the channel absolute.
struct InputCell {
  int64_t n = 0, c = 0, y = 0, x = 0;
  bool operator==(const InputCell&) const = default;
};

/// A sum as far as it has come.
struct GrowingSum {
  double value = 0;
  int64_t added = 0;  // contributions so far
  int64_t of = 0;     // that there will be in the end
};

/// What kernels k0 .. k1 - 1 (absolute, of the cell's group) add to the gradient of input cell (n, c, y, x), where
/// `rows` and `columns` are who reads y and x. Costs (k1 - k0) * rows * columns.
double input_gradient_by(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, int64_t n, int64_t c,
                         std::span<const AxisUse> rows, std::span<const AxisUse> columns, int64_t k0, int64_t k1);
/// What kernel k alone has added once its first `positions` output cells of image n are through; counts them.
GrowingSum input_gradient_until(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, int64_t n,
                                int64_t c, std::span<const AxisUse> rows, std::span<const AxisUse> columns, int64_t k,
                                int64_t positions);
/// Both together: the gradient of an input cell after the first `steps` steps.
GrowingSum input_gradient_at(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output,
                             const InputCell& cell, std::span<const AxisUse> rows, std::span<const AxisUse> columns,
                             int64_t steps);

/// One contribution to the gradient of an input cell.
struct InputContribution {
  OutputCell cell;
  int64_t ky = 0, kx = 0;
  double grad_output = 0, weight = 0, product = 0;
  double partial = 0;  // sum up to and including this one
};
/// All of them in the order of their steps; keeps the memory.
void input_contributions(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, const InputCell& cell,
                         std::vector<InputContribution>& out);

/// Grows with every step: the gradients of weight and bias. Sums at every so many output cells of a kernel are kept, so
/// that those between cost at most that many more, whatever the size of the tensors.
class WeightGradientSums {
 public:
  /// Kept sums take at most 64 MiB. The tensors are those of the plan. Errors: error.out_of_memory, error.cancelled.
  static Result<WeightGradientSums> make(const ConvPlan& plan, const Tensor& input, const Tensor& grad_output,
                                         const Conv2dOptions& options = {});

  /// Output cells of kernel k (all images) among the first `steps` steps.
  int64_t cells_of(int64_t k, int64_t steps) const;
  /// What the first `cells` output cells of kernel k, counted through all images, have added to its taps first ..
  /// first + sums.size() - 1 in (c, ky, kx) order.
  void weight(int64_t k, int64_t first, int64_t cells, std::span<double> sums) const;
  double bias(int64_t k, int64_t cells) const;
  /// Output cells between kept sums.
  int64_t interval() const { return interval_; }

 private:
  template <class T>
  void add(int64_t k, int64_t from, int64_t to, int64_t first, std::span<double> sums) const;
  double kept(int64_t k, int64_t mark, int64_t entry) const;

  ConvPlan plan_;
  Tensor input_, grad_output_;
  int64_t interval_ = 1, marks_ = 0;  // kept sums of each kernel
  std::vector<double> kept_;          // (out_channels, marks, taps + 1), the bias last
};

/// How long WeightGradientSums::make() may take; cautious.
double weight_gradient_sums_seconds(const ConvPlan& plan);

}  // namespace convscope
