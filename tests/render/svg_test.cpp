#include <gmock/gmock.h>

#include <fstream>

#include "app/render/svg_canvas.h"
#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

void keep_text(const std::string& text, const std::string& name) {
  if (std::getenv("CONVSCOPE_TEST_OUTPUT") == nullptr) return;
  std::ofstream(output_path(name)) << text;
}

TEST(SvgStill, everything_at_once) {
  const Result<std::string> svg = svg_still(everything().scene, theme(ThemeId::light), "Title", "Words & <more>");
  ASSERT_TRUE(svg.ok());
  keep_text(*svg, "everything.svg");
}

TEST(SvgAnimation, everything_at_once) {
  SvgAnimation animation(theme(ThemeId::light), "Title", "Words");
  for (int frame = 0; frame < 4; ++frame) {
    Sketch sketch = everything();
    const float x = 40 + static_cast<float>(frame) * 46;
    sketch.box({x, 60, x + 90, 150}, Role::window, Fill::shade, Outline::thick, 3);
    ASSERT_TRUE(animation.add(sketch.scene, 0.5).ok());
  }
  const Result<std::string> svg = animation.finish();
  ASSERT_TRUE(svg.ok());
  keep_text(*svg, "animation.svg");
}

}  // namespace
}  // namespace convscope::test
