// DejaVu with a Chinese font behind it, found by fontconfig, drawn by FreeType.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/scene/scene.h"
#include "engine/result.h"

namespace convscope {

/// A glyph's 8-bit coverage and where it goes relative to the pen on the baseline, in device pixels.
struct Glyph {
  int width = 0, height = 0, left = 0, top = 0;
  float advance = 0;
  std::vector<uint8_t> coverage;
};

/// All of it may be called from several threads at once.
class FontStack : public TextMeasure {
 public:
  /// How finely pens are placed between whole pixels.
  static constexpr int kPhases = 4;

  /// Errors: error.font_missing (args: family).
  static Result<std::unique_ptr<FontStack>> open();
  ~FontStack() override;

  float width(std::string_view text, Face face, float size) const override;
  /// The advance of one character at size 1.
  float advance(char32_t character, Face face) const;
  /// Rasterises one character at a whole number of device pixels, its pen `phase` / kPhases of a pixel to the right
  /// of a pixel's edge.
  Glyph rasterise(char32_t character, Face face, int pixel_size, int phase = 0) const;
  /// Whether some font of the stack has the character (else a box is drawn).
  bool has(char32_t character, Face face) const;
  /// Ascent and descent of a face at size 1, both positive, and the height of its capitals and digits.
  float ascent(Face face) const;
  float descent(Face face) const;
  float cap_height(Face face) const;
  /// Files behind a face, main font first, then its fallbacks (with index in their collection): for Dear ImGui.
  struct File {
    std::string path;
    int index = 0;
  };
  std::vector<File> files(Face face) const;
  /// Families behind a face in the same order, as CSS and desktop programs know them.
  std::vector<std::string> families(Face face) const;

 private:
  FontStack();
  struct State;
  std::unique_ptr<State> state_;
};

/// The next character of UTF-8 text, U+FFFD for what is none; advances `position`.
char32_t next_character(std::string_view text, size_t& position);

}  // namespace convscope
