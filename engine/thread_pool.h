// The engine's threads: started once, kept, and lent to one computation at a time.
#pragma once

#include <cstdint>
#include <functional>

namespace convscope {

/// As many threads as this process may run at once; at least 1.
int hardware_threads();

/// Calls body(0) ... body(items - 1), each exactly once, on up to `threads` threads, this one included, and
/// returns when all are done. Which thread takes which item is left open, so the items must not depend on each
/// other. While another computation holds the threads, all items run on the calling one.
void parallel_for(int threads, int64_t items, const std::function<void(int64_t)>& body);

}  // namespace convscope
