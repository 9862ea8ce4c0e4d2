#include "app/render/glyph_atlas.h"

#include <glad/gl.h>

#include <algorithm>
#include <cstring>

namespace convscope {

namespace {
constexpr int kMostRows = 4096;  // 4 MiB of glyphs; every OpenGL 3.3 takes textures this high
}

GlyphAtlas::GlyphAtlas(const FontStack& fonts) : fonts_(fonts) {
  coverage_.resize(static_cast<size_t>(width_) * static_cast<size_t>(height_));
  glGenTextures(1, &texture_);
}

GlyphAtlas::~GlyphAtlas() { glDeleteTextures(1, &texture_); }

const GlyphAtlas::Slot* GlyphAtlas::find(char32_t character, Face face, int pixel_size, int phase) {
  // Sans and mathematics are the same glyphs.
  const uint64_t family = face == Face::math ? 0 : static_cast<uint64_t>(face);
  const uint64_t key = static_cast<uint64_t>(character) | family << 24 | static_cast<uint64_t>(phase) << 28 |
                       static_cast<uint64_t>(pixel_size) << 32;
  if (const auto it = slots_.find(key); it != slots_.end()) return &it->second;
  const Glyph glyph = fonts_.rasterise(character, face, pixel_size, phase);
  Slot slot;
  if (glyph.width > 0 && glyph.width < width_) {
    int x = 0;
    int y = 0;
    if (!place(glyph.width, glyph.height, x, y)) return nullptr;
    slot = {static_cast<int16_t>(x),           static_cast<int16_t>(y),
            static_cast<int16_t>(glyph.width), static_cast<int16_t>(glyph.height),
            static_cast<int16_t>(glyph.left),  static_cast<int16_t>(glyph.top)};
    for (int row = 0; row < glyph.height; ++row) {
      std::memcpy(coverage_.data() + static_cast<ptrdiff_t>(y + row) * width_ + x,
                  glyph.coverage.data() + static_cast<ptrdiff_t>(row) * glyph.width, static_cast<size_t>(glyph.width));
    }
    dirty_top_ = dirty_bottom_ == 0 ? y : std::min(dirty_top_, y);
    dirty_bottom_ = std::max(dirty_bottom_, y + glyph.height);
  }
  return &slots_.emplace(key, slot).first->second;
}

bool GlyphAtlas::place(int width, int height, int& x, int& y) {
  if (shelf_x_ + width > width_) {
    shelf_y_ += shelf_height_;
    shelf_x_ = 0;
    shelf_height_ = 0;
  }
  while (shelf_y_ + height > height_) {
    if (height_ >= kMostRows) return false;
    height_ *= 2;
    coverage_.resize(static_cast<size_t>(width_) * static_cast<size_t>(height_));
  }
  x = shelf_x_;
  y = shelf_y_;
  shelf_x_ += width;
  shelf_height_ = std::max(shelf_height_, height);
  return true;
}

void GlyphAtlas::clear() {
  slots_.clear();
  shelf_x_ = shelf_y_ = shelf_height_ = 0;
  dirty_top_ = dirty_bottom_ = 0;
}

void GlyphAtlas::bind() {
  glBindTexture(GL_TEXTURE_2D, texture_);
  if (texture_height_ != height_) {
    glTexImage2D(GL_TEXTURE_2D, 0, GL_R8, width_, height_, 0, GL_RED, GL_UNSIGNED_BYTE, coverage_.data());
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
    texture_height_ = height_;
  } else if (dirty_bottom_ > dirty_top_) {
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, dirty_top_, width_, dirty_bottom_ - dirty_top_, GL_RED, GL_UNSIGNED_BYTE,
                    coverage_.data() + static_cast<ptrdiff_t>(dirty_top_) * width_);
  }
  dirty_top_ = dirty_bottom_ = 0;
}

}  // namespace convscope
