// What part of a step a moment shows: where the kernel is on its way, which products are out, whether the sum has
// landed.
#pragma once

#include "app/session/playback.h"
#include "engine/trace.h"

namespace convscope {

/// Slow, fast, slow, from 0 to 1.
float ease_in_out(float t);

struct StepPhase {
  float glide = 1;     // eased: 0 at the last position, 1 at this one
  float products = 1;  // share of the products that are out
  float land = 1;      // eased: 0 at the sum, 1 in its cell
  bool arrived() const { return glide >= 1; }
  bool landed() const { return land >= 1; }
};

/// `gliding` is off when motion is reduced or steps follow too fast: everything is then in its place at once.
StepPhase phase_of(const Moment& moment, bool gliding);

/// Upper left corner of the window in unpadded input coordinates on its way from the step before.
struct WindowPosition {
  double y = 0, x = 0;
};
WindowPosition window_at(const ConvPlan& plan, int64_t step, float glide);

}  // namespace convscope
