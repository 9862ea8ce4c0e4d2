#include "conv_cases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/gemm.h"
#include "random_plans.h"

namespace convscope::testing {

ForcedTarget::ForcedTarget(std::string_view name) { EXPECT_TRUE(use_simd_target(name)) << name; }
ForcedTarget::~ForcedTarget() { use_simd_target(""); }

ConvParams conv(int64_t in, int64_t out, Pair kernel, Pair stride, Pair padding, Pair dilation, int64_t groups,
                PaddingMode mode) {
  ConvParams p;
  p.in_channels = in;
  p.out_channels = out;
  p.kernel_size = kernel;
  p.stride = stride;
  p.padding = padding;
  p.dilation = dilation;
  p.groups = groups;
  p.padding_mode = mode;
  return p;
}

Tensors random_tensors(std::mt19937_64& random, const ConvPlan& plan) {
  Tensors t;
  t.input = random_tensor(random, plan.input_shape(), plan.dtype);
  t.weight = random_tensor(random, plan.weight_shape(), plan.dtype);
  if (plan.bias) t.bias = random_tensor(random, plan.bias_shape(), plan.dtype);
  return t;
}

Tensor run(const ConvPlan& plan, const Tensors& t, Algorithm algorithm, int threads) {
  return conv2d(plan, t.input, t.weight, t.bias, {algorithm, threads, nullptr}).value();
}

Tensor with_number(const Tensor& tensor, int64_t at, double number) {
  Tensor copy = Tensor::zeros(tensor.shape(), tensor.dtype()).value();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double value = i == at ? number : tensor.at(i);
    if (tensor.dtype() == DType::float32) {
      copy.mutable_data<float>()[i] = static_cast<float>(value);
    } else {
      copy.mutable_data<double>()[i] = value;
    }
  }
  return copy;
}

std::vector<double> numbers_that_spoil(DType dtype) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double huge = dtype == DType::float32 ? 3e38 : 1.7e308;
  return {infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), huge};
}

std::string spoiled_differently(const Tensor& expected, const Tensor& actual) {
  if (expected.shape() != actual.shape()) return "shape (" + actual.shape().to_string() + ")";
  for (int64_t i = 0; i < expected.numel(); ++i) {
    const double e = expected.at(i), a = actual.at(i);
    const bool same = std::isnan(e) ? std::isnan(a) : std::isfinite(e) ? std::isfinite(a) : e == a;
    if (!same) return "cell " + std::to_string(i) + ": expected " + std::to_string(e) + ", got " + std::to_string(a);
  }
  return "";
}

}  // namespace convscope::testing
