// Counts operator new on the calling thread; the driver's own threads are none of our business.
#pragma once

namespace convscope::test {

/// False under sanitizers, which have an operator new of their own.
bool allocations_are_counted();
long allocations_so_far();

}  // namespace convscope::test
