#include "engine/cache_size.h"

#include <unistd.h>

#include <algorithm>

namespace convscope {

int64_t second_level_cache() {
  static const int64_t bytes = std::clamp<int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE), 256 << 10, 4 << 20);
  return bytes;
}

}  // namespace convscope
