#include "engine/im2col.h"

#include "engine/checked_math.h"
#include "engine/padding.h"

namespace convscope {

int64_t im2col_rows(const ConvPlan& plan) { return plan.batch * plan.positions(); }

int64_t im2col_columns(const ConvPlan& plan) { return plan.taps(); }

Im2colEntry im2col_entry(const ConvPlan& plan, int64_t group, int64_t row, int64_t column) {
  Im2colEntry entry;
  const int64_t q = row % plan.out.w;
  const int64_t p = row / plan.out.w % plan.out.h;
  entry.n = row / plan.positions();
  const int64_t s = column % plan.kernel.w;
  const int64_t r = column / plan.kernel.w % plan.kernel.h;
  entry.c = group * plan.channels_per_group() + column / (plan.kernel.h * plan.kernel.w);
  entry.y = p * plan.stride.h - plan.pads.top + r * plan.dilation.h;
  entry.x = q * plan.stride.w - plan.pads.left + s * plan.dilation.w;
  entry.source_y = source_index(entry.y, plan.in.h, plan.padding_mode);
  entry.source_x = source_index(entry.x, plan.in.w, plan.padding_mode);
  entry.is_padding = entry.y < 0 || entry.y >= plan.in.h || entry.x < 0 || entry.x >= plan.in.w;
  return entry;
}

double im2col_value(const ConvPlan& plan, const Tensor& input, int64_t group, int64_t row, int64_t column) {
  const Im2colEntry entry = im2col_entry(plan, group, row, column);
  if (entry.source_y == kZeroPadding || entry.source_x == kZeroPadding) return 0;
  return input.at(((entry.n * plan.in_channels + entry.c) * plan.in.h + entry.source_y) * plan.in.w + entry.source_x);
}

namespace {

template <class T>
void fill(const ConvPlan& plan, const Tensor& input, int64_t group, Tensor& matrix) {
  const int64_t rows = im2col_rows(plan);
  const int64_t columns = im2col_columns(plan);
  T* to = matrix.mutable_data<T>();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      // A float widened to double and back is the same float.
      *to++ = static_cast<T>(im2col_value(plan, input, group, row, column));
    }
  }
}

}  // namespace

Result<Tensor> im2col(const ConvPlan& plan, const Tensor& input, int64_t group) {
  Result<Tensor> matrix = Tensor::zeros({im2col_rows(plan), im2col_columns(plan)}, plan.dtype);
  if (!matrix) return matrix;
  if (plan.dtype == DType::float32) {
    fill<float>(plan, input, group, *matrix);
  } else {
    fill<double>(plan, input, group, *matrix);
  }
  return matrix;
}

}  // namespace convscope
