// What a lens leaves to those who look at it.
#include <gtest/gtest.h>

#include "app/scene/matrix_page.h"
#include "engine/coverage.h"
#include "engine/im2col.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

SceneRequest in_columns(const std::string& preset, int64_t step, float width = 960, float height = 540) {
  SceneRequest request = request_of(preset_numbers(preset), Lens::im2col, step, width, height);
  request.options.window_columns = true;
  return request;
}

TEST(PictureOptions, windows_as_columns_are_the_turned_matrix) {
  for (const char* name : {"tutorial_5_2", "no_padding_no_strides", "grouped"}) {
    const SceneRequest request = in_columns(name, 2);
    const ConvPlan& plan = *request.computation->plan.conv2d();
    const Scene scene = scene_of(request);
    EXPECT_TRUE(has_text(scene, "unfold(X)")) << name;
    EXPECT_TRUE(has_text(scene, std::to_string(im2col_columns(plan)) + "x" + std::to_string(im2col_rows(plan))))
        << name;
    int cells = 0;
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
      const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
      if (ref.tensor != TensorId::im2col) continue;
      const Mark* first = find_cell(scene, {TensorId::im2col, 0, ref.c, ref.y, 0});
      // The strip under the matrix, where the taps lie beside one another, comes last.
      if (first == nullptr || std::abs(first->box.x0 - mark.box.x0) > 0.01f) continue;
      ++cells;
      if (ref.x > 0) EXPECT_GT(mark.box.y0, first->box.y0) << name;
      const auto under = pick(scene, (mark.box.x0 + mark.box.x1) / 2, (mark.box.y0 + mark.box.y1) / 2);
      ASSERT_TRUE(under) << name;
      EXPECT_TRUE(*under == ref) << name;
      const std::string words = text_in(scene, mark.box);
      if (words.empty() || words.front() == '\xe2') continue;  // not known yet, or about zero
      EXPECT_NEAR(std::stod(words), im2col_value(plan, request.computation->tensors.input, ref.c, ref.y, ref.x), 0.051)
          << name;
    }
    EXPECT_GE(cells, im2col_columns(plan)) << name;
  }
}

TEST(PictureOptions, pointing_into_a_turned_texture_gives_window_and_tap) {
  const SceneRequest request = in_columns("resnet_stem", 7000);
  const ConvPlan& plan = *request.computation->plan.conv2d();
  const Scene scene = scene_of(request);
  bool found = false;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::raster) continue;
    const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
    if (raster.id != TensorId::im2col) continue;
    found = true;
    const auto low = pick(scene, mark.box.x0 + 0.5f, mark.box.y0 + 0.5f);
    const auto high = pick(scene, mark.box.x1 - 0.5f, mark.box.y1 - 0.5f);
    ASSERT_TRUE(low && high);
    EXPECT_EQ(low->x, 0) << "the first tap lies on top";
    EXPECT_GT(high->x, 10) << "and others below it";
    EXPECT_GT(high->y, low->y) << "windows go to the right";
    EXPECT_LE(high->y, 7000);
    // The texel under the upper left corner is that entry.
    EXPECT_EQ(raster.tensor.at(0),
              static_cast<float>(im2col_value(plan, request.computation->tensors.input, 0, low->y, low->x)));
  }
  EXPECT_TRUE(found);
}

TEST(PictureOptions, counts_shade_cells_by_the_windows_that_read_them) {
  SceneRequest request = request_of(preset_numbers("tutorial_5_1"), Lens::im2col, 8);
  request.options.use_counts = true;
  const ConvPlan& plan = *request.computation->plan.conv2d();
  const Coverage coverage(plan);
  const Scene scene = scene_of(request);
  EXPECT_TRUE(has_text(scene, "shade: read by 1 to 9 windows"));
  for (int64_t y = 0; y < 5; ++y) {
    for (int64_t x = 0; x < 5; ++x) {
      const Mark* cell = find_cell(scene, {TensorId::input, 0, 0, y, x});
      ASSERT_NE(cell, nullptr);
      EXPECT_EQ(cell->fill, Fill::value);
      EXPECT_FLOAT_EQ(cell->value, static_cast<float>(0.6 * static_cast<double>(coverage.windows(y, x)) / 9));
    }
  }
  // Each copy in the matrix has the shade of the cell that it was copied from.
  for (int64_t row = 0; row < 9; ++row) {
    const Im2colEntry entry = im2col_entry(plan, 0, row, 0);
    EXPECT_FLOAT_EQ(find_cell(scene, {TensorId::im2col, 0, 0, row, 0})->value,
                    find_cell(scene, {TensorId::input, 0, 0, entry.y, entry.x})->value);
  }
}

TEST(PictureOptions, weights_in_the_window_are_left_out_on_request) {
  SceneRequest request = request_of(preset_numbers("tutorial_5_1"), Lens::sliding, 4);
  const auto weights = [&] {
    const Scene scene = scene_of(request);
    int count = 0;
    for (const Mark& mark : scene.marks) {
      if (mark.kind == Mark::Kind::text && mark.role == Role::weight) ++count;
    }
    return count;
  };
  const int with = weights();
  request.options.window_weights = false;
  EXPECT_EQ(with - weights(), 9);
}

TEST(PictureOptions, are_set_by_words) {
  PictureOptions options;
  ASSERT_TRUE(set_picture_options("columns,counts,no_weights", options));
  EXPECT_TRUE(options == (PictureOptions{false, true, true}));
  ASSERT_TRUE(set_picture_options("rows", options));
  EXPECT_FALSE(options.window_columns);
  for (const char* words : {"", "column", "rows,", "rows,,counts"}) {
    EXPECT_EQ(set_picture_options(words, options).error().code, "error.picture_option") << words;
  }
}

}  // namespace
}  // namespace convscope
