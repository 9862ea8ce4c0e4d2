#include "engine/receptive_field.h"

#include <numeric>

#include "engine/checked_math.h"

namespace convscope {

namespace {

/// Pieces that all fields of a chain, or all levels of one cell, may consist of together: a few milliseconds' work.
constexpr int64_t kBudget = int64_t{1} << 20;

Error too_scattered() { return Error{"error.field_too_scattered", "dilation", {std::to_string(kBudget)}}; }

int64_t out_of(const WindowLayer& layer, const WindowAxis& axis) {
  return layer.transposes() ? axis.extent : axis.count;
}
int64_t in_of(const WindowLayer& layer, const WindowAxis& axis) {
  return layer.transposes() ? axis.count : axis.extent;
}

/// One step back through a layer: from cells of its output to those of its input.
std::optional<CellRuns> step_back(const WindowLayer& layer, const WindowAxis& axis, const CellRuns& cells,
                                  int64_t& budget) {
  return layer.transposes() ? windows_over(axis, cells, budget) : cells_under(axis, cells, budget);
}

/// After how many cells of the last layer's output the fields repeat, shifted by whole cells at every level. Going
/// back, a shift is multiplied by a direct layer's stride and must be divisible by a transposed one's.
std::optional<int64_t> period_of(const LayerChain& chain, const std::vector<Windows>& windows, int axis) {
  int64_t period = 1;
  Fraction shift{1, 1};
  for (size_t layer = windows.size(); layer-- > 0;) {
    const int64_t stride = windows[layer].axis(axis).stride;
    const std::optional<Fraction> next =
        checked_mul(shift, chain.layers[layer].transposes() ? Fraction{1, stride} : Fraction{stride, 1});
    if (!next) return std::nullopt;
    shift = *next;
    const std::optional<int64_t> longer = checked_mul(period, shift.denominator / std::gcd(period, shift.denominator));
    if (!longer) return std::nullopt;
    period = *longer;
  }
  return period;
}

/// The largest and the smallest field of any cell, found by following one of each kind; false when this is more work
/// than `budget` allows.
bool follow_all_kinds(const LayerChain& chain, const std::vector<Windows>& windows, int axis, int64_t& budget,
                      FieldAxis& field) {
  const std::optional<int64_t> period = period_of(chain, windows, axis);
  if (!period || *period > budget) return false;
  field.size = 0;
  field.smallest = INT64_MAX;
  for (int64_t cell = 0; cell < *period; ++cell) {
    CellRuns cells{{cell, cell}};
    for (size_t layer = windows.size(); layer-- > 0;) {
      // The step itself counts as well: an empty set must not be carried along for nothing.
      if (--budget < 0) return false;
      std::optional<CellRuns> back = step_back(chain.layers[layer], windows[layer].axis(axis), cells, budget);
      if (!back) return false;
      cells = *std::move(back);
    }
    const int64_t extent = cells.empty() ? 0 : cells.back().last - cells.front().first + 1;
    field.size = std::max(field.size, extent);
    field.smallest = std::min(field.smallest, extent);
  }
  return true;
}

/// From the field before the layer to the one behind it; empty where a number does not fit. The sizes are known in
/// closed form where all layers are direct: then the stride before is whole.
std::optional<FieldAxis> step_forward(const WindowLayer& layer, const WindowAxis& axis, const FieldAxis& before,
                                      bool all_direct) {
  FieldAxis field;
  field.output_size = out_of(layer, axis);
  // A transposed or a ceil_mode window may be longer than any size that its gate had to add up.
  std::optional<int64_t> reach = checked_mul(axis.dilation, axis.kernel - 1);
  if (reach) reach = checked_add(*reach, 1);
  if (!reach) return std::nullopt;
  field.effective_kernel = *reach;
  // Where the centre of output cell 0 lies among the layer's input cells: in the middle of its window, or, transposed,
  // in the middle of the windows that reach it.
  std::optional<int64_t> twice = checked_mul(axis.pad_begin, 2);
  if (twice) twice = checked_sub(field.effective_kernel - 1, *twice);
  if (!twice) return std::nullopt;
  const Fraction step = layer.transposes() ? Fraction{1, axis.stride} : Fraction{axis.stride, 1};
  std::optional<Fraction> offset = fraction(layer.transposes() ? -*twice : *twice, 2);
  if (layer.transposes()) offset = checked_mul(*offset, step);
  if (offset) offset = checked_mul(*offset, before.stride);
  const std::optional<Fraction> center = offset ? checked_add(before.center, *offset) : std::nullopt;
  const std::optional<Fraction> stride = checked_mul(before.stride, step);
  if (!center || !stride) return std::nullopt;
  field.center = *center;
  field.stride = *stride;
  if (!all_direct) return field;
  const std::optional<int64_t> more = checked_mul(field.effective_kernel - 1, before.stride.numerator);
  const std::optional<int64_t> size = more ? checked_add(before.size, *more) : std::nullopt;
  if (!size) return std::nullopt;
  field.size = field.smallest = *size;
  return field;
}

/// start and overlap, once the size is known.
bool complete(FieldAxis& field) {
  const std::optional<Fraction> start = checked_add(field.center, fraction(1 - field.size, 2));
  const std::optional<Fraction> overlap =
      checked_add(Fraction{field.size, 1}, Fraction{-field.stride.numerator, field.stride.denominator});
  if (!start || !overlap) return false;
  field.start = *start;
  field.overlap = *overlap;
  return true;
}

SeenAxis seen_axis(const CellRuns& unclipped, CellRuns cells, CellRuns read, int64_t extent) {
  SeenAxis seen;
  seen.cells = std::move(cells);
  seen.read = std::move(read);
  if (unclipped.empty()) return seen;
  seen.unclipped = CellRun{unclipped.front().first, unclipped.back().last};
  const auto [first, last] = *seen.unclipped;
  seen.padding_before = first >= 0 ? 0 : std::min<int64_t>(last, -1) - first + 1;
  seen.padding_after = last < extent ? 0 : last - std::max(first, extent) + 1;
  return seen;
}

}  // namespace

ChainFields chain_fields(const LayerChain& chain) {
  ChainFields fields;
  if (!chain.input_size.all_at_least(1)) {
    fields.error = Error{"error.chain_input_size", "input_size", {chain.input_size.to_string_by()}};
    return fields;
  }
  const auto count = static_cast<int64_t>(chain.layers.size());
  if (count > kMaxChainLayers) {
    fields.error = Error{"error.chain_too_long", "layers", {std::to_string(count), std::to_string(kMaxChainLayers)}};
    return fields;
  }
  int64_t budget = kBudget;
  Spatial size = chain.input_size;
  LayerField before;
  before.axes.resize(static_cast<size_t>(chain.dims));
  bool has_transposed = false;
  for (const WindowLayer& layer : chain.layers) {
    const Result<LayerPlan> plan = validate(layer, size);
    if (!plan) {
      fields.error = plan.error();
      return fields;
    }
    has_transposed = has_transposed || layer.transposes();
    fields.windows.push_back(windows_of(*plan));
    LayerField after;
    for (int i = 0; i < chain.dims; ++i) {
      const WindowAxis& axis = fields.windows.back().axis(i);
      std::optional<FieldAxis> field = step_forward(layer, axis, before.axes[static_cast<size_t>(i)], !has_transposed);
      if (field && has_transposed && !follow_all_kinds(chain, fields.windows, i, budget, *field)) {
        fields.windows.pop_back();
        fields.error = too_scattered();
        return fields;
      }
      if (!field || !complete(*field)) {
        fields.windows.pop_back();
        fields.error = size_overflow("receptive field");
        return fields;
      }
      size[i] = field->output_size;
      after.axes.push_back(*field);
    }
    fields.layers.push_back(after);
    before = std::move(after);
  }
  return fields;
}

Spatial level_size(const LayerChain& chain, const ChainFields& fields, int level) {
  Spatial size = chain.input_size;
  if (level == 0) return size;
  const LayerField& layer = fields.layers[static_cast<size_t>(level) - 1];
  for (int i = 0; i < chain.dims; ++i) size[i] = layer.axes[static_cast<size_t>(i)].output_size;
  return size;
}

namespace {

std::optional<Error> outside(const Spatial& cell, const Spatial& size) {
  bool inside = true;
  for (int i = 0; i < size.dims(); ++i) inside = inside && cell[i] >= 0 && cell[i] < size[i];
  if (inside) return std::nullopt;
  return Error{"error.cell_outside", "cell", {cell.to_string(), size.to_string_by()}};
}

}  // namespace

Result<std::vector<SeenLevel>> seen_by(const LayerChain& chain, const ChainFields& fields, int layer,
                                       const Spatial& cell) {
  const auto levels = static_cast<size_t>(layer) + 2;
  const Spatial size = level_size(chain, fields, layer + 1);
  if (std::optional<Error> error = outside(cell, size)) return *std::move(error);

  std::vector<SeenLevel> seen(levels);
  for (SeenLevel& level : seen) level.axes.resize(static_cast<size_t>(chain.dims));
  int64_t budget = kBudget;
  for (int i = 0; i < chain.dims; ++i) {
    const auto axis_index = static_cast<size_t>(i);
    CellRuns unclipped{{cell[i], cell[i]}};
    CellRuns cells = unclipped;
    seen[levels - 1].axes[axis_index] = seen_axis(unclipped, cells, cells, size[i]);
    for (size_t level = levels - 1; level-- > 0;) {
      const WindowLayer& through = chain.layers[level];
      const WindowAxis& axis = fields.windows[level].axis(i);
      std::optional<CellRuns> endless = step_back(through, axis, unclipped, budget);
      std::optional<CellRuns> all = step_back(through, axis, cells, budget);
      if (!endless || !all) return too_scattered();
      unclipped = *std::move(endless);
      cells = clipped(*all, in_of(through, axis));
      // A transposed layer has no padding around its input: windows outside of it are nothing at all.
      seen[level].axes[axis_index] =
          seen_axis(unclipped, cells, through.transposes() ? cells : *std::move(all), in_of(through, axis));
    }
  }
  return seen;
}

Result<std::vector<std::vector<CellRuns>>> reached_from(const LayerChain& chain, const ChainFields& fields, int level,
                                                        const Spatial& cell) {
  if (std::optional<Error> error = outside(cell, level_size(chain, fields, level))) return *std::move(error);
  const size_t first = static_cast<size_t>(level), last = fields.layers.size();
  std::vector<std::vector<CellRuns>> reached(last - first + 1);
  for (auto& axes : reached) axes.resize(static_cast<size_t>(chain.dims));
  int64_t budget = kBudget;
  for (int i = 0; i < chain.dims; ++i) {
    CellRuns cells{{cell[i], cell[i]}};
    for (size_t at = first; at < last; ++at) {
      reached[at - first][static_cast<size_t>(i)] = cells;
      const WindowLayer& through = chain.layers[at];
      const WindowAxis& axis = fields.windows[at].axis(i);
      const std::optional<CellRuns> next =
          through.transposes() ? cells_under(axis, cells, budget) : windows_over(axis, cells, budget);
      if (!next) return too_scattered();
      cells = clipped(*next, out_of(through, axis));
    }
    reached[last - first][static_cast<size_t>(i)] = std::move(cells);
  }
  return reached;
}

}  // namespace convscope
