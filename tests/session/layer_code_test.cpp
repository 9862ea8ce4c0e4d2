// Code as people paste it: lines, scripts and printed models, and what could not be used of them.
#include "app/session/layer_code.h"

#include <gmock/gmock.h>

#include <random>

#include "app/session/computation.h"
#include "app/session/presets.h"
#include "app/session/python_code.h"

namespace convscope {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What stands on the screen before: sizes that no default has.
Session now() {
  Session session;
  session.params.in_channels = 2;
  session.params.out_channels = 5;
  session.params.kernel_size = {4, 4};
  session.input_shape = {1, 2, 9, 9};
  return session;
}

LayerCode read(const std::string& text) {
  Result<LayerCode> code = read_layer_code(text, now());
  EXPECT_TRUE(code) << text << ": " << (code ? "" : describe(Language::en, code.error()));
  return code ? *code : LayerCode{};
}

std::vector<std::string> keys(const LayerCode& code) {
  std::vector<std::string> keys;
  for (const CodeNote& note : code.notes) keys.push_back(note.key);
  return keys;
}

Error refusal(const std::string& text) {
  const Result<LayerCode> code = read_layer_code(text, now());
  EXPECT_FALSE(code) << text;
  return code ? Error{} : code.error();
}

TEST(LayerCode, a_module_is_read_as_in_the_windows_field) {
  const LayerCode code = read("nn.Conv2d(3, 64, 7, stride=2, padding=3)");
  EXPECT_EQ(code.call.operation, "conv2d");
  EXPECT_EQ(code.call.params.in_channels, 3);
  EXPECT_EQ(code.call.params.out_channels, 64);
  EXPECT_EQ(code.call.params.kernel_size, (Pair{7, 7}));
  EXPECT_EQ(code.call.params.stride, (Pair{2, 2}));
  EXPECT_EQ(code.call.params.padding, (Pair{3, 3}));
  EXPECT_TRUE(code.call.params.bias);
  EXPECT_THAT(code.notes, IsEmpty());
  EXPECT_FALSE(code.input_shape);
}

TEST(LayerCode, functions_take_their_sizes_from_the_tensors_where_the_code_makes_them) {
  const LayerCode code =
      read("y = F.conv2d(torch.randn(1, 4, 8, 9), torch.ones((6, 2, 3, 5)), padding=(1, 2), groups=2)");
  EXPECT_EQ(code.call.params.in_channels, 4);
  EXPECT_EQ(code.call.params.out_channels, 6);
  EXPECT_EQ(code.call.params.kernel_size, (Pair{3, 5}));
  EXPECT_EQ(code.call.params.groups, 2);
  EXPECT_FALSE(code.call.params.bias);
  EXPECT_EQ(*code.input_shape, (Shape{1, 4, 8, 9}));
  EXPECT_THAT(code.notes, IsEmpty());
  const LayerCode transposed = read("torch.conv_transpose2d(x, torch.zeros(4, 3, 2, 2), b, 2, 0, 1, 1)\n");
  EXPECT_EQ(transposed.call.operation, "conv_transpose2d");
  EXPECT_EQ(transposed.call.params.in_channels, 4);
  EXPECT_EQ(transposed.call.params.out_channels, 3);
  EXPECT_EQ(transposed.call.more.output_padding, (Pair{1, 1}));
  EXPECT_TRUE(transposed.call.params.bias);
}

TEST(LayerCode, a_function_on_names_keeps_the_sizes_and_says_so) {
  const LayerCode code = read("F.conv2d(x, self.weight, None, 2)");
  EXPECT_EQ(code.call.params.in_channels, 2);
  EXPECT_EQ(code.call.params.out_channels, 5);
  EXPECT_EQ(code.call.params.kernel_size, (Pair{4, 4}));
  EXPECT_EQ(code.call.params.stride, (Pair{2, 2}));
  EXPECT_EQ(code.notes, (std::vector<CodeNote>{{"note.code_weight", {"self.weight", "2", "5", "4"}}}));
}

TEST(LayerCode, pooling_by_module_and_by_function) {
  const LayerCode module = read("self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)");
  EXPECT_EQ(module.call.operation, "max_pool2d");
  EXPECT_EQ(module.call.params.stride, (Pair{2, 2}));
  EXPECT_TRUE(module.call.more.ceil_mode);
  // The function's order has ceil_mode before return_indices, the module's the other way round.
  const LayerCode function = read("F.max_pool2d(x, 3, None, 1, 1, True)");
  EXPECT_EQ(function.call.params.stride, (Pair{3, 3}));
  EXPECT_TRUE(function.call.more.ceil_mode);
  EXPECT_EQ(read("F.avg_pool2d(x, 2, divisor_override=3)").call.more.divisor_override, 3);
}

TEST(LayerCode, a_script_is_followed_to_its_first_layer) {
  const LayerCode code = read(R"(import torch
from torch import nn

class Net(nn.Module):
    """A net (with a docstring)."""
    def __init__(self, width=8):
        super().__init__()
        k = 5
        planes = 2 * 16
        self.conv1 = nn.Conv2d(3, planes, kernel_size=k, padding=(k - 1) // 2, bias=False)  # first
        self.bn1 = nn.BatchNorm2d(planes)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor):
        return self.pool(F.relu(self.bn1(self.conv1(x))))

x = torch.randn(2, 3, 16, 16)
y = self.conv1(x)
)");
  EXPECT_EQ(code.call.params.in_channels, 3);
  EXPECT_EQ(code.call.params.out_channels, 32);
  EXPECT_EQ(code.call.params.kernel_size, (Pair{5, 5}));
  EXPECT_EQ(code.call.params.padding, (Pair{2, 2}));
  EXPECT_FALSE(code.call.params.bias);
  EXPECT_EQ(code.notes, (std::vector<CodeNote>{{"note.code_other_layers", {"2", "BatchNorm2d, MaxPool2d"}}}));
}

TEST(LayerCode, what_the_layer_is_called_with_is_the_input) {
  EXPECT_EQ(*read("nn.Conv2d(3, 8, 3)(torch.randn(1, 3, 12, 10))").input_shape, (Shape{1, 3, 12, 10}));
  EXPECT_EQ(*read("conv = nn.Conv2d(3, 8, 3)\nx = torch.zeros(3, 6, 7)\ny = conv(x)\n").input_shape, (Shape{3, 6, 7}));
  EXPECT_EQ(*read("x = torch.arange(16.).reshape(1, 1, 4, 4)\nnn.Conv2d(1, 1, 3)(x)").input_shape, (Shape{1, 1, 4, 4}));
  EXPECT_EQ(*read("F.max_pool2d(torch.tensor([[[[1, 2], [3, 4]]]]).float(), 2)").input_shape, (Shape{1, 1, 2, 2}));
}

TEST(LayerCode, prompts_and_printed_models_are_taken_as_they_stand) {
  EXPECT_EQ(read(">>> # With square kernels\n>>> m = nn.Conv2d(16, 33, 3, stride=2)\n>>> input = torch.randn(20, 16, "
                 "50, 100)\n>>> output = m(input)")
                .input_shape,
            (Shape{20, 16, 50, 100}));
  const LayerCode printed = read(
      "ResNet(\n  (conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)\n"
      "  (relu): ReLU(inplace=True)\n  (layer1): Sequential(\n    (0): BasicBlock(\n"
      "      (conv1): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1))\n    )\n  )\n)\n");
  EXPECT_EQ(printed.call.params.padding, (Pair{3, 3}));
  EXPECT_EQ(printed.notes, (std::vector<CodeNote>{{"note.code_other_layers", {"2", "ReLU, Conv2d"}}}));
  EXPECT_EQ(read("(0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))\n(1): ReLU()").call.params.out_channels, 2);
  const LayerCode line = read("            nn.Conv2d(3, 96, 11, 4, 2),");
  EXPECT_EQ(line.call.params.stride, (Pair{4, 4}));
}

TEST(LayerCode, names_nobody_knows_are_said_and_what_stands_there_stays) {
  const LayerCode code =
      read("nn.Conv2d(in_planes, planes, kernel_size, stride=stride, bias=norm is None, device=dev)");
  EXPECT_EQ(code.call.params.in_channels, 2);
  EXPECT_EQ(code.call.params.out_channels, 5);
  EXPECT_EQ(code.call.params.kernel_size, (Pair{4, 4}));
  EXPECT_EQ(code.call.params.stride, (Pair{1, 1}));
  EXPECT_THAT(keys(code), ElementsAre("note.code_variable", "note.code_variable", "note.code_variable",
                                      "note.code_variable", "note.code_variable", "note.code_left_out"));
  EXPECT_EQ(code.notes[1].args, (std::vector<std::string>{"out_channels", "planes", "5"}));
  EXPECT_THAT(keys(read("nn.Conv2d(*sizes, padding=1)")), ElementsAre("note.code_stars"));
}

TEST(LayerCode, one_axis_becomes_rows_of_height_one) {
  const LayerCode code = read("nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2)(torch.randn(1, 2, 20))");
  EXPECT_EQ(code.call.params.kernel_size, (Pair{1, 3}));
  EXPECT_EQ(code.call.params.stride, (Pair{1, 2}));
  EXPECT_EQ(code.call.params.padding, (Pair{0, 1}));
  EXPECT_EQ(code.call.params.dilation, (Pair{1, 2}));
  EXPECT_EQ(*code.input_shape, (Shape{1, 2, 1, 20}));
  EXPECT_EQ(code.call.operation, "conv1d");
  EXPECT_TRUE(code.notes.empty());
  const LayerCode pool = read("nn.MaxPool1d(3, 2)(torch.randn(1, 2, 20))");
  EXPECT_EQ(pool.call.operation, "max_pool2d");
  EXPECT_EQ(pool.call.params.kernel_size, (Pair{1, 3}));
  EXPECT_THAT(keys(pool), ElementsAre("note.code_flat"));
  EXPECT_EQ(refusal("nn.Conv1d(2, 4, (3, 3))").code, "error.constructor_type");
}

TEST(LayerCode, keras_layers_under_keras_names) {
  const LayerCode code = read("model.add(layers.Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)))");
  EXPECT_EQ(code.call.params.out_channels, 32);
  EXPECT_EQ(code.call.params.in_channels, 1);
  EXPECT_EQ(code.call.params.padding_kind, PaddingKind::numbers);
  EXPECT_EQ(*code.input_shape, (Shape{1, 1, 28, 28}));
  EXPECT_EQ(code.notes, (std::vector<CodeNote>{{"note.code_left_out", {"activation='relu'"}}}));
  // TensorFlow's rule: 9 cells with stride 2 give 5; 4 * 2 + 7 - 9 = 6 cells of padding.
  const LayerCode odd = read("tf.keras.layers.Conv2D(8, 7, strides=2, padding='same', use_bias=False)");
  EXPECT_EQ(odd.call.params.padding_kind, PaddingKind::numbers);
  EXPECT_EQ(odd.call.params.padding, (Pair{3, 3}));
  EXPECT_FALSE(odd.call.params.bias);
  // 2 + 3 - 8: the odd cell comes at the end, where PyTorch's padding=1 would put one at both.
  const LayerCode even = read("x = Conv2D(8, 3, 2, 'same', input_shape=(8, 8, 3))");
  EXPECT_EQ(even.call.params.padding_kind, PaddingKind::pads);
  EXPECT_EQ(even.call.params.pads, (Pads{0, 0, 1, 1}));
  EXPECT_EQ(read("Conv2D(8, 3, padding='same')").call.params.padding_kind, PaddingKind::same);
  const LayerCode depthwise = read("DepthwiseConv2D(3, depth_multiplier=2)");
  EXPECT_EQ(depthwise.call.params.groups, 2);
  EXPECT_EQ(depthwise.call.params.out_channels, 4);
  EXPECT_EQ(read("MaxPooling2D()").call.params.stride, (Pair{2, 2}));
  EXPECT_EQ(refusal("Conv2D(8, 3, stride=2)").code, "error.constructor_similar_argument");
}

TEST(LayerCode, refusals_speak_as_python_does_and_name_the_place) {
  EXPECT_EQ(refusal("nn.Conv2d(3, 64, 7, strides=2)").args[0],
            "Conv2d.__init__() got an unexpected keyword argument 'strides'");
  EXPECT_EQ(refusal("nn.Conv2d(3, 64, 7, strides=2)").args[1], "1:29");
  EXPECT_EQ(refusal("nn.Conv2d(3, 64, 7, strides=2)").args[3], "stride");
  EXPECT_EQ(refusal("nn.Conv2d(3)").args[0],
            "Conv2d.__init__() missing 2 required positional arguments: 'out_channels' and 'kernel_size'");
  EXPECT_EQ(refusal("nn.Conv2d()").args[0],
            "Conv2d.__init__() missing 3 required positional arguments: 'in_channels', 'out_channels', and "
            "'kernel_size'");
  EXPECT_EQ(refusal("nn.MaxPool2d(1, 2, 3, 4, True, True, 7)").args[0],
            "MaxPool2d.__init__() takes from 2 to 7 positional arguments but 8 were given");
  EXPECT_EQ(refusal("F.conv2d(x)").args[0], "conv2d() missing 1 required positional argument: 'weight'");
  EXPECT_EQ(refusal("nn.Conv2d(1, 2, 3, in_channels=1)").args[0],
            "Conv2d.__init__() got multiple values for argument 'in_channels'");
  // The column counts characters, the line lines.
  const Error wrong = refusal("# 卷积\nx = 1\nnn.Conv2d(1, 2, '核', 3)  # 边缘");
  EXPECT_EQ(wrong.code, "error.constructor_type");
  EXPECT_EQ(wrong.args, (std::vector<std::string>{"kernel_size", "'核'", "3, (3, 5)", "3:17"}));
  const Error syntax = refusal("nn.Conv2d(3, 64,\n    7, stride 2)");
  EXPECT_EQ(syntax.code, "error.constructor_syntax");
  EXPECT_EQ(syntax.args, (std::vector<std::string>{"2)", "15", "`,` `)`", "2"}));
  EXPECT_EQ(refusal("nn.Linear(3, 4)").args[0], "nn.Linear");
  EXPECT_EQ(refusal("nn.ConvTranspose3d(3, 4, 3)").code, "error.constructor_not_conv2d");
  EXPECT_EQ(refusal("tf.nn.conv2d(x, w, 1, 'SAME')").code, "error.constructor_not_conv2d");
  EXPECT_EQ(refusal("").code, "error.constructor_empty");
}

TEST(LayerCode, sessions_of_their_own_have_an_input_worth_looking_at) {
  for (const char* text :
       {"nn.Conv2d(3, 64, 7, stride=2, padding=3)", "nn.Conv2d(1, 1, 11, 4)", "nn.MaxPool2d(3, 2)",
        "nn.ConvTranspose2d(2, 3, 4, 2, 1)", "nn.Conv1d(2, 3, 9)", "F.avg_pool2d(x, 8)",
        "Conv2D(4, 3, strides=2, padding='same')", "nn.Conv2d(2, 2, 3, dilation=4, padding='same')"}) {
    const Result<Session> session = open_session(text);
    ASSERT_TRUE(session) << text << ": " << describe(Language::en, session.error());
    TensorCache cache;
    const Result<ComputationPtr> computed = compute(*session, cache);
    ASSERT_TRUE(computed) << text << ": " << describe(Language::en, computed.error());
    EXPECT_GE((*computed)->plan.output_cells(), 3) << text;
  }
}

TEST(LayerCode, names_of_files_that_are_missing_are_no_code) {
  EXPECT_FALSE(is_layer_code("picture (1).png"));
  EXPECT_FALSE(is_layer_code("padding_strides"));
  EXPECT_FALSE(is_layer_code("(1)"));
  EXPECT_TRUE(is_layer_code("nn.Conv2d(1, 1, 3)"));
  EXPECT_EQ(open_session("picture (1).png").error().code, "error.file_not_found");
}

TEST(LayerCode, sums_of_names_without_end_cost_no_more_than_a_glance) {
  std::string text = "a0 = 1\n";
  for (int i = 0; i < 200; ++i) {
    text += "a" + std::to_string(i + 1) + " = a" + std::to_string(i) + " + a" + std::to_string(i) + "\n";
  }
  EXPECT_THAT(keys(read(text + "nn.Conv2d(a200, 1, 3)")), ElementsAre("note.code_variable"));
  EXPECT_THAT(keys(read("b = b + b\nnn.Conv2d(b, 1, 3)")), ElementsAre("note.code_variable"));
  EXPECT_THAT(keys(read("b = c\nc = b\nnn.Conv2d(b, 1, 3)")), ElementsAre("note.code_variable"));
}

// Copied for each time that it is named, the call would be 225 million arguments.
TEST(LayerCode, a_large_call_may_be_named_many_times) {
  std::string call = "c = f(", list = "k = [";
  for (int i = 0; i < 15000; ++i) {
    call += "1,";
    list += "c,";
  }
  const std::string names = call + ")\n" + list + "]\n";
  ASSERT_LT(names.size(), kMostPythonCharacters);
  const Result<LayerCode> code = read_layer_code(names + "nn.Conv2d(3, 4, k)(torch.randn(k))", now());
  ASSERT_TRUE(code.ok()) << code.error().code;
  EXPECT_EQ(code->call.params.in_channels, 3);
  EXPECT_EQ(code->call.params.kernel_size, (Pair{4, 4})) << "what is no size stays as it was";
  EXPECT_FALSE(code->input_shape);
}

TEST(PythonCode, nothing_is_nested_deeper_than_the_stack) {
  for (const char* piece : {"(", "[", "f(", "-", "not ", "a if b else ", "lambda: ", "a.b()", "1 + "}) {
    std::string text = "nn.Conv2d(";
    while (text.size() + 16 < kMostPythonCharacters) text += piece;
    const Result<LayerCode> code = read_layer_code(text, now());
    ASSERT_FALSE(code) << piece;
    EXPECT_THAT(code.error().code, ::testing::StartsWith("error.constructor_")) << piece;
  }
  EXPECT_EQ(refusal(std::string(kMostPythonCharacters + 1, ' ')).code, "error.constructor_too_long");
}

// Whatever is pasted, the answer is a layer or one error: nothing reads past the end.
TEST(PythonCode, survives_every_prefix_and_changed_bytes) {
  const std::string script =
      "class A(nn.Module):\n  def f(self, x=3, *a, **k):\n    c = {'a': [1, 2][0], \"b\": x if x else 0x1F}\n    "
      "self.conv = nn.Conv2d(3, 8, kernel_size=(3, 5), padding='same', bias=False)(torch.randn(1, 3, 8, 8))  # end\n"
      "    return F.max_pool2d(x.float()[..., ::2], 2) ** 2\n";
  for (size_t length = 0; length <= script.size(); ++length) (void)read_layer_code(script.substr(0, length), now());
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = script;
    for (int i = 0; i < 4; ++i) changed[random() % changed.size()] = static_cast<char>(random() & 0xFF);
    const Result<LayerCode> code = read_layer_code(changed, now());
    if (!code) {
      EXPECT_THAT(code.error().code, ::testing::StartsWith("error.constructor_"));
    }
  }
}

}  // namespace
}  // namespace convscope
