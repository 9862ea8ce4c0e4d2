#include "app/session/computation.h"

#include <atomic>

#include "engine/cost.h"

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
  Result<Tensor> output = conv2d(*plan, tensors->input, tensors->weight, tensors->bias, options);
  if (!output) return output.error();

  static std::atomic<uint64_t> generations{0};
  auto computation = std::make_shared<Computation>();
  computation->params = session.params;
  computation->plan = *plan;
  computation->tensors = *std::move(tensors);
  computation->tensors.output = *std::move(output);
  computation->generation = ++generations;
  return ComputationPtr(std::move(computation));
}

double estimated_seconds(const Session& session, const ConvPlan& plan, TensorCache& cache) {
  // A guess from below: what a slow core does, so that a frame is not lost to optimism.
  constexpr double kMacsPerSecond = 2e9;
  constexpr double kOutputCellsPerSecond = 2e8;
  const Result<ConvCost> cost = conv_cost(plan);
  if (!cost) return 1e9;
  return cache.preparation_seconds(session, plan) + static_cast<double>(cost->macs) / kMacsPerSecond +
         static_cast<double>(plan.output_cells()) / kOutputCellsPerSecond;
}

}  // namespace convscope
