// The coverage lens: the engine's counts in the input's cells.
#include <gtest/gtest.h>

#include "app/scene/hover.h"
#include "engine/coverage.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

TEST(coverage_lens, every_cell_says_how_many_windows_use_it) {
  for (const char* name : {"tutorial_5_1", "padding_strides_odd", "dilation", "padding_modes", "grouped"}) {
    const ComputationPtr numbers = preset_numbers(name);
    ASSERT_TRUE(numbers);
    const ConvPlan& plan = *numbers->plan.conv2d();
    const Coverage coverage(plan);
    const Scene scene = scene_of(request_of(numbers, Lens::coverage, 1));
    for (int64_t y = 0; y < plan.in.h; ++y) {
      for (int64_t x = 0; x < plan.in.w; ++x) {
        const Mark* cell = find_cell(scene, {TensorId::input, 0, 0, y, x});
        ASSERT_NE(cell, nullptr) << name;
        EXPECT_EQ(text_in(scene, cell->box), std::to_string(coverage.windows(y, x))) << name << " " << y << " " << x;
        EXPECT_NEAR(cell->value, static_cast<double>(coverage.windows(y, x)) / static_cast<double>(coverage.most()),
                    1e-6);
      }
    }
  }
}

TEST(coverage_lens, cells_that_no_window_reaches_are_hatched) {
  ConvParams params;
  params.stride = {2, 2};
  params.bias = false;
  const ComputationPtr numbers = numbers_of(params, {1, 1, 6, 6});
  ASSERT_TRUE(numbers);
  const Scene scene = scene_of(request_of(numbers, Lens::coverage, 0));
  int hatched = 0;
  for (const Mark& mark : scene.marks) hatched += mark.fill == Fill::hatch ? 1 : 0;
  EXPECT_EQ(hatched, 11);
  EXPECT_TRUE(has_text(scene, "Each cell of X is used by 0 to 4 of 4 windows"));
  EXPECT_TRUE(has_text(scene, "11 cells are used by none"));
}

TEST(coverage_lens, pointing_at_a_cell_rings_as_many_outputs_as_its_number_says) {
  for (const char* name : {"tutorial_5_1", "padding_strides", "padding_modes"}) {
    const ComputationPtr numbers = preset_numbers(name);
    ASSERT_TRUE(numbers);
    const ConvPlan& plan = *numbers->plan.conv2d();
    const Coverage coverage(plan);
    for (int64_t y = 0; y < plan.in.h; ++y) {
      for (int64_t x = 0; x < plan.in.w; ++x) {
        SceneRequest request = request_of(numbers, Lens::coverage, 0);
        request.hovered = CellRef{TensorId::input, 0, 0, y, x};
        int64_t rings = 0;
        for (const Mark& mark : scene_of(request).marks) {
          rings += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
        }
        EXPECT_EQ(rings, 1 + coverage.windows(y, x)) << name << " " << y << " " << x;
      }
    }
  }
}

TEST(coverage_lens, a_photograph_is_one_texture_that_stays) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  uint64_t identity = 0;
  for (const int64_t step : {0, 1000, 2000000}) {
    const Scene scene = scene_of(request_of(numbers, Lens::coverage, step));
    for (const Raster& raster : scene.rasters) {
      if (raster.cell_x1 <= 0) continue;
      if (identity == 0) identity = raster.tensor.identity();
      EXPECT_EQ(raster.tensor.identity(), identity);
      EXPECT_EQ(raster.tensor.at(0), 4);
      EXPECT_EQ(raster.tensor.at(1920 * 500 + 700), 9);
    }
  }
  EXPECT_NE(identity, 0u);
}

TEST(coverage_lens, a_huge_input_costs_its_picture_and_points_at_the_image_of_the_step) {
  ConvParams params;
  params.stride = {8, 8};
  const ComputationPtr numbers = numbers_of(params, Shape{2, 1, 3000, 2500});
  ASSERT_TRUE(numbers);
  const int64_t steps = numbers->plan.conv2d()->positions() * 2;
  const Scene scene = scene_of(request_of(numbers, Lens::coverage, steps - 1));
  bool found = false;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::raster) continue;
    const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
    if (raster.id != TensorId::input || raster.tensor.identity() == numbers->tensors.input.identity()) continue;
    EXPECT_LE(raster.tensor.numel(), int64_t{1} << 22);
    const auto at = pick(scene, mark.box.x1 - 0.01f, mark.box.y1 - 0.01f);
    if (!at || at->tensor != TensorId::input) continue;  // the legend
    EXPECT_EQ(at->n, 1);
    EXPECT_NEAR(static_cast<double>(at->y), 2999, 10);
    EXPECT_NEAR(static_cast<double>(at->x), 2499, 10);
    found = true;
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace convscope
