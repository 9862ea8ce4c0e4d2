// Lessons in the real interface: every one played to its end by action scripts in both languages, its tasks failed and
// then solved as a user would, its questions answered wrongly and rightly; leaving, opening, predicting.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "app/scene/prediction.h"
#include "app/session/session_json.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

std::string pair(Pair value) { return "(" + std::to_string(value.h) + ", " + std::to_string(value.w) + ")"; }

/// The layer of a session as a call to be typed.
std::string call(const Session& session) {
  const ConvParams& p = session.params;
  const std::string padding = p.padding_kind == PaddingKind::same    ? "'same'"
                              : p.padding_kind == PaddingKind::valid ? "'valid'"
                                                                     : pair(p.padding);
  const std::string common =
      "kernel_size=" + pair(p.kernel_size) + ", stride=" + pair(p.stride) + ", padding=" + padding;
  if (session.operation == "max_pool2d") {
    return "MaxPool2d(" + common + ", ceil_mode=" + (session.more.ceil_mode ? "True" : "False") + ")";
  }
  const std::string channels = std::to_string(p.in_channels) + ", " + std::to_string(p.out_channels) + ", ";
  const std::string rest = ", dilation=" + pair(p.dilation) + ", groups=" + std::to_string(p.groups) +
                           ", bias=" + (p.bias ? "True" : "False");
  if (session.operation == "conv_transpose2d") {
    return "ConvTranspose2d(" + channels + common + ", output_padding=" + pair(session.more.output_padding) + rest +
           ")";
  }
  return "Conv2d(" + channels + common + rest + ", padding_mode='" + name_of(p.padding_mode) + "')";
}

class LessonWindow : public DrivenWindow {
 protected:
  const LessonPlayer& player() { return window().lesson().player(); }
  void type_call(const std::string& text) { play("click constructor\nkey ctrl+a\ntype " + text + "\nkey enter"); }
  void choose_lens(Lens lens) {
    const std::string name = std::string("lens.") + name_of(lens);
    play(widget(name) ? "click " + name : "click lens\nclick " + name);
  }

  void fail_task(const LessonPage& page) {
    const Session& now = session();
    const Session& solution = *page.task->solution;
    if (solution.lens != now.lens) {
      choose_lens(Lens::im2col);
    } else if (solution.step != now.step) {
      play("key right");
    } else if (!(solution.weight == now.weight)) {
      play("click kernel.named\nclick kernel.named.box");
    } else {
      Session wrong = now;
      wrong.params.kernel_size = {1, 1};
      wrong.params.stride = {4, 4};
      type_call(call(wrong));
    }
  }

  void solve_task(const LessonPage& page) {
    const Session solution = *page.task->solution;
    if (solution.lens != page.session.lens) return choose_lens(solution.lens);
    if (solution.step != page.session.step) {
      const OutputCell cell = cell_of_step(plan(), solution.step - 1);
      return play("click output[" + std::to_string(cell.n) + "," + std::to_string(cell.c) + "," +
                  std::to_string(cell.y) + "," + std::to_string(cell.x) + "]");
    }
    if (!(solution.weight == page.session.weight)) {
      return play("click kernel.named\nclick kernel.named." + solution.weight.name);
    }
    type_call(call(solution));
  }

  void answer(const LessonPage& page, bool rightly) {
    const Prediction asked{page.question->kind, page.question->step - 1, page.question->after};
    const ComputationPtr numbers = window().workbench().computation();
    std::array<double, 2> values{};
    if (asked.after) {
      const Pair out = validate(*asked.after, asked.after->input_shape)->out();
      values = {static_cast<double>(out.h), static_cast<double>(out.w)};
    } else if (asked.kind == QuestionKind::next_window) {
      const Pair origin = window_origin(plan(), cell_of_step(plan(), asked.step));
      values = {static_cast<double>(origin.h), static_cast<double>(origin.w)};
    } else {
      const OutputCell cell = cell_of_step(plan(), asked.step);
      values[0] = numbers->tensors.output.at(step_of_cell(plan(), cell));
    }
    ASSERT_TRUE(judge(Language::en, asked, *numbers, values)->right);
    if (!rightly) values[0] += 1;
    char text[64];
    if (answer_count(asked.kind) == 1) {
      std::snprintf(text, sizeof text, "%.2f", values[0]);
      play(std::string("expect predict.question\nclick predict.value\ntype ") + text + "\nkey enter");
    } else {
      std::snprintf(text, sizeof text, "click predict.first\ntype %.0f\nclick predict.second\ntype %.0f", values[0],
                    values[1]);
      play(std::string(text) + "\nclick predict.check");
    }
    play(rightly ? "expect predict.is_right" : "expect predict.is_wrong");
    EXPECT_TRUE(player().done());
    play(page.question->done.empty() ? "expect no lesson.done" : "expect lesson.done");
    if (asked.after) {
      EXPECT_TRUE(session().params == asked.after->params) << "answering leads there";
    } else {
      EXPECT_EQ(step(), page.question->step) << "now the step is shown";
    }
  }

  void play_to_the_end(const LessonPtr& lesson, Language language) {
    Session start = find_preset("tutorial_5_2")->session;
    start.title = "tutorial_5_2";
    start.language = language;
    start.steps_per_second = 30;
    open(start, 1280, 900);
    const Session before = session();
    play("click toolbar.lessons\nclick lesson." + lesson->name);
    for (size_t i = 0; i < lesson->pages.size(); ++i) {
      SCOPED_TRACE(lesson->name + " page " + std::to_string(i + 1) + " in " + name_of(language));
      ASSERT_TRUE(player().running());
      ASSERT_EQ(player().page_index(), i);
      play("expect lesson.page." + std::to_string(i + 1) + "\nexpect lesson.caption\nwait 1");
      const LessonPage& page = lesson->pages[i];
      EXPECT_FALSE(window().playback().playing() && !page.play);
      if (page.task) {
        play("expect lesson.task\nexpect no lesson.done");
        if (!page.task->hint.empty()) play("click lesson.hint\nexpect no lesson.hint");
        fail_task(page);
        play("expect lesson.task\nexpect no lesson.done\nclick lesson.restore\nwait frames 4");
        solve_task(page);
        play("expect lesson.done\nexpect no lesson.task");
      }
      if (page.question) answer(page, language == Language::en);
      if (HasFatalFailure()) return;
      play("click lesson.next");
    }
    EXPECT_FALSE(player().running());
    play("expect no lesson");
    EXPECT_TRUE(session() == before);
  }
};

class EveryLesson : public LessonWindow, public testing::WithParamInterface<std::string> {};

TEST_P(EveryLesson, is_played_to_its_end_in_both_languages) {
  const LessonPtr lesson = find_lesson(GetParam());
  ASSERT_NE(lesson, nullptr);
  for (const Language language : {Language::en, Language::zh}) play_to_the_end(lesson, language);
}

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const LessonPtr& lesson : lessons()) list.push_back(lesson->name);
  return list;
}
INSTANTIATE_TEST_SUITE_P(Lessons, EveryLesson, testing::ValuesIn(names()),
                         [](const testing::TestParamInfo<std::string>& lesson) { return lesson.param; });

TEST_F(LessonWindow, pages_turn_by_keys_and_the_card_leaves_the_picture_free) {
  open("tutorial_5_2");
  window().open_lesson("output_size");
  play(
      "expect lesson.page.1\nkey page_down\nexpect lesson.page.2\nkey ctrl+right\nexpect lesson.page.3\nkey ctrl+left\n"
      "expect lesson.page.2\nkey page_up\nexpect lesson.page.1\nkey page_up\nexpect lesson.page.1");
  const WidgetRect* card = widget("lesson");
  const WidgetRect* picture = widget("picture");
  ASSERT_TRUE(card && picture);
  EXPECT_LE(card->y1, picture->y0);
  EXPECT_GT(picture->y1 - picture->y0, 300);
}

TEST_F(LessonWindow, another_file_ends_the_lesson_and_undo_leads_back_to_the_session_from_before) {
  open("tutorial_5_2");
  const ConvParams before = session().params;
  window().open_lesson("parameters");
  window().open("rgb");
  play("expect no lesson");
  EXPECT_FALSE(player().running());
  EXPECT_EQ(session().title, "rgb");
  play("key ctrl+z");
  EXPECT_EQ(session().params, before);
}

TEST_F(LessonWindow, what_is_kept_for_the_next_start_is_the_session_from_before) {
  const TemporaryFolder folder;
  Session start = find_preset("padding_strides")->session;
  start.title = "padding_strides";
  open(start, 1280, 720, 1, folder.path());
  window().settings().project_path = folder.file("mine.convscope");
  window().open_lesson("bias");
  EXPECT_EQ(window().settings().project_path, "") << "saving must not write the lesson over the project";
  window().save_state();
  const Result<Session> kept = load_session(folder.file("session.json"));
  ASSERT_TRUE(kept.ok()) << describe(Language::en, kept.error());
  EXPECT_EQ(kept->title, "padding_strides");
  play("click lesson.leave");
  EXPECT_EQ(window().settings().project_path, folder.file("mine.convscope"));
}

TEST_F(LessonWindow, the_palette_opens_lessons_and_presenting_keeps_the_card) {
  open("tutorial_5_2");
  play(
      "key ctrl+k\ntype Padding modes\nclick palette.lesson.padding_modes\nexpect lesson.page.1\nkey f5\nexpect "
      "presenter\nexpect lesson.caption\n"
      "key page_down\nexpect lesson.page.2\nkey escape\nexpect no presenter\nclick lesson.leave\nkey page_down\nexpect "
      "step 2");
}

TEST_F(LessonWindow, a_lesson_that_is_no_good_says_so_and_changes_nothing) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("bad.json"))
      << R"({"format": "convscope-lesson", "version": 1, "pages": [{"caption": "x"}]})";
  open("tutorial_5_2");
  window().open(folder.file("bad.json"));
  off_->settle();
  EXPECT_FALSE(player().running());
  EXPECT_THAT(window().notice().text, testing::HasSubstr("pages[0]"));
  EXPECT_TRUE(window().notice().is_error);
}

TEST_F(LessonWindow, predicting_asks_before_each_step_and_counts) {
  open("no_padding_no_strides", 1280, 900);
  play("click timeline.predict\nexpect predict.question\nexpect predict.score");
  const double second = window().workbench().computation()->tensors.output.at(1);
  play("click predict.value\ntype x\nclick predict.check\nexpect predict.not_a_number");
  EXPECT_EQ(step(), 1) << "nothing is shown before there is an answer";
  char text[64];
  std::snprintf(text, sizeof text, "click predict.value\nkey ctrl+a\ntype %.1f\nkey enter", second);
  play(std::string(text) + "\nexpect predict.is_right");
  EXPECT_EQ(step(), 2);
  play("click predict.next\nclick predict.value\ntype 999\nkey enter\nexpect predict.is_wrong");
  EXPECT_EQ(step(), 3);
  // The window after the third of a 2x2 output: row 1, column 1.
  play(
      "click predict.kind.next_window\nclick predict.first\ntype 1\nclick predict.second\ntype 1\nclick predict.check\n"
      "expect predict.is_right");
  EXPECT_EQ(step(), 4);
  play("click predict.next\nexpect predict.again\nclick predict.again\nexpect predict.question");
  const ConvParams before = session().params;
  play(
      "click predict.kind.output_size\nclick predict.first\ntype 99\nclick predict.second\ntype 99\nclick "
      "predict.check\n"
      "expect predict.is_wrong\nclick predict.next\nexpect predict.check");
  EXPECT_EQ(session().params, before) << "practice changes nothing";
  play("click predict.close\nexpect no predict.question");
}

TEST_F(LessonWindow, the_export_dialog_offers_all_pages_of_the_lesson_that_is_open) {
  const TemporaryFolder folder;
  open("tutorial_5_2", 1280, 900);
  play("key ctrl+e\nexpect export.format\nexpect no export.lesson\nclick export.cancel");
  window().open_lesson("bias");
  play(
      "key ctrl+e\nclick export.lesson\nwait idle\nwait frames 5\nexpect export.forecast\nclick export.target\nkey "
      "ctrl+a\ntype " +
      folder.file("bias.html") + "\nclick export.ok\nwait idle\nexpect export.done\nclick export.cancel");
  std::ifstream file(folder.file("bias.html"));
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(page, testing::HasSubstr("It is no offset of the input"));
  EXPECT_TRUE(player().running());
}

TEST_F(LessonWindow, in_a_lens_without_such_steps_the_card_says_what_to_do) {
  open("gradient_basics");
  play("click timeline.predict\nexpect predict.not_here\nexpect no predict.check");
}

TEST_F(LessonWindow, a_narrow_window_scrolls_the_card_and_keeps_the_picture) {
  open("tutorial_5_2", 560, 640);
  window().open_lesson("set_right");
  play("expect lesson.next\nexpect picture\nclick lesson.next\nexpect lesson.page.2");
}

}  // namespace
}  // namespace convscope
