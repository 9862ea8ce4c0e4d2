#include "engine/conv2d_direct.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/direct_tile.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// What a tile is copied to stays in the second-level cache; a block of channels as large as this is computed before
// the next one is copied.
constexpr int64_t kMaxCopyBytes = 1 << 20;
// Below this many multiply-adds per thread, waking the thread costs more than it brings.
constexpr int64_t kMacsPerThread = 1 << 20;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// How the rows of an output channel are cut into strips, the tiles' height.
///
/// Rows of outputs that are `spacing` apart see rows of the input that are `step` * dilation apart: such rows share
/// what they load, whatever stride and dilation are.
struct Rows {
  int64_t dilation = 1;  // 1 where the kernel has one row: any number fits, and the given one may be vast
  int64_t stride = 1;    // 1 where the output has one row
  int64_t spacing = 1;
  int step = 1;           // of DirectTask
  int height = 1;         // rows of a tile
  int64_t strips = 1;     // of an output channel
  int64_t of_spacing = 1; // strips that begin with the same remainder
  int64_t remainders = 1;

  int64_t inputs(int64_t kernel_h) const { return step > 0 ? (height - 1) * step + kernel_h : height * kernel_h; }
};

Rows rows_of(const ConvPlan& plan) {
  Rows rows;
  if (plan.kernel.h > 1) rows.dilation = plan.dilation.h;
  if (plan.out.h > 1) rows.stride = plan.stride.h;
  const int64_t divisor = std::gcd(rows.stride, rows.dilation);
  rows.spacing = rows.dilation / divisor;
  const int64_t step = rows.stride / divisor;
  rows.step = step <= 2 ? static_cast<int>(step) : 0;
  rows.remainders = std::min(rows.spacing, plan.out.h);
  const int64_t longest = divide_up(plan.out.h, rows.remainders);
  rows.height = rows.step > 0 && longest > 4 ? kMaxDirectRows : kMaxDirectRows / 2;
  rows.of_spacing = divide_up(longest, rows.height);
  rows.strips = rows.remainders * rows.of_spacing;
  return rows;
}

/// Where a tile's cells lie in a row of the input or of the copy.
struct Columns {
  int64_t stride = 1, dilation = 1;
  bool in_place = false;              // the stride is 1
  std::vector<int64_t> offsets;       // of tap kx, in the input
  int64_t span = 0;                   // cells right of a tile's own that its last tap reaches
  std::vector<int64_t> copy_offsets;  // of tap kx, in the copy
  std::vector<int64_t> segments;      // what the copy of a row consists of: for each, where tap 0 of it stands
  int64_t segment = 0;                // cells of a segment
};

Columns columns_of(const ConvPlan& plan, int64_t width) {
  Columns columns;
  if (plan.kernel.w > 1) columns.dilation = plan.dilation.w;
  if (plan.out.w > 1) columns.stride = plan.stride.w;
  columns.in_place = columns.stride == 1;
  columns.span = (plan.kernel.w - 1) * columns.dilation;
  for (int64_t kx = 0; kx < plan.kernel.w; ++kx) columns.offsets.push_back(kx * columns.dilation);

  // Cells a stride apart side by side ("phases", see im2col_block.h); or a segment for each tap, where that is less.
  const int64_t phases = std::min(plan.kernel.w, columns.stride / std::gcd(columns.stride, columns.dilation));
  const int64_t shift = columns.span / columns.stride + 1;
  if (phases * (width + shift) < plan.kernel.w * width) {
    columns.segment = width + shift;
    for (int64_t phase = 0; phase < phases; ++phase) {
      columns.segments.push_back(phase * columns.dilation % columns.stride);
    }
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
      columns.copy_offsets.push_back(kx % phases * columns.segment + kx * columns.dilation / columns.stride);
    }
  } else {
    columns.segment = width;
    columns.segments = columns.offsets;
    for (int64_t kx = 0; kx < plan.kernel.w; ++kx) columns.copy_offsets.push_back(kx * width);
  }
  return columns;
}

/// Where the rows of a strip begin.
template <class T>
struct RowTable {
  std::vector<const T*> rows;
  std::vector<int64_t> channel_strides;
};

/// The memory each thread works in.
template <class T>
struct Scratch {
  AlignedBuffer copy;
  RowTable<T> in_place, copied;
};

template <class T>
Scratch<T>& scratch() {
  thread_local Scratch<T> mine;
  return mine;
}

/// Some output rows of one channel.
struct Strip {
  int64_t n = 0, group = 0;
  int64_t first_row = 0;  // the others follow, Rows::spacing apart
  int64_t rows = 0;       // at most Rows::height
  int64_t kernel_begin = 0, kernel_end = 0;  // output channels of the group
};

/// Everything that stays the same for all strips of one call.
template <class T>
class Direct {
 public:
  Direct(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job)
      : plan_(plan),
        input_(input),
        weight_(weight),
        bias_(bias),
        output_(output),
        job_(job),
        kernels_(direct_kernels<T>()),
        rows_(rows_of(plan)),
        vectors_(rows_.step > 0 && plan.out.w > kernels_.lanes ? kernels_.max_vectors : 1),
        columns_(columns_of(plan, vectors_ * kernels_.lanes)) {}

  Outcome run(int threads);

 private:
  const T* channel(int64_t n, int64_t group, int64_t c) const {
    return input_ + (n * plan_.in_channels + group * plan_.channels_per_group() + c) * plan_.in.h * plan_.in.w;
  }
  bool stopped() const {
    return out_of_memory_.load(std::memory_order_relaxed) || (job_ != nullptr && job_->is_cancelled());
  }
  /// Row `i` of the input rows that a strip's tiles see, or kZeroPadding.
  int64_t source_row(const Strip& strip, int64_t i) const {
    const int64_t y = strip.first_row * rows_.stride - plan_.pads.top;
    const int64_t below = rows_.step > 0 ? i * rows_.dilation
                                         : i / plan_.kernel.h * rows_.spacing * rows_.stride +
                                               i % plan_.kernel.h * rows_.dilation;
    return source_index(y + below, plan_.in.h, plan_.padding_mode);
  }
  /// How many of the rows that its tiles see are there for rows that are stored.
  int64_t live_inputs(const Strip& strip) const {
    return rows_.step > 0 ? (strip.rows - 1) * rows_.step + plan_.kernel.h : strip.rows * plan_.kernel.h;
  }

  Strip strip_of(int64_t unit) const;
  void run_strip(const Strip& strip);
  void point_at_input(const Strip& strip, RowTable<T>& table) const;
  void run_tile(const Strip& strip, int64_t first_column, int vectors);
  bool run_copied(const Strip& strip, DirectTask<T>& task, int vectors, int64_t first_cell);
  void run_kernels(const Strip& strip, DirectTask<T>& task, int vectors, bool masked, int64_t channel_begin,
                   bool is_last);
  void copy_rows(const Strip& strip, int64_t channel_begin, int64_t channel_end, int64_t first_cell, int64_t tap_begin,
                 int64_t tap_end, int64_t row_elements, T* to) const;
  void copy_segment(const T* row, int64_t first_cell, T* to) const;

  const ConvPlan& plan_;
  const T* input_;
  const T* weight_;
  const T* bias_;
  T* output_;
  Job* job_;
  DirectKernels<T> kernels_;
  Rows rows_;
  int vectors_;  // of a tile, but for the last ones of a row
  Columns columns_;
  const T* zeros_ = nullptr;
  int64_t kernel_parts_ = 1;  // strips of the same rows, each with its share of the output channels
  std::atomic<bool> out_of_memory_{false};
};

template <class T>
Strip Direct<T>::strip_of(int64_t unit) const {
  Strip strip;
  const int64_t part = unit % kernel_parts_;
  unit /= kernel_parts_;
  const int64_t index = unit % rows_.strips;
  unit /= rows_.strips;
  strip.group = unit % plan_.groups;
  strip.n = unit / plan_.groups;
  strip.kernel_begin = plan_.kernels_per_group() * part / kernel_parts_;
  strip.kernel_end = plan_.kernels_per_group() * (part + 1) / kernel_parts_;
  const int64_t remainder = index / rows_.of_spacing;
  const int64_t rows_of_remainder = divide_up(plan_.out.h - remainder, rows_.spacing);
  const int64_t above = index % rows_.of_spacing * rows_.height;
  strip.first_row = remainder + above * rows_.spacing;
  strip.rows = std::min<int64_t>(rows_.height, rows_of_remainder - above);
  return strip;
}

template <class T>
void Direct<T>::point_at_input(const Strip& strip, RowTable<T>& table) const {
  const int64_t inputs = rows_.inputs(plan_.kernel.h), live = live_inputs(strip);
  table.rows.resize(static_cast<size_t>(inputs));
  table.channel_strides.resize(static_cast<size_t>(inputs));
  const T* first = channel(strip.n, strip.group, 0);
  for (int64_t i = 0; i < inputs; ++i) {
    // Rows that only rows beyond the output's end would see: any will do.
    const int64_t source = i < live ? source_row(strip, i) : kZeroPadding;
    const bool is_zero = source == kZeroPadding;
    table.rows[static_cast<size_t>(i)] = is_zero ? zeros_ : first + source * plan_.in.w;
    table.channel_strides[static_cast<size_t>(i)] = is_zero ? 0 : plan_.in.h * plan_.in.w;
  }
}

/// One segment of the copy of a row: to[u] = padded row at first_cell + u * stride.
template <class T>
void Direct<T>::copy_segment(const T* row, int64_t first_cell, T* to) const {
  const int64_t stride = columns_.stride, count = columns_.segment, width = plan_.in.w;
  // u in [begin, end) reads real cells.
  const int64_t begin = first_cell >= 0 ? 0 : std::min(count, divide_up(-first_cell, stride));
  const int64_t end =
      first_cell >= width ? begin : std::max(begin, std::min(count, divide_up(width - first_cell, stride)));
  const auto padding = [&](int64_t u) {
    const int64_t x = first_cell + u * stride;
    // Beyond the padding lie cells that only lanes beyond the output's end see.
    if (x < -plan_.pads.left || x >= width + plan_.pads.right) return T{0};
    const int64_t source = source_index(x, width, plan_.padding_mode);
    return source == kZeroPadding ? T{0} : row[source];
  };
  for (int64_t u = 0; u < begin; ++u) to[u] = padding(u);
  const T* from = row + first_cell + begin * stride;
  if (stride == 1) {
    std::copy_n(from, end - begin, to + begin);
  } else if (stride == 2) {
    kernels_.copy_every_second(from, end - begin, to + begin);
  } else {
    for (int64_t u = begin; u < end; ++u, from += stride) to[u] = *from;
  }
  for (int64_t u = end; u < count; ++u) to[u] = padding(u);
}

/// Copies the rows under kernel rows [tap_begin, tap_end) of a strip.
template <class T>
void Direct<T>::copy_rows(const Strip& strip, int64_t channel_begin, int64_t channel_end, int64_t first_cell,
                          int64_t tap_begin, int64_t tap_end, int64_t row_elements, T* to) const {
  const int64_t live = live_inputs(strip), inputs = rows_.inputs(plan_.kernel.h);
  const int64_t last = (rows_.height - 1) * rows_.step;
  for (int64_t c = channel_begin; c < channel_end; ++c) {
    const T* plane = channel(strip.n, strip.group, c);
    for (int64_t i = 0; i < inputs; ++i) {
      const bool used = rows_.step > 0 ? i >= tap_begin && i < last + tap_end
                                       : i % plan_.kernel.h >= tap_begin && i % plan_.kernel.h < tap_end;
      if (!used) continue;
      const int64_t source = i < live ? source_row(strip, i) : kZeroPadding;
      if (source == kZeroPadding) {
        std::fill_n(to, row_elements, T{0});
        to += row_elements;
        continue;
      }
      for (const int64_t segment : columns_.segments) {
        copy_segment(plane + source * plan_.in.w, first_cell + segment, to);
        to += columns_.segment;
      }
    }
  }
}

/// The tile of every output channel of the strip, from channels [channel_begin, + task.channels) on.
template <class T>
void Direct<T>::run_kernels(const Strip& strip, DirectTask<T>& task, int vectors, bool masked, int64_t channel_begin,
                            bool is_last) {
  T* const out = task.out;
  for (int64_t k = strip.kernel_begin; k < strip.kernel_end; ++k) {
    if (stopped()) return;
    const int64_t kernel = strip.group * plan_.kernels_per_group() + k;
    task.weight = weight_ + kernel * plan_.taps() + channel_begin * plan_.kernel.h * plan_.kernel.w;
    task.bias = bias_ != nullptr && is_last ? bias_ + kernel : nullptr;
    task.out = out + k * plan_.positions();
    kernels_.run(rows_.height, vectors, rows_.step, masked, task);
  }
  task.out = out;
}

/// A tile that cannot read the input in place.
template <class T>
bool Direct<T>::run_copied(const Strip& strip, DirectTask<T>& task, int vectors, int64_t first_cell) {
  const int64_t channels = plan_.channels_per_group(), inputs = rows_.inputs(plan_.kernel.h);
  const int64_t row_elements = columns_.segment * std::ssize(columns_.segments);
  const int64_t most = std::max<int64_t>(1, kMaxCopyBytes / static_cast<int64_t>(sizeof(T)) / row_elements);
  RowTable<T>& table = scratch<T>().copied;
  table.rows.resize(static_cast<size_t>(inputs));
  table.channel_strides.resize(static_cast<size_t>(inputs));
  task.source_rows = table.rows.data();
  task.row_channel_strides = table.channel_strides.data();
  task.column_offsets = columns_.copy_offsets.data();
  task.column = 0;

  // As many channels at once as the copy may be large; or one, and of it as many parts of the kernel's rows.
  const int64_t block = std::clamp<int64_t>(most / inputs, 1, channels);
  const int64_t parts = divide_up(plan_.kernel.h, kMaxDirectHeight);
  const int64_t parts_at_once = inputs <= most ? parts : 1;
  for (int64_t c = 0; c < channels; c += block) {
    task.channels = std::min(block, channels - c);
    for (int64_t part = 0; part < parts; part += parts_at_once) {
      task.ky_begin = plan_.kernel.h * part / parts;
      task.ky_end = plan_.kernel.h * (part + parts_at_once) / parts;
      int64_t rows = 0;
      for (int64_t i = 0; i < inputs; ++i) {
        const bool used = rows_.step > 0
                              ? i >= task.ky_begin && i < (rows_.height - 1) * rows_.step + task.ky_end
                              : i % plan_.kernel.h >= task.ky_begin && i % plan_.kernel.h < task.ky_end;
        table.channel_strides[static_cast<size_t>(i)] = used ? rows++ : -1;
      }
      T* copy = scratch<T>().copy.template reserve_for<T>(task.channels * rows * row_elements);
      if (copy == nullptr) {
        out_of_memory_ = true;
        return false;
      }
      copy_rows(strip, c, c + task.channels, first_cell, task.ky_begin, task.ky_end, row_elements, copy);
      for (int64_t i = 0; i < inputs; ++i) {
        const auto at = static_cast<size_t>(i);
        table.rows[at] = copy + std::max<int64_t>(0, table.channel_strides[at]) * row_elements;
        table.channel_strides[at] = rows * row_elements;
      }
      task.accumulate = c > 0 || part > 0;
      run_kernels(strip, task, vectors, false, c, c + block >= channels && part + parts_at_once >= parts);
      if (stopped()) return false;
    }
  }
  return true;
}

template <class T>
void Direct<T>::run_tile(const Strip& strip, int64_t first_column, int vectors) {
  const int64_t width = vectors * kernels_.lanes;
  DirectTask<T> task;
  task.channels = plan_.channels_per_group();
  task.kernel_h = task.ky_end = plan_.kernel.h;
  task.kernel_w = task.kx_end = plan_.kernel.w;
  task.out = output_ +
             (strip.n * plan_.out_channels + strip.group * plan_.kernels_per_group()) * plan_.positions() +
             strip.first_row * plan_.out.w + first_column;
  task.out_stride = rows_.spacing * plan_.out.w;
  task.out_rows = strip.rows;
  task.out_columns = std::min(width, plan_.out.w - first_column);

  const int64_t first_cell = first_column * columns_.stride - plan_.pads.left;
  const bool is_inside = first_cell >= 0 && columns_.span < plan_.in.w - first_cell &&
                         first_cell + width + columns_.span <= plan_.in.w;
  const bool can_mask = kernels_.has_masks && plan_.padding_mode == PaddingMode::zeros;
  if (!columns_.in_place || (!is_inside && !can_mask)) {
    run_copied(strip, task, vectors, first_cell);
    return;
  }
  const RowTable<T>& table = scratch<T>().in_place;
  task.source_rows = table.rows.data();
  task.row_channel_strides = table.channel_strides.data();
  task.column_offsets = columns_.offsets.data();
  task.column = first_cell;
  task.width = plan_.in.w;
  run_kernels(strip, task, vectors, !is_inside, 0, true);
}

template <class T>
void Direct<T>::run_strip(const Strip& strip) {
  if (columns_.in_place) point_at_input(strip, scratch<T>().in_place);
  int vectors = vectors_;
  for (int64_t column = 0; column < plan_.out.w && !stopped();) {
    const int64_t left = plan_.out.w - column;
    if (vectors > 1 && left <= kernels_.lanes) vectors = 1;
    const int64_t width = vectors * kernels_.lanes;
    // The last tile of a row goes back as far as it must to be full: the cells it shares come out the same twice.
    run_tile(strip, left < width ? std::max<int64_t>(0, plan_.out.w - width) : column, vectors);
    column += width;
  }
}

/// Threads that pay for their waking.
int useful_threads(const ConvPlan& plan, int threads) {
  if (threads <= 0) threads = hardware_threads();
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  return static_cast<int>(std::clamp(macs / kMacsPerThread, 1.0, static_cast<double>(threads)));
}

template <class T>
Outcome Direct<T>::run(int threads) {
  threads = useful_threads(plan_, threads);
  thread_local AlignedBuffer zeros;
  T* row = zeros.reserve_for<T>(plan_.in.w);
  if (row == nullptr) return Outcome::out_of_memory;
  std::fill_n(row, plan_.in.w, T{0});
  zeros_ = row;

  const int64_t planes = plan_.batch * plan_.groups * rows_.strips;
  const int64_t wanted_items = threads > 1 ? 8 * threads : 1;
  if (planes < wanted_items) kernel_parts_ = std::min(plan_.kernels_per_group(), divide_up(wanted_items, planes));
  const int64_t units = planes * kernel_parts_;
  // Many small strips are taken together; a job that can be watched is told about each hundredth.
  const int64_t items = std::min(units, std::max<int64_t>(wanted_items, job_ != nullptr ? 100 : 1));
  std::atomic<int64_t> items_done{0};
  parallel_for(threads, items, [&](int64_t item) {
    const int64_t end = units / items * (item + 1) + std::min(item + 1, units % items);
    for (int64_t unit = units / items * item + std::min(item, units % items); unit < end; ++unit) {
      if (stopped()) return;
      run_strip(strip_of(unit));
    }
    if (stopped()) return;
    const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job_ != nullptr) job_->report(static_cast<float>(done) / static_cast<float>(items));
  });
  if (out_of_memory_) return Outcome::out_of_memory;
  return items_done < items ? Outcome::cancelled : Outcome::finished;
}

}  // namespace

template <class T>
Outcome conv2d_direct(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, int threads,
                      Job* job) {
  if (plan.output_cells() == 0) return Outcome::finished;
  return Direct<T>(plan, input, weight, bias, output, job).run(threads);
}

template Outcome conv2d_direct<float>(const ConvPlan&, const float*, const float*, const float*, float*, int, Job*);
template Outcome conv2d_direct<double>(const ConvPlan&, const double*, const double*, const double*, double*, int,
                                       Job*);

}  // namespace convscope
