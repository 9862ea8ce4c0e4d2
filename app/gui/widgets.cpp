#include "app/gui/widgets.h"

#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace convscope {
namespace {

/// Seconds of pointing before a tooltip.
constexpr float kTooltipDelay = 0.4f;

/// The stable name as Dear ImGui id.
class NameScope {
 public:
  explicit NameScope(std::string_view name) { ImGui::PushID(name.data(), name.data() + name.size()); }
  ~NameScope() { ImGui::PopID(); }
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;
};

ImVec4 vec(const Color& c, float opacity = 1) { return {c.r, c.g, c.b, c.a * opacity}; }

/// "NAME.suffix" in memory of its own, so that a frame allocates nothing.
std::string_view joined(std::string_view name, std::string_view suffix) {
  static std::string memory;
  memory.assign(name);
  memory += '.';
  memory += suffix;
  return memory;
}

float wanted_width(const UiContext& ui, float logical, float fit) {
  if (logical > 0) return ui.px(logical);
  if (logical < 0) return std::max(fit, ImGui::GetContentRegionAvail().x + ui.px(logical));
  return fit;
}

/// The text colour mixed into the surface: hovers and pressed states of every theme.
ImU32 wash(const UiContext& ui, float amount) {
  ImVec4 c = ui_color(ui, Role::text);
  c.w = amount;
  return ImGui::GetColorU32(c);
}

ImU32 field_color(const UiContext& ui) {
  return ImGui::GetColorU32(vec(theme(ui.session().theme).of(Role::canvas).full));
}

/// One button for all: an icon, words, or both.
bool button(UiContext& ui, std::string_view name, const Icon* icon, const char* label, const ButtonOptions& options) {
  NameScope scope(name);
  const float height = ImGui::GetFrameHeight();
  const float icon_size = ui.px(17);
  const ImVec2 words = label ? ImGui::CalcTextSize(label) : ImVec2(0, 0);
  float fit = height;
  if (label) fit = words.x + ui.px(24) + (icon ? icon_size + ui.px(6) : 0);
  const ImVec2 size(wanted_width(ui, options.width, fit), height);

  ImGui::BeginDisabled(!options.enabled);
  const bool pressed = ImGui::InvisibleButton("##button", size);
  const bool hovered = ImGui::IsItemHovered();
  const bool held = ImGui::IsItemActive();
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float radius = ui.px(6);

  ImU32 ink = ui_color32(ui, Role::text);
  if (options.primary) {
    const Color accent = theme(ui.session().theme).of(Role::accent).line;
    list->AddRectFilled(low, high, ui_color32(ui, Role::accent, held ? 0.8f : hovered ? 0.9f : 1.0f), radius);
    ink = ImGui::GetColorU32(vec(ink_on(theme(ui.session().theme), accent)));
  } else {
    if (!options.quiet) {
      list->AddRectFilled(low, high, field_color(ui), radius);
    }
    if (options.active) {
      list->AddRectFilled(low, high, ui_color32(ui, Role::accent, 0.14f), radius);
      ink = ui_color32(ui, Role::accent);
    }
    if (held || hovered) list->AddRectFilled(low, high, wash(ui, held ? 0.14f : 0.07f), radius);
    if (options.active) {
      list->AddRect(low, high, ui_color32(ui, Role::accent, 0.6f), radius);
    } else if (!options.quiet) {
      list->AddRect(low, high, ui_color32(ui, Role::border), radius);
    }
  }
  float x = (low.x + high.x) / 2;
  const float y = (low.y + high.y) / 2;
  if (label) {
    const float content = words.x + (icon ? icon_size + ui.px(6) : 0);
    x -= content / 2;
    if (icon) {
      draw_icon(list, *icon, {x + icon_size / 2, y}, icon_size, ink);
      x += icon_size + ui.px(6);
    }
    list->PushClipRect(low, high, true);
    list->AddText({std::floor(x), std::floor(y - words.y / 2)}, ink, label);
    list->PopClipRect();
  } else if (icon) {
    draw_icon(list, *icon, {x, y}, icon_size, ink);
  }
  ImGui::EndDisabled();
  ui.widgets.note_item(name, options.enabled);
  if (options.tooltip) ui_tooltip(ui, options.tooltip);
  return pressed && options.enabled;
}

void push_field_style(UiContext& ui, bool invalid) {
  ImGui::PushStyleColor(ImGuiCol_Border, invalid ? ui_color(ui, Role::error) : ui_color(ui, Role::border));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, invalid ? std::max(1.0f, std::round(1.5f * ui.scale)) : 1.0f);
}

void pop_field_style() {
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
}

bool enter_pressed() {
#if IMGUI_VERSION_NUM >= 18700
  return ImGui::IsKeyPressed(ImGuiKey_Enter) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter);
#else
  return ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_Enter)) ||
         ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_KeyPadEnter));
#endif
}

}  // namespace

ImVec4 ui_color(const UiContext& ui, Role role) {
  const RoleColors& colors = theme(ui.session().theme).of(role);
  return vec(role == Role::canvas || role == Role::panel ? colors.full : colors.line);
}

ImU32 ui_color32(const UiContext& ui, Role role, float opacity) {
  ImVec4 c = ui_color(ui, role);
  c.w *= opacity;
  return ImGui::GetColorU32(c);
}

ImU32 ui_tint32(const UiContext& ui, Role role, float opacity) {
  return ImGui::GetColorU32(vec(theme(ui.session().theme).of(role).tint, opacity));
}

bool ui_button(UiContext& ui, std::string_view name, const char* label, const ButtonOptions& options) {
  return button(ui, name, nullptr, label, options);
}

bool ui_icon_button(UiContext& ui, std::string_view name, Icon icon, const char* tooltip,
                    const ButtonOptions& options) {
  ButtonOptions quiet = options;
  if (!options.primary) quiet.quiet = true;
  quiet.tooltip = tooltip;
  return button(ui, name, &icon, nullptr, quiet);
}

bool ui_icon_label_button(UiContext& ui, std::string_view name, Icon icon, const char* label,
                          const ButtonOptions& options) {
  return button(ui, name, &icon, label, options);
}

bool ui_combo(UiContext& ui, std::string_view name, int& current, std::span<const char* const> labels, float width,
              std::span<const std::string_view> keys) {
  NameScope scope(name);
  float widest = 0;
  if (width == 0) {
    for (const char* label : labels) widest = std::max(widest, ImGui::CalcTextSize(label).x);
  }
  const float height = ImGui::GetFrameHeight();
  const float full_width = wanted_width(ui, width, widest + ui.px(16) + height);
  ImGui::SetNextItemWidth(full_width);
  const bool known = current >= 0 && current < static_cast<int>(labels.size());
  push_field_style(ui, false);
  const char* shown = known ? labels[static_cast<size_t>(current)] : "";
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool open = ImGui::BeginCombo("##combo", "", ImGuiComboFlags_NoArrowButton);
  pop_field_style();
  // The state of the combo itself, before its popup's items become the last ones.
  if (!open) ui.widgets.note_item(name);
  bool changed = false;
  if (open) {
    char index[24];
    for (size_t i = 0; i < labels.size(); ++i) {
      ImGui::PushID(static_cast<int>(i));
      const bool chosen = static_cast<int>(i) == current;
      if (ImGui::Selectable(labels[i], chosen)) {
        changed = !chosen;
        current = static_cast<int>(i);
      }
      if (chosen && ImGui::IsWindowAppearing()) ImGui::SetScrollHereY(0.5f);
      std::snprintf(index, sizeof index, "%zu", i);
      ui.widgets.note_item(joined(name, i < keys.size() ? keys[i] : std::string_view(index)));
      ImGui::PopID();
    }
    ImGui::EndCombo();
    ui.widgets.note_item(name);
  }
  // Dear ImGui would write the words across the arrow where they are too long.
  const ImVec2 high(corner.x + full_width, corner.y + height);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->PushClipRect(corner, {high.x - height * 0.85f, high.y}, true);
  list->AddText({corner.x + ui.px(10), std::floor(corner.y + (height - ImGui::GetFontSize()) / 2)},
                ui_color32(ui, Role::text), shown);
  list->PopClipRect();
  draw_icon(list, Icon::chevron_down, {high.x - height / 2, (corner.y + high.y) / 2}, ui.px(12),
            ui_color32(ui, Role::secondary));
  return changed;
}

bool ui_checkbox(UiContext& ui, std::string_view name, const char* label, bool& value, bool enabled) {
  NameScope scope(name);
  ImGui::BeginDisabled(!enabled);
  const float height = ImGui::GetFrameHeight();
  const float side = ui.px(18);
  const ImVec2 words = ImGui::CalcTextSize(label);
  const bool pressed = ImGui::InvisibleButton("##check", {side + (words.x > 0 ? ui.px(8) + words.x : 0), height});
  const bool hovered = ImGui::IsItemHovered();
  if (pressed) value = !value;
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 box(low.x, std::floor(low.y + (height - side) / 2));
  const ImVec2 box_end(box.x + side, box.y + side);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(box, box_end, value ? ui_color32(ui, Role::accent) : field_color(ui), ui.px(4));
  if (hovered) list->AddRectFilled(box, box_end, wash(ui, 0.08f), ui.px(4));
  list->AddRect(box, box_end, ui_color32(ui, value ? Role::accent : Role::border), ui.px(4));
  if (value) {
    const Color accent = theme(ui.session().theme).of(Role::accent).line;
    draw_icon(list, Icon::check, {(box.x + box_end.x) / 2, (box.y + box_end.y) / 2}, ui.px(14),
              ImGui::GetColorU32(vec(ink_on(theme(ui.session().theme), accent))));
  }
  list->AddText({box_end.x + ui.px(8), std::floor(low.y + (height - words.y) / 2)}, ui_color32(ui, Role::text), label);
  ImGui::EndDisabled();
  ui.widgets.note_item(name, enabled);
  return pressed && enabled;
}

bool ui_segments(UiContext& ui, std::string_view name, int& current, std::span<const char* const> labels,
                 std::span<const std::string_view> keys, float width) {
  NameScope scope(name);
  const float height = ImGui::GetFrameHeight();
  float words_width = 0;
  for (const char* label : labels) words_width += ImGui::CalcTextSize(label).x;
  const float fit = words_width + static_cast<float>(labels.size()) * ui.px(24);
  float total = wanted_width(ui, width, fit);
  // Where the row is to end at an edge, the words move closer together rather than beyond it.
  if (width < 0) total = std::max(words_width, ImGui::GetContentRegionAvail().x + ui.px(width));
  const float extra = (total - fit) / static_cast<float>(labels.size());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const ImVec2 end(origin.x + total, origin.y + height);
  const float radius = ui.px(6);
  list->AddRectFilled(origin, end, wash(ui, 0.06f), radius);
  bool changed = false;
  ImGui::BeginGroup();
  for (size_t i = 0; i < labels.size(); ++i) {
    const ImVec2 words = ImGui::CalcTextSize(labels[i]);
    if (i > 0) ImGui::SameLine(0, 0);
    ImGui::PushID(static_cast<int>(i));
    const bool on = static_cast<int>(i) == current;
    if (ImGui::InvisibleButton("##segment", {std::max(1.0f, words.x + ui.px(24) + extra), height}) && !on) {
      current = static_cast<int>(i);
      changed = true;
    }
    const ImVec2 low = ImGui::GetItemRectMin();
    const ImVec2 high = ImGui::GetItemRectMax();
    if (on) {
      const float inset = ui.px(2);
      const ImVec2 a(low.x + inset, low.y + inset), b(high.x - inset, high.y - inset);
      list->AddRectFilled(a, b, ui_color32(ui, Role::canvas), radius - inset);
      list->AddRect(a, b, ui_color32(ui, Role::accent), radius - inset);
    } else if (ImGui::IsItemHovered()) {
      list->AddRectFilled(low, high, wash(ui, 0.06f), radius);
    }
    list->AddText({std::floor((low.x + high.x - words.x) / 2), std::floor((low.y + high.y - words.y) / 2)},
                  ui_color32(ui, on ? Role::accent : Role::text), labels[i]);
    ui.widgets.note_item(joined(name, i < keys.size() ? keys[i] : std::string_view("?")));
    ImGui::PopID();
  }
  ImGui::EndGroup();
  return changed;
}

namespace {

/// Text that was typed into a stepper and is no number it can take; the value stays `value` meanwhile.
struct RefusedText {
  std::string name, text;
  int64_t value = 0;
  Error error;
};
std::vector<RefusedText>& refused_texts() {
  static std::vector<RefusedText> texts;
  return texts;
}

RefusedText* find_refused(std::string_view name) {
  for (RefusedText& refused : refused_texts()) {
    if (refused.name == name) return &refused;
  }
  return nullptr;
}

void forget_refused(std::string_view name) {
  std::erase_if(refused_texts(), [name](const RefusedText& refused) { return refused.name == name; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// The field of a stepper while it is typed in: every whole number is taken at once, any other text is remembered.
void type_number(std::string_view name, ImGuiID id, float width, int64_t& value) {
  static std::array<char, 64> buffer;  // only one field is typed in at a time
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const ImRect box(low, {low.x + width, low.y + ImGui::GetFrameHeight()});
  ImGui::ItemAdd(box, id, nullptr, ImGuiItemFlags_Inputable);
  ImGui::TempInputText(box, id, "##field", buffer.data(), static_cast<int>(buffer.size()),
                       ImGuiInputTextFlags_AutoSelectAll);
  const std::string_view text = trimmed(buffer.data());
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = !text.empty() && read.ptr == text.data() + text.size();
  const bool beginning = text.empty() || text == "-" || text == "+";
  if (beginning || ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_Escape))) {
    forget_refused(name);
  } else if (whole && read.ec == std::errc()) {
    forget_refused(name);
    value = number;
  } else {
    RefusedText* refused = find_refused(name);
    if (refused == nullptr) refused = &refused_texts().emplace_back();
    if (refused->text == text && refused->value == value) return;
    const bool too_large = whole && read.ec == std::errc::result_out_of_range;
    *refused = {std::string(name), std::string(text), value,
                Error{too_large ? "error.typed_too_large" : "error.typed_no_integer", "", {std::string(text)}}};
  }
}

}  // namespace

bool ui_typing_error(UiContext& ui, std::string_view name) {
  for (const RefusedText& refused : refused_texts()) {
    const std::string_view of = refused.name;
    if (!of.starts_with(name) || (of.size() > name.size() && of[name.size()] != '.')) continue;
    ui.shows(refused.text);
    ui_error_line(ui, std::string(name) + ".typing", refused.error);
    return true;
  }
  return false;
}

bool ui_int_stepper(UiContext& ui, std::string_view name, int64_t& value, const StepperOptions& options) {
  NameScope scope(name);
  const float height = ImGui::GetFrameHeight();
  const float side = std::round(height * 0.82f);
  const float width = wanted_width(ui, options.width, ui.px(116));
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const ImVec2 high(low.x + width, low.y + height);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float radius = ui.px(6);
  const int64_t before = value;

  ImGui::BeginDisabled(!options.enabled);
  list->AddRectFilled(low, high, field_color(ui), radius);
  ImGui::BeginGroup();
  ImGui::PushButtonRepeat(true);
  const auto side_button = [&](const char* id, Icon icon, bool possible, ImDrawFlags corners) {
    ImGui::BeginDisabled(!possible);
    const bool pressed = ImGui::InvisibleButton(id, {side, height});
    const ImVec2 a = ImGui::GetItemRectMin();
    const ImVec2 b = ImGui::GetItemRectMax();
    if (ImGui::IsItemHovered() || ImGui::IsItemActive()) {
      list->AddRectFilled(a, b, wash(ui, ImGui::IsItemActive() ? 0.16f : 0.08f), radius, corners);
    }
    draw_icon(list, icon, {(a.x + b.x) / 2, (a.y + b.y) / 2}, ui.px(11),
              ui_color32(ui, possible ? Role::text : Role::secondary));
    ImGui::EndDisabled();
    return pressed && possible;
  };
  if (side_button("##minus", Icon::minus, value > options.minimum, ImDrawFlags_RoundCornersLeft)) {
    value = std::max(options.minimum, value - options.step);
  }
  ui.widgets.note_item(joined(name, "minus"), options.enabled && before > options.minimum);
  ImGui::PopButtonRepeat();

  ImGui::SameLine(0, 0);
  for (ImGuiCol color : {ImGuiCol_FrameBg, ImGuiCol_Border}) ImGui::PushStyleColor(color, ImVec4(0, 0, 0, 0));
  ImGui::PushStyleColor(ImGuiCol_FrameBgHovered, ImGui::ColorConvertU32ToFloat4(wash(ui, 0.04f)));
  ImGui::PushStyleColor(ImGuiCol_FrameBgActive, ImGui::ColorConvertU32ToFloat4(wash(ui, 0.07f)));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameRounding, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(4), ImGui::GetStyle().FramePadding.y));
  RefusedText* refused = find_refused(name);
  // Whoever changed the number since then has answered it.
  if (refused != nullptr && refused->value != value) {
    forget_refused(name);
    refused = nullptr;
  }
  std::array<char, 160> format{};
  if (refused != nullptr) {
    size_t at = 0;
    for (const char c : refused->text) {
      format[at++] = c;
      if (c == '%') format[at++] = c;
    }
  } else {
    std::snprintf(format.data(), format.size(), "%s%%lld", options.prefix ? options.prefix : "");
  }
  // Twenty pixels a unit for small ranges, the whole range in 400 pixels for large ones.
  const float range = static_cast<float>(options.maximum - options.minimum);
  const float speed = std::clamp(range / 400, 0.05f, 1e6f) / std::max(0.5f, ui.scale);
  long long edited = value;
  const long long smallest = options.minimum;
  const long long largest = std::max(options.maximum, options.minimum);
  ImGui::PushFont(ui.fonts.mono);
  const ImGuiID id = ImGui::GetID("##field");
  if (ImGui::TempInputIsActive(id)) {
    type_number(name, id, width - 2 * side, value);
  } else {
    ImGui::SetNextItemWidth(width - 2 * side);
    if (ImGui::DragScalar("##field", ImGuiDataType_S64, &edited, speed, &smallest, &largest, format.data())) {
      value = edited;
    }
  }
  ImGui::PopFont();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor(4);
  if (ImGui::IsItemHovered() && !ImGui::IsItemActive()) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
  ui.widgets.note_item(name, options.enabled);

  ImGui::SameLine(0, 0);
  ImGui::PushButtonRepeat(true);
  const bool room = value < INT64_MAX - options.step;
  if (side_button("##plus", Icon::plus, room, ImDrawFlags_RoundCornersRight)) {
    value = std::max(options.minimum, value + options.step);
  }
  ImGui::PopButtonRepeat();
  ui.widgets.note_item(joined(name, "plus"), options.enabled && room);
  ImGui::EndGroup();

  const bool invalid = options.invalid || find_refused(name) != nullptr;
  list->AddRect(low, high, ui_color32(ui, invalid ? Role::error : Role::border), radius, 0,
                invalid ? std::max(1.0f, std::round(1.5f * ui.scale)) : 1.0f);
  ImGui::EndDisabled();
  return value != before;
}

bool ui_double_field(UiContext& ui, std::string_view name, double& value, float width, const char* format,
                     bool invalid) {
  NameScope scope(name);
  ImGui::SetNextItemWidth(wanted_width(ui, width, ui.px(80)));
  push_field_style(ui, invalid);
  const UiFont mono(ui.fonts.mono);
  const double before = value;
  const bool changed = ImGui::InputDouble("##field", &value, 0, 0, format);
  pop_field_style();
  ui.widgets.note_item(name);
  return changed && !(value == before);
}

bool ui_text_field(UiContext& ui, std::string_view name, std::string& text, float width, const char* hint,
                   bool* entered, bool mono) {
  NameScope scope(name);
  ImGui::SetNextItemWidth(wanted_width(ui, width, ui.px(180)));
  push_field_style(ui, false);
  const UiFont font(mono ? ui.fonts.mono : ui.fonts.body);
  ui.shows(text);
  const bool changed = ImGui::InputTextWithHint("##field", hint ? hint : "", &text);
  pop_field_style();
  if (entered) *entered = ImGui::IsItemDeactivated() && enter_pressed();
  ui.widgets.note_item(name);
  return changed;
}

bool ui_slider(UiContext& ui, std::string_view name, float& value, float minimum, float maximum, float width,
               const char* format) {
  NameScope scope(name);
  const float height = ImGui::GetFrameHeight();
  const ImVec2 size(wanted_width(ui, width, ui.px(120)), height);
  ImGui::InvisibleButton("##slider", size);
  const bool active = ImGui::IsItemActive();
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  const float knob = ui.px(7);
  const float from = low.x + knob, to = high.x - knob;
  bool changed = false;
  if (active && to > from) {
    const float at = std::clamp((ImGui::GetIO().MousePos.x - from) / (to - from), 0.0f, 1.0f);
    const float next = minimum + at * (maximum - minimum);
    changed = next != value;
    value = next;
  }
  const float span = maximum - minimum;
  const float fraction = span > 0 ? std::clamp((value - minimum) / span, 0.0f, 1.0f) : 0;
  const float x = from + fraction * (to - from);
  const float y = std::floor((low.y + high.y) / 2);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float half = ui.px(2);
  list->AddRectFilled({from, y - half}, {to, y + half}, ui_color32(ui, Role::border), half);
  list->AddRectFilled({from, y - half}, {x, y + half}, ui_color32(ui, Role::accent), half);
  if (active || hovered) list->AddCircleFilled({x, y}, knob + ui.px(4), ui_color32(ui, Role::accent, 0.18f), 24);
  list->AddCircleFilled({x, y}, knob, ui_color32(ui, Role::accent), 24);
  list->AddCircleFilled({x, y}, knob - ui.px(2), field_color(ui), 24);
  if (format && *format && (active || hovered)) {
    char words[32];
    std::snprintf(words, sizeof words, format, static_cast<double>(value));
    ImGui::SetTooltip("%s", words);
  }
  ui.widgets.note_item(name);
  return changed;
}

void ui_progress(UiContext& ui, std::string_view name, float fraction, float width, const char* words) {
  const float height = words ? ImGui::GetFrameHeight() : ui.px(6);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  ImGui::Dummy({wanted_width(ui, width, ui.px(160)), height});
  const ImVec2 high = ImGui::GetItemRectMax();
  const float at = std::clamp(fraction, 0.0f, 1.0f);
  const float radius = std::min(ui.px(6), height / 2);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(low, high, wash(ui, 0.10f), radius);
  if (at > 0) {
    list->PushClipRect(low, {low.x + (high.x - low.x) * at, high.y}, true);
    list->AddRectFilled(low, high, ui_color32(ui, Role::accent, words ? 0.35f : 1.0f), radius);
    list->PopClipRect();
  }
  if (words) {
    const ImVec2 size = ImGui::CalcTextSize(words);
    list->AddText({std::floor((low.x + high.x - size.x) / 2), std::floor((low.y + high.y - size.y) / 2)},
                  ui_color32(ui, Role::text), words);
  }
  ui.widgets.note_item(name);
}

bool ui_section(UiContext& ui, std::string_view name, const char* title, bool open_at_first) {
  NameScope scope(name);
  bool* open = ImGui::GetStateStorage()->GetBoolRef(ImGui::GetID("##open"), open_at_first);
  const float height = ImGui::GetFrameHeight() + ui.px(4);
  if (ImGui::InvisibleButton("##section", {std::max(1.0f, ImGui::GetContentRegionAvail().x), height})) *open = !*open;
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool hovered = ImGui::IsItemHovered();
  if (hovered) {
    list->AddRectFilled({low.x - ui.px(4), low.y}, {high.x + ui.px(4), high.y}, wash(ui, 0.05f), ui.px(6));
  }
  const float y = (low.y + high.y) / 2;
  const UiFont bold(ui.fonts.bold);
  list->AddText({low.x, std::floor(y - ImGui::GetFontSize() / 2)}, ui_color32(ui, Role::text), title);
  draw_icon(list, *open ? Icon::chevron_down : Icon::chevron_right, {high.x - ui.px(8), y}, ui.px(12),
            ui_color32(ui, hovered ? Role::text : Role::secondary));
  ui.widgets.note_item(name);
  return *open;
}

void ui_title(UiContext& ui, const char* title) {
  const UiFont bold(ui.fonts.bold);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(title);
}

void ui_label(UiContext& ui, std::string_view name, const char* label, const char* help, bool argument,
              float label_width) {
  const float start = ImGui::GetCursorPosX();
  ImGui::AlignTextToFramePadding();
  {
    const UiFont font(argument ? ui.fonts.mono : ui.fonts.body);
    ImGui::TextUnformatted(label);
  }
  if (help && *help) {
    // Dots under the words say that there is more to read.
    const ImVec2 low = ImGui::GetItemRectMin();
    const ImVec2 high = ImGui::GetItemRectMax();
    const float y = std::floor(high.y) + ui.px(1);
    for (float x = low.x; x < high.x; x += ui.px(4)) {
      ImGui::GetWindowDrawList()->AddRectFilled({x, y}, {x + ui.px(1.5f), y + std::max(1.0f, ui.px(1))},
                                                ui_color32(ui, Role::secondary, 0.8f));
    }
    ui.widgets.note_item(joined(name, "help"));
    ui_tooltip(ui, help);
  }
  ImGui::SameLine(0, ui.px(8));
  ImGui::SetCursorPosX(std::max(ImGui::GetCursorPosX(), start + ui.px(label_width)));
}

void ui_help(UiContext& ui, std::string_view name, const char* text) {
  const float height = ImGui::GetFrameHeight();
  ImGui::Dummy({ui.px(16), height});
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  draw_icon(ImGui::GetWindowDrawList(), Icon::help, {(low.x + high.x) / 2, (low.y + high.y) / 2}, ui.px(14),
            ui_color32(ui, ImGui::IsItemHovered() ? Role::accent : Role::secondary));
  ui.widgets.note_item(name);
  ui_tooltip(ui, text);
}

void ui_tooltip(UiContext& ui, const char* text) {
  if (!text || !*text || !ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
  // Items without an id (words) have no timer of their own: how long the pointer has rested counts instead.
  static ImVec2 place;
  static double since = 0;
  const ImVec2 low = ImGui::GetItemRectMin();
  static int last_frame = 0;
  if (low.x != place.x || low.y != place.y || ImGui::GetFrameCount() > last_frame + 1) since = ui.time_seconds;
  place = low;
  last_frame = ImGui::GetFrameCount();
  if (ui.time_seconds - since < kTooltipDelay) return;
  ImGui::BeginTooltip();
  ImGui::PushTextWrapPos(ui.px(340));
  ImGui::TextUnformatted(ui_wrapped(text, ui.px(336)));
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void ui_error_line(UiContext& ui, std::string_view name, const Error& error) {
  const std::string words = describe(ui.language(), error);
  ImGui::BeginGroup();
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float indent = ui.px(22);
  const float wrap = std::max(ui.px(60), ImGui::GetContentRegionAvail().x);
  draw_icon(ImGui::GetWindowDrawList(), Icon::warning, {low.x + ui.px(8), low.y + ImGui::GetFontSize() / 2}, ui.px(15),
            ui_color32(ui, Role::error));
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + indent);
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, Role::error));
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + wrap - indent);
  ImGui::TextUnformatted(ui_wrapped(words.c_str(), wrap - indent));
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::EndGroup();
  ui.widgets.note_item(joined(name, "error"));
}

bool ui_field_error(UiContext& ui, std::string_view field) {
  if (!ui_field_invalid(ui, field)) return false;
  ui_error_line(ui, field, *ui.workbench.error());
  return true;
}

bool ui_field_invalid(const UiContext& ui, std::string_view field) {
  const Error* error = ui.workbench.error();
  return error && error->field == field;
}

void ui_words(UiContext& ui, const char* text, Role role, ImFont* font) {
  const UiFont scope(font ? font : ImGui::GetFont());
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, role));
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(ui_wrapped(text, ImGui::GetContentRegionAvail().x));
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
}

const char* ui_wrapped(const char* text, float width) {
  const std::string_view all(text);
  const auto is_wide = [](char32_t c) {
    return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFFEF);
  };
  const auto in = [](char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; };
  constexpr std::u32string_view kClosing = U"，。；：！？、）》」』】’”…,.;:!?)]}%";
  constexpr std::u32string_view kOpening = U"（《「『【‘“([{`";
  bool wide = false;
  for (size_t at = 0; at < all.size() && !wide;) wide = is_wide(next_character(all, at));
  if (!wide) return text;

  static std::string lines;
  lines.clear();
  const ImFont* font = ImGui::GetFont();
  const float scale = ImGui::GetFontSize() / font->FontSize;
  float used = 0;             // width of the present line
  size_t candidate = 0;       // position in `lines` where it may be broken
  float after_candidate = 0;  // width behind it
  char32_t before = 0;
  for (size_t at = 0; at < all.size();) {
    const size_t start = at;
    const char32_t c = next_character(all, at);
    if (c == '\n') {
      lines += '\n';
      used = after_candidate = 0;
      candidate = lines.size();
      before = 0;
      continue;
    }
    const bool free = before != 0 && (before == ' ' || is_wide(before) || is_wide(c)) && !in(c, kClosing) && c != ' ' &&
                      !in(before, kOpening);
    if (free) {
      candidate = lines.size();
      after_candidate = 0;
    }
    const float advance = font->GetCharAdvance(static_cast<ImWchar>(c)) * scale;
    if (used + advance > width && c != ' ' && candidate > 0 && lines[candidate - 1] != '\n') {
      lines.insert(candidate, 1, '\n');
      used = after_candidate;
      candidate = 0;
    }
    lines.append(all.substr(start, at - start));
    used += advance;
    after_candidate += advance;
    before = c;
  }
  return lines.c_str();
}

void ui_chip(UiContext& ui, const char* text, Role role) {
  const UiFont font(ui.fonts.mono);
  const ImVec2 words = ImGui::CalcTextSize(text);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float height = ImGui::GetFontSize() + ui.px(8);
  ImGui::Dummy({words.x + ui.px(16), height});
  const ImVec2 high = ImGui::GetItemRectMax();
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(low, high, ui_tint32(ui, role), ui.px(6));
  list->AddRect(low, high, ui_color32(ui, role, 0.6f), ui.px(6));
  list->AddText({std::floor(low.x + ui.px(8)), std::floor((low.y + high.y - words.y) / 2)}, ui_color32(ui, Role::text),
                text);
}

void ui_gap(UiContext& ui, float logical) {
  ImGui::Dummy({0, std::max(0.0f, ui.px(logical) - ImGui::GetStyle().ItemSpacing.y)});
}

void ui_rule(UiContext& ui) {
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::GetWindowDrawList()->AddRectFilled({low.x, low.y}, {low.x + width, low.y + 1}, ui_color32(ui, Role::border));
  ImGui::Dummy({0, 1});
}

}  // namespace convscope
