#include "engine/conv2d_slices.h"

#include "engine/padded_input.h"

namespace convscope {

namespace {

/// A view of the padded input as Python's slices make it: nothing is copied, each axis has a step of its own.
template <class T>
struct Slice {
  const T* first;
  int64_t channels, rows, columns;
  int64_t channel_step, row_step, column_step;
};

/// torch.sum(slice * kernel): the inner product of the window and a kernel of its shape.
template <class T>
T contract(const Slice<T>& slice, const T* kernel) {
  T sum = 0;
  for (int64_t c = 0; c < slice.channels; ++c) {
    for (int64_t r = 0; r < slice.rows; ++r) {
      const T* cell = slice.first + c * slice.channel_step + r * slice.row_step;
      for (int64_t s = 0; s < slice.columns; ++s) sum += cell[s * slice.column_step] * *kernel++;
    }
  }
  return sum;
}

}  // namespace

template <class T>
Result<void> conv2d_slices(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job) {
  const Result<Tensor> padded = padded_input(plan, input, Algorithm::slices, job);
  if (!padded) return padded.error();
  const int64_t height = padded->shape()[2], width = padded->shape()[3];
  const int64_t positions = plan.positions();

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t position = 0; position < positions; ++position) {
      if (job != nullptr) {
        job->report(static_cast<float>(n * positions + position) / static_cast<float>(plan.batch * positions));
      }
      const int64_t y0 = position / plan.out.w * plan.stride.h;
      const int64_t x0 = position % plan.out.w * plan.stride.w;
      for (int64_t group = 0; group < plan.groups; ++group) {
        const int64_t c0 = group * plan.channels_per_group();
        // Where there is one row or column, nothing steps, however far the dilation would reach.
        const Slice<T> slice{padded->data<T>() + ((n * plan.in_channels + c0) * height + y0) * width + x0,
                             plan.channels_per_group(),
                             plan.kernel.h,
                             plan.kernel.w,
                             height * width,
                             plan.kernel.h > 1 ? plan.dilation.h * width : 0,
                             plan.kernel.w > 1 ? plan.dilation.w : 0};
        const int64_t k0 = group * plan.kernels_per_group();
        for (int64_t k = k0; k < k0 + plan.kernels_per_group(); ++k) {
          if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
          const T sum = contract(slice, weight + k * plan.taps());
          output[(n * plan.out_channels + k) * positions + position] = bias != nullptr ? sum + bias[k] : sum;
        }
      }
    }
  }
  return {};
}

template Result<void> conv2d_slices<float>(const ConvPlan&, const float*, const float*, const float*, float*, Job*);
template Result<void> conv2d_slices<double>(const ConvPlan&, const double*, const double*, const double*, double*,
                                            Job*);

}  // namespace convscope
