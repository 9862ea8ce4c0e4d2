// How a long computation is told to stop and says how far it is.
#pragma once

#include <atomic>

namespace convscope {

/// Shared between the thread that computes and the one that waits. Both sides only touch atomics.
struct Job {
  std::atomic<bool> cancelled{false};
  std::atomic<float> progress{0.0f};  // 0 to 1
};

}  // namespace convscope
