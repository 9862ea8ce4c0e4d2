// im2col in panels of output channels, wherever it can be done and not only where it pays.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "conv_cases.h"
#include "engine/conv2d.h"
#include "engine/conv2d_panels.h"
#include "engine/gemm.h"
#include "random_plans.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using testing::conv;
using testing::NamedPlan;
using testing::random_tensors;
using testing::RandomCase;
using testing::Tensors;

Tensor naive(const ConvPlan& plan, const Tensors& t) {
  return conv2d(plan, t.input, t.weight, t.bias, {Algorithm::naive, 1, nullptr}).value();
}

template <class T>
Tensor panels_of(const ConvPlan& plan, const Tensors& t, int threads) {
  const auto runner =
      prepare_panels<T>(plan, t.weight.data<T>(), plan.bias ? t.bias.data<T>() : nullptr, threads, nullptr);
  EXPECT_NE(runner, nullptr);
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  std::fill_n(output.mutable_data<T>(), output.numel(), T{77});
  EXPECT_EQ(runner->run(t.input.data<T>(), output.mutable_data<T>(), threads, nullptr), Outcome::finished);
  return output;
}

Tensor panels(const ConvPlan& plan, const Tensors& t, int threads = 1) {
  return plan.dtype == DType::float32 ? panels_of<float>(plan, t, threads) : panels_of<double>(plan, t, threads);
}

bool fit(const ConvPlan& plan) {
  return plan.dtype == DType::float32 ? panels_fit<float>(plan) : panels_fit<double>(plan);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return a.dtype() == DType::float32
             ? std::memcmp(a.data<float>(), b.data<float>(), static_cast<size_t>(a.bytes())) == 0
             : std::memcmp(a.data<double>(), b.data<double>(), static_cast<size_t>(a.bytes())) == 0;
}

class ForcedTarget {
 public:
  explicit ForcedTarget(std::string_view name) { EXPECT_TRUE(use_simd_target(name)) << name; }
  ~ForcedTarget() { use_simd_target(""); }
};

class Panels : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Types, Panels, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

TEST_P(Panels, agree_with_naive_on_random_parameters_and_every_instruction_set) {
  const uint64_t seed = testing::test_seed();
  std::mt19937_64 random(seed);
  int fitting = 0;
  for (int i = 0; i < 300; ++i) {
    const RandomCase c = testing::random_case(random, GetParam(), 3e5);
    if (!fit(c.plan)) continue;
    ++fitting;
    const Tensors t = random_tensors(random, c.plan);
    const Tensor expected = naive(c.plan, t);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      EXPECT_EQ(testing::difference(c.plan, t.input, t.weight, t.bias, expected, panels(c.plan, t)), "")
          << target << ", CONVSCOPE_TEST_SEED=" << seed << ", case " << i << ": " << testing::describe(c);
    }
  }
  EXPECT_GT(fitting, 100);
}

// Every way through the panels: rests of tiles and vectors, parts of the taps and of the channels, pictures of a batch
// that share a block, strips, kinds of windows that meet other padding.
const NamedPlan kNamedPlans[] = {
    {"seven_by_seven", conv(70, 64, {3, 3}, {1, 1}, {1, 1}), {1, 70, 7, 7}},
    {"half_a_panel_at_the_end", conv(40, 49, {3, 3}, {2, 2}, {1, 1}), {1, 40, 15, 13}},
    {"no_whole_vector_of_channels", conv(33, 5, {3, 3}, {1, 1}, {1, 1}), {1, 33, 9, 9}},
    {"pointwise_in_place", conv(300, 40, {1, 1}), {1, 300, 7, 7}},
    {"pointwise_across_pictures", conv(64, 40, {1, 1}), {5, 64, 3, 3}},
    {"pointwise_strided", conv(64, 40, {1, 1}, {2, 2}), {2, 64, 15, 9}},
    {"in_place_of_many_pictures", conv(20, 33, {3, 2}), {7, 20, 6, 5}},
    {"padding_of_many_pictures", conv(20, 33, {3, 3}, {1, 1}, {1, 1}), {9, 20, 4, 5}},
    {"kernel_of_many_taps_in_parts", conv(3, 34, {17, 19}, {1, 1}, {8, 9}), {1, 3, 21, 23}},
    {"wide_rows_in_strips", conv(8, 40, {3, 3}, {1, 1}, {1, 1}), {1, 8, 4, 1001}},
    {"every_column_its_own_kind", conv(12, 40, {1, 7}, {1, 1}, {0, 3}), {1, 12, 17, 9}},
    {"more_kinds_than_lists", conv(6, 40, {9, 9}, {1, 1}, {8, 8}), {1, 6, 9, 9}},
    {"windows_of_padding_alone", conv(6, 40, {2, 2}, {1, 1}, {5, 6}), {1, 6, 4, 3}},
    {"dilated", conv(20, 70, {3, 3}, {1, 1}, {2, 2}, {2, 2}), {1, 20, 19, 28}},
    {"stride_and_dilation", conv(9, 50, {3, 3}, {3, 2}, {4, 3}, {2, 3}), {2, 9, 29, 31}},
    {"groups", conv(24, 150, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3), {2, 24, 11, 12}},
    {"reflect", conv(12, 40, {5, 5}, {1, 1}, {4, 4}, {1, 1}, 1, PaddingMode::reflect), {1, 12, 9, 9}},
    {"circular_stride_2", conv(12, 40, {4, 5}, {2, 2}, {7, 9}, {1, 1}, 1, PaddingMode::circular), {1, 12, 10, 11}},
    {"more_channels_than_are_kept_together", conv(5, 1100, {3, 3}, {1, 1}, {1, 1}), {1, 5, 6, 6}},
    {"one_window", conv(50, 40, {3, 3}), {1, 50, 3, 3}},
};

TEST_P(Panels, agree_with_naive_in_every_way_and_for_every_number_of_threads) {
  std::mt19937_64 random(testing::test_seed() + 1);
  for (NamedPlan named : kNamedPlans) {
    named.params.dtype = GetParam();
    const Result<ConvPlan> plan = validate(named.params, named.input);
    ASSERT_TRUE(plan) << named.name << " " << plan.error().code;
    ASSERT_TRUE(fit(*plan)) << named.name;
    const Tensors t = random_tensors(random, *plan);
    const Tensor expected = naive(*plan, t);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      const Tensor one = panels(*plan, t);
      EXPECT_EQ(testing::difference(*plan, t.input, t.weight, t.bias, expected, one), "")
          << named.name << " on " << target;
      for (int threads : {2, 3, 8}) {
        EXPECT_TRUE(same_bits(one, panels(*plan, t, threads)))
            << named.name << " on " << target << " with " << threads << " threads";
      }
    }
  }
}

TEST(panels, of_weights_that_are_not_finite_give_what_the_padding_makes_of_them) {
  const ConvPlan plan = validate(conv(8, 40, {3, 3}, {1, 1}, {1, 1}), {1, 8, 9, 9}).value();
  std::mt19937_64 random(1);
  Tensors t = random_tensors(random, plan);
  t.weight.mutable_data<float>()[0] = std::numeric_limits<float>::infinity();
  const Tensor expected = naive(plan, t), actual = panels(plan, t);
  EXPECT_TRUE(std::isnan(expected.at(0)));
  for (int64_t i = 0; i < expected.numel(); ++i) {
    EXPECT_EQ(std::isnan(expected.at(i)), std::isnan(actual.at(i))) << i;
  }
}

TEST(panels, of_inputs_that_are_not_finite_reach_their_windows_alone) {
  const ConvPlan plan = validate(conv(8, 40, {3, 3}, {1, 1}, {1, 1}), {1, 8, 9, 9}).value();
  std::mt19937_64 random(1);
  Tensors t = random_tensors(random, plan);
  t.input.mutable_data<float>()[40] = std::numeric_limits<float>::quiet_NaN();
  const Tensor expected = naive(plan, t), actual = panels(plan, t);
  for (int64_t i = 0; i < expected.numel(); ++i) {
    EXPECT_EQ(std::isnan(expected.at(i)), std::isnan(actual.at(i))) << i;
  }
}

TEST(panels, pay_for_deep_layers_and_not_for_stems_or_few_kernels) {
  const auto pays = [](const ConvParams& params, const Shape& input) {
    return panels_pay<float>(validate(params, input).value(), 1.0);
  };
  EXPECT_TRUE(pays(conv(512, 512, {3, 3}, {1, 1}, {2, 2}, {2, 2}), {1, 512, 28, 28}));
  EXPECT_FALSE(pays(conv(3, 64, {7, 7}, {2, 2}, {3, 3}), {1, 3, 224, 224}));
  EXPECT_FALSE(pays(conv(512, 4, {3, 3}, {1, 1}, {1, 1}), {1, 512, 28, 28}));
}

TEST(panels, do_not_fit_where_windows_are_far_apart) {
  constexpr int64_t kVast = int64_t{1} << 60;
  EXPECT_FALSE(fit(validate(conv(2, 40, {3, 3}, {1, 1}, {3000, 3000}, {3000, 3000}), {1, 2, 5, 5}).value()));
  EXPECT_FALSE(
      fit(validate(conv(2, 2, {2, 2}, {1, 1}, {kVast, kVast}, {2 * kVast, 2 * kVast}), {1, 2, 3, 40}).value()));
}

TEST(panels, allocate_nothing_once_they_have_run) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  const ConvPlan plan = validate(conv(20, 70, {3, 3}, {1, 1}, {1, 1}), {2, 20, 19, 28}).value();
  std::mt19937_64 random(1);
  const Tensors t = random_tensors(random, plan);
  const auto runner = prepare_panels<float>(plan, t.weight.data<float>(), t.bias.data<float>(), 1, nullptr);
  Tensor output = Tensor::zeros(plan.output_shape(), plan.dtype).value();
  ASSERT_EQ(runner->run(t.input.data<float>(), output.mutable_data<float>(), 1, nullptr), Outcome::finished);
  const long before = test::allocations_so_far();
  ASSERT_EQ(runner->run(t.input.data<float>(), output.mutable_data<float>(), 1, nullptr), Outcome::finished);
  EXPECT_EQ(test::allocations_so_far(), before);
  EXPECT_GT(runner->packed_bytes(), 20 * 70 * 9 * 4);
  EXPECT_GT(runner->scratch_bytes(1), 0);
}

}  // namespace
}  // namespace convscope
