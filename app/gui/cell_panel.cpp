#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "app/gui/field_panels.h"
#include "app/gui/operation_panels.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/scene/number_format.h"
#include "app/scene/sentence.h"
#include "engine/trace.h"

namespace convscope {

namespace {

/// The cell whose numbers are on show, summed once per cell and computation.
struct Memory {
  uint64_t generation = 0;
  OutputCell cell;
  CellArithmetic arithmetic;
  NumberRange inputs, weights, products;
  int64_t channel = 0;  // of the kernel grid, within the group
  std::string text;     // "step 7", as of
  int64_t text_step = -1;
  bool text_pointed = false;
  Language text_language = Language::en;
  std::string reads;  // the slice of the input, where the algorithm reads slices
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

void widen(NumberRange& range, double value) {
  if (!std::isfinite(value)) return;
  range.min = std::min(range.min, value);
  range.max = std::max(range.max, value);
  range.integral = range.integral && value == std::floor(value);
}

/// The cell under the pointer where it is an output cell, else the step's.
OutputCell cell_on_show(const UiContext& ui, const ConvPlan& plan) {
  if (ui.hovered) {
    const CellRef& ref = *ui.hovered;
    if (ref.tensor == TensorId::output) {
      const OutputCell cell{ref.n, ref.c, ref.y, ref.x};
      const bool inside = cell.n >= 0 && cell.n < plan.batch && cell.c >= 0 && cell.c < plan.out_channels &&
                          cell.y >= 0 && cell.y < plan.out.h && cell.x >= 0 && cell.x < plan.out.w;
      if (inside) return cell;
    }
    if (ref.tensor == TensorId::product && plan.positions() > 0) {
      const int64_t n = ref.y / plan.positions();
      const int64_t position = ref.y % plan.positions();
      if (ref.y >= 0 && n < plan.batch && ref.x >= 0 && ref.x < plan.out_channels) {
        return {n, ref.x, position / plan.out.w, position % plan.out.w};
      }
    }
  }
  const int64_t last = std::max<int64_t>(0, step_count(plan) - 1);
  return cell_of_step(plan, std::clamp<int64_t>(ui.playback.moment().step, 0, last));
}

void refresh(const UiContext& ui, const Computation& computation) {
  Memory& m = memory();
  const OutputCell cell = cell_on_show(ui, *computation.plan.conv2d());
  if (m.generation == computation.generation && m.cell == cell) return;
  m.generation = computation.generation;
  m.cell = cell;
  cell_arithmetic(*computation.plan.conv2d(), computation.tensors, cell, m.arithmetic);
  m.inputs = m.weights = m.products = NumberRange{};
  for (const TapValues& values : m.arithmetic.values) {
    widen(m.inputs, values.input);
    widen(m.weights, values.weight);
    widen(m.products, values.product);
  }
}

/// A number as text.
struct Number {
  std::array<char, 48> text{};
  int length = 0;
  const char* begin() const { return text.data(); }
  const char* end() const { return text.data() + length; }
};

Number number_at(double value, const NumberStyle& style) {
  Number number;
  number.length = format_styled(value, style, number.text.data(), static_cast<int>(number.text.size()) - 1);
  return number;
}

NumberStyle plain_style(const NumberRange& range) {
  NumberStyle style;
  style.decimals = range.integral ? 0 : 4;
  style.max_chars = 11;
  style.size = 14;
  return style;
}

/// Words and numbers of one cell of the grid, centred.
class CellPen {
 public:
  CellPen(UiContext& ui, ImVec2 low, ImVec2 high) : ui_(ui), low_(low), high_(high) {}

  void line(float center_y, float size, std::string_view before, Role before_role, const Number& number,
            Role role) const {
    ImFont* const font = ui_.fonts.body;
    // ImGui takes an empty range without an address for a text that ends in a NUL.
    const ImVec2 first = before.empty()
                             ? ImVec2(0, 0)
                             : font->CalcTextSizeA(size, FLT_MAX, 0, before.data(), before.data() + before.size());
    const ImVec2 second = font->CalcTextSizeA(size, FLT_MAX, 0, number.begin(), number.end());
    float x = std::floor((low_.x + high_.x - first.x - second.x) / 2);
    const float y = std::floor(center_y - size / 2);
    ImDrawList* list = ImGui::GetWindowDrawList();
    if (!before.empty()) {
      list->AddText(font, size, {x, y}, ui_color32(ui_, before_role), before.data(), before.data() + before.size());
    }
    x += first.x;
    list->AddText(font, size, {x, y}, ui_color32(ui_, role), number.begin(), number.end());
  }

 private:
  UiContext& ui_;
  ImVec2 low_, high_;
};

void dashed_rect(ImDrawList* list, ImVec2 low, ImVec2 high, ImU32 color, float dash, float thickness) {
  const auto horizontal = [&](float y) {
    for (float x = low.x; x < high.x; x += 2 * dash) {
      list->AddRectFilled({x, y}, {std::min(x + dash, high.x), y + thickness}, color);
    }
  };
  const auto vertical = [&](float x) {
    for (float y = low.y; y < high.y; y += 2 * dash) {
      list->AddRectFilled({x, y}, {x + thickness, std::min(y + dash, high.y)}, color);
    }
  };
  horizontal(low.y);
  horizontal(high.y - thickness);
  vertical(low.x);
  vertical(high.x - thickness);
}

/// The products of one input channel where the kernel has them.
void draw_grid(UiContext& ui, const Computation& computation) {
  Memory& m = memory();
  const ConvPlan& plan = *computation.plan.conv2d();
  const float gap = ui.px(2);
  const float available = ImGui::GetContentRegionAvail().x;
  const auto columns = static_cast<float>(plan.kernel.w);
  const float width = std::min(ui.px(104), std::floor((available - gap * (columns - 1)) / columns));
  if (width < ui.px(26) || plan.kernel.h > 16) {
    ui_words(ui, ui.text("cell.grid_too_large"), Role::secondary, ui.fonts.caption);
    return;
  }
  if (plan.channels_per_group() > 1) {
    ui_label(ui, "cell.channel", ui.text("cell.channel"), ui.text("cell.channel_help"));
    StepperOptions options;
    options.maximum = plan.channels_per_group() - 1;
    ui_int_stepper(ui, "cell.channel", m.channel, options);
    ui_typing_error(ui, "cell.channel");
  }
  m.channel = std::clamp<int64_t>(m.channel, 0, plan.channels_per_group() - 1);

  // Three lines when they can be read, else the products alone.
  const bool roomy = width >= ui.px(44);
  const float text = ui.fonts.caption->FontSize;
  const float height = roomy ? std::round(4.2f * text) : std::max(width, std::round(1.6f * text));
  const float digit = ui.fonts.body->GetCharAdvance('0') / ui.fonts.body->FontSize;
  constexpr float kLine = 44;  // height of a cell whose numbers are at least as tall as captions
  const auto style_for = [&](const NumberRange& range, float spare) {
    NumberStyle style = fit_numbers(range, (width - spare) / ui.scale, kLine, digit);
    style.size = std::min(style.size, 13.0f);
    return style;
  };
  const NumberStyle inputs = style_for(m.inputs, ui.px(6));
  const NumberStyle weights = style_for(m.weights, ui.px(6) + 2 * digit * text);
  const NumberStyle products = style_for(m.products, ui.px(6));
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float hair = std::max(1.0f, std::round(ui.scale));
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      const int64_t index = (m.channel * plan.kernel.h + ky) * plan.kernel.w + kx;
      const TapValues& values = m.arithmetic.values[static_cast<size_t>(index)];
      const Tap tap = tap_of(plan, m.cell, index);
      const ImVec2 low(origin.x + static_cast<float>(kx) * (width + gap),
                       origin.y + static_cast<float>(ky) * (height + gap));
      const ImVec2 high(low.x + width, low.y + height);
      if (tap.is_padding) {
        dashed_rect(list, low, high, ui_color32(ui, Role::padding, 0.8f), ui.px(4), hair);
      } else {
        list->AddRectFilled(low, high, ui_color32(ui, Role::canvas), ui.px(3));
        list->AddRect(low, high, ui_color32(ui, Role::border), ui.px(3), 0, hair);
      }
      const CellPen pen(ui, low, high);
      const float line = height / 3;
      if (roomy) {
        if (inputs.drawn()) {
          pen.line(low.y + line * 0.55f, inputs.size * ui.scale, {}, Role::text, number_at(values.input, inputs),
                   tap.is_padding ? Role::secondary : Role::input);
        }
        if (weights.drawn()) {
          pen.line(low.y + line * 1.42f, weights.size * ui.scale, "\u00d7 ", Role::secondary,
                   number_at(values.weight, weights), Role::weight);
        }
      }
      if (products.drawn()) {
        pen.line(roomy ? low.y + line * 2.45f : (low.y + high.y) / 2, products.size * ui.scale, {}, Role::text,
                 number_at(values.product, products), tap.is_padding ? Role::secondary : Role::text);
      }
      if (roomy) {
        const float y = std::floor(low.y + line * 1.94f);
        list->AddRectFilled({low.x + width * 0.18f, y}, {high.x - width * 0.18f, y + hair},
                            ui_color32(ui, Role::border));
      }
    }
  }
  ImGui::Dummy({width * columns + gap * (columns - 1), (height + gap) * static_cast<float>(plan.kernel.h) - gap});
  ui.widgets.note_item("cell.grid");
}

void right_aligned(UiContext& ui, const Number& number, Role role, ImFont* font = nullptr) {
  const UiFont scope(font ? font : ui.fonts.mono);
  const float width = ImGui::CalcTextSize(number.begin(), number.end()).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(number.begin(), number.end());
  ImGui::PopStyleColor();
}

/// Product after product with the sum so far; as long as the list may be, only what is in sight is drawn.
void draw_list(UiContext& ui, const Computation& computation) {
  const Memory& m = memory();
  const ConvPlan& plan = *computation.plan.conv2d();
  NumberRange sums = m.products;
  widen(sums, m.arithmetic.sum);
  const NumberStyle inputs = plain_style(m.inputs);
  const NumberStyle weights = plain_style(m.weights);
  const NumberStyle products = plain_style(m.products);
  const NumberStyle partial = plain_style(sums);
  const auto rows = static_cast<int>(std::min<size_t>(m.arithmetic.values.size(), 1u << 24));
  constexpr float kRowsInSight = 9.4f;
  const UiFont small(ui.fonts.caption);
  const float row_height = ImGui::GetTextLineHeight() + ui.px(4);
  const float height = row_height * (std::min(static_cast<float>(rows), kRowsInSight) + 1.2f);
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(3), ui.px(2)));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp |
                                     ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersOuterH;
  if (ImGui::BeginTable("##products", 5, kFlags, {0, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("##tap", ImGuiTableColumnFlags_WidthStretch, 0.9f);
    for (const char* id : {"##x", "##w", "##product", "##sum"}) {
      ImGui::TableSetupColumn(id, ImGuiTableColumnFlags_WidthStretch, 1.0f);
    }
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    const auto heading = [&](const char* words, Role role) {
      ImGui::TableNextColumn();
      Number number;
      number.length = std::snprintf(number.text.data(), number.text.size(), "%s", words);
      number.length = std::min(number.length, static_cast<int>(number.text.size()) - 1);
      right_aligned(ui, number, role, ui.fonts.caption);
    };
    const bool channels = plan.channels_per_group() > 1, flat = plan.dims == 1;
    heading(flat ? (channels ? "c,k" : "k") : channels ? "c,ky,kx" : "ky,kx", Role::secondary);
    heading("x", Role::input);
    heading("w", Role::weight);
    heading("x\u00b7w", Role::text);
    heading("\u03a3", Role::output);
    ImGuiListClipper clipper;
    clipper.Begin(rows);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        const Tap tap = tap_of(plan, m.cell, row);
        const TapValues& values = m.arithmetic.values[static_cast<size_t>(row)];
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        Number place;
        const auto wide = [](int64_t value) { return static_cast<long long>(value); };
        place.length = flat && channels
                           ? std::snprintf(place.text.data(), place.text.size(), "%lld,%lld", wide(tap.c), wide(tap.kx))
                       : flat     ? std::snprintf(place.text.data(), place.text.size(), "%lld", wide(tap.kx))
                       : channels ? std::snprintf(place.text.data(), place.text.size(), "%lld,%lld,%lld",
                                                  static_cast<long long>(tap.c), static_cast<long long>(tap.ky),
                                                  static_cast<long long>(tap.kx))
                                  : std::snprintf(place.text.data(), place.text.size(), "%lld,%lld",
                                                  static_cast<long long>(tap.ky), static_cast<long long>(tap.kx));
        right_aligned(ui, place, Role::secondary, ui.fonts.caption);
        ImGui::TableNextColumn();
        if (tap.is_padding) {
          // A dashed box, as in the picture, tells padding from a zero of the input.
          const ImVec2 low = ImGui::GetCursorScreenPos();
          const float width = ImGui::GetContentRegionAvail().x;
          dashed_rect(ImGui::GetWindowDrawList(), {low.x + 1, low.y},
                      {low.x + width, low.y + ImGui::GetTextLineHeight()}, ui_color32(ui, Role::padding, 0.7f),
                      ui.px(3), std::max(1.0f, std::round(ui.scale)));
        }
        right_aligned(ui, number_at(values.input, inputs), tap.is_padding ? Role::secondary : Role::input,
                      ui.fonts.caption);
        ImGui::TableNextColumn();
        right_aligned(ui, number_at(values.weight, weights), Role::weight, ui.fonts.caption);
        ImGui::TableNextColumn();
        right_aligned(ui, number_at(values.product, products), Role::text, ui.fonts.caption);
        ImGui::TableNextColumn();
        right_aligned(ui, number_at(values.partial, partial), Role::secondary, ui.fonts.caption);
      }
    }
    ImGui::EndTable();
    ui.widgets.note_item("cell.list");
  }
  ImGui::PopStyleVar();
}

void draw_total_row(UiContext& ui, const char* name, const char* label, const char* sign, double value, Role role,
                    const NumberStyle& style, bool strong) {
  const UiFont font(strong ? ui.fonts.bold : ui.fonts.body);
  ImGui::AlignTextToFramePadding();
  ui_words(ui, label, role, strong ? ui.fonts.bold : ui.fonts.body);
  ImGui::SameLine(0, ui.px(8));
  const Number number = number_at(value, style);
  ImFont* const digits = strong ? ui.fonts.formula : ui.fonts.mono;
  const UiFont scope(digits);
  const float width = ImGui::CalcTextSize(number.begin(), number.end()).x + ImGui::CalcTextSize(sign).x;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
  ui_words(ui, sign, Role::secondary, digits);
  ImGui::SameLine(0, 0);
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::TextUnformatted(number.begin(), number.end());
  ImGui::PopStyleColor();
  ui.widgets.note_item(name);
}

}  // namespace

void draw_cell_panel(UiContext& ui) {
  const ComputationPtr computation = ui.workbench.computation();
  if (computation && ui.session().lens == Lens::receptive_field) {
    draw_field_cell_panel(ui, *computation);
    return;
  }
  if (computation && computation->plan.conv2d() == nullptr) {
    draw_operation_cell_panel(ui, *computation);
    return;
  }
  if (!computation || !computation->tensors.output.defined() || step_count(*computation->plan.conv2d()) < 1) {
    ui_words(ui, ui.text("cell.none"), Role::secondary);
    return;
  }
  if (ui.session().lens == Lens::gradient) {
    if (computation->gradient == nullptr) {
      ui_words(ui, ui.text("scene.gradient_pending"), Role::secondary);
    } else {
      draw_gradient_cell_panel(ui, *computation);
    }
    return;
  }
  refresh(ui, *computation);
  Memory& m = memory();
  ui.shows("\u00d7\u00b7\u03a3\u2212");

  std::array<char, 96> name{};
  std::array<char, 90> index{};
  const int length = index_text(index.data(), index.size(), *computation->plan.conv2d(), m.cell);
  std::snprintf(name.data(), name.size(), "Y[%.*s]", length, index.data());
  ui_chip(ui, name.data(), Role::output);
  ui.widgets.note_item("cell.name");
  // Scripts can ask which cell it is.
  std::array<char, 112> shows{};
  std::snprintf(shows.data(), shows.size(), "cell.shows.%lld.%lld.%lld.%lld", static_cast<long long>(m.cell.n),
                static_cast<long long>(m.cell.c), static_cast<long long>(m.cell.y), static_cast<long long>(m.cell.x));
  ui.widgets.note_item(shows.data());
  ImGui::SameLine(0, ui.px(8));
  const int64_t step = step_of_cell(*computation->plan.conv2d(), m.cell);
  const bool pointed = step != ui.workbench.own_step(ui.playback.moment().step);
  ImGui::AlignTextToFramePadding();
  if (m.text_step != step || m.text_pointed != pointed || m.text_language != ui.language()) {
    m.text_step = step;
    m.text_pointed = pointed;
    m.text_language = ui.language();
    m.text = tr(ui.language(), pointed ? "cell.pointed" : "cell.of_step", {std::to_string(step + 1)});
  }
  ui_words(ui, m.text.c_str(), Role::secondary, ui.fonts.caption);
  if (reads_slices(ui.session().algorithm)) {
    m.reads.clear();
    append_reads(m.reads, ui.language(), *computation->plan.conv2d(), m.cell);
    ui_words(ui, m.reads.c_str(), Role::input);
    ui.widgets.note_item("cell.reads");
  }
  ui_gap(ui, 4);
  draw_grid(ui, *computation);
  ui_gap(ui, 8);
  draw_list(ui, *computation);
  ui_gap(ui, 4);

  NumberRange totals = m.products;
  for (double value : {m.arithmetic.sum, m.arithmetic.bias, m.arithmetic.result}) widen(totals, value);
  const NumberStyle style = plain_style(totals);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, 0));
  draw_total_row(ui, "cell.sum", ui.text("cell.sum"), "", m.arithmetic.sum, Role::text, style, false);
  if (computation->plan.has_bias()) {
    draw_total_row(ui, "cell.bias", ui.text("cell.bias"), "+ ", m.arithmetic.bias, Role::bias, style, false);
  }
  draw_total_row(ui, "cell.result", name.data(), "= ", m.arithmetic.result, Role::output, style, true);
  ImGui::PopStyleVar();
}

}  // namespace convscope
