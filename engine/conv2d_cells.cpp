#include "engine/conv2d_cells.h"

#include "engine/padding.h"

namespace convscope {

template <class T>
bool conv2d_cells(const ConvPlan& plan, const T* input, const T* weight, const T* bias, int64_t n, int64_t k,
                  const CellRange& cells, T* output, const Job* job) {
  const int64_t channels = plan.channels_per_group(), H = plan.in.h, W = plan.in.w;
  const int64_t R = plan.kernel.h, S = plan.kernel.w;
  input += (n * plan.in_channels + k / plan.kernels_per_group() * channels) * H * W;
  weight += k * plan.taps();
  output += (n * plan.out_channels + k) * plan.positions();
  for (int64_t p = cells.y; p < cells.y + cells.rows; ++p) {
    for (int64_t q = cells.x; q < cells.x + cells.columns; ++q) {
      T sum = 0;
      const T* w = weight;  // taps in order: one after the other
      for (int64_t c = 0; c < channels; ++c) {
        if (job != nullptr && job->is_cancelled()) return false;
        for (int64_t r = 0; r < R; ++r) {
          const int64_t y = source_index(p * plan.stride.h - plan.pads.top + r * plan.dilation.h, H, plan.padding_mode);
          for (int64_t s = 0; s < S; ++s) {
            const int64_t x =
                source_index(q * plan.stride.w - plan.pads.left + s * plan.dilation.w, W, plan.padding_mode);
            const bool is_zero = y == kZeroPadding || x == kZeroPadding;
            sum += (is_zero ? T{0} : input[(c * H + y) * W + x]) * *w++;
          }
        }
      }
      output[p * plan.out.w + q] = bias != nullptr ? sum + bias[k] : sum;
    }
  }
  return true;
}

template bool conv2d_cells<float>(const ConvPlan&, const float*, const float*, const float*, int64_t, int64_t,
                                  const CellRange&, float*, const Job*);
template bool conv2d_cells<double>(const ConvPlan&, const double*, const double*, const double*, int64_t, int64_t,
                                   const CellRange&, double*, const Job*);

}  // namespace convscope
