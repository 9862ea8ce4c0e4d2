// What changes from one picture to the next.
#pragma once

#include <functional>
#include <vector>

#include "app/render/gl_canvas.h"
#include "app/scene/scene.h"

namespace convscope {

/// The parts of a frame of width x height device pixels outside of which every renderer draws `before` and `after`
/// alike, at `scale` device pixels per logical one. They do not overlap and there are few of them; none means that the
/// pictures are the same. Costs a pass over the marks, no drawing.
std::vector<PixelBox> changed_parts(const Scene& before, const Scene& after, const TextMeasure& measure, float scale,
                                    int width, int height);

/// changed_parts() for the next frame of a window: costs no memory, gives more and larger parts, which may overlap, to
/// `found`. It expects that most marks have stayed at their places among the others.
void find_changed_parts(const Scene& before, const Scene& after, const TextMeasure& measure, float scale, int width,
                        int height, const std::function<void(const PixelBox&)>& found);

}  // namespace convscope
