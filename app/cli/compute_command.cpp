// `convscope compute OP`: real tensors in, real tensors out.
#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/cross_check_table.h"
#include "app/cli/input_files.h"
#include "app/cli/messages.h"
#include "app/cli/model_picture.h"
#include "app/cli/operation_options.h"
#include "app/cli/operation_run.h"
#include "app/cli/tensor_files.h"
#include "app/io/npy.h"
#include "app/session/model.h"
#include "engine/conv2d_backward.h"

namespace convscope {

namespace {

struct ComputeOptions {
  std::string operation, output;
  std::vector<std::string> given;  // names of all options
  ModelPicture picture;
  std::optional<std::string> value_range;
  std::optional<std::string> input, weight, bias, grad_output, output_indices;
  OperationOptions arguments;
  EngineOptions engine;
  bool cross_check = false, json = false;
};

/// Three files behind one prefix, all or none.
Result<void> write_gradients(const std::string& prefix, const Conv2dGradients& gradients) {
  AtomicFiles all;
  const std::pair<const char*, const Tensor*> files[] = {
      {".input.npy", &gradients.input}, {".weight.npy", &gradients.weight}, {".bias.npy", &gradients.bias}};
  for (const auto& [ending, tensor] : files) {
    const Result<std::string> added = add_tensor(all, prefix + ending, *tensor, {});
    if (!added) return added.error();
  }
  return all.commit();
}

/// The output beside what `files` has already.
Result<void> write_output(const ComputeOptions& options, const Tensor& output, AtomicFiles files = {}) {
  const Result<std::string> said = add_tensor(files, options.output, output, options.value_range);
  if (!said) return said.error();
  if (Result<void> written = files.commit(); !written) return written;
  print(*said);
  return {};
}

/// Every algorithm on each of the gradients, a table for each.
Result<void> check_gradients(const ConvPlan& plan, const Inputs& inputs, const Conv2dOptions& engine, bool as_json) {
  const auto gradients_of = [&](const ConvPlan& of, Algorithm algorithm, auto change) -> Result<Conv2dGradients> {
    const Result<Tensor> x = change(inputs.input.tensor), w = change(inputs.weight.tensor),
                         g = change(inputs.grad_output.tensor);
    for (const Result<Tensor>* tensor : {&x, &w, &g}) {
      if (!*tensor) return tensor->error();
    }
    return conv2d_backward(of, *x, *w, *g, {algorithm, engine.threads, engine.job});
  };
  ConvPlan in_double = plan;
  in_double.dtype = DType::float64;
  const Result<Conv2dGradients> sums = gradients_of(in_double, Algorithm::naive, magnitudes_of);
  if (!sums) return sums.error();
  std::map<Algorithm, Conv2dGradients> computed;
  const auto as_they_are = [](const Tensor& tensor) -> Result<Tensor> { return tensor; };
  for (Algorithm algorithm : algorithms_of_other_operations().subspan(1)) {
    Result<Conv2dGradients> gradients = gradients_of(plan, algorithm, as_they_are);
    if (!gradients) return gradients.error();
    computed[algorithm] = *std::move(gradients);
  }
  struct One {
    const char* name;
    Tensor Conv2dGradients::*tensor;
    int64_t products;  // that a cell is made of, at most
  };
  const int64_t positions = plan.batch * plan.positions();
  std::vector<NamedCrossCheck> checks;
  for (const One& one :
       {One{"input.grad", &Conv2dGradients::input, plan.out_channels * plan.kernel.h * plan.kernel.w},
        One{"weight.grad", &Conv2dGradients::weight, positions}, One{"bias.grad", &Conv2dGradients::bias, positions}}) {
    const Result<CrossCheck> check = cross_check(
        CheckedOperation{algorithms_of_other_operations(),
                         [&](Algorithm algorithm) -> Result<Tensor> { return computed.at(algorithm).*one.tensor; },
                         [&]() -> Result<Tensor> { return (*sums).*one.tensor; }, one.products, plan.dtype},
        engine.job);
    if (!check) return check.error();
    checks.push_back({one.name, *check});
  }
  return print_cross_checks(checks, as_json);
}

Result<void> compute_gradients(const ComputeOptions& options, const ConvNdPlan& plan, const Inputs& inputs,
                               const Conv2dOptions& engine) {
  if (!options.grad_output) return Error{"error.missing_option", "--grad-output", {"--grad-output"}};
  if (!options.output.empty()) {
    const Result<Conv2dGradients> gradients =
        conv2d_backward(as_conv2d(plan), inputs.input.tensor, inputs.weight.tensor, inputs.grad_output.tensor, engine);
    if (!gradients) return gradients.error();
    if (Result<void> written = write_gradients(options.output, *gradients); !written) return written;
  }
  return options.cross_check ? check_gradients(as_conv2d(plan), inputs, engine, options.json) : Result<void>();
}

Result<void> compute_pool(const ComputeOptions& options, const PoolPlan& plan, const Inputs& inputs,
                          const Conv2dOptions& engine) {
  const PoolIndices wanted = options.output_indices ? PoolIndices::wanted : PoolIndices::none;
  const Result<PoolResult> result = pool(plan, inputs.input.tensor, wanted, engine.threads, engine.job);
  if (!result) return result.error();
  AtomicFiles files;
  if (options.output_indices) {
    const Result<AtomicFile*> file = files.add(*options.output_indices);
    if (!file) return file.error();
    Result<void> written = write_npy_integers(**file, plan.output_shape(), result->indices);
    if (!written) return written;
  }
  return write_output(options, result->output, std::move(files));
}

/// conv1d is conv2d on pictures of height 1.
Result<void> check_flat_algorithms(const ConvNdPlan& plan, const Inputs& inputs, const Conv2dOptions& engine,
                                   bool as_json) {
  const ConvPlan flat = as_conv2d(plan);
  const Result<CrossCheck> check =
      cross_check(flat, inputs.input.tensor.reshaped(flat.input_shape()),
                  inputs.weight.tensor.reshaped(flat.weight_shape()), inputs.bias.tensor, engine.threads, engine.job);
  if (!check) return check.error();
  return print_cross_check(*check, as_json, true);
}

/// The plan with every number in float64.
OperationPlan in_double(const OperationPlan& plan) {
  return std::visit(
      [](auto copy) -> OperationPlan {
        copy.dtype = DType::float64;
        return copy;
      },
      plan);
}

/// Every algorithm that the operation has.
Result<void> check_algorithms(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                              const Conv2dOptions& engine, bool as_json) {
  const bool is_plain = operation.family == OperationFamily::conv;
  if (is_plain && operation.dims < 3) return check_flat_algorithms(std::get<ConvNdPlan>(plan), inputs, engine, as_json);
  const auto run = [&](Algorithm algorithm) {
    Conv2dOptions options = engine;
    options.algorithm = algorithm;
    return run_operation(operation, plan, inputs, options);
  };
  const auto sum_of_absolute = [&]() -> Result<Tensor> {
    Inputs magnitudes = inputs;
    for (LoadedTensor* loaded : {&magnitudes.input, &magnitudes.weight, &magnitudes.bias}) {
      Result<Tensor> result = magnitudes_of(loaded->tensor);
      if (!result) return result;
      loaded->tensor = *std::move(result);
    }
    return run_operation(operation, in_double(plan), magnitudes, {Algorithm::naive, 1, engine.job});
  };
  const std::span<const Algorithm> all = is_plain ? algorithms() : algorithms_of_other_operations();
  std::vector<Algorithm> compared(all.begin(), all.end());
  std::erase(compared, Algorithm::winograd);  // the bound of its own error is known for two axes
  const auto own_error = [&](Algorithm algorithm) {
    return algorithm == Algorithm::fft ? transform_tolerance(inputs.input.tensor, inputs.weight.tensor) : 0;
  };
  const Result<CrossCheck> check = cross_check(
      CheckedOperation{compared, run, sum_of_absolute, numbers_per_cell(plan), inputs.dtype, own_error}, engine.job);
  if (!check) return check.error();
  return print_cross_check(*check, as_json, false);
}

Result<void> compute_and_write(const Operation& operation, const ComputeOptions& options, const OperationPlan& plan,
                               const Inputs& inputs, const Conv2dOptions& engine) {
  if (operation.family == OperationFamily::conv_backward) {
    return compute_gradients(options, std::get<ConvNdPlan>(plan), inputs, engine);
  }
  if (const auto* pool_plan = std::get_if<PoolPlan>(&plan)) return compute_pool(options, *pool_plan, inputs, engine);
  if (!options.output.empty()) {
    const Result<Tensor> output = run_operation(operation, plan, inputs, engine);
    if (!output) return output.error();
    if (Result<void> written = write_output(options, *output); !written) return written;
  }
  if (!options.cross_check) return {};
  return check_algorithms(operation, plan, inputs, engine, options.json);
}

/// The output may be left out where the cross-check is all that is wanted; the gradients' three files are .npy whatever
/// the prefix.
Result<void> check_output(const Operation& operation, const ComputeOptions& options) {
  if (options.json && !options.cross_check) return Error{"error.json_needs_cross_check", "--json", {}};
  if (options.output.empty() && !options.cross_check) return Error{"error.missing_option", "-o", {"-o"}};
  if (operation.family == OperationFamily::conv_backward) {
    if (!options.value_range) return {};
    return Error{"error.option_not_of_operation", "--value-range", {"--value-range", std::string(operation.name)}};
  }
  if (options.output.empty()) return {};
  return check_tensor_output(options.output, options.value_range);
}

/// `compute net.onnx:conv1`: what the layer makes of its input.
Result<void> compute_layer(const ComputeOptions& options) {
  constexpr std::array<std::string_view, 4> kTaken = {"--output", "--value-range", "--image", "--imagenet"};
  for (const std::string& name : options.given) {
    if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end()) continue;
    return Error{"error.option_of_no_layer", name, {name, options.operation}};
  }
  if (options.output.empty()) return Error{"error.missing_option", "-o", {"-o"}};
  if (Result<void> good = check_tensor_output(options.output, options.value_range); !good) return good;
  const Result<Tensor> output = output_of_layer(options.operation, options.picture);
  if (!output) return output.error();
  return write_output(options, *output);
}

Result<void> run_compute(const ComputeOptions& options) {
  if (is_model_path(options.operation)) return compute_layer(options);
  if (options.picture.image || options.picture.imagenet) {
    const char* const option = options.picture.image ? "--image" : "--imagenet";
    return Error{"error.image_without_model", option, {option, options.operation}};
  }
  using Family = OperationFamily;
  const Result<Operation> operation = parse_operation(options.operation);
  if (!operation) return operation.error();
  if (!options.input) return Error{"error.missing_option", "--input", {"--input"}};
  const std::vector<Family> with_weight = {Family::conv, Family::conv_transpose, Family::conv_backward};
  if (Result<void> good =
          check_option_use(*operation, options.arguments,
                           {{"--weight", options.weight.has_value(), with_weight},
                            {"--bias", options.bias.has_value(), {Family::conv, Family::conv_transpose}},
                            {"--grad-output", options.grad_output.has_value(), {Family::conv_backward}},
                            {"--output-indices", options.output_indices.has_value(), {Family::max_pool}},
                            {"--algorithm", options.engine.algorithm.has_value(), with_weight},
                            {"--cross-check", options.cross_check, with_weight},
                            {"--kernel-size",
                             options.arguments.kernel_size.has_value(),
                             {Family::max_pool, Family::avg_pool, Family::unfold, Family::fold}}});
      !good) {
    return good;
  }
  const Result<Conv2dOptions> engine = engine_options(options.engine, *operation);
  if (!engine) return engine.error();
  if (Result<void> good = check_output(*operation, options); !good) return good;

  Result<Inputs> inputs = load_inputs({options.input, options.weight, options.bias, options.grad_output});
  if (!inputs) return inputs.error();
  add_channels(*operation, *inputs);
  WeightShapes shapes;
  if (options.weight) shapes.weight = inputs->weight.tensor.shape();
  shapes.has_bias = options.bias.has_value();
  const Result<OperationPlan> plan =
      plan_operation(*operation, options.arguments, shapes, inputs->dtype, inputs->input.tensor.shape());
  if (!plan) return plan.error();
  if (Result<void> converted = convert_inputs(*inputs); !converted) return converted;

  const Result<void> done = compute_and_write(*operation, options, *plan, *inputs, *engine);
  if (done) tell_conversions(*inputs);
  return done;
}

}  // namespace

void add_compute_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ComputeOptions>();
  CLI::App* command = app.add_subcommand("compute", words("cli.compute"));
  command->add_option("operation", options->operation, words("cli.operation"))->required();
  command->add_option("--input", options->input, words("cli.compute.input"));
  add_model_picture_options(*command, options->picture);
  command->add_option("--weight", options->weight, words("cli.compute.weight"));
  command->add_option("--bias", options->bias, words("cli.compute.bias"));
  command->add_option("--grad-output", options->grad_output, words("cli.compute.grad_output"));
  command->add_option("-o,--output", options->output, words("cli.compute.output"));
  command->add_option("--value-range", options->value_range, words("cli.value_range"));
  command->add_option("--output-indices", options->output_indices, words("cli.compute.output_indices"));
  add_operation_options(*command, options->arguments);
  add_engine_options(*command, options->engine);
  command->add_flag("--cross-check", options->cross_check, words("cli.compute.cross_check"));
  command->add_flag("--json", options->json, words("cli.compute.json"));
  command->callback([options, command, &run] {
    for (const CLI::Option* option : command->get_options()) {
      if (option->count() > 0 && !option->get_lnames().empty()) {
        options->given.push_back("--" + option->get_lnames().front());
      }
    }
    run = [options] { return run_compute(*options); };
  });
}

}  // namespace convscope
