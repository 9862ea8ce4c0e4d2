#include "app/export/frame_difference.h"

#include <algorithm>
#include <cstring>

namespace convscope {

namespace {

uint32_t pixel_at(const Pixels& pixels, size_t index) {
  uint32_t value;
  std::memcpy(&value, pixels.rgba.data() + 4 * index, 4);
  return value;
}

}  // namespace

bool FrameComparer::next(const Pixels& frame, FrameDifference& difference) {
  if (last_.rgba.size() != frame.rgba.size()) {
    last_ = frame;
    difference.x0 = difference.y0 = 0;
    difference.over = false;
    difference.pixels = frame;
    return true;
  }
  const int width = frame.width, height = frame.height;
  const size_t row_bytes = static_cast<size_t>(width) * 4;
  const auto row_differs = [&](int y) {
    const size_t at = static_cast<size_t>(y) * row_bytes;
    return std::memcmp(frame.rgba.data() + at, last_.rgba.data() + at, row_bytes) != 0;
  };
  int top = 0, bottom = height;
  while (top < height && !row_differs(top)) ++top;
  if (top == height) return false;
  while (!row_differs(bottom - 1)) --bottom;

  int left = width, right = 0;
  bool opaque = true;  // every pixel that changed
  for (int y = top; y < bottom; ++y) {
    const size_t row = static_cast<size_t>(y) * static_cast<size_t>(width);
    for (int x = 0; x < width; ++x) {
      const size_t at = row + static_cast<size_t>(x);
      if (pixel_at(frame, at) == pixel_at(last_, at)) continue;
      left = std::min(left, x);
      right = std::max(right, x + 1);
      opaque = opaque && frame.rgba[4 * at + 3] == 255;
    }
  }
  left -= left % grid_;
  top -= top % grid_;

  difference.x0 = left;
  difference.y0 = top;
  difference.over = opaque;
  Pixels& part = difference.pixels;
  part.width = right - left;
  part.height = bottom - top;
  part.rgba.resize(static_cast<size_t>(part.width) * static_cast<size_t>(part.height) * 4);
  uint8_t* to = part.rgba.data();
  for (int y = top; y < bottom; ++y) {
    const size_t row = static_cast<size_t>(y) * static_cast<size_t>(width);
    for (int x = left; x < right; ++x, to += 4) {
      const size_t at = row + static_cast<size_t>(x);
      if (opaque && pixel_at(frame, at) == pixel_at(last_, at)) {
        std::memset(to, 0, 4);
      } else {
        std::memcpy(to, frame.rgba.data() + 4 * at, 4);
      }
    }
  }
  const size_t first = static_cast<size_t>(top) * row_bytes;
  std::memcpy(last_.rgba.data() + first, frame.rgba.data() + first, static_cast<size_t>(bottom - top) * row_bytes);
  return true;
}

}  // namespace convscope
