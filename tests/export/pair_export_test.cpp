// Two at once as files: frames, formats, options and what travels in the file.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "app/export/export_job.h"
#include "app/session/presets.h"
#include "clip_tools.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;

class PairExport : public testing_support::Program {
 protected:
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
};

TEST_F(PairExport, a_clip_has_the_frames_of_the_longer_one) {
  success({"export", "compare_strides", "-o", "a.gif", "--size", "480x240", "--fps", "10", "--step-seconds", "0.2",
           "--end-pause", "0"});
  EXPECT_EQ(testing::read_gif(path("a.gif")).total_delay(), 25 * 20) << "hundredths: 25 steps of 0.2 s";
  // B first: still the longer one.
  success({"export", "no_padding_strides", "--beside", "no_padding_no_strides", "-o", "b.gif", "--size", "480x240",
           "--fps", "10", "--step-seconds", "0.2", "--end-pause", "0"});
  EXPECT_EQ(testing::read_gif(path("b.gif")).total_delay(), 4 * 20);
  success({"export", "no_padding_strides", "--beside", "Conv2d(1, 1, 3, stride=1)", "-o", "c.gif", "--size", "480x240",
           "--fps", "10", "--step-seconds", "0.2", "--end-pause", "0", "--steps", "5:9"});
  EXPECT_EQ(testing::read_gif(path("c.gif")).total_delay(), 5 * 20) << "steps that only B has";
}

TEST_F(PairExport, writes_each_format) {
  for (const std::string& ending : export_endings()) {
    EXPECT_EQ(success({"export", "compare_padding", "-o", "a" + ending, "--size", "480x270", "--fps", "5",
                       "--step-seconds", "0.2", "--end-pause", "0"}),
              "");
    EXPECT_GT(std::filesystem::file_size(path("a" + ending)), 500u) << ending;
  }
}

TEST_F(PairExport, the_picture_has_both_titles_and_the_file_both_sessions) {
  success({"export", "padding_strides", "--beside", "dilation", "--step", "3", "-o", "a.svg"});
  const std::string svg = read("a.svg");
  for (const char* words : {"stride=2", "stride=1", "dilation=2", "dilation=1", "A", "B"}) {
    EXPECT_THAT(svg, HasSubstr(words));
  }
  const std::optional<Session> again = carried_session(path("a.svg"));
  ASSERT_TRUE(again && again->beside && again->beside->other);
  EXPECT_EQ(again->params, find_preset("padding_strides")->session.params);
  EXPECT_EQ(again->beside->other->params, find_preset("dilation")->session.params);
}

TEST_F(PairExport, two_lenses_of_one_session) {
  success({"export", "tutorial_5_1", "--lens", "sliding,im2col", "--step", "5", "-o", "a.svg", "--alt-text"});
  const std::string svg = read("a.svg");
  EXPECT_THAT(svg, HasSubstr("Sliding"));
  EXPECT_THAT(svg, HasSubstr("im2col(X)"));
  EXPECT_THAT(read("a.alt.txt"), HasSubstr("A: Step 5 of 9"));
  success(
      {"export", "tutorial_5_1", "--beside", "dilation", "--lens", "toeplitz,sliding", "--step", "1", "-o", "b.svg"});
}

TEST_F(PairExport, refusals_take_one_line) {
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "--lens", "sliding,im2col,loops", "-o", "a.gif"}, 1),
              HasSubstr("at most two lenses"));
  EXPECT_THAT(
      refusal({"export", "tutorial_5_1", "--beside", "max_pooling", "--lens", "sliding,im2col", "-o", "a.gif"}, 1),
      HasSubstr("im2col"));
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "--beside", "no_such", "-o", "a.gif"}, 1), HasSubstr("no_such"));
  std::ofstream(path("large.json"))
      << R"({"format": "convscope-session", "version": 1, "operation": "conv2d", "params": {"kernel_size": [9, 9]}})";
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "--beside", "large.json", "-o", "a.gif"}, 1), HasSubstr("kernel"));
}

TEST_F(PairExport, a_screenshot_takes_the_same_options_and_its_script_drives_the_switch) {
  std::ofstream(path("script"))
      << "click pair.edit.b\nclick stride.h.plus\nclick pair.edit.a\nkey end\nexpect step 4\n";
  success({"screenshot", "no_padding_no_strides", "--beside", "Conv2d(1, 1, 3)", "-o", "a.png", "--size", "1280x720",
           "--actions", "script"});
  success({"screenshot", "tutorial_5_1", "--lens", "sliding,toeplitz", "-o", "b.png", "--size", "1280x720"});
  EXPECT_GT(std::filesystem::file_size(path("b.png")), 5000u);
}

}  // namespace
}  // namespace convscope
