// The traces of transposed convolution and pooling against the engine's own kernels.
#include <gtest/gtest.h>

#include "engine/conv2d.h"
#include "engine/conv_transpose.h"
#include "engine/pool_trace.h"
#include "engine/torch_random.h"
#include "engine/transpose_trace.h"

namespace convscope {
namespace {

struct Transposed {
  ConvTransposePlan plan;
  ConvTensors tensors;
};

Transposed transposed(const ConvTransposeParams& params, const Shape& input) {
  Transposed made;
  const Result<ConvTransposePlan> plan = validate(params, input);
  EXPECT_TRUE(plan.ok()) << (plan ? "" : plan.error().code);
  made.plan = *plan;
  TorchRandom random(7);
  made.tensors.input = *random.randn(plan->input_shape(), plan->dtype);
  made.tensors.weight = *random.randn(plan->weight_shape(), plan->dtype);
  if (plan->bias) made.tensors.bias = *random.randn(plan->bias_shape(), plan->dtype);
  Conv2dOptions naive;
  naive.algorithm = Algorithm::naive;
  made.tensors.output = *conv_transpose(made.plan, made.tensors.input, made.tensors.weight, made.tensors.bias, naive);
  return made;
}

std::vector<Transposed> some_transposed() {
  std::vector<Transposed> all;
  ConvTransposeParams p = ConvTransposeParams::of(2);
  all.push_back(transposed(p, {1, 1, 3, 3}));
  p.stride = {2, 3};
  p.padding.both = {1, 0};
  p.output_padding = {1, 2};
  p.kernel_size = {3, 2};
  p.in_channels = 4;
  p.out_channels = 6;
  p.groups = 2;
  all.push_back(transposed(p, {2, 4, 3, 2}));
  p.dilation = {2, 1};
  p.dtype = DType::float64;
  p.bias = false;
  all.push_back(transposed(p, {4, 4, 3}));  // without a batch
  return all;
}

OutputCell cell_at(const ConvTransposePlan& plan, int64_t flat) { return cell_of_step(gather_plan(plan), flat); }

TEST(TransposeTrace, stamps_and_steps_are_each_others_inverse) {
  for (const Transposed& t : some_transposed()) {
    const int64_t count = stamp_count(t.plan);
    EXPECT_EQ(count, t.plan.batch * t.plan.out_channels * t.plan.channels_per_group() * t.plan.windows.count());
    for (int64_t step = 0; step < count; ++step) {
      const Stamp stamp = stamp_of_step(t.plan, step);
      EXPECT_EQ(step_of_stamp(t.plan, stamp), step);
      EXPECT_EQ(stamp.c / t.plan.channels_per_group(), stamp.k / t.plan.kernels_per_group());
    }
  }
}

TEST(TransposeTrace, contributions_add_up_to_the_naive_output_bit_by_bit) {
  for (const Transposed& t : some_transposed()) {
    TransposedArithmetic a;
    for (int64_t flat = 0; flat < t.tensors.output.numel(); ++flat) {
      const OutputCell cell = cell_at(t.plan, flat);
      transposed_arithmetic(t.plan, t.tensors, cell, a);
      EXPECT_EQ(a.result, t.tensors.output.at(flat)) << flat;
      for (size_t i = 1; i < a.values.size(); ++i) EXPECT_LT(a.values[i - 1].step, a.values[i].step);
    }
  }
}

TEST(TransposeTrace, partial_sums_run_from_the_bias_to_the_output) {
  for (const Transposed& t : some_transposed()) {
    for (int64_t flat = 0; flat < t.tensors.output.numel(); ++flat) {
      const OutputCell cell = cell_at(t.plan, flat);
      const PartialSum first = partial_sum(t.plan, t.tensors, cell, 0);
      EXPECT_EQ(first.value, t.plan.bias ? t.tensors.bias.at(cell.c) : 0);
      EXPECT_EQ(first.stamps, 0);
      const PartialSum last = partial_sum(t.plan, t.tensors, cell, stamp_count(t.plan));
      EXPECT_EQ(last.value, t.tensors.output.at(flat));
      EXPECT_EQ(last.stamps, last.of);
    }
  }
}

TEST(TransposeTrace, one_stamp_changes_the_cells_below_it_and_no_others) {
  const std::vector<Transposed> all = some_transposed();
  const Transposed& t = all[0];
  const Pair origin = stamp_origin(t.plan, stamp_of_step(t.plan, 4));
  EXPECT_EQ(origin, (Pair{1, 1}));
  for (int64_t flat = 0; flat < t.tensors.output.numel(); ++flat) {
    const OutputCell cell = cell_at(t.plan, flat);
    const bool below = cell.y >= 1 && cell.y < 4 && cell.x >= 1 && cell.x < 4;
    const int64_t more =
        partial_sum(t.plan, t.tensors, cell, 5).stamps - partial_sum(t.plan, t.tensors, cell, 4).stamps;
    EXPECT_EQ(more, below ? 1 : 0);
  }
}

TEST(TransposeTrace, gathering_is_a_direct_convolution_with_the_same_output) {
  for (const Transposed& t : some_transposed()) {
    const Result<GatherView> view = gather_view(t.plan, t.tensors);
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(view->plan.output_shape(), t.plan.output_shape());
    const Result<Tensor> output = conv2d(view->plan, view->tensors.input, view->tensors.weight, view->tensors.bias);
    ASSERT_TRUE(output.ok());
    for (int64_t i = 0; i < output->numel(); ++i) EXPECT_NEAR(output->at(i), t.tensors.output.at(i), 1e-5);
  }
}

std::vector<PoolPlan> some_pools(PoolKind kind) {
  std::vector<PoolPlan> all;
  const auto add = [&](const PoolParams& p, const Shape& input) {
    const Result<PoolPlan> plan = validate(p, input);
    EXPECT_TRUE(plan.ok()) << (plan ? "" : plan.error().code);
    all.push_back(*plan);
  };
  PoolParams p = PoolParams::of(kind, 2);
  add(p, {1, 1, 4, 4});
  p.kernel_size = {3, 2};
  p.stride = Spatial{2, 1};
  p.padding.both = {1, 1};
  add(p, {2, 3, 6, 5});
  p.ceil_mode = true;
  add(p, {2, 3, 6, 5});
  p.count_include_pad = false;
  p.dilation = {2, 1};
  add(p, {3, 7, 8});
  p.divisor_override = 3;
  p.dtype = DType::float64;
  add(p, {3, 7, 8});
  return all;
}

TEST(PoolTrace, every_cell_is_the_engines_and_so_is_the_winner) {
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    for (const PoolPlan& plan : some_pools(kind)) {
      TorchRandom random(3);
      const Tensor input = *random.randint(plan.input_shape(), 0, 5, plan.dtype);  // with ties
      const Result<PoolResult> pooled = pool(plan, input, PoolIndices::wanted);
      ASSERT_TRUE(pooled.ok());
      PoolArithmetic a;
      for (int64_t step = 0; step < plan.output_cells(); ++step) {
        const OutputCell cell = pool_cell_of_step(plan, step);
        EXPECT_EQ(step_of_pool_cell(plan, cell), step);
        pool_arithmetic(plan, input, cell, a);
        EXPECT_EQ(a.result, pooled->output.at(step));
        ASSERT_EQ(static_cast<int64_t>(a.taps.size()), plan.windows.taps());
        if (kind == PoolKind::average) continue;
        const PoolTap& winner = a.taps[static_cast<size_t>(a.winner)];
        EXPECT_EQ(winner.y * plan.windows.width().extent + winner.x, pooled->indices[static_cast<size_t>(step)]);
        EXPECT_GE(a.ties, 1);
      }
    }
  }
}

TEST(PoolTrace, the_formula_has_the_plans_count) {
  for (const PoolPlan& plan : some_pools(PoolKind::max)) {
    for (const WindowAxis* axis : {&plan.windows.height(), &plan.windows.width()}) {
      const PoolSize size = pool_size(*axis, plan.ceil_mode);
      EXPECT_EQ(size.rounded + 1 - (size.dropped ? 1 : 0), axis->count);
    }
  }
  // Width 5, kernel 2, stride 3, padding 1: a third window would begin in the padding at the end.
  const WindowAxis axis{5, 2, 2, 3, 1, 1, 1};
  EXPECT_TRUE(pool_size(axis, true).dropped);
  EXPECT_EQ(pool_reach(axis), 1);
}

}  // namespace
}  // namespace convscope
