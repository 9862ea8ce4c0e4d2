// Scenes as TikZ: text as text in the reader's own font, one tikzpicture for each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/render/vector_shapes.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// A .tex file that compiles by itself with pdflatex, a page for each picture, and that a paper can \input where
/// \usepackage{tikz} is loaded. A tensor drawn as a texture becomes at most 72 x 72 coloured cells.
class TikzDocument {
 public:
  /// `session` as carried_form() has it, or empty; `points`: TeX's big points (1/72 inch) for each of the scene's
  /// pixels.
  TikzDocument(const Theme& theme, std::string title, std::string description, std::string session, double points);

  void add(const Scene& scene);
  std::string finish() const;

 private:
  std::string style(Role role, std::string_view use, const std::string& declaration);
  void rect(const Mark& mark, const VectorShape& shape);
  void path(const Mark& mark, const VectorShape& shape);
  void text(const Scene& scene, const Mark& mark, const VectorShape& shape);
  void raster(const Scene& scene, const Mark& mark);
  std::string length(float pixels) const;
  std::string stroke_style(const VectorShape& shape) const;
  std::string dashes(const VectorShape& shape) const;

  const Theme& theme_;
  std::string title_, description_, session_;
  double points_;
  std::map<std::pair<std::string, std::string>, std::string> styles_;  // use and declaration to name
  std::map<std::string, int> names_;
  std::vector<std::string> pictures_;
  std::string body_;  // of the picture being written
  float width_ = 0, height_ = 0;
  bool chinese_ = false;
  std::vector<VectorShape> shapes_;
};

/// Text for LaTeX: its special characters escaped, mathematical ones as mathematics; what pdflatex has no letter for
/// becomes a question mark. Sets `chinese` where there are Han characters.
std::string tex_text(std::string_view text, bool* chinese = nullptr);

}  // namespace convscope
