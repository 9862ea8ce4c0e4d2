#include "app/cli/input_files.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "app/cli/messages.h"

namespace convscope {

namespace {

struct NamedTensor {
  std::string name;
  const LoadedTensor* loaded;
};

/// The type of those that have one: real numbers of a file, or a text with dtype=. They must be of one type, as in
/// PyTorch; whole numbers and lists without a type follow them. Whole numbers by themselves are as wide as they need.
/// Errors: error.dtypes_differ (args: a name and its type, twice).
Result<DType> common_type(std::initializer_list<NamedTensor> all) {
  const NamedTensor* first = nullptr;
  bool whole_double = false;
  const auto type_of = [](const NamedTensor& one) { return one.loaded->is_double ? DType::float64 : DType::float32; };
  for (const NamedTensor& one : all) {
    if (!one.loaded->tensor.defined()) continue;
    whole_double = whole_double || one.loaded->is_double;
    if (!one.loaded->is_float) continue;
    if (first == nullptr) first = &one;
    if (type_of(*first) == type_of(one)) continue;
    return Error{
        "error.dtypes_differ", one.name, {first->name, name_of(type_of(*first)), one.name, name_of(type_of(one))}};
  }
  if (first != nullptr) return type_of(*first);
  return whole_double ? DType::float64 : DType::float32;
}

}  // namespace

Result<Inputs> load_inputs(const InputPaths& paths) {
  Inputs inputs;
  struct File {
    const char* name;
    const std::optional<std::string>& argument;
    LoadedTensor* target;
  };
  for (const File& file :
       {File{"input", paths.input, &inputs.input}, File{"weight", paths.weight, &inputs.weight},
        File{"bias", paths.bias, &inputs.bias}, File{"grad_output", paths.grad_output, &inputs.grad_output}}) {
    if (!file.argument) continue;
    Result<LoadedTensor> loaded = load_tensor(*file.argument, file.name);
    if (!loaded) return loaded.error();
    *file.target = *std::move(loaded);
  }
  const Result<DType> dtype = common_type({{"input", &inputs.input},
                                           {"weight", &inputs.weight},
                                           {"bias", &inputs.bias},
                                           {"grad_output", &inputs.grad_output}});
  if (!dtype) return dtype.error();
  inputs.dtype = *dtype;
  return inputs;
}

Result<void> convert_inputs(Inputs& inputs) {
  for (LoadedTensor* loaded : {&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output}) {
    Result<Tensor> converted = loaded->as(inputs.dtype);
    if (!converted) return converted.error();
    loaded->tensor = *std::move(converted);
  }
  return {};
}

void tell_conversions(const Inputs& inputs) {
  for (const LoadedTensor* loaded : {&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output}) {
    if (loaded->tensor.defined()) print(loading_lines(*loaded, inputs.dtype));
  }
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
