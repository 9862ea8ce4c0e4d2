#include "engine/fold.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/checked_math.h"
#include "engine/conv_nd.h"
#include "engine/output_size.h"
#include "engine/row_kernels.h"
#include "engine/row_taps.h"
#include "engine/thread_pool.h"

namespace convscope {

Shape FoldPlan::picture_shape() const {
  return windows.append(unbatched ? Shape{channels} : Shape{batch, channels}, &WindowAxis::extent);
}

Shape FoldPlan::columns_shape() const {
  const int64_t rows = channels * windows.taps();
  return unbatched ? Shape{rows, windows.count()} : Shape{batch, rows, windows.count()};
}

namespace {

/// The windows over a picture of the given extents; `field` is to blame where none fits.
Result<Windows> windows_over(const FoldParams& params, const Spatial& extents) {
  if (params.padding.kind == PaddingKind::same || params.padding.kind == PaddingKind::valid) {
    return Error{"error.padding_word", "padding", {}};
  }
  if (Result<void> good = check_window_numbers(params.kernel_size, params.stride, params.padding, params.dilation);
      !good) {
    return good.error();
  }
  Windows windows;
  windows.dims = extents.dims();
  Spatial effective = extents, padded = extents;
  bool fits = true;
  for (int i = 0; i < windows.dims; ++i) {
    WindowAxis& axis = windows.axis(i);
    const bool apart = params.padding.kind == PaddingKind::pads;
    axis.extent = extents[i];
    axis.kernel = params.kernel_size[i];
    axis.stride = params.stride[i];
    axis.dilation = params.dilation[i];
    axis.pad_begin = apart ? params.padding.begin[i] : params.padding.both[i];
    axis.pad_end = apart ? params.padding.end[i] : params.padding.both[i];
    const std::optional<OutputSize> size =
        output_size(axis.extent, axis.pad_begin, axis.pad_end, axis.kernel, axis.dilation, axis.stride);
    if (!size) return size_overflow(axis);
    effective[i] = size->effective_k;
    padded[i] = size->effective_k + size->numerator;
    axis.count = size->out;
    fits = fits && size->numerator >= 0;
  }
  if (!fits) {
    return Error{
        "error.kernel_larger_than_input",
        "kernel_size",
        {params.kernel_size.to_string(), params.dilation.to_string(), effective.to_string_by(), padded.to_string_by()}};
  }
  const Spatial kernel = params.kernel_size;
  if (!checked_product({kernel[0], kernel[1]})) return size_overflow("kernel_size");
  if (!checked_product({windows.height().count, windows.width().count})) return size_overflow("output");
  return windows;
}

}  // namespace

Result<FoldPlan> validate_unfold(const FoldParams& params, const Shape& input_shape) {
  const Result<Leading> leading = check_input_shape("unfold", 2, input_shape);
  if (!leading) return leading.error();
  const int rank = input_shape.rank();
  const Result<Windows> windows = windows_over(params, {input_shape[rank - 2], input_shape[rank - 1]});
  if (!windows) return windows.error();
  FoldPlan plan{params.dtype, leading->unbatched, leading->batch, leading->channels, *windows};
  if (!checked_mul(plan.channels, windows->taps())) return size_overflow("output");
  if (!plan.columns_shape().numel() || !Shape({plan.channels * windows->taps(), windows->count()}).numel()) {
    return size_overflow("output");
  }
  return plan;
}

Result<FoldPlan> validate_fold(const FoldParams& params, const Shape& input_shape) {
  const int rank = input_shape.rank();
  if (rank != 2 && rank != 3) return Error{"error.fold_rank", "input", {input_shape.to_string()}};
  const int64_t batch = rank == 3 ? input_shape[0] : 1, rows = input_shape[rank - 2], columns = input_shape[rank - 1];
  if (batch < 0 || rows < 1 || columns < 1) return Error{"error.input_empty", "input", {input_shape.to_string()}};
  if (!input_shape.numel() || !Shape({rows, columns}).numel()) return size_overflow("input");
  if (!params.output_size.all_at_least(1)) {
    return Error{"error.output_size_not_positive", "output_size", {params.output_size.to_string()}};
  }
  const Result<Windows> windows = windows_over(params, params.output_size);
  if (!windows) return windows.error();
  const int64_t taps = windows->taps();
  if (rows % taps != 0) {
    return Error{"error.fold_channels",
                 "input",
                 {input_shape.to_string(), std::to_string(rows), std::to_string(taps), params.kernel_size.to_string()}};
  }
  if (columns != windows->count()) {
    return Error{"error.fold_columns",
                 "input",
                 {input_shape.to_string(), std::to_string(columns), std::to_string(windows->count()),
                  windows->all(&WindowAxis::count).to_string_by()}};
  }
  FoldPlan plan{params.dtype, rank == 2, batch, rows / taps, *windows};
  const Shape one_image = windows->append({plan.channels}, &WindowAxis::extent);
  if (!one_image.numel() || !plan.picture_shape().numel()) return size_overflow("output");
  return plan;
}

namespace {

/// Calls body(tap, window) for every tap along an axis that stands on the cell, in the order of the taps.
template <class Body>
void for_taps_on(const WindowAxis& axis, int64_t cell, const Body& body) {
  if (axis.count == 1 || axis.kernel == 1) {
    // Stride or dilation are of no account and may be as large as int64_t holds.
    const int64_t place = cell - axis.cell(0, 0);
    const int64_t step = axis.count == 1 ? axis.dilation : axis.stride;
    if (place < 0 || place % step != 0) return;
    const int64_t index = place / step;
    if (axis.count == 1 && index < axis.kernel) body(index, 0);
    if (axis.count > 1 && index < axis.count) body(0, index);
    return;
  }
  const int64_t reach = axis.effective_kernel() - 1;
  const int64_t place = cell - axis.cell(0, 0);  // of tap 0 of window 0 it is so far
  if (place < 0) return;
  const int64_t last = std::min(axis.count - 1, place / axis.stride);
  const int64_t first = place <= reach ? 0 : (place - reach + axis.stride - 1) / axis.stride;
  if (last - first + 1 <= axis.kernel) {
    for (int64_t window = last; window >= first; --window) {
      const int64_t distance = place - window * axis.stride;
      if (distance % axis.dilation == 0) body(distance / axis.dilation, window);
    }
    return;
  }
  for (int64_t tap = 0; tap < axis.kernel && tap * axis.dilation <= place; ++tap) {
    const int64_t distance = place - tap * axis.dilation;
    if (distance % axis.stride == 0 && distance / axis.stride < axis.count) body(tap, distance / axis.stride);
  }
}

}  // namespace

template <class T>
bool fold_channel(const Windows& windows, int64_t first, int64_t count, const T* columns, int64_t stride, T* cells) {
  const WindowAxis& depth = windows.depth();
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  const RowKernels<T> kernels = row_kernels<T>();
  // Cells that are a stride apart are summed side by side and put in their places when the row is complete.
  constexpr int64_t kMostPhases = 16;
  const bool in_place = width.count > 1 && width.stride > kMostPhases;
  const int64_t phases = width.count == 1 || in_place ? 1 : width.stride;
  const int64_t phase_width = (width.extent + phases - 1) / phases;
  thread_local AlignedBuffer sums_buffer;
  T* sums = sums_buffer.template reserve_for<T>(in_place ? 1 : phases * phase_width);
  if (sums == nullptr) return false;
  const T* phase_rows[kMostPhases] = {};
  for (int64_t phase = 0; phase < phases; ++phase) phase_rows[phase] = sums + phase * phase_width;

  // Where each tap of a whole row of windows goes: the same for all rows.
  struct Target {
    WindowRange on;
    int64_t at = 0;  // among the sums
  };
  const auto target = [&](int64_t s, int64_t begin, int64_t end) {
    Target to{windows_on_cells(width, s, begin, end - begin), 0};
    const int64_t cell = to.on.begin < to.on.end ? width.cell(to.on.begin, s) : 0;
    to.at = cell % phases * phase_width + cell / phases;
    return to;
  };
  thread_local std::vector<Target> targets;
  targets.clear();
  for (int64_t s = 0; s < width.kernel; ++s) targets.push_back(target(s, 0, width.count));

  for (int64_t z = 0; z < depth.extent; ++z) {
    for (int64_t y = 0; y < height.extent; ++y, cells += width.extent) {
      bool any = false;
      const auto add_row = [&](int64_t t, int64_t o, int64_t r, int64_t p) {
        // The windows of the row that are among those given.
        const int64_t row = (o * height.count + p) * width.count;
        const int64_t begin = std::max<int64_t>(0, first - row), end = std::min(width.count, first + count - row);
        if (begin >= end) return;
        if (!any && !in_place) std::fill_n(sums, phases * phase_width, T{0});
        any = true;
        const T* tap = columns + (t * height.kernel + r) * width.kernel * stride + (row - first);
        for (int64_t s = 0; s < width.kernel; ++s, tap += stride) {
          const bool is_whole = begin == 0 && end == width.count;
          const Target to = is_whole ? targets[static_cast<size_t>(s)] : target(s, begin, end);
          const WindowRange on = to.on;
          if (on.begin >= on.end) continue;
          if (in_place) {
            for (int64_t q = on.begin; q < on.end; ++q) cells[width.cell(q, s)] += tap[q];
            continue;
          }
          kernels.add_to_own(tap + on.begin, on.end - on.begin, sums + to.at);
        }
      };
      for_taps_on(depth, z, [&](int64_t t, int64_t o) {
        for_taps_on(height, y, [&](int64_t r, int64_t p) { add_row(t, o, r, p); });
      });
      if (!any || in_place) continue;
      if (phases == 1) {
        kernels.add(sums, width.extent, cells);
      } else if (count == windows.count()) {
        kernels.interleave(phase_rows, phases, width.extent, cells);
      } else {
        for (int64_t x = 0; x < width.extent; ++x) cells[x] += phase_rows[x % phases][x / phases];
      }
    }
  }
  return true;
}

template bool fold_channel<float>(const Windows&, int64_t, int64_t, const float*, int64_t, float*);
template bool fold_channel<double>(const Windows&, int64_t, int64_t, const double*, int64_t, double*);

namespace {

template <class T>
void unfold_channel(const Windows& windows, const T* cells, T* columns) {
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  const RowKernels<T> kernels = row_kernels<T>();
  for (int64_t r = 0; r < height.kernel; ++r) {
    for (int64_t s = 0; s < width.kernel; ++s) {
      const WindowRange on = windows_on_cells(width, s, 0, width.count);
      for (int64_t p = 0; p < height.count; ++p, columns += width.count) {
        const int64_t y = height.cell(p, r);
        if (y < 0 || y >= height.extent || on.begin >= on.end) {
          std::fill_n(columns, width.count, T{0});
          continue;
        }
        std::fill_n(columns, on.begin, T{0});
        kernels.pick(cells + y * width.extent + width.cell(on.begin, s), width.stride, on.end - on.begin,
                     columns + on.begin);
        std::fill_n(columns + on.end, width.count - on.end, T{0});
      }
    }
  }
}

enum class Direction : uint8_t { unfold, fold };

template <class T>
Result<void> run(const FoldPlan& plan, Direction direction, const T* from, Tensor& result, int threads, Job* job) {
  const int64_t cells = plan.windows.cells(), column_block = plan.windows.taps() * plan.windows.count();
  const int64_t channels = plan.batch * plan.channels;
  T* to = result.mutable_data<T>();
  std::atomic<int64_t> done{0};
  std::atomic<bool> out_of_memory{false};
  constexpr double kNumbersPerThread = 1 << 18;
  const auto numbers = static_cast<double>(plan.columns_shape().numel().value_or(0));
  parallel_for(useful_threads(threads, numbers, kNumbersPerThread), channels, [&](int64_t c) {
    if (out_of_memory || (job != nullptr && job->is_cancelled())) return;
    if (direction == Direction::unfold) {
      unfold_channel(plan.windows, from + c * cells, to + c * column_block);
    } else if (!fold_channel(plan.windows, 0, plan.windows.count(), from + c * column_block, plan.windows.count(),
                             to + c * cells)) {
      out_of_memory = true;
      return;
    }
    const int64_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(finished) / static_cast<float>(channels));
  });
  if (out_of_memory) {
    return Error{"error.out_of_memory", "", {result.shape().to_string(), std::to_string(result.bytes() >> 20)}};
  }
  if (done < channels) return Error{"error.cancelled", "", {}};
  return {};
}

Result<Tensor> run(const FoldPlan& plan, Direction direction, const Tensor& from, int threads, Job* job) {
  const bool unfolds = direction == Direction::unfold;
  const Shape wanted = unfolds ? plan.picture_shape() : plan.columns_shape();
  if (from.shape() != wanted) {
    return Error{"error.input_shape", "input", {from.shape().to_string(), wanted.to_string()}};
  }
  if (Result<void> good = check_dtype("input", from, plan.dtype); !good) return good.error();
  // fold adds to what it finds; unfold writes every number.
  Result<Tensor> to = unfolds ? Tensor::uninitialized(plan.columns_shape(), plan.dtype)
                              : Tensor::zeros(plan.picture_shape(), plan.dtype);
  if (!to) return to;
  const Result<void> done = plan.dtype == DType::float32
                                ? run<float>(plan, direction, from.data<float>(), *to, threads, job)
                                : run<double>(plan, direction, from.data<double>(), *to, threads, job);
  if (!done) return done.error();
  if (job != nullptr) job->report(1);
  return to;
}

}  // namespace

Result<Tensor> unfold(const FoldPlan& plan, const Tensor& picture, int threads, Job* job) {
  return run(plan, Direction::unfold, picture, threads, job);
}

Result<Tensor> fold(const FoldPlan& plan, const Tensor& columns, int threads, Job* job) {
  return run(plan, Direction::fold, columns, threads, job);
}

}  // namespace convscope
