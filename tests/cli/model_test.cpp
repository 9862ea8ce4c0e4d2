#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::HasSubstr;
using testing::Not;

class ModelCommands : public testing_support::Program {
 protected:
  static std::string model(const std::string& name) { return CONVSCOPE_SOURCE_DIR "/tests/session/models/" + name; }
};

TEST_F(ModelCommands, layers_are_listed) {
  const std::string list = success({"layers", model("trunk.onnx")});
  EXPECT_THAT(list, HasSubstr("block/conv2"));
  EXPECT_THAT(list, HasSubstr("Conv2d(4, 6, kernel_size=3, stride=1, padding=1, groups=2, bias=False)"));
  EXPECT_THAT(list, HasSubstr("1x12x5x5"));
  EXPECT_THAT(list, Not(HasSubstr("real input")));
  const std::string mixed = success({"layers", model("mixed.onnx")});
  EXPECT_THAT(mixed, HasSubstr("(LpPool is not an operation that is shown here"));
  EXPECT_THAT(mixed, HasSubstr("From blocked on the real input cannot be had: Resize at resize"));
  EXPECT_THAT(success({"layers", model("exported.onnx")}), HasSubstr("224 x 224"));
}

TEST_F(ModelCommands, layers_as_json) {
  const auto root = nlohmann::json::parse(success({"layers", model("mixed.onnx"), "--json"}));
  EXPECT_EQ(root["layers"].size(), 10u);
  EXPECT_EQ(root["opset"], 13);
  EXPECT_EQ(root["layers"][0]["input_shape"], nlohmann::json({1, 3, 8, 8}));
  EXPECT_EQ(root["layers"][7]["blocked_by"], "Resize");
  EXPECT_FALSE(root["layers"][7]["real_input"]);
  EXPECT_TRUE(root["layers"][5].contains("problem"));
}

TEST_F(ModelCommands, a_layer_computes_on_the_pictures_way_through_the_model) {
  success({"compute", model("trunk.onnx:pool1"), "--image", model("picture.png"), "-o", "y.npy"});
  const Result<NpyFile> found = read_npy(path("y.npy")), expected = read_npy(model("reference.npz:trunk:block_conv2"));
  ASSERT_TRUE(found);
  ASSERT_TRUE(expected);
  ASSERT_EQ(found->shape, expected->shape);
  for (int64_t i = 0; i < found->tensor.numel(); ++i) {
    EXPECT_NEAR(found->tensor.at(i), expected->tensor.at(i), 1e-5) << i;
  }
  success({"compute", model("trunk.onnx:conv3"), "-o", "drawn.npy"});
  EXPECT_EQ(read_npy(path("drawn.npy"))->shape, (Shape{1, 5, 3, 2}));
}

TEST_F(ModelCommands, a_layer_stands_where_a_session_may_stand) {
  success({"export", model("trunk.onnx:conv1"), "--image", "sample", "--imagenet", "--step", "1", "-o", "y.svg"});
  EXPECT_THAT(get("y.svg"), HasSubstr("<svg"));
  EXPECT_THAT(success({"code", model("mixed.onnx:b"), "--as", "numpy"}), HasSubstr("np.array"));
  success({"screenshot", model("transposed.onnx:up1"), "--image", model("picture.png"), "--size", "800x500", "-o",
           "w.png"});
  EXPECT_THAT(success({"share", model("trunk.onnx:conv1"), "--image", model("picture.png")}), HasSubstr("convscope:"));
}

TEST_F(ModelCommands, what_does_not_go_together_is_refused) {
  EXPECT_THAT(refusal({"compute", model("trunk.onnx:conv1"), "--stride", "2", "-o", "y.npy"}, 1),
              HasSubstr("--stride"));
  EXPECT_THAT(refusal({"compute", "conv2d", "--image", "x.png", "-o", "y.npy"}, 1), HasSubstr("--image"));
  EXPECT_THAT(refusal({"export", "dilation", "--image", "x.png", "-o", "y.gif"}, 1), HasSubstr("dilation is none"));
  EXPECT_THAT(refusal({"export", model("trunk.onnx"), "-o", "y.gif"}, 1), HasSubstr("trunk.onnx:conv1"));
  EXPECT_THAT(refusal({"export", model("trunk.onnx:conv9"), "-o", "y.gif"}, 1), HasSubstr("nearest is conv"));
  EXPECT_THAT(refusal({"compute", model("mixed.onnx:blocked"), "--image", "sample", "-o", "y.npy"}, 1),
              HasSubstr("Resize (at resize)"));
  EXPECT_THAT(refusal({"layers", model("hostile/truncated.onnx")}, 1), HasSubstr("damaged"));
  EXPECT_THAT(refusal({"layers", "none.onnx"}, 1), HasSubstr("none.onnx"));
}

}  // namespace
}  // namespace convscope
