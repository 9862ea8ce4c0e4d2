#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

TEST(Utf8, is_read_character_by_character_and_never_past_its_end) {
  const auto characters = [](std::string_view text) {
    std::u32string out;
    for (size_t position = 0; position < text.size();) out += next_character(text, position);
    return out;
  };
  EXPECT_EQ(characters("aé卷😀"), U"aé卷😀");
  EXPECT_EQ(characters(""), U"");
  EXPECT_EQ(characters("\xE5\x8D"), U"\xFFFD");  // cut short
  EXPECT_EQ(characters("\xE5"
                       "a"),
            U"\xFFFD"
            U"a");  // broken off
  EXPECT_EQ(characters("\x80"
                       "b"),
            U"\xFFFD"
            U"b");                                   // a tail without a head
  EXPECT_EQ(characters("\xC0\x80"), U"\xFFFD");      // longer than needed
  EXPECT_EQ(characters("\xED\xA0\x80"), U"\xFFFD");  // half of a pair
  EXPECT_EQ(characters("\xFF"), U"\xFFFD");
}

TEST_F(Drawing, digits_are_tabular_and_widths_grow_with_size) {
  for (const Face face : {Face::sans, Face::bold, Face::mono, Face::math}) {
    const float digit = fonts().width("0", face, 10);
    for (char c = '1'; c <= '9'; ++c) EXPECT_FLOAT_EQ(fonts().width(std::string(1, c), face, 10), digit);
    EXPECT_FLOAT_EQ(fonts().width("0123", face, 10), 4 * digit);
    EXPECT_FLOAT_EQ(fonts().width("0", face, 40), 4 * digit);
    EXPECT_EQ(fonts().width("", face, 10), 0);
    EXPECT_GT(fonts().ascent(face), 0.5f);
    EXPECT_GT(fonts().descent(face), 0.1f);
    EXPECT_GT(fonts().cap_height(face), 0.6f);
    EXPECT_LT(fonts().cap_height(face), fonts().ascent(face));
  }
  EXPECT_GT(fonts().width("Wide", Face::bold, 10), fonts().width("Wide", Face::sans, 10));
}

TEST_F(Drawing, font_files_can_be_opened_by_others) {
  for (const Face face : {Face::sans, Face::bold, Face::mono, Face::math}) {
    const std::vector<FontStack::File> files = fonts().files(face);
    ASSERT_FALSE(files.empty());
    for (const FontStack::File& file : files) {
      EXPECT_TRUE(std::ifstream(file.path).good()) << file.path;
      EXPECT_GE(file.index, 0);
    }
    EXPECT_EQ(fonts().families(face).size(), files.size());
    EXPECT_THAT(fonts().families(face).front(), testing::StartsWith("DejaVu Sans"));
  }
}

TEST_F(Drawing, the_formulas_characters_are_all_there) {
  for (const char32_t c : U"⌊⌋⌈⌉−·×÷∑√≤≥→…²") {
    EXPECT_TRUE(c == 0 || fonts().has(c, Face::math)) << static_cast<uint32_t>(c);
  }
}

TEST_F(Drawing, chinese_characters_are_drawn_as_themselves) {
  if (fonts().files(Face::sans).size() < 2) GTEST_SKIP() << "no Chinese font on this machine";
  for (const Face face : {Face::sans, Face::bold, Face::mono}) {
    const std::vector<uint8_t> box = fonts().rasterise(0x10FFFE, face, 24).coverage;
    std::set<std::vector<uint8_t>> seen;
    for (const char32_t c : {U'卷', U'积', U'核', U'输', U'入', U'步'}) {
      EXPECT_TRUE(fonts().has(c, face));
      const Glyph glyph = fonts().rasterise(c, face, 24);
      EXPECT_GT(glyph.width, 12);
      EXPECT_NE(glyph.coverage, box);
      EXPECT_TRUE(seen.insert(glyph.coverage).second);
    }
  }
  // Thickened where the family has no bold cut.
  const auto ink = [&](Face face) {
    int sum = 0;
    for (const uint8_t coverage : fonts().rasterise(U'核', face, 24).coverage) sum += coverage;
    return sum;
  };
  EXPECT_GT(ink(Face::bold), ink(Face::sans) * 11 / 10);
}

TEST_F(Drawing, text_is_drawn_in_both_languages) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  for (const char* words : {"Step 4 of 9", "第 4 步，共 9 步"}) {
    Sketch sketch(200, 40);
    sketch.text({0, 0, 200, 40}, words, 15);
    const double share = inked(draw(sketch.scene), 0, 0, 200, 40, paper);
    EXPECT_GT(share, 0.05) << words;
    EXPECT_LT(share, 0.25) << words;
  }
}

TEST_F(Drawing, text_keeps_to_its_side_and_to_the_middle_of_its_height) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  const auto extent = [&](Align align, Face face) {
    Sketch sketch(200, 61);
    sketch.text({20, 0, 180, 61}, "H0H", 30, face, align);
    const Pixels pixels = draw(sketch.scene);
    Box box{1000, 1000, -1, -1};
    for (int y = 0; y < 61; ++y) {
      for (int x = 0; x < 200; ++x) {
        if (at(pixels, x, y) == paper) continue;
        box.x0 = std::min(box.x0, static_cast<float>(x));
        box.x1 = std::max(box.x1, static_cast<float>(x + 1));
        box.y0 = std::min(box.y0, static_cast<float>(y));
        box.y1 = std::max(box.y1, static_cast<float>(y + 1));
      }
    }
    return box;
  };
  for (const Face face : {Face::sans, Face::bold, Face::mono, Face::math}) {
    EXPECT_NEAR(extent(Align::left, face).x0, 20, 4);
    EXPECT_NEAR(extent(Align::right, face).x1, 180, 4);
    const Box middle = extent(Align::center, face);
    EXPECT_NEAR((middle.x0 + middle.x1) / 2, 100, 1.5);
    EXPECT_NEAR((middle.y0 + middle.y1) / 2, 30.5, 1.5);
    EXPECT_NEAR(middle.height(), 30 * fonts().cap_height(face), 2.5);
    EXPECT_NEAR(middle.width(), fonts().width("H0H", face, 30), 7);
  }
}

TEST_F(Drawing, text_is_as_wide_as_it_was_measured_at_any_size_and_scale) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  const std::string words = "0123456789 0123456789 0123456789 0123456789";
  for (const float scale : {1.0f, 1.25f, 2.0f}) {
    for (const float size : {9.4f, 12.5f, 18.6f}) {
      Sketch sketch(800, 40);
      sketch.text({10, 0, 790, 40}, words, size, Face::sans, Align::left);
      const Pixels pixels = draw(sketch.scene, ThemeId::light, scale);
      int last = 0;
      for (int x = 0; x < pixels.width; ++x) {
        if (inked(pixels, x, 0, x + 1, pixels.height, paper) > 0) last = x + 1;
      }
      const float end = (10 + fonts().width(words, Face::sans, size)) * scale;
      EXPECT_NEAR(static_cast<float>(last), end, 2.5f) << size << " at " << scale;
    }
  }
}

TEST_F(Drawing, very_many_glyph_sizes_do_not_exhaust_the_atlas) {
  // More glyphs, over the frames, than an atlas of 4 MiB holds.
  Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(fonts(), 600, 400);
  ASSERT_TRUE(renderer.ok());
  Pixels pixels;
  for (int size = 150; size < 400; size += 2) {
    Sketch sketch(600, 400);
    sketch.text({0, 0, 600, 400}, "0123456789", static_cast<float>(size));
    (*renderer)->render(sketch.scene, theme(ThemeId::light), 1, pixels);
  }
  Sketch sketch(600, 400);
  sketch.text({0, 0, 600, 400}, "1.25", 40);
  (*renderer)->render(sketch.scene, theme(ThemeId::light), 1, pixels);
  EXPECT_EQ(pixels.rgba, draw(sketch.scene).rgba);
}

}  // namespace
}  // namespace convscope::test
