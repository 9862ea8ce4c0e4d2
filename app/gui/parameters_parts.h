// The parts of the parameters panel, one file each; for parameters_panel.cpp alone.
#pragma once

#include "app/gui/edits.h"
#include "app/gui/ui_context.h"
#include "app/gui/widgets.h"
#include "engine/result.h"

namespace convscope {

/// The constructor call on top: written from the parameters, read back while it is typed. Wrong text stays with its
/// error beneath it and changes nothing.
void draw_constructor_field(UiContext& ui);

/// One widget per argument of Conv2d, from conv_param_specs(), each with its help and its error.
void draw_argument_fields(UiContext& ui);

/// Which operation this is, above its arguments.
void draw_operation_field(UiContext& ui);
/// Whether the session's operation has that argument of Conv2d.
bool takes_argument(std::string_view operation, std::string_view argument);
/// The arguments that Conv2d has not and that follow `argument` in the operation's signature.
void draw_more_fields(UiContext& ui, std::string_view argument);
/// Height and width, as one number while they are linked; the new pair when it was changed.
std::optional<Pair> draw_pair_fields(UiContext& ui, std::string_view argument, Pair pair, StepperOptions options);
/// Whether `field` of an error is one of the arguments that Conv2d has not.
bool is_more_field(std::string_view field);

/// Sources and numbers of the three tensors.
void draw_input_fields(UiContext& ui);
void draw_kernel_fields(UiContext& ui);
void draw_bias_fields(UiContext& ui);

/// Where backward() begins, and learning by gradient descent.
void draw_gradient_fields(UiContext& ui);
/// Whether `field` of an error is one of theirs.
bool is_gradient_field(std::string_view field);

/// Which algorithm computes the output, and the comparison of all of them.
void draw_algorithm_fields(UiContext& ui);

/// What typed numbers are carried over from.
inline LastGood last_good(const UiContext& ui) { return LastGood(ui.workbench.computation()); }

}  // namespace convscope
