// Marks as SVG elements: the vocabulary that stills and animations are written in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/render/vector_shapes.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// What a document says of itself: <title>, <desc> and, as carried_form() has it, the session that it shows.
struct SvgWords {
  std::string title, description, session;
};

/// Collects what the elements of a document share: classes of colours and pictures of tensors.
class SvgElements {
 public:
  explicit SvgElements(const Theme& theme) : theme_(theme) {}

  /// Appends one string per mark that can be seen, in paint order. Equal marks give equal strings.
  /// Errors: those of encode_png().
  Result<void> append(const Scene& scene, std::vector<std::string>& elements);

  /// Rules for <style>, each behind `prefix`.
  std::string rules(std::string_view prefix) const;
  /// What goes into <defs>.
  const std::string& definitions() const { return definitions_; }

 private:
  std::string class_of(Role role, std::string_view use, const std::string& declaration);
  static std::string stroke_rules(const VectorShape& shape);
  static std::string dashes(const VectorShape& shape);
  std::string rect(const Mark& mark, const VectorShape& shape);
  std::string path(const Mark& mark, const VectorShape& shape);
  std::string text(const Scene& scene, const Mark& mark, const VectorShape& shape);
  Result<std::string> raster(const Scene& scene, const Mark& mark);

  const Theme& theme_;
  std::map<std::pair<std::string, std::string>, std::string> classes_;  // use and declaration to name
  std::map<std::string, int> names_;
  std::map<std::string, std::string> rasters_;  // what is shown to its identifier
  std::map<std::string, std::string> images_;   // elements to identifiers
  std::string definitions_;
  std::vector<VectorShape> shapes_;  // of the mark being written
};

/// Appends a number as short as two decimals allow.
void append_number(std::string& out, double value);
/// Text for XML: escaped, without characters that XML does not know.
std::string escaped(std::string_view text);

/// A whole document around its body, `scale` pixels for each of the scene's. Of the words each may be empty.
std::string svg_document(const Scene& scene, const Theme& theme, const SvgElements& elements,
                         std::string_view more_rules, std::string_view body, const SvgWords& words, float scale);

}  // namespace convscope
