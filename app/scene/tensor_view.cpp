#include "app/scene/tensor_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "engine/extremes.h"

namespace convscope {
namespace {

constexpr int64_t kMaxRead = int64_t{8} << 20;

// Smaller tensors have no outliers: each of their values counts.
constexpr int64_t kMinForPercentile = 4096, kMaxForPercentile = int64_t{1} << 15;
constexpr double kPercentile = 0.995;

// The magnitude that kPercentile of evenly spaced elements stay below.
template <class T>
double strong_magnitude(const T* data, int64_t count) {
  std::vector<T> magnitudes;
  magnitudes.reserve(static_cast<size_t>(kMaxForPercentile) + 1);
  // An odd distance does not walk down one column of a picture.
  const int64_t stride = (count / kMaxForPercentile + 1) | 1;
  for (int64_t i = 0; i < count; i += stride) {
    const T v = std::abs(data[i]);
    if (v <= std::numeric_limits<T>::max()) magnitudes.push_back(v);
  }
  if (magnitudes.empty()) return 0;
  const auto at = static_cast<size_t>(kPercentile * static_cast<double>(magnitudes.size() - 1));
  std::nth_element(magnitudes.begin(), magnitudes.begin() + static_cast<std::ptrdiff_t>(at), magnitudes.end());
  return static_cast<double>(magnitudes[at]);
}

template <class T>
Extremes<T> thinned_extremes(const T* data, int64_t count, int64_t stride) {
  std::vector<T> read;
  read.reserve(static_cast<size_t>(count / stride) + 1);
  for (int64_t i = 0; i < count; i += stride) read.push_back(data[i]);
  return extremes_of(read.data(), std::ssize(read));
}

template <class T>
NumberRange read_range(const T* data, int64_t count) {
  const int64_t stride = std::max<int64_t>(1, count / kMaxRead);
  const Extremes<T> found = stride == 1 ? extremes_of(data, count) : thinned_extremes(data, count, stride);
  NumberRange range;
  range.min = static_cast<double>(found.low);
  range.max = static_cast<double>(found.high);
  range.integral = found.whole;
  range.least = static_cast<double>(found.least);
  if (count >= kMinForPercentile) {
    const double strong = strong_magnitude(data, count);
    if (strong < 0.8 * range.max_abs()) range.strong = strong;
  }
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
