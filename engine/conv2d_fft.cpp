#include "engine/conv2d_fft.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/aligned_buffer.h"
#include "engine/conv2d_cells.h"
#include "engine/division.h"
#include "engine/fft.h"
#include "engine/fft_tiling.h"
#include "engine/finite.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// An output beyond this is not looked at again before it has left the caches.
constexpr int64_t kCacheBytes = 4 << 20;

/// The memory that each thread works in.
struct Scratch {
  AlignedBuffer spectra;  // of one tile of every input channel of a group
  AlignedBuffer product;  // of one output channel
  AlignedBuffer strip;    // the lanes that are transformed together
  AlignedBuffer offsets;  // of a tile's rows in a plane, for both tiles
  /// Keeps what the next computation probably needs and gives back what only a giant did.
  void trim() {
    constexpr size_t kKept = size_t{64} << 20;
    for (AlignedBuffer* buffer : {&spectra, &product, &strip}) {
      if (buffer->size() > kKept) buffer->release();
    }
  }
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

/// The part of an output plane that one tile gives.
struct Place {
  int64_t image = 0;
  CellRange cells;
};

template <class T>
class FftRunner final : public Conv2dRunner<T> {
 public:
  FftRunner(const ConvPlan& plan, const FftTiling& tiling)
      : plan_(plan),
        tiling_(tiling),
        kernels_(fft_kernels<T>()),
        vertical_(static_cast<int>(tiling.size.h)),
        horizontal_(static_cast<int>(tiling.size.w)),
        lanes_(kernels_.lanes),
        tiles_(plan.batch * tiling.down * tiling.across),
        pairs_((tiles_ + 1) / 2),
        past_cache_(plan.output_cells() * static_cast<int64_t>(sizeof(T)) > kCacheBytes) {}

  bool prepare(const T* weight, const T* bias, int threads, const Job* job);
  Outcome run(const T* input, T* output, int threads, Job* job) const override;

  int64_t packed_bytes() const override {
    return static_cast<int64_t>(spectra_.size() + weight_.size() + bias_.size() +
                                sizeof(T) * (vertical_.twiddles.size() + horizontal_.twiddles.size()));
  }
  int64_t scratch_bytes(int threads) const override {
    if (threads <= 0) threads = hardware_threads();
    const int64_t each = (plan_.channels_per_group() + 1) * tile() + strip();
    return std::min<int64_t>(threads, items()) *
           (each * static_cast<int64_t>(sizeof(T)) + 2 * tiling_.size.h * static_cast<int64_t>(sizeof(int64_t)));
  }

 private:
  /// Everything that stays the same for all items of one call.
  struct Call {
    const FftRunner& runner;
    const T* input;
    T* output;
    Job* job;
    std::atomic<int64_t> items_done{0};
    std::atomic<bool> out_of_memory{false};

    bool stopped() const {
      return out_of_memory.load(std::memory_order_relaxed) || (job != nullptr && job->is_cancelled());
    }
  };

  // Sizes in numbers of T. A tile is an array of strips: [size.w / lanes][size.h][2][lanes] while its columns are
  // transformed, [size.h / lanes][size.w][2][lanes] while its rows are.
  int64_t tile() const { return 2 * tiling_.cells(); }
  int64_t column_strip() const { return 2 * lanes_ * tiling_.size.h; }
  int64_t row_strip() const { return 2 * lanes_ * tiling_.size.w; }
  int64_t strip() const { return std::max(column_strip(), row_strip()); }
  int64_t block() const { return 2 * lanes_ * lanes_; }
  int64_t column_strips() const { return tiling_.size.w / lanes_; }
  int64_t row_strips() const { return tiling_.size.h / lanes_; }
  int64_t items() const { return plan_.groups * pairs_; }
  /// Of kernel k, for row strip `at`: of all its channels, in the order of FftKernels::multiply.
  const T* spectrum(int64_t k, int64_t at) const {
    return spectra_data_ + (k * row_strips() + at) * plan_.channels_per_group() * row_strip();
  }

  void prepare_spectrum(const T* plane, int64_t k, int64_t c, T* strip, T* rows) const;
  Place place(int64_t tile) const;
  void row_offsets(const Place& place, int64_t* offsets) const;
  bool load(const T* plane, const Place& place, const int64_t* offsets, int64_t at, int part, T* strip) const;
  void run_item(Call& call, int64_t item) const;
  bool transform_inputs(const Call& call, int64_t group, const Place* places, int64_t* const* offsets, T* strip,
                        T* spectra) const;
  Outcome run_cells(const T* input, T* output, int threads, Job* job) const;

  ConvPlan plan_;
  FftTiling tiling_;
  FftKernels<T> kernels_;
  FftTable<T> vertical_, horizontal_;
  int64_t lanes_, tiles_, pairs_;
  AlignedBuffer weight_, bias_, spectra_;
  T* spectra_data_ = nullptr;
  const T* weight_data_ = nullptr;
  const T* bias_data_ = nullptr;
  bool past_cache_ = false;
  bool finite_ = true;  // the weight: else everything is computed cell by cell
};

// ---- the kernels' spectra ----

/// Cross-correlation is convolution with the mirrored kernel: tap (r, s) stands at (-r, -s), counted around the tile.
template <class T>
void FftRunner<T>::prepare_spectrum(const T* plane, int64_t k, int64_t c, T* strip, T* rows) const {
  const Pair size = tiling_.size, kernel = plan_.kernel, dilation = plan_.dilation;
  for (int64_t at = 0; at < column_strips(); ++at) {
    bool empty = true;
    std::memset(strip, 0, static_cast<size_t>(column_strip()) * sizeof(T));
    for (int64_t s = 0; s < kernel.w; ++s) {
      const int64_t x = (size.w - s * dilation.w) % size.w;
      if (x / lanes_ != at) continue;
      empty = false;
      for (int64_t r = 0; r < kernel.h; ++r) {
        const int64_t y = (size.h - r * dilation.h) % size.h;
        strip[y * 2 * lanes_ + x % lanes_] = plane[r * kernel.w + s];
      }
    }
    if (!empty) kernels_.forward(vertical_, strip);
    kernels_.transpose(strip, block(), rows + at * block(), row_strip(), row_strips());
  }
  constexpr int64_t kRows = kFftBlockRows;
  const int64_t chunk = kRows * 2 * lanes_, channels = plan_.channels_per_group();
  for (int64_t at = 0; at < row_strips(); ++at) {
    T* from = rows + at * row_strip();
    kernels_.forward(horizontal_, from);
    T* to = spectra_data_ + (k * row_strips() + at) * channels * row_strip() + c * chunk;
    for (int64_t x = 0; x < size.w; x += kRows, from += chunk, to += channels * chunk) {
      std::memcpy(to, from, static_cast<size_t>(chunk) * sizeof(T));
    }
  }
}

template <class T>
bool FftRunner<T>::prepare(const T* weight, const T* bias, int threads, const Job* job) {
  const int64_t K = plan_.out_channels, channels = plan_.channels_per_group();
  const int64_t plane = plan_.kernel.h * plan_.kernel.w, taps = K * plan_.taps();
  T* weight_copy = weight_.template reserve_for<T>(taps);
  T* bias_copy = bias != nullptr ? bias_.template reserve_for<T>(K) : nullptr;
  if (weight_copy == nullptr || (bias != nullptr && bias_copy == nullptr)) return false;
  std::copy_n(weight, taps, weight_copy);
  if (bias != nullptr) std::copy_n(bias, K, bias_copy);
  weight_data_ = weight_copy;
  bias_data_ = bias_copy;
  finite_ = all_finite(weight, taps);
  if (!finite_ || plan_.output_cells() == 0) return true;
  spectra_data_ = spectra_.template reserve_for<T>(K * channels * tile());
  if (spectra_data_ == nullptr) return false;
  std::atomic<bool> good{true};
  parallel_for(threads > 0 ? threads : hardware_threads(), K * channels, [&](int64_t item) {
    if (!good.load(std::memory_order_relaxed) || (job != nullptr && job->is_cancelled())) {
      good = false;
      return;
    }
    T* strip_data = scratch().strip.template reserve_for<T>(strip());
    T* rows = scratch().product.template reserve_for<T>(tile());
    if (strip_data == nullptr || rows == nullptr) {
      good = false;
      return;
    }
    prepare_spectrum(weight + item * plane, item / channels, item % channels, strip_data, rows);
  });
  return good;
}

// ---- the input ----

template <class T>
Place FftRunner<T>::place(int64_t tile) const {
  Place p;
  if (tile >= tiles_) return p;  // no cells: the last tile has no partner
  const int64_t x = tile % tiling_.across * tiling_.step.w;
  const int64_t y = tile / tiling_.across % tiling_.down * tiling_.step.h;
  p.image = tile / (tiling_.across * tiling_.down);
  p.cells = {y, x, std::min(tiling_.step.h, plan_.out.h - y), std::min(tiling_.step.w, plan_.out.w - x)};
  return p;
}

/// Whether position i of a tile is read by any window of its `cells` output cells along an axis, of the kernel's extent
/// and dilation. What is not must be left out: a huge number there would add its rounding to cells that never see it.
bool is_read(int64_t i, int64_t cells, int64_t extent, int64_t dilation) {
  return cells > 0 && i < cells + extent - 1 && i % dilation < cells;
}

/// Where the tile's rows begin in a plane of the input; -1 for those that are zero or not read.
template <class T>
void FftRunner<T>::row_offsets(const Place& place, int64_t* offsets) const {
  const int64_t extent = plan_.effective_kernel().h;
  for (int64_t i = 0; i < tiling_.size.h; ++i) {
    const int64_t source = is_read(i, place.cells.rows, extent, plan_.dilation.h)
                               ? source_index(place.cells.y + i - plan_.pads.top, plan_.in.h, plan_.padding_mode)
                               : kZeroPadding;
    offsets[i] = source == kZeroPadding ? -1 : source * plan_.in.w;
  }
}

/// Columns at * lanes and following of a tile into the real or imaginary part of the strip. Returns whether it had to
/// look at the input at all: where not, nothing but zeros was written.
template <class T>
bool FftRunner<T>::load(const T* plane, const Place& place, const int64_t* offsets, int64_t at, int part,
                        T* strip) const {
  const int64_t rows = tiling_.size.h, W = plan_.in.w;
  const int64_t first = at * lanes_, x = place.cells.x + first - plan_.pads.left;
  const int64_t cells = place.cells.columns, extent = plan_.effective_kernel().w, dilation = plan_.dilation.w;
  if (cells >= dilation && x >= 0) {
    int64_t used = std::min(lanes_, cells + extent - 1 - first);
    if (plan_.padding_mode == PaddingMode::zeros) used = std::min(used, W - x);
    if (used > 0 && x + used <= W) {
      kernels_.load_rows(plane + x, offsets, rows, static_cast<int>(used), part, strip);
      return true;
    }
  }
  int64_t source[64];
  bool any = false;
  for (int64_t lane = 0; lane < lanes_; ++lane) {
    source[lane] =
        is_read(first + lane, cells, extent, dilation) ? source_index(x + lane, W, plan_.padding_mode) : kZeroPadding;
    any = any || source[lane] != kZeroPadding;
  }
  strip += part * lanes_;
  for (int64_t i = 0; i < rows; ++i, strip += 2 * lanes_) {
    for (int64_t lane = 0; lane < lanes_; ++lane) {
      const bool is_zero = offsets[i] < 0 || source[lane] == kZeroPadding;
      strip[lane] = is_zero ? T{0} : plane[offsets[i] + source[lane]];
    }
  }
  return any;
}

/// Columns of two tiles of every input channel of the group, transformed and turned into rows.
template <class T>
bool FftRunner<T>::transform_inputs(const Call& call, int64_t group, const Place* places, int64_t* const* offsets,
                                    T* strip, T* spectra) const {
  for (int64_t c = 0; c < plan_.channels_per_group(); ++c, spectra += tile()) {
    const int64_t channel = group * plan_.channels_per_group() + c;
    for (int64_t at = 0; at < column_strips(); ++at) {
      if (call.stopped()) return false;
      bool any = false;
      for (int part = 0; part < 2; ++part) {
        const T* plane = call.input + (places[part].image * plan_.in_channels + channel) * plan_.in.h * plan_.in.w;
        any = load(plane, places[part], offsets[part], at, part, strip) || any;
      }
      if (any) kernels_.forward(vertical_, strip);
      kernels_.transpose(strip, block(), spectra + at * block(), row_strip(), row_strips());
    }
  }
  return true;
}

// ---- one item: two tiles of one group ----

template <class T>
void FftRunner<T>::run_item(Call& call, int64_t item) const {
  const int64_t group = item / pairs_, channels = plan_.channels_per_group();
  const Place places[2] = {place(item % pairs_ * 2), place(item % pairs_ * 2 + 1)};
  T* spectra = scratch().spectra.template reserve_for<T>(channels * tile());
  T* product = scratch().product.template reserve_for<T>(tile());
  T* strip_data = scratch().strip.template reserve_for<T>(strip());
  auto* rows = scratch().offsets.template reserve_for<int64_t>(2 * tiling_.size.h);
  if (spectra == nullptr || product == nullptr || strip_data == nullptr || rows == nullptr) {
    call.out_of_memory = true;
    return;
  }
  int64_t* const offsets[2] = {rows, rows + tiling_.size.h};
  for (int part = 0; part < 2; ++part) row_offsets(places[part], offsets[part]);
  if (!transform_inputs(call, group, places, offsets, strip_data, spectra)) return;

  const T scale = T(1.0 / static_cast<double>(tiling_.cells()));
  const int64_t widest = std::max(places[0].cells.columns, places[1].cells.columns);
  const int64_t used_strips = (widest + lanes_ - 1) / lanes_;
  for (int64_t m = 0; m < plan_.kernels_per_group(); ++m) {
    const int64_t k = group * plan_.kernels_per_group() + m;
    for (int64_t at = 0; at < row_strips(); ++at) {
      if (call.stopped()) return;
      T* x = spectra + at * row_strip();
      for (int64_t c = 0; m == 0 && c < channels; ++c) kernels_.forward(horizontal_, x + c * tile());
      kernels_.multiply(x, tile(), spectrum(k, at), channels, tiling_.size.w, strip_data);
      kernels_.inverse(horizontal_, strip_data);
      kernels_.transpose(strip_data, block(), product + at * block(), column_strip(), used_strips);
    }
    bool finite[2] = {true, true};
    for (int64_t at = 0; at < used_strips; ++at) {
      if (call.stopped()) return;
      T* columns = product + at * column_strip();
      kernels_.inverse(vertical_, columns);
      for (int part = 0; part < 2; ++part) {
        const CellRange& cells = places[part].cells;
        const int64_t used = std::min(lanes_, cells.columns - at * lanes_);
        if (used <= 0) continue;
        T* to = call.output + ((places[part].image * plan_.out_channels + k) * plan_.out.h + cells.y) * plan_.out.w +
                cells.x + at * lanes_;
        const T bias = bias_data_ != nullptr ? bias_data_[k] : T{0};
        const bool good = kernels_.store_rows(columns, part, scale, bias, cells.rows, static_cast<int>(used), to,
                                              plan_.out.w, past_cache_);
        finite[part] = finite[part] && good;
      }
    }
    for (int part = 0; part < 2; ++part) {
      if (finite[part]) continue;
      if (!conv2d_cells(plan_, call.input, weight_data_, bias_data_, places[part].image, k, places[part].cells,
                        call.output, call.job)) {
        return;
      }
    }
  }
  scratch().trim();
  const int64_t done = call.items_done.fetch_add(1, std::memory_order_relaxed) + 1;
  if (call.job != nullptr) call.job->report(static_cast<float>(done) / static_cast<float>(items()));
}

/// All cells without transforms: some rows of an output plane at a time.
template <class T>
Outcome FftRunner<T>::run_cells(const T* input, T* output, int threads, Job* job) const {
  constexpr double kMacsOfItem = 1 << 20;
  const double macs = static_cast<double>(plan_.out.w) * static_cast<double>(plan_.taps());  // of a row
  const auto rows = static_cast<int64_t>(std::clamp(kMacsOfItem / macs, 1.0, static_cast<double>(plan_.out.h)));
  const int64_t bands = ceil_divide(plan_.out.h, rows), items = plan_.batch * plan_.out_channels * bands;
  std::atomic<int64_t> items_done{0};
  parallel_for(threads, items, [&](int64_t item) {
    if (job != nullptr && job->is_cancelled()) return;
    const int64_t n = item / bands / plan_.out_channels, k = item / bands % plan_.out_channels;
    const int64_t y = item % bands * rows;
    const CellRange cells{y, 0, std::min(rows, plan_.out.h - y), plan_.out.w};
    if (!conv2d_cells(plan_, input, weight_data_, bias_data_, n, k, cells, output, job)) return;
    const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(done) / static_cast<float>(items));
  });
  return items_done < items ? Outcome::cancelled : Outcome::finished;
}

template <class T>
Outcome FftRunner<T>::run(const T* input, T* output, int threads, Job* job) const {
  if (plan_.output_cells() == 0) return Outcome::finished;
  // Below this, waking a second thread costs more than it brings.
  constexpr double kSecondsPerThread = 20e-6;
  if (threads <= 0) threads = hardware_threads();
  if (!finite_) return run_cells(input, output, threads, job);
  threads = useful_threads(threads, tiling_.seconds, kSecondsPerThread);
  Call call{*this, input, output, job};
  parallel_for(threads, items(), [&call](int64_t item) {
    if (!call.stopped()) call.runner.run_item(call, item);
  });
  if (call.out_of_memory) return Outcome::out_of_memory;
  return call.items_done < items() ? Outcome::cancelled : Outcome::finished;
}

}  // namespace

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_fft(const ConvPlan& plan, const T* weight, const T* bias, int threads,
                                             const Job* job) {
  const Result<FftTiling> tiling = fft_tiling(plan);
  if (!tiling) return nullptr;
  auto runner = std::make_unique<FftRunner<T>>(plan, *tiling);
  if (!runner->prepare(weight, bias, threads, job)) return nullptr;
  return runner;
}

template std::unique_ptr<Conv2dRunner<float>> prepare_fft<float>(const ConvPlan&, const float*, const float*, int,
                                                                 const Job*);
template std::unique_ptr<Conv2dRunner<double>> prepare_fft<double>(const ConvPlan&, const double*, const double*, int,
                                                                   const Job*);

}  // namespace convscope
