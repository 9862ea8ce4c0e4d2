#include "engine/conv2d_weight_dots.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/division.h"
#include "engine/dot_kernels.h"
#include "engine/finite.h"
#include "engine/im2col_block.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// Windows of a channel that are multiplied together: what a few channels of them take stays in the second-level cache.
constexpr int64_t kWindowsTogether = 1024;
// The cells below them, for all channels of an item.
constexpr int64_t kBlockBytes = 48 << 10, kMostBlockBytes = 1 << 20;
// Output channels and taps of an item: their sums, a vector each, stay near.
constexpr int64_t kMostKernels = 64, kMostTaps = 64;
constexpr int64_t kMostTapsOfChannel = 1 << 16;
// Fewer output channels than this share too little.
constexpr int64_t kFewKernels = 3;
// Copying a number of grad_output takes as long as so many taps.
constexpr double kSpreading = 6;

/// A pointwise layer sees its pictures as rows: nothing stands between their cells.
ConvPlan in_one_row(const ConvPlan& plan) {
  ConvPlan flat = plan;
  if (plan.kernel == Pair{1, 1} && plan.stride == Pair{1, 1} && plan.pads == Pads{} && plan.dilation == Pair{1, 1}) {
    flat.in = {1, plan.in.h * plan.in.w};
    flat.out = {1, plan.positions()};
  }
  return flat;
}

/// How the windows of a channel are cut into blocks, and the work into items.
struct Cut {
  int64_t rows = 1, columns = 1;  // of windows in a block
  int64_t channels = 1;           // input channels of an item
  int64_t kernels = 1;            // output channels of an item
  BlockLayout layout;             // of a block
  /// Rows of a block follow each other without an end: what lies between them is multiplied with zeros.
  bool runs_on = false;
  /// Rows of the kernel are multiplied together instead of output channels.
  bool by_kernel_rows = false;
};

/// Which part of the lanes are windows.
double busy_lanes(const Cut& cut, int lanes, bool runs_on) {
  const int64_t run = (cut.rows - 1) * cut.layout.pitch + cut.columns;
  const int64_t vectors = runs_on ? ceil_divide(run, lanes) : cut.rows * ceil_divide(cut.columns, lanes);
  return static_cast<double>(cut.rows * cut.columns) / static_cast<double>(vectors * lanes);
}

Cut cut_of(const ConvPlan& plan, int64_t element, int lanes) {
  Cut cut;
  cut.columns = std::min(plan.out.w, kWindowsTogether);
  cut.rows = std::clamp<int64_t>(kWindowsTogether / cut.columns, 1, plan.out.h);
  cut.rows = ceil_divide(plan.out.h, ceil_divide(plan.out.h, cut.rows));
  // In elements: bytes of a vast one might not fit.
  const int64_t of_channel = block_elements(plan, cut.rows, cut.columns, 1);
  // Refused by weight_dots_fit(); its layout might not fit int64_t.
  if (of_channel > kMostBlockBytes / element) return cut;
  cut.layout = block_planes(plan, cut.rows, cut.columns, false);
  const int64_t taps = plan.kernel.h * plan.kernel.w;
  cut.channels = std::min({kBlockBytes / element / of_channel, kMostTaps / taps, plan.channels_per_group()});
  cut.channels = std::max<int64_t>(1, cut.channels);
  // Of vast kernels fewer, so that their sums stay near.
  cut.kernels =
      std::min(plan.kernels_per_group(), std::max<int64_t>(1, kMostKernels * kMostTaps / std::max(kMostTaps, taps)));
  cut.by_kernel_rows = plan.kernels_per_group() < kFewKernels && plan.kernel.h > 1;
  // Only where a block is as wide as the picture, and the copy pays.
  cut.runs_on = !cut.by_kernel_rows && cut.columns == plan.out.w && cut.rows > 1 &&
                (busy_lanes(cut, lanes, true) / busy_lanes(cut, lanes, false) - 1) * static_cast<double>(plan.taps()) >
                    kSpreading;
  return cut;
}

/// How many rows and streams go through the registers together: equal parts of so many of each.
struct Tile {
  int64_t rows = 1, streams = 1;
};

template <class T>
Tile tile_for(const DotKernels<T>& kernels, int64_t rows, int64_t streams) {
  // A load takes as long as so many multiply-adds.
  constexpr double kLoad = 1.5;
  Tile best;
  double least = 0;
  for (int most = 1; most <= kMaxDotStreams; ++most) {
    const int64_t stream_parts = ceil_divide(streams, most), row_parts = ceil_divide(rows, kernels.max_rows(most));
    const double loads = static_cast<double>(rows * stream_parts + streams * row_parts);
    const double cost = std::max(kLoad * loads, static_cast<double>(rows * streams)) + 0.01 * loads;
    if (most > 1 && cost >= least) continue;
    least = cost;
    best = {ceil_divide(rows, row_parts), ceil_divide(streams, stream_parts)};
  }
  return best;
}

template <class T>
struct Work {
  const ConvPlan& plan;
  const Cut& cut;
  const T* input;
  const T* grad_output;  // its rows `row_pitch` apart, its channels `channel_pitch`
  int64_t row_pitch, channel_pitch;
  T* grad_weight;
  Job* job;
  DotKernels<T> kernels;
  Tile tile = {};
  AxisPhases down = vertical_phases(plan);
  int64_t items = 1, kernel_parts = 1, channel_parts = 1;
  std::vector<int32_t> tap_offsets = {};
  std::atomic<int64_t> done{0};
  std::atomic<bool> out_of_memory{false};

  bool stopped() const { return out_of_memory || (job != nullptr && job->is_cancelled()); }
};

/// A block's products, several output channels at a time.
template <class T>
void by_kernels(const Work<T>& work, const OutputBlock& place, const T* gradients, int64_t kernels, int64_t taps,
                const T* block, T* sums) {
  const Cut& cut = work.cut;
  const int64_t lanes = work.kernels.lanes;
  const Tile& tile = work.tile;
  DotTask<T> task;
  task.row_stride = work.channel_pitch;
  task.row_pitch = work.row_pitch;
  task.stream_pitch = cut.layout.pitch;
  task.steps = cut.runs_on ? 1 : place.rows;
  task.n = cut.runs_on ? (place.rows - 1) * cut.layout.pitch + place.columns : place.columns;
  task.sums_pitch = taps * lanes;
  for (int64_t k = 0; k < kernels; k += tile.rows) {
    if (work.stopped()) return;
    const auto rows = static_cast<int>(std::min(tile.rows, kernels - k));
    task.rows = gradients + k * work.channel_pitch;
    for (int64_t tap = 0; tap < taps; tap += tile.streams) {
      const auto count = static_cast<int>(std::min(tile.streams, taps - tap));
      for (int s = 0; s < count; ++s) task.streams[s] = block + work.tap_offsets[static_cast<size_t>(tap + s)];
      task.sums = sums + (k * taps + tap) * lanes;
      work.kernels.run(rows, count, task);
    }
  }
}

/// The same, several rows of the kernel at a time: a row of the block stands below row ky of the kernel for one row of
/// windows, below the next row of the same phase for the row of windows `apart` before it.
template <class T>
void by_kernel_rows(const Work<T>& work, const OutputBlock& place, const T* gradients, int64_t kernels,
                    int64_t channels, const T* block, T* sums) {
  const ConvPlan& plan = work.plan;
  const AxisPhases& v = work.down;
  const int64_t lanes = work.kernels.lanes, width = plan.kernel.w, of_channel = plan.kernel.h * width;
  const Tile& tile = work.tile;
  const int64_t apart = plan.kernel.h > v.phases ? v.shift_of(v.phases) : 1;
  DotTask<T> task;
  task.row_stride = -apart * work.row_pitch;
  task.row_pitch = work.row_pitch;
  task.stream_pitch = work.cut.layout.pitch;
  task.n = place.columns;
  task.sums_pitch = v.phases * width * lanes;
  for (int64_t item = 0; item < kernels * channels; ++item) {
    const int64_t k = item / channels, c = item % channels;
    T* const sums_of_channel = sums + item * of_channel * lanes;
    for (int64_t first = 0; first < plan.kernel.h; ++first) {
      // The rows of the kernel first, first + phases, ... of the phase, tile.rows of them.
      if (first / v.phases % tile.rows != 0) continue;
      const int64_t count = std::min(tile.rows, (plan.kernel.h - 1 - first) / v.phases + 1);
      const int32_t* offsets = work.tap_offsets.data() + c * of_channel + first * width;
      // Row t of windows for the first of them; those that are rows of this block's windows change with t.
      for (int64_t t = 0; t < place.rows + (count - 1) * apart;) {
        const int64_t low = t < place.rows ? 0 : (t - place.rows) / apart + 1;
        const int64_t high = std::min(count - 1, t / apart);
        int64_t end = place.rows + low * apart;
        if (high < count - 1) end = std::min(end, (high + 1) * apart);
        if (low <= high) {
          task.rows = gradients + k * work.channel_pitch + (t - low * apart) * work.row_pitch;
          task.steps = end - t;
          for (int64_t kx = 0; kx < width; kx += tile.streams) {
            const auto some = static_cast<int>(std::min(tile.streams, width - kx));
            for (int s = 0; s < some; ++s) task.streams[s] = block + offsets[kx + s] + t * task.stream_pitch;
            task.sums = sums_of_channel + ((first + low * v.phases) * width + kx) * lanes;
            work.kernels.run(static_cast<int>(high - low + 1), some, task);
          }
        }
        t = end;
      }
    }
  }
}

/// The gradients by the taps of some channels, of some output channels.
template <class T>
void run_item(Work<T>& work, int64_t item) {
  const ConvPlan& plan = work.plan;
  const Cut& cut = work.cut;
  const int64_t kernel_part = item % work.kernel_parts, channel_part = item / work.kernel_parts % work.channel_parts;
  const int64_t group = item / work.kernel_parts / work.channel_parts;
  const int64_t kernels = plan.kernels_per_group(), channels = plan.channels_per_group();
  const int64_t first_kernel = kernels * kernel_part / work.kernel_parts;
  const int64_t kernel_count = kernels * (kernel_part + 1) / work.kernel_parts - first_kernel;
  const int64_t first_channel = channels * channel_part / work.channel_parts;
  const int64_t channel_count = channels * (channel_part + 1) / work.channel_parts - first_channel;
  const int64_t taps = channel_count * plan.kernel.h * plan.kernel.w, lanes = work.kernels.lanes;

  thread_local AlignedBuffer block_buffer, sums_buffer;
  T* block = block_buffer.reserve_for<T>(cut.layout.channel_stride * channel_count);
  T* sums = sums_buffer.reserve_for<T>(kernel_count * taps * lanes);
  if (block == nullptr || sums == nullptr) {
    work.out_of_memory = true;
    return;
  }
  std::fill_n(sums, kernel_count * taps * lanes, T{0});
  for (int64_t n = 0; n < plan.batch; ++n) {
    const T* cells = work.input + (n * plan.in_channels + group * channels + first_channel) * plan.in.h * plan.in.w;
    const T* gradients =
        work.grad_output + (n * plan.out_channels + group * kernels + first_kernel) * work.channel_pitch;
    for (int64_t y = 0; y < plan.out.h; y += cut.rows) {
      for (int64_t x = 0; x < plan.out.w; x += cut.columns) {
        const OutputBlock place{y, x, std::min(cut.rows, plan.out.h - y), std::min(cut.columns, plan.out.w - x)};
        fill_block(plan, cut.layout, place, channel_count, cells, block);
        if (work.stopped()) return;
        const T* rows = gradients + y * work.row_pitch + x;
        if (cut.by_kernel_rows) {
          by_kernel_rows(work, place, rows, kernel_count, channel_count, block, sums);
        } else {
          by_kernels(work, place, rows, kernel_count, taps, block, sums);
        }
      }
    }
  }
  for (int64_t k = 0; k < kernel_count; ++k) {
    T* to = work.grad_weight + (group * kernels + first_kernel + k) * plan.taps() +
            first_channel * plan.kernel.h * plan.kernel.w;
    for (int64_t tap = 0; tap < taps; ++tap) to[tap] = work.kernels.total(sums + (k * taps + tap) * lanes);
  }
  const int64_t done = work.done.fetch_add(1, std::memory_order_relaxed) + 1;
  if (work.job != nullptr) work.job->report(static_cast<float>(done) / static_cast<float>(work.items));
}

/// grad_output with its rows as far apart as those of a block, and zeros between them.
template <class T>
const T* spread_rows(const ConvPlan& plan, int64_t pitch, const T* from, AlignedBuffer& buffer, int threads) {
  const int64_t planes = plan.batch * plan.out_channels, width = plan.out.w;
  T* spread = buffer.reserve_for<T>(planes * plan.out.h * pitch);
  if (spread == nullptr) return nullptr;
  parallel_for(threads, planes, [&](int64_t plane) {
    const T* row = from + plane * plan.positions();
    T* to = spread + plane * plan.out.h * pitch;
    for (int64_t y = 0; y < plan.out.h; ++y, row += width) {
      to = std::fill_n(std::copy_n(row, width, to), pitch - width, T{0});
    }
  });
  return spread;
}

}  // namespace

template <class T>
bool weight_dots_fit(const ConvPlan& original) {
  const ConvPlan plan = in_one_row(original);
  if (plan.output_cells() == 0) return false;
  const int64_t taps = plan.kernel.h * plan.kernel.w;
  if (taps > kMostTapsOfChannel) return false;
  const Cut cut = cut_of(plan, sizeof(T), dot_kernels<T>().lanes);
  const int64_t cells = block_elements(plan, cut.rows, cut.columns, 1);
  return cells <= kMostBlockBytes / static_cast<int64_t>(sizeof(T)) && cells / cut.rows / cut.columns <= taps + 4;
}

template <class T>
bool weight_dots_pay(const ConvPlan& original) {
  if (!weight_dots_fit<T>(original)) return false;
  const ConvPlan plan = in_one_row(original);
  const Cut cut = cut_of(plan, sizeof(T), dot_kernels<T>().lanes);
  // In multiply-adds of vectors, for one number of the gradient. Measured with one thread of a Zen 4 with AVX-512,
  // 2026: what a block's sums take to come and go, what it takes to add their lanes up; what the product takes to
  // gather a tap's windows, which its output channels share.
  constexpr double kOfBlock = 3, kOfTotal = 16, kProduct = 1.25, kGathering = 12;
  const int lanes = dot_kernels<T>().lanes;
  const auto windows = static_cast<double>(plan.batch * plan.positions());
  const auto kernels = static_cast<double>(plan.kernels_per_group()), all_taps = static_cast<double>(plan.taps());
  const auto blocks = static_cast<double>(plan.batch * ceil_divide(plan.out.h, cut.rows));
  const double dots = windows / lanes / busy_lanes(cut, lanes, cut.runs_on) + kOfBlock * blocks + kOfTotal;
  const double busy_taps = all_taps / static_cast<double>(round_up(plan.taps(), lanes));
  return dots < kProduct * (1 + kGathering / kernels) / busy_taps * windows / lanes;
}

template <class T>
Outcome conv2d_weight_dots(const ConvPlan& original, const T* input, const T* grad_output, T* grad_weight, int threads,
                           Job* job) {
  const ConvPlan plan = in_one_row(original);
  const DotKernels<T> kernels = dot_kernels<T>();
  threads = useful_threads(threads, plan.macs());
  Cut cut = cut_of(plan, sizeof(T), kernels.lanes);
  thread_local AlignedBuffer spread_buffer;
  int64_t row_pitch = plan.out.w;
  // Zero times what lies between the rows of windows is nothing only where it is finite.
  if (cut.runs_on && row_pitch != cut.layout.pitch) {
    cut.runs_on = all_finite(input, plan.batch * plan.in_channels * plan.in.h * plan.in.w);
    if (cut.runs_on) {
      row_pitch = cut.layout.pitch;
      grad_output = spread_rows(plan, row_pitch, grad_output, spread_buffer, threads);
      if (grad_output == nullptr) return Outcome::out_of_memory;
    }
  }

  Work<T> work{plan, cut, input, grad_output, row_pitch, row_pitch * plan.out.h, grad_weight, job, kernels};
  work.channel_parts = ceil_divide(plan.channels_per_group(), cut.channels);
  work.kernel_parts = ceil_divide(plan.kernels_per_group(), cut.kernels);
  const int64_t wanted = threads > 1 ? 4 * threads : 1;
  if (plan.groups * work.channel_parts * work.kernel_parts < wanted) {
    work.channel_parts = std::min(plan.channels_per_group(), ceil_divide(wanted, plan.groups * work.kernel_parts));
  }
  if (plan.groups * work.channel_parts * work.kernel_parts < wanted) {
    work.kernel_parts = std::min(plan.kernels_per_group(), ceil_divide(wanted, plan.groups * work.channel_parts));
  }
  work.items = plan.groups * work.channel_parts * work.kernel_parts;
  work.tile =
      cut.by_kernel_rows
          ? tile_for(kernels, ceil_divide(plan.kernel.h, work.down.phases), plan.kernel.w)
          : tile_for(kernels, ceil_divide(plan.kernels_per_group(), work.kernel_parts),
                     ceil_divide(plan.channels_per_group(), work.channel_parts) * plan.kernel.h * plan.kernel.w);
  work.tap_offsets.resize(static_cast<size_t>(cut.channels * plan.kernel.h * plan.kernel.w));
  write_tap_offsets(plan, cut.layout, cut.channels, work.tap_offsets.data());
  parallel_for(threads, work.items, [&](int64_t item) {
    if (!work.stopped()) run_item(work, item);
  });
  constexpr size_t kKept = size_t{4} << 20;
  if (spread_buffer.size() > kKept) spread_buffer.release();
  if (work.out_of_memory) return Outcome::out_of_memory;
  return work.done < work.items ? Outcome::cancelled : Outcome::finished;
}

template bool weight_dots_fit<float>(const ConvPlan&);
template bool weight_dots_fit<double>(const ConvPlan&);
template bool weight_dots_pay<float>(const ConvPlan&);
template bool weight_dots_pay<double>(const ConvPlan&);
template Outcome conv2d_weight_dots<float>(const ConvPlan&, const float*, const float*, float*, int, Job*);
template Outcome conv2d_weight_dots<double>(const ConvPlan&, const double*, const double*, double*, int, Job*);

}  // namespace convscope
