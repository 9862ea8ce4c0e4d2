// A small tensor as a grid of fields: one channel at a time, typed, pasted and copied.
#pragma once

#include <cstdint>
#include <string_view>

#include "app/gui/ui_context.h"

namespace convscope {

/// Slices with more rows or columns are too large for a grid of fields.
inline constexpr int64_t kMaxEditorSide = 32;

/// Draws the editor of the input, weight, bias or grad_output of the last good computation. Cells are registered as "NAME.cell.Y.X"
/// (the bias: "NAME.cell.I"), the slice's selectors as "NAME.outer" and "NAME.channel", the clipboard's buttons as
/// "NAME.copy" and "NAME.paste". Enter and Tab move on, the arrow keys up and down move between rows.
void draw_tensor_editor(UiContext& ui, std::string_view name, TensorId tensor);

}  // namespace convscope
