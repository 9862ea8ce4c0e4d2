#include "app/cli/conv_options.h"

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

Result<void> apply_conv_options(const ConvOptions& options, ConvParams& params) {
  if (options.stride) {
    Result<Pair> pair = parse_pair(*options.stride, "--stride");
    if (!pair) return pair.error();
    params.stride = *pair;
  }
  if (options.dilation) {
    Result<Pair> pair = parse_pair(*options.dilation, "--dilation");
    if (!pair) return pair.error();
    params.dilation = *pair;
  }
  if (options.groups) {
    Result<int64_t> groups = parse_integer(*options.groups, "--groups");
    if (!groups) return groups.error();
    params.groups = *groups;
  }
  if (options.padding && options.pads) return Error{"error.pads_and_padding", "--pads", {}};
  if (options.padding) {
    if (*options.padding == "same") {
      params.padding_kind = PaddingKind::same;
    } else if (*options.padding == "valid") {
      params.padding_kind = PaddingKind::valid;
    } else {
      Result<Pair> pair = parse_pair(*options.padding, "--padding");
      if (!pair) return pair.error();
      params.padding = *pair;
    }
  }
  if (options.pads) {
    Result<std::vector<int64_t>> pads = parse_integers(*options.pads, "--pads", 4, 4);
    if (!pads) return pads.error();
    const std::vector<int64_t>& p = *pads;
    params.padding_kind = PaddingKind::pads;
    params.pads = {p[0], p[1], p[2], p[3]};
  }
  if (options.padding_mode) {
    bool is_known = false;
    for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
      if (*options.padding_mode != name_of(mode)) continue;
      params.padding_mode = mode;
      is_known = true;
    }
    if (!is_known) return Error{"error.padding_mode_word", "--padding-mode", {*options.padding_mode}};
  }
  return {};
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  command.add_option("--algorithm", options.algorithm, words("cli.algorithm"));
  command.add_option("--threads", options.threads, words("cli.threads"));
}

Result<Conv2dOptions> engine_options(const EngineOptions& options) {
  Conv2dOptions engine;
  if (options.algorithm) {
    const std::optional<Algorithm> algorithm = algorithm_from_name(*options.algorithm);
    if (!algorithm) return Error{"error.unknown_algorithm", "--algorithm", {*options.algorithm, "auto, naive, im2col"}};
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
  if (operation == "conv2d") return {};
  return Error{"error.unknown_operation_word", "", {operation, "conv2d"}};
}

}  // namespace convscope
