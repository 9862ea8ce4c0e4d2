// Time: which step is shown and how far it has come.
#pragma once

#include <cstdint>

namespace convscope {

/// Position in the animation. step counts from 0 here; phase 0 to 1 runs through the step: the kernel glides until
/// kGlideEnd, the products appear until kProductsEnd, the sum lands in its cell until 1.
struct Moment {
  int64_t step = 0;
  float phase = 1.0f;
  bool operator==(const Moment&) const = default;
};

inline constexpr float kGlideEnd = 0.6f;
inline constexpr float kProductsEnd = 0.8f;
/// From this speed on the kernel jumps and leaves a trail.
inline constexpr double kJumpStepsPerSecond = 8.0;

/// The player behind the timeline's buttons.
class Playback {
 public:
  bool playing() const { return playing_; }
  /// Playing from the last step starts again at the first.
  void play(int64_t step_count);
  void pause();
  void toggle(int64_t step_count);
  /// Jumps; the step is shown completed (phase 1). Clamps.
  void go_to(int64_t step, int64_t step_count);
  void first(int64_t step_count) { go_to(0, step_count); }
  void last(int64_t step_count) { go_to(step_count - 1, step_count); }
  /// A step by hand glides too, over `1 / steps_per_second`, unless motion is reduced.
  void forward(int64_t step_count, bool glide);
  void back(int64_t step_count);
  /// Lets `seconds` pass. At the end it stops, or starts again when looping.
  void advance(double seconds, double steps_per_second, bool loop, int64_t step_count);

  const Moment& moment() const { return moment_; }

 private:
  Moment moment_;
  bool playing_ = false;
  bool gliding_ = false;  // finishing a single step by hand
};

}  // namespace convscope
