#include "app/session/named_kernels.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace convscope {

namespace {

/// A kernel at one size, row-major. Offsets count from the centre, which for an even extent is the cell before the
/// middle, as PyTorch's 'same' has it.
struct Canvas {
  int64_t h, w;
  std::vector<double> cells;

  Canvas(int64_t height, int64_t width) : h(height), w(width), cells(static_cast<size_t>(height * width)) {}
  int64_t centre_y() const { return (h - 1) / 2; }
  int64_t centre_x() const { return (w - 1) / 2; }
  double& at(int64_t y, int64_t x) { return cells[static_cast<size_t>(y * w + x)]; }
  bool holds_offset(int64_t dy, int64_t dx) const {
    const int64_t y = centre_y() + dy, x = centre_x() + dx;
    return y >= 0 && y < h && x >= 0 && x < w;
  }
  double& offset(int64_t dy, int64_t dx) { return at(centre_y() + dy, centre_x() + dx); }
};

/// Pascal's row of n numbers: 1 2 1 for 3. Up to 31 whole numbers, beyond that scaled to a sum of 1, for they soon
/// leave the range of float32.
std::vector<double> binomial(int64_t n) {
  std::vector<double> row(static_cast<size_t>(n), 0.0);
  if (n <= 31) {
    row[0] = 1;
    for (int64_t i = 1; i < n; ++i)
      row[static_cast<size_t>(i)] =
          row[static_cast<size_t>(i - 1)] * static_cast<double>(n - i) / static_cast<double>(i);
    return row;
  }
  // Outwards from the middle, so that the ends fade to zero instead of the middle overflowing.
  const int64_t middle = (n - 1) / 2;
  row[static_cast<size_t>(middle)] = 1;
  for (int64_t i = middle + 1; i < n; ++i)
    row[static_cast<size_t>(i)] = row[static_cast<size_t>(i - 1)] * static_cast<double>(n - i) / static_cast<double>(i);
  for (int64_t i = middle; i > 0; --i)
    row[static_cast<size_t>(i - 1)] = row[static_cast<size_t>(i)] * static_cast<double>(i) / static_cast<double>(n - i);
  double sum = 0;
  for (double v : row) sum += v;
  for (double& v : row) v /= sum;
  return row;
}

/// Pascal's row of n - 1 numbers, differenced: -1 0 1 for 3, -1 -2 0 2 1 for 5.
std::vector<double> binomial_derivative(int64_t n) {
  const std::vector<double> shorter = binomial(n - 1);
  std::vector<double> row(static_cast<size_t>(n), 0.0);
  for (size_t i = 0; i < shorter.size(); ++i) {
    row[i] -= shorter[i];
    row[i + 1] += shorter[i];
  }
  return row;
}

/// -1 on one half, 1 on the other, 0 between them.
std::vector<double> step_row(int64_t n) {
  std::vector<double> row(static_cast<size_t>(n), 0.0);
  for (int64_t i = 0; i < n / 2; ++i) {
    row[static_cast<size_t>(i)] = -1;
    row[static_cast<size_t>(n - 1 - i)] = 1;
  }
  return row;
}

void outer(Canvas& canvas, const std::vector<double>& column, const std::vector<double>& row) {
  for (int64_t y = 0; y < canvas.h; ++y) {
    for (int64_t x = 0; x < canvas.w; ++x)
      canvas.at(y, x) = column[static_cast<size_t>(y)] * row[static_cast<size_t>(x)];
  }
}

void scale_to_sum_1(Canvas& canvas) {
  double sum = 0;
  for (double v : canvas.cells) sum += v;
  for (double& v : canvas.cells) v /= sum;
}

/// `outside` at the neighbours that fit, minus their sum plus `surplus` in the centre.
void centre_surround(Canvas& canvas, double outside, double surplus, bool diagonals) {
  double sum = 0;
  for (int64_t dy = -1; dy <= 1; ++dy) {
    for (int64_t dx = -1; dx <= 1; ++dx) {
      const bool is_neighbour = diagonals ? dy != 0 || dx != 0 : std::abs(dy) + std::abs(dx) == 1;
      if (!is_neighbour || !canvas.holds_offset(dy, dx)) continue;
      canvas.offset(dy, dx) = outside;
      sum += outside;
    }
  }
  canvas.offset(0, 0) = surplus - sum;
}

void identity(Canvas& c) { c.offset(0, 0) = 1; }
void ones(Canvas& c) { c.cells.assign(c.cells.size(), 1.0); }
void box(Canvas& c) { c.cells.assign(c.cells.size(), 1.0 / static_cast<double>(c.cells.size())); }
void gaussian(Canvas& c) {
  outer(c, binomial(c.h), binomial(c.w));
  scale_to_sum_1(c);
}
void sharpen(Canvas& c) { centre_surround(c, -1, 1, false); }
void sobel_x(Canvas& c) { outer(c, binomial(c.h), binomial_derivative(c.w)); }
void sobel_y(Canvas& c) { outer(c, binomial_derivative(c.h), binomial(c.w)); }
void prewitt_x(Canvas& c) { outer(c, std::vector<double>(static_cast<size_t>(c.h), 1.0), step_row(c.w)); }
void prewitt_y(Canvas& c) { outer(c, step_row(c.h), std::vector<double>(static_cast<size_t>(c.w), 1.0)); }
void laplacian(Canvas& c) { centre_surround(c, 1, 0, false); }
void outline(Canvas& c) { centre_surround(c, -1, 0, true); }
void emboss(Canvas& c) {
  for (int64_t dy = -1; dy <= 1; ++dy) {
    for (int64_t dx = -1; dx <= 1; ++dx) {
      if (c.holds_offset(dy, dx)) c.offset(dy, dx) = static_cast<double>(dy + dx);
    }
  }
  c.offset(0, 0) = 1;
}
void motion(Canvas& c) {
  // A line from corner to corner, one cell for each row or each column, whichever are more.
  const int64_t length = std::max(c.h, c.w);
  for (int64_t i = 0; i < length; ++i) {
    const int64_t y = length == 1 ? 0 : (i * (c.h - 1) * 2 + length - 1) / (2 * (length - 1));
    const int64_t x = length == 1 ? 0 : (i * (c.w - 1) * 2 + length - 1) / (2 * (length - 1));
    c.at(y, x) = 1.0 / static_cast<double>(length);
  }
}

/// What a kernel is along a depth.
enum class Along : uint8_t { middle, ones, mean, binomial, binomial_mean };

struct Definition {
  NamedKernel kernel;
  void (*draw)(Canvas&);
  Pair least{1, 1};  // smallest size at which it means anything
  Along depth = Along::middle;
};

constexpr std::array kDefinitions = {
    Definition{{"identity", "kernel.identity"}, identity},
    Definition{{"ones", "kernel.ones"}, ones, {1, 1}, Along::ones},
    Definition{{"box", "kernel.box"}, box, {1, 1}, Along::mean},
    Definition{{"gaussian", "kernel.gaussian"}, gaussian, {1, 1}, Along::binomial_mean},
    Definition{{"sharpen", "kernel.sharpen"}, sharpen},
    Definition{{"sobel_x", "kernel.sobel_x"}, sobel_x, {1, 2}, Along::binomial},
    Definition{{"sobel_y", "kernel.sobel_y"}, sobel_y, {2, 1}, Along::binomial},
    Definition{{"prewitt_x", "kernel.prewitt_x"}, prewitt_x, {1, 2}, Along::ones},
    Definition{{"prewitt_y", "kernel.prewitt_y"}, prewitt_y, {2, 1}, Along::ones},
    Definition{{"laplacian", "kernel.laplacian"}, laplacian},
    Definition{{"outline", "kernel.outline"}, outline},
    Definition{{"emboss", "kernel.emboss"}, emboss},
    Definition{{"motion", "kernel.motion"}, motion},
};

constexpr auto kKernels = [] {
  std::array<NamedKernel, kDefinitions.size()> kernels{};
  for (size_t i = 0; i < kernels.size(); ++i) kernels[i] = kDefinitions[i].kernel;
  return kernels;
}();

/// Its factors for each slice of a depth.
std::vector<double> along_depth(Along along, int64_t depth) {
  std::vector<double> row(static_cast<size_t>(depth), along == Along::middle ? 0.0 : 1.0);
  if (along == Along::middle) row[static_cast<size_t>((depth - 1) / 2)] = 1;
  if (along == Along::binomial || along == Along::binomial_mean) row = binomial(depth);
  if (along != Along::mean && along != Along::binomial_mean) return row;
  double sum = 0;
  for (double v : row) sum += v;
  for (double& v : row) v /= sum;
  return row;
}

std::string list_of_names() {
  std::string list;
  for (const NamedKernel& kernel : kKernels) list += (list.empty() ? "" : ", ") + std::string(kernel.name);
  return list;
}

}  // namespace

namespace {

/// The kernel for each slice; `depths` are the factors of a volume's slices, 1 alone of a picture's.
Result<Tensor> weight_of(const Definition& definition, const ConvParams& params, const Shape& shape,
                         const std::vector<double>& depths) {
  const Pair size = params.kernel_size;
  if (size.h < definition.least.h || size.w < definition.least.w) {
    const auto text = [](Pair p) { return std::to_string(p.h) + " x " + std::to_string(p.w); };
    return Error{"error.kernel_too_small",
                 "kernel_size",
                 {std::string(definition.kernel.name), text(size), text(definition.least)}};
  }
  const int64_t channels = params.in_channels / params.groups;
  Result<Tensor> weight = Tensor::zeros(shape, params.dtype);
  if (!weight) return weight;

  Canvas canvas(size.h, size.w);
  definition.draw(canvas);
  const auto cells = static_cast<int64_t>(canvas.cells.size()), slices = static_cast<int64_t>(depths.size());
  const double share = params.out_channels == 1 ? 1.0 / static_cast<double>(channels) : 1.0;
  for (int64_t o = 0; o < params.out_channels; ++o) {
    for (int64_t i = 0; i < channels; ++i) {
      if (params.out_channels != 1 && o % channels != i) continue;
      const int64_t start = (o * channels + i) * slices * cells;
      for (int64_t k = 0; k < slices * cells; ++k) {
        const double value =
            canvas.cells[static_cast<size_t>(k % cells)] * share * depths[static_cast<size_t>(k / cells)];
        if (params.dtype == DType::float32) {
          weight->mutable_data<float>()[start + k] = static_cast<float>(value);
        } else {
          weight->mutable_data<double>()[start + k] = value;
        }
      }
    }
  }
  return weight;
}

Result<const Definition*> definition_of(std::string_view name) {
  for (const Definition& definition : kDefinitions) {
    if (definition.kernel.name == name) return &definition;
  }
  return Error{"error.unknown_kernel", "weight", {std::string(name), list_of_names()}};
}

}  // namespace

std::span<const NamedKernel> named_kernels() { return kKernels; }

Result<Tensor> named_weight(std::string_view name, const ConvParams& params) {
  const Result<const Definition*> found = definition_of(name);
  if (!found) return found.error();
  const Pair size = params.kernel_size;
  return weight_of(**found, params, Shape{params.out_channels, params.in_channels / params.groups, size.h, size.w},
                   {1.0});
}

Result<Tensor> named_weight(std::string_view name, const ConvParams& params, int64_t depth) {
  const Result<const Definition*> found = definition_of(name);
  if (!found) return found.error();
  const Pair size = params.kernel_size;
  return weight_of(**found, params,
                   Shape{params.out_channels, params.in_channels / params.groups, depth, size.h, size.w},
                   along_depth((*found)->depth, depth));
}

}  // namespace convscope
