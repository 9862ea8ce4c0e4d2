#include "engine/pool.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "engine/conv_nd.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

/// The taps of a window that stand on cells of the input: [first, last) along one axis.
struct TapRange {
  int64_t first = 0, last = 0;
};

TapRange taps_inside(const WindowAxis& axis, int64_t window) {
  const int64_t origin = axis.cell(window, 0);
  // The first tap at or behind cell 0, the first at or behind the end. Rounding up without adding: a dilation that no
  // second tap makes use of may be as large as int64_t holds.
  const int64_t before = origin < 0 ? (-origin - 1) / axis.dilation + 1 : 0;
  const int64_t until = origin < axis.extent ? (axis.extent - origin - 1) / axis.dilation + 1 : 0;
  return {std::min(before, axis.kernel), std::min(until, axis.kernel)};
}

template <class T>
void max_pool_channel(const Windows& windows, const T* cells, T* output, int64_t* indices) {
  const WindowAxis& depth = windows.depth();
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  for (int64_t o = 0; o < depth.count; ++o) {
    const TapRange in_depth = taps_inside(depth, o);
    for (int64_t p = 0; p < height.count; ++p) {
      const TapRange in_height = taps_inside(height, p);
      for (int64_t q = 0; q < width.count; ++q) {
        const TapRange in_width = taps_inside(width, q);
        T largest = -std::numeric_limits<T>::infinity();
        // Where nothing is larger than -inf the index is the first tap's, as PyTorch has it.
        int64_t at = (depth.cell(o, in_depth.first) * height.extent + height.cell(p, in_height.first)) * width.extent +
                     width.cell(q, in_width.first);
        for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
          for (int64_t r = in_height.first; r < in_height.last; ++r) {
            const int64_t row = (depth.cell(o, t) * height.extent + height.cell(p, r)) * width.extent;
            for (int64_t s = in_width.first; s < in_width.last; ++s) {
              const int64_t cell = row + width.cell(q, s);
              const T value = cells[cell];
              if (!(value > largest) && !std::isnan(value)) continue;
              largest = value;
              at = cell;
            }
          }
        }
        *output++ = largest;
        if (indices != nullptr) *indices++ = at;
      }
    }
  }
}

/// The cells of a window along one axis, padding included but not what ceil_mode adds beyond it.
int64_t cells_with_padding(const WindowAxis& axis, int64_t window) {
  const int64_t origin = axis.cell(window, 0);
  return std::min(origin + axis.kernel, axis.extent + axis.pad_end) - origin;
}

template <class T>
void average_pool_channel(const PoolPlan& plan, const T* cells, T* output) {
  const WindowAxis& depth = plan.windows.depth();
  const WindowAxis& height = plan.windows.height();
  const WindowAxis& width = plan.windows.width();
  for (int64_t o = 0; o < depth.count; ++o) {
    const TapRange in_depth = taps_inside(depth, o);
    for (int64_t p = 0; p < height.count; ++p) {
      const TapRange in_height = taps_inside(height, p);
      for (int64_t q = 0; q < width.count; ++q) {
        const TapRange in_width = taps_inside(width, q);
        T sum = 0;
        for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
          for (int64_t r = in_height.first; r < in_height.last; ++r) {
            const T* row = cells + (depth.cell(o, t) * height.extent + height.cell(p, r)) * width.extent;
            for (int64_t s = in_width.first; s < in_width.last; ++s) sum += row[width.cell(q, s)];
          }
        }
        const int64_t real = std::max<int64_t>(0, in_depth.last - in_depth.first) *
                             std::max<int64_t>(0, in_height.last - in_height.first) *
                             std::max<int64_t>(0, in_width.last - in_width.first);
        int64_t divisor = real;
        if (plan.divisor_override) {
          divisor = *plan.divisor_override;
        } else if (plan.count_include_pad) {
          divisor = cells_with_padding(depth, o) * cells_with_padding(height, p) * cells_with_padding(width, q);
        }
        *output++ = real > 0 ? sum / static_cast<T>(divisor) : T{0};
      }
    }
  }
}

template <class T>
Result<void> run(const PoolPlan& plan, const T* input, T* output, int64_t* indices, int threads, Job* job) {
  const int64_t planes = plan.batch * plan.channels;
  std::atomic<int64_t> done{0};
  parallel_for(threads, planes, [&](int64_t plane) {
    if (job != nullptr && job->is_cancelled()) return;
    const T* cells = input + plane * plan.windows.cells();
    T* to = output + plane * plan.windows.count();
    if (plan.kind == PoolKind::max) {
      max_pool_channel(plan.windows, cells, to, indices != nullptr ? indices + plane * plan.windows.count() : nullptr);
    } else {
      average_pool_channel(plan, cells, to);
    }
    const int64_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(finished) / static_cast<float>(planes));
  });
  if (done < planes) return Error{"error.cancelled", "", {}};
  return {};
}

/// Threads that pay for their waking.
int useful_threads(const PoolPlan& plan, int threads) {
  constexpr double kTapsPerThread = 1 << 18;
  if (threads <= 0) threads = hardware_threads();
  const double taps = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.windows.taps());
  return static_cast<int>(std::clamp(taps / kTapsPerThread, 1.0, static_cast<double>(threads)));
}

}  // namespace

Result<PoolResult> pool(const PoolPlan& plan, const Tensor& input, PoolIndices indices, int threads, Job* job) {
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  if (Result<void> good = check_dtype("input", input, plan.dtype); !good) return good.error();
  Result<Tensor> output = Tensor::uninitialized(plan.output_shape(), plan.dtype);
  if (!output) return output.error();
  PoolResult result{*output, {}};
  if (indices == PoolIndices::wanted && plan.kind == PoolKind::max) {
    result.indices.resize(static_cast<size_t>(plan.output_cells()));
  }
  int64_t* index_data = result.indices.empty() ? nullptr : result.indices.data();
  threads = useful_threads(plan, threads);
  const Result<void> done =
      plan.dtype == DType::float32
          ? run<float>(plan, input.data<float>(), result.output.mutable_data<float>(), index_data, threads, job)
          : run<double>(plan, input.data<double>(), result.output.mutable_data<double>(), index_data, threads, job);
  if (!done) return done.error();
  return result;
}

}  // namespace convscope
