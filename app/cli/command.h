// The command line: one file per command, each adding itself to the parser.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "engine/result.h"

namespace convscope {

/// Exit statuses of the contract.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

/// Adds `convscope NAME` with its options; when parsed, sets `run` to what is to be done. What `run` returns is the
/// command's result: an Error is printed once, by main, as `convscope: error: ...`.
using Run = std::function<Result<void>()>;
void add_compute_command(CLI::App& app, Run& run);
void add_compare_command(CLI::App& app, Run& run);
void add_size_command(CLI::App& app, Run& run);
void add_slice_command(CLI::App& app, Run& run);
void add_receptive_field_command(CLI::App& app, Run& run);
void add_solve_command(CLI::App& app, Run& run);
void add_random_command(CLI::App& app, Run& run);
void add_check_command(CLI::App& app, Run& run);
void add_share_command(CLI::App& app, Run& run);
void add_presets_command(CLI::App& app, Run& run);
void add_layers_command(CLI::App& app, Run& run);
void add_lessons_command(CLI::App& app, Run& run);
void add_code_command(CLI::App& app, Run& run);
void add_export_command(CLI::App& app, Run& run);
void add_bench_command(CLI::App& app, Run& run);

}  // namespace convscope
