// Whether two scenes come out as the same pixels.
#pragma once

#include "app/scene/scene.h"

namespace convscope {

/// True only where every renderer must draw both alike; costs a pass over the marks, no drawing.
bool same_picture(const Scene& a, const Scene& b);

}  // namespace convscope
