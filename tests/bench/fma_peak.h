// What the processor could do at most: the measure of every GFLOP/s beside it.
#pragma once

#include <string_view>

namespace convscope::bench {

/// Floating-point operations a second of `threads` threads that do nothing but multiply and add in registers, with the
/// instruction set of that name (see simd_targets()): a multiply-add counts as two. Takes some milliseconds. With
/// `cpu_clock` a second is one of this process, whatever others do meanwhile.
double peak_flops(std::string_view target, int threads, bool cpu_clock);

}  // namespace convscope::bench
