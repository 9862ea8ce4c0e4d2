// Gradients on their way and kernels being learned: against PyTorch, and against the reference with part of
// grad_output.
#include "engine/gradient_trace.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/conv2d_backward.h"
#include "engine/kernel_learning.h"
#include "engine/torch_random.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using Json = nlohmann::json;
using testing::RandomCase;

Tensor slice_of(const Tensor& tensor, int64_t count) {
  std::vector<double> numbers = testing::numbers_of(tensor);
  std::fill(numbers.begin() + count, numbers.end(), 0.0);
  return testing::tensor_of(tensor.shape(), numbers, tensor.dtype());
}

/// The gradients after so many steps, cell by cell, from the trace.
struct Traced {
  std::vector<double> input, weight, bias;
};
Traced traced(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, const WeightGradientSums& sums,
              int64_t steps) {
  Traced all;
  AxisUses rows, columns;
  rows.set(plan, false, 0, plan.in.h);
  columns.set(plan, true, 0, plan.in.w);
  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      for (int64_t y = 0; y < plan.in.h; ++y) {
        for (int64_t x = 0; x < plan.in.w; ++x) {
          const GrowingSum sum =
              input_gradient_at(plan, weight, grad_output, {n, c, y, x}, rows.of(y), columns.of(x), steps);
          EXPECT_LE(sum.added, sum.of);
          if (steps == step_count(plan)) {
            EXPECT_EQ(sum.added, sum.of);
          }
          all.input.push_back(sum.value);
        }
      }
    }
  }
  for (int64_t k = 0; k < plan.out_channels; ++k) {
    const int64_t cells = sums.cells_of(k, steps);
    std::vector<double> taps(static_cast<size_t>(plan.taps()));
    sums.weight(k, 0, cells, taps);
    all.weight.insert(all.weight.end(), taps.begin(), taps.end());
    all.bias.push_back(sums.bias(k, cells));
  }
  return all;
}

double apart(const std::vector<double>& a, const Tensor& b) {
  EXPECT_EQ(static_cast<int64_t>(a.size()), b.numel());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b.at(static_cast<int64_t>(i))));
  return most;
}

double bound(const ConvPlan& plan) {
  const double products = static_cast<double>(plan.output_cells() * plan.kernel.h * plan.kernel.w);
  return 30 * testing::tolerance(plan.dtype, std::sqrt(products));
}

TEST(GradientTrace, an_infinite_upstream_gradient_meets_the_zeros_of_the_padding) {
  ConvParams params;
  params.padding = {1, 1};
  const ConvPlan plan = validate(params, Shape{1, 1, 4, 4}).value();
  std::mt19937_64 random(testing::test_seed());
  const Tensor input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
  const Tensor weight = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
  std::vector<double> numbers(16, 1.0);
  numbers[0] = HUGE_VAL;
  const Tensor grad = testing::tensor_of(plan.output_shape(), numbers, plan.dtype);
  const WeightGradientSums sums = WeightGradientSums::make(plan, input, grad).value();
  std::vector<double> taps(9);
  for (const int64_t steps : {1, 7, 16}) {
    const Tensor wanted =
        conv2d_backward(plan, input, weight, slice_of(grad, steps), {Algorithm::naive, 1, nullptr}).value().weight;
    sums.weight(0, 0, steps, taps);
    for (int64_t tap = 0; tap < 9; ++tap) {
      EXPECT_EQ(std::isnan(taps[static_cast<size_t>(tap)]), std::isnan(wanted.at(tap))) << steps << " " << tap;
      EXPECT_EQ(std::isinf(taps[static_cast<size_t>(tap)]), std::isinf(wanted.at(tap))) << steps << " " << tap;
    }
  }
}

TEST(GradientTrace, any_step_holds_the_gradients_of_the_cells_so_far) {
  std::mt19937_64 random(testing::test_seed() + 31);
  for (int i = 0; i < 120; ++i) {
    const RandomCase c = testing::random_case(random, i % 2 == 0 ? DType::float32 : DType::float64, 2e4);
    const ConvPlan& plan = c.plan;
    if (plan.output_cells() == 0) continue;
    const Tensor input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
    const Tensor weight = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
    const Tensor grad = testing::random_tensor(random, plan.output_shape(), plan.dtype);
    const WeightGradientSums sums = WeightGradientSums::make(plan, input, grad).value();
    for (const int64_t steps :
         {int64_t{0}, int64_t{1}, plan.output_cells() / 3, plan.output_cells() - 1, plan.output_cells()}) {
      const Conv2dGradients wanted =
          conv2d_backward(plan, input, weight, slice_of(grad, steps), {Algorithm::naive, 1, nullptr}).value();
      const Traced found = traced(plan, weight, grad, sums, steps);
      EXPECT_LE(apart(found.input, wanted.input), bound(plan)) << testing::describe(c) << " after " << steps;
      EXPECT_LE(apart(found.weight, wanted.weight), bound(plan)) << testing::describe(c) << " after " << steps;
      EXPECT_LE(apart(found.bias, wanted.bias), bound(plan)) << testing::describe(c) << " after " << steps;
    }
  }
}

TEST(GradientTrace, kept_sums_and_those_between_them_agree) {
  // Several kept sums for each of two kernels and two images.
  ConvParams params;
  params.in_channels = 2;
  params.out_channels = 2;
  params.padding = {1, 1};
  const ConvPlan plan = validate(params, {2, 2, 31, 29}).value();
  std::mt19937_64 random(5);
  const Tensor input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
  const Tensor grad = testing::random_tensor(random, plan.output_shape(), plan.dtype);
  const WeightGradientSums sums = WeightGradientSums::make(plan, input, grad).value();
  ASSERT_LT(sums.interval() * 3, plan.batch * plan.positions());
  std::vector<double> all(18), part(4);
  for (const int64_t steps : {0, 255, 256, 257, 900, 1798, 2000, 3596}) {
    const Conv2dGradients wanted =
        conv2d_parameter_gradients(plan, input, slice_of(grad, steps), {Algorithm::automatic, 1, nullptr}).value();
    for (int64_t k = 0; k < 2; ++k) {
      const int64_t cells = sums.cells_of(k, steps);
      sums.weight(k, 0, cells, all);
      for (int64_t tap = 0; tap < 18; ++tap) {
        EXPECT_NEAR(all[static_cast<size_t>(tap)], wanted.weight.at(k * 18 + tap), 1e-3) << steps;
      }
      sums.weight(k, 7, cells, part);  // from the middle of one row to that of another
      for (size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i], all[7 + i]);
      EXPECT_NEAR(sums.bias(k, cells), wanted.bias.at(k), 1e-3);
    }
  }
}

TEST(GradientTrace, contributions_to_an_input_cell_come_in_the_order_of_their_steps) {
  std::mt19937_64 random(testing::test_seed() + 32);
  std::vector<InputContribution> list;
  for (int i = 0; i < 60; ++i) {
    const RandomCase c = testing::random_case(random, DType::float64, 5e3);
    const ConvPlan& plan = c.plan;
    if (plan.output_cells() == 0) continue;
    const Tensor input = testing::random_tensor(random, plan.input_shape(), plan.dtype);
    const Tensor weight = testing::random_tensor(random, plan.weight_shape(), plan.dtype);
    const Tensor grad = testing::random_tensor(random, plan.output_shape(), plan.dtype);
    const Conv2dGradients whole = conv2d_backward(plan, input, weight, grad).value();
    const int64_t flat = plan.batch * plan.in_channels * plan.in.h * plan.in.w / 2;
    const InputCell cell{flat / (plan.in.w * plan.in.h) / plan.in_channels,
                         flat / (plan.in.w * plan.in.h) % plan.in_channels, flat / plan.in.w % plan.in.h,
                         flat % plan.in.w};
    input_contributions(plan, weight, grad, cell, list);
    EXPECT_NEAR(list.empty() ? 0 : list.back().partial, whole.input.at(flat), 1e-9) << testing::describe(c);
    for (size_t at = 1; at < list.size(); ++at) {
      EXPECT_LE(step_of_cell(plan, list[at - 1].cell), step_of_cell(plan, list[at].cell));
    }
  }
}

Json reference() {
  std::ifstream file(std::string(CONVSCOPE_SOURCE_DIR) + "/tests/reference/gradient_cases.json");
  return Json::parse(file);
}

ConvParams params_of(const Json& c) {
  ConvParams p;
  const auto pair = [&](const char* name) { return Pair{c[name][0], c[name][1]}; };
  p.in_channels = c["in_channels"];
  p.out_channels = c["out_channels"];
  p.kernel_size = pair("kernel_size");
  p.stride = pair("stride");
  p.padding = pair("padding");
  p.dilation = pair("dilation");
  p.groups = c["groups"];
  p.bias = c["bias"];
  for (PaddingMode mode : {PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    if (c["padding_mode"] == name_of(mode)) p.padding_mode = mode;
  }
  if (c["dtype"] == "float64") p.dtype = DType::float64;
  return p;
}

struct Drawn {
  ConvPlan plan;
  Tensor input, weight, bias, grad_output;
};
Drawn drawn(const Json& c) {
  Drawn d;
  Shape shape;
  for (int64_t extent : c["input_shape"]) shape.push_back(extent);
  d.plan = validate(params_of(c), shape).value();
  TorchRandom random(c["seed"].get<int64_t>());
  d.input = random.randn(d.plan.input_shape(), d.plan.dtype).value();
  d.weight = random.randn(d.plan.weight_shape(), d.plan.dtype).value();
  if (d.plan.bias) d.bias = random.randn(d.plan.bias_shape(), d.plan.dtype).value();
  d.grad_output = random.randn(d.plan.output_shape(), d.plan.dtype).value();
  return d;
}

void expect_near(const std::vector<double>& found, const Json& wanted, double within, const std::string& where) {
  ASSERT_EQ(found.size(), wanted.size()) << where;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], wanted[i].get<double>(), within * std::max(1.0, std::abs(wanted[i].get<double>())))
        << where << " " << i;
  }
}

TEST(GradientTrace, whole_and_partial_gradients_are_pytorchs) {
  const Json document = reference();
  ASSERT_GE(document["gradients"].size(), 8u);
  for (const Json& c : document["gradients"]) {
    const Drawn d = drawn(c);
    const std::string where = c["input_shape"].dump() + " " + c["padding_mode"].dump();
    const double within = d.plan.dtype == DType::float32 ? 2e-5 : 1e-12;
    const Conv2dGradients whole = conv2d_backward(d.plan, d.input, d.weight, d.grad_output).value();
    expect_near(testing::numbers_of(whole.input), c["whole"]["input"], within, where + " dX");
    expect_near(testing::numbers_of(whole.weight), c["whole"]["weight"], within, where + " dW");
    if (d.plan.bias) expect_near(testing::numbers_of(whole.bias), c["whole"]["bias"], within, where + " db");
    const WeightGradientSums sums = WeightGradientSums::make(d.plan, d.input, d.grad_output).value();
    const Traced partial = traced(d.plan, d.weight, d.grad_output, sums, c["steps"]);
    expect_near(partial.input, c["partial"]["input"], within, where + " partial dX");
    expect_near(partial.weight, c["partial"]["weight"], within, where + " partial dW");
    if (d.plan.bias) expect_near(partial.bias, c["partial"]["bias"], within, where + " partial db");
  }
}

Tensor sobel(DType dtype) { return testing::tensor_of({1, 1, 3, 3}, {-1, 0, 1, -2, 0, 2, -1, 0, 1}, dtype); }

Tensor wished(const Drawn& d) {
  ConvPlan plain = d.plan;
  plain.bias = false;
  return conv2d(plain, d.input, sobel(d.plan.dtype), Tensor()).value();
}

TEST(KernelLearning, loss_and_kernel_are_those_of_pytorchs_sgd) {
  const Json document = reference();
  ASSERT_GE(document["descents"].size(), 2u);
  for (const Json& c : document["descents"]) {
    const Drawn d = drawn(c);
    const LearningPath path =
        learn_by_descent(d.plan, d.input, d.weight, d.bias, wished(d), {c["learning_rate"], c["steps"]}).value();
    const double within = d.plan.dtype == DType::float32 ? 1e-4 : 1e-11;
    ASSERT_FALSE(path.diverged_at);
    expect_near(path.losses, c["losses"], within, "losses");
    expect_near(testing::numbers_of(path.weights.back()), c["weight"], within, "weight");
    if (d.plan.bias) expect_near(testing::numbers_of(path.biases.back()), c["learned_bias"], within, "bias");
    EXPECT_LT(path.losses.back(), path.losses.front());
    EXPECT_FALSE(path.grows());
  }
}

TEST(KernelLearning, a_large_learning_rate_diverges_without_a_nan_and_the_one_proposed_does_not) {
  const Drawn d = drawn(reference()["descents"][0]);
  const LearningPath path = learn_by_descent(d.plan, d.input, d.weight, d.bias, wished(d), {30, 500}).value();
  ASSERT_TRUE(path.diverged_at);
  EXPECT_EQ(path.last() + 1, *path.diverged_at);
  for (double loss : path.losses) EXPECT_TRUE(std::isfinite(loss));
  for (const Tensor& weight : path.weights) {
    for (double value : testing::numbers_of(weight)) EXPECT_TRUE(std::isfinite(value));
  }
  ASSERT_GT(path.safe_rate, 0);
  const auto with_rate = [&](double rate) {
    return learn_by_descent(d.plan, d.input, d.weight, d.bias, wished(d), {rate, 500}).value();
  };
  EXPECT_FALSE(with_rate(path.safe_rate).grows());
  EXPECT_TRUE(with_rate(1.3 * path.safe_rate).grows()) << "the proposal is not timid";
}

TEST(KernelLearning, from_the_wished_kernel_on_nothing_changes) {
  const Drawn d = drawn(reference()["descents"][0]);
  const LearningPath path = learn_by_descent(d.plan, d.input, sobel(d.plan.dtype), d.bias, wished(d), {0.1, 5}).value();
  EXPECT_EQ(path.losses, std::vector<double>(6, 0.0));
  EXPECT_TRUE(testing::same_bits(path.weights.back(), sobel(d.plan.dtype)));
}

TEST(KernelLearning, a_path_without_end_is_refused_and_a_cancelled_one_ends) {
  ConvParams params;
  params.in_channels = params.out_channels = 256;
  const ConvPlan plan = validate(params, {1, 256, 3, 3}).value();
  const Tensor input = Tensor::zeros(plan.input_shape(), plan.dtype).value();
  const Tensor weight = Tensor::zeros(plan.weight_shape(), plan.dtype).value();
  const Tensor bias = Tensor::zeros(plan.bias_shape(), plan.dtype).value();
  const Tensor target = Tensor::zeros(plan.output_shape(), plan.dtype).value();
  const auto refused = learn_by_descent(plan, input, weight, bias, target, {0.1, 5000});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "error.learning_too_large");
  Job job;
  job.cancelled = true;
  const auto cancelled = learn_by_descent(plan, input, weight, bias, target, {0.1, 2}, {Algorithm::automatic, 1, &job});
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code, "error.cancelled");
}

}  // namespace
}  // namespace convscope
