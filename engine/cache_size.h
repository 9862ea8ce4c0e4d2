// How much this machine keeps close to a core.
#pragma once

#include <cstdint>

namespace convscope {

/// Bytes of a core's second-level cache, asked once; between 256 KiB and 4 MiB, whatever the system says or does not.
int64_t second_level_cache();

}  // namespace convscope
