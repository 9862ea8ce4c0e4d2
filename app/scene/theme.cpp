#include "app/scene/theme.h"

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

constexpr Color hex(uint32_t rgb, float alpha = 1.0f) {
  return {static_cast<float>((rgb >> 16) & 255) / 255.0f, static_cast<float>((rgb >> 8) & 255) / 255.0f,
          static_cast<float>(rgb & 255) / 255.0f, alpha};
}

Color mix(Color a, Color b, float t) {
  return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t, a.a + (b.a - a.a) * t};
}

float linear(float c) { return c <= 0.04045f ? c / 12.92f : std::pow((c + 0.055f) / 1.055f, 2.4f); }
double luminance(Color c) {
  return 0.2126 * static_cast<double>(linear(c.r)) + 0.7152 * static_cast<double>(linear(c.g)) +
         0.0722 * static_cast<double>(linear(c.b));
}

constexpr int index_of(Role role) { return static_cast<int>(role); }

// What differs from theme to theme; the rest follows from it.
struct Palette {
  Color canvas, panel, border, text, secondary, accent;
  Color input, weight, weight_fill, output, output_fill, bias, hover, error, padding;
  Color input_negative, weight_negative, output_negative;
  Color black, white;  // inks over full fills
  float tint;          // how much of the hue a tint has
  Color shade;
};

Theme make_theme(ThemeId id, const Palette& p) {
  Theme t{};
  t.id = id;
  t.zero = p.canvas;
  t.shade = p.shade;
  const auto surface = [&](Role role, Color color, Color ink) {
    t.roles[index_of(role)] = {color, color, color, ink, color, color};
  };
  surface(Role::canvas, p.canvas, p.text);
  surface(Role::panel, p.panel, p.text);
  surface(Role::border, p.border, p.text);
  const auto hue = [&](Role role, Color line, Color full, Color negative) {
    const Color ink = contrast(p.black, full) >= contrast(p.white, full) ? p.black : p.white;
    t.roles[index_of(role)] = {line, full, mix(p.canvas, full, p.tint), ink, full, negative};
  };
  hue(Role::text, p.text, p.text, p.text);
  hue(Role::secondary, p.secondary, p.secondary, p.secondary);
  hue(Role::accent, p.accent, p.accent, p.accent);
  // Both arms of a scale differ in hue and, at the same distance from zero, in lightness.
  hue(Role::input, p.input, p.input, p.input_negative);
  hue(Role::weight, p.weight, p.weight_fill, p.weight_negative);
  hue(Role::output, p.output, p.output_fill, p.output_negative);
  hue(Role::bias, p.bias, p.bias, p.weight_negative);
  hue(Role::padding, p.padding, p.padding, p.padding);
  hue(Role::window, p.text, p.text, p.text);
  hue(Role::hover, p.hover, p.hover, p.hover);
  hue(Role::unused, p.padding, p.padding, p.padding);
  hue(Role::error, p.error, p.error, p.error);
  return t;
}

const Theme& light_theme() {
  static const Theme kTheme = make_theme(ThemeId::light, {.canvas = hex(0xFFFFFF),
                                                          .panel = hex(0xF6F7F9),
                                                          .border = hex(0xD5DAE1),
                                                          .text = hex(0x1B1F24),
                                                          .secondary = hex(0x5B6470),
                                                          .accent = hex(0x0072B2),
                                                          .input = hex(0x0072B2),
                                                          .weight = hex(0xB86E00),
                                                          .weight_fill = hex(0xE69F00),
                                                          .output = hex(0x00785A),
                                                          .output_fill = hex(0x009E73),
                                                          .bias = hex(0x7A5C3E),
                                                          .hover = hex(0xC79A00),
                                                          .error = hex(0xB3261E),
                                                          .padding = hex(0x7A8492),
                                                          .input_negative = hex(0xB5483C),
                                                          .weight_negative = hex(0x6A51A3),
                                                          .output_negative = hex(0xA23B72),
                                                          .black = hex(0x000000),
                                                          .white = hex(0xFFFFFF),
                                                          .tint = 0.16f,
                                                          .shade = hex(0x000000, 0.4f)});
  return kTheme;
}

const Theme& dark_theme() {
  static const Theme kTheme = make_theme(ThemeId::dark, {.canvas = hex(0x14171C),
                                                         .panel = hex(0x1B1F26),
                                                         .border = hex(0x2E3540),
                                                         .text = hex(0xE8EBF0),
                                                         .secondary = hex(0x9AA4B2),
                                                         .accent = hex(0x56B4E9),
                                                         .input = hex(0x56B4E9),
                                                         .weight = hex(0xE69F00),
                                                         .weight_fill = hex(0xE69F00),
                                                         .output = hex(0x2CC79A),
                                                         .output_fill = hex(0x2CC79A),
                                                         .bias = hex(0xC9A27A),
                                                         .hover = hex(0xF0E442),
                                                         .error = hex(0xF2B8B5),
                                                         .padding = hex(0x7C8694),
                                                         .input_negative = hex(0xE07B6A),
                                                         .weight_negative = hex(0xA48CD9),
                                                         .output_negative = hex(0xD678A8),
                                                         .black = hex(0x000000),
                                                         .white = hex(0xFFFFFF),
                                                         .tint = 0.22f,
                                                         .shade = hex(0xFFFFFF, 0.4f)});
  return kTheme;
}

const Theme& contrast_theme() {
  static const Theme kTheme = make_theme(ThemeId::contrast, {.canvas = hex(0xFFFFFF),
                                                             .panel = hex(0xFFFFFF),
                                                             .border = hex(0x000000),
                                                             .text = hex(0x000000),
                                                             .secondary = hex(0x000000),
                                                             .accent = hex(0x003E66),
                                                             .input = hex(0x004A75),
                                                             .weight = hex(0x6B3F00),
                                                             .weight_fill = hex(0x6B3F00),
                                                             .output = hex(0x00523D),
                                                             .output_fill = hex(0x00523D),
                                                             .bias = hex(0x4A3520),
                                                             .hover = hex(0x6E5500),
                                                             .error = hex(0x8A0F08),
                                                             .padding = hex(0x000000),
                                                             .input_negative = hex(0x7A1F14),
                                                             .weight_negative = hex(0x42307A),
                                                             .output_negative = hex(0x701848),
                                                             .black = hex(0x000000),
                                                             .white = hex(0xFFFFFF),
                                                             .tint = 0.10f,
                                                             .shade = hex(0x000000, 0.4f)});
  return kTheme;
}

Color lightened(const Theme& t, Color color, float lightness) {
  if (lightness == 0) return color;
  const Color end = lightness > 0 ? t.of(Role::canvas).full : t.of(Role::text).line;
  Color c = mix(color, end, std::min(1.0f, std::abs(lightness)));
  c.a = color.a;
  return c;
}

Color base_fill(const Theme& t, const Mark& mark) {
  const RoleColors& role = t.of(mark.role);
  switch (mark.fill) {
    case Fill::none:
      return {0, 0, 0, 0};
    case Fill::tint:
      return lightened(t, role.tint, mark.lightness);
    case Fill::full:
      return lightened(t, role.full, mark.lightness);
    case Fill::value:
      return scale_color(t, mark.role, mark.value);
    case Fill::shade:
      return t.shade;
    case Fill::hatch:
      return lightened(t, role.line, mark.lightness);
  }
  return {};
}

}  // namespace

Color composed(Color top, Color bottom) {
  Color c = mix(bottom, top, top.a);
  c.a = 1;
  return c;
}

const Theme& theme(ThemeId id) {
  switch (id) {
    case ThemeId::dark:
      return dark_theme();
    case ThemeId::contrast:
      return contrast_theme();
    case ThemeId::light:
      break;
  }
  return light_theme();
}

double contrast(Color a, Color b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

Color scale_color(const Theme& t, Role role, float value) {
  const RoleColors& colors = t.of(role);
  const float v = std::isnan(value) ? 0.0f : std::clamp(value, -1.0f, 1.0f);
  return mix(t.zero, v < 0 ? colors.negative : colors.positive, std::abs(v));
}

Role role_of(TensorId id) {
  switch (id) {
    case TensorId::input:
    case TensorId::im2col:
    case TensorId::grad_input:
      return Role::input;
    case TensorId::weight:
    case TensorId::kernel_matrix:
    case TensorId::toeplitz:
    case TensorId::grad_weight:
    case TensorId::learned:
    case TensorId::next_kernel:
    case TensorId::wished_kernel:
      return Role::weight;
    case TensorId::output:
    case TensorId::product:
    case TensorId::grad_output:
    case TensorId::level:
      return Role::output;
    case TensorId::bias:
    case TensorId::grad_bias:
      return Role::bias;
    case TensorId::none:
    case TensorId::loss:
      break;
  }
  return Role::text;
}

Color fill_color(const Theme& t, const Mark& mark) {
  Color c = base_fill(t, mark);
  c.a *= mark.opacity;
  return c;
}

Color line_color(const Theme& t, const Mark& mark) {
  Color c = lightened(t, t.of(mark.role).line, mark.lightness);
  if (mark.kind == Mark::Kind::text && mark.fill != Fill::none) {
    if (mark.fill == Fill::shade) {
      c = ink_on(t, composed(t.shade, t.of(mark.role).tint));
    } else {
      c = ink_on(t, base_fill(t, mark));
    }
  }
  c.a *= mark.opacity;
  return c;
}

Color ink_on(const Theme& t, Color fill) {
  const Color ground = composed(fill, t.of(Role::canvas).full);
  const Color ink = t.of(Role::text).line, paper = t.of(Role::canvas).full;
  if (contrast(ink, ground) >= 4.5) return ink;
  if (contrast(paper, ground) >= 4.5) return paper;
  const Color black = hex(0x000000), white = hex(0xFFFFFF);
  return contrast(black, ground) >= contrast(white, ground) ? black : white;
}

}  // namespace convscope
