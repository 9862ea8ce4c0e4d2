// The gradient lens in the real window: pointing, stepping on its cells, and the settings of gradients and learning.
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class GradientWindow : public DrivenWindow {
 protected:
  const GradientNumbers& numbers() { return *window().workbench().computation()->gradient; }
};

TEST_F(GradientWindow, the_lens_brings_its_numbers_and_its_settings) {
  open("padding_strides");
  EXPECT_EQ(widget("gradient.source"), nullptr);
  play("click lens.gradient");
  EXPECT_EQ(session().lens, Lens::gradient);
  ASSERT_NE(window().workbench().computation()->gradient, nullptr);
  EXPECT_TRUE(draws({TensorId::grad_input, 0, 0, 2, 2}));
  EXPECT_TRUE(draws({TensorId::grad_weight, 0, 0, 1, 1}));
  EXPECT_NE(widget("section.gradient"), nullptr);
}

TEST_F(GradientWindow, a_click_on_dy_goes_there_and_one_on_dx_to_the_window_over_it) {
  open("gradient_basics");
  play("click grad_output[0, 0, 1, 0]");
  EXPECT_EQ(step(), 3);
  EXPECT_NE(widget("cell.shows.0.0.1.0"), nullptr);
  EXPECT_NE(widget("cell.gradient"), nullptr);
  play("click grad_input[0, 0, 1, 2]");
  EXPECT_EQ(step(), 2);
  play("key right");
  EXPECT_EQ(step(), 3);
}

TEST_F(GradientWindow, pointing_at_a_gradient_lists_what_it_is_the_sum_of) {
  open("gradient_basics");
  for (const char* cell : {"grad_input[0, 0, 1, 1]", "grad_weight[0, 0, 2, 0]"}) {
    play(std::string("hover ") + cell);
    EXPECT_NE(widget("cell.list"), nullptr) << cell;
    EXPECT_NE(widget("cell.so_far"), nullptr) << cell;
    EXPECT_NE(widget("picture.pointed"), nullptr) << cell;
  }
  EXPECT_NE(widget("cell.shows.0.0.2.0"), nullptr);
  play("hover grad_bias[0]");
  EXPECT_NE(widget("picture.pointed"), nullptr);
}

TEST_F(GradientWindow, dy_is_chosen_typed_and_undone) {
  open("gradient_basics", 1280, 1400);
  play("click gradient.source\nclick gradient.source.values");
  EXPECT_EQ(session().gradient.grad_output.kind, SourceKind::values);
  EXPECT_EQ(numbers().grad_output.at(2), 1) << "typing begins with the numbers that were there";
  play("click gradient.cell.1.0\nkey ctrl+a\ntype 5\nkey enter");
  EXPECT_EQ(numbers().grad_output.at(2), 5);
  EXPECT_EQ(numbers().whole.bias.at(0), 8);
  // Another output, and the typed numbers go along.
  play("click padding.h.plus");
  ASSERT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(numbers().grad_output.numel(), 16);
  EXPECT_EQ(numbers().grad_output.at(4), 5);
  play("key ctrl+z\nkey ctrl+z\nkey ctrl+z");
  EXPECT_EQ(session().gradient.grad_output.kind, SourceKind::ones);
  play("click gradient.source\nclick gradient.source.mse");
  EXPECT_NE(widget("target.source"), nullptr);
  EXPECT_TRUE(numbers().from_loss());
}

TEST_F(GradientWindow, learning_is_switched_on_and_its_curve_is_a_scrubber) {
  open("gradient_basics", 1280, 1400);
  play("click learn.on");
  ASSERT_TRUE(session().learn.on);
  EXPECT_EQ(window().workbench().step_count(), session().learn.steps + 1);
  EXPECT_EQ(step(), 1);
  play("click learn.rate\nkey ctrl+a\ntype 0.02\nkey enter\nexpect no cell.diverged");
  play("click loss[0, 20]");
  EXPECT_EQ(step(), 21);
  EXPECT_TRUE(draws({TensorId::learned, 0, 0, 1, 1}));
  play("click learn.rate\nkey ctrl+a\ntype 100\nkey enter");
  EXPECT_NE(widget("cell.diverged"), nullptr) << "in one line, beside the numbers";
  play("click learn.rate\nkey ctrl+a\ntype 0\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().error()->field, "learning_rate");
  EXPECT_NE(widget("learning_rate.error"), nullptr);
  play("click learn.on");
  EXPECT_EQ(window().workbench().step_count(), 4);
}

}  // namespace
}  // namespace convscope
