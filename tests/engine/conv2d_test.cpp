// conv2d on numbers worked out by hand or printed in the tutorial, and its refusals.
#include "engine/conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/torch_random.h"

namespace convscope {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

Tensor tensor(const Shape& shape, const std::vector<double>& numbers, DType dtype = DType::float32) {
  Tensor t = Tensor::zeros(shape, DType::float64).value();
  EXPECT_EQ(t.numel(), std::ssize(numbers));
  std::copy(numbers.begin(), numbers.end(), t.mutable_data<double>());
  return t.to(dtype).value();
}

Tensor counting(const Shape& shape, DType dtype = DType::float32) {
  std::vector<double> numbers(static_cast<size_t>(shape.numel().value()));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  return tensor(shape, numbers, dtype);
}

std::vector<double> numbers_of(const Tensor& t) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < t.numel(); ++i) numbers.push_back(t.at(i));
  return numbers;
}

class Conv2d : public ::testing::TestWithParam<Algorithm> {
 protected:
  std::vector<double> run(const ConvParams& params, const Tensor& input, const Tensor& weight,
                          const Tensor& bias = Tensor()) {
    ConvParams p = params;
    p.bias = bias.defined();
    p.dtype = input.dtype();
    p.out_channels = weight.shape()[0];
    p.in_channels = weight.shape()[1] * p.groups;
    p.kernel_size = {weight.shape()[2], weight.shape()[3]};
    const Result<ConvPlan> plan = validate(p, input.shape());
    EXPECT_TRUE(plan) << plan.error().code;
    return numbers_of(conv2d(*plan, input, weight, bias, {GetParam(), 1, nullptr}).value());
  }
};

/// Those that compute every convolution, and whole numbers exactly.
std::vector<Algorithm> exact_algorithms() {
  std::vector<Algorithm> exact(algorithms().begin(), algorithms().end());
  std::erase(exact, Algorithm::fft);
  std::erase(exact, Algorithm::winograd);
  return exact;
}
INSTANTIATE_TEST_SUITE_P(Algorithms, Conv2d, ::testing::ValuesIn(exact_algorithms()),
                         [](const auto& a) { return std::string(name_of(a.param)); });

TEST_P(Conv2d, a_single_tap_scales_and_shifts) {
  EXPECT_THAT(run({}, tensor({1, 1, 1, 3}, {1, 2, 3}), tensor({1, 1, 1, 1}, {2}), tensor({1}, {10})),
              ElementsAre(12, 14, 16));
}

TEST_P(Conv2d, the_kernel_is_not_flipped) {
  EXPECT_THAT(run({}, tensor({1, 1, 1, 4}, {1, 2, 3, 4}), tensor({1, 1, 1, 2}, {1, 10})), ElementsAre(21, 32, 43));
}

TEST_P(Conv2d, stride_skips_and_the_rest_is_dropped) {
  ConvParams p;
  p.stride = {1, 2};
  EXPECT_THAT(run(p, tensor({1, 1, 1, 6}, {1, 2, 3, 4, 5, 6}), tensor({1, 1, 1, 3}, {1, 1, 1})), ElementsAre(6, 12));
}

TEST_P(Conv2d, dilation_spreads_the_taps) {
  ConvParams p;
  p.dilation = {2, 3};
  // Taps at (0, 0), (0, 3), (2, 0), (2, 3) of 0 .. 19 in rows of 5.
  EXPECT_THAT(run(p, counting({1, 1, 4, 5}), tensor({1, 1, 2, 2}, {1, 20, 400, 8000})),
              ElementsAre(108060, 116481, 150165, 158586));
}

TEST_P(Conv2d, padding_modes_on_1_2_3_4) {
  const Tensor input = tensor({1, 1, 1, 4}, {1, 2, 3, 4}), one = tensor({1, 1, 1, 1}, {1});
  ConvParams p;
  p.padding = {0, 2};
  EXPECT_THAT(run(p, input, one), ElementsAre(0, 0, 1, 2, 3, 4, 0, 0));
  p.padding_mode = PaddingMode::reflect;
  EXPECT_THAT(run(p, input, one), ElementsAre(3, 2, 1, 2, 3, 4, 3, 2));
  p.padding_mode = PaddingMode::replicate;
  EXPECT_THAT(run(p, input, one), ElementsAre(1, 1, 1, 2, 3, 4, 4, 4));
  p.padding_mode = PaddingMode::circular;
  EXPECT_THAT(run(p, input, one), ElementsAre(3, 4, 1, 2, 3, 4, 1, 2));
}

TEST_P(Conv2d, same_with_an_even_kernel_reads_one_cell_more_at_the_end) {
  ConvParams p;
  p.padding_kind = PaddingKind::same;
  EXPECT_THAT(run(p, tensor({1, 1, 1, 4}, {1, 2, 3, 4}), tensor({1, 1, 1, 2}, {0, 1})), ElementsAre(2, 3, 4, 0));
}

TEST_P(Conv2d, channels_are_added_and_each_kernel_makes_one_output_channel) {
  EXPECT_THAT(run({}, tensor({1, 2, 1, 2}, {1, 2, 10, 20}), tensor({3, 2, 1, 1}, {1, 0, 0, 1, 1, 1}),
                  tensor({3}, {0, 100, 1000})),
              ElementsAre(1, 2, 110, 120, 1011, 1022));
}

TEST_P(Conv2d, groups_do_not_see_each_other) {
  ConvParams p;
  p.groups = 2;
  EXPECT_THAT(run(p, tensor({1, 2, 1, 2}, {1, 2, 10, 20}), tensor({4, 1, 1, 1}, {1, 2, 1, 2})),
              ElementsAre(1, 2, 2, 4, 10, 20, 20, 40));
}

TEST_P(Conv2d, images_of_a_batch_do_not_see_each_other) {
  EXPECT_THAT(run({}, tensor({2, 1, 1, 2}, {1, 2, 10, 20}), tensor({1, 1, 1, 2}, {1, 1})), ElementsAre(3, 30));
}

TEST_P(Conv2d, an_empty_batch_gives_an_empty_output) {
  EXPECT_TRUE(run({}, Tensor::zeros({0, 1, 5, 5}, DType::float32).value(), tensor({1, 1, 1, 1}, {1})).empty());
}

TEST_P(Conv2d, float64_keeps_what_float32_would_lose) {
  const Tensor input = tensor({1, 1, 1, 2}, {1e9, 1}, DType::float64);
  EXPECT_THAT(run({}, input, tensor({1, 1, 1, 2}, {1, 1}, DType::float64)), ElementsAre(1e9 + 1));
}

// ---- the tutorial's tables ----

TEST_P(Conv2d, tutorial_3_2) {
  const Tensor input = tensor({1, 1, 4, 4}, {1.3073, -1.5880, -0.9452, 0.4990,  //
                                             0.4691, -0.0185, 1.7039, 0.4509,   //
                                             1.0158, 1.7649, -1.1296, 0.0249,   //
                                             1.7177, -1.5447, 0.0709, 1.0709});
  const Tensor weight =
      tensor({1, 1, 3, 3}, {0.1567, -0.0156, -0.1600, -0.2636, -0.2253, 0.2938, 0.1223, 0.3061, -0.1196});
  EXPECT_THAT(run({}, input, weight),
              Pointwise(DoubleNear(2.5e-4), std::vector<double>{1.5613, -0.6933, -1.4673, -0.6003}));
}

TEST_P(Conv2d, tutorial_4_2) {
  TorchRandom random(10010);
  const Tensor input = random.randn({1, 1, 4, 4}).value();
  const Tensor weight = random.conv2d_init({1, 1, 3, 3}, false)->weight;
  EXPECT_THAT(numbers_of(weight),
              Pointwise(DoubleNear(5e-5), std::vector<double>{-0.0765, 0.1716, 0.2779, -0.1685, -0.1217, 0.0160, 0.1584,
                                                              -0.2000, -0.2148}));
  EXPECT_THAT(run({}, input, weight),
              Pointwise(DoubleNear(5.1e-5), std::vector<double>{1.3038, 0.0875, -0.8772, -0.1317}));
}

const std::vector<double> kTutorial61 = {-0.8682, 0.0836,  2.4579,  7.9269,  -0.2708,  //
                                         -3.4977, -1.1559, 4.6909,  -0.1927, 0.3715,   //
                                         -1.3349, -0.7388, -8.6954, -1.6454, 0.0757,   //
                                         -7.0991, -0.4209, 1.2751,  2.7073,  -2.9031,  //
                                         0.1042,  -0.1368, 2.0605,  -1.1924, 0.0251};

TEST_P(Conv2d, tutorial_6_1) {
  TorchRandom random(10010);
  const Tensor input = random.randn({5, 5})->reshaped({1, 1, 5, 5});
  const Tensor weight = random.randn({3, 3})->reshaped({1, 1, 3, 3});
  ConvParams p;
  p.padding = {1, 1};
  EXPECT_THAT(run(p, input, weight, random.randn({1}).value()), Pointwise(DoubleNear(5.2e-5), kTutorial61));
}

TEST_P(Conv2d, tutorial_7_1_is_every_second_row_and_column_of_6_1) {
  TorchRandom random(10010);
  const Tensor input = random.randn({5, 5})->reshaped({1, 1, 5, 5});
  const Tensor weight = random.randn({3, 3})->reshaped({1, 1, 3, 3});
  ConvParams p;
  p.padding = {1, 1};
  p.stride = {2, 2};
  std::vector<double> expected;
  for (size_t y = 0; y < 5; y += 2) {
    for (size_t x = 0; x < 5; x += 2) expected.push_back(kTutorial61[y * 5 + x]);
  }
  EXPECT_THAT(run(p, input, weight, random.randn({1}).value()), Pointwise(DoubleNear(5.2e-5), expected));
}

// ---- refusals ----

class Conv2dRefuses : public ::testing::Test {
 protected:
  ConvPlan plan = validate(ConvParams{}, {1, 1, 5, 5}).value();
  Tensor input = counting({1, 1, 5, 5}), weight = counting({1, 1, 3, 3}), bias = counting({1});
  std::string code(const Tensor& x, const Tensor& w, const Tensor& b) {
    const Result<Tensor> y = conv2d(plan, x, w, b);
    return y ? "" : y.error().code;
  }
};

TEST_F(Conv2dRefuses, nothing_when_all_fits) { EXPECT_EQ(code(input, weight, bias), ""); }
TEST_F(Conv2dRefuses, another_input_shape) {
  EXPECT_EQ(code(counting({1, 1, 5, 6}), weight, bias), "error.input_shape");
  EXPECT_EQ(code(Tensor(), weight, bias), "error.input_shape");
}
TEST_F(Conv2dRefuses, another_weight_shape) {
  EXPECT_EQ(code(input, counting({1, 1, 3, 2}), bias), "error.weight_shape");
}
TEST_F(Conv2dRefuses, another_bias_shape_or_none) {
  EXPECT_EQ(code(input, weight, counting({2})), "error.bias_shape");
  EXPECT_EQ(code(input, weight, Tensor()), "error.bias_shape");
}
TEST_F(Conv2dRefuses, tensors_of_another_type) {
  EXPECT_EQ(code(counting({1, 1, 5, 5}, DType::float64), weight, bias), "error.dtype_mismatch");
  EXPECT_EQ(code(input, counting({1, 1, 3, 3}, DType::float64), bias), "error.dtype_mismatch");
  EXPECT_EQ(code(input, weight, counting({1}, DType::float64)), "error.dtype_mismatch");
}
TEST_F(Conv2dRefuses, an_output_that_is_too_large) {
  ConvParams p;
  p.kernel_size = {1, 1};
  p.padding = {100000, 100000};
  plan = validate(p, {1, 1, 5, 5}).value();
  EXPECT_EQ(code(input, counting({1, 1, 1, 1}), bias), "error.tensor_too_large");
}

TEST(algorithms, are_found_by_their_names) {
  for (Algorithm a : algorithms()) EXPECT_EQ(algorithm_from_name(name_of(a)), a);
  EXPECT_EQ(algorithm_from_name("magic"), std::nullopt);
  EXPECT_EQ(algorithm_from_name(""), std::nullopt);
}

TEST(algorithms, are_listed_with_auto_first) {
  EXPECT_EQ(names_of(algorithms()),
            "auto, naive, slices, loops, im2col_per_channel, im2col, toeplitz, direct, winograd, fft");
  EXPECT_EQ(names_of(algorithms_of_other_operations()), "auto, naive, im2col");
}

}  // namespace
}  // namespace convscope
