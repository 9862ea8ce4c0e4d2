// The gates of the operations beside conv2d: sizes, one test for every refusal, sizes near the end of int64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fold.h"
#include "engine/operation.h"
#include "engine/pool.h"
#include "numbers.h"

namespace convscope {
namespace {

using ::testing::ElementsAre;
using testing::numbers_of;
using testing::tensor_of;

constexpr int64_t kHuge = int64_t{1} << 62;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

template <class Change>
ConvTransposeParams upward(Change change, int dims = 2) {
  ConvTransposeParams p = ConvTransposeParams::of(dims);
  change(p);
  return p;
}
template <class Change>
PoolParams pooling(PoolKind kind, Change change, int dims = 2) {
  PoolParams p = PoolParams::of(kind, dims);
  change(p);
  return p;
}
template <class Params>
std::string refusal(const Params& params, const Shape& input) {
  const auto plan = validate(params, input);
  return plan ? "accepted" : plan.error().code + " of " + plan.error().field;
}

TEST(operation, every_name_leads_to_itself) {
  for (const Operation& operation : operations()) {
    EXPECT_EQ(operation_from_name(operation.name)->family, operation.family);
    EXPECT_EQ(operation_from_name(operation.name)->dims, operation.dims);
  }
  EXPECT_FALSE(operation_from_name("conv4d"));
}

TEST(conv_nd, names_its_operation_and_axes_where_the_rank_is_wrong) {
  EXPECT_EQ(validate(ConvNdParams::of(1), {5}).error(), (Error{"error.input_rank", "input", {"5", "conv1d", "L"}}));
  EXPECT_EQ(validate(ConvNdParams::of(3), {1, 5, 5}).error(),
            (Error{"error.input_rank", "input", {"1, 5, 5", "conv3d", "D, H, W"}}));
}

TEST(conv_nd, same_puts_the_extra_cell_at_the_end_of_each_axis) {
  ConvNdParams p = ConvNdParams::of(3);
  p.kernel_size = {4, 3, 2};
  p.dilation = {1, 2, 3};
  p.padding.kind = PaddingKind::same;
  const ConvNdPlan plan = validate(p, {1, 1, 9, 9, 9}).value();
  EXPECT_EQ(plan.windows.all(&WindowAxis::pad_begin), (Spatial{1, 2, 1}));
  EXPECT_EQ(plan.windows.all(&WindowAxis::pad_end), (Spatial{2, 2, 2}));
  EXPECT_EQ(plan.output_shape(), (Shape{1, 1, 9, 9, 9}));
}

TEST(conv_nd, sizes_up_to_2_to_the_62_are_exact_or_refused) {
  ConvNdParams p = ConvNdParams::of(1);
  p.kernel_size = {1};
  EXPECT_EQ(validate(p, {1, 1, kHuge})->output_shape(), (Shape{1, 1, kHuge}));
  EXPECT_EQ(refusal(p, {2, 2, kHuge}), "error.size_overflow of input");
  p.padding.both = {kHuge};
  EXPECT_EQ(refusal(p, {1, 1, kHuge}), "error.size_overflow of padding");
  p.padding.both = {0};
  p.kernel_size = {2};
  p.dilation = {kMost};
  EXPECT_EQ(refusal(p, {1, 1, 5}), "error.size_overflow of dilation");
}

TEST(conv_transpose, spreads_each_number_by_the_kernel) {
  const ConvTransposePlan plan = validate(upward(
                                              [](auto& p) {
                                                p.kernel_size = {2};
                                                p.stride = {2};
                                                p.output_padding = {1};
                                              },
                                              1),
                                          {1, 1, 2})
                                     .value();
  for (Algorithm algorithm : {Algorithm::naive, Algorithm::automatic}) {
    EXPECT_THAT(numbers_of(conv_transpose(plan, tensor_of({1, 1, 2}, {3, 5}), tensor_of({1, 1, 2}, {1, 10}),
                                          tensor_of({1}, {100}), {algorithm, 1, nullptr})
                               .value()),
                ElementsAre(103, 130, 105, 150, 100));
  }
}

TEST(conv_transpose, output_size_becomes_output_padding_within_one_stride) {
  const auto sized = [](int64_t h, int64_t w) {
    return upward([&](auto& p) {
      p.stride = {2, 3};
      p.padding.both = {1, 1};
      p.output_size = Spatial{h, w};
    });
  };
  EXPECT_EQ(validate(sized(5, 9), {1, 1, 3, 3})->output_padding, (Spatial{0, 2}));
  EXPECT_EQ(validate(sized(5, 10), {1, 1, 3, 3}).error(),
            (Error{"error.output_size_out_of_range", "output_size", {"5 x 10", "1, 1, 3, 3", "5 x 7", "6 x 9"}}));
  EXPECT_EQ(refusal(sized(4, 9), {1, 1, 3, 3}), "error.output_size_out_of_range of output_size");
}

TEST(conv_transpose, refusals) {
  const Shape x{1, 1, 3, 3};
  EXPECT_EQ(refusal(upward([](auto& p) {
                      p.output_padding = {1, 0};
                    }),
                    x),
            "error.output_padding_too_large of output_padding");
  EXPECT_EQ(refusal(upward([](auto& p) {
                      p.dilation = {2, 1};
                      p.output_padding = {1, 0};
                    }),
                    x),
            "accepted");
  EXPECT_EQ(refusal(upward([](auto& p) {
                      p.output_padding = {0, -1};
                    }),
                    x),
            "error.output_padding_negative of output_padding");
  EXPECT_EQ(refusal(upward([](auto& p) { p.padding.both = {3, 3}; }), x), "error.transposed_output_empty of padding");
  EXPECT_EQ(refusal(upward([](auto& p) { p.padding.kind = PaddingKind::same; }), x), "error.padding_word of padding");
  EXPECT_EQ(refusal(upward([](auto& p) { p.stride = {0, 1}; }), x), "error.stride_not_positive of stride");
  EXPECT_EQ(refusal(upward([](auto& p) { p.groups = 2; }), x), "error.in_channels_not_divisible of groups");
  EXPECT_EQ(refusal(upward([](auto&) {}), {1, 2, 3, 3}), "error.in_channels_mismatch of in_channels");
  EXPECT_EQ(refusal(upward([](auto& p) { p.stride = {kHuge, 1}; }), x), "error.size_overflow of stride");
  EXPECT_EQ(refusal(upward([](auto& p) { p.dilation = {1, kHuge}; }), x), "error.size_overflow of dilation");
  // A window that the padding takes away again would still have to be counted.
  EXPECT_EQ(refusal(upward([](auto& p) {
                      p.kernel_size = {2, 1};
                      p.dilation = {kMost, 1};
                      p.padding.both = {kMost / 2, 0};
                    }),
                    x),
            "error.size_overflow of dilation");
}

TEST(conv_transpose, a_weight_of_the_direct_convolution_is_refused_with_the_right_layout) {
  const ConvTransposePlan plan = validate(upward([](auto& p) { p.in_channels = 2; }), {1, 2, 3, 3}).value();
  const Tensor x = Tensor::zeros({1, 2, 3, 3}, DType::float32).value();
  const Tensor w = Tensor::zeros({1, 2, 3, 3}, DType::float32).value(), b = Tensor::zeros({1}, DType::float32).value();
  EXPECT_EQ(conv_transpose(plan, x, w, b).error(),
            (Error{"error.transposed_weight_shape", "weight", {"1, 2, 3, 3", "2, 1, 3, 3"}}));
}

TEST(pool_output_size, drops_a_last_window_that_would_begin_behind_the_input) {
  EXPECT_EQ(pool_output_size(5, 0, 0, 2, 1, 2, false), 2);
  EXPECT_EQ(pool_output_size(5, 0, 0, 2, 1, 2, true), 3);
  EXPECT_EQ(pool_output_size(5, 1, 1, 2, 1, 3, true), 2);  // the third would begin in the padding at the end
  EXPECT_EQ(pool_output_size(2, 0, 0, 3, 1, 2, true), 1);
  EXPECT_EQ(pool_output_size(2, 0, 0, 3, 1, 1, true), 0);
  EXPECT_EQ(pool_output_size(2, 0, 0, 3, 1, 1, false), 0);
}

TEST(pool_output_size, is_exact_up_to_2_to_the_62_or_empty) {
  EXPECT_EQ(pool_output_size(kHuge, 0, 0, 1, 1, 1, false), kHuge);
  EXPECT_EQ(pool_output_size(kHuge, 0, 0, 2, 1, kHuge - 3, true), 2);
  EXPECT_EQ(pool_output_size(kMost, 0, 0, 1, 1, 1, true), kMost);
  EXPECT_FALSE(pool_output_size(kMost, 1, 0, 1, 1, 1, false));
  EXPECT_FALSE(pool_output_size(5, 0, 0, 3, kHuge, 1, false));
}

TEST(pool, stride_is_the_kernel_where_it_is_left_out) {
  EXPECT_EQ(validate(PoolParams::of(PoolKind::max, 3), {1, 1, 6, 7, 8})->output_shape(), (Shape{1, 1, 3, 3, 4}));
}

TEST(pool, averages_with_and_without_padding_in_the_divisor) {
  const auto average = [](bool count_include_pad, std::optional<int64_t> divisor) {
    const PoolPlan plan = validate(pooling(PoolKind::average,
                                           [&](auto& p) {
                                             p.kernel_size = {1, 3};
                                             p.stride = Spatial{1, 2};
                                             p.padding.both = {0, 1};
                                             p.ceil_mode = true;
                                             p.count_include_pad = count_include_pad;
                                             p.divisor_override = divisor;
                                           }),
                                   {1, 1, 1, 6})
                              .value();
    return numbers_of(pool(plan, tensor_of({1, 1, 1, 6}, {1, 2, 3, 4, 5, 6}))->output);
  };
  EXPECT_THAT(average(true, std::nullopt), ElementsAre(1, 3, 5, 3));
  EXPECT_THAT(average(false, std::nullopt), ElementsAre(1.5, 3, 5, 6));
  EXPECT_THAT(average(true, 2), ElementsAre(1.5, 4.5, 7.5, 3));
}

TEST(pool, of_equal_numbers_the_first_and_of_nan_the_last_is_the_largest) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PoolPlan plan = validate(pooling(
                                     PoolKind::max,
                                     [](auto& p) {
                                       p.kernel_size = {3};
                                       p.stride = Spatial{1};
                                     },
                                     1),
                                 {1, 6})
                            .value();
  EXPECT_THAT(pool(plan, tensor_of({1, 6}, {7, 7, 1, 7, 2, 2}), PoolIndices::wanted)->indices, ElementsAre(0, 1, 3, 3));
  EXPECT_THAT(pool(plan, tensor_of({1, 6}, {1, nan, 3, 2, nan, nan}), PoolIndices::wanted)->indices,
              ElementsAre(1, 1, 4, 5));
}

TEST(pool, refusals) {
  const Shape x{1, 1, 5, 5};
  const auto max = [](auto change) { return pooling(PoolKind::max, change); };
  EXPECT_EQ(refusal(max([](auto& p) { p.padding.both = {1, 2}; }), x), "error.pool_padding_too_large of padding");
  EXPECT_EQ(refusal(max([](auto& p) {
                      p.padding.kind = PaddingKind::pads;  // ONNX's rule instead of PyTorch's
                      p.padding.end = {1, 1};
                    }),
                    x),
            "accepted");
  EXPECT_EQ(refusal(max([](auto& p) {
                      p.padding.kind = PaddingKind::pads;
                      p.padding.end = {2, 1};
                    }),
                    x),
            "error.pool_pads_too_large of padding");
  EXPECT_EQ(refusal(max([](auto& p) { p.padding.kind = PaddingKind::same; }), x), "error.padding_word of padding");
  EXPECT_EQ(refusal(max([](auto& p) { p.kernel_size = {6, 1}; }), x), "error.pool_output_empty of kernel_size");
  EXPECT_EQ(refusal(max([](auto& p) { p.stride = Spatial{0, 1}; }), x), "error.stride_not_positive of stride");
  EXPECT_EQ(refusal(max([](auto& p) { p.dilation = {0, 1}; }), x), "error.dilation_not_positive of dilation");
  EXPECT_EQ(refusal(pooling(PoolKind::average, [](auto& p) { p.divisor_override = 0; }), x),
            "error.divisor_zero of divisor_override");
  EXPECT_EQ(refusal(pooling(
                        PoolKind::average,
                        [](auto& p) {
                          p.kernel_size = {2, 2, 6};
                          p.padding.both = {0, 0, 3};
                        },
                        3),
                    {1, 1, 5, 5, 5}),
            "error.avg_pool3d_input_too_small of kernel_size");
  EXPECT_EQ(refusal(max([](auto&) {}), {1, 0, 5, 5}), "error.input_empty of input");
  EXPECT_EQ(refusal(max([](auto&) {}), {5, 5}), "error.input_rank of input");
}

TEST(fold, unfold_writes_a_column_for_each_window) {
  FoldParams p;
  p.kernel_size = {2, 2};
  const FoldPlan plan = validate_unfold(p, {1, 2, 3}).value();
  EXPECT_THAT(numbers_of(unfold(plan, tensor_of({1, 2, 3}, {1, 2, 3, 4, 5, 6})).value()),
              ElementsAre(1, 2, 2, 3, 4, 5, 5, 6));
}

TEST(fold, refusals) {
  FoldParams p;
  p.kernel_size = {2, 2};
  p.output_size = {3, 4};
  const auto of = [&](const Shape& shape) {
    const Result<FoldPlan> plan = validate_fold(p, shape);
    return plan ? "accepted" : plan.error().code;
  };
  EXPECT_EQ(of({1, 8, 6}), "accepted");
  EXPECT_EQ(of({8, 6}), "accepted");
  EXPECT_EQ(of({1, 7, 6}), "error.fold_channels");
  EXPECT_EQ(of({1, 8, 5}), "error.fold_columns");
  EXPECT_EQ(of({8}), "error.fold_rank");
  EXPECT_EQ(of({1, 8, 0}), "error.input_empty");
  p.output_size = {0, 4};
  EXPECT_EQ(of({1, 8, 6}), "error.output_size_not_positive");
  EXPECT_EQ(validate_unfold(p, {1, 1, 1, 5}).error().code, "error.kernel_larger_than_input");
  p.padding.kind = PaddingKind::valid;
  EXPECT_EQ(validate_unfold(p, {1, 1, 5, 5}).error().code, "error.padding_word");
}

}  // namespace
}  // namespace convscope
