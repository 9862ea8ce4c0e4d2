// The window's own widgets: Dear ImGui's, drawn in the style of the house, registered under a stable name.
//
// Every function takes the stable name first ("stride.h", "timeline.play"); it is also the widget's ImGui id, so that
// words may change with the language while a script and a test still find it. Words come from ui.text(). Widths are
// logical pixels; 0 means the width that fits, negative means up to that far from the right edge.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/gui/ui_context.h"
#include "app/scene/theme.h"
#include "engine/conv_params.h"
#include "engine/result.h"

namespace convscope {

/// Drawn with lines, because no font at hand has all of them.
enum class Icon : uint8_t {
  play,
  pause,
  step_back,
  step_forward,
  first,
  last,
  loop,
  undo,
  redo,
  sun,
  moon,
  contrast,
  export_file,
  open_file,
  save,
  settings,
  fold_left,
  fold_right,
  help,
  close,
  plus,
  minus,
  chevron_down,
  chevron_right,
  chevron_up,
  folder,
  file,
  picture,
  check,
  warning,
  reset,
  dice,
  link,
  unlink,
  fit,
  copy,
  grid,
  keyboard,
  unfold_left,
  unfold_right,
  lesson,
  predict,
  eye,
  compare,
  swap,
};
void draw_icon(ImDrawList* list, Icon icon, ImVec2 center, float size, ImU32 color);

/// Colours of a role in the session's theme, for ImGui and its draw lists.
ImVec4 ui_color(const UiContext& ui, Role role);
ImU32 ui_color32(const UiContext& ui, Role role, float opacity = 1);
/// The pale fill of a role (input, weight, output, ...): chips, table rows.
ImU32 ui_tint32(const UiContext& ui, Role role, float opacity = 1);

struct ButtonOptions {
  float width = 0;
  bool enabled = true;
  bool primary = false;  // filled with the accent: one per dialog
  bool quiet = false;    // no frame until hovered
  bool active = false;   // a switch that is on
  const char* tooltip = nullptr;
};
bool ui_button(UiContext& ui, std::string_view name, const char* label, const ButtonOptions& options = {});
/// A square button; quiet unless told otherwise.
bool ui_icon_button(UiContext& ui, std::string_view name, Icon icon, const char* tooltip,
                    const ButtonOptions& options = {});
/// A button with an icon before its words.
bool ui_icon_label_button(UiContext& ui, std::string_view name, Icon icon, const char* label,
                          const ButtonOptions& options = {});

/// A drop-down list; its entries are registered as "NAME.0", "NAME.1", ... while it is open, or as "NAME.<key>" when
/// `keys` are given (prefer keys: scripts read better). True when another entry was chosen.
bool ui_combo(UiContext& ui, std::string_view name, int& current, std::span<const char* const> labels, float width = 0,
              std::span<const std::string_view> keys = {});
bool ui_checkbox(UiContext& ui, std::string_view name, const char* label, bool& value, bool enabled = true);
/// A row of buttons of which one is on (lenses, modes); entries are "NAME.<key>".
bool ui_segments(UiContext& ui, std::string_view name, int& current, std::span<const char* const> labels,
                 std::span<const std::string_view> keys, float width = 0);

struct StepperOptions {
  int64_t minimum = 0;   // of the buttons and of dragging; anything may be typed, and is refused by validate()
  int64_t maximum = 64;  // of dragging; the buttons and the keyboard go beyond
  int64_t step = 1;
  float width = 116;  // of field and buttons together
  bool enabled = true;
  bool invalid = false;          // the red frame: the session's error is about this field
  const char* prefix = nullptr;  // before the number inside the field, "H "
  /// Where the number is half of a pair: filled when "2,1" or "(2, 1)", height before width, was typed instead of one
  /// number. The value stays as it was then.
  std::optional<Pair>* pair = nullptr;
  /// Numbers up to 2^64 - 1 too, taken as torch.manual_seed takes them: the upper half are the negative ones again.
  bool wraps_at_64_bits = false;
};
/// A whole number: "-" field "+". Dragging the field changes it, a click types; "NAME.minus" and "NAME.plus" are the
/// buttons. True in every frame in which the value changed (while typing too, so that the picture follows). Text that
/// is no whole number stays in the field, framed in red, and changes nothing: see ui_typing_error().
bool ui_int_stepper(UiContext& ui, std::string_view name, int64_t& value, const StepperOptions& options = {});
/// What is wrong with the text typed into the number field `name`, or into one of its parts ("stride" of "stride.h"),
/// as a line of its own; true if it was drawn. Registered as "NAME.typing.error".
bool ui_typing_error(UiContext& ui, std::string_view name);
/// A finite number of any kind in a field (seconds). Text that is none stays in the field, framed in red, and changes
/// nothing: see ui_typing_error().
bool ui_double_field(UiContext& ui, std::string_view name, double& value, float width, const char* format = "%g",
                     bool invalid = false);
/// One line of text. True in every frame in which it changed; `entered` (may be null) when Enter was pressed.
bool ui_text_field(UiContext& ui, std::string_view name, std::string& text, float width = 0, const char* hint = nullptr,
                   bool* entered = nullptr, bool mono = false);
/// A bar from 0 to 1, without words.
bool ui_slider(UiContext& ui, std::string_view name, float& value, float minimum, float maximum, float width,
               const char* format = "");
void ui_progress(UiContext& ui, std::string_view name, float fraction, float width, const char* words = nullptr);

/// A panel's title line that folds its contents; true while unfolded. Draw the contents only then.
bool ui_section(UiContext& ui, std::string_view name, const char* title, bool open_at_first = true);
/// A title that does not fold.
void ui_title(UiContext& ui, const char* title);
/// A label in the column of labels, then the cursor at the widgets' column; `argument` sets PyTorch's names in
/// monospace. `help` (may be null) appears when pointing at the label, registered as "NAME.help".
void ui_label(UiContext& ui, std::string_view name, const char* label, const char* help = nullptr,
              bool argument = false, float label_width = 112);
/// A small "?" with a text behind it.
void ui_help(UiContext& ui, std::string_view name, const char* text);
/// Shows `text` when the last item is pointed at for a moment. Registered as "tooltip".
void ui_tooltip(UiContext& ui, const char* text);
/// An error's sentence with its sign, wrapped, under the widget it belongs to. Registered as "NAME.error".
void ui_error_line(UiContext& ui, std::string_view name, const Error& error);
/// ui_error_line() if the session's error is about `field`; true if it was drawn. (field: PyTorch's name.)
bool ui_field_error(UiContext& ui, std::string_view field);
/// True if the session's error is about `field`.
bool ui_field_invalid(const UiContext& ui, std::string_view field);
/// Wrapped text in a role's colour and a font.
void ui_words(UiContext& ui, const char* text, Role role = Role::text, ImFont* font = nullptr);
/// The text with line breaks for `width` device pixels in the present font. Dear ImGui breaks lines at spaces only;
/// Chinese has none, so here lines also break between its characters, but not before closing marks or after opening
/// ones. Text without Chinese comes back as it is (use ImGui's wrapping besides). Valid until the next call.
const char* ui_wrapped(const char* text, float width);
/// Words in a rounded patch of a role's tint: name tags ("X 1x1x5x5").
void ui_chip(UiContext& ui, const char* text, Role role);
void ui_gap(UiContext& ui, float logical = 8);
/// A hairline across the panel.
void ui_rule(UiContext& ui);

/// Scopes a font for one block: { UiFont f(ui.fonts.mono); ... }
class UiFont {
 public:
  explicit UiFont(ImFont* font) { ImGui::PushFont(font); }
  ~UiFont() { ImGui::PopFont(); }
  UiFont(const UiFont&) = delete;
  UiFont& operator=(const UiFont&) = delete;
};

}  // namespace convscope
