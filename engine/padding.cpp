#include "engine/padding.h"

#include <algorithm>

namespace convscope {

int64_t source_index(int64_t i, int64_t n, PaddingMode mode) {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case PaddingMode::zeros:
      return kZeroPadding;
    case PaddingMode::reflect:  // the border cell itself is the mirror: it is not repeated
      return i < 0 ? -i : 2 * (n - 1) - i;
    case PaddingMode::replicate:
      return std::clamp<int64_t>(i, 0, n - 1);
    case PaddingMode::circular:
      return i < 0 ? i + n : i - n;
  }
  return kZeroPadding;
}

}  // namespace convscope
