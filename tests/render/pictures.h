// What the tests of this room draw and how they look at it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "app/io/image.h"
#include "app/render/egl_context.h"
#include "app/render/font_stack.h"
#include "app/render/gl_canvas.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope::test {

/// Builds scenes mark by mark.
struct Sketch {
  explicit Sketch(float width, float height) {
    scene.width = width;
    scene.height = height;
  }
  Mark& box(Box at, Role role, Fill fill, Outline outline = Outline::none, float radius = 0) {
    Mark mark;
    mark.kind = Mark::Kind::box;
    mark.box = at;
    mark.role = role;
    mark.fill = fill;
    mark.outline = outline;
    mark.radius = radius;
    return scene.marks.emplace_back(mark);
  }
  Mark& value(Box at, Role role, float value) {
    Mark& mark = box(at, role, Fill::value);
    mark.value = value;
    return mark;
  }
  Mark& line(Box from_to, Role role, float width, Mark::Kind kind = Mark::Kind::line) {
    Mark mark;
    mark.kind = kind;
    mark.box = from_to;
    mark.role = role;
    mark.size = width;
    return scene.marks.emplace_back(mark);
  }
  Mark& text(Box at, std::string_view words, float size, Face face = Face::sans, Align align = Align::center) {
    Mark mark;
    mark.kind = Mark::Kind::text;
    mark.box = at;
    mark.face = face;
    mark.align = align;
    mark.size = size;
    mark.text = static_cast<uint32_t>(scene.text.size());
    mark.text_length = static_cast<uint32_t>(words.size());
    scene.text += words;
    return scene.marks.emplace_back(mark);
  }
  Mark& raster(Box at, const Raster& raster, Role role) {
    Mark mark;
    mark.kind = Mark::Kind::raster;
    mark.box = at;
    mark.role = role;
    mark.raster = static_cast<int32_t>(scene.rasters.size());
    scene.rasters.push_back(raster);
    return scene.marks.emplace_back(mark);
  }
  Scene scene;
};

/// A picture with everything that scenes are made of.
Sketch everything();

struct Rgba {
  int r = 0, g = 0, b = 0, a = 0;
  bool operator==(const Rgba&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Rgba& color);
Rgba at(const Pixels& pixels, int x, int y);
Rgba bytes_of(Color color);
/// Whether no channel differs by more than `most`.
testing::AssertionResult near(Rgba a, Rgba b, int most);
/// Share of pixels of a rectangle that differ from `background`.
double inked(const Pixels& pixels, int x0, int y0, int x1, int y1, Rgba background);

/// Where a failed comparison leaves its pictures: CONVSCOPE_TEST_OUTPUT or the system's temporary folder.
std::string output_path(const std::string& name);
/// Keeps the picture when CONVSCOPE_TEST_OUTPUT is set, for eyes.
void keep(const Pixels& pixels, const std::string& name);

/// Fonts and a context without a display.
class Drawing : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override { context_.reset(); }
  Pixels draw(const Scene& scene, ThemeId id = ThemeId::light, float scale = 1);
  const FontStack& fonts() const { return *fonts_; }

 private:
  static std::unique_ptr<FontStack> fonts_;
  std::unique_ptr<EglContext> context_;
};

}  // namespace convscope::test
