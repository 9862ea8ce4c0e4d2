#include "tests/support/count_allocations.h"

#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
thread_local long allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace convscope::test {

bool allocations_are_counted() { return true; }
long allocations_so_far() { return allocations; }

}  // namespace convscope::test

#else

// Sanitizers have an operator new of their own.
namespace convscope::test {

bool allocations_are_counted() { return false; }
long allocations_so_far() { return 0; }

}  // namespace convscope::test

#endif
