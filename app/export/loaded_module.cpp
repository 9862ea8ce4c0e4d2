#include "app/export/loaded_module.h"

#include <dlfcn.h>

namespace convscope {

void* loaded_function(const char* module, const char* function, std::string& problem) {
  void* const handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  void* const found = handle != nullptr ? dlsym(handle, function) : nullptr;
  if (found == nullptr) {
    const char* const words = dlerror();
    problem = words != nullptr ? words : module;
  }
  return found;
}

}  // namespace convscope
