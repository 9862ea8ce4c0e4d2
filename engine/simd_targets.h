#pragma once

// The instruction sets that the kernels are compiled for; included before hwy/foreach_target.h by every file that is
// compiled once for each of them, so that the switch in gemm.h forces the same one everywhere.
//
// Left out: instruction sets that bring nothing over their predecessor here (SSSE3, the later AVX-512s; bits that an
// older Highway does not know are ignored) and SVE, whose vectors cannot stand in arrays.
#define HWY_DISABLED_TARGETS ((1LL << 4) | (1LL << 6) | (1LL << 7) | (1LL << 12) | (15LL << 24))
