// The commands that draw the window: they live beside main because no other room may see the interface.
#pragma once

#include <CLI/CLI.hpp>

#include "app/cli/command.h"

namespace convscope {

/// `convscope screenshot`.
void add_screenshot_command(CLI::App& app, Run& run);

/// `--ui`, `--lens` and `--size` of `convscope bench`, which must have been added already; with --ui the window is
/// timed instead of the engine.
void add_ui_bench_options(CLI::App& app, Run& run);

/// `convscope [FILE]`: the window, when no command was given.
void add_window_options(CLI::App& app, Run& run);

}  // namespace convscope
