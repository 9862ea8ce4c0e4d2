// `convscope export` as a user runs it: statuses, one-line refusals, Ctrl-C.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "app/export/export_job.h"
#include "clip_tools.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;

class ExportCommand : public testing_support::Program {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(ExportCommand, writes_each_format_and_says_nothing) {
  for (const std::string& ending : export_endings()) {
    EXPECT_EQ(success({"export", "no_padding_no_strides", "-o", "a" + ending, "--size", "240x135", "--fps", "10"}), "");
    EXPECT_GT(std::filesystem::file_size(path("a" + ending)), 500u) << ending;
  }
  EXPECT_EQ(names().size(), export_endings().size());
}

TEST_F(ExportCommand, options_reach_the_clip) {
  success({"export",
           "no_padding_no_strides",
           "-o",
           "a.gif",
           "--size",
           "360x180",
           "--fps",
           "10",
           "--step-seconds",
           "0.4",
           "--end-pause",
           "0.5",
           "--steps",
           "2:3",
           "--theme",
           "dark",
           "--language",
           "zh",
           "--caption",
           "--lens",
           "im2col"});
  const auto clip = testing::read_gif(path("a.gif"));
  EXPECT_EQ(clip.width, 360);
  EXPECT_EQ(clip.height, 180);
  EXPECT_EQ(clip.total_delay(), 80 + 50);
  EXPECT_THAT(clip.comment, HasSubstr("im2col"));
  EXPECT_THAT(clip.comment, HasSubstr("第"));
  ASSERT_FALSE(clip.frames.empty());
  EXPECT_LT(clip.frames[0].rgba[0], 0x30);  // the dark canvas
}

TEST_F(ExportCommand, text_that_is_no_number_ends_with_2) {
  const std::vector<std::vector<std::string>> lines = {
      {"--fps", "ten"},   {"--size", "960"}, {"--size", "960x"},   {"--step-seconds", "1s"}, {"--end-pause", "nan"},
      {"--step", "last"}, {"--steps", "3"},  {"--steps", "1:2:3"}, {"--size", "960 x 540"}};
  for (const auto& options : lines) {
    std::vector<std::string> args{"export", "padding_strides", "-o", "x.gif"};
    args.insert(args.end(), options.begin(), options.end());
    EXPECT_THAT(refusal(args, 2), HasSubstr(options[1]));
  }
  refusal({"export", "padding_strides"}, 2);
  EXPECT_TRUE(names().empty());
}

TEST_F(ExportCommand, what_cannot_be_done_ends_with_1_and_a_remedy) {
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "x.avi"}, 1), HasSubstr(".gif"));
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "x.gif", "--steps", "5:99"}, 1), HasSubstr("1:9"));
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "x.png", "--step", "10"}, 1), HasSubstr("1 to 9"));
  EXPECT_THAT(refusal({"export", "photo_1080p", "-o", "x.gif"}, 1), HasSubstr("--steps 1:"));
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "no/such/x.gif"}, 1), HasSubstr("no/such/x.gif"));
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "x.gif", "--lens", "sideways"}, 1), HasSubstr("im2col"));
  EXPECT_THAT(refusal({"export", "padding_strides", "-o", "x.gif", "--chroma", "422"}, 1), HasSubstr("444"));
  EXPECT_TRUE(names().empty());
}

TEST_F(ExportCommand, an_interrupted_export_leaves_nothing) {
  for (const std::string& target : std::vector<std::string>{"a.gif", "frames/%04d.png"}) {
    const std::string file = path(target);
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGINT, SIG_DFL);
      const int nowhere = ::open("/dev/null", O_RDWR);
      ::dup2(nowhere, 2);
      ::execl(CONVSCOPE_BINARY, "convscope", "export", "padding_strides", "-o", file.c_str(), "--step-seconds", "500",
              "--size", "1920x1080", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    while (names().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // it has begun to write
    ::kill(child, SIGINT);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << target;
    EXPECT_TRUE(names().empty()) << target;
  }
}

}  // namespace
}  // namespace convscope
