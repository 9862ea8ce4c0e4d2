// `convscope size conv2d`: the output-size formula with its numbers, and what the convolution costs. Allocates nothing
// of the tensors' size.
#include <cmath>
#include <cstdio>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/session/json_reader.h"
#include "engine/conv_plan.h"
#include "engine/cost.h"
#include "engine/output_size.h"

namespace convscope {

namespace {

struct SizeOptions {
  std::string operation, input_size;
  std::optional<std::string> weight_size, bias_size, out_channels, kernel_size;
  bool json = false;
  ConvOptions conv;
};

/// "floor((224 + 3 + 3 - 1*(7 - 1) - 1) / 2) + 1 = floor(223 / 2) + 1 = 112"
std::string substitution(const OutputSize& size) {
  const auto text = [](int64_t v) { return std::to_string(v); };
  return "floor((" + text(size.n) + " + " + text(size.pad_begin) + " + " + text(size.pad_end) + " - " + text(size.d) +
         "*(" + text(size.k) + " - 1) - 1) / " + text(size.s) + ") + 1 = floor(" + text(size.numerator) + " / " +
         text(size.s) + ") + 1 = " + text(size.out);
}

Json axis_json(const OutputSize& size) {
  return {{"input", size.n},    {"pad_begin", size.pad_begin},  {"pad_end", size.pad_end},
          {"dilation", size.d}, {"kernel_size", size.k},        {"effective_kernel_size", size.effective_k},
          {"stride", size.s},   {"numerator", size.numerator},  {"remainder", size.remainder},
          {"output", size.out}, {"formula", substitution(size)}};
}

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

Result<ConvParams> params_of(const SizeOptions& options, const Shape& input) {
  ConvParams params;
  if (Result<void> applied = apply_conv_options(options.conv, params); !applied) return applied.error();
  params.bias = options.bias_size.has_value();
  if (options.weight_size) {
    if (options.out_channels || options.kernel_size) return Error{"error.weight_size_twice", "--weight-size", {}};
    Result<Shape> weight = parse_shape(*options.weight_size, "--weight-size");
    if (!weight) return weight.error();
    if (weight->rank() != 4) return Error{"error.weight_rank", "--weight-size", {weight->to_string()}};
    const std::optional<int64_t> in_channels = checked_mul((*weight)[1], params.groups);
    if (!in_channels) return Error{"error.size_overflow", "in_channels", {"in_channels"}};
    params.out_channels = (*weight)[0];
    params.in_channels = params.groups >= 1 ? *in_channels : (*weight)[1];
    params.kernel_size = {(*weight)[2], (*weight)[3]};
    return params;
  }
  if (!options.out_channels || !options.kernel_size) {
    return Error{"error.missing_option", "--weight-size", {"--weight-size"}};
  }
  Result<int64_t> out_channels = parse_integer(*options.out_channels, "--out-channels");
  if (!out_channels) return out_channels.error();
  Result<Pair> kernel = parse_pair(*options.kernel_size, "--kernel-size");
  if (!kernel) return kernel.error();
  params.out_channels = *out_channels;
  params.kernel_size = *kernel;
  if (input.rank() >= 3) params.in_channels = input[input.rank() - 3];
  return params;
}

Result<void> run_size(const SizeOptions& options) {
  if (Result<void> known = check_operation(options.operation); !known) return known;
  Result<Shape> input = parse_shape(options.input_size, "--input-size");
  if (!input) return input.error();
  Result<ConvParams> params = params_of(options, *input);
  if (!params) return params.error();
  Result<ConvPlan> plan = validate(*params, *input);
  if (!plan) return plan.error();
  if (options.bias_size) {
    Result<Shape> bias = parse_shape(*options.bias_size, "--bias-size");
    if (!bias) return bias.error();
    if (Result<void> fits = check_weight(*plan, plan->weight_shape(), &*bias); !fits) return fits;
  }
  Result<ConvCost> cost = conv_cost(*plan);
  if (!cost) return cost.error();
  const std::optional<OutputSize> height =
      output_size(plan->in.h, plan->pads.top, plan->pads.bottom, plan->kernel.h, plan->dilation.h, plan->stride.h);
  const std::optional<OutputSize> width =
      output_size(plan->in.w, plan->pads.left, plan->pads.right, plan->kernel.w, plan->dilation.w, plan->stride.w);
  if (!height || !width) return Error{"error.size_overflow", "padding", {"padding"}};

  const Shape output = plan->output_shape();
  if (options.json) {
    Json json;
    json["operation"] = options.operation;
    json["input_size"] = std::vector<int64_t>(input->begin(), input->end());
    const Shape weight = plan->weight_shape();
    json["weight_size"] = std::vector<int64_t>(weight.begin(), weight.end());
    json["output_size"] = std::vector<int64_t>(output.begin(), output.end());
    json["height"] = axis_json(*height);
    json["width"] = axis_json(*width);
    json["parameters"] = cost->parameters;
    json["macs"] = cost->macs;
    json["input_bytes"] = cost->input_bytes;
    json["weight_bytes"] = cost->weight_bytes;
    json["output_bytes"] = cost->output_bytes;
    json["im2col_bytes"] = cost->im2col_bytes;
    print(pretty(json) + "\n");
    return {};
  }
  const Language language = cli_language();
  const auto line = [&](const char* key, std::initializer_list<std::string> args) {
    print(tr(language, key, args) + "\n");
  };
  line("cli.size.formula", {});
  line("cli.size.height", {substitution(*height)});
  line("cli.size.width", {substitution(*width)});
  const int64_t biases = plan->bias ? plan->out_channels : 0;
  line("cli.size.parameters",
       {std::to_string(cost->parameters), std::to_string(cost->parameters - biases), std::to_string(biases)});
  line("cli.size.macs", {std::to_string(cost->macs)});
  line("cli.size.im2col", {std::to_string(cost->im2col_bytes), readable(cost->im2col_bytes)});
  line("cli.size.output", {});
  print(output.to_string() + "\n");
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
  command->add_option("--kernel-size", options->kernel_size, words("cli.size.kernel_size"));
  add_conv_options(*command, options->conv);
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_size(*options); }; });
}

}  // namespace convscope
