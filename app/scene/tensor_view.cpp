#include "app/scene/tensor_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace convscope {
namespace {

constexpr int64_t kMaxRead = int64_t{8} << 20;

template <class T>
NumberRange read_range(const T* data, int64_t count) {
  NumberRange range;
  const int64_t stride = std::max<int64_t>(1, count / kMaxRead);
  T low = 0, high = 0, least = 0;
  bool any = false, integral = true;
  for (int64_t i = 0; i < count; i += stride) {
    const T v = data[i];
    if (!(std::abs(v) <= std::numeric_limits<T>::max())) continue;  // nan and inf have no place on a scale
    if (!any) low = high = v;
    any = true;
    low = std::min(low, v);
    high = std::max(high, v);
    if (v != 0 && (least == 0 || std::abs(v) < least)) least = std::abs(v);
    if (integral && v != std::floor(v)) integral = false;
  }
  range.min = static_cast<double>(low);
  range.max = static_cast<double>(high);
  range.integral = integral;
  range.least = static_cast<double>(least);
  return range;
}

}  // namespace

NumberRange range_of(const Tensor& tensor) {
  if (!tensor.defined() || tensor.numel() == 0) return {};
  struct Entry {
    uint64_t identity = 0;
    uint64_t used = 0;
    NumberRange range;
  };
  // Tensors of a few computations; their identities are never used again.
  thread_local std::array<Entry, 16> entries;
  thread_local uint64_t clock = 0;
  ++clock;
  Entry* oldest = &entries[0];
  for (Entry& entry : entries) {
    if (entry.identity == tensor.identity()) {
      entry.used = clock;
      return entry.range;
    }
    if (entry.used < oldest->used) oldest = &entry;
  }
  oldest->identity = tensor.identity();
  oldest->used = clock;
  oldest->range = tensor.dtype() == DType::float32 ? read_range(tensor.data<float>(), tensor.numel())
                                                   : read_range(tensor.data<double>(), tensor.numel());
  return oldest->range;
}

}  // namespace convscope
