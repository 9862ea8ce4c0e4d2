#include "engine/pool.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/conv2d_runner.h"
#include "engine/conv_nd.h"
#include "engine/division.h"
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

/// Windows of a plane that are pooled together: of the rows [row, row_end), counted through all depths, the columns
/// [first, first + count).
struct Block {
  int64_t row = 0, row_end = 0, first = 0, count = 0;
};

/// How a plane of windows is cut into blocks of so many rows and columns, the last ones smaller.
struct Cut {
  int64_t all_rows = 1, all_columns = 1;
  int64_t rows = 1, columns = 1;
  int64_t across = 1, blocks = 1;

  Block block(int64_t i) const {
    const int64_t row = i / across * rows, first = i % across * columns;
    return {row, std::min(row + rows, all_rows), first, std::min(columns, all_columns - first)};
  }
};

// Taps of a block, as far as whole rows and cells allow: what pays for a thread, and less than a millisecond.
constexpr int64_t kTapsOfBlock = 1 << 18;

Cut cut_of(const Windows& windows, int64_t columns, int64_t fewest_rows) {
  Cut cut;
  cut.all_rows = windows.depth().count * windows.height().count;
  cut.all_columns = windows.width().count;
  cut.columns = columns;
  const int64_t wanted = std::max<int64_t>(1, kTapsOfBlock / windows.taps() / columns);
  cut.rows = std::min(std::max(wanted, fewest_rows), cut.all_rows);
  cut.across = ceil_divide(cut.all_columns, columns);
  cut.blocks = ceil_divide(cut.all_rows, cut.rows) * cut.across;
  return cut;
}

/// A row of windows: its place along depth and height, and the taps that stand on the input there.
struct WindowRow {
  const WindowAxis& depth;
  const WindowAxis& height;
  int64_t o, p;
  TapRange in_depth = taps_inside(depth, o), in_height = taps_inside(height, p);

  WindowRow(const Windows& windows, int64_t row)
      : depth(windows.depth()), height(windows.height()), o(row / height.count), p(row % height.count) {}
  /// To the next one, which there must be.
  void advance() {
    if (++p == height.count) {
      p = 0;
      in_depth = taps_inside(depth, ++o);
    }
    in_height = taps_inside(height, p);
  }
};

bool is_cancelled(const Job* job) { return job != nullptr && job->is_cancelled(); }

/// False where the job was cancelled, which is looked at once for a row of windows; for each of their rows where they
/// are vast, which ordinary ones need not pay for.
template <bool kVast, class T>
bool max_pool_block(const Windows& windows, const Block& block, const T* cells, T* output, int64_t* indices,
                    const Job* job) {
  const WindowAxis& depth = windows.depth();
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  WindowRow here(windows, block.row);
  for (int64_t row = block.row; row < block.row_end; ++row) {
    if (is_cancelled(job)) return false;
    if (row > block.row) here.advance();
    const int64_t o = here.o, p = here.p;
    const TapRange in_depth = here.in_depth, in_height = here.in_height;
    const int64_t place = row * width.count + block.first;
    T* to = output + place;
    int64_t* index_to = indices != nullptr ? indices + place : nullptr;
    for (int64_t q = block.first; q < block.first + block.count; ++q) {
      const TapRange in_width = taps_inside(width, q);
      T largest = -std::numeric_limits<T>::infinity();
      // Where nothing is larger than -inf the index is the first tap's, as PyTorch has it.
      int64_t at = (depth.cell(o, in_depth.first) * height.extent + height.cell(p, in_height.first)) * width.extent +
                   width.cell(q, in_width.first);
      for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
        for (int64_t r = in_height.first; r < in_height.last; ++r) {
          if (kVast && is_cancelled(job)) return false;
          const int64_t line = (depth.cell(o, t) * height.extent + height.cell(p, r)) * width.extent;
          for (int64_t s = in_width.first; s < in_width.last; ++s) {
            const int64_t cell = line + width.cell(q, s);
            const T value = cells[cell];
            if (!(value > largest) && !std::isnan(value)) continue;
            largest = value;
            at = cell;
          }
        }
      }
      *to++ = largest;
      if (index_to != nullptr) *index_to++ = at;
    }
  }
  return true;
}

/// The cells of a window along one axis, padding included but not what ceil_mode adds beyond it.
int64_t cells_with_padding(const WindowAxis& axis, int64_t window) {
  const int64_t origin = axis.cell(window, 0);
  return std::min(origin + axis.kernel, axis.extent + axis.pad_end) - origin;
}

/// a * b * c as the sum's divisor: exact as long as it fits int64_t, which windows over vast paddings pass.
template <class T>
T divisor_of(int64_t a, int64_t b, int64_t c) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product) && !__builtin_mul_overflow(product, c, &product)) {
    return static_cast<T>(product);
  }
  return static_cast<T>(static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c));
}

/// The same.
template <bool kVast, class T>
bool average_pool_block(const PoolPlan& plan, const Block& block, const T* cells, T* output, const Job* job) {
  const Windows& windows = plan.windows;
  const WindowAxis& depth = windows.depth();
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  WindowRow here(windows, block.row);
  for (int64_t row = block.row; row < block.row_end; ++row) {
    if (is_cancelled(job)) return false;
    if (row > block.row) here.advance();
    const int64_t o = here.o, p = here.p;
    const TapRange in_depth = here.in_depth, in_height = here.in_height;
    T* to = output + row * width.count + block.first;
    for (int64_t q = block.first; q < block.first + block.count; ++q) {
      const TapRange in_width = taps_inside(width, q);
      T sum = 0;
      for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
        for (int64_t r = in_height.first; r < in_height.last; ++r) {
          if (kVast && is_cancelled(job)) return false;
          const T* line = cells + (depth.cell(o, t) * height.extent + height.cell(p, r)) * width.extent;
          for (int64_t s = in_width.first; s < in_width.last; ++s) sum += line[width.cell(q, s)];
        }
      }
      const int64_t real = std::max<int64_t>(0, in_depth.last - in_depth.first) *
                           std::max<int64_t>(0, in_height.last - in_height.first) *
                           std::max<int64_t>(0, in_width.last - in_width.first);
      auto divisor = static_cast<T>(real);
      if (plan.divisor_override) {
        divisor = static_cast<T>(*plan.divisor_override);
      } else if (plan.count_include_pad) {
        divisor =
            divisor_of<T>(cells_with_padding(depth, o), cells_with_padding(height, p), cells_with_padding(width, q));
      }
      *to++ = real > 0 ? sum / divisor : T{0};
    }
  }
  return true;
}

template <bool kVast, class T>
bool pool_block(const PoolPlan& plan, const Block& block, const T* cells, T* output, int64_t* indices, const Job* job) {
  return plan.kind == PoolKind::max ? max_pool_block<kVast>(plan.windows, block, cells, output, indices, job)
                                    : average_pool_block<kVast>(plan, block, cells, output, job);
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
  /// Nothing where it does not pay: a row must have several windows, and the rows under a block fit the cache.
  static std::optional<RowPooling> make(const PoolPlan& plan) {
    const WindowAxis& width = plan.windows.width();
    if (width.count < 4 || plan.windows.taps() > kMostTaps) return std::nullopt;
    if (plan.kind == PoolKind::average && width.count > kMostCounts) return std::nullopt;
    RowPooling pooling(plan, width.count);
    const int64_t parts = ceil_divide(pooling.bytes(), kNearBytes);
    if (parts > 1) {
      // So many that what the windows at both ends have for themselves does not matter.
      const int64_t columns = std::max(ceil_divide(width.count, parts), kFewestColumns * width.kernel);
      if (columns < width.count) pooling = RowPooling(plan, columns);
    }
    if (pooling.bytes() > kMostBytes) return std::nullopt;
    if (plan.kind == PoolKind::average) pooling.counts_ = column_counts(width);
    return pooling;
  }

  /// Rows of the input that two blocks below each other both need are laid out twice.
  Cut cut() const { return cut_of(plan_->windows, columns_, 2 * plan_->windows.height().kernel); }

  /// `indices` may be null.
  Outcome pool_block(const Block& block, const T* cells, T* output, int64_t* indices, const Job* job) const {
    const WindowAxis& depth = plan_->windows.depth();
    const WindowAxis& height = plan_->windows.height();
    const WindowAxis& width = plan_->windows.width();
    thread_local AlignedBuffer rows_buffer, divisors_buffer, numbers_buffer;
    thread_local std::vector<const T*> rows;
    thread_local std::vector<int64_t> row_cells;  // where each row's tap stands for window 0, from row 1 on
    thread_local std::vector<int64_t> held;       // which row of cells each slot holds
    // A slot for each row of a window: those that the next window shares are there already.
    T* laid_out = rows_buffer.template reserve_for<T>((slots() + 1) * taps_.width());
    T* divisors = divisors_buffer.template reserve_for<T>(block.count);
    auto* numbers = numbers_buffer.template reserve_for<RowNumber<T>>(block.count);
    if (laid_out == nullptr || divisors == nullptr || numbers == nullptr) return Outcome::out_of_memory;
    held.assign(static_cast<size_t>(slots()), -1);
    // Whole rows below each other first, then the taps side by side, where that takes fewer comparisons.
    T* const joined = laid_out + slots() * taps_.width();
    const int64_t apart = slots() * taps_.width() + width.kernel * columns_;
    const bool joins_first = plan_->kind == PoolKind::max && apart < plan_->windows.taps() * columns_;
    const T fill = plan_->kind == PoolKind::max ? -std::numeric_limits<T>::infinity() : T{0};

    WindowRow here(plan_->windows, block.row);
    for (int64_t window_row = block.row; window_row < block.row_end; ++window_row) {
      if (is_cancelled(job)) return Outcome::cancelled;
      if (window_row > block.row) here.advance();
      const int64_t o = here.o, p = here.p;
      const TapRange in_depth = here.in_depth, in_height = here.in_height;
      T* to = output + window_row * width.count + block.first;
      rows.clear();
      row_cells.assign(1, 0);
      for (int64_t t = in_depth.first; t < in_depth.last; ++t) {
        for (int64_t r = in_height.first; r < in_height.last; ++r) {
          const int64_t row = depth.cell(o, t) * height.extent + height.cell(p, r);
          // Rows that stand below each other never meet in a slot while both are needed.
          const int64_t slot = t * height.kernel + (height.dilation == 1 ? height.cell(p, r) % height.kernel : r);
          T* at = laid_out + slot * taps_.width();
          if (held[static_cast<size_t>(slot)] != row) {
            taps_.lay_out(kernels_, cells + row * width.extent, block.first, block.count, fill, at);
            held[static_cast<size_t>(slot)] = row;
          }
          if (joins_first && indices == nullptr) {
            rows.push_back(at);
            continue;
          }
          for (int64_t s = 0; s < width.kernel; ++s) rows.push_back(at + taps_.offset(s));
          if (indices == nullptr) continue;
          for (int64_t s = 0; s < width.kernel; ++s) row_cells.push_back(row * width.extent + width.cell(0, s));
        }
      }
      if (rows.empty()) {
        std::fill_n(to, block.count, fill);
      } else if (indices != nullptr) {
        kernels_.first_largest(rows.data(), std::ssize(rows), block.count, to, numbers);
      } else if (joins_first) {
        kernels_.largest(rows.data(), std::ssize(rows), taps_.width(), joined);
        rows.clear();
        for (int64_t s = 0; s < width.kernel; ++s) rows.push_back(joined + taps_.offset(s));
        kernels_.largest(rows.data(), std::ssize(rows), block.count, to);
      } else if (plan_->kind == PoolKind::max) {
        kernels_.largest(rows.data(), std::ssize(rows), block.count, to);
      } else {
        kernels_.sum(rows.data(), std::ssize(rows), block.count, to);
        divide(block, o, in_depth, p, in_height, divisors, to);
      }
      if (indices == nullptr) continue;
      int64_t* index_to = indices + window_row * width.count + block.first;
      if (rows.empty()) std::fill_n(numbers, block.count, RowNumber<T>{0});
      bool any_is_none = false;
      int64_t shift = block.first * width.stride;
      for (int64_t i = 0; i < block.count; ++i, shift += width.stride) {
        any_is_none = any_is_none || numbers[i] == 0;
        index_to[i] = row_cells[static_cast<size_t>(numbers[i])] + shift;
      }
      for (int64_t i = 0; any_is_none && i < block.count; ++i) {
        if (numbers[i] == 0) index_to[i] = first_tap(here, block.first + i);
      }
    }
    return Outcome::finished;
  }

 private:
  static constexpr int64_t kMostTaps = 4096, kMostCounts = int64_t{1} << 22, kFewestColumns = 16;
  // What each thread keeps of the rows: as much as fits a second-level cache, where that is enough.
  static constexpr int64_t kNearBytes = 1 << 20, kMostBytes = 4 << 20;

  RowPooling(const PoolPlan& plan, int64_t columns)
      : plan_(&plan), columns_(columns), taps_(plan.windows.width(), columns), kernels_(row_kernels<T>()) {}

  /// The index where nothing is larger than -inf.
  int64_t first_tap(const WindowRow& here, int64_t q) const {
    const WindowAxis& width = plan_->windows.width();
    return (here.depth.cell(here.o, here.in_depth.first) * here.height.extent +
            here.height.cell(here.p, here.in_height.first)) *
               width.extent +
           width.cell(q, taps_inside(width, q).first);
  }

  int64_t slots() const { return plan_->windows.depth().kernel * plan_->windows.height().kernel; }
  /// A vast stride makes rows of vast width, even of windows with few taps.
  int64_t bytes() const {
    int64_t product = 0;
    const bool fits = !__builtin_mul_overflow(slots(), taps_.width(), &product) &&
                      !__builtin_mul_overflow(product, static_cast<int64_t>(sizeof(T)), &product);
    return fits ? product : std::numeric_limits<int64_t>::max();
  }

  void divide(const Block& block, int64_t o, const TapRange& in_depth, int64_t p, const TapRange& in_height,
              T* divisors, T* output) const {
    const WindowAxis& depth = plan_->windows.depth();
    const WindowAxis& height = plan_->windows.height();
    const auto first = static_cast<size_t>(block.first), count = static_cast<size_t>(block.count);
    if (plan_->divisor_override) {
      std::fill_n(divisors, count, static_cast<T>(*plan_->divisor_override));
    } else {
      const bool padded = plan_->count_include_pad;
      const int64_t deep = padded ? cells_with_padding(depth, o) : in_depth.last - in_depth.first;
      const int64_t high = padded ? cells_with_padding(height, p) : in_height.last - in_height.first;
      const std::vector<int64_t>& own = padded ? counts_.with_padding : counts_.real;
      // A window without any cell has the sum 0, which stays.
      for (size_t q = 0; q < count; ++q) {
        divisors[q] = counts_.real[first + q] > 0 ? divisor_of<T>(deep, high, own[first + q]) : T{1};
      }
    }
    for (size_t q = 0; q < count; ++q) output[q] /= divisors[q];
  }

  const PoolPlan* plan_;
  int64_t columns_;  // of windows, that are laid out together
  RowTaps taps_;
  RowKernels<T> kernels_;
  ColumnCounts counts_;
};

template <class T>
Result<void> run(const PoolPlan& plan, const T* input, T* output, int64_t* indices, int threads, Job* job) {
  const std::optional<RowPooling<T>> by_rows = RowPooling<T>::make(plan);
  const Windows& windows = plan.windows;
  const int64_t columns = std::clamp<int64_t>(kTapsOfBlock / windows.taps(), 1, windows.width().count);
  const Cut cut = by_rows ? by_rows->cut() : cut_of(windows, columns, 1);
  const int64_t items = plan.batch * plan.channels * cut.blocks;
  std::atomic<int64_t> done{0};
  parallel_for(threads, items, [&](int64_t item) {
    if (is_cancelled(job)) return;
    const int64_t plane = item / cut.blocks;
    const Block block = cut.block(item % cut.blocks);
    const T* cells = input + plane * windows.cells();
    T* to = output + plane * windows.count();
    int64_t* to_indices = indices != nullptr ? indices + plane * windows.count() : nullptr;
    Outcome outcome = by_rows ? by_rows->pool_block(block, cells, to, to_indices, job) : Outcome::out_of_memory;
    if (outcome == Outcome::out_of_memory) {  // what needs none
      const bool is_done = windows.taps() > kTapsOfBlock ? pool_block<true>(plan, block, cells, to, to_indices, job)
                                                         : pool_block<false>(plan, block, cells, to, to_indices, job);
      outcome = is_done ? Outcome::finished : Outcome::cancelled;
    }
    if (outcome == Outcome::cancelled) return;
    const int64_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(finished) / static_cast<float>(items));
  });
  if (done < items) return Error{"error.cancelled", "", {}};
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
  // Of no picture the windows may be as many as int64_t holds.
  if (plan.output_cells() == 0) return result;
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
