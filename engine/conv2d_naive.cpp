#include "engine/conv2d_naive.h"

#include "engine/padding.h"

namespace convscope {

template <class T>
bool conv2d_naive(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job) {
  // input (N, C, H, W), weight (K, C/groups, R, S), output (N, K, P, Q)
  const int64_t C = plan.in_channels, H = plan.in.h, W = plan.in.w;
  const int64_t K = plan.out_channels, R = plan.kernel.h, S = plan.kernel.w;
  const int64_t P = plan.out.h, Q = plan.out.w;
  const int64_t group_channels = plan.channels_per_group();
  const int64_t rows = plan.batch * K * P;

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < K; ++k) {
      const int64_t first_channel = k / plan.kernels_per_group() * group_channels;
      for (int64_t p = 0; p < P; ++p) {
        if (job != nullptr) {
          job->report(static_cast<float>((n * K + k) * P + p) / static_cast<float>(rows));
        }
        for (int64_t q = 0; q < Q; ++q) {
          T sum = 0;
          for (int64_t c = 0; c < group_channels; ++c) {
            for (int64_t r = 0; r < R; ++r) {
              if (job != nullptr && job->cancelled.load(std::memory_order_relaxed)) return false;
              const int64_t y = p * plan.stride.h - plan.pads.top + r * plan.dilation.h;
              const int64_t source_y = source_index(y, H, plan.padding_mode);
              for (int64_t s = 0; s < S; ++s) {
                const int64_t x = q * plan.stride.w - plan.pads.left + s * plan.dilation.w;
                const int64_t source_x = source_index(x, W, plan.padding_mode);
                const bool is_zero = source_y == kZeroPadding || source_x == kZeroPadding;
                const T value = is_zero ? T{0} : input[((n * C + first_channel + c) * H + source_y) * W + source_x];
                sum += value * weight[((k * group_channels + c) * R + r) * S + s];
              }
            }
          }
          output[((n * K + k) * P + p) * Q + q] = bias != nullptr ? sum + bias[k] : sum;
        }
      }
    }
  }
  return true;
}

template bool conv2d_naive<float>(const ConvPlan&, const float*, const float*, const float*, float*, Job*);
template bool conv2d_naive<double>(const ConvPlan&, const double*, const double*, const double*, double*, Job*);

}  // namespace convscope
