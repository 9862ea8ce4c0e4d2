#include "engine/output_check.h"

namespace convscope {

Result<OutputCheck> check_output(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours,
                                 const PrintedDigits& printed, Job* job) {
  OutputCheck check;
  check.yours = yours.shape();
  check.expected = plan.output_shape();
  const std::optional<Tensor> fitting = aligned(yours, check.expected);
  check.output = fitting.value_or(yours);

  Closeness closeness;
  closeness.printed = printed;
  constexpr double kParts = 3;
  {
    const JobPart part(job, 0, kParts);
    const Result<double> bound = rounding_bound(plan, tensors, yours.dtype(), job);
    if (!bound) return bound.error();
    closeness.bound = *bound;
  }
  DiagnosisOptions options;
  if (fitting) {
    const JobPart part(job, 1, kParts);
    const Result<Comparison> comparison = compare(*fitting, tensors.output, closeness, job);
    if (!comparison) return comparison.error();
    check.comparison = *comparison;
    if (check.agrees()) return check;
    options.suspects = {comparison->first_wrong, comparison->worst};
  }
  const JobPart part(job, 2, kParts);
  Result<Diagnosis> diagnosis = diagnose(plan, tensors, check.output, closeness, options, job);
  if (!diagnosis) return diagnosis.error();
  check.diagnosis = *std::move(diagnosis);
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
