#include "engine/conv_transpose.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/conv2d_im2col.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose_phases.h"
#include "engine/division.h"
#include "engine/finite.h"
#include "engine/fold.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

template <class T>
void add_bias(const ConvTransposePlan& plan, const T* bias, T* output) {
  if (bias == nullptr) return;
  const int64_t cells = plan.windows.cells();
  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < plan.out_channels; ++k) {
      for (int64_t i = 0; i < cells; ++i) *output++ += bias[k];
    }
  }
}

}  // namespace

template <class T>
bool conv_transpose_naive(const ConvTransposePlan& plan, const T* input, const T* weight, const T* bias, T* output,
                          Job* job) {
  const WindowAxis& depth = plan.windows.depth();
  const WindowAxis& height = plan.windows.height();
  const WindowAxis& width = plan.windows.width();
  const int64_t group_kernels = plan.kernels_per_group();
  const int64_t taps = plan.windows.taps();

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      const int64_t first_kernel = c / plan.channels_per_group() * group_kernels;
      if (job != nullptr) {
        job->report(static_cast<float>(n * plan.in_channels + c) / static_cast<float>(plan.batch * plan.in_channels));
      }
      for (int64_t o = 0; o < depth.count; ++o) {
        for (int64_t p = 0; p < height.count; ++p) {
          for (int64_t q = 0; q < width.count; ++q) {
            if (job != nullptr && job->is_cancelled()) return false;
            const T value = *input++;
            for (int64_t k = 0; k < group_kernels; ++k) {
              const T* w = weight + (c * group_kernels + k) * taps;
              T* channel = output + (n * plan.out_channels + first_kernel + k) * plan.windows.cells();
              for (int64_t t = 0; t < depth.kernel; ++t) {
                for (int64_t r = 0; r < height.kernel; ++r) {
                  for (int64_t s = 0; s < width.kernel; ++s, ++w) {
                    const int64_t z = depth.cell(o, t), y = height.cell(p, r), x = width.cell(q, s);
                    const bool is_inside = z >= 0 && z < depth.extent && y >= 0 && y < height.extent && x >= 0 &&
                                           x < width.extent;  // what falls on the padding is dropped
                    if (is_inside) channel[(z * height.extent + y) * width.extent + x] += value * *w;
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  add_bias(plan, bias, output);
  return true;
}

template bool conv_transpose_naive<float>(const ConvTransposePlan&, const float*, const float*, const float*, float*,
                                          Job*);
template bool conv_transpose_naive<double>(const ConvTransposePlan&, const double*, const double*, const double*,
                                           double*, Job*);

namespace {

/// The columns of so many windows are made at a time, for all output channels.
int64_t windows_at_once(const ConvTransposePlan& plan) {
  constexpr int64_t kColumnBytes = int64_t{16} << 20;
  const int64_t column = plan.out_channels * plan.windows.taps() * size_of(plan.dtype);
  return std::clamp<int64_t>(kColumnBytes / column, 64, std::max<int64_t>(64, plan.windows.count()));
}

/// (C, K/groups, taps) turned to (K/groups * taps, C/groups) for each group: a kernel of size 1 for each column.
template <class T>
void turn_weight(const ConvTransposePlan& plan, const T* weight, T* turned) {
  const int64_t channels = plan.channels_per_group(), rows = plan.kernels_per_group() * plan.windows.taps();
  for (int64_t group = 0; group < plan.groups; ++group) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t c = 0; c < channels; ++c) *turned++ = weight[(group * channels + c) * rows + row];
    }
  }
}

/// One matrix product for all windows, then the columns are folded.
template <class T>
Result<void> by_columns(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight, const T* bias,
                        const Conv2dOptions& options, Tensor& output) {
  const int64_t taps = plan.windows.taps(), windows = plan.windows.count();
  const int64_t at_once = std::min(windows, windows_at_once(plan));
  const int64_t rows = plan.out_channels * taps;  // at most the weight's elements, which exist
  Result<Tensor> turned = Tensor::uninitialized({rows, plan.channels_per_group()}, plan.dtype);
  if (!turned) return turned.error();
  Result<Tensor> columns = Tensor::uninitialized({rows, at_once}, plan.dtype);
  if (!columns) return columns.error();
  Result<Tensor> part_of_input = Tensor::uninitialized({plan.in_channels, at_once}, plan.dtype);
  if (!part_of_input) return part_of_input.error();
  turn_weight(plan, weight.data<T>(), turned->mutable_data<T>());

  ConvPlan product;
  product.dtype = plan.dtype;
  product.in_channels = plan.in_channels;
  product.out_channels = rows;
  product.groups = plan.groups;
  product.kernel = {1, 1};
  const int64_t parts = (windows + at_once - 1) / at_once;
  const RowFolding<T> folding(plan.windows);
  const int64_t rows_at_once = folding.rows_at_once(), bands = ceil_divide(folding.rows(), rows_at_once);
  for (int64_t n = 0; n < plan.batch; ++n) {
    const T* image = input.data<T>() + n * plan.in_channels * windows;
    T* to = output.mutable_data<T>() + n * plan.out_channels * plan.windows.cells();
    for (int64_t first = 0, part = 0; first < windows; first += at_once, ++part) {
      const JobPart job_part(options.job, static_cast<double>(n * parts + part),
                             static_cast<double>(plan.batch * parts));
      const int64_t count = std::min(at_once, windows - first);
      const T* from = image;
      if (count < windows) {
        from = part_of_input->data<T>();
        for (int64_t c = 0; c < plan.in_channels; ++c) {
          std::memcpy(part_of_input->mutable_data<T>() + c * count, image + c * windows + first,
                      static_cast<size_t>(count) * sizeof(T));
        }
      }
      product.in = product.out = {1, count};
      T* column_data = columns->mutable_data<T>();
      const Outcome outcome =
          conv2d_im2col<T>(product, from, turned->data<T>(), nullptr, column_data, options.threads, options.job);
      if (outcome == Outcome::out_of_memory) return out_of_memory(columns->shape(), plan.dtype);
      if (outcome == Outcome::cancelled) return Error{"error.cancelled", "", {}};
      const int threads = options.threads > 0 ? options.threads : hardware_threads();
      std::atomic<Outcome> folded{Outcome::finished};
      parallel_for(threads, plan.out_channels * bands, [&](int64_t item) {
        if (folded != Outcome::finished) return;
        const int64_t k = item / bands, row = item % bands * rows_at_once;
        const Outcome added =
            folding.add(row, std::min(row + rows_at_once, folding.rows()), first, count, column_data + k * taps * count,
                        count, to + k * plan.windows.cells(), options.job);
        if (added != Outcome::finished) folded = added;
      });
      if (folded == Outcome::out_of_memory) return out_of_memory(output.shape(), plan.dtype);
      if (folded == Outcome::cancelled) return Error{"error.cancelled", "", {}};
    }
  }
  add_bias(plan, bias, output.mutable_data<T>());
  return {};
}

template <class T>
Result<void> run(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                 const Conv2dOptions& options, Tensor& output) {
  const T* bias_data = plan.bias ? bias.data<T>() : nullptr;
  if (options.algorithm != Algorithm::naive) return by_columns<T>(plan, input, weight, bias_data, options, output);
  if (!conv_transpose_naive<T>(plan, input.data<T>(), weight.data<T>(), bias_data, output.mutable_data<T>(),
                               options.job)) {
    return Error{"error.cancelled", "", {}};
  }
  return {};
}

bool is_finite(const Tensor& weight) {
  return weight.dtype() == DType::float32 ? all_finite(weight.data<float>(), weight.numel())
                                          : all_finite(weight.data<double>(), weight.numel());
}

}  // namespace

Result<Tensor> conv_transpose(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight,
                              const Tensor& bias, const Conv2dOptions& options) {
  const WantedShapes wanted{plan.input_shape(), plan.weight_shape(), plan.bias_shape(), plan.bias, true, plan.dtype};
  if (Result<void> good = check_tensors(wanted, input, weight, bias); !good) return good.error();
  // The phases read the padding as zeros, which are to be multiplied with nothing: what falls on padding is dropped.
  if (options.algorithm != Algorithm::naive && plan.batch > 0 && phases_apply(plan) && is_finite(weight)) {
    return conv_transpose_by_phases(plan, input, weight, bias, options);
  }
  Result<Tensor> output = Tensor::zeros(plan.output_shape(), plan.dtype);
  if (!output) return output;
  const Result<void> done = plan.dtype == DType::float32 ? run<float>(plan, input, weight, bias, options, *output)
                                                         : run<double>(plan, input, weight, bias, options, *output);
  if (!done) return done.error();
  if (options.job != nullptr) options.job->report(1);
  return output;
}

}  // namespace convscope
