// What indexing a tensor gives, by PyTorch's rules, without copying a number.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "engine/index_expression.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Some numbers of a tensor through strides, as PyTorch's views: element (i, j, ...) is the tensor's number at
/// offset + i * strides[0] + j * strides[1] + ...
struct TensorSlice {
  Tensor tensor;
  Shape shape;
  int64_t offset = 0;
  std::array<int64_t, Shape::kMaxRank> strides{};

  /// All of a tensor.
  static TensorSlice whole(const Tensor& tensor);

  int64_t numel() const { return shape.numel().value_or(0); }
  /// x[i] of a slice of rank 1 and more; `index` lies within.
  TensorSlice selected(int64_t index) const;
  /// A copy in row-major order. Errors: those of Tensor::zeros().
  Result<Tensor> to_tensor() const;
};

/// The part of `tensor` that an expression such as `x[0, :, ::2]` names (see parse_index_expression()). The work
/// follows the length of the text, not the tensor.
/// Errors: parse_index_expression()'s, and what PyTorch raises, of field "index": error.slice_index_range,
/// error.slice_too_many_indices, error.slice_index_of_scalar, error.slice_of_scalar, error.slice_step_zero,
/// error.slice_step_negative, error.slice_index_type, error.slice_bound_type, error.slice_name, error.slice_overflow,
/// error.slice_dimension_range; error.slice_rank where a result has more axes than a Shape, error.slice_not_a_tensor
/// for an attribute, which ask_tensor() answers.
/// Source: torch.Tensor.__getitem__ of PyTorch 1.13.
Result<TensorSlice> slice_tensor(const Tensor& tensor, std::string_view expression);
/// The same with the text read already.
Result<TensorSlice> slice_tensor(const Tensor& tensor, std::span<const IndexBracket> brackets);

}  // namespace convscope
