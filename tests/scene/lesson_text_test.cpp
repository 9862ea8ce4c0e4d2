// Words of lessons filled in by the engine, questions judged by it, and every built-in lesson checked as a whole.
#include "app/scene/lesson_text.h"

#include <gmock/gmock.h>

#include "app/scene/prediction.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

using testing::HasSubstr;

ComputationPtr numbers_of(const Session& session) {
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  EXPECT_TRUE(done.ok());
  return done.ok() ? *done : nullptr;
}

std::string filled(const std::string& text, const char* preset = "no_padding_no_strides") {
  return lesson_text(text, *numbers_of(find_preset(preset)->session), Lens::sliding);
}

TEST(LessonText, takes_sizes_shapes_and_counts_from_the_plan) {
  EXPECT_EQ(filled("{in} {kernel} {out} {x.shape} {w.shape} {y.shape}"),
            "4×4 3×3 2×2 (1, 1, 4, 4) (1, 1, 3, 3) (1, 1, 2, 2)");
  EXPECT_EQ(filled("{n} {k} {s} {p} {d} {o} {span} {left_over}"), "4 3 1 0 1 2 3 0");
  EXPECT_EQ(
      filled("{weights} {biases} {parameters} {slices} {taps} {positions} {cells} {macs}", "two_to_three_channels"),
      "24 0 24 6 8 9 27 216");
  EXPECT_EQ(filled("{im2col.shape} {toeplitz.shape}", "tutorial_5_1"), "9×9 9×25");
  EXPECT_THAT(filled("{formula}"), HasSubstr("= 2"));
}

TEST(LessonText, computes_with_whole_numbers_and_rounds_division_down) {
  EXPECT_EQ(filled("{=n*n} {=(n+2*p-span)/s+1} {=2 + 3*4} {=(2+3)*4} {=7/2} {=(0-7)/2}"), "16 2 14 20 3 -4");
  for (const char* wrong : {"{=}", "{=n+}", "{=1/0}", "{=n*q}", "{=(n}", "{=n)}", "{=9223372036854775807+1}"})
    EXPECT_EQ(filled(wrong), wrong);
}

TEST(LessonText, takes_cells_and_sums_from_the_tensors) {
  // 0 2 4 1 / 3 1 4 2 / 2 1 0 4 / 2 2 2 2 with 0 1 2 / 2 2 0 / 0 1 2
  EXPECT_EQ(filled("{x[0,0,0,1]} {w[0, 0, 1, 0]} {y[0,0,0,0]}"), "2 2 19");
  EXPECT_EQ(filled("{terms[0,0,0,0]}"), "0·0 + 2·1 + 4·2 + 3·2 + 1·2 + 4·0 + 2·0 + 1·1 + 0·2 = 19");
  EXPECT_EQ(filled("{nonzero_terms[0,0,0,0]}"), "2·1 + 4·2 + 3·2 + 1·2 + 1·1 + 0·2 = 19");
  EXPECT_THAT(filled("{terms[0,0,0,0]}", "tutorial_7_2"), HasSubstr("…"));
  EXPECT_EQ(filled("{y[0,0,9,0]} {b[0]} {nothing}"), "{y[0,0,9,0]} {b[0]} {nothing}") << "what has no value stays";
  EXPECT_EQ(filled("{", "tutorial_5_1"), "{");
}

TEST(LessonText, shows_how_a_padding_mode_continues_a_row) {
  Session session = find_preset("padding_modes")->session;
  auto values = std::make_shared<std::vector<double>>();
  for (int i = 1; i <= 16; ++i) values->push_back(i);
  session.input = {SourceKind::values, {}, {}, values};
  const auto row = [&](PaddingMode mode) {
    session.params.padding_mode = mode;
    return lesson_text("{padded_row[0,0]}", *numbers_of(session), Lens::sliding);
  };
  EXPECT_EQ(row(PaddingMode::zeros), "0 0 | 1 2 3 4 | 0 0");
  EXPECT_EQ(row(PaddingMode::reflect), "3 2 | 1 2 3 4 | 3 2");
  EXPECT_EQ(row(PaddingMode::replicate), "1 1 | 1 2 3 4 | 4 4");
  EXPECT_EQ(row(PaddingMode::circular), "3 4 | 1 2 3 4 | 1 2");
}

TEST(LessonText, numbers_are_short) {
  EXPECT_EQ(short_number(6), "6");
  EXPECT_EQ(short_number(-0.69332), "-0.6933");
  EXPECT_EQ(short_number(1.5), "1.5");
  EXPECT_EQ(short_number(-0.00001), "0");
}

TEST(CheckLesson, every_built_in_lesson_is_computable_true_and_solvable) {
  for (const LessonPtr& lesson : lessons()) {
    const std::optional<LessonProblem> problem = check_lesson(*lesson);
    EXPECT_FALSE(problem.has_value()) << lesson->name << " " << problem->path << ": "
                                      << describe(Language::en, problem->error);
  }
}

std::string problem_of(const std::string& page) {
  const LessonReading reading =
      read_lesson(R"({"format": "convscope-lesson", "version": 1, "pages": [{"base": "tutorial_5_1", )" + page + "}]}");
  EXPECT_NE(reading.lesson, nullptr) << describe(Language::en, as_error(Language::en, reading.problem));
  if (!reading.lesson) return {};
  const std::optional<LessonProblem> problem = check_lesson(*reading.lesson);
  return problem ? problem->path + ": " + problem->error.code : "";
}

TEST(CheckLesson, finds_what_form_alone_does_not_show) {
  EXPECT_EQ(problem_of(R"("caption": "{out} {y[0,0,2,2]}")"), "");
  EXPECT_EQ(problem_of(R"("caption": "{out} {y[0,0,3,3]}")"), "pages[0].caption: error.lesson_placeholder");
  EXPECT_EQ(problem_of(R"("caption": "x", "changes": {"params": {"stride": 0}})"),
            "pages[0]: error.stride_not_positive");
  EXPECT_EQ(problem_of(R"("caption": "x", "play": [1, 10])"), "pages[0].play: error.step_outside");
  EXPECT_EQ(problem_of(R"("caption": "x", "task": {"words": "w", "when": {"output_size": 3}})"),
            "pages[0].task: error.lesson_goal_at_once");
  EXPECT_EQ(
      problem_of(
          R"("caption": "x", "task": {"words": "w", "when": {"output_size": 2}, "solution": {"params": {"padding": 1}}})"),
      "pages[0].task.solution: error.lesson_solution");
  EXPECT_EQ(problem_of(R"("caption": "x", "question": {"ask": "cell", "step": 10})"),
            "pages[0].question: error.step_outside");
  EXPECT_EQ(problem_of(R"("caption": "x", "lens": "gradient", "question": {"ask": "cell"})"),
            "pages[0].question: error.lesson_question");
}

TEST(Prediction, a_cell_is_right_as_far_as_two_decimals_and_the_reason_is_its_arithmetic) {
  const ComputationPtr numbers = numbers_of(find_preset("no_padding_no_strides")->session);
  const Prediction asked{QuestionKind::cell, 0, std::nullopt};
  EXPECT_THAT(question_words(Language::en, asked, *numbers), HasSubstr("Y[0, 0, 0, 0]"));
  EXPECT_TRUE(judge(Language::en, asked, *numbers, {19, 0})->right);
  const Result<Verdict> wrong = judge(Language::en, asked, *numbers, {18, 0});
  EXPECT_FALSE(wrong->right);
  EXPECT_EQ(wrong->reason, "Y[0, 0, 0, 0] = 2·1 + 4·2 + 3·2 + 1·2 + 1·1 + 0·2 = 19");
  const ComputationPtr decimals = numbers_of(find_preset("tutorial_3_2")->session);
  EXPECT_TRUE(judge(Language::en, asked, *decimals, {1.56, 0})->right);
  EXPECT_FALSE(judge(Language::en, asked, *decimals, {1.57, 0})->right);
}

TEST(Prediction, the_next_window_moves_by_the_stride_and_returns_at_a_rows_end) {
  const ComputationPtr numbers = numbers_of(find_preset("tutorial_5_2")->session);  // 5x5, k3, s2, p1
  const auto judged = [&](int64_t step, double row, double column) {
    return *judge(Language::en, {QuestionKind::next_window, step, std::nullopt}, *numbers, {row, column});
  };
  EXPECT_TRUE(judged(0, -1, -1).right);
  EXPECT_TRUE(judged(1, -1, 1).right);
  EXPECT_THAT(judged(1, 0, 0).reason, HasSubstr("2 to the right"));
  EXPECT_TRUE(judged(3, 1, -1).right);
  EXPECT_FALSE(judged(3, -1, 5).right);
  EXPECT_THAT(judged(3, 0, 0).reason, HasSubstr("2 down"));
}

TEST(Prediction, an_output_size_is_asked_for_of_another_session_and_explained_by_the_formula) {
  const Session session = find_preset("tutorial_5_1")->session;
  const ComputationPtr numbers = numbers_of(session);
  Session after = session;
  after.params.stride = {2, 1};
  const Prediction asked{QuestionKind::output_size, 0, after};
  EXPECT_THAT(question_words(Language::en, asked, *numbers), HasSubstr("stride = (2, 1)"));
  EXPECT_TRUE(judge(Language::en, asked, *numbers, {2, 3})->right);
  EXPECT_FALSE(judge(Language::en, asked, *numbers, {3, 2})->right);
  EXPECT_THAT(judge(Language::en, asked, *numbers, {3, 2})->reason, HasSubstr("/ 2"));
}

TEST(Prediction, practice_varies_one_argument_and_stays_legal) {
  for (const char* preset : {"tutorial_5_1", "resnet_stem", "max_pooling", "checkerboard"}) {
    const Session session = find_preset(preset)->session;
    const Result<OperationPlan> now = validate(session, session.input_shape);
    for (uint64_t turn = 0; turn < 13; ++turn) {
      const Session other = varied(session, turn);
      const Result<OperationPlan> plan = validate(other, session.input_shape);
      ASSERT_TRUE(plan.ok()) << preset << " " << turn;
      EXPECT_FALSE(plan->out() == now->out()) << preset << " " << turn;
      EXPECT_NE(changed_arguments(session, other), "") << preset << " " << turn;
    }
  }
}

TEST(Prediction, is_asked_only_where_steps_are_output_cells_of_a_convolution) {
  const ComputationPtr conv = numbers_of(find_preset("tutorial_5_1")->session);
  const ComputationPtr pool = numbers_of(find_preset("max_pooling")->session);
  EXPECT_TRUE(can_ask(QuestionKind::cell, *conv, Lens::im2col, 8));
  EXPECT_FALSE(can_ask(QuestionKind::cell, *conv, Lens::im2col, 9));
  EXPECT_FALSE(can_ask(QuestionKind::cell, *conv, Lens::gradient, 0));
  EXPECT_FALSE(can_ask(QuestionKind::next_window, *pool, Lens::pooling, 0));
  EXPECT_TRUE(can_ask(QuestionKind::output_size, *pool, Lens::pooling, 0));
}

}  // namespace
}  // namespace convscope
