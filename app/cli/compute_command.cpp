// `convscope compute conv2d`: real tensors in, real tensors out.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/io/image.h"
#include "app/io/npy.h"
#include "engine/conv2d.h"

namespace convscope {

namespace {

struct ComputeOptions {
  std::string operation, input, weight, output;
  std::optional<std::string> bias;
  ConvOptions conv;
  EngineOptions engine;
};

struct Loaded {
  Tensor tensor;
  bool is_float = false;  // was stored with a fraction, so its type counts
  bool is_double = false;
};

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

/// One picture of 1 or 3 channels, 0 to 1 as black to full.
Result<void> write_picture(const std::string& path, const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const int rank = shape.rank();
  const int64_t channels = shape[rank - 3];
  const bool is_picture = (channels == 1 || channels == 3) && (rank == 3 || shape[0] == 1);
  constexpr int64_t kMaxSide = 1 << 20;
  if (!is_picture || shape[rank - 1] > kMaxSide || shape[rank - 2] > kMaxSide) {
    return Error{"error.output_not_a_picture", "-o", {path, shape.to_string()}};
  }
  Pixels pixels;
  pixels.height = static_cast<int>(shape[rank - 2]);
  pixels.width = static_cast<int>(shape[rank - 1]);
  const int64_t plane = shape[rank - 2] * shape[rank - 1];
  pixels.rgba.resize(static_cast<size_t>(plane) * 4);
  for (int64_t i = 0; i < plane; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const double value = tensor.at((channels == 3 ? c * plane : 0) + i);
      // A NaN fails both comparisons and becomes black.
      const double shown = value > 0 ? std::min(value, 1.0) : 0.0;
      pixels.rgba[static_cast<size_t>(4 * i + c)] = static_cast<uint8_t>(std::lround(shown * 255));
    }
    pixels.rgba[static_cast<size_t>(4 * i + 3)] = 255;
  }
  return write_png(path, pixels);
}

Result<void> run_compute(const ComputeOptions& options) {
  if (Result<void> known = check_operation(options.operation); !known) return known;
  ConvParams params;
  if (Result<void> applied = apply_conv_options(options.conv, params); !applied) return applied;
  Result<Conv2dOptions> engine = engine_options(options.engine);
  if (!engine) return engine.error();
  const std::string ending = std::filesystem::path(options.output).extension().string();
  if (ending != ".npy" && ending != ".png") return Error{"error.compute_output_ending", "-o", {options.output}};

  Result<Loaded> input = load(options.input);
  if (!input) return input.error();
  Result<Loaded> weight = load(options.weight);
  if (!weight) return weight.error();
  Loaded bias;
  if (options.bias) {
    Result<Loaded> loaded = load(*options.bias);
    if (!loaded) return loaded.error();
    bias = *std::move(loaded);
  }
  const Shape& kernel = weight->tensor.shape();
  if (kernel.rank() != 4) return Error{"error.weight_rank", "--weight", {kernel.to_string()}};
  const std::optional<int64_t> in_channels = checked_mul(kernel[1], params.groups);
  if (!in_channels) return Error{"error.size_overflow", "in_channels", {"in_channels"}};
  params.out_channels = kernel[0];
  // A group number that makes no sense is validate()'s to refuse.
  params.in_channels = params.groups >= 1 ? *in_channels : kernel[1];
  params.kernel_size = {kernel[2], kernel[3]};
  params.bias = options.bias.has_value();
  params.dtype = common_type({&*input, &*weight, &bias});

  Result<ConvPlan> plan = validate(params, input->tensor.shape());
  if (!plan) return plan.error();
  const Shape bias_shape = bias.tensor.shape();
  if (Result<void> fits = check_weight(*plan, kernel, options.bias ? &bias_shape : nullptr); !fits) return fits;
  Tensor tensors[3];
  const Tensor* loaded[3] = {&input->tensor, &weight->tensor, &bias.tensor};
  for (int i = 0; i < 3; ++i) {
    Result<Tensor> converted = loaded[i]->to(params.dtype);
    if (!converted) return converted.error();
    tensors[i] = *std::move(converted);
  }
  Result<Tensor> output = conv2d(*plan, tensors[0], tensors[1], tensors[2], *engine);
  if (!output) return output.error();
  return ending == ".png" ? write_picture(options.output, *output) : write_npy(options.output, *output);
}

}  // namespace

void add_compute_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ComputeOptions>();
  CLI::App* command = app.add_subcommand("compute", words("cli.compute"));
  command->add_option("operation", options->operation, words("cli.operation"))->required();
  command->add_option("--input", options->input, words("cli.compute.input"))->required();
  command->add_option("--weight", options->weight, words("cli.compute.weight"))->required();
  command->add_option("--bias", options->bias, words("cli.compute.bias"));
  command->add_option("-o,--output", options->output, words("cli.compute.output"))->required();
  add_conv_options(*command, options->conv);
  add_engine_options(*command, options->engine);
  command->callback([options, &run] { run = [options] { return run_compute(*options); }; });
}

}  // namespace convscope
