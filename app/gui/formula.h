// Lines of mathematics in a panel: words in the colours of their roles, one real fraction between the brackets of
// floor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/gui/ui_context.h"

namespace convscope {

/// Built once, drawn in each frame. Keeps its memory.
class FormulaLine {
 public:
  void clear();
  bool empty() const { return used_ == 0; }
  /// Adds words behind what is there: to the line, or to the part of the fraction that is open.
  FormulaLine& add(std::string_view text, Role role = Role::text);
  FormulaLine& add(int64_t number, Role role = Role::text);
  /// Words in a rounded patch of the role's tint, larger than the rest: the result.
  FormulaLine& add_result(int64_t number, Role role);
  /// floor( ... over ... ): what is added goes above the bar, after over() below it, after close() behind the bracket.
  FormulaLine& floor();
  /// The same in the brackets of ceil.
  FormulaLine& ceil();
  FormulaLine& over();
  FormulaLine& close();

  /// Draws at the cursor in at most `width` device pixels, smaller where it would not fit, and moves the cursor on.
  /// `size` is the font size in logical pixels.
  void draw(UiContext& ui, float size, float width) const;

 private:
  enum class Part : uint8_t { line, above, below, result };
  struct Run {
    std::string text;
    Role role = Role::text;
    Part part = Part::line;
    bool opens_fraction = false;  // the first run of a fraction
    bool ceils = false;           // whose brackets are ceil's
  };
  /// Draws, or only measures when `list` is null.
  ImVec2 lay_out(UiContext& ui, ImDrawList* list, ImVec2 origin, float pixels) const;

  std::vector<Run> runs_;
  size_t used_ = 0;
  Part part_ = Part::line;
  bool opening_ = false;
  bool ceils_ = false;
};

}  // namespace convscope
