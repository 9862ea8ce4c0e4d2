#include "app/cli/input_files.h"

#include <initializer_list>
#include <utility>

#include "app/io/image.h"
#include "app/io/npy.h"

namespace convscope {

namespace {

Result<Loaded> load(const std::string& path) {
  if (is_image_name(path)) {
    Result<Tensor> image = read_image(path);
    if (!image) return image.error();
    return Loaded{*image, true, false};
  }
  Result<NpyFile> file = read_npy(path);
  if (!file) return file.error();
  const bool is_float = file->stored_type.size() > 1 && file->stored_type[1] == 'f';
  return Loaded{file->tensor, is_float, file->tensor.dtype() == DType::float64};
}

/// As PyTorch promotes: float64 if any real number is, whole numbers follow the real ones.
DType common_type(std::initializer_list<const Loaded*> all) {
  bool any_float = false, float_double = false, whole_double = false;
  for (const Loaded* loaded : all) {
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
  const std::pair<const std::optional<std::string>, Loaded*> files[] = {{paths.input, &inputs.input},
                                                                        {paths.weight, &inputs.weight},
                                                                        {paths.bias, &inputs.bias},
                                                                        {paths.grad_output, &inputs.grad_output}};
  for (const auto& [path, target] : files) {
    if (!path) continue;
    Result<Loaded> loaded = load(*path);
    if (!loaded) return loaded.error();
    *target = *std::move(loaded);
  }
  inputs.dtype = common_type({&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output});
  return inputs;
}

Result<void> convert_inputs(Inputs& inputs) {
  for (Loaded* loaded : {&inputs.input, &inputs.weight, &inputs.bias, &inputs.grad_output}) {
    Result<Tensor> converted = loaded->tensor.to(inputs.dtype);
    if (!converted) return converted.error();
    loaded->tensor = *std::move(converted);
  }
  return {};
}

}  // namespace convscope
