// What the module that writes PDF offers to the program that loads it.
//
// Cairo and Pango bring some thirty libraries with them, whose loading would take longer than everything else that
// happens before the first frame: they are in a module that is loaded when the first PDF is written.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/scene/scene.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

struct PdfFacts {
  std::string title, subject;
  /// Of sans and mono, comma-separated as Pango has them: the same fonts that the pictures were measured with.
  std::string sans_families, mono_families;
  std::string language;  // BCP 47: Han characters have national forms
};

/// Pages of scenes as vectors, text as text with its fonts embedded.
class PdfDocument {
 public:
  /// Takes the file's bytes in order; false stops the writing.
  using Write = std::function<bool(const void* data, size_t size)>;

  virtual ~PdfDocument() = default;
  /// Begins a page, in points of 1/72 inch, with its entry in the reader's table of contents; alpha 0: clear paper.
  virtual void begin_page(double width, double height, const std::string& entry, const Color& paper) = 0;
  /// Draws a scene into the present page with its upper left corner at (x, y), `scale` points for each of its pixels.
  virtual Result<void> draw(const Scene& scene, const Theme& theme, double x, double y, double scale) = 0;
  virtual void end_page() = 0;
  /// Errors: error.export_encoder; where Write said false the caller knows why.
  virtual Result<void> finish() = 0;
};
using OpenedPdf = std::unique_ptr<PdfDocument>;

}  // namespace convscope

extern "C" [[gnu::visibility("default")]] void convscope_open_pdf(const convscope::PdfFacts& facts,
                                                                  convscope::PdfDocument::Write write,
                                                                  convscope::OpenedPdf& document);
