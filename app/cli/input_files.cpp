#include "app/cli/input_files.h"

#include <initializer_list>
#include <utility>

namespace convscope {

namespace {

/// As PyTorch promotes: float64 if any real number is, whole numbers follow the real ones.
DType common_type(std::initializer_list<const LoadedTensor*> all) {
  bool any_float = false, float_double = false, whole_double = false;
  for (const LoadedTensor* loaded : all) {
    if (!loaded->tensor.defined()) continue;
    any_float = any_float || loaded->is_float;
    float_double = float_double || (loaded->is_float && loaded->is_double);
    whole_double = whole_double || loaded->is_double;
  }
  return (any_float ? float_double : whole_double) ? DType::float64 : DType::float32;
}

}  // namespace

Result<Inputs> load_inputs(const InputPaths& paths) {
  Inputs inputs;
  const std::pair<const std::optional<std::string>, LoadedTensor*> files[] = {{paths.input, &inputs.input},
                                                                              {paths.weight, &inputs.weight},
                                                                              {paths.bias, &inputs.bias},
                                                                              {paths.grad_output, &inputs.grad_output}};
  for (const auto& [argument, target] : files) {
    if (!argument) continue;
    Result<LoadedTensor> loaded = load_tensor(*argument);
    if (!loaded) return loaded.error();
    *target = *std::move(loaded);
  }
  inputs.dtype = common_type({&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output});
  return inputs;
}

Result<void> convert_inputs(Inputs& inputs) {
  for (LoadedTensor* loaded : {&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output}) {
    Result<Tensor> converted = loaded->tensor.to(inputs.dtype);
    if (!converted) return converted.error();
    loaded->tensor = *std::move(converted);
  }
  return {};
}

void add_channels(const Operation& operation, Inputs& inputs) {
  if (operation.family == OperationFamily::fold) return;
  for (LoadedTensor* loaded : {&inputs.input, &inputs.weight, &inputs.grad_output}) {
    const Shape& spatial = loaded->tensor.shape();
    if (!loaded->is_text || spatial.rank() != operation.dims) continue;
    Shape shape{1, 1};
    for (int64_t extent : spatial) shape.push_back(extent);
    loaded->tensor = loaded->tensor.reshaped(shape);
  }
}

}  // namespace convscope
