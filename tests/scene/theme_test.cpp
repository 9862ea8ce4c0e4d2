#include "app/scene/theme.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace convscope {
namespace {

constexpr ThemeId kThemes[] = {ThemeId::light, ThemeId::dark, ThemeId::contrast};
constexpr Role kTensors[] = {Role::input, Role::weight, Role::output, Role::bias};

std::string hex(Color c) {
  char text[16];
  std::snprintf(text, sizeof text, "#%02lX%02lX%02lX", std::lround(c.r * 255), std::lround(c.g * 255),
                std::lround(c.b * 255));
  return text;
}

Mark text_on(Role role, Fill fill, float value = 0) {
  Mark mark;
  mark.kind = Mark::Kind::text;
  mark.role = role;
  mark.fill = fill;
  mark.value = value;
  return mark;
}

Color ground_of(const Theme& t, const Mark& text) {
  Mark box = text;
  box.kind = Mark::Kind::box;
  if (text.fill == Fill::shade) {
    box.fill = Fill::tint;
    return composed(t.shade, fill_color(t, box));
  }
  return composed(fill_color(t, box), t.of(Role::canvas).full);
}

TEST(theme, has_the_colours_of_the_light_look) {
  const Theme& t = theme(ThemeId::light);
  EXPECT_EQ(hex(t.of(Role::canvas).full), "#FFFFFF");
  EXPECT_EQ(hex(t.of(Role::panel).full), "#F6F7F9");
  EXPECT_EQ(hex(t.of(Role::border).full), "#D5DAE1");
  EXPECT_EQ(hex(t.of(Role::text).line), "#1B1F24");
  EXPECT_EQ(hex(t.of(Role::secondary).line), "#5B6470");
  EXPECT_EQ(hex(t.of(Role::accent).line), "#0072B2");
  EXPECT_EQ(hex(t.of(Role::input).line), "#0072B2");
  EXPECT_EQ(hex(t.of(Role::weight).line), "#B86E00");
  EXPECT_EQ(hex(t.of(Role::weight).full), "#E69F00");
  EXPECT_EQ(hex(t.of(Role::output).line), "#00785A");
  EXPECT_EQ(hex(t.of(Role::output).full), "#009E73");
  EXPECT_EQ(hex(t.of(Role::bias).line), "#7A5C3E");
  EXPECT_EQ(hex(t.of(Role::hover).line), "#C79A00");
  EXPECT_EQ(hex(t.of(Role::error).line), "#B3261E");
}

TEST(theme, has_the_colours_of_the_dark_look) {
  const Theme& t = theme(ThemeId::dark);
  EXPECT_EQ(hex(t.of(Role::canvas).full), "#14171C");
  EXPECT_EQ(hex(t.of(Role::panel).full), "#1B1F26");
  EXPECT_EQ(hex(t.of(Role::border).full), "#2E3540");
  EXPECT_EQ(hex(t.of(Role::text).line), "#E8EBF0");
  EXPECT_EQ(hex(t.of(Role::secondary).line), "#9AA4B2");
  EXPECT_EQ(hex(t.of(Role::accent).line), "#56B4E9");
  EXPECT_EQ(hex(t.of(Role::input).line), "#56B4E9");
  EXPECT_EQ(hex(t.of(Role::weight).line), "#E69F00");
  EXPECT_EQ(hex(t.of(Role::output).line), "#2CC79A");
  EXPECT_EQ(hex(t.of(Role::bias).line), "#C9A27A");
  EXPECT_EQ(hex(t.of(Role::hover).line), "#F0E442");
  EXPECT_EQ(hex(t.of(Role::error).line), "#F2B8B5");
}

TEST(theme, shades_the_window_with_forty_percent) {
  for (ThemeId id : kThemes) EXPECT_FLOAT_EQ(theme(id).shade.a, 0.4f);
  EXPECT_EQ(hex(theme(ThemeId::light).shade), "#000000");
  EXPECT_EQ(hex(theme(ThemeId::dark).shade), "#FFFFFF");
}

TEST(theme, contrast_is_the_one_of_the_web_guidelines) {
  EXPECT_NEAR(contrast({0, 0, 0, 1}, {1, 1, 1, 1}), 21, 1e-6);
  EXPECT_NEAR(contrast({1, 1, 1, 1}, {1, 1, 1, 1}), 1, 1e-6);
  // #767676 on white is the well-known grey that just passes.
  EXPECT_NEAR(contrast({0x76 / 255.0f, 0x76 / 255.0f, 0x76 / 255.0f, 1}, {1, 1, 1, 1}), 4.54, 0.01);
}

TEST(theme, words_stand_out_from_canvas_and_panel) {
  for (ThemeId id : kThemes) {
    const Theme& t = theme(id);
    for (Role ground : {Role::canvas, Role::panel}) {
      for (Role ink : {Role::text, Role::secondary, Role::accent, Role::error}) {
        EXPECT_GE(contrast(t.of(ink).line, t.of(ground).full), 4.5)
            << static_cast<int>(id) << " " << static_cast<int>(ink);
      }
    }
  }
}

TEST(theme, name_tags_of_tensors_can_be_read) {
  for (ThemeId id : kThemes) {
    const Theme& t = theme(id);
    // Bold and large: 3:1 is the rule for them.
    for (Role role : kTensors)
      EXPECT_GE(contrast(t.of(role).line, t.of(Role::canvas).full), 3.0) << static_cast<int>(role);
  }
}

TEST(theme, outlines_stand_out_from_the_canvas) {
  for (ThemeId id : kThemes) {
    const Theme& t = theme(id);
    for (Role role : {Role::input, Role::weight, Role::output, Role::bias, Role::padding, Role::window, Role::error}) {
      EXPECT_GE(contrast(t.of(role).line, t.of(Role::canvas).full), 3.0)
          << static_cast<int>(id) << " " << static_cast<int>(role);
    }
  }
}

TEST(theme, numbers_can_be_read_on_every_fill) {
  for (ThemeId id : kThemes) {
    const Theme& t = theme(id);
    for (Role role : {Role::input, Role::weight, Role::output, Role::bias, Role::padding}) {
      for (Fill fill : {Fill::tint, Fill::full, Fill::shade}) {
        const Mark text = text_on(role, fill);
        EXPECT_GE(contrast(line_color(t, text), ground_of(t, text)), 4.5)
            << "theme " << static_cast<int>(id) << " role " << static_cast<int>(role) << " fill "
            << static_cast<int>(fill);
      }
      for (float value = -1; value <= 1; value += 0.0625f) {
        const Mark text = text_on(role, Fill::value, value);
        EXPECT_GE(contrast(line_color(t, text), ground_of(t, text)), 4.5)
            << "value " << value << " role " << static_cast<int>(role);
      }
    }
  }
}

TEST(theme, scales_are_white_at_zero_and_darken_to_both_sides_alike) {
  const Theme& t = theme(ThemeId::light);
  for (Role role : {Role::input, Role::weight, Role::output}) {
    EXPECT_EQ(hex(scale_color(t, role, 0)), "#FFFFFF");
    double before = 1;
    for (float value = 0.1f; value <= 1; value += 0.1f) {
      const double now = contrast(scale_color(t, role, value), t.zero),
                   mirrored = contrast(scale_color(t, role, -value), t.zero);
      EXPECT_GT(now, before);
      EXPECT_GT(mirrored, 1.0);
      before = now;
    }
    EXPECT_NE(hex(scale_color(t, role, 1)), hex(scale_color(t, role, -1)));
  }
}

TEST(theme, scale_takes_anything_for_a_value) {
  const Theme& t = theme(ThemeId::light);
  EXPECT_EQ(hex(scale_color(t, Role::input, std::nanf(""))), hex(t.zero));
  EXPECT_EQ(hex(scale_color(t, Role::input, 7)), hex(scale_color(t, Role::input, 1)));
}

TEST(theme, tensors_differ_in_grey) {
  // Red-green blindness and grey print-outs: frames of the three tensors are told apart by more than hue, by tags and
  // frames; their full fills must at least not collapse onto the tints.
  for (ThemeId id : kThemes) {
    const Theme& t = theme(id);
    for (Role role : kTensors) EXPECT_GE(contrast(t.of(role).full, t.of(role).tint), 1.7) << static_cast<int>(role);
  }
}

}  // namespace
}  // namespace convscope
