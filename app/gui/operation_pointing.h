// What the cells of a picture mean to the mouse, whatever the operation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "app/scene/scene.h"
#include "app/session/operation_plan.h"

namespace convscope {

/// The step (from 0) that a cell of the picture stands for: the cell's own, or the one whose stamp or window lies
/// around it. Nothing for weights, bias and what lies outside. Of conv2d as step_of() of picture_area.h.
std::optional<int64_t> step_of(const OperationPlan& plan, Lens lens, const CellRef& shown, int64_t current_step);

/// What a tensor's own index of a cell is: of a volume (n, c, d, y, x), whose references count channels through.
struct CellIndex {
  std::array<int64_t, 5> at{};
  int count = 4;
};
CellIndex index_of_cell(const OperationPlan& plan, const CellRef& cell);

/// Whether the cell lies in the current window or stamp, or is the current cell; not for conv2d's own lenses.
bool is_current_cell(const OperationPlan& plan, Lens lens, const CellRef& shown, int64_t current_step);

/// The cell that the timeline names at a step; of no tensor where the lens has nothing to show.
CellRef cell_of_step(const OperationPlan& plan, Lens lens, int64_t step);

/// What a cell of X is that is in no tensor: key of the language files.
const char* blank_cell_key(const OperationPlan& plan, Lens lens, const CellRef& shown);

}  // namespace convscope
