// Whether numbers are numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace convscope {

/// Whether none of them is infinite or NaN.
template <class T>
bool all_finite(const T* numbers, int64_t count) {
  // Read as whole numbers, which a compiler adds up many at a time. The exponent of infinities and NaN is all ones: one
  // more carries into the place of the sign.
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
  constexpr Bits kExponentUnit = Bits{1} << (sizeof(T) == 4 ? 23 : 52);
  Bits all = 0;
  for (int64_t i = 0; i < count; ++i) all |= (std::bit_cast<Bits>(numbers[i]) & ~kSign) + kExponentUnit;
  return (all & kSign) == 0;
}

}  // namespace convscope
