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

class FontStack : public TextMeasure {
 public:
  /// Errors: error.font_missing (args: family).
  static Result<std::unique_ptr<FontStack>> open();
  ~FontStack() override;

  float width(std::string_view text, Face face, float size) const override;
  /// Rasterises one character at a whole number of device pixels.
  Glyph rasterise(char32_t character, Face face, int pixel_size) const;
  /// Ascent and descent of a face at size 1.
  float ascent(Face face) const;
  float descent(Face face) const;
  /// Files behind a face, main font first, then its fallbacks (with index in their collection): for Dear ImGui.
  struct File {
    std::string path;
    int index = 0;
  };
  std::vector<File> files(Face face) const;

 private:
  FontStack();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
