// The fast paths of the operations beside conv2d against their readable references, on random parameters.
#include <gtest/gtest.h>

#include "engine/conv2d_backward.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "numbers.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::largest_difference;
using testing::random_tensor;
using testing::same_bits;

class Operations : public ::testing::TestWithParam<DType> {
 protected:
  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  Spatial each(int dims, int64_t low, int64_t high) {
    Spatial s = Spatial::all(dims, 0);
    for (int i = 0; i < dims; ++i) s[i] = pick(low, high);
    return s;
  }
  Shape input_shape(int64_t channels, int dims, int64_t longest) {
    Shape shape = pick(0, 3) == 0 ? Shape{channels} : Shape{pick(1, 2), channels};
    for (int i = 0; i < dims; ++i) shape.push_back(pick(1, longest));
    return shape;
  }
  std::string at(int round) const {
    return "CONVSCOPE_TEST_SEED=" + std::to_string(testing::test_seed()) + ", round " + std::to_string(round);
  }
  std::mt19937_64 random_{testing::test_seed()};
};
INSTANTIATE_TEST_SUITE_P(DTypes, Operations, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

TEST_P(Operations, convolutions_over_one_and_three_axes_agree_with_the_reference) {
  int computed = 0;
  for (int round = 0; computed < 120; ++round) {
    const int dims = static_cast<int>(pick(1, 3));
    ConvNdParams p = ConvNdParams::of(dims);
    p.dtype = GetParam();
    p.groups = pick(1, 3);
    p.in_channels = p.groups * pick(1, 6);
    p.out_channels = p.groups * pick(1, 9);
    p.kernel_size = each(dims, 1, 4);
    p.stride = each(dims, 1, 3);
    p.dilation = each(dims, 1, 2);
    p.padding.kind = PaddingKind::pads;
    p.padding.begin = each(dims, 0, 3);
    p.padding.end = each(dims, 0, 3);
    p.padding_mode = static_cast<PaddingMode>(pick(0, 3));
    p.bias = pick(0, 1) == 1;
    const Result<ConvNdPlan> plan = validate(p, input_shape(p.in_channels, dims, dims == 1 ? 60 : 11));
    if (!plan) continue;
    ++computed;
    const Tensor x = random_tensor(random_, plan->input_shape(), p.dtype);
    const Tensor w = random_tensor(random_, plan->weight_shape(), p.dtype);
    const Tensor b = p.bias ? random_tensor(random_, plan->bias_shape(), p.dtype) : Tensor();
    const Tensor fast = conv_nd(*plan, x, w, b, {Algorithm::im2col, 2, nullptr}).value();
    Tensor naive = Tensor::zeros(plan->output_shape(), p.dtype).value();
    if (p.dtype == DType::float32) {
      conv_nd_naive(*plan, x.data<float>(), w.data<float>(), p.bias ? b.data<float>() : nullptr,
                    naive.mutable_data<float>(), nullptr);
    } else {
      conv_nd_naive(*plan, x.data<double>(), w.data<double>(), p.bias ? b.data<double>() : nullptr,
                    naive.mutable_data<double>(), nullptr);
    }
    const double products = static_cast<double>(plan->taps() + 1);
    EXPECT_LE(largest_difference(naive, fast), testing::tolerance(p.dtype, products)) << at(round);
    EXPECT_TRUE(same_bits(naive, conv_nd(*plan, x, w, b, {Algorithm::naive, 1, nullptr}).value())) << at(round);
    EXPECT_TRUE(same_bits(fast, conv_nd(*plan, x, w, b, {Algorithm::im2col, 1, nullptr}).value())) << at(round);
  }
}

TEST_P(Operations, transposed_convolutions_agree_with_the_reference) {
  int computed = 0;
  for (int round = 0; computed < 120; ++round) {
    const int dims = static_cast<int>(pick(1, 3));
    ConvTransposeParams p = ConvTransposeParams::of(dims);
    p.dtype = GetParam();
    p.groups = pick(1, 3);
    p.in_channels = p.groups * pick(1, 6);
    p.out_channels = p.groups * pick(1, 6);
    p.kernel_size = each(dims, 1, 4);
    p.stride = each(dims, 1, 3);
    p.dilation = each(dims, 1, 2);
    p.padding.kind = PaddingKind::pads;
    p.padding.begin = each(dims, 0, 2);
    p.padding.end = each(dims, 0, 2);
    p.output_padding = each(dims, 0, 1);
    p.bias = pick(0, 1) == 1;
    const Result<ConvTransposePlan> plan = validate(p, input_shape(p.in_channels, dims, dims == 1 ? 200 : 9));
    if (!plan) continue;
    ++computed;
    const Tensor x = random_tensor(random_, plan->input_shape(), p.dtype);
    const Tensor w = random_tensor(random_, plan->weight_shape(), p.dtype);
    const Tensor b = p.bias ? random_tensor(random_, plan->bias_shape(), p.dtype) : Tensor();
    const Tensor naive = conv_transpose(*plan, x, w, b, {Algorithm::naive, 1, nullptr}).value();
    const Tensor fast = conv_transpose(*plan, x, w, b, {Algorithm::automatic, 2, nullptr}).value();
    const double products = static_cast<double>(plan->channels_per_group() * plan->windows.taps() + 1);
    EXPECT_LE(largest_difference(naive, fast), testing::tolerance(p.dtype, products)) << at(round);
    EXPECT_TRUE(same_bits(fast, conv_transpose(*plan, x, w, b, {Algorithm::automatic, 1, nullptr}).value()))
        << at(round);
  }
}

TEST_P(Operations, a_transposed_convolution_whose_columns_are_made_in_parts_agrees) {
  ConvTransposeParams p = ConvTransposeParams::of(1);
  p.dtype = GetParam();
  p.in_channels = 2;
  p.out_channels = 64;
  p.kernel_size = {64};
  p.stride = {3};
  const ConvTransposePlan plan = validate(p, {1, 2, 3000}).value();
  const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
  const Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
  const Tensor b = random_tensor(random_, plan.bias_shape(), p.dtype);
  EXPECT_LE(largest_difference(conv_transpose(plan, x, w, b, {Algorithm::naive, 1, nullptr}).value(),
                               conv_transpose(plan, x, w, b, {Algorithm::automatic, 2, nullptr}).value()),
            testing::tolerance(p.dtype, 2 * 22 + 1));
}

TEST_P(Operations, gradients_agree_with_the_reference) {
  for (int round = 0; round < 80; ++round) {
    const testing::RandomCase c = testing::random_case(random_, GetParam(), 4e4);
    if (c.plan.batch == 0) continue;
    const Tensor x = random_tensor(random_, c.plan.input_shape(), c.plan.dtype);
    const Tensor w = random_tensor(random_, c.plan.weight_shape(), c.plan.dtype);
    const Tensor g = random_tensor(random_, c.plan.output_shape(), c.plan.dtype);
    const Conv2dGradients naive = conv2d_backward(c.plan, x, w, g, {Algorithm::naive, 1, nullptr}).value();
    const Conv2dGradients fast = conv2d_backward(c.plan, x, w, g, {Algorithm::im2col, 2, nullptr}).value();
    // A cell of a replicated border gathers at most all outputs.
    const double all = static_cast<double>(c.plan.batch * c.plan.positions());
    const double into_cell = std::min(all, 5000.0) * static_cast<double>(c.plan.kernels_per_group());
    const std::string what = at(round) + ": " + testing::describe(c);
    EXPECT_LE(largest_difference(naive.input, fast.input), testing::tolerance(c.plan.dtype, into_cell)) << what;
    EXPECT_LE(largest_difference(naive.weight, fast.weight), testing::tolerance(c.plan.dtype, all)) << what;
    EXPECT_LE(largest_difference(naive.bias, fast.bias), testing::tolerance(c.plan.dtype, all)) << what;
  }
}

TEST_P(Operations, a_gradient_is_the_slope_of_the_loss) {
  // float64 whatever the parameter: a difference quotient has half the digits.
  ConvParams p;
  p.in_channels = 2;
  p.out_channels = 2;
  p.stride = {2, 1};
  p.padding = {1, 2};
  p.padding_mode = PaddingMode::reflect;
  p.dtype = DType::float64;
  const ConvPlan plan = validate(p, {1, 2, 5, 6}).value();
  Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
  Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
  const Tensor b = random_tensor(random_, plan.bias_shape(), p.dtype);
  const Tensor g = random_tensor(random_, plan.output_shape(), p.dtype);
  const auto loss = [&] {
    const Tensor y = conv2d(plan, x, w, b).value();
    double sum = 0;
    for (int64_t i = 0; i < y.numel(); ++i) sum += y.at(i) * g.at(i);
    return sum;
  };
  const Conv2dGradients gradients = conv2d_backward(plan, x, w, g).value();
  const auto slope = [&](Tensor& of, int64_t i) {
    const double before = of.at(i);
    of.mutable_data<double>()[i] = before + 0.5;
    const double up = loss();
    of.mutable_data<double>()[i] = before - 0.5;
    const double down = loss();
    of.mutable_data<double>()[i] = before;
    return up - down;  // the loss is linear in each number: exact but for rounding
  };
  for (int64_t i = 0; i < x.numel(); ++i) EXPECT_NEAR(slope(x, i), gradients.input.at(i), 1e-12);
  for (int64_t i = 0; i < w.numel(); ++i) EXPECT_NEAR(slope(w, i), gradients.weight.at(i), 1e-12);
}

TEST_P(Operations, fold_of_unfold_counts_how_many_windows_cover_each_cell) {
  for (int round = 0; round < 60; ++round) {
    FoldParams p;
    p.dtype = GetParam();
    p.kernel_size = each(2, 1, 4);
    p.stride = each(2, 1, 3);
    p.dilation = each(2, 1, 2);
    p.padding.both = each(2, 0, 2);
    p.output_size = each(2, 1, 12);
    const Result<FoldPlan> plan = validate_unfold(p, {2, 3, p.output_size[0], p.output_size[1]});
    if (!plan) continue;
    const Tensor x = random_tensor(random_, plan->picture_shape(), p.dtype);
    const Tensor columns = unfold(*plan, x).value();
    const Result<FoldPlan> back = validate_fold(p, columns.shape());
    ASSERT_TRUE(back) << at(round);
    EXPECT_EQ(*back, *plan);
    const Tensor folded = fold(*back, columns).value();
    const WindowAxis &h = plan->windows.height(), &w = plan->windows.width();
    const auto covers = [](const WindowAxis& axis, int64_t cell) {
      int64_t count = 0;
      for (int64_t i = 0; i < axis.count; ++i) {
        for (int64_t k = 0; k < axis.kernel; ++k) count += axis.cell(i, k) == cell;
      }
      return count;
    };
    for (int64_t i = 0; i < x.numel(); ++i) {
      const double times = static_cast<double>(covers(h, i / w.extent % h.extent) * covers(w, i % w.extent));
      EXPECT_NEAR(folded.at(i), times * x.at(i), testing::tolerance(p.dtype, 16)) << at(round) << " cell " << i;
    }
  }
}

TEST_P(Operations, pooling_does_not_depend_on_the_threads) {
  PoolParams p = PoolParams::of(PoolKind::max, 2);
  p.dtype = GetParam();
  p.kernel_size = {5, 5};
  p.stride = Spatial{1, 1};
  const PoolPlan plan = validate(p, {2, 7, 64, 65}).value();
  const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
  const PoolResult one = pool(plan, x, PoolIndices::wanted, 1).value();
  const PoolResult many = pool(plan, x, PoolIndices::wanted, 5).value();
  EXPECT_TRUE(same_bits(one.output, many.output));
  EXPECT_EQ(one.indices, many.indices);
  // Each index names the number that stands in the output.
  const int64_t cells = 64 * 65;
  for (int64_t i = 0; i < one.output.numel(); ++i) {
    const int64_t channel = i / plan.windows.count();
    EXPECT_EQ(one.output.at(i), x.at(channel * cells + one.indices[static_cast<size_t>(i)]));
  }
}

TEST(cancellation, stops_every_operation_before_it_begins) {
  Job job;
  job.cancelled = true;
  const Conv2dOptions options{Algorithm::automatic, 1, &job};
  std::mt19937_64 random(1);
  const auto zeros = [](const Shape& shape) { return Tensor::zeros(shape, DType::float32).value(); };
  ConvNdParams conv = ConvNdParams::of(3);
  conv.bias = false;
  const ConvNdPlan conv_plan = validate(conv, {1, 1, 5, 5, 5}).value();
  EXPECT_EQ(conv_nd(conv_plan, zeros({1, 1, 5, 5, 5}), zeros({1, 1, 3, 3, 3}), {}, options).error().code,
            "error.cancelled");
  ConvTransposeParams up = ConvTransposeParams::of(2);
  up.bias = false;
  const ConvTransposePlan up_plan = validate(up, {1, 1, 5, 5}).value();
  for (Algorithm algorithm : {Algorithm::naive, Algorithm::im2col}) {
    EXPECT_EQ(conv_transpose(up_plan, zeros({1, 1, 5, 5}), zeros({1, 1, 3, 3}), {}, {algorithm, 1, &job}).error().code,
              "error.cancelled");
  }
  const PoolPlan pool_plan = validate(PoolParams::of(PoolKind::max, 2), {1, 1, 4, 4}).value();
  EXPECT_EQ(pool(pool_plan, zeros({1, 1, 4, 4}), PoolIndices::none, 1, &job).error().code, "error.cancelled");
  const FoldPlan fold_plan = validate_unfold({}, {1, 1, 4, 4}).value();
  EXPECT_EQ(unfold(fold_plan, zeros({1, 1, 4, 4}), 1, &job).error().code, "error.cancelled");
}

}  // namespace
}  // namespace convscope
