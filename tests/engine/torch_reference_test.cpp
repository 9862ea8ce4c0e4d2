// The engine against what PyTorch computed (and refused); see tests/reference/make_conv2d_cases.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/conv2d.h"
#include "engine/conv2d_winograd.h"
#include "engine/cross_check.h"
#include "engine/torch_random.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using nlohmann::json;

Pair pair_of(const json& value) { return {value[0].get<int64_t>(), value[1].get<int64_t>()}; }

Shape shape_of(const json& value) {
  Shape shape;
  for (const json& extent : value) shape.push_back(extent.get<int64_t>());
  return shape;
}

ConvParams params_of(const json& c) {
  ConvParams p;
  p.in_channels = c["in_channels"];
  p.out_channels = c["out_channels"];
  p.kernel_size = pair_of(c["kernel_size"]);
  p.stride = pair_of(c["stride"]);
  if (c["padding"] == "same") {
    p.padding_kind = PaddingKind::same;
  } else if (c["padding"] == "valid") {
    p.padding_kind = PaddingKind::valid;
  } else {
    p.padding = pair_of(c["padding"]);
  }
  p.dilation = pair_of(c["dilation"]);
  p.groups = c["groups"];
  p.bias = c["bias"];
  for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    if (c["padding_mode"] == name_of(mode)) p.padding_mode = mode;
  }
  p.dtype = c["dtype"] == "float64" ? DType::float64 : DType::float32;
  return p;
}

const json& cases() {
  static const json all = [] {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/conv2d_cases.json");
    return json::parse(file)["cases"];
  }();
  return all;
}

Tensor draw(TorchRandom& random, const json& c, const Shape& shape, DType dtype) {
  if (c["draw"] == "randn") return random.randn(shape, dtype).value();
  return random.randint(shape, -4, 5, dtype).value();
}

TEST(torch_reference, the_file_holds_what_the_tests_below_need) {
  int refused = 0, exact = 0, rounded = 0;
  for (const json& c : cases()) {
    if (c.contains("refused")) {
      ++refused;
    } else if (c["draw"] == "randn") {
      ++rounded;
    } else {
      ++exact;
    }
  }
  EXPECT_GT(refused, 80);
  EXPECT_GT(exact, 150);
  EXPECT_GT(rounded, 20);
}

TEST(torch_reference, validate_refuses_what_torch_refuses_and_nothing_else) {
  for (const json& c : cases()) {
    const Result<ConvPlan> plan = validate(params_of(c), shape_of(c["input_shape"]));
    EXPECT_EQ(plan.ok(), !c.contains("refused")) << c.dump() << (plan ? "" : "\n" + plan.error().code);
    if (plan && c.contains("shape")) {
      EXPECT_EQ(plan->output_shape(), shape_of(c["shape"])) << c.dump() << "\n" << plan->output_shape().to_string();
    }
  }
}

class TorchReference : public ::testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, TorchReference, ::testing::ValuesIn(algorithms().begin(), algorithms().end()),
                         [](const auto& a) { return std::string(name_of(a.param)); });

TEST_P(TorchReference, outputs_agree) {
  for (const json& c : cases()) {
    if (c.contains("refused")) continue;
    const Result<ConvPlan> plan = validate(params_of(c), shape_of(c["input_shape"]));
    if (!plan) continue;  // the test above says so
    TorchRandom random(c["seed"].get<int64_t>());
    const Tensor input = draw(random, c, plan->input_shape(), plan->dtype);
    const Tensor weight = draw(random, c, plan->weight_shape(), plan->dtype);
    const Tensor bias = plan->bias ? draw(random, c, plan->bias_shape(), plan->dtype) : Tensor();
    const Result<Tensor> output = conv2d(*plan, input, weight, bias, {GetParam(), 2, nullptr});
    if (!output && output.error().field == "algorithm") continue;  // a special one that cannot compute this
    const bool is_winograd = GetParam() == Algorithm::winograd;
    ASSERT_TRUE(output) << c.dump();
    ASSERT_EQ(output->numel(), std::ssize(c["output"])) << c.dump();

    Tensor expected = Tensor::zeros(plan->output_shape(), DType::float64).value();
    for (int64_t i = 0; i < expected.numel(); ++i) {
      expected.mutable_data<double>()[i] = c["output"][static_cast<size_t>(i)];
    }
    if (is_winograd) {  // not exact for whole numbers either: its filters are divided by three
      EXPECT_LE(testing::largest_difference(expected, output->to(DType::float64).value()),
                winograd_error_bound(*plan, input, weight, bias) + 1e-12)
          << c.dump();
      continue;
    }
    if (c["draw"] == "randn" || GetParam() == Algorithm::fft) {
      const double more = GetParam() == Algorithm::fft ? transform_tolerance(input, weight) : 0;
      EXPECT_EQ(testing::difference(*plan, input, weight, bias, expected, *output, more), "") << c.dump();
      continue;
    }
    for (int64_t i = 0; i < expected.numel(); ++i) {
      ASSERT_EQ(output->at(i), expected.at(i)) << "cell " << i << " of " << c.dump();  // whole numbers: exact
    }
  }
}

}  // namespace
}  // namespace convscope
