// Operations that are told to stop: before they begin, and in the middle of a single plane.
#include <gtest/gtest.h>

#include <thread>

#include "engine/conv2d_backward.h"
#include "engine/conv2d_direct.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fold.h"
#include "engine/pool.h"

namespace convscope {
namespace {

Tensor zeros(const Shape& shape) { return Tensor::zeros(shape, DType::float32).value(); }

TEST(cancellation, stops_every_operation_before_it_begins) {
  Job job;
  job.cancelled = true;
  const Conv2dOptions options{Algorithm::automatic, 1, &job};
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

TEST(cancellation, stops_packing_a_weight) {
  Job job;
  job.cancelled = true;
  const ConvPlan plan = validate(ConvParams(), {1, 1, 9, 9}).value();
  const Tensor weight = zeros(plan.weight_shape()), bias = zeros(plan.bias_shape());
  EXPECT_EQ(prepare_direct<float>(plan, weight.data<float>(), bias.data<float>(), &job), nullptr);
  job.cancelled = false;
  EXPECT_NE(prepare_direct<float>(plan, weight.data<float>(), bias.data<float>(), &job), nullptr);
}

/// Cancels as soon as there is any progress; again and again, as it may come too late. Whether it has come in time.
template <class Compute>
bool stops_in_the_middle(const Compute& compute) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    Job job;
    std::thread stopper([&job] {
      while (job.progress.load() == 0.0f) std::this_thread::yield();
      job.cancelled = true;
    });
    const std::string code = compute(&job);
    job.report(1);  // where it was over before it had told any
    stopper.join();
    if (code == "error.cancelled") return true;
    EXPECT_EQ(code, "");
  }
  return false;
}

template <class Outcome>
std::string code_of(const Outcome& outcome) {
  return outcome ? "" : outcome.error().code;
}

TEST(cancellation, stops_pooling_within_a_plane) {
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    PoolParams p = PoolParams::of(kind, 2);
    p.kernel_size = {40, 40};
    p.stride = Spatial{1, 1};
    const PoolPlan plan = validate(p, {1, 1, 1500, 1500}).value();
    const Tensor x = zeros(plan.input_shape());
    for (const PoolIndices indices : {PoolIndices::none, PoolIndices::wanted}) {
      EXPECT_TRUE(stops_in_the_middle([&](Job* job) { return code_of(pool(plan, x, indices, 2, job)); }));
    }
  }
}

TEST(cancellation, stops_unfold_and_fold_within_a_channel) {
  FoldParams p;
  p.kernel_size = {16, 16};
  p.output_size = {400, 400};
  const FoldPlan plan = validate_unfold(p, {1, 1, 400, 400}).value();
  const Tensor picture = zeros(plan.picture_shape()), columns = zeros(plan.columns_shape());
  EXPECT_TRUE(stops_in_the_middle([&](Job* job) { return code_of(unfold(plan, picture, 2, job)); }));
  EXPECT_TRUE(stops_in_the_middle([&](Job* job) { return code_of(fold(plan, columns, 2, job)); }));
}

}  // namespace
}  // namespace convscope
