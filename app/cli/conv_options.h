// The options that are arguments of the operations, shared by the commands that take them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/conv2d.h"
#include "engine/conv_nd_plan.h"
#include "engine/conv_params.h"
#include "engine/operation.h"
#include "engine/result.h"

namespace convscope {

/// Texts as typed; absent ones keep PyTorch's defaults.
struct ConvOptions {
  std::optional<std::string> stride, padding, pads, dilation, groups, padding_mode;
};

/// Adds --stride --padding --pads --dilation --groups --padding-mode.
void add_conv_options(CLI::App& command, ConvOptions& options);
/// Errors: those of parse_spatial and parse_integer, error.padding_mode_word, error.pads_and_padding.
Result<void> apply_conv_options(const ConvOptions& options, ConvParams& params);
Result<void> apply_conv_options(const ConvOptions& options, ConvNdParams& params);

/// "2" for every axis or one number for each, outermost first. Errors: those of parse_integers.
Result<Spatial> parse_spatial(std::string_view text, const std::string& option, int dims);
/// The parts of apply_conv_options() that other operations share; absent texts leave the target as it is.
Result<void> apply_spatial(const std::optional<std::string>& text, const char* option, int dims, Spatial& target);
Result<void> apply_integer(const std::optional<std::string>& text, const char* option, int64_t& target);
/// --padding or --pads. Errors: also error.pads_and_padding.
Result<void> apply_padding(const ConvOptions& options, int dims, SpatialPadding& padding);

struct EngineOptions {
  std::optional<std::string> algorithm, threads;
};

/// Adds --algorithm --threads.
void add_engine_options(CLI::App& command, EngineOptions& options);
/// Errors: error.unknown_algorithm (args: text, the names), error.algorithm_not_of_operation (args: algorithm,
/// operation, the names), those of parse_integer.
Result<Conv2dOptions> engine_options(const EngineOptions& options, const Operation& operation);

/// The commands take an operation as their first word. Errors: error.unknown_operation_word (args: text, the
/// operations).
Result<void> check_operation(const std::string& operation);

}  // namespace convscope
