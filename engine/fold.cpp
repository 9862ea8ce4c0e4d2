#include "engine/fold.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/aligned_buffer.h"
#include "engine/checked_math.h"
#include "engine/conv_nd.h"
#include "engine/division.h"
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

// Numbers that an item reads, as far as whole rows allow: what pays for a thread.
constexpr int64_t kNumbersOfItem = 1 << 18;
// Between two looks whether the job was cancelled, in rows of windows that are longer than this.
constexpr int64_t kLongRow = 1 << 14;

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
  const int64_t first = place <= reach ? 0 : (place - reach - 1) / axis.stride + 1;
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
RowFolding<T>::RowFolding(const Windows& windows) : windows_(windows), kernels_(row_kernels<T>()) {
  constexpr int64_t kMostTargets = 4096;
  const WindowAxis& width = windows_.width();
  in_place_ = width.count > 1 && width.stride > kMostPhases;
  phases_ = width.count == 1 || in_place_ ? 1 : width.stride;
  phase_width_ = ceil_divide(width.extent, phases_);
  // Rows of cells that are summed together stay in the first-level cache.
  constexpr int64_t kBandBytes = 24 << 10;
  band_rows_ = kBandBytes / static_cast<int64_t>(sizeof(T)) / (phases_ * phase_width_);
  is_banded_ = !in_place_ && band_rows_ > 1 && width.kernel <= kMostTargets &&
               windows_.height().kernel <= kMostTargets && width.count <= kLongRow / width.kernel;
  if (width.kernel > kMostTargets) return;
  for (int64_t s = 0; s < width.kernel; ++s) targets_.push_back(target(s, 0, width.count));
}

template <class T>
typename RowFolding<T>::Target RowFolding<T>::target(int64_t tap, int64_t begin, int64_t end) const {
  const WindowAxis& width = windows_.width();
  Target to{windows_on_cells(width, tap, begin, end - begin), 0};
  const int64_t cell = to.on.begin < to.on.end ? width.cell(to.on.begin, tap) : 0;
  to.at = cell % phases_ * phase_width_ + cell / phases_;
  return to;
}

template <class T>
int64_t RowFolding<T>::rows() const {
  return windows_.depth().extent * windows_.height().extent;
}

template <class T>
int64_t RowFolding<T>::rows_at_once() const {
  const double numbers = static_cast<double>(windows_.taps()) * static_cast<double>(windows_.count()) +
                         static_cast<double>(windows_.cells());
  const double parts = std::max(1.0, numbers / kNumbersOfItem);
  return static_cast<int64_t>(std::max(1.0, static_cast<double>(rows()) / parts));
}

template <class T>
Outcome RowFolding<T>::add(int64_t row, int64_t row_end, int64_t first, int64_t count, const T* columns, int64_t stride,
                           T* cells, const Job* job) const {
  const WindowAxis& depth = windows_.depth();
  const WindowAxis& height = windows_.height();
  const WindowAxis& width = windows_.width();
  const auto stopped = [job] { return job != nullptr && job->is_cancelled(); };
  if (is_banded_ && count == windows_.count()) return add_bands(row, row_end, columns, stride, cells, job);
  thread_local AlignedBuffer sums_buffer;
  T* sums = sums_buffer.template reserve_for<T>(in_place_ ? 1 : phases_ * phase_width_);
  if (sums == nullptr) return Outcome::out_of_memory;
  const T* phase_rows[kMostPhases] = {};
  for (int64_t phase = 0; phase < phases_; ++phase) phase_rows[phase] = sums + phase * phase_width_;

  Outcome outcome = Outcome::finished;
  for (; row < row_end; ++row) {
    if (stopped()) {
      outcome = Outcome::cancelled;
      break;
    }
    T* const to = cells + row * width.extent;
    bool any = false, is_broken_off = false;
    const auto add_row = [&](int64_t t, int64_t o, int64_t r, int64_t p) {
      // The windows of the row that are among those given.
      const int64_t row_of_windows = (o * height.count + p) * width.count;
      const int64_t begin = std::max<int64_t>(0, first - row_of_windows);
      const int64_t end = std::min(width.count, first + count - row_of_windows);
      if (begin >= end) return;
      if (!any && !in_place_) std::fill_n(sums, phases_ * phase_width_, T{0});
      any = true;
      const bool is_known = begin == 0 && end == width.count && !targets_.empty();
      const bool is_long = end - begin > kLongRow || width.kernel > kLongRow;
      const T* tap = columns + (t * height.kernel + r) * width.kernel * stride + (row_of_windows - first);
      for (int64_t s = 0; s < width.kernel; ++s, tap += stride) {
        is_broken_off = is_broken_off || (is_long && stopped());
        if (is_broken_off) return;
        const Target target_of_tap = is_known ? targets_[static_cast<size_t>(s)] : target(s, begin, end);
        const WindowRange on = target_of_tap.on;
        if (on.begin >= on.end) continue;
        if (in_place_) {
          for (int64_t q = on.begin; q < on.end; ++q) to[width.cell(q, s)] += tap[q];
          continue;
        }
        kernels_.add_to_own(tap + on.begin, on.end - on.begin, sums + target_of_tap.at);
      }
    };
    for_taps_on(depth, row / height.extent, [&](int64_t t, int64_t o) {
      for_taps_on(height, row % height.extent, [&](int64_t r, int64_t p) { add_row(t, o, r, p); });
    });
    if (is_broken_off) {
      outcome = Outcome::cancelled;
      break;
    }
    if (!any || in_place_) continue;
    if (phases_ == 1) {
      kernels_.add(sums, width.extent, to);
    } else if (count == windows_.count()) {
      kernels_.interleave(phase_rows, phases_, width.extent, to);
    } else {
      for (int64_t x = 0; x < width.extent; ++x) to[x] += phase_rows[x % phases_][x / phases_];
    }
  }
  // No thread keeps the sums of a very long row.
  constexpr size_t kKept = size_t{4} << 20;
  if (sums_buffer.size() > kKept) sums_buffer.release();
  return outcome;
}

/// add() for all windows, some rows of cells of a plane at a time: each tap has a row in every so many of them.
template <class T>
Outcome RowFolding<T>::add_bands(int64_t row, int64_t row_end, const T* columns, int64_t stride, T* cells,
                                 const Job* job) const {
  const WindowAxis& height = windows_.height();
  const WindowAxis& width = windows_.width();
  thread_local AlignedBuffer sums_buffer;
  T* sums = sums_buffer.template reserve_for<T>(band_rows_ * phases_ * phase_width_);
  if (sums == nullptr) return Outcome::out_of_memory;
  const int64_t step = height.count == 1 ? 1 : height.stride, row_sums = phases_ * phase_width_;
  for (int64_t end = row; row < row_end; row = end) {
    if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
    const int64_t z = row / height.extent, y0 = row % height.extent;
    const int64_t rows = std::min({band_rows_, row_end - row, height.extent - y0});
    end = row + rows;
    std::fill_n(sums, rows * row_sums, T{0});
    for_taps_on(windows_.depth(), z, [&](int64_t t, int64_t o) {
      for (int64_t r = 0; r < height.kernel; ++r) {
        // The rows of windows whose tap stands on a row of the band.
        const int64_t place = height.cell(0, r) - y0;
        const int64_t begin = place >= 0 ? 0 : ceil_divide(-place, step);
        const int64_t behind = place >= rows ? 0 : std::min(height.count, (rows - 1 - place) / step + 1);
        if (begin >= behind) continue;
        const T* tap =
            columns + (t * height.kernel + r) * width.kernel * stride + (o * height.count + begin) * width.count;
        T* to = sums + (place + begin * step) * row_sums;
        const int64_t pitch = behind - begin == 1 ? 0 : step * row_sums;
        for (const Target& target_of_tap : targets_) {
          const WindowRange on = target_of_tap.on;
          if (on.begin < on.end) {
            kernels_.add_rows_to_own(tap + on.begin, width.count, behind - begin, on.end - on.begin,
                                     to + target_of_tap.at, pitch);
          }
          tap += stride;
        }
      }
    });
    const T* phase_rows[kMostPhases] = {};
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t phase = 0; phase < phases_; ++phase) phase_rows[phase] = sums + i * row_sums + phase * phase_width_;
      T* to = cells + (row + i) * width.extent;
      kernels_.interleave(phase_rows, phases_, width.extent, to);
    }
  }
  return Outcome::finished;
}

template class RowFolding<float>;
template class RowFolding<double>;

namespace {

/// Writes lines [line, line_end) of a channel's columns: a line is a row of windows' worth of one tap, in the order (r,
/// s, p).
template <class T>
void unfold_lines(const Windows& windows, int64_t line, int64_t line_end, const T* cells, T* columns) {
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  const RowKernels<T> kernels = row_kernels<T>();
  const int64_t count = width.count;
  // All windows' rows of a tap are a stretch of the picture, but for what stands on padding.
  const bool is_stretch = width.stride == 1 && count == width.extent && (height.stride == 1 || height.count == 1);
  columns += line * count;
  while (line < line_end) {
    const int64_t tap = line / height.count, r = tap / width.kernel, s = tap % width.kernel, p = line % height.count;
    const int64_t rows = std::min(line_end - line, height.count - p);
    const WindowRange down = windows_on_cells(height, r, p, rows), on = windows_on_cells(width, s, 0, count);
    line += rows;
    if (down.begin >= down.end || on.begin >= on.end) {
      columns = std::fill_n(columns, rows * count, T{0});
      continue;
    }
    columns = std::fill_n(columns, (down.begin - p) * count, T{0});
    const T* from = cells + height.cell(down.begin, r) * width.extent + width.cell(on.begin, s);
    const int64_t real_rows = down.end - down.begin;
    if (is_stretch) {
      std::memcpy(columns + on.begin, from,
                  static_cast<size_t>((real_rows - 1) * count + on.end - on.begin) * sizeof(T));
    } else {
      // Where there is one row its stride does not matter, and may be as large as int64_t holds.
      const int64_t pitch = real_rows == 1 ? 0 : height.stride * width.extent;
      kernels.pick_rows(from, pitch, real_rows, width.stride, on.end - on.begin, columns + on.begin, count);
    }
    for (int64_t row = 0; row < real_rows; ++row, columns += count) {
      for (int64_t q = 0; q < on.begin; ++q) columns[q] = T{0};
      for (int64_t q = on.end; q < count; ++q) columns[q] = T{0};
    }
    columns = std::fill_n(columns, (p + rows - down.end) * count, T{0});
  }
}

enum class Direction : uint8_t { unfold, fold };

template <class T>
Result<void> run(const FoldPlan& plan, Direction direction, const T* from, Tensor& result, int threads, Job* job) {
  const Windows& windows = plan.windows;
  const int64_t cells = windows.cells(), column_block = windows.taps() * windows.count();
  const bool unfolds = direction == Direction::unfold;
  const RowFolding<T> folding(windows);
  // An item is some lines of a channel's columns, or some rows of its cells.
  const int64_t lines = unfolds ? windows.taps() * windows.height().count : folding.rows();
  const int64_t at_once =
      unfolds ? std::max<int64_t>(1, kNumbersOfItem / windows.width().count) : folding.rows_at_once();
  const int64_t parts = ceil_divide(lines, at_once), items = plan.batch * plan.channels * parts;
  T* to = result.mutable_data<T>();
  std::atomic<int64_t> done{0};
  std::atomic<bool> out_of_memory{false};
  constexpr double kNumbersPerThread = 1 << 18;
  const auto numbers = static_cast<double>(plan.columns_shape().numel().value_or(0));
  parallel_for(useful_threads(threads, numbers, kNumbersPerThread), items, [&](int64_t item) {
    if (out_of_memory || (job != nullptr && job->is_cancelled())) return;
    const int64_t c = item / parts, line = item % parts * at_once, line_end = std::min(lines, line + at_once);
    Outcome outcome = Outcome::finished;
    if (unfolds) {
      unfold_lines(windows, line, line_end, from + c * cells, to + c * column_block);
    } else {
      outcome = folding.add(line, line_end, 0, windows.count(), from + c * column_block, windows.count(),
                            to + c * cells, job);
    }
    if (outcome == Outcome::out_of_memory) out_of_memory = true;
    if (outcome != Outcome::finished) return;
    const int64_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(finished) / static_cast<float>(items));
  });
  if (out_of_memory) return convscope::out_of_memory(result.shape(), result.dtype());
  if (done < items) return Error{"error.cancelled", "", {}};
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
