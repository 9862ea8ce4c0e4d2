// `convscope code`: the script that asserts a session's numbers, run by a Python with PyTorch where there is one.
#include <gmock/gmock.h>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CodeCommand : public testing_support::Program {
 protected:
  /// Of a shell command in the test's folder.
  int shell(const std::string& command) const {
    return std::system(("cd '" + folder_.string() + "' && " + command + " >/dev/null 2>.python").c_str());
  }
  bool has_torch() const { return shell("/usr/bin/python3 -c 'import torch'") == 0; }
};

TEST_F(CodeCommand, writes_the_operation_as_pytorch_names_it) {
  const std::string script = success({"code", "padding_strides"});
  EXPECT_THAT(script, StartsWith("# padding_strides\nimport torch\n"));
  EXPECT_THAT(script, HasSubstr("F.conv2d(x, w, None, stride=(2, 2), padding=(1, 1), dilation=(1, 1), groups=1)"));
  EXPECT_THAT(script, HasSubstr("close(y, ["));
  EXPECT_THAT(script, Not(HasSubstr("backward")));
  EXPECT_THAT(success({"code", "padding_modes"}), HasSubstr("mode=\"reflect\""));
  EXPECT_THAT(success({"code", "average_pooling"}), HasSubstr("F.avg_pool2d(x, "));
  EXPECT_THAT(success({"code", "channels_transposed"}), HasSubstr("F.conv_transpose2d(x, w, "));
}

TEST_F(CodeCommand, of_the_gradient_lens_goes_backwards_and_learns) {
  EXPECT_THAT(success({"code", "padding_strides", "--lens", "gradient"}),
              HasSubstr("y.sum().backward()\nclose(x.grad"));
  EXPECT_THAT(success({"code", "gradient_strides"}), HasSubstr("y.backward(grad_output)\n"));
  EXPECT_THAT(success({"code", "gradient_channels", "--as", "pytorch"}), HasSubstr("F.mse_loss(y, target)"));
  const std::string learns = success({"code", "learn_sobel"});
  EXPECT_THAT(learns, HasSubstr("torch.manual_seed(1)\nx = torch.randn((1, 1, 12, 12)"));
  EXPECT_THAT(learns, HasSubstr("torch.optim.SGD([w], lr=0.2"));
  EXPECT_THAT(learns, HasSubstr("for iteration in range(40):"));
}

TEST_F(CodeCommand, refuses_what_it_cannot_write) {
  EXPECT_THAT(refusal({"code", "padding_strides", "--as", "cobol"}, 1), HasSubstr("pytorch"));
  EXPECT_THAT(refusal({"code", "no_such_preset"}, 1), HasSubstr("no_such_preset"));
  EXPECT_THAT(refusal({"code", "photo_1080p"}, 1), HasSubstr("x has 6220800 numbers"));
  EXPECT_THAT(refusal({"code", "max_pooling", "--lens", "gradient"}, 1), HasSubstr("conv2d"));
  EXPECT_THAT(refusal({"export", "max_pooling", "--lens", "gradient", "-o", "a.png"}, 1), HasSubstr("conv2d"));
}

TEST_F(CodeCommand, every_scripts_asserts_hold_in_pytorch) {
  if (!has_torch()) GTEST_SKIP() << "no PyTorch for /usr/bin/python3";
  const std::pair<const char*, const char*> cases[] = {
      {"padding_strides", "sliding"},  {"tutorial_6_2_2", "gradient"},     {"grouped", "gradient"},
      {"padding_modes", "gradient"},   {"even_kernel_same", "gradient"},   {"dilation", "gradient"},
      {"gradient_basics", "gradient"}, {"gradient_strides", "gradient"},   {"gradient_channels", "gradient"},
      {"learn_sobel", "gradient"},     {"learn_gaussian", "gradient"},     {"learn_too_fast", "gradient"},
      {"max_pooling", "pooling"},      {"channels_transposed", "scatter"}, {"average_pooling_padding", "pooling"}};
  std::string all;
  for (const auto& [name, lens] : cases) {
    const std::string file = std::string(name) + ".py";
    success({"code", name, "--lens", lens, "-o", file});
    all += " " + file;
  }
  // In one Python: it takes longer to start than all of them to run.
  put("all.py",
      "import runpy, sys\n"
      "for name in sys.argv[1:]:\n"
      "    try:\n"
      "        runpy.run_path(name)\n"
      "    except BaseException as error:\n"
      "        sys.exit(f'{name}: {error!r}')\n");
  EXPECT_EQ(shell("/usr/bin/python3 all.py" + all), 0) << get(".python");
  // And they are no empty promise.
  put("wrong.py", get("gradient_basics.py")
                      .replace(get("gradient_basics.py").find("close(x.grad, [1.0"), 18, "close(x.grad, [1.5"));
  EXPECT_NE(shell("/usr/bin/python3 wrong.py"), 0);
}

}  // namespace
}  // namespace convscope
