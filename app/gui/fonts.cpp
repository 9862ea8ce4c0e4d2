#include "app/gui/fonts.h"

#include <fcntl.h>
#include <imgui_freetype.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <map>

namespace convscope {
namespace {

/// A font file as memory, mapped once for the life of the program: five fonts share each file.
struct Mapping {
  void* data = nullptr;
  size_t size = 0;
};

Mapping mapped(const std::string& path) {
  static std::map<std::string, Mapping> files;
  const auto found = files.find(path);
  if (found != files.end()) return found->second;
  Mapping mapping;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0) {
    void* data = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) mapping = {data, static_cast<size_t>(info.st_size)};
  }
  if (fd >= 0) close(fd);
  files.emplace(path, mapping);
  return mapping;
}

/// Of signs that code writes without a language file: multiplication, floor, ceil, minus, arrows, dots.
constexpr std::string_view kSigns = "×·÷−±≤≥≠≈∞∑√⌊⌋⌈⌉→←↑↓⇒…–—“”‘’°•✓²³₀₁₂中文\uFFFD";

}  // namespace

void FontAtlas::want(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const char32_t code = next_character(text, at);
    if (code < 0x80 || code > 0xFFFF || wanted_.test(code)) continue;
    wanted_.set(code);
    grown_ = true;
  }
}

bool FontAtlas::stale(float scale, Language language) const {
  return grown_ || scale != scale_ || language != language_;
}

void FontAtlas::build(float scale, Language language) {
  if (scale_ == 0 || language != language_) {
    for (std::string_view key : language_keys(language)) want(tr(language, key));
    want(kSigns);
  }
  scale_ = scale;
  language_ = language;
  grown_ = false;

  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  // No mouse cursors of ImGui's own and no lines from a texture: a smaller atlas, sooner on screen.
  atlas.Flags |= ImFontAtlasFlags_NoMouseCursors | ImFontAtlasFlags_NoBakedLines | ImFontAtlasFlags_NoPowerOfTwoHeight;
  static std::vector<ImWchar> ranges;  // must live until the atlas is built
  ranges.assign({0x20, 0x7E, 0xA0, 0xFF});
  for (size_t code = 0x100; code < 0x10000; ++code) {
    if (!wanted_.test(code)) continue;
    size_t last = code;
    while (last + 1 < 0x10000 && wanted_.test(last + 1)) ++last;
    ranges.push_back(static_cast<ImWchar>(code));
    ranges.push_back(static_cast<ImWchar>(last));
    code = last;
  }
  ranges.push_back(0);

  const auto add = [&](Face face, float logical_size) {
    ImFont* font = nullptr;
    for (const FontStack::File& file : stack_.files(face)) {
      const Mapping bytes = mapped(file.path);
      if (!bytes.data) continue;
      ImFontConfig config;
      config.FontDataOwnedByAtlas = false;
      config.FontNo = file.index;
      config.MergeMode = font != nullptr;
      config.OversampleH = 1;
      config.PixelSnapH = true;
      config.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
      // Few Chinese fonts come with a bold file: titles are made heavier instead.
      const bool heavier = face == Face::bold && font != nullptr && file.path.find("old") == std::string::npos;
      if (heavier) config.FontBuilderFlags |= ImGuiFreeTypeBuilderFlags_Bold;
      const float size = std::round(logical_size * scale);
      ImFont* added =
          atlas.AddFontFromMemoryTTF(bytes.data, static_cast<int>(bytes.size), size, &config, ranges.data());
      if (!font) font = added;
    }
    return font ? font : atlas.AddFontDefault();
  };
  fonts_.body = add(Face::sans, 15);
  fonts_.bold = add(Face::bold, 15);
  fonts_.mono = add(Face::mono, 14);
  fonts_.caption = add(Face::sans, 13);
  fonts_.formula = add(Face::math, 20);
  ImGui::GetIO().FontDefault = fonts_.body;
  atlas.Build();
}

}  // namespace convscope
