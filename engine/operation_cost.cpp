#include "engine/operation_cost.h"

#include <optional>
#include <utility>

#include "engine/checked_math.h"

namespace convscope {

namespace {

/// Products and sums of sizes that remember whether one of them overflowed. Products are taken of shapes, axis by axis:
/// with an empty batch, the gates let pass what does not fit by itself.
class Counter {
 public:
  int64_t numel(const Shape& shape) { return keep(shape.numel()); }
  int64_t product(int64_t a, int64_t b) { return keep(checked_mul(a, b)); }
  int64_t sum(int64_t a, int64_t b) { return keep(checked_add(a, b)); }
  /// What is counted from here on, for the refusal: the tensor, and a key of the words.
  struct What {
    const char* field;
    const char* words;
  };
  void begin(const What& what) { what_ = what; }
  /// The first thing that did not fit.
  const std::optional<What>& overflown() const { return overflown_; }

 private:
  int64_t keep(std::optional<int64_t> value) {
    if (!value && !overflown_) overflown_ = what_;
    return value.value_or(0);
  }
  What what_{"output", "@cost.overflow.bytes"};
  std::optional<What> overflown_;
};

Shape joined(Shape shape, const Shape& more) {
  for (int64_t extent : more) shape.push_back(extent);
  return shape;
}

/// The tensors of an operation by their shapes, and its windows.
struct Parts {
  Shape input, output;
  Shape columns;  // every window written out
  const Windows& windows;
  DType dtype;
};

void count_bytes(OperationCost& cost, const Parts& parts, Counter& count) {
  const int64_t element = size_of(parts.dtype);
  count.begin({"weight", "@cost.overflow.weight"});
  const int64_t weights = cost.weight.rank() > 0 ? count.numel(cost.weight) : 0;
  cost.parameters = count.sum(weights, cost.biases);
  cost.weight_bytes = count.product(weights, element);
  cost.bias_bytes = count.product(cost.biases, element);
  count.begin({"input", "@cost.overflow.input"});
  cost.input_bytes = count.product(count.numel(parts.input), element);
  count.begin({"output", "@cost.overflow.output"});
  cost.output_bytes = count.product(count.numel(parts.output), element);
  count.begin({"im2col", "@cost.overflow.im2col"});
  cost.im2col_bytes = count.product(count.numel(parts.columns), element);
  // In floating point from the start, and per channel of one image, so that an empty batch has a ratio too.
  double ratio = 1;
  for (int i = 0; i < parts.windows.dims; ++i) {
    const WindowAxis& axis = parts.windows.axis(i);
    ratio *= static_cast<double>(axis.count) * static_cast<double>(axis.kernel) / static_cast<double>(axis.extent);
  }
  cost.im2col_blow_up = ratio;
}

int64_t operations(const OperationCost& cost, Counter& count) {
  count.begin({"output", "@cost.overflow.operations"});
  return count.product(count.product(count.numel(cost.cells), count.numel(cost.per_cell)), cost.passes);
}

Result<OperationCost> finished(OperationCost cost, const Counter& counter) {
  if (counter.overflown())
    return Error{"error.cost_overflow", counter.overflown()->field, {counter.overflown()->words}};
  const double bytes = static_cast<double>(cost.input_bytes) + static_cast<double>(cost.weight_bytes) +
                       static_cast<double>(cost.bias_bytes) + static_cast<double>(cost.output_bytes);
  const double flop = 2.0 * static_cast<double>(cost.macs) + static_cast<double>(cost.window_operations);
  cost.intensity = bytes > 0 ? flop / bytes : 0;
  return cost;
}

}  // namespace

Result<OperationCost> cost_of(const ConvPlan& plan) {
  ConvNdPlan all;
  all.dtype = plan.dtype;
  all.batch = plan.batch;
  all.in_channels = plan.in_channels;
  all.out_channels = plan.out_channels;
  all.groups = plan.groups;
  all.bias = plan.bias;
  all.windows.axis(0) = {plan.in.h,       plan.out.h,    plan.kernel.h,   plan.stride.h,
                         plan.dilation.h, plan.pads.top, plan.pads.bottom};
  all.windows.axis(1) = {plan.in.w,       plan.out.w,     plan.kernel.w,  plan.stride.w,
                         plan.dilation.w, plan.pads.left, plan.pads.right};
  return cost_of(all);
}

Result<OperationCost> cost_of(const ConvNdPlan& plan) {
  Counter count;
  OperationCost cost;
  const Windows& windows = plan.windows;
  cost.weight = plan.weight_shape();
  cost.biases = plan.bias ? plan.out_channels : 0;
  cost.cells = windows.append({plan.batch, plan.out_channels}, &WindowAxis::count);
  cost.per_cell = windows.append({plan.channels_per_group()}, &WindowAxis::kernel);
  const Shape taps = windows.append({plan.batch, plan.in_channels}, &WindowAxis::kernel);
  count_bytes(cost,
              {windows.append({plan.batch, plan.in_channels}, &WindowAxis::extent), cost.cells,
               windows.append(taps, &WindowAxis::count), windows, plan.dtype},
              count);
  cost.macs = operations(cost, count);
  return finished(cost, count);
}

Result<OperationCost> cost_of(const ConvTransposePlan& plan) {
  Counter count;
  OperationCost cost;
  const Windows& windows = plan.windows;
  cost.weight = plan.weight_shape();
  cost.biases = plan.bias ? plan.out_channels : 0;
  cost.cells = windows.append({plan.batch, plan.in_channels}, &WindowAxis::count);
  cost.per_cell = windows.append({plan.kernels_per_group()}, &WindowAxis::kernel);
  const Shape taps = windows.append({plan.batch, plan.out_channels}, &WindowAxis::kernel);
  count_bytes(cost,
              {cost.cells, windows.append({plan.batch, plan.out_channels}, &WindowAxis::extent),
               windows.append(taps, &WindowAxis::count), windows, plan.dtype},
              count);
  cost.macs = operations(cost, count);
  return finished(cost, count);
}

Result<OperationCost> cost_of(const PoolPlan& plan) {
  Counter count;
  OperationCost cost;
  const Windows& windows = plan.windows;
  cost.cells = windows.append({plan.batch, plan.channels}, &WindowAxis::count);
  cost.per_cell = windows.append({}, &WindowAxis::kernel);
  count_bytes(cost,
              {windows.append({plan.batch, plan.channels}, &WindowAxis::extent), cost.cells,
               joined(cost.cells, cost.per_cell), windows, plan.dtype},
              count);
  cost.window_operations = operations(cost, count);
  return finished(cost, count);
}

Result<OperationCost> cost_of_unfold(const FoldPlan& plan) {
  Counter count;
  OperationCost cost;
  const Windows& windows = plan.windows;
  const Shape picture = windows.append({plan.batch, plan.channels}, &WindowAxis::extent);
  const Shape columns =
      windows.append(windows.append({plan.batch, plan.channels}, &WindowAxis::kernel), &WindowAxis::count);
  count_bytes(cost, {picture, columns, columns, windows, plan.dtype}, count);
  return finished(cost, count);
}

Result<OperationCost> cost_of_fold(const FoldPlan& plan) {
  Result<OperationCost> cost = cost_of_unfold(plan);
  if (!cost) return cost;
  Counter count;
  std::swap(cost->input_bytes, cost->output_bytes);
  cost->cells = plan.windows.append({plan.batch, plan.channels}, &WindowAxis::count);
  cost->per_cell = plan.windows.append({}, &WindowAxis::kernel);
  cost->window_operations = operations(*cost, count);
  return finished(*cost, count);
}

Result<OperationCost> cost_of_backward(const ConvNdPlan& plan) {
  Result<OperationCost> cost = cost_of(plan);
  if (!cost) return cost;
  Counter count;
  const int64_t grad_output = cost->output_bytes;
  const int64_t grad_bias = count.product(plan.out_channels, size_of(plan.dtype));
  cost->output_bytes = count.sum(count.sum(cost->input_bytes, cost->weight_bytes), grad_bias);
  cost->input_bytes = count.sum(cost->input_bytes, grad_output);
  cost->bias_bytes = 0;  // the gradients do not read it
  cost->passes = 2;
  cost->macs = operations(*cost, count);
  return finished(*cost, count);
}

std::string operations_formula(const OperationCost& cost, const char* times) {
  if (cost.cells.rank() == 0) return {};
  std::string text = cost.passes > 1 ? std::to_string(cost.passes) + " " + times + " " : "";
  return text + cost.cells.to_string(times) + " " + times + " " + cost.per_cell.to_string(times);
}

std::string parameters_formula(const OperationCost& cost, const char* times) {
  if (cost.weight.rank() == 0) return {};
  return cost.weight.to_string(times) + (cost.biases > 0 ? " + " + std::to_string(cost.biases) : "");
}

}  // namespace convscope
