// The choice of algorithm and the comparison of all of them, as a user works with them.
#include <gtest/gtest.h>

#include "tests/gui/driven_window.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

class AlgorithmPanel : public DrivenWindow {
 protected:
  /// A 5x5 convolution from `channels` to as many over a square input.
  void open_wide(int64_t channels, int64_t side) {
    Session wide;
    wide.params.in_channels = wide.params.out_channels = channels;
    wide.params.kernel_size = {5, 5};
    wide.input_shape = Shape{1, channels, side, side};
    wide.weight = {SourceKind::ones, {}, {}, nullptr};
    open(wide);
  }
  Algorithm session_algorithm() { return window().workbench().computation()->algorithm; }
  CrossChecker& checker() { return window().workbench().cross_checker(); }
};

TEST_F(AlgorithmPanel, every_algorithm_can_be_chosen_and_computes) {
  open("tutorial_6_2_1");
  for (Algorithm algorithm : algorithms()) {
    play(std::string("click algorithm\nclick algorithm.") + name_of(algorithm));
    EXPECT_EQ(session().algorithm, algorithm);
    EXPECT_EQ(window().workbench().error(), nullptr);
    EXPECT_FALSE(window().workbench().busy());
  }
}

TEST_F(AlgorithmPanel, a_choice_is_one_undo_step) {
  open("tutorial_6_2_1");
  play("click algorithm\nclick algorithm.loops\nclick algorithm\nclick algorithm.slices\nkey ctrl+z");
  EXPECT_EQ(session().algorithm, Algorithm::loops);
  play("key ctrl+z");
  EXPECT_EQ(session().algorithm, Algorithm::automatic);
}

TEST_F(AlgorithmPanel, the_comparison_lists_every_algorithm_until_the_numbers_change) {
  open("tutorial_7_2");
  play("expect no cross_check.result\nclick cross_check.run\nwait idle\nexpect cross_check.result");
  for (Algorithm algorithm : algorithms().subspan(1)) {
    play(std::string("expect cross_check.row.") + name_of(algorithm));
  }
  ASSERT_NE(checker().result(), nullptr);
  EXPECT_TRUE(checker().result()->all_agree());
  play("key right\nexpect cross_check.result\nclick padding.h.plus\nexpect no cross_check.result");
}

TEST_F(AlgorithmPanel, a_transposed_convolution_has_those_that_it_takes) {
  Session session = find_preset("padding_strides_transposed")->session;
  session.algorithm = Algorithm::slices;  // stays for conv2d
  open(session);
  play("expect algorithm\nclick algorithm\nexpect no algorithm.slices\nclick algorithm.naive");
  EXPECT_EQ(session_algorithm(), Algorithm::naive);
  play("click algorithm\nclick algorithm.im2col\nclick cross_check.run\nwait idle\nexpect cross_check.row.naive");
  play("expect cross_check.row.im2col\nexpect no cross_check.row.loops");
  ASSERT_NE(checker().result(), nullptr);
  EXPECT_TRUE(checker().result()->all_agree());
  open("max_pooling");
  EXPECT_EQ(widget("algorithm"), nullptr);
}

TEST_F(AlgorithmPanel, a_long_comparison_shows_its_progress_and_can_be_stopped) {
  open_wide(32, 96);  // some seconds of the lessons' loops
  window().workbench().cross_checker().start(window().workbench().computation());
  for (int i = 0; i < 3 && checker().busy(); ++i) off_->frame(0.3);
  ASSERT_TRUE(checker().busy()) << "the computation is too short for this test";
  ASSERT_NE(widget("cross_check.progress"), nullptr);
  EXPECT_EQ(widget("cross_check.run"), nullptr);
  ASSERT_NE(widget("cross_check.stop"), nullptr);
  checker().forget();
  off_->settle();
  EXPECT_NE(widget("cross_check.run"), nullptr);
  EXPECT_EQ(widget("cross_check.result"), nullptr);
}

TEST_F(AlgorithmPanel, what_would_take_too_long_says_so) {
  open_wide(64, 128);
  play("click cross_check.run\nexpect cross_check.error\nexpect cross_check.run");
  EXPECT_FALSE(checker().busy());
}

TEST_F(AlgorithmPanel, without_good_parameters_there_is_nothing_to_compare) {
  open("tutorial_6_2_1");
  play("click stride.h\ntype 0\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  ASSERT_NE(widget("cross_check.run"), nullptr);
  EXPECT_FALSE(widget("cross_check.run")->enabled);
}

TEST_F(AlgorithmPanel, an_algorithm_without_room_explains_itself_beneath_its_field) {
  Session session;
  session.params.kernel_size = {1, 1};
  session.params.padding = {50000, 50000};
  session.params.stride = {100000, 100000};
  open(session);
  play("click algorithm\nclick algorithm.slices\nwait idle\nexpect algorithm.error\nexpect no session.error");
  play("click algorithm\nclick algorithm.toeplitz\nwait idle\nexpect no algorithm.error");
}

TEST_F(AlgorithmPanel, a_frame_with_a_result_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  for (Language language : {Language::en, Language::zh}) {
    Session session = find_preset("tutorial_6_2_2")->session;
    session.language = language;
    open(session);
    play("click cross_check.run\nwait idle\nhover timeline.step");
    ASSERT_NE(widget("cross_check.result"), nullptr);
    for (int i = 0; i < 4; ++i) off_->frame();
    const long before = test::allocations_so_far();
    for (int i = 0; i < 4; ++i) off_->frame();
    EXPECT_EQ(test::allocations_so_far() - before, 0) << name_of(language);
  }
}

}  // namespace
}  // namespace convscope
