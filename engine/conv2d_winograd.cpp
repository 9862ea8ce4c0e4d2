#include "engine/conv2d_winograd.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache_size.h"
#include "engine/division.h"
#include "engine/padding.h"
#include "engine/scratch.h"
#include "engine/thread_pool.h"
#include "engine/winograd_kernels.h"
#include "engine/work_shares.h"

namespace convscope {

namespace {

// On the way of a number through the transforms; those of the sum over the channels come on top.
constexpr double kRoundings = 30;
// Output channels whose products are computed before the first are transformed: more would only need more memory.
constexpr int64_t kChannelsTogether = 256;
// A block that takes more than the first is a single tile; a thread keeps what is no more than the second.
constexpr int64_t kMostBlockBytes = int64_t{32} << 20, kKeptBytes = int64_t{40} << 20;

AlignedBuffer& scratch() {
  thread_local AlignedBuffer mine;
  return mine;
}

/// How the tiles of one output channel are cut into blocks, and the work into items.
///
/// The picture is cut into `strips` of at most `across` tiles; a strip's rows of tiles follow each other through the
/// whole batch, and `rows` of them are a block.
struct Blocking {
  int64_t strips = 1, across = 1;
  int64_t rows = 1, blocks = 1;  // blocks of a strip
  int64_t parts = 1;             // items that share a block, each with its share of the output channels
  int64_t items = 1;
};

/// Where everything lies in a thread's memory, in bytes.
struct Places {
  int64_t lines = 0, staging = 0, points = 0, products = 0, sources = 0, first_lines = 0, heights = 0, targets = 0,
          columns = 0;
  int64_t all = 0;
};

// Measured in 2026: the transforms of a channel of a tile of F(4x4) take as long as 320 multiply-adds.
constexpr double kTransforms = 9;

template <class T>
class WinogradRunner final : public Conv2dRunner<T> {
 public:
  WinogradRunner(const ConvPlan& plan, WinogradTile tile) : plan_(plan), kernels_(winograd_kernels<T>()) {
    m_ = static_cast<int>(tile);
    n_ = m_ + 2;
    points_ = n_ * n_;
    tiles_ = {ceil_divide(plan.out.h, m_), ceil_divide(plan.out.w, m_)};
    const int64_t lanes = kernels_.lanes;
    padded_kernels_ = round_up(plan.kernels_per_group(), lanes);
    panel_ = 2 * lanes;
    panels_ = ceil_divide(padded_kernels_, panel_);
    together_ = std::min(panels_, kChannelsTogether / panel_);
    filter_elements_ = plan.groups * filters_of_group();
  }

  bool prepare(const T* weight, const T* bias, int threads, const Job* job) {
    T* filters = filters_.template reserve_for<T>(filter_elements_);
    T* padded_bias = bias_.template reserve_for<T>(plan_.groups * padded_kernels_);
    T* weight_copy = weight_.template reserve_for<T>(plan_.out_channels * plan_.taps());
    if (filters == nullptr || padded_bias == nullptr || weight_copy == nullptr) return false;
    std::copy_n(weight, plan_.out_channels * plan_.taps(), weight_copy);
    has_bias_ = bias != nullptr;
    prepared_threads_ = useful_threads(threads, plan_.macs());
    if (plan_.output_cells() > 0) prepared_blocking_ = blocking(prepared_threads_);
    const int64_t lanes = kernels_.lanes, kernels = plan_.kernels_per_group(), vectors = padded_kernels_ / lanes;
    parallel_for(threads > 0 ? threads : hardware_threads(), plan_.groups * vectors, [&](int64_t item) {
      if (job != nullptr && job->is_cancelled()) return;
      const int64_t group = item / vectors, first = item % vectors * lanes;
      const int64_t panel = first / panel_;
      WinogradFilters<T> task;
      task.weight = weight + (group * kernels + first) * plan_.taps();
      task.kernel_stride = plan_.taps();
      task.kernels = static_cast<int>(std::min(lanes, kernels - first));
      task.channels = plan_.channels_per_group();
      task.to = filters + group * filters_of_group() + panel * filters_of_panel() + first % panel_;
      task.channel_stride = std::min(panel_, padded_kernels_ - panel * panel_);
      task.plane = task.channels * task.channel_stride;
      kernels_.transform_filters[m_ == 4](task);
      for (int64_t k = 0; k < lanes; ++k) {
        padded_bias[group * padded_kernels_ + first + k] =
            has_bias_ && k < task.kernels ? bias[group * kernels + first + k] : T{0};
      }
    });
    return job == nullptr || !job->is_cancelled();
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
      if (scratch().size() > kKeptBytes) scratch().release();
      if (outcome == Outcome::out_of_memory) out_of_memory = true;
      if (outcome != Outcome::finished) return;
      const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
      if (job != nullptr) job->report(static_cast<float>(done) / static_cast<float>(b.items));
    });
    if (out_of_memory) return Outcome::out_of_memory;
    return items_done == b.items ? Outcome::finished : Outcome::cancelled;
  }

  int64_t packed_bytes() const override {
    return static_cast<int64_t>(filters_.size() + bias_.size() + weight_.size());
  }

  int64_t scratch_bytes(int threads) const override {
    threads = useful_threads(threads, plan_.macs());
    const Blocking b = blocking(threads);
    return std::min<int64_t>(threads, b.items) * places(b).all;
  }

 private:
  // Filters: [group][panel][point][input channel][output channel of the panel].
  int64_t filters_of_panel() const { return points_ * plan_.channels_per_group() * panel_; }
  int64_t filters_of_group() const { return points_ * plan_.channels_per_group() * padded_kernels_; }

  Blocking blocking(int threads) const;
  double time_of(const Blocking& b, int threads) const;
  Places places(const Blocking& b) const;
  bool sum_again(const WinogradOutput<T>& out, const T* input, const T* output, int64_t group, Job* job) const;
  Outcome run_item(const Blocking& b, int64_t item, const T* input, T* output, Job* job) const;

  int64_t points_pitch(int64_t tiles) const {
    // A vector that begins in a line ends in it; few tiles are packed densely.
    return tiles < kernels_.lanes ? tiles : round_up(tiles, kernels_.lanes);
  }
  int64_t points_plane(int64_t tiles) const {
    // Not a multiple of 4 KiB, or the points of a tile would push each other out of the first-level cache.
    return plan_.channels_per_group() * points_pitch(tiles) + 2 * kernels_.lanes;
  }
  int64_t line_cells(const Blocking& b) const { return m_ * b.across + 2; }
  int64_t line_pitch(const Blocking& b) const { return round_up(line_cells(b) + 2 * kernels_.lanes, kernels_.lanes); }
  int64_t most_lines(const Blocking& b) const {
    const int64_t images = std::min(plan_.batch, ceil_divide(b.rows, tiles_.h) + 1);
    return b.rows * m_ + 2 * images;
  }

  ConvPlan plan_;
  WinogradKernels<T> kernels_;
  int m_ = 2, n_ = 4;
  int64_t points_ = 16;
  Pair tiles_;
  int64_t padded_kernels_ = 0;      // of a group, whole vectors
  int64_t panel_ = 0, panels_ = 0;  // output channels of a panel; panels of a group, the last perhaps of half as many
  int64_t together_ = 0;            // panels whose products are computed before they are transformed
  int64_t filter_elements_ = 0;
  bool has_bias_ = false;
  int prepared_threads_ = 0;
  Blocking prepared_blocking_;  // for so many
  AlignedBuffer filters_, bias_;
  AlignedBuffer weight_;  // as it came, for results that are not finite
};

template <class T>
Blocking WinogradRunner<T>::blocking(int threads) const {
  Blocking b;
  // The points of a block and its products share the second-level cache with the filters that pass by.
  const int64_t of_tile = points_ * static_cast<int64_t>(sizeof(T)) * (plan_.channels_per_group() + together_ * panel_);
  const int64_t most = std::min(std::clamp<int64_t>(second_level_cache() / of_tile, 48, 128),
                                std::max<int64_t>(1, kMostBlockBytes / of_tile));
  b.strips = ceil_divide(tiles_.w, most);
  b.across = ceil_divide(tiles_.w, b.strips);
  b.strips = ceil_divide(tiles_.w, b.across);
  const int64_t all_rows = plan_.batch * tiles_.h;
  b.rows = std::clamp<int64_t>(most / b.across, 1, all_rows);
  const auto cut = [&](int64_t rows) {
    b.blocks = ceil_divide(all_rows, rows);
    b.rows = ceil_divide(all_rows, b.blocks);
    b.blocks = ceil_divide(all_rows, b.rows);
    b.items = plan_.groups * b.strips * b.blocks * b.parts;
  };
  const int64_t most_rows = b.rows;
  cut(most_rows);
  if (threads == 1 || b.items >= 8 * threads) return b;

  // Equal shares for the threads, in as few pieces as possible: the tiles of a block are transformed for each part of
  // the output channels, the filters pass by for each block.
  constexpr double kBeyondCache = 1.03;
  const int64_t larger = 2 * most_rows * b.across * of_tile <= kMostBlockBytes ? 2 * most_rows : most_rows;
  Blocking best = b;
  double least = time_of(b, threads);
  for (b.parts = 1; b.parts <= std::min<int64_t>(panels_, 2 * threads); ++b.parts) {
    for (int64_t rows = std::min(all_rows, larger); rows > 0 && 8 * rows >= most_rows; --rows) {
      cut(rows);
      const double time = time_of(b, threads) * (b.rows > most_rows ? kBeyondCache : 1);
      if (time >= 0.98 * least) continue;
      least = time;
      best = b;
    }
  }
  return best;
}

/// In multiply-adds of one thread and point. The filters that pass by take as long as so many more tiles.
template <class T>
double WinogradRunner<T>::time_of(const Blocking& b, int threads) const {
  constexpr double kPassing = 6;
  return parallel_cost(threads, b.items, [&](int64_t item) {
    const int64_t part = item % b.parts, block = item / b.parts % b.blocks;
    const int64_t kernels = (panels_ * (part + 1) / b.parts - panels_ * part / b.parts) * panel_;
    const int64_t tiles = std::min(b.rows, plan_.batch * tiles_.h - block * b.rows) * b.across;
    const auto in = static_cast<double>(plan_.channels_per_group()), out = static_cast<double>(kernels);
    return (kPassing + static_cast<double>(tiles)) * in * out + kTransforms * static_cast<double>(tiles) * (in + out);
  });
}

template <class T>
Places WinogradRunner<T>::places(const Blocking& b) const {
  Places p;
  const auto add = [&p](int64_t bytes) {
    const int64_t at = p.all;
    p.all = round_up(at + bytes, 64) + 64;
    return at;
  };
  const auto element = static_cast<int64_t>(sizeof(T));
  const int64_t tiles = b.rows * b.across;
  p.lines = add(most_lines(b) * line_pitch(b) * element);
  p.staging = add(winograd_staging_elements(m_, tiles, kernels_.lanes) * element);
  p.points = add(points_ * points_plane(tiles) * element);
  p.products = add(points_ * (tiles * together_ * panel_ + kernels_.lanes) * element);
  p.sources = add(most_lines(b) * 8);
  p.targets = add(b.rows * 8);
  p.first_lines = add(b.rows * 4);
  p.heights = add(b.rows * 4);
  p.columns = add(line_cells(b) * 4);
  return p;
}

template <class T>
Outcome WinogradRunner<T>::run_item(const Blocking& b, int64_t item, const T* input, T* output, Job* job) const {
  const int64_t lanes = kernels_.lanes;
  const int64_t part = item % b.parts;
  item /= b.parts;
  const int64_t block = item % b.blocks;
  item /= b.blocks;
  const int64_t strip = item % b.strips, group = item / b.strips;

  const int64_t first_row = block * b.rows, segments = std::min(b.rows, plan_.batch * tiles_.h - first_row);
  const int64_t first_column = strip * b.across, across = std::min(b.across, tiles_.w - first_column);
  const int64_t tiles = segments * across;

  const Places at = places(b);
  auto* memory = static_cast<std::byte*>(scratch().reserve(static_cast<size_t>(at.all)));
  if (memory == nullptr) return Outcome::out_of_memory;
  T* lines = reinterpret_cast<T*>(memory + at.lines);
  T* points = reinterpret_cast<T*>(memory + at.points);
  T* products = reinterpret_cast<T*>(memory + at.products);
  auto* sources = reinterpret_cast<int64_t*>(memory + at.sources);
  auto* targets = reinterpret_cast<T**>(memory + at.targets);
  auto* first_lines = reinterpret_cast<int32_t*>(memory + at.first_lines);
  auto* heights = reinterpret_cast<int32_t*>(memory + at.heights);
  auto* columns = reinterpret_cast<int32_t*>(memory + at.columns);

  // Which lines of the input, padding included, the block reads.
  WinogradLines<T> copy;
  copy.pitch = line_pitch(b);
  copy.lines = lines;
  copy.sources = sources;
  copy.ahead = plan_.in.h * plan_.in.w;
  const int64_t image_cells = plan_.in_channels * plan_.in.h * plan_.in.w;
  const auto column_of = [&](int64_t x) {  // beyond the padding are cells that only outputs nobody wants depend on
    return x >= plan_.in.w + plan_.pads.right ? kZeroPadding : source_index(x, plan_.in.w, plan_.padding_mode);
  };
  for (int64_t s = 0; s < segments; ++s) {
    const int64_t image = (first_row + s) / tiles_.h, row = (first_row + s) % tiles_.h;
    int64_t skip = 0;  // lines that the segment before has
    if (s > 0 && row > 0) skip = 2;
    first_lines[s] = static_cast<int32_t>(copy.count - skip);
    for (int64_t i = skip; i < n_; ++i) {
      const int64_t y = row * m_ + i - plan_.pads.top;
      const int64_t source =
          y >= plan_.in.h + plan_.pads.bottom ? kZeroPadding : source_index(y, plan_.in.h, plan_.padding_mode);
      sources[copy.count++] = source == kZeroPadding ? -1 : image * image_cells + source * plan_.in.w;
    }
    heights[s] = static_cast<int32_t>(std::min<int64_t>(m_, plan_.out.h - row * m_));
    targets[s] = output + (image * plan_.out_channels + group * plan_.kernels_per_group()) * plan_.positions() +
                 row * m_ * plan_.out.w + first_column * m_;
  }
  const int64_t cells = m_ * across + 2, x = first_column * m_ - plan_.pads.left;
  copy.left = std::clamp<int64_t>(-x, 0, cells);
  copy.first = x + copy.left;
  copy.width = std::clamp<int64_t>(plan_.in.w - copy.first, 0, cells - copy.left);
  copy.right = cells - copy.left - copy.width;
  if (plan_.padding_mode != PaddingMode::zeros) {
    for (int64_t i = 0; i < cells; ++i) columns[i] = static_cast<int32_t>(column_of(x + i));
    copy.columns = columns;
  }
  std::memset(lines, 0, static_cast<size_t>(copy.count * copy.pitch) * sizeof(T));

  WinogradInput<T> in;
  in.lines = lines;
  in.pitch = copy.pitch;
  in.first_lines = first_lines;
  in.segments = segments;
  in.across = across;
  in.staging = reinterpret_cast<T*>(memory + at.staging);
  in.staging_pitch = winograd_staging_pitch(m_, tiles, kernels_.lanes);
  in.plane = points_plane(tiles);
  const int64_t channels = plan_.channels_per_group(), pitch = points_pitch(tiles);
  for (int64_t c = 0; c < channels; ++c) {
    if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
    copy.plane = input + (group * channels + c) * plan_.in.h * plan_.in.w;
    kernels_.copy_lines(copy);
    in.to = points + c * pitch;
    kernels_.transform_input[m_ == 4](in);
  }

  // Panels of tiles of nearly equal height.
  const int64_t heaps = ceil_divide(tiles, kernels_.max_rows);
  const int widest = kernels_.max_vectors(static_cast<int>(ceil_divide(tiles, heaps)));
  const int64_t end_panel = panels_ * (part + 1) / b.parts;
  const T* const filters = filters_.template data<T>() + group * filters_of_group();
  for (int64_t panel = panels_ * part / b.parts; panel < end_panel; panel += together_) {
    const int64_t first_kernel = panel * panel_;
    const int64_t width = std::min(std::min(panel + together_, end_panel) * panel_, padded_kernels_) - first_kernel;
    const int64_t plane = tiles * width + lanes;
    WinogradProduct<T> product;
    product.a_stride = pitch;
    product.b_panel = filters_of_panel();
    product.channels = channels;
    product.c_stride = width;
    product.next_step = std::max<int64_t>(1, panel_ / heaps);
    const auto filters_at = [&](int64_t point, int64_t kernel) {
      const int64_t wide = std::min(panel_, padded_kernels_ - kernel);
      return filters + kernel / panel_ * filters_of_panel() + point * channels * wide;
    };
    for (int64_t point = 0; point < points_; ++point) {
      int vectors = widest;
      for (int64_t k = 0; k < width; k += vectors * lanes) {
        while (vectors * lanes > width - k) vectors /= 2;
        product.b = filters_at(point, first_kernel + k);
        const bool is_last = k + vectors * lanes >= width;
        const T* next = is_last ? filters_at(std::min(point + 1, points_ - 1), first_kernel)
                                : filters_at(point, first_kernel + k + vectors * lanes);
        for (int64_t h = 0; h < heaps; ++h) {
          if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
          const int64_t begin = tiles * h / heaps, end = tiles * (h + 1) / heaps;
          product.next = next + h * product.next_step * channels;
          product.a = points + point * in.plane + begin;
          product.c = products + point * plane + begin * width + k;
          kernels_.multiply(static_cast<int>(end - begin), vectors, product);
        }
      }
    }
    WinogradOutput<T> out;
    out.plane = plane;
    out.tile_stride = width;
    out.segments = segments;
    out.across = across;
    out.rows = targets;
    out.heights = heights;
    out.width = std::min(across * m_, plan_.out.w - first_column * m_);
    out.channel_stride = plan_.positions();
    out.row_stride = plan_.out.w;
    const T* bias = static_cast<const T*>(bias_.template data<T>()) + group * padded_kernels_;
    for (int64_t v = 0; v < width; v += lanes) {
      if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
      const int64_t kernel = first_kernel + v;
      out.from = products + v;
      out.bias = has_bias_ ? bias + kernel : nullptr;
      out.first_channel = kernel;
      out.channels = static_cast<int>(std::min(lanes, plan_.kernels_per_group() - kernel));
      if (kernels_.transform_output[m_ == 4](out)) continue;
      if (!sum_again(out, input, output, group, job)) return Outcome::cancelled;
    }
  }
  return Outcome::finished;
}

/// Computes the tiles that are not finite as plain sums; what is finite stays.
template <class T>
bool WinogradRunner<T>::sum_again(const WinogradOutput<T>& out, const T* input, const T* output, int64_t group,
                                  Job* job) const {
  const int64_t channels = plan_.channels_per_group();
  for (int64_t s = 0; s < out.segments; ++s) {
    const int64_t at = out.rows[s] - output;  // the segment's first cell in the first channel of the group
    const int64_t image = at / (plan_.out_channels * plan_.positions());
    const int64_t top = at % plan_.positions() / plan_.out.w, left = at % plan_.out.w;
    for (int k = 0; k < out.channels; ++k) {
      T* cells = out.rows[s] + (out.first_channel + k) * out.channel_stride;
      const T* filters =
          weight_.template data<T>() + (group * plan_.kernels_per_group() + out.first_channel + k) * plan_.taps();
      const T bias = out.bias != nullptr ? out.bias[k] : T{0};
      for (int64_t x = 0; x < out.width; x += m_) {
        if (job != nullptr && job->is_cancelled()) return false;
        const int64_t columns = std::min<int64_t>(m_, out.width - x);
        bool finite = true;
        for (int64_t i = 0; i < out.heights[s] * columns; ++i) {
          finite = finite && std::isfinite(cells[i / columns * out.row_stride + x + i % columns]);
        }
        if (finite) continue;
        for (int64_t i = 0; i < out.heights[s] * columns; ++i) {
          const int64_t row = i / columns, column = x + i % columns;
          T sum = 0;
          for (int64_t tap = 0; tap < plan_.taps(); ++tap) {
            const int64_t c = tap / 9;
            const int64_t in_y = source_index(top + row + tap % 9 / 3 - plan_.pads.top, plan_.in.h, plan_.padding_mode);
            const int64_t in_x =
                source_index(left + column + tap % 3 - plan_.pads.left, plan_.in.w, plan_.padding_mode);
            const bool is_zero = in_y == kZeroPadding || in_x == kZeroPadding;
            const int64_t plane = image * plan_.in_channels + group * channels + c;
            sum += (is_zero ? T{0} : input[(plane * plan_.in.h + in_y) * plan_.in.w + in_x]) * filters[tap];
          }
          cells[row * out.row_stride + column] = sum + bias;
        }
      }
    }
  }
  return true;
}

}  // namespace

Result<void> check_winograd(const ConvPlan& plan) {
  const auto pair = [](Pair p) { return std::to_string(p.h).append(", ").append(std::to_string(p.w)); };
  if (plan.kernel != Pair{3, 3}) return Error{"error.algorithm_winograd_kernel", "algorithm", {pair(plan.kernel)}};
  if (plan.stride != Pair{1, 1}) return Error{"error.algorithm_winograd_stride", "algorithm", {pair(plan.stride)}};
  if (plan.dilation != Pair{1, 1}) {
    return Error{"error.algorithm_winograd_dilation", "algorithm", {pair(plan.dilation)}};
  }
  // The filters; and a tile's points of all channels, for each thread, are a fraction of them or of the input.
  constexpr int64_t kMostLanes = 16;
  return check_scratch(Algorithm::winograd, {kWinogradMaxPoints, size_of(plan.dtype), plan.in_channels,
                                             round_up(plan.kernels_per_group(), kMostLanes)});
}

double winograd_work(const ConvPlan& plan, WinogradTile tile) {
  constexpr double kFewestTiles = 16;
  const auto m = static_cast<int64_t>(tile);
  const auto points = static_cast<double>((m + 2) * (m + 2)), groups = static_cast<double>(plan.groups);
  const double tiles = static_cast<double>(plan.batch) * static_cast<double>(ceil_divide(plan.out.h, m)) *
                       static_cast<double>(ceil_divide(plan.out.w, m));
  const auto in = static_cast<double>(plan.channels_per_group()), out = static_cast<double>(plan.kernels_per_group());
  return groups * points * (std::max(kFewestTiles, tiles) * in * out + kTransforms * tiles * (in + out));
}

WinogradTile winograd_tile(const ConvPlan& plan) {
  const bool small = winograd_work(plan, WinogradTile::two) < winograd_work(plan, WinogradTile::four);
  return small ? WinogradTile::two : WinogradTile::four;
}

double winograd_error_factor(const ConvPlan& plan, WinogradTile tile) {
  const double epsilon =
      plan.dtype == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  constexpr double kKappaTwo = 8, kKappaFour = 33.6;
  const double n = static_cast<double>(plan.channels_per_group()) + kRoundings, u = epsilon / 2;
  const double kappa = tile == WinogradTile::two ? kKappaTwo : kKappaFour;
  // Further than the sum of magnitudes itself nothing is known.
  return n * u < 0.5 ? n * u / (1 - n * u) * kappa * kappa : kappa * kappa;
}

double winograd_error_bound(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  const auto largest = [](const Tensor& tensor, int64_t begin, int64_t count) {
    double most = 0;
    for (int64_t i = begin; i < begin + count; ++i) {
      const double magnitude = std::abs(tensor.at(i));
      if (std::isfinite(magnitude)) most = std::max(most, magnitude);
    }
    return most;
  };
  const int64_t channels = plan.channels_per_group(), cells = plan.in.h * plan.in.w;
  std::vector<double> filters(static_cast<size_t>(plan.out_channels * channels));
  for (size_t i = 0; i < filters.size(); ++i) filters[i] = largest(weight, 9 * static_cast<int64_t>(i), 9);
  double sums = 0;
  std::vector<double> inputs(static_cast<size_t>(plan.in_channels));
  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t c = 0; c < plan.in_channels; ++c) {
      inputs[static_cast<size_t>(c)] = largest(input, (n * plan.in_channels + c) * cells, cells);
    }
    for (int64_t k = 0; k < plan.out_channels; ++k) {
      const int64_t first = k / plan.kernels_per_group() * channels;
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c) {
        sum += inputs[static_cast<size_t>(first + c)] * filters[static_cast<size_t>(k * channels + c)];
      }
      sums = std::max(sums, sum);
    }
  }
  if (plan.bias) sums += largest(bias, 0, plan.out_channels);
  const double roundings = static_cast<double>(channels) + kRoundings;
  return winograd_error_factor(plan, winograd_tile(plan)) * std::min(1.0, 2.5 / std::sqrt(roundings)) * sums;
}

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_winograd(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                                  const Job* job, WinogradTile tile) {
  auto runner = std::make_unique<WinogradRunner<T>>(plan, tile);
  if (!runner->prepare(weight, bias, threads, job)) return nullptr;
  return runner;
}

template std::unique_ptr<Conv2dRunner<float>> prepare_winograd<float>(const ConvPlan&, const float*, const float*, int,
                                                                      const Job*, WinogradTile);
template std::unique_ptr<Conv2dRunner<double>> prepare_winograd<double>(const ConvPlan&, const double*, const double*,
                                                                        int, const Job*, WinogradTile);

}  // namespace convscope
