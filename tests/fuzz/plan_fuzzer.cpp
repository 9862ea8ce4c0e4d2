// Parameter sets: through the gate to every algorithm, which must agree. What is refused is refused in words; what is
// accepted and small is computed, what is accepted and vast has sizes that fit.
#include <bit>
#include <cmath>

#include "engine/conv2d_backward.h"
#include "engine/conv_plan.h"
#include "engine/conv_transpose.h"
#include "engine/conv_transpose_plan.h"
#include "engine/cross_check.h"
#include "engine/pool.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

namespace {

constexpr double kMostMacs = 20000;
constexpr int64_t kMostNumbers = 1 << 16;

bool is_small(const Shape& shape) { return shape.numel().value_or(INT64_MAX) <= kMostNumbers; }

Tensor numbers(fuzz::Bytes& bytes, const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::zeros(shape, dtype).value();
  uint32_t state = 1 + bytes.byte();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    state = state * 1664525u + 1013904223u;
    const double value = static_cast<double>(state >> 8) / (1 << 23) - 1;
    if (dtype == DType::float32) {
      tensor.mutable_data<float>()[i] = static_cast<float>(value);
    } else {
      tensor.mutable_data<double>()[i] = value;
    }
  }
  return tensor;
}

Pair pair(fuzz::Bytes& bytes) { return {bytes.number(), bytes.number()}; }
Spatial spatial(fuzz::Bytes& bytes, int dims) {
  Spatial numbers = Spatial::all(dims, 0);
  for (int axis = 0; axis < dims; ++axis) numbers[axis] = bytes.number();
  return numbers;
}

Shape input_shape(fuzz::Bytes& bytes, int dims) {
  Shape shape;
  const int64_t ranks[] = {dims + 2, dims + 2, dims + 2, dims + 1, dims, dims + 3};
  for (int64_t rank = ranks[bytes.choice(6)]; rank > 0; --rank) shape.push_back(bytes.number());
  return shape;
}

void conv(fuzz::Bytes& bytes) {
  ConvParams params;
  params.in_channels = bytes.number();
  params.out_channels = bytes.number();
  params.kernel_size = pair(bytes);
  params.stride = pair(bytes);
  params.dilation = pair(bytes);
  params.padding_kind = static_cast<PaddingKind>(bytes.choice(4));
  params.padding = pair(bytes);
  params.pads = {bytes.number(), bytes.number(), bytes.number(), bytes.number()};
  params.groups = bytes.number();
  params.bias = bytes.flag();
  params.padding_mode = static_cast<PaddingMode>(bytes.choice(4));
  params.dtype = bytes.flag() ? DType::float64 : DType::float32;
  const Shape input = input_shape(bytes, 2);
  const Result<ConvPlan> plan = validate(params, input);
  if (!plan) return fuzz::require_words(plan.error());
  FUZZ_REQUIRE(plan->output_shape().numel().has_value() && plan->input_shape() == input);
  FUZZ_REQUIRE(plan->out.h > 0 && plan->out.w > 0);
  if (plan->macs() > kMostMacs || !is_small(plan->input_shape()) || !is_small(plan->weight_shape()) ||
      !is_small(plan->output_shape())) {
    return;
  }
  const Tensor x = numbers(bytes, plan->input_shape(), plan->dtype);
  const Tensor w = numbers(bytes, plan->weight_shape(), plan->dtype);
  const Tensor b = plan->bias ? numbers(bytes, plan->bias_shape(), plan->dtype) : Tensor();
  const Result<CrossCheck> check = cross_check(*plan, x, w, b, 1 + static_cast<int>(bytes.choice(2)));
  if (!check) return fuzz::require_words(check.error());
  for (const AlgorithmCheck& algorithm : check->algorithms) {
    if (algorithm.refusal) {
      fuzz::require_words(*algorithm.refusal);
    } else {
      FUZZ_REQUIRE(check->agrees(algorithm));
    }
  }

  const Tensor g = numbers(bytes, plan->output_shape(), plan->dtype);
  const Result<Conv2dGradients> naive = conv2d_backward(*plan, x, w, g, {Algorithm::naive, 1});
  const Result<Conv2dGradients> fast = conv2d_backward(*plan, x, w, g, {Algorithm::automatic, 2});
  FUZZ_REQUIRE(naive.ok() == fast.ok());
  if (!naive) return fuzz::require_words(naive.error());
  // All numbers lie between -1 and 1.
  const double terms = 1 + static_cast<double>(plan->output_cells());
  const double epsilon = plan->dtype == DType::float32 ? 0x1p-23 : 0x1p-52;
  for (int64_t i = 0; i < naive->weight.numel(); ++i) {
    FUZZ_REQUIRE(std::abs(naive->weight.at(i) - fast->weight.at(i)) <=
                 epsilon * std::max(4.0, 2.5 * std::sqrt(terms)) * terms);
  }
}

void transposed(fuzz::Bytes& bytes) {
  const int dims = 1 + static_cast<int>(bytes.choice(3));
  ConvTransposeParams params = ConvTransposeParams::of(dims);
  params.in_channels = bytes.number();
  params.out_channels = bytes.number();
  params.kernel_size = spatial(bytes, dims);
  params.stride = spatial(bytes, dims);
  params.dilation = spatial(bytes, dims);
  params.output_padding = spatial(bytes, dims);
  params.padding.kind = static_cast<PaddingKind>(bytes.choice(4));
  params.padding.both = spatial(bytes, dims);
  params.padding.begin = spatial(bytes, dims);
  params.padding.end = spatial(bytes, dims);
  params.groups = bytes.number();
  params.bias = bytes.flag();
  params.dtype = bytes.flag() ? DType::float64 : DType::float32;
  const Result<ConvTransposePlan> plan = validate(params, input_shape(bytes, dims));
  if (!plan) return fuzz::require_words(plan.error());
  FUZZ_REQUIRE(plan->output_shape().numel().has_value());
  if (!is_small(plan->input_shape()) || !is_small(plan->weight_shape()) || !is_small(plan->output_shape())) return;
  const double macs = static_cast<double>(*plan->input_shape().numel()) *
                      static_cast<double>(*plan->weight_shape().numel()) / static_cast<double>(plan->in_channels);
  if (macs > kMostMacs) return;
  const Tensor x = numbers(bytes, plan->input_shape(), plan->dtype);
  const Tensor w = numbers(bytes, plan->weight_shape(), plan->dtype);
  const Tensor b = plan->bias ? numbers(bytes, plan->bias_shape(), plan->dtype) : Tensor();
  const Result<Tensor> naive = conv_transpose(*plan, x, w, b, {Algorithm::naive, 1});
  const Result<Tensor> fast = conv_transpose(*plan, x, w, b, {Algorithm::automatic, 2});
  FUZZ_REQUIRE(naive.ok() == fast.ok());
  if (!naive) return fuzz::require_words(naive.error());
  // All numbers lie between -1 and 1, so that a cell's magnitude is at most its number of products, and a bias.
  const double taps = 1 + static_cast<double>(*plan->weight_shape().numel());
  const double epsilon = plan->dtype == DType::float32 ? 0x1p-23 : 0x1p-52;
  for (int64_t i = 0; i < naive->numel(); ++i) {
    FUZZ_REQUIRE(std::abs(naive->at(i) - fast->at(i)) <= epsilon * std::max(4.0, 2.5 * std::sqrt(taps)) * taps);
  }
}

void pooled(fuzz::Bytes& bytes) {
  const int dims = 1 + static_cast<int>(bytes.choice(3));
  PoolParams params = PoolParams::of(bytes.flag() ? PoolKind::max : PoolKind::average, dims);
  params.kernel_size = spatial(bytes, dims);
  if (bytes.flag()) params.stride = spatial(bytes, dims);
  params.padding.kind = static_cast<PaddingKind>(bytes.choice(4));
  params.padding.both = spatial(bytes, dims);
  params.padding.begin = spatial(bytes, dims);
  params.padding.end = spatial(bytes, dims);
  if (params.kind == PoolKind::max) params.dilation = spatial(bytes, dims);
  params.ceil_mode = bytes.flag();
  params.count_include_pad = bytes.flag();
  if (params.kind == PoolKind::average && bytes.flag()) params.divisor_override = bytes.number();
  params.dtype = bytes.flag() ? DType::float64 : DType::float32;
  const Result<PoolPlan> plan = validate(params, input_shape(bytes, dims));
  if (!plan) return fuzz::require_words(plan.error());
  FUZZ_REQUIRE(plan->output_shape().numel().has_value());
  if (!is_small(plan->input_shape()) || !is_small(plan->output_shape())) return;
  double window = 1;
  for (const int64_t k : params.kernel_size) window *= static_cast<double>(k);
  if (window * static_cast<double>(*plan->output_shape().numel()) > kMostMacs * 10) return;
  const Tensor x = numbers(bytes, plan->input_shape(), plan->dtype);
  const Result<PoolResult> one = pool(*plan, x, PoolIndices::none, 1);
  const Result<PoolResult> two =
      pool(*plan, x, params.kind == PoolKind::max ? PoolIndices::wanted : PoolIndices::none, 2);
  FUZZ_REQUIRE(one.ok() == two.ok());
  if (!one) return fuzz::require_words(one.error());
  for (int64_t i = 0; i < one->output.numel(); ++i) {
    const double a = one->output.at(i), b = two->output.at(i);
    FUZZ_REQUIRE(a == b || (std::isnan(a) && std::isnan(b)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Bytes bytes(data, size);
  switch (bytes.choice(4)) {
    case 0:
      transposed(bytes);
      break;
    case 1:
      pooled(bytes);
      break;
    default:
      conv(bytes);
  }
  return 0;
}
