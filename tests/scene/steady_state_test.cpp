// A frame allocates nothing that it allocated in the last frame. This program counts what operator new hands out.
#include <gtest/gtest.h>

#include "app/session/presets.h"
#include "tests/scene/scenes.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

TEST(build_scene, allocates_nothing_in_the_steady_state) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  for (const char* name : {"padding_strides", "tutorial_6_2_1", "grouped", "photo_1080p", "resnet_stem", "tutorial_7_2",
                           "receptive_field_gridding", "receptive_field_vgg16", "receptive_field_causal", "learn_sobel",
                           "gradient_channels", "conv3d_padding", "conv3d_channels"}) {
    const ComputationPtr numbers = preset_numbers(name);
    ASSERT_TRUE(numbers);
    for (Lens lens : all_lenses()) {
      SceneRequest request = request_of(numbers, lens, 1);
      request.caption = true;
      request.language = Language::zh;
      request.hovered =
          lens == Lens::receptive_field ? CellRef{TensorId::level, 0, 1, 0, 1} : CellRef{TensorId::output, 0, 0, 0, 1};
      Scene scene;
      for (int i = 0; i < 3; ++i) build_scene(request, scene);
      const long before = test::allocations_so_far();
      build_scene(request, scene);
      EXPECT_EQ(test::allocations_so_far() - before, 0) << name << " " << name_of(lens);
    }
  }
}

}  // namespace
}  // namespace convscope
