// Dear ImGui's fonts: DejaVu with Chinese behind it, only the characters that are needed.
#pragma once

#include <bitset>
#include <memory>
#include <string_view>

#include "app/gui/ui_context.h"

namespace convscope {

/// The atlas of the present ImGui context. Characters of the language in use, ASCII and what was wished for are in it;
/// wishes are kept when it is built anew.
class FontAtlas final : public GlyphWishes {
 public:
  explicit FontAtlas(const FontStack& stack) : stack_(stack) {}

  void want(std::string_view text) override;
  /// Whether build() must be called before the next frame.
  bool stale(float scale, Language language) const;
  /// Builds the atlas (not between NewFrame and Render). The renderer's texture has to be made anew afterwards.
  void build(float scale, Language language);
  const UiFonts& fonts() const { return fonts_; }

 private:
  const FontStack& stack_;
  UiFonts fonts_;
  std::bitset<0x10000> wanted_;  // ImWchar has 16 bits
  bool grown_ = true;
  float scale_ = 0;
  Language language_ = Language::en;
};

}  // namespace convscope
