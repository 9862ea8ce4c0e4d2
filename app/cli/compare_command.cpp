// `convscope compare OP`: somebody's output against the engine's and, of conv2d, why it differs.
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/input_files.h"
#include "app/cli/messages.h"
#include "app/cli/operation_options.h"
#include "app/cli/operation_run.h"
#include "app/io/tensor_text.h"
#include "app/io/written_tensor.h"
#include "app/session/json_reader.h"
#include "engine/conv2d.h"
#include "engine/conv2d_backward.h"
#include "engine/output_check.h"

namespace convscope {

namespace {

struct CompareOptions {
  std::string operation, input, mine;
  std::optional<std::string> weight, bias, grad_output;
  OperationOptions arguments;
  EngineOptions engine;
  bool json = false;
};

std::string line(const char* key, std::initializer_list<std::string> args) {
  return tr(cli_language(), key, args) + "\n";
}

std::string rounded(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g", value);
  return text.data();
}

std::string words_of(const Cause& cause) { return tr(cli_language(), cause.code, cause.args); }
std::string remedy_of(const Cause& cause) { return tr(cli_language(), cause.code + ".fix", cause.args); }

// ---- text ----

void print_explanation(const Explanation& explanation, int64_t cells) {
  for (size_t i = 0; i < explanation.causes.size(); ++i) {
    const Cause& cause = explanation.causes[i];
    print(line(i == 0 ? "cli.compare.cause" : "cli.compare.and", {words_of(cause), remedy_of(cause)}));
  }
  if (explanation.cells_checked < cells) {
    print(line("compare.part_checked", {std::to_string(explanation.cells_checked), std::to_string(cells)}));
  }
}

void print_diagnosis(const Diagnosis& diagnosis, int64_t cells) {
  for (const Explanation& explanation : diagnosis.explanations) print_explanation(explanation, cells);
  if (!diagnosis.explanations.empty()) return;
  const bool fits_any = diagnosis.tried > 0;
  print(line(fits_any ? "compare.no_cause" : "compare.no_such_shape", {std::to_string(diagnosis.tried)}));
  if (diagnosis.closest) {
    const Explanation& closest = *diagnosis.closest;
    print(line("compare.closest", {words_of(closest.causes.front()), std::to_string(closest.cells_agreeing),
                                   std::to_string(closest.cells_checked)}));
  }
  for (const Cause& cause : diagnosis.same_shape) print(line("compare.same_shape", {words_of(cause)}));
}

/// Whether the numbers agree and where not, without a reason; `name` is the tensor's.
void print_numbers(const OutputCheck& check, const Tensor& expected, const std::string& name) {
  const auto cell = [&](const char* key, int64_t flat) {
    print(line(key, {index_of(check.expected, flat).to_string(), number_text(check.output, flat),
                     number_text(expected, flat), name}));
  };
  if (check.agrees() && check.comparison->cells == 0) {
    print(line("cli.compare.agrees_empty", {}));
  } else if (check.agrees()) {
    print(line("cli.compare.agrees",
               {std::to_string(check.comparison->cells), rounded(check.comparison->largest_difference),
                rounded(check.comparison->allowed)}));
  } else if (check.comparison) {
    print(
        line("cli.compare.wrong", {std::to_string(check.comparison->wrong), std::to_string(check.comparison->cells)}));
    cell("cli.compare.first_wrong", check.comparison->first_wrong);
    cell("cli.compare.worst", check.comparison->worst);
  } else {
    print(line("cli.compare.shape", {check.yours.to_string(), check.expected.to_string()}));
  }
}

/// `explains`: causes were looked for.
void print_text(const OutputCheck& check, const Tensor& expected, bool explains) {
  print_numbers(check, expected, "output");
  if (check.output.numel() == 1) print(line("compare.one_cell", {}));
  if (check.agrees()) return;
  if (explains) {
    print_diagnosis(check.diagnosis, check.output.numel());
  } else {
    print(line("cli.compare.causes_of_conv2d", {}));
  }
  if (check.comparison && check.comparison->is_small() && check.diagnosis.explanations.empty()) {
    print(line("compare.small", {rounded(check.comparison->largest_difference)}));
  }
}

// ---- JSON ----

/// JSON has no word for what is no finite number: it becomes one of ours.
Json number(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

std::vector<int64_t> list_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

Json json_of(const Cause& cause) {
  constexpr std::string_view kPrefix = "cause.";
  return {{"code", cause.code.substr(kPrefix.size())},
          {"args", cause.args},
          {"text", words_of(cause)},
          {"fix", remedy_of(cause)}};
}

Json json_of(const Explanation& explanation) {
  Json causes = Json::array();
  for (const Cause& cause : explanation.causes) causes.push_back(json_of(cause));
  return {
      {"causes", causes}, {"cells_agreeing", explanation.cells_agreeing}, {"cells_checked", explanation.cells_checked}};
}

Json json_of(const OutputCheck& check, const Tensor& expected, bool explains) {
  Json json;
  json["agrees"] = check.agrees();
  json["output_size"] = list_of(check.expected);
  json["mine_size"] = list_of(check.yours);
  if (check.comparison) {
    const Comparison& comparison = *check.comparison;
    const auto cell = [&](int64_t flat) {
      return Json{{"index", list_of(index_of(check.expected, flat))},
                  {"mine", number(check.output.at(flat))},
                  {"expected", number(expected.at(flat))}};
    };
    json["cells"] = comparison.cells;
    json["wrong"] = comparison.wrong;
    json["largest_difference"] = number(comparison.largest_difference);
    json["allowed_difference"] = number(comparison.allowed);
    if (comparison.wrong > 0) {
      json["first_wrong"] = cell(comparison.first_wrong);
      json["worst"] = cell(comparison.worst);
    }
  }
  if (!check.agrees() && explains) {
    const Diagnosis& diagnosis = check.diagnosis;
    json["explanations"] = Json::array();
    for (const Explanation& explanation : diagnosis.explanations) json["explanations"].push_back(json_of(explanation));
    if (diagnosis.closest) json["closest"] = json_of(*diagnosis.closest);
    if (!check.comparison) {
      json["same_shape"] = Json::array();
      for (const Cause& cause : diagnosis.same_shape) json["same_shape"].push_back(json_of(cause));
    }
    json["tried"] = diagnosis.tried;
  }
  return json;
}

// ---- the command ----

/// Where the numbers differ, whether a cause was found or not, is an error: the status tells scripts.
Result<void> verdict(const OutputCheck& check, bool explains) {
  if (check.agrees()) return {};
  const bool explained = !check.diagnosis.explanations.empty();
  if (!explains && check.comparison) {
    return Error{"error.compare_numbers",
                 "--mine",
                 {std::to_string(check.comparison->wrong), std::to_string(check.comparison->cells)}};
  }
  if (!explains) {
    return Error{"error.compare_other_shape", "--mine", {check.yours.to_string(), check.expected.to_string()}};
  }
  if (!check.comparison) {
    return Error{explained ? "error.compare_shape" : "error.compare_shape_unexplained",
                 "--mine",
                 {check.yours.to_string(), check.expected.to_string()}};
  }
  return Error{explained ? "error.compare_differs" : "error.compare_differs_unexplained",
               "--mine",
               {std::to_string(check.comparison->wrong), std::to_string(check.comparison->cells)}};
}

/// rounding_bound() for any operation: of those that add nothing up, it is that of the numbers themselves.
Result<double> rounding_bound_of(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                                 const Conv2dOptions& engine, DType yours) {
  Inputs magnitudes = inputs;
  for (LoadedTensor* loaded : {&magnitudes.input, &magnitudes.weight, &magnitudes.bias}) {
    Result<Tensor> result = absolute(loaded->tensor);
    if (!result) return result.error();
    loaded->tensor = *std::move(result);
  }
  const Result<Tensor> sums = run_operation(operation, plan, magnitudes, engine);
  if (!sums) return sums.error();
  return rounding_bound(largest_magnitude(*sums), numbers_per_cell(plan), inputs.dtype, yours);
}

/// Compares the numbers and looks for no cause.
Result<OutputCheck> compare_numbers(const Operation& operation, const OperationPlan& plan, const Inputs& inputs,
                                    const Conv2dOptions& engine, const Tensor& expected, const WrittenTensor& mine) {
  const Result<double> bound = rounding_bound_of(operation, plan, inputs, engine, mine.tensor.dtype());
  if (!bound) return bound.error();
  return compare_output(expected, mine.tensor, {*bound, mine.digits});
}

/// conv2d_backward's three tensors against the files PREFIX.input.npy, PREFIX.weight.npy and PREFIX.bias.npy; the last
/// may be missing, as it is where the layer has no bias.
Result<void> compare_gradients(const CompareOptions& options, const ConvPlan& plan, const Inputs& inputs,
                               const Conv2dOptions& engine) {
  if (!options.grad_output) return Error{"error.missing_option", "--grad-output", {"--grad-output"}};
  const Tensor &x = inputs.input.tensor, &weight = inputs.weight.tensor, &above = inputs.grad_output.tensor;
  const Result<Conv2dGradients> gradients = conv2d_backward(plan, x, weight, above, engine);
  if (!gradients) return gradients.error();
  const Result<Tensor> x_size = absolute(x), weight_size = absolute(weight), above_size = absolute(above);
  for (const Result<Tensor>* size : {&x_size, &weight_size, &above_size}) {
    if (!*size) return size->error();
  }
  const Result<Conv2dGradients> sums = conv2d_backward(plan, *x_size, *weight_size, *above_size, engine);
  if (!sums) return sums.error();

  struct One {
    std::string name;
    Tensor Conv2dGradients::*tensor;
    int64_t products;  // that a cell is made of, at most
  };
  const int64_t positions = plan.batch * plan.positions();
  Json json;
  std::string wrong;
  json["agrees"] = true;
  for (const One& one :
       {One{"input", &Conv2dGradients::input, plan.out_channels * plan.kernel.h * plan.kernel.w},
        One{"weight", &Conv2dGradients::weight, positions}, One{"bias", &Conv2dGradients::bias, positions}}) {
    const std::string path = options.mine + "." + one.name + ".npy";
    std::error_code ignored;
    if (one.name == "bias" && !std::filesystem::exists(path, ignored)) continue;
    const Result<WrittenTensor> mine = read_written_tensor(path);
    if (!mine) return mine.error();
    const Tensor& expected = (*gradients).*one.tensor;
    const double bound =
        rounding_bound(largest_magnitude((*sums).*one.tensor), one.products, inputs.dtype, mine->tensor.dtype());
    const Result<OutputCheck> check = compare_output(expected, mine->tensor, {bound, mine->digits});
    if (!check) return check.error();
    if (!check->agrees()) wrong += (wrong.empty() ? "" : ", ") + one.name;
    if (options.json) {
      json[one.name] = json_of(*check, expected, false);
      json["agrees"] = wrong.empty();
    } else {
      print(line("cli.compare.gradient", {one.name}));
      print_numbers(*check, expected, one.name + ".grad");
    }
  }
  if (options.json) print(pretty(json) + "\n");
  if (!options.json) tell_conversions(inputs);
  if (wrong.empty()) return {};
  return Error{"error.compare_gradients", "--mine", {wrong}};
}

Result<OutputCheck> check_conv2d(const ConvPlan& plan, const Inputs& inputs, const Tensor& expected,
                                 const WrittenTensor& mine) {
  const ConvTensors tensors{inputs.input.tensor, inputs.weight.tensor, inputs.bias.tensor, expected};
  return check_output(plan, tensors, mine.tensor, mine.digits);
}

Result<void> run_compare(const CompareOptions& options) {
  using Family = OperationFamily;
  const Result<Operation> operation = parse_operation(options.operation);
  if (!operation) return operation.error();
  const std::vector<Family> with_weight = {Family::conv, Family::conv_transpose, Family::conv_backward};
  if (Result<void> good =
          check_option_use(*operation, options.arguments,
                           {{"--weight", options.weight.has_value(), with_weight},
                            {"--bias", options.bias.has_value(), {Family::conv, Family::conv_transpose}},
                            {"--grad-output", options.grad_output.has_value(), {Family::conv_backward}},
                            {"--algorithm", options.engine.algorithm.has_value(), with_weight},
                            {"--kernel-size",
                             options.arguments.kernel_size.has_value(),
                             {Family::max_pool, Family::avg_pool, Family::unfold, Family::fold}}});
      !good) {
    return good;
  }
  const Result<Conv2dOptions> engine = engine_options(options.engine, *operation);
  if (!engine) return engine.error();
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
  if (operation->family == Family::conv_backward) {
    return compare_gradients(options, as_conv2d(std::get<ConvNdPlan>(*plan)), *inputs, *engine);
  }
  const Result<WrittenTensor> mine =
      is_written_tensor(options.mine) ? written_tensor(options.mine) : read_written_tensor(options.mine);
  if (!mine) return mine.error();
  const Result<Tensor> output = run_operation(*operation, *plan, *inputs, *engine);
  if (!output) return output.error();

  const bool explains = operation->name == "conv2d";
  const Result<OutputCheck> check = explains
                                        ? check_conv2d(as_conv2d(std::get<ConvNdPlan>(*plan)), *inputs, *output, *mine)
                                        : compare_numbers(*operation, *plan, *inputs, *engine, *output, *mine);
  if (!check) return check.error();
  if (options.json) {
    print(pretty(json_of(*check, *output, explains)) + "\n");
  } else {
    print_text(*check, *output, explains);
    tell_conversions(*inputs);
  }
  return verdict(*check, explains);
}

}  // namespace

void add_compare_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare", words("cli.compare"));
  command->add_option("operation", options->operation, words("cli.compare.operation"))->required();
  command->add_option("--input", options->input, words("cli.compute.input"))->required();
  command->add_option("--weight", options->weight, words("cli.compute.weight"));
  command->add_option("--bias", options->bias, words("cli.compute.bias"));
  command->add_option("--grad-output", options->grad_output, words("cli.compute.grad_output"));
  command->add_option("--mine", options->mine, words("cli.compare.mine"))->required();
  add_operation_options(*command, options->arguments);
  add_engine_options(*command, options->engine);
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_compare(*options); }; });
}

}  // namespace convscope
