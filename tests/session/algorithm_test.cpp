// The session's choice of algorithm, and the cross-check of all of them.
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/workbench.h"

namespace convscope {
namespace {

using testing::HasSubstr;

Session preset(const std::string& name) { return find_preset(name)->session; }

Action choose(Algorithm algorithm) {
  return {"edit.algorithm", {}, [algorithm](Session& session) { session.algorithm = algorithm; }};
}

/// Whole seconds of any algorithm of the tutorial, little for im2col.
Session large() {
  Session session;
  session.params.in_channels = session.params.out_channels = 32;
  session.params.kernel_size = {7, 7};
  session.params.padding = {3, 3};
  session.input_shape = Shape{1, 32, 256, 256};
  session.weight = {SourceKind::ones, {}, {}, nullptr};
  return session;
}

Tensor computed(Session session, Algorithm algorithm) {
  session.algorithm = algorithm;
  TensorCache cache;
  return compute(session, cache).value()->tensors.output;
}

TEST(SessionAlgorithm, is_written_and_read_back_by_its_name) {
  for (Algorithm algorithm : algorithms()) {
    Session session;
    session.algorithm = algorithm;
    const std::string text = session_to_json(session);
    EXPECT_EQ(nlohmann::json::parse(text)["algorithm"], name_of(algorithm));
    EXPECT_TRUE(*session_from_json(text) == session);
  }
}

TEST(SessionAlgorithm, other_words_are_refused_with_the_list) {
  const std::string head = R"({"format":"convscope-session","version":1,"operation":"conv2d","algorithm":)";
  const Error word = session_from_json(head + R"("Slices"})").error();
  EXPECT_EQ(word.code, "error.json_value");
  EXPECT_THAT(describe(Language::en, word),
              HasSubstr("auto, naive, slices, loops, im2col_per_channel, im2col, toeplitz, direct, winograd, fft"));
  EXPECT_EQ(session_from_json(head + "3}").error().code, "error.json_type");
  EXPECT_EQ(session_from_json(head + "null}").error().code, "error.json_type");
}

TEST(SessionAlgorithm, is_the_one_that_computes) {
  // The orders of summation differ in the last bits of the tutorial's random numbers.
  const Session session = preset("tutorial_6_2_1");
  const Tensor naive = computed(session, Algorithm::naive), loops = computed(session, Algorithm::loops);
  double largest = 0;
  for (int64_t i = 0; i < naive.numel(); ++i) largest = std::max(largest, std::abs(naive.at(i) - loops.at(i)));
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 1e-5);
}

TEST(SessionAlgorithm, options_that_name_another_have_their_way) {
  Session session = large();
  session.input_shape = Shape{1, 32, 9, 9};
  session.algorithm = Algorithm::slices;
  session.params.padding = {50000, 50000};
  session.params.stride = {100000, 100000};
  TensorCache cache;
  EXPECT_EQ(compute(session, cache).error().code, "error.scratch_too_large");
  EXPECT_TRUE(compute(session, cache, {Algorithm::naive, 1, nullptr}));
}

TEST(SessionAlgorithm, slices_do_not_pair_images_with_kernels_as_the_tutorial_does) {
  const Session session = preset("tutorial_6_2_1");
  TensorCache cache;
  const ComputationPtr right = *compute(session, cache);
  const ConvPlan& plan = *right->plan.conv2d();
  ASSERT_EQ(plan.batch, plan.out_channels) << "only there the mistake goes unnoticed";
  const Tensor slices = computed(session, Algorithm::slices);

  // The mistake: region (N, C, kh, kw) * weight (K, C, kh, kw) pairs image n with kernel n, and the sum is broadcast to
  // every output channel.
  const auto mistaken = [&](const OutputCell& cell) {
    CellArithmetic arithmetic;
    cell_arithmetic(plan, right->tensors, {cell.n, cell.n, cell.y, cell.x}, arithmetic);
    return arithmetic.sum + right->tensors.bias.at(cell.c);
  };
  double largest = 0;
  for (int64_t step = 0; step < step_count(plan); ++step) {
    const OutputCell cell = cell_of_step(plan, step);
    const double apart = std::abs(slices.at(step) - mistaken(cell));
    if (cell.n == cell.c) {
      EXPECT_LT(apart, 1e-5) << step;
    } else {
      largest = std::max(largest, apart);
    }
  }
  EXPECT_GT(largest, 5) << "image 0 with kernel 1, image 1 with kernel 0";
}

TEST(SessionAlgorithm, choosing_one_computes_again_and_can_be_undone) {
  Workbench bench{preset("tutorial_6_2_1")};
  const uint64_t before = bench.computation()->generation;
  bench.apply(choose(Algorithm::toeplitz));
  EXPECT_EQ(bench.session().algorithm, Algorithm::toeplitz);
  EXPECT_GT(bench.computation()->generation, before);
  EXPECT_EQ(bench.undo_name_key(), "edit.algorithm");
  bench.undo();
  EXPECT_EQ(bench.session().algorithm, Algorithm::automatic);
  EXPECT_FALSE(bench.can_undo());
}

TEST(SessionAlgorithm, one_without_room_is_an_error_at_its_own_field) {
  Session session;
  session.params.kernel_size = {1, 1};
  session.params.padding = {50000, 50000};
  session.params.stride = {100000, 100000};
  Workbench bench(session);
  bench.wait();
  ASSERT_EQ(bench.error(), nullptr);
  bench.apply(choose(Algorithm::loops));
  bench.wait();
  ASSERT_NE(bench.error(), nullptr);
  EXPECT_EQ(bench.error()->code, "error.scratch_too_large");
  EXPECT_EQ(bench.error()->field, "algorithm");
}

TEST(SessionAlgorithm, the_estimate_knows_that_the_lessons_are_slow) {
  TensorCache cache;
  const ConvPlan plan = *plan_of(large(), cache)->conv2d();
  const double fast = conv2d_seconds(plan, Algorithm::im2col);
  EXPECT_EQ(conv2d_seconds(plan, Algorithm::automatic), fast);
  EXPECT_EQ(conv2d_seconds(plan, Algorithm::direct), fast);
  for (Algorithm algorithm :
       {Algorithm::naive, Algorithm::slices, Algorithm::loops, Algorithm::im2col_per_channel, Algorithm::toeplitz}) {
    EXPECT_GT(conv2d_seconds(plan, algorithm), 5 * fast) << name_of(algorithm);
    Session session = large();
    session.algorithm = algorithm;
    EXPECT_GT(estimated_seconds(session, plan, cache, nullptr), estimated_seconds(large(), plan, cache, nullptr) + 1);
  }
}

TEST(SessionAlgorithm, a_slow_one_works_in_the_background_and_can_be_cancelled) {
  for (Algorithm algorithm :
       {Algorithm::slices, Algorithm::loops, Algorithm::im2col_per_channel, Algorithm::toeplitz}) {
    Session session = large();
    session.algorithm = algorithm;
    Workbench bench(session);
    EXPECT_TRUE(bench.busy()) << name_of(algorithm);
    bench.cancel();
    EXPECT_FALSE(bench.busy());
    ASSERT_NE(bench.error(), nullptr);
    EXPECT_EQ(bench.error()->code, "error.cancelled");
  }
}

TEST(CrossChecker, finds_that_all_agree_on_the_present_numbers) {
  Workbench bench{preset("tutorial_6_2_2")};
  CrossChecker& checker = bench.cross_checker();
  EXPECT_EQ(checker.result(), nullptr);
  EXPECT_EQ(checker.result_id(), 0u);
  checker.start(bench.computation());
  bench.wait();
  ASSERT_NE(checker.result(), nullptr);
  EXPECT_TRUE(checker.result()->all_agree());
  EXPECT_EQ(checker.result()->ran(), 7);
  EXPECT_EQ(checker.error(), nullptr);
  const uint64_t first = checker.result_id();
  EXPECT_GT(first, 0u);
  checker.start(bench.computation());
  bench.wait();
  EXPECT_GT(checker.result_id(), first);
}

TEST(SessionAlgorithm, that_the_operation_does_not_take_waits_for_the_next_one) {
  Session session = preset("padding_strides_transposed");
  session.algorithm = Algorithm::loops;
  EXPECT_EQ(algorithm_of(session), Algorithm::automatic);
  TensorCache cache;
  EXPECT_EQ(compute(session, cache).value()->algorithm, Algorithm::automatic);
  session.algorithm = Algorithm::naive;
  EXPECT_EQ(compute(session, cache).value()->algorithm, Algorithm::naive);
  session.algorithm = Algorithm::loops;
  ASSERT_TRUE(change_operation(session, "max_pool2d"));
  EXPECT_EQ(algorithm_of(session), Algorithm::automatic);
  ASSERT_TRUE(change_operation(session, "conv2d"));
  EXPECT_EQ(algorithm_of(session), Algorithm::loops);
}

TEST(CrossChecker, of_a_transposed_convolution_runs_what_that_takes) {
  Session session = preset("padding_strides_transposed");
  session.input.kind = SourceKind::randn;
  session.weight = {SourceKind::randn, {}, {}, nullptr};
  Workbench bench{session};
  bench.cross_checker().start(bench.computation());
  bench.wait();
  const CrossCheck* check = bench.cross_checker().result();
  ASSERT_NE(check, nullptr);
  EXPECT_TRUE(check->all_agree());
  EXPECT_EQ(check->ran(), 2);
  EXPECT_GT(check->tolerance, 0);
  const AlgorithmCheck& furthest = check->furthest();
  if (furthest.worst.difference > 0) {
    const Pair out = bench.operation_plan()->out();
    EXPECT_EQ(furthest.worst.flat, furthest.worst.cell.y * out.w + furthest.worst.cell.x);
  }
  bench.apply({"edit.operation", {}, [](Session& edited) { (void)change_operation(edited, "max_pool2d"); }});
  bench.cross_checker().start(bench.computation());
  bench.wait();
  EXPECT_EQ(bench.cross_checker().result(), nullptr);
}

TEST(CrossChecker, is_forgotten_when_the_numbers_change_and_kept_when_they_do_not) {
  Workbench bench{preset("tutorial_6_2_2")};
  bench.cross_checker().start(bench.computation());
  bench.wait();
  bench.apply_view([](Session& session) { session.step = 3; });
  EXPECT_NE(bench.cross_checker().result(), nullptr);
  bench.apply({"edit.stride", {}, [](Session& session) { session.params.stride = {1, 1}; }});
  EXPECT_EQ(bench.cross_checker().result(), nullptr);
  bench.cross_checker().start(bench.computation());
  bench.wait();
  bench.undo();
  EXPECT_EQ(bench.cross_checker().result(), nullptr);
}

TEST(CrossChecker, that_runs_is_stopped_by_an_edit) {
  Session session = large();
  session.input_shape = Shape{1, 32, 64, 64};  // 200 million multiply-adds, seven times
  Workbench bench(session);
  bench.wait();
  bench.cross_checker().start(bench.computation());
  EXPECT_TRUE(bench.cross_checker().busy());
  bench.apply({"edit.stride", {}, [](Session& s) { s.params.stride = {64, 64}; }});
  EXPECT_FALSE(bench.cross_checker().busy());
  bench.wait();
  EXPECT_EQ(bench.cross_checker().result(), nullptr);
  EXPECT_EQ(bench.cross_checker().error(), nullptr);
}

TEST(CrossChecker, refuses_what_would_take_too_long_before_it_begins) {
  Session session = large();
  session.input_shape = Shape{1, 32, 512, 512};
  TensorCache cache;
  // Only the plan counts: no numbers are needed to see that this is too much.
  auto computation = std::make_shared<Computation>();
  computation->plan = *plan_of(session, cache);
  CrossChecker checker;
  checker.start(computation);
  EXPECT_FALSE(checker.busy());
  ASSERT_NE(checker.error(), nullptr);
  EXPECT_EQ(checker.error()->code, "error.cross_check_too_large");
  EXPECT_EQ(checker.error()->args[1], "30");
  checker.forget();
  EXPECT_EQ(checker.error(), nullptr);
}

TEST(CrossChecker, without_numbers_does_nothing) {
  CrossChecker checker;
  checker.start(nullptr);
  EXPECT_FALSE(checker.busy());
  checker.update();
  EXPECT_EQ(checker.result(), nullptr);
}

}  // namespace
}  // namespace convscope
