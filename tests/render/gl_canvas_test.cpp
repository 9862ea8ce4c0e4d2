#include <gmock/gmock.h>

#include <cmath>

#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

TEST_F(Drawing, everything_at_once) {
  for (const ThemeId id : {ThemeId::light, ThemeId::dark}) {
    const Pixels pixels = draw(everything().scene, id);
    keep(pixels, id == ThemeId::light ? "everything_light.png" : "everything_dark.png");
    EXPECT_GT(inked(pixels, 0, 0, 960, 540, bytes_of(theme(id).of(Role::canvas).full)), 0.2);
  }
  keep(draw(everything().scene, ThemeId::light, 2), "everything_2x.png");
}

}  // namespace
}  // namespace convscope::test
