// Scenes of conv1d: names without a height, strips of long sequences, one strip under the other.
#include <gtest/gtest.h>

#include "app/scene/grid.h"
#include "app/session/session_json.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

ComputationPtr sequence(int64_t length, int64_t kernel, int64_t stride) {
  const Result<Session> session = session_from_json(
      R"({"format": "convscope-session", "version": 1, "operation": "conv1d", "params": {"kernel_size": )" +
      std::to_string(kernel) + R"(, "stride": )" + std::to_string(stride) +
      R"(}, "input": {"source": "randn", "shape": [1, 1, )" + std::to_string(length) + R"(]}})");
  if (!session) return nullptr;
  TensorCache cache;
  const Result<ComputationPtr> done = compute(*session, cache);
  return done ? *done : nullptr;
}

TEST(sequence_scene, names_and_sentences_have_no_height) {
  for (const Lens lens : {Lens::sliding, Lens::isometric, Lens::im2col, Lens::toeplitz}) {
    SceneRequest request = request_of(preset_numbers("conv1d_channels"), lens, 7);
    request.caption = true;
    const Scene scene = scene_of(request);
    EXPECT_TRUE(has_text(scene, "1x3x9")) << name_of(lens);
    const bool whole_kernel = lens == Lens::sliding || lens == Lens::isometric;
    EXPECT_EQ(has_text(scene, "4x3x3"), whole_kernel) << name_of(lens);
    EXPECT_EQ(scene.text.find("x1x"), std::string::npos) << name_of(lens) << " " << scene.text;
    EXPECT_NE(scene.sentence.find("Y[0, 1, 2]"), std::string::npos) << scene.sentence;
    EXPECT_TRUE(
        has_text(scene, "output length = \u230a(9 + 2\u00b71 \u2212 1\u00b7(3 \u2212 1) \u2212 1) / 2\u230b + 1 = 5"));
  }
}

TEST(sequence_scene, an_output_of_the_inputs_length_stands_under_it) {
  const Scene scene = scene_of(request_of(preset_numbers("conv1d_causal"), Lens::sliding, 4));
  for (int64_t t = 0; t < 10; ++t) {
    const Mark* x = find_cell(scene, {TensorId::input, 0, 0, 0, t});
    const Mark* y = find_cell(scene, {TensorId::output, 0, 0, 0, t});
    ASSERT_TRUE(x != nullptr && y != nullptr) << t;
    EXPECT_NEAR(x->box.x0, y->box.x0, 0.01) << t;
    EXPECT_LT(x->box.y1, y->box.y0);
  }
  // Four zeros before it, none behind.
  EXPECT_NE(find_cell(scene, {TensorId::input, 0, 0, 0, -4}), nullptr);
  EXPECT_EQ(find_cell(scene, {TensorId::input, 0, 0, 0, 10}), nullptr);
}

TEST(sequence_scene, a_long_sequence_is_a_strip_that_can_be_pointed_at) {
  const ComputationPtr numbers = sequence(16000, 400, 160);
  ASSERT_TRUE(numbers);
  for (const Lens lens : {Lens::sliding, Lens::isometric}) {
    const Scene scene = scene_of(request_of(numbers, lens, 40));
    int strips = 0;
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::raster) continue;
      const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
      if (raster.tensor.identity() != numbers->tensors.input.identity() || raster.u1 - raster.u0 < 16000) continue;
      ++strips;
      EXPECT_GE(mark.box.height(), 15) << name_of(lens);
      EXPECT_GT(mark.box.width(), 300) << name_of(lens);
      const auto at = pick(scene, mark.box.x0 + mark.box.width() * 0.75f, (mark.box.y0 + mark.box.y1) / 2);
      ASSERT_TRUE(at);
      EXPECT_EQ(at->tensor, TensorId::input);
      EXPECT_NEAR(static_cast<double>(at->x), 12000, 2);
      EXPECT_EQ(at->y, 0);
    }
    EXPECT_EQ(strips, 1) << name_of(lens);
    EXPECT_LT(scene.marks.size(), 3000u);
  }
}

TEST(sequence_scene, a_strip_keeps_its_height_under_the_camera_until_its_cells_are_as_wide) {
  const Grid strip{100, 50, 0.5, 0, 0, 1, 1000, 40};
  for (const double zoom : {1.0, 4.0, 39.0}) EXPECT_NEAR(strip.seen(zoom, 0, 0).height(), 20, 1e-9) << zoom;
  EXPECT_NEAR(strip.seen(80, 0, 0).height(), 40, 1e-9);
  // Its middle stays where it is.
  const Grid near = strip.seen(4, 0, 0);
  EXPECT_NEAR(near.y + near.height() / 2, (strip.y + strip.height() / 2) * 4, 1e-9);
}

}  // namespace
}  // namespace convscope
