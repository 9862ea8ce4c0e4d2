// `convscope code`: the script that asserts a session's numbers, run by a Python with PyTorch where there is one.
#include <gmock/gmock.h>

#include <utility>
#include <vector>

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
  bool has(const std::string& module) const { return shell("/usr/bin/python3 -c 'import " + module + "'") == 0; }
  bool has_torch() const { return has("torch"); }

  /// Sessions of random numbers at the corners of every operation; names of the files.
  std::vector<std::string> write_corners() const {
    const std::pair<const char*, const char*> corners[] = {
        {"conv2d",
         R"("in_channels":4,"out_channels":6,"kernel_size":[3,2],"stride":[2,1],"padding":[1,0],"dilation":[1,2],
          "groups":2},"input":{"source":"randn","shape":[2,4,9,8]})"},
        {"conv2d", R"("in_channels":3,"out_channels":3,"kernel_size":3,"padding":1,"groups":3,"bias":false},
          "input":{"source":"randn","shape":[1,3,5,6]})"},
        {"conv2d", R"("kernel_size":3,"stride":2,"padding":1},"input":{"source":"randn","shape":[1,1,8,8]})"},
        {"conv2d", R"("kernel_size":3,"stride":2,"pads":[0,0,1,1]},"input":{"source":"randn","shape":[1,1,8,8]})"},
        {"conv2d",
         R"("kernel_size":3,"stride":2,"dilation":2,"pads":[2,0,1,3]},"input":{"source":"randn","shape":[1,1,7,9]})"},
        {"conv2d", R"("kernel_size":4,"padding":"same","dtype":"float64"},"input":{"source":"randn","shape":[1,7,6]})"},
        {"conv2d",
         R"("kernel_size":3,"padding":2,"padding_mode":"reflect"},"input":{"source":"randn","shape":[1,1,5,4]})"},
        {"conv2d",
         R"("kernel_size":3,"padding":2,"padding_mode":"replicate"},"input":{"source":"randn","shape":[1,1,5,4]})"},
        {"conv2d",
         R"("kernel_size":3,"padding":[2,1],"padding_mode":"circular"},"input":{"source":"randn","shape":[1,1,5,4]})"},
        {"conv2d",
         R"("kernel_size":3,"pads":[1,2,0,1],"padding_mode":"reflect"},"input":{"source":"randn","shape":[1,1,5,4]})"},
        {"conv_transpose2d", R"("in_channels":4,"out_channels":6,"kernel_size":[3,2],"stride":[2,3],"padding":[1,0],
          "output_padding":[1,2],"groups":2,"dilation":[2,1]},"input":{"source":"randn","shape":[2,4,3,4]})"},
        {"conv_transpose2d", R"("in_channels":2,"out_channels":3,"kernel_size":4,"stride":2,"padding":1},
          "input":{"source":"randn","shape":[1,2,3,4]})"},
        {"conv_transpose2d",
         R"("in_channels":2,"out_channels":3,"kernel_size":2,"stride":1,"dilation":3,"output_padding":2},
          "input":{"source":"randn","shape":[2,3,4]})"},
        {"conv_transpose2d", R"("kernel_size":1,"stride":3},"input":{"source":"randn","shape":[1,1,3,4]})"},
        {"max_pool2d", R"("in_channels":2,"kernel_size":3,"stride":2,"padding":1,"ceil_mode":true},
          "input":{"source":"randn","shape":[2,2,6,7]})"},
        {"max_pool2d", R"("kernel_size":2,"stride":[2,3],"dilation":2},"input":{"source":"randn","shape":[1,1,9,9]})"},
        {"avg_pool2d", R"("in_channels":2,"kernel_size":3,"stride":2,"padding":1,"ceil_mode":true},
          "input":{"source":"randn","shape":[2,2,6,7]})"},
        {"avg_pool2d", R"("kernel_size":3,"stride":2,"padding":1,"ceil_mode":true,"count_include_pad":false},
          "input":{"source":"randn","shape":[1,1,6,7]})"},
        {"avg_pool2d", R"("kernel_size":3,"stride":2,"padding":1,"ceil_mode":true,"divisor_override":5},
          "input":{"source":"randn","shape":[1,6,7]})"},
        {"conv_transpose2d",
         R"("kernel_size":3,"stride":2,"pads":[0,1,2,0]},"input":{"source":"randn","shape":[1,1,4,5]})"},
        {"max_pool2d",
         R"("kernel_size":3,"stride":2,"pads":[0,2,2,1],"ceil_mode":true},"input":{"source":"randn","shape":[1,1,6,7]})"},
        {"avg_pool2d",
         R"("kernel_size":3,"stride":2,"pads":[0,2,2,1],"ceil_mode":true},"input":{"source":"randn","shape":[1,1,6,7]})"},
        {"avg_pool2d", R"("kernel_size":3,"stride":2,"pads":[0,2,1,1],"count_include_pad":false},
          "input":{"source":"randn","shape":[1,1,6,7]})"},
        {"avg_pool2d", R"("kernel_size":3,"stride":2,"pads":[2,2,2,2],"divisor_override":4},
          "input":{"source":"randn","shape":[1,1,6,7]})"},
        {"avg_pool2d", R"("kernel_size":[2,3]},"input":{"source":"rand","shape":[1,1,6,7]})"}};
    std::vector<std::string> names;
    for (const auto& [operation, rest] : corners) {
      names.push_back("corner_" + std::to_string(names.size()));
      put(names.back() + ".json",
          std::string(R"({"format":"convscope-session","version":1,"operation":")") + operation +
              R"(","seed":7,"weight":{"source":"conv2d_init"},"bias":{"source":"conv2d_init"},"params":{)" + rest +
              "}");
    }
    return names;
  }

  /// The code of each corner, run by one Python; it takes longer to start than all of them to run.
  void run_corners(const std::string& kind, const std::string& environment = {}) const {
    std::string all;
    for (const std::string& name : write_corners()) {
      const std::string file = name + "_" + kind + ".py";
      success({"code", name + ".json", "--as", kind, "-o", file});
      all += " " + file;
    }
    put_runner();
    EXPECT_EQ(shell(environment + " /usr/bin/python3 all.py" + all), 0) << kind << ": " << get(".python");
    // And they are no empty promise: another weight is another result.
    if (kind == "onnx") return;
    std::string wrong = get("corner_2_" + kind + ".py");
    const std::string number = "close(y, [";
    const size_t at = wrong.find(number);
    ASSERT_NE(at, std::string::npos);
    put("wrong.py", wrong.insert(at + number.size(), "9"));
    EXPECT_NE(shell(environment + " /usr/bin/python3 wrong.py"), 0) << kind;
  }
  void put_runner() const {
    put("all.py",
        "import runpy, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        runpy.run_path(name)\n"
        "    except BaseException as error:\n"
        "        sys.exit(f'{name}: {error!r}')\n");
  }
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
  EXPECT_THAT(refusal({"code", "padding_strides", "--as", "cobol"}, 1),
              HasSubstr("pytorch, numpy, tensorflow, jax, onnx, cpp"));
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
  put_runner();
  EXPECT_EQ(shell("/usr/bin/python3 all.py" + all), 0) << get(".python");
  // And they are no empty promise.
  put("wrong.py", get("gradient_basics.py")
                      .replace(get("gradient_basics.py").find("close(x.grad, [1.0"), 18, "close(x.grad, [1.5"));
  EXPECT_NE(shell("/usr/bin/python3 wrong.py"), 0);
}

TEST_F(CodeCommand, pytorch_at_every_corner) {
  if (!has_torch()) GTEST_SKIP() << "no PyTorch for /usr/bin/python3";
  std::string all;
  for (const std::string& name : write_corners()) {
    success({"code", name + ".json", "-o", name + ".py"});
    all += " " + name + ".py";
  }
  put_runner();
  EXPECT_EQ(shell("/usr/bin/python3 all.py" + all), 0) << get(".python");
}

TEST_F(CodeCommand, volumes_in_pytorch_numpy_and_jax) {
  if (!has_torch()) GTEST_SKIP() << "no PyTorch for /usr/bin/python3";
  const char* const corners[] = {
      R"("in_channels":4,"out_channels":6,"kernel_size":[3,2,1],"stride":[2,1,3],"padding":[1,0,2],"dilation":[1,2,1],
         "groups":2},"input":{"source":"randn","shape":[2,4,5,6,4]})",
      R"("in_channels":2,"kernel_size":2,"pads":[0,1,2,1,0,0],"bias":false},"input":{"source":"randn","shape":[2,3,4,5]})",
      R"("kernel_size":[2,3,4],"padding":"same","padding_mode":"reflect"},"input":{"source":"randn","shape":[1,1,4,5,6]})",
      R"("kernel_size":3,"padding":1,"padding_mode":"circular","dtype":"float64"},
         "input":{"source":"randn","shape":[1,1,3,4,5]})"};
  std::string all;
  for (size_t i = 0; i < std::size(corners); ++i) {
    const std::string name = "volume_" + std::to_string(i);
    put(name + ".json", std::string(R"({"format":"convscope-session","version":1,"operation":"conv3d","seed":7,
            "weight":{"source":"conv2d_init"},"bias":{"source":"conv2d_init"},"params":{)") +
                            corners[i] + "}");
    for (const char* kind : {"pytorch", "numpy", "jax"}) {
      const std::string file = name + "_" + kind + ".py";
      success({"code", name + ".json", "--as", kind, "-o", file});
      all += " " + file;
    }
    EXPECT_THAT(success({"code", name + ".json", "--as", "onnx"}), HasSubstr("kernel_shape"));
  }
  put_runner();
  const std::string libraries =
      std::string("PYTHONPATH='") + CONVSCOPE_SOURCE_DIR + "/tests/cli/libraries' PYTHONDONTWRITEBYTECODE=1";
  EXPECT_EQ(shell(libraries + " /usr/bin/python3 all.py" + all), 0) << get(".python");
  std::string wrong = get("volume_0_numpy.py");
  const size_t at = wrong.find("close(y, [");
  ASSERT_NE(at, std::string::npos);
  put("wrong.py", wrong.insert(at + 10, "9"));
  EXPECT_NE(shell("/usr/bin/python3 wrong.py"), 0) << "they are no empty promise";
}

TEST_F(CodeCommand, numpys_loops_at_every_corner) {
  if (!has("numpy")) GTEST_SKIP() << "no NumPy for /usr/bin/python3";
  run_corners("numpy");
}

// The libraries themselves are in no package of Debian: their documented functions stand in for them, on NumPy.
TEST_F(CodeCommand, jax_and_tensorflow_as_they_are_documented) {
  if (!has("numpy")) GTEST_SKIP() << "no NumPy for /usr/bin/python3";
  const std::string libraries =
      std::string("PYTHONPATH='") + CONVSCOPE_SOURCE_DIR + "/tests/cli/libraries' PYTHONDONTWRITEBYTECODE=1";
  run_corners("jax", libraries);
  run_corners("tensorflow", libraries);
}

TEST_F(CodeCommand, onnx_models_are_sound) {
  if (!has("onnx")) GTEST_SKIP() << "no onnx for /usr/bin/python3 (python3-onnx)";
  std::string all;
  for (const std::string& name : write_corners()) {
    // "wrap" is younger than the onnx of Debian 12.
    if (get(name + ".json").find("circular") != std::string::npos) continue;
    success({"code", name + ".json", "--as", "onnx", "-o", name + "_onnx.py"});
    all += " " + name + "_onnx.py";
  }
  put_runner();
  EXPECT_EQ(shell("/usr/bin/python3 all.py" + all), 0) << get(".python");
}

TEST_F(CodeCommand, programs_of_cpp_compile_and_agree) {
  if (shell("c++ --version") != 0) GTEST_SKIP() << "no c++";
  const std::vector<std::string> names = write_corners();
  for (size_t i : {0, 4, 6, 8, 10, 14, 15, 16, 17, 18}) {
    success({"code", names[i] + ".json", "--as", "cpp", "-o", "a.cpp"});
    EXPECT_EQ(shell("c++ -std=c++17 -Wall -Wextra -Werror a.cpp -o a && ./a"), 0) << names[i] << ": " << get(".python");
  }
  std::string wrong = get("a.cpp");
  const std::string number = "expected = {";
  put("a.cpp", wrong.insert(wrong.find(number) + number.size(), "9"));
  EXPECT_NE(shell("c++ -std=c++17 a.cpp -o a && ./a"), 0);
}

TEST_F(CodeCommand, keras_same_is_used_where_it_is_the_same_and_explained_where_it_is_not) {
  write_corners();
  // Eight cells, stride 2, kernel 3: PyTorch's padding=1 pads both ends, Keras' "same" the end alone.
  const std::string other = success({"code", "corner_2.json", "--as", "tensorflow"});
  EXPECT_THAT(other, HasSubstr("Its padding=\"same\" would pad (0, 1) rows and (0, 1) columns"));
  EXPECT_THAT(other, HasSubstr("ZeroPadding2D(((1, 1), (1, 1))"));
  const std::string same = success({"code", "corner_3.json", "--as", "tensorflow"});
  EXPECT_THAT(same, HasSubstr("padding=\"same\","));
  EXPECT_THAT(same, Not(HasSubstr("ZeroPadding2D")));
}

}  // namespace
}  // namespace convscope
