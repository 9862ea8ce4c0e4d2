// Every operation against what PyTorch computed (and refused); of conv2d what conv2d_cases.json has not. See
// make_operation_cases.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/conv2d_backward.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "engine/torch_random.h"

namespace convscope {
namespace {

using nlohmann::json;

Shape shape_of(const json& value) {
  Shape shape;
  for (const json& extent : value) shape.push_back(extent.get<int64_t>());
  return shape;
}

Spatial spatial_of(const json& value) {
  Spatial s = Spatial::all(static_cast<int>(value.size()), 0);
  for (int i = 0; i < s.dims(); ++i) s[i] = value[static_cast<size_t>(i)];
  return s;
}

/// A max window that sees no cell holds -inf, which JSON writes as a word.
double number_of(const json& value) {
  return value.is_string() ? -std::numeric_limits<double>::infinity() : value.get<double>();
}

void set(const json& arguments, const char* name, Spatial& target) {
  if (arguments.contains(name)) target = spatial_of(arguments[name]);
}

void set_padding(const json& arguments, SpatialPadding& padding) {
  if (arguments.contains("pads")) {
    const json& pads = arguments["pads"];  // all begins, then all ends
    const auto half = static_cast<std::ptrdiff_t>(pads.size() / 2);
    padding.kind = PaddingKind::pads;
    padding.begin = spatial_of(json(pads.begin(), pads.begin() + half));
    padding.end = spatial_of(json(pads.begin() + half, pads.end()));
  }
  if (!arguments.contains("padding")) return;
  if (arguments["padding"] == "same") {
    padding.kind = PaddingKind::same;
  } else if (arguments["padding"] == "valid") {
    padding.kind = PaddingKind::valid;
  } else {
    padding.both = spatial_of(arguments["padding"]);
  }
}

/// A tensor of the answer: the engine's numbers by name.
struct Named {
  Shape shape;
  std::vector<double> numbers;
};
using Answer = Result<std::map<std::string, Named>>;

Named named(const Tensor& tensor) {
  Named result{tensor.shape(), {}};
  for (int64_t i = 0; i < tensor.numel(); ++i) result.numbers.push_back(tensor.at(i));
  return result;
}

/// One case, with its tensors drawn as PyTorch draws them.
class Case {
 public:
  Case(const json& c, Algorithm algorithm)
      : case_(c),
        arguments_(c["arguments"]),
        options_{algorithm, 2, nullptr},
        dtype_(c["dtype"] == "float64" ? DType::float64 : DType::float32),
        random_(c["seed"].get<int64_t>()) {}

  Answer run() {
    const std::string operation = case_["operation"];
    const int dims = operation.back() == 'd' ? operation[operation.size() - 2] - '0' : 2;
    input_ = draw("input_shape");
    if (operation == "conv2d_backward") return backward();
    if (operation.starts_with("conv_transpose")) return transposed(dims);
    if (operation.starts_with("conv")) return convolution(dims);
    if (operation.starts_with("max_pool")) return pooling(PoolKind::max, dims);
    if (operation.starts_with("avg_pool")) return pooling(PoolKind::average, dims);
    return columns(operation == "fold");
  }

 private:
  Tensor draw(const char* name) { return random_.randint(shape_of(case_[name]), -4, 5, dtype_).value(); }

  Tensor bias(int64_t channels) {
    return case_.value("bias", false) ? random_.randint({std::max<int64_t>(0, channels)}, -4, 5, dtype_).value()
                                      : Tensor();
  }

  static Answer only(const Result<Tensor>& output) {
    if (!output) return output.error();
    return std::map<std::string, Named>{{"output", named(*output)}};
  }

  ConvNdParams conv_params(int dims, const Tensor& weight) {
    ConvNdParams p = ConvNdParams::of(dims);
    p.groups = arguments_["groups"];
    p.out_channels = weight.shape()[0];
    p.in_channels = weight.shape()[1] * p.groups;
    for (int i = 0; i < dims; ++i) p.kernel_size[i] = weight.shape()[2 + i];
    set(arguments_, "stride", p.stride);
    set(arguments_, "dilation", p.dilation);
    set_padding(arguments_, p.padding);
    for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
      if (arguments_["padding_mode"] == name_of(mode)) p.padding_mode = mode;
    }
    p.bias = case_.value("bias", false);
    p.dtype = dtype_;
    return p;
  }

  Answer convolution(int dims) {
    const Tensor weight = draw("weight_shape");
    const Tensor b = bias(weight.shape()[0]);
    const Result<ConvNdPlan> plan = validate(conv_params(dims, weight), input_.shape());
    if (!plan) return plan.error();
    return only(conv_nd(*plan, input_, weight, b, options_));
  }

  Answer backward() {
    const Tensor weight = draw("weight_shape");
    (void)bias(weight.shape()[0]);
    const Result<ConvNdPlan> plan = validate(conv_params(2, weight), input_.shape());
    if (!plan) return plan.error();
    const Tensor grad_output = draw("grad_shape");
    const Result<Conv2dGradients> g = conv2d_backward(as_conv2d(*plan), input_, weight, grad_output, options_);
    if (!g) return g.error();
    return std::map<std::string, Named>{
        {"input", named(g->input)}, {"weight", named(g->weight)}, {"bias", named(g->bias)}};
  }

  Answer transposed(int dims) {
    const Tensor weight = draw("weight_shape");
    ConvTransposeParams p = ConvTransposeParams::of(dims);
    p.groups = arguments_["groups"];
    p.in_channels = weight.shape()[0];
    p.out_channels = weight.shape()[1] * p.groups;
    for (int i = 0; i < dims; ++i) p.kernel_size[i] = weight.shape()[2 + i];
    set(arguments_, "stride", p.stride);
    set(arguments_, "dilation", p.dilation);
    set(arguments_, "output_padding", p.output_padding);
    set_padding(arguments_, p.padding);
    if (arguments_.contains("output_size")) p.output_size = spatial_of(arguments_["output_size"]);
    const Tensor b = bias(p.out_channels);
    p.bias = b.defined();
    p.dtype = dtype_;
    const Result<ConvTransposePlan> plan = validate(p, input_.shape());
    if (!plan) return plan.error();
    return only(conv_transpose(*plan, input_, weight, b, options_));
  }

  Answer pooling(PoolKind kind, int dims) {
    PoolParams p = PoolParams::of(kind, dims);
    set(arguments_, "kernel_size", p.kernel_size);
    set(arguments_, "dilation", p.dilation);
    set_padding(arguments_, p.padding);
    if (arguments_.contains("stride")) p.stride = spatial_of(arguments_["stride"]);
    p.ceil_mode = arguments_["ceil_mode"];
    p.count_include_pad = arguments_.value("count_include_pad", true);
    if (arguments_.contains("divisor_override")) p.divisor_override = arguments_["divisor_override"].get<int64_t>();
    p.dtype = dtype_;
    const Result<PoolPlan> plan = validate(p, input_.shape());
    if (!plan) return plan.error();
    const Result<PoolResult> result = pool(*plan, input_, PoolIndices::wanted, 2);
    if (!result) return result.error();
    std::map<std::string, Named> answer{{"output", named(result->output)}};
    if (kind == PoolKind::max) {
      answer["indices"] = {plan->output_shape(), {result->indices.begin(), result->indices.end()}};
    }
    return answer;
  }

  Answer columns(bool folds) {
    FoldParams p;
    set(arguments_, "kernel_size", p.kernel_size);
    set(arguments_, "dilation", p.dilation);
    set(arguments_, "stride", p.stride);
    set(arguments_, "output_size", p.output_size);
    set_padding(arguments_, p.padding);
    p.dtype = dtype_;
    const Result<FoldPlan> plan = folds ? validate_fold(p, input_.shape()) : validate_unfold(p, input_.shape());
    if (!plan) return plan.error();
    return only(folds ? fold(*plan, input_) : unfold(*plan, input_));
  }

  const json& case_;
  const json& arguments_;
  Conv2dOptions options_;
  DType dtype_;
  TorchRandom random_;
  Tensor input_;
};

const json& cases() {
  static const json all = [] {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/operation_cases.json");
    return json::parse(file)["cases"];
  }();
  return all;
}

TEST(torch_operations, the_file_holds_good_and_refused_cases_of_each) {
  std::map<std::string, std::pair<int, int>> counts;
  for (const json& c : cases())
    ++(c.contains("refused") ? counts[c["operation"]].second : counts[c["operation"]].first);
  EXPECT_EQ(counts.size(), 15u);
  for (const auto& [operation, count] : counts) {
    EXPECT_GE(count.first, 20) << operation;
    EXPECT_GE(count.second, 4) << operation;
  }
}

class TorchOperations : public ::testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, TorchOperations, ::testing::Values(Algorithm::naive, Algorithm::im2col),
                         [](const auto& a) { return std::string(name_of(a.param)); });

TEST_P(TorchOperations, all_numbers_and_all_refusals_agree) {
  for (const json& c : cases()) {
    const Answer answer = Case(c, GetParam()).run();
    EXPECT_EQ(answer.ok(), !c.contains("refused")) << c.dump() << (answer ? "" : "\n" + answer.error().code);
    if (!answer || c.contains("refused")) continue;
    EXPECT_EQ(answer->size(), c["results"].size()) << c.dump();
    for (const auto& [name, expected] : c["results"].items()) {
      ASSERT_TRUE(answer->contains(name)) << c.dump();
      const Named& actual = answer->at(name);
      EXPECT_EQ(actual.shape, shape_of(expected["shape"]))
          << name << " " << actual.shape.to_string() << " " << c.dump();
      ASSERT_EQ(std::ssize(actual.numbers), std::ssize(expected["numbers"])) << name << " " << c.dump();
      for (size_t i = 0; i < actual.numbers.size(); ++i) {
        // Sums of whole numbers are exact, and a quotient is rounded once; what of it JSON holds is the same double.
        EXPECT_EQ(actual.numbers[i], number_of(expected["numbers"][i])) << name << "[" << i << "] " << c.dump();
      }
    }
  }
}

}  // namespace
}  // namespace convscope
