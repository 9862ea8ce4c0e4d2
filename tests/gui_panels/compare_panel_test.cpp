// The tabs Compare and Cost in the real interface, off screen.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "app/io/npy.h"
#include "tests/gui/driven_window.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

/// The convolution of no_padding_no_strides is 19 24 / 21 16.
class ComparePanel : public DrivenWindow {
 protected:
  void paste(const std::string& text) {
    window().review().paste(text);
    off_->settle();
  }
};

TEST_F(ComparePanel, explains_itself_while_there_is_nothing_to_compare) {
  open("no_padding_no_strides");
  play("click tab.compare\nexpect compare.paste\nexpect compare.open\nexpect no compare.clear");
}

TEST_F(ComparePanel, takes_the_clipboard) {
  open("no_padding_no_strides", 1280, 1000);
  play(
      "click constructor\nkey ctrl+a\ntype [[19, 24], [21, 16]]\nkey ctrl+a\nkey ctrl+c\nkey escape\n"
      "click tab.compare\nclick compare.paste\nexpect compare.agrees\nexpect no compare.cause");
  play("click compare.clear\nexpect no compare.agrees\nexpect no compare.clear");
}

TEST_F(ComparePanel, a_wrong_output_has_a_cause_and_leads_to_its_step) {
  open("no_padding_no_strides", 1280, 1000);
  play("click tab.compare");
  paste("[[19, 24], [21, 17]]");
  play("expect compare.wrong\nexpect compare.no_cause\nexpect step 1\nclick compare.first\nexpect step 4");
  paste("[[17, 29], [14, 21]]");
  play("expect compare.cause");
  EXPECT_EQ(window().review().check()->diagnosis.explanations[0].causes[0].code, "cause.kernel_transposed");
}

TEST_F(ComparePanel, compares_again_when_a_parameter_changes) {
  open("no_padding_no_strides", 1280, 1000);
  play("click tab.compare");
  paste("[[19, 24], [21, 16]]");
  play("expect compare.agrees\nclick padding.h.plus\nexpect compare.shape_wrong\nexpect compare.cause");
  play("click padding.h.minus\nexpect compare.agrees");
}

TEST_F(ComparePanel, text_that_is_no_tensor_is_refused_in_the_panel) {
  open("no_padding_no_strides");
  play("click tab.compare");
  paste("hello");
  play("expect compare.error\nexpect no compare.clear");
}

TEST_F(ComparePanel, a_file_is_compared_like_text) {
  const TemporaryFolder folder;
  open("no_padding_no_strides", 1280, 1000);
  ASSERT_TRUE(write_npy(folder.file("y.npy"), window().workbench().computation()->tensors.output));
  play("click tab.compare");
  window().review().open(folder.file("y.npy"));
  off_->settle();
  play("expect compare.agrees");
}

TEST_F(ComparePanel, every_operation_has_its_first_wrong_cell_and_the_step_that_makes_it) {
  for (const auto& [preset, lens, step] :
       {std::tuple("padding_strides_transposed", "gather", 8), std::tuple("max_pooling", "pooling", 3)}) {
    open(preset, 1280, 1000);
    play(std::string("click lens.") + lens + "\nclick tab.compare");
    const Tensor& right = window().workbench().computation()->tensors.output;
    const TemporaryFolder folder;
    ASSERT_TRUE(write_npy(folder.file("y.npy"), right));
    window().review().open(folder.file("y.npy"));
    off_->settle();
    play("expect compare.agrees");
    Tensor wrong = Tensor::zeros(right.shape(), DType::float32).value();
    std::copy(right.data<float>(), right.data<float>() + right.numel(), wrong.mutable_data<float>());
    wrong.mutable_data<float>()[step - 1] += 1;
    ASSERT_TRUE(write_npy(folder.file("n.npy"), wrong));
    window().review().open(folder.file("n.npy"));
    off_->settle();
    play("expect compare.wrong\nexpect compare.no_cause\nclick compare.first\nexpect step " + std::to_string(step));
  }
}

TEST_F(ComparePanel, an_idle_frame_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  open("no_padding_no_strides", 1280, 1000);
  for (const char* tab : {"compare", "cost"}) {
    play("click tab." + std::string(tab));
    for (const char* text : {"[[19, 24], [21, 16]]", "[[19, 24], [21, 17]]", "[[1, 2, 3]]"}) {
      paste(text);
      for (int i = 0; i < 4; ++i) off_->frame();
      const long before = test::allocations_so_far();
      for (int i = 0; i < 4; ++i) off_->frame();
      EXPECT_EQ(test::allocations_so_far() - before, 0) << tab << " " << text;
    }
  }
}

TEST_F(ComparePanel, the_cost_has_a_line_for_everything) {
  open("tutorial_5_3", 1280, 1000);
  play(
      "click tab.cost\nexpect cost.parameters\nexpect cost.macs\nexpect cost.input\nexpect cost.weight\n"
      "expect cost.output\nexpect cost.im2col\nexpect cost.intensity");
}

}  // namespace
}  // namespace convscope
