// PDF through Cairo; text through Pango, because Cairo alone has no second font for Chinese.
#include <cairo-pdf.h>
#include <cairo.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <numbers>
#include <utility>
#include <vector>

#include "app/render/pdf/pdf_module.h"
#include "app/render/raster_pixels.h"
#include "app/render/vector_shapes.h"

namespace convscope {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* p) const {
    release(p);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Release<cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Release<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Release<g_object_unref>>;
using FontDescription = std::unique_ptr<PangoFontDescription, Release<pango_font_description_free>>;

double wide(float value) { return static_cast<double>(value); }

class CairoPdf final : public PdfDocument {
 public:
  CairoPdf(const PdfFacts& facts, Write write) : write_(std::move(write)) {
    surface_.reset(cairo_pdf_surface_create_for_stream(write_bytes, this, 1, 1));
    cairo_surface_t* const s = surface_.get();
    // 1.4 has everything that is drawn here, and plain tables that any reader and any later edition can extend
    cairo_pdf_surface_restrict_to_version(s, CAIRO_PDF_VERSION_1_4);
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, facts.title.c_str());
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_SUBJECT, facts.subject.c_str());
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATOR, "ConvScope");
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "");  // the same bytes each time
    cairo_.reset(cairo_create(s));

    layout_.reset(pango_cairo_create_layout(cairo_.get()));
    PangoContext* const context = pango_layout_get_context(layout_.get());
    // Glyphs stand where they were measured: unhinted, unrounded, each by its own advance.
    cairo_font_options_t* const options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_language(context, pango_language_from_string(facts.language.c_str()));
    PangoAttrList* const attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_font_features_new("kern=0, liga=0, clig=0"));
    pango_layout_set_attributes(layout_.get(), attributes);
    pango_attr_list_unref(attributes);
    for (const bool mono : {false, true}) {
      for (const bool bold : {false, true}) {
        FontDescription& font = fonts_[mono ? 1 : 0][bold ? 1 : 0];
        font.reset(pango_font_description_new());
        pango_font_description_set_family(font.get(), (mono ? facts.mono_families : facts.sans_families).c_str());
        pango_font_description_set_weight(font.get(), bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
      }
    }
  }

  void begin_page(double width, double height, const std::string& entry, const Color& paper) override {
    cairo_pdf_surface_set_size(surface_.get(), width, height);
    ++pages_;
    const std::string target = "page=" + std::to_string(pages_);
    cairo_pdf_surface_add_outline(surface_.get(), CAIRO_PDF_OUTLINE_ROOT, entry.c_str(), target.c_str(),
                                  static_cast<cairo_pdf_outline_flags_t>(0));
    if (paper.a <= 0) return;
    set_color(paper);
    cairo_paint(cairo_.get());
  }

  Result<void> draw(const Scene& scene, const Theme& theme, double x, double y, double scale) override;

  void end_page() override { cairo_show_page(cairo_.get()); }

  Result<void> finish() override {
    layout_.reset();
    cairo_.reset();
    cairo_surface_finish(surface_.get());
    return status(cairo_surface_status(surface_.get()));
  }

 private:
  static cairo_status_t write_bytes(void* self, const unsigned char* data, unsigned int size) {
    return static_cast<CairoPdf*>(self)->write_(data, size) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
  }
  static Result<void> status(cairo_status_t code) {
    if (code == CAIRO_STATUS_SUCCESS) return {};
    return Error{"error.export_encoder", "", {"PDF", cairo_status_to_string(code)}};
  }
  void set_color(const Color& color) {
    cairo_set_source_rgba(cairo_.get(), wide(color.r), wide(color.g), wide(color.b), wide(color.a));
  }
  void draw_rect(const VectorShape& shape);
  void draw_lines(const VectorShape& shape);
  void draw_polygon(const VectorShape& shape);
  void draw_text(const Scene& scene, const Mark& mark, const VectorShape& shape);
  void draw_raster(const Scene& scene, const Mark& mark, const Theme& theme);
  void stroke(const VectorShape& shape);

  Write write_;
  Surface surface_;
  Context cairo_;
  Layout layout_;
  std::array<std::array<FontDescription, 2>, 2> fonts_;  // mono, bold
  std::vector<VectorShape> shapes_;
  int pages_ = 0;
};

Result<void> CairoPdf::draw(const Scene& scene, const Theme& theme, double x, double y, double scale) {
  cairo_t* const c = cairo_.get();
  cairo_save(c);
  cairo_translate(c, x, y);
  cairo_scale(c, scale, scale);
  cairo_rectangle(c, 0, 0, wide(scene.width), wide(scene.height));
  cairo_clip(c);
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::raster) {
      draw_raster(scene, mark, theme);
      continue;
    }
    shapes_of(scene, mark, theme, shapes_);
    for (const VectorShape& shape : shapes_) {
      switch (shape.kind) {
        case VectorShape::Kind::rect:
          draw_rect(shape);
          break;
        case VectorShape::Kind::lines:
          draw_lines(shape);
          break;
        case VectorShape::Kind::polygon:
          draw_polygon(shape);
          break;
        case VectorShape::Kind::text:
          draw_text(scene, mark, shape);
          break;
      }
    }
  }
  cairo_restore(c);
  return status(cairo_status(c));
}

void CairoPdf::stroke(const VectorShape& shape) {
  cairo_t* const c = cairo_.get();
  set_color(shape.stroke);
  cairo_set_line_width(c, wide(shape.stroke_width));
  const double dashes[] = {wide(shape.dash), wide(shape.gap)};
  cairo_set_dash(c, dashes, shape.dash > 0 ? 2 : 0, wide(shape.dash_offset));
  cairo_stroke(c);
}

void CairoPdf::draw_rect(const VectorShape& shape) {
  cairo_t* const c = cairo_.get();
  const Box& b = shape.box;
  const double r = wide(std::min({shape.radius, b.width() / 2, b.height() / 2}));
  const double x0 = wide(b.x0), y0 = wide(b.y0), x1 = wide(b.x1), y1 = wide(b.y1);
  constexpr double kRight = std::numbers::pi / 2;
  cairo_new_path(c);
  cairo_move_to(c, x0 + r, y0);
  cairo_line_to(c, x1 - r, y0);
  if (r > 0) cairo_arc(c, x1 - r, y0 + r, r, -kRight, 0);
  cairo_line_to(c, x1, y1 - r);
  if (r > 0) cairo_arc(c, x1 - r, y1 - r, r, 0, kRight);
  cairo_line_to(c, x0 + r, y1);
  if (r > 0) cairo_arc(c, x0 + r, y1 - r, r, kRight, 2 * kRight);
  cairo_line_to(c, x0, y0 + r);
  if (r > 0) cairo_arc(c, x0 + r, y0 + r, r, 2 * kRight, 3 * kRight);
  cairo_close_path(c);
  if (shape.fill.a > 0) {
    set_color(shape.fill);
    cairo_fill_preserve(c);
  }
  if (shape.stroke_width > 0) stroke(shape);
  cairo_new_path(c);
}

void CairoPdf::draw_lines(const VectorShape& shape) {
  cairo_t* const c = cairo_.get();
  cairo_new_path(c);
  for (size_t i = 0; i + 1 < shape.points.size(); i += 2) {
    cairo_move_to(c, wide(shape.points[i].x), wide(shape.points[i].y));
    cairo_line_to(c, wide(shape.points[i + 1].x), wide(shape.points[i + 1].y));
  }
  stroke(shape);
}

void CairoPdf::draw_polygon(const VectorShape& shape) {
  cairo_t* const c = cairo_.get();
  cairo_new_path(c);
  for (const Point& point : shape.points) cairo_line_to(c, wide(point.x), wide(point.y));
  cairo_close_path(c);
  set_color(shape.fill);
  cairo_fill(c);
}

void CairoPdf::draw_text(const Scene& scene, const Mark& mark, const VectorShape& shape) {
  cairo_t* const c = cairo_.get();
  PangoFontDescription* const font = fonts_[mark.face == Face::mono ? 1 : 0][mark.face == Face::bold ? 1 : 0].get();
  pango_font_description_set_absolute_size(font, wide(mark.size) * PANGO_SCALE);
  pango_layout_set_font_description(layout_.get(), font);
  const std::string_view text = scene.text_of(mark);
  pango_layout_set_text(layout_.get(), text.data(), static_cast<int>(text.size()));
  pango_cairo_update_layout(c, layout_.get());
  PangoRectangle extents;
  pango_layout_get_extents(layout_.get(), nullptr, &extents);
  double x = wide(shape.points[0].x);
  const double width = static_cast<double>(extents.width) / PANGO_SCALE;
  if (mark.align == Align::center) x -= width / 2;
  if (mark.align == Align::right) x -= width;
  const double baseline = static_cast<double>(pango_layout_get_baseline(layout_.get())) / PANGO_SCALE;
  set_color(shape.fill);
  cairo_move_to(c, x, wide(shape.points[0].y) - baseline);
  pango_cairo_show_layout(c, layout_.get());
}

void CairoPdf::draw_raster(const Scene& scene, const Mark& mark, const Theme& theme) {
  const auto [raster, box, visible] = visible_part(scene, mark);
  if (!visible) return;
  double u0 = 0, v0 = 0, u1 = 0, v1 = 0;
  const int most_width = most_raster_pixels(box.width()), most_height = most_raster_pixels(box.height());
  Pixels pixels = raster_pixels(raster, mark.role, theme, most_width, most_height, u0, v0, u1, v1);
  if (pixels.rgba.empty()) return;
  const bool cell_for_pixel = pixels.width == static_cast<int>(u1 - u0) && pixels.height == static_cast<int>(v1 - v0);
  // Readers smooth what they magnify, whatever they are told: cells are handed over large.
  if (cell_for_pixel) {
    pixels =
        repeated(pixels, std::clamp(most_width / pixels.width, 1, 16), std::clamp(most_height / pixels.height, 1, 16));
  }
  Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels.width, pixels.height));
  if (cairo_surface_status(image.get()) != CAIRO_STATUS_SUCCESS) return;
  cairo_surface_flush(image.get());
  unsigned char* row = cairo_image_surface_get_data(image.get());
  const uint8_t* from = pixels.rgba.data();
  for (int y = 0; y < pixels.height; ++y, row += cairo_image_surface_get_stride(image.get())) {
    for (int x = 0; x < pixels.width; ++x, from += 4) {
      const uint32_t value = static_cast<uint32_t>(from[0]) << 16 | static_cast<uint32_t>(from[1]) << 8 | from[2];
      std::memcpy(row + 4 * x, &value, 4);
    }
  }
  cairo_surface_mark_dirty(image.get());
  // Pages that show the same part share one picture.
  std::string key = std::to_string(raster.tensor.identity());
  for (const double part :
       {static_cast<double>(raster.n), static_cast<double>(raster.channel), raster.rgb ? 1.0 : 0.0,
        static_cast<double>(raster.low), static_cast<double>(raster.high), u0, v0, u1, v1,
        static_cast<double>(pixels.width), static_cast<double>(pixels.height), static_cast<double>(mark.role)}) {
    key += ' ';
    key += std::to_string(part);
  }
  if (auto* const id = static_cast<char*>(std::malloc(key.size())); id != nullptr) {
    std::memcpy(id, key.data(), key.size());
    cairo_surface_set_mime_data(image.get(), CAIRO_MIME_TYPE_UNIQUE_ID, reinterpret_cast<unsigned char*>(id),
                                key.size(), std::free, id);
  }

  cairo_t* const c = cairo_.get();
  cairo_save(c);
  cairo_rectangle(c, wide(box.x0), wide(box.y0), wide(box.width()), wide(box.height()));
  cairo_clip(c);
  // From cells to the page, then from pixels to cells.
  const double per_cell_x = wide(box.width()) / (raster.u1 - raster.u0);
  const double per_cell_y = wide(box.height()) / (raster.v1 - raster.v0);
  cairo_translate(c, wide(box.x0) + (u0 - raster.u0) * per_cell_x, wide(box.y0) + (v0 - raster.v0) * per_cell_y);
  cairo_scale(c, per_cell_x * (u1 - u0) / pixels.width, per_cell_y * (v1 - v0) / pixels.height);
  cairo_set_source_surface(c, image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(c), cell_for_pixel ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
  cairo_paint_with_alpha(c, wide(mark.opacity));
  cairo_restore(c);
}

}  // namespace
}  // namespace convscope

void convscope_open_pdf(const convscope::PdfFacts& facts, convscope::PdfDocument::Write write,
                        convscope::OpenedPdf& document) {
  document = std::make_unique<convscope::CairoPdf>(facts, std::move(write));
}
