#include "app/render/font_stack.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include FT_TRUETYPE_TABLES_H

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace convscope {

namespace {

constexpr int kFaces = 4;
constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kProbe = U'核';  // in every font that can write simplified Chinese

/// Which of the three families a face is drawn with: mathematics is sans, whose DejaVu has floor and ceil.
int family_of(Face face) {
  switch (face) {
    case Face::bold:
      return 1;
    case Face::mono:
      return 2;
    case Face::sans:
    case Face::math:
      break;
  }
  return 0;
}

struct Found {
  std::string path, family;
  int index = 0;
  bool bold = false;
};

Found found_from(FcPattern* match) {
  Found found;
  FcChar8* text = nullptr;
  if (FcPatternGetString(match, FC_FILE, 0, &text) == FcResultMatch) found.path = reinterpret_cast<char*>(text);
  if (FcPatternGetString(match, FC_FAMILY, 0, &text) == FcResultMatch) found.family = reinterpret_cast<char*>(text);
  FcPatternGetInteger(match, FC_INDEX, 0, &found.index);
  int weight = FC_WEIGHT_REGULAR;
  FcPatternGetInteger(match, FC_WEIGHT, 0, &weight);
  // fontconfig reports a regular cut as bold where it wants the caller to thicken it.
  FcBool thicken = FcFalse;
  FcPatternGetBool(match, FC_EMBOLDEN, 0, &thicken);
  found.bold = weight >= FC_WEIGHT_DEMIBOLD && thicken == FcFalse;
  return found;
}

/// The font file of exactly this family; fontconfig's substitutes do not count.
std::optional<Found> find_family(FcConfig* config, const char* family, bool bold) {
  FcPattern* pattern = FcPatternCreate();
  FcPatternAddString(pattern, FC_FAMILY, reinterpret_cast<const FcChar8*>(family));
  FcPatternAddInteger(pattern, FC_WEIGHT, bold ? FC_WEIGHT_BOLD : FC_WEIGHT_REGULAR);
  FcPatternAddInteger(pattern, FC_SLANT, FC_SLANT_ROMAN);
  FcPatternAddInteger(pattern, FC_WIDTH, FC_WIDTH_NORMAL);
  FcPatternAddBool(pattern, FC_SCALABLE, FcTrue);
  FcConfigSubstitute(config, pattern, FcMatchPattern);
  FcDefaultSubstitute(pattern);
  FcResult result = FcResultNoMatch;
  FcPattern* match = FcFontMatch(config, pattern, &result);
  FcPatternDestroy(pattern);
  if (match == nullptr) return std::nullopt;
  std::optional<Found> found;
  FcChar8* name = nullptr;
  for (int i = 0; FcPatternGetString(match, FC_FAMILY, i, &name) == FcResultMatch; ++i) {
    if (FcStrCmpIgnoreCase(name, reinterpret_cast<const FcChar8*>(family)) != 0) continue;
    found = found_from(match);
    found->family = family;
    break;
  }
  FcPatternDestroy(match);
  return found;
}

/// Any outline font at all that says it writes simplified Chinese.
std::optional<Found> find_chinese(FcConfig* config) {
  FcPattern* pattern = FcPatternCreate();
  FcCharSet* wanted = FcCharSetCreate();
  FcCharSetAddChar(wanted, kProbe);
  FcPatternAddCharSet(pattern, FC_CHARSET, wanted);
  FcPatternAddString(pattern, FC_LANG, reinterpret_cast<const FcChar8*>("zh-cn"));
  FcPatternAddBool(pattern, FC_SCALABLE, FcTrue);
  FcConfigSubstitute(config, pattern, FcMatchPattern);
  FcDefaultSubstitute(pattern);
  FcResult result = FcResultNoMatch;
  FcPattern* match = FcFontMatch(config, pattern, &result);
  FcCharSetDestroy(wanted);
  FcPatternDestroy(pattern);
  if (match == nullptr) return std::nullopt;
  std::optional<Found> found;
  FcCharSet* covered = nullptr;
  if (FcPatternGetCharSet(match, FC_CHARSET, 0, &covered) == FcResultMatch && FcCharSetHasChar(covered, kProbe)) {
    found = found_from(match);
  }
  FcPatternDestroy(match);
  return found;
}

/// One font file, opened.
struct Font {
  Found file;
  FT_Face face = nullptr;
  int pixel_size = 0;
};

}  // namespace

struct FontStack::State {
  FT_Library library = nullptr;
  // Each family's fonts in the order in which they are asked for a character.
  std::array<std::vector<Font>, 3> families;
  std::array<float, 3> ascents{}, descents{}, cap_heights{};
  // Latin text is measured without the lock: this never changes after open().
  std::array<std::array<float, 128>, 3> ascii{};
  mutable std::mutex mutex;
  mutable std::array<std::unordered_map<char32_t, float>, 3> advances;

  ~State() {
    for (auto& family : families) {
      for (Font& font : family) FT_Done_Face(font.face);
    }
    if (library != nullptr) FT_Done_FreeType(library);
  }

  bool add(int family, const Found& file) {
    Font font{file, nullptr, 0};
    if (FT_New_Face(library, file.path.c_str(), file.index, &font.face) != 0) return false;
    if (!FT_IS_SCALABLE(font.face) || FT_Select_Charmap(font.face, FT_ENCODING_UNICODE) != 0) {
      FT_Done_Face(font.face);
      return false;
    }
    families[static_cast<size_t>(family)].push_back(std::move(font));
    return true;
  }

  /// The font that has the character and its index there; the main font's box when none has it.
  std::pair<Font*, FT_UInt> lookup(int family, char32_t character) {
    auto& fonts = families[static_cast<size_t>(family)];
    for (Font& font : fonts) {
      if (const FT_UInt index = FT_Get_Char_Index(font.face, character); index != 0) return {&font, index};
    }
    return {&fonts.front(), 0};
  }

  float measure(int family, char32_t character) {
    const auto [font, index] = lookup(family, character);
    if (FT_Load_Glyph(font->face, index, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING) != 0) return 0;
    return static_cast<float>(font->face->glyph->metrics.horiAdvance) / static_cast<float>(font->face->units_per_EM);
  }
};

FontStack::FontStack() : state_(std::make_unique<State>()) {}
FontStack::~FontStack() = default;

Result<std::unique_ptr<FontStack>> FontStack::open() {
  std::unique_ptr<FontStack> stack(new FontStack);
  State& state = *stack->state_;
  if (FT_Init_FreeType(&state.library) != 0) return Error{"error.font_missing", "", {"DejaVu Sans"}};
  FcConfig* config = FcInitLoadConfigAndFonts();
  if (config == nullptr) return Error{"error.font_missing", "", {"DejaVu Sans"}};
  struct Release {
    FcConfig* config;
    ~Release() { FcConfigDestroy(config); }
  } release{config};

  constexpr std::array<std::pair<const char*, bool>, 3> kBase{
      {{"DejaVu Sans", false}, {"DejaVu Sans", true}, {"DejaVu Sans Mono", false}}};
  for (int family = 0; family < 3; ++family) {
    const auto& [name, bold] = kBase[static_cast<size_t>(family)];
    const std::optional<Found> found = find_family(config, name, bold);
    if (!found || !state.add(family, *found)) return Error{"error.font_missing", "", {name}};
  }

  // WenQuanYi first: it is the one that our packages bring along, so pictures agree between machines.
  constexpr std::array kChinese{"WenQuanYi Micro Hei", "Noto Sans CJK SC",  "Noto Sans SC",       "Source Han Sans SC",
                                "Source Han Sans CN",  "WenQuanYi Zen Hei", "Droid Sans Fallback"};
  for (const bool bold : {false, true}) {
    std::optional<Found> found;
    for (const char* name : kChinese) {
      found = find_family(config, name, bold);
      if (found) break;
    }
    if (!found) found = find_chinese(config);
    if (!found) continue;
    if (bold) {
      state.add(1, *found);
    } else {
      state.add(0, *found);
      state.add(2, *found);
    }
  }

  for (int family = 0; family < 3; ++family) {
    const size_t at = static_cast<size_t>(family);
    const FT_Face face = state.families[at].front().face;
    const float em = static_cast<float>(face->units_per_EM);
    state.ascents[at] = static_cast<float>(face->ascender) / em;
    state.descents[at] = static_cast<float>(-face->descender) / em;
    state.cap_heights[at] = 0.73f;
    if (FT_Load_Char(face, 'H', FT_LOAD_NO_SCALE) == 0) {
      state.cap_heights[at] = static_cast<float>(face->glyph->metrics.horiBearingY) / em;
    }
    for (char32_t c = 32; c < 127; ++c) state.ascii[at][c] = state.measure(family, c);
  }
  return stack;
}

float FontStack::advance(char32_t character, Face face) const {
  const int family = family_of(face);
  const size_t at = static_cast<size_t>(family);
  if (character < 128) return state_->ascii[at][character];
  const std::lock_guard lock(state_->mutex);
  auto& known = state_->advances[at];
  if (const auto it = known.find(character); it != known.end()) return it->second;
  const float advance = state_->measure(family, character);
  known.emplace(character, advance);
  return advance;
}

float FontStack::width(std::string_view text, Face face, float size) const {
  float width = 0;
  for (size_t position = 0; position < text.size();) width += advance(next_character(text, position), face);
  return width * size;
}

bool FontStack::has(char32_t character, Face face) const {
  const std::lock_guard lock(state_->mutex);
  return state_->lookup(family_of(face), character).second != 0;
}

Glyph FontStack::rasterise(char32_t character, Face face, int pixel_size, int phase) const {
  const std::lock_guard lock(state_->mutex);
  Glyph glyph;
  const auto [font, index] = state_->lookup(family_of(face), character);
  if (font->pixel_size != pixel_size) {
    if (FT_Set_Pixel_Sizes(font->face, 0, static_cast<FT_UInt>(pixel_size)) != 0) return glyph;
    font->pixel_size = pixel_size;
  }
  // Light hinting snaps heights only: baselines and bars are sharp, widths stay as measured.
  if (FT_Load_Glyph(font->face, index, FT_LOAD_TARGET_LIGHT | FT_LOAD_NO_BITMAP) != 0) return glyph;
  const FT_GlyphSlot slot = font->face->glyph;
  glyph.advance = static_cast<float>(slot->linearHoriAdvance) / 65536.0f;
  if (slot->format == FT_GLYPH_FORMAT_OUTLINE) {
    // A family without a bold cut is thickened, so that titles look like titles in Chinese too.
    if (face == Face::bold && !font->file.bold) {
      const FT_Pos strength = pixel_size * 64 / 24;
      FT_Outline_EmboldenXY(&slot->outline, strength, strength / 2);
      FT_Outline_Translate(&slot->outline, -strength / 2, -strength / 4);
    }
    FT_Outline_Translate(&slot->outline, phase * 64 / kPhases, 0);
  }
  if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL) != 0) return glyph;
  const FT_Bitmap& bitmap = slot->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || bitmap.width == 0 || bitmap.rows == 0) return glyph;
  glyph.width = static_cast<int>(bitmap.width);
  glyph.height = static_cast<int>(bitmap.rows);
  glyph.left = slot->bitmap_left;
  glyph.top = slot->bitmap_top;
  glyph.coverage.resize(static_cast<size_t>(glyph.width) * static_cast<size_t>(glyph.height));
  for (int y = 0; y < glyph.height; ++y) {
    std::memcpy(glyph.coverage.data() + static_cast<ptrdiff_t>(y) * glyph.width,
                bitmap.buffer + static_cast<ptrdiff_t>(y) * bitmap.pitch, static_cast<size_t>(glyph.width));
  }
  return glyph;
}

float FontStack::ascent(Face face) const { return state_->ascents[static_cast<size_t>(family_of(face))]; }
float FontStack::descent(Face face) const { return state_->descents[static_cast<size_t>(family_of(face))]; }
float FontStack::cap_height(Face face) const { return state_->cap_heights[static_cast<size_t>(family_of(face))]; }

std::vector<FontStack::File> FontStack::files(Face face) const {
  std::vector<File> files;
  for (const Font& font : state_->families[static_cast<size_t>(family_of(face))]) {
    // The upper half of fontconfig's index names an instance of a variable font; collections count in the lower.
    files.push_back({font.file.path, font.file.index & 0xFFFF});
  }
  return files;
}

std::vector<std::string> FontStack::families(Face face) const {
  std::vector<std::string> names;
  for (const Font& font : state_->families[static_cast<size_t>(family_of(face))]) names.push_back(font.file.family);
  return names;
}

char32_t next_character(std::string_view text, size_t& position) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(position++);
  if (first < 0x80) return first;
  int more = 0;
  char32_t character = 0;
  char32_t least = 0;
  if ((first & 0xE0) == 0xC0) {
    more = 1, character = first & 0x1F, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    more = 2, character = first & 0x0F, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    more = 3, character = first & 0x07, least = 0x10000;
  } else {
    return kReplacement;
  }
  for (; more > 0; --more) {
    if (position >= text.size() || (byte(position) & 0xC0) != 0x80) return kReplacement;
    character = (character << 6) | (byte(position++) & 0x3F);
  }
  if (character < least || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) return kReplacement;
  return character;
}

}  // namespace convscope
