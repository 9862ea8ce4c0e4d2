#include "app/session/playback.h"

#include <algorithm>
#include <cmath>

namespace convscope {

void Playback::play(int64_t step_count) {
  // From the end a listener wants to see it again, not to be told that it is over.
  if (moment_.step >= step_count - 1 && moment_.phase >= 1.0f) moment_ = {0, 0.0f};
  gliding_ = false;
  playing_ = true;
}

void Playback::pause() {
  playing_ = false;
  gliding_ = false;
  moment_.phase = 1.0f;
}

void Playback::toggle(int64_t step_count) {
  if (playing_) {
    pause();
  } else {
    play(step_count);
  }
}

void Playback::go_to(int64_t step, int64_t step_count) {
  moment_ = {std::clamp<int64_t>(step, 0, std::max<int64_t>(step_count, 1) - 1), 1.0f};
  gliding_ = false;
}

void Playback::forward(int64_t step_count, bool glide) {
  playing_ = false;
  const int64_t next = moment_.step + 1;
  if (next >= step_count || !glide) {
    go_to(next, step_count);
    return;
  }
  moment_ = {next, 0.0f};
  gliding_ = true;
}

void Playback::back(int64_t step_count) {
  playing_ = false;
  go_to(moment_.step - 1, step_count);
}

void Playback::advance(double seconds, double steps_per_second, bool loop, int64_t step_count) {
  const int64_t count = std::max<int64_t>(step_count, 1);
  // The session may have become shorter since the last frame.
  if (moment_.step >= count) moment_ = {count - 1, 1.0f};
  if ((!playing_ && !gliding_) || !(seconds > 0) || !(steps_per_second > 0)) return;

  // A phase of 1 still belongs to its step, so the step changes when it is passed, not when it is reached.
  const double phase = static_cast<double>(moment_.phase) + seconds * steps_per_second;
  const double whole_steps = std::ceil(phase) - 1;
  if (gliding_) {
    if (whole_steps >= 1) gliding_ = false;
    moment_.phase = static_cast<float>(std::min(phase, 1.0));
    return;
  }
  if (whole_steps < 1) {
    moment_.phase = static_cast<float>(phase);
    return;
  }
  const double left = static_cast<double>(count - 1 - moment_.step);
  if (whole_steps <= left) {
    moment_.step += static_cast<int64_t>(whole_steps);
    moment_.phase = static_cast<float>(phase - whole_steps);
  } else if (loop) {
    const double beyond = std::fmod(whole_steps - left - 1, static_cast<double>(count));
    moment_.step = std::clamp<int64_t>(static_cast<int64_t>(beyond), 0, count - 1);
    moment_.phase = static_cast<float>(phase - whole_steps);
  } else {
    moment_ = {count - 1, 1.0f};
    playing_ = false;
  }
}

}  // namespace convscope
