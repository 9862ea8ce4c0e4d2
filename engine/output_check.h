// Somebody's output of a convolution, judged: does it agree, where not, and why not.
#pragma once

#include <optional>

#include "engine/cancel.h"
#include "engine/compare.h"
#include "engine/conv_plan.h"
#include "engine/diagnosis.h"
#include "engine/result.h"
#include "engine/shape.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

struct OutputCheck {
  Shape yours, expected;
  Tensor output;                         // yours, under the expected shape where it has one
  std::optional<Comparison> comparison;  // nothing where the shapes differ
  Diagnosis diagnosis;                   // empty where they agree, or no cause was looked for

  bool agrees() const { return comparison && comparison->wrong == 0; }
};

/// Compares `yours` with `tensors.output` and, where they differ, looks for the cause.
/// Errors: those of rounding_bound(), error.cancelled.
Result<OutputCheck> check_output(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours,
                                 const PrintedDigits& printed, Job* job = nullptr);

/// Compares alone, whatever made the output, and looks for no cause. Errors: error.cancelled.
Result<OutputCheck> compare_output(const Tensor& expected, const Tensor& yours, const Closeness& closeness,
                                   Job* job = nullptr);

/// The indices of a position in row-major order: (1, 0, 2, 3).
Shape index_of(const Shape& shape, int64_t flat);

}  // namespace convscope
