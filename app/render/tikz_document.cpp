#include "app/render/tikz_document.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "app/io/carried_text.h"
#include "app/render/font_stack.h"
#include "app/render/quad.h"
#include "app/render/raster_pixels.h"
#include "app/render/svg_elements.h"

namespace convscope {

namespace {

constexpr int kMostRasterCells = 72;  // a side: TeX takes a second for five thousand rectangles

struct Named {
  char32_t character;
  const char* tex;
};
constexpr Named kNamed[] = {
    {U'\\', "\\textbackslash{}"},
    {U'{', "\\{"},
    {U'}', "\\}"},
    {U'$', "\\$"},
    {U'&', "\\&"},
    {U'#', "\\#"},
    {U'%', "\\%"},
    {U'_', "\\_"},
    {U'^', "\\textasciicircum{}"},
    {U'~', "\\textasciitilde{}"},
    {U'<', "\\ensuremath{<}"},
    {U'>', "\\ensuremath{>}"},
    {U'|', "\\ensuremath{|}"},
    {U'*', "\\ensuremath{*}"},
    {U'"', "\\textquotedbl{}"},
    {0xA0, "~"},
    {0xB0, "\\ensuremath{^\\circ}"},
    {0xB1, "\\ensuremath{\\pm}"},
    {0xB7, "\\ensuremath{\\cdot}"},
    {0xD7, "\\ensuremath{\\times}"},
    {0xF7, "\\ensuremath{\\div}"},
    {0x3A3, "\\ensuremath{\\Sigma}"},
    {0x2013, "--"},
    {0x2014, "---"},
    {0x2018, "`"},
    {0x2019, "'"},
    {0x201C, "``"},
    {0x201D, "''"},
    {0x2026, "\\ldots{}"},
    {0x2190, "\\ensuremath{\\leftarrow}"},
    {0x2191, "\\ensuremath{\\uparrow}"},
    {0x2192, "\\ensuremath{\\rightarrow}"},
    {0x2193, "\\ensuremath{\\downarrow}"},
    {0x2202, "\\ensuremath{\\partial}"},
    {0x2208, "\\ensuremath{\\in}"},
    {0x2211, "\\ensuremath{\\sum}"},
    {0x2212, "\\ensuremath{-}"},
    {0x221E, "\\ensuremath{\\infty}"},
    {0x2248, "\\ensuremath{\\approx}"},
    {0x2260, "\\ensuremath{\\neq}"},
    {0x2264, "\\ensuremath{\\leq}"},
    {0x2265, "\\ensuremath{\\geq}"},
    {0x2308, "\\ensuremath{\\lceil}"},
    {0x2309, "\\ensuremath{\\rceil}"},
    {0x230A, "\\ensuremath{\\lfloor}"},
    {0x230B, "\\ensuremath{\\rfloor}"},
    {0x22A4, "\\ensuremath{\\top}"},
    {0x2297, "\\ensuremath{\\otimes}"},
};

bool is_chinese(char32_t c) {
  return (c >= 0x3000 && c < 0x3040) || (c >= 0x3400 && c < 0xA000) || (c >= 0xFF00 && c < 0xFFF0);
}

std::string number(double value) {
  std::string text;
  append_number(text, value);
  const auto digits = text.begin() + (text.starts_with('-') ? 1 : 0);
  if (*digits == '.') text.insert(digits, '0');  // TeX wants a figure before the point
  return text;
}

std::string color_of(const char* key, Color color) {
  const uint32_t bytes = packed(color);
  char text[64];
  std::snprintf(text, sizeof text, "%s={rgb,255:red,%u;green,%u;blue,%u}", key, bytes & 255, bytes >> 8 & 255,
                bytes >> 16 & 255);
  return text;
}

std::string painted(const char* key, Color color) {
  std::string text = color_of(key, color);
  if (color.a < 1) text += std::string(",") + key + " opacity=" + number(static_cast<double>(color.a));
  return text;
}

std::string at(float x, float y) {
  std::string text = "(";
  return text.append(number(static_cast<double>(x))).append(",").append(number(static_cast<double>(y))).append(")");
}

/// Each line of a text as a comment.
std::string comment(std::string_view text) {
  std::string out = "% ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "% ";
  }
  return out + "\n";
}

}  // namespace

std::string tex_text(std::string_view text, bool* chinese) {
  std::string out;
  for (size_t position = 0; position < text.size();) {
    const size_t begin = position;
    const char32_t c = next_character(text, position);
    const auto named =
        std::find_if(std::begin(kNamed), std::end(kNamed), [&](const Named& n) { return n.character == c; });
    if (named != std::end(kNamed)) {
      out += named->tex;
    } else if (is_chinese(c)) {
      out += text.substr(begin, position - begin);
      if (chinese != nullptr) *chinese = true;
    } else if ((c >= 0x20 && c < 0x7F) || (c >= 0xC0 && c < 0x100)) {
      out += text.substr(begin, position - begin);  // T1 has Latin-1's letters
    } else {
      out += '?';
    }
  }
  return out;
}

TikzDocument::TikzDocument(const Theme& theme, std::string title, std::string description, std::string session,
                           double points)
    : theme_(theme),
      title_(std::move(title)),
      description_(std::move(description)),
      session_(std::move(session)),
      points_(points) {}

std::string TikzDocument::length(float pixels) const { return number(static_cast<double>(pixels) * points_) + "bp"; }

std::string TikzDocument::style(Role role, std::string_view use, const std::string& declaration) {
  const std::string base = std::string(role_name(role)) + " " + std::string(use);
  std::string& name = styles_[{base, declaration}];
  if (name.empty()) {
    name = base;
    // Lightness and opacity vary a role: the second variant is numbered.
    if (const int count = ++names_[name]; count > 1) name += " " + std::to_string(count);
  }
  return name;
}

std::string TikzDocument::stroke_style(const VectorShape& shape) const {
  return painted("draw", shape.stroke) + ",line width=" + length(shape.stroke_width);
}

std::string TikzDocument::dashes(const VectorShape& shape) const {
  if (shape.dash <= 0) return {};
  return ",dash pattern=on " + length(shape.dash) + " off " + length(shape.gap) +
         ",dash phase=" + length(shape.dash_offset);
}

void TikzDocument::rect(const Mark& mark, const VectorShape& shape) {
  std::string options;
  if (shape.fill.a > 0 && mark.fill == Fill::value) {
    options = painted("fill", shape.fill);  // too many different ones for styles
  } else if (shape.fill.a > 0) {
    constexpr const char* kUses[] = {"none", "tint", "full", "value", "shade", "hatch"};
    options = style(mark.role, kUses[static_cast<size_t>(mark.fill)], painted("fill", shape.fill));
  }
  if (shape.stroke_width > 0) {
    constexpr const char* kUses[] = {"none", "hairline", "outline", "thick", "dashed", "ring"};
    if (!options.empty()) options += ',';
    options += style(mark.role, kUses[static_cast<size_t>(mark.outline)], stroke_style(shape));
  }
  const Box& b = shape.box;
  const float r = std::min({shape.radius, b.width() / 2, b.height() / 2});
  if (shape.dash <= 0 || r <= 0) {
    if (r > 0) options += ",rounded corners=" + length(r);
    body_ += "\\path[" + options + dashes(shape) + "] " + at(b.x0, b.y0) + " rectangle " + at(b.x1, b.y1) + ";\n";
    return;
  }
  // Dashes begin behind the upper left corner.
  const std::string radius = ",radius=" + number(static_cast<double>(r)) + "]";
  const auto arc = [&](int from, int to) {
    return " arc[start angle=" + std::to_string(from) + ",end angle=" + std::to_string(to) + radius;
  };
  body_ += "\\path[" + options + dashes(shape) + "] " + at(b.x0 + r, b.y0) + " -- " + at(b.x1 - r, b.y0) + arc(-90, 0) +
           " -- " + at(b.x1, b.y1 - r) + arc(0, 90) + " -- " + at(b.x0 + r, b.y1) + arc(90, 180) + " -- " +
           at(b.x0, b.y0 + r) + arc(180, 270) + " -- cycle;\n";
}

void TikzDocument::path(const Mark& mark, const VectorShape& shape) {
  constexpr const char* kUses[] = {"line", "hatching", "head", "minus"};
  const bool lines = shape.kind == VectorShape::Kind::lines;
  const std::string declaration = lines ? stroke_style(shape) : painted("fill", shape.fill);
  body_ += "\\path[" + style(mark.role, kUses[static_cast<size_t>(shape.part)], declaration) + dashes(shape) + "]";
  for (size_t i = 0; i < shape.points.size(); ++i) {
    const bool moves = lines ? i % 2 == 0 : i == 0;
    body_ += (moves ? " " : " -- ") + at(shape.points[i].x, shape.points[i].y);
  }
  body_ += lines ? ";\n" : " -- cycle;\n";
}

void TikzDocument::text(const Scene& scene, const Mark& mark, const VectorShape& shape) {
  constexpr const char* kFaces[] = {"\\sffamily", "\\sffamily\\bfseries", "\\ttfamily", "\\sffamily"};
  constexpr const char* kAnchors[] = {"base west", "base", "base east"};
  const std::string size = length(mark.size);
  const std::string declaration = std::string("anchor=") + kAnchors[static_cast<size_t>(mark.align)] +
                                  ",inner sep=0pt," + painted("text", shape.fill) + ",font=\\fontsize{" + size + "}{" +
                                  size + "}\\selectfont" + kFaces[static_cast<size_t>(mark.face)];
  body_ += "\\node[" + style(mark.role, "words", declaration) + "] at " + at(shape.points[0].x, shape.points[0].y) +
           " {" + tex_text(scene.text_of(mark), &chinese_) + "};\n";
}

void TikzDocument::raster(const Scene& scene, const Mark& mark) {
  const auto [raster, box, visible] = visible_part(scene, mark);
  if (!visible) return;
  double u0 = 0, v0 = 0, u1 = 0, v1 = 0;
  const Pixels pixels = raster_pixels(raster, mark.role, theme_, kMostRasterCells, kMostRasterCells, u0, v0, u1, v1);
  if (pixels.rgba.empty()) return;
  const double cell_x = static_cast<double>(box.width()) / (raster.u1 - raster.u0) * (u1 - u0) / pixels.width;
  const double cell_y = static_cast<double>(box.height()) / (raster.v1 - raster.v0) * (v1 - v0) / pixels.height;
  const double left = static_cast<double>(box.x0) + (u0 - raster.u0) * cell_x * pixels.width / (u1 - u0);
  const double top = static_cast<double>(box.y0) + (v0 - raster.v0) * cell_y * pixels.height / (v1 - v0);
  body_ += "\\begin{scope}" +
           (mark.opacity < 1 ? "[fill opacity=" + number(static_cast<double>(mark.opacity)) + "]" : std::string()) +
           "\\clip " + at(box.x0, box.y0) + " rectangle " + at(box.x1, box.y1) + ";\n";
  for (int y = 0; y < pixels.height; ++y) {
    const uint8_t* row = pixels.rgba.data() + static_cast<ptrdiff_t>(y) * pixels.width * 4;
    for (int x = 0; x < pixels.width;) {
      int end = x + 1;
      while (end < pixels.width && std::equal(row + 4 * x, row + 4 * x + 3, row + 4 * end)) ++end;
      char cell[96];
      // Each reaches under the next by a hundredth, or readers show white seams.
      std::snprintf(cell, sizeof cell, "\\cscell{%.2f}{%.2f}{%.2f}{%.2f}{%02X%02X%02X}\n", left + x * cell_x,
                    top + y * cell_y, (end - x) * cell_x + 0.02, cell_y + 0.02, static_cast<unsigned>(row[4 * x]),
                    static_cast<unsigned>(row[4 * x + 1]), static_cast<unsigned>(row[4 * x + 2]));
      body_ += cell;
      x = end;
    }
  }
  body_ += "\\end{scope}\n";
}

void TikzDocument::add(const Scene& scene) {
  body_.clear();
  width_ = scene.width;
  height_ = scene.height;
  const std::string whole = "(0,0) rectangle " + at(scene.width, scene.height) + ";\n";
  body_ += "\\path[use as bounding box] " + whole + "\\clip " + whole;
  if (!scene.transparent) {
    body_ += "\\path[" + style(Role::canvas, "paper", painted("fill", theme_.of(Role::canvas).full)) + "] " + whole;
  }
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::raster) {
      raster(scene, mark);
      continue;
    }
    shapes_of(scene, mark, theme_, shapes_);
    for (const VectorShape& shape : shapes_) {
      if (shape.kind == VectorShape::Kind::rect) {
        rect(mark, shape);
      } else if (shape.kind == VectorShape::Kind::text) {
        text(scene, mark, shape);
      } else {
        path(mark, shape);
      }
    }
  }
  if (!scene.sentence.empty()) body_.insert(0, comment(scene.sentence));
  pictures_.push_back(body_);
}

std::string TikzDocument::finish() const {
  const std::string width = number(static_cast<double>(width_) * points_) + "bp";
  const std::string height = number(static_cast<double>(height_) * points_) + "bp";
  char unit[32];
  std::snprintf(unit, sizeof unit, "%.6gbp", points_);
  std::string out = comment(title_) + comment(description_);
  out +=
      "% By itself: pdflatex this file. In a paper: \\usepackage{tikz} and \\input this file; \\convscopenext, which\n"
      "% stands between two pictures, may be redefined before.\n";
  if (chinese_) {
    out += "% In a paper Chinese needs \\usepackage{CJKutf8} with pdflatex, or ctex with XeLaTeX and LuaLaTeX.\n";
  }
  constexpr size_t kLongestLine = 1000;  // TeX reads lines of a limited length
  for (size_t at = 0; at < session_.size(); at += kLongestLine) {
    out.append(kTexPrefix).append(session_.substr(at, kLongestLine)).append("\n");
  }
  // After \begin{document} LaTeX forgets \@nodocument.
  out +=
      "\\def\\convscopeend{}\n"
      "\\expandafter\\ifx\\csname @nodocument\\endcsname\\relax\\else\n"
      "\\documentclass{article}\n"
      "\\usepackage[utf8]{inputenc}\n"
      "\\usepackage[T1]{fontenc}\n"
      "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}\n";
  if (chinese_) out += "\\ifdefined\\pdfoutput\\usepackage{CJKutf8}\\else\\usepackage{ctex}\\fi\n";
  out += "\\usepackage{tikz}\n\\usepackage[paperwidth=" + width + ",paperheight=" + height +
         ",margin=0pt,headheight=0pt,headsep=0pt,footskip=0pt]{geometry}\n"
         "\\pagestyle{empty}\\parindent0pt\\topskip0pt\\maxdepth0pt\\hfuzz1pt\\vfuzz1pt\\lineskiplimit-1000pt\n"
         "\\def\\convscopeend{\\end{document}}\n"
         "\\def\\convscopenext{\\newpage}\n"
         "\\begin{document}\n"
         "\\fi\n"
         "\\providecommand\\convscopenext{\\par}\n";
  out += "\\begingroup\n";
  if (chinese_) out += "\\ifdefined\\pdfoutput\\begin{CJK}{UTF8}{gbsn}\\fi\n";
  out +=
      "\\definecolor{cscolor}{gray}{0}%\n"
      "\\def\\cscell#1#2#3#4#5{\\definecolor{cscolor}{HTML}{#5}\\fill[cscolor] (#1,#2) rectangle ++(#3,#4);}%\n"
      "\\tikzset{convscope/.style={x=";
  out.append(unit).append(",y=-").append(unit).append("},\n");
  std::vector<std::pair<std::string, std::string>> styles;
  for (const auto& [key, name] : styles_) styles.emplace_back(name, key.second);
  std::sort(styles.begin(), styles.end());
  for (const auto& [name, declaration] : styles) out += "  " + name + "/.style={" + declaration + "},\n";
  out += "}%\n";
  for (size_t i = 0; i < pictures_.size(); ++i) {
    if (i > 0) out += "\\convscopenext\n";
    out += "\\begin{tikzpicture}[convscope]\n" + pictures_[i] + "\\end{tikzpicture}%\n";
  }
  if (chinese_) out += "\\ifdefined\\pdfoutput\\end{CJK}\\fi\n";
  return out + "\\endgroup\n\\convscopeend\n";
}

}  // namespace convscope
