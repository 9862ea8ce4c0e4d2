// Parts of the program that are loaded when they are first asked for, because of the many libraries they bring.
#pragma once

#include <string>

namespace convscope {

/// A function of a module, which is beside the program in a build and in a folder of its own where it is installed: the
/// program's run path knows. Null, and `problem` says why, where there is none. Never unloaded: libraries leave threads
/// and handlers behind.
void* loaded_function(const char* module, const char* function, std::string& problem);

}  // namespace convscope
