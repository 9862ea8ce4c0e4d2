// The causes of wrong outputs: planted by PyTorch (tests/reference/make_mistake_cases.py), and in random plans.
#include "engine/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/conv2d.h"
#include "engine/torch_random.h"
#include "tests/engine/numbers.h"
#include "tests/engine/random_plans.h"

namespace convscope {
namespace {

using nlohmann::json;
using testing::tensor_of;

/// A right convolution and somebody's output of it.
struct Problem {
  ConvPlan plan;
  ConvTensors tensors;
  Closeness closeness;
};

Problem problem_of(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  Problem p{plan, {input, weight, bias, {}}, {}};
  p.tensors.output = conv2d(plan, input, weight, bias).value();
  p.closeness.bound = rounding_bound(plan, p.tensors, plan.dtype).value();
  return p;
}

Diagnosis diagnosis_of(const Problem& p, const Tensor& yours) {
  DiagnosisOptions options;
  if (yours.shape() == p.tensors.output.shape()) {
    const Comparison comparison = compare(yours, p.tensors.output, p.closeness).value();
    options.suspects = {comparison.first_wrong, comparison.worst};
  }
  return diagnose(p.plan, p.tensors, yours, p.closeness, options).value();
}

std::vector<std::string> codes_of(const std::vector<Cause>& causes) {
  std::vector<std::string> codes;
  for (const Cause& cause : causes) codes.push_back(cause.code.substr(std::string("cause.").size()));
  return codes;
}

std::string listed(const Diagnosis& diagnosis) {
  std::string text;
  for (const Explanation& explanation : diagnosis.explanations) {
    text += "[";
    for (const std::string& code : codes_of(explanation.causes)) text += " " + code;
    text += " ]";
  }
  return text;
}

// ---- planted by PyTorch ----

Shape shape_of(const json& value) {
  Shape shape;
  for (const json& extent : value) shape.push_back(extent.get<int64_t>());
  return shape;
}

Problem problem_of(const json& c) {
  const auto pair = [&c](const char* name) { return Pair{c[name][0].get<int64_t>(), c[name][1].get<int64_t>()}; };
  const Shape input = shape_of(c["input_shape"]), weight = shape_of(c["weight_shape"]);
  ConvParams p;
  p.in_channels = input[1];
  p.out_channels = weight[0];
  p.kernel_size = {weight[2], weight[3]};
  p.stride = pair("stride");
  if (c["padding"].size() == 4) {
    const auto side = [&c](size_t i) { return c["padding"][i].get<int64_t>(); };
    p.padding_kind = PaddingKind::pads;
    p.pads = {side(0), side(1), side(2), side(3)};
  } else {
    p.padding = pair("padding");
  }
  p.dilation = pair("dilation");
  p.groups = c["groups"];
  p.bias = c["bias"];
  for (PaddingMode mode : {PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    if (c["padding_mode"] == name_of(mode)) p.padding_mode = mode;
  }
  const ConvPlan plan = validate(p, input).value();
  TorchRandom random(c["seed"].get<uint64_t>());
  const Tensor x = random.randn(input, DType::float32).value();
  const Tensor w = random.randn(weight, DType::float32).value();
  return problem_of(plan, x, w, p.bias ? random.randn({p.out_channels}, DType::float32).value() : Tensor());
}

const json& cases() {
  static const json all = [] {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/mistake_cases.json");
    return json::parse(file)["cases"];
  }();
  return all;
}

TEST(diagnosis, finds_what_pytorch_was_told_to_do_wrong) {
  ASSERT_GT(cases().size(), 60u);
  for (const json& c : cases()) {
    const std::vector<std::string> planted = c["causes"];
    SCOPED_TRACE(c["causes"].dump() + " seed " + c["seed"].dump());
    const Problem p = problem_of(c);
    const Tensor yours = tensor_of(shape_of(c["output_shape"]), c["numbers"]);
    const Diagnosis found = diagnosis_of(p, yours);
    if (planted.empty()) {
      EXPECT_TRUE(found.explanations.empty()) << listed(found);
      continue;
    }
    ASSERT_FALSE(found.explanations.empty());
    EXPECT_EQ(codes_of(found.explanations.front().causes), planted) << listed(found);
    EXPECT_EQ(found.explanations.front().cells_agreeing, yours.numel());
    EXPECT_EQ(found.explanations.front().cells_checked, yours.numel());
  }
}

TEST(diagnosis, says_which_padding_mode_which_value_and_which_factor) {
  const std::map<std::string, std::vector<std::string>> kWanted = {
      {"padding_value", {"3"}}, {"stride_value", {"3"}},      {"dilation_value", {"2"}},
      {"scaled", {"255"}},      {"mean_of_products", {"27"}}, {"channels_permuted", {"2, 0, 3, 1"}}};
  for (const json& c : cases()) {
    if (c["causes"].size() != 1) continue;
    const std::string code = c["causes"][0];
    const Diagnosis found = diagnosis_of(problem_of(c), tensor_of(shape_of(c["output_shape"]), c["numbers"]));
    const std::vector<std::string>& args = found.explanations.front().causes.front().args;
    const auto wanted = kWanted.find(code);
    if (wanted != kWanted.end()) {
      EXPECT_EQ(args, wanted->second) << code;
    }
    if (code == "padding_mode" && c["padding_mode"] == "reflect") {
      EXPECT_EQ(args, (std::vector<std::string>{"zeros", "reflect"}));
    }
  }
}

// ---- in random plans ----

TEST(diagnosis, finds_every_mistake_of_the_catalogue_in_random_plans) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<std::string> planted_codes;
  for (int round = 0; round < 60; ++round) {
    const testing::RandomCase c = testing::random_case(random, DType::float32, 20'000);
    const Tensor input = testing::random_tensor(random, c.plan.input_shape(), DType::float32);
    const Tensor weight = testing::random_tensor(random, c.plan.weight_shape(), DType::float32);
    const Tensor bias = testing::random_tensor(random, c.plan.bias_shape(), DType::float32);
    const Problem p = problem_of(c.plan, input, weight, bias);
    if (p.tensors.output.numel() < 4) continue;
    for (const Mistake& mistake : mistakes_of(c.plan)) {
      MistakenConv conv = MistakenConv::right(c.plan, p.tensors);
      if (conv.other_shape || !mistake.make(conv) || conv.other_shape) continue;
      const std::optional<std::array<int64_t, 4>> extents = conv.extents();
      if (!extents) continue;
      const std::array<int64_t, 4> e = conv.ordered(*extents);
      Tensor yours = Tensor::zeros({e[0], e[1], e[2], e[3]}, DType::float32).value();
      for (int64_t i = 0; i < yours.numel(); ++i) {
        yours.mutable_data<float>()[i] = static_cast<float>(conv.cell(*extents, i));
      }
      const std::optional<Tensor> right_shape = aligned(yours, p.tensors.output.shape());
      if (right_shape && compare(*right_shape, p.tensors.output, p.closeness)->wrong == 0) continue;
      SCOPED_TRACE(mistake.cause.code + " " + testing::describe(c));
      const Diagnosis found = diagnosis_of(p, right_shape ? *right_shape : yours);
      // Another mistake may do the very same here; some single one must be found.
      ASSERT_FALSE(found.explanations.empty());
      EXPECT_EQ(found.explanations.front().causes.size(), 1u) << listed(found);
      planted_codes.push_back(mistake.cause.code);
    }
  }
  EXPECT_GT(planted_codes.size(), 500u);
}

TEST(diagnosis, finds_no_cause_in_noise) {
  std::mt19937_64 random(testing::test_seed() + 1);
  for (int round = 0; round < 40; ++round) {
    const testing::RandomCase c = testing::random_case(random, DType::float32, 20'000);
    const Problem p = problem_of(c.plan, testing::random_tensor(random, c.plan.input_shape(), DType::float32),
                                 testing::random_tensor(random, c.plan.weight_shape(), DType::float32),
                                 testing::random_tensor(random, c.plan.bias_shape(), DType::float32));
    if (p.tensors.output.numel() < 2) continue;
    const Diagnosis found = diagnosis_of(p, testing::random_tensor(random, c.plan.output_shape(), DType::float32));
    EXPECT_TRUE(found.explanations.empty()) << listed(found) << testing::describe(c);
    EXPECT_GT(found.tried, 0);
  }
}

// ---- the rest ----

Problem small_problem() {
  ConvParams p;
  p.in_channels = 2;
  p.out_channels = 3;
  p.padding = {1, 1};
  std::mt19937_64 random(7);
  return problem_of(validate(p, {1, 2, 6, 6}).value(), testing::random_tensor(random, {1, 2, 6, 6}, DType::float32),
                    testing::random_tensor(random, {3, 2, 3, 3}, DType::float32),
                    testing::random_tensor(random, {3}, DType::float32));
}

TEST(diagnosis, names_what_gives_the_shape_where_the_numbers_fit_nothing) {
  const Problem p = small_problem();
  std::mt19937_64 random(8);
  const Diagnosis found = diagnosis_of(p, testing::random_tensor(random, {1, 3, 4, 4}, DType::float32));
  EXPECT_TRUE(found.explanations.empty());
  ASSERT_FALSE(found.same_shape.empty());
  EXPECT_EQ(found.same_shape.front(), (Cause{"cause.padding_missing", {}}));
}

TEST(diagnosis, of_a_shape_asks_for_padding_and_stride_together) {
  const Problem p = small_problem();
  std::mt19937_64 random(8);
  const Diagnosis found = diagnosis_of(p, testing::random_tensor(random, {1, 3, 5, 5}, DType::float32));
  EXPECT_TRUE(found.explanations.empty());
  EXPECT_THAT(found.same_shape, ::testing::Contains(Cause{"cause.padding_stride_value", {"3", "2"}}));
}

TEST(diagnosis, names_the_closest_mistake_without_calling_it_a_cause) {
  const Problem p = small_problem();
  MistakenConv conv = MistakenConv::right(p.plan, p.tensors);
  conv.weight.flip(2);
  conv.weight.flip(3);
  Tensor yours = Tensor::zeros(p.tensors.output.shape(), DType::float32).value();
  for (int64_t i = 0; i < yours.numel(); ++i) {
    yours.mutable_data<float>()[i] = static_cast<float>(conv.cell(*conv.extents(), i));
  }
  yours.mutable_data<float>()[17] += 1;
  const Diagnosis found = diagnosis_of(p, yours);
  EXPECT_TRUE(found.explanations.empty());
  ASSERT_TRUE(found.closest.has_value());
  EXPECT_EQ(codes_of(found.closest->causes), std::vector<std::string>{"kernel_flipped"});
  EXPECT_EQ(found.closest->cells_agreeing, 107);
  EXPECT_EQ(found.closest->cells_checked, 108);
}

TEST(diagnosis, of_four_printed_decimals) {
  const Problem right = small_problem();
  Problem p = right;
  p.closeness.printed.decimals = 4;
  MistakenConv conv = MistakenConv::right(p.plan, p.tensors);
  conv.bias = BiasUse::missing;
  Tensor yours = Tensor::zeros(p.tensors.output.shape(), DType::float64).value();
  for (int64_t i = 0; i < yours.numel(); ++i) {
    yours.mutable_data<double>()[i] = std::round(conv.cell(*conv.extents(), i) * 1e4) / 1e4;
  }
  const Diagnosis found = diagnosis_of(p, yours);
  ASSERT_EQ(found.explanations.size(), 1u);
  EXPECT_EQ(codes_of(found.explanations[0].causes), std::vector<std::string>{"bias_missing"});
  EXPECT_TRUE(diagnosis_of(right, yours).explanations.empty());
}

TEST(diagnosis, checks_as_many_cells_as_the_budget_allows) {
  const Problem p = small_problem();
  MistakenConv conv = MistakenConv::right(p.plan, p.tensors);
  conv.finish = Finish::negated;
  Tensor yours = Tensor::zeros(p.tensors.output.shape(), DType::float32).value();
  for (int64_t i = 0; i < yours.numel(); ++i) {
    yours.mutable_data<float>()[i] = static_cast<float>(conv.cell(*conv.extents(), i));
  }
  DiagnosisOptions options;
  options.most_macs = 80 * p.plan.taps();
  const Diagnosis found = diagnose(p.plan, p.tensors, yours, p.closeness, options).value();
  ASSERT_FALSE(found.explanations.empty());
  EXPECT_EQ(found.explanations[0].causes[0].code, "cause.negated");
  EXPECT_EQ(found.explanations[0].cells_checked, 80);
}

TEST(diagnosis, can_be_cancelled) {
  const Problem p = small_problem();
  Job job;
  job.cancelled = true;
  EXPECT_EQ(diagnose(p.plan, p.tensors, p.tensors.input, p.closeness, {}, &job).error().code, "error.cancelled");
}

}  // namespace
}  // namespace convscope
