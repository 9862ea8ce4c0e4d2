// The parts of the parameters panel, one file each; for parameters_panel.cpp alone.
#pragma once

#include "app/gui/edits.h"
#include "app/gui/ui_context.h"
#include "engine/result.h"

namespace convscope {

/// The constructor call on top: written from the parameters, read back while it is typed. Wrong text stays with its
/// error beneath it and changes nothing.
void draw_constructor_field(UiContext& ui);

/// One widget per argument of Conv2d, from conv_param_specs(), each with its help and its error.
void draw_argument_fields(UiContext& ui);

/// Sources and numbers of the three tensors.
void draw_input_fields(UiContext& ui);
void draw_kernel_fields(UiContext& ui);
void draw_bias_fields(UiContext& ui);

/// Which algorithm computes the output, and the comparison of all of them.
void draw_algorithm_fields(UiContext& ui);

/// What typed numbers are carried over from.
inline LastGood last_good(const UiContext& ui) { return LastGood(ui.workbench.computation()); }

}  // namespace convscope
