// A tensor as PyTorch prints it.
#pragma once

#include <string>

#include "engine/tensor_slice.h"

namespace convscope {

/// What Python shows for the tensor under torch's default print options, byte for byte: four digits, scientific
/// notation where PyTorch would, three cells at each edge of more than 1000 numbers.
/// Source: torch.Tensor.__repr__ of PyTorch 1.13.
std::string torch_repr(const TensorSlice& slice);

/// "torch.Size([1, 3, 5, 5])".
std::string torch_size(const Shape& shape);

/// "torch.float32".
std::string torch_dtype(DType dtype);

}  // namespace convscope
