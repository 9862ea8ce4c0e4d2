// A network from an ONNX file: its layers that can be shown, as sessions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/io/onnx_file.h"
#include "app/session/session.h"
#include "engine/cancel.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// One convolution or pooling of the graph.
struct ModelLayer {
  std::string name;  // the node's; its output's where the node has none, or shares it
  std::string op;    // "Conv", "MaxPool"
  size_t node = 0;   // of OnnxFile::nodes
  /// With the graph's own input, as far as they could be followed; the height of sequences left out.
  std::optional<Shape> input_shape, output_shape;
  /// Parameters, and weight and bias as sources of kind onnx; the input is drawn from the seed.
  Session session;
  std::string call;              // "Conv2d(3, 64, kernel_size=7, ...)"
  std::optional<Error> problem;  // why it cannot be shown; session and call say nothing then
  std::string blocked_by;  // an operator before it that is not run here, "Resize"; empty: its real input can be had
  std::string blocked_at;  // the name of that node
};

struct Model {
  OnnxFile file;
  std::vector<ModelLayer> layers;    // in the order of the graph
  std::optional<Shape> input_shape;  // of the graph's first input, open extents filled in
  bool open_size = false;            // height or width were open: a picture keeps its own

  const ModelLayer* find(const std::string& name) const;
};
using ModelPtr = std::shared_ptr<const Model>;

/// What an open batch and open sides of a picture stand for until a picture says them.
inline constexpr int64_t kOpenBatch = 1, kOpenSide = 224;

/// Errors: those of read_onnx_file().
Result<ModelPtr> read_model(const std::string& path);
/// The same, but the last few are kept, so that asking again costs a look at the file's date. Thread-safe.
/// Errors: those of read_onnx_file().
Result<ModelPtr> open_model(const std::string& path);

/// "net.onnx:conv1" taken apart; the layer is empty where the path names a file. A file that exists under the whole
/// name is one.
struct LayerPath {
  std::string file, layer;
};
LayerPath layer_path(const std::string& path);
/// Whether the path's file ends in .onnx, whatever its case.
bool is_model_path(const std::string& path);

/// The layer of "net.onnx:conv1"; of "net.onnx" the only one. Errors: those of open_model(), error.onnx_which (args:
/// path, count, names, an example), error.onnx_no_layer (args: path, name, nearest name), error.onnx_no_layers (args:
/// path), the layer's problem.
Result<Session> session_of_layer(const std::string& path);

/// The layer's session with the real input, which the picture becomes in the layers before it. `path` is the layer's;
/// an empty `picture` is the project's own. Whether that can be had, plan_of() says.
Result<Session> with_picture(const Session& session, const std::string& path, const std::string& picture,
                             bool imagenet);

/// Shape of the layer's input where such a picture is run through; of rank 3 in sequences. Errors: error.onnx_no_layer,
/// error.onnx_unknown_size (args: path, layer), error.onnx_cannot_run.
Result<Shape> layer_input_shape(const Model& model, const std::string& layer, const Shape& picture);
inline constexpr int64_t kMaxModelBytes = int64_t{4} << 30;
/// What the graph makes of the picture (1, C, H, W) in front of the layer. The picture is scaled to the size that the
/// model asks for, grey and colour are turned into each other; `imagenet` takes ImageNet's mean off and divides by its
/// standard deviation. Values that nobody will read any more are freed, and no more memory than `most_bytes` is held.
/// Errors: error.onnx_cannot_run (args: path, layer, op, node), error.onnx_memory (args: path, MiB, limit),
/// error.onnx_node (args: path, node, op, reason), error.cancelled, those of tensors.
Result<Tensor> run_to_layer(const Model& model, const std::string& layer, const Tensor& picture, bool imagenet,
                            Job* job, int64_t most_bytes = kMaxModelBytes);

/// A layer's weight and bias. Errors: error.onnx_no_layer, those of read_onnx_tensor().
Result<Tensor> layer_weight(const Model& model, const std::string& layer);
Result<Tensor> layer_bias(const Model& model, const std::string& layer);

}  // namespace convscope
