#include "engine/operation_cost.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "engine/conv2d_backward.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "tests/engine/numbers.h"

namespace convscope {
namespace {

using testing::numbers_of;

Tensor ones(const Shape& shape) {
  Tensor t = Tensor::zeros(shape, DType::float64).value();
  std::fill_n(t.mutable_data<double>(), t.numel(), 1.0);
  return t;
}

/// Of ones times ones, each product adds one: the sum of what an operation makes is the number of its products.
int64_t products_in(const Tensor& tensor) {
  const std::vector<double> numbers = numbers_of(tensor);
  return static_cast<int64_t>(std::accumulate(numbers.begin(), numbers.end(), 0.0));
}

Spatial first_of(int dims, std::vector<int64_t> values) {
  Spatial spatial = Spatial::all(dims, 0);
  for (int i = 0; i < dims; ++i) spatial[i] = values[static_cast<size_t>(i)];
  return spatial;
}

Shape with_extents(Shape shape, int dims, std::vector<int64_t> extents) {
  for (int i = 0; i < dims; ++i) shape.push_back(extents[static_cast<size_t>(i)]);
  return shape;
}

ConvParams resnet_stem(bool bias) {
  ConvParams p;
  p.in_channels = 3;
  p.out_channels = 64;
  p.kernel_size = {7, 7};
  p.stride = {2, 2};
  p.padding = {3, 3};
  p.bias = bias;
  return p;
}

// ---- layers whose numbers are in the papers, or done by hand ----

TEST(operation_cost, of_the_first_layer_of_resnet) {
  const OperationCost cost = cost_of(validate(resnet_stem(true), {1, 3, 224, 224}).value()).value();
  EXPECT_EQ(cost.parameters, 9472);
  EXPECT_EQ(cost.macs, 118'013'952);
  EXPECT_EQ(cost.input_bytes, 602'112);
  EXPECT_EQ(cost.weight_bytes, 37'632);
  EXPECT_EQ(cost.bias_bytes, 256);
  EXPECT_EQ(cost.output_bytes, 3'211'264);
  EXPECT_EQ(cost.im2col_bytes, 7'375'872);
  EXPECT_DOUBLE_EQ(cost.im2col_blow_up, 12.25);
  EXPECT_DOUBLE_EQ(cost.intensity, 2.0 * 118'013'952 / (602'112 + 37'632 + 256 + 3'211'264));
  EXPECT_EQ(operations_formula(cost, "*"), "1*64*112*112 * 3*7*7");
  EXPECT_EQ(parameters_formula(cost, "*"), "64*3*7*7 + 64");
}

TEST(operation_cost, without_bias_there_are_only_weights) {
  const OperationCost cost = cost_of(validate(resnet_stem(false), {1, 3, 224, 224}).value()).value();
  EXPECT_EQ(cost.parameters, 9408);
  EXPECT_EQ(cost.biases, 0);
  EXPECT_EQ(cost.bias_bytes, 0);
  EXPECT_EQ(parameters_formula(cost, "\u00b7"), "64\u00b73\u00b77\u00b77");
}

TEST(operation_cost, of_depthwise_and_pointwise_layers_of_mobilenet) {
  ConvParams depthwise;
  depthwise.in_channels = depthwise.out_channels = depthwise.groups = 32;
  depthwise.padding = {1, 1};
  depthwise.bias = false;
  EXPECT_EQ(cost_of(validate(depthwise, {1, 32, 112, 112}).value())->macs, 3'612'672);
  EXPECT_EQ(cost_of(validate(depthwise, {1, 32, 112, 112}).value())->parameters, 288);
  ConvParams pointwise;
  pointwise.in_channels = 32;
  pointwise.out_channels = 64;
  pointwise.kernel_size = {1, 1};
  pointwise.bias = false;
  const OperationCost cost = cost_of(validate(pointwise, {1, 32, 112, 112}).value()).value();
  EXPECT_EQ(cost.macs, 25'690'112);
  EXPECT_EQ(cost.parameters, 2048);
  EXPECT_EQ(cost.im2col_bytes, cost.input_bytes);
}

TEST(operation_cost, bytes_follow_the_dtype) {
  ConvParams p;
  p.in_channels = p.out_channels = p.groups = 8;
  p.dtype = DType::float64;
  p.bias = false;
  const OperationCost cost = cost_of(validate(p, {2, 8, 6, 6}).value()).value();
  EXPECT_EQ(cost.macs, 2 * 8 * 16 * 9);
  EXPECT_EQ(cost.weight_bytes, 8 * 9 * 8);
  EXPECT_EQ(cost.im2col_bytes, 2 * 16 * 9 * 8 * 8);
}

// ---- counted by the engine itself, over ones, in every number of axes ----

class CountedOverAxes : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(operation_cost, CountedOverAxes, ::testing::Values(1, 2, 3));

TEST_P(CountedOverAxes, products_of_a_convolution) {
  const int dims = GetParam();
  ConvNdParams p = ConvNdParams::of(dims);
  p.in_channels = 4;
  p.out_channels = 6;
  p.groups = 2;
  p.bias = false;
  p.dtype = DType::float64;
  p.kernel_size = first_of(dims, {2, 3, 1});
  p.stride = first_of(dims, {2, 1, 2});
  p.dilation = first_of(dims, {1, 2, 1});
  p.padding.both = first_of(dims, {1, 0, 2});
  p.padding_mode = PaddingMode::replicate;  // so that padding is ones as well
  const ConvNdPlan plan = validate(p, with_extents({2, 4}, dims, {5, 6, 4})).value();
  const OperationCost cost = cost_of(plan).value();
  const Tensor output = conv_nd(plan, ones(plan.input_shape()), ones(plan.weight_shape()), {}).value();
  EXPECT_EQ(cost.macs, products_in(output));
  EXPECT_EQ(cost.output_bytes, output.bytes());
  EXPECT_EQ(cost.input_bytes, ones(plan.input_shape()).bytes());
  EXPECT_EQ(cost.weight_bytes, ones(plan.weight_shape()).bytes());
  // Each column has the taps of one window: all products of one output channel per kernel of its group.
  EXPECT_EQ(cost.im2col_bytes * plan.kernels_per_group(), cost.macs * 8);
  EXPECT_DOUBLE_EQ(cost.im2col_blow_up, static_cast<double>(cost.im2col_bytes) / static_cast<double>(cost.input_bytes));
}

TEST_P(CountedOverAxes, products_of_a_transposed_convolution) {
  const int dims = GetParam();
  ConvTransposeParams p = ConvTransposeParams::of(dims);
  p.in_channels = 4;
  p.out_channels = 6;
  p.groups = 2;
  p.bias = false;
  p.dtype = DType::float64;
  p.kernel_size = first_of(dims, {2, 3, 1});
  p.stride = first_of(dims, {2, 1, 2});
  const ConvTransposePlan plan = validate(p, with_extents({2, 4}, dims, {3, 4, 2})).value();
  const OperationCost cost = cost_of(plan).value();
  const Tensor output = conv_transpose(plan, ones(plan.input_shape()), ones(plan.weight_shape()), {}).value();
  EXPECT_EQ(cost.macs, products_in(output));
  EXPECT_EQ(cost.output_bytes, output.bytes());
  EXPECT_EQ(cost.input_bytes, ones(plan.input_shape()).bytes());
  EXPECT_EQ(cost.parameters, ones(plan.weight_shape()).numel());
  EXPECT_DOUBLE_EQ(cost.im2col_blow_up,
                   static_cast<double>(cost.im2col_bytes) / static_cast<double>(cost.output_bytes));
}

TEST_P(CountedOverAxes, additions_of_pooling) {
  const int dims = GetParam();
  PoolParams p = PoolParams::of(PoolKind::average, dims);
  p.kernel_size = first_of(dims, {2, 3, 2});
  p.stride = first_of(dims, {1, 2, 2});
  p.dtype = DType::float64;
  const PoolPlan plan = validate(p, with_extents({2, 3}, dims, {5, 7, 4})).value();
  const OperationCost cost = cost_of(plan).value();
  // An average of ones is one: each of them took as many additions as the window has taps.
  const Tensor output = pool(plan, ones(plan.input_shape()))->output;
  EXPECT_EQ(cost.window_operations, products_in(output) * plan.windows.taps());
  EXPECT_EQ(cost.macs, 0);
  EXPECT_EQ(cost.parameters, 0);
  EXPECT_EQ(cost.input_bytes, ones(plan.input_shape()).bytes());
  EXPECT_EQ(cost.output_bytes, output.bytes());
  PoolPlan maximum = plan;
  maximum.kind = PoolKind::max;
  EXPECT_EQ(cost_of(maximum)->window_operations, cost.window_operations);
}

TEST(operation_cost, columns_of_unfold_and_additions_of_fold) {
  FoldParams p;
  p.kernel_size = {3, 2};
  p.stride = {1, 2};
  p.output_size = {6, 5};
  p.dtype = DType::float64;
  const FoldPlan plan = validate_unfold(p, {2, 3, 6, 5}).value();
  const OperationCost out = cost_of_unfold(plan).value();
  const Tensor columns = unfold(plan, ones(plan.picture_shape())).value();
  EXPECT_EQ(out.im2col_bytes, columns.bytes());
  EXPECT_EQ(out.output_bytes, columns.bytes());
  EXPECT_EQ(out.macs + out.window_operations, 0);
  EXPECT_EQ(operations_formula(out, "*"), "");
  const FoldPlan back = validate_fold(p, columns.shape()).value();
  const OperationCost in = cost_of_fold(back).value();
  EXPECT_EQ(in.window_operations, products_in(fold(back, columns).value()));
  EXPECT_EQ(in.input_bytes, columns.bytes());
  EXPECT_EQ(in.output_bytes, out.input_bytes);
}

TEST(operation_cost, products_of_both_gradients) {
  ConvNdParams p = ConvNdParams::of(2);
  p.in_channels = 2;
  p.out_channels = 3;
  p.stride = {2, 1};
  p.dtype = DType::float64;
  const ConvNdPlan plan = validate(p, {2, 2, 7, 5}).value();
  const OperationCost cost = cost_of_backward(plan).value();
  const Conv2dGradients gradients =
      conv2d_backward(as_conv2d(plan), ones(plan.input_shape()), ones(plan.weight_shape()), ones(plan.output_shape()))
          .value();
  EXPECT_EQ(cost.macs, products_in(gradients.input) + products_in(gradients.weight));
  EXPECT_EQ(cost.output_bytes, gradients.input.bytes() + gradients.weight.bytes() + gradients.bias.bytes());
  EXPECT_EQ(cost.input_bytes, ones(plan.input_shape()).bytes() + ones(plan.output_shape()).bytes());
  EXPECT_EQ(operations_formula(cost, "*"), "2 * 2*3*3*3 * 2*3*3");
}

// ---- the ends of int64_t ----

TEST(operation_cost, is_exact_to_the_last_number_that_fits) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  ConvNdParams p = ConvNdParams::of(1);
  p.kernel_size = {1};
  p.bias = false;
  const auto cost_at = [&](int64_t n) { return cost_of(validate(p, {1, 1, n}).value()); };
  EXPECT_EQ(cost_at(kMost / 4)->macs, kMost / 4);
  EXPECT_EQ(cost_at(kMost / 4)->input_bytes, kMost / 4 * 4);
  EXPECT_EQ(cost_at(kMost / 4 + 1).error(), (Error{"error.cost_overflow", "input", {"@cost.overflow.input"}}));
}

TEST(operation_cost, names_what_does_not_fit) {
  ConvParams p;
  p.kernel_size = {1, 1};
  p.out_channels = 1 << 20;
  EXPECT_EQ(cost_of(validate(p, {1, 1, 1 << 20, 1 << 22}).value()).error(),
            (Error{"error.cost_overflow", "output", {"@cost.overflow.output"}}));
  p.out_channels = 1;
  p.kernel_size = {1 << 10, 1 << 10};
  EXPECT_EQ(cost_of(validate(p, {1, 1, 1 << 21, 1 << 21}).value()).error(),
            (Error{"error.cost_overflow", "im2col", {"@cost.overflow.im2col"}}));
}

TEST(operation_cost, of_an_empty_batch_is_counted_too) {
  ConvParams p;
  const OperationCost cost = cost_of(validate(p, {0, 1, 5, 5}).value()).value();
  EXPECT_EQ(cost.macs, 0);
  EXPECT_EQ(cost.input_bytes, 0);
  EXPECT_EQ(cost.parameters, 10);
  EXPECT_DOUBLE_EQ(cost.im2col_blow_up, 81.0 / 25);
  EXPECT_EQ(cost.intensity, 0);
}

}  // namespace
}  // namespace convscope
