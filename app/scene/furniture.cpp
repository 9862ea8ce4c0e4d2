// Name tags, labels and signs: what stands around the grids.
#include <cstdio>

#include "app/scene/lens.h"

namespace convscope {
namespace {

// "1x3x5x5" without allocating; returns the length.
int shape_text(const Shape& shape, char* out, int capacity) {
  int length = 0;
  for (int axis = 0; axis < shape.rank() && length < capacity; ++axis) {
    length += std::snprintf(out + length, static_cast<size_t>(capacity - length), axis == 0 ? "%lld" : "x%lld",
                            static_cast<long long>(shape[axis]));
  }
  return std::min(length, capacity - 1);
}

}  // namespace

float name_tag_width(const Painter& painter, std::string_view name, const Shape& shape, float ui) {
  char words[160];
  const int length = shape_text(shape, words, sizeof words);
  const float size = kNameTagSize * ui;
  return painter.width(name, Face::bold, size) + size * 0.45f +
         painter.width({words, static_cast<size_t>(length)}, Face::sans, size * 0.875f);
}

void draw_name_tag(LensFrame& frame, std::string_view name, const Shape& shape, Role role, float x, float y) {
  char words[160];
  const int length = shape_text(shape, words, sizeof words);
  const float size = kNameTagSize * frame.stage.ui;
  const float middle = y - kNameTagHeight * frame.stage.ui * 0.55f;
  const Mark& mark = frame.painter.text(name, x, middle, size, role, Align::left, Face::bold);
  const float name_width = mark.box.width();
  frame.painter.text({words, static_cast<size_t>(length)}, x + name_width + size * 0.45f, middle, size * 0.875f,
                     Role::text);
}

void draw_index_label(LensFrame& frame, char name, int64_t first, int64_t second, float x, float y) {
  char words[64];
  const int length = std::snprintf(words, sizeof words, "%c[%lld, %lld]", name, static_cast<long long>(first),
                                   static_cast<long long>(second));
  frame.painter.text({words, static_cast<size_t>(length)}, x, y - kLabelHeight * frame.stage.ui * 0.5f,
                     kLabelSize * frame.stage.ui, Role::secondary, Align::left, Face::mono);
}

void draw_sign(LensFrame& frame, std::string_view sign, double x, double y) {
  frame.painter.text(sign, frame.stage.seen_x(x), frame.stage.seen_y(y), 26 * frame.stage.ui, Role::text,
                     Align::center);
}

}  // namespace convscope
