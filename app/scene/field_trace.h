// What one cell of a chain of layers lights in its picture: back to the input, and forward to the last layer.
#pragma once

#include <optional>
#include <vector>

#include "app/scene/scene.h"
#include "app/session/chain_plan.h"

namespace convscope {

/// Lit cells of a level: each of `rows` with each of `cols`. Nothing where one of them is empty.
struct LitLevel {
  CellRuns rows, cols;
  /// The same with the padding that is read as zeros; of what a cell reaches no more than the cells.
  CellRuns read_rows, read_cols;
  int64_t slice = 0;  // of a chain of three axes: the sheet in the middle of those that are lit
  bool lit() const { return !read_rows.empty() && !read_cols.empty(); }
};

/// Of one cell: at its own level and before it what it sees, behind it what sees it.
struct FieldTrace {
  ChainPlanPtr chain;
  int level = 0;
  Spatial cell;
  std::vector<LitLevel> levels;  // one for each level of the chain; empty where following it is too much work
  /// As the engine has it, for levels 0 to `level`; empty for a cell of the input.
  std::vector<SeenLevel> seen;
  std::vector<std::vector<CellRuns>> reached;  // levels `level` to the last
  bool known() const { return !levels.empty(); }
};

/// Remembered for the last cell asked for: what the timeline is on, and what is pointed at.
const FieldTrace& trace_of_step(const ChainPlanPtr& chain, int64_t step);
const FieldTrace& trace_of_pointed(const ChainPlanPtr& chain, int level, const Spatial& cell);

/// The cell of the chain that a reference of a picture names; nothing where there is no such cell.
struct ChainCell {
  int level = 0;
  Spatial cell;
};
std::optional<ChainCell> chain_cell(const ChainPlan& chain, const CellRef& ref);
CellRef ref_of(const ChainPlan& chain, int level, const Spatial& cell);

}  // namespace convscope
