#include "engine/pool.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/conv_nd.h"
#include "engine/row_kernels.h"
#include "engine/row_taps.h"
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

/// What each column of windows has in its window along the width: cells of the input, and all that count.
struct ColumnCounts {
  std::vector<int64_t> real, with_padding;
};

ColumnCounts column_counts(const WindowAxis& width) {
  ColumnCounts counts;
  for (int64_t q = 0; q < width.count; ++q) {
    const TapRange inside = taps_inside(width, q);
    counts.real.push_back(std::max<int64_t>(0, inside.last - inside.first));
    counts.with_padding.push_back(cells_with_padding(width, q));
  }
  return counts;
}

/// Pooling by rows: the taps of all windows of a row are rows themselves, joined number by number.
template <class T>
class RowPooling {
 public:
  explicit RowPooling(const PoolPlan& plan)
      : plan_(plan), taps_(plan.windows.width(), 0, plan.windows.width().count), kernels_(row_kernels<T>()) {
    if (plan.kind == PoolKind::average) counts_ = column_counts(plan.windows.width());
  }

  /// Pays where a row has several windows and its cells fit the cache a few times over.
  static bool applies(const PoolPlan& plan) {
    const WindowAxis& width = plan.windows.width();
    return width.count >= 4 && width.kernel <= kMostTaps && width.count <= kMostNumbers &&
           width.extent <= kMostNumbers && plan.windows.taps() <= kMostTaps;
  }

  /// Where there is no memory for it: false.
  bool pool_channel(const T* cells, T* output) const {
    const WindowAxis& depth = plan_.windows.depth();
    const WindowAxis& height = plan_.windows.height();
    const int64_t count = plan_.windows.width().count;
    thread_local AlignedBuffer rows_buffer, divisors_buffer;
    thread_local std::vector<const T*> rows;
    thread_local std::vector<int64_t> held;  // which row of cells each slot holds
    // A slot for each row of a window: those that the next window shares are there already.
    const int64_t slots = depth.kernel * height.kernel;
    T* laid_out = rows_buffer.template reserve_for<T>(slots * taps_.width());
    T* divisors = divisors_buffer.template reserve_for<T>(count);
    if (laid_out == nullptr || divisors == nullptr) return false;
    held.assign(static_cast<size_t>(slots), -1);
    const T fill = plan_.kind == PoolKind::max ? -std::numeric_limits<T>::infinity() : T{0};

    for (int64_t o = 0; o < depth.count; ++o) {
      const TapRange in_depth = taps_inside(depth, o);
      for (int64_t p = 0; p < height.count; ++p, output += count) {
        const TapRange in_height = taps_inside(height, p);
        rows.clear();
        for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
          for (int64_t r = in_height.first; r < in_height.last; ++r) {
            const int64_t row = depth.cell(o, t) * height.extent + height.cell(p, r);
            // Rows that stand below each other never meet in a slot while both are needed.
            const int64_t slot = t * height.kernel + (height.dilation == 1 ? height.cell(p, r) % height.kernel : r);
            T* at = laid_out + slot * taps_.width();
            if (held[static_cast<size_t>(slot)] != row) {
              taps_.lay_out(kernels_, cells + row * plan_.windows.width().extent, fill, at);
              held[static_cast<size_t>(slot)] = row;
            }
            for (int64_t s = 0; s < plan_.windows.width().kernel; ++s) rows.push_back(at + taps_.offset(s));
          }
        }
        if (rows.empty()) {
          std::fill_n(output, count, fill);
        } else if (plan_.kind == PoolKind::max) {
          kernels_.largest(rows.data(), std::ssize(rows), count, output);
        } else {
          kernels_.sum(rows.data(), std::ssize(rows), false, count, output);
          divide(depth, o, in_depth, height, p, in_height, divisors, output);
        }
      }
    }
    return true;
  }

 private:
  static constexpr int64_t kMostTaps = 4096, kMostNumbers = int64_t{1} << 22;

  void divide(const WindowAxis& depth, int64_t o, const TapRange& in_depth, const WindowAxis& height, int64_t p,
              const TapRange& in_height, T* divisors, T* output) const {
    const auto count = static_cast<size_t>(plan_.windows.width().count);
    if (plan_.divisor_override) {
      std::fill_n(divisors, count, static_cast<T>(*plan_.divisor_override));
    } else {
      const bool padded = plan_.count_include_pad;
      const int64_t others = padded ? cells_with_padding(depth, o) * cells_with_padding(height, p)
                                    : (in_depth.last - in_depth.first) * (in_height.last - in_height.first);
      const std::vector<int64_t>& own = padded ? counts_.with_padding : counts_.real;
      // A window without any cell has the sum 0, which stays.
      for (size_t q = 0; q < count; ++q) {
        divisors[q] = counts_.real[q] > 0 ? static_cast<T>(others * own[q]) : T{1};
      }
    }
    for (size_t q = 0; q < count; ++q) output[q] /= divisors[q];
  }

  const PoolPlan& plan_;
  RowTaps taps_;
  RowKernels<T> kernels_;
  ColumnCounts counts_;
};

template <class T>
Result<void> run(const PoolPlan& plan, const T* input, T* output, int64_t* indices, int threads, Job* job) {
  const int64_t planes = plan.batch * plan.channels;
  std::atomic<int64_t> done{0};
  std::optional<RowPooling<T>> by_rows;
  if (indices == nullptr && RowPooling<T>::applies(plan)) by_rows.emplace(plan);
  parallel_for(threads, planes, [&](int64_t plane) {
    if (job != nullptr && job->is_cancelled()) return;
    const T* cells = input + plane * plan.windows.cells();
    T* to = output + plane * plan.windows.count();
    if (by_rows && by_rows->pool_channel(cells, to)) {
      // Done.
    } else if (plan.kind == PoolKind::max) {
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
  constexpr double kTapsPerThread = 1 << 18;
  const double taps = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.windows.taps());
  threads = useful_threads(threads, taps, kTapsPerThread);
  const Result<void> done =
      plan.dtype == DType::float32
          ? run<float>(plan, input.data<float>(), result.output.mutable_data<float>(), index_data, threads, job)
          : run<double>(plan, input.data<double>(), result.output.mutable_data<double>(), index_data, threads, job);
  if (!done) return done.error();
  return result;
}

}  // namespace convscope
