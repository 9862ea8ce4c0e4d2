#include "engine/operation_cost.h"

#include "engine/checked_math.h"

namespace convscope {

namespace {

/// Products and sums of sizes that remember whether one of them overflowed.
class Counter {
 public:
  int64_t product(std::initializer_list<int64_t> factors) { return keep(checked_product(factors)); }
  int64_t sum(int64_t a, int64_t b) { return keep(checked_add(a, b)); }
  bool fits() const { return fits_; }

 private:
  int64_t keep(std::optional<int64_t> value) {
    fits_ = fits_ && value.has_value();
    return value.value_or(0);
  }
  bool fits_ = true;
};

Result<OperationCost> finished(OperationCost cost, const Counter& counter) {
  if (!counter.fits()) return size_overflow("output");
  const double bytes = static_cast<double>(cost.input_bytes) + static_cast<double>(cost.weight_bytes) +
                       static_cast<double>(cost.output_bytes);
  const double operations = 2.0 * static_cast<double>(cost.macs) + static_cast<double>(cost.window_operations);
  cost.intensity = bytes > 0 ? operations / bytes : 0;
  return cost;
}

}  // namespace

Result<OperationCost> cost_of(const ConvNdPlan& plan) {
  Counter count;
  OperationCost cost;
  const int64_t element = size_of(plan.dtype), windows = plan.windows.count();
  const int64_t weights = count.product({plan.out_channels, plan.taps()});
  cost.parameters = count.sum(weights, plan.bias ? plan.out_channels : 0);
  cost.macs = count.product({plan.batch, plan.out_channels, windows, plan.taps()});
  cost.weight_bytes = count.product({cost.parameters, element});
  cost.input_bytes = count.product({plan.batch, plan.in_channels, plan.windows.cells(), element});
  cost.output_bytes = count.product({plan.batch, plan.out_channels, windows, element});
  cost.im2col_bytes = count.product({plan.batch, plan.in_channels, plan.windows.taps(), windows, element});
  return finished(cost, count);
}

Result<OperationCost> cost_of(const ConvTransposePlan& plan) {
  Counter count;
  OperationCost cost;
  const int64_t element = size_of(plan.dtype), windows = plan.windows.count(), taps = plan.windows.taps();
  const int64_t weights = count.product({plan.in_channels, plan.kernels_per_group(), taps});
  cost.parameters = count.sum(weights, plan.bias ? plan.out_channels : 0);
  cost.macs = count.product({plan.batch, windows, weights});
  cost.weight_bytes = count.product({cost.parameters, element});
  cost.input_bytes = count.product({plan.batch, plan.in_channels, windows, element});
  cost.output_bytes = count.product({plan.batch, plan.out_channels, plan.windows.cells(), element});
  cost.im2col_bytes = count.product({plan.batch, plan.out_channels, taps, windows, element});
  return finished(cost, count);
}

Result<OperationCost> cost_of(const PoolPlan& plan) {
  Counter count;
  OperationCost cost;
  const int64_t element = size_of(plan.dtype), windows = plan.windows.count();
  cost.window_operations = count.product({plan.batch, plan.channels, windows, plan.windows.taps()});
  cost.input_bytes = count.product({plan.batch, plan.channels, plan.windows.cells(), element});
  cost.output_bytes = count.product({plan.batch, plan.channels, windows, element});
  cost.im2col_bytes = count.product({cost.window_operations, element});
  return finished(cost, count);
}

Result<OperationCost> cost_of_unfold(const FoldPlan& plan) {
  Counter count;
  OperationCost cost;
  const int64_t element = size_of(plan.dtype);
  cost.input_bytes = count.product({plan.batch, plan.channels, plan.windows.cells(), element});
  cost.im2col_bytes = count.product({plan.batch, plan.channels, plan.windows.taps(), plan.windows.count(), element});
  cost.output_bytes = cost.im2col_bytes;
  return finished(cost, count);
}

Result<OperationCost> cost_of_fold(const FoldPlan& plan) {
  Result<OperationCost> cost = cost_of_unfold(plan);
  if (!cost) return cost;
  std::swap(cost->input_bytes, cost->output_bytes);
  cost->window_operations = cost->im2col_bytes / size_of(plan.dtype);
  return finished(*cost, Counter());
}

Result<OperationCost> cost_of_backward(const ConvNdPlan& plan) {
  Result<OperationCost> cost = cost_of(plan);
  if (!cost) return cost;
  Counter count;
  const int64_t output = cost->output_bytes;
  cost->macs = count.product({cost->macs, 2});
  // Read: input, weight and the output's gradient; written: the three gradients.
  cost->output_bytes = count.sum(cost->input_bytes, cost->weight_bytes);
  cost->input_bytes = count.sum(cost->input_bytes, output);
  return finished(*cost, count);
}

}  // namespace convscope
