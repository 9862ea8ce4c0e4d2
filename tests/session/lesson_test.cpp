// The lesson document: what is read, what is refused and where, what makes a task done, and leaving without loss.
#include "app/session/lesson.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "app/session/lesson_player.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

using testing::HasSubstr;

std::string file(const std::string& pages) {
  return "{\n  \"format\": \"convscope-lesson\",\n  \"version\": 1,\n  \"title\": \"t\",\n  \"pages\": [" + pages +
         "]\n}\n";
}

LessonPtr good(const std::string& pages) {
  LessonReading reading = read_lesson(file(pages));
  EXPECT_NE(reading.lesson, nullptr) << describe(Language::en, as_error(Language::en, reading.problem));
  return reading.lesson;
}

std::string refused(const std::string& text) {
  const LessonReading reading = read_lesson(text);
  EXPECT_EQ(reading.lesson, nullptr) << text;
  return describe(Language::en, as_error(Language::en, reading.problem));
}

TEST(Lesson, a_page_is_its_base_with_changes_and_the_next_one_goes_on_from_it) {
  const LessonPtr lesson = good(R"({"base": "tutorial_5_1", "changes": {"params": {"stride": 2}}, "caption": "a"},
                                   {"changes": {"params": {"padding": "same", "stride": 1}}, "lens": "im2col", "play": [2, 5],
                                    "caption": {"en": "b", "zh": "c"}, "pause": 0, "camera": {"zoom": 2, "center": [0.25, 1]}})");
  ASSERT_EQ(lesson->pages.size(), 2u);
  const LessonPage &first = lesson->pages[0], &second = lesson->pages[1];
  EXPECT_EQ(first.session.params.stride, (Pair{2, 2}));
  EXPECT_EQ(first.session.params.kernel_size, (Pair{3, 3}));
  EXPECT_EQ(first.caption.in(Language::zh), "a") << "one text stands for all languages";
  EXPECT_FALSE(first.pause_seconds.has_value());
  EXPECT_EQ(second.session.params.padding_kind, PaddingKind::same);
  EXPECT_EQ(second.session.lens, Lens::im2col);
  EXPECT_EQ(second.session.step, 2);
  EXPECT_EQ(second.play, (std::pair<int64_t, int64_t>{2, 5}));
  EXPECT_EQ(second.pause_seconds, 0.0);
  EXPECT_EQ(second.caption.in(Language::zh), "c");
  ASSERT_TRUE(second.camera.has_value());
  EXPECT_EQ(second.camera->center_x, 0.25);
}

TEST(Lesson, a_new_source_takes_the_place_of_the_old_one_with_its_values) {
  const LessonPtr lesson = good(R"({"base": "tutorial_5_1", "changes": {"weight": {"source": "named", "name": "ones"}},
                                    "caption": "a"})");
  const Session& session = lesson->pages[0].session;
  EXPECT_EQ(session.weight.kind, SourceKind::named);
  EXPECT_EQ(session.unknown_fields, "") << "the old values are gone, not kept as an unknown field";
}

TEST(Lesson, a_base_may_be_a_session_of_its_own) {
  const LessonPtr lesson =
      good(R"({"base": {"operation": "max_pool2d", "params": {"kernel_size": 2}}, "caption": "a"})");
  EXPECT_EQ(lesson->pages[0].session.operation, "max_pool2d");
  EXPECT_EQ(lesson->pages[0].session.params.stride, (Pair{2, 2}));
}

TEST(Lesson, errors_name_line_column_field_and_remedy) {
  EXPECT_THAT(refused("{\n  \"format\": }"), HasSubstr("Line 2, column 13"));
  EXPECT_THAT(refused(file("\n    {\"base\": \"tutorial_5_1\"}")),
              testing::AllOf(HasSubstr("Line 6, column 5 (pages[0])"), HasSubstr("\"pages[0].caption\" is missing")));
  EXPECT_THAT(refused(file("\n    {\"caption\": \"x\"}")), HasSubstr("pages[0].base"));
  EXPECT_THAT(refused(file("\n    {\"base\": \"tutorial_51\", \"caption\": \"x\"}")),
              testing::AllOf(HasSubstr("Line 6, column 14"), HasSubstr("tutorial_5_1")));
  EXPECT_THAT(
      refused(file("\n{\"base\": \"rgb\", \"caption\": \"x\", \"changes\": {\"params\": {\"stride\": \"2\"}}}")),
      testing::AllOf(HasSubstr("Line 6, column 44 (pages[0].changes)"), HasSubstr("params.stride")));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": 7})")), HasSubstr("\"pages[0].caption\" must be a text"));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": ""})")), HasSubstr("pages[0].caption"));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": ")" + std::string(2001, 'x') + "\"}")), HasSubstr("2000"));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": "x", "lens": "side"})")), HasSubstr("pages[0].lens"));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": "x", "play": [4, 2]})")), HasSubstr("pages[0].play"));
  EXPECT_THAT(refused(file(R"({"base": "rgb", "caption": "x", "pause": 61})")), HasSubstr("pages[0].pause"));
  EXPECT_THAT(refused(file("3")), HasSubstr("pages[0]"));
  EXPECT_THAT(refused(R"({"format": "convscope-lesson", "version": 1, "pages": {}})"), HasSubstr("pages"));
  EXPECT_THAT(refused(R"({"format": "convscope-session", "version": 1, "operation": "conv2d"})"),
              HasSubstr("convscope-lesson"));
}

TEST(Lesson, tasks_and_questions_are_checked_in_form) {
  const auto page = [](const std::string& rest) {
    return file(R"({"base": "tutorial_5_1", "caption": "x", )" + rest + "}");
  };
  EXPECT_THAT(refused(page(R"("task": {"words": "w"})")), HasSubstr("pages[0].task.when"));
  EXPECT_THAT(refused(page(R"("task": {"words": "w", "when": {}})")), HasSubstr("no condition"));
  EXPECT_THAT(refused(page(R"("task": {"words": "w", "when": {"output_sise": 4}})")),
              testing::AllOf(HasSubstr("output_sise"), HasSubstr("output_size")));
  EXPECT_THAT(refused(page(R"("task": {"words": "w", "when": {"output": [{"at": [0, 0], "value": 1}]}})")),
              HasSubstr("pages[0].task.when.output[0].at"));
  EXPECT_THAT(refused(page(R"("task": {"words": "w", "when": {"step": 2}, "solution": {"params": 1}})")),
              HasSubstr("pages[0].task.solution"));
  EXPECT_THAT(refused(page(R"("question": {"ask": "colour"})")), HasSubstr("next_window"));
  EXPECT_THAT(refused(page(R"("question": {"ask": "output_size"})")), HasSubstr("after"));
  EXPECT_THAT(refused(page(R"("task": {"words": "w", "when": {"step": 2}}, "question": {"ask": "cell"})")),
              HasSubstr("either a task or a question"));
}

TEST(Lesson, more_pages_than_the_limit_are_refused) {
  std::string pages = R"({"base": "tutorial_5_1", "caption": "x"})";
  for (size_t i = 1; i < kMostLessonPages; ++i) pages += R"(, {"caption": "x"})";
  EXPECT_EQ(good(pages)->pages.size(), kMostLessonPages);
  EXPECT_THAT(refused(file(pages + R"(, {"caption": "x"})")), HasSubstr("201"));
}

TEST(PlaceInJson, finds_values_within_lists_objects_and_strings_with_brackets) {
  const std::string text = "{\"a\": \"}]\\\"\",\n \"b\": [1, {\"c\": [[2], 3]},\n  \"\u4e2d\", 4]}";
  EXPECT_EQ(place_in_json(text, ""), (std::pair<size_t, size_t>{1, 1}));
  EXPECT_EQ(place_in_json(text, "b"), (std::pair<size_t, size_t>{2, 7}));
  EXPECT_EQ(place_in_json(text, "b[1].c[1]"), (std::pair<size_t, size_t>{2, 23}));
  EXPECT_EQ(place_in_json(text, "b[3]"), (std::pair<size_t, size_t>{3, 8})) << "characters, not bytes";
  EXPECT_EQ(place_in_json(text, "b[1].gone.further"), (std::pair<size_t, size_t>{2, 11}))
      << "the nearest thing around it";
}

class Goals : public testing::Test {
 protected:
  bool holds(const std::string& when, const Session& session) {
    const LessonPtr lesson =
        good(R"({"base": "tutorial_5_1", "caption": "x", "task": {"words": "w", "when": )" + when + "}}");
    if (!lesson) return false;
    TensorCache cache;
    const Result<ComputationPtr> numbers = compute(session, cache);
    EXPECT_TRUE(numbers.ok());
    return reaches(lesson->pages[0].task->goal, session, **numbers);
  }
  Session session_ = find_preset("tutorial_5_1")->session;
};

TEST_F(Goals, each_condition_holds_where_it_should_and_only_there) {
  Session strided = session_, padded = session_, biased = session_;
  strided.params.stride = {2, 2};
  padded.params.padding = {1, 1};
  biased.params.bias = true;
  biased.bias = {SourceKind::ones, {}, {}, nullptr};
  biased.lens = Lens::im2col;
  biased.step = 4;
  EXPECT_TRUE(holds(R"({"output_size": 3})", session_));
  EXPECT_FALSE(holds(R"({"output_size": [3, 2]})", session_));
  EXPECT_TRUE(holds(R"({"input_size": [5, 5]})", session_));
  EXPECT_TRUE(holds(R"({"keeps_size": true})", padded));
  EXPECT_FALSE(holds(R"({"keeps_size": true})", session_));
  EXPECT_TRUE(holds(R"({"uses_all": true})", strided));
  strided.input_shape = {1, 1, 6, 6};
  EXPECT_FALSE(holds(R"({"uses_all": true})", strided));
  EXPECT_TRUE(holds(R"({"params": {"stride": 2, "kernel_size": [3, 3]}})", strided));
  EXPECT_FALSE(holds(R"({"params": {"stride": 2}})", session_));
  EXPECT_FALSE(holds(R"({"params": {"no_such": 2}})", session_));
  EXPECT_TRUE(holds(R"({"operation": "conv2d"})", session_));
  EXPECT_FALSE(holds(R"({"operation": "max_pool2d"})", session_));
  EXPECT_TRUE(holds(R"({"lens": "im2col", "step": 4})", biased));
  EXPECT_FALSE(holds(R"({"lens": "im2col", "step": 5})", biased));
  EXPECT_TRUE(holds(R"({"parameters": 10})", biased));
  EXPECT_FALSE(holds(R"({"parameters": 10})", session_));
  // 0 1 2 / 5 6 7 / 10 11 12 times 1 0 -1 in each row: three times -2.
  EXPECT_TRUE(holds(R"({"output": [{"at": [0, 0, 0, 0], "value": -6}]})", session_));
  EXPECT_FALSE(holds(R"({"output": [{"at": [0, 0, 0, 0], "value": -5}]})", session_));
  EXPECT_FALSE(holds(R"({"output": [{"at": [0, 0, 9, 0], "value": -6}]})", session_));
}

TEST_F(Goals, one_axis_has_a_width_and_no_height) {
  const Session sequence = find_preset("conv1d_basics")->session;
  TensorCache cache;
  const Result<ComputationPtr> numbers = compute(sequence, cache);
  ASSERT_TRUE(numbers.ok());
  const std::string length = std::to_string((*numbers)->plan.out().w),
                    other = std::to_string((*numbers)->plan.out().w + 1);
  EXPECT_TRUE(holds(R"({"output_size": )" + length + "}", sequence));
  EXPECT_FALSE(holds(R"({"output_size": )" + other + "}", sequence));
  EXPECT_TRUE(holds(R"({"params": {"stride": )" + std::to_string(sequence.params.stride.w) + "}}", sequence));
  EXPECT_FALSE(holds(R"({"params": {"stride": 7}})", sequence));
}

TEST(BuiltInLessons, every_file_opens_and_speaks_both_languages) {
  std::set<std::string> names;
  for (const LessonPtr& lesson : lessons()) {
    EXPECT_TRUE(names.insert(lesson->name).second) << lesson->name;
    EXPECT_TRUE(lesson->title.in_all_languages() && lesson->about.in_all_languages()) << lesson->name;
    EXPECT_GE(lesson->pages.size(), 4u) << lesson->name;
    EXPECT_LE(lesson->pages.size(), 8u) << lesson->name;
    bool asks = false;
    for (const LessonPage& page : lesson->pages) {
      EXPECT_TRUE(page.caption.in_all_languages()) << lesson->name;
      EXPECT_EQ(page.session.unknown_fields, "") << lesson->name << " has a mistyped field";
      asks = asks || page.task || page.question;
      if (page.task) {
        EXPECT_TRUE(page.task->words.in_all_languages() && page.task->done.in_all_languages()) << lesson->name;
        EXPECT_TRUE(page.task->hint.empty() || page.task->hint.in_all_languages()) << lesson->name;
        EXPECT_TRUE(page.task->solution.has_value()) << lesson->name;
      }
    }
    EXPECT_TRUE(asks) << lesson->name << " has nothing to try";
    EXPECT_EQ(find_lesson(lesson->name), lesson);
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CONVSCOPE_SOURCE_DIR "/assets/lessons")) {
    if (entry.path().filename() != "lesson.schema.json") ++files;
  }
  EXPECT_EQ(names.size(), files) << "a file does not open";
  EXPECT_EQ(nearest_lesson("im2cool"), "im2col");
}

TEST(LessonPlayer, leaving_gives_the_session_back_with_its_undo_steps) {
  Workbench workbench(find_preset("tutorial_5_2")->session);
  workbench.apply({"edit.stride", "", [](Session& session) { session.params.stride = {1, 1}; }});
  const Session before = workbench.session();
  LessonPlayer player;
  player.start(find_lesson("parameters"), workbench);
  ASSERT_TRUE(player.running());
  EXPECT_FALSE(workbench.can_undo()) << "undo ends where the page begins";
  player.turn(workbench, 1);
  EXPECT_FALSE(player.update(workbench));
  EXPECT_FALSE(player.done());
  workbench.apply({"edit.kernel_size", "", [](Session& session) { session.params.kernel_size = {4, 4}; }});
  EXPECT_FALSE(player.update(workbench)) << "another kernel than the one asked for";
  EXPECT_TRUE(workbench.can_undo());
  workbench.apply({"edit.kernel_size", "", [](Session& session) { session.params.kernel_size = {2, 2}; }});
  EXPECT_TRUE(player.update(workbench));
  EXPECT_FALSE(player.update(workbench)) << "told once";
  EXPECT_TRUE(player.done());
  const Session last = workbench.session();
  player.leave(workbench);
  EXPECT_FALSE(player.running());
  EXPECT_TRUE(workbench.session() == before);
  EXPECT_EQ(workbench.undo_name_key(), "edit.lesson");
  workbench.undo();
  EXPECT_TRUE(workbench.session() == last) << "what was tried in the lesson is not lost";
  workbench.redo();
  EXPECT_TRUE(workbench.session() == before);
  workbench.undo();
  workbench.undo();
  EXPECT_EQ(workbench.session().params.stride, (Pair{2, 2})) << "the edits from before can be undone";
}

TEST(LessonPlayer, language_theme_and_speed_stay_the_readers) {
  Workbench workbench(find_preset("tutorial_5_2")->session);
  LessonPlayer player;
  player.start(find_lesson("bias"), workbench);
  workbench.apply_view([](Session& session) {
    session.language = Language::zh;
    session.theme = ThemeId::dark;
    session.steps_per_second = 8;
  });
  player.turn(workbench, 1);
  EXPECT_EQ(workbench.session().language, Language::zh);
  player.leave(workbench);
  EXPECT_EQ(workbench.session().language, Language::zh);
  EXPECT_EQ(workbench.session().theme, ThemeId::dark);
  EXPECT_EQ(workbench.session().steps_per_second, 8);
}

TEST(Lesson, paths_from_the_folder_it_lies_in_stay_what_they_are_from_page_to_page) {
  const LessonReading reading = read_lesson(
      file(R"({"base": "tutorial_5_1", "changes": {"input": {"source": "npy", "path": "x.npy"}}, "caption": "a"},
                          {"caption": "b"}, {"caption": "c"})"),
      "some/folder");
  ASSERT_NE(reading.lesson, nullptr) << describe(Language::en, as_error(Language::en, reading.problem));
  const std::string whole = std::filesystem::absolute("some/folder/x.npy").string();
  for (const LessonPage& page : reading.lesson->pages) EXPECT_EQ(page.session.input.path, whole);
}

class LessonFiles : public testing_support::TemporaryFolder {};

TEST_F(LessonFiles, open_by_name_or_path_or_say_why_not) {
  put("mine.json", file(R"({"base": "rgb", "caption": "x"})"));
  const Result<LessonPtr> mine = open_lesson(path("mine.json"), Language::en);
  ASSERT_TRUE(mine.ok());
  EXPECT_EQ((*mine)->name, "mine");
  EXPECT_TRUE(is_lesson_file(path("mine.json")));
  put("empty.json", file(""));
  EXPECT_EQ(open_lesson(path("empty.json"), Language::en).error().code, "error.lesson_empty");
  EXPECT_EQ(open_lesson("im2cool", Language::en).error().code, "error.unknown_lesson");
  EXPECT_EQ(open_lesson("no/such.json", Language::en).error().code, "error.file_not_found");
  put("session.json", session_to_json(Session()));
  EXPECT_FALSE(is_lesson_file(path("session.json")));
}

}  // namespace
}  // namespace convscope
