#include "engine/conv2d_im2col.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <vector>

#include <unistd.h>

#include "engine/aligned_buffer.h"
#include "engine/gemm.h"
#include "engine/im2col_block.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// A block that cannot be made smaller than this (a few outputs whose windows span a vast padding) is gathered tap by
// tap instead.
constexpr int64_t kMaxBlockBytes = int64_t{32} << 20;
// Below this many multiply-adds per thread, waking the thread costs more than it brings.
constexpr int64_t kMacsPerThread = 1 << 20;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Half of the second-level cache for the block; the other half for weights and results.
int64_t block_target_bytes() {
  static const int64_t bytes = [] {
    const long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return std::clamp<int64_t>(cache, 256 << 10, 4 << 20) / 2;
  }();
  return bytes;
}

/// The memory each thread works in.
struct Scratch {
  AlignedBuffer block, weight, sums;
  /// Keeps what the next computation probably needs and gives back what only a giant did.
  void trim() {
    constexpr size_t kKept = size_t{4} << 20;
    for (AlignedBuffer* buffer : {&block, &weight, &sums}) {
      if (buffer->size() > kKept) buffer->release();
    }
  }
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

/// Rows [begin, end) of a group's weight matrix that go through the registers together.
struct Panel {
  int64_t begin = 0;
  int rows = 0;
};

/// Cuts `rows` into panels of nearly equal height, none higher than the registers allow.
std::vector<Panel> panels_of(int64_t rows, int max_rows) {
  const int64_t count = divide_up(rows, max_rows);
  std::vector<Panel> panels;
  panels.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = rows * i / count;
    panels.push_back({begin, static_cast<int>(rows * (i + 1) / count - begin)});
  }
  return panels;
}

/// How the output of one channel is cut into blocks, and the work into items.
struct Blocking {
  bool gather = false;
  bool in_place = false;
  int64_t rows = 1, columns = 1;  // of a block
  int64_t down = 1, across = 1;   // blocks
  int64_t weight_parts = 1;       // items that share a block, each with its share of the panels
};

/// Everything that stays the same for all items of one call.
template <class T>
struct Work {
  const ConvPlan& plan;
  const T* input;
  const T* weight;
  const T* bias;
  T* output;
  Job* job;
  TileKernels<T> kernels;
  std::vector<Panel> panels;  // of one group
  Blocking blocking;
  std::vector<BlockLayout> layouts;  // [last row of blocks][last column of blocks]
  const T* packed_weight = nullptr;  // of all groups, or null: each item packs its own panels
  std::vector<int32_t> packed_offsets;
  std::atomic<int64_t> items_done{0};
  std::atomic<bool> out_of_memory{false};
  int64_t items = 1;

  bool stopped() const {
    return out_of_memory.load(std::memory_order_relaxed) ||
           (job != nullptr && job->cancelled.load(std::memory_order_relaxed));
  }
  void item_done() {
    const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) {
      job->report(static_cast<float>(done) / static_cast<float>(items));
    }
  }
  const T* image(int64_t n, int64_t group) const {
    return input + (n * plan.in_channels + group * plan.channels_per_group()) * plan.in.h * plan.in.w;
  }
  T* plane(int64_t n, int64_t group, int64_t kernel) const {
    return output + (n * plan.out_channels + group * plan.kernels_per_group() + kernel) * plan.positions();
  }
  const T* weight_row(int64_t group, int64_t kernel) const {
    return weight + (group * plan.kernels_per_group() + kernel) * plan.taps();
  }
  const T* bias_of(int64_t group, int64_t kernel) const {
    return bias == nullptr ? nullptr : bias + group * plan.kernels_per_group() + kernel;
  }
};

Blocking choose_blocking(const ConvPlan& plan, int lanes, int64_t element, int threads, int64_t panels) {
  Blocking b;
  const int64_t Q = plan.out.w, P = plan.out.h;
  const auto bytes = [&](int64_t rows, int64_t columns) {
    const int64_t elements = block_elements(plan, rows, columns);
    return elements > std::numeric_limits<int64_t>::max() / element ? std::numeric_limits<int64_t>::max()
                                                                    : elements * element;
  };
  const int64_t target = block_target_bytes();
  const int64_t shortest = 8 * lanes;
  b.columns = Q;
  while (bytes(1, b.columns) > target && b.columns > shortest) {
    b.columns = std::max(shortest, divide_up(b.columns / 2, lanes) * lanes);
  }
  const int64_t one_row = bytes(1, b.columns);
  if (one_row > kMaxBlockBytes) {
    b.gather = true;
    return b;
  }
  b.across = divide_up(Q, b.columns);

  const bool unpadded = plan.pads == Pads{};
  const bool unstrided = plan.stride == Pair{1, 1};
  b.in_place =
      unpadded && unstrided && plan.channels_per_group() * plan.in.h * plan.in.w <= std::numeric_limits<int32_t>::max();

  // As many rows as stay in the cache, but enough blocks for all threads.
  const int64_t per_row = std::max<int64_t>(1, bytes(2, b.columns) - one_row);
  int64_t most = 1 + std::max<int64_t>(0, target - one_row) / per_row;
  const int64_t wanted_items = threads > 1 ? 4 * threads : 1;
  const int64_t others = std::max<int64_t>(1, plan.batch * plan.groups * b.across);
  if (others < wanted_items) most = std::min(most, std::max<int64_t>(4, divide_up(P * others, wanted_items)));
  most = std::min(most, P);

  // Of the heights that are not much smaller, the one that wastes the fewest lanes.
  const int64_t row_pitch = b.in_place ? plan.in.w : b.columns + horizontal_phases(plan).max_shift;
  const auto vectors = [&](int64_t rows) {
    const int64_t flat = divide_up((rows - 1) * row_pitch + b.columns, lanes);
    return std::min(flat, rows * divide_up(b.columns, lanes));
  };
  double best = std::numeric_limits<double>::max();
  for (int64_t rows = most; rows >= std::max<int64_t>(1, most / 2) && rows > most - 64; --rows) {
    const int64_t last = P % rows;
    const double cost = static_cast<double>(P / rows * vectors(rows) + (last > 0 ? vectors(last) : 0)) +
                        0.5 * static_cast<double>(divide_up(P, rows));
    if (cost < best) {
      best = cost;
      b.rows = rows;
    }
  }
  b.down = divide_up(P, b.rows);

  // A kernel that spans far more than the picture is wide leaves most lanes of a block idle. Where there are enough
  // output channels to share the work of gathering, gather.
  const int64_t dense = divide_up(P * Q, lanes);
  if (plan.kernels_per_group() >= 48 && best > 2.5 * static_cast<double>(dense) + 4) {
    b.gather = true;
    return b;
  }
  if (others * b.down < wanted_items) {
    b.weight_parts = std::min(panels, divide_up(wanted_items, others * b.down));
  }
  return b;
}

/// Copies the lanes of a vector that are outputs: its positions count through the rows of the block, gaps included.
template <class T>
void scatter(const BlockLayout& layout, int64_t out_pitch, int64_t first, int lanes, const T* from, T* to) {
  int64_t row = first / layout.pitch, column = first % layout.pitch;
  int64_t lane = 0;
  while (lane < lanes && row < layout.rows) {
    const int64_t in_row = layout.pitch - column;  // lanes until the next row begins
    const int64_t useful = std::min<int64_t>(lanes - lane, layout.columns - column);
    if (useful > 0) std::memcpy(to + row * out_pitch + column, from + lane, static_cast<size_t>(useful) * sizeof(T));
    lane += in_row;
    column = 0;
    ++row;
    if (!layout.flat) return;
  }
}

/// One panel of weights times all vectors [begin, end) of a block.
template <class T>
void multiply_panel(const Work<T>& work, const BlockLayout& layout, const T* block, const T* a, int rows, const T* bias,
                    T* out, size_t begin, size_t end) {
  const int lanes = work.kernels.lanes;
  alignas(64) T spill[kMaxTileRows * kMaxTileVectors * kMaxLanes];
  const int widest = work.kernels.max_vectors(rows);
  TileTask<T> task;
  task.a = a;
  task.offsets = layout.tap_offsets.data();
  task.k = work.plan.taps();
  task.bias = bias;
  int vectors = widest;
  for (size_t at = begin; at < end; at += static_cast<size_t>(vectors)) {
    while (static_cast<size_t>(vectors) > end - at) vectors /= 2;
    bool spilled = false;
    for (int v = 0; v < vectors; ++v) {
      const BlockLayout::VectorPlace& place = layout.vectors[at + static_cast<size_t>(v)];
      task.b[v] = block + place.source;
      if (place.target >= 0) {
        task.c[v] = out + place.target;
        task.c_stride[v] = work.plan.positions();
      } else {
        task.c[v] = spill + v * lanes;
        task.c_stride[v] = kMaxTileVectors * kMaxLanes;
        spilled = true;
      }
    }
    work.kernels.run(rows, vectors, task);
    if (!spilled) continue;
    for (int v = 0; v < vectors; ++v) {
      const BlockLayout::VectorPlace& place = layout.vectors[at + static_cast<size_t>(v)];
      if (place.target >= 0) continue;
      for (int i = 0; i < rows; ++i) {
        scatter(layout, work.plan.out.w, place.first, lanes, spill + i * kMaxTileVectors * kMaxLanes + v * lanes,
                out + i * work.plan.positions());
      }
    }
  }
}

/// Vectors that one panel may go through before somebody looks whether the job was cancelled: about a millisecond.
size_t vectors_between_looks(int lanes, int64_t taps) {
  constexpr double kMacs = 64e6;
  return static_cast<size_t>(std::max(double{kMaxTileVectors},
                                      kMacs / (static_cast<double>(lanes * kMaxTileRows) * static_cast<double>(taps))));
}

template <class T>
void run_block_item(Work<T>& work, int64_t item) {
  const ConvPlan& plan = work.plan;
  const Blocking& b = work.blocking;
  const int64_t part = item % b.weight_parts;
  item /= b.weight_parts;
  const int64_t across = item % b.across;
  item /= b.across;
  const int64_t down = item % b.down;
  item /= b.down;
  const int64_t group = item % plan.groups;
  const int64_t n = item / plan.groups;

  const size_t layout_index =
      (down == b.down - 1 ? size_t{2} : size_t{0}) + (across == b.across - 1 ? size_t{1} : size_t{0});
  const BlockLayout& layout = work.layouts[layout_index];
  const OutputBlock block{down * b.rows, across * b.columns, layout.rows, layout.columns};

  const T* numbers = nullptr;
  if (b.in_place) {
    numbers = work.image(n, group) + block.y * plan.in.w + block.x;
  } else {
    T* to = scratch().block.template reserve_for<T>(layout.channel_stride * plan.channels_per_group());
    if (to == nullptr) {
      work.out_of_memory = true;
      return;
    }
    fill_block(plan, layout, block, work.image(n, group), to);
    numbers = to;
  }

  const auto panel_count = static_cast<int64_t>(work.panels.size());
  const int64_t first = panel_count * part / b.weight_parts, last = panel_count * (part + 1) / b.weight_parts;
  const int64_t taps = plan.taps();
  // A piece of the block is taken through all panels before the next piece, as long as the panels stay in the cache;
  // else each panel through the whole block.
  const int64_t weight_bytes = plan.kernels_per_group() * taps * static_cast<int64_t>(sizeof(T));
  const size_t all = layout.vectors.size();
  const bool weight_stays = work.packed_weight != nullptr && weight_bytes <= block_target_bytes() / 2;
  const size_t piece = weight_stays ? size_t{8} : std::min(all, vectors_between_looks(work.kernels.lanes, taps));
  for (size_t begin = 0; begin < all; begin += piece) {
    const size_t end = std::min(all, begin + piece);
    for (int64_t i = first; i < last; ++i) {
      if (work.stopped()) return;
      const Panel& panel = work.panels[static_cast<size_t>(i)];
      const T* a = nullptr;
      if (work.packed_weight != nullptr) {
        a = work.packed_weight + (group * plan.kernels_per_group() + panel.begin) * taps;
      } else if (panel.rows == 1) {
        a = work.weight_row(group, panel.begin);  // a single row is packed as it lies
      } else {
        T* to = scratch().weight.template reserve_for<T>(panel.rows * taps);
        if (to == nullptr) {
          work.out_of_memory = true;
          return;
        }
        work.kernels.pack_rows(work.weight_row(group, panel.begin), taps, panel.rows, taps, to);
        a = to;
      }
      multiply_panel(work, layout, numbers, a, panel.rows, work.bias_of(group, panel.begin),
                     work.plane(n, group, panel.begin) + block.y * plan.out.w + block.x, begin, end);
    }
  }
  work.item_done();
}

// ---- gathering: the im2col panel written out, a few vectors of windows and kGatherTaps taps at a time ----

constexpr int64_t kGatherTaps = 512;
constexpr int64_t kGatherVectors = 8;

template <class T>
void gather_panel(const ConvPlan& plan, const T* image, int64_t first_position, int64_t count, int64_t width,
                  int64_t first_tap, int64_t taps, T* to) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t p = (first_position + i) / plan.out.w, q = (first_position + i) % plan.out.w;
    for (int64_t k = 0; k < taps; ++k) {
      const int64_t tap = first_tap + k;
      const int64_t s = tap % plan.kernel.w;
      const int64_t r = tap / plan.kernel.w % plan.kernel.h;
      const int64_t c = tap / (plan.kernel.w * plan.kernel.h);
      const int64_t y =
          source_index(p * plan.stride.h - plan.pads.top + r * plan.dilation.h, plan.in.h, plan.padding_mode);
      const int64_t x =
          source_index(q * plan.stride.w - plan.pads.left + s * plan.dilation.w, plan.in.w, plan.padding_mode);
      const bool is_zero = y == kZeroPadding || x == kZeroPadding;
      to[k * width + i] = is_zero ? T{0} : image[(c * plan.in.h + y) * plan.in.w + x];
    }
  }
}

template <class T>
void run_gather_item(Work<T>& work, int64_t item) {
  const ConvPlan& plan = work.plan;
  const int64_t width = kGatherVectors * work.kernels.lanes;
  const int64_t chunks = divide_up(plan.positions(), width);
  const int64_t first = item % chunks * width;
  item /= chunks;
  const int64_t group = item % plan.groups;
  const int64_t n = item / plan.groups;
  const int64_t count = std::min(width, plan.positions() - first);
  const int64_t kernels = plan.kernels_per_group();

  // A strip of kernels at a time, so that the sums stay in the cache and the scratch is bounded.
  const int64_t strip = 16 * work.kernels.max_rows;
  T* panel_numbers = scratch().block.template reserve_for<T>(kGatherTaps * width);
  T* weight = scratch().weight.template reserve_for<T>(kGatherTaps * kMaxTileRows);
  T* sums = scratch().sums.template reserve_for<T>(std::min(strip, kernels) * width);
  if (panel_numbers == nullptr || weight == nullptr || sums == nullptr) {
    work.out_of_memory = true;
    return;
  }
  const auto vectors_used = static_cast<int>(divide_up(count, work.kernels.lanes));
  size_t panel = 0;
  while (panel < work.panels.size()) {
    const int64_t strip_begin = work.panels[panel].begin;
    size_t strip_end = panel;
    while (strip_end < work.panels.size() &&
           work.panels[strip_end].begin + work.panels[strip_end].rows <= strip_begin + strip) {
      ++strip_end;
    }
    for (int64_t k = 0; k < plan.taps(); k += kGatherTaps) {
      const int64_t taps = std::min(kGatherTaps, plan.taps() - k);
      gather_panel(plan, work.image(n, group), first, count, width, k, taps, panel_numbers);
      for (size_t i = panel; i < strip_end; ++i) {
        if (work.stopped()) return;
        const Panel& rows = work.panels[i];
        work.kernels.pack_rows(work.weight_row(group, rows.begin) + k, plan.taps(), rows.rows, taps, weight);
        TileTask<T> task;
        task.a = weight;
        task.offsets = work.packed_offsets.data();
        task.k = taps;
        task.accumulate = k > 0;
        task.bias = k + taps == plan.taps() ? work.bias_of(group, rows.begin) : nullptr;
        int vectors = work.kernels.max_vectors(rows.rows);
        for (int at = 0; at < vectors_used; at += vectors) {
          while (vectors > vectors_used - at) vectors /= 2;
          for (int v = 0; v < vectors; ++v) {
            task.b[v] = panel_numbers + (at + v) * work.kernels.lanes;
            task.c[v] = sums + (rows.begin - strip_begin) * width + (at + v) * work.kernels.lanes;
            task.c_stride[v] = width;
          }
          work.kernels.run(rows.rows, vectors, task);
        }
      }
    }
    for (size_t i = panel; i < strip_end; ++i) {
      for (int64_t m = work.panels[i].begin; m < work.panels[i].begin + work.panels[i].rows; ++m) {
        std::memcpy(work.plane(n, group, m) + first, sums + (m - strip_begin) * width,
                    static_cast<size_t>(count) * sizeof(T));
      }
    }
    panel = strip_end;
  }
  work.item_done();
}

/// Packs all weights once, for all blocks and images.
template <class T>
T* pack_weight(const Work<T>& work, int threads, AlignedBuffer& buffer) {
  const ConvPlan& plan = work.plan;
  T* packed = buffer.reserve_for<T>(plan.out_channels * plan.taps());
  if (packed == nullptr) return nullptr;
  const auto panels = static_cast<int64_t>(work.panels.size());
  parallel_for(threads, plan.groups * panels, [&](int64_t item) {
    if (work.stopped()) return;
    const int64_t group = item / panels;
    const Panel& panel = work.panels[static_cast<size_t>(item % panels)];
    work.kernels.pack_rows(work.weight_row(group, panel.begin), plan.taps(), panel.rows, plan.taps(),
                           packed + (group * plan.kernels_per_group() + panel.begin) * plan.taps());
  });
  return packed;
}

/// Threads that pay for their waking.
int useful_threads(const ConvPlan& plan, int threads) {
  if (threads <= 0) threads = hardware_threads();
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  return static_cast<int>(std::clamp(macs / kMacsPerThread, 1.0, static_cast<double>(threads)));
}

}  // namespace

template <class T>
Outcome conv2d_im2col(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, int threads,
                      Job* job) {
  if (plan.output_cells() == 0) return Outcome::finished;
  threads = useful_threads(plan, threads);
  Work<T> work{plan, input, weight, bias, output, job, tile_kernels<T>(), {}, {}, {}, nullptr, {}};
  work.panels = panels_of(plan.kernels_per_group(), work.kernels.max_rows);
  work.blocking = choose_blocking(plan, work.kernels.lanes, sizeof(T), threads, std::ssize(work.panels));
  const Blocking& b = work.blocking;

  if (b.gather) {
    const int64_t width = kGatherVectors * work.kernels.lanes;
    work.items = plan.batch * plan.groups * divide_up(plan.positions(), width);
    for (int64_t k = 0; k < std::min(kGatherTaps, plan.taps()); ++k) {
      work.packed_offsets.push_back(static_cast<int32_t>(k * width));
    }
    parallel_for(threads, work.items, [&](int64_t item) {
      if (!work.stopped()) run_gather_item(work, item);
    });
  } else {
    for (const bool last_row : {false, true}) {
      for (const bool last_column : {false, true}) {
        const int64_t rows = last_row ? plan.out.h - (b.down - 1) * b.rows : b.rows;
        const int64_t columns = last_column ? plan.out.w - (b.across - 1) * b.columns : b.columns;
        const bool used = (last_row || b.down > 1) && (last_column || b.across > 1);
        work.layouts.push_back(used ? block_layout(plan, rows, columns, work.kernels.lanes, b.in_place)
                                    : BlockLayout{});
      }
    }
    work.items = plan.batch * plan.groups * b.down * b.across * b.weight_parts;
    // Where every panel is used by one item alone, that item packs it into its cache.
    if (plan.batch * b.down * b.across > 1 && plan.kernels_per_group() > 1) {
      thread_local AlignedBuffer packed;
      work.packed_weight = pack_weight(work, threads, packed);
      if (work.packed_weight == nullptr) return Outcome::out_of_memory;
    }
    parallel_for(threads, work.items, [&](int64_t item) {
      if (!work.stopped()) run_block_item(work, item);
    });
  }
  scratch().trim();
  if (work.out_of_memory) return Outcome::out_of_memory;
  if (work.items_done < work.items) return Outcome::cancelled;
  return Outcome::finished;
}

template Outcome conv2d_im2col<float>(const ConvPlan&, const float*, const float*, const float*, float*, int, Job*);
template Outcome conv2d_im2col<double>(const ConvPlan&, const double*, const double*, const double*, double*, int,
                                       Job*);

}  // namespace convscope
