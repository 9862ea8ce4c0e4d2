// "Cell" for transposed convolution and pooling: what the current cell is made of, or where it goes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "app/gui/cell_tables.h"
#include "app/gui/operation_panels.h"
#include "app/gui/operation_pointing.h"
#include "app/gui/widgets.h"
#include "app/scene/number_format.h"
#include "app/scene/operation_scene.h"
#include "app/scene/tensor_view.h"

namespace convscope {

namespace {

using namespace cell_tables;

/// Sum, bias and result of a cell; `whole` where all products are whole numbers.
template <class Arithmetic>
void draw_totals(UiContext& ui, const Computation& computation, bool has_bias, const char* name, const Arithmetic& a,
                 bool whole) {
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  const bool whole_bias = !has_bias || range_of(computation.tensors.bias).integral;
  draw_total(ui, "cell.sum", ui.text("cell.sum"), "", number(a.sum, whole), Role::text, false);
  if (has_bias) {
    draw_total(ui, "cell.bias", ui.text("cell.bias"), "+ ", number(a.bias, whole_bias), Role::bias, false);
  }
  draw_total(ui, "cell.result", name, "= ", number(a.result, whole && whole_bias), Role::output, true);
  ImGui::PopStyleVar();
}

void draw_stamp(UiContext& ui, const Computation& computation, const ConvTransposePlan& plan, int64_t step,
                bool pointed) {
  const Stamp stamp = stamp_of_step(plan, step);
  draw_head(ui, "X", {TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x}, Role::input, step, pointed);
  ui_words(ui, ui.text("cell.stamp"), Role::secondary, ui.fonts.caption);
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  const double x = TensorView(computation.tensors.input).at(stamp.n, stamp.c, stamp.y, stamp.x);
  const TensorView weight(computation.tensors.weight);
  const NumberRange inputs = range_of(computation.tensors.input), weights = range_of(computation.tensors.weight);
  const bool whole = inputs.integral && weights.integral,
             whole_sums = whole && range_of(computation.tensors.output).integral;
  const std::array<Column, 5> columns = {Column{"ky,kx", Role::secondary, 0.9f}, Column{"w", Role::weight},
                                         Column{"x\u00b7w", Role::text}, Column{"y", Role::output, 0.9f},
                                         Column{"\u03a3", Role::output}};
  draw_rows(ui, "cell.stamp", columns, static_cast<int>(std::min<int64_t>(plan.windows.taps(), 1 << 24)), [&](int row) {
    const int64_t ky = row / width.kernel, kx = row % width.kernel;
    const int64_t y = height.cell(stamp.y, ky), to_x = width.cell(stamp.x, kx);
    const bool inside = y >= 0 && y < height.extent && to_x >= 0 && to_x < width.extent;
    const double w = weight.at(stamp.c, stamp.k % plan.kernels_per_group(), ky, kx);
    const double product =
        plan.dtype == DType::float32 ? static_cast<double>(static_cast<float>(x) * static_cast<float>(w)) : x * w;
    cell(ui, words("%lld,%lld", ky, kx), Role::secondary);
    cell(ui, number(w, weights.integral), Role::weight);
    cell(ui, number(product, whole), inside ? Role::text : Role::secondary);
    if (inside) {
      const PartialSum sum = partial_sum(plan, computation.tensors, {stamp.n, stamp.k, y, to_x}, step + 1);
      cell(ui, words("%lld,%lld", y, to_x), Role::output);
      cell(ui, number(sum.value, whole_sums), Role::output);
    } else {
      cell(ui, words("\u2014"), Role::secondary);
      cell(ui, words("\u2014"), Role::secondary);
    }
  });
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  const Words name = name_of_cell("X", {TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x});
  draw_total(ui, "cell.result", name.c_str(), "= ", number(x, inputs.integral), Role::input, true);
  ImGui::PopStyleVar();
}

void draw_gathered(UiContext& ui, const Computation& computation, const ConvTransposePlan& plan, const OutputCell& at,
                   int64_t step, bool pointed) {
  static TransposedArithmetic a;
  transposed_arithmetic(plan, computation.tensors, at, a);
  const CellRef ref{TensorId::output, at.n, at.c, at.y, at.x};
  draw_head(ui, "Y", ref, Role::output, step, pointed);
  const NumberRange inputs = range_of(computation.tensors.input), weights = range_of(computation.tensors.weight);
  const bool whole = inputs.integral && weights.integral;
  const bool channels = plan.channels_per_group() > 1;
  if (a.values.empty()) {
    ui_words(ui, ui.text("cell.no_stamp"), Role::secondary, ui.fonts.caption);
  } else {
    const std::array<Column, 6> columns = {Column{channels ? "c,y,x" : "y,x", Role::input, 0.9f},
                                           Column{"ky,kx", Role::weight, 0.8f},
                                           Column{"x", Role::input},
                                           Column{"w", Role::weight},
                                           Column{"x\u00b7w", Role::text},
                                           Column{"\u03a3", Role::output}};
    draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<size_t>(a.values.size(), 1u << 24)), [&](int row) {
      const Contribution& one = a.values[static_cast<size_t>(row)];
      cell(ui, channels ? words("%lld,%lld,%lld", one.c, one.y, one.x) : words("%lld,%lld", one.y, one.x),
           Role::secondary);
      cell(ui, words("%lld,%lld", one.ky, one.kx), Role::secondary);
      cell(ui, number(one.input, inputs.integral), Role::input);
      cell(ui, number(one.weight, weights.integral), Role::weight);
      cell(ui, number(one.product, whole), Role::text);
      cell(ui, number(one.partial, whole), Role::secondary);
    });
  }
  draw_totals(ui, computation, plan.bias, name_of_cell("Y", ref).c_str(), a, whole);
}

void draw_volume(UiContext& ui, const Computation& computation, const ConvNdPlan& plan, int64_t step, bool pointed) {
  static CellArithmetic a;
  const VolumeCell at = volume_cell_of_step(plan, step);
  volume_arithmetic(plan, computation.tensors, at, a);
  const Words name = words("Y[%lld, %lld, %lld, %lld, %lld]", at.n, at.c, at.d, at.y, at.x);
  draw_head(ui, name, words("cell.shows.%lld.%lld.%lld.%lld.%lld", at.n, at.c, at.d, at.y, at.x), Role::output, step,
            pointed);
  const NumberRange inputs = range_of(computation.tensors.input), weights = range_of(computation.tensors.weight);
  const bool whole = inputs.integral && weights.integral, channels = plan.channels_per_group() > 1;
  const std::array<Column, 6> columns = {Column{channels ? "c,d,y,x" : "d,y,x", Role::input, 1.1f},
                                         Column{"kd,ky,kx", Role::weight, 1.1f},
                                         Column{"x", Role::input, 0.8f},
                                         Column{"w", Role::weight, 0.8f},
                                         Column{"x\u00b7w", Role::text, 0.9f},
                                         Column{"\u03a3", Role::output, 0.9f}};
  draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<size_t>(a.values.size(), 1u << 24)), [&](int row) {
    const VolumeTap tap = volume_tap_of(plan, at, row);
    const TapValues& one = a.values[static_cast<size_t>(row)];
    cell(ui,
         channels ? words("%lld,%lld,%lld,%lld", tap.c, tap.d, tap.y, tap.x)
                  : words("%lld,%lld,%lld", tap.d, tap.y, tap.x),
         Role::secondary);
    cell(ui, words("%lld,%lld,%lld", tap.kd, tap.ky, tap.kx), Role::secondary);
    cell(ui, number(one.input, inputs.integral), tap.reads_zero() ? Role::secondary : Role::input);
    cell(ui, number(one.weight, weights.integral), Role::weight);
    cell(ui, number(one.product, whole), Role::text);
    cell(ui, number(one.partial, whole), Role::secondary);
  });
  draw_totals(ui, computation, plan.bias, name.c_str(), a, whole);
}

const char* divisor_key(const PoolPlan& plan, const PoolArithmetic& a) {
  if (plan.divisor_override) return "cell.divisor_override";
  if (!plan.count_include_pad) return "cell.divisor_real";
  const bool padded = a.real < a.divisor, beyond = a.divisor < plan.windows.taps();
  if (beyond) return "cell.divisor_beyond";
  return padded ? "cell.divisor_padded" : "cell.divisor_window";
}

void draw_pooled(UiContext& ui, const Computation& computation, const PoolPlan& plan, const OutputCell& at,
                 int64_t step, bool pointed) {
  const PoolArithmetic& a = pooled_cell(computation, at);
  const CellRef ref{TensorId::output, at.n, at.c, at.y, at.x};
  draw_head(ui, "Y", ref, Role::output, step, pointed);
  const bool whole = range_of(computation.tensors.input).integral;
  const bool is_max = plan.kind == PoolKind::max;
  const std::array<Column, 4> columns = {Column{"ky,kx", Role::secondary, 0.8f}, Column{"y,x", Role::input, 0.8f},
                                         Column{"x", Role::input}, Column{is_max ? "max" : "\u03a3", Role::output}};
  draw_rows(ui, "cell.list", columns, static_cast<int>(std::min<size_t>(a.taps.size(), 1u << 24)), [&](int row) {
    const PoolTap& tap = a.taps[static_cast<size_t>(row)];
    const bool wins = row == a.winner;
    if (wins) ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg1, ui_tint32(ui, Role::output));
    cell(ui, words("%lld,%lld", tap.ky, tap.kx), Role::secondary);
    cell(ui, words("%lld,%lld", tap.y, tap.x), Role::secondary);
    if (tap.place == TapPlace::input) {
      cell(ui, number(tap.value, whole), wins ? Role::output : Role::input);
    } else {
      const bool beyond = tap.place == TapPlace::beyond;
      cell(ui,
           words(beyond                                            ? "\u2014"
                 : is_max                                          ? "\u2212\u221e"
                 : plan.count_include_pad || plan.divisor_override ? "0"
                                                                   : "\u2014"),
           Role::secondary);
    }
    if (is_max) {
      cell(ui, std::isinf(tap.partial) && tap.partial < 0 ? words("\u2212\u221e") : number(tap.partial, whole),
           wins ? Role::output : Role::secondary);
    } else {
      cell(ui, number(tap.partial, whole), Role::secondary);
    }
  });
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  if (!is_max) {
    draw_total(ui, "cell.sum", ui.text("cell.pool_sum"), "", number(a.sum, whole), Role::text, false);
    draw_total(ui, "cell.divisor", ui.text("cell.divisor"), "/ ", words("%lld", a.divisor), Role::text, false);
  }
  const bool whole_result = whole && a.result == std::floor(a.result);
  draw_total(ui, "cell.result", name_of_cell("Y", ref).c_str(), "= ", number(a.result, whole_result), Role::output,
             true);
  ImGui::PopStyleVar();
  if (!is_max) {
    ui_words(ui, ui.text(divisor_key(plan, a)), Role::secondary, ui.fonts.caption);
  } else if (a.ties > 1) {
    ui_words(ui, ui.text("cell.ties"), Role::secondary, ui.fonts.caption);
  }
}

}  // namespace

void draw_operation_cell_panel(UiContext& ui, const Computation& computation) {
  const OperationPlan& plan = computation.plan;
  const Lens lens = ui.session().lens;
  const int64_t count = step_count(plan, lens);
  if (!computation.tensors.output.defined() || count < 1) {
    ui_words(ui, ui.text("cell.none"), Role::secondary);
    return;
  }
  ui.shows("\u00d7\u00b7\u03a3\u2212\u221e\u2014");
  const int64_t now = std::clamp<int64_t>(ui.playback.moment().step, 0, count - 1);
  CellRef shown = cell_of_step(plan, lens, now);
  if (ui.hovered) {
    const CellRef own = own_cell(plan, lens, *ui.hovered);
    const bool scatters = plan.transposed() != nullptr && lens != Lens::gather;
    const bool answers = own.tensor == TensorId::output || (scatters && own.tensor == TensorId::input);
    if (answers && step_of(plan, lens, *ui.hovered, now)) shown = own;
  }
  const OutputCell at{shown.n, shown.c, shown.y, shown.x};
  const int64_t step = step_of(plan, lens, shown, now).value_or(now);
  const bool pointed = shown != cell_of_step(plan, lens, now);
  if (const ConvNdPlan* volume = plan.volume()) {
    draw_volume(ui, computation, *volume, step, pointed);
  } else if (const PoolPlan* pooling = plan.pool()) {
    draw_pooled(ui, computation, *pooling, at, step, pointed);
  } else if (shown.tensor == TensorId::input) {
    draw_stamp(ui, computation, *plan.transposed(), step, pointed);
  } else {
    draw_gathered(ui, computation, *plan.transposed(), at, step, pointed);
  }
}

}  // namespace convscope
