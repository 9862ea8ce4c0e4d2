// Dear ImGui's style in the colours and measures of the house.
#pragma once

#include "app/scene/theme.h"

namespace convscope {

/// Sets ImGui's style for a theme at `scale` device pixels per logical pixel.
void apply_style(const Theme& theme, float scale);

}  // namespace convscope
