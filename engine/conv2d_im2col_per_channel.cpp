#include "engine/conv2d_im2col_per_channel.h"

#include <algorithm>

#include "engine/im2col.h"
#include "engine/padding.h"
#include "engine/scratch.h"

namespace convscope {

namespace {

/// The columns of group_channel in the im2col matrix of the group, the rows of image n. False when cancelled.
template <class T>
bool fill_regions(const ConvPlan& plan, const T* input, int64_t n, int64_t group, int64_t group_channel, T* regions,
                  Job* job) {
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  for (int64_t position = 0; position < plan.positions(); ++position) {
    if (job != nullptr && job->is_cancelled()) return false;
    for (int64_t cell = 0; cell < cells; ++cell) {
      const Im2colEntry entry =
          im2col_entry(plan, group, n * plan.positions() + position, group_channel * cells + cell);
      const bool is_zero = entry.source_y == kZeroPadding || entry.source_x == kZeroPadding;
      const int64_t row = (n * plan.in_channels + entry.c) * plan.in.h + entry.source_y;
      *regions++ = is_zero ? T{0} : input[row * plan.in.w + entry.source_x];
    }
  }
  return true;
}

/// output += regions (positions x cells) * kernel (cells).
template <class T>
bool add_product(const ConvPlan& plan, const T* regions, const T* kernel, T* output, Job* job) {
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  for (int64_t position = 0; position < plan.positions(); ++position, regions += cells) {
    if (job != nullptr && job->is_cancelled()) return false;
    T sum = 0;
    for (int64_t cell = 0; cell < cells; ++cell) sum += regions[cell] * kernel[cell];
    output[position] += sum;
  }
  return true;
}

}  // namespace

template <class T>
Result<void> conv2d_im2col_per_channel(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output,
                                       Job* job) {
  const Error cancelled{"error.cancelled", "", {}};
  const int64_t cells = plan.kernel.h * plan.kernel.w;
  Result<Tensor> regions = scratch_tensor(Algorithm::im2col_per_channel, {plan.positions(), cells}, plan.dtype);
  if (!regions) return regions.error();
  std::fill(output, output + plan.output_cells(), T{0});

  // Parts of the work: a matrix and its products with the kernels of its group.
  const int64_t steps_of_channel = 1 + plan.kernels_per_group();
  const auto steps = static_cast<float>(plan.batch * plan.in_channels * steps_of_channel);
  int64_t step = 0;
  const auto report = [&] {
    if (job != nullptr) job->report(static_cast<float>(++step) / steps);
  };
  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      const int64_t group = c / plan.channels_per_group(), group_channel = c % plan.channels_per_group();
      if (!fill_regions(plan, input, n, group, group_channel, regions->mutable_data<T>(), job)) return cancelled;
      report();
      const int64_t k0 = group * plan.kernels_per_group();
      for (int64_t k = k0; k < k0 + plan.kernels_per_group(); ++k) {
        const T* kernel = weight + k * plan.taps() + group_channel * cells;
        T* to = output + (n * plan.out_channels + k) * plan.positions();
        if (!add_product(plan, regions->data<T>(), kernel, to, job)) return cancelled;
        report();
      }
    }
  }
  if (bias == nullptr) return {};
  for (int64_t plane = 0; plane < plan.batch * plan.out_channels; ++plane, output += plan.positions()) {
    for (int64_t position = 0; position < plan.positions(); ++position) {
      output[position] += bias[plane % plan.out_channels];
    }
  }
  return {};
}

template Result<void> conv2d_im2col_per_channel<float>(const ConvPlan&, const float*, const float*, const float*,
                                                       float*, Job*);
template Result<void> conv2d_im2col_per_channel<double>(const ConvPlan&, const double*, const double*, const double*,
                                                        double*, Job*);

}  // namespace convscope
