// The layers of an ONNX model in the window: listed, searched, chosen, with the input that a picture becomes before
// them.
#include <gtest/gtest.h>

#include "app/io/image.h"
#include "app/session/model.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class Models : public DrivenWindow {
 protected:
  static std::string model(const std::string& name) { return std::string(CONVSCOPE_TEST_MODELS) + "/" + name; }
  ComputationPtr computation() { return window().workbench().computation(); }
};

TEST_F(Models, a_dropped_model_lists_its_layers_and_the_chosen_one_is_one_undo_step) {
  open("padding_strides");
  const Session before = session();
  play("drop " + model("trunk.onnx") + "\nexpect model_dialog\nexpect model.row.conv1\nexpect model.row.gap");
  EXPECT_EQ(session(), before);
  play("type conv2\nexpect model.row.block/conv2\nexpect no model.row.conv1\nkey enter\nexpect no model_dialog");
  EXPECT_EQ(session().operation, "conv2d");
  EXPECT_EQ(session().params.groups, 2);
  EXPECT_FALSE(session().params.bias);
  EXPECT_EQ(session().title, "block/conv2");
  ASSERT_EQ(window().workbench().error(), nullptr);
  const Result<ModelPtr> opened = open_model(model("trunk.onnx"));
  EXPECT_EQ(computation()->tensors.weight.at(17), layer_weight(**opened, "block/conv2")->at(17));
  EXPECT_EQ(computation()->tensors.input.shape(), (Shape{1, 4, 6, 6}));
  play("key ctrl+z");
  EXPECT_EQ(session().params, before.params);
  EXPECT_EQ(session().weight, before.weight);
}

TEST_F(Models, a_picture_is_run_through_the_layers_before) {
  open("padding_strides");
  play("drop " + model("trunk.onnx") +
       "\nclick model.row.pool2\nclick model.input.sample\nclick model.values.imagenet\nclick model.ok\nwait idle");
  EXPECT_EQ(session().operation, "avg_pool2d");
  EXPECT_EQ(session().input.kind, SourceKind::onnx);
  EXPECT_TRUE(session().input.imagenet);
  ASSERT_EQ(window().workbench().error(), nullptr);
  const Result<ModelPtr> opened = open_model(model("trunk.onnx"));
  const Result<Tensor> expected = run_to_layer(**opened, "pool2", *sample_photo(12, 12), true, nullptr);
  ASSERT_TRUE(expected);
  ASSERT_EQ(computation()->tensors.input.shape(), expected->shape());
  for (int64_t i = 0; i < expected->numel(); ++i) ASSERT_EQ(computation()->tensors.input.at(i), expected->at(i));
}

TEST_F(Models, a_picture_that_is_looked_at_is_the_one) {
  open(model("picture.png"));
  play("drop " + model("trunk.onnx") + "\nexpect model.picture\nkey down\nkey enter\nwait idle");
  EXPECT_EQ(session().operation, "max_pool2d");
  EXPECT_EQ(session().input.picture, model("picture.png"));
  // From there to the next layer.
  play("click input.model\nexpect model_dialog\nexpect model.picture\nkey escape");
  EXPECT_EQ(session().operation, "max_pool2d");
}

TEST_F(Models, what_cannot_be_shown_or_run_says_why) {
  open("padding_strides");
  const Session before = session();
  play("drop " + model("mixed.onnx") + "\nclick model.row.lp\nexpect model.error\nkey enter\nexpect model_dialog");
  play("click model.row.blocked\nexpect no model.error\nclick model.input.sample\nexpect model.error\nkey enter");
  play("expect model_dialog\nclick model.input.seed\nexpect no model.error\nkey escape\nexpect no model_dialog");
  EXPECT_EQ(session(), before);
  play("drop " + model("hostile/cycle.onnx") + "\nexpect model.error\nclick model.cancel\nexpect no model_dialog");
  EXPECT_EQ(session(), before);
}

TEST_F(Models, a_named_layer_is_chosen_already) {
  open("padding_strides");
  window().open(model("trunk.onnx:conv3"));
  off_->settle();
  play("expect model_dialog\nkey enter\nexpect no model_dialog");
  EXPECT_EQ(session().title, "conv3");
}

}  // namespace
}  // namespace convscope
