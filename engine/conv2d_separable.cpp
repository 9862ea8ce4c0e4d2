#include "engine/conv2d_separable.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/aligned_buffer.h"
#include "engine/conv2d_cells.h"
#include "engine/division.h"
#include "engine/fft_tiling.h"
#include "engine/padding.h"
#include "engine/separable_kernels.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// The rows that the second pass reads stay in half of the second-level cache.
constexpr int64_t kRingBytes = 512 << 10;
constexpr int64_t kFewestColumns = 256;
// So many items for all threads, where the rows that two bands both need are few enough.
constexpr int64_t kItems = 8;

// What one core of a Xeon with AVX-512 does (2026), float32.
constexpr double kPassMacsPerSecond = 50e9, kDirectMacsPerSecond = 100e9;

/// Writes the factors of a plane of R x S taps. Returns whether their product is the plane, within rounding.
template <class T>
bool factorize(const T* plane, int64_t R, int64_t S, T* column, T* row) {
  int64_t pivot = 0;
  double sum = 0;
  for (int64_t i = 0; i < R * S; ++i) {
    if (!std::isfinite(plane[i])) return false;
    if (std::abs(plane[i]) > std::abs(plane[pivot])) pivot = i;
    sum += std::abs(static_cast<double>(plane[i]));
  }
  const int64_t r0 = pivot / S, s0 = pivot % S;
  const double largest = static_cast<double>(plane[pivot]);
  for (int64_t r = 0; r < R; ++r) {
    column[r] = largest == 0 ? T{0} : static_cast<T>(static_cast<double>(plane[r * S + s0]) / largest);
  }
  std::copy_n(plane + r0 * S, S, row);
  const double epsilon = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
  double left = 0;
  for (int64_t r = 0; r < R; ++r) {
    for (int64_t s = 0; s < S; ++s) {
      const double product = static_cast<double>(column[r]) * static_cast<double>(row[s]);
      const double difference = std::abs(static_cast<double>(plane[r * S + s]) - product);
      if (difference > epsilon * std::abs(largest)) return false;
      left += difference;
    }
  }
  return left <= epsilon * sum;
}

bool unstrided(const ConvPlan& plan) {
  return (plan.stride.h == 1 || plan.out.h <= 1) && (plan.stride.w == 1 || plan.out.w <= 1);
}

/// The memory that each thread works in.
struct Scratch {
  AlignedBuffer line;  // a row of the input with its padding
  AlignedBuffer ring;  // the rows that the first pass made last
  AlignedBuffer edge;  // the second pass, where it is wider or higher than the tile
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

template <class T>
class SeparableRunner final : public Conv2dRunner<T> {
 public:
  explicit SeparableRunner(const ConvPlan& plan) : plan_(plan), kernels_(separable_kernels<T>()) {
    const int64_t fitting = kRingBytes / (2 * ring_rows() * static_cast<int64_t>(sizeof(T)));
    const int64_t widest = std::max(kFewestColumns, fitting);
    across_ = std::max<int64_t>(1, ceil_divide(plan.out.w, widest));
    tile_.w = round_up(ceil_divide(plan.out.w, across_), kernels_.block);
    const int64_t others = std::max<int64_t>(1, plan.batch * plan.out_channels * across_);
    const int64_t lowest = 4 * plan.effective_kernel().h;
    down_ = std::clamp<int64_t>(kItems / others, 1, std::max<int64_t>(1, plan.out.h / lowest));
    tile_.h = round_up(ceil_divide(plan.out.h, down_), kernels_.rows);
    down_ = ceil_divide(plan.out.h, std::max<int64_t>(1, tile_.h));
    across_ = ceil_divide(plan.out.w, std::max<int64_t>(1, tile_.w));
  }

  bool prepare(const T* weight, const T* bias, const Job* job);
  Outcome run(const T* input, T* output, int threads, Job* job) const override;

  int64_t packed_bytes() const override {
    return static_cast<int64_t>(weight_.size() + bias_.size() + factors_.size());
  }
  int64_t scratch_bytes(int threads) const override {
    if (threads <= 0) threads = hardware_threads();
    return std::min<int64_t>(threads, items()) * (line() + ring() + edge()) * static_cast<int64_t>(sizeof(T));
  }

 private:
  struct Call {
    const SeparableRunner& runner;
    const T* input;
    T* output;
    Job* job;
    std::atomic<int64_t> items_done{0};
    std::atomic<bool> out_of_memory{false};

    bool stopped() const {
      return out_of_memory.load(std::memory_order_relaxed) || (job != nullptr && job->is_cancelled());
    }
  };

  int64_t items() const { return plan_.batch * plan_.out_channels * down_ * across_; }
  // A cache line more than the tile is wide, so that rows do not lie whole pages apart.
  int64_t pitch() const { return tile_.w + 64 / static_cast<int64_t>(sizeof(T)); }
  int64_t line() const { return pitch() + plan_.effective_kernel().w; }
  /// Of the first pass, that one block of rows of the second needs.
  int64_t ring_rows() const { return kernels_.rows + plan_.effective_kernel().h - 1; }
  /// Each row stands in it twice, ring_rows() apart, so that any ring_rows() rows in turn lie one behind the other.
  int64_t ring() const { return 2 * ring_rows() * pitch(); }
  int64_t edge() const { return int64_t{kernels_.rows} * kernels_.columns; }
  const T* column(int64_t k, int64_t c) const {
    return factors_data_ + (k * plan_.channels_per_group() + c) * (plan_.kernel.h + plan_.kernel.w);
  }
  const T* row(int64_t k, int64_t c) const { return column(k, c) + plan_.kernel.h; }

  void fill_line(const T* plane, int64_t y, int64_t x, int64_t count, T* line) const;
  void first_pass(const T* image, int64_t y, int64_t x, int64_t columns, const T* row, T* line, T* ring) const;
  bool second_pass(const T* rows, const CellRange& cells, const T* column, bool accumulate, T bias, T* edge,
                   T* plane) const;
  void run_item(Call& call, int64_t item) const;

  ConvPlan plan_;
  SeparableKernels<T> kernels_;
  Pair tile_;  // of the output
  int64_t down_ = 1, across_ = 1;
  AlignedBuffer weight_, bias_, factors_;
  const T* weight_data_ = nullptr;
  const T* bias_data_ = nullptr;
  const T* factors_data_ = nullptr;
};

template <class T>
bool SeparableRunner<T>::prepare(const T* weight, const T* bias, const Job* job) {
  const int64_t R = plan_.kernel.h, S = plan_.kernel.w, K = plan_.out_channels, planes = K * plan_.channels_per_group();
  T* factors = factors_.template reserve_for<T>(planes * (R + S));
  T* weight_copy = weight_.template reserve_for<T>(planes * R * S);
  T* bias_copy = bias != nullptr ? bias_.template reserve_for<T>(K) : nullptr;
  if (factors == nullptr || weight_copy == nullptr || (bias != nullptr && bias_copy == nullptr)) return false;
  for (int64_t i = 0; i < planes; ++i, factors += R + S) {
    if ((job != nullptr && job->is_cancelled()) || !factorize(weight + i * R * S, R, S, factors, factors + R)) {
      return false;
    }
    std::copy_n(weight + i * R * S, R * S, weight_copy + i * R * S);
  }
  factors_data_ = factors - planes * (R + S);
  weight_data_ = weight_copy;
  if (bias != nullptr) bias_data_ = std::copy_n(bias, K, bias_copy) - K;
  return true;
}

/// Writes `count` numbers of row y of the input, from column x of the padded input on.
template <class T>
void SeparableRunner<T>::fill_line(const T* plane, int64_t y, int64_t x, int64_t count, T* line) const {
  const int64_t W = plan_.in.w, first = x - plan_.pads.left;
  for (int64_t i = 0; i < count;) {
    const int64_t source_x = first + i;
    if (source_x >= 0 && source_x < W) {
      const int64_t run = std::min(count - i, W - source_x);
      std::memcpy(line + i, plane + y * W + source_x, static_cast<size_t>(run) * sizeof(T));
      i += run;
    } else {
      const int64_t from = source_index(source_x, W, plan_.padding_mode);
      line[i++] = from == kZeroPadding ? T{0} : plane[y * W + from];
    }
  }
}

/// Row y of the padded input, and of the output's rows the first that reads it.
template <class T>
void SeparableRunner<T>::first_pass(const T* image, int64_t y, int64_t x, int64_t columns, const T* row, T* line,
                                    T* ring) const {
  T* to = ring + y % ring_rows() * pitch();
  T* again = to + ring_rows() * pitch();
  // Rows below the padding: only sums that are thrown away read them.
  const bool inside = y < plan_.out.h + plan_.effective_kernel().h - 1;
  const int64_t source = inside ? source_index(y - plan_.pads.top, plan_.in.h, plan_.padding_mode) : kZeroPadding;
  if (source == kZeroPadding) {
    std::fill_n(to, pitch(), T{0});
    std::fill_n(again, pitch(), T{0});
    return;
  }
  fill_line(image, source, x, columns + plan_.effective_kernel().w - 1, line);
  kernels_.across(line, plan_.dilation.w, row, plan_.kernel.w, to, again, columns);
}

/// A block of rows. Returns whether all cells are finite.
template <class T>
bool SeparableRunner<T>::second_pass(const T* rows, const CellRange& cells, const T* column, bool accumulate, T bias,
                                     T* edge, T* plane) const {
  T* to = plane + cells.y * plan_.out.w + cells.x;
  const int64_t whole = cells.rows == kernels_.rows ? cells.columns / kernels_.columns * kernels_.columns : 0;
  bool finite =
      kernels_.down(rows, pitch(), plan_.dilation.h, column, plan_.kernel.h, accumulate, bias, to, plan_.out.w, whole);
  for (int64_t x = whole; x < cells.columns; x += kernels_.columns) {
    kernels_.down(rows + x, pitch(), plan_.dilation.h, column, plan_.kernel.h, false, T{0}, edge, kernels_.columns,
                  kernels_.columns);
    for (int64_t i = 0; i < cells.rows; ++i) {
      for (int64_t j = 0; j < std::min<int64_t>(kernels_.columns, cells.columns - x); ++j) {
        T& cell = to[i * plan_.out.w + x + j];
        const T sum = edge[i * kernels_.columns + j];
        cell = (accumulate ? cell + sum : sum) + bias;
        finite = finite && std::isfinite(cell);
      }
    }
  }
  return finite;
}

template <class T>
void SeparableRunner<T>::run_item(Call& call, int64_t item) const {
  T* line_data = scratch().line.template reserve_for<T>(line());
  T* ring_data = scratch().ring.template reserve_for<T>(ring());
  T* edge_data = scratch().edge.template reserve_for<T>(edge());
  if (line_data == nullptr || ring_data == nullptr || edge_data == nullptr) {
    call.out_of_memory = true;
    return;
  }
  const int64_t tile = item % (down_ * across_), k = item / (down_ * across_) % plan_.out_channels;
  const int64_t n = item / (down_ * across_ * plan_.out_channels);
  const int64_t top = tile / across_ * tile_.h, x = tile % across_ * tile_.w;
  const int64_t bottom = std::min(top + tile_.h, plan_.out.h), columns = std::min(tile_.w, plan_.out.w - x);
  const int64_t channels = plan_.channels_per_group(), first = k / plan_.kernels_per_group() * channels;
  std::fill_n(line_data, line(), T{0});  // what is read behind the line is finite
  T* plane = call.output + (n * plan_.out_channels + k) * plan_.positions();
  bool finite = true;
  for (int64_t c = 0; c < channels; ++c) {
    const T* image = call.input + (n * plan_.in_channels + first + c) * plan_.in.h * plan_.in.w;
    const T bias = c == channels - 1 && bias_data_ != nullptr ? bias_data_[k] : T{0};
    int64_t next = top;  // row of the padded input
    for (int64_t y = top; y < bottom; y += kernels_.rows) {
      for (; next < y + ring_rows(); ++next) {
        if (call.stopped()) return;
        first_pass(image, next, x, columns, row(k, c), line_data, ring_data);
      }
      const CellRange cells{y, x, std::min<int64_t>(kernels_.rows, bottom - y), columns};
      const T* rows = ring_data + y % ring_rows() * pitch();
      finite = second_pass(rows, cells, column(k, c), c > 0, bias, edge_data, plane) && finite;
    }
  }
  const CellRange cells{top, x, bottom - top, columns};
  if (!finite && !conv2d_cells(plan_, call.input, weight_data_, bias_data_, n, k, cells, call.output, call.job)) {
    return;
  }
  const int64_t done = call.items_done.fetch_add(1, std::memory_order_relaxed) + 1;
  if (call.job != nullptr) call.job->report(static_cast<float>(done) / static_cast<float>(items()));
}

template <class T>
Outcome SeparableRunner<T>::run(const T* input, T* output, int threads, Job* job) const {
  if (plan_.output_cells() == 0) return Outcome::finished;
  const double macs = static_cast<double>(plan_.output_cells()) * static_cast<double>(plan_.channels_per_group()) *
                      static_cast<double>(plan_.kernel.h + plan_.kernel.w);
  threads = useful_threads(threads, macs);
  Call call{*this, input, output, job};
  parallel_for(threads, items(), [&call](int64_t item) {
    if (!call.stopped()) call.runner.run_item(call, item);
  });
  if (call.out_of_memory) return Outcome::out_of_memory;
  return call.items_done < items() ? Outcome::cancelled : Outcome::finished;
}

/// A window that spans so much more than a tile is not worth a tile's rows.
bool spans_little(const ConvPlan& plan) {
  constexpr int64_t kMostExtent = 4096;
  return plan.effective_kernel().h <= kMostExtent && plan.effective_kernel().w <= kMostExtent;
}

}  // namespace

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_separable(const ConvPlan& plan, const T* weight, const T* bias,
                                                   const Job* job) {
  if (!unstrided(plan) || !spans_little(plan)) return nullptr;
  auto runner = std::make_unique<SeparableRunner<T>>(plan);
  if (!runner->prepare(weight, bias, job)) return nullptr;
  return runner;
}

bool separable_pays(const ConvPlan& plan) {
  const int64_t R = plan.kernel.h, S = plan.kernel.w;
  if (!unstrided(plan) || !spans_little(plan) || R < 2 || S < 2) return false;
  const double cells = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.channels_per_group()) *
                       static_cast<double>(size_of(plan.dtype)) / 4;
  const double passes = cells * static_cast<double>(R + S) / kPassMacsPerSecond;
  if (1.25 * passes > cells * static_cast<double>(R * S) / kDirectMacsPerSecond) return false;
  const Result<FftTiling> tiling = fft_tiling(plan);
  return !tiling || tiling->seconds >= passes;
}

template std::unique_ptr<Conv2dRunner<float>> prepare_separable<float>(const ConvPlan&, const float*, const float*,
                                                                       const Job*);
template std::unique_ptr<Conv2dRunner<double>> prepare_separable<double>(const ConvPlan&, const double*, const double*,
                                                                         const Job*);

}  // namespace convscope
