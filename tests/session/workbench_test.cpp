#include "app/session/workbench.h"

#include <gtest/gtest.h>

#include <thread>

#include "app/session/operation_plan.h"

namespace convscope {
namespace {

Action set_stride(int64_t stride, const std::string& merge_key = {}) {
  return {"edit.stride", merge_key, [stride](Session& s) { s.params.stride = {stride, stride}; }};
}

/// 5x5 counting from 0, a kernel of ones: 3x3 sums at once.
Session small() { return Session(); }

/// Work of some hundred milliseconds or more.
Session large() {
  Session session;
  session.params.in_channels = 64;
  session.params.out_channels = 64;
  session.params.padding = {1, 1};
  session.input_shape = Shape{1, 64, 256, 256};
  session.weight.name = "gaussian";
  return session;
}

TEST(Workbench, small_work_is_done_at_once) {
  const Workbench bench(small());
  EXPECT_FALSE(bench.busy());
  ASSERT_NE(bench.computation(), nullptr);
  EXPECT_EQ(bench.error(), nullptr);
  EXPECT_EQ(bench.computation()->tensors.output.shape(), (Shape{1, 1, 3, 3}));
  EXPECT_EQ(bench.computation()->tensors.output.at(0), 0 + 1 + 2 + 5 + 6 + 7 + 10 + 11 + 12);
  EXPECT_EQ(bench.step_count(), 9);
}

TEST(Workbench, update_reports_a_change_once) {
  Workbench bench(small());
  EXPECT_TRUE(bench.update());
  EXPECT_FALSE(bench.update());
  bench.apply(set_stride(2));
  EXPECT_TRUE(bench.update());
  EXPECT_FALSE(bench.update());
}

TEST(Workbench, an_illegal_edit_keeps_what_was_typed_and_the_last_good_numbers) {
  Workbench bench(small());
  const ComputationPtr good = bench.computation();
  bench.apply(set_stride(0));
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.stride_not_positive");
  EXPECT_EQ(bench.error()->field, "stride");
  EXPECT_EQ(bench.session().params.stride, (Pair{0, 0}));
  EXPECT_EQ(bench.computation(), good);
  EXPECT_EQ(bench.plan(), nullptr);
  bench.apply(set_stride(2));
  EXPECT_EQ(bench.error(), nullptr);
  EXPECT_EQ(bench.computation()->plan.conv2d()->stride, (Pair{2, 2}));
}

TEST(Workbench, undo_and_redo_walk_back_and_forth) {
  Workbench bench(small());
  EXPECT_FALSE(bench.can_undo());
  EXPECT_EQ(bench.undo_name_key(), "");
  bench.undo();
  bench.redo();
  bench.apply(set_stride(2));
  bench.apply({"edit.dilation", "", [](Session& s) { s.params.dilation = {2, 2}; }});
  EXPECT_EQ(bench.undo_name_key(), "edit.dilation");
  bench.undo();
  EXPECT_EQ(bench.session().params.dilation, (Pair{1, 1}));
  EXPECT_EQ(bench.session().params.stride, (Pair{2, 2}));
  EXPECT_EQ(bench.redo_name_key(), "edit.dilation");
  EXPECT_EQ(bench.undo_name_key(), "edit.stride");
  bench.undo();
  EXPECT_EQ(bench.session().params.stride, (Pair{1, 1}));
  EXPECT_FALSE(bench.can_undo());
  EXPECT_EQ(bench.computation()->plan.conv2d()->out, (Pair{3, 3}));
  bench.redo();
  bench.redo();
  EXPECT_FALSE(bench.can_redo());
  EXPECT_EQ(bench.session().params.dilation, (Pair{2, 2}));
  EXPECT_EQ(bench.computation()->plan.conv2d()->out, (Pair{1, 1}));
}

TEST(Workbench, a_new_edit_forgets_what_was_undone) {
  Workbench bench(small());
  bench.apply(set_stride(2));
  bench.undo();
  bench.apply(set_stride(3));
  EXPECT_FALSE(bench.can_redo());
}

TEST(Workbench, a_drag_is_one_undo_step) {
  Workbench bench(small());
  for (int64_t stride : {2, 3, 4, 5}) bench.apply(set_stride(stride, "stride"));
  bench.undo();
  EXPECT_EQ(bench.session().params.stride, (Pair{1, 1}));
  EXPECT_FALSE(bench.can_undo());
  bench.redo();
  EXPECT_EQ(bench.session().params.stride, (Pair{5, 5}));
}

TEST(Workbench, drags_of_different_widgets_and_edits_without_a_key_do_not_merge) {
  Workbench bench(small());
  bench.apply(set_stride(2, "a"));
  bench.apply(set_stride(3, "b"));
  bench.apply(set_stride(4));
  bench.apply(set_stride(5));
  for (int64_t stride : {4, 3, 2, 1}) {
    bench.undo();
    EXPECT_EQ(bench.session().params.stride, (Pair{stride, stride}));
  }
}

TEST(Workbench, an_undo_ends_a_drag) {
  Workbench bench(small());
  bench.apply(set_stride(2, "a"));
  bench.apply({"edit.x", "", [](Session& s) { s.params.bias = false; }});
  bench.undo();
  bench.apply(set_stride(3, "a"));
  bench.undo();
  EXPECT_EQ(bench.session().params.stride, (Pair{2, 2}));
}

TEST(Workbench, an_edit_that_changes_nothing_is_no_edit) {
  Workbench bench(small());
  bench.apply(set_stride(1));
  EXPECT_FALSE(bench.can_undo());
  EXPECT_FALSE(bench.modified());
}

TEST(Workbench, views_are_no_edits_and_survive_undo) {
  Workbench bench(small());
  const ComputationPtr before = bench.computation();
  bench.apply(set_stride(2));
  bench.apply_view([](Session& s) {
    s.theme = ThemeId::dark;
    s.language = Language::zh;
    s.lens = Lens::im2col;
    s.step = 3;
  });
  bench.undo();
  EXPECT_FALSE(bench.can_undo());
  EXPECT_EQ(bench.session().theme, ThemeId::dark);
  EXPECT_EQ(bench.session().language, Language::zh);
  EXPECT_EQ(bench.session().lens, Lens::im2col);
  EXPECT_EQ(bench.session().step, 3);
  EXPECT_EQ(bench.session().params.stride, (Pair{1, 1}));
}

TEST(Workbench, a_view_change_computes_nothing) {
  Workbench bench(small());
  const ComputationPtr before = bench.computation();
  bench.update();
  bench.apply_view([](Session& s) { s.step = 5; });
  EXPECT_EQ(bench.computation(), before);
  EXPECT_FALSE(bench.update());
}

TEST(Workbench, the_step_stays_within_a_shorter_animation) {
  Workbench bench(small());
  bench.apply_view([](Session& s) { s.step = 9; });
  bench.apply(set_stride(2));
  EXPECT_EQ(bench.step_count(), 4);
  EXPECT_EQ(bench.session().step, 4);
}

TEST(Workbench, replacing_is_one_edit_that_brings_lens_and_step_back) {
  Workbench bench(small());
  bench.apply_view([](Session& s) { s.step = 7; });
  Session other = small();
  other.params.padding = {1, 1};
  other.lens = Lens::im2col;
  other.step = 20;
  bench.replace(other, "edit.open");
  EXPECT_EQ(bench.undo_name_key(), "edit.open");
  EXPECT_EQ(bench.session().step, 20);
  bench.undo();
  EXPECT_EQ(bench.session().lens, Lens::sliding);
  EXPECT_EQ(bench.session().step, 7);
  bench.redo();
  EXPECT_EQ(bench.session().lens, Lens::im2col);
  EXPECT_EQ(bench.session().step, 20);
}

TEST(Workbench, undoing_another_operation_brings_its_lens_and_step_back) {
  Workbench bench(small());
  bench.apply_view([](Session& session) {
    session.lens = Lens::im2col;
    session.step = 7;
  });
  bench.apply({"edit.operation", {}, [](Session& session) { (void)change_operation(session, "max_pool2d"); }});
  ASSERT_EQ(bench.session().lens, Lens::pooling);
  bench.undo();
  EXPECT_EQ(bench.session().lens, Lens::im2col);
  EXPECT_EQ(bench.session().step, 7);
}

TEST(Workbench, a_bias_drawn_by_default_follows_the_kernel) {
  Session session = small();
  session.params.bias = true;
  session.weight.kind = SourceKind::arange;
  session.bias.kind = SourceKind::conv2d_init;
  session.seed = 3;
  Workbench bench(session);
  session.params.kernel_size = {5, 5};
  bench.apply({"edit.kernel_size", {}, [&](Session& edited) { edited.params.kernel_size = {5, 5}; }});
  const Workbench anew(session);
  ASSERT_TRUE(bench.computation() && anew.computation());
  EXPECT_EQ(bench.computation()->tensors.bias.at(0), anew.computation()->tensors.bias.at(0));
}

TEST(Workbench, saving_is_asked_for_after_edits_only) {
  Workbench bench(small());
  EXPECT_FALSE(bench.modified());
  bench.apply_view([](Session& s) { s.theme = ThemeId::dark; });
  EXPECT_FALSE(bench.modified());
  bench.apply(set_stride(2));
  EXPECT_TRUE(bench.modified());
  bench.mark_saved();
  EXPECT_FALSE(bench.modified());
  bench.undo();
  EXPECT_TRUE(bench.modified());
  bench.redo();
  EXPECT_FALSE(bench.modified());
}

TEST(Workbench, long_work_runs_beside_and_the_plan_is_known_at_once) {
  Workbench bench(small());
  bench.update();
  const ComputationPtr before = bench.computation();
  bench.replace(large(), "edit.open");
  EXPECT_TRUE(bench.busy());
  ASSERT_NE(bench.plan(), nullptr);
  EXPECT_EQ(bench.plan()->out, (Pair{256, 256}));
  EXPECT_EQ(bench.computation(), before);
  EXPECT_EQ(bench.step_count(), 9);
  bench.wait();
  EXPECT_FALSE(bench.busy());
  EXPECT_TRUE(bench.update());
  EXPECT_EQ(bench.computation()->plan.conv2d()->out, (Pair{256, 256}));
  EXPECT_EQ(bench.step_count(), 64 * 256 * 256);
}

TEST(Workbench, stale_work_is_dropped) {
  Workbench bench(large());
  EXPECT_TRUE(bench.busy());
  bench.replace(small(), "edit.open");
  EXPECT_FALSE(bench.busy());
  EXPECT_EQ(bench.computation()->plan.conv2d()->out, (Pair{3, 3}));
  // Whatever the thread still finishes is not taken in.
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    bench.update();
    ASSERT_EQ(bench.computation()->plan.conv2d()->out, (Pair{3, 3}));
  }
}

TEST(Workbench, of_many_requests_in_a_row_the_last_one_wins) {
  Workbench bench(large());
  for (int64_t k : {5, 7, 3, 5}) {
    bench.apply({"edit.kernel_size", "k", [k](Session& s) { s.params.kernel_size = {k, k}; }});
  }
  bench.wait();
  EXPECT_EQ(bench.computation()->plan.conv2d()->kernel, (Pair{5, 5}));
  EXPECT_EQ(bench.error(), nullptr);
}

TEST(Workbench, an_illegal_edit_stops_the_work_in_hand) {
  Workbench bench(large());
  bench.apply(set_stride(0));
  EXPECT_FALSE(bench.busy());
  bench.wait();
  EXPECT_EQ(bench.error()->code, "error.stride_not_positive");
  EXPECT_EQ(bench.computation(), nullptr);
}

TEST(Workbench, cancelling_says_so_and_keeps_the_last_good_numbers) {
  Workbench bench(small());
  const ComputationPtr before = bench.computation();
  bench.replace(large(), "edit.open");
  bench.cancel();
  EXPECT_FALSE(bench.busy());
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.cancelled");
  EXPECT_EQ(bench.computation(), before);
  bench.undo();
  EXPECT_EQ(bench.error(), nullptr);
}

TEST(Workbench, the_work_can_be_left_behind) {
  // The destructor cancels and joins; sanitizers watch.
  for (int i = 0; i < 3; ++i) Workbench bench(large());
}

TEST(Workbench, waiting_without_work_returns) {
  Workbench bench(small());
  bench.wait();
  EXPECT_TRUE(bench.update());
  EXPECT_EQ(bench.progress(), 1.0f);
}

TEST(Workbench, errors_of_the_background_arrive) {
  Session session = large();
  session.weight = {SourceKind::values, {}, {}, std::make_shared<std::vector<double>>(3, 1.0)};
  Workbench bench(session);
  bench.wait();
  bench.update();
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.values_count");
  EXPECT_EQ(bench.error()->field, "weight");
}

}  // namespace
}  // namespace convscope
