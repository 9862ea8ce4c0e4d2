// The solver's and the receptive field's panels under a user's hands.
#include <gmock/gmock.h>

#include "app/session/chains.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class SolverPanel : public DrivenWindow {
 protected:
  /// 5x5 with a 3x3 kernel, stride 2 and padding 1: 3x3. Locks of an earlier test are opened.
  void open_tab(const std::string& key) {
    open("tutorial_5_2");
    play("click section.output_size\nclick tab." + key);
  }
  void undo() { play("key ctrl+z"); }
};

class FieldPanel : public SolverPanel {};

TEST_F(SolverPanel, a_click_applies_a_solution_as_one_edit) {
  open_tab("solver");
  const ConvParams before = session().params;
  play("click solver.h.plus\nclick solver.w.plus\nclick solver.solution.1");
  EXPECT_EQ(plan().out, (Pair{4, 4}));
  EXPECT_EQ(session().params.padding, (Pair{2, 2})) << "the padding alone is nearest";
  EXPECT_EQ(session().params.kernel_size, before.kernel_size);
  undo();
  EXPECT_EQ(session().params, before);
  EXPECT_EQ(plan().out, (Pair{3, 3}));
}

TEST_F(SolverPanel, the_wish_follows_the_output_until_it_is_changed_and_after_a_reset) {
  open_tab("solver");
  EXPECT_EQ(widget("solver.reset"), nullptr);
  play("click solver.h.plus");
  ASSERT_NE(widget("solver.reset"), nullptr);
  play("click solver.reset");
  EXPECT_EQ(widget("solver.reset"), nullptr);
  // The present layer is the first solution and changes nothing.
  const ConvParams before = session().params;
  play("click solver.solution.1");
  EXPECT_EQ(session().params, before);
}

TEST_F(SolverPanel, a_kept_parameter_is_in_no_solution_that_is_taken) {
  open_tab("solver");
  play("click solver.keep.padding\nclick solver.h.plus\nclick solver.w.plus\nclick solver.solution.1");
  EXPECT_EQ(session().params.padding, (Pair{1, 1}));
  EXPECT_EQ(plan().out, (Pair{4, 4}));
  play("click solver.keep.padding");
}

TEST_F(SolverPanel, without_a_solution_it_names_what_to_loosen) {
  open_tab("solver");
  play(
      "click solver.keep.kernel_size\nclick solver.keep.padding\nclick solver.keep.dilation\n"
      "click solver.h.plus\nclick solver.w.plus");
  EXPECT_NE(widget("solver.none"), nullptr);
  EXPECT_EQ(widget("solver.solution.1"), nullptr);
  play("click solver.loosen.padding");
  EXPECT_EQ(widget("solver.none"), nullptr);
  EXPECT_NE(widget("solver.solution.1"), nullptr);
  play("click solver.keep.kernel_size\nclick solver.keep.dilation\nclick solver.reset");
}

TEST_F(SolverPanel, a_transposed_convolution_is_solved_with_its_output_padding) {
  open("padding_strides_transposed", 1280, 1000);
  play("click tab.solver\nexpect solver.keep.output_padding\nclick solver.h.plus\nclick solver.w.plus");
  const Pair before = window().workbench().operation_plan()->out();
  for (const char* param : {"kernel_size", "stride", "padding", "dilation"}) {
    play(std::string("click solver.keep.") + param);
  }
  play("click solver.solution.1");
  EXPECT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().operation_plan()->out(), (Pair{before.h + 1, before.w + 1}));
  EXPECT_EQ(session().more.output_padding, (Pair{1, 1}));
  for (const char* param : {"kernel_size", "stride", "padding", "dilation"}) {
    play(std::string("click solver.keep.") + param);
  }
}

TEST_F(SolverPanel, pooling_is_solved_and_its_stride_stays_where_it_is_no_part_of_the_answer) {
  open("max_pooling", 1280, 1000);
  play("click tab.solver\nexpect solver.keep.dilation\nexpect no solver.keep.output_padding");
  const Pair stride = session().params.stride;
  const Pair out = window().workbench().operation_plan()->out();
  play(
      "click solver.keep.stride\nclick solver.keep.padding\nclick solver.keep.dilation\nclick solver.h.minus\n"
      "click solver.w.minus\nclick solver.solution.1\n"
      "click solver.keep.stride\nclick solver.keep.padding\nclick solver.keep.dilation");
  EXPECT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().operation_plan()->out(), (Pair{out.h - 1, out.w - 1}));
  EXPECT_EQ(session().params.stride, stride);
  open("average_pooling_padding", 1280, 1000);
  play("click tab.solver\nexpect no solver.keep.dilation\nexpect solver.solution.1");
}

TEST_F(SolverPanel, the_bounds_are_the_users) {
  open_tab("solver");
  play("click section.solver_bounds\nexpect solver.max.padding\nexpect no solver.bounds.reset");
  play("click solver.h\ntype 30\nkey enter\nclick solver.w\ntype 30\nkey enter\nexpect solver.none");
  play("click solver.max.padding\ntype 40\nkey enter\nexpect no solver.none\nclick solver.solution.1");
  EXPECT_EQ(plan().out, (Pair{30, 30}));
  EXPECT_EQ(window().workbench().error(), nullptr);
  play(
      "click solver.max.padding\ntype -1\nkey enter\nexpect solver.error\nclick solver.bounds.reset\n"
      "expect no solver.error\nexpect no solver.bounds.reset\nclick section.solver_bounds");
}

TEST_F(SolverPanel, an_illegal_session_can_be_solved_back_to_a_legal_one) {
  open_tab("solver");
  play("click kernel_size.h\ntype 9\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  play("click solver.solution.1");
  EXPECT_EQ(window().workbench().error(), nullptr);
  EXPECT_EQ(plan().out, (Pair{3, 3}));
}

TEST_F(FieldPanel, it_begins_with_the_sessions_own_layer_and_follows_it) {
  open_tab("field");
  EXPECT_NE(widget("field.layer.1"), nullptr);
  EXPECT_EQ(widget("field.layer.2"), nullptr);
  play("click stride.h.plus");
  EXPECT_TRUE(session().chain.layers.empty());
  play("click field.add");
  ASSERT_EQ(session().chain.layers.size(), 2u);
  EXPECT_EQ(session().chain.layers[0].stride, (Spatial{3, 3}));
  undo();
  EXPECT_TRUE(session().chain.layers.empty());
}

TEST_F(FieldPanel, a_built_in_chain_is_loaded_and_edited_in_place) {
  open_tab("field");
  play("click field.chain\nclick field.chain.alexnet");
  ASSERT_EQ(session().chain, find_chain("alexnet")->chain);
  // The first layer is open for editing.
  play("click field.edit.stride.minus");
  EXPECT_EQ(session().chain.layers[0].stride, (Spatial{3, 3}));
  play("click field.edit.down");
  EXPECT_EQ(session().chain.layers[1].name, "conv1");
  play("click field.edit.remove");
  ASSERT_EQ(session().chain.layers.size(), 7u);
  EXPECT_EQ(session().chain.layers[0].name, "pool1");
  play("click field.edit.kind\nclick field.edit.kind.avg_pool");
  EXPECT_EQ(session().chain.layers[1].kind, LayerKind::avg_pool);
  undo();
  undo();
  undo();
  undo();
  EXPECT_EQ(session().chain, find_chain("alexnet")->chain);
}

TEST_F(FieldPanel, height_and_width_can_be_set_apart) {
  open_tab("field");
  play(
      "click field.chain\nclick field.chain.vgg16\nclick field.edit.kernel_size.link\nclick "
      "field.edit.kernel_size.1.plus");
  EXPECT_EQ(session().chain.layers[0].kernel_size, (Spatial{3, 4}));
  play("click field.edit.kernel_size.link");
  EXPECT_EQ(session().chain.layers[0].kernel_size, (Spatial{3, 3}));
}

TEST_F(FieldPanel, an_illegal_layer_says_so_and_the_chain_stays_editable) {
  open_tab("field");
  play("click field.chain\nclick field.chain.alexnet\nclick field.input.h\ntype 20\nkey enter");
  EXPECT_EQ(session().chain.input_size, (Spatial{20, 224}));
  EXPECT_NE(widget("field.error"), nullptr);
  undo();
  EXPECT_EQ(widget("field.error"), nullptr);
}

TEST_F(FieldPanel, the_table_can_be_copied) {
  open_tab("field");
  play("click field.copy");
  EXPECT_FALSE(window().notice().text.empty());
  EXPECT_FALSE(window().notice().is_error);
}

}  // namespace
}  // namespace convscope
