// A sheet of square cells somewhere on the screen.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "app/scene/build_scene.h"

namespace convscope {

/// Rows and columns count from (row0, col0), which is negative where padding comes first. `pitch` is the distance from
/// cell to cell. Units: logical pixels of the viewport. The only row of a long sequence would be a line: `tall` makes a
/// strip of it.
struct Grid {
  double x = 0, y = 0;  // upper left corner of cell (row0, col0)
  double pitch = 0;
  int64_t row0 = 0, col0 = 0;
  int64_t rows = 0, cols = 0;
  double tall = 1;  // height of a row, in pitches

  double width() const { return static_cast<double>(cols) * pitch; }
  double height() const { return static_cast<double>(rows) * pitch * tall; }
  double left(double col) const { return x + (col - static_cast<double>(col0)) * pitch; }
  double top(double row) const { return y + (row - static_cast<double>(row0)) * pitch * tall; }

  /// The visible part of a cell, without the gap to its neighbours.
  Box cell(int64_t row, int64_t col) const { return area(static_cast<double>(row), static_cast<double>(col), 1, 1); }
  /// Cells (row, col) to (row + rows_of, col + cols_of), fractions allowed, without the gap around them.
  Box area(double row, double col, double rows_of, double cols_of) const {
    const double g = gap() / 2;
    return {static_cast<float>(left(col) + g), static_cast<float>(top(row) + g),
            static_cast<float>(left(col + cols_of) - g), static_cast<float>(top(row + rows_of) - g)};
  }
  Box bounds() const {
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width()),
            static_cast<float>(y + height())};
  }
  /// 2 pixels; of large cells a little more, so that a large picture looks like a small one.
  double gap() const { return std::max(std::min(2.0, pitch * 0.08), pitch * 0.033); }
  float radius() const { return static_cast<float>(std::max(std::min(3.0, pitch * 0.1), pitch * 0.05)); }
  bool contains(int64_t row, int64_t col) const {
    return row >= row0 && row < row0 + rows && col >= col0 && col < col0 + cols;
  }

  /// Half-open range of cells that the viewport shows.
  struct Range {
    int64_t row0 = 0, row1 = 0, col0 = 0, col1 = 0;
  };
  Range visible(const Box& viewport) const {
    const auto first = [](double at, double origin, int64_t base, int64_t count, double step) {
      const double i = std::floor((at - origin) / step);
      return base + static_cast<int64_t>(std::clamp(i, 0.0, static_cast<double>(count)));
    };
    const auto last = [](double at, double origin, int64_t base, int64_t count, double step) {
      const double i = std::ceil((at - origin) / step);
      return base + static_cast<int64_t>(std::clamp(i, 0.0, static_cast<double>(count)));
    };
    if (pitch <= 0) return {};
    const auto wide = [](float value) { return static_cast<double>(value); };
    return {first(wide(viewport.y0), y, row0, rows, pitch * tall), last(wide(viewport.y1), y, row0, rows, pitch * tall),
            first(wide(viewport.x0), x, col0, cols, pitch), last(wide(viewport.x1), x, col0, cols, pitch)};
  }

  /// The same grid through a camera that maps p to p * zoom + shift. A strip stays as high as it is until its cells are
  /// as wide as that.
  Grid seen(double zoom, double shift_x, double shift_y) const {
    Grid g = *this;
    g.x = x * zoom + shift_x;
    g.y = y * zoom + shift_y;
    g.pitch = pitch * zoom;
    if (tall > 1) {
      g.tall = std::max(1.0, tall / zoom);
      g.y += static_cast<double>(rows) * g.pitch * (tall - g.tall) / 2;
    }
    return g;
  }
};

}  // namespace convscope
