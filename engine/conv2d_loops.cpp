#include "engine/conv2d_loops.h"

#include <algorithm>

#include "engine/padded_input.h"

namespace convscope {

template <class T>
Result<void> conv2d_loops(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job) {
  const Result<Tensor> padded = padded_input(plan, input, Algorithm::loops, job);
  if (!padded) return padded.error();
  const int64_t height = padded->shape()[2], width = padded->shape()[3];
  const int64_t group_channels = plan.channels_per_group();
  const auto rows = static_cast<float>(plan.batch * plan.out_channels * group_channels * plan.out.h);
  int64_t row = 0;

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < plan.out_channels; ++k, output += plan.positions()) {
      const int64_t first_channel = k / plan.kernels_per_group() * group_channels;
      std::fill(output, output + plan.positions(), T{0});
      for (int64_t c = 0; c < group_channels; ++c) {
        const T* channel = padded->data<T>() + (n * plan.in_channels + first_channel + c) * height * width;
        const T* kernel = weight + (k * group_channels + c) * plan.kernel.h * plan.kernel.w;
        for (int64_t y = 0; y < plan.out.h; ++y) {
          if (job != nullptr) job->report(static_cast<float>(row++) / rows);
          for (int64_t x = 0; x < plan.out.w; ++x) {
            if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
            // torch.sum(region * kernel): what the tutorial writes in one line at the bottom of its loops.
            T sum = 0;
            for (int64_t r = 0; r < plan.kernel.h; ++r) {
              for (int64_t s = 0; s < plan.kernel.w; ++s) {
                const int64_t region_y = y * plan.stride.h + r * plan.dilation.h;
                const int64_t region_x = x * plan.stride.w + s * plan.dilation.w;
                sum += channel[region_y * width + region_x] * kernel[r * plan.kernel.w + s];
              }
            }
            output[y * plan.out.w + x] += sum;
          }
        }
      }
      if (bias == nullptr) continue;
      for (int64_t position = 0; position < plan.positions(); ++position) output[position] += bias[k];
    }
  }
  return {};
}

template Result<void> conv2d_loops<float>(const ConvPlan&, const float*, const float*, const float*, float*, Job*);
template Result<void> conv2d_loops<double>(const ConvPlan&, const double*, const double*, const double*, double*, Job*);

}  // namespace convscope
