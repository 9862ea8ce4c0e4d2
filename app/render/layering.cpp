#include "app/render/layering.h"

#include <algorithm>

namespace convscope {

namespace {
constexpr float kTile = 32;
}

void TextPlaces::reset(int width, int height) {
  columns_ = width / static_cast<int>(kTile) + 1;
  rows_ = height / static_cast<int>(kTile) + 1;
  first_.assign(static_cast<size_t>(columns_) * static_cast<size_t>(rows_), -1);
  entries_.clear();
}

TextPlaces::Span TextPlaces::tiles(const Box& box) const {
  const auto tile = [](float at, int count) {
    return static_cast<int>(std::clamp(at / kTile, 0.0f, static_cast<float>(count - 1)));
  };
  return {tile(box.x0, columns_), tile(box.y0, rows_), tile(box.x1, columns_), tile(box.y1, rows_)};
}

void TextPlaces::add(const Box& text) {
  const Span span = tiles(text);
  for (int y = span.y0; y <= span.y1; ++y) {
    for (int x = span.x0; x <= span.x1; ++x) {
      int32_t& first = first_[static_cast<size_t>(y) * static_cast<size_t>(columns_) + static_cast<size_t>(x)];
      entries_.push_back({text, first});
      first = static_cast<int32_t>(entries_.size()) - 1;
    }
  }
}

bool TextPlaces::touched_by(const Box& box) const {
  const Span span = tiles(box);
  for (int y = span.y0; y <= span.y1; ++y) {
    for (int x = span.x0; x <= span.x1; ++x) {
      int32_t at = first_[static_cast<size_t>(y) * static_cast<size_t>(columns_) + static_cast<size_t>(x)];
      for (; at >= 0; at = entries_[static_cast<size_t>(at)].next) {
        const Box& text = entries_[static_cast<size_t>(at)].box;
        if (box.x0 < text.x1 && box.x1 > text.x0 && box.y0 < text.y1 && box.y1 > text.y0) return true;
      }
    }
  }
  return false;
}

}  // namespace convscope
