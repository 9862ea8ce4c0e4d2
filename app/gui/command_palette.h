// Everything that can be done, found by typing a few letters of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/shortcuts.h"
#include "app/gui/ui_context.h"
#include "app/session/session.h"

namespace convscope {

/// How well `wanted` fits a text, more is better; nothing where its letters do not stand there in their order. Each
/// word of `wanted` is looked for by itself; the case of Latin letters does not matter; what stands together and at the
/// beginning of words counts most.
std::optional<int> fuzzy_score(std::string_view wanted, std::string_view text);

struct PaletteChoice {
  enum class Kind : uint8_t { command, open, beside, lens, operation, panel, lesson };
  Kind kind = Kind::command;
  Command command = Command::escape;
  Lens lens = Lens::sliding;
  std::string name;  // of a preset or file, an operation, a side panel, a lesson
};

/// A field over the window and what fits below it, worked by the keyboard alone: letters, up, down, Enter, Escape. Rows
/// are registered as "palette.<name>": "palette.undo", "palette.preset.dilation", "palette.lens.im2col".
class CommandPalette {
 public:
  /// Collects what can be done with the session as it is.
  void open(UiContext& ui);
  void close() { open_ = false; }
  bool is_open() const { return open_; }
  /// What was chosen in this frame; it is closed then.
  std::optional<PaletteChoice> draw(UiContext& ui);

 private:
  struct Entry {
    PaletteChoice choice;
    std::string widget;
    std::string label;   // in the window's language
    std::string others;  // in the other ones, and its plain name: what may be typed as well
    std::string_view keys, kind_key;
  };
  void collect(UiContext& ui);
  void filter();

  bool open_ = false, appearing_ = false;
  std::string wanted_, filtered_by_;
  std::vector<Entry> entries_;
  std::vector<size_t> shown_;  // of entries_, best first
  size_t current_ = 0, first_ = 0;
};

}  // namespace convscope
