// Integer division that rounds one way whatever the sign.
#pragma once

#include <cstdint>

namespace convscope {

/// floor(a / b) and ceil(a / b) for b > 0. Nothing is added first: `a` may be as large as int64_t holds.
constexpr int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
constexpr int64_t ceil_divide(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// The multiple of `to` that is not below a.
constexpr int64_t round_up(int64_t a, int64_t to) { return ceil_divide(a, to) * to; }

}  // namespace convscope
