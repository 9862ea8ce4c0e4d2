// The program: puts commands and window together, and says each error once.
#include <cstdio>
#include <new>

#include "app/cli/messages.h"
#include "app/io/atomic_file.h"
#include "app/main/command_line.h"

int main(int argc, char** argv) {
  convscope::remove_unfinished_files_on_signals();
  try {
    return convscope::run_command_line(argc, argv);
  } catch (const std::bad_alloc&) {
    convscope::print_error(convscope::Error{"error.memory_exhausted", "", {}});
    return 1;
  }
}
