// The tensors that the commands read from files, in the type that PyTorch would give them together.
#pragma once

#include <optional>
#include <string>

#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct Loaded {
  Tensor tensor;
  bool is_float = false;  // was stored with a fraction, so its type counts
  bool is_double = false;
};

/// The tensors that were given, and the type they shall have.
struct Inputs {
  Loaded input, weight, bias, grad_output;
  DType dtype = DType::float32;
};

struct InputPaths {
  std::optional<std::string> input, weight, bias, grad_output;
};

/// Reads .npy files and pictures; the tensors are as they were stored. Errors: those of read_npy() and read_image().
Result<Inputs> load_inputs(const InputPaths& paths);
/// Brings all of them to inputs.dtype. Errors: those of Tensor::to().
Result<void> convert_inputs(Inputs& inputs);

}  // namespace convscope
