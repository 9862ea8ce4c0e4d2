#include "app/gui/shortcuts.h"

#include <array>

namespace convscope {
namespace {

struct NamedKey {
  std::string_view name;
  Key key;
};
constexpr std::array<NamedKey, 22> kNames = {{{"enter", kKeyEnter},    {"return", kKeyEnter},
                                              {"tab", kKeyTab},        {"backspace", kKeyBackspace},
                                              {"escape", kKeyEscape},  {"space", kKeySpace},
                                              {"left", kKeyLeft},      {"right", kKeyRight},
                                              {"up", kKeyUp},          {"down", kKeyDown},
                                              {"home", kKeyHome},      {"end", kKeyEnd},
                                              {"page_up", kKeyPageUp}, {"page_down", kKeyPageDown},
                                              {"delete", kKeyDelete},  {"insert", kKeyInsert},
                                              {"f1", kKeyF1},          {"f5", kKeyF5},
                                              {"f11", kKeyF11},        {"plus", Key{U'+'}},
                                              {"minus", Key{U'-'}},    {"question", Key{U'?'}}}};

constexpr std::array<ShortcutRow, 22> kRows = {{{"Space", "shortcut.play_pause"},
                                                {"\u2192 / \u2190 / PgDn / PgUp", "shortcut.step"},
                                                {"\u2193 / \u2191", "shortcut.row"},
                                                {"Home / End", "shortcut.first_last"},
                                                {"Ctrl+K / Ctrl+Shift+P", "shortcut.palette"},
                                                {"Ctrl+Z", "shortcut.undo"},
                                                {"Ctrl+Shift+Z / Ctrl+Y", "shortcut.redo"},
                                                {"Ctrl+O", "shortcut.open"},
                                                {"Ctrl+S", "shortcut.save"},
                                                {"Ctrl+Shift+S", "shortcut.save_as"},
                                                {"Ctrl+E", "shortcut.export"},
                                                {"Ctrl+Shift+C / Ctrl+V", "shortcut.share"},
                                                {"Ctrl+D / X", "shortcut.compare"},
                                                {"+ / - / 0", "shortcut.zoom"},
                                                {"1 / 2 / \u2026 / 9", "shortcut.lens"},
                                                {"PgDn / PgUp", "shortcut.lesson"},
                                                {"L", "shortcut.language"},
                                                {"T", "shortcut.theme"},
                                                {"F5 / B / Esc", "shortcut.presenter"},
                                                {"F11", "shortcut.fullscreen"},
                                                {"Ctrl+Q", "shortcut.quit"},
                                                {"?", "shortcut.shortcuts"}}};

constexpr std::array<CommandRow, 37> kCommandRows = {
    {{Command::play_pause, "play_pause", "command.play_pause", "Space"},
     {Command::step_forward, "step_forward", "command.step_forward", "\u2192"},
     {Command::step_back, "step_back", "command.step_back", "\u2190"},
     {Command::first_step, "first_step", "command.first_step", "Home"},
     {Command::last_step, "last_step", "command.last_step", "End"},
     {Command::next_row, "next_row", "command.next_row", "\u2193"},
     {Command::previous_row, "previous_row", "command.previous_row", "\u2191"},
     {Command::undo, "undo", "shortcut.undo", "Ctrl+Z"},
     {Command::redo, "redo", "shortcut.redo", "Ctrl+Y"},
     {Command::open, "open", "command.open", "Ctrl+O"},
     {Command::save, "save", "command.save", "Ctrl+S"},
     {Command::save_as, "save_as", "command.save_as", "Ctrl+Shift+S"},
     {Command::export_file, "export", "command.export", "Ctrl+E"},
     {Command::share, "share", "command.share", "Ctrl+Shift+C"},
     {Command::paste, "paste", "command.paste", "Ctrl+V"},
     {Command::compare, "compare", "command.compare", "Ctrl+D"},
     {Command::compare_lenses, "compare_lenses", "command.compare_lenses", ""},
     {Command::other_side, "other_side", "command.other_side", "X"},
     {Command::swap_sides, "swap_sides", "command.swap_sides", ""},
     {Command::close_comparison, "close_comparison", "command.close_comparison", ""},
     {Command::zoom_in, "zoom_in", "command.zoom_in", "+"},
     {Command::zoom_out, "zoom_out", "command.zoom_out", "-"},
     {Command::zoom_fit, "zoom_fit", "command.zoom_fit", "0"},
     {Command::faster, "faster", "command.faster", ""},
     {Command::slower, "slower", "command.slower", ""},
     {Command::loop, "loop", "timeline.loop", ""},
     {Command::larger_interface, "larger_interface", "command.larger_interface", ""},
     {Command::smaller_interface, "smaller_interface", "command.smaller_interface", ""},
     {Command::reduced_motion, "reduced_motion", "settings.reduced_motion", ""},
     {Command::language, "language", "command.language", "L"},
     {Command::theme, "theme", "shortcut.theme", "T"},
     {Command::fold_left, "fold_left", "toolbar.fold_left", ""},
     {Command::fold_right, "fold_right", "toolbar.fold_right", ""},
     {Command::presenter, "presenter", "command.presenter", "F5"},
     {Command::fullscreen, "fullscreen", "shortcut.fullscreen", "F11"},
     {Command::shortcuts, "shortcuts", "settings.shortcuts", "?"},
     {Command::quit, "quit", "shortcut.quit", "Ctrl+Q"}}};

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
  if (press.key == kKeyF5) return Command::presenter;
  if (press.ctrl) {
    switch (press.key.code) {
      case 'o':
        return Command::open;
      case 's':
        return press.shift ? Command::save_as : Command::save;
      case 'e':
        return Command::export_file;
      case 'k':
        return Command::palette;
      case 'p':
        if (!press.shift) return std::nullopt;
        return Command::palette;
      case 'c':
        if (!press.shift) return std::nullopt;
        return Command::share;
      case 'v':
        if (typing) return std::nullopt;
        return Command::paste;
      case 'q':
        return Command::quit;
      // Text fields undo by themselves.
      case 'z':
        if (typing) return std::nullopt;
        return press.shift ? Command::redo : Command::undo;
      case 'y':
        if (typing) return std::nullopt;
        return Command::redo;
      case 'd':
        if (typing) return std::nullopt;
        return Command::compare;
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
    case 'x':
      return Command::other_side;
    case 'b':
    case '.':
      return Command::blank;
    case '?':
      return Command::shortcuts;
    default:
      return std::nullopt;
  }
}

std::span<const ShortcutRow> shortcut_rows() { return kRows; }
std::span<const CommandRow> command_rows() { return kCommandRows; }

}  // namespace convscope
