#include "app/render/raster_pixels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "app/render/quad.h"

static_assert(std::endian::native == std::endian::little, "pixels are handled as words, red in the lowest byte");

namespace convscope {

namespace {

constexpr int kSteps = 1024;  // of each arm of a scale: finer than 8-bit colours can tell

constexpr uint32_t kOpaque = 0xFF000000u;

}  // namespace

RasterColors::RasterColors(const Raster& raster, Role role, const Theme& theme) : tensor_(raster.tensor) {
  const Shape& shape = tensor_.shape();
  if (!tensor_.defined() || shape.rank() != 4 || tensor_.numel() == 0) return;
  const int64_t channels = raster.rgb ? 3 : 1;
  if (raster.n < 0 || raster.n >= shape[0] || raster.channel < 0 || raster.channel + channels > shape[1]) return;
  drawable_ = true;
  rgb_ = raster.rgb;
  height_ = shape[2];
  width_ = shape[3];
  plane_ = (raster.n * shape[1] + raster.channel) * height_ * width_;
  const float range = raster.high - raster.low;
  if (rgb_) {
    scale_ = range > 0 ? 255.0f / range : 0.0f;
    offset_ = 0.5f - raster.low * scale_;
    return;
  }
  // From -1 to 1 over the scale, as steps into the table.
  scale_ = range > 0 ? 2.0f * kSteps / range : 0.0f;
  offset_ = range > 0 ? 0.5f - raster.low * scale_ : kSteps + 0.5f;
  table_.resize(2 * kSteps + 1);
  for (int i = 0; i <= 2 * kSteps; ++i) {
    table_[static_cast<size_t>(i)] =
        packed(scale_color(theme, role, static_cast<float>(i - kSteps) / static_cast<float>(kSteps))) | kOpaque;
  }
}

template <class T>
void RasterColors::row_of(int64_t y, int64_t x0, int64_t count, uint32_t* out) const {
  const T* from = tensor_.data<T>() + plane_ + y * width_ + x0;
  const T scale = static_cast<T>(scale_);
  const T offset = static_cast<T>(offset_);
  if (rgb_) {
    const int64_t plane = width_ * height_;
    const auto level = [&](T value) {
      const T scaled = value * scale + offset;
      // The comparison sends what is no number to 0.
      return static_cast<uint32_t>(static_cast<int32_t>(scaled > 0 ? std::min(scaled, T{255}) : T{0}));
    };
    for (int64_t i = 0; i < count; ++i) {
      out[i] = level(from[i]) | level(from[i + plane]) << 8 | level(from[i + 2 * plane]) << 16 | kOpaque;
    }
    return;
  }
  constexpr T kMost = 2 * kSteps;
  for (int64_t i = 0; i < count; ++i) {
    const T value = from[i] == from[i] ? from[i] : T{0};
    const T step = value * scale + offset;
    out[i] = static_cast<uint32_t>(static_cast<int32_t>(step > 0 ? std::min(step, kMost) : T{0}));
  }
  for (int64_t i = 0; i < count; ++i) out[i] = table_[out[i]];
}

void RasterColors::row(int64_t y, int64_t x0, int64_t count, uint32_t* out) const {
  if (tensor_.dtype() == DType::float32) {
    row_of<float>(y, x0, count, out);
  } else {
    row_of<double>(y, x0, count, out);
  }
}

uint32_t RasterColors::at(int64_t y, int64_t x) const {
  uint32_t pixel = 0;
  row(y, x, 1, &pixel);
  return pixel;
}

void AreaResampler::cover(double begin, double end, int limit, int count, std::vector<Span>& spans,
                          std::vector<uint16_t>& weights) {
  spans.resize(static_cast<size_t>(count));
  weights.clear();
  const double step = (end - begin) / count;
  for (int i = 0; i < count; ++i) {
    const double last = static_cast<double>(limit);
    const double from = std::clamp(begin + i * step, 0.0, last);
    const double to = std::clamp(begin + (i + 1) * step, from, last);
    Span& span = spans[static_cast<size_t>(i)];
    span.first = std::min(static_cast<int>(from), limit - 1);
    span.count = std::max(std::min(static_cast<int>(std::ceil(to)), limit) - span.first, 1);
    span.weights = weights.size();
    // Differences of rounded sums: whatever the rounding, the weights add up.
    const double whole = to - from;
    int given = 0;
    for (int k = 0; k < span.count; ++k) {
      const double covered = std::min(to, static_cast<double>(span.first + k + 1)) - from;
      const int sum = k + 1 == span.count || whole <= 0 ? 256 : static_cast<int>(covered / whole * 256 + 0.5);
      weights.push_back(static_cast<uint16_t>(sum - given));
      given = sum;
    }
  }
}

void AreaResampler::resample(const uint32_t* from, int width, int height, double u0, double v0, double u1, double v1,
                             uint32_t* to, int to_width, int to_height) {
  cover(u0, u1, width, to_width, columns_, column_weights_);
  cover(v0, v1, height, to_height, rows_, row_weights_);
  const int first = columns_.front().first;
  const size_t pixels = static_cast<size_t>(columns_.back().first + columns_.back().count - first);
  line_.resize(pixels * 4);
  for (int y = 0; y < to_height; ++y) {
    // Rows first, eight 16-bit colours at a time; then along the row, the four colours of a pixel in one word.
    const Span& row = rows_[static_cast<size_t>(y)];
    for (int k = 0; k < row.count; ++k) {
      const uint16_t weight = row_weights_[row.weights + static_cast<size_t>(k)];
      const auto* bytes =
          reinterpret_cast<const uint8_t*>(from + static_cast<ptrdiff_t>(row.first + k) * width + first);
      uint16_t* sums = line_.data();
      if (k == 0) {
        for (size_t i = 0; i < pixels * 4; ++i) sums[i] = static_cast<uint16_t>(bytes[i] * weight + 128);
      } else {
        for (size_t i = 0; i < pixels * 4; ++i) sums[i] = static_cast<uint16_t>(sums[i] + bytes[i] * weight);
      }
    }
    for (size_t i = 0; i < pixels * 4; ++i) line_[i] = static_cast<uint16_t>(line_[i] >> 8);
    uint32_t* out = to + static_cast<ptrdiff_t>(y) * to_width;
    for (int x = 0; x < to_width; ++x) {
      const Span& column = columns_[static_cast<size_t>(x)];
      const uint16_t* at = line_.data() + static_cast<ptrdiff_t>(column.first - first) * 4;
      const uint16_t* weight = column_weights_.data() + column.weights;
      uint64_t sum = 0x0080008000800080u;
      for (int k = 0; k < column.count; ++k) {
        uint64_t pixel = 0;
        std::memcpy(&pixel, at + static_cast<ptrdiff_t>(k) * 4, 8);
        sum += pixel * weight[k];
      }
      sum = sum >> 8 & 0x00FF00FF00FF00FFu;
      sum |= sum >> 8;
      out[x] = static_cast<uint32_t>((sum & 0xFFFF) | (sum >> 16 & 0xFFFF0000u)) | kOpaque;
    }
  }
}

void halve(const uint32_t* from, int width, int height, uint32_t* to) {
  constexpr uint32_t kEven = 0x00FF00FFu;
  const int to_width = std::max(1, width / 2);
  const int to_height = std::max(1, height / 2);
  if (width != 2 * to_width || height != 2 * to_height) {
    AreaResampler().resample(from, width, height, 0, 0, width, height, to, to_width, to_height);
    return;
  }
  for (int y = 0; y < to_height; ++y) {
    const uint32_t* a = from + static_cast<ptrdiff_t>(2 * y) * width;
    const uint32_t* b = a + width;
    uint32_t* out = to + static_cast<ptrdiff_t>(y) * to_width;
    for (int x = 0; x < to_width; ++x) {
      const uint32_t p = a[2 * x], q = a[2 * x + 1], r = b[2 * x], s = b[2 * x + 1];
      const uint32_t even = (p & kEven) + (q & kEven) + (r & kEven) + (s & kEven) + 0x00020002u;
      const uint32_t odd = (p >> 8 & kEven) + (q >> 8 & kEven) + (r >> 8 & kEven) + (s >> 8 & kEven) + 0x00020002u;
      out[x] = (even >> 2 & kEven) | (odd >> 2 & kEven) << 8;
    }
  }
}

void sample_raster(const RasterColors& colors, double u0, double v0, double u1, double v1, int width, int height,
                   uint32_t* out) {
  static constexpr int kMost = 4;  // cells along each axis of a pixel
  const auto samples = [](double begin, double end, int64_t limit, int64_t* cells) {
    const int count = std::clamp(static_cast<int>(std::min(std::ceil(end - begin), 1e6)), 1, kMost);
    for (int k = 0; k < count; ++k) {
      const double at = begin + (end - begin) * (k + 0.5) / count;
      cells[k] = std::clamp(static_cast<int64_t>(std::floor(at)), int64_t{0}, limit - 1);
    }
    return count;
  };
  const double step_x = (u1 - u0) / width;
  const double step_y = (v1 - v0) / height;
  std::vector<int64_t> columns(static_cast<size_t>(width) * kMost);
  int column_count = 1;
  for (int x = 0; x < width; ++x) {
    column_count =
        samples(u0 + x * step_x, u0 + (x + 1) * step_x, colors.width(), &columns[static_cast<size_t>(x) * kMost]);
  }
  // A row is converted whole where its cells lie close together, else cell by cell.
  const int64_t first = columns.front();
  const int64_t span =
      columns[static_cast<size_t>(width - 1) * kMost + static_cast<size_t>(column_count - 1)] - first + 1;
  const bool whole = span <= int64_t{width} * kMost * 2;
  std::vector<uint32_t> row(whole ? static_cast<size_t>(span) : 0);
  std::vector<uint32_t> sums(static_cast<size_t>(width) * 3);
  for (int y = 0; y < height; ++y) {
    int64_t rows[kMost];
    const int row_count = samples(v0 + y * step_y, v0 + (y + 1) * step_y, colors.height(), rows);
    std::fill(sums.begin(), sums.end(), 0u);
    for (int k = 0; k < row_count; ++k) {
      if (whole) colors.row(rows[k], first, span, row.data());
      for (int x = 0; x < width; ++x) {
        uint32_t* sum = &sums[static_cast<size_t>(x) * 3];
        for (int j = 0; j < column_count; ++j) {
          const int64_t cell = columns[static_cast<size_t>(x) * kMost + static_cast<size_t>(j)];
          const uint32_t pixel = whole ? row[static_cast<size_t>(cell - first)] : colors.at(rows[k], cell);
          sum[0] += pixel & 255;
          sum[1] += pixel >> 8 & 255;
          sum[2] += pixel >> 16 & 255;
        }
      }
    }
    const uint32_t count = static_cast<uint32_t>(row_count * column_count);
    uint32_t* line = out + static_cast<ptrdiff_t>(y) * width;
    for (int x = 0; x < width; ++x) {
      const uint32_t* sum = &sums[static_cast<size_t>(x) * 3];
      line[x] = (sum[0] + count / 2) / count | (sum[1] + count / 2) / count << 8 | (sum[2] + count / 2) / count << 16 |
                kOpaque;
    }
  }
}

Pixels raster_pixels(const Raster& raster, Role role, const Theme& theme, int max_width, int max_height, double& u0,
                     double& v0, double& u1, double& v1) {
  Pixels pixels;
  const RasterColors colors(raster, role, theme);
  if (!colors.drawable()) return pixels;
  const auto clamped = [](double at, int64_t limit) {
    return static_cast<int64_t>(std::clamp(at, 0.0, static_cast<double>(limit)));
  };
  const int64_t x0 = clamped(std::floor(raster.u0), colors.width()), x1 = clamped(std::ceil(raster.u1), colors.width());
  const int64_t y0 = clamped(std::floor(raster.v0), colors.height()),
                y1 = clamped(std::ceil(raster.v1), colors.height());
  if (x1 <= x0 || y1 <= y0) return pixels;
  u0 = static_cast<double>(x0), u1 = static_cast<double>(x1);
  v0 = static_cast<double>(y0), v1 = static_cast<double>(y1);
  const int64_t width = x1 - x0, height = y1 - y0;
  pixels.width = static_cast<int>(std::min<int64_t>(width, max_width));
  pixels.height = static_cast<int>(std::min<int64_t>(height, max_height));
  pixels.rgba.resize(static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.height) * 4);
  std::vector<uint32_t> out(static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.height));
  constexpr int64_t kWhole = 1 << 23;
  if (width * height <= kWhole) {
    std::vector<uint32_t> all(static_cast<size_t>(width * height));
    for (int64_t y = 0; y < height; ++y) colors.row(y0 + y, x0, width, all.data() + y * width);
    AreaResampler().resample(all.data(), static_cast<int>(width), static_cast<int>(height), 0, 0,
                             static_cast<double>(width), static_cast<double>(height), out.data(), pixels.width,
                             pixels.height);
  } else {
    sample_raster(colors, u0, v0, u1, v1, pixels.width, pixels.height, out.data());
  }
  std::memcpy(pixels.rgba.data(), out.data(), pixels.rgba.size());
  return pixels;
}

}  // namespace convscope
