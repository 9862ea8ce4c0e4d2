// The lens of receptive fields: a chain of layers, and what a cell of its last layer sees at every level.
#pragma once

#include <string>

#include "app/scene/sentence.h"
#include "app/session/chain_plan.h"

namespace convscope {

/// What build_scene() does for this lens, whatever the session's operation.
void build_field_scene(const SceneRequest& request, Scene& scene);

/// "Step 5 of 9: [1, 1] of conv2 sees rows 0 to 4 and columns 0 to 4 of the input, 25 cells". Nothing without a chain.
void append_field_sentence(std::string& out, Language language, const ChainPlanPtr& chain, int64_t step);
/// A line as long as the longest of them.
const std::string& longest_field_sentence(Language language, const ChainPlanPtr& chain);
/// "receptive field = 1 + 2*1 + 2*1 = 5": the sum over the layers. Remembered between frames of the same chain.
const FormulaWords& field_formula_words(Language language, const ChainPlanPtr& chain);

/// What a cell of any level is, sees and reaches, for the words beside the pointer: "conv1[2, 3] sees 3x3 cells of the
/// input and reaches 9 of conv2". Empty for cells that are not there.
std::string field_cell_words(Language language, const ChainPlanPtr& chain, const CellRef& cell);

/// "conv1", or words for the input and for layers without a name.
std::string level_name(Language language, const ChainPlan& chain, int level);

}  // namespace convscope
