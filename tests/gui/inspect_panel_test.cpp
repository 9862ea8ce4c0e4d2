// The tab "Inspect" in the real interface, off screen.
#include <gtest/gtest.h>

#include <imgui.h>

#include <fstream>

#include "app/io/npy.h"
#include "app/io/tensor_text.h"
#include "engine/tensor_print.h"
#include "tests/gui/driven_window.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

class InspectPanel : public DrivenWindow {
 protected:
  /// What the button beside the print copies.
  std::string copied() {
    play("click inspect.copy");
    const char* text = ImGui::GetClipboardText();
    return text ? text : "";
  }
  std::string printed(const Tensor& tensor, const char* expression) {
    return torch_repr(*slice_tensor(tensor, expression));
  }
  const ConvTensors& tensors() { return window().workbench().computation()->tensors; }
};

TEST_F(InspectPanel, an_expression_is_answered_as_pytorch_prints) {
  open("rgb", 1280, 1600);
  play("click tab.inspect\nexpect inspect.attributes\nexpect inspect.result\nexpect no inspect.index.error");
  play("click inspect.index\nkey ctrl+a\ntype x[0, :, 2:4, -1]\nexpect inspect.result");
  EXPECT_EQ(copied(), printed(tensors().input, "x[0, :, 2:4, -1]"));
}

TEST_F(InspectPanel, attributes_are_answered_and_follow_the_tensor) {
  open("rgb", 1280, 1600);
  play("click tab.inspect\nclick inspect.index\nkey ctrl+a\ntype x[0].shape\nexpect no inspect.index.error");
  EXPECT_EQ(copied(), torch_size(slice_tensor(tensors().input, "x[0]")->shape));
  play("click inspect.index\nkey ctrl+a\ntype x.size(1)\nclick inspect.tensor.weight");
  EXPECT_EQ(copied(), std::to_string(tensors().weight.shape()[1]));
  play("click inspect.tensor.input");
}

TEST_F(InspectPanel, a_wrong_index_is_explained_and_the_last_answer_stays) {
  open("rgb", 1280, 1600);
  play("click tab.inspect\nclick inspect.index\nkey ctrl+a\ntype x[0, 5]");
  EXPECT_NE(widget("inspect.index.error"), nullptr);
  EXPECT_NE(widget("inspect.result"), nullptr);
  play("key backspace\nkey backspace\ntype 2]\nexpect no inspect.index.error");
  EXPECT_EQ(copied(), printed(tensors().input, "x[0, 2]"));
}

TEST_F(InspectPanel, examples_fit_the_tensor_and_follow_it) {
  open("rgb", 1280, 1600);
  play("click tab.inspect\nclick inspect.tensor.weight\nclick inspect.example.1");
  EXPECT_EQ(copied(), printed(tensors().weight, "w[:, 0]"));
  // The name before the brackets follows the tensor, the index stays.
  play("click inspect.tensor.output");
  EXPECT_EQ(copied(), printed(tensors().output, "y[:, 0]"));
}

TEST_F(InspectPanel, a_bias_is_offered_where_there_is_one) {
  open("rgb", 1280, 1600);
  play("click tab.inspect");
  ASSERT_FALSE(plan().bias);
  EXPECT_EQ(widget("inspect.tensor.bias"), nullptr);
  play(
      "click constructor\nkey ctrl+a\ntype Conv2d(3, 4, 3, padding=1)\nkey enter\nclick inspect.tensor.bias\n"
      "click inspect.example.0");
  EXPECT_EQ(copied(), printed(tensors().bias, "b[0]"));
}

TEST_F(InspectPanel, a_change_of_the_layer_is_answered_at_once) {
  open("no_padding_no_strides", 1280, 1600);
  play(
      "click tab.inspect\nclick inspect.tensor.output\nclick inspect.index\nkey ctrl+a\ntype y\nkey enter\n"
      "click stride.h.plus");
  EXPECT_EQ(plan().out, (Pair{1, 1}));
  EXPECT_EQ(copied(), printed(tensors().output, "y"));
}

TEST_F(InspectPanel, an_idle_frame_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  for (const char* name : {"rgb", "photo_1080p"}) {
    open(name, 1280, 1600);
    play("click tab.inspect\nclick inspect.example.3\nhover timeline.play\nwait frames 3");
    for (int i = 0; i < 8; ++i) off_->frame();
    const long before = test::allocations_so_far();
    for (int i = 0; i < 4; ++i) off_->frame();
    EXPECT_EQ(test::allocations_so_far() - before, 0) << name;
  }
}

TEST_F(InspectPanel, opening_a_file_of_another_type_says_what_became_of_it) {
  TemporaryFolder folder;
  const std::string path = folder.file("whole.npy");
  std::string file("\x93NUMPY\x01\x00", 8);
  const std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 1, 4, 4), }\n";
  file += static_cast<char>(header.size());
  file += '\0';
  std::ofstream(path, std::ios::binary) << file << header << std::string(32, '\1');
  open("no_padding_no_strides");
  play("drop " + path + "\nwait idle");
  EXPECT_EQ(window().notice().text, "whole.npy: int16 converted to float32.");
}

TEST_F(InspectPanel, all_numbers_of_a_summarised_tensor_are_copied_and_read_back_exactly) {
  open("photo_1080p");
  const std::string expression = "x[0, :, 300:340, ::20]";
  play("click tab.inspect\nclick inspect.tensor.input\nclick inspect.index\nkey ctrl+a\ntype " + expression + "\nclick inspect.copy_all");
  const char* text = ImGui::GetClipboardText();
  ASSERT_NE(text, nullptr);
  const Result<TensorText> read = parse_tensor_text(text, TensorTextUse::tensor);
  ASSERT_TRUE(read.ok()) << describe(Language::en, read.error());
  const Tensor slice = slice_tensor(tensors().input, expression).value().to_tensor().value();
  EXPECT_EQ(read->shape, slice.shape());
  ASSERT_EQ(static_cast<int64_t>(read->values.size()), slice.numel());
  for (int64_t i = 0; i < slice.numel(); ++i) {
    ASSERT_EQ(static_cast<float>(read->values[static_cast<size_t>(i)]), static_cast<float>(slice.at(i))) << i;
  }
  // What is printed in full needs no second button, and what is too much for a clipboard has none.
  play("click inspect.index\nkey ctrl+a\ntype x[0, 0, :2, :3]\nexpect no inspect.copy_all");
  play("click inspect.index\nkey ctrl+a\ntype x\nexpect inspect.too_large\nexpect no inspect.copy_all");
}

}  // namespace
}  // namespace convscope
