#include "app/cli/model_picture.h"

#include "app/cli/messages.h"
#include "app/session/computation.h"
#include "app/session/model.h"
#include "app/session/presets.h"

namespace convscope {

void add_model_picture_options(CLI::App& command, ModelPicture& picture) {
  command.add_option("--image", picture.image, words("cli.model_image"));
  command.add_flag("--imagenet", picture.imagenet, words("cli.model_imagenet"));
}

Result<Session> with_model_picture(Result<Session> session, const std::string& name, const ModelPicture& picture) {
  if (!session || (!picture.image && !picture.imagenet)) return session;
  if (!is_model_path(name)) {
    const char* const option = picture.image ? "--image" : "--imagenet";
    return Error{"error.image_without_model", option, {option, name}};
  }
  if (!picture.image) return Error{"error.missing_option", "--image", {"--image"}};
  return with_picture(*session, name, *picture.image == "sample" ? std::string() : *picture.image, picture.imagenet);
}

Result<Tensor> output_of_layer(const std::string& name, const ModelPicture& picture) {
  const Result<Session> session = with_model_picture(open_session(name), name, picture);
  if (!session) return session.error();
  TensorCache cache;
  const Result<ComputationPtr> computation = compute(*session, cache);
  if (!computation) return computation.error();
  return (*computation)->plan.shown((*computation)->tensors.output);
}

}  // namespace convscope
