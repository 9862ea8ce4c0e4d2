#include "app/gui/operation_pointing.h"

#include <algorithm>

#include "app/gui/picture_area.h"
#include "app/scene/field_trace.h"
#include "app/scene/operation_scene.h"

namespace convscope {

namespace {

CellRef as_ref(TensorId tensor, const OutputCell& cell) { return {tensor, cell.n, cell.c, cell.y, cell.x}; }

/// Gathering and pooling look like direct convolutions, whose steps are theirs.
std::optional<ConvPlan> direct_plan(const OperationPlan& plan, Lens lens) {
  if (plan.pool() != nullptr) return pool_geometry(*plan.pool());
  if (plan.transposed() != nullptr && lens == Lens::gather) return gather_plan(*plan.transposed());
  return std::nullopt;
}

bool inside(const WindowAxis& axis, int64_t cell) { return cell >= 0 && cell < axis.extent; }

/// The stamp whose middle comes nearest to an output cell, or the input cell's own.
std::optional<int64_t> stamp_step(const ConvTransposePlan& plan, const CellRef& cell, int64_t current_step) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  Stamp stamp = stamp_of_step(plan, std::clamp<int64_t>(current_step, 0, stamp_count(plan) - 1));
  stamp.n = cell.n;
  if (cell.n < 0 || cell.n >= plan.batch) return std::nullopt;
  if (cell.tensor == TensorId::input) {
    if (cell.c < 0 || cell.c >= plan.in_channels || cell.y < 0 || cell.y >= height.count || cell.x < 0 ||
        cell.x >= width.count) {
      return std::nullopt;
    }
    // The output channel stays where the input channel belongs to it.
    const int64_t group = cell.c / plan.channels_per_group();
    if (stamp.k / plan.kernels_per_group() != group) stamp.k = group * plan.kernels_per_group();
    stamp.c = cell.c;
    stamp.y = cell.y;
    stamp.x = cell.x;
    return step_of_stamp(plan, stamp);
  }
  if (cell.tensor != TensorId::output || cell.c < 0 || cell.c >= plan.out_channels || !inside(height, cell.y) ||
      !inside(width, cell.x)) {
    return std::nullopt;
  }
  const auto nearest = [](const WindowAxis& axis, int64_t at) {
    const int64_t origin = at + axis.pad_begin - (axis.effective_kernel() - 1) / 2;
    return std::clamp<int64_t>(origin <= 0 ? 0 : (2 * origin + axis.stride) / (2 * axis.stride), 0, axis.count - 1);
  };
  const int64_t group = cell.c / plan.kernels_per_group();
  if (stamp.c / plan.channels_per_group() != group) stamp.c = group * plan.channels_per_group();
  stamp.k = cell.c;
  stamp.y = nearest(height, cell.y);
  stamp.x = nearest(width, cell.x);
  return step_of_stamp(plan, stamp);
}

/// An output cell's own step, or that of the window whose middle comes nearest to an input cell, in the output channel
/// of now where that reads the cell.
std::optional<int64_t> volume_step(const ConvNdPlan& plan, const CellRef& shown, int64_t current_step) {
  const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
  VolumeCell wanted = volume_cell_of_step(plan, std::clamp<int64_t>(current_step, 0, plan.output_cells() - 1));
  if (shown.n < 0) return std::nullopt;
  if (shown.tensor == TensorId::output) {
    wanted = {shown.n / plan.out_channels, shown.n % plan.out_channels, shown.c, shown.y, shown.x};
  } else if (shown.tensor == TensorId::input) {
    const auto nearest = [](const WindowAxis& axis, int64_t at) {
      const int64_t origin = at + axis.pad_begin - (axis.effective_kernel() - 1) / 2;
      return std::clamp<int64_t>(origin < 0 ? 0 : (2 * origin + axis.stride) / (2 * axis.stride), 0, axis.count - 1);
    };
    wanted.n = shown.n / plan.in_channels;
    const int64_t group = shown.n % plan.in_channels / plan.channels_per_group();
    if (wanted.c / plan.kernels_per_group() != group) wanted.c = group * plan.kernels_per_group();
    wanted.d = nearest(depth, shown.c);
    wanted.y = nearest(height, shown.y);
    wanted.x = nearest(width, shown.x);
  } else {
    return std::nullopt;
  }
  const auto counted = [](const WindowAxis& axis, int64_t at) { return at >= 0 && at < axis.count; };
  if (wanted.n >= plan.batch || !counted(depth, wanted.d) || !counted(height, wanted.y) || !counted(width, wanted.x)) {
    return std::nullopt;
  }
  return step_of_volume_cell(plan, wanted);
}

}  // namespace

CellIndex index_of_cell(const OperationPlan& plan, const CellRef& cell) {
  const ConvNdPlan* const volume = plan.volume();
  if (volume == nullptr || cell.tensor == TensorId::bias) return {{cell.n, cell.c, cell.y, cell.x}, 4};
  const int64_t channels = cell.tensor == TensorId::weight  ? volume->channels_per_group()
                           : cell.tensor == TensorId::input ? volume->in_channels
                                                            : volume->out_channels;
  return {{cell.n / channels, cell.n % channels, cell.c, cell.y, cell.x}, 5};
}

std::optional<int64_t> step_of(const OperationPlan& plan, Lens lens, const CellRef& shown, int64_t current_step) {
  if (lens == Lens::receptive_field) {
    const std::optional<ChainCell> cell = plan.chain() ? chain_cell(*plan.chain(), shown) : std::nullopt;
    if (!cell || cell->level != plan.chain()->last_level()) return std::nullopt;
    return plan.chain()->step_of_cell(cell->cell);
  }
  if (lens == Lens::gradient && plan.learning_steps() > 0) {
    // A point of the loss' curve.
    return shown.tensor == TensorId::loss ? std::optional<int64_t>(shown.x) : std::nullopt;
  }
  if (plan.conv2d() != nullptr) return step_of(*plan.conv2d(), shown, current_step);
  if (plan.volume() != nullptr) return volume_step(*plan.volume(), shown, current_step);
  if (const std::optional<ConvPlan> direct = direct_plan(plan, lens)) return step_of(*direct, shown, current_step);
  return stamp_step(*plan.transposed(), shown, current_step);
}

bool is_current_cell(const OperationPlan& plan, Lens lens, const CellRef& shown, int64_t current_step) {
  if (lens == Lens::receptive_field) return step_of(plan, lens, shown, current_step) == current_step;
  if (const std::optional<ConvPlan> direct = direct_plan(plan, lens)) {
    if (shown.tensor != TensorId::input) return step_of(*direct, shown, current_step) == current_step;
    const OutputCell output = cell_of_step(*direct, current_step);
    const Pair origin = window_origin(*direct, output), reach = direct->effective_kernel();
    return shown.n == output.n && shown.y >= origin.h && shown.y < origin.h + reach.h && shown.x >= origin.w &&
           shown.x < origin.w + reach.w;
  }
  if (const ConvNdPlan* volume = plan.volume()) {
    const VolumeCell cell = volume_cell_of_step(*volume, current_step);
    if (shown.tensor != TensorId::input) return volume_step(*volume, shown, current_step) == current_step;
    const auto in_window = [](const WindowAxis& axis, int64_t window, int64_t at) {
      const int64_t distance = at - axis.cell(window, 0);
      return distance >= 0 && distance < axis.effective_kernel();
    };
    return shown.n / volume->in_channels == cell.n && in_window(volume->windows.depth(), cell.d, shown.c) &&
           in_window(volume->windows.height(), cell.y, shown.y) && in_window(volume->windows.width(), cell.x, shown.x);
  }
  if (plan.transposed() == nullptr) return false;
  const Stamp stamp = stamp_of_step(*plan.transposed(), current_step);
  if (shown.tensor == TensorId::input) {
    return shown == CellRef{TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x};
  }
  const Pair origin = stamp_origin(*plan.transposed(), stamp);
  const Windows& windows = plan.transposed()->windows;
  return shown.tensor == TensorId::output && shown.n == stamp.n && shown.c == stamp.k && shown.y >= origin.h &&
         shown.y < origin.h + windows.height().effective_kernel() && shown.x >= origin.w &&
         shown.x < origin.w + windows.width().effective_kernel();
}

CellRef cell_of_step(const OperationPlan& plan, Lens lens, int64_t step) {
  if (lens == Lens::receptive_field) {
    const ChainPlanPtr& chain = plan.chain();
    if (!chain) return {};
    return ref_of(*chain, chain->last_level(), chain->cell_of_step(std::clamp<int64_t>(step, 0, chain->steps() - 1)));
  }
  if (plan.conv2d() != nullptr) return as_ref(TensorId::output, cell_of_step(*plan.conv2d(), step));
  if (plan.volume() != nullptr) {
    return as_ref(TensorId::output, cell_of_step(slab_of(*plan.volume()), step));
  }
  if (const std::optional<ConvPlan> direct = direct_plan(plan, lens)) {
    return as_ref(TensorId::output, cell_of_step(*direct, step));
  }
  const Stamp stamp = stamp_of_step(*plan.transposed(), step);
  return {TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x};
}

const char* blank_cell_key(const OperationPlan& plan, Lens lens, const CellRef& shown) {
  if (const PoolPlan* pooling = plan.pool()) {
    const WindowAxis &height = pooling->windows.height(), &width = pooling->windows.width();
    if (shown.y >= height.extent + height.pad_end || shown.x >= width.extent + width.pad_end) {
      return "picture.beyond_cell";
    }
    return pooling->kind == PoolKind::max ? "picture.padding_cell_max" : "picture.padding_cell";
  }
  if (plan.transposed() != nullptr && lens == Lens::gather) {
    const Pair in = gather_plan(*plan.transposed()).in;
    const bool between = shown.y >= 0 && shown.y < in.h && shown.x >= 0 && shown.x < in.w;
    return between ? "picture.inserted_cell" : "picture.border_cell";
  }
  return "picture.padding_cell";
}

}  // namespace convscope
