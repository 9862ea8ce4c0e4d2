// Tensors that begin anywhere: the engine's own are aligned, a caller's memory need not be.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "conv_cases.h"
#include "engine/conv2d_direct.h"
#include "engine/conv2d_fft.h"
#include "engine/conv2d_im2col.h"
#include "engine/conv2d_panels.h"
#include "engine/conv2d_winograd.h"
#include "engine/fft_tiling.h"
#include "engine/gemm.h"
#include "random_plans.h"

namespace convscope {
namespace {

using testing::ForcedTarget;

template <class T>
using Runner = std::unique_ptr<Conv2dRunner<T>>;

template <class T>
Runner<T> runner_of(const std::string& name, const ConvPlan& plan, const T* weight, const T* bias) {
  if (name == "direct") return prepare_direct<T>(plan, weight, bias);
  if (name == "im2col") return prepare_im2col<T>(plan, weight, bias, 1, nullptr);
  if (name == "panels") return panels_fit<T>(plan) ? prepare_panels<T>(plan, weight, bias, 1, nullptr) : nullptr;
  if (name == "winograd") return check_winograd(plan) ? prepare_winograd<T>(plan, weight, bias, 1, nullptr) : nullptr;
  return fft_tiling(plan) ? prepare_fft<T>(plan, weight, bias, 1, nullptr) : nullptr;
}

/// A copy that begins so many numbers behind a multiple of 64 bytes, with what may be read behind it.
template <class T>
class Shifted {
 public:
  Shifted(const T* numbers, int64_t count, int64_t shift)
      : count_(count), shift_(shift), memory_(static_cast<size_t>(count) + 3 * 64 / sizeof(T), T{-77}) {
    std::copy_n(numbers, count, data());
  }
  T* data() {
    const auto start = reinterpret_cast<uintptr_t>(memory_.data());
    return reinterpret_cast<T*>((start + 63) / 64 * 64) + shift_;
  }
  /// Whether nobody wrote before or behind them.
  bool is_untouched_around() {
    T* const begin = memory_.data();
    const auto is_ours = [](T number) { return number == T{-77}; };
    return std::all_of(begin, data(), is_ours) && std::all_of(data() + count_, begin + memory_.size(), is_ours);
  }

 private:
  int64_t count_, shift_;
  std::vector<T> memory_;
};

template <class T>
class Unaligned : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Unaligned, Types);

TYPED_TEST(Unaligned, tensors_give_the_same_bits_on_every_instruction_set) {
  using T = TypeParam;
  const uint64_t seed = testing::test_seed();
  for (const std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 60; ++i) {
      const testing::RandomCase c = testing::random_case(random, dtype_of<T>(), 2e5);
      const testing::Tensors t = testing::random_tensors(random, c.plan);
      if (c.plan.output_cells() == 0) continue;
      const int64_t shift = std::uniform_int_distribution<int64_t>(1, 64 / sizeof(T) - 1)(random);
      for (const std::string name : {"direct", "im2col", "panels", "winograd", "fft"}) {
        const T* const bias = c.plan.bias ? t.bias.template data<T>() : nullptr;
        const Runner<T> runner =
            runner_of<T>(name, c.plan, Shifted<T>(t.weight.template data<T>(), t.weight.numel(), shift).data(), bias);
        if (runner == nullptr) continue;
        Tensor aligned = Tensor::uninitialized(c.plan.output_shape(), c.plan.dtype).value();
        ASSERT_EQ(runner->run(t.input.template data<T>(), aligned.template mutable_data<T>(), 1, nullptr),
                  Outcome::finished);
        Shifted<T> input(t.input.template data<T>(), t.input.numel(), shift);
        Shifted<T> output(aligned.template data<T>(), aligned.numel(), shift);
        std::fill_n(output.data(), aligned.numel(), T{5});
        ASSERT_EQ(runner->run(input.data(), output.data(), 1, nullptr), Outcome::finished);
        EXPECT_EQ(std::memcmp(output.data(), aligned.template data<T>(), static_cast<size_t>(aligned.bytes())), 0)
            << name << " on " << target << ", CONVSCOPE_TEST_SEED=" << seed << ", case " << i << ": "
            << testing::describe(c);
        EXPECT_TRUE(output.is_untouched_around()) << name << " on " << target;
      }
    }
  }
}

}  // namespace
}  // namespace convscope
