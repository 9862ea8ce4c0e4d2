// The keyboard: what a key does, free of any window system.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace convscope {

/// Letters are their lower-case character, other printable keys the character they write ('+', '?', ' ').
struct Key {
  char32_t code = 0;
  bool operator==(const Key&) const = default;
};
inline constexpr Key kKeyEnter{'\r'}, kKeyTab{'\t'}, kKeyBackspace{'\b'}, kKeyEscape{0x1B}, kKeySpace{' '};
inline constexpr Key kKeyLeft{0x110000}, kKeyRight{0x110001}, kKeyUp{0x110002}, kKeyDown{0x110003};
inline constexpr Key kKeyHome{0x110004}, kKeyEnd{0x110005}, kKeyPageUp{0x110006}, kKeyPageDown{0x110007};
inline constexpr Key kKeyDelete{0x110008}, kKeyInsert{0x110009}, kKeyF1{0x11000A}, kKeyF5{0x11000E}, kKeyF11{0x110014};

struct KeyPress {
  Key key;
  bool ctrl = false, shift = false, alt = false;
};
/// "ctrl+shift+z", "space", "left", "+", "f11"; nothing for what is no key.
std::optional<KeyPress> key_press_from_name(std::string_view name);

enum class Command : unsigned char {
  play_pause,
  step_forward,
  step_back,
  first_step,
  last_step,
  next_row,
  previous_row,
  undo,
  redo,
  open,
  save,
  save_as,
  export_file,
  zoom_in,
  zoom_out,
  zoom_fit,
  faster,
  slower,
  loop,
  larger_interface,
  smaller_interface,
  reduced_motion,
  lens_1,  // of all_lenses(), by digits; lens_1 to lens_9 follow one another
  lens_2,
  lens_3,
  lens_4,
  lens_5,
  lens_6,
  lens_7,
  lens_8,
  lens_9,
  lesson_next,  // a step where there is no lesson
  lesson_back,
  language,
  theme,
  shortcuts,
  palette,
  share,  // copies the session as text
  paste,
  compare,         // a copy beside the session
  compare_lenses,  // two lenses of it
  other_side,      // is edited
  swap_sides,
  close_comparison,
  fold_left,
  fold_right,
  fullscreen,
  presenter,
  blank,  // of the presenter's screen
  quit,
  escape,
};

/// What a key press means. While text is typed only those with Ctrl that no text field uses, F5 and F11 count.
std::optional<Command> command_of(const KeyPress& press, bool typing);

/// Rows of the overlay "?": key cap(s) as shown and the words' key in the language files.
struct ShortcutRow {
  std::string_view keys;       // "Ctrl+Z"; alternatives separated by " / "
  std::string_view words_key;  // "shortcut.undo"
};
std::span<const ShortcutRow> shortcut_rows();

/// What the command palette lists, with its key where it has one.
struct CommandRow {
  Command command;
  std::string_view name;       // of scripts: "undo"
  std::string_view words_key;  // "command.undo"
  std::string_view keys;       // as in ShortcutRow; may be empty
};
std::span<const CommandRow> command_rows();

}  // namespace convscope
