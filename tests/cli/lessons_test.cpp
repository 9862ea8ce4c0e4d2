// Lessons on the command line: listed, checked with line and column, shown, exported.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Lessons : public testing_support::Program {
 protected:
  std::string page(const std::string& rest) {
    put("lesson.json", "{\"format\": \"convscope-lesson\", \"version\": 1, \"pages\": [\n  {" + rest + "}]}");
    return "lesson.json";
  }
};

TEST_F(Lessons, are_listed_in_both_languages_and_as_json) {
  EXPECT_THAT(success({"lessons"}), AllOf(HasSubstr("what_it_computes"), HasSubstr("What a convolution computes")));
  EXPECT_THAT(success({"lessons"}, {"LC_ALL=zh_CN.UTF-8"}), HasSubstr("卷积在算什么"));
  const nlohmann::json list = nlohmann::json::parse(success({"lessons", "--json"}));
  ASSERT_EQ(list.size(), 16u);
  for (const nlohmann::json& lesson : list) EXPECT_GE(lesson["pages"], 4) << lesson;
}

TEST_F(Lessons, check_says_where_a_lesson_is_wrong) {
  const std::string stride =
      R"("base": "tutorial_5_1", "play": [1, 9], "caption": "{kernel} fits {o} times across {n}.",
    "task": {"words": "Make Y 2x2.", "when": {"output_size": 2, "params": {"kernel_size": 3}},
             "done": "{formula}", "solution": {"params": {"stride": 2}}})";
  EXPECT_THAT(success({"check", page(stride)}), HasSubstr("good lesson"));
  EXPECT_THAT(refusal({"check", page(R"("base": "tutorial_5_1")")}, 1),
              AllOf(HasSubstr("Line 2, column 3 (pages[0])"), HasSubstr("caption")));
  EXPECT_THAT(refusal({"check", page(R"("base": "tutorial_5_1", "caption": "{outt}")")}, 1),
              AllOf(HasSubstr("Line 2, column 39 (pages[0].caption)"), HasSubstr("{outt}")));
  EXPECT_THAT(
      refusal({"check", page(R"("base": "tutorial_5_1", "caption": "x", "changes": {"params": {"stride": 0}})")}, 1),
      HasSubstr("pages[0]"));
  EXPECT_THAT(refusal({"check", page(R"("base": "tutorial_5_1", "caption": "x", "task": {"words": "w",
    "when": {"output_size": 2}, "solution": {"params": {"padding": 2}}})")},
                      1),
              HasSubstr("pages[0].task.solution"));
}

TEST_F(Lessons, options_that_do_not_fit_are_refused) {
  EXPECT_THAT(refusal({"screenshot", "--lesson", "im2cool", "-o", "x.png"}, 1), HasSubstr("im2col"));
  EXPECT_THAT(refusal({"screenshot", "--lesson", "im2col", "--page", "99", "-o", "x.png"}, 1), HasSubstr("99"));
  EXPECT_THAT(refusal({"screenshot", "rgb", "--page", "2", "-o", "x.png"}, 1), HasSubstr("--lesson"));
  EXPECT_THAT(refusal({"export", "rgb", "--lesson", "im2col", "-o", "x.gif"}, 1), HasSubstr("rgb"));
  EXPECT_THAT(refusal({"export", "--lesson", "im2col", "-o", "x.png"}, 1), HasSubstr("x.png"));
  EXPECT_THAT(refusal({"export", "--lesson", "im2col", "-o", "x.gif", "--steps", "1:2"}, 1), HasSubstr("--steps"));
  refusal({"export", "-o", "x.gif"}, 2);
  refusal({"screenshot", "-o", "x.png"}, 2);
  EXPECT_THAT(names(), testing::IsEmpty());
}

TEST_F(Lessons, a_page_is_a_step_of_the_web_page_and_its_words_stand_in_both_languages) {
  success({"export", "--lesson", "bias", "-o", "bias.html", "--size", "480x270", "--fps", "4", "--alt-text"});
  const std::string html = get("bias.html");
  EXPECT_THAT(html, AllOf(HasSubstr("It is no offset of the input"), HasSubstr("它不是“输入的偏移”")));
  EXPECT_THAT(get("bias.alt.txt"), AllOf(HasSubstr("The bias"), HasSubstr("= 29")));
}

TEST_F(Lessons, a_page_can_be_seen_without_a_screen) {
  success({"screenshot", "--lesson", "output_size", "--page", "3", "-o", "page.png", "--size", "1280x720"});
  EXPECT_THAT(success({"screenshot", "--lesson", "output_size", "--page", "3", "--list-widgets"}),
              HasSubstr("lesson.page.3 "));
}

}  // namespace
}  // namespace convscope
