// The tensors that the commands are given, in the one type that they have together.
#pragma once

#include <optional>
#include <string>

#include "app/cli/tensor_files.h"
#include "engine/operation.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// The tensors that were given, and the type they shall have.
struct Inputs {
  LoadedTensor input, weight, bias, grad_output;
  DType dtype = DType::float32;
};

/// What the options name, as load_tensor() takes it.
struct InputPaths {
  std::optional<std::string> input, weight, bias, grad_output;
};

/// The tensors as they were stored. Errors: those of load_tensor(), error.dtypes_differ where real numbers of two types
/// meet, which PyTorch refuses too.
Result<Inputs> load_inputs(const InputPaths& paths);
/// Brings all of them to inputs.dtype. Errors: those of Tensor::to().
Result<void> convert_inputs(Inputs& inputs);
/// A text of the spatial axes alone is one channel of one picture, and a kernel for it. What fold takes has no spatial
/// axes.
void add_channels(const Operation& operation, Inputs& inputs);
/// What is to be told of converted tensors: see loading_lines().
void tell_conversions(const Inputs& inputs);

}  // namespace convscope
