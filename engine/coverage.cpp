#include "engine/coverage.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "engine/division.h"

namespace convscope {
namespace {

// The inverse of a modulo m, for a and m without a common divisor.
int64_t inverse_of(int64_t a, int64_t m) {
  int64_t r0 = m, r1 = a % m, t0 = 0, t1 = 1;
  while (r1 != 0) {
    const int64_t q = r0 / r1;
    r0 = std::exchange(r1, r0 - q * r1);
    t0 = std::exchange(t1, t0 - q * t1);
  }
  return (t0 % m + m) % m;
}

// Strides may be as large as sizes: their product needs more than 64 bits.
int64_t multiply_modulo(int64_t a, int64_t b, int64_t m) {
  return static_cast<int64_t>(static_cast<__int128>(a) * b % m);
}

}  // namespace

// Taps low to high, each `residue` modulo the period, of the positions that read the padded place `at`.
struct AxisCoverage::Taps {
  int64_t at = 0, low = 0, high = -1, residue = 0;
};

AxisCoverage::AxisCoverage(const ConvPlan& plan, bool horizontal)
    : extent_(horizontal ? plan.in.w : plan.in.h),
      begin_(horizontal ? plan.pads.left : plan.pads.top),
      end_(horizontal ? plan.pads.right : plan.pads.bottom),
      stride_(horizontal ? plan.stride.w : plan.stride.h),
      dilation_(horizontal ? plan.dilation.w : plan.dilation.h),
      kernel_(horizontal ? plan.kernel.w : plan.kernel.h),
      out_(horizontal ? plan.out.w : plan.out.h),
      mode_(plan.padding_mode) {
  common_ = std::gcd(stride_, dilation_);
  period_ = stride_ / common_;
  inverse_ = period_ > 1 ? inverse_of(dilation_ / common_, period_) : 0;
  least_ = windows(0);
  for (int64_t i = 0; i < extent_; ++i) {
    const int64_t here = windows(i);
    least_ = std::min(least_, here);
    most_ = std::max(most_, here);
    used_ += here > 0 ? 1 : 0;
  }
}

// A position o reads the place with tap k where o * stride + k * dilation = place, both in their ranges.
AxisCoverage::Taps AxisCoverage::taps_at(int64_t place) const {
  Taps taps;
  taps.at = place;
  if (place < 0 || place % common_ != 0) return taps;
  taps.low = std::max<int64_t>(0, ceil_divide(place - (out_ - 1) * stride_, dilation_));
  taps.high = std::min(kernel_ - 1, place / dilation_);
  taps.residue = period_ > 1 ? multiply_modulo(place / common_ % period_, inverse_, period_) : 0;
  return taps;
}

int64_t AxisCoverage::count(int64_t low, int64_t high, int64_t residue) const {
  if (high < low) return 0;
  return floor_divide(high - residue, period_) - floor_divide(low - 1 - residue, period_);
}

int64_t AxisCoverage::windows(int64_t i) const {
  if (mode_ == PaddingMode::replicate) {
    // The ends stand for all of the padding beyond them; a window reads them when its first or last tap gets that far.
    if (extent_ == 1) return out_;
    if (i == 0) return std::min(out_, begin_ / stride_ + 1);
    if (i == extent_ - 1) {
      const int64_t reach = (kernel_ - 1) * dilation_;
      return std::max<int64_t>(0, out_ - std::max<int64_t>(0, ceil_divide(extent_ - 1 + begin_ - reach, stride_)));
    }
  }
  // The cell itself and its copies: at most one before and one behind it.
  std::array<Taps, 3> places;
  size_t used = 0;
  const auto add = [&](int64_t at) {
    const bool inside = at >= -begin_ && at < extent_ + end_;
    if (!inside) return;
    const Taps taps = taps_at(at + begin_);
    if (taps.low <= taps.high) places[used++] = taps;
  };
  add(i);
  if (mode_ == PaddingMode::reflect) {
    if (i > 0) add(-i);
    if (i < extent_ - 1) add(2 * (extent_ - 1) - i);
  } else if (mode_ == PaddingMode::circular) {
    add(i - extent_);
    add(i + extent_);
  }
  // A position that reads several of them counts once. One that reads two with taps k and l has k - l = their distance
  // in dilations; of three, all three.
  const auto both = [&](const Taps& a, const Taps& b) -> Taps {
    Taps shared = a;
    shared.high = shared.low - 1;
    if ((a.at - b.at) % dilation_ != 0) return shared;
    const int64_t distance = (a.at - b.at) / dilation_;
    shared.low = std::max(a.low, b.low + distance);
    shared.high = std::min(a.high, b.high + distance);
    return shared;
  };
  const auto count_of = [&](const Taps& taps) { return count(taps.low, taps.high, taps.residue); };
  int64_t windows = 0;
  for (size_t a = 0; a < used; ++a) {
    windows += count_of(places[a]);
    for (size_t b = a + 1; b < used; ++b) windows -= count_of(both(places[a], places[b]));
  }
  if (used == 3) windows += count_of(both(both(places[0], places[1]), places[2]));
  return windows;
}

}  // namespace convscope
