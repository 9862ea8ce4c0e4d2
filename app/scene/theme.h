// Colours of roles. The only place where a colour is written.
#pragma once

#include <cstdint>

#include "app/scene/scene.h"
#include "app/session/session.h"

namespace convscope {

/// sRGB, straight alpha, 0 to 1.
struct Color {
  float r = 0, g = 0, b = 0, a = 1;
};

/// Colours of one role: look.md's table. `line` for frames and text, `full` and `tint` for fills, `positive` and
/// `negative` the ends of its diverging scale (the middle is `Theme::zero`).
struct RoleColors {
  Color line, full, tint, on_full, positive, negative;
};

struct Theme {
  ThemeId id;
  RoleColors roles[15];
  Color zero;    // zero of diverging scales
  Color shade;   // of Fill::shade, with its 40 % alpha
  const RoleColors& of(Role role) const { return roles[static_cast<int>(role)]; }
};

const Theme& theme(ThemeId id);

/// Colour of a box's fill as the renderers must draw it (value scale, lightness and opacity applied).
Color fill_color(const Theme& theme, const Mark& mark);
Color line_color(const Theme& theme, const Mark& mark);
/// Colour of text drawn over a fill: readable at 4.5:1.
Color ink_on(const Theme& theme, Color fill);

}  // namespace convscope
