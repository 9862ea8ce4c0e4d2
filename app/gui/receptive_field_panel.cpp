// A chain of layers, edited in place: its output sizes and what its cells see of the input.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/gui/field_panels.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/session/chains.h"
#include "engine/receptive_field.h"

namespace convscope {

namespace {

constexpr std::array kKinds = {LayerKind::conv, LayerKind::conv_transpose, LayerKind::max_pool, LayerKind::avg_pool};
constexpr std::array<std::string_view, kKinds.size()> kKindKeys = {"conv", "conv_transpose", "max_pool", "avg_pool"};
/// Of the column of arguments' names, logical pixels.
constexpr float kArgumentWidth = 118;
/// Columns of numbers under a layer's line.
constexpr std::array<const char*, 5> kHeadings = {"field.output", "field.size", "field.stride", "field.start",
                                                  "field.overlap"};

/// A layer as its two lines say it.
struct Row {
  std::string title;    // "conv1"
  std::string summary;  // "Conv2d 11, s 4, p 2"
  std::array<std::string, kHeadings.size()> numbers;
  std::string widget;  // "field.layer.1"
};

struct Memory {
  std::optional<LayerChain> chain;  // of the rows
  Language language = Language::en;
  ChainFields fields;
  std::vector<Row> rows;
  int selected = 0;
  /// Numbers of the selected layer whose axes are set apart although they are equal.
  std::array<bool, 5> unlinked{};
  std::array<std::string, kKinds.size()> kind_names;
  std::vector<const char*> built_in;  // titles, the session's own layer first
  std::vector<std::string_view> built_in_keys;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

/// "7", or "7x5" where the axes differ.
std::string by_axis(const LayerField& field, const std::function<std::string(const FieldAxis&)>& text) {
  std::string all;
  bool alike = true;
  for (const FieldAxis& axis : field.axes) {
    alike = alike && text(axis) == text(field.axes[0]);
    all += (all.empty() ? "" : "x") + text(axis);
  }
  return alike ? text(field.axes[0]) : all;
}

std::string fraction_text(const Fraction& number) {
  std::string text = number.to_string();
  if (text[0] == '-') text.replace(0, 1, "\u2212");
  return text;
}

Row row_of(const WindowLayer& layer, size_t index, const LayerField* field) {
  Row row;
  row.title = layer_name(layer, index);
  row.summary = layer_summary(layer);
  row.widget = "field.layer." + std::to_string(index + 1);
  row.numbers.fill("\u2014");
  if (field == nullptr) return row;
  row.numbers = {by_axis(*field, [](const FieldAxis& a) { return std::to_string(a.output_size); }),
                 by_axis(*field, [](const FieldAxis& a) { return std::to_string(a.size); }),
                 by_axis(*field, [](const FieldAxis& a) { return fraction_text(a.stride); }),
                 by_axis(*field, [](const FieldAxis& a) { return fraction_text(a.start); }),
                 by_axis(*field, [](const FieldAxis& a) { return fraction_text(a.overlap); })};
  return row;
}

/// Whether the rows still are what the session says.
bool is_current(const UiContext& ui) {
  const Memory& m = memory();
  const Session& session = ui.session();
  if (!m.chain || m.language != ui.language()) return false;
  if (!session.chain.layers.empty()) return session.chain == *m.chain;
  const OperationPlan* plan = ui.workbench.operation_plan();
  if (m.chain->layers.size() != 1 || m.chain->layers[0] != own_layer(session)) return false;
  return plan == nullptr || m.chain->input_size == Spatial{plan->in().h, plan->in().w};
}

void refresh(UiContext& ui) {
  Memory& m = memory();
  if (is_current(ui)) return;
  const Session& session = ui.session();
  m.language = ui.language();
  m.chain = session.chain.layers.empty() ? chain_of_own_layer(session, ui.workbench.operation_plan()) : session.chain;
  m.fields = chain_fields(*m.chain);
  m.rows.clear();
  for (size_t i = 0; i < m.chain->layers.size(); ++i) {
    m.rows.push_back(row_of(m.chain->layers[i], i, i < m.fields.layers.size() ? &m.fields.layers[i] : nullptr));
  }
  m.selected = std::clamp(m.selected, -1, static_cast<int>(m.rows.size()) - 1);
  for (size_t i = 0; i < kKinds.size(); ++i) m.kind_names[i] = module_name(kKinds[i], m.chain->dims);
  m.built_in = {ui.text("field.own_layer")};
  m.built_in_keys = {"own"};
  for (const BuiltInChain& chain : built_in_chains()) {
    m.built_in.push_back(ui.text(chain.title_key));
    m.built_in_keys.push_back(chain.name);
  }
}

/// An edit of the chain; the first one makes the session's own layer a chain of its own.
void edit_chain(UiContext& ui, std::string merge_key, const std::function<void(LayerChain&)>& change) {
  LayerChain next = *memory().chain;
  change(next);
  ui.workbench.apply(Action{"edit.chain", std::move(merge_key), [next](Session& session) { session.chain = next; }});
}

void edit_layer(UiContext& ui, const char* argument, const std::function<void(WindowLayer&)>& change) {
  const auto at = static_cast<size_t>(memory().selected);
  edit_chain(ui, "chain." + std::to_string(at) + "." + argument,
             [at, &change](LayerChain& chain) { change(chain.layers[at]); });
}

/// Which built-in chain it is, 0 for the session's own layer, -1 for one of the user's.
int built_in_index(const UiContext& ui) {
  const Session& session = ui.session();
  if (session.chain.layers.empty()) return 0;
  const std::vector<BuiltInChain>& all = built_in_chains();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].chain == session.chain) return static_cast<int>(i) + 1;
  }
  return -1;
}

/// The table for the clipboard, its columns separated by tabs as spreadsheets take them.
std::string table_text(UiContext& ui) {
  const Memory& m = memory();
  std::string text = std::string(ui.text("field.layer")) + "\t" + ui.text("field.module");
  for (const char* key : kHeadings) text += std::string("\t") + ui.text(key);
  text += '\n';
  for (const Row& row : m.rows) {
    text += row.title + "\t" + row.summary;
    for (const std::string& number : row.numbers) text += "\t" + number;
    text += '\n';
  }
  return text;
}

void draw_head(UiContext& ui) {
  Memory& m = memory();
  int current = built_in_index(ui);
  const int before = current;
  const float combo = ImGui::GetContentRegionAvail().x / ui.scale - 44;
  if (ui_combo(ui, "field.chain", current, m.built_in, combo, m.built_in_keys) && current != before) {
    const LayerChain chosen = current == 0 ? LayerChain{} : built_in_chains()[static_cast<size_t>(current) - 1].chain;
    m.selected = 0;
    ui.workbench.apply(Action{"edit.chain", {}, [chosen](Session& session) { session.chain = chosen; }});
  }
  if (before < 0) {
    // None of the list: the user's own.
    const ImVec2 low = ImGui::GetItemRectMin();
    ImGui::GetWindowDrawList()->AddText(
        {low.x + ui.px(10), std::floor((low.y + ImGui::GetItemRectMax().y - ImGui::GetFontSize()) / 2)},
        ui_color32(ui, Role::secondary), ui.text("field.edited"));
  }
  ImGui::SameLine(0, ui.px(8));
  if (ui_icon_button(ui, "field.copy", Icon::copy, ui.text("field.copy"))) {
    ImGui::SetClipboardText(table_text(ui).c_str());
    ui.notice = Notice{ui.text("field.copied"), false, ui.time_seconds + 4};
  }
  ui_label(ui, "field.input", ui.text("field.input"), nullptr, false, 48);
  constexpr std::array<const char*, kMaxSpatialDims> kNames = {"field.input.d", "field.input.h", "field.input.w"};
  constexpr std::array<const char*, kMaxSpatialDims> kPrefixes = {"D ", "H ", "W "};
  const int dims = m.chain->dims;
  // Three numbers are too many for one row.
  const bool upright = dims == 3;
  const float start = ImGui::GetCursorPosX(), gaps = upright ? 0 : 4 * static_cast<float>(dims - 1);
  const float input_room =
      std::min(150.0f, (ImGui::GetContentRegionAvail().x / ui.scale - gaps) / static_cast<float>(upright ? 1 : dims));
  for (int axis = 0; axis < dims; ++axis) {
    const size_t name = kNames.size() - static_cast<size_t>(dims) + static_cast<size_t>(axis);
    StepperOptions options;
    options.minimum = 1;
    options.maximum = 512;
    options.width = input_room;
    options.prefix = dims == 1 ? nullptr : kPrefixes[name];
    int64_t value = m.chain->input_size[axis];
    if (axis > 0 && !upright) ImGui::SameLine(0, ui.px(4));
    if (axis > 0 && upright) ImGui::SetCursorPosX(start);
    if (!ui_int_stepper(ui, kNames[name], value, options)) continue;
    edit_chain(ui, kNames[name], [axis, value](LayerChain& chain) { chain.input_size[axis] = value; });
  }
  for (const char* name : kNames) {
    if (ui_typing_error(ui, name)) break;
  }
}

float column_right(ImVec2 low, float width, size_t column) {
  return low.x + width * static_cast<float>(column + 1) / static_cast<float>(kHeadings.size());
}

void draw_numbers(UiContext& ui, ImVec2 low, float width, const std::array<const char*, kHeadings.size()>& texts,
                  Role role) {
  for (size_t i = 0; i < texts.size(); ++i) {
    const float wide = ImGui::CalcTextSize(texts[i]).x;
    const Role color = role == Role::text && i == 0 ? Role::output : role == Role::text && i == 1 ? Role::input : role;
    ImGui::GetWindowDrawList()->AddText({std::floor(column_right(low, width, i) - wide), low.y}, ui_color32(ui, color),
                                        texts[i]);
  }
}

void draw_heading(UiContext& ui) {
  const UiFont caption(ui.fonts.caption);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  std::array<const char*, kHeadings.size()> words{};
  for (size_t i = 0; i < words.size(); ++i) words[i] = ui.text(kHeadings[i]);
  const float width = ImGui::GetContentRegionAvail().x - ui.px(8);
  draw_numbers(ui, low, width, words, Role::secondary);
  ImGui::Dummy({ImGui::GetContentRegionAvail().x, ImGui::GetTextLineHeight()});
  ui.widgets.note_item("field.headings");
  ui_tooltip(ui, ui.text("field.headings_help"));
}

void draw_row(UiContext& ui, int index) {
  Memory& m = memory();
  const Row& row = m.rows[static_cast<size_t>(index)];
  const float width = ImGui::GetContentRegionAvail().x;
  const float line = ui.fonts.mono->FontSize;
  const float height = 2 * line + ui.px(12);
  ImGui::PushID(index);
  if (ImGui::InvisibleButton("##layer", {width, height})) m.selected = m.selected == index ? -1 : index;
  ImGui::PopID();
  ui.widgets.note_item(row.widget);
  const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool selected = m.selected == index;
  if (selected || ImGui::IsItemHovered()) {
    list->AddRectFilled(low, high, ui_color32(ui, Role::accent, selected ? 0.14f : 0.07f), ui.px(6));
  }
  // The level that the pointer is on in the picture.
  if (ui.hovered && ui.hovered->tensor == TensorId::level && ui.hovered->c == index + 1) {
    list->AddRect(low, high, ui_color32(ui, Role::hover), ui.px(6), 0, ui.px(2));
  }
  const float left = low.x + ui.px(8), right = high.x - ui.px(8);
  ui.shows(row.title);
  list->PushClipRect({left, low.y}, {right, high.y}, true);
  float x = left;
  {
    const UiFont bold(ui.fonts.bold);
    list->AddText({x, low.y + ui.px(3)}, ui_color32(ui, Role::text), row.title.c_str());
    x += ImGui::CalcTextSize(row.title.c_str()).x + ui.px(8);
  }
  const UiFont mono(ui.fonts.mono);
  list->AddText({x, low.y + ui.px(4)}, ui_color32(ui, Role::secondary), row.summary.c_str());
  list->PopClipRect();
  std::array<const char*, kHeadings.size()> texts{};
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = row.numbers[i].c_str();
  draw_numbers(ui, {low.x, low.y + line + ui.px(7)}, width - ui.px(8), texts, Role::text);
}

// ---------------------------------------------------------------------------------------------------------------------
// The selected layer

/// A number for all axes, or one for each where they differ or were set apart.
void draw_spatial(UiContext& ui, const char* argument, size_t which, Spatial WindowLayer::*member, int64_t minimum) {
  Memory& m = memory();
  const WindowLayer& layer = m.chain->layers[static_cast<size_t>(m.selected)];
  const Spatial shown = member == nullptr ? layer.padding.both : layer.*member;
  const int dims = shown.dims();
  const auto set = [&](const Spatial& next) {
    edit_layer(ui, argument, [&](WindowLayer& edited) {
      if (member != nullptr) {
        edited.*member = next;
      } else {
        edited.padding.kind = PaddingKind::numbers;
        edited.padding.both = next;
      }
    });
  };
  bool& unlinked = m.unlinked[which];
  const bool linked = !unlinked && shown == Spatial::all(dims, shown[0]);
  ui_label(ui, argument, argument, nullptr, true, kArgumentWidth);
  const float start = ImGui::GetCursorPosX();
  constexpr std::array<const char*, kMaxSpatialDims> kPrefixes = {"D ", "H ", "W "};
  const size_t first_prefix = kPrefixes.size() - static_cast<size_t>(dims);
  static std::string name;
  for (int axis = 0; axis < (linked ? 1 : dims); ++axis) {
    StepperOptions options;
    options.minimum = minimum;
    options.maximum = 32;
    options.prefix = linked ? nullptr : kPrefixes[first_prefix + static_cast<size_t>(axis)];
    name.assign("field.edit.");
    name += argument;
    if (axis > 0) {
      name += axis == 1 ? ".1" : ".2";
      ImGui::SetCursorPosX(start);
    }
    int64_t value = shown[axis];
    std::optional<Pair> typed;
    if (dims == 2) options.pair = &typed;
    if (ui_int_stepper(ui, name, value, options)) {
      Spatial next = linked ? Spatial::all(dims, value) : shown;
      next[axis] = value;
      set(next);
    }
    if (const Spatial both{typed ? typed->h : 0, typed ? typed->w : 0}; typed && both != shown) set(both);
    if (axis > 0 || dims == 1) continue;
    ImGui::SameLine(0, ui.px(4));
    name += ".link";
    if (ui_icon_button(ui, name, linked ? Icon::link : Icon::unlink, ui.text(linked ? "pair.unlink" : "pair.link"))) {
      unlinked = linked;
      if (!linked && shown != Spatial::all(dims, shown[0])) set(Spatial::all(dims, shown[0]));
    }
  }
  name.assign("field.edit.");
  name += argument;
  ui_typing_error(ui, name);
}

void draw_padding(UiContext& ui) {
  const WindowLayer& layer = memory().chain->layers[static_cast<size_t>(memory().selected)];
  if (layer.padding.kind == PaddingKind::numbers) return draw_spatial(ui, "padding", 2, nullptr, 0);
  // A word or sides of their own came with the file: shown, and given up for numbers on request.
  ui_label(ui, "padding", "padding", nullptr, true, kArgumentWidth);
  if (ui_button(ui, "field.edit.padding.numbers", ui.text("field.padding_numbers"))) {
    edit_layer(ui, "padding", [](WindowLayer& edited) {
      edited.padding.kind = PaddingKind::numbers;
      edited.padding.both = Spatial::all(edited.dims(), 0);
    });
  }
}

void draw_kind(UiContext& ui) {
  Memory& m = memory();
  const WindowLayer& layer = m.chain->layers[static_cast<size_t>(m.selected)];
  std::array<const char*, kKinds.size()> labels{};
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = m.kind_names[i].c_str();
  int kind = static_cast<int>(layer.kind);
  if (!ui_combo(ui, "field.edit.kind", kind, labels, 160, kKindKeys)) return;
  edit_layer(ui, "kind", [kind](WindowLayer& edited) {
    edited.kind = static_cast<LayerKind>(kind);
    // What the new kind does not have goes back to its default.
    if (edited.kind == LayerKind::avg_pool) edited.dilation = Spatial::all(edited.dims(), 1);
    if (!edited.transposes()) edited.output_padding = Spatial::all(edited.dims(), 0);
    if (!edited.pools()) edited.ceil_mode = false;
    const bool is_word = edited.padding.kind == PaddingKind::same || edited.padding.kind == PaddingKind::valid;
    if (is_word && edited.kind != LayerKind::conv) {
      edited.padding.kind = PaddingKind::numbers;
      edited.padding.both = Spatial::all(edited.dims(), 0);
    }
  });
}

/// Up, down, another one below, away.
void draw_layer_buttons(UiContext& ui) {
  Memory& m = memory();
  const int at = m.selected, count = static_cast<int>(m.rows.size());
  const auto swap_with = [&](int other) {
    edit_chain(ui, {}, [at, other](LayerChain& chain) {
      std::swap(chain.layers[static_cast<size_t>(at)], chain.layers[static_cast<size_t>(other)]);
    });
    m.selected = other;
  };
  ButtonOptions up, down, remove;
  up.enabled = at > 0;
  down.enabled = at + 1 < count;
  remove.enabled = count > 1;
  ImGui::SameLine(0, ui.px(8));
  if (ui_icon_button(ui, "field.edit.up", Icon::chevron_up, ui.text("field.up"), up)) swap_with(at - 1);
  ImGui::SameLine(0, ui.px(2));
  if (ui_icon_button(ui, "field.edit.down", Icon::chevron_down, ui.text("field.down"), down)) swap_with(at + 1);
  ImGui::SameLine(0, ui.px(2));
  if (ui_icon_button(ui, "field.edit.remove", Icon::close, ui.text("field.remove"), remove)) {
    edit_chain(ui, {}, [at](LayerChain& chain) { chain.layers.erase(chain.layers.begin() + at); });
    m.selected = std::min(at, count - 2);
  }
}

void draw_editor(UiContext& ui) {
  Memory& m = memory();
  ui_gap(ui, 4);
  draw_kind(ui);
  draw_layer_buttons(ui);
  refresh(ui);
  if (m.selected < 0) return;
  // An edit of this frame may have changed the layer; what is drawn below is always the present one.
  const auto kind = m.chain->layers[static_cast<size_t>(m.selected)].kind;
  draw_spatial(ui, "kernel_size", 0, &WindowLayer::kernel_size, 1);
  draw_spatial(ui, "stride", 1, &WindowLayer::stride, 1);
  draw_padding(ui);
  if (kind != LayerKind::avg_pool) draw_spatial(ui, "dilation", 3, &WindowLayer::dilation, 1);
  if (kind == LayerKind::conv_transpose) draw_spatial(ui, "output_padding", 4, &WindowLayer::output_padding, 0);
  if (kind == LayerKind::max_pool || kind == LayerKind::avg_pool) {
    bool ceil_mode = m.chain->layers[static_cast<size_t>(m.selected)].ceil_mode;
    ui_label(ui, "ceil_mode", "ceil_mode", nullptr, true, kArgumentWidth);
    if (ui_checkbox(ui, "field.edit.ceil_mode", ceil_mode ? "True" : "False", ceil_mode)) {
      edit_layer(ui, "ceil_mode", [ceil_mode](WindowLayer& edited) { edited.ceil_mode = ceil_mode; });
    }
  }
  ui_gap(ui, 8);
}

void draw_add(UiContext& ui) {
  Memory& m = memory();
  if (!ui_icon_label_button(ui, "field.add", Icon::plus, ui.text("field.add"))) return;
  edit_chain(ui, {}, [](LayerChain& chain) { chain.layers.push_back(WindowLayer::of(LayerKind::conv, chain.dims)); });
  m.selected = static_cast<int>(m.rows.size());
  m.unlinked = {};
}

}  // namespace

int selected_chain_layer() { return memory().selected; }

void draw_receptive_field_panel(UiContext& ui) {
  Memory& m = memory();
  refresh(ui);
  draw_head(ui);
  refresh(ui);
  ui_gap(ui, 8);
  draw_heading(ui);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, ui.px(4)));
  for (int i = 0; i < static_cast<int>(m.rows.size()); ++i) {
    draw_row(ui, i);
    if (m.fields.error && static_cast<size_t>(i) == m.fields.layers.size()) ui_error_line(ui, "field", *m.fields.error);
    if (m.selected == i) draw_editor(ui);
  }
  ImGui::PopStyleVar();
  ui_gap(ui, 8);
  draw_add(ui);
}

}  // namespace convscope
