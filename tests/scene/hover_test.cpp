#include "app/scene/hover.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "engine/im2col.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

ConvPlan plan_of_params(const ConvParams& params, const Shape& shape) {
  auto plan = validate(params, shape);
  EXPECT_TRUE(plan.ok());
  return *plan;
}

// Plans with everything that can shift a relation: stride, dilation, uneven padding, groups, a batch.
std::vector<ConvPlan> plans() {
  ConvParams dense;
  dense.padding = {1, 1};
  ConvParams wild;
  wild.in_channels = 4;
  wild.out_channels = 6;
  wild.groups = 2;
  wild.kernel_size = {3, 2};
  wild.stride = {2, 1};
  wild.padding = {1, 2};
  wild.dilation = {1, 2};
  return {plan_of_params(dense, {1, 1, 5, 5}), plan_of_params(wild, {2, 4, 6, 5})};
}

template <class Visit>
void for_outputs(const ConvPlan& plan, const Visit& visit) {
  for (int64_t step = 0; step < step_count(plan); ++step) visit(cell_of_step(plan, step));
}

using Key = std::tuple<int64_t, int64_t, int64_t, int64_t>;

TEST(hover, an_output_lights_the_taps_of_its_window_and_nothing_else) {
  for (const ConvPlan& plan : plans()) {
    for_outputs(plan, [&](const OutputCell& cell) {
      if ((cell.y + cell.x) % 3 != 0) return;
      const Hover hover(plan, CellRef{TensorId::output, cell.n, cell.c, cell.y, cell.x});
      std::set<Key> taps;
      for (int64_t i = 0; i < plan.taps(); ++i) {
        const Tap tap = tap_of(plan, cell, i);
        taps.insert({cell.n, tap.c, tap.y, tap.x});
      }
      for (int64_t n = 0; n < plan.batch; ++n) {
        for (int64_t c = 0; c < plan.in_channels; ++c) {
          for (int64_t y = -plan.pads.top; y < plan.in.h + plan.pads.bottom; ++y) {
            for (int64_t x = -plan.pads.left; x < plan.in.w + plan.pads.right; ++x) {
              EXPECT_EQ(hover.lights({TensorId::input, n, c, y, x}), taps.count({n, c, y, x}) == 1);
            }
          }
        }
      }
    });
  }
}

TEST(hover, an_input_cell_lights_the_outputs_that_use_it) {
  for (const ConvPlan& plan : plans()) {
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      for (int64_t y = -plan.pads.top; y < plan.in.h + plan.pads.bottom; ++y) {
        for (int64_t x = -plan.pads.left; x < plan.in.w + plan.pads.right; ++x) {
          const Hover hover(plan, CellRef{TensorId::input, 0, c, y, x});
          for_outputs(plan, [&](const OutputCell& cell) {
            bool uses = false;
            for (int64_t i = 0; i < plan.taps() && cell.n == 0; ++i) {
              const Tap tap = tap_of(plan, cell, i);
              uses = uses || (tap.c == c && tap.y == y && tap.x == x);
            }
            EXPECT_EQ(hover.lights({TensorId::output, cell.n, cell.c, cell.y, cell.x}), uses);
            EXPECT_EQ(hover.lights({TensorId::product, 0, 0, im2col_row(plan, cell), cell.c}), uses);
          });
        }
      }
    }
  }
}

TEST(hover, a_weight_lights_every_input_cell_that_it_meets) {
  for (const ConvPlan& plan : plans()) {
    const int64_t o = plan.out_channels - 1, i = plan.channels_per_group() - 1, ky = 1, kx = 0;
    const Hover hover(plan, CellRef{TensorId::weight, o, i, ky, kx});
    std::set<Key> met;
    for_outputs(plan, [&](const OutputCell& cell) {
      if (cell.c != o) return;
      const Tap tap = tap_of(plan, cell, (i * plan.kernel.h + ky) * plan.kernel.w + kx);
      met.insert({cell.n, tap.c, tap.y, tap.x});
    });
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      for (int64_t y = -plan.pads.top; y < plan.in.h + plan.pads.bottom; ++y) {
        for (int64_t x = -plan.pads.left; x < plan.in.w + plan.pads.right; ++x) {
          EXPECT_EQ(hover.lights({TensorId::input, 0, c, y, x}), met.count({0, c, y, x}) == 1)
              << c << " " << y << " " << x;
        }
      }
    }
  }
}

TEST(hover, the_lenses_agree_on_what_belongs_together) {
  for (const ConvPlan& plan : plans()) {
    const OutputCell cell = cell_of_step(plan, step_count(plan) / 2);
    const int64_t row = im2col_row(plan, cell), group = cell.c / plan.kernels_per_group();
    const Hover as_output(plan, CellRef{TensorId::output, cell.n, cell.c, cell.y, cell.x});
    const Hover as_product(plan, CellRef{TensorId::product, 0, 0, row, cell.c});
    for (int64_t tap = 0; tap < plan.taps(); ++tap) {
      for (const Hover& hover : {as_output, as_product}) {
        EXPECT_TRUE(hover.lights({TensorId::im2col, 0, group, row, tap}));
        EXPECT_FALSE(hover.lights({TensorId::im2col, 0, group, row + 1, tap}));
        EXPECT_TRUE(hover.lights({TensorId::kernel_matrix, 0, 0, tap, cell.c}));
        EXPECT_TRUE(hover.lights({TensorId::output, cell.n, cell.c, cell.y, cell.x}));
      }
      // An entry of the matrix is the input cell that it copies.
      const Hover entry(plan, CellRef{TensorId::im2col, 0, group, row, tap});
      const Tap source = tap_of(plan, cell, tap);
      EXPECT_TRUE(entry.lights({TensorId::input, cell.n, source.c, source.y, source.x}));
      EXPECT_TRUE(entry.lights({TensorId::output, cell.n, cell.c, cell.y, cell.x}));
    }
  }
}

TEST(hover, a_bias_lights_its_channel) {
  ConvParams params;
  params.out_channels = 2;
  const ConvPlan plan = plan_of_params(params, {1, 1, 5, 5});
  const Hover hover(plan, CellRef{TensorId::bias, 0, 1, 0, 0});
  EXPECT_TRUE(hover.lights({TensorId::output, 0, 1, 2, 2}));
  EXPECT_FALSE(hover.lights({TensorId::output, 0, 0, 2, 2}));
}

TEST(hover, ignores_cells_that_do_not_exist) {
  const ConvPlan plan = plans()[0];
  for (const CellRef& ref : {CellRef{TensorId::output, 0, 0, 99, 0}, CellRef{TensorId::weight, 5, 0, 0, 0},
                             CellRef{TensorId::im2col, 0, 0, -1, 0}, CellRef{}}) {
    EXPECT_FALSE(Hover(plan, ref).active());
  }
  EXPECT_FALSE(Hover(plan, std::nullopt).active());
}

TEST(hover, draws_a_ring_around_each_relative_on_screen) {
  SceneRequest request = request_of(preset_numbers("tutorial_5_1"), Lens::sliding, 4);
  const Scene before = scene_of(request);
  const auto rings = [](const Scene& scene) {
    int count = 0;
    for (const Mark& mark : scene.marks) count += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
    return count;
  };
  EXPECT_EQ(rings(before), 0);
  request.hovered = CellRef{TensorId::output, 0, 0, 1, 1};
  // The output, nine inputs, nine weights; the layer's bias where it has one.
  EXPECT_EQ(rings(scene_of(request)), 19 + (request.computation->plan.conv2d()->bias ? 1 : 0));
  request.hovered = CellRef{TensorId::input, 0, 0, 0, 0};
  EXPECT_EQ(rings(scene_of(request)), 2);  // only the first window sees the corner
}

}  // namespace
}  // namespace convscope
