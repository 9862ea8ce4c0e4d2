// A dense, row-major, shared, immutable-by-convention block of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

enum class DType : uint8_t { float32, float64 };

inline int64_t size_of(DType dtype) { return dtype == DType::float32 ? 4 : 8; }
/// "float32" or "float64".
const char* name_of(DType dtype);

template <class T>
constexpr DType dtype_of() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  return std::is_same_v<T, float> ? DType::float32 : DType::float64;
}

/// No tensor of ConvScope is larger than this many bytes (8 GiB); larger ones are refused before allocation.
inline constexpr int64_t kMaxTensorBytes = int64_t{8} << 30;

/// error.out_of_memory for numbers of this shape (args: shape, MiB).
Error out_of_memory(const Shape& shape, DType dtype);

/// Copying a Tensor shares its data. Whoever made a tensor may write to it until it hands it on; after that
/// nobody does. Data is aligned to 64 bytes.
class Tensor {
 public:
  /// No tensor at all: rank 0, no data, defined() is false.
  Tensor() = default;

  /// Zeros of the given shape. Errors: error.tensor_too_large (args: shape, bytes limit), error.out_of_memory.
  static Result<Tensor> zeros(const Shape& shape, DType dtype);
  /// As zeros(), but what the elements hold is left open: for a caller that writes every one of them.
  static Result<Tensor> uninitialized(const Shape& shape, DType dtype);

  bool defined() const { return data_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  int64_t numel() const { return numel_; }
  int64_t bytes() const { return numel_ * size_of(dtype_); }

  template <class T>
  const T* data() const {
    assert(dtype_ == dtype_of<T>());
    return reinterpret_cast<const T*>(data_.get());
  }
  template <class T>
  T* mutable_data() {
    assert(dtype_ == dtype_of<T>());
    return reinterpret_cast<T*>(data_.get());
  }

  /// The element at a row-major position, as double whatever the type.
  double at(int64_t flat) const {
    return dtype_ == DType::float32 ? static_cast<double>(data<float>()[flat]) : data<double>()[flat];
  }

  /// Tells tensors apart without reading them: equal for copies that share data, never reused by another
  /// tensor of this process. 0 for an undefined tensor.
  uint64_t identity() const { return identity_; }

  /// The same data under another shape of as many elements.
  Tensor reshaped(const Shape& shape) const;
  /// The same numbers in the other type (a copy, or itself when the type is already right).
  Result<Tensor> to(DType dtype) const;

 private:
  enum class Contents : uint8_t { zeros, unspecified };
  static Result<Tensor> allocate(const Shape& shape, DType dtype, Contents contents);

  std::shared_ptr<std::byte> data_;
  Shape shape_;
  DType dtype_ = DType::float32;
  int64_t numel_ = 0;
  uint64_t identity_ = 0;
};

}  // namespace convscope
