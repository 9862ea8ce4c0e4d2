// What the cells of the gradient lens are and hold.
#pragma once

#include <string>

#include "app/scene/scene.h"
#include "app/session/computation.h"

namespace convscope {

/// "dX[0, 0, 2, 3] = 3 \u2192 9": a gradient after the step (from 0) and, where that is another number, in the end; of
/// learning the kernels' cells and the loss. Empty for everything else and for cells outside.
std::string describe_gradient_cell(const Computation& computation, const CellRef& cell, int64_t step);

/// What a cell of dX, dW or db holds once `steps` steps are through. The cell is one of the plan's.
double gradient_so_far(const Computation& computation, const CellRef& cell, int64_t steps);

}  // namespace convscope
