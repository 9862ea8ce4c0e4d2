#include "engine/output_check.h"

namespace convscope {

Result<OutputCheck> compare_output(const Tensor& expected, const Tensor& yours, const Closeness& closeness, Job* job) {
  OutputCheck check;
  check.yours = yours.shape();
  check.expected = expected.shape();
  const std::optional<Tensor> fitting = aligned(yours, check.expected);
  check.output = fitting.value_or(yours);
  if (!fitting) return check;
  const Result<Comparison> comparison = compare(*fitting, expected, closeness, job);
  if (!comparison) return comparison.error();
  check.comparison = *comparison;
  return check;
}

Result<OutputCheck> check_output(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours,
                                 const PrintedDigits& printed, Job* job) {
  Closeness closeness;
  closeness.printed = printed;
  constexpr double kParts = 3;
  {
    const JobPart part(job, 0, kParts);
    const Result<double> bound = rounding_bound(plan, tensors, yours.dtype(), job);
    if (!bound) return bound.error();
    closeness.bound = *bound;
  }
  Result<OutputCheck> check = OutputCheck{};
  {
    const JobPart part(job, 1, kParts);
    check = compare_output(tensors.output, yours, closeness, job);
    if (!check || check->agrees()) return check;
  }
  DiagnosisOptions options;
  if (check->comparison) options.suspects = {check->comparison->first_wrong, check->comparison->worst};
  const JobPart part(job, 2, kParts);
  Result<Diagnosis> diagnosis = diagnose(plan, tensors, check->output, closeness, options, job);
  if (!diagnosis) return diagnosis.error();
  check->diagnosis = *std::move(diagnosis);
  return check;
}

Shape index_of(const Shape& shape, int64_t flat) {
  Shape index = shape;
  for (int axis = shape.rank(); axis-- > 0;) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return index;
}

}  // namespace convscope
