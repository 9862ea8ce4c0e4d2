#include "engine/tensor.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace convscope {

const char* name_of(DType dtype) { return dtype == DType::float32 ? "float32" : "float64"; }

Error out_of_memory(const Shape& shape, DType dtype) {
  const int64_t bytes = shape.numel().value_or(0) * size_of(dtype);
  return Error{"error.out_of_memory", "", {shape.to_string(), std::to_string(bytes >> 20)}};
}

namespace {

uint64_t next_identity() {
  static std::atomic<uint64_t> counter{0};
  return ++counter;
}

}  // namespace

Result<Tensor> Tensor::zeros(const Shape& shape, DType dtype) { return allocate(shape, dtype, Contents::zeros); }

Result<Tensor> Tensor::uninitialized(const Shape& shape, DType dtype) {
  return allocate(shape, dtype, Contents::unspecified);
}

Result<Tensor> Tensor::allocate(const Shape& shape, DType dtype, Contents contents) {
  const std::optional<int64_t> numel = shape.numel();
  if (!numel || *numel > kMaxTensorBytes / size_of(dtype)) {
    return Error{"error.tensor_too_large", "", {shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
  }
  // A whole number of cache lines and one to spare, so that vector loads of a tail stay inside.
  const size_t bytes = (static_cast<size_t>(*numel * size_of(dtype)) / 64 + 2) * 64;
  // Pages that calloc gets from the system are zero already and cost nothing until they are touched.
  void* block = contents == Contents::zeros ? std::calloc(bytes + 64, 1) : std::malloc(bytes + 64);
  if (block == nullptr) return out_of_memory(shape, dtype);
  auto* aligned = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(block) + 63) & ~uintptr_t{63});
  Tensor tensor;
  tensor.data_ = std::shared_ptr<std::byte>(aligned, [block](std::byte*) { std::free(block); });
  tensor.shape_ = shape;
  tensor.dtype_ = dtype;
  tensor.numel_ = *numel;
  tensor.identity_ = next_identity();
  return tensor;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  assert(shape.numel() == numel_);
  Tensor tensor = *this;
  tensor.shape_ = shape;
  return tensor;
}

Result<Tensor> Tensor::to(DType dtype) const {
  if (!defined() || dtype == dtype_) return *this;
  Result<Tensor> copy = zeros(shape_, dtype);
  if (!copy) return copy;
  if (dtype == DType::float64) {
    const float* from = data<float>();
    double* to = copy->mutable_data<double>();
    for (int64_t i = 0; i < numel_; ++i) to[i] = static_cast<double>(from[i]);
  } else {
    const double* from = data<double>();
    float* to = copy->mutable_data<float>();
    for (int64_t i = 0; i < numel_; ++i) to[i] = static_cast<float>(from[i]);
  }
  return copy;
}

}  // namespace convscope
