#include "engine/row_taps.h"

#include <algorithm>
#include <numeric>

namespace convscope {

WindowRange windows_on_cells(const WindowAxis& axis, int64_t tap, int64_t first, int64_t count) {
  // Where window 0's tap stands: all that follows are further right.
  const int64_t place = axis.cell(0, tap);
  if (axis.count == 1) {
    const bool is_inside = place >= 0 && place < axis.extent && first == 0 && count > 0;
    return is_inside ? WindowRange{0, 1} : WindowRange{first, first};
  }
  const int64_t begin = place >= 0 ? 0 : ceil_divide(-place, axis.stride);
  const int64_t end = place >= axis.extent ? 0 : floor_divide(axis.extent - 1 - place, axis.stride) + 1;
  const WindowRange range{std::max(begin, first), std::min(end, first + count)};
  return range.begin < range.end ? range : WindowRange{first, first};
}

// A single window is not strided; its stride may be as large as int64_t holds.
RowTaps::RowTaps(const WindowAxis& axis, int64_t count)
    : extent_(axis.extent), count_(count), stride_(axis.count == 1 ? 1 : axis.stride) {
  const auto taps = static_cast<size_t>(axis.kernel);
  offsets_.resize(taps);

  struct Stretch {
    int64_t phase = 0, low = 0, high = 0;  // cells phase + stride * [low, high] hold the taps of the first window
  };
  std::vector<Stretch> stretches;
  std::vector<size_t> stretch_of(taps);
  int64_t together = 0;  // numbers of the stretches
  // Every so many taps the remainder comes again.
  const auto period = static_cast<size_t>(stride_ / std::gcd(stride_, axis.dilation));
  for (size_t s = 0; s < taps; ++s) {
    const int64_t place = axis.cell(0, static_cast<int64_t>(s));
    const int64_t step = floor_divide(place, stride_), phase = place - step * stride_;
    const size_t i = s < period ? s : stretch_of[s - period];
    if (i == stretches.size()) {
      stretches.push_back({phase, step, step});
      together += count;
    } else {
      together += std::max<int64_t>(0, step - stretches[i].high);  // places grow from tap to tap
      stretches[i].high = std::max(stretches[i].high, step);
    }
    stretch_of[s] = i;
    if (together > axis.kernel * count) break;
  }
  const bool shared = together <= axis.kernel * count;
  const auto add = [&](int64_t place, int64_t length) {
    segments_.push_back({width_, length, place});
    width_ += length;
  };
  if (shared) {
    for (const Stretch& stretch : stretches) {
      add(stretch.phase + stretch.low * stride_, stretch.high - stretch.low + count);
    }
    for (size_t s = 0; s < taps; ++s) {
      const Stretch& stretch = stretches[stretch_of[s]];
      const int64_t step = floor_divide(axis.cell(0, static_cast<int64_t>(s)), stride_);
      offsets_[s] = segments_[stretch_of[s]].at + step - stretch.low;
    }
    return;
  }
  for (size_t s = 0; s < taps; ++s) {
    offsets_[s] = width_;
    add(axis.cell(0, static_cast<int64_t>(s)), count);
  }
}

}  // namespace convscope
