#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::HasSubstr;
using testing::Not;

class CompareCommand : public testing_support::Program {
 protected:
  void SetUp() override {
    // The tensors of the tutorial's 6.2.1.
    success({"random", "--seed", "10010", "--draw", "randn:2,3,5,5", "--draw", "randn:2,3,3,3", "--draw", "randn:2",
             "-o", "d"});
  }
  std::vector<std::string> compare(const std::string& mine, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"compare", "conv2d",  "--input", "d.0.npy", "--weight",  "d.1.npy",
                                     "--bias",  "d.2.npy", "--mine",  mine,      "--padding", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  /// The convolution with other options, as somebody's output.
  void mine(const std::string& name, const std::vector<std::string>& options) {
    std::vector<std::string> args = {"compute", "conv2d", "--input", "d.0.npy", "--weight", "d.1.npy", "-o", name};
    args.insert(args.end(), options.begin(), options.end());
    success(args);
  }
  Tensor tensor(const std::string& name) { return read_npy(path(name)).value().tensor; }
  /// As PyTorch prints: four decimals.
  std::string printed(const Tensor& tensor, const char* format = "%.4f") {
    const Shape& shape = tensor.shape();
    std::string text = "tensor(" + std::string(static_cast<size_t>(shape.rank()), '[');
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      int64_t row = 1;
      int closed = 0;
      for (int axis = shape.rank(); axis-- > 1;) {
        row *= shape[axis];
        closed += i > 0 && i % row == 0 ? 1 : 0;
      }
      const auto brackets = static_cast<size_t>(closed);
      if (i > 0) text += std::string(brackets, ']') + ",\n" + std::string(brackets, '[');
      std::array<char, 64> number{};
      std::snprintf(number.data(), number.size(), format, tensor.at(i));
      text += number.data();
    }
    return text + std::string(static_cast<size_t>(shape.rank()), ']') + ")";
  }
};

TEST_F(CompareCommand, the_same_output_agrees_and_ends_with_0) {
  mine("y.npy", {"--bias", "d.2.npy", "--padding", "1", "--algorithm", "naive"});
  EXPECT_THAT(success(compare("y.npy")), HasSubstr("agrees: 100 cells, largest difference "));
  const nlohmann::json json = nlohmann::json::parse(success(compare("y.npy", {"--json"})));
  EXPECT_EQ(json["agrees"], true);
  EXPECT_EQ(json["wrong"], 0);
  EXPECT_EQ(json["cells"], 100);
  EXPECT_FALSE(json.contains("explanations"));
}

TEST_F(CompareCommand, printed_numbers_agree_to_half_a_unit_of_their_last_digit) {
  mine("y.npy", {"--bias", "d.2.npy", "--padding", "1"});
  put("y.txt", printed(tensor("y.npy")));
  EXPECT_THAT(success(compare("y.txt")), HasSubstr("agrees: 100 cells"));
  put("coarse.txt", printed(tensor("y.npy"), "%.1f"));
  EXPECT_THAT(success(compare("coarse.txt")), HasSubstr("agrees: 100 cells"));
  // The same rounding with more digits than it has.
  std::string text = printed(tensor("y.npy"), "%.1f");
  text.replace(text.find(','), 1, "001,");
  put("wrong.txt", text);
  EXPECT_EQ(run(compare("wrong.txt")).status, 1);
}

TEST_F(CompareCommand, a_wrong_output_names_its_first_wrong_cell_and_the_cause) {
  mine("y.npy", {"--padding", "1"});
  const testing_support::Outcome outcome = run(compare("y.npy"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("100 of 100 cells are wrong\nfirst wrong: output[0, 0, 0, 0]: yours "));
  EXPECT_THAT(outcome.out, HasSubstr("\ncause: The bias was not added. Add it at the end"));
  EXPECT_THAT(outcome.err, HasSubstr("convscope: error: 100 of 100 cells differ"));
  const testing_support::Outcome as_json = run(compare("y.npy", {"--json"}));
  EXPECT_EQ(as_json.status, 1);
  const nlohmann::json json = nlohmann::json::parse(as_json.out);
  EXPECT_EQ(json["agrees"], false);
  EXPECT_EQ(json["first_wrong"]["index"], (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(json["first_wrong"]["mine"].get<double>(), tensor("y.npy").at(0));
  EXPECT_EQ(json["explanations"][0]["causes"][0]["code"], "bias_missing");
  EXPECT_EQ(json["explanations"][0]["cells_checked"], 100);
}

TEST_F(CompareCommand, a_wrong_shape_is_diagnosed_too) {
  mine("y.npy", {"--bias", "d.2.npy"});
  const testing_support::Outcome outcome = run(compare("y.npy"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out,
              HasSubstr("shape: yours (2, 2, 3, 3), expected (2, 2, 5, 5)\ncause: The padding is missing"));
  EXPECT_THAT(run(compare("[[1, 2], [3, 4]]")).out, HasSubstr("No usual mistake gives an output of this shape"));
}

TEST_F(CompareCommand, two_mistakes_at_once_are_found_and_a_third_is_not_made_up) {
  mine("y.npy", {"--stride", "2"});
  const nlohmann::json json = nlohmann::json::parse(run(compare("y.npy", {"--json"})).out);
  EXPECT_EQ(json["explanations"].size(), 0u) << json.dump(2);
  mine("y.npy", {});
  const nlohmann::json two = nlohmann::json::parse(run(compare("y.npy", {"--json"})).out);
  ASSERT_GE(two["explanations"].size(), 1u);
  EXPECT_EQ(two["explanations"][0]["causes"][0]["code"], "padding_missing");
  EXPECT_EQ(two["explanations"][0]["causes"][1]["code"], "bias_missing");
}

TEST_F(CompareCommand, noise_has_no_cause) {
  success({"random", "--seed", "1", "--draw", "randn:2,2,5,5", "-o", "noise"});
  const testing_support::Outcome outcome = run(compare("noise.0.npy"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, Not(HasSubstr("cause:")));
  EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("no usual mistake explains it"), Not(HasSubstr("Mend"))));
  EXPECT_THAT(outcome.out, HasSubstr("usual mistakes and pairs of them that were tried gives these numbers"));
}

TEST_F(CompareCommand, numbers_that_are_none_are_compared_like_others) {
  mine("y.npy", {"--bias", "d.2.npy", "--padding", "1"});
  Tensor y = tensor("y.npy");
  y.mutable_data<float>()[42] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_TRUE(write_npy(path("y.npy"), y));
  const testing_support::Outcome outcome = run(compare("y.npy", {"--json"}));
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["wrong"], 1);
  EXPECT_EQ(json["first_wrong"]["index"], (std::vector<int>{0, 1, 3, 2}));
  EXPECT_EQ(json["first_wrong"]["mine"], "nan");
  EXPECT_EQ(json["largest_difference"], "inf");
}

TEST_F(CompareCommand, what_cannot_be_compared_is_refused) {
  EXPECT_THAT(refusal(compare("none.npy"), 1), HasSubstr("none.npy"));
  put("y.txt", "no numbers");
  EXPECT_THAT(refusal(compare("y.txt"), 1), HasSubstr("no number"));
  EXPECT_THAT(refusal({"compare", "conv2d_backward", "--input", "d.0.npy", "--weight", "d.1.npy", "--mine", "g"}, 2),
              HasSubstr("--grad-output"));
  EXPECT_THAT(refusal(compare("d.0.npy", {"--grad-output", "d.0.npy"}), 1), HasSubstr("--grad-output"));
  EXPECT_THAT(refusal({"compare", "max_pool2d", "--input", "d.0.npy", "--weight", "d.1.npy", "--mine", "d.0.npy"}, 1),
              HasSubstr("--weight"));
  EXPECT_THAT(refusal(compare("d.0.npy", {"--kernel-size", "3"}), 1), HasSubstr("--kernel-size"));
  refusal({"compare", "conv2d", "--input", "d.0.npy", "--weight", "d.1.npy"}, 2);
  refusal({"compare", "conv2d", "--input", "d.0.npy", "--mine", "d.1.npy"}, 2);
}

TEST_F(CompareCommand, other_operations_are_compared_without_causes) {
  success({"random", "--draw", "randn:1,2,4,5", "--draw", "randn:2,3,2,2", "-o", "t"});
  const std::vector<std::vector<std::string>> operations = {
      {"conv_transpose2d", "--input", "t.0.npy", "--weight", "t.1.npy", "--stride", "2"},
      {"max_pool2d", "--input", "t.0.npy", "--kernel-size", "2"},
      {"avg_pool2d", "--input", "t.0.npy", "--kernel-size", "2", "--padding", "1"},
      {"unfold", "--input", "t.0.npy", "--kernel-size", "2"}};
  for (const std::vector<std::string>& operation : operations) {
    std::vector<std::string> compute = {"compute"}, compare = {"compare"};
    for (std::vector<std::string>* args : {&compute, &compare})
      args->insert(args->end(), operation.begin(), operation.end());
    compute.insert(compute.end(), {"-o", "o.npy"});
    compare.insert(compare.end(), {"--mine", "o.npy"});
    success(compute);
    EXPECT_THAT(success(compare), HasSubstr("agrees: ")) << operation[0];
    Tensor o = tensor("o.npy");
    o.mutable_data<float>()[3] += 0.01f;
    ASSERT_TRUE(write_npy(path("o.npy"), o));
    const testing_support::Outcome outcome = run(compare);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("1 of " + std::to_string(o.numel()) + " cells are wrong\nfirst wrong: output["));
    EXPECT_THAT(outcome.out, HasSubstr("causes are looked for in conv2d only"));
    EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("Look at the first wrong cell"), Not(HasSubstr("mistake"))));
  }
  EXPECT_THAT(run({"compare", "max_pool2d", "--input", "t.0.npy", "--kernel-size", "2", "--mine", "t.0.npy"}).out,
              HasSubstr("shape: yours (1, 2, 4, 5), expected (1, 2, 2, 2)"));
}

TEST_F(CompareCommand, gradients_are_compared_one_by_one) {
  success({"random", "--seed", "4", "--draw", "randn:2,2,5,5", "-o", "above"});
  const std::vector<std::string> layer = {"conv2d_backward", "--input", "d.0.npy",       "--weight",   "d.1.npy",
                                          "--padding",       "1",       "--grad-output", "above.0.npy"};
  std::vector<std::string> compute = {"compute"}, compare = {"compare"};
  for (std::vector<std::string>* args : {&compute, &compare}) args->insert(args->end(), layer.begin(), layer.end());
  compute.insert(compute.end(), {"-o", "g", "--algorithm", "naive"});
  compare.insert(compare.end(), {"--mine", "g"});
  success(compute);
  const std::string good = success(compare);
  for (const char* name : {"gradient of input:\nagrees: 150", "gradient of weight:\nagrees: 54", "gradient of bias:"}) {
    EXPECT_THAT(good, HasSubstr(name));
  }
  Tensor weight = tensor("g.weight.npy");
  weight.mutable_data<float>()[5] += 0.5f;
  ASSERT_TRUE(write_npy(path("g.weight.npy"), weight));
  std::filesystem::remove(path("g.bias.npy"));
  const testing_support::Outcome outcome = run(compare);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, testing::AllOf(HasSubstr("first wrong: weight.grad[0, 0, 1, 2]"), Not(HasSubstr("bias"))));
  EXPECT_THAT(outcome.err, HasSubstr("The gradients by weight differ"));
  compare.emplace_back("--json");
  const nlohmann::json json = nlohmann::json::parse(run(compare).out);
  EXPECT_EQ(json["agrees"], false);
  EXPECT_EQ(json["input"]["agrees"], true);
  EXPECT_EQ(json["weight"]["wrong"], 1);
  EXPECT_FALSE(json.contains("bias"));
  std::filesystem::remove(path("g.input.npy"));
  EXPECT_THAT(run(compare).err, HasSubstr("g.input.npy"));
}

TEST_F(CompareCommand, one_number_proves_little) {
  EXPECT_THAT(success({"compare", "conv2d", "--input", "[[2]]", "--weight", "[[3]]", "--mine", "[[6]]"}),
              HasSubstr("one number proves little"));
  const testing_support::Outcome outcome =
      run({"compare", "conv2d", "--input", "[[2]]", "--weight", "[[3]]", "--mine", "[[-6]]"});
  EXPECT_THAT(outcome.out, testing::AllOf(HasSubstr("one number proves little"), HasSubstr("opposite sign")));
}

TEST_F(CompareCommand, speaks_chinese_as_well) {
  mine("y.npy", {"--padding", "1"});
  EXPECT_THAT(run(compare("y.npy"), {"LANG=zh_CN.UTF-8"}).out, HasSubstr("原因：没有加偏置。"));
}

}  // namespace
}  // namespace convscope
