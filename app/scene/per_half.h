// What builders remember from frame to frame, once for each half of a picture of two: one half must not forget what the
// other one needs in the next frame.
#pragma once

#include <array>
#include <cstddef>

namespace convscope {

/// The half that is being built by this thread; 0 where there is one picture only.
inline size_t& half_being_built() {
  thread_local size_t half = 0;
  return half;
}

class HalfScope {
 public:
  explicit HalfScope(size_t half) : before_(half_being_built()) { half_being_built() = half; }
  ~HalfScope() { half_being_built() = before_; }
  HalfScope(const HalfScope&) = delete;
  HalfScope& operator=(const HalfScope&) = delete;

 private:
  size_t before_;
};

template <class Kept>
class PerHalf {
 public:
  Kept& now() { return kept_[half_being_built()]; }

 private:
  std::array<Kept, 2> kept_;
};

}  // namespace convscope
