#include "app/cli/operation_options.h"

#include <algorithm>

#include "app/cli/arguments.h"
#include "app/cli/messages.h"
#include "engine/checked_math.h"

namespace convscope {

namespace {

using Family = OperationFamily;

/// The first refusal, or nothing.
Result<void> all_of(std::initializer_list<Result<void>> results) {
  for (const Result<void>& result : results) {
    if (!result) return result;
  }
  return {};
}

/// The weight's shape: as many axes as the operation's, behind the two of the channels.
Result<Shape> weight_of(const Operation& operation, const WeightShapes& shapes) {
  if (!shapes.weight) return Error{"error.missing_option", "--weight", {"--weight"}};
  if (shapes.weight->rank() == operation.dims + 2) return *shapes.weight;
  return Error{"error.operation_weight_rank",
               "--weight",
               {shapes.weight->to_string(), std::string(operation.name), std::to_string(operation.dims + 2)}};
}

Spatial kernel_of(const Shape& weight, int dims) {
  Spatial kernel = Spatial::all(dims, 0);
  for (int i = 0; i < dims; ++i) kernel[i] = weight[2 + i];
  return kernel;
}

Result<Spatial> kernel_size_option(const OperationOptions& options, int dims) {
  if (!options.kernel_size) return Error{"error.missing_option", "--kernel-size", {"--kernel-size"}};
  return parse_spatial(*options.kernel_size, "--kernel-size", dims);
}

Result<OperationPlan> plan_conv(const Operation& operation, const OperationOptions& options, const WeightShapes& shapes,
                                DType dtype, const Shape& input) {
  ConvNdParams params = ConvNdParams::of(operation.dims);
  if (Result<void> applied = apply_conv_options(options.conv, params); !applied) return applied.error();
  const Result<Shape> weight = weight_of(operation, shapes);
  if (!weight) return weight.error();
  const std::optional<int64_t> in_channels = checked_mul((*weight)[1], params.groups);
  if (!in_channels) return size_overflow("in_channels");
  params.out_channels = (*weight)[0];
  // A group number that makes no sense is validate()'s to refuse.
  params.in_channels = params.groups >= 1 ? *in_channels : (*weight)[1];
  params.kernel_size = kernel_of(*weight, operation.dims);
  params.bias = shapes.has_bias;
  params.dtype = dtype;
  Result<ConvNdPlan> plan = validate(params, input);
  if (!plan) return plan.error();
  return OperationPlan(*plan);
}

Result<OperationPlan> plan_conv_transpose(const Operation& operation, const OperationOptions& options,
                                          const WeightShapes& shapes, DType dtype, const Shape& input) {
  const int dims = operation.dims;
  if (options.output_padding && options.output_size) return Error{"error.output_size_twice", "--output-size", {}};
  ConvTransposeParams params = ConvTransposeParams::of(dims);
  if (Result<void> applied =
          all_of({apply_spatial(options.conv.stride, "--stride", dims, params.stride),
                  apply_spatial(options.conv.dilation, "--dilation", dims, params.dilation),
                  apply_spatial(options.output_padding, "--output-padding", dims, params.output_padding),
                  apply_integer(options.conv.groups, "--groups", params.groups),
                  apply_padding(options.conv, dims, params.padding)});
      !applied) {
    return applied.error();
  }
  if (options.output_size) {
    // As the module's forward() takes it: the spatial axes, or the whole shape.
    Result<Shape> size = parse_shape(*options.output_size, "--output-size");
    if (!size) return size.error();
    if (size->rank() != dims && size->rank() != input.rank()) {
      return Error{"error.list_length",
                   "--output-size",
                   {"--output-size", *options.output_size, std::to_string(size->rank()), std::to_string(dims)}};
    }
    params.output_size = Spatial::all(dims, 0);
    for (int i = 0; i < dims; ++i) (*params.output_size)[i] = (*size)[size->rank() - dims + i];
  }
  const Result<Shape> weight = weight_of(operation, shapes);
  if (!weight) return weight.error();
  const std::optional<int64_t> out_channels = checked_mul((*weight)[1], params.groups);
  if (!out_channels) return size_overflow("out_channels");
  params.in_channels = (*weight)[0];
  params.out_channels = params.groups >= 1 ? *out_channels : (*weight)[1];
  params.kernel_size = kernel_of(*weight, dims);
  params.bias = shapes.has_bias;
  params.dtype = dtype;
  Result<ConvTransposePlan> plan = validate(params, input);
  if (!plan) return plan.error();
  return OperationPlan(*plan);
}

Result<OperationPlan> plan_pool(const Operation& operation, const OperationOptions& options, DType dtype,
                                const Shape& input) {
  const int dims = operation.dims;
  PoolParams params = PoolParams::of(operation.family == Family::max_pool ? PoolKind::max : PoolKind::average, dims);
  const Result<Spatial> kernel_size = kernel_size_option(options, dims);
  if (!kernel_size) return kernel_size.error();
  params.kernel_size = *kernel_size;
  if (options.conv.stride) params.stride = params.kernel_size;
  if (Result<void> applied =
          all_of({params.stride ? apply_spatial(options.conv.stride, "--stride", dims, *params.stride) : Result<void>(),
                  apply_spatial(options.conv.dilation, "--dilation", dims, params.dilation),
                  apply_padding(options.conv, dims, params.padding),
                  apply_flag(options.ceil_mode, "--ceil-mode", params.ceil_mode),
                  apply_flag(options.count_include_pad, "--count-include-pad", params.count_include_pad)});
      !applied) {
    return applied.error();
  }
  if (options.divisor_override) {
    params.divisor_override = 0;
    if (Result<void> applied = apply_integer(options.divisor_override, "--divisor-override", *params.divisor_override);
        !applied) {
      return applied.error();
    }
  }
  params.dtype = dtype;
  Result<PoolPlan> plan = validate(params, input);
  if (!plan) return plan.error();
  return OperationPlan(*plan);
}

Result<OperationPlan> plan_fold(const Operation& operation, const OperationOptions& options, DType dtype,
                                const Shape& input) {
  FoldParams params;
  const Result<Spatial> kernel_size = kernel_size_option(options, 2);
  if (!kernel_size) return kernel_size.error();
  params.kernel_size = *kernel_size;
  if (operation.family == Family::fold && !options.output_size) {
    return Error{"error.missing_option", "--output-size", {"--output-size"}};
  }
  if (Result<void> applied = all_of({apply_spatial(options.conv.stride, "--stride", 2, params.stride),
                                     apply_spatial(options.conv.dilation, "--dilation", 2, params.dilation),
                                     apply_spatial(options.output_size, "--output-size", 2, params.output_size),
                                     apply_padding(options.conv, 2, params.padding)});
      !applied) {
    return applied.error();
  }
  params.dtype = dtype;
  Result<FoldPlan> plan =
      operation.family == Family::fold ? validate_fold(params, input) : validate_unfold(params, input);
  if (!plan) return plan.error();
  return OperationPlan(*plan);
}

}  // namespace

void add_operation_options(CLI::App& command, OperationOptions& options) {
  add_conv_options(command, options.conv);
  command.add_option("--kernel-size", options.kernel_size, words("cli.kernel_size"));
  command.add_option("--output-padding", options.output_padding, words("cli.output_padding"));
  command.add_option("--output-size", options.output_size, words("cli.output_size"));
  command.add_option("--ceil-mode", options.ceil_mode, words("cli.ceil_mode"));
  command.add_option("--count-include-pad", options.count_include_pad, words("cli.count_include_pad"));
  command.add_option("--divisor-override", options.divisor_override, words("cli.divisor_override"));
}

Result<Operation> parse_operation(const std::string& text) {
  if (Result<void> known = check_operation(text); !known) return known.error();
  return *operation_from_name(text);
}

Result<void> check_option_use(const Operation& operation, const OperationOptions& options,
                              const std::vector<OptionUse>& more) {
  const auto check = [&operation](const OptionUse& use) -> Result<void> {
    const bool fits = std::find(use.families.begin(), use.families.end(), operation.family) != use.families.end();
    if (!use.given || fits) return {};
    return Error{"error.option_not_of_operation", use.name, {use.name, std::string(operation.name)}};
  };
  const ConvOptions& conv = options.conv;
  const std::vector<OptionUse> uses = {
      {"--dilation",
       conv.dilation.has_value(),
       {Family::conv, Family::conv_transpose, Family::conv_backward, Family::max_pool, Family::unfold, Family::fold}},
      {"--groups", conv.groups.has_value(), {Family::conv, Family::conv_transpose, Family::conv_backward}},
      {"--padding-mode", conv.padding_mode.has_value(), {Family::conv, Family::conv_backward}},
      {"--output-padding", options.output_padding.has_value(), {Family::conv_transpose}},
      {"--output-size", options.output_size.has_value(), {Family::conv_transpose, Family::fold}},
      {"--ceil-mode", options.ceil_mode.has_value(), {Family::max_pool, Family::avg_pool}},
      {"--count-include-pad", options.count_include_pad.has_value(), {Family::avg_pool}},
      {"--divisor-override", options.divisor_override.has_value() && operation.dims > 1, {Family::avg_pool}},
      {"--divisor-override", options.divisor_override.has_value() && operation.dims == 1, {}},
  };
  for (const OptionUse& use : uses) {
    if (Result<void> good = check(use); !good) return good;
  }
  for (const OptionUse& use : more) {
    if (Result<void> good = check(use); !good) return good;
  }
  return {};
}

Result<OperationPlan> plan_operation(const Operation& operation, const OperationOptions& options,
                                     const WeightShapes& shapes, DType dtype, const Shape& input) {
  switch (operation.family) {
    case Family::conv:
    case Family::conv_backward:
      return plan_conv(operation, options, shapes, dtype, input);
    case Family::conv_transpose:
      return plan_conv_transpose(operation, options, shapes, dtype, input);
    case Family::max_pool:
    case Family::avg_pool:
      return plan_pool(operation, options, dtype, input);
    case Family::unfold:
    case Family::fold:
      break;
  }
  return plan_fold(operation, options, dtype, input);
}

Shape bias_shape_of(const OperationPlan& plan) {
  if (const auto* conv = std::get_if<ConvNdPlan>(&plan)) return conv->bias_shape();
  if (const auto* transposed = std::get_if<ConvTransposePlan>(&plan)) return transposed->bias_shape();
  return {};
}

Shape output_shape_of(const Operation& operation, const OperationPlan& plan) {
  if (const auto* fold = std::get_if<FoldPlan>(&plan)) {
    return operation.family == Family::fold ? fold->picture_shape() : fold->columns_shape();
  }
  if (const auto* pool = std::get_if<PoolPlan>(&plan)) return pool->output_shape();
  if (const auto* transposed = std::get_if<ConvTransposePlan>(&plan)) return transposed->output_shape();
  return std::get<ConvNdPlan>(plan).output_shape();
}

}  // namespace convscope
