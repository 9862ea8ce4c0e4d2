// What single nodes of a graph say and do. Used by model.cpp and model_run.cpp.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/io/onnx_file.h"
#include "app/session/operation_plan.h"
#include "app/session/session.h"
#include "engine/result.h"

namespace convscope::model_nodes {

/// Shapes of the values that are known; null where one is not.
using ShapeOf = std::function<std::optional<Shape>(const std::string& name)>;

/// Whether the node is one of those that are listed: convolutions and pooling of any kind.
bool is_layer(const OnnxNode& node);

/// The layer as a session over an input of that shape (the node's first input's). Tensors come as sources of kind onnx
/// of `path` and `name`. Errors: error.onnx_layer_* and those of the operation's validate(): why it cannot be shown.
Result<Session> layer_session(const OnnxFile& file, const OnnxNode& node, const std::string& name,
                              const std::optional<Shape>& input);

/// Whether run() knows the operator.
bool can_run(const OnnxFile& file, const OnnxNode& node);

/// Shape of the node's first output, where it follows from its inputs' shapes.
std::optional<Shape> output_shape(const OnnxFile& file, const OnnxNode& node, const ShapeOf& shape_of);

/// The node's first output for these inputs (an undefined tensor for one left out). Errors: error.onnx_node (args:
/// path, node, op, what is wrong), error.cancelled, those of tensors and the engine.
Result<Tensor> run(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs, Job* job);

/// Its name, or what it makes where it has none.
std::string title_of(const OnnxNode& node);

}  // namespace convscope::model_nodes
