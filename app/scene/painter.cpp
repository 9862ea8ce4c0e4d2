#include "app/scene/painter.h"

#include <algorithm>
#include <utility>

#include "app/scene/theme.h"

namespace convscope {
namespace {

// Without fonts: DejaVu Sans's average advances, wide enough that nothing laid out by them overlaps.
float estimated_width(std::string_view words, Face face, float size) {
  float width = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto byte = static_cast<unsigned char>(words[i]);
    if ((byte & 0xC0) == 0x80) continue;
    if (byte >= 0xE3) {
      width += 1.0f;  // Chinese characters are square
    } else if (byte == 'i' || byte == 'l' || byte == '.' || byte == ',' || byte == ' ' || byte == ':' || byte == '|' ||
               byte == '-') {
      width += 0.36f;
    } else {
      width += 0.64f;
    }
  }
  if (face == Face::bold) width *= 1.08f;
  return width * size;
}

}  // namespace

Painter::Painter(const SceneRequest& request, Scene& scene) : request_(request), scene_(scene) {
  digit_width_ = width("0000", Face::sans, 100) / 400.0f;
  ui_ = std::clamp(std::min(request.view.width / 960.0f, request.view.height / 540.0f), 0.7f, 4.0f);
}

float Painter::width(std::string_view words, Face face, float size) const {
  if (request_.measure != nullptr) return request_.measure->width(words, face, size);
  return estimated_width(words, face, size);
}

Mark& Painter::add(Mark::Kind kind, const Box& box, Role role) {
  dropped_ = Mark{};
  Mark& mark = shows(box) ? scene_.marks.emplace_back() : dropped_;
  mark.kind = kind;
  mark.box = box;
  mark.role = role;
  return mark;
}

Mark& Painter::box(const Box& box, Role role, Fill fill, Outline outline, float radius) {
  Mark& mark = add(Mark::Kind::box, box, role);
  mark.fill = fill;
  mark.outline = outline;
  mark.radius = radius;
  // Larger pictures have stronger lines; hairlines stay hairlines.
  constexpr float kWidths[] = {0, 0, 1.5f, 2.5f, 1.25f, 3};  // as scene.h has them
  if (ui_ > 1) mark.size = kWidths[static_cast<int>(outline)] * ui_;
  return mark;
}

Mark& Painter::line(float x0, float y0, float x1, float y1, Role role, float width) {
  const Box extent{std::min(x0, x1) - width, std::min(y0, y1) - width, std::max(x0, x1) + width,
                   std::max(y0, y1) + width};
  Mark& mark = add(Mark::Kind::line, extent, role);
  mark.box = {x0, y0, x1, y1};
  mark.size = width;
  mark.outline = Outline::solid;
  return mark;
}

Mark& Painter::arrow(float x0, float y0, float x1, float y1, Role role, float width) {
  Mark& mark = line(x0, y0, x1, y1, role, width);
  mark.kind = Mark::Kind::arrow;
  return mark;
}

Mark& Painter::text(std::string_view words, float x, float y, float size, Role role, Align align, Face face) {
  const float w = width(words, face, size);
  const float x0 = align == Align::left ? x : align == Align::center ? x - w / 2 : x - w;
  Mark& mark = add(Mark::Kind::text, {x0, y - size * 0.6f, x0 + w, y + size * 0.6f}, role);
  mark.align = align;
  mark.face = face;
  mark.size = size;
  if (&mark != &dropped_) {
    mark.text = static_cast<uint32_t>(scene_.text.size());
    mark.text_length = static_cast<uint32_t>(words.size());
    scene_.text.append(words);
  }
  return mark;
}

Mark& Painter::number(double value, const NumberStyle& style, float x, float y, Role role, Fill on) {
  char digits[24];
  const int length = format_styled(value, style, digits, sizeof digits);
  Mark& mark = text({digits, static_cast<size_t>(length)}, x, y, style.size, role, Align::center);
  mark.fill = on;
  return mark;
}

Mark& Painter::raster(const Box& box, Raster raster) {
  Mark& mark = add(Mark::Kind::raster, box, role_of(raster.id));
  if (&mark != &dropped_) {
    mark.raster = static_cast<int32_t>(scene_.rasters.size());
    scene_.rasters.push_back(std::move(raster));
  }
  return mark;
}

void Painter::refer(Mark& mark, const CellRef& ref) {
  if (&mark == &dropped_) return;
  mark.ref = static_cast<int32_t>(scene_.refs.size());
  scene_.refs.push_back(ref);
}

}  // namespace convscope
