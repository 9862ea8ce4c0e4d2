#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <thread>

#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

constexpr std::array kThemes{ThemeId::light, ThemeId::dark, ThemeId::contrast};
constexpr std::array kRoles{Role::canvas,  Role::panel,  Role::border, Role::text,   Role::secondary,
                            Role::accent,  Role::input,  Role::weight, Role::output, Role::bias,
                            Role::padding, Role::window, Role::hover,  Role::unused, Role::error};

Color over(Color top, Color bottom) {
  return {bottom.r + (top.r - bottom.r) * top.a, bottom.g + (top.g - bottom.g) * top.a,
          bottom.b + (top.b - bottom.b) * top.a, 1};
}

TEST_F(Drawing, fills_have_the_themes_colours) {
  for (const ThemeId id : kThemes) {
    const Color canvas = theme(id).of(Role::canvas).full;
    for (const Role role : kRoles) {
      for (const Fill fill : {Fill::tint, Fill::full, Fill::value, Fill::shade}) {
        Sketch sketch(64, 32);
        Mark& cell = sketch.box({4, 4, 60, 28}, role, fill, Outline::none, 3);
        cell.value = -0.37f;
        cell.lightness = 0.2f;
        cell.opacity = 0.8f;
        const Color expected = over(fill_color(theme(id), cell), canvas);
        const Pixels pixels = draw(sketch.scene, id);
        EXPECT_TRUE(near(at(pixels, 32, 16), bytes_of(expected), 1))
            << "theme " << static_cast<int>(id) << " role " << static_cast<int>(role) << " fill "
            << static_cast<int>(fill);
        EXPECT_EQ(at(pixels, 1, 1), bytes_of(canvas));
      }
    }
  }
}

TEST_F(Drawing, opaque_fills_are_exact_up_to_the_edge) {
  Sketch sketch(64, 32);
  const Mark cell = sketch.box({8, 4, 24, 20}, Role::output, Fill::full);
  const Pixels pixels = draw(sketch.scene);
  const Rgba inside = bytes_of(fill_color(theme(ThemeId::light), cell));
  const Rgba outside = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 64; ++x) {
      ASSERT_EQ(at(pixels, x, y), x >= 8 && x < 24 && y >= 4 && y < 20 ? inside : outside) << x << ", " << y;
    }
  }
}

TEST_F(Drawing, a_scale_of_two_doubles_the_picture) {
  Sketch sketch(64, 32);
  const Mark cell = sketch.box({8, 4, 24, 20}, Role::output, Fill::full);
  const Pixels pixels = draw(sketch.scene, ThemeId::light, 2);
  EXPECT_EQ(pixels.width, 128);
  const Rgba inside = bytes_of(fill_color(theme(ThemeId::light), cell));
  EXPECT_EQ(at(pixels, 16, 8), inside);
  EXPECT_EQ(at(pixels, 47, 39), inside);
  EXPECT_NE(at(pixels, 15, 8), inside);
  EXPECT_NE(at(pixels, 48, 39), inside);
}

TEST_F(Drawing, a_hairline_is_one_device_pixel_at_every_scale) {
  for (const float scale : {1.0f, 1.5f, 2.0f, 3.0f}) {
    Sketch sketch(64, 32);
    Mark& cell = sketch.box({8, 8, 40, 24}, Role::input, Fill::none, Outline::hairline);
    const Rgba ink = bytes_of(line_color(theme(ThemeId::light), cell));
    const Pixels pixels = draw(sketch.scene, ThemeId::light, scale);
    int run = 0;
    const int y = static_cast<int>(16 * scale);
    for (int x = 0; x < pixels.width / 3; ++x) run += at(pixels, x, y) == ink ? 1 : 0;
    EXPECT_EQ(run, 1) << "scale " << scale;
  }
}

TEST_F(Drawing, outlines_lie_inside_the_edge_and_rings_outside) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  const auto columns = [&](Outline outline) {
    Sketch sketch(64, 64);
    sketch.box({20, 20, 44, 44}, Role::weight, Fill::none, outline);
    const Pixels pixels = draw(sketch.scene);
    std::string row;
    for (int x = 14; x < 26; ++x) row += at(pixels, x, 32) == paper ? '.' : '#';
    return row;
  };
  EXPECT_EQ(columns(Outline::none), "............");
  EXPECT_EQ(columns(Outline::hairline), "......#.....");
  EXPECT_EQ(columns(Outline::solid), "......##....");
  EXPECT_EQ(columns(Outline::thick), "......###...");
  EXPECT_EQ(columns(Outline::ring), "...###......");
}

TEST_F(Drawing, dashes_leave_gaps_and_draw_the_corners) {
  Sketch sketch(120, 120);
  const Mark cell = sketch.box({10, 10, 110, 110}, Role::padding, Fill::none, Outline::dashed);
  const Pixels pixels = draw(sketch.scene);
  const Rgba ink = bytes_of(line_color(theme(ThemeId::light), cell));
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  int inks = 0;
  int gaps = 0;
  int changes = 0;
  for (int x = 10; x < 110; ++x) {
    inks += at(pixels, x, 10) == ink ? 1 : 0;
    gaps += at(pixels, x, 10) == paper ? 1 : 0;
    changes += (at(pixels, x, 10) == paper) != (at(pixels, x - 1, 10) == paper) ? 1 : 0;
  }
  EXPECT_GT(inks, 35);
  EXPECT_GT(gaps, 20);
  EXPECT_GE(changes, 24);
  for (const int corner : {10, 109}) EXPECT_EQ(at(pixels, corner, corner), ink);
  EXPECT_EQ(at(pixels, 60, 60), paper);
}

TEST_F(Drawing, hatching_alternates_along_one_diagonal_only) {
  Sketch sketch(120, 120);
  sketch.box({10, 10, 110, 110}, Role::unused, Fill::hatch);
  const Pixels pixels = draw(sketch.scene);
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  const double share = inked(pixels, 20, 20, 100, 100, paper);
  EXPECT_GT(share, 0.15);
  EXPECT_LT(share, 0.6);
  // The lines rise to the right: along them nothing changes, across them ink and paper take turns.
  int along = 0;
  int across = 0;
  for (int k = 0; k < 60; ++k) {
    along += at(pixels, 30 + k, 90 - k) == at(pixels, 31 + k, 89 - k) ? 0 : 1;
    across += at(pixels, 30 + k, 30 + k) == at(pixels, 31 + k, 31 + k) ? 0 : 1;
  }
  EXPECT_LT(along, 3);
  EXPECT_GT(across, 30);
}

TEST_F(Drawing, negative_values_carry_a_corner_mark_and_others_do_not) {
  const auto corner = [&](float value) {
    Sketch sketch(40, 40);
    sketch.value({4, 4, 36, 36}, Role::input, value);
    const Pixels pixels = draw(sketch.scene);
    return at(pixels, 7, 7) != at(pixels, 30, 30);
  };
  EXPECT_TRUE(corner(-1.0f));
  EXPECT_TRUE(corner(-0.01f));
  EXPECT_FALSE(corner(0.0f));
  EXPECT_FALSE(corner(1.0f));
}

TEST_F(Drawing, rounded_corners_are_round_and_centred_edges_straight) {
  Sketch sketch(64, 64);
  sketch.box({8, 8, 56, 56}, Role::text, Fill::full, Outline::none, 16);
  const Pixels pixels = draw(sketch.scene);
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  EXPECT_EQ(at(pixels, 9, 9), paper);
  EXPECT_EQ(at(pixels, 54, 54), paper);
  EXPECT_NE(at(pixels, 8, 32), paper);
  // The circle's area: a quarter of it is missing from the four corners together.
  const double share = inked(pixels, 8, 8, 56, 56, paper);
  EXPECT_NEAR(share, 1 - (4 - 3.14159) * 16 * 16 / (48.0 * 48), 0.02);
}

TEST_F(Drawing, transparent_scenes_keep_straight_alpha_and_opaque_ones_have_none) {
  Sketch sketch(64, 64);
  sketch.box({0, 0, 32, 64}, Role::window, Fill::shade);
  const Mark cell = sketch.box({40, 40, 60, 60}, Role::output, Fill::full);
  sketch.scene.transparent = true;
  const Pixels clear = draw(sketch.scene);
  EXPECT_EQ(at(clear, 36, 10).a, 0);
  const Color shade = theme(ThemeId::light).shade;
  EXPECT_TRUE(near(at(clear, 10, 10), bytes_of(shade), 2));
  EXPECT_EQ(at(clear, 50, 50), bytes_of(fill_color(theme(ThemeId::light), cell)));

  sketch.scene.transparent = false;
  const Pixels opaque = draw(sketch.scene);
  for (size_t i = 3; i < opaque.rgba.size(); i += 4) ASSERT_EQ(opaque.rgba[i], 255);
}

TEST_F(Drawing, later_marks_cover_earlier_ones_texts_included) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  Sketch sketch(200, 60);
  sketch.text({0, 0, 100, 60}, "hidden", 20);
  const Mark cover = sketch.box({0, 0, 100, 60}, Role::output, Fill::full);
  sketch.text({100, 0, 200, 60}, "shown", 20);
  const Pixels pixels = draw(sketch.scene);
  EXPECT_EQ(inked(pixels, 0, 0, 100, 60, bytes_of(fill_color(theme(ThemeId::light), cover))), 0);
  EXPECT_GT(inked(pixels, 100, 0, 200, 60, paper), 0.02);
}

TEST_F(Drawing, a_cell_next_to_a_number_does_not_hide_it) {
  // Boxes are drawn before the texts that they do not touch: the picture must be that of the given order.
  Sketch in_turn(330, 40);
  Sketch texts_last(330, 40);
  for (int i = 0; i < 10; ++i) {
    const float x = 5 + static_cast<float>(i) * 32;
    in_turn.box({x, 5, x + 30, 35}, Role::input, Fill::tint, Outline::hairline, 3);
    in_turn.text({x, 5, x + 30, 35}, std::to_string(i), 16);
    texts_last.box({x, 5, x + 30, 35}, Role::input, Fill::tint, Outline::hairline, 3);
  }
  for (int i = 0; i < 10; ++i) {
    const float x = 5 + static_cast<float>(i) * 32;
    texts_last.text({x, 5, x + 30, 35}, std::to_string(i), 16);
  }
  EXPECT_EQ(draw(in_turn.scene).rgba, draw(texts_last.scene).rgba);
}

TEST_F(Drawing, two_renders_are_the_same_to_the_byte) {
  const Scene scene = everything().scene;
  const Pixels first = draw(scene);
  EXPECT_EQ(first.rgba, draw(scene).rgba);
  // Nor does it matter what was drawn before.
  Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(fonts(), 960, 540);
  ASSERT_TRUE(renderer.ok());
  Pixels pixels;
  Sketch other(960, 540);
  for (int size = 9; size < 60; ++size) other.text({0, 0, 960, 540}, "gq卷9", static_cast<float>(size));
  (*renderer)->render(other.scene, theme(ThemeId::dark), 1.25f, pixels);
  (*renderer)->render(scene, theme(ThemeId::light), 1, pixels);
  EXPECT_EQ(first.rgba, pixels.rgba);
}

TEST_F(Drawing, two_threads_draw_the_same) {
  const Scene scene = everything().scene;
  const Pixels here = draw(scene);
  Pixels there;
  std::thread other([&] {
    Result<std::unique_ptr<EglContext>> context = EglContext::create();
    if (!context) return;
    Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(fonts(), 960, 540);
    if (renderer) (*renderer)->render(scene, theme(ThemeId::light), 1, there);
  });
  const Pixels again = draw(scene);
  other.join();
  EXPECT_EQ(here.rgba, again.rgba);
  EXPECT_EQ(here.rgba, there.rgba);
  // The other thread's context is gone; ours still works.
  EXPECT_EQ(here.rgba, draw(scene).rgba);
}

TEST_F(Drawing, a_frame_can_be_submitted_and_read_later) {
  const Scene scene = everything().scene;
  Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(fonts(), 960, 540);
  ASSERT_TRUE(renderer.ok());
  Pixels pixels;
  {
    const Scene passing = everything().scene;
    (*renderer)->submit(passing, theme(ThemeId::light), 1);
  }
  (*renderer)->read(pixels);
  EXPECT_EQ(pixels.rgba, draw(scene).rgba);
}

TEST_F(Drawing, refuses_frames_without_pixels_and_frames_too_large) {
  for (const auto& [width, height] : {std::pair{0, 10}, {10, 0}, {-5, 10}, {1 << 20, 10}, {10, 1 << 20}}) {
    const auto renderer = FrameRenderer::create(fonts(), width, height);
    ASSERT_FALSE(renderer.ok());
    EXPECT_EQ(renderer.error().code, "error.frame_too_large");
    EXPECT_EQ(renderer.error().args.size(), 3u);
  }
}

TEST_F(Drawing, marks_without_extent_or_far_outside_draw_nothing) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  Sketch sketch(64, 64);
  sketch.box({10, 10, 10, 30}, Role::text, Fill::full, Outline::solid);
  sketch.box({30, 30, 20, 20}, Role::text, Fill::full);
  sketch.box({1e7f, 0, 1.1e7f, 64}, Role::text, Fill::full);
  sketch.box({-1e7f, -1e7f, -1e6f, -1e6f}, Role::text, Fill::full, Outline::ring);
  sketch.line({20, 20, 20, 20}, Role::text, 2);
  sketch.text({0, 0, 64, 64}, "", 12);
  sketch.text({0, 0, 64, 64}, "x", 0.01f).opacity = 0;
  sketch.text({0, 1e6f, 64, 2e6f}, "x", 12);
  Raster nothing;
  sketch.raster({0, 0, 64, 64}, nothing, Role::input);
  sketch.raster({0, 0, 64, 64}, nothing, Role::input).raster = 77;
  const Pixels pixels = draw(sketch.scene);
  EXPECT_EQ(inked(pixels, 0, 0, 64, 64, paper), 0);
}

TEST_F(Drawing, lines_run_from_end_to_end_and_arrows_point) {
  const Rgba paper = bytes_of(theme(ThemeId::light).of(Role::canvas).full);
  Sketch sketch(200, 100);
  sketch.line({20, 20, 180, 20}, Role::text, 3);
  sketch.line({20, 60, 180, 60}, Role::text, 2, Mark::Kind::arrow);
  const Pixels pixels = draw(sketch.scene);
  const Rgba ink = bytes_of(theme(ThemeId::light).of(Role::text).line);
  for (int x = 20; x < 180; ++x) {
    for (int y = 19; y <= 21; ++y) ASSERT_EQ(at(pixels, x, y), ink) << x << ", " << y;
  }
  EXPECT_EQ(at(pixels, 19, 20), paper);
  EXPECT_EQ(at(pixels, 180, 20), paper);
  EXPECT_EQ(at(pixels, 100, 18), paper);
  // The head: wide at its base, narrow at its tip, nothing beyond.
  const auto height_at = [&](int x) {
    int height = 0;
    for (int y = 40; y < 80; ++y) height += at(pixels, x, y) == paper ? 0 : 1;
    return height;
  };
  EXPECT_GE(height_at(173), height_at(60) + 2);
  EXPECT_LE(height_at(178), height_at(173));
  EXPECT_EQ(height_at(182), 0);
}

}  // namespace
}  // namespace convscope::test
