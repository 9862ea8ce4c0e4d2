// What a scale has to know of many numbers, found in one pass at the speed of memory.
#pragma once

#include <cstdint>

namespace convscope {

/// Of the finite numbers only; all zero where there are none.
template <class T>
struct Extremes {
  T low = 0, high = 0;
  T least = 0;        // smallest magnitude that is not zero; 0 where all are zero
  bool whole = true;  // no number has a fraction
};

/// float and double are instantiated.
template <class T>
Extremes<T> extremes_of(const T* data, int64_t count);

}  // namespace convscope
