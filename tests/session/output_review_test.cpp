#include "app/session/output_review.h"

#include <gtest/gtest.h>

#include "app/session/workbench.h"

namespace convscope {
namespace {

/// 5x5 counting from 0, a kernel of ones.
ComputationPtr small(int64_t stride = 1) {
  Session session;
  session.params.stride = {stride, stride};
  return Workbench(session).computation();
}

/// An output whose check takes the background.
ComputationPtr large(double seed) {
  Session session;
  session.params.in_channels = session.params.out_channels = 16;
  session.params.padding = {1, 1};
  session.input_shape = Shape{1, 16, 64, 64};
  session.seed = static_cast<int64_t>(seed);
  session.input.kind = SourceKind::randn;
  session.weight = TensorSource{SourceKind::randn, {}, {}, nullptr};
  Workbench bench(session);
  bench.wait();
  return bench.computation();
}

constexpr const char* kRight = "[[54, 63, 72], [99, 108, 117], [144, 153, 162]]";
constexpr const char* kWrong = "[[54, 63, 72], [99, 108, 117], [144, 153, 163]]";

TEST(OutputReview, small_outputs_are_compared_at_once) {
  OutputReview review;
  EXPECT_FALSE(review.has_output());
  review.paste(kRight);
  const ComputationPtr computation = small();
  review.update(computation);
  EXPECT_FALSE(review.busy());
  ASSERT_NE(review.check(), nullptr);
  EXPECT_TRUE(review.check()->agrees());
  EXPECT_EQ(review.computation(), computation);
}

TEST(OutputReview, a_wrong_cell_is_named) {
  OutputReview review;
  review.paste(kWrong);
  review.update(small());
  ASSERT_NE(review.check(), nullptr);
  EXPECT_EQ(review.check()->comparison->wrong, 1);
  EXPECT_EQ(review.check()->comparison->first_wrong, 8);
}

TEST(OutputReview, compares_again_when_the_engine_has_other_numbers) {
  OutputReview review;
  review.paste(kRight);
  const ComputationPtr first = small(), second = small(2);
  review.update(first);
  EXPECT_TRUE(review.check()->agrees());
  const uint64_t before = review.revision();
  review.update(first);
  EXPECT_EQ(review.revision(), before);
  review.update(second);
  EXPECT_GT(review.revision(), before);
  ASSERT_NE(review.check(), nullptr);
  EXPECT_FALSE(review.check()->agrees());
  EXPECT_FALSE(review.check()->comparison.has_value());
  EXPECT_EQ(review.check()->diagnosis.explanations.front().causes.front().code, "cause.stride_ignored");
  EXPECT_EQ(review.computation(), second);
}

TEST(OutputReview, other_operations_are_compared_without_causes) {
  for (const auto& [operation, right] : {std::pair("max_pool2d", "[[12, 13, 14], [17, 18, 19], [22, 23, 24]]"),
                                         std::pair("avg_pool2d", "[[6, 7, 8], [11, 12, 13], [16, 17, 18]]")}) {
    Session session;
    ASSERT_TRUE(change_operation(session, operation));
    const ComputationPtr computation = Workbench(session).computation();
    OutputReview review;
    review.paste(right);
    review.update(computation);
    ASSERT_NE(review.check(), nullptr) << operation;
    EXPECT_TRUE(review.check()->agrees()) << operation;
    review.paste(kRight);
    review.update(computation);
    ASSERT_NE(review.check(), nullptr) << operation;
    EXPECT_EQ(review.check()->comparison->wrong, 9) << operation;
    EXPECT_TRUE(review.check()->diagnosis.explanations.empty()) << operation;
  }
}

TEST(OutputReview, text_that_is_none_says_why_and_compares_nothing) {
  OutputReview review;
  review.paste("hello");
  review.update(small());
  EXPECT_FALSE(review.has_output());
  ASSERT_NE(review.error(), nullptr);
  EXPECT_EQ(review.error()->code, "error.tensor_text_not_number");
  review.paste(kRight);
  EXPECT_EQ(review.error(), nullptr);
  review.update(small());
  EXPECT_TRUE(review.check()->agrees());
}

TEST(OutputReview, cleared_it_shows_nothing) {
  OutputReview review;
  review.paste(kRight);
  review.update(small());
  review.clear();
  EXPECT_FALSE(review.has_output());
  EXPECT_EQ(review.check(), nullptr);
  review.update(small());
  EXPECT_EQ(review.check(), nullptr);
}

TEST(OutputReview, waits_for_the_first_numbers_of_the_engine) {
  OutputReview review;
  review.paste(kRight);
  review.update(nullptr);
  EXPECT_TRUE(review.has_output());
  EXPECT_EQ(review.check(), nullptr);
  review.update(small());
  EXPECT_TRUE(review.check()->agrees());
}

TEST(OutputReview, a_file_is_read_in_the_background) {
  OutputReview review;
  review.open("/nowhere/output.npy");
  review.wait(small());
  ASSERT_NE(review.error(), nullptr);
  EXPECT_EQ(review.error()->code, "error.file_not_found");
}

TEST(OutputReview, of_large_outputs_only_the_last_comparison_is_seen) {
  OutputReview review;
  std::string text;
  for (int i = 0; i < 16; ++i) text += "1 2 3\n";
  review.paste(text);
  const ComputationPtr first = large(1), second = large(2);
  review.update(first);
  EXPECT_TRUE(review.busy());
  EXPECT_EQ(review.check(), nullptr);
  review.update(second);
  review.wait(second);
  EXPECT_FALSE(review.busy());
  ASSERT_NE(review.check(), nullptr);
  EXPECT_EQ(review.computation(), second);
}

}  // namespace
}  // namespace convscope
