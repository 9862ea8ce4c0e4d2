// Transposed convolution and pooling in the real window.
#include "app/gui/operation_pointing.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class OperationsWindow : public DrivenWindow {
 protected:
  const OperationPlan& shown() { return window().workbench().computation()->plan; }
};

TEST_F(OperationsWindow, the_operation_is_chosen_and_undone) {
  open("tutorial_5_1");
  play("click operation\nclick operation.max_pool2d");
  EXPECT_EQ(session().operation, "max_pool2d");
  EXPECT_EQ(session().lens, Lens::pooling);
  ASSERT_NE(shown().pool(), nullptr);
  EXPECT_EQ(widget("kernel.named"), nullptr) << "pooling has no kernel";
  EXPECT_NE(widget("ceil_mode"), nullptr);
  play("click operation\nclick operation.conv_transpose2d");
  ASSERT_NE(shown().transposed(), nullptr);
  EXPECT_NE(widget("output_padding.h"), nullptr);
  EXPECT_EQ(widget("padding_mode"), nullptr);
  play("key ctrl+z\nkey ctrl+z");
  EXPECT_EQ(session().operation, "conv2d");
  EXPECT_EQ(session().lens, Lens::sliding);
  EXPECT_NE(shown().conv2d(), nullptr);
}

TEST_F(OperationsWindow, a_volume_has_three_numbers_for_each_argument) {
  open("tutorial_5_1");
  play("click operation\nclick operation.conv3d");
  ASSERT_NE(shown().volume(), nullptr);
  EXPECT_EQ(session().lens, Lens::slices);
  EXPECT_EQ(session().input_shape.rank(), 5);
  EXPECT_EQ(widget("tab.solver"), nullptr) << "the solver asks for a height and a width";
  EXPECT_EQ(widget("lens.im2col"), nullptr);
  EXPECT_NE(widget("lens.receptive_field"), nullptr);
  ASSERT_NE(widget("kernel_size.d"), nullptr);
  play("click kernel_size.link\nclick kernel_size.h\nkey ctrl+a\ntype 2\nkey enter");
  const Spatial kernel = shown().volume()->windows.all(&WindowAxis::kernel);
  EXPECT_EQ(kernel, (Spatial{3, 2, 3}));
  play("click stride.d.plus");
  EXPECT_EQ(shown().volume()->windows.all(&WindowAxis::stride), Spatial::all(3, 2)) << "linked";
  play("key ctrl+z\nclick input.depth\nkey ctrl+a\ntype 6\nkey enter");
  EXPECT_EQ(shown().volume()->windows.depth().extent, 6);
  EXPECT_NE(widget("output_size.d"), nullptr);
  // What is illegal is told at its widget, in PyTorch's terms, and the last good picture stays.
  play("click kernel_size.d\nkey ctrl+a\ntype 9\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().error()->code, "error.kernel_larger_than_input");
  EXPECT_NE(widget("kernel_size.error"), nullptr);
  EXPECT_EQ(shown().volume()->windows.depth().kernel, 3);
  play("key ctrl+z");
  EXPECT_EQ(window().workbench().error(), nullptr);
  play("click constructor\nkey ctrl+a\ntype nn.Conv3d(1, 1, (3, 1, 1), padding=(1, 0, 0))\nkey enter");
  EXPECT_EQ(shown().volume()->windows.all(&WindowAxis::kernel), (Spatial{3, 1, 1}));
  EXPECT_EQ(shown().volume()->windows.all(&WindowAxis::pad_begin), (Spatial{1, 0, 0}));
  // A number is typed into a slice, and a pasted matrix gives all slices its size.
  open("conv3d_basics");
  play("click input.numbers\nclick input.channel.plus\nclick input.cell.0.1\nkey ctrl+a\ntype 7\nkey enter");
  EXPECT_EQ(window().workbench().computation()->tensors.input.at(16 + 1), 7) << "depth 1, row 0, column 1";
  play("click input.cell.0.0\nkey ctrl+a\ntype [[1,2,3],[4,5,6],[7,8,9]]\nkey enter");
  EXPECT_EQ(shown().input_shape(), (Shape{1, 1, 4, 3, 3}));
  EXPECT_EQ(window().workbench().computation()->tensors.input.at(9 + 8), 9);
  play("click operation\nclick operation.conv2d");
  EXPECT_EQ(session().input_shape.rank(), 4);
  ASSERT_NE(shown().conv2d(), nullptr);
}

TEST_F(OperationsWindow, cells_of_a_volume_answer_the_pointer_and_the_timeline) {
  open("conv3d_padding");
  play("key end");
  EXPECT_EQ(step(), 48);
  play("key home\nkey down");
  EXPECT_EQ(step(), 5) << "a row";
  EXPECT_NE(widget("cell.shows.0.0.0.1.0"), nullptr);
  const CellRef output{TensorId::output, 0, 2, 1, 3};
  EXPECT_EQ(step_of(shown(), Lens::slices, output, 0), (2 * 4 + 1) * 4 + 3);
  EXPECT_EQ(step_of(shown(), Lens::slices, {TensorId::input, 0, 1, 2, 2}, 0), (1 * 4 + 2) * 4 + 2);
  EXPECT_FALSE(step_of(shown(), Lens::slices, {TensorId::weight, 0, 0, 0, 0}, 0));
  EXPECT_EQ(cell_of_step(shown(), Lens::slices, 47), (CellRef{TensorId::output, 0, 2, 3, 3}));
  EXPECT_TRUE(is_current_cell(shown(), Lens::slices, {TensorId::input, 0, 0, 0, 1}, 0));
  EXPECT_FALSE(is_current_cell(shown(), Lens::slices, {TensorId::input, 0, 2, 0, 1}, 0)) << "below the window";
  const CellIndex index = index_of_cell(shown(), output);
  EXPECT_EQ(index.count, 5);
  EXPECT_EQ(index.at, (std::array<int64_t, 5>{0, 0, 2, 1, 3}));
}

TEST_F(OperationsWindow, the_switch_between_scatter_and_gather_is_kept_in_the_session) {
  open("padding_strides_transposed");
  EXPECT_EQ(window().workbench().step_count(), 9);
  play("click lens.gather");
  EXPECT_EQ(session().lens, Lens::gather);
  EXPECT_EQ(window().workbench().step_count(), 25);
  play("key end\nkey 1");
  EXPECT_EQ(session().lens, Lens::scatter);
  EXPECT_EQ(step(), 9) << "the end stays the end";
  play("key home\nkey down");
  EXPECT_EQ(step(), 4) << "a row of the input";
}

TEST_F(OperationsWindow, output_padding_changes_the_size_and_is_refused_when_too_large) {
  open("padding_strides_transposed");
  play("click output_padding.h.plus");
  EXPECT_EQ(session().more.output_padding, (Pair{1, 1}));
  EXPECT_EQ(shown().out(), (Pair{6, 6}));
  open("padding_strides_odd_transposed");
  play("click output_padding.h\ntype 2\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().error()->field, "output_padding");
  EXPECT_NE(widget("output_padding.error"), nullptr);
  EXPECT_EQ(shown().out(), (Pair{6, 6})) << "the last good picture stays";
}

TEST_F(OperationsWindow, a_typed_call_chooses_the_operation) {
  open("tutorial_5_1");
  play("click constructor\nkey ctrl+a\ntype nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False)\nkey enter");
  EXPECT_EQ(session().operation, "avg_pool2d");
  EXPECT_EQ(session().params.kernel_size, (Pair{2, 2}));
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
  EXPECT_TRUE(session().more.ceil_mode);
  EXPECT_FALSE(session().more.count_include_pad);
  EXPECT_EQ(shown().out(), (Pair{3, 3}));
}

TEST_F(OperationsWindow, poolings_stride_follows_its_kernel_until_it_is_set) {
  open("max_pooling");
  play("click kernel_size.h.plus");
  EXPECT_EQ(session().params.kernel_size, (Pair{3, 3}));
  EXPECT_EQ(session().params.stride, (Pair{3, 3}));
  play("click stride.h.minus\nclick kernel_size.h.minus");
  EXPECT_EQ(session().params.kernel_size, (Pair{2, 2}));
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
}

TEST_F(OperationsWindow, every_panel_works) {
  for (const char* preset : {"padding_strides_odd_transposed", "ceil_mode", "average_pooling_padding"}) {
    open(preset);
    for (const auto& [tab, shows] : {std::pair("cost", "cost.output"), std::pair("field", "field.layer.1"),
                                     std::pair("compare", "compare.paste"), std::pair("solver", "solver.solution.1")}) {
      play(std::string("click tab.") + tab);
      EXPECT_NE(widget(shows), nullptr) << preset << tab;
    }
    play("click tab.cell\nclick tab.inspect");
    EXPECT_NE(widget("output_size.shape"), nullptr);
  }
}

TEST_F(OperationsWindow, pointing_and_clicking_reach_the_step_of_a_cell) {
  open("padding_strides_transposed");
  const OperationPlan& plan = shown();
  EXPECT_EQ(step_of(plan, Lens::scatter, {TensorId::input, 0, 0, 2, 1}, 0), 7);
  EXPECT_EQ(step_of(plan, Lens::scatter, {TensorId::output, 0, 0, 2, 2}, 0), 4) << "the stamp around it";
  EXPECT_EQ(step_of(plan, Lens::gather, {TensorId::output, 0, 0, 2, 2}, 0), 12);
  EXPECT_EQ(step_of(plan, Lens::scatter, {TensorId::weight, 0, 0, 0, 0}, 0), std::nullopt);
  const CellRef cell = cell_of_step(plan, Lens::scatter, 7);
  EXPECT_EQ(cell, (CellRef{TensorId::input, 0, 0, 2, 1}));
}

}  // namespace
}  // namespace convscope
