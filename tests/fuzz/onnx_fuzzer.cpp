// ONNX models: refused in words, or listed; what is listed can be opened, what can be run runs, with bounded memory.
#include "app/session/model.h"
#include "app/session/operation_plan.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<ModelPtr> read = read_model(file.path());
  if (!read) {
    fuzz::require_words(read.error());
    return 0;
  }
  const Model& model = **read;
  for (const OnnxTensor& stored : model.file.tensors) {
    // Numbers of other files are not this input's.
    if (stored.external) continue;
    const Result<Tensor> tensor = read_onnx_tensor(model.file, stored);
    if (!tensor) {
      fuzz::require_words(tensor.error());
      continue;
    }
    FUZZ_REQUIRE(tensor->shape() == stored.shape);
    FUZZ_REQUIRE(static_cast<uint64_t>(tensor->numel()) <= size);
  }
  Tensor picture = *Tensor::zeros({1, 3, 8, 8}, DType::float32);
  int runs = 0;
  for (const ModelLayer& layer : model.layers) {
    if (layer.problem) {
      fuzz::require_words(*layer.problem);
      continue;
    }
    const Result<OperationPlan> plan = validate(layer.session, layer.session.input_shape);
    FUZZ_REQUIRE(plan.ok());
    if (plan->has_weight()) {
      const Result<Tensor> weight = layer_weight(model, layer.name);
      if (!weight) fuzz::require_words(weight.error());
    }
    const Result<Shape> shape = layer_input_shape(model, layer.name, picture.shape());
    if (!shape) {
      fuzz::require_words(shape.error());
      continue;
    }
    constexpr int64_t kMostBytes = int64_t{1} << 20;
    if (shape->numel().value_or(kMostBytes) * 4 >= kMostBytes || ++runs > 4) continue;
    if (!model.input_shape || model.input_shape->numel().value_or(kMostBytes) * 4 >= kMostBytes) continue;
    const Result<Tensor> input = run_to_layer(model, layer.name, picture, false, nullptr, kMostBytes);
    if (!input) {
      fuzz::require_words(input.error());
      continue;
    }
    FUZZ_REQUIRE(input->shape() == *shape);
  }
  return 0;
}
