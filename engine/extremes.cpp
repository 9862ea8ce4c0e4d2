// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/extremes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/extremes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
Extremes<T> extremes(const T* data, int64_t count) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr T kLargest = std::numeric_limits<T>::max();
  const V largest = hn::Set(d, kLargest), smallest = hn::Set(d, -kLargest);
  V low = largest, high = smallest, least = largest;
  auto fractions = hn::FirstN(d, 0);

  const auto read = [&](V v) {
    const V m = hn::Abs(v);
    const auto finite = hn::Le(m, largest);  // not for nan either
    low = hn::Min(low, hn::IfThenElse(finite, v, largest));
    high = hn::Max(high, hn::IfThenElse(finite, v, smallest));
    least = hn::Min(least, hn::IfThenElse(hn::And(finite, hn::Gt(m, hn::Zero(d))), m, largest));
    fractions = hn::Or(fractions, hn::And(finite, hn::Ne(hn::Trunc(m), m)));
  };
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) read(hn::LoadU(d, data + i));
  if (i < count) {
    // The rest, filled up with its first number, which changes nothing.
    HWY_ALIGN T rest[hn::MaxLanes(d)];
    std::fill_n(rest, lanes, data[i]);
    std::copy(data + i, data + count, rest);
    read(hn::Load(d, rest));
  }

  Extremes<T> found;
  found.low = hn::GetLane(hn::MinOfLanes(d, low));
  found.high = hn::GetLane(hn::MaxOfLanes(d, high));
  if (found.low > found.high) return {};  // nothing finite
  const T smallest_magnitude = hn::GetLane(hn::MinOfLanes(d, least));
  // The largest number of all may be a magnitude too.
  const bool has_magnitude = found.low != 0 || found.high != 0;
  found.least = has_magnitude ? smallest_magnitude : 0;
  found.whole = hn::AllFalse(d, fractions);
  return found;
}

Extremes<float> extremes_float(const float* data, int64_t count) { return extremes(data, count); }
Extremes<double> extremes_double(const double* data, int64_t count) { return extremes(data, count); }

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(extremes_float);
HWY_EXPORT(extremes_double);

template <>
Extremes<float> extremes_of<float>(const float* data, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(extremes_float)(data, count);
}

template <>
Extremes<double> extremes_of<double>(const double* data, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(extremes_double)(data, count);
}

}  // namespace convscope

#endif  // HWY_ONCE
