// What a lens leaves to those who look at it: a button in the picture's corner.
#pragma once

#include "app/gui/ui_context.h"
#include "app/scene/scene.h"

namespace convscope {

/// Whether a lens leaves anything to choose.
bool has_picture_options(Lens lens);

/// The button and its choices, in a corner at the right of the picture, the lower one where titles stand above; nothing
/// for lenses without any.
void draw_picture_options(UiContext& ui, const Box& picture, bool has_titles);

}  // namespace convscope
