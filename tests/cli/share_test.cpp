// `convscope share`, and texts and code in the place of a preset's name.
#include <gmock/gmock.h>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ShareCommand : public testing_support::Program {};

TEST_F(ShareCommand, gives_a_text_that_every_command_opens) {
  std::string text = success({"share", "padding_strides"});
  EXPECT_THAT(text, StartsWith("convscope:1."));
  EXPECT_EQ(text.back(), '\n');
  text.pop_back();
  EXPECT_EQ(success({"share", text}), text + "\n");
  EXPECT_EQ(success({"code", text}), success({"code", "padding_strides"}));
  success({"export", text, "-o", "a.svg", "--step", "1", "--no-session"});
  success({"export", "padding_strides", "-o", "b.svg", "--step", "1", "--no-session"});
  EXPECT_EQ(get("a.svg"), get("b.svg"));
  EXPECT_THAT(success({"screenshot", text, "--list-widgets"}), HasSubstr("toolbar.export "));
}

TEST_F(ShareCommand, opens_code_and_notes_what_it_could_not_use) {
  EXPECT_THAT(success({"code", "nn.Conv2d(3, 8, 5, stride=2, padding=2)"}), HasSubstr("stride=(2, 2), padding=(2, 2)"));
  const testing_support::Outcome noted = run({"share", "nn.Conv2d(3, planes, 5)"});
  EXPECT_EQ(noted.status, 0);
  EXPECT_EQ(noted.err,
            "convscope: note: out_channels=planes is not known without running the code: it is taken as 1.\n");
  const testing_support::Outcome chinese = run({"share", "nn.Conv2d(3, planes, 5)"}, {"LANG=zh_CN.UTF-8"});
  EXPECT_THAT(chinese.err, HasSubstr("按 1 处理"));
}

TEST_F(ShareCommand, refuses_in_one_line) {
  EXPECT_THAT(refusal({"share", "nn.Conv2d(3, 8, strides=2)"}, 1), HasSubstr("unexpected keyword argument 'strides'"));
  EXPECT_THAT(refusal({"share", "convscope:1.abcd"}, 1), HasSubstr("end of the text is missing"));
  EXPECT_THAT(refusal({"code", "convscope:7.abcd"}, 1), HasSubstr("newer ConvScope"));
  EXPECT_THAT(refusal({"export", "convscope:1.ab!d", "-o", "a.png"}, 1), HasSubstr("Character 15 of the text is !"));
  // Without a screen too it is the text that is wrong.
  EXPECT_THAT(refusal({"convscope:1.abcd"}, 1), HasSubstr("end of the text is missing"));
  EXPECT_THAT(refusal({"nn.Conv2d(3, 8)"}, 1), HasSubstr("'kernel_size'"));
  EXPECT_THAT(refusal({"picture (1).png"}, 1), HasSubstr("There is no file picture (1).png"));
}

}  // namespace
}  // namespace convscope
