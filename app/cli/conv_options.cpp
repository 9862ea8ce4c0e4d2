#include "app/cli/conv_options.h"

#include <algorithm>

#include "app/cli/arguments.h"
#include "app/cli/messages.h"

namespace convscope {

void add_conv_options(CLI::App& command, ConvOptions& options) {
  command.add_option("--stride", options.stride, words("cli.stride"));
  command.add_option("--padding", options.padding, words("cli.padding"));
  command.add_option("--pads", options.pads, words("cli.pads"));
  command.add_option("--dilation", options.dilation, words("cli.dilation"));
  command.add_option("--groups", options.groups, words("cli.groups"));
  command.add_option("--padding-mode", options.padding_mode, words("cli.padding_mode"));
}

Result<Spatial> parse_spatial(std::string_view text, const std::string& option, int dims) {
  // The gates say why a smaller number makes no sense; here only its size is in question.
  const int64_t least = option.find("padding") == std::string::npos ? 1 : 0;
  Result<std::vector<int64_t>> numbers = parse_integers(text, option, 1, static_cast<size_t>(dims), least);
  if (!numbers) return numbers.error();
  if (numbers->size() == 1) return Spatial::all(dims, numbers->front());
  if (numbers->size() != static_cast<size_t>(dims)) {
    return Error{"error.list_length", option, {option, std::string(text), std::to_string(numbers->size()), "1, 3"}};
  }
  Spatial spatial = Spatial::all(dims, 0);
  for (int i = 0; i < dims; ++i) spatial[i] = (*numbers)[static_cast<size_t>(i)];
  return spatial;
}

Result<void> apply_spatial(const std::optional<std::string>& text, const char* option, int dims, Spatial& target) {
  if (!text) return {};
  Result<Spatial> spatial = parse_spatial(*text, option, dims);
  if (!spatial) return spatial.error();
  target = *spatial;
  return {};
}

Result<void> apply_integer(const std::optional<std::string>& text, const char* option, int64_t& target) {
  if (!text) return {};
  Result<int64_t> number = parse_integer(*text, option);
  if (!number) return number.error();
  target = *number;
  return {};
}

Result<void> apply_flag(const std::optional<std::string>& text, const char* option, bool& target) {
  if (!text) return {};
  if (*text == "true" || *text == "True" || *text == "1") {
    target = true;
  } else if (*text == "false" || *text == "False" || *text == "0") {
    target = false;
  } else {
    return Error{"error.flag_word", option, {option, *text}};
  }
  return {};
}

Result<void> apply_padding(const ConvOptions& options, int dims, SpatialPadding& padding) {
  if (options.padding && options.pads) return Error{"error.pads_and_padding", "--pads", {}};
  if (options.padding && *options.padding == "same") {
    padding.kind = PaddingKind::same;
  } else if (options.padding && *options.padding == "valid") {
    padding.kind = PaddingKind::valid;
  } else {
    if (Result<void> good = apply_spatial(options.padding, "--padding", dims, padding.both); !good) return good;
  }
  if (!options.pads) return {};
  const auto sides = static_cast<size_t>(2 * dims);
  Result<std::vector<int64_t>> pads = parse_integers(*options.pads, "--pads", sides, sides, 0);
  if (!pads) return pads.error();
  padding.kind = PaddingKind::pads;
  for (int i = 0; i < dims; ++i) {
    padding.begin[i] = (*pads)[static_cast<size_t>(i)];
    padding.end[i] = (*pads)[static_cast<size_t>(dims + i)];
  }
  return {};
}

Result<void> apply_conv_options(const ConvOptions& options, ConvNdParams& params) {
  if (Result<void> good = apply_spatial(options.stride, "--stride", params.dims, params.stride); !good) return good;
  if (Result<void> good = apply_spatial(options.dilation, "--dilation", params.dims, params.dilation); !good) {
    return good;
  }
  if (Result<void> good = apply_integer(options.groups, "--groups", params.groups); !good) return good;
  if (Result<void> good = apply_padding(options, params.dims, params.padding); !good) return good;
  if (!options.padding_mode) return {};
  for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    if (*options.padding_mode != name_of(mode)) continue;
    params.padding_mode = mode;
    return {};
  }
  return Error{"error.padding_mode_word", "--padding-mode", {*options.padding_mode}};
}

Result<void> apply_conv_options(const ConvOptions& options, ConvParams& params) {
  ConvNdParams all = ConvNdParams::of(2);
  const auto spatial = [](Pair pair) { return Spatial{pair.h, pair.w}; };
  const auto pair = [](const Spatial& s) { return Pair{s[0], s[1]}; };
  all.stride = spatial(params.stride);
  all.dilation = spatial(params.dilation);
  all.groups = params.groups;
  all.padding.kind = params.padding_kind;
  all.padding.both = spatial(params.padding);
  all.padding_mode = params.padding_mode;
  if (Result<void> applied = apply_conv_options(options, all); !applied) return applied;
  params.stride = pair(all.stride);
  params.dilation = pair(all.dilation);
  params.groups = all.groups;
  params.padding_kind = all.padding.kind;
  params.padding = pair(all.padding.both);
  params.pads = {all.padding.begin[0], all.padding.begin[1], all.padding.end[0], all.padding.end[1]};
  params.padding_mode = all.padding_mode;
  return {};
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  command.add_option("--algorithm", options.algorithm, words("cli.algorithm"));
  command.add_option("--threads", options.threads, words("cli.threads"));
}

Result<Conv2dOptions> engine_options(const EngineOptions& options, const Operation& operation) {
  Conv2dOptions engine;
  if (options.algorithm) {
    const bool is_plain = operation.family == OperationFamily::conv;
    const std::span<const Algorithm> taken = is_plain ? algorithms() : algorithms_of_other_operations();
    const std::optional<Algorithm> algorithm = algorithm_from_name(*options.algorithm);
    if (!algorithm) return Error{"error.unknown_algorithm", "--algorithm", {*options.algorithm, names_of(taken)}};
    if (std::find(taken.begin(), taken.end(), *algorithm) == taken.end()) {
      return Error{"error.algorithm_not_of_operation",
                   "--algorithm",
                   {*options.algorithm, std::string(operation.name), names_of(taken)}};
    }
    engine.algorithm = *algorithm;
  }
  if (options.threads) {
    Result<int64_t> threads = parse_integer(*options.threads, "--threads", 1, 1024);
    if (!threads) return threads.error();
    engine.threads = static_cast<int>(*threads);
  }
  return engine;
}

Result<void> check_operation(const std::string& operation) {
  if (operation_from_name(operation)) return {};
  std::string names;
  for (const Operation& known : operations()) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return Error{"error.unknown_operation_word", "", {operation, names}};
}

}  // namespace convscope
