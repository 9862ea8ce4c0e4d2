// Every algorithm on the same numbers, held against the reference.
#pragma once

#include <functional>
#include <optional>
#include <span>
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
  OutputCell cell;   // of a two-dimensional convolution
  int64_t flat = 0;  // its position in row-major order
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
  double own_error = 0;          // what it may be off by beyond another order of summation: that of its transforms
};

struct CrossCheck {
  double tolerance = 0;
  Shape output;
  std::vector<AlgorithmCheck> algorithms;  // in the order of algorithms(); the first is the reference itself, naive

  double tolerance_of(const AlgorithmCheck& check) const { return tolerance + check.own_error; }
  /// 0 where nothing differs.
  double part_of_tolerance(const AlgorithmCheck& check) const;
  bool agrees(const AlgorithmCheck& check) const {
    return !check.refusal && check.worst.difference <= tolerance_of(check);
  }
  /// Whether all that ran agree.
  bool all_agree() const;
  /// How many ran.
  int64_t ran() const;
  /// The algorithm that is furthest from the reference, as part of its tolerance.
  const AlgorithmCheck& furthest() const;
};

/// An operation that several algorithms compute, for cross_check().
struct CheckedOperation {
  std::span<const Algorithm> algorithms;            // `automatic` first, `naive` second
  std::function<Result<Tensor>(Algorithm)> run;     // all of one shape
  std::function<Result<Tensor>()> sum_of_absolute;  // naive, in float64, of the magnitudes of all numbers
  int64_t numbers_per_cell = 1;
  DType dtype = DType::float32;
  std::function<double(Algorithm)> own_error = {};  // of AlgorithmCheck; 0 where it is left out
};

/// Runs each algorithm of an operation but `automatic` and compares it with naive, cell by cell; cells are named by
/// `flat` alone. Errors: those of the operation, but for error.scratch_too_large.
Result<CrossCheck> cross_check(const CheckedOperation& operation, Job* job = nullptr);

/// The magnitudes of all numbers, as float64; of an undefined tensor another. Errors: those of Tensor::zeros().
Result<Tensor> magnitudes_of(const Tensor& tensor);

/// Runs each of algorithms() but `automatic` and compares it with naive, cell by cell.
///
/// Shapes: as in ConvPlan; `bias` may be undefined where plan.bias is false. Costs nine convolutions and one more in
/// float64, and the memory of three outputs and the largest scratch. Errors: those of conv2d, but for those on the
/// field "algorithm", which are the refusal of one algorithm.
Result<CrossCheck> cross_check(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                               int threads = 0, Job* job = nullptr);

}  // namespace convscope
