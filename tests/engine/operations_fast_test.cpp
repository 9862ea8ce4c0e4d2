// The fast paths of the operations beside conv2d against their readable references, on random parameters.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "conv_cases.h"
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

// ---- the number of threads ----

/// `compute` with one thread and with several: large enough that they get some.
template <class Compute>
void expect_same_for_all_threads(const char* what, const Compute& compute) {
  const Tensor one = compute(1);
  for (int threads : {2, 3, 8}) EXPECT_TRUE(same_bits(one, compute(threads))) << what << ", " << threads << " threads";
}

TEST_P(Operations, convolutions_do_not_depend_on_the_threads) {
  ConvNdParams p = ConvNdParams::of(3);
  p.dtype = GetParam();
  p.in_channels = 6;
  p.out_channels = 10;
  const ConvNdPlan plan = validate(p, {1, 6, 7, 30, 40}).value();  // 8 M multiply-adds
  const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
  const Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
  const Tensor b = random_tensor(random_, plan.bias_shape(), p.dtype);
  expect_same_for_all_threads("conv3d", [&](int threads) {
    return conv_nd(plan, x, w, b, {Algorithm::im2col, threads, nullptr}).value();
  });
}

TEST_P(Operations, transposed_convolutions_do_not_depend_on_the_threads) {
  // By phases, with taps that some remainders have none of, and by columns.
  for (const auto& [kernel, stride] : {std::pair<int64_t, int64_t>{4, 2}, {2, 3}, {1, 2}, {40, 40}}) {
    ConvTransposeParams p = ConvTransposeParams::of(2);
    p.dtype = GetParam();
    p.in_channels = 4;
    p.out_channels = 6;
    p.kernel_size = {kernel, kernel};
    p.stride = {stride, stride};
    const ConvTransposePlan plan = validate(p, {2, 4, kernel == 40 ? 9 : 100, kernel == 40 ? 10 : 120}).value();
    const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
    const Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
    const Tensor b = random_tensor(random_, plan.bias_shape(), p.dtype);
    const auto compute = [&](int threads) {
      return conv_transpose(plan, x, w, b, {Algorithm::automatic, threads, nullptr}).value();
    };
    expect_same_for_all_threads("conv_transpose2d", compute);
    EXPECT_LE(largest_difference(conv_transpose(plan, x, w, b, {Algorithm::naive, 1, nullptr}).value(), compute(2)),
              testing::tolerance(p.dtype, 4 * 4 + 1))
        << kernel;
  }
}

TEST_P(Operations, gradients_do_not_depend_on_the_threads) {
  for (const PaddingMode mode : {PaddingMode::zeros, PaddingMode::circular}) {
    ConvParams p;
    p.dtype = GetParam();
    p.in_channels = 5;
    p.out_channels = 12;
    p.padding = {2, 2};
    p.padding_mode = mode;
    const ConvPlan plan = validate(p, {2, 5, 70, 80}).value();
    const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
    const Tensor w = random_tensor(random_, plan.weight_shape(), p.dtype);
    const Tensor g = random_tensor(random_, plan.output_shape(), p.dtype);
    for (Tensor Conv2dGradients::*member :
         {&Conv2dGradients::input, &Conv2dGradients::weight, &Conv2dGradients::bias}) {
      expect_same_for_all_threads("gradient", [&](int threads) {
        return conv2d_backward(plan, x, w, g, {Algorithm::im2col, threads, nullptr}).value().*member;
      });
    }
  }
}

TEST_P(Operations, unfold_and_fold_do_not_depend_on_the_threads) {
  for (const int64_t stride : {1, 3, 20}) {
    FoldParams p;
    p.dtype = GetParam();
    p.kernel_size = {7, 5};
    p.stride = {1, stride};
    p.output_size = {150, 160};
    const FoldPlan plan = validate_unfold(p, {1, 2, 150, 160}).value();
    const Tensor x = random_tensor(random_, plan.picture_shape(), p.dtype);
    expect_same_for_all_threads("unfold", [&](int threads) { return unfold(plan, x, threads).value(); });
    const Tensor columns = random_tensor(random_, plan.columns_shape(), p.dtype);
    expect_same_for_all_threads("fold", [&](int threads) { return fold(plan, columns, threads).value(); });
  }
}

TEST_P(Operations, pooling_does_not_depend_on_the_threads) {
  PoolParams p = PoolParams::of(PoolKind::max, 2);
  p.dtype = GetParam();
  p.kernel_size = {5, 5};
  p.stride = Spatial{1, 1};
  const PoolPlan plan = validate(p, {2, 3, 164, 165}).value();
  const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
  const PoolResult one = pool(plan, x, PoolIndices::wanted, 1).value();
  const PoolResult many = pool(plan, x, PoolIndices::wanted, 5).value();
  EXPECT_TRUE(same_bits(one.output, many.output));
  EXPECT_EQ(one.indices, many.indices);
  // Each index names the number that stands in the output.
  const int64_t cells = 164 * 165;
  for (int64_t i = 0; i < one.output.numel(); ++i) {
    const int64_t channel = i / plan.windows.count();
    EXPECT_EQ(one.output.at(i), x.at(channel * cells + one.indices[static_cast<size_t>(i)]));
  }
  // Without indices, by rows.
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    PoolPlan by_rows = plan;
    by_rows.kind = kind;
    expect_same_for_all_threads(
        "by rows", [&](int threads) { return pool(by_rows, x, PoolIndices::none, threads).value().output; });
  }
}

// ---- blocks of windows ----

TEST_P(Operations, pooling_in_blocks_of_columns_agrees_with_pooling_window_by_window) {
  // Rows so long, or windows so high, that the rows under all windows of a row are too much at once; then windows so
  // far apart that rows are of no use, and some of so many taps that the job is looked at within them.
  struct Named {
    Spatial kernel, stride, extents;
  };
  for (const auto& [kernel, stride, extents] : {Named{{40, 40}, {7, 1}, {60, 9000}},
                                                {{3, 3}, {1, 1}, {5, 200000}},
                                                {{50, 60}, {5, 60}, {61, 40000}},
                                                {{600, 600}, {1, 1}, {600, 602}}}) {
    PoolParams p = PoolParams::of(PoolKind::max, 2);
    p.dtype = GetParam();
    p.kernel_size = kernel;
    p.stride = stride;
    p.padding.both = {1, 1};
    const Shape shape{1, 1, extents[0], extents[1]};
    const Tensor x = random_tensor(random_, shape, p.dtype);
    const PoolPlan max = validate(p, shape).value();
    EXPECT_TRUE(same_bits(pool(max, x, PoolIndices::wanted, 2)->output, pool(max, x, PoolIndices::none, 2)->output));
    p.kind = PoolKind::average;
    const PoolPlan average = validate(p, shape).value();
    const Tensor averages = pool(average, x, PoolIndices::none, 2)->output;
    // A few windows by hand, among them the first and the last.
    const WindowAxis &h = average.windows.height(), &w = average.windows.width();
    for (int64_t i = 0; i < average.windows.count(); i += std::max<int64_t>(1, (average.windows.count() - 1) / 97)) {
      double sum = 0;
      for (int64_t r = 0; r < h.kernel; ++r) {
        for (int64_t s = 0; s < w.kernel; ++s) {
          const int64_t y = h.cell(i / w.count, r), at = w.cell(i % w.count, s);
          if (y >= 0 && y < h.extent && at >= 0 && at < w.extent) sum += x.at(y * w.extent + at);
        }
      }
      const auto taps = static_cast<double>(average.windows.taps());
      EXPECT_NEAR(averages.at(i), sum / taps, testing::tolerance(p.dtype, taps) / taps) << i;
    }
  }
}

// ---- infinities ----

TEST_P(Operations, an_infinite_weight_meets_no_padding_in_a_transposed_convolution) {
  // As in PyTorch: what would fall on padding is dropped, so nothing there is multiplied.
  for (double bad : testing::numbers_that_spoil(GetParam())) {
    for (const int64_t stride : {1, 2}) {
      ConvTransposeParams p = ConvTransposeParams::of(1);
      p.dtype = GetParam();
      p.in_channels = p.out_channels = 3;
      p.kernel_size = {3};
      p.stride = {stride};
      p.padding.both = {stride - 1};
      const ConvTransposePlan plan = validate(p, {2, 3, 300}).value();
      const Tensor x = random_tensor(random_, plan.input_shape(), p.dtype);
      const Tensor w = testing::with_number(random_tensor(random_, plan.weight_shape(), p.dtype), 0, bad);
      const Tensor b = random_tensor(random_, plan.bias_shape(), p.dtype);
      const Tensor naive = conv_transpose(plan, x, w, b, {Algorithm::naive, 1, nullptr}).value();
      const Tensor fast = conv_transpose(plan, x, w, b, {Algorithm::automatic, 2, nullptr}).value();
      EXPECT_EQ(testing::spoiled_differently(naive, fast), "") << bad << " stride " << stride;
      EXPECT_TRUE(std::isfinite(fast.at(fast.numel() - 1)));
    }
  }
}

TEST_P(Operations, infinities_in_gradients_are_those_of_pytorch) {
  // torch 1.13: the zeros of the padding are multiplied in the weight's gradient, and have none of their own.
  ConvParams p;
  p.dtype = GetParam();
  p.padding = {1, 1};
  const ConvPlan plan = validate(p, {1, 1, 6, 6}).value();
  const auto ones = [&](const Shape& shape) {
    Tensor made = Tensor::zeros(shape, p.dtype).value();
    for (int64_t i = 0; i < made.numel(); ++i) made = testing::with_number(made, i, 1);
    return made;
  };
  const Tensor x = ones(plan.input_shape()), w = ones(plan.weight_shape()), g = ones(plan.output_shape());
  for (const Algorithm algorithm : {Algorithm::naive, Algorithm::im2col}) {
    const Conv2dOptions options{algorithm, 2, nullptr};
    const Conv2dGradients by_output =
        conv2d_backward(plan, x, w, testing::with_number(g, 0, HUGE_VAL), options).value();
    for (int64_t tap = 0; tap < 9; ++tap) {
      const bool is_on_padding = tap < 3 || tap % 3 == 0;
      EXPECT_EQ(std::isnan(by_output.weight.at(tap)), is_on_padding) << name_of(algorithm) << " tap " << tap;
      EXPECT_EQ(std::isinf(by_output.weight.at(tap)), !is_on_padding) << name_of(algorithm) << " tap " << tap;
    }
    const Conv2dGradients by_weight =
        conv2d_backward(plan, x, testing::with_number(w, 0, HUGE_VAL), g, options).value();
    for (int64_t cell = 0; cell < 36; ++cell) {
      const bool is_under_tap_0 = cell / 6 < 5 && cell % 6 < 5;
      EXPECT_EQ(std::isinf(by_weight.input.at(cell)), is_under_tap_0) << name_of(algorithm) << " cell " << cell;
      EXPECT_FALSE(std::isnan(by_weight.input.at(cell))) << name_of(algorithm) << " cell " << cell;
    }
  }
}

// ---- sizes ----

TEST(extreme_sizes, of_strides_do_not_overflow) {
  // Two windows as far apart as they may be: the first on the padding, the second on the cells. The sanitizers' builds
  // see what wraps.
  constexpr int64_t kVast = std::numeric_limits<int64_t>::max() - 2;
  FoldParams fold_params;
  fold_params.kernel_size = {2, 2};
  fold_params.stride = {kVast, kVast};
  fold_params.output_size = {3, 3};
  fold_params.padding = {PaddingKind::pads, {}, {kVast - 1, kVast - 1}, {0, 0}};
  const FoldPlan fold_plan = validate_unfold(fold_params, {1, 3, 3}).value();
  ASSERT_EQ(fold_plan.columns_shape(), (Shape{4, 4}));
  std::mt19937_64 random(testing::test_seed());
  const Tensor picture = random_tensor(random, {1, 3, 3}, DType::float32);
  const Tensor columns = unfold(fold_plan, picture).value();
  EXPECT_EQ(columns.at(3), picture.at(4));  // the last window's, whose first tap stands on cell (1, 1)
  const Tensor folded = fold(fold_plan, columns).value();
  for (int64_t i = 0; i < 9; ++i) {
    const bool is_under_it = i / 3 > 0 && i % 3 > 0;
    EXPECT_EQ(folded.at(i), is_under_it ? picture.at(i) : 0) << i;
  }

  ConvTransposePlan up;
  up.windows.dims = 1;
  WindowAxis& axis = up.windows.axis(0);
  axis = {4, 2, 2, kVast, 1, kVast - 1, 0};  // with an output_padding of 1
  const Tensor x = random_tensor(random, up.input_shape(), DType::float32);
  const Tensor w = random_tensor(random, up.weight_shape(), DType::float32);
  EXPECT_TRUE(same_bits(conv_transpose(up, x, w, {}, {Algorithm::naive, 1, nullptr}).value(),
                        conv_transpose(up, x, w, {}, {Algorithm::automatic, 1, nullptr}).value()));
}

}  // namespace
}  // namespace convscope
