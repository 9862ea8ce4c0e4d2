// PyTorch's CPU generator: the numbers a student gets from torch.manual_seed, bit for bit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// torch.manual_seed(seed) and the draws that follow, on the arithmetic of processors with AVX2.
/// Source: PyTorch's CPUGeneratorImpl and DistributionTemplates, verified against 1.13.1.
class TorchRandom {
 public:
  explicit TorchRandom(int64_t seed);

  Result<Tensor> randn(const Shape& shape, DType dtype = DType::float32);
  Result<Tensor> rand(const Shape& shape, DType dtype = DType::float32);
  /// Tensor.uniform_(low, high). Errors: error.uniform_empty_range; error.uniform_range_too_wide where the ends or
  /// their difference are beyond the type.
  Result<Tensor> uniform(const Shape& shape, double low, double high, DType dtype = DType::float32);
  /// torch.randint(low, high, shape), as numbers of `dtype`. Errors: error.randint_empty_range.
  Result<Tensor> randint(const Shape& shape, int64_t low, int64_t high, DType dtype = DType::float32);
  Result<Tensor> randperm(int64_t n, DType dtype = DType::float32);
  /// The same draws as the int64 that PyTorch keeps, row-major: float32 has a gap behind 2^24, float64 behind 2^53.
  /// Errors: those of the draw, error.tensor_too_large.
  Result<std::vector<int64_t>> randint_int64(const Shape& shape, int64_t low, int64_t high);
  Result<std::vector<int64_t>> randperm_int64(int64_t n);
  /// nn.Conv2d's default weight of shape (out, in/groups, kh, kw), then with_bias its default bias. A kernel without
  /// cells draws nothing; its bias, which PyTorch leaves unset, is 0.
  struct LayerInit {
    Tensor weight, bias;
  };
  Result<LayerInit> conv2d_init(const Shape& weight_shape, bool with_bias, DType dtype = DType::float32);
  /// The same of any convolution's module, which all draw alike; the weight of a transposed one is (in, out/groups,
  /// ...). `bias_channels` are the module's out_channels where it has a bias.
  Result<LayerInit> layer_init(const Shape& weight_shape, std::optional<int64_t> bias_channels,
                               DType dtype = DType::float32);

 private:
  uint32_t random32();
  uint64_t random64();
  int64_t random_whole(int64_t low, uint64_t range);
  template <class T>
  void permute_counted(T* numbers, int64_t count);

  std::array<uint32_t, 624> state_{};
  int position_ = 624;
  std::optional<double> cached_normal_;
};

}  // namespace convscope
