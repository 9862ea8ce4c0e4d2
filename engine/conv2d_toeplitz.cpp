#include "engine/conv2d_toeplitz.h"

#include <algorithm>

#include "engine/toeplitz.h"

namespace convscope {

template <class T>
Result<void> conv2d_toeplitz(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output,
                             Job* job) {
  const int64_t group_channels = plan.channels_per_group();
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  const int64_t slices = plan.out_channels * group_channels;
  SparseMatrix<T> matrix;
  for (int64_t slice = 0; slice < slices; ++slice) {
    const JobPart part(job, static_cast<double>(slice), static_cast<double>(slices));
    if (Result<void> filled = fill_toeplitz_matrix(plan, weight + slice * cells, matrix, job); !filled) return filled;
    const int64_t k = slice / group_channels, c = slice % group_channels;
    const int64_t channel = k / plan.kernels_per_group() * group_channels + c;
    for (int64_t n = 0; n < plan.batch; ++n) {
      const T* x = input + (n * plan.in_channels + channel) * matrix.columns;
      T* y = output + (n * plan.out_channels + k) * matrix.rows;
      if (c == 0) std::fill(y, y + matrix.rows, T{0});
      if (!multiply_add(matrix, x, y, job)) return Error{"error.cancelled", "", {}};
      if (c < group_channels - 1 || bias == nullptr) continue;
      for (int64_t position = 0; position < matrix.rows; ++position) y[position] += bias[k];
    }
  }
  return {};
}

template Result<void> conv2d_toeplitz<float>(const ConvPlan&, const float*, const float*, const float*, float*, Job*);
template Result<void> conv2d_toeplitz<double>(const ConvPlan&, const double*, const double*, const double*, double*,
                                              Job*);

}  // namespace convscope
