// Counts operator new on the calling thread; the driver's own threads are none of our business.
#pragma once

namespace convscope::test {

long allocations_so_far();

}  // namespace convscope::test
