#include "app/render/svg_elements.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/io/carried_text.h"
#include "app/io/image.h"
#include "app/render/font_stack.h"
#include "app/render/quad.h"
#include "app/render/raster_pixels.h"

namespace convscope {

namespace {

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
  const std::string base = std::string(role_name(role)) + "-" + std::string(use);
  std::string& name = classes_[{base, declaration}];
  if (name.empty()) {
    name = base;
    // Lightness and opacity vary a role: the second variant is numbered.
    if (const int count = ++names_[name]; count > 1) name += std::to_string(count);
  }
  return name;
}

std::string SvgElements::stroke_rules(const VectorShape& shape) {
  std::string rules = paint("stroke", shape.stroke);
  if (shape.stroke_width != 1) rules += ";stroke-width:" + number(static_cast<double>(shape.stroke_width));
  return rules;
}

std::string SvgElements::rect(const Mark& mark, const VectorShape& shape) {
  std::string out = "<rect", classes;
  const bool filled = shape.fill.a > 0;
  if (filled && mark.fill == Fill::value) {
    // too many different ones for classes
    out += " fill=\"" + hex(shape.fill) + "\"";
    if (shape.fill.a < 1) append_attribute(out, "fill-opacity", static_cast<double>(shape.fill.a));
  } else if (filled) {
    constexpr const char* kUses[] = {"none", "tint", "full", "value", "shade", "hatch"};
    classes = class_of(mark.role, kUses[static_cast<size_t>(mark.fill)], paint("fill", shape.fill));
  }
  if (shape.stroke_width > 0) {
    constexpr const char* kUses[] = {"none", "hairline", "outline", "thick", "dashed", "ring"};
    if (!classes.empty()) classes += ' ';
    classes += class_of(mark.role, std::string(kUses[static_cast<size_t>(mark.outline)]) + (filled ? "" : "-only"),
                        stroke_rules(shape) + (filled ? "" : ";fill:none"));
  }
  if (!classes.empty()) out += " class=\"" + classes + "\"";
  append_attribute(out, "x", static_cast<double>(shape.box.x0));
  append_attribute(out, "y", static_cast<double>(shape.box.y0));
  append_attribute(out, "width", static_cast<double>(shape.box.width()));
  append_attribute(out, "height", static_cast<double>(shape.box.height()));
  if (shape.radius > 0) append_attribute(out, "rx", static_cast<double>(shape.radius));
  return out + dashes(shape) + "/>";
}

std::string SvgElements::path(const Mark& mark, const VectorShape& shape) {
  constexpr const char* kUses[] = {"line", "hatch", "head", "minus"};
  const bool lines = shape.kind == VectorShape::Kind::lines;
  std::string data;
  for (size_t i = 0; i < shape.points.size(); ++i) {
    const bool moves = lines ? i % 2 == 0 : i == 0;
    append_point(data, moves ? 'M' : 'L', shape.points[i].x, shape.points[i].y);
  }
  if (!lines) data += 'z';
  const std::string rules = lines ? stroke_rules(shape) : paint("fill", shape.fill);
  return "<path class=\"" + class_of(mark.role, kUses[static_cast<size_t>(shape.part)], rules) + "\" d=\"" + data +
         "\"" + dashes(shape) + "/>";
}

std::string SvgElements::dashes(const VectorShape& shape) {
  if (shape.dash <= 0) return {};
  std::string out = " stroke-dasharray=\"" + number(static_cast<double>(shape.dash)) + " " +
                    number(static_cast<double>(shape.gap)) + "\"";
  append_attribute(out, "stroke-dashoffset", static_cast<double>(shape.dash_offset));
  return out;
}

std::string SvgElements::text(const Scene& scene, const Mark& mark, const VectorShape& shape) {
  constexpr const char* kFaces[] = {"sans", "bold", "mono", "sans"};
  constexpr const char* kAligns[] = {"", "mid ", "end "};
  std::string out = "<text class=\"";
  out += kAligns[static_cast<size_t>(mark.align)];
  if (kFaces[static_cast<size_t>(mark.face)] != std::string_view("sans")) {
    out.append(kFaces[static_cast<size_t>(mark.face)]).append(" ");
  }
  out += class_of(mark.role, "ink", paint("fill", shape.fill)) + "\"";
  append_attribute(out, "x", static_cast<double>(shape.points[0].x));
  append_attribute(out, "y", std::round(static_cast<double>(shape.points[0].y)));
  append_attribute(out, "font-size", static_cast<double>(mark.size));
  return out + ">" + escaped(scene.text_of(mark)) + "</text>";
}

Result<std::string> SvgElements::raster(const Scene& scene, const Mark& mark) {
  const auto [raster, box, visible] = visible_part(scene, mark);
  if (!visible) return std::string();
  const int most_width = most_raster_pixels(box.width()), most_height = most_raster_pixels(box.height());
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
    std::string element;
    if (mark.kind == Mark::Kind::raster) {
      Result<std::string> drawn = raster(scene, mark);
      if (!drawn) return drawn.error();
      element = std::move(drawn).value();
    } else {
      shapes_of(scene, mark, theme_, shapes_);
      for (const VectorShape& shape : shapes_) {
        element += shape.kind == VectorShape::Kind::rect   ? rect(mark, shape)
                   : shape.kind == VectorShape::Kind::text ? text(scene, mark, shape)
                                                           : path(mark, shape);
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
                         std::string_view more_rules, std::string_view body, const SvgWords& words, float scale) {
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"";
  append_attribute(out, "width", std::round(static_cast<double>(scene.width * scale)));
  append_attribute(out, "height", std::round(static_cast<double>(scene.height * scale)));
  out += " viewBox=\"0 0 " + number(static_cast<double>(scene.width)) + " " +
         number(static_cast<double>(scene.height)) + "\" xml:space=\"preserve\" class=\"convscope\">";
  if (!words.title.empty()) out += "<title>" + escaped(words.title) + "</title>\n";
  if (!words.description.empty()) out += "<desc>" + escaped(words.description) + "</desc>\n";
  if (!words.session.empty()) {
    out.append("<metadata id=\"").append(kCarriedKey).append("\">").append(words.session).append("</metadata>\n");
  }
  out += "<style>\n" + elements.rules(".convscope ") + std::string(more_rules) + "</style>\n";
  if (!elements.definitions().empty()) out += "<defs>" + elements.definitions() + "</defs>\n";
  if (!scene.transparent) {
    out += "<rect width=\"100%\" height=\"100%\" fill=\"" + hex(theme.of(Role::canvas).full) + "\"/>\n";
  }
  out += body;
  return out + "</svg>\n";
}

}  // namespace convscope
