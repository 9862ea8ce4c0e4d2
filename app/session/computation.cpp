#include "app/session/computation.h"

#include <atomic>

#include "engine/operation_cost.h"
#include "engine/padded_input.h"

namespace convscope {

Result<ConvPlan> plan_of(const Session& session, TensorCache& cache) {
  const Result<Shape> shape = cache.input_shape(session);
  if (!shape) return shape.error();
  Result<ConvPlan> plan = validate(session.params, *shape);
  if (plan && plan->output_cells() == 0) {
    return Error{"error.nothing_to_show", "input", {plan->output_shape().to_string(" x ")}};
  }
  return plan;
}

Result<ComputationPtr> compute(const Session& session, TensorCache& cache, const Conv2dOptions& options) {
  const Result<ConvPlan> plan = plan_of(session, cache);
  if (!plan) return plan.error();
  Result<ConvTensors> tensors = cache.tensors(session, *plan);
  if (!tensors) return tensors.error();
  if (options.job != nullptr && options.job->cancelled) return Error{"error.cancelled", "", {}};
  Conv2dOptions engine = options;
  if (engine.algorithm == Algorithm::automatic) engine.algorithm = session.algorithm;
  Result<Tensor> output = conv2d(*plan, tensors->input, tensors->weight, tensors->bias, engine);
  if (!output) return output.error();

  static std::atomic<uint64_t> generations{0};
  auto computation = std::make_shared<Computation>();
  computation->algorithm = session.algorithm;
  computation->params = session.params;
  computation->plan = *plan;
  computation->tensors = *std::move(tensors);
  computation->tensors.output = *std::move(output);
  computation->generation = ++generations;
  return ComputationPtr(std::move(computation));
}

double conv2d_seconds(const ConvPlan& plan, Algorithm algorithm) {
  // What a slow core does, so that a frame is not lost to optimism; per second. One core of an Intel Xeon did, with -O1
  // in November 2026, 1.9e8 multiply-adds as naive, 3 to 8e8 as slices or loops, and wrote 3 to 5e7 entries of
  // matrices.
  constexpr double kFastMacs = 2e9, kReferenceMacs = 1e8, kLessonMacs = 2e8;
  constexpr double kMatrixEntries = 2.5e7, kCells = 2e8;
  const Result<OperationCost> cost = cost_of(plan);
  if (!cost) return 1e9;
  const auto macs = static_cast<double>(cost->macs);
  const double seconds = static_cast<double>(plan.output_cells()) / kCells;
  switch (algorithm) {
    case Algorithm::automatic:
    case Algorithm::im2col:
      break;
    case Algorithm::naive:
      return seconds + macs / kReferenceMacs;
    case Algorithm::slices:
    case Algorithm::loops: {
      double copied = 1;  // with a large stride the padded copy is all there is to do
      for (int64_t extent : padded_shape(plan)) copied *= static_cast<double>(extent);
      return seconds + macs / kLessonMacs + copied / kCells;
    }
    case Algorithm::im2col_per_channel:  // a matrix for each channel, for all kernels
      return seconds + macs / kLessonMacs + macs / static_cast<double>(plan.kernels_per_group()) / kMatrixEntries;
    case Algorithm::toeplitz:  // a matrix for each slice of a kernel, for all images
      return seconds + macs / kLessonMacs +
             static_cast<double>(cost->parameters) * static_cast<double>(plan.positions()) / kMatrixEntries;
  }
  return seconds + macs / kFastMacs;
}

double estimated_seconds(const Session& session, const ConvPlan& plan, TensorCache& cache) {
  return cache.preparation_seconds(session, plan) + conv2d_seconds(plan, session.algorithm);
}

}  // namespace convscope
