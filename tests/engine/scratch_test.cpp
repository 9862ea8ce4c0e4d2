// What computations keep for the next one stays small, however large the sizes were.
#include <gtest/gtest.h>
#include <malloc.h>

#include "engine/conv2d_direct.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

/// What malloc has given out, in all arenas and as pages of their own.
int64_t bytes_in_use() {
  const auto info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

/// How much more is in use once the function has run and its results are gone.
template <class Function>
int64_t bytes_kept(const Function& function) {
  const int64_t before = bytes_in_use();
  function();
  return bytes_in_use() - before;
}

constexpr int64_t kMiB = 1 << 20;

class Scratch : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own malloc";
  }
};

TEST_F(Scratch, of_fold_does_not_grow_with_the_kernel) {
  constexpr int64_t kTaps = 1 << 21;
  FoldParams p;
  p.kernel_size = {1, kTaps};
  p.output_size = {1, kTaps};
  const FoldPlan plan = validate_fold(p, {1, kTaps, 1}).value();
  Tensor columns = Tensor::zeros(plan.columns_shape(), p.dtype).value();
  for (int64_t i = 0; i < kTaps; ++i) columns.mutable_data<float>()[i] = static_cast<float>(i);
  const int64_t kept = bytes_kept([&] {
    const Tensor picture = fold(plan, columns, 1).value();
    for (int64_t i = 0; i < kTaps; ++i) ASSERT_EQ(picture.at(i), static_cast<double>(i));
  });
  EXPECT_LE(kept, 5 * kMiB);
}

TEST_F(Scratch, of_a_direct_convolution_does_not_grow_with_the_kernel) {
  constexpr int64_t kTaps = 1 << 20;
  ConvParams p;
  p.kernel_size = {1, kTaps};
  p.bias = false;
  const ConvPlan plan = validate(p, {1, 1, 1, kTaps}).value();
  Tensor input = Tensor::zeros(plan.input_shape(), p.dtype).value();
  Tensor weight = Tensor::zeros(plan.weight_shape(), p.dtype).value();
  for (int64_t i = 0; i < kTaps; ++i) {
    input.mutable_data<float>()[i] = static_cast<float>(i % 7);
    weight.mutable_data<float>()[i] = static_cast<float>(i % 3 - 1);
  }
  std::unique_ptr<Conv2dRunner<float>> runner;
  const int64_t made = bytes_kept([&] { runner = prepare_direct<float>(plan, weight.data<float>(), nullptr); });
  ASSERT_NE(runner, nullptr);
  EXPECT_LE(made, weight.bytes() + kMiB);
  EXPECT_NEAR(static_cast<double>(runner->packed_bytes()), static_cast<double>(made), 16384);
  double wanted = 0;
  for (int64_t i = 0; i < kTaps; ++i) wanted += static_cast<double>(i % 7 * (i % 3 - 1));
  float output = 0;
  EXPECT_EQ(runner->run(input.data<float>(), &output, 1, nullptr), Outcome::finished);
  EXPECT_EQ(output, static_cast<float>(wanted));
}

TEST_F(Scratch, of_pooling_does_not_grow_with_the_plane) {
  PoolParams p = PoolParams::of(PoolKind::max, 2);
  p.kernel_size = {60, 60};
  p.stride = Spatial{60, 1};
  const PoolPlan plan = validate(p, {1, 1, 60, 100000}).value();
  const Tensor x = Tensor::zeros(plan.input_shape(), p.dtype).value();
  EXPECT_LE(bytes_kept([&] { EXPECT_TRUE(pool(plan, x, PoolIndices::none, 1)); }), 5 * kMiB);
}

}  // namespace
}  // namespace convscope
