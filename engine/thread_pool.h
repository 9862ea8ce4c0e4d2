// The engine's threads: started once, kept, and lent to one computation at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace convscope {

/// As many threads as this process may run at once; at least 1.
int hardware_threads();

/// Multiply-adds of a good kernel that take about ten microseconds: less does not pay for waking a thread.
inline constexpr double kMacsPerThread = 1 << 19;

/// How many of `threads` (0 or less: as many as the process may run) pay for themselves where there is so much work.
int useful_threads(int threads, double work, double work_per_thread = kMacsPerThread);

/// A function of one number that lives elsewhere: a std::function would put a larger one on the heap.
class ItemBody {
 public:
  template <class Function>
  requires(!std::is_same_v<std::remove_cvref_t<Function>, ItemBody>)
      ItemBody(const Function& function)  // NOLINT(google-explicit-constructor): a lambda is passed as it is
      : object_(std::addressof(function)),
        call_([](const void* object, int64_t item) { (*static_cast<const Function*>(object))(item); }) {}
  void operator()(int64_t item) const { call_(object_, item); }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t);
};

/// Calls body(0) ... body(items - 1), each exactly once, on up to `threads` threads, this one included, and
/// returns when all are done. Which thread takes which item is left open, so the items must not depend on each
/// other. While another computation holds the threads, all items run on the calling one. What an item throws on the
/// calling thread comes out, and the items that nobody has begun are left; on another thread it ends the program.
void parallel_for(int threads, int64_t items, const ItemBody& body);

}  // namespace convscope
