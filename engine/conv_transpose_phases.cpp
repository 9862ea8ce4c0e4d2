#include "engine/conv_transpose_phases.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "engine/checked_math.h"
#include "engine/conv_nd.h"
#include "engine/division.h"
#include "engine/row_kernels.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

constexpr int64_t kMostPhases = 64;

/// The output cells of an axis with one remainder, and their taps.
struct AxisPhase {
  int64_t cells = 0;  // first, first + stride, ...
  int64_t taps = 0;   // first_tap, first_tap + tap_step, ...
  int64_t first_tap = 0, tap_step = 1;
  int64_t dilation = 1;                // of the taps on the input
  int64_t pad_begin = 0, pad_end = 0;  // pad_begin < 0: the first cells of the input are not read
};

/// The stride of an axis, 1 where it does not matter: then it may be as large as int64_t holds.
int64_t stride_of(const WindowAxis& axis) { return axis.count == 1 ? 1 : axis.stride; }
int64_t phases_of(const WindowAxis& axis) { return std::min(stride_of(axis), axis.extent); }

AxisPhase phase_of(const WindowAxis& axis, int64_t phase) {
  AxisPhase p;
  const int64_t stride = stride_of(axis);
  p.cells = ceil_divide(axis.extent - phase, stride);
  const int64_t divisor = std::gcd(stride, axis.dilation);
  p.tap_step = stride / divisor;
  p.dilation = axis.dilation / divisor;
  const int64_t place = phase + axis.pad_begin;
  // Beyond one round of remainders none will come that has not been there.
  int64_t tap = 0;
  while (tap < std::min(axis.kernel, p.tap_step) && (place - tap * axis.dilation) % stride != 0) ++tap;
  if (tap >= std::min(axis.kernel, p.tap_step)) return p;
  p.first_tap = tap;
  p.taps = (axis.kernel - 1 - tap) / p.tap_step + 1;
  if (p.taps == 1) p.dilation = 1;
  const int64_t first_cell = (place - tap * axis.dilation) / stride - (p.taps - 1) * p.dilation;
  p.pad_begin = -first_cell;
  p.pad_end = std::max<int64_t>(0, (place - tap * axis.dilation) / stride + p.cells - axis.count);
  return p;
}

using Phase = std::array<AxisPhase, kMaxSpatialDims>;

ConvNdPlan plan_of(const ConvTransposePlan& plan, const Phase& phase) {
  ConvNdPlan direct;
  direct.dtype = plan.dtype;
  direct.batch = plan.batch;
  direct.in_channels = plan.in_channels;
  direct.out_channels = plan.out_channels;
  direct.groups = plan.groups;
  direct.bias = plan.bias;
  direct.windows.dims = plan.windows.dims;
  for (size_t i = 0; i < kMaxSpatialDims; ++i) {
    const AxisPhase& p = phase[i];
    direct.windows.axes[i] = {plan.windows.axes[i].count, p.cells, p.taps, 1, p.dilation, p.pad_begin, p.pad_end};
  }
  return direct;
}

/// A phase of all kernels, and where it goes.
template <class T>
struct TurnedPhase {
  Phase phase;
  T* to = nullptr;
};

/// The taps of a phase of one kernel, turned around; returns where the next kernel's go.
template <class T>
T* turn_taps(const ConvTransposePlan& plan, const Phase& phase, const T* from, T* to) {
  const auto& axes = plan.windows.axes;
  const auto tap = [&](size_t axis, int64_t u) {
    return phase[axis].first_tap + (phase[axis].taps - 1 - u) * phase[axis].tap_step;
  };
  for (int64_t t = 0; t < phase[0].taps; ++t) {
    for (int64_t r = 0; r < phase[1].taps; ++r) {
      const T* row = from + (tap(0, t) * axes[1].kernel + tap(1, r)) * axes[2].kernel;
      for (int64_t s = 0; s < phase[2].taps; ++s) *to++ = row[tap(2, s)];
    }
  }
  return to;
}

/// (C, K/groups, taps) to (K, C/groups, taps of the phase), for all phases in one go; false when the job (or null) was
/// cancelled.
template <class T>
bool turn_weight(const ConvTransposePlan& plan, const std::vector<TurnedPhase<T>>& phases, const T* weight,
                 const Job* job) {
  // Squares of the matrix of kernels: a line of the cache that was read or written serves its neighbours.
  constexpr int64_t kSquare = 16;
  const int64_t channels = plan.channels_per_group(), kernels = plan.kernels_per_group(), all = plan.windows.taps();
  for (int64_t group = 0; group < plan.groups; ++group) {
    for (int64_t k = 0; k < kernels; k += kSquare) {
      if (job != nullptr && job->is_cancelled()) return false;
      for (int64_t c = 0; c < channels; c += kSquare) {
        for (const auto& [phase, begin] : phases) {
          const int64_t taps = phase[0].taps * phase[1].taps * phase[2].taps;
          for (int64_t i = k; i < std::min(kernels, k + kSquare); ++i) {
            T* to = begin + ((group * kernels + i) * channels + c) * taps;
            for (int64_t j = c; j < std::min(channels, c + kSquare); ++j) {
              to = turn_taps(plan, phase, weight + ((group * channels + j) * kernels + i) * all, to);
            }
          }
        }
      }
    }
  }
  return true;
}

/// The cells of a row that no tap reaches hold the bias alone.
template <class T>
void fill_gaps(const std::vector<Tensor>& columns, T bias, int64_t extent, T* row) {
  const int64_t phases = std::ssize(columns);
  for (int64_t i = 0; i < phases; ++i) {
    if (columns[static_cast<size_t>(i)].defined()) continue;
    for (int64_t x = i; x < extent; x += phases) row[x] = bias;
  }
}

/// Writes the rows of one remainder by depth and height, whose columns come from the tensors of all remainders by
/// width; a tensor that is not there stands for cells that no tap reaches.
template <class T>
Result<void> write_rows(const ConvTransposePlan& plan, const Phase& phase, int64_t first_plane, int64_t first_row,
                        const std::vector<Tensor>& columns, const T* bias, T* output, const Conv2dOptions& options) {
  constexpr int64_t kNumbersOfItem = 1 << 18;
  const auto& axes = plan.windows.axes;
  const int64_t plane_stride = stride_of(axes[0]), row_stride = stride_of(axes[1]);
  const int64_t phases = std::ssize(columns), extent = axes[2].extent;
  const RowKernels<T> kernels = row_kernels<T>();
  Result<Tensor> nothing = Tensor();
  const bool has_gaps = std::any_of(columns.begin(), columns.end(), [](const Tensor& t) { return !t.defined(); });
  if (has_gaps) nothing = Tensor::zeros({ceil_divide(extent, phases)}, plan.dtype);
  if (!nothing) return nothing.error();

  const int64_t rows_of_plane = phase[0].cells * phase[1].cells;
  const int64_t lines = plan.batch * plan.out_channels * rows_of_plane;
  const int64_t at_once = std::max<int64_t>(1, kNumbersOfItem / extent), items = ceil_divide(lines, at_once);
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  const auto stopped = [&] { return options.job != nullptr && options.job->is_cancelled(); };
  parallel_for(threads, items, [&](int64_t item) {
    if (stopped()) return;
    const int64_t first = item * at_once, end = std::min(lines, first + at_once);
    std::array<const T*, kMostPhases> rows{};
    std::array<int64_t, kMostPhases> widths{};
    for (size_t i = 0; i < columns.size(); ++i) {
      const int64_t width = ceil_divide(extent - static_cast<int64_t>(i), phases);
      rows[i] = columns[i].defined() ? columns[i].data<T>() + first * width : nothing->template data<T>();
      widths[i] = columns[i].defined() ? width : 0;
    }
    int64_t nk = first / rows_of_plane, z = first % rows_of_plane / phase[1].cells, y = first % phase[1].cells;
    for (int64_t line = first; line < end; ++line) {
      const int64_t row =
          (nk * axes[0].extent + first_plane + z * plane_stride) * axes[1].extent + first_row + y * row_stride;
      T* to = output + row * extent;
      kernels.interleave(rows.data(), phases, extent, to);
      if (has_gaps && bias != nullptr) fill_gaps(columns, bias[nk % plan.out_channels], extent, to);
      for (size_t i = 0; i < columns.size(); ++i) rows[i] += widths[i];
      if (++y < phase[1].cells) continue;
      y = 0;
      if (++z < phase[0].cells) continue;
      z = 0;
      ++nk;
    }
  });
  if (stopped()) return Error{"error.cancelled", "", {}};
  return {};
}

template <class T>
Result<Tensor> run(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options) {
  const auto& axes = plan.windows.axes;
  const int64_t depths = phases_of(axes[0]), heights = phases_of(axes[1]), widths = phases_of(axes[2]);
  const double parts = static_cast<double>(depths * heights * widths);
  Result<Tensor> output = Tensor();
  const bool is_one = depths * heights * widths == 1;
  if (!is_one) {
    output = Tensor::uninitialized(plan.output_shape(), plan.dtype);
    if (!output) return output;
  }
  // The weights of all of them first, in the same order.
  std::vector<Tensor> weights;
  std::vector<TurnedPhase<T>> turned;
  for (int64_t i = 0; i < depths * heights * widths; ++i) {
    const Phase phase{phase_of(axes[0], i / (heights * widths)), phase_of(axes[1], i / widths % heights),
                      phase_of(axes[2], i % widths)};
    weights.emplace_back();
    if (phase[0].taps * phase[1].taps * phase[2].taps == 0) continue;
    Result<Tensor> made = Tensor::uninitialized(plan_of(plan, phase).weight_shape(), plan.dtype);
    if (!made) return made;
    weights.back() = *std::move(made);
    turned.push_back({phase, weights.back().template mutable_data<T>()});
  }
  if (!turn_weight(plan, turned, weight.data<T>(), options.job)) return Error{"error.cancelled", "", {}};

  int64_t part = 0;
  for (int64_t z = 0; z < depths; ++z) {
    for (int64_t y = 0; y < heights; ++y) {
      std::vector<Tensor> columns;
      Phase phase{phase_of(axes[0], z), phase_of(axes[1], y), {}};
      for (int64_t x = 0; x < widths; ++x, ++part) {
        const JobPart job_part(options.job, static_cast<double>(part), parts);
        phase[2] = phase_of(axes[2], x);
        columns.emplace_back();
        if (phase[0].taps * phase[1].taps * phase[2].taps == 0) continue;
        const ConvNdPlan direct = plan_of(plan, phase);
        const Tensor cells = input.reshaped(direct.input_shape());
        const Result<Tensor> made = conv_nd(direct, cells, weights[static_cast<size_t>(part)], bias, options);
        if (!made) return made.error();
        if (is_one) return made->reshaped(plan.output_shape());
        columns.back() = *made;
      }
      const Result<void> written = write_rows<T>(plan, phase, z, y, columns, plan.bias ? bias.data<T>() : nullptr,
                                                 output->template mutable_data<T>(), options);
      if (!written) return written.error();
    }
  }
  return output;
}

}  // namespace

template <class T>
void turn_kernels(const ConvTransposePlan& plan, const T* weight, T* to) {
  Phase all;
  for (size_t i = 0; i < kMaxSpatialDims; ++i) all[i].taps = plan.windows.axes[i].kernel;
  turn_weight<T>(plan, {{all, to}}, weight, nullptr);
}

template void turn_kernels<float>(const ConvTransposePlan&, const float*, float*);
template void turn_kernels<double>(const ConvTransposePlan&, const double*, double*);

bool phases_apply(const ConvTransposePlan& plan) {
  constexpr double kMostWaste = 1.25;
  double multiplied = 1, needed = 1;
  int64_t phases = 1;
  for (const WindowAxis& axis : plan.windows.axes) {
    const int64_t own = phases_of(axis);
    if (own > kMostPhases / phases) return false;
    phases *= own;
    double products = 0;
    for (int64_t i = 0; i < own; ++i) {
      const AxisPhase phase = phase_of(axis, i);
      if (phase.taps > 0 && phase.pad_begin < 0) return false;
      products += static_cast<double>(phase.cells) * static_cast<double>(phase.taps);
    }
    multiplied *= products;
    needed *= static_cast<double>(axis.count) * static_cast<double>(axis.kernel);
  }
  return multiplied > 0 && multiplied <= kMostWaste * needed;
}

Result<Tensor> conv_transpose_by_phases(const ConvTransposePlan& plan, const Tensor& input, const Tensor& weight,
                                        const Tensor& bias, const Conv2dOptions& options) {
  return plan.dtype == DType::float32 ? run<float>(plan, input, weight, bias, options)
                                      : run<double>(plan, input, weight, bias, options);
}

}  // namespace convscope
