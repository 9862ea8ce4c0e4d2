// `convscope size OP`: the output-size formula with its numbers, and what the operation costs. Allocates nothing of the
// tensors' size.
#include <cmath>
#include <cstdio>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/cli/operation_options.h"
#include "app/cli/size_formula.h"
#include "engine/checked_math.h"
#include "engine/operation_cost.h"

namespace convscope {

namespace {

struct SizeOptions {
  std::string operation, input_size;
  std::optional<std::string> weight_size, bias_size, out_channels, dtype;
  bool json = false;
  OperationOptions arguments;
};

/// "7.0 MiB" behind a number of bytes that is hard to read.
std::string readable(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return {};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, " (%.1f %s)", value, kUnits[unit]);
  return text;
}

/// "9472 = 64*3*7*7 + 64".
std::string counted(int64_t number, const std::string& formula) {
  return std::to_string(number) + (formula.empty() ? "" : " = " + formula);
}

/// Four digits that count: 12.25, 61.28.
std::string significant(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// Whether the windows, and so the columns of im2col, are of the output.
bool slides_over_output(const Operation& operation) {
  return operation.family == OperationFamily::conv_transpose || operation.family == OperationFamily::fold;
}

bool has_weight(const Operation& operation) {
  return operation.family == OperationFamily::conv || operation.family == OperationFamily::conv_transpose ||
         operation.family == OperationFamily::conv_backward;
}

/// The weight's shape: as given, or from --out-channels, --kernel-size and the input's channels.
Result<Shape> weight_shape(const Operation& operation, const SizeOptions& options, const Shape& input) {
  if (options.weight_size) {
    if (options.out_channels || options.arguments.kernel_size) {
      return Error{"error.weight_size_twice", "--weight-size", {}};
    }
    return parse_shape(*options.weight_size, "--weight-size");
  }
  if (!options.out_channels || !options.arguments.kernel_size) {
    return Error{"error.missing_option", "--weight-size", {"--weight-size"}};
  }
  const Result<int64_t> out_channels = parse_integer(*options.out_channels, "--out-channels");
  if (!out_channels) return out_channels.error();
  const Result<Spatial> kernel = parse_spatial(*options.arguments.kernel_size, "--kernel-size", operation.dims);
  if (!kernel) return kernel.error();
  int64_t groups = 1;
  if (Result<void> good = apply_integer(options.arguments.conv.groups, "--groups", groups); !good) return good.error();
  const int64_t in_channels = input.rank() > operation.dims ? input[input.rank() - operation.dims - 1] : 1;
  const bool upward = operation.family == OperationFamily::conv_transpose;
  if (groups < 1) return Error{"error.groups_not_positive", "groups", {std::to_string(groups)}};
  // The axis of the channels that a group shares: a remainder is for the gate to name.
  const int64_t shared = upward ? *out_channels : in_channels;
  if (shared % groups != 0) {
    return Error{upward ? "error.out_channels_not_divisible" : "error.in_channels_not_divisible",
                 "groups",
                 {std::to_string(shared), std::to_string(groups), common_divisors(in_channels, *out_channels)}};
  }
  Shape shape = upward ? Shape{in_channels, shared / groups} : Shape{*out_channels, shared / groups};
  for (int64_t k : *kernel) shape.push_back(k);
  return shape;
}

/// float32 where nothing is said, as PyTorch's default.
Result<DType> parse_dtype(const std::optional<std::string>& text) {
  if (!text) return DType::float32;
  for (DType dtype : {DType::float32, DType::float64}) {
    if (*text == name_of(dtype)) return dtype;
  }
  return Error{"error.dtype_word", "--dtype", {*text}};
}

Result<OperationCost> cost_of_operation(const Operation& operation, const OperationPlan& plan) {
  if (operation.family == OperationFamily::conv_backward) return cost_of_backward(std::get<ConvNdPlan>(plan));
  if (operation.family == OperationFamily::fold) return cost_of_fold(std::get<FoldPlan>(plan));
  if (operation.family == OperationFamily::unfold) return cost_of_unfold(std::get<FoldPlan>(plan));
  if (const auto* pool = std::get_if<PoolPlan>(&plan)) return cost_of(*pool);
  if (const auto* upward = std::get_if<ConvTransposePlan>(&plan)) return cost_of(*upward);
  return cost_of(std::get<ConvNdPlan>(plan));
}

/// What a size report is made of.
struct Report {
  Operation operation;
  Shape input, output;
  std::optional<Shape> weight;
  DType dtype = DType::float32;
  std::optional<OperationCost> cost;  // nothing where its numbers are too large
  const char* formula_key = "";
  std::vector<AxisFormula> axes;
};

std::vector<int64_t> list_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

void add_cost(Json& json, const OperationCost& cost, bool has_weight) {
  json["parameters"] = cost.parameters;
  json["macs"] = cost.macs;
  if (has_weight) {
    json["parameters_formula"] = parameters_formula(cost, "*");
    json["macs_formula"] = operations_formula(cost, "*");
  }
  if (!has_weight) json["window_operations"] = cost.window_operations;
  json["input_bytes"] = cost.input_bytes;
  json["weight_bytes"] = cost.weight_bytes;
  json["bias_bytes"] = cost.bias_bytes;
  json["output_bytes"] = cost.output_bytes;
  json["im2col_bytes"] = cost.im2col_bytes;
  json["im2col_blow_up"] = cost.im2col_blow_up;
  json["arithmetic_intensity"] = cost.intensity;
}

void print_json(const Report& report) {
  Json json;
  json["operation"] = std::string(report.operation.name);
  json["input_size"] = list_of(report.input);
  if (report.weight) json["weight_size"] = list_of(*report.weight);
  json["output_size"] = list_of(report.output);
  json["dtype"] = name_of(report.dtype);
  if (report.operation.family == OperationFamily::conv_backward) {
    json["grad_input_size"] = list_of(report.input);
    json["grad_weight_size"] = list_of(*report.weight);
    json["grad_bias_size"] = {(*report.weight)[0]};
  }
  for (const AxisFormula& axis : report.axes) json[axis.name] = axis.numbers;
  if (report.cost) add_cost(json, *report.cost, report.weight.has_value());
  print(pretty(json) + "\n");
}

void line(const std::string& key, std::initializer_list<std::string> args) {
  print(tr(cli_language(), key, args) + "\n");
}

void print_cost(const Operation& operation, const OperationCost& cost) {
  const std::string parameters = parameters_formula(cost, "*"), operations = operations_formula(cost, "*");
  line("cli.size.parameters", {counted(cost.parameters, parameters)});
  line("cli.size.macs", {counted(cost.macs, cost.macs > 0 ? operations : "")});
  if (cost.window_operations > 0) {
    line("cli.size.window_operations", {counted(cost.window_operations, operations)});
  }
  const auto bytes = [&](const char* key, int64_t number) { line(key, {std::to_string(number), readable(number)}); };
  bytes("cli.size.input_bytes", cost.input_bytes);
  bytes("cli.size.weight_bytes", cost.weight_bytes);
  if (cost.bias_bytes > 0) bytes("cli.size.bias_bytes", cost.bias_bytes);
  bytes("cli.size.output_bytes", cost.output_bytes);
  if (cost.im2col_bytes == 0) {
    // Of an empty batch: nothing, which is no multiple of anything.
    bytes("cli.size.im2col_empty", 0);
  } else {
    line(slides_over_output(operation) ? "cli.size.im2col_of_output" : "cli.size.im2col",
         {std::to_string(cost.im2col_bytes), readable(cost.im2col_bytes), significant(cost.im2col_blow_up)});
  }
  line("cli.size.intensity", {significant(cost.intensity)});
}

void print_text(const Report& report) {
  line(report.formula_key, {});
  for (const AxisFormula& axis : report.axes) line(axis.text_key, {axis.text});
  if (report.cost) print_cost(report.operation, *report.cost);
  if (report.operation.family == OperationFamily::conv_backward) {
    line("cli.size.gradients",
         {report.input.to_string(), report.weight->to_string(), std::to_string((*report.weight)[0])});
  }
  line("cli.size.output", {});
  print(report.output.to_string() + "\n");
}

Result<void> run_size(const SizeOptions& options) {
  using Family = OperationFamily;
  const Result<Operation> operation = parse_operation(options.operation);
  if (!operation) return operation.error();
  const std::vector<Family> with_weight = {Family::conv, Family::conv_transpose, Family::conv_backward};
  if (Result<void> good = check_option_use(*operation, options.arguments,
                                           {{"--weight-size", options.weight_size.has_value(), with_weight},
                                            {"--out-channels", options.out_channels.has_value(), with_weight},
                                            {"--bias-size", options.bias_size.has_value(), with_weight}});
      !good) {
    return good;
  }
  const Result<DType> dtype = parse_dtype(options.dtype);
  if (!dtype) return dtype.error();
  const Result<Shape> input = parse_shape(options.input_size, "--input-size");
  if (!input) return input.error();

  Report report;
  report.operation = *operation;
  report.input = *input;
  report.dtype = *dtype;
  WeightShapes shapes;
  shapes.has_bias = options.bias_size.has_value();
  if (has_weight(*operation)) {
    const Result<Shape> weight = weight_shape(*operation, options, *input);
    if (!weight) return weight.error();
    shapes.weight = report.weight = *weight;
  }
  const Result<OperationPlan> plan = plan_operation(*operation, options.arguments, shapes, *dtype, *input);
  if (!plan) return plan.error();
  if (options.bias_size) {
    const Result<Shape> bias = parse_shape(*options.bias_size, "--bias-size");
    if (!bias) return bias.error();
    const Shape wanted = bias_shape_of(*plan);
    if (*bias != wanted) return Error{"error.bias_shape", "bias", {bias->to_string(), wanted.to_string()}};
  }
  const Result<OperationCost> cost = cost_of_operation(*operation, *plan);
  if (cost) report.cost = *cost;
  report.output = output_shape_of(*operation, *plan);
  report.formula_key = formula_key(*operation, *plan);
  report.axes = axis_formulas(*operation, *plan);
  if (options.json) {
    print_json(report);
  } else {
    print_text(report);
  }
  // The output's size stands even where its cost is beyond counting.
  if (!cost) return cost.error();
  return {};
}

}  // namespace

void add_size_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<SizeOptions>();
  CLI::App* command = app.add_subcommand("size", words("cli.size"));
  command->add_option("operation", options->operation, words("cli.operation"))->required();
  command->add_option("--input-size", options->input_size, words("cli.size.input_size"))->required();
  command->add_option("--weight-size", options->weight_size, words("cli.size.weight_size"));
  command->add_option("--bias-size", options->bias_size, words("cli.size.bias_size"));
  command->add_option("--out-channels", options->out_channels, words("cli.size.out_channels"));
  command->add_option("--dtype", options->dtype, words("cli.size.dtype"));
  add_operation_options(*command, options->arguments);
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_size(*options); }; });
}

}  // namespace convscope
