#include "app/scene/field_trace.h"

#include "app/scene/per_half.h"

namespace convscope {
namespace {

// The runs of one of the two axes that are drawn; a chain of one axis has a single row.
template <class Get>
CellRuns drawn(int axis, const Get& get) {
  return axis < 0 ? CellRuns{{0, 0}} : get(static_cast<size_t>(axis));
}

// The sheet in the middle of the lit ones.
int64_t middle(const CellRuns& runs) {
  int64_t before = count_cells(runs) / 2;
  for (const CellRun& run : runs) {
    const int64_t count = run.last - run.first + 1;
    if (before < count) return run.first + before;
    before -= count;
  }
  return 0;
}

void follow(const ChainPlanPtr& chain, int level, const Spatial& cell, FieldTrace& trace) {
  trace = {chain, level, cell, {}, {}, {}};
  const ChainPlan& plan = *chain;
  if (level > 0) {
    Result<std::vector<SeenLevel>> seen = seen_by(plan.chain, plan.fields, level - 1, cell);
    if (!seen) return;
    trace.seen = *std::move(seen);
  }
  Result<std::vector<std::vector<CellRuns>>> reached = reached_from(plan.chain, plan.fields, level, cell);
  if (!reached) return;
  trace.reached = *std::move(reached);
  trace.levels.resize(static_cast<size_t>(plan.levels()));
  for (int at = 0; at < plan.levels(); ++at) {
    LitLevel& lit = trace.levels[static_cast<size_t>(at)];
    if (at < level) {
      const std::vector<SeenAxis>& axes = trace.seen[static_cast<size_t>(at)].axes;
      lit.rows = drawn(plan.row_axis(), [&](size_t axis) { return axes[axis].cells; });
      lit.cols = drawn(plan.col_axis(), [&](size_t axis) { return axes[axis].cells; });
      lit.read_rows = drawn(plan.row_axis(), [&](size_t axis) { return axes[axis].read; });
      lit.read_cols = drawn(plan.col_axis(), [&](size_t axis) { return axes[axis].read; });
      if (plan.chain.dims == 3) lit.slice = middle(axes[0].cells);
    } else {
      const std::vector<CellRuns>& axes = trace.reached[static_cast<size_t>(at - level)];
      lit.read_rows = lit.rows = drawn(plan.row_axis(), [&](size_t axis) { return axes[axis]; });
      lit.read_cols = lit.cols = drawn(plan.col_axis(), [&](size_t axis) { return axes[axis]; });
      if (plan.chain.dims == 3) lit.slice = middle(axes[0]);
    }
  }
}

const FieldTrace& remembered(FieldTrace& kept, const ChainPlanPtr& chain, int level, const Spatial& cell) {
  if (kept.chain != chain || kept.level != level || !(kept.cell == cell)) follow(chain, level, cell, kept);
  return kept;
}

}  // namespace

const FieldTrace& trace_of_step(const ChainPlanPtr& chain, int64_t step) {
  thread_local PerHalf<FieldTrace> kept;
  return remembered(kept.now(), chain, chain->last_level(), chain->cell_of_step(step));
}

const FieldTrace& trace_of_pointed(const ChainPlanPtr& chain, int level, const Spatial& cell) {
  thread_local PerHalf<FieldTrace> kept;
  return remembered(kept.now(), chain, level, cell);
}

std::optional<ChainCell> chain_cell(const ChainPlan& chain, const CellRef& ref) {
  if (ref.tensor != TensorId::level || ref.c < 0 || ref.c >= chain.levels()) return std::nullopt;
  const int level = static_cast<int>(ref.c);
  const auto inside = [](int64_t value, int64_t end) { return value >= 0 && value < end; };
  if (!inside(ref.n, chain.slices(level)) || !inside(ref.y, chain.rows(level)) || !inside(ref.x, chain.cols(level))) {
    return std::nullopt;
  }
  return ChainCell{level, chain.cell_at(ref.n, ref.y, ref.x)};
}

CellRef ref_of(const ChainPlan& chain, int level, const Spatial& cell) {
  const int dims = chain.chain.dims;
  return {TensorId::level, dims == 3 ? cell[0] : 0, level, dims == 1 ? 0 : cell[dims - 2], cell[dims - 1]};
}

}  // namespace convscope
