// `--image`: the picture that is run through a model up to the layer.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "app/session/session.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct ModelPicture {
  std::optional<std::string> image;  // "sample": the project's own
  bool imagenet = false;
};

void add_model_picture_options(CLI::App& command, ModelPicture& picture);

/// The session that was opened as `name`, with the picture's way through the model as its input where one is asked for.
/// Errors: the session's own, error.image_without_model (args: option, name).
Result<Session> with_model_picture(Result<Session> session, const std::string& name, const ModelPicture& picture);

/// What a model's layer, "net.onnx:conv1", makes of the picture, or of an input drawn from the seed. Errors: those of
/// open_session() and compute().
Result<Tensor> output_of_layer(const std::string& name, const ModelPicture& picture);

}  // namespace convscope
