#include <gtest/gtest.h>

#include <cmath>

#include "tests/scene/scenes.h"

namespace convscope {
namespace {

TEST(pick, finds_the_topmost_cell) {
  Scene scene;
  scene.refs = {{TensorId::input, 0, 0, 1, 2}, {TensorId::weight, 0, 0, 0, 0}};
  Mark below;
  below.box = {0, 0, 10, 10};
  below.ref = 0;
  Mark above = below;
  above.box = {5, 5, 15, 15};
  above.ref = 1;
  Mark words = below;
  words.kind = Mark::Kind::text;
  words.ref = -1;
  scene.marks = {below, above, words};
  EXPECT_EQ(pick(scene, 2, 2), (CellRef{TensorId::input, 0, 0, 1, 2}));
  EXPECT_EQ(pick(scene, 7, 7), (CellRef{TensorId::weight, 0, 0, 0, 0}));
  EXPECT_EQ(pick(scene, 20, 20), std::nullopt);
}

TEST(pick, finds_the_cell_of_a_texture) {
  Scene scene;
  Raster raster;
  raster.id = TensorId::input;
  raster.n = 1;
  raster.channel = 2;
  raster.u0 = 10;
  raster.u1 = 20;
  raster.v0 = 0;
  raster.v1 = 5;
  scene.rasters.push_back(raster);
  Mark mark;
  mark.kind = Mark::Kind::raster;
  mark.box = {100, 100, 200, 150};
  mark.raster = 0;
  scene.marks.push_back(mark);
  EXPECT_EQ(pick(scene, 105, 145), (CellRef{TensorId::input, 1, 2, 4, 10}));
  EXPECT_EQ(pick(scene, 199, 101), (CellRef{TensorId::input, 1, 2, 0, 19}));
  EXPECT_EQ(pick(scene, 99, 101), std::nullopt);
}

TEST(pick, finds_the_cell_that_a_sampled_texture_stands_for) {
  Scene scene;
  Raster raster;
  raster.id = TensorId::im2col;
  raster.u1 = 10;
  raster.v1 = 10;
  raster.cell_x0 = 0;
  raster.cell_x1 = 100;
  raster.cell_y0 = 500;
  raster.cell_y1 = 600;
  scene.rasters.push_back(raster);
  Mark mark;
  mark.kind = Mark::Kind::raster;
  mark.box = {0, 0, 100, 100};
  mark.raster = 0;
  scene.marks.push_back(mark);
  const auto found = pick(scene, 42.5f, 7.5f);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->y, 507);
  EXPECT_EQ(found->x, 42);
}

// The point of the fitted picture, in 0 to 1, that is seen at (x, y).
std::pair<double, double> seen_point(const View& view, double x, double y) {
  return {view.center_x + (x / static_cast<double>(view.width) - 0.5) / view.zoom,
          view.center_y + (y / static_cast<double>(view.height) - 0.5) / view.zoom};
}

TEST(zoomed, keeps_the_point_under_the_pointer) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  View view;
  for (const auto& [x, y] : {std::pair{480.0f, 270.0f}, std::pair{100.0f, 500.0f}, std::pair{900.0f, 10.0f}}) {
    View now = view;
    const auto before = seen_point(now, static_cast<double>(x), static_cast<double>(y));
    for (int i = 0; i < 12; ++i) {
      now = zoomed(now, 1.3, x, y, numbers->plan, Lens::sliding);
      const auto after = seen_point(now, static_cast<double>(x), static_cast<double>(y));
      EXPECT_NEAR(after.first, before.first, 1e-9);
      EXPECT_NEAR(after.second, before.second, 1e-9);
    }
    EXPECT_NEAR(now.zoom, std::pow(1.3, 12), 1e-6);
  }
}

TEST(zoomed, stays_between_the_whole_and_a_single_cell) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  View view;
  for (int i = 0; i < 200; ++i) view = zoomed(view, 1.5, 300, 200, numbers->plan, Lens::sliding);
  EXPECT_LT(view.zoom, 1e5);
  // Near enough that a cell of the photograph, a quarter of a pixel at first, is large.
  EXPECT_GT(view.zoom, 200);
  for (int i = 0; i < 200; ++i) view = zoomed(view, 0.5, 10, 10, numbers->plan, Lens::sliding);
  EXPECT_EQ(view.zoom, 1);
  EXPECT_EQ(view.center_x, 0.5);
  EXPECT_EQ(view.center_y, 0.5);
}

TEST(panned, moves_the_picture_with_the_pointer_and_not_out_of_sight) {
  View view;
  view.zoom = 4;
  const View moved = panned(view, 96, 0);
  EXPECT_NEAR(moved.center_x, 0.5 - 96.0 / (960 * 4), 1e-12);
  EXPECT_EQ(moved.center_y, 0.5);
  View far = view;
  for (int i = 0; i < 100; ++i) far = panned(far, 500, -500);
  EXPECT_NEAR(far.center_x, 0.125, 1e-12);
  EXPECT_NEAR(far.center_y, 0.875, 1e-12);
}

TEST(pick, agrees_with_the_picture_at_every_zoom) {
  const ComputationPtr numbers = preset_numbers("photo_1080p");
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, Lens::sliding, 1000);
  const Scene whole = scene_of(request);
  const Mark* photo = nullptr;
  for (const Mark& mark : whole.marks) {
    if (mark.kind == Mark::Kind::raster && whole.rasters[static_cast<size_t>(mark.raster)].rgb) photo = &mark;
  }
  ASSERT_NE(photo, nullptr);
  const float x = photo->box.x0 + photo->box.width() * 0.3f, y = photo->box.y0 + photo->box.height() * 0.6f;
  const auto at_first = pick(whole, x, y);
  ASSERT_TRUE(at_first);
  EXPECT_NEAR(static_cast<double>(at_first->x), 1920 * 0.3, 2);
  EXPECT_NEAR(static_cast<double>(at_first->y), 1080 * 0.6, 2);
  for (int i = 0; i < 20; ++i) {
    request.view = zoomed(request.view, 1.4, x, y, numbers->plan, Lens::sliding);
    const Scene scene = scene_of(request);
    const auto now = pick(scene, x, y);
    ASSERT_TRUE(now) << request.view.zoom;
    EXPECT_EQ(now->tensor, TensorId::input);
    EXPECT_NEAR(static_cast<double>(now->x), static_cast<double>(at_first->x), 1);
    EXPECT_NEAR(static_cast<double>(now->y), static_cast<double>(at_first->y), 1);
  }
}

}  // namespace
}  // namespace convscope
