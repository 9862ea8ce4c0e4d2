#include "app/render/svg_elements.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "app/io/image.h"
#include "app/render/font_stack.h"
#include "app/render/quad.h"
#include "app/render/raster_pixels.h"

namespace convscope {

namespace {

constexpr float kCapHeight = 0.729f;  // of DejaVu, and of Verdana, its double elsewhere
constexpr int kMostRasterPixels = 1600;

constexpr const char* kRoleNames[] = {"canvas", "panel", "border",  "text",   "secondary", "accent", "input", "weight",
                                      "output", "bias",  "padding", "window", "hover",     "unused", "error"};

std::string number(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

void append_attribute(std::string& out, const char* name, double value) {
  out.append(" ").append(name).append("=\"");
  append_number(out, value);
  out += '"';
}

std::string hex(Color color) {
  const uint32_t bytes = packed(color);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "#";
  for (const int shift : {4, 0, 12, 8, 20, 16}) text += kDigits[bytes >> shift & 15];
  if (text[1] == text[2] && text[3] == text[4] && text[5] == text[6]) text = {'#', text[1], text[3], text[5]};
  return text;
}

std::string paint(const char* property, Color color) {
  std::string text = std::string(property) + ":" + hex(color);
  if (color.a < 1) text += std::string(";") + property + "-opacity:" + number(static_cast<double>(color.a));
  return text;
}

void append_point(std::string& path, char command, float x, float y) {
  path += command;
  append_number(path, static_cast<double>(x));
  path += ' ';
  append_number(path, static_cast<double>(y));
}

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = static_cast<uint32_t>(bytes[i]) << 16;
    if (left > 1) word |= static_cast<uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) word |= bytes[i + 2];
    for (size_t k = 0; k < 4; ++k) text += k <= left ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// Every pixel as a block of across x down.
Pixels repeated(const Pixels& from, int across, int down) {
  Pixels to;
  to.width = from.width * across;
  to.height = from.height * down;
  to.rgba.reserve(static_cast<size_t>(to.width) * static_cast<size_t>(to.height) * 4);
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      const auto* pixel = from.rgba.data() + (static_cast<ptrdiff_t>(y / down) * from.width + x) * 4;
      for (int k = 0; k < across; ++k) to.rgba.insert(to.rgba.end(), pixel, pixel + 4);
    }
  }
  return to;
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6), byte(0x80 | (c & 63));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63));
  } else {
    byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63));
  }
}

}  // namespace

void append_number(std::string& out, double value) {
  double rounded = std::round(value * 100) / 100;
  if (rounded == 0 || !std::isfinite(rounded)) rounded = 0;  // no minus zero either
  char digits[48];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, rounded, std::chars_format::fixed, 2);
  std::string_view text(digits, static_cast<size_t>(end - digits));
  if (error != std::errc{}) text = "0.00";
  while (text.back() == '0') text.remove_suffix(1);
  if (text.back() == '.') text.remove_suffix(1);
  if (text.starts_with('-')) {
    out += '-';
    text.remove_prefix(1);
  }
  if (text.starts_with("0.")) text.remove_prefix(1);
  out += text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (size_t position = 0; position < text.size();) {
    char32_t c = next_character(text, position);
    if ((c < 0x20 && c != '\t' && c != '\n') || c == 0xFFFE || c == 0xFFFF) c = 0xFFFD;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        append_utf8(out, c);
    }
  }
  return out;
}

std::string SvgElements::class_of(Role role, std::string_view use, const std::string& declaration) {
  const std::string base = std::string(kRoleNames[static_cast<size_t>(role)]) + "-" + std::string(use);
  std::string& name = classes_[{base, declaration}];
  if (name.empty()) {
    name = base;
    // Lightness and opacity vary a role: the second variant is numbered.
    if (const int count = ++names_[name]; count > 1) name += std::to_string(count);
  }
  return name;
}

std::string SvgElements::fill_attributes(const Mark& mark, Color color, std::string_view use) {
  if (mark.fill == Fill::value) {
    std::string text = " fill=\"" + hex(color) + "\"";
    if (color.a < 1) append_attribute(text, "fill-opacity", static_cast<double>(color.a));
    return text;
  }
  return " class=\"" + class_of(mark.role, use, paint("fill", color)) + "\"";
}

std::string SvgElements::box(const Mark& mark) {
  const Box box = snapped_box(mark.box, 1);
  if (!(box.x1 > box.x0) || !(box.y1 > box.y0)) return {};
  const float radius = std::clamp(mark.radius, 0.0f, std::min(box.width(), box.height()) / 2);
  const Color fill = fill_color(theme_, mark);
  const bool filled = mark.fill != Fill::none && mark.fill != Fill::hatch && fill.a > 0;
  const Color stroke = line_color(theme_, mark);
  const float width = stroke.a > 0 ? outline_width(mark, 1) : 0;
  std::string out;

  if (mark.fill == Fill::hatch && fill.a > 0) {
    const std::string declaration = paint("stroke", fill) + ";stroke-width:" + number(static_cast<double>(kHatchWidth));
    std::string path;
    const float step = kHatchPeriod * std::numbers::sqrt2_v<float>;
    for (float s = step / 2; s < box.width() + box.height(); s += step) {
      const float right = std::min(s, box.width());
      const float down = std::min(s, box.height());
      append_point(path, 'M', box.x0 + right, box.y0 + s - right);
      append_point(path, 'L', box.x0 + s - down, box.y0 + down);
    }
    out += "<path class=\"" + class_of(mark.role, "hatch", declaration) + "\" d=\"" + path + "\"/>";
  }

  if (filled || width > 0) {
    // The outline lies inside the edge, a ring outside; SVG draws strokes on both sides of the shape's own edge.
    const float inset = mark.outline == Outline::ring ? -width / 2 : width / 2;
    const float rx = radius > 0 ? std::max(0.0f, radius - inset) : 0;
    const float w = std::max(box.width() - 2 * inset, 0.0f);
    const float h = std::max(box.height() - 2 * inset, 0.0f);
    out += "<rect";
    std::string classes;
    if (filled && mark.fill == Fill::value) {
      out += fill_attributes(mark, fill, "value");
    } else if (filled) {
      constexpr const char* kUses[] = {"none", "tint", "full", "value", "shade", "hatch"};
      classes = class_of(mark.role, kUses[static_cast<size_t>(mark.fill)], paint("fill", fill));
    }
    if (width > 0) {
      std::string declaration = paint("stroke", stroke);
      if (width != 1) declaration += ";stroke-width:" + number(static_cast<double>(width));
      if (!filled) declaration += ";fill:none";
      constexpr const char* kUses[] = {"none", "hairline", "outline", "thick", "dashed", "ring"};
      if (!classes.empty()) classes += ' ';
      classes += class_of(mark.role, std::string(kUses[static_cast<size_t>(mark.outline)]) + (filled ? "" : "-only"),
                          declaration);
    }
    if (!classes.empty()) out += " class=\"" + classes + "\"";
    append_attribute(out, "x", static_cast<double>(box.x0 + inset));
    append_attribute(out, "y", static_cast<double>(box.y0 + inset));
    append_attribute(out, "width", static_cast<double>(w));
    append_attribute(out, "height", static_cast<double>(h));
    if (rx > 0) append_attribute(out, "rx", static_cast<double>(rx));
    if (width > 0 && mark.outline == Outline::dashed) {
      // A stroke begins behind the upper left corner's arc; a dash is centred on the corners where both sides agree.
      const float arc = rx * std::numbers::pi_v<float> / 2;
      const float side_x = w - 2 * rx + arc;
      const float side_y = h - 2 * rx + arc;
      const float period = std::abs(side_x - side_y) < 0.01f ? dash_period(side_x, kDashPeriod)
                                                             : dash_period(2 * (side_x + side_y), kDashPeriod);
      const float dash = period * kDash / kDashPeriod;
      out += " stroke-dasharray=\"" + number(static_cast<double>(dash)) + " " +
             number(static_cast<double>(period - dash)) + "\"";
      append_attribute(out, "stroke-dashoffset", static_cast<double>((dash + arc) / 2));
    }
    out += "/>";
  }

  if (mark.fill == Fill::value && mark.value < 0) {
    if (const CornerMark corner = corner_mark(box); corner.side > 0) {
      Color ground = fill;
      ground.a = 1;
      Color ink = ink_on(theme_, ground);
      ink.a *= mark.opacity;
      std::string path;
      append_point(path, 'M', corner.x, corner.y);
      path += "h" + number(static_cast<double>(corner.side));
      append_point(path, 'L', corner.x, corner.y + corner.side);
      out += "<path class=\"" + class_of(mark.role, "minus", paint("fill", ink)) + "\" d=\"" + path + "z\"/>";
    }
  }
  return out;
}

std::string SvgElements::line(const Mark& mark) {
  const Color color = line_color(theme_, mark);
  if (color.a <= 0) return {};
  const float width = line_width(mark, 1);
  Box line = snapped_line(mark.box, width, 1);
  std::string head;
  if (mark.kind == Mark::Kind::arrow) {
    const ArrowShape shape = arrow_shape(mark.box, mark.size > 0 ? mark.size : 1);
    line = {mark.box.x0, mark.box.y0, shape.base_x, shape.base_y};
    const float dx = shape.tip_x - shape.base_x;
    const float dy = shape.tip_y - shape.base_y;
    const float length = std::max(std::hypot(dx, dy), 1e-6f);
    const float nx = -dy / length * shape.half_width;
    const float ny = dx / length * shape.half_width;
    std::string path;
    append_point(path, 'M', shape.tip_x, shape.tip_y);
    append_point(path, 'L', shape.base_x + nx, shape.base_y + ny);
    append_point(path, 'L', shape.base_x - nx, shape.base_y - ny);
    head = "<path class=\"" + class_of(mark.role, "head", paint("fill", color)) + "\" d=\"" + path + "z\"/>";
  }
  const float length = std::hypot(line.x1 - line.x0, line.y1 - line.y0);
  if (length <= 0) return head;
  std::string declaration = paint("stroke", color);
  if (width != 1) declaration += ";stroke-width:" + number(static_cast<double>(width));
  std::string path;
  append_point(path, 'M', line.x0, line.y0);
  append_point(path, 'L', line.x1, line.y1);
  std::string out = "<path class=\"" + class_of(mark.role, "line", declaration) + "\" d=\"" + path + "\"";
  if (mark.outline == Outline::dashed) {
    const float period = dash_period(length, kDashPeriod);
    const float dash = period * kDash / kDashPeriod;
    out += " stroke-dasharray=\"" + number(static_cast<double>(dash)) + " " +
           number(static_cast<double>(period - dash)) + "\"";
    append_attribute(out, "stroke-dashoffset", static_cast<double>(dash / 2));
  }
  return out + "/>" + head;
}

std::string SvgElements::text(const Scene& scene, const Mark& mark) {
  const Color color = line_color(theme_, mark);
  if (color.a <= 0 || mark.text_length == 0 || mark.size <= 0) return {};
  constexpr const char* kFaces[] = {"sans", "bold", "mono", "sans"};
  constexpr const char* kAligns[] = {"", "mid ", "end "};
  const float x = mark.align == Align::left     ? mark.box.x0
                  : mark.align == Align::center ? (mark.box.x0 + mark.box.x1) / 2
                                                : mark.box.x1;
  const float y = (mark.box.y0 + mark.box.y1) / 2 + mark.size * kCapHeight / 2;
  std::string out = "<text class=\"";
  out += kAligns[static_cast<size_t>(mark.align)];
  if (kFaces[static_cast<size_t>(mark.face)] != std::string_view("sans")) {
    out.append(kFaces[static_cast<size_t>(mark.face)]).append(" ");
  }
  out += class_of(mark.role, "ink", paint("fill", color)) + "\"";
  append_attribute(out, "x", static_cast<double>(x));
  append_attribute(out, "y", std::round(static_cast<double>(y)));
  append_attribute(out, "font-size", static_cast<double>(mark.size));
  return out + ">" + escaped(scene.text_of(mark)) + "</text>";
}

Result<std::string> SvgElements::raster(const Scene& scene, const Mark& mark) {
  if (mark.raster < 0 || static_cast<size_t>(mark.raster) >= scene.rasters.size()) return std::string();
  Raster raster = scene.rasters[static_cast<size_t>(mark.raster)];
  Box box = mark.box;
  if (!(box.x1 > box.x0) || !(box.y1 > box.y0) || !(raster.u1 > raster.u0) || !(raster.v1 > raster.v0)) {
    return std::string();
  }
  // Of a tensor that was zoomed into only the visible part is embedded, at its own resolution.
  const auto clip = [](float& x0, float& x1, double& u0, double& u1, float limit) {
    const double cells = (u1 - u0) / static_cast<double>(x1 - x0);
    if (x0 < 0) u0 -= static_cast<double>(x0) * cells, x0 = 0;
    if (x1 > limit) u1 -= static_cast<double>(x1 - limit) * cells, x1 = limit;
    return x1 > x0 && u1 > u0;
  };
  if (!clip(box.x0, box.x1, raster.u0, raster.u1, scene.width) ||
      !clip(box.y0, box.y1, raster.v0, raster.v1, scene.height)) {
    return std::string();
  }
  // Twice the pixels of its place is sharp on any screen; more would only make the file larger.
  const int most_width = std::clamp(static_cast<int>(std::ceil(box.width() * 2)), 1, kMostRasterPixels);
  const int most_height = std::clamp(static_cast<int>(std::ceil(box.height() * 2)), 1, kMostRasterPixels);
  std::string key;
  for (const double part :
       {static_cast<double>(raster.tensor.identity()), static_cast<double>(raster.n),
        static_cast<double>(raster.channel), raster.rgb ? 1.0 : 0.0, static_cast<double>(raster.low),
        static_cast<double>(raster.high), std::floor(raster.u0), std::floor(raster.v0), std::ceil(raster.u1),
        std::ceil(raster.v1), static_cast<double>(most_width), static_cast<double>(most_height),
        static_cast<double>(mark.role)}) {
    key += std::to_string(part) + " ";
  }
  std::string& id = rasters_[key];
  if (id.empty()) {
    double u0 = 0, v0 = 0, u1 = 0, v1 = 0;
    Pixels pixels = raster_pixels(raster, mark.role, theme_, most_width, most_height, u0, v0, u1, v1);
    if (pixels.rgba.empty()) {
      rasters_.erase(key);
      return std::string();
    }
    const bool cell_for_pixel = pixels.width == static_cast<int>(u1 - u0) && pixels.height == static_cast<int>(v1 - v0);
    // librsvg and many programs smooth what they magnify, whatever they are told: cells are handed over large.
    if (cell_for_pixel) {
      pixels = repeated(pixels, std::clamp(most_width / pixels.width, 1, 16),
                        std::clamp(most_height / pixels.height, 1, 16));
    }
    Result<std::vector<uint8_t>> png = encode_png(pixels);
    if (!png) {
      rasters_.erase(key);
      return png.error();
    }
    // In cells, so that any part of it can be shown through a view box.
    std::string image;
    append_attribute(image, "x", u0);
    append_attribute(image, "y", v0);
    append_attribute(image, "width", u1 - u0);
    append_attribute(image, "height", v1 - v0);
    image += " preserveAspectRatio=\"none\"";
    if (cell_for_pixel) image += " style=\"image-rendering:pixelated\"";
    image += " href=\"data:image/png;base64," + base64(*png) + "\"/>";
    // Tensors that look the same share a picture.
    std::string& known = images_[image];
    if (known.empty()) {
      known = "tensor-" + std::to_string(images_.size());
      definitions_ += "<image id=\"" + known + "\"" + image;
    }
    id = known;
  }
  std::string out = "<svg preserveAspectRatio=\"none\"";
  append_attribute(out, "x", static_cast<double>(box.x0));
  append_attribute(out, "y", static_cast<double>(box.y0));
  append_attribute(out, "width", static_cast<double>(box.width()));
  append_attribute(out, "height", static_cast<double>(box.height()));
  out += " viewBox=\"" + number(raster.u0) + " " + number(raster.v0) + " " + number(raster.u1 - raster.u0) + " " +
         number(raster.v1 - raster.v0) + "\"";
  if (mark.opacity < 1) append_attribute(out, "opacity", static_cast<double>(mark.opacity));
  return out + "><use href=\"#" + id + "\"/></svg>";
}

Result<void> SvgElements::append(const Scene& scene, std::vector<std::string>& elements) {
  for (const Mark& mark : scene.marks) {
    const float reach = std::max(16.0f, 4 * mark.size);
    if (mark.kind != Mark::Kind::text &&
        (std::max(mark.box.x0, mark.box.x1) + reach < 0 || std::max(mark.box.y0, mark.box.y1) + reach < 0 ||
         std::min(mark.box.x0, mark.box.x1) - reach > scene.width ||
         std::min(mark.box.y0, mark.box.y1) - reach > scene.height)) {
      continue;
    }
    std::string element;
    switch (mark.kind) {
      case Mark::Kind::box:
        element = box(mark);
        break;
      case Mark::Kind::line:
      case Mark::Kind::arrow:
        element = line(mark);
        break;
      case Mark::Kind::text:
        element = text(scene, mark);
        break;
      case Mark::Kind::raster: {
        Result<std::string> drawn = raster(scene, mark);
        if (!drawn) return drawn.error();
        element = std::move(drawn).value();
        break;
      }
    }
    if (!element.empty()) elements.push_back(std::move(element));
  }
  return {};
}

std::string SvgElements::rules(std::string_view prefix) const {
  std::string out;
  const auto rule = [&](std::string_view selector, std::string_view declaration) {
    out.append(prefix).append(selector).append("{").append(declaration).append("}\n");
  };
  constexpr std::string_view kChinese =
      "'WenQuanYi Micro Hei','Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif";
  rule("text", "font-family:'DejaVu Sans',Verdana," + std::string(kChinese));
  rule(".bold", "font-weight:bold");
  rule("text.mono", "font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace," + std::string(kChinese));
  rule(".mid", "text-anchor:middle");
  rule(".end", "text-anchor:end");
  for (const auto& [key, name] : classes_) rule("." + name, key.second);
  return out;
}

std::string svg_document(const Scene& scene, const Theme& theme, const SvgElements& elements,
                         std::string_view more_rules, std::string_view body, const std::string& title,
                         const std::string& description, float scale) {
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"";
  append_attribute(out, "width", std::round(static_cast<double>(scene.width * scale)));
  append_attribute(out, "height", std::round(static_cast<double>(scene.height * scale)));
  out += " viewBox=\"0 0 " + number(static_cast<double>(scene.width)) + " " +
         number(static_cast<double>(scene.height)) + "\" xml:space=\"preserve\" class=\"convscope\">";
  if (!title.empty()) out += "<title>" + escaped(title) + "</title>\n";
  if (!description.empty()) out += "<desc>" + escaped(description) + "</desc>\n";
  out += "<style>\n" + elements.rules(".convscope ") + std::string(more_rules) + "</style>\n";
  if (!elements.definitions().empty()) out += "<defs>" + elements.definitions() + "</defs>\n";
  if (!scene.transparent) {
    out += "<rect width=\"100%\" height=\"100%\" fill=\"" + hex(theme.of(Role::canvas).full) + "\"/>\n";
  }
  out += body;
  return out + "</svg>\n";
}

}  // namespace convscope
