// Two configurations in one session: files, texts, the workbench, and how both go under one timeline.
#include "app/session/beside.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/share_text.h"
#include "app/session/workbench.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;

Session preset(const std::string& name) {
  const Preset* found = find_preset(name);
  EXPECT_NE(found, nullptr) << name;
  return found != nullptr ? found->session : Session();
}

Session pair_of_strides() {
  Session session = preset("compare_strides");
  session.step = 7;
  return session;
}

Action stride_of(int64_t stride) {
  return {"edit.stride", "stride", [stride](Session& session) { session.params.stride = {stride, stride}; }};
}

TEST(Beside, a_file_brings_back_both_whichever_is_edited) {
  Session session = pair_of_strides();
  ASSERT_TRUE(session.beside && session.beside->other);
  session.beside->other->title = "the other";
  for (int round = 0; round < 2; ++round) {
    const Result<Session> again = session_from_json(session_to_json(session));
    ASSERT_TRUE(again.ok()) << again.error().code;
    EXPECT_EQ(*again, session) << "edited: " << (session.beside->is_a ? "B" : "A");
    const Result<std::string> text = share_text(session);
    ASSERT_TRUE(text.ok()) << text.error().code;
    const Result<Session> shared = session_from_share_text(*text);
    ASSERT_TRUE(shared.ok()) << shared.error().code;
    EXPECT_EQ(*shared, session);
    switch_sides(session);
  }
}

TEST(Beside, a_file_begins_with_A_and_older_readers_see_it) {
  Session session = pair_of_strides();
  switch_sides(session);
  EXPECT_EQ(session.params.stride, (Pair{2, 2}));
  const auto json = nlohmann::json::parse(session_to_json(session));
  EXPECT_EQ(json["params"]["stride"], nlohmann::json({1, 1}));
  EXPECT_EQ(json["beside"]["params"]["stride"], nlohmann::json({2, 2}));
  EXPECT_EQ(json["beside"]["edited"], true);
  EXPECT_FALSE(json["beside"].contains("format"));
  // A file without it is a session without a comparison.
  EXPECT_FALSE(session_from_json(session_to_json(preset("dilation")))->beside.has_value());
}

TEST(Beside, what_is_wrong_in_it_is_said_with_its_place) {
  const auto with = [](const std::string& beside) {
    std::string text = session_to_json(Session());
    text.insert(text.rfind('}'), ", \"beside\": " + beside);
    return session_from_json(text);
  };
  EXPECT_EQ(with("3").error().code, "error.json_type");
  EXPECT_EQ(with("{}").error().code, "error.json_missing");
  const Result<Session> unknown = with(R"({"operation": "conv9d"})");
  EXPECT_EQ(unknown.error().code, "error.unknown_operation");
  EXPECT_EQ(unknown.error().field, "beside.operation");
  const Result<Session> stride = with(R"({"operation": "conv2d", "params": {"stride": "x"}})");
  EXPECT_THAT(stride.error().args.at(0), HasSubstr("beside.params.stride"));
  // Nothing stands beside what stands beside; it is kept as what it is, unknown.
  const Result<Session> nested = with(R"({"operation": "conv2d", "beside": {"operation": "conv2d"}, "mine": 1})");
  ASSERT_TRUE(nested.ok()) << nested.error().code;
  EXPECT_THAT(session_to_json(*nested), HasSubstr("\"mine\": 1"));
  EXPECT_EQ(*session_from_json(session_to_json(*nested)), *nested);
}

TEST(Beside, two_lenses_are_a_pair_too) {
  Session session = preset("tutorial_5_1");
  compare_lenses(session, Lens::toeplitz);
  EXPECT_EQ(lens_beside(session), Lens::toeplitz);
  EXPECT_FALSE(other_side(session).has_value());
  EXPECT_EQ(*session_from_json(session_to_json(session)), session);
  EXPECT_EQ(*session_from_share_text(*share_text(session)), session);
  switch_sides(session);
  EXPECT_EQ(session.lens, Lens::toeplitz);
  EXPECT_EQ(lens_beside(session), Lens::sliding);
  EXPECT_EQ(*session_from_json(session_to_json(session)), session);
}

TEST(Beside, another_session_becomes_B_whichever_is_edited) {
  Session session = pair_of_strides();
  switch_sides(session);
  compare_with(session, preset("dilation"));
  EXPECT_EQ(session.params.dilation, (Pair{2, 2})) << "B is edited, and is the new one";
  EXPECT_EQ(session.beside->other->params.stride, (Pair{1, 1})) << "A stays";
  Session lenses = preset("tutorial_5_1");
  compare_lenses(lenses, Lens::im2col);
  switch_sides(lenses);
  compare_with(lenses, preset("dilation"));
  EXPECT_EQ(lenses.params.kernel_size, preset("tutorial_5_1").params.kernel_size);
  ASSERT_TRUE(lenses.beside->other.has_value());
  EXPECT_EQ(lenses.beside->other->params.dilation, (Pair{2, 2}));
}

TEST(Beside, the_other_operation_is_shown_in_a_lens_that_it_has) {
  Session session = preset("compare_transposed");
  session.lens = Lens::im2col;
  EXPECT_EQ(lens_beside(session), Lens::scatter);
  const Session before = session;
  switch_sides(session);
  EXPECT_EQ(session.operation, "conv_transpose2d");
  EXPECT_EQ(session.lens, Lens::scatter);
  session.lens = Lens::gather;
  EXPECT_EQ(lens_beside(session), Lens::im2col) << "A keeps the lens that does not follow from B's";
  session.lens = Lens::scatter;
  switch_sides(session);
  EXPECT_EQ(session.lens, before.lens);
  EXPECT_EQ(session.params, before.params);
}

TEST(Beside, a_text_keeps_what_A_alone_has) {
  Session session = pair_of_strides();
  session.title = "mine";
  session.params.padding = {2, 2};
  session.picture.use_counts = true;
  Configuration& other = *session.beside->other;
  other.title.clear();
  other.params.padding_kind = PaddingKind::pads;
  other.params.padding = {};
  other.params.pads = {0, 1, 0, 1};
  const Result<std::string> text = share_text(session);
  ASSERT_TRUE(text.ok()) << text.error().code;
  const Result<Session> shared = session_from_share_text(*text);
  ASSERT_TRUE(shared.ok()) << shared.error().code;
  EXPECT_EQ(session_to_json(*shared), session_to_json(session));
}

TEST(Beside, a_strangers_text_opens_no_file_through_it) {
  Session session = pair_of_strides();
  session.beside->other->input = {SourceKind::npy, {}, "/etc/hostname", nullptr};
  // Written by hand: share_text() would put numbers in the place of the file.
  std::string json = session_to_json(session);
  EXPECT_TRUE(session_from_json(json).ok());
  EXPECT_FALSE(share_text(session).ok());
}

TEST(BesideWorkbench, a_copy_beside_is_edited_and_undone) {
  Workbench workbench(preset("dilation"));
  EXPECT_EQ(workbench.other(), nullptr);
  workbench.apply({"edit.compare", {}, compare_with_copy});
  ASSERT_NE(workbench.other(), nullptr);
  workbench.wait();
  EXPECT_EQ(workbench.other()->computation()->tensors.output.shape(), workbench.computation()->tensors.output.shape());
  workbench.switch_sides();
  EXPECT_TRUE(workbench.session().beside->is_a);
  workbench.apply({"edit.dilation", {}, [](Session& session) { session.params.dilation = {1, 1}; }});
  EXPECT_EQ(workbench.computation()->plan.out(), (Pair{5, 5}));
  EXPECT_EQ(workbench.other()->computation()->plan.out(), (Pair{3, 3})) << "A stays as it is";
  EXPECT_EQ(workbench.step_count(), 25);
  workbench.undo();
  EXPECT_EQ(workbench.computation()->plan.out(), (Pair{3, 3}));
  ASSERT_NE(workbench.other(), nullptr);
  workbench.undo();
  EXPECT_EQ(workbench.other(), nullptr);
  EXPECT_FALSE(workbench.session().beside.has_value());
  workbench.redo();
  workbench.redo();
  ASSERT_NE(workbench.other(), nullptr);
  EXPECT_EQ(workbench.step_count(), 25);
}

TEST(BesideWorkbench, switching_takes_the_numbers_along_and_is_no_edit) {
  Workbench workbench(pair_of_strides());
  workbench.wait();
  workbench.mark_saved();
  const uint64_t a = workbench.computation()->tensors.output.identity();
  const uint64_t b = workbench.other()->computation()->tensors.output.identity();
  EXPECT_EQ(workbench.step_count(), 25);
  EXPECT_EQ(workbench.own_step_count(), 25);
  workbench.apply_view([](Session& session) { session.step = 25; });
  workbench.switch_sides();
  workbench.wait();
  EXPECT_EQ(workbench.session().step, 25) << "the timeline stays where it is";
  EXPECT_EQ(workbench.computation()->tensors.output.identity(), b) << "nothing is computed again";
  EXPECT_EQ(workbench.other()->computation()->tensors.output.identity(), a);
  EXPECT_EQ(workbench.session().params.stride, (Pair{2, 2}));
  EXPECT_EQ(workbench.step_count(), 25) << "of the longer one";
  EXPECT_EQ(workbench.own_step_count(), 9);
  EXPECT_EQ(workbench.own_step(20), 8);
  EXPECT_FALSE(workbench.modified());
  EXPECT_FALSE(workbench.can_undo());
  workbench.apply(stride_of(3));
  EXPECT_TRUE(workbench.modified());
}

TEST(BesideWorkbench, a_drag_of_each_side_is_an_undo_step_of_its_own) {
  Workbench workbench(pair_of_strides());
  workbench.apply(stride_of(2));
  workbench.switch_sides();
  workbench.apply(stride_of(4));
  workbench.undo();
  EXPECT_EQ(workbench.session().params.stride, (Pair{2, 2}));
  ASSERT_TRUE(workbench.session().beside->is_a) << "undo leads to the side that it changes";
  workbench.undo();
  EXPECT_FALSE(workbench.session().beside->is_a);
  EXPECT_EQ(workbench.session().params.stride, (Pair{1, 1}));
  EXPECT_EQ(workbench.computation()->plan.out(), (Pair{5, 5}));
  EXPECT_EQ(workbench.other()->computation()->plan.out(), (Pair{3, 3}));
}

TEST(BesideWorkbench, what_is_wrong_on_one_side_leaves_the_other_alone) {
  Workbench workbench(pair_of_strides());
  workbench.apply(stride_of(0));
  EXPECT_NE(workbench.error(), nullptr);
  EXPECT_EQ(workbench.other()->error(), nullptr);
  workbench.switch_sides();
  EXPECT_EQ(workbench.error(), nullptr);
  ASSERT_NE(workbench.other()->error(), nullptr);
  EXPECT_EQ(workbench.other()->error()->field, "stride");
  EXPECT_EQ(workbench.other()->computation()->plan.out(), (Pair{5, 5})) << "its last good picture stays";
}

TEST(BesideWorkbench, another_lens_leaves_the_step_of_the_longer_side) {
  Session session = pair_of_strides();  // 25 steps beside 9
  switch_sides(session);
  session.step = 25;
  Workbench workbench(session);
  ASSERT_EQ(workbench.session().step, 25);
  workbench.apply_view([](Session& now) { now.lens = Lens::im2col; });
  EXPECT_EQ(workbench.session().step, 25);
}

TEST(BesideWorkbench, another_pair_opens_at_its_step) {
  Session few = preset("no_padding_no_strides");  // four steps on both sides
  compare_with_copy(few);
  Workbench workbench(few);
  Session many = pair_of_strides();
  many.step = 20;
  workbench.replace(many, "edit.open");
  EXPECT_EQ(workbench.session().step, 20);
}

TEST(BesideWorkbench, undo_leaves_lenses_and_what_they_show_alone) {
  Session session = pair_of_strides();
  session.lens = Lens::sliding;
  session.beside->lens = Lens::im2col;
  Workbench workbench(session);
  workbench.switch_sides();
  workbench.apply(stride_of(3));
  workbench.switch_sides();
  workbench.apply_view([](Session& now) { now.picture.use_counts = true; });
  workbench.undo();
  const bool is_a = !workbench.session().beside->is_a;
  EXPECT_EQ(is_a ? workbench.session().lens : lens_beside(workbench.session()), Lens::sliding);
  EXPECT_EQ(is_a ? lens_beside(workbench.session()) : workbench.session().lens, Lens::im2col);
  EXPECT_TRUE(workbench.session().picture.use_counts);
}

TEST(BesideWorkbench, a_long_one_is_computed_in_the_background) {
  Session session = preset("dilation");
  compare_with(session, preset("resnet_stem"));
  Workbench workbench(session);
  ASSERT_NE(workbench.other(), nullptr);
  EXPECT_NE(workbench.computation(), nullptr) << "the short one does not wait";
  EXPECT_EQ(workbench.step_count(), 64 * 112 * 112) << "known before the numbers";
  workbench.wait();
  EXPECT_FALSE(workbench.busy());
  ASSERT_NE(workbench.other()->computation(), nullptr);
  EXPECT_EQ(workbench.other()->computation()->plan.out(), (Pair{112, 112}));
}

TEST(BesideWorkbench, an_own_chain_stands_on_each_side) {
  Workbench workbench(preset("compare_fields"));
  EXPECT_EQ(workbench.computation()->plan.chain()->chain.layers.size(), 2u);
  EXPECT_EQ(workbench.other()->computation()->plan.chain()->chain.layers.size(), 1u);
  workbench.switch_sides();
  EXPECT_EQ(workbench.computation()->plan.chain()->chain.layers.size(), 1u);
}

TEST(PairSteps, the_shorter_one_rests_at_its_end) {
  const PairSteps steps{25, 9, false};
  EXPECT_EQ(steps.count(), 25);
  const OperationPlan plan;
  EXPECT_EQ(moment_beside(steps, {4, 0.5f}, plan, Lens::sliding, Lens::sliding), (Moment{4, 0.5f}));
  EXPECT_EQ(moment_beside(steps, {9, 0.5f}, plan, Lens::sliding, Lens::sliding), (Moment{8, 1.0f}));
  EXPECT_EQ(resting({24, 0.25f}, 25), (Moment{24, 0.25f}));
}

TEST(PairSteps, two_lenses_of_a_transposed_convolution_show_the_same) {
  Session session = preset("padding_strides_transposed");
  TensorCache cache;
  const OperationPlan plan = *plan_of(session, cache);
  const PairSteps steps = pair_steps(plan, Lens::scatter, plan, Lens::gather, true);
  EXPECT_EQ(steps.count(), 9);
  const Moment last = moment_beside(steps, {8, 1.0f}, plan, Lens::scatter, Lens::gather);
  EXPECT_EQ(last, (Moment{24, 1.0f}));
}

TEST(BesideChoice, options_name_the_sides) {
  Session session = preset("padding_strides");
  ASSERT_TRUE(apply_beside(session, {"Conv2d(1, 1, 5)", Lens::im2col, std::nullopt}).ok());
  EXPECT_EQ(session.lens, Lens::im2col);
  EXPECT_EQ(lens_beside(session), Lens::im2col);
  EXPECT_EQ(session.beside->other->params.kernel_size, (Pair{5, 5}));
  ASSERT_TRUE(apply_beside(session, {"", Lens::sliding, Lens::toeplitz}).ok());
  EXPECT_EQ(lens_beside(session), Lens::toeplitz);
  EXPECT_EQ(apply_beside(session, {"", Lens::gather, std::nullopt}).error().code, "error.export_lens");
  EXPECT_EQ(apply_beside(session, {"no_such_preset", std::nullopt, std::nullopt}).error().code,
            "error.unknown_session");
}

}  // namespace
}  // namespace convscope
