#include "app/session/model.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <unordered_set>

#include "app/language/nearest_word.h"
#include "app/session/layer_call.h"
#include "app/session/model_nodes.h"
#include "app/session/operation_plan.h"

namespace convscope {

namespace {

constexpr std::string_view kOnnx = ".onnx";
/// Of a layer whose input could not be followed.
constexpr int64_t kUnknownSide = 32;

bool ends_like(std::string_view text) {
  if (text.size() < kOnnx.size()) return false;
  return std::equal(kOnnx.begin(), kOnnx.end(), text.end() - static_cast<std::ptrdiff_t>(kOnnx.size()),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

/// Extents that are open become those of one picture of the usual size.
std::optional<Shape> filled_in(const OnnxValue& value, bool& open_size) {
  if (!value.extents || value.extents->empty() || value.extents->size() > static_cast<size_t>(Shape::kMaxRank)) {
    return std::nullopt;
  }
  Shape shape;
  for (size_t i = 0; i < value.extents->size(); ++i) {
    const int64_t extent = (*value.extents)[i];
    if (extent < 0 && i == 1) return std::nullopt;
    if (extent < 0 && i > 1) open_size = true;
    shape.push_back(extent >= 0 ? extent : i == 0 ? kOpenBatch : kOpenSide);
  }
  return shape.numel() ? std::optional<Shape>(shape) : std::nullopt;
}

/// What an exporter wrote down, where all of it but the batch is known.
std::optional<Shape> noted(const OnnxValue& value) {
  if (!value.extents || value.extents->size() > static_cast<size_t>(Shape::kMaxRank)) return std::nullopt;
  Shape shape;
  for (size_t i = 0; i < value.extents->size(); ++i) {
    const int64_t extent = (*value.extents)[i];
    if (extent < 0 && i > 0) return std::nullopt;
    shape.push_back(extent < 0 ? kOpenBatch : extent);
  }
  return shape.numel() ? std::optional<Shape>(shape) : std::nullopt;
}

using Shapes = std::unordered_map<std::string, Shape>;

model_nodes::ShapeOf lookup(const OnnxFile& file, const Shapes& shapes) {
  return [&file, &shapes](const std::string& name) -> std::optional<Shape> {
    if (const auto found = shapes.find(name); found != shapes.end()) return found->second;
    const OnnxTensor* const tensor = file.find(name);
    return tensor != nullptr && !tensor->problem ? std::optional<Shape>(tensor->shape) : std::nullopt;
  };
}

/// Shapes of all values that follow from the input's; `fallback` fills the gaps.
Shapes follow_shapes(const OnnxFile& file, const std::optional<Shape>& input, const Shapes& fallback) {
  Shapes shapes;
  if (input && !file.inputs.empty()) shapes[file.inputs.front().name] = *input;
  const model_nodes::ShapeOf shape_of = lookup(file, shapes);
  for (const OnnxNode& node : file.nodes) {
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      std::optional<Shape> shape = i == 0 ? model_nodes::output_shape(file, node, shape_of) : std::nullopt;
      if (!shape) {
        const auto said = fallback.find(node.outputs[i]);
        if (said != fallback.end()) shape = said->second;
      }
      if (shape) shapes[node.outputs[i]] = *shape;
    }
  }
  return shapes;
}

/// For each value that cannot be computed, the name of the operator that stands in the way and of its node.
using Blocks = std::unordered_map<std::string, std::pair<std::string, std::string>>;

Blocks find_blocks(const OnnxFile& file) {
  Blocks blocks;
  for (size_t i = 1; i < file.inputs.size(); ++i) {
    blocks[file.inputs[i].name] = {"Input", file.inputs[i].name};
  }
  for (const OnnxNode& node : file.nodes) {
    const std::pair<std::string, std::string> own{node.op, model_nodes::title_of(node)};
    std::optional<std::pair<std::string, std::string>> block;
    if (!model_nodes::can_run(file, node)) block = own;
    for (const std::string& input : node.inputs) {
      if (const auto found = blocks.find(input); !block && found != blocks.end()) block = found->second;
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      // Of what a node makes only the first is made here.
      if (block || i > 0) blocks[node.outputs[i]] = block.value_or(own);
    }
  }
  return blocks;
}

Shape shape_without_input(const Session& session) {
  const Pair kernel = session.params.kernel_size;
  const bool flat = shown_dims(session.operation) == 1;
  return Shape{kOpenBatch, std::max<int64_t>(session.params.in_channels, 1),
               flat ? 1 : std::max(kUnknownSide, std::min<int64_t>(kernel.h, 4096)),
               std::max(kUnknownSide, std::min<int64_t>(kernel.w, 4096))};
}

void add_layers(Model& model) {
  const OnnxFile& file = model.file;
  Shapes said;
  for (const OnnxValue& value : file.values) {
    if (const std::optional<Shape> shape = noted(value)) said[value.name] = *shape;
  }
  const Shapes shapes = follow_shapes(file, model.input_shape, said);
  const Blocks blocks = find_blocks(file);
  const model_nodes::ShapeOf shape_of = lookup(file, shapes);
  std::unordered_map<std::string, int> named;
  for (const OnnxNode& node : file.nodes) ++named[node.name];
  for (size_t i = 0; i < file.nodes.size(); ++i) {
    const OnnxNode& node = file.nodes[i];
    if (!model_nodes::is_layer(node)) continue;
    ModelLayer& layer = model.layers.emplace_back();
    layer.node = i;
    layer.op = node.op;
    const bool own_name = !node.name.empty() && named[node.name] == 1;
    layer.name = own_name || node.outputs.empty() ? node.name : node.outputs.front();
    if (!node.inputs.empty()) {
      layer.input_shape = shape_of(node.inputs.front());
      if (const auto block = blocks.find(node.inputs.front()); block != blocks.end()) {
        layer.blocked_by = block->second.first;
        layer.blocked_at = block->second.second;
      }
    }
    if (!node.outputs.empty()) layer.output_shape = shape_of(node.outputs.front());
    Result<Session> session = model_nodes::layer_session(file, node, layer.name, layer.input_shape);
    if (!session) {
      layer.problem = session.error();
      continue;
    }
    const bool flat = shown_dims(session->operation) == 1;
    session->input = TensorSource{SourceKind::randn, {}, {}, nullptr};
    const bool pools = session->operation.ends_with("pool2d");
    session->input_shape = !layer.input_shape ? shape_without_input(*session)
                           : flat             ? with_height(*layer.input_shape)
                                              : *layer.input_shape;
    if (pools && layer.input_shape)
      session->params.in_channels = session->params.out_channels = (*layer.input_shape)[1];
    session->title = layer.name;
    session->lens = fitting_lens(*shown_family(session->operation), session->lens, shown_dims(session->operation));
    const Result<OperationPlan> plan = validate(*session, session->input_shape);
    if (!plan) {
      layer.problem = plan.error();
      continue;
    }
    if (!layer.output_shape && layer.input_shape) layer.output_shape = plan->shown(plan->output_shape());
    layer.call = constructor_text(LayerCall{session->operation, session->params, session->more});
    layer.session = *std::move(session);
  }
}

std::string stamp(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return path + "|" + std::to_string(status.st_dev) + "|" + std::to_string(status.st_ino) + "|" +
         std::to_string(status.st_size) + "|" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

Error no_layer(const Model& model, const std::string& layer) {
  std::vector<std::string> names;
  for (const ModelLayer& one : model.layers) names.push_back(one.name);
  return Error{"error.onnx_no_layer", "", {model.file.path, layer, names.empty() ? "" : nearest_word(layer, names)}};
}

}  // namespace

const ModelLayer* Model::find(const std::string& name) const {
  for (const ModelLayer& layer : layers) {
    if (layer.name == name) return &layer;
  }
  return nullptr;
}

Result<ModelPtr> read_model(const std::string& path) {
  Result<OnnxFile> file = read_onnx_file(path);
  if (!file) return file.error();
  auto model = std::make_shared<Model>();
  model->file = *std::move(file);
  if (!model->file.inputs.empty()) model->input_shape = filled_in(model->file.inputs.front(), model->open_size);
  add_layers(*model);
  return ModelPtr(std::move(model));
}

Result<ModelPtr> open_model(const std::string& path) {
  struct Kept {
    std::string stamp;
    ModelPtr model;
  };
  static std::mutex mutex;
  static std::vector<Kept> kept;
  constexpr size_t kMostKept = 4;
  const std::string now = stamp(path);
  if (!now.empty()) {
    const std::lock_guard lock(mutex);
    for (const Kept& one : kept) {
      if (one.stamp == now) return one.model;
    }
  }
  Result<ModelPtr> model = read_model(path);
  if (!model) return model;
  const std::lock_guard lock(mutex);
  if (kept.size() >= kMostKept) kept.erase(kept.begin());
  kept.push_back({now, *model});
  return model;
}

LayerPath layer_path(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) return {path, {}};
  for (size_t colon = path.find(':'); colon != std::string::npos; colon = path.find(':', colon + 1)) {
    if (colon + 1 < path.size() && ends_like(std::string_view(path).substr(0, colon))) {
      return {path.substr(0, colon), path.substr(colon + 1)};
    }
  }
  return {path, {}};
}

bool is_model_path(const std::string& path) { return ends_like(layer_path(path).file); }

Result<Session> session_of_layer(const std::string& path) {
  const LayerPath parts = layer_path(path);
  const Result<ModelPtr> opened = open_model(parts.file);
  if (!opened) return opened.error();
  const Model& model = **opened;
  if (model.layers.empty()) return Error{"error.onnx_no_layers", "", {parts.file}};
  const ModelLayer* layer = model.find(parts.layer);
  if (parts.layer.empty()) {
    if (model.layers.size() > 1) {
      constexpr size_t kMostNamed = 6;
      std::string names;
      for (size_t i = 0; i < std::min(kMostNamed, model.layers.size()); ++i) {
        names += (i > 0 ? ", " : "") + model.layers[i].name;
      }
      if (model.layers.size() > kMostNamed) names += ", ...";
      return Error{"error.onnx_which",
                   "",
                   {parts.file, std::to_string(model.layers.size()), names, parts.file + ":" + model.layers[0].name}};
    }
    layer = &model.layers.front();
  }
  if (layer == nullptr) return no_layer(model, parts.layer);
  if (layer->problem) return *layer->problem;
  return layer->session;
}

Result<Session> with_picture(const Session& session, const std::string& path, const std::string& picture,
                             bool imagenet) {
  const LayerPath parts = layer_path(path);
  const Result<ModelPtr> model = open_model(parts.file);
  if (!model) return model.error();
  const std::vector<ModelLayer>& layers = (*model)->layers;
  Session result = session;
  const std::string layer = parts.layer.empty() && !layers.empty() ? layers.front().name : parts.layer;
  result.input = TensorSource{SourceKind::onnx, layer, parts.file, nullptr, picture, imagenet};
  return result;
}

Result<Shape> layer_input_shape(const Model& model, const std::string& name, const Shape& picture) {
  const ModelLayer* const layer = model.find(name);
  if (layer == nullptr) return no_layer(model, name);
  const std::string& path = model.file.path;
  if (!layer->blocked_by.empty()) {
    return Error{"error.onnx_cannot_run", "input", {path, name, layer->blocked_by, layer->blocked_at}};
  }
  if (!model.input_shape || model.input_shape->rank() != 4 ||
      ((*model.input_shape)[1] != 1 && (*model.input_shape)[1] != 3)) {
    const std::string found = model.input_shape ? model.input_shape->to_string() : "?";
    return Error{"error.onnx_input_shape", "input", {path, found}};
  }
  Shape input = *model.input_shape;
  if (model.open_size) {
    const std::vector<int64_t>& said = *model.file.inputs.front().extents;
    for (int axis = 2; axis < 4; ++axis) {
      if (said[static_cast<size_t>(axis)] < 0) input[axis] = picture[axis];
    }
  }
  // Before any numbers: the project's picture, the scaled one, the input; of the scaling weights for each row and
  // column.
  const std::optional<int64_t> cells = input.numel();
  const auto real = [](int64_t n) { return static_cast<double>(n); };
  const double need = !cells ? 0x1p60
                             : 8 * real(*cells) + 12 * real(input[2]) * real(input[3]) +
                                   12 * real(picture[2]) * real(input[3]) + 128 * (real(input[2]) + real(input[3]));
  if (need > static_cast<double>(kMaxModelBytes)) {
    return Error{"error.onnx_memory",
                 "input",
                 {path, std::to_string(static_cast<int64_t>(std::min(need, 0x1p60)) >> 20),
                  std::to_string(kMaxModelBytes >> 20)}};
  }
  const Shapes shapes = follow_shapes(model.file, input, {});
  const std::vector<std::string>& inputs = model.file.nodes[layer->node].inputs;
  const auto found = inputs.empty() ? shapes.end() : shapes.find(inputs.front());
  if (found == shapes.end()) return Error{"error.onnx_unknown_size", "input", {path, name}};
  return found->second;
}

Result<Tensor> layer_weight(const Model& model, const std::string& name) {
  const ModelLayer* const layer = model.find(name);
  if (layer == nullptr) return no_layer(model, name);
  if (layer->problem) return *layer->problem;
  const std::vector<std::string>& inputs = model.file.nodes[layer->node].inputs;
  const OnnxTensor* const tensor = inputs.size() > 1 ? model.file.find(inputs[1]) : nullptr;
  if (tensor == nullptr) return no_layer(model, name);
  return read_onnx_tensor(model.file, *tensor);
}

Result<Tensor> layer_bias(const Model& model, const std::string& name) {
  const ModelLayer* const layer = model.find(name);
  if (layer == nullptr) return no_layer(model, name);
  if (layer->problem) return *layer->problem;
  const std::vector<std::string>& inputs = model.file.nodes[layer->node].inputs;
  const OnnxTensor* const tensor = inputs.size() > 2 ? model.file.find(inputs[2]) : nullptr;
  if (tensor == nullptr) return no_layer(model, name);
  return read_onnx_tensor(model.file, *tensor);
}

}  // namespace convscope
