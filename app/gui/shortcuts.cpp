#include "app/gui/shortcuts.h"

#include <array>

namespace convscope {
namespace {

struct NamedKey {
  std::string_view name;
  Key key;
};
constexpr std::array<NamedKey, 21> kNames = {{{"enter", kKeyEnter},    {"return", kKeyEnter},
                                              {"tab", kKeyTab},        {"backspace", kKeyBackspace},
                                              {"escape", kKeyEscape},  {"space", kKeySpace},
                                              {"left", kKeyLeft},      {"right", kKeyRight},
                                              {"up", kKeyUp},          {"down", kKeyDown},
                                              {"home", kKeyHome},      {"end", kKeyEnd},
                                              {"page_up", kKeyPageUp}, {"page_down", kKeyPageDown},
                                              {"delete", kKeyDelete},  {"insert", kKeyInsert},
                                              {"f1", kKeyF1},          {"f11", kKeyF11},
                                              {"plus", Key{U'+'}},     {"minus", Key{U'-'}},
                                              {"question", Key{U'?'}}}};

constexpr std::array<ShortcutRow, 18> kRows = {{{"Space", "shortcut.play_pause"},
                                                {"\u2192 / \u2190", "shortcut.step"},
                                                {"\u2193 / \u2191", "shortcut.row"},
                                                {"Home / End", "shortcut.first_last"},
                                                {"Ctrl+Z", "shortcut.undo"},
                                                {"Ctrl+Shift+Z / Ctrl+Y", "shortcut.redo"},
                                                {"Ctrl+O", "shortcut.open"},
                                                {"Ctrl+S", "shortcut.save"},
                                                {"Ctrl+Shift+S", "shortcut.save_as"},
                                                {"Ctrl+E", "shortcut.export"},
                                                {"+ / - / 0", "shortcut.zoom"},
                                                {"1 / 2 / 3 / 4 / 5", "shortcut.lens"},
                                                {"PgDn / PgUp", "shortcut.lesson"},
                                                {"L", "shortcut.language"},
                                                {"T", "shortcut.theme"},
                                                {"F11", "shortcut.fullscreen"},
                                                {"Ctrl+Q", "shortcut.quit"},
                                                {"?", "shortcut.shortcuts"}}};

}  // namespace

std::optional<KeyPress> key_press_from_name(std::string_view name) {
  KeyPress press;
  for (;;) {
    if (name.starts_with("ctrl+") && name.size() > 5) {
      press.ctrl = true;
      name.remove_prefix(5);
    } else if (name.starts_with("shift+") && name.size() > 6) {
      press.shift = true;
      name.remove_prefix(6);
    } else if (name.starts_with("alt+") && name.size() > 4) {
      press.alt = true;
      name.remove_prefix(4);
    } else {
      break;
    }
  }
  for (const NamedKey& named : kNames) {
    if (named.name == name) {
      press.key = named.key;
      return press;
    }
  }
  if (name.size() != 1 || name[0] <= ' ' || name[0] > '~') return std::nullopt;
  const char c = name[0];
  press.key = Key{static_cast<char32_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)};
  return press;
}

std::optional<Command> command_of(const KeyPress& press, bool typing) {
  if (press.alt) return std::nullopt;
  if (press.key == kKeyF11) return Command::fullscreen;
  if (press.ctrl) {
    switch (press.key.code) {
      case 'o':
        return Command::open;
      case 's':
        return press.shift ? Command::save_as : Command::save;
      case 'e':
        return Command::export_file;
      case 'q':
        return Command::quit;
      // Text fields undo by themselves.
      case 'z':
        if (typing) return std::nullopt;
        return press.shift ? Command::redo : Command::undo;
      case 'y':
        if (typing) return std::nullopt;
        return Command::redo;
      case '+':
      case '=':
        return Command::zoom_in;
      case '-':
        return Command::zoom_out;
      case '0':
        return Command::zoom_fit;
      default:
        break;
    }
    if (typing) return std::nullopt;
    if (press.key == kKeyRight) return Command::lesson_next;
    if (press.key == kKeyLeft) return Command::lesson_back;
    return std::nullopt;
  }
  if (typing) return std::nullopt;
  // What a presenter's clicker sends.
  if (press.key == kKeyPageDown) return Command::lesson_next;
  if (press.key == kKeyPageUp) return Command::lesson_back;
  if (press.key == kKeySpace) return Command::play_pause;
  if (press.key == kKeyRight) return Command::step_forward;
  if (press.key == kKeyLeft) return Command::step_back;
  if (press.key == kKeyDown) return Command::next_row;
  if (press.key == kKeyUp) return Command::previous_row;
  if (press.key == kKeyHome) return Command::first_step;
  if (press.key == kKeyEnd) return Command::last_step;
  if (press.key == kKeyEscape) return Command::escape;
  if (press.key == kKeyF1) return Command::shortcuts;
  if (press.key.code >= '1' && press.key.code <= '9') {
    return static_cast<Command>(static_cast<unsigned>(Command::lens_1) + static_cast<unsigned>(press.key.code - '1'));
  }
  switch (press.key.code) {
    case '+':
    case '=':
      return Command::zoom_in;
    case '-':
      return Command::zoom_out;
    case '0':
      return Command::zoom_fit;
    case 'l':
      return Command::language;
    case 't':
      return Command::theme;
    case '?':
      return Command::shortcuts;
    default:
      return std::nullopt;
  }
}

std::span<const ShortcutRow> shortcut_rows() { return kRows; }

}  // namespace convscope
