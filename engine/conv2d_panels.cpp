#include "engine/conv2d_panels.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache_size.h"
#include "engine/division.h"
#include "engine/im2col_block.h"
#include "engine/panel_kernels.h"
#include "engine/thread_pool.h"
#include "engine/work_shares.h"

namespace convscope {

namespace {

// A panel of weights of so many taps (32 KiB in AVX-512) streams by from the second-level cache.
constexpr int64_t kTapsTogether = 256;
// Blocks of so many rows of windows or more end where a row does.
constexpr int64_t kRowsTogether = 8;
constexpr int64_t kMostWindows = 512, kFewestWindows = 96;
constexpr int64_t kMostStrip = 256;  // columns of one
constexpr int64_t kMostPart = 1024;  // output channels whose sums are kept together
constexpr int64_t kMostBlockBytes = int64_t{4} << 20;

// Packing the windows takes as long as so many more output channels, what is done once for each result as long as so
// many more taps. One thread of a Zen 4 with AVX-512, 2026.
constexpr double kPacking = 6, kOnce = 30;

AlignedBuffer& scratch() {
  thread_local AlignedBuffer mine;
  return mine;
}

/// Taps that are multiplied before the next are packed.
struct Chunk {
  int64_t first_tap = 0, taps = 0;
  int64_t first_channel = 0, channels = 0;  // that they read
};

/// Whole channels where a few of them are enough, else parts of one.
std::vector<Chunk> chunks_of(const ConvPlan& plan) {
  const int64_t of_channel = plan.kernel.h * plan.kernel.w, channels = plan.channels_per_group();
  std::vector<Chunk> chunks;
  if (of_channel <= kTapsTogether) {
    const int64_t count = ceil_divide(channels, kTapsTogether / of_channel);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begin = channels * i / count, end = channels * (i + 1) / count;
      chunks.push_back({begin * of_channel, (end - begin) * of_channel, begin, end - begin});
    }
    return chunks;
  }
  const int64_t pieces = ceil_divide(of_channel, kTapsTogether);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t begin = of_channel * i / pieces, end = of_channel * (i + 1) / pieces;
      chunks.push_back({c * of_channel + begin, end - begin, c, 1});
    }
  }
  return chunks;
}

/// How the windows are cut into blocks, and the work into items.
///
/// The picture is cut into `strips` of at most `columns` windows across. The windows of a strip are counted through
/// its rows and through the whole batch; so many of them in a row are a block.
struct Blocking {
  int64_t strips = 1, columns = 1;
  int64_t windows = 1, blocks = 1;  // of a block at most; of a strip
  int64_t parts = 1;                // items that share a block, each with its share of the output channels
  int64_t items = 1;
};

/// What a block needs at most.
struct BlockSize {
  int64_t images = 1, rows = 1;  // it touches so many images, and so many rows of each
  int64_t tiles = 1;
};

/// Where everything lies in a thread's memory, in bytes.
struct Places {
  int64_t numbers = 0, windows = 0, sums = 0, tiles = 0, order = 0, places = 0, pieces = 0, first_pieces = 0, lists = 0;
  int64_t all = 0;
};

/// Taps along one axis that read real cells: [begin, end).
struct TapRange {
  int64_t begin = 0, end = 0;
  bool operator==(const TapRange&) const = default;
  void include(const TapRange& other) {
    begin = std::min(begin, other.begin);
    end = std::max(end, other.end);
  }
};

/// Windows next to each other along one axis whose taps reach the same real cells.
struct WindowClass {
  int64_t begin = 0, end = 0;  // windows
  TapRange taps;
};

/// If the weights are finite, too.
bool leaves_padding_out(const ConvPlan& plan) {
  return plan.pads != Pads{} && plan.padding_mode == PaddingMode::zeros &&
         plan.kernel.h * plan.kernel.w <= kTapsTogether;
}

/// Classes of one axis; a single one where `skip` is false, whose taps all count.
std::vector<WindowClass> classes_of(const AxisPhases& axis, bool skip) {
  std::vector<WindowClass> classes;
  if (!skip) return {{0, axis.out, {0, axis.kernel}}};
  for (int64_t window = 0; window < axis.out; ++window) {
    const int64_t first = window * axis.stride - axis.pad_begin;
    TapRange taps;
    taps.begin = first >= 0 ? 0 : std::min(axis.kernel, ceil_divide(-first, axis.dilation));
    taps.end = first >= axis.in ? taps.begin
                                : std::clamp(ceil_divide(axis.in - first, axis.dilation), taps.begin, axis.kernel);
    if (classes.empty() || !(classes.back().taps == taps)) classes.push_back({window, window, taps});
    classes.back().end = window + 1;
  }
  return classes;
}

/// Which part of all taps reads real cells, for taps of few rows and columns.
double real_taps(const ConvPlan& plan) {
  const auto of_axis = [](const AxisPhases& axis) {
    int64_t real = 0;
    for (const WindowClass& windows : classes_of(axis, true)) {
      real += (windows.end - windows.begin) * (windows.taps.end - windows.taps.begin);
    }
    return static_cast<double>(real) / (static_cast<double>(axis.out) * static_cast<double>(axis.kernel));
  };
  if (!leaves_padding_out(plan)) return 1;
  return of_axis(vertical_phases(plan)) * of_axis(horizontal_phases(plan));
}

/// Windows of a block that are multiplied together.
struct Tile {
  int64_t begin = 0, count = 0;  // in the block's order
  int32_t list = 0;              // of its taps
  bool is_packed = true;         // else its numbers lie side by side for each tap
};

/// The taps of a tile: those of the kernel's rows and columns that reach real cells for any of its windows.
struct TapList {
  TapRange down, right;
  int64_t of_channel() const { return (down.end - down.begin) * (right.end - right.begin); }
};

constexpr int kMostLists = 24;
// Fewer windows than this are not worth a tile of their own, even if padding could be left out.
constexpr int64_t kFewestOfTile = 4;

bool reads_in_place(const ConvPlan& plan, int64_t channels) {
  return plan.pads == Pads{} && plan.stride == Pair{1, 1} &&
         (channels + 1) * plan.in.h * plan.in.w <= std::numeric_limits<int32_t>::max();
}

int64_t most_channels(const std::vector<Chunk>& chunks) {
  int64_t most = 1;
  for (const Chunk& chunk : chunks) most = std::max(most, chunk.channels);
  return most;
}

template <class T>
class PanelRunner final : public Conv2dRunner<T> {
 public:
  explicit PanelRunner(const ConvPlan& plan)
      : plan_(plan), kernels_(panel_kernels<T>()), chunks_(chunks_of(plan)), channels_(most_channels(chunks_)) {
    in_place_ = reads_in_place(plan, channels_);
    padded_kernels_ = round_up(plan.kernels_per_group(), kernels_.lanes);
    panel_ = kMaxPanelVectors * kernels_.lanes;
    panels_ = ceil_divide(padded_kernels_, panel_);
    for (const Chunk& chunk : chunks_) most_taps_ = std::max(most_taps_, chunk.taps);
  }

  /// Whether the cells that a block's windows cover are few enough to be copied.
  static bool fits(const ConvPlan& plan) {
    const PanelRunner runner(plan);
    if (runner.in_place_) return true;
    const Blocking b = runner.blocking(1);
    const BlockSize size = runner.size_of_block(b);
    const int64_t cells = block_elements(plan, size.rows, b.columns, runner.channels_);
    const int64_t most = kMostBlockBytes / static_cast<int64_t>(sizeof(T)) / size.images;
    return cells <= std::min(most, b.windows * runner.taps_of_list());
  }

  bool prepare(const T* weight, const T* bias, int threads, const Job* job) {
    T* packed = weight_.template reserve_for<T>(plan_.groups * padded_kernels_ * plan_.taps());
    T* padded_bias = bias_.template reserve_for<T>(plan_.groups * padded_kernels_);
    if (packed == nullptr || padded_bias == nullptr) return false;
    skip_padding(weight);
    const int64_t kernels = plan_.kernels_per_group();
    for (int64_t group = 0; group < plan_.groups; ++group) {
      for (int64_t k = 0; k < padded_kernels_; ++k) {
        padded_bias[group * padded_kernels_ + k] = bias != nullptr && k < kernels ? bias[group * kernels + k] : T{0};
      }
    }
    prepared_threads_ = useful_threads(threads, plan_.macs());
    prepared_blocking_ = blocking(prepared_threads_);
    parallel_for(prepared_threads_, plan_.groups * panels_, [&](int64_t item) {
      const int64_t group = item / panels_, first = item % panels_ * panel_;
      const int64_t width = std::min(panel_, padded_kernels_ - first);
      for (const Chunk& chunk : chunks_) {
        if (job != nullptr && job->is_cancelled()) return;
        const T* from = weight + (group * kernels + first) * plan_.taps() + chunk.first_tap;
        T* to =
            packed + group * padded_kernels_ * plan_.taps() + chunk.first_tap * padded_kernels_ + first * chunk.taps;
        kernels_.pack_weight(from, plan_.taps(), std::min(width, kernels - first), width, chunk.taps, to);
      }
    });
    return true;
  }

  Outcome run(const T* input, T* output, int threads, Job* job) const override {
    if (plan_.output_cells() == 0) return Outcome::finished;
    threads = useful_threads(threads, plan_.macs());
    const Blocking b = threads == prepared_threads_ ? prepared_blocking_ : blocking(threads);
    std::atomic<int64_t> items_done{0};
    std::atomic<bool> out_of_memory{false};
    parallel_for(threads, b.items, [&](int64_t item) {
      if (out_of_memory.load(std::memory_order_relaxed)) return;
      const Outcome outcome = run_item(b, item, input, output, job);
      if (outcome == Outcome::out_of_memory) out_of_memory = true;
      if (outcome != Outcome::finished) return;
      const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
      if (job != nullptr) job->report(static_cast<float>(done) / static_cast<float>(b.items));
    });
    if (out_of_memory) return Outcome::out_of_memory;
    return items_done == b.items ? Outcome::finished : Outcome::cancelled;
  }

  int64_t packed_bytes() const override { return static_cast<int64_t>(weight_.size() + bias_.size()); }

  int64_t scratch_bytes(int threads) const override {
    threads = useful_threads(threads, plan_.macs());
    const Blocking b = blocking(threads);
    return std::min<int64_t>(threads, b.items) * places(b).all;
  }

 private:
  struct Block;
  /// Whether windows are packed even where they lie side by side: tiles of few windows touch each tap's line of the
  /// input for few numbers, and again for each panel. One thread of a Zen 4 with AVX2, 2026: 1.4 times as fast with 32
  /// panels, 1.05 with 4.
  bool packs_stretches() const { return kernels_.max_windows <= 6 && panels_ >= 4; }
  int64_t fewest_of_stretch() const { return 2 * kernels_.max_windows / 3; }
  int64_t taps_of_list() const { return channels_ * plan_.kernel.h * plan_.kernel.w; }
  /// Not a multiple of 4 KiB: tiles would push each other out of the first-level cache.
  int64_t tile_pitch(int64_t taps) const { return taps * kernels_.pitch + 64 / static_cast<int64_t>(sizeof(T)); }
  int64_t taps_of(const Block& block, const Tile& tile, const Chunk& chunk) const {
    return tile.list == 0 ? chunk.taps : chunk.channels * block.lists[tile.list].of_channel();
  }

  /// Zeros times finite weights need not be added up.
  void skip_padding(const T* weight) {
    const bool skip = leaves_padding_out(plan_) && std::all_of(weight, weight + plan_.out_channels * plan_.taps(),
                                                               [](T w) { return std::isfinite(w); });
    rows_ = classes_of(vertical_phases(plan_), skip);
    columns_ = classes_of(horizontal_phases(plan_), skip);
  }

  void order_windows(Block& block) const;
  void cut_group(Block& block, int64_t begin, int64_t end, const TapList& taps) const;
  void find_sources(Block& block) const;
  void pack(const Block& block, const Chunk& chunk, const T* numbers, T* to) const;

  Blocking blocking(int threads) const;
  double time_of(const Blocking& b, int threads) const;
  int64_t block_begin(const Blocking& b, int64_t columns, int64_t block) const;
  BlockSize size_of_block(const Blocking& b) const;
  Places places(const Blocking& b) const;
  Outcome run_item(const Blocking& b, int64_t item, const T* input, T* output, Job* job) const;

  ConvPlan plan_;
  PanelKernels<T> kernels_;
  std::vector<Chunk> chunks_;
  int64_t channels_ = 1;  // of a chunk at most
  int64_t most_taps_ = 1;
  bool in_place_ = false;           // windows are packed from the input itself
  int64_t padded_kernels_ = 0;      // of a group, whole vectors
  int64_t panel_ = 0, panels_ = 0;  // output channels of a panel; panels of a group, the last perhaps of half as many
  std::vector<WindowClass> rows_, columns_;
  int prepared_threads_ = 0;
  Blocking prepared_blocking_;  // for so many
  // Weights: [group][chunk][panel][tap][output channel of the panel].
  AlignedBuffer weight_, bias_;
};

template <class T>
Blocking PanelRunner<T>::blocking(int threads) const {
  Blocking b;
  b.strips = ceil_divide(plan_.out.w, kMostStrip);
  b.columns = ceil_divide(plan_.out.w, b.strips);
  b.strips = ceil_divide(plan_.out.w, b.columns);
  const int64_t all = plan_.batch * plan_.out.h * b.columns;
  // The windows of a block and its sums have most of the second-level cache; the weights pass by.
  b.parts = ceil_divide(padded_kernels_, kMostPart);
  const int64_t of_window = static_cast<int64_t>(sizeof(T)) * (kTapsTogether * kernels_.pitch / kernels_.max_windows +
                                                               ceil_divide(padded_kernels_, b.parts));
  const int64_t most = std::clamp(3 * second_level_cache() / 4 / of_window, kFewestWindows, kMostWindows);
  const auto cut = [&](int64_t blocks) {
    b.windows = ceil_divide(all, blocks);
    if (b.windows >= kRowsTogether * b.columns) b.windows = round_up(b.windows, b.columns);
    b.blocks = ceil_divide(all, b.windows);
    b.items = plan_.groups * b.strips * b.blocks * b.parts;
  };
  cut(ceil_divide(all, most));
  if (threads == 1 || b.items >= 8 * threads) return b;

  // Equal shares for the threads, in as few pieces as possible: the windows of a block are packed for each part of the
  // output channels, the weights pass by for each block.
  Blocking best = b;
  double least = time_of(b, threads);
  const int64_t fewest_parts = b.parts, fewest_blocks = b.blocks;
  for (b.parts = fewest_parts; b.parts <= std::min<int64_t>(panels_, fewest_parts + 2 * threads - 1); ++b.parts) {
    for (int64_t blocks = fewest_blocks; blocks <= fewest_blocks + 4 * threads; ++blocks) {
      if (blocks > fewest_blocks && all < blocks * kFewestWindows / 2) break;
      cut(blocks);
      const double time = time_of(b, threads);
      if (time >= 0.98 * least) continue;
      least = time;
      best = b;
    }
  }
  return best;
}

/// In multiply-adds of one thread. The measures are those of panels_pay(); the weights of few windows come from memory.
template <class T>
double PanelRunner<T>::time_of(const Blocking& b, int threads) const {
  constexpr int64_t kFewest = 32;
  return parallel_cost(threads, b.items, [&](int64_t item) {
    const int64_t part = item % b.parts, block = item / b.parts % b.blocks;
    const int64_t channels = (panels_ * (part + 1) / b.parts - panels_ * part / b.parts) * panel_;
    const int64_t windows = block_begin(b, b.columns, block + 1) - block_begin(b, b.columns, block);
    return static_cast<double>(std::max(windows, kFewest) * channels * plan_.taps()) +
           static_cast<double>(windows) *
               (kPacking * static_cast<double>(plan_.taps()) + kOnce * static_cast<double>(channels));
  });
}

/// The first window of a block in a strip of so many columns.
template <class T>
int64_t PanelRunner<T>::block_begin(const Blocking& b, int64_t columns, int64_t block) const {
  const int64_t unit = b.windows % b.columns == 0 ? columns : 1;  // whole rows
  return plan_.batch * plan_.out.h * columns / unit * block / b.blocks * unit;
}

template <class T>
BlockSize PanelRunner<T>::size_of_block(const Blocking& b) const {
  BlockSize size;
  const bool whole_rows = b.windows % b.columns == 0;
  size.rows = std::min(plan_.out.h, whole_rows ? b.windows / b.columns : (b.windows - 2 + b.columns) / b.columns + 1);
  const int64_t of_image = plan_.out.h * b.columns;
  size.images = std::min(plan_.batch, (b.windows - 2 + of_image) / of_image + 1);
  // Each kind of window may leave a tile that is not full.
  const int64_t kinds = std::ssize(columns_) * std::ssize(rows_) * size.images;
  size.tiles = b.windows / fewest_of_stretch() + std::min(b.windows / kFewestOfTile, kinds) + 1;
  return size;
}

template <class T>
Places PanelRunner<T>::places(const Blocking& b) const {
  Places p;
  const auto add = [&p](int64_t bytes) {
    const int64_t at = p.all;
    p.all = round_up(at + bytes, 64) + 64;
    return at;
  };
  const auto element = static_cast<int64_t>(sizeof(T));
  const BlockSize size = size_of_block(b);
  p.all = 64;  // a vector that begins in the middle of another is read from before its first number on
  if (!in_place_) p.numbers = add(size.images * block_elements(plan_, size.rows, b.columns, channels_) * element);
  p.windows = add(size.tiles * tile_pitch(most_taps_) * element);
  p.sums = add(b.windows * ceil_divide(panels_, b.parts) * panel_ * element);
  p.tiles = add(size.tiles * static_cast<int64_t>(sizeof(Tile)));
  p.order = add(b.windows * 4);
  p.places = add(b.windows * 4);
  p.pieces = add(b.windows * static_cast<int64_t>(sizeof(WindowPiece)));
  p.first_pieces = add((size.tiles * kernels_.pitch / kernels_.lanes + 1) * 4);
  p.lists = add(kMostLists * 2 * taps_of_list() * 4);
  return p;
}

/// One block of windows, while its items run.
template <class T>
struct PanelRunner<T>::Block {
  int64_t begin = 0, windows = 0;         // of the strip
  int64_t first_column = 0, columns = 0;  // of the strip
  int64_t of_image = 0;                   // windows of the strip in one image
  int64_t first_image = 0, last_image = 0;
  BlockLayout layout;
  int64_t image_stride = 0;  // from one image's numbers to the next's
  int64_t tile_count = 0;
  int list_count = 0;
  TapList lists[kMostLists];
  Tile* tiles = nullptr;
  int32_t* order = nullptr;   // which window stands at a place
  int32_t* places = nullptr;  // at which place a window stands
  WindowPiece* pieces = nullptr;
  int32_t* first_pieces = nullptr;
  int32_t* tap_lists = nullptr;  // of each list: the taps, then their offsets

  int64_t first_row(int64_t image) const { return image == first_image ? begin % of_image / columns : 0; }
};

/// Windows whose taps meet the same padding stand together.
template <class T>
void PanelRunner<T>::order_windows(Block& block) const {
  int64_t placed = 0, group_begin = 0;
  TapList group;
  block.lists[block.list_count++] = {{0, plan_.kernel.h}, {0, plan_.kernel.w}};
  const int64_t end = block.begin + block.windows;
  for (const WindowClass& column_class : columns_) {
    const int64_t left = std::max(column_class.begin, block.first_column) - block.first_column;
    const int64_t right = std::min(column_class.end, block.first_column + block.columns) - block.first_column;
    if (left >= right) continue;
    for (int64_t image = block.first_image; image <= block.last_image; ++image) {
      for (const WindowClass& row_class : rows_) {
        const TapList here{row_class.taps, column_class.taps};
        // Too few of one kind are joined with the next.
        if (placed - group_begin >= kFewestOfTile) {
          cut_group(block, group_begin, placed, group);
          group_begin = placed;
        }
        const int64_t before = placed;
        const int64_t image_begin = image * block.of_image;
        const int64_t first = std::max(row_class.begin, (block.begin - image_begin) / block.columns);
        const int64_t last = std::min(row_class.end, ceil_divide(end - image_begin, block.columns));
        for (int64_t row = first; row < last; ++row) {
          const int64_t row_begin = image_begin + row * block.columns;
          const int64_t from = std::max(row_begin + left, block.begin), to = std::min(row_begin + right, end);
          for (int64_t window = from; window < to; ++window) {
            block.places[window - block.begin] = static_cast<int32_t>(placed);
            block.order[placed++] = static_cast<int32_t>(window - block.begin);
          }
        }
        if (placed == before) continue;
        if (before == group_begin) {
          group = here;
        } else {
          group.down.include(here.down);
          group.right.include(here.right);
        }
      }
    }
  }
  cut_group(block, group_begin, placed, group);
}

/// Cuts windows of one kind into tiles of nearly equal size.
template <class T>
void PanelRunner<T>::cut_group(Block& block, int64_t begin, int64_t end, const TapList& taps) const {
  int list = 0;  // all taps, where there are too many kinds
  for (int i = 0; i < block.list_count; ++i) {
    if (block.lists[i].down == taps.down && block.lists[i].right == taps.right) list = i;
  }
  const bool is_all = taps.down == block.lists[0].down && taps.right == block.lists[0].right;
  if (list == 0 && !is_all && block.list_count < kMostLists) {
    list = block.list_count++;
    block.lists[list] = taps;
  }
  const auto cut = [&](int64_t from, int64_t to) {
    const int64_t count = ceil_divide(to - from, kernels_.max_windows);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = from + (to - from) * i / count, last = from + (to - from) * (i + 1) / count;
      block.tiles[block.tile_count++] = {first, last - first, list, true};
    }
  };
  // Stretches of memory need no packing, where they are not cut into much smaller tiles than they might be.
  const int64_t most = block.layout.pitch == block.columns ? block.of_image : block.columns;
  const auto stretch_end = [&](int64_t from) {
    int64_t to = from + 1;
    while (to < end && block.order[to] == block.order[to - 1] + 1 && (block.begin + block.order[to]) % most != 0) {
      ++to;
    }
    return to;
  };
  bool by_stretches = true;
  for (int64_t from = begin; by_stretches && from < end; from = stretch_end(from)) {
    const int64_t length = stretch_end(from) - from;
    by_stretches = length / ceil_divide(length, kernels_.max_windows) >= fewest_of_stretch();
  }
  if (!by_stretches) return cut(begin, end);
  for (int64_t from = begin; from < end; from = stretch_end(from)) cut(from, stretch_end(from));
}

/// Where the numbers of the windows lie, and what is between them.
template <class T>
void PanelRunner<T>::find_sources(Block& block) const {
  const int64_t of_list = taps_of_list();
  const auto all_offsets = block.tap_lists + of_list;
  write_tap_offsets(plan_, block.layout, channels_, all_offsets);
  for (int64_t tap = 0; tap < of_list; ++tap) block.tap_lists[tap] = static_cast<int32_t>(tap);
  for (int i = 1; i < block.list_count; ++i) {
    int32_t* taps = block.tap_lists + i * 2 * of_list;
    int32_t* offsets = taps + of_list;
    const TapList& list = block.lists[i];
    for (int64_t c = 0; c < channels_; ++c) {
      for (int64_t ky = list.down.begin; ky < list.down.end; ++ky) {
        for (int64_t kx = list.right.begin; kx < list.right.end; ++kx) {
          const int64_t tap = (c * plan_.kernel.h + ky) * plan_.kernel.w + kx;
          *taps++ = static_cast<int32_t>(tap);
          *offsets++ = all_offsets[tap];
        }
      }
    }
  }

  const int lanes = kernels_.lanes, vectors = kernels_.pitch / lanes;
  int32_t count = 0;
  for (int64_t t = 0; t < block.tile_count; ++t) {
    Tile& tile = block.tiles[t];
    bool is_stretch = true;
    int64_t previous = -1;
    for (int v = 0; v < vectors; ++v) {
      block.first_pieces[t * vectors + v] = count;
      int64_t expected = -1;
      for (int64_t i = v * lanes; i < std::min<int64_t>(tile.count, (v + 1) * lanes); ++i) {
        const int64_t window = block.begin + block.order[tile.begin + i];
        const int64_t image = window / block.of_image, row = window % block.of_image / block.columns;
        const int64_t first_image = in_place_ ? 0 : block.first_image,
                      first_row = in_place_ ? 0 : block.first_row(image);
        const int64_t source = (image - first_image) * block.image_stride + (row - first_row) * block.layout.pitch +
                               window % block.columns;
        const int lane = static_cast<int>(i - v * lanes);
        if (source != expected) block.pieces[count++] = {source - lane, lane};
        expected = source + 1;
        is_stretch = is_stretch && (i == 0 || source == previous + 1);
        previous = source;
      }
    }
    tile.is_packed = !is_stretch || packs_stretches();
  }
  block.first_pieces[block.tile_count * vectors] = count;
}

template <class T>
void PanelRunner<T>::pack(const Block& block, const Chunk& chunk, const T* numbers, T* to) const {
  const int vectors = kernels_.pitch / kernels_.lanes;
  const int64_t of_channel = plan_.kernel.h * plan_.kernel.w, of_list = taps_of_list();
  const int64_t pitch = tile_pitch(chunk.taps), skipped = chunk.first_tap - chunk.first_channel * of_channel;
  // The planes of a large input are pages apart: a few at a time, from one end to the other.
  const int64_t together = in_place_ ? int64_t{8} : chunk.taps;
  for (int64_t first = 0; first < chunk.taps; first += together) {
    for (int64_t t = 0; t < block.tile_count; ++t) {
      const Tile& tile = block.tiles[t];
      if (!tile.is_packed) continue;
      const int64_t taps = std::min(together, taps_of(block, tile, chunk) - first);
      if (taps <= 0) continue;
      WindowGroup group;
      group.pieces = block.pieces;
      group.first_piece = block.first_pieces + t * vectors;
      group.vectors = static_cast<int>(ceil_divide(tile.count, kernels_.lanes));
      const int32_t* offsets = block.tap_lists + (2 * tile.list + 1) * of_list + skipped + first;
      kernels_.pack_windows(group, numbers, offsets, taps, to + t * pitch + first * kernels_.pitch);
    }
  }
}

template <class T>
Outcome PanelRunner<T>::run_item(const Blocking& b, int64_t item, const T* input, T* output, Job* job) const {
  const int64_t part = item % b.parts;
  item /= b.parts;
  const int64_t block_index = item % b.blocks;
  item /= b.blocks;
  const int64_t strip = item % b.strips, group = item / b.strips;
  const int lanes = kernels_.lanes;

  const Places at = places(b);
  auto* memory = static_cast<std::byte*>(scratch().reserve(static_cast<size_t>(at.all)));
  if (memory == nullptr) return Outcome::out_of_memory;
  T* packed = reinterpret_cast<T*>(memory + at.windows);
  T* sums = reinterpret_cast<T*>(memory + at.sums);

  Block block;
  block.first_column = strip * b.columns;
  block.columns = std::min(b.columns, plan_.out.w - block.first_column);
  block.of_image = plan_.out.h * block.columns;
  block.begin = block_begin(b, block.columns, block_index);
  block.windows = block_begin(b, block.columns, block_index + 1) - block.begin;
  block.first_image = block.begin / block.of_image;
  block.last_image = (block.begin + block.windows - 1) / block.of_image;
  block.layout = block_planes(plan_, size_of_block(b).rows, block.columns, in_place_);
  const int64_t in_cells = plan_.in.h * plan_.in.w;
  block.image_stride = in_place_ ? plan_.in_channels * in_cells : channels_ * block.layout.channel_stride;
  block.tiles = reinterpret_cast<Tile*>(memory + at.tiles);
  block.order = reinterpret_cast<int32_t*>(memory + at.order);
  block.places = reinterpret_cast<int32_t*>(memory + at.places);
  block.pieces = reinterpret_cast<WindowPiece*>(memory + at.pieces);
  block.first_pieces = reinterpret_cast<int32_t*>(memory + at.first_pieces);
  block.tap_lists = reinterpret_cast<int32_t*>(memory + at.lists);
  order_windows(block);
  find_sources(block);

  const int64_t first_panel = panels_ * part / b.parts, end_panel = panels_ * (part + 1) / b.parts;
  const T* weights = weight_.template data<T>() + group * padded_kernels_ * plan_.taps();
  const T* bias = bias_.template data<T>() + group * padded_kernels_;
  for (const Chunk& chunk : chunks_) {
    if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
    const int64_t channel = group * plan_.channels_per_group() + chunk.first_channel;
    const T* numbers = input + channel * in_cells + block.first_column;
    if (!in_place_) {
      T* to = reinterpret_cast<T*>(memory + at.numbers);
      for (int64_t image = block.first_image; image <= block.last_image; ++image) {
        const OutputBlock place{block.first_row(image), block.first_column, block.layout.rows, block.columns};
        fill_block(plan_, block.layout, place, chunk.channels, input + (image * plan_.in_channels + channel) * in_cells,
                   to + (image - block.first_image) * block.image_stride);
      }
      numbers = to;
    }
    pack(block, chunk, numbers, packed);

    const int64_t skipped = chunk.first_tap - chunk.first_channel * plan_.kernel.h * plan_.kernel.w;
    PanelTask<T> task;
    task.accumulate = chunk.first_tap > 0;
    const bool is_last = chunk.first_tap + chunk.taps == plan_.taps();
    for (int64_t panel = first_panel; panel < end_panel; ++panel) {
      if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
      const int64_t width = std::min(panel_, padded_kernels_ - panel * panel_);
      T* sums_of_panel = sums + (panel - first_panel) * panel_ * block.windows;
      task.b = weights + chunk.first_tap * padded_kernels_ + panel * panel_ * chunk.taps;
      // Added even where it is zero: -0 becomes 0, whether or not the padding was added up.
      task.bias = is_last ? bias + panel * panel_ : nullptr;
      // The next panel comes into the cache while this one is multiplied.
      const T* const next = task.b + chunk.taps * width;
      const T* next_line = next;
      for (int64_t t = 0; t < block.tile_count; ++t) {
        const Tile& tile = block.tiles[t];
        task.taps = taps_of(block, tile, chunk);
        task.rows = block.tap_lists + 2 * tile.list * taps_of_list();
        task.next = next_line < next + chunk.taps * width ? next_line : task.b;
        next_line += task.taps * (64 / static_cast<int64_t>(sizeof(T)));
        task.a = packed + t * tile_pitch(chunk.taps);
        task.offsets = nullptr;
        if (!tile.is_packed) {
          task.a = numbers + block.pieces[block.first_pieces[t * (kernels_.pitch / lanes)]].source;
          task.offsets = block.tap_lists + (2 * tile.list + 1) * taps_of_list() + skipped;
        }
        task.c = sums_of_panel + tile.begin * width;
        kernels_.multiply(static_cast<int>(tile.count), static_cast<int>(width / lanes), task);
      }
    }
  }

  // The results to their places, a stretch of neighbouring windows at a time.
  const int64_t end = block.begin + block.windows;
  for (int64_t window = block.begin; window < end;) {
    const int64_t image = window / block.of_image, in_image = window % block.of_image;
    const int64_t row = in_image / block.columns, column = in_image % block.columns;
    const int64_t together = block.columns == plan_.out.w ? block.of_image - in_image : block.columns - column;
    const int64_t stretch = std::min(end - window, together);
    for (int64_t panel = first_panel; panel < end_panel; ++panel) {
      if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
      const int64_t width = std::min(panel_, padded_kernels_ - panel * panel_), first = panel * panel_;
      const int64_t plane = image * plan_.out_channels + group * plan_.kernels_per_group() + first;
      kernels_.turn(sums + (panel - first_panel) * panel_ * block.windows, width, block.places + (window - block.begin),
                    stretch, std::min(width, plan_.kernels_per_group() - first),
                    output + plane * plan_.positions() + row * plan_.out.w + block.first_column + column,
                    plan_.positions());
    }
    window += stretch;
  }
  return Outcome::finished;
}

}  // namespace

template <class T>
bool panels_fit(const ConvPlan& plan) {
  return plan.output_cells() > 0 && PanelRunner<T>::fits(plan);
}

template <class T>
bool panels_pay(const ConvPlan& plan, double busy) {
  // What the vectors of windows reach of what these panels do, where neither packs anything: one thread of a Zen 4 with
  // AVX-512, 2026. Pointwise layers have no gaps between the rows, and one tap for each line of the input.
  const bool is_pointwise = plan.kernel == Pair{1, 1} && plan.stride == Pair{1, 1} && plan.pads == Pads{};
  // With 16 registers a tile reads few vectors from many lines, and each of a pointwise layer's taps is another line.
  const bool has_many_registers = panel_kernels<T>().max_windows > 6;
  const double of_windows = !is_pointwise ? 0.89 : has_many_registers ? 0.97 : 0.7;
  const auto kernels = static_cast<double>(plan.kernels_per_group()), taps = static_cast<double>(plan.taps());
  const double lanes = panel_kernels<T>().lanes, padded = std::ceil(kernels / lanes) * lanes;
  const double efficiency = kernels / (padded + kPacking) * taps / (taps + kOnce);
  if (!panels_fit<T>(plan)) return false;
  return efficiency > of_windows * busy * std::max(0.5, real_taps(plan));
}

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_panels(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                const Job* job) {
  auto runner = std::make_unique<PanelRunner<T>>(plan);
  if (!runner->prepare(weight, bias, threads, job)) return nullptr;
  return runner;
}

template bool panels_fit<float>(const ConvPlan&);
template bool panels_fit<double>(const ConvPlan&);
template bool panels_pay<float>(const ConvPlan&, double);
template bool panels_pay<double>(const ConvPlan&, double);
template std::unique_ptr<Conv2dRunner<float>> prepare_panels<float>(const ConvPlan&, const float*, const float*, int,
                                                                    const Job*);
template std::unique_ptr<Conv2dRunner<double>> prepare_panels<double>(const ConvPlan&, const double*, const double*,
                                                                      int, const Job*);

}  // namespace convscope
