#include "app/io/tensor_picture.h"

#include <algorithm>
#include <cmath>

#include "app/io/image.h"

namespace convscope {

ValueRange value_range_of(const Tensor& tensor) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double value = tensor.at(i);
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return {};
  // One number only: the middle of a range that the type still resolves.
  const double margin = std::max(0.5, std::abs(low) * 1e-6);
  if (low == high) return {low - margin, high + margin};
  return {low, high};
}

Result<TensorPng> tensor_png(const std::string& path, const Tensor& tensor, const ValueRange& range) {
  const Shape& shape = tensor.shape();
  const int rank = shape.rank();
  const bool is_plane = rank >= 2 && rank <= 4;
  const int64_t channels = rank == 2 ? 1 : is_plane ? shape[rank - 3] : 0;
  const bool is_picture = is_plane && (channels == 1 || channels == 3) && (rank < 4 || shape[0] == 1);
  constexpr int64_t kMaxSide = 1 << 20;
  if (!is_picture || shape[rank - 1] > kMaxSide || shape[rank - 2] > kMaxSide) {
    return Error{"error.output_not_a_picture", "", {path, shape.to_string()}};
  }
  Pixels pixels;
  pixels.height = static_cast<int>(shape[rank - 2]);
  pixels.width = static_cast<int>(shape[rank - 1]);
  const int64_t plane = shape[rank - 2] * shape[rank - 1];
  pixels.rgba.resize(static_cast<size_t>(plane) * 4);
  TensorPng png;
  CutOff& cut_off = png.cut_off;
  for (int64_t i = 0; i < plane; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const double value = tensor.at((channels == 3 ? c * plane : 0) + i);
      // Halves, because the difference of two huge numbers would overflow.
      const double span = range.high / 2 - range.low / 2;
      const double fraction = (value / 2 - range.low / 2) / span;
      if (!(fraction >= 0 && fraction <= 1) && c < channels) {
        ++(std::isfinite(value) ? cut_off.outside : cut_off.not_finite);
      }
      // A NaN fails both comparisons and becomes black.
      const double shown = fraction > 0 ? std::min(fraction, 1.0) : 0.0;
      pixels.rgba[static_cast<size_t>(4 * i + c)] = static_cast<uint8_t>(std::lround(shown * 255));
    }
    pixels.rgba[static_cast<size_t>(4 * i + 3)] = 255;
  }
  Result<std::vector<uint8_t>> bytes = channels == 1 ? encode_grey_png(pixels) : encode_png(pixels);
  if (!bytes) return bytes.error();
  png.bytes = *std::move(bytes);
  return png;
}

}  // namespace convscope
