#include "engine/toeplitz.h"

#include <algorithm>

#include "engine/padding.h"
#include "engine/scratch.h"

namespace convscope {

int64_t toeplitz_rows(const ConvPlan& plan) { return plan.positions(); }

int64_t toeplitz_columns(const ConvPlan& plan) { return plan.in.h * plan.in.w; }

ToeplitzEntry toeplitz_entry(const ConvPlan& plan, int64_t row, int64_t weight) {
  const int64_t y = row / plan.out.w * plan.stride.h - plan.pads.top + weight / plan.kernel.w * plan.dilation.h;
  const int64_t x = row % plan.out.w * plan.stride.w - plan.pads.left + weight % plan.kernel.w * plan.dilation.w;
  const int64_t source_y = source_index(y, plan.in.h, plan.padding_mode);
  const int64_t source_x = source_index(x, plan.in.w, plan.padding_mode);
  const bool is_zero = source_y == kZeroPadding || source_x == kZeroPadding;
  return {is_zero ? kZeroPadding : source_y * plan.in.w + source_x, weight};
}

void toeplitz_row(const ConvPlan& plan, int64_t row, std::vector<ToeplitzEntry>& entries) {
  entries.resize(static_cast<size_t>(plan.kernel.h * plan.kernel.w));
  int64_t weight = 0;
  for (ToeplitzEntry& entry : entries) entry = toeplitz_entry(plan, row, weight++);
}

double toeplitz_value(const ConvPlan& plan, const Tensor& weight, int64_t k, int64_t c, int64_t row, int64_t column) {
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  double value = 0;
  for (int64_t cell = 0; cell < cells; ++cell) {
    if (toeplitz_entry(plan, row, cell).column != column) continue;
    value += weight.at((k * plan.channels_per_group() + c) * cells + cell);
  }
  return value;
}

namespace {

template <class T>
T product_of_row(const ConvPlan& plan, const T* channel, const T* kernel, int64_t row) {
  T sum = 0;
  for (int64_t cell = 0; cell < plan.kernel.h * plan.kernel.w; ++cell) {
    const int64_t column = toeplitz_entry(plan, row, cell).column;
    const T product = (column == kZeroPadding ? T{0} : channel[column]) * kernel[cell];
    sum += product;
  }
  return sum;
}

}  // namespace

double toeplitz_product(const ConvPlan& plan, const Tensor& input, const Tensor& weight, int64_t n, int64_t k,
                        int64_t c, int64_t row) {
  const int64_t channel = k / plan.kernels_per_group() * plan.channels_per_group() + c;
  const int64_t first = (n * plan.in_channels + channel) * toeplitz_columns(plan);
  const int64_t weights = (k * plan.channels_per_group() + c) * plan.kernel.h * plan.kernel.w;
  if (plan.dtype == DType::float32) {
    return static_cast<double>(product_of_row(plan, input.data<float>() + first, weight.data<float>() + weights, row));
  }
  return product_of_row(plan, input.data<double>() + first, weight.data<double>() + weights, row);
}

template <class T>
Result<void> fill_toeplitz_matrix(const ConvPlan& plan, const T* kernel, SparseMatrix<T>& matrix, Job* job) {
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  constexpr auto kEntryBytes = static_cast<int64_t>(sizeof(int64_t) + sizeof(T));
  matrix.rows = toeplitz_rows(plan);
  matrix.columns = toeplitz_columns(plan);
  // A row has one place in row_begin and, at most, an entry for each cell of the kernel.
  if (Result<void> fits = check_scratch(Algorithm::toeplitz, {matrix.rows, cells + 1, kEntryBytes}); !fits) return fits;
  matrix.row_begin.clear();
  matrix.column.clear();
  matrix.value.clear();
  matrix.row_begin.reserve(static_cast<size_t>(matrix.rows + 1));
  matrix.column.reserve(static_cast<size_t>(matrix.rows * cells));
  matrix.value.reserve(static_cast<size_t>(matrix.rows * cells));

  const auto by_column = [](const ToeplitzEntry& a, const ToeplitzEntry& b) {
    return a.column != b.column ? a.column < b.column : a.weight < b.weight;
  };
  std::vector<ToeplitzEntry> entries;
  for (int64_t row = 0; row < matrix.rows; ++row) {
    if (job != nullptr) {
      if (job->is_cancelled()) return Error{"error.cancelled", "", {}};
      job->report(static_cast<float>(row) / static_cast<float>(matrix.rows));
    }
    matrix.row_begin.push_back(std::ssize(matrix.column));
    toeplitz_row(plan, row, entries);
    std::sort(entries.begin(), entries.end(), by_column);
    for (const ToeplitzEntry& entry : entries) {
      const T value = kernel[entry.weight];
      if (std::ssize(matrix.column) > matrix.row_begin.back() && matrix.column.back() == entry.column) {
        matrix.value.back() += value;
      } else {
        matrix.column.push_back(entry.column);
        matrix.value.push_back(value);
      }
    }
  }
  matrix.row_begin.push_back(std::ssize(matrix.column));
  return {};
}

template <class T>
bool multiply_add(const SparseMatrix<T>& matrix, const T* x, T* y, Job* job) {
  for (int64_t row = 0; row < matrix.rows; ++row) {
    if (job != nullptr && job->is_cancelled()) return false;
    T sum = 0;
    for (int64_t i = matrix.row_begin[static_cast<size_t>(row)]; i < matrix.row_begin[static_cast<size_t>(row) + 1];
         ++i) {
      const int64_t column = matrix.column[static_cast<size_t>(i)];
      sum += matrix.value[static_cast<size_t>(i)] * (column == kZeroPadding ? T{0} : x[column]);
    }
    y[row] += sum;
  }
  return true;
}

template Result<void> fill_toeplitz_matrix<float>(const ConvPlan&, const float*, SparseMatrix<float>&, Job*);
template Result<void> fill_toeplitz_matrix<double>(const ConvPlan&, const double*, SparseMatrix<double>&, Job*);
template bool multiply_add<float>(const SparseMatrix<float>&, const float*, float*, Job*);
template bool multiply_add<double>(const SparseMatrix<double>&, const double*, double*, Job*);

}  // namespace convscope
