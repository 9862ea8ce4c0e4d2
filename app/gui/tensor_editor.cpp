#include "app/gui/tensor_editor.h"

#include <imgui_internal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "app/gui/edits.h"
#include "app/gui/keys.h"
#include "app/gui/widgets.h"
#include "app/io/tensor_text.h"
#include "app/scene/number_format.h"
#include "app/scene/tensor_view.h"
#include "app/scene/theme.h"

namespace convscope {

namespace {

/// What an editor keeps between frames; one for each of the three tensors of the window.
struct Memory {
  int64_t outer = 0, channel = 0;  // the slice on show
  int64_t active = -1;             // cell whose text is being typed, in the slice
  int64_t focus_next = -1;         // cell that takes the keyboard in the next frame
  std::string typed;               // its text, which may not be a number yet
  std::string text_before;         // as it was when the cell was entered
  std::optional<Error> error;      // of the last paste, or of `refused`
  int64_t refused = -1;            // cell, in the whole tensor, that was left with a text that is no number
  std::string refused_text;
  uint64_t generation = 0;  // of the computation that `range` is of
  NumberRange range;
  std::string name;  // "kernel.cell.0.1"
};

Memory& memory_of(TensorId id) {
  static std::array<Memory, 4> memories;
  if (id == TensorId::grad_output) return memories[3];
  if (id == TensorId::weight) return memories[1];
  return id == TensorId::bias ? memories[2] : memories[0];
}

/// The shortest text that reads back as the same number of the tensor's type.
void write_exact(const Tensor& tensor, int64_t flat, std::array<char, 64>& out) {
  const double value = tensor.at(flat);
  char* const end = out.data() + out.size() - 1;
  const auto written = tensor.dtype() == DType::float32 ? std::to_chars(out.data(), end, static_cast<float>(value))
                                                        : std::to_chars(out.data(), end, value);
  *written.ptr = '\0';
}

std::optional<double> lone_number(std::string_view text) {
  Result<TensorText> parsed = parse_tensor_text(text);
  if (!parsed || parsed->values.size() != 1 || is_tensor_text(text)) return std::nullopt;
  return parsed->values[0];
}

/// Typed, and neither one number nor several.
bool is_no_number(std::string_view text) { return !text.empty() && !lone_number(text) && !is_tensor_text(text); }

bool paste_pressed() { return ImGui::GetIO().KeyCtrl && key_pressed(ImGuiKey_V); }

void forget_refused(Memory& memory) {
  if (memory.refused < 0) return;
  memory.refused = -1;
  memory.error.reset();
}

void apply_or_keep(UiContext& ui, Memory& memory, Result<Action> action) {
  memory.refused = -1;
  if (!action) {
    memory.error = action.error();
    return;
  }
  memory.error.reset();
  ui.workbench.apply(*action);
}

/// Text with more than one number: with brackets it is the tensor, without them it is laid over the slice from the cell
/// on.
void take_text(UiContext& ui, Memory& memory, TensorId id, std::string_view text, int64_t y, int64_t x) {
  Result<TensorText> parsed = parse_tensor_text(text);
  if (!parsed) {
    memory.error = parsed.error();
    return;
  }
  const ComputationPtr computation = ui.workbench.computation();
  const bool brackets = text.find('[') != std::string_view::npos;
  apply_or_keep(ui, memory,
                brackets ? edit_pasted(ui.session(), id, memory.outer, memory.channel, *parsed, computation)
                         : edit_overlaid(id, memory.outer, memory.channel, y, x, *parsed, computation));
}

struct Slice {
  Tensor tensor;
  int64_t outer = 1, channels = 1, rows = 1, columns = 1;
  int64_t offset = 0;  // row-major position of its first cell
};

Slice slice_of(const Tensor& tensor, TensorId id, Memory& memory) {
  Slice slice;
  slice.tensor = tensor;
  if (id == TensorId::bias) {
    slice.columns = tensor.numel();
    return slice;
  }
  const Shape shape = as_nchw(tensor.shape());
  slice.outer = shape[0];
  slice.channels = shape[1];
  slice.rows = shape[2];
  slice.columns = shape[3];
  memory.outer = std::clamp<int64_t>(memory.outer, 0, std::max<int64_t>(0, slice.outer - 1));
  memory.channel = std::clamp<int64_t>(memory.channel, 0, std::max<int64_t>(0, slice.channels - 1));
  slice.offset = (memory.outer * slice.channels + memory.channel) * slice.rows * slice.columns;
  return slice;
}

std::string_view joined(std::string_view name, std::string_view suffix) {
  static std::string memory;
  memory.assign(name);
  memory += '.';
  memory += suffix;
  return memory;
}

void draw_selectors(UiContext& ui, std::string_view name, TensorId id, const Slice& slice, Memory& memory) {
  const auto selector = [&](const char* suffix, const char* label_key, int64_t& value, int64_t count) {
    if (count <= 1) return;
    ui_label(ui, joined(name, suffix), ui.text(label_key));
    StepperOptions options;
    options.maximum = count - 1;
    options.width = 92;
    if (ui_int_stepper(ui, joined(name, suffix), value, options)) value = std::clamp<int64_t>(value, 0, count - 1);
    ImGui::SameLine(0, ui.px(6));
    ImGui::AlignTextToFramePadding();
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "0 \u2013 %lld", static_cast<long long>(count - 1));
    ui.shows(number.data());
    const UiFont mono(ui.fonts.mono);
    ImGui::TextColored(ui_color(ui, Role::secondary), "%s", number.data());
    ui_typing_error(ui, joined(name, suffix));
  };
  // Of a volume channels are counted through, and its slices have depths.
  const bool volume = shown_dims(ui.session().operation) == 3;
  selector("outer",
           id == TensorId::weight ? "editor.kernel"
           : volume               ? "editor.channel"
                                  : "editor.image",
           memory.outer, slice.outer);
  selector("channel", volume ? "input.depth" : "editor.channel", memory.channel, slice.channels);
}

int64_t move_by_arrow(ImGuiInputTextCallbackData* data) { return data->EventKey == ImGuiKey_UpArrow ? -1 : 1; }

/// Up and down leave the field for the row above or below.
int on_history(ImGuiInputTextCallbackData* data) {
  *static_cast<int64_t*>(data->UserData) = move_by_arrow(data);
  return 0;
}

void draw_cell(UiContext& ui, TensorId id, const Slice& slice, int64_t y, int64_t x, float width, const Color& fill,
               const NumberStyle& style, Memory& memory) {
  const int64_t index = y * slice.columns + x;
  const int64_t flat = slice.offset + index;
  const bool active = memory.active == index;
  std::array<char, 64> exact{};
  write_exact(slice.tensor, flat, exact);

  // Tab, Enter and the arrows move on; what was typed so far has been applied already.
  if (memory.focus_next == index) {
    ImGui::SetKeyboardFocusHere();
    memory.focus_next = -1;
  }
  if (active && paste_pressed()) {
    const char* clipboard = ImGui::GetClipboardText();
    if (clipboard && is_tensor_text(clipboard)) {
      const std::string text = clipboard;
      ImGui::ClearActiveID();
      memory.active = -1;
      take_text(ui, memory, id, text, y, x);
      return;
    }
  }

  static std::array<char, 4096> field;  // for all cells in turn; room for a tensor that is typed into one of them
  const bool refused = memory.refused == flat && !active;
  const std::string_view shown = active    ? std::string_view(memory.typed)
                                 : refused ? std::string_view(memory.refused_text)
                                           : std::string_view(exact.data());
  const size_t length = std::min(shown.size(), field.size() - 1);
  std::memcpy(field.data(), shown.data(), length);
  field[length] = '\0';

  const Theme& colors = theme(ui.session().theme);
  const Color ink = ink_on(colors, fill);
  const bool wrong = refused || (active && is_no_number(memory.typed));
  ImVec4 fill_vec(fill.r, fill.g, fill.b, fill.a);
  if (active) fill_vec = ui_color(ui, Role::canvas);
  ImGui::PushStyleColor(ImGuiCol_FrameBg, fill_vec);
  ImGui::PushStyleColor(ImGuiCol_FrameBgHovered, fill_vec);
  ImGui::PushStyleColor(ImGuiCol_FrameBgActive, fill_vec);
  // The field's own text is seen only while it is typed in: at rest the number is drawn aligned with its neighbours.
  ImGui::PushStyleColor(ImGuiCol_Text, active    ? ui_color(ui, Role::text)
                                       : refused ? ui_color(ui, Role::error)
                                                 : ImVec4(0, 0, 0, 0));
  ImGui::PushStyleColor(ImGuiCol_Border, wrong    ? ui_color(ui, Role::error)
                                         : active ? ui_color(ui, Role::accent)
                                                  : ui_color(ui, Role::border));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameRounding, ui.px(3));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(4), ImGui::GetStyle().FramePadding.y));
  ImGui::SetNextItemWidth(width);
  ImGui::PushID(static_cast<int>(index));
  int64_t arrow = 0;
  const bool entered = ImGui::InputText(
      "##cell", field.data(), field.size(),
      ImGuiInputTextFlags_AutoSelectAll | ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CallbackHistory,
      on_history, &arrow);
  ImGui::PopID();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor(5);
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  const bool hovered = ImGui::IsItemHovered();
  ui.widgets.note_item(memory.name);

  if (ImGui::IsItemActivated()) {
    memory.active = index;
    memory.typed = field.data();
    memory.text_before = memory.typed;
  } else if (memory.active == index && memory.typed != field.data()) {
    memory.typed = field.data();
    memory.error.reset();
    const std::optional<double> number = lone_number(memory.typed);
    if (number) apply_or_keep(ui, memory, edit_cell(id, flat, *number, ui.workbench.computation()));
  }
  const bool left = ImGui::IsItemDeactivated();
  if (memory.active == index && (entered || left)) {
    const std::string text = memory.typed;
    if (is_tensor_text(text) && text != memory.text_before) take_text(ui, memory, id, text, y, x);
    if (is_no_number(text)) {
      memory.refused = flat;
      memory.refused_text = text;
      memory.error = Error{"error.typed_no_number", "", {text}};
    } else if (memory.refused == flat) {
      forget_refused(memory);
    }
    memory.active = -1;
  }
  const int64_t cells = slice.rows * slice.columns;
  if (entered && memory.refused != flat) memory.focus_next = (index + 1) % cells;
  if (arrow != 0) {
    const int64_t step = slice.rows > 1 ? slice.columns : 1;
    memory.focus_next = (index + arrow * step + cells) % cells;
  }

  if (memory.active != index && memory.refused != flat) {
    std::array<char, 48> number{};
    const double value = slice.tensor.at(flat);
    int written = 0;
    if (style.drawn()) written = format_styled(value, style, number.data(), static_cast<int>(number.size()));
    const float size = style.drawn() ? style.size * ui.scale : ImGui::GetFontSize();
    const char* const begin = number.data();
    const ImVec2 words = ui.fonts.body->CalcTextSizeA(size, FLT_MAX, 0, begin, begin + written);
    ImGui::GetWindowDrawList()->AddText(
        ui.fonts.body, size, {std::floor((low.x + high.x - words.x) / 2), std::floor((low.y + high.y - words.y) / 2)},
        ImGui::GetColorU32(ImVec4(ink.r, ink.g, ink.b, ink.a)), begin, begin + written);
    if (hovered) {
      ImGui::GetWindowDrawList()->AddRect(low, high, ui_color32(ui, Role::accent), ui.px(3), 0, 1);
      ui_tooltip(ui, exact.data());
    }
  }
}

void draw_grid(UiContext& ui, std::string_view name, TensorId id, const Slice& slice, Memory& memory) {
  const UiFont mono(ui.fonts.mono);
  const float gap = ui.px(2);
  const float available = ImGui::GetContentRegionAvail().x;
  const auto columns = static_cast<float>(slice.columns);
  const float narrowest = ui.px(46);
  const float widest = ui.px(84);
  const float fitting = std::floor((available - gap * (columns - 1)) / columns);
  const float width = std::clamp(fitting, narrowest, widest);
  const float row_height = ImGui::GetFrameHeight() + gap;
  constexpr float kRowsInSight = 7.5f;
  const bool wide = width * columns + gap * (columns - 1) > available + 1;
  const float bar = wide ? ImGui::GetStyle().ScrollbarSize + gap : 0;
  const float height = std::min(static_cast<float>(slice.rows), kRowsInSight) * row_height + bar;

  const float digit = ui.fonts.body->GetCharAdvance('0') / ui.fonts.body->FontSize;
  NumberStyle style =
      fit_numbers(memory.range, (width - ui.px(6)) / ui.scale, ImGui::GetFrameHeight() / ui.scale, digit);
  style.size = std::min(style.size, 14.0f);
  if (!style.drawn()) {
    style = NumberStyle{};
    style.decimals = 2;
    style.max_chars = 5;
    style.size = kMinNumberSize;
  }

  const bool scrolls = wide || static_cast<float>(slice.rows) > kRowsInSight;
  if (scrolls) {
    ImGui::BeginChild("##grid", {0, height}, false, ImGuiWindowFlags_HorizontalScrollbar);
  } else {
    ImGui::BeginGroup();
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(gap, gap));
  // The tint that the tensor's cells have in the picture.
  Mark mark;
  mark.role = role_of(id);
  mark.fill = Fill::tint;
  const Color fill = fill_color(theme(ui.session().theme), mark);
  for (int64_t y = 0; y < slice.rows; ++y) {
    for (int64_t x = 0; x < slice.columns; ++x) {
      if (x > 0) ImGui::SameLine(0, gap);
      std::array<char, 48> suffix{};
      if (id == TensorId::bias) {
        std::snprintf(suffix.data(), suffix.size(), ".cell.%lld", static_cast<long long>(x));
      } else {
        std::snprintf(suffix.data(), suffix.size(), ".cell.%lld.%lld", static_cast<long long>(y),
                      static_cast<long long>(x));
      }
      memory.name.assign(name);
      memory.name += suffix.data();
      draw_cell(ui, id, slice, y, x, width, fill, style, memory);
    }
  }
  ImGui::PopStyleVar();
  if (scrolls) {
    ImGui::EndChild();
  } else {
    ImGui::EndGroup();
  }
}

void draw_clipboard_buttons(UiContext& ui, std::string_view name, TensorId id, const Slice& slice, Memory& memory) {
  ButtonOptions quiet;
  quiet.quiet = true;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ui.px(10));
  if (ui_icon_label_button(ui, joined(name, "copy"), Icon::copy, ui.text("editor.copy"), quiet)) {
    std::vector<double> values(static_cast<size_t>(slice.rows * slice.columns));
    for (size_t i = 0; i < values.size(); ++i) {
      std::array<char, 64> exact{};
      write_exact(slice.tensor, slice.offset + static_cast<int64_t>(i), exact);
      std::from_chars(exact.data(), exact.data() + std::strlen(exact.data()), values[i]);
    }
    ImGui::SetClipboardText(tensor_text(values, slice.rows, slice.columns).c_str());
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_label_button(ui, joined(name, "paste"), Icon::grid, ui.text("editor.paste"), quiet)) {
    const char* clipboard = ImGui::GetClipboardText();
    take_text(ui, memory, id, clipboard ? clipboard : "", 0, 0);
  }
  ui_tooltip(ui, ui.text("editor.paste_help"));
}

}  // namespace

void draw_tensor_editor(UiContext& ui, std::string_view name, TensorId id) {
  const ComputationPtr computation = ui.workbench.computation();
  if (!computation) return;
  if (id == TensorId::grad_output && computation->gradient == nullptr) return;
  const Tensor& tensor = id == TensorId::weight        ? computation->tensors.weight
                         : id == TensorId::bias        ? computation->tensors.bias
                         : id == TensorId::grad_output ? computation->gradient->grad_output
                                                       : computation->tensors.input;
  if (!tensor.defined() || tensor.numel() == 0) return;
  Memory& memory = memory_of(id);
  ImGui::PushID(name.data(), name.data() + name.size());
  const Slice slice = slice_of(tensor, id, memory);
  const int64_t longest_row = id == TensorId::bias ? 1024 : kMaxEditorSide;
  if (slice.rows > kMaxEditorSide || slice.columns > longest_row || tensor.numel() > kMaxTypedValues) {
    const std::string limit = std::to_string(id == TensorId::bias ? longest_row : kMaxEditorSide);
    ui_words(ui, tr(ui.language(), "editor.too_large", {tensor.shape().to_string("x"), limit}).c_str(),
             Role::secondary);
    ImGui::PopID();
    return;
  }
  if (memory.generation != computation->generation) {
    memory.generation = computation->generation;
    forget_refused(memory);
    memory.range = range_of(tensor);
  }
  draw_selectors(ui, name, id, slice, memory);
  // The selectors may have moved on.
  const Slice shown = slice_of(tensor, id, memory);
  draw_grid(ui, name, id, shown, memory);
  draw_clipboard_buttons(ui, name, id, shown, memory);
  if (memory.error) {
    if (memory.refused >= 0) ui.shows(memory.refused_text);
    ui_error_line(ui, name, *memory.error);
  }
  ImGui::PopID();
}

}  // namespace convscope
