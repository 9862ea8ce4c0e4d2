// What the panels show in the lens of receptive fields; for the panels of the same names alone.
#pragma once

#include "app/gui/ui_context.h"
#include "app/session/computation.h"

namespace convscope {

/// The layer (from 0) that is open in the table of the chain; below 0 for none.
int selected_chain_layer();

/// The receptive field's formula, and how it grows in one layer: the one that is pointed at, else the open one, else the
/// last.
void draw_field_size(UiContext& ui);

/// What the cell that the step or the pointer is on sees at every level of the chain.
void draw_field_cell_panel(UiContext& ui, const Computation& computation);

}  // namespace convscope
