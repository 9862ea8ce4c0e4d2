// Scenes of small presets as text, compared with what was looked at and approved. UPDATE_BASELINES=1 rewrites them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/scene/scenes.h"

namespace convscope {
namespace {

struct Baseline {
  const char* preset;
  Lens lens;
  int64_t step;
};

class SceneBaseline : public testing::TestWithParam<Baseline> {};

TEST_P(SceneBaseline, is_the_approved_one) {
  const Baseline& baseline = GetParam();
  const ComputationPtr numbers = preset_numbers(baseline.preset);
  ASSERT_TRUE(numbers);
  SceneRequest request = request_of(numbers, baseline.lens, baseline.step);
  request.caption = true;
  const std::string text = to_text(scene_of(request));
  const std::string path = std::string(CONVSCOPE_SOURCE_DIR) + "/tests/scene/baselines/" + baseline.preset + "." +
                           name_of(baseline.lens) + ".txt";
  if (std::getenv("UPDATE_BASELINES") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " is missing; UPDATE_BASELINES=1 writes it";
  std::stringstream approved;
  approved << file.rdbuf();
  // Line by line, so that a failure names the first mark that differs.
  std::istringstream was(approved.str()), now(text);
  std::string was_line, now_line;
  for (int line = 1; std::getline(was, was_line); ++line) {
    ASSERT_TRUE(std::getline(now, now_line)) << "ends before line " << line << ": " << was_line;
    ASSERT_EQ(was_line, now_line) << "line " << line;
  }
  EXPECT_FALSE(std::getline(now, now_line)) << "more marks: " << now_line;
}

INSTANTIATE_TEST_SUITE_P(
    presets, SceneBaseline,
    testing::Values(Baseline{"padding_strides", Lens::sliding, 4}, Baseline{"dilation", Lens::sliding, 3},
                    Baseline{"tutorial_6_1", Lens::sliding, 12}, Baseline{"grouped", Lens::sliding, 9},
                    Baseline{"tutorial_5_3", Lens::isometric, 13}, Baseline{"grouped", Lens::isometric, 9},
                    Baseline{"conv1d_causal", Lens::sliding, 4}, Baseline{"conv1d_channels", Lens::isometric, 12},
                    Baseline{"no_padding_no_strides", Lens::im2col, 2}, Baseline{"tutorial_7_1", Lens::im2col, 4},
                    Baseline{"no_padding_no_strides", Lens::toeplitz, 2}, Baseline{"rgb", Lens::toeplitz, 300},
                    Baseline{"padding_strides_odd", Lens::coverage, 4}, Baseline{"tutorial_6_2_2", Lens::loops, 31},
                    Baseline{"gradient_strides", Lens::gradient, 4}, Baseline{"grouped", Lens::gradient, 9},
                    Baseline{"learn_gaussian", Lens::gradient, 12},
                    Baseline{"padding_strides_odd_transposed", Lens::scatter, 4},
                    Baseline{"padding_strides_odd_transposed", Lens::gather, 8},
                    Baseline{"conv3d_padding", Lens::slices, 6}, Baseline{"conv3d_channels", Lens::slices, 6},
                    Baseline{"ceil_mode", Lens::pooling, 5}, Baseline{"average_pooling_padding", Lens::pooling, 0},
                    Baseline{"receptive_field_two_3x3", Lens::receptive_field, 1},
                    Baseline{"receptive_field_resnet18", Lens::receptive_field, 10}),
    [](const auto& test) { return std::string(test.param.preset) + "_" + name_of(test.param.lens); });

}  // namespace
}  // namespace convscope
