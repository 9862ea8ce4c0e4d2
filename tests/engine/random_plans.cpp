#include "random_plans.h"

#include <cstdlib>
#include <iterator>
#include <sstream>

#include "engine/cross_check.h"

namespace convscope::testing {

uint64_t test_seed() {
  const char* text = std::getenv("CONVSCOPE_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20240607;
}

RandomCase random_case(std::mt19937_64& random, DType dtype, double max_macs) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  // Sizes on both sides of every vector length, and now and then a long one.
  const auto extent = [&] {
    static constexpr int64_t kAwkward[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 27, 31, 32, 33, 37, 63, 65, 130};
    return pick(0, 2) == 0 ? pick(1, 40) : kAwkward[pick(0, std::ssize(kAwkward) - 1)];
  };
  for (;;) {
    RandomCase c;
    ConvParams& p = c.params;
    p.dtype = dtype;
    static constexpr int64_t kGroups[] = {1, 1, 1, 2, 3, 5, 8};
    p.groups = kGroups[pick(0, std::ssize(kGroups) - 1)];
    p.in_channels = p.groups * pick(1, pick(0, 1) == 0 ? 3 : 23);
    p.out_channels = p.groups * pick(1, pick(0, 1) == 0 ? 5 : 70);
    p.kernel_size = {pick(1, 5), pick(1, 5)};
    if (pick(0, 5) == 0) p.kernel_size = {pick(1, 12), pick(1, 12)};
    p.stride = {pick(1, 3), pick(1, 3)};
    if (pick(0, 3) > 0) p.stride = {1, 1};
    if (pick(0, 9) == 0) p.stride = {pick(1, 9), pick(1, 9)};
    p.dilation = {pick(1, 3), pick(1, 3)};
    if (pick(0, 1) == 0) p.dilation = {1, 1};
    if (pick(0, 19) == 0) p.dilation = {pick(1, 4000), pick(1, 4000)};
    p.padding_kind = static_cast<PaddingKind>(pick(0, 3));
    p.padding = {pick(0, 4), pick(0, 4)};
    p.pads = {pick(0, 4), pick(0, 4), pick(0, 4), pick(0, 4)};
    if (p.dilation.h > 3 && pick(0, 1) == 0)
      p.padding = {p.dilation.h * (p.kernel_size.h - 1), p.dilation.w * (p.kernel_size.w - 1)};
    p.padding_mode = static_cast<PaddingMode>(pick(0, 3));
    p.bias = pick(0, 1) == 1;
    const int64_t h = extent(), w = extent();
    c.input_shape =
        pick(0, 4) == 0 ? Shape{p.in_channels, h, w} : Shape{pick(0, 9) == 0 ? 0 : pick(1, 3), p.in_channels, h, w};
    Result<ConvPlan> plan = validate(p, c.input_shape);
    if (!plan) continue;
    if (static_cast<double>(plan->output_cells()) * static_cast<double>(plan->taps()) > max_macs) continue;
    c.plan = *plan;
    return c;
  }
}

Tensor random_tensor(std::mt19937_64& random, const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::zeros(shape, dtype).value();
  std::uniform_real_distribution<double> number(-1.0, 1.0);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (dtype == DType::float32) {
      tensor.mutable_data<float>()[i] = static_cast<float>(number(random));
    } else {
      tensor.mutable_data<double>()[i] = number(random);
    }
  }
  return tensor;
}

std::string describe(const RandomCase& c) {
  static constexpr const char* kKinds[] = {"", "same", "valid", "pads"};
  std::ostringstream text;
  const ConvParams& p = c.params;
  text << name_of(p.dtype) << " input (" << c.input_shape.to_string() << ") out_channels " << p.out_channels
       << " kernel_size " << p.kernel_size.h << "," << p.kernel_size.w << " stride " << p.stride.h << "," << p.stride.w
       << " padding " << p.padding.h << "," << p.padding.w << " " << kKinds[static_cast<int>(p.padding_kind)] << " "
       << p.pads.top << "," << p.pads.left << "," << p.pads.bottom << "," << p.pads.right << " dilation "
       << p.dilation.h << "," << p.dilation.w << " groups " << p.groups << " bias " << p.bias << " "
       << name_of(p.padding_mode) << " -> (" << c.plan.output_shape().to_string() << ")";
  return text.str();
}

std::string difference(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                       const Tensor& expected, const Tensor& actual, double more) {
  if (expected.shape() != actual.shape()) {
    return "shapes (" + expected.shape().to_string() + ") and (" + actual.shape().to_string() + ")";
  }
  const double tolerance = summation_tolerance(plan, input, weight, bias).value() + more;
  const WorstCell worst = worst_cell(plan, expected, actual);
  if (worst.difference <= tolerance) return "";
  std::ostringstream text;
  text.precision(17);
  text << "cell " << step_of_cell(plan, worst.cell) << ": expected " << worst.expected << ", got " << worst.actual
       << ", difference " << worst.difference << ", allowed " << tolerance;
  return text.str();
}

}  // namespace convscope::testing
