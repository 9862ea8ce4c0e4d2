#include "engine/conv2d_im2col.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache_size.h"
#include "engine/conv2d_panels.h"
#include "engine/division.h"
#include "engine/gemm.h"
#include "engine/im2col_block.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// A block that cannot be made smaller than this (a few outputs whose windows span a vast padding) is gathered tap by
// tap instead.
constexpr int64_t kMaxBlockBytes = int64_t{32} << 20;

/// Half of the second-level cache for the block; the other half for weights and results.
int64_t block_target_bytes() { return second_level_cache() / 2; }

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
  const int64_t count = ceil_divide(rows, max_rows);
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
  int64_t vectors = 0;            // that cover all outputs of one channel
  int64_t weight_parts = 1;       // items that share a block, each with its share of the panels
};

/// Everything that the plan and the weight decide.
template <class T>
struct Prepared {
  ConvPlan plan;
  TileKernels<T> kernels;
  std::vector<Panel> panels;  // of one group
  Blocking blocking;
  std::vector<BlockLayout> layouts;  // [last row of blocks][last column of blocks]
  std::vector<int32_t> packed_offsets;
  int64_t items = 1;
  const T* weight = nullptr;         // as it was given
  const T* packed_weight = nullptr;  // of all groups, or null: each item packs its own panels
  const T* bias = nullptr;

  const T* weight_row(int64_t group, int64_t kernel) const {
    return weight + (group * plan.kernels_per_group() + kernel) * plan.taps();
  }
  const T* packed_panel(int64_t group, const Panel& panel) const {
    return packed_weight + (group * plan.kernels_per_group() + panel.begin) * plan.taps();
  }
  const T* bias_of(int64_t group, int64_t kernel) const {
    return bias == nullptr ? nullptr : bias + group * plan.kernels_per_group() + kernel;
  }
};

/// Everything that stays the same for all items of one call.
template <class T>
struct Work {
  const Prepared<T>& ready;
  const T* input;
  T* output;
  Job* job;
  std::atomic<int64_t> items_done{0};
  std::atomic<bool> out_of_memory{false};

  bool stopped() const {
    return out_of_memory.load(std::memory_order_relaxed) ||
           (job != nullptr && job->cancelled.load(std::memory_order_relaxed));
  }
  void item_done() {
    const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) {
      job->report(static_cast<float>(done) / static_cast<float>(ready.items));
    }
  }
  const T* image(int64_t n, int64_t group) const {
    return input +
           (n * ready.plan.in_channels + group * ready.plan.channels_per_group()) * ready.plan.in.h * ready.plan.in.w;
  }
  T* plane(int64_t n, int64_t group, int64_t kernel) const {
    return output +
           (n * ready.plan.out_channels + group * ready.plan.kernels_per_group() + kernel) * ready.plan.positions();
  }
};

Blocking choose_blocking(const ConvPlan& plan, int lanes, int64_t element, int threads, int64_t panels) {
  Blocking b;
  const int64_t Q = plan.out.w, P = plan.out.h;
  const auto bytes = [&](int64_t rows, int64_t columns) {
    const int64_t elements = block_elements(plan, rows, columns, plan.channels_per_group());
    return elements > std::numeric_limits<int64_t>::max() / element ? std::numeric_limits<int64_t>::max()
                                                                    : elements * element;
  };
  const int64_t target = block_target_bytes();
  const int64_t shortest = 8 * lanes;
  b.columns = Q;
  while (bytes(1, b.columns) > target && b.columns > shortest) {
    b.columns = std::max(shortest, ceil_divide(b.columns / 2, lanes) * lanes);
  }
  const int64_t one_row = bytes(1, b.columns);
  if (one_row > kMaxBlockBytes) {
    b.gather = true;
    return b;
  }
  b.across = ceil_divide(Q, b.columns);

  const bool unpadded = plan.pads == Pads{};
  const bool unstrided = plan.stride == Pair{1, 1};
  b.in_place =
      unpadded && unstrided && plan.channels_per_group() * plan.in.h * plan.in.w <= std::numeric_limits<int32_t>::max();

  // As many rows as stay in the cache, but enough blocks for all threads.
  const int64_t per_row = std::max<int64_t>(1, bytes(2, b.columns) - one_row);
  int64_t most = 1 + std::max<int64_t>(0, target - one_row) / per_row;
  const int64_t wanted_items = threads > 1 ? 2 * threads : 1;
  const int64_t others = std::max<int64_t>(1, plan.batch * plan.groups * b.across);
  if (others < wanted_items) most = std::min(most, std::max<int64_t>(4, ceil_divide(P * others, wanted_items)));
  most = std::min(most, P);

  // Of the heights that are not much smaller, the one that wastes the fewest lanes.
  const int64_t row_pitch = b.in_place ? plan.in.w : b.columns + horizontal_phases(plan).max_shift;
  const auto vectors = [&](int64_t rows) {
    const int64_t flat = ceil_divide((rows - 1) * row_pitch + b.columns, lanes);
    return std::min(flat, rows * ceil_divide(b.columns, lanes));
  };
  double best = std::numeric_limits<double>::max();
  for (int64_t rows = most; rows >= std::max<int64_t>(1, most / 2) && rows > most - 64; --rows) {
    const int64_t last = P % rows;
    // All threads wait for the one that has an item more; few items are cut further below.
    const int64_t items = others * ceil_divide(P, rows);
    const double shares =
        items < wanted_items ? 1 : static_cast<double>(round_up(items, threads)) / static_cast<double>(items);
    const double cost = (static_cast<double>(P / rows * vectors(rows) + (last > 0 ? vectors(last) : 0)) +
                         0.5 * static_cast<double>(ceil_divide(P, rows))) *
                        shares;
    if (cost < best) {
      best = cost;
      b.rows = rows;
    }
  }
  b.down = ceil_divide(P, b.rows);
  const int64_t last_rows = P - (b.down - 1) * b.rows;
  b.vectors = b.across * ((b.down - 1) * vectors(b.rows) + vectors(last_rows));

  // A kernel that spans far more than the picture is wide leaves most lanes of a block idle. Where there are enough
  // output channels to share the work of gathering, gather.
  const int64_t dense = ceil_divide(P * Q, lanes);
  if (plan.kernels_per_group() >= 48 && best > 2.5 * static_cast<double>(dense) + 4) {
    b.gather = true;
    return b;
  }
  if (others * b.down < wanted_items) {
    b.weight_parts = std::min(panels, ceil_divide(wanted_items, others * b.down));
  }
  return b;
}

/// Which part of the lanes are windows, in the blocks of one thread.
template <class T>
double busy_lanes(const ConvPlan& plan) {
  constexpr double kGathering = 0.6;  // takes as long
  const int lanes = tile_kernels<T>().lanes;
  const Blocking b = choose_blocking(plan, lanes, sizeof(T), 1, 1);
  return b.gather ? kGathering : static_cast<double>(plan.positions()) / static_cast<double>(b.vectors * lanes);
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
  const int lanes = work.ready.kernels.lanes;
  alignas(64) T spill[kMaxTileRows * kMaxTileVectors * kMaxLanes];
  const int widest = work.ready.kernels.max_vectors(rows);
  TileTask<T> task;
  task.a = a;
  task.offsets = layout.tap_offsets.data();
  task.k = work.ready.plan.taps();
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
        task.c_stride[v] = work.ready.plan.positions();
      } else {
        task.c[v] = spill + v * lanes;
        task.c_stride[v] = kMaxTileVectors * kMaxLanes;
        spilled = true;
      }
    }
    work.ready.kernels.run(rows, vectors, task);
    if (!spilled) continue;
    for (int v = 0; v < vectors; ++v) {
      const BlockLayout::VectorPlace& place = layout.vectors[at + static_cast<size_t>(v)];
      if (place.target >= 0) continue;
      for (int i = 0; i < rows; ++i) {
        scatter(layout, work.ready.plan.out.w, place.first, lanes, spill + i * kMaxTileVectors * kMaxLanes + v * lanes,
                out + i * work.ready.plan.positions());
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
  const ConvPlan& plan = work.ready.plan;
  const Blocking& b = work.ready.blocking;
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
  const BlockLayout& layout = work.ready.layouts[layout_index];
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
    fill_block(plan, layout, block, plan.channels_per_group(), work.image(n, group), to);
    numbers = to;
  }

  const auto panel_count = static_cast<int64_t>(work.ready.panels.size());
  const int64_t first = panel_count * part / b.weight_parts, last = panel_count * (part + 1) / b.weight_parts;
  const int64_t taps = plan.taps();
  // A piece of the block is taken through all panels before the next piece, as long as the panels stay in the cache;
  // else each panel through the whole block.
  const int64_t weight_bytes = plan.kernels_per_group() * taps * static_cast<int64_t>(sizeof(T));
  const size_t all = layout.vectors.size();
  const bool weight_stays = work.ready.packed_weight != nullptr && weight_bytes <= block_target_bytes() / 2;
  const size_t piece = weight_stays ? size_t{8} : std::min(all, vectors_between_looks(work.ready.kernels.lanes, taps));
  for (size_t begin = 0; begin < all; begin += piece) {
    const size_t end = std::min(all, begin + piece);
    for (int64_t i = first; i < last; ++i) {
      if (work.stopped()) return;
      const Panel& panel = work.ready.panels[static_cast<size_t>(i)];
      const T* a = nullptr;
      if (work.ready.packed_weight != nullptr) {
        a = work.ready.packed_panel(group, panel);
      } else if (panel.rows == 1) {
        a = work.ready.weight_row(group, panel.begin);  // a single row is packed as it lies
      } else {
        T* to = scratch().weight.template reserve_for<T>(panel.rows * taps);
        if (to == nullptr) {
          work.out_of_memory = true;
          return;
        }
        work.ready.kernels.pack_rows(work.ready.weight_row(group, panel.begin), taps, panel.rows, taps, to);
        a = to;
      }
      multiply_panel(work, layout, numbers, a, panel.rows, work.ready.bias_of(group, panel.begin),
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
  const ConvPlan& plan = work.ready.plan;
  const int64_t width = kGatherVectors * work.ready.kernels.lanes;
  const int64_t chunks = ceil_divide(plan.positions(), width);
  const int64_t first = item % chunks * width;
  item /= chunks;
  const int64_t group = item % plan.groups;
  const int64_t n = item / plan.groups;
  const int64_t count = std::min(width, plan.positions() - first);
  const int64_t kernels = plan.kernels_per_group();

  // A strip of kernels at a time, so that the sums stay in the cache and the scratch is bounded.
  const int64_t strip = 16 * work.ready.kernels.max_rows;
  T* panel_numbers = scratch().block.template reserve_for<T>(kGatherTaps * width);
  T* weight = scratch().weight.template reserve_for<T>(kGatherTaps * kMaxTileRows);
  T* sums = scratch().sums.template reserve_for<T>(std::min(strip, kernels) * width);
  if (panel_numbers == nullptr || weight == nullptr || sums == nullptr) {
    work.out_of_memory = true;
    return;
  }
  const auto vectors_used = static_cast<int>(ceil_divide(count, work.ready.kernels.lanes));
  size_t panel = 0;
  while (panel < work.ready.panels.size()) {
    const int64_t strip_begin = work.ready.panels[panel].begin;
    size_t strip_end = panel;
    while (strip_end < work.ready.panels.size() &&
           work.ready.panels[strip_end].begin + work.ready.panels[strip_end].rows <= strip_begin + strip) {
      ++strip_end;
    }
    for (int64_t k = 0; k < plan.taps(); k += kGatherTaps) {
      const int64_t taps = std::min(kGatherTaps, plan.taps() - k);
      gather_panel(plan, work.image(n, group), first, count, width, k, taps, panel_numbers);
      for (size_t i = panel; i < strip_end; ++i) {
        if (work.stopped()) return;
        const Panel& rows = work.ready.panels[i];
        work.ready.kernels.pack_rows(work.ready.weight_row(group, rows.begin) + k, plan.taps(), rows.rows, taps,
                                     weight);
        TileTask<T> task;
        task.a = weight;
        task.offsets = work.ready.packed_offsets.data();
        task.k = taps;
        task.accumulate = k > 0;
        task.bias = k + taps == plan.taps() ? work.ready.bias_of(group, rows.begin) : nullptr;
        int vectors = work.ready.kernels.max_vectors(rows.rows);
        for (int at = 0; at < vectors_used; at += vectors) {
          while (vectors > vectors_used - at) vectors /= 2;
          for (int v = 0; v < vectors; ++v) {
            task.b[v] = panel_numbers + (at + v) * work.ready.kernels.lanes;
            task.c[v] = sums + (rows.begin - strip_begin) * width + (at + v) * work.ready.kernels.lanes;
            task.c_stride[v] = width;
          }
          work.ready.kernels.run(rows.rows, vectors, task);
        }
      }
    }
    for (size_t i = panel; i < strip_end; ++i) {
      for (int64_t m = work.ready.panels[i].begin; m < work.ready.panels[i].begin + work.ready.panels[i].rows; ++m) {
        std::memcpy(work.plane(n, group, m) + first, sums + (m - strip_begin) * width,
                    static_cast<size_t>(count) * sizeof(T));
      }
    }
    panel = strip_end;
  }
  work.item_done();
}

template <class T>
Prepared<T> prepared(const ConvPlan& plan, const T* weight, const T* bias, int threads) {
  Prepared<T> ready;
  ready.plan = plan;
  ready.kernels = tile_kernels<T>();
  ready.weight = weight;
  ready.bias = bias;
  ready.panels = panels_of(plan.kernels_per_group(), ready.kernels.max_rows);
  ready.blocking = choose_blocking(plan, ready.kernels.lanes, sizeof(T), threads, std::ssize(ready.panels));
  const Blocking& b = ready.blocking;
  if (b.gather) {
    const int64_t width = kGatherVectors * ready.kernels.lanes;
    ready.items = plan.batch * plan.groups * ceil_divide(plan.positions(), width);
    for (int64_t k = 0; k < std::min(kGatherTaps, plan.taps()); ++k) {
      ready.packed_offsets.push_back(static_cast<int32_t>(k * width));
    }
    return ready;
  }
  for (const bool last_row : {false, true}) {
    for (const bool last_column : {false, true}) {
      const int64_t rows = last_row ? plan.out.h - (b.down - 1) * b.rows : b.rows;
      const int64_t columns = last_column ? plan.out.w - (b.across - 1) * b.columns : b.columns;
      const bool used = (last_row || b.down > 1) && (last_column || b.across > 1);
      ready.layouts.push_back(used ? block_layout(plan, rows, columns, ready.kernels.lanes, b.in_place)
                                   : BlockLayout{});
    }
  }
  ready.items = plan.batch * plan.groups * b.down * b.across * b.weight_parts;
  return ready;
}

/// Packs all weights, for all blocks and images. False where there is no memory for them.
template <class T>
bool pack_weight(Prepared<T>& ready, int threads, AlignedBuffer& buffer, const Job* job) {
  const ConvPlan& plan = ready.plan;
  T* packed = buffer.reserve_for<T>(plan.out_channels * plan.taps());
  if (packed == nullptr) return false;
  ready.packed_weight = packed;
  const auto panels = static_cast<int64_t>(ready.panels.size());
  parallel_for(threads, plan.groups * panels, [&](int64_t item) {
    if (job != nullptr && job->is_cancelled()) return;
    const int64_t group = item / panels;
    const Panel& panel = ready.panels[static_cast<size_t>(item % panels)];
    ready.kernels.pack_rows(ready.weight_row(group, panel.begin), plan.taps(), panel.rows, plan.taps(),
                            packed + (group * plan.kernels_per_group() + panel.begin) * plan.taps());
  });
  return true;
}

template <class T>
Outcome multiply(const Prepared<T>& ready, const T* input, T* output, int threads, Job* job) {
  Work<T> work{ready, input, output, job};
  parallel_for(threads, ready.items, [&](int64_t item) {
    if (work.stopped()) return;
    ready.blocking.gather ? run_gather_item(work, item) : run_block_item(work, item);
  });
  if (work.out_of_memory) return Outcome::out_of_memory;
  if (work.items_done < ready.items) return Outcome::cancelled;
  return Outcome::finished;
}

template <class T>
class Im2colRunner : public Conv2dRunner<T> {
 public:
  /// Whether there is memory for it.
  bool prepare(const ConvPlan& plan, const T* weight, const T* bias, int threads, const Job* job) {
    threads = useful_threads(threads, plan.macs());
    ready_ = prepared(plan, weight, bias, threads);
    if (bias != nullptr) {
      T* copy = bias_.reserve_for<T>(plan.out_channels);
      if (copy == nullptr) return false;
      ready_.bias = std::copy_n(bias, plan.out_channels, copy) - plan.out_channels;
    }
    if (!ready_.blocking.gather) {
      if (!pack_weight(ready_, threads, weight_, job)) return false;
      ready_.weight = nullptr;
      return true;
    }
    T* copy = weight_.reserve_for<T>(plan.out_channels * plan.taps());
    if (copy == nullptr) return false;
    ready_.weight = std::copy_n(weight, plan.out_channels * plan.taps(), copy) - plan.out_channels * plan.taps();
    return true;
  }

  Outcome run(const T* input, T* output, int threads, Job* job) const override {
    if (ready_.plan.output_cells() == 0) return Outcome::finished;
    return multiply(ready_, input, output, useful_threads(threads, ready_.plan.macs()), job);
  }
  int64_t packed_bytes() const override { return static_cast<int64_t>(weight_.size() + bias_.size()); }
  int64_t scratch_bytes(int threads) const override {
    const int64_t strip = 16 * ready_.kernels.max_rows;
    int64_t elements = 0;
    if (ready_.blocking.gather) {
      const int64_t width = kGatherVectors * ready_.kernels.lanes;
      elements = kGatherTaps * (width + kMaxTileRows) + std::min(strip, ready_.plan.kernels_per_group()) * width;
    } else if (!ready_.blocking.in_place) {
      for (const BlockLayout& layout : ready_.layouts) {
        elements = std::max(elements, layout.channel_stride * ready_.plan.channels_per_group());
      }
    }
    return useful_threads(threads, ready_.plan.macs()) * elements * static_cast<int64_t>(sizeof(T));
  }

 private:
  Prepared<T> ready_;
  AlignedBuffer weight_, bias_;
};

}  // namespace

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_im2col(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                const Job* job) {
  if (plan.output_cells() > 0 && panels_pay<T>(plan, busy_lanes<T>(plan))) {
    return prepare_panels<T>(plan, weight, bias, threads, job);
  }
  auto runner = std::make_unique<Im2colRunner<T>>();
  if (plan.output_cells() > 0 && !runner->prepare(plan, weight, bias, threads, job)) return nullptr;
  return runner;
}

template <class T>
Outcome conv2d_im2col(const ConvPlan& plan, const T* input, const T* weight, const T* bias, T* output, int threads,
                      Job* job) {
  if (plan.output_cells() == 0) return Outcome::finished;
  threads = useful_threads(threads, plan.macs());
  Prepared<T> ready = prepared(plan, weight, bias, threads);
  const Blocking& b = ready.blocking;
  // Where every panel is used by one item alone, that item packs it into its cache.
  if (!b.gather && plan.batch * b.down * b.across > 1 && plan.kernels_per_group() > 1) {
    thread_local AlignedBuffer packed;
    if (!pack_weight(ready, threads, packed, job)) return Outcome::out_of_memory;
  }
  const Outcome outcome = multiply(ready, input, output, threads, job);
  scratch().trim();
  return outcome;
}

template std::unique_ptr<Conv2dRunner<float>> prepare_im2col(const ConvPlan&, const float*, const float*, int,
                                                             const Job*);
template std::unique_ptr<Conv2dRunner<double>> prepare_im2col(const ConvPlan&, const double*, const double*, int,
                                                              const Job*);
template Outcome conv2d_im2col<float>(const ConvPlan&, const float*, const float*, const float*, float*, int, Job*);
template Outcome conv2d_im2col<double>(const ConvPlan&, const double*, const double*, const double*, double*, int,
                                       Job*);

}  // namespace convscope
