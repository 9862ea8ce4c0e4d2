// Which moment each frame of a clip shows.
#pragma once

#include <cstdint>

#include "app/session/playback.h"

namespace convscope {

/// Frames of equal length over a range of steps, then a pause on the last one.
///
/// Frame i of the moving part shows the time at its end, (i + 1) / moving_frames of the range: the last frame of every
/// step shows it completed, with or without a pause, and a clip has exactly steps x seconds x fps frames.
struct ClipClock {
  int64_t first_step = 0;  // from 0
  int64_t steps = 1;
  int64_t moving_frames = 1;
  int64_t pause_frames = 0;

  int64_t frames() const { return moving_frames + pause_frames; }
  Moment moment(int64_t frame) const {
    if (frame >= moving_frames) return {first_step + steps - 1, 1.0f};
    __extension__ using Wide = __int128;
    const Wide position = static_cast<Wide>(frame + 1) * steps;
    const int64_t step = static_cast<int64_t>((position - 1) / moving_frames);
    // several steps a frame: the one reached is shown completed
    if (steps >= moving_frames) return {first_step + step, 1.0f};
    const Wide within = position - static_cast<Wide>(step) * moving_frames;
    return {first_step + step, static_cast<float>(static_cast<double>(within) / static_cast<double>(moving_frames))};
  }
};

}  // namespace convscope
