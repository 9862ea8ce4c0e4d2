// A lesson as a film: every page is in it, with its words filled in, for as long as reading takes.
#include "app/export/lesson_reel.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "app/session/presets.h"

namespace convscope {
namespace {

std::shared_ptr<const LessonReel> reel_of(const std::string& name) {
  const auto reel = lesson_reel(*find_lesson(name));
  EXPECT_TRUE(reel.ok()) << name;
  return reel.ok() ? *reel : nullptr;
}

ExportSettings settings_of(const std::string& lesson, const std::string& target) {
  ExportSettings settings;
  settings.target = target;
  settings.lesson = reel_of(lesson);
  return settings;
}

TEST(LessonReel, every_lesson_has_all_its_pages_and_no_unfilled_words) {
  for (const LessonPtr& lesson : lessons()) {
    const auto reel = reel_of(lesson->name);
    ASSERT_NE(reel, nullptr);
    std::set<size_t> pages;
    for (const LessonScene& scene : reel->scenes) {
      pages.insert(scene.page);
      EXPECT_GT(scene.pause_seconds, 0);
      for (const std::string& words : scene.words) {
        EXPECT_NE(words, "") << lesson->name << " " << scene.page;
        EXPECT_EQ(words.find('{'), std::string::npos) << lesson->name << ": " << words;
      }
    }
    EXPECT_EQ(pages.size(), lesson->pages.size()) << lesson->name;
  }
}

TEST(LessonReel, frames_follow_pages_steps_and_pauses) {
  ExportSettings settings = settings_of("sliding", "x.gif");
  settings.fps = 10;
  settings.step_seconds = 0.5;
  const auto plan = plan_lesson(settings);
  ASSERT_TRUE(plan.ok());
  const LessonScene& first = settings.lesson->scenes[0];  // plays 1 to 9
  const ClipClock clock = clock_of(first, settings);
  EXPECT_EQ(clock.moving_frames, 8 * 5) << "the first step stands there from the beginning";
  EXPECT_EQ(clock.moment(0).step, 1);
  EXPECT_EQ(clock.moment(clock.frames() - 1).step, 8);
  int64_t frames = 0;
  for (const LessonScene& scene : settings.lesson->scenes) frames += clock_of(scene, settings).frames();
  EXPECT_EQ(plan->clock.frames(), frames);
  EXPECT_EQ(static_cast<int64_t>(plan->chosen.size()), frames);
  EXPECT_TRUE(std::is_sorted(plan->chosen.begin(), plan->chosen.end()));
}

TEST(LessonReel, a_page_of_two_shows_both_under_one_timeline) {
  Lesson lesson = *find_lesson("sliding");
  lesson.pages.resize(1);
  lesson.pages[0].session = find_preset("compare_strides")->session;
  lesson.pages[0].play = {{1, 25}};
  lesson.pages[0].task.reset();
  lesson.pages[0].question.reset();
  const auto reel = lesson_reel(lesson);
  ASSERT_TRUE(reel.ok()) << reel.error().code;
  ASSERT_NE((*reel)->scenes[0].beside, nullptr);
  EXPECT_EQ((*reel)->scenes[0].last_step, 24) << "of the longer one";
  ExportSettings settings;
  settings.target = "x.gif";
  settings.lesson = *reel;
  const auto plan = plan_lesson(settings);
  ASSERT_TRUE(plan.ok());
  auto fonts = FontStack::open();
  ASSERT_TRUE(fonts.ok());
  Scene scene;
  build_lesson_frame(**reel, settings, *plan, **fonts, plan->clock.frames() - 1, scene);
  const std::string text = to_text(scene);
  EXPECT_NE(text.find("\"stride=1\""), std::string::npos);
  EXPECT_NE(text.find("\"stride=2\""), std::string::npos);
}

TEST(LessonReel, a_question_is_shown_before_its_answer) {
  const auto reel = reel_of("what_it_computes");
  const auto asked =
      std::find_if(reel->scenes.begin(), reel->scenes.end(), [](const LessonScene& s) { return s.page == 2; });
  ASSERT_NE(asked, reel->scenes.end());
  EXPECT_EQ(asked->last_step, 1);
  const LessonScene& answered = *(asked + 1);
  EXPECT_EQ(answered.page, 2u);
  EXPECT_TRUE(answered.glides_in);
  EXPECT_EQ(answered.last_step, 2);
  ExportSettings settings = settings_of("what_it_computes", "x.gif");
  EXPECT_EQ(clock_of(answered, settings).moment(0).step, 2);
}

TEST(LessonReel, the_words_lie_under_a_picture_that_is_whole) {
  struct Square : TextMeasure {
    float width(std::string_view text, Face, float size) const override {
      return static_cast<float>(text.size()) * size * 0.5f;
    }
  } measure;
  ExportSettings settings = settings_of("channels", "x.gif");
  const auto plan = plan_lesson(settings);
  ASSERT_TRUE(plan.ok());
  Scene scene;
  build_lesson_frame(*settings.lesson, settings, *plan, measure, 0, scene);
  EXPECT_EQ(scene.height, 540);
  float line = 0;
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::line && mark.box.x0 == 0 && mark.box.x1 == scene.width) line = mark.box.y0;
  }
  ASSERT_GT(line, 270) << "the picture keeps more than half";
  for (const Mark& mark : scene.marks) {
    if (mark.ref >= 0) EXPECT_LE(mark.box.y1, line + 0.5f) << "no cell under the words";
    EXPECT_LE(mark.box.y1, 541) << scene.text_of(mark);
  }
}

TEST(LessonReel, stills_are_refused_and_pdf_has_a_page_for_each_scene) {
  EXPECT_EQ(plan_lesson(settings_of("bias", "x.png")).error().code, "error.lesson_still");
  const ExportSettings pdf = settings_of("bias", "x.pdf");
  const auto plan = plan_lesson(pdf);
  if (!plan.ok()) GTEST_SKIP() << "a build without PDF";
  EXPECT_EQ(plan->clock.frames(), static_cast<int64_t>(pdf.lesson->scenes.size()));
}

}  // namespace
}  // namespace convscope
