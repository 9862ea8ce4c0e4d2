#include "app/scene/matrix_page.h"

#include <array>

#include "engine/im2col.h"

namespace convscope {

double matrix_value(const ConvPlan& plan, const ConvTensors& tensors, TensorId id, int64_t group, int64_t row,
                    int64_t col) {
  if (id == TensorId::im2col) return im2col_value(plan, tensors.input, group, row, col);
  if (id == TensorId::kernel_matrix) return tensors.weight.at(col * plan.taps() + row);
  const int64_t n = row / plan.positions(), position = row % plan.positions();
  return tensors.output.at((n * plan.out_channels + col) * plan.positions() + position);
}

double shade_of_uses(const Coverage& coverage, int64_t y, int64_t x) {
  const int64_t most = coverage.most();
  constexpr double kStrongest = 0.6;
  return most == 0 ? 0 : kStrongest * static_cast<double>(coverage.windows(y, x)) / static_cast<double>(most);
}

Tensor matrix_page(const ConvPlan& plan, const ConvTensors& tensors, const MatrixPage& wanted) {
  struct Kept {
    uint64_t source = 0;
    MatrixPage page;
    ConvPlan plan;
    Tensor tensor;
    uint64_t used = 0;
  };
  thread_local std::array<Kept, 6> pages;
  thread_local uint64_t clock = 0;
  ++clock;
  const Tensor& source = wanted.id == TensorId::im2col          ? tensors.input
                         : wanted.id == TensorId::kernel_matrix ? tensors.weight
                                                                : tensors.output;
  Kept* oldest = &pages[0];
  for (Kept& kept : pages) {
    if (kept.tensor.defined() && kept.source == source.identity() && kept.page == wanted && kept.plan == plan) {
      kept.used = clock;
      return kept.tensor;
    }
    if (kept.used < oldest->used) oldest = &kept;
  }
  const int64_t height = wanted.turned ? wanted.cols : wanted.rows, width = wanted.turned ? wanted.rows : wanted.cols;
  auto made = Tensor::zeros({1, 1, height, width}, DType::float32);
  if (!made.ok()) return {};
  Tensor tensor = *std::move(made);
  const Coverage coverage = wanted.counts ? Coverage(plan) : Coverage();
  const auto shown = [&](int64_t row, int64_t col) {
    if (!wanted.counts) return matrix_value(plan, tensors, wanted.id, wanted.group, row, col);
    const Im2colEntry entry = im2col_entry(plan, wanted.group, row, col);
    return entry.is_padding ? 0.0 : shade_of_uses(coverage, entry.source_y, entry.source_x);
  };
  float* out = tensor.mutable_data<float>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t row = wanted.row0 + (wanted.turned ? x : y), col = wanted.col0 + (wanted.turned ? y : x);
      *out++ = static_cast<float>(shown(row, col));
    }
  }
  *oldest = {source.identity(), wanted, plan, tensor, clock};
  return tensor;
}

}  // namespace convscope
