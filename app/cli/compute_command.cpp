// `convscope compute OP`: real tensors in, real tensors out.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "app/cli/command.h"
#include "app/cli/input_files.h"
#include "app/cli/messages.h"
#include "app/cli/operation_options.h"
#include "app/io/image.h"
#include "app/io/npy.h"
#include "engine/conv2d_backward.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"

namespace convscope {

namespace {

struct ComputeOptions {
  std::string operation, input, output;
  std::optional<std::string> weight, bias, grad_output, output_indices;
  OperationOptions arguments;
  EngineOptions engine;
};

/// One picture of 1 or 3 channels, 0 to 1 as black to full.
Result<void> write_picture(const std::string& path, const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const int rank = shape.rank();
  const bool is_plane = rank == 3 || rank == 4;
  const int64_t channels = is_plane ? shape[rank - 3] : 0;
  const bool is_picture = is_plane && (channels == 1 || channels == 3) && (rank == 3 || shape[0] == 1);
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

/// Three files behind one prefix: all numbers are there before the first is written.
Result<void> write_gradients(const std::string& prefix, const Conv2dGradients& gradients) {
  const std::pair<const char*, const Tensor*> files[] = {
      {".input.npy", &gradients.input}, {".weight.npy", &gradients.weight}, {".bias.npy", &gradients.bias}};
  for (const auto& [ending, tensor] : files) {
    if (Result<void> written = write_npy(prefix + ending, *tensor); !written) return written;
  }
  return {};
}

Result<void> write_output(const std::string& path, const Tensor& output) {
  return path.ends_with(".png") ? write_picture(path, output) : write_npy(path, output);
}

Result<void> compute_gradients(const ComputeOptions& options, const ConvNdPlan& plan, const Inputs& inputs,
                               const Conv2dOptions& engine) {
  if (!options.grad_output) return Error{"error.missing_option", "--grad-output", {"--grad-output"}};
  const Result<Conv2dGradients> gradients =
      conv2d_backward(as_conv2d(plan), inputs.input.tensor, inputs.weight.tensor, inputs.grad_output.tensor, engine);
  if (!gradients) return gradients.error();
  return write_gradients(options.output, *gradients);
}

Result<void> compute_pool(const ComputeOptions& options, const PoolPlan& plan, const Inputs& inputs,
                          const Conv2dOptions& engine) {
  const PoolIndices wanted = options.output_indices ? PoolIndices::wanted : PoolIndices::none;
  const Result<PoolResult> result = pool(plan, inputs.input.tensor, wanted, engine.threads, engine.job);
  if (!result) return result.error();
  if (Result<void> written = write_output(options.output, result->output); !written) return written;
  if (!options.output_indices) return {};
  return write_npy_integers(*options.output_indices, plan.output_shape(), result->indices);
}

/// All operations that make one tensor.
Result<Tensor> compute_one(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                           const Conv2dOptions& engine) {
  const Tensor& input = inputs.input.tensor;
  if (const auto* conv = std::get_if<ConvNdPlan>(&plan)) {
    return conv_nd(*conv, input, inputs.weight.tensor, inputs.bias.tensor, engine);
  }
  if (const auto* transposed = std::get_if<ConvTransposePlan>(&plan)) {
    return conv_transpose(*transposed, input, inputs.weight.tensor, inputs.bias.tensor, engine);
  }
  const FoldPlan& windows = std::get<FoldPlan>(plan);
  return operation.family == OperationFamily::fold ? fold(windows, input) : unfold(windows, input);
}

Result<void> check_ending(const Operation& operation, const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  const bool is_prefix = operation.family == OperationFamily::conv_backward;
  if (is_prefix || ending == ".npy" || ending == ".png") return {};
  return Error{"error.compute_output_ending", "-o", {path}};
}

Result<void> run_compute(const ComputeOptions& options) {
  using Family = OperationFamily;
  const Result<Operation> operation = parse_operation(options.operation);
  if (!operation) return operation.error();
  const std::vector<Family> with_weight = {Family::conv, Family::conv_transpose, Family::conv_backward};
  if (Result<void> good =
          check_option_use(*operation, options.arguments,
                           {{"--weight", options.weight.has_value(), with_weight},
                            {"--bias", options.bias.has_value(), {Family::conv, Family::conv_transpose}},
                            {"--grad-output", options.grad_output.has_value(), {Family::conv_backward}},
                            {"--output-indices", options.output_indices.has_value(), {Family::max_pool}},
                            {"--algorithm", options.engine.algorithm.has_value(), with_weight},
                            {"--kernel-size",
                             options.arguments.kernel_size.has_value(),
                             {Family::max_pool, Family::avg_pool, Family::unfold, Family::fold}}});
      !good) {
    return good;
  }
  const Result<Conv2dOptions> engine = engine_options(options.engine);
  if (!engine) return engine.error();
  if (Result<void> good = check_ending(*operation, options.output); !good) return good;

  Result<Inputs> inputs = load_inputs({options.input, options.weight, options.bias, options.grad_output});
  if (!inputs) return inputs.error();
  WeightShapes shapes;
  if (options.weight) shapes.weight = inputs->weight.tensor.shape();
  shapes.has_bias = options.bias.has_value();
  const Result<OperationPlan> plan =
      plan_operation(*operation, options.arguments, shapes, inputs->dtype, inputs->input.tensor.shape());
  if (!plan) return plan.error();
  if (Result<void> converted = convert_inputs(*inputs); !converted) return converted;

  if (operation->family == Family::conv_backward) {
    return compute_gradients(options, std::get<ConvNdPlan>(*plan), *inputs, *engine);
  }
  if (const auto* pool_plan = std::get_if<PoolPlan>(&*plan)) return compute_pool(options, *pool_plan, *inputs, *engine);
  const Result<Tensor> output = compute_one(*operation, *plan, *inputs, *engine);
  if (!output) return output.error();
  return write_output(options.output, *output);
}

}  // namespace

void add_compute_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ComputeOptions>();
  CLI::App* command = app.add_subcommand("compute", words("cli.compute"));
  command->add_option("operation", options->operation, words("cli.operation"))->required();
  command->add_option("--input", options->input, words("cli.compute.input"))->required();
  command->add_option("--weight", options->weight, words("cli.compute.weight"));
  command->add_option("--bias", options->bias, words("cli.compute.bias"));
  command->add_option("--grad-output", options->grad_output, words("cli.compute.grad_output"));
  command->add_option("-o,--output", options->output, words("cli.compute.output"))->required();
  command->add_option("--output-indices", options->output_indices, words("cli.compute.output_indices"));
  add_operation_options(*command, options->arguments);
  add_engine_options(*command, options->engine);
  command->callback([options, &run] { run = [options] { return run_compute(*options); }; });
}

}  // namespace convscope
