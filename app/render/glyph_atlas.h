// Glyphs side by side in one texture.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "app/render/font_stack.h"

namespace convscope {

/// Needs a current context for its whole life.
class GlyphAtlas {
 public:
  static constexpr int kLargestSize = 512;  // of a glyph, in device pixels per em

  struct Slot {
    int16_t x = 0, y = 0, width = 0, height = 0;  // in the atlas; width 0 for blanks
    int16_t left = 0, top = 0;                    // from the pen to the upper left corner, top upwards
  };

  explicit GlyphAtlas(const FontStack& fonts);
  ~GlyphAtlas();
  GlyphAtlas(const GlyphAtlas&) = delete;
  GlyphAtlas& operator=(const GlyphAtlas&) = delete;

  /// Where a character is; draws it first where it is new. Null when there is no room: clear() and start the picture
  /// again. The pointer holds until the next call.
  const Slot* find(char32_t character, Face face, int pixel_size, int phase);
  void clear();
  /// Binds the texture to the active unit, new glyphs uploaded.
  void bind();

 private:
  bool place(int width, int height, int& x, int& y);

  const FontStack& fonts_;
  std::unordered_map<uint64_t, Slot> slots_;
  std::vector<uint8_t> coverage_;
  int width_ = 1024, height_ = 256;
  int shelf_x_ = 0, shelf_y_ = 0, shelf_height_ = 0;
  int dirty_top_ = 0, dirty_bottom_ = 0;
  int texture_height_ = 0;
  uint32_t texture_ = 0;
};

}  // namespace convscope
