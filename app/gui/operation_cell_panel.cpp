// "Cell" for transposed convolution and pooling: what the current cell is made of, or where it goes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "app/gui/operation_panels.h"
#include "app/gui/operation_pointing.h"
#include "app/gui/widgets.h"
#include "app/scene/number_format.h"
#include "app/scene/operation_scene.h"
#include "app/scene/tensor_view.h"

namespace convscope {

namespace {

struct Words {
  std::array<char, 96> text{};
  const char* c_str() const { return text.data(); }
};

template <class... Numbers>
Words words(const char* format, Numbers... numbers) {
  Words result;
  std::snprintf(result.text.data(), result.text.size(), format, static_cast<long long>(numbers)...);
  return result;
}

Words number(double value, bool integral) {
  NumberStyle style;
  style.decimals = integral ? 0 : 4;
  style.max_chars = 11;
  style.size = 14;
  Words result;
  const int length = format_styled(value, style, result.text.data(), static_cast<int>(result.text.size()) - 1);
  result.text[static_cast<size_t>(length)] = '\0';
  return result;
}

void right_aligned(UiContext& ui, const char* text, Role role, ImFont* font) {
  const UiFont scope(font);
  const float spare = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, spare));
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(text);
  ImGui::PopStyleColor();
}

struct Column {
  const char* heading;
  Role role;
  float weight = 1;
};

/// A table whose rows `draw_cells(row)` fills; only what is in sight is drawn.
template <class DrawRow>
void draw_rows(UiContext& ui, const char* widget, std::span<const Column> columns, int rows, DrawRow draw_row) {
  constexpr float kRowsInSight = 9.4f;
  const UiFont small(ui.fonts.caption);
  const float row_height = ImGui::GetTextLineHeight() + ui.px(4);
  const float height = row_height * (std::min(static_cast<float>(rows), kRowsInSight) + 1.2f);
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(3), ui.px(2)));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp |
                                     ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersOuterH;
  if (ImGui::BeginTable(widget, static_cast<int>(columns.size()), kFlags, {0, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    for (const Column& column : columns) {
      ImGui::TableSetupColumn(column.heading, ImGuiTableColumnFlags_WidthStretch, column.weight);
    }
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    for (const Column& column : columns) {
      ImGui::TableNextColumn();
      right_aligned(ui, column.heading, column.role, ui.fonts.caption);
    }
    ImGuiListClipper clipper;
    clipper.Begin(rows);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        ImGui::TableNextRow();
        draw_row(row);
      }
    }
    ImGui::EndTable();
    ui.widgets.note_item(widget);
  }
  ImGui::PopStyleVar();
}

void cell(UiContext& ui, const Words& text, Role role) {
  ImGui::TableNextColumn();
  right_aligned(ui, text.c_str(), role, ui.fonts.caption);
}

void draw_total(UiContext& ui, const char* widget, const char* label, const char* sign, const Words& value, Role role,
                bool strong) {
  ImGui::AlignTextToFramePadding();
  ui_words(ui, label, role, strong ? ui.fonts.bold : ui.fonts.body);
  ImGui::SameLine(0, ui.px(8));
  ImFont* const digits = strong ? ui.fonts.formula : ui.fonts.mono;
  const UiFont scope(digits);
  const float width = ImGui::CalcTextSize(value.c_str()).x + ImGui::CalcTextSize(sign).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
  ui_words(ui, sign, Role::secondary, digits);
  ImGui::SameLine(0, 0);
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(value.c_str());
  ImGui::PopStyleColor();
  ui.widgets.note_item(widget);
}

Words name_of_cell(char tensor, const CellRef& ref) {
  Words result;
  std::snprintf(result.text.data(), result.text.size(), "%c[%lld, %lld, %lld, %lld]", tensor,
                static_cast<long long>(ref.n), static_cast<long long>(ref.c), static_cast<long long>(ref.y),
                static_cast<long long>(ref.x));
  return result;
}

/// The cell's name and which step it is, or that it is pointed at.
void draw_head(UiContext& ui, char tensor, const CellRef& ref, Role role, int64_t step, bool pointed) {
  const Words name = name_of_cell(tensor, ref);
  ui_chip(ui, name.c_str(), role);
  ui.widgets.note_item("cell.name");
  Words shows = words("cell.shows.%lld.%lld.%lld.%lld", ref.n, ref.c, ref.y, ref.x);
  ui.widgets.note_item(shows.c_str());
  ImGui::SameLine(0, ui.px(8));
  ImGui::AlignTextToFramePadding();
  static std::string text;
  static int64_t text_step = -1;
  static bool text_pointed = false;
  static Language text_language = Language::en;
  if (text_step != step || text_pointed != pointed || text_language != ui.language()) {
    text_step = step;
    text_pointed = pointed;
    text_language = ui.language();
    text = tr(ui.language(), pointed ? "cell.pointed" : "cell.of_step", {std::to_string(step + 1)});
  }
  ui_words(ui, text.c_str(), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 4);
}

void draw_stamp(UiContext& ui, const Computation& computation, const ConvTransposePlan& plan, int64_t step,
                bool pointed) {
  const Stamp stamp = stamp_of_step(plan, step);
  draw_head(ui, 'X', {TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x}, Role::input, step, pointed);
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
  const Words name = name_of_cell('X', {TensorId::input, stamp.n, stamp.c, stamp.y, stamp.x});
  draw_total(ui, "cell.result", name.c_str(), "= ", number(x, inputs.integral), Role::input, true);
  ImGui::PopStyleVar();
}

void draw_gathered(UiContext& ui, const Computation& computation, const ConvTransposePlan& plan, const OutputCell& at,
                   int64_t step, bool pointed) {
  static TransposedArithmetic a;
  transposed_arithmetic(plan, computation.tensors, at, a);
  const CellRef ref{TensorId::output, at.n, at.c, at.y, at.x};
  draw_head(ui, 'Y', ref, Role::output, step, pointed);
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
  ui_gap(ui, 4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  const bool whole_bias = !plan.bias || range_of(computation.tensors.bias).integral;
  draw_total(ui, "cell.sum", ui.text("cell.sum"), "", number(a.sum, whole), Role::text, false);
  if (plan.bias) {
    draw_total(ui, "cell.bias", ui.text("cell.bias"), "+ ", number(a.bias, whole_bias), Role::bias, false);
  }
  draw_total(ui, "cell.result", name_of_cell('Y', ref).c_str(), "= ", number(a.result, whole && whole_bias),
             Role::output, true);
  ImGui::PopStyleVar();
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
  draw_head(ui, 'Y', ref, Role::output, step, pointed);
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
           words(beyond                   ? "\u2014"
                 : is_max                 ? "\u2212\u221e"
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
  draw_total(ui, "cell.result", name_of_cell('Y', ref).c_str(), "= ", number(a.result, whole_result), Role::output,
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
  if (const PoolPlan* pooling = plan.pool()) {
    draw_pooled(ui, computation, *pooling, at, step, pointed);
  } else if (shown.tensor == TensorId::input) {
    draw_stamp(ui, computation, *plan.transposed(), step, pointed);
  } else {
    draw_gathered(ui, computation, *plan.transposed(), at, step, pointed);
  }
}

}  // namespace convscope
