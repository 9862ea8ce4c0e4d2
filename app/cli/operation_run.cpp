#include "app/cli/operation_run.h"

#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"

namespace convscope {

Result<Tensor> run_operation(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                             const Conv2dOptions& engine) {
  const Tensor& input = inputs.input.tensor;
  if (const auto* conv = std::get_if<ConvNdPlan>(&plan)) {
    return conv_nd(*conv, input, inputs.weight.tensor, inputs.bias.tensor, engine);
  }
  if (const auto* transposed = std::get_if<ConvTransposePlan>(&plan)) {
    return conv_transpose(*transposed, input, inputs.weight.tensor, inputs.bias.tensor, engine);
  }
  if (const auto* pooling = std::get_if<PoolPlan>(&plan)) {
    const Result<PoolResult> result = pool(*pooling, input, PoolIndices::none, engine.threads, engine.job);
    if (!result) return result.error();
    return result->output;
  }
  const FoldPlan& windows = std::get<FoldPlan>(plan);
  return operation.family == OperationFamily::fold ? fold(windows, input, engine.threads)
                                                    : unfold(windows, input, engine.threads);
}

int64_t numbers_per_cell(const OperationPlan& plan) {
  if (const auto* conv = std::get_if<ConvNdPlan>(&plan)) return conv->channels_per_group() * conv->windows.taps();
  if (const auto* transposed = std::get_if<ConvTransposePlan>(&plan)) {
    return transposed->in_channels / transposed->groups * transposed->windows.taps();
  }
  return std::visit([](const auto& p) { return p.windows.taps(); }, plan);
}

}  // namespace convscope
