// Several sessions and lenses in one command, a file for each.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ExportMany : public testing_support::Program {
 protected:
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
      const std::string name = entry.path().filename().string();
      if (name.front() != '.') names.insert(name);
    }
    return names;
  }
};

TEST_F(ExportMany, each_session_and_lens_has_its_file) {
  success({"export", "tutorial_5_1", "nn.Conv2d(1, 1, 2)", "-o", "{session}_{lens}.png", "--lens", "im2col", "--step",
           "1", "--size", "480x270"});
  EXPECT_EQ(files(), (std::set<std::string>{"tutorial_5_1_im2col.png", "nn.Conv2d_1_1_2_im2col.png"}));
  // The same bytes as one by one.
  success({"export", "tutorial_5_1", "-o", "alone.png", "--lens", "im2col", "--step", "1", "--size", "480x270"});
  EXPECT_EQ(get("alone.png"), get("tutorial_5_1_im2col.png"));
}

TEST_F(ExportMany, all_lenses_of_a_session) {
  success({"export", "max_pooling", "-o", "{lens}.svg", "--lens", "all", "--step", "1"});
  EXPECT_EQ(files(), (std::set<std::string>{"pooling.svg", "receptive_field.svg"}));
  success({"export", "tutorial_5_1", "-o", "{lens}.svg", "--lens", "all", "--step", "1"});
  for (const char* lens : {"sliding", "isometric", "im2col", "toeplitz", "coverage", "loops", "gradient"}) {
    EXPECT_EQ(files().count(std::string(lens) + ".svg"), 1u) << lens;
  }
}

TEST_F(ExportMany, two_files_of_one_name_are_refused_before_anything_is_written) {
  const std::string line = refusal({"export", "tutorial_5_1", "tutorial_5_2", "-o", "x.png", "--step", "1"}, 1);
  EXPECT_THAT(line, AllOf(HasSubstr("tutorial_5_1"), HasSubstr("tutorial_5_2"), HasSubstr("{session}")));
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "-o", "x.png", "--lens", "all"}, 1), HasSubstr("{lens}"));
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "no_such", "-o", "{session}.png"}, 1), HasSubstr("no_such"));
  EXPECT_THAT(refusal({"export", "tutorial_5_1", "-o", "{lens}.png", "--lens", "im2cool"}, 1), HasSubstr("im2cool"));
  EXPECT_TRUE(files().empty());
}

TEST_F(ExportMany, one_that_fails_leaves_the_others) {
  const auto outcome = run({"export", "padding_strides_transposed", "tutorial_5_1", "-o", "{session}.png", "--lens",
                            "gather", "--size", "480x270"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("tutorial_5_1.png: convscope: error: "), HasSubstr("1 of 2")));
  EXPECT_EQ(files(), (std::set<std::string>{"padding_strides_transposed.png"}));
}

TEST_F(ExportMany, an_interrupt_leaves_no_half_file) {
  const std::string out = path(".out");
  const pid_t child = fork();
  if (child == 0) {
    if (chdir(path(".").c_str()) != 0) _exit(127);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    execl(CONVSCOPE_BINARY, "convscope", "export", "photo_1080p", "resnet_stem", "tutorial_6_1", "-o", "{session}.gif",
          "--steps", "1:25", "--size", "1920x1080", nullptr);
    _exit(127);
  }
  // Some file is being written by then, on any machine.
  const auto begun = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
      if (entry.path().filename().string() != ".out") return true;
    }
    return false;
  };
  int status = 0;
  while (!begun()) {
    ASSERT_EQ(waitpid(child, &status, WNOHANG), 0) << "ended before it wrote anything";
    usleep(20000);
  }
  EXPECT_EQ(kill(child, SIGTERM), 0);
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(files().empty());
  for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
    ADD_FAILURE() << "left behind: " << entry.path();
  }
}

}  // namespace
}  // namespace convscope
