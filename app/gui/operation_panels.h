// What the panels show of transposed convolution and pooling; for the panels of the same names alone.
#pragma once

#include "app/gui/ui_context.h"

namespace convscope {

/// The size formula of the session's operation, in symbols and in numbers, below a title at height `title`; with or
/// without the table of its quantities, whose height is returned.
float draw_operation_size(UiContext& ui, bool with_table, float title);

/// The arithmetic of the gradient lens: what the step's cell of dY adds, or what the gradient under the pointer is the
/// sum of; of learning the step from one kernel to the next.
void draw_gradient_cell_panel(UiContext& ui, const Computation& computation);

/// The arithmetic of the cell that the step or the pointer is on.
void draw_operation_cell_panel(UiContext& ui, const Computation& computation);

}  // namespace convscope
