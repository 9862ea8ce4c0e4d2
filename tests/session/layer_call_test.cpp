#include "app/session/layer_code.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace convscope {
namespace {

ConvParams parsed(const std::string& text) {
  const Result<LayerCall> call = parse_layer(text);
  EXPECT_TRUE(call.ok()) << text << ": " << (call ? "" : call.error().code);
  if (!call) return {};
  EXPECT_EQ(call->operation, "conv2d") << text;
  return call->params;
}

std::string refusal(const std::string& text) {
  const Result<LayerCall> call = parse_layer(text);
  return call ? "accepted" : call.error().code;
}

TEST(ConstructorText, writes_the_five_arguments_that_everybody_knows) {
  EXPECT_EQ(constructor_text(ConvParams{}), "Conv2d(1, 1, kernel_size=3, stride=1, padding=0)");
}

TEST(ConstructorText, writes_the_others_where_they_differ_from_the_defaults) {
  ConvParams params;
  params.in_channels = 4;
  params.out_channels = 8;
  params.kernel_size = {3, 5};
  params.padding_kind = PaddingKind::same;
  params.dilation = {2, 1};
  params.groups = 2;
  params.bias = false;
  params.padding_mode = PaddingMode::reflect;
  params.dtype = DType::float64;
  EXPECT_EQ(constructor_text(params),
            "Conv2d(4, 8, kernel_size=(3, 5), stride=1, padding='same', dilation=(2, 1), groups=2, bias=False, "
            "padding_mode='reflect', dtype=torch.float64)");
}

TEST(ConstructorText, pads_that_differ_become_a_module_in_front) {
  ConvParams params;
  params.padding_kind = PaddingKind::pads;
  params.pads = {1, 2, 3, 4};
  EXPECT_EQ(constructor_text(params),
            "Sequential(ZeroPad2d((2, 4, 1, 3)), Conv2d(1, 1, kernel_size=3, stride=1, padding=0))");
  params.padding_mode = PaddingMode::reflect;
  EXPECT_EQ(constructor_text(params),
            "Sequential(ReflectionPad2d((2, 4, 1, 3)), Conv2d(1, 1, kernel_size=3, stride=1, padding=0))");
  params.pads = {1, 2, 1, 2};
  EXPECT_EQ(constructor_text(params), "Conv2d(1, 1, kernel_size=3, stride=1, padding=(1, 2), padding_mode='reflect')");
}

TEST(ConstructorText, reads_what_it_writes_for_random_parameters) {
  std::mt19937 random(20240501);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    ConvParams params;
    params.in_channels = pick(-1, 9);
    params.out_channels = pick(-1, 9);
    params.kernel_size = {pick(0, 3), pick(0, 3)};
    params.stride = {pick(0, 2), pick(0, 2)};
    params.padding_kind = static_cast<PaddingKind>(pick(0, 2));
    if (params.padding_kind == PaddingKind::numbers) params.padding = {pick(-1, 2), pick(-1, 2)};
    params.dilation = {pick(1, 2), pick(1, 2)};
    params.groups = pick(0, 3);
    params.bias = pick(0, 1) == 1;
    params.padding_mode = static_cast<PaddingMode>(pick(0, 3));
    params.dtype = static_cast<DType>(pick(0, 1));
    const std::string text = constructor_text(params);
    EXPECT_EQ(parsed(text), params) << "round " << round << ": " << text;
  }
}

TEST(ConstructorText, takes_positions_in_the_order_of_the_signature) {
  const ConvParams params = parsed("nn.Conv2d(4, 6, (3, 5), 2, 1, (2, 1), 2, False, 'circular', 'cpu', torch.double)");
  EXPECT_EQ(params.in_channels, 4);
  EXPECT_EQ(params.out_channels, 6);
  EXPECT_EQ(params.kernel_size, (Pair{3, 5}));
  EXPECT_EQ(params.stride, (Pair{2, 2}));
  EXPECT_EQ(params.padding, (Pair{1, 1}));
  EXPECT_EQ(params.dilation, (Pair{2, 1}));
  EXPECT_EQ(params.groups, 2);
  EXPECT_FALSE(params.bias);
  EXPECT_EQ(params.padding_mode, PaddingMode::circular);
  EXPECT_EQ(params.dtype, DType::float64);
}

TEST(ConstructorText, takes_a_line_as_it_stands_in_a_script) {
  const ConvParams params = parsed(
      "self.conv1 = torch.nn.Conv2d(\n"
      "    in_channels=3,  # a colour picture\n"
      "    out_channels=64,\n"
      "    kernel_size=[7, 7],\n"
      "    stride=2, padding=\"same\",\n"
      "),  # of a Sequential\n");
  EXPECT_EQ(params.in_channels, 3);
  EXPECT_EQ(params.out_channels, 64);
  EXPECT_EQ(params.kernel_size, (Pair{7, 7}));
  EXPECT_EQ(params.stride, (Pair{2, 2}));
  EXPECT_EQ(params.padding_kind, PaddingKind::same);
}

TEST(ConstructorText, brackets_around_one_number_are_that_number) {
  EXPECT_EQ(parsed("Conv2d(1, 1, (3))").kernel_size, (Pair{3, 3}));
  EXPECT_EQ(refusal("Conv2d(1, 1, (3,))"), "error.constructor_type");
}

TEST(ConstructorText, underscores_part_digits_as_in_python) {
  EXPECT_EQ(parsed("Conv2d(1_000, 1, 3)").in_channels, 1000);
}

TEST(ConstructorText, a_module_that_pads_in_front_gives_each_side_its_own_padding) {
  const ConvParams params = parsed("nn.Sequential(nn.ReflectionPad2d((1, 0, 2, 1)), nn.Conv2d(1, 4, 3, stride=2))");
  EXPECT_EQ(params.padding_kind, PaddingKind::pads);
  EXPECT_EQ(params.pads, (Pads{2, 1, 1, 0}));
  EXPECT_EQ(params.padding_mode, PaddingMode::reflect);
  EXPECT_EQ(params.out_channels, 4);
  EXPECT_EQ(parsed(constructor_text(params)), params);
  EXPECT_EQ(parsed("Sequential(ZeroPad2d(2), Conv2d(1, 1, 3))").pads, (Pads{2, 2, 2, 2}));
  EXPECT_EQ(refusal("Sequential(ZeroPad2d((1, 2)), Conv2d(1, 1, 3))"), "error.constructor_type");
  EXPECT_EQ(refusal("Sequential(ReLU(), Conv2d(1, 1, 3))"), "error.constructor_not_padding");
  EXPECT_EQ(refusal("Sequential(ZeroPad2d(1), Conv2d(1, 1, 3, padding=1))"), "error.constructor_two_paddings");
  EXPECT_EQ(refusal("Sequential(ZeroPad2d(1), Conv2d(1, 1, 3)"), "error.constructor_unfinished");
}

TEST(ConstructorText, illegal_numbers_are_left_to_validate) {
  EXPECT_EQ(parsed("Conv2d(1, 1, 3, stride=0)").stride, (Pair{0, 0}));
  EXPECT_EQ(parsed("Conv2d(1, 1, 3, padding=-1)").padding, (Pair{-1, -1}));
}

TEST(ConstructorText, refuses_what_is_no_call_of_conv2d) {
  EXPECT_EQ(refusal(""), "error.constructor_empty");
  EXPECT_EQ(refusal("   \n"), "error.constructor_empty");
  EXPECT_EQ(refusal("MaxPool1d(3)"), "error.constructor_not_conv2d");
  EXPECT_EQ(refusal("42"), "error.constructor_not_conv2d");
  EXPECT_EQ(refusal("Conv2d"), "error.constructor_unfinished");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3"), "error.constructor_unfinished");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3) + 1"), "error.constructor_after_end");
  EXPECT_EQ(refusal("Conv2d(1 1, 3)"), "error.constructor_syntax");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, , 2)"), "error.constructor_syntax");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3.5)"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d(1, 1, 'three"), "error.constructor_unfinished");
}

TEST(ConstructorText, refuses_arguments_that_conv2d_has_not) {
  EXPECT_EQ(refusal("Conv2d(1, 1)"), "error.constructor_missing");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, strides=2)"), "error.constructor_similar_argument");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, transposed=2)"), "error.constructor_unknown_argument");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, in_channels=2)"), "error.constructor_twice");
  EXPECT_EQ(refusal("Conv2d(1, kernel_size=3, 1)"), "error.constructor_positional_late");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, 1, 0, 1, 1, True, 'zeros', None, None, 5)"), "error.constructor_too_many");
}

TEST(ConstructorText, refuses_values_of_the_wrong_kind_and_names_the_argument) {
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, padding='full')"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, bias=maybe)"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d((1, 1), 1, 3)"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d(1, 1, (3, 3, 3))"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, padding_mode=reflect)"), "error.constructor_type");
  EXPECT_EQ(refusal("Conv2d(1, 1, 3, dtype=torch.float16)"), "error.constructor_type");
  const Result<LayerCall> wrong = parse_layer("Conv2d(1, 1, 3, stride='2')");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().field, "stride");
}

TEST(ConstructorText, refuses_numbers_beyond_64_bits) {
  EXPECT_EQ(refusal("Conv2d(9223372036854775808, 1, 3)"), "error.constructor_number_too_large");
  EXPECT_EQ(parsed("Conv2d(9223372036854775807, 1, 3)").in_channels, INT64_MAX);
  EXPECT_EQ(parsed("Conv2d(-9223372036854775808, 1, 3)").in_channels, INT64_MIN);
}

// Whatever is typed, the answer is parameters or one error: nothing reads past the end.
TEST(ConstructorText, survives_every_prefix_and_every_changed_byte) {
  const std::string call = "conv = torch.nn.Conv2d(3, 8, kernel_size=(3, 5), padding='same', bias=False)  # end";
  for (size_t length = 0; length <= call.size(); ++length) {
    const std::string prefix = call.substr(0, length);
    const Result<LayerCall> call = parse_layer(prefix);
    if (!call) {
      EXPECT_TRUE(call.error().code.starts_with("error.constructor_")) << prefix;
    }
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = call;
    for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<char>(random() & 0xFF);
    const Result<LayerCall> call = parse_layer(changed);
    if (!call) {
      EXPECT_TRUE(call.error().code.starts_with("error.constructor_"));
    }
  }
}

TEST(LayerCalls, are_written_as_pytorch_writes_them_and_read_back) {
  LayerCall transposed{"conv_transpose2d", {}, {}};
  transposed.params.stride = {2, 2};
  transposed.params.padding = {1, 1};
  transposed.more.output_padding = {1, 1};
  EXPECT_EQ(constructor_text(transposed),
            "ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, output_padding=1)");
  LayerCall max{"max_pool2d", {}, {}};
  max.params.kernel_size = max.params.stride = {2, 2};
  EXPECT_EQ(constructor_text(max), "MaxPool2d(2)");
  max.params.stride = {1, 2};
  max.params.dilation = {2, 2};
  max.more.ceil_mode = true;
  EXPECT_EQ(constructor_text(max), "MaxPool2d(2, stride=(1, 2), dilation=2, ceil_mode=True)");
  LayerCall average{"avg_pool2d", {}, {}};
  average.params.kernel_size = {3, 3};
  average.params.stride = {2, 2};
  average.params.padding = {1, 1};
  average.more.count_include_pad = false;
  average.more.divisor_override = 4;
  EXPECT_EQ(constructor_text(average),
            "AvgPool2d(3, stride=2, padding=1, count_include_pad=False, divisor_override=4)");
  for (const LayerCall& call : {transposed, max, average}) {
    const Result<LayerCall> read = parse_layer("nn." + constructor_text(call));
    ASSERT_TRUE(read.ok()) << constructor_text(call);
    EXPECT_EQ(*read, call) << constructor_text(call);
  }
}

TEST(LayerCalls, conv1d_has_one_number_for_each_argument) {
  LayerCall call{"conv1d", {}, {}};
  call.params.kernel_size = {1, 3};
  EXPECT_EQ(constructor_text(call), "Conv1d(1, 1, kernel_size=3, stride=1, padding=0)");
  call.params.in_channels = call.params.groups = 2;
  call.params.out_channels = 4;
  call.params.dilation = {1, 4};
  call.params.padding_kind = PaddingKind::pads;
  call.params.pads = {0, 8, 0, 0};
  call.params.bias = false;
  const std::string text = constructor_text(call);
  EXPECT_EQ(text, "Conv1d(2, 4, kernel_size=3, stride=1, pads=(8, 0), dilation=4, groups=2, bias=False)");
  Result<LayerCall> read = parse_layer("nn." + text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, call);
  read = parse_layer("Conv1d(1, 1, (5,), padding=2)");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->params.kernel_size, (Pair{1, 5}));
  EXPECT_EQ(read->params.padding, (Pair{0, 2}));
  EXPECT_EQ(parse_layer("Conv1d(1, 1, (3, 3))").error().code, "error.constructor_type");
  EXPECT_EQ(parse_layer("Conv1d(1, 1, 3, pads=(1, 0, 1, 0))").error().code, "error.constructor_type");
}

TEST(LayerCalls, ends_of_their_own_that_no_module_takes_are_written_in_onnxs_word) {
  for (const char* operation : {"conv_transpose2d", "max_pool2d", "avg_pool2d"}) {
    LayerCall call{operation, {}, {}};
    call.params.padding_kind = PaddingKind::pads;
    call.params.pads = {1, 0, 0, 2};
    const std::string text = constructor_text(call);
    EXPECT_NE(text.find(", pads=(1, 0, 0, 2)"), std::string::npos) << text;
    EXPECT_EQ(text.find("padding="), std::string::npos) << text;
    const Result<LayerCall> read = parse_layer(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->params.padding_kind, PaddingKind::pads);
    EXPECT_EQ(read->params.pads, call.params.pads);
    call.params.pads = {1, 0, 1, 0};
    EXPECT_NE(constructor_text(call).find("padding=(1, 0)"), std::string::npos);
  }
  EXPECT_EQ(parse_layer("MaxPool2d(2, pads=(1, 0))").error().code, "error.constructor_type");
  EXPECT_EQ(parse_layer("MaxPool2d(2, padding=1, pads=(1, 0, 0, 0))").error().code, "error.constructor_two_paddings");
  EXPECT_EQ(parse_layer("Conv2d(1, 1, 3, pads=(1, 0, 0, 0))").error().code, "error.constructor_unknown_argument");
}

TEST(LayerCalls, take_pytorchs_order_and_defaults) {
  // torch.nn.ConvTranspose2d's order: bias before dilation.
  const Result<LayerCall> transposed = parse_layer("ConvTranspose2d(2, 4, 3, 2, 1, 1, 2, False, 2)");
  ASSERT_TRUE(transposed.ok());
  EXPECT_EQ(transposed->more.output_padding, (Pair{1, 1}));
  EXPECT_EQ(transposed->params.groups, 2);
  EXPECT_FALSE(transposed->params.bias);
  EXPECT_EQ(transposed->params.dilation, (Pair{2, 2}));
  EXPECT_EQ(parse_layer("MaxPool2d(3)")->params.stride, (Pair{3, 3}));
  EXPECT_EQ(parse_layer("MaxPool2d(3, None)")->params.stride, (Pair{3, 3}));
  EXPECT_EQ(parse_layer("MaxPool2d(3, stride=0)")->params.stride, (Pair{0, 0})) << "validate()'s affair";
  EXPECT_EQ(parse_layer("AvgPool2d(2, divisor_override=None)")->more.divisor_override, std::nullopt);
  EXPECT_EQ(parse_layer("MaxPool2d()").error().code, "error.constructor_missing");
  EXPECT_EQ(parse_layer("MaxPool2d(2, count_include_pad=True)").error().code, "error.constructor_unknown_argument");
  EXPECT_EQ(parse_layer("Conv2d(1, 1, 3, output_padding=1)").error().code, "error.constructor_unknown_argument");
  EXPECT_EQ(parse_layer("Sequential(ZeroPad2d(1), MaxPool2d(2))").error().code, "error.constructor_padding_module");
  EXPECT_EQ(parse_layer("MaxPool1d(2)").error().code, "error.constructor_not_conv2d");
}

}  // namespace
}  // namespace convscope
