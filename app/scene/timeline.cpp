#include "app/scene/timeline.h"

#include <algorithm>

namespace convscope {

float ease_in_out(float t) {
  t = std::clamp(t, 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

StepPhase phase_of(const Moment& moment, bool gliding) {
  StepPhase phase;
  if (!gliding) return phase;
  const float t = std::clamp(moment.phase, 0.0f, 1.0f);
  // The first step has nowhere to come from.
  phase.glide = moment.step == 0 ? 1.0f : ease_in_out(t / kGlideEnd);
  phase.products = std::clamp((t - kGlideEnd) / (kProductsEnd - kGlideEnd), 0.0f, 1.0f);
  phase.land = ease_in_out((t - kProductsEnd) / (1 - kProductsEnd));
  return phase;
}

WindowPosition window_at(const ConvPlan& plan, int64_t step, float glide) {
  const Pair to = window_origin(plan, cell_of_step(plan, step));
  WindowPosition at{static_cast<double>(to.h), static_cast<double>(to.w)};
  if (step > 0 && glide < 1) {
    const Pair from = window_origin(plan, cell_of_step(plan, step - 1));
    const double left = 1 - static_cast<double>(glide);
    at.y += static_cast<double>(from.h - to.h) * left;
    at.x += static_cast<double>(from.w - to.w) * left;
  }
  return at;
}

}  // namespace convscope
