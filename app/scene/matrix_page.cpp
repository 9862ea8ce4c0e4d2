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

Tensor matrix_page(const ConvPlan& plan, const ConvTensors& tensors, TensorId id, int64_t group, int64_t row0,
                   int64_t rows, int64_t col0, int64_t cols) {
  struct Page {
    uint64_t source = 0;
    TensorId id = TensorId::none;
    int64_t group = 0, row0 = 0, rows = 0, col0 = 0, cols = 0;
    ConvPlan plan;
    Tensor tensor;
    uint64_t used = 0;
  };
  thread_local std::array<Page, 6> pages;
  thread_local uint64_t clock = 0;
  ++clock;
  const Tensor& source = id == TensorId::im2col          ? tensors.input
                         : id == TensorId::kernel_matrix ? tensors.weight
                                                         : tensors.output;
  Page* oldest = &pages[0];
  for (Page& page : pages) {
    if (page.tensor.defined() && page.source == source.identity() && page.id == id && page.group == group &&
        page.row0 == row0 && page.rows == rows && page.col0 == col0 && page.cols == cols && page.plan == plan) {
      page.used = clock;
      return page.tensor;
    }
    if (page.used < oldest->used) oldest = &page;
  }
  auto made = Tensor::zeros({1, 1, rows, cols}, DType::float32);
  if (!made.ok()) return {};
  Tensor tensor = *std::move(made);
  float* out = tensor.mutable_data<float>();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < cols; ++x) {
      *out++ = static_cast<float>(matrix_value(plan, tensors, id, group, row0 + y, col0 + x));
    }
  }
  *oldest = {source.identity(), id, group, row0, rows, col0, cols, plan, tensor, clock};
  return tensor;
}

}  // namespace convscope
