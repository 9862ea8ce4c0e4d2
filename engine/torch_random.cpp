#include "engine/torch_random.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace convscope {

// ---- the generator: MT19937 as in its authors' init_genrand and genrand_int32 ----

TorchRandom::TorchRandom(int64_t seed) {
  state_[0] = static_cast<uint32_t>(seed);  // torch, too, reads the low 32 bits only
  for (uint32_t i = 1; i < state_.size(); ++i) {
    const uint32_t previous = state_[i - 1];
    state_[i] = 1812433253u * (previous ^ (previous >> 30)) + i;
  }
}

uint32_t TorchRandom::random32() {
  constexpr size_t kWords = 624;
  constexpr size_t kMiddle = 397;
  if (position_ == static_cast<int>(kWords)) {
    for (size_t i = 0; i < kWords; ++i) {
      const uint32_t word = (state_[i] & 0x80000000u) | (state_[(i + 1) % kWords] & 0x7fffffffu);
      const uint32_t twist = (word & 1u) != 0 ? 0x9908b0dfu : 0u;
      state_[i] = state_[(i + kMiddle) % kWords] ^ (word >> 1) ^ twist;
    }
    position_ = 0;
  }
  uint32_t y = state_[static_cast<size_t>(position_++)];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

uint64_t TorchRandom::random64() {
  const uint64_t high = random32();
  return high << 32 | random32();
}

namespace {

float uniform_float(uint32_t bits) { return static_cast<float>(bits & ((1u << 24) - 1)) * 0x1p-24f; }

double uniform_double(uint64_t bits) { return static_cast<double>(bits & ((uint64_t{1} << 53) - 1)) * 0x1p-53; }

// ---- log, sin and cos of torch's AVX2 kernels: the polynomials of the Cephes library, fused as there ----

float vector_log(float x) {
  int exponent = 0;
  float m = std::frexp(x, &exponent);
  if (m < 0.70710678f) {
    --exponent;
    m = 2.0f * m - 1.0f;
  } else {
    m = m - 1.0f;
  }
  const auto e = static_cast<float>(exponent);
  const float z = m * m;
  float y = 7.0376836292E-2f;
  for (float coefficient : {-1.1514610310E-1f, 1.1676998740E-1f, -1.2420140846E-1f, 1.4249322787E-1f, -1.6668057665E-1f,
                            2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f}) {
    y = std::fma(y, m, coefficient);
  }
  y = y * m;
  y = std::fma(y, z, e * -2.12194440e-4f);
  y = y - z * 0.5f;
  return std::fma(e, 0.693359375f, m + y);
}

struct SinCos {
  float sin, cos;
};

SinCos vector_sincos(float x) {
  const uint32_t octant = (static_cast<uint32_t>(x * 1.27323954473516f) + 1u) & ~1u;
  const auto j = static_cast<float>(octant);
  x = std::fma(j, -0.78515625f, x);
  x = std::fma(j, -2.4187564849853515625e-4f, x);
  x = std::fma(j, -3.77489497744594108e-8f, x);
  const float z = x * x;

  float c = 2.443315711809948E-5f;
  c = std::fma(c, z, -1.388731625493765E-3f);
  c = std::fma(c, z, 4.166664568298827E-2f);
  c = c * z;
  c = std::fma(c, z, z * -0.5f);
  c = c + 1.0f;

  float s = -1.9515295891E-4f;
  s = std::fma(s, z, 8.3321608736E-3f);
  s = std::fma(s, z, -1.6666654611E-1f);
  s = s * z;
  s = std::fma(s, x, x);

  const bool swapped = (octant & 2u) != 0;
  const bool sin_negative = (octant & 4u) != 0;
  const bool cos_negative = (~(octant - 2u) & 4u) != 0;
  const float sin = swapped ? c : s;
  const float cos = swapped ? s : c;
  return {sin_negative ? -sin : sin, cos_negative ? -cos : cos};
}

// ---- Box-Muller on a block of 16 uniforms, element j paired with element j + 8 ----

void normal_block(float* v) {
  constexpr auto kTwoPi = static_cast<float>(2.0 * std::numbers::pi);
  for (int j = 0; j < 8; ++j) {
    const float u1 = 1.0f - v[j];
    const float radius = std::sqrt(-2.0f * vector_log(u1));
    const SinCos angle = vector_sincos(kTwoPi * v[j + 8]);
    v[j] = radius * angle.cos;
    v[j + 8] = radius * angle.sin;
  }
}

void normal_block(double* v) {
  for (int j = 0; j < 8; ++j) {
    const double u1 = 1.0 - v[j];
    const double radius = std::sqrt(-2.0 * std::log(u1));
    const double theta = 2.0 * std::numbers::pi * v[j + 8];
    v[j] = radius * std::cos(theta);
    v[j + 8] = radius * std::sin(theta);
  }
}

/// Short, whatever the number: "3", "-1e+308".
std::string text_of(double number) {
  std::array<char, 32> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 6);
  return error == std::errc() ? std::string(text.data(), end) : "";
}

/// Calls `fill` with the elements of a new tensor as float* or double*.
template <class Fill>
Result<Tensor> filled(const Shape& shape, DType dtype, Fill fill) {
  Result<Tensor> tensor = Tensor::zeros(shape, dtype);
  if (!tensor) return tensor;
  if (dtype == DType::float32) {
    fill(tensor->mutable_data<float>(), tensor->numel());
  } else {
    fill(tensor->mutable_data<double>(), tensor->numel());
  }
  return tensor;
}

}  // namespace

// ---- the draws ----

Result<Tensor> TorchRandom::rand(const Shape& shape, DType dtype) {
  return filled(shape, dtype, [this]<class T>(T* v, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        v[i] = uniform_float(random32());
      } else {
        v[i] = uniform_double(random64());
      }
    }
  });
}

Result<Tensor> TorchRandom::randn(const Shape& shape, DType dtype) {
  constexpr int64_t kBlock = 16;
  const std::optional<int64_t> count = shape.numel();
  if (count && *count < kBlock) {
    return filled(shape, dtype, [this]<class T>(T* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        if (cached_normal_) {
          v[i] = static_cast<T>(*std::exchange(cached_normal_, std::nullopt));
          continue;
        }
        const double u1 = uniform_double(random64());
        const double u2 = uniform_double(random64());
        const double radius = std::sqrt(-2.0 * std::log(1.0 - u2));
        const double theta = 2.0 * std::numbers::pi * u1;
        cached_normal_ = radius * std::sin(theta);
        v[i] = static_cast<T>(radius * std::cos(theta));
      }
    });
  }
  Result<Tensor> tensor = rand(shape, dtype);
  if (!tensor) return tensor;
  const auto to_normal = [this]<class T>(T* v, int64_t n) {
    for (int64_t i = 0; i + kBlock <= n; i += kBlock) normal_block(v + i);
    if (n % kBlock == 0) return;
    // The remainder is not transformed with what it has: the last 16 elements are drawn afresh.
    T* last = v + n - kBlock;
    for (int64_t i = 0; i < kBlock; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        last[i] = uniform_float(random32());
      } else {
        last[i] = uniform_double(random64());
      }
    }
    normal_block(last);
  };
  if (dtype == DType::float32) {
    to_normal(tensor->mutable_data<float>(), tensor->numel());
  } else {
    to_normal(tensor->mutable_data<double>(), tensor->numel());
  }
  return tensor;
}

Result<Tensor> TorchRandom::uniform(const Shape& shape, double low, double high, DType dtype) {
  if (!(low <= high)) return Error{"error.uniform_empty_range", "", {text_of(low), text_of(high)}};
  const double most = dtype == DType::float32 ? static_cast<double>(std::numeric_limits<float>::max())
                                              : std::numeric_limits<double>::max();
  if (low < -most || high > most || high - low > most) {
    return Error{"error.uniform_range_too_wide", "", {text_of(low), text_of(high), name_of(dtype), text_of(most)}};
  }
  Result<Tensor> tensor = rand(shape, dtype);
  if (!tensor) return tensor;
  const auto stretch = [low, high]<class T>(T* v, int64_t n) {
    const T from = static_cast<T>(low);
    const T range = static_cast<T>(high) - from;
    for (int64_t i = 0; i < n; ++i) v[i] = std::fma(v[i], range, from);
  };
  if (dtype == DType::float32) {
    stretch(tensor->mutable_data<float>(), tensor->numel());
  } else {
    stretch(tensor->mutable_data<double>(), tensor->numel());
  }
  return tensor;
}

namespace {

/// Room for the numbers of a shape, under the limit of all tensors.
Result<std::vector<int64_t>> whole_numbers(const Shape& shape) {
  const std::optional<int64_t> numel = shape.numel();
  if (!numel || *numel > kMaxTensorBytes / static_cast<int64_t>(sizeof(int64_t))) {
    return Error{"error.tensor_too_large", "", {shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
  }
  return std::vector<int64_t>(static_cast<size_t>(*numel));
}

}  // namespace

int64_t TorchRandom::random_whole(int64_t low, uint64_t range) {
  const uint64_t bits = range < (uint64_t{1} << 32) ? random32() : random64();
  return static_cast<int64_t>(static_cast<uint64_t>(low) + bits % range);
}

/// 0 to count - 1 in an order that the generator chooses.
template <class T>
void TorchRandom::permute_counted(T* numbers, int64_t count) {
  for (int64_t i = 0; i < count; ++i) numbers[i] = static_cast<T>(i);
  for (int64_t i = 0; i + 1 < count; ++i) {
    std::swap(numbers[i], numbers[i + static_cast<int64_t>(random32() % static_cast<uint64_t>(count - i))]);
  }
}

Result<Tensor> TorchRandom::randint(const Shape& shape, int64_t low, int64_t high, DType dtype) {
  if (low >= high) return Error{"error.randint_empty_range", "", {std::to_string(low), std::to_string(high)}};
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  return filled(shape, dtype, [&]<class T>(T* v, int64_t n) {
    for (int64_t i = 0; i < n; ++i) v[i] = static_cast<T>(random_whole(low, range));
  });
}

Result<std::vector<int64_t>> TorchRandom::randint_int64(const Shape& shape, int64_t low, int64_t high) {
  if (low >= high) return Error{"error.randint_empty_range", "", {std::to_string(low), std::to_string(high)}};
  Result<std::vector<int64_t>> numbers = whole_numbers(shape);
  if (!numbers) return numbers;
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  for (int64_t& number : *numbers) number = random_whole(low, range);
  return numbers;
}

Result<Tensor> TorchRandom::randperm(int64_t n, DType dtype) {
  if (n < 0) return Error{"error.randperm_negative", "", {std::to_string(n)}};
  return filled({n}, dtype, [this]<class T>(T* v, int64_t count) { permute_counted(v, count); });
}

Result<std::vector<int64_t>> TorchRandom::randperm_int64(int64_t n) {
  if (n < 0) return Error{"error.randperm_negative", "", {std::to_string(n)}};
  Result<std::vector<int64_t>> numbers = whole_numbers({n});
  if (numbers) permute_counted(numbers->data(), n);
  return numbers;
}

Result<TorchRandom::LayerInit> TorchRandom::conv2d_init(const Shape& weight_shape, bool with_bias, DType dtype) {
  return layer_init(weight_shape, with_bias ? std::optional(weight_shape[0]) : std::nullopt, dtype);
}

Result<TorchRandom::LayerInit> TorchRandom::layer_init(const Shape& weight_shape, std::optional<int64_t> bias_channels,
                                                       DType dtype) {
  LayerInit init;
  // kaiming_uniform_ with a = sqrt(5), step by step as torch rounds it.
  double fan_in = 1;
  for (int axis = 1; axis < weight_shape.rank(); ++axis) fan_in *= static_cast<double>(weight_shape[axis]);
  if (fan_in == 0) {
    for (const auto& [tensor, shape] :
         {std::pair(&init.weight, weight_shape), std::pair(&init.bias, Shape{bias_channels.value_or(0)})}) {
      if (tensor == &init.bias && !bias_channels) continue;
      Result<Tensor> zeros = Tensor::zeros(shape, dtype);
      if (!zeros) return zeros.error();
      *tensor = *std::move(zeros);
    }
    return init;
  }
  const double gain = std::sqrt(2.0 / (1.0 + 5.0));
  const double bound = std::sqrt(3.0) * (gain / std::sqrt(fan_in));
  Result<Tensor> weight = uniform(weight_shape, -bound, bound, dtype);
  if (!weight) return weight.error();
  init.weight = *std::move(weight);
  if (bias_channels) {
    const double bias_bound = 1.0 / std::sqrt(fan_in);
    Result<Tensor> bias = uniform({*bias_channels}, -bias_bound, bias_bound, dtype);
    if (!bias) return bias.error();
    init.bias = *std::move(bias);
  }
  return init;
}

}  // namespace convscope
