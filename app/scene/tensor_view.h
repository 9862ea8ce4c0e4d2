// Reading tensors for a picture: by index whatever their rank, and their ranges remembered.
#pragma once

#include <cstdint>

#include "app/scene/number_format.h"
#include "engine/tensor.h"

namespace convscope {

/// A tensor read as (N, C, H, W): missing outer axes count as 1. Does not own it.
class TensorView {
 public:
  TensorView() = default;
  explicit TensorView(const Tensor& tensor) : tensor_(&tensor) {
    const int rank = tensor.shape().rank();
    for (int axis = 0; axis < 4; ++axis) {
      extents_[axis] = axis + rank >= 4 ? tensor.shape()[axis + rank - 4] : 1;
    }
  }
  double at(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return tensor_->at(((n * extents_[1] + c) * extents_[2] + y) * extents_[3] + x);
  }
  const Tensor& tensor() const { return *tensor_; }
  int64_t channels() const { return extents_[1]; }
  int64_t rows() const { return extents_[2]; }
  int64_t cols() const { return extents_[3]; }

 private:
  const Tensor* tensor_ = nullptr;
  int64_t extents_[4] = {1, 1, 1, 1};
};

/// Smallest and largest value, whether all are whole, and of large tensors the 99.5th percentile of the magnitudes
/// where the largest is far beyond it. Read once per tensor; of tensors beyond some millions of elements only evenly
/// spaced ones, for the percentile of some thousands.
NumberRange range_of(const Tensor& tensor);

}  // namespace convscope
