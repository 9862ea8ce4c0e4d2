// What Python answers to an expression about a tensor: a part of it, or what it says of itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"
#include "engine/tensor_slice.h"

namespace convscope {

struct TensorAnswer {
  std::string type;                  // of Python: "torch.Tensor", "torch.Size", "int", "torch.dtype", "torch.device"
  std::string text;                  // as print() shows it; of a tensor what torch_repr() says
  std::optional<TensorSlice> slice;  // of a tensor
  std::vector<int64_t> numbers;      // of a torch.Size, or the one of an int
};

/// Answers `x`, `x[0, :, ::2]`, and behind either of them shape, size(), size(1), dim(), ndim, numel(), dtype, device,
/// with brackets behind a torch.Size: `x[0].shape[1:]`.
/// Errors: slice_tensor()'s, and of field "index" what Python raises of attributes: error.slice_size_dimension,
/// error.slice_size_of_scalar, error.slice_size_argument, error.slice_no_arguments, error.slice_not_callable,
/// error.slice_not_subscriptable, error.slice_shape_index, error.slice_shape_index_type; error.slice_method_not_called,
/// which Python answers with an address, error.slice_attribute for any other attribute.
/// Source: torch.Tensor and torch.Size of PyTorch 1.13.
Result<TensorAnswer> ask_tensor(const Tensor& tensor, std::string_view expression);

}  // namespace convscope
