// The options that are Conv2d's arguments, shared by the commands that take them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "engine/conv2d.h"
#include "engine/conv_params.h"
#include "engine/conv_plan.h"
#include "engine/result.h"

namespace convscope {

/// Texts as typed; absent ones keep PyTorch's defaults.
struct ConvOptions {
  std::optional<std::string> stride, padding, pads, dilation, groups, padding_mode;
};

/// Adds --stride --padding --pads --dilation --groups --padding-mode.
void add_conv_options(CLI::App& command, ConvOptions& options);
/// Errors: those of parse_pair and parse_integer, error.padding_mode_word, error.pads_and_padding.
Result<void> apply_conv_options(const ConvOptions& options, ConvParams& params);

struct EngineOptions {
  std::optional<std::string> algorithm, threads;
};

/// Adds --algorithm --threads.
void add_engine_options(CLI::App& command, EngineOptions& options);
/// Errors: error.unknown_algorithm (args: text, the names), those of parse_integer.
Result<Conv2dOptions> engine_options(const EngineOptions& options);

/// The commands take an operation as their first word. Errors: error.unknown_operation_word (args: text, the
/// operations).
Result<void> check_operation(const std::string& operation);

}  // namespace convscope
