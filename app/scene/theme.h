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
  Color zero;   // zero of diverging scales
  Color shade;  // of Fill::shade, with its 40 % alpha
  const RoleColors& of(Role role) const { return roles[static_cast<int>(role)]; }
};

const Theme& theme(ThemeId id);

/// Colour of a box's fill as the renderers must draw it (value scale, lightness and opacity applied; transparent for
/// Fill::none). Of Fill::hatch it is the colour of the diagonal lines.
Color fill_color(const Theme& theme, const Mark& mark);
/// Colour of outlines, lines, arrows and texts, opacity applied; a text's is chosen for the fill that it stands on.
Color line_color(const Theme& theme, const Mark& mark);
/// A point of a role's diverging scale, value from -1 to 1: what rasters look up.
Color scale_color(const Theme& theme, Role role, float value);
/// Role of a tensor's cells, for rasters.
Role role_of(TensorId id);
/// `top` with its alpha over an opaque `bottom`.
Color composed(Color top, Color bottom);
/// Contrast of two opaque colours as WCAG 2 defines it, 1 to 21.
double contrast(Color a, Color b);
/// Colour of text drawn over a fill: readable at 4.5:1.
Color ink_on(const Theme& theme, Color fill);

}  // namespace convscope
