// Every algorithm on the same numbers, held against the reference.
#pragma once

#include <optional>
#include <vector>

#include "engine/algorithm.h"
#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

/// How far two orders of summation may be apart: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of |products| of the
/// output, K = products per cell, bias included among the sums. Sums that are not finite are left out.
///
/// Errors: those of conv2d.
Result<double> summation_tolerance(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                                   Job* job = nullptr);

/// The cell in which two tensors of the plan's output_shape() differ most. Equal numbers, two NaN included, differ by
/// 0; a NaN or an infinity differs from anything else by infinity.
struct WorstCell {
  double difference = 0;
  OutputCell cell;
  double expected = 0, actual = 0;
};
WorstCell worst_cell(const ConvPlan& plan, const Tensor& expected, const Tensor& actual);

/// How much further transforms may be from a summation, whatever the plan: 32 epsilon * the largest |input| * the
/// largest 2-norm of a kernel. For kernels of more than some ten taps this is far less than summation_tolerance().
/// Numbers that are not finite are left out.
double transform_tolerance(const Tensor& input, const Tensor& weight);

struct AlgorithmCheck {
  Algorithm algorithm = Algorithm::naive;
  WorstCell worst;               // against the reference
  std::optional<Error> refusal;  // it did not run: it cannot compute this, or its memory would be too large
  double more = 0;               // that it may differ beyond the tolerance of two summations
};

struct CrossCheck {
  double tolerance = 0;
  std::vector<AlgorithmCheck> algorithms;  // in the order of algorithms(); the first is the reference itself, naive

  bool agrees(const AlgorithmCheck& check) const {
    return !check.refusal && check.worst.difference <= tolerance + check.more;
  }
  /// Whether all that ran agree.
  bool all_agree() const;
  /// How many ran.
  int64_t ran() const;
  /// The algorithm that is furthest from the reference.
  const AlgorithmCheck& furthest() const;
};

/// Runs each of algorithms() but `automatic` and compares it with naive, cell by cell.
///
/// Shapes: as in ConvPlan; `bias` may be undefined where plan.bias is false. Costs eight convolutions and the memory of
/// three outputs and the largest scratch. Errors: those of conv2d, but for those on the field "algorithm", which are
/// the refusal of one algorithm.
Result<CrossCheck> cross_check(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                               int threads = 0, Job* job = nullptr);

}  // namespace convscope
