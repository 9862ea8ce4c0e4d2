#include "app/scene/toeplitz_pages.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/padding.h"
#include "engine/toeplitz.h"

namespace convscope {
namespace {

constexpr int64_t kMostTexels = 96;

struct Page {
  uint64_t input = 0, weight = 0;
  int64_t n = 0, k = 0, c = 0, row0 = 0, rows = 0;
  ConvPlan plan;
  Tensor tensor;
  uint64_t used = 0;
  bool answers(const Page& wanted) const {
    return tensor.defined() && input == wanted.input && weight == wanted.weight && n == wanted.n && k == wanted.k &&
           c == wanted.c && row0 == wanted.row0 && rows == wanted.rows && plan == wanted.plan;
  }
};

// The page wanted, made when it is not among the last ones.
template <size_t N, class Make>
Tensor remembered(std::array<Page, N>& pages, uint64_t& clock, Page wanted, const Make& make) {
  ++clock;
  Page* oldest = &pages[0];
  for (Page& page : pages) {
    if (page.answers(wanted)) {
      page.used = clock;
      return page.tensor;
    }
    if (page.used < oldest->used) oldest = &page;
  }
  wanted.tensor = make();
  wanted.used = clock;
  if (wanted.tensor.defined()) *oldest = wanted;
  return wanted.tensor;
}

Tensor drawn_map(const ConvPlan& plan, const ConvTensors& tensors, int64_t k, int64_t c) {
  const int64_t all_rows = toeplitz_rows(plan), all_cols = toeplitz_columns(plan);
  const int64_t rows = std::min(all_rows, kMostTexels), cols = std::min(all_cols, kMostTexels);
  auto made = Tensor::zeros({1, 1, rows, cols}, DType::float32);
  if (!made.ok()) return {};
  Tensor tensor = *std::move(made);
  float* texels = tensor.mutable_data<float>();
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  // Fractions of sizes whose product may not fit 64 bits.
  const double row_step = static_cast<double>(all_rows) / static_cast<double>(rows);
  const double col_step = static_cast<double>(cols) / static_cast<double>(all_cols);
  for (int64_t y = 0; y < rows; ++y) {
    const auto row = std::min(all_rows - 1, static_cast<int64_t>((static_cast<double>(y) + 0.5) * row_step));
    for (int64_t at = 0; at < cells; ++at) {
      const int64_t column = toeplitz_entry(plan, row, at).column;
      if (column == kZeroPadding) continue;
      const auto x = std::min(cols - 1, static_cast<int64_t>(static_cast<double>(column) * col_step));
      const auto weight = static_cast<float>(tensors.weight.at((k * plan.channels_per_group() + c) * cells + at));
      float& texel = texels[y * cols + x];
      if (std::abs(weight) > std::abs(texel)) texel = weight;
    }
  }
  return tensor;
}

}  // namespace

Tensor toeplitz_map(const ConvPlan& plan, const ConvTensors& tensors, int64_t k, int64_t c) {
  thread_local std::array<Page, 4> pages;
  thread_local uint64_t clock = 0;
  const Page wanted{0, tensors.weight.identity(), 0, k, c, 0, 0, plan, {}, 0};
  return remembered(pages, clock, wanted, [&] { return drawn_map(plan, tensors, k, c); });
}

Tensor toeplitz_products(const ConvPlan& plan, const ConvTensors& tensors, int64_t n, int64_t k, int64_t c,
                         int64_t row0, int64_t rows) {
  thread_local std::array<Page, 4> pages;
  thread_local uint64_t clock = 0;
  const Page wanted{tensors.input.identity(), tensors.weight.identity(), n, k, c, row0, rows, plan, {}, 0};
  return remembered(pages, clock, wanted, [&]() -> Tensor {
    auto made = Tensor::zeros({1, 1, rows, 1}, plan.dtype);
    if (!made.ok()) return {};
    Tensor tensor = *std::move(made);
    for (int64_t row = 0; row < rows; ++row) {
      const double value = toeplitz_product(plan, tensors.input, tensors.weight, n, k, c, row0 + row);
      if (plan.dtype == DType::float32) {
        tensor.mutable_data<float>()[row] = static_cast<float>(value);
      } else {
        tensor.mutable_data<double>()[row] = value;
      }
    }
    return tensor;
  });
}

}  // namespace convscope
