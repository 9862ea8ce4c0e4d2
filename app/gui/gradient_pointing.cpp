#include "app/gui/gradient_pointing.h"

#include <array>

#include "app/scene/build_scene.h"
#include "app/scene/gradient_lens.h"
#include "app/scene/tensor_view.h"

namespace convscope {

namespace {

bool inside(const ConvPlan& plan, const CellRef& cell) {
  const auto in = [](int64_t value, int64_t end) { return value >= 0 && value < end; };
  switch (cell.tensor) {
    case TensorId::grad_input:
      return in(cell.n, plan.batch) && in(cell.c, plan.in_channels) && in(cell.y, plan.in.h) && in(cell.x, plan.in.w);
    case TensorId::grad_output:
      return in(cell.n, plan.batch) && in(cell.c, plan.out_channels) && in(cell.y, plan.out.h) &&
             in(cell.x, plan.out.w);
    case TensorId::grad_bias:
      return in(cell.c, plan.out_channels);
    default:
      return in(cell.n, plan.out_channels) && in(cell.c, plan.channels_per_group()) && in(cell.y, plan.kernel.h) &&
             in(cell.x, plan.kernel.w);
  }
}

std::string number(double value) {
  std::array<char, 40> digits{};
  const int length = format_number(value, 12, digits.data(), static_cast<int>(digits.size()));
  return std::string(digits.data(), static_cast<size_t>(length));
}

std::string indexed(std::string name, bool batch, const CellRef& cell) {
  name += "[";
  if (batch) name += std::to_string(cell.n) + ", ";
  return name + std::to_string(cell.c) + ", " + std::to_string(cell.y) + ", " + std::to_string(cell.x) + "]";
}

std::string describe_learned(const GradientNumbers& numbers, const CellRef& cell, int64_t step) {
  const LearningPath& path = *numbers.path;
  const auto at = static_cast<size_t>(shown_iteration(numbers, step));
  const auto value = [&](const char* name, const Tensor& tensor) {
    return indexed(name, true, cell) + " = " + number(TensorView(tensor).at(cell.n, cell.c, cell.y, cell.x));
  };
  switch (cell.tensor) {
    case TensorId::learned:
      return value("W", path.weights[at]);
    case TensorId::next_kernel:
      return at + 1 < path.weights.size() ? value("W", path.weights[at + 1]) : std::string();
    case TensorId::grad_weight:
      return value("dW", path.weight_gradients[at]);
    case TensorId::wished_kernel:
      return numbers.kernel.defined() ? value("W*", numbers.kernel) : std::string();
    case TensorId::loss: {
      const auto t = static_cast<size_t>(cell.x);
      return t < path.losses.size() ? "loss[" + std::to_string(t) + "] = " + number(path.losses[t]) : std::string();
    }
    default:
      return {};
  }
}

}  // namespace

double gradient_so_far(const Computation& computation, const CellRef& cell, int64_t steps) {
  const ConvPlan& plan = *computation.plan.conv2d();
  const GradientNumbers& numbers = *computation.gradient;
  if (cell.tensor == TensorId::grad_input) {
    thread_local AxisUses rows, columns;  // they keep their memory from frame to frame
    rows.set(plan, false, cell.y, cell.y + 1);
    columns.set(plan, true, cell.x, cell.x + 1);
    const GrowingSum sum =
        input_gradient_at(plan, computation.tensors.weight, numbers.grad_output, {cell.n, cell.c, cell.y, cell.x},
                          rows.of(cell.y), columns.of(cell.x), steps);
    // What is complete is the engine's own number, to the last digit.
    return sum.added == sum.of ? TensorView(numbers.whole.input).at(cell.n, cell.c, cell.y, cell.x) : sum.value;
  }
  const int64_t k = cell.tensor == TensorId::grad_bias ? cell.c : cell.n;
  const int64_t cells = numbers.sums->cells_of(k, steps);
  const bool whole = cells == plan.batch * plan.positions();
  if (cell.tensor == TensorId::grad_bias) {
    return whole ? numbers.whole.bias.at(k) : numbers.sums->bias(k, cells);
  }
  if (whole) return TensorView(numbers.whole.weight).at(cell.n, cell.c, cell.y, cell.x);
  std::array<double, 1> sum{};
  numbers.sums->weight(k, (cell.c * plan.kernel.h + cell.y) * plan.kernel.w + cell.x, cells, sum);
  return sum[0];
}

std::string describe_gradient_cell(const Computation& computation, const CellRef& cell, int64_t step) {
  if (computation.plan.conv2d() == nullptr || computation.gradient == nullptr) return {};
  const ConvPlan& plan = *computation.plan.conv2d();
  const GradientNumbers& numbers = *computation.gradient;
  if (cell.tensor != TensorId::loss && !inside(plan, cell)) return {};
  if (numbers.path) return describe_learned(numbers, cell, step);
  const bool batch = !plan.unbatched;
  std::string name;
  switch (cell.tensor) {
    case TensorId::grad_output:
      return indexed("dY", batch, cell) + " = " +
             number(TensorView(numbers.grad_output).at(cell.n, cell.c, cell.y, cell.x));
    case TensorId::grad_input:
      name = indexed("dX", batch, cell);
      break;
    case TensorId::grad_weight:
      name = indexed("dW", true, cell);
      break;
    case TensorId::grad_bias:
      name = "db[" + std::to_string(cell.c) + "]";
      break;
    default:
      return {};
  }
  const std::string now = number(gradient_so_far(computation, cell, step + 1));
  const std::string whole = number(gradient_so_far(computation, cell, step_count(plan)));
  return name + " = " + now + (now == whole ? "" : " \u2192 " + whole);
}

}  // namespace convscope
