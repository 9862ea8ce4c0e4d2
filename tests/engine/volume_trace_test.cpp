// Steps and cells of conv3d: numbers that are the reference's own bits, steps there and back.
#include <gtest/gtest.h>

#include "engine/conv_nd.h"
#include "engine/torch_random.h"
#include "engine/volume_trace.h"

namespace convscope {
namespace {

struct Case {
  Spatial kernel, stride, padding, dilation;
  int64_t in_channels, out_channels, groups;
  PaddingMode mode;
  Shape input;
};

const Case kCases[] = {
    {{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, 1, 1, 1, PaddingMode::zeros, {1, 1, 4, 4, 4}},
    {{3, 1, 2}, {2, 1, 2}, {1, 0, 1}, {1, 1, 2}, 4, 6, 2, PaddingMode::zeros, {2, 4, 5, 3, 6}},
    {{3, 3, 3}, {1, 2, 1}, {2, 1, 1}, {1, 1, 1}, 2, 2, 1, PaddingMode::reflect, {2, 4, 4, 5}},
    {{2, 3, 2}, {1, 1, 1}, {2, 2, 2}, {2, 1, 1}, 1, 3, 1, PaddingMode::circular, {1, 1, 4, 3, 3}},
};

template <class Check>
void for_each_case(Check check) {
  for (const Case& one : kCases) {
    ConvNdParams params = ConvNdParams::of(3);
    params.in_channels = one.in_channels;
    params.out_channels = one.out_channels;
    params.groups = one.groups;
    params.kernel_size = one.kernel;
    params.stride = one.stride;
    params.padding.both = one.padding;
    params.dilation = one.dilation;
    params.padding_mode = one.mode;
    const Result<ConvNdPlan> plan = validate(params, one.input);
    ASSERT_TRUE(plan.ok());
    check(*plan);
  }
}

TEST(VolumeTrace, steps_walk_over_the_output_in_row_major_order) {
  for_each_case([](const ConvNdPlan& plan) {
    const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
    int64_t step = 0;
    for (int64_t n = 0; n < plan.batch; ++n)
      for (int64_t c = 0; c < plan.out_channels; ++c)
        for (int64_t d = 0; d < depth.count; ++d)
          for (int64_t y = 0; y < height.count; ++y)
            for (int64_t x = 0; x < width.count; ++x, ++step) {
              const VolumeCell cell{n, c, d, y, x};
              ASSERT_EQ(volume_cell_of_step(plan, step), cell) << step;
              ASSERT_EQ(step_of_volume_cell(plan, cell), step);
              // The slab counts the same steps.
              ASSERT_EQ(cell_of_step(slab_of(plan), step), (OutputCell{n * plan.out_channels + c, d, y, x}));
            }
    EXPECT_EQ(step, plan.output_cells());
    EXPECT_EQ(step_count(slab_of(plan)), plan.output_cells());
  });
}

TEST(VolumeTrace, a_cells_numbers_are_those_of_the_reference_to_the_last_bit) {
  for_each_case([](const ConvNdPlan& plan) {
    TorchRandom random(3);
    ConvTensors tensors;
    tensors.input = *random.randn(plan.input_shape(), plan.dtype);
    tensors.weight = *random.randn(plan.weight_shape(), plan.dtype);
    tensors.bias = *random.randn(plan.bias_shape(), plan.dtype);
    const Result<Tensor> output = conv_nd(plan, tensors.input, tensors.weight, tensors.bias, {Algorithm::naive});
    ASSERT_TRUE(output.ok());
    CellArithmetic a;
    for (int64_t step = 0; step < plan.output_cells(); ++step) {
      volume_arithmetic(plan, tensors, volume_cell_of_step(plan, step), a);
      ASSERT_EQ(a.result, output->at(step)) << step;
      ASSERT_EQ(static_cast<int64_t>(a.values.size()), plan.taps());
      ASSERT_EQ(a.values.back().partial, a.sum);
    }
  });
}

TEST(VolumeTrace, taps_count_channel_depth_row_and_column) {
  for_each_case([](const ConvNdPlan& plan) {
    const Windows& windows = plan.windows;
    const VolumeCell cell = volume_cell_of_step(plan, plan.output_cells() - 1);
    for (int64_t i = 0; i < plan.taps(); ++i) {
      const VolumeTap tap = volume_tap_of(plan, cell, i);
      ASSERT_EQ(((tap.group_c * windows.depth().kernel + tap.kd) * windows.height().kernel + tap.ky) *
                        windows.width().kernel +
                    tap.kx,
                i);
      ASSERT_EQ(tap.c / plan.channels_per_group(), cell.c / plan.kernels_per_group());
      ASSERT_EQ(tap.d, windows.depth().cell(cell.d, tap.kd));
      ASSERT_FALSE(plan.padding_mode != PaddingMode::zeros && tap.reads_zero());
    }
  });
}

}  // namespace
}  // namespace convscope
