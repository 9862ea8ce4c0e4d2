// Reads the command line and does what it says.
#pragma once

namespace convscope {

/// The program's exit status: 0, 1 for a failure, 2 for a command line that makes no sense.
int run_command_line(int argc, char** argv);

}  // namespace convscope
