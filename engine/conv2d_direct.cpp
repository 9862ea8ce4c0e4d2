#include "engine/conv2d_direct.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/direct_tile.h"
#include "engine/division.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// What all output channels of a group read again and again stays in the first-level cache.
constexpr int64_t kNearBytes = 24 << 10;
// A copy never takes more, if a single tap does not.
constexpr int64_t kMaxCopyBytes = 1 << 20;
// Rows longer than this are never read in place where they are padded above or below: it would take a row of zeros as
// long as they are.
constexpr int64_t kMaxZeros = 1 << 18;
// Windows larger than this are read part by part, from copies.
constexpr int64_t kMaxInPlaceHeight = 4096, kMaxInPlaceSpan = 1 << 16;
// Taps of all tiles between two looks whether the job was cancelled: some milliseconds.
constexpr int64_t kMaxTaps = 1 << 19;

/// How the rows of an output channel are cut into strips, the tiles' height.
///
/// Rows of outputs that are `spacing` apart see rows of the input that are `step` * dilation apart: such rows share
/// what they load, whatever stride and dilation are.
struct Rows {
  int64_t dilation = 1;  // 1 where the kernel has one row: any number fits, and the given one may be vast
  int64_t stride = 1;    // 1 where the output has one row
  int64_t spacing = 1;
  int step = 1;            // of DirectTask
  int height = 1;          // rows of a tile
  int64_t strips = 1;      // of an output channel
  int64_t of_spacing = 1;  // strips that begin with the same remainder
  int64_t remainders = 1;

  /// Rows of the input under so many rows of the kernel and of the output.
  int64_t inputs(int64_t rows, int64_t kernel_rows) const {
    return step > 0 ? (rows - 1) * step + kernel_rows : rows * kernel_rows;
  }
};

Rows rows_of(const ConvPlan& plan) {
  Rows rows;
  if (plan.kernel.h > 1) rows.dilation = plan.dilation.h;
  if (plan.out.h > 1) rows.stride = plan.stride.h;
  const int64_t divisor = std::gcd(rows.stride, rows.dilation);
  // Where no two rows of outputs are so far apart, any number does, and this one may be vast.
  rows.spacing = std::min(rows.dilation / divisor, plan.out.h);
  const int64_t step = rows.stride / divisor;
  rows.step = step <= 2 ? static_cast<int>(step) : 0;
  rows.remainders = rows.spacing;
  const int64_t longest = ceil_divide(plan.out.h, rows.remainders);
  rows.height = rows.step > 0 && longest > 4 ? kMaxDirectRows : kMaxDirectRows / 2;
  if (plan.out.h == 1) rows.height = 1;
  rows.of_spacing = ceil_divide(longest, rows.height);
  rows.strips = rows.remainders * rows.of_spacing;
  return rows;
}

/// How the cells under a stretch of outputs are copied: cells that a stride apart side by side, so that every tap
/// reads vectors that lie as they are needed.
struct CopyLayout {
  bool is_per_tap = false;        // a segment for each tap of a pass; else one for each phase (see im2col_block.h)
  std::vector<int64_t> segments;  // for each, where its first cell stands, from the first tap's on
  std::vector<int64_t> offsets;   // of the taps of a pass in the copy of a row
  int64_t shift = 0;              // cells of a segment beyond one for each output
  int64_t segment = 0;            // from one segment to the next
  int64_t row = 0;                // elements of a row
};

/// A part of the sums: all of it, where that is not too much at once.
struct Passes {
  int64_t channels = 1;
  bool all_rows = true;  // else one part of the kernel's rows at a time, of one channel
  int64_t columns = 1;   // of the kernel; all but where all_rows is false
  int64_t tiles = 1;     // at a time
};

/// Tiles side by side that are computed in the same way.
template <class T>
struct Stretch {
  int64_t first = 0;  // column of the output
  int64_t tiles = 1;
  int64_t last_tile = 0;  // as in DirectTask
  int vectors = 1;
  int64_t out_columns = 0;  // as in DirectTask
  bool is_copied = false;
  CopyLayout layout;  // where it is copied
  Passes passes;
  // For strips of full height, such whose rows are all a pitch apart, and strips of 4 rows.
  typename DirectKernels<T>::Run run = nullptr, run_uniform = nullptr, run_low = nullptr;
  // Offsets of all channels' taps, one channel after the other, where few rows of few channels are read: then the
  // channels need no loop of their own. And the same without the channels.
  std::vector<int64_t> flat_offsets, flat_columns;
  // Two output channels, 4 rows at a time; or null.
  typename DirectKernels<T>::Run run_two = nullptr, run_two_uniform = nullptr;
};

/// The memory each thread works in.
struct Scratch {
  AlignedBuffer copy, rows, strides, copy_rows, copy_strides;
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

/// Some output rows of one group.
struct Strip {
  int64_t n = 0, group = 0;
  int64_t remainder = 0, below = 0;          // which of Rows::remainders, and of the strips of it
  int64_t part = 0;                          // of the output channels
  int64_t first_row = 0;                     // the others follow, Rows::spacing apart
  int64_t rows = 0;                          // that there are
  int64_t height = 0;                        // of its tiles
  int64_t kernel_begin = 0, kernel_end = 0;  // output channels of the group
};

/// Where the rows under a strip and under some rows of the kernel begin.
template <class T>
struct RowTable {
  const T** rows = nullptr;
  int64_t* channel_strides = nullptr;
  int64_t count = 0;
  bool is_uniform = false;   // all rows a pitch apart, in tiles of full height
  const T* first = nullptr;  // where they are
};

/// What changes from one run to the next.
template <class T>
struct Call {
  const T* input;
  T* output;
  Job* job;
  int64_t kernel_parts = 1;  // strips of the same rows, each with its share of the output channels
  std::atomic<bool> out_of_memory{false};

  bool stopped() const {
    return (job != nullptr && job->is_cancelled()) || out_of_memory.load(std::memory_order_relaxed);
  }
};

template <class T>
class DirectRunner final : public Conv2dRunner<T> {
 public:
  explicit DirectRunner(const ConvPlan& plan) : plan_(plan), kernels_(direct_kernels<T>()) {}

  /// Whether there is memory for it and the job goes on.
  bool prepare(const T* weight, const T* bias, const Job* job);

  Outcome run(const T* input, T* output, int threads, Job* job) const override;
  int64_t packed_bytes() const override;
  int64_t scratch_bytes(int threads) const override;

 private:
  bool pack_weight(const T* from, T* to, const Job* job) const;
  void add_stretches();
  void add_stretch(int64_t first, int64_t tiles, int64_t last_tile, int vectors, int64_t out_columns);
  CopyLayout layout_for(int64_t width, bool is_per_tap, int64_t columns) const;
  Passes passes_for(int64_t bytes_of_row, int64_t width) const;
  void flatten(Stretch<T>& stretch) const;
  void choose_copy(Stretch<T>& stretch, int64_t width) const;

  /// In multiply-adds. A depthwise layer has few of them and takes as long as its numbers need to come and go.
  double work() const {
    constexpr double kOfNumber = 8;
    const double numbers =
        static_cast<double>(plan_.batch * plan_.in_channels) * static_cast<double>(plan_.in.h * plan_.in.w) +
        static_cast<double>(plan_.output_cells());
    return plan_.macs() + kOfNumber * numbers;
  }

  Strip strip_of(const Call<T>& call, int64_t unit) const;
  void advance(const Call<T>& call, Strip& strip) const;
  void place(const Call<T>& call, Strip& strip) const;
  void run_strip(Call<T>& call, Scratch& mine, const Strip& strip) const;
  void run_simple_strip(Call<T>& call, Scratch& mine, const Strip& strip) const;
  void run_kernels(const Call<T>& call, const Strip& strip, const Stretch<T>& stretch, bool is_uniform,
                   const DirectTask<T>& first) const;
  void run_stretch(Call<T>& call, Scratch& mine, const Strip& strip, const Stretch<T>& stretch, int64_t first,
                   int64_t tiles, const RowTable<T>& all_rows) const;
  bool point_at_input(Call<T>& call, Scratch& mine, const Strip& strip, int64_t ky_begin, int64_t ky_end,
                      RowTable<T>& table) const;
  bool copy_rows(Call<T>& call, Scratch& mine, const Stretch<T>& stretch, const RowTable<T>& from, int64_t outputs,
                 bool is_uniform, DirectTask<T>& task) const;
  void copy_segment(const RowTable<T>& from, const DirectTask<T>& task, int64_t first, int64_t count, int64_t padded,
                    T* to, int64_t pitch) const;

  ConvPlan plan_;
  DirectKernels<T> kernels_;
  int64_t channels_ = 1, kernel_count_ = 1;  // of a group
  KernelParts parts_;
  Rows rows_;
  int64_t pitch_ = 0;                  // elements between rows of the input that rows of outputs share
  int64_t stride_ = 1, dilation_ = 1;  // horizontal; 1 where they do not matter
  int64_t span_ = 0;                   // cells right of an output's own that its last tap reaches
  bool in_place_ = false;              // away from the padding
  bool is_simple_ = false;             // see run_simple_strip()
  std::vector<int64_t> offsets_;       // of tap kx, in place
  std::vector<Stretch<T>> stretches_;
  AlignedBuffer weight_, bias_, zeros_;
  const T* weight_data_ = nullptr;
  const T* bias_data_ = nullptr;
  const T* zeros_data_ = nullptr;  // as long as a row of the input, or null
};

// ---- made once ----

template <class T>
bool DirectRunner<T>::prepare(const T* weight, const T* bias, const Job* job) {
  const int64_t numbers = plan_.out_channels * plan_.taps();
  T* weight_copy = weight_.reserve_for<T>(numbers);
  if (weight_copy == nullptr) return false;
  weight_data_ = weight_copy;
  if (!pack_weight(weight, weight_copy, job)) return false;
  if (bias != nullptr) {
    T* bias_copy = bias_.reserve_for<T>(plan_.out_channels);
    if (bias_copy == nullptr) return false;
    std::copy_n(bias, plan_.out_channels, bias_copy);
    bias_data_ = bias_copy;
  }
  channels_ = plan_.channels_per_group();
  kernel_count_ = plan_.kernels_per_group();
  parts_ = KernelParts(plan_.kernel.h);
  rows_ = rows_of(plan_);
  // Rows further apart than the input is high are never read in place, side by side.
  pitch_ = rows_.dilation < plan_.in.h ? rows_.dilation * plan_.in.w : 0;
  if (plan_.kernel.w > 1) dilation_ = plan_.dilation.w;
  if (plan_.out.w > 1) stride_ = plan_.stride.w;
  span_ = (plan_.kernel.w - 1) * dilation_;
  const bool has_zero_rows = plan_.padding_mode == PaddingMode::zeros && (plan_.pads.top > 0 || plan_.pads.bottom > 0);
  in_place_ = stride_ == 1 && span_ <= kMaxInPlaceSpan && plan_.kernel.h <= kMaxInPlaceHeight &&
              (!has_zero_rows || plan_.in.w <= kMaxZeros);
  if (in_place_) {
    for (int64_t kx = 0; kx < plan_.kernel.w; ++kx) offsets_.push_back(kx * dilation_);
    if (has_zero_rows) {
      T* zeros = zeros_.reserve_for<T>(plan_.in.w);
      if (zeros == nullptr) return false;
      std::fill_n(zeros, plan_.in.w + 64 / sizeof(T), T{0});
      zeros_data_ = zeros;
    }
  }
  add_stretches();
  is_simple_ = std::all_of(stretches_.begin(), stretches_.end(), [this](const Stretch<T>& stretch) {
    return !stretch.is_copied && stretch.passes.all_rows && stretch.passes.channels == channels_;
  });
  return true;
}

/// What a tile multiplies with together lies together, see DirectTask. False where the job was cancelled.
template <class T>
bool DirectRunner<T>::pack_weight(const T* from, T* to, const Job* job) const {
  constexpr int64_t kAtOnce = 1 << 16;  // columns between two looks
  const int64_t width = plan_.kernel.w;
  const KernelParts parts(plan_.kernel.h);
  for (int64_t kernel = 0; kernel < plan_.out_channels * plan_.channels_per_group(); ++kernel) {
    for (int64_t part = 0; part < parts.count; ++part) {
      const int64_t height = parts.height_of(part);
      for (int64_t first = 0; first < width; first += kAtOnce) {
        if (job != nullptr && job->is_cancelled()) return false;
        for (int64_t x = first; x < std::min(width, first + kAtOnce); ++x) {
          for (int64_t y = 0; y < height; ++y) *to++ = from[y * width + x];
        }
      }
      from += height * width;
    }
  }
  return true;
}

template <class T>
void DirectRunner<T>::add_stretches() {
  const int64_t out = plan_.out.w, lanes = kernels_.lanes;
  int vectors = rows_.step > 0 && out > lanes ? kernels_.max_vectors : 1;
  if (rows_.height == 1) vectors = out >= kernels_.row_vectors * lanes ? kernels_.row_vectors : 1;
  const int64_t width = vectors * lanes, full = out / width;
  // Of the full tiles those from `begin` on and before `end` see no padding.
  int64_t begin = full, end = full;
  if (in_place_) {
    const int64_t room = plan_.in.w + plan_.pads.left - span_ - width;  // the last such tile begins here or before
    begin = std::min(full, ceil_divide(plan_.pads.left, width));
    end = room < 0 ? begin : std::clamp(room / width + 1, begin, full);
  }
  const auto add_tiles = [&](int64_t from, int64_t to) {
    if (to > from) add_stretch(from * width, to - from, (to - from - 1) * width, vectors, width);
  };
  const int64_t left = out - full * width;
  // A short row is done in one go; the last tile goes back, see below.
  if (in_place_ && left > lanes && full > 0 && full < 3) {
    add_stretch(0, full + 1, out - width, vectors, width);
    const Stretch<T>& all = stretches_.back();
    if (!all.is_copied && all.passes.all_rows && all.passes.channels == channels_ && all.passes.tiles > full) return;
    stretches_.clear();
  }
  add_tiles(0, begin);
  add_tiles(begin, end);
  add_tiles(end, full);
  if (left == 0) return;
  const int last_vectors = left <= lanes ? 1 : vectors;
  const int64_t last_width = last_vectors * lanes;
  // The last tile goes back as far as it must to be full: the cells it shares come out the same twice.
  if (out >= last_width) {
    add_stretch(out - last_width, 1, 0, last_vectors, last_width);
  } else {
    add_stretch(0, 1, 0, last_vectors, out);
  }
}

template <class T>
void DirectRunner<T>::add_stretch(int64_t first, int64_t tiles, int64_t last_tile, int vectors, int64_t out_columns) {
  Stretch<T> stretch;
  stretch.first = first;
  stretch.tiles = tiles;
  stretch.last_tile = last_tile;
  stretch.vectors = vectors;
  stretch.out_columns = out_columns;
  const int64_t width = vectors * kernels_.lanes;
  bool is_masked = false;
  if (in_place_) {
    const int64_t cell = first - plan_.pads.left;
    const bool is_inside = cell >= 0 && cell + last_tile + width + span_ <= plan_.in.w;
    is_masked = !is_inside;
    stretch.is_copied = !is_inside && !(kernels_.has_masks && plan_.padding_mode == PaddingMode::zeros);
  } else {
    stretch.is_copied = true;
  }
  if (stretch.is_copied) {
    is_masked = false;
    choose_copy(stretch, width);
  } else {
    stretch.passes = passes_for((width + span_) * static_cast<int64_t>(sizeof(T)), width);
  }
  stretch.run = kernels_.tile(1, rows_.height, vectors, rows_.step, is_masked, false);
  stretch.run_uniform = kernels_.tile(1, rows_.height, vectors, rows_.step, is_masked, true);
  flatten(stretch);
  constexpr int kLow = kMaxDirectRows / 2;
  stretch.run_low = kernels_.tile(1, kLow, vectors, rows_.step, is_masked, false);
  if (rows_.height >= kLow) {  // a single row has no use for them
    stretch.run_two = kernels_.tile(2, kLow, vectors, rows_.step, is_masked, false);
    stretch.run_two_uniform = kernels_.tile(2, kLow, vectors, rows_.step, is_masked, true);
  }
  stretches_.push_back(std::move(stretch));
}

template <class T>
void DirectRunner<T>::flatten(Stretch<T>& stretch) const {
  constexpr int64_t kMostOffsets = 4096;
  const Passes& passes = stretch.passes;
  const int64_t taps = plan_.kernel.w;
  if (plan_.kernel.h > kMaxDirectHeight || !passes.all_rows || channels_ == 1 ||
      passes.channels > kMostOffsets / taps) {
    return;
  }
  const std::vector<int64_t>& columns = stretch.is_copied ? stretch.layout.offsets : offsets_;
  const int64_t channel_stride =
      stretch.is_copied ? rows_.inputs(kMaxDirectRows, plan_.kernel.h) * stretch.layout.row : plan_.in.h * plan_.in.w;
  for (int64_t c = 0; c < passes.channels; ++c) {
    for (const int64_t column : columns) {
      stretch.flat_offsets.push_back(c * channel_stride + column);
      stretch.flat_columns.push_back(column);
    }
  }
}

/// How much is done at once, where a tile reads so many bytes of a row of one channel.
template <class T>
Passes DirectRunner<T>::passes_for(int64_t bytes_of_row, int64_t width) const {
  Passes passes;
  const int64_t height = plan_.kernel.h, columns = plan_.kernel.w;
  const int64_t bytes = rows_.inputs(rows_.height, height) * bytes_of_row;  // of a channel
  passes.columns = columns;
  if (height * columns > kMaxTaps && height > kMaxDirectHeight) passes.all_rows = false;
  if (!passes.all_rows) passes.columns = std::min(columns, kMaxTaps / kMaxDirectHeight);
  const int64_t taps = passes.all_rows ? height * columns : kMaxDirectHeight * passes.columns;
  if (passes.all_rows) {
    const int64_t most = std::max<int64_t>(1, kMaxTaps / taps);
    passes.channels = std::min(most, plan_.channels_per_group());
    if (plan_.kernels_per_group() > 1) {
      passes.channels = std::clamp<int64_t>(kNearBytes / bytes, 1, passes.channels);
    }
  }
  passes.tiles = std::max<int64_t>(1, kMaxTaps / (taps * passes.channels));
  if (plan_.kernels_per_group() > 1) {
    const int64_t more = rows_.inputs(rows_.height, height) * passes.channels * width * static_cast<int64_t>(sizeof(T));
    passes.tiles = std::clamp<int64_t>(kNearBytes / more, 1, passes.tiles);
  }
  return passes;
}

template <class T>
CopyLayout DirectRunner<T>::layout_for(int64_t width, bool is_per_tap, int64_t columns) const {
  CopyLayout layout;
  layout.is_per_tap = is_per_tap;
  const int64_t taps = plan_.kernel.w;
  if (is_per_tap) {
    layout.segment = width;
    for (int64_t kx = 0; kx < columns; ++kx) {
      layout.segments.push_back(kx * dilation_);
      layout.offsets.push_back(kx * width);
    }
  } else {
    const int64_t phases = std::min(taps, stride_ / std::gcd(stride_, dilation_));
    layout.shift = span_ / stride_;
    // Whole vectors: split() writes more than it is asked for.
    layout.segment = ceil_divide(width + layout.shift, kernels_.lanes) * kernels_.lanes;
    for (int64_t phase = 0; phase < phases; ++phase) layout.segments.push_back(phase * dilation_ % stride_);
    for (int64_t kx = 0; kx < taps; ++kx) {
      layout.offsets.push_back(kx % phases * layout.segment + kx * dilation_ / stride_);
    }
  }
  layout.row = layout.segment * std::ssize(layout.segments);
  return layout;
}

template <class T>
void DirectRunner<T>::choose_copy(Stretch<T>& stretch, int64_t width) const {
  const int64_t height = plan_.kernel.h, taps = plan_.kernel.w, size = sizeof(T);
  const int64_t phases = std::min(taps, stride_ / std::gcd(stride_, dilation_)), shift = span_ / stride_;
  // Neither may be formed where it would not fit: a span may be as wide as int64_t.
  const bool phases_are_less = shift < taps * width / phases - width;
  int64_t tiles = phases_are_less ? std::min<int64_t>(8, stretch.tiles) : 1;
  const auto bytes_of_row = [&](int64_t count) {
    return size * (phases_are_less ? phases * (count * width + shift + kernels_.lanes) : taps * width);
  };
  const int64_t inputs = rows_.inputs(rows_.height, height);
  const int64_t channels = plan_.channels_per_group();
  while (tiles > 1 && bytes_of_row(tiles) * inputs * channels > kNearBytes) tiles /= 2;
  stretch.passes = passes_for(bytes_of_row(1), width);
  Passes& passes = stretch.passes;
  passes.tiles = std::min(passes.tiles, tiles);
  const int64_t bytes = bytes_of_row(passes.tiles);
  passes.channels = std::min(passes.channels, std::max<int64_t>(1, kNearBytes / (bytes * inputs)));
  bool is_per_tap = !phases_are_less;
  if (bytes > kMaxCopyBytes / inputs) {
    passes.all_rows = height <= kMaxDirectHeight;
    const int64_t part_inputs = rows_.inputs(rows_.height, std::min(height, kMaxDirectHeight));
    if (bytes > kMaxCopyBytes / part_inputs) {
      passes.all_rows = false;
      passes.tiles = 1;
      is_per_tap = true;
      passes.columns = std::clamp<int64_t>(kMaxCopyBytes / (part_inputs * width * size), 1, taps);
    }
  }
  if (!passes.all_rows) passes.channels = 1;
  if (!passes.all_rows && passes.columns < taps) {
    passes.tiles = 1;
    is_per_tap = true;
  }
  stretch.layout = layout_for(passes.tiles * width, is_per_tap, passes.columns);
}

// ---- done in each run ----

template <class T>
void DirectRunner<T>::place(const Call<T>& call, Strip& strip) const {
  if (call.kernel_parts == 1) {
    strip.kernel_end = kernel_count_;
  } else {
    strip.kernel_begin = kernel_count_ * strip.part / call.kernel_parts;
    strip.kernel_end = kernel_count_ * (strip.part + 1) / call.kernel_parts;
  }
  const int64_t above = strip.below * rows_.height;
  strip.first_row = strip.remainder + above * rows_.spacing;
  const int64_t rows_of_remainder =
      rows_.spacing == 1 ? plan_.out.h : ceil_divide(plan_.out.h - strip.remainder, rows_.spacing);
  strip.rows = std::min<int64_t>(rows_.height, rows_of_remainder - above);
  strip.height = strip.rows <= kMaxDirectRows / 2 ? std::min(rows_.height, kMaxDirectRows / 2) : rows_.height;
}

template <class T>
Strip DirectRunner<T>::strip_of(const Call<T>& call, int64_t unit) const {
  Strip strip;
  strip.part = unit % call.kernel_parts;
  unit /= call.kernel_parts;
  strip.below = unit % rows_.of_spacing;
  unit /= rows_.of_spacing;
  strip.remainder = unit % rows_.remainders;
  unit /= rows_.remainders;
  strip.group = unit % plan_.groups;
  strip.n = unit / plan_.groups;
  place(call, strip);
  return strip;
}

/// The strip after this one, as strip_of() counts, without its divisions.
template <class T>
void DirectRunner<T>::advance(const Call<T>& call, Strip& strip) const {
  if (++strip.part == call.kernel_parts) {
    strip.part = 0;
    if (++strip.below == rows_.of_spacing) {
      strip.below = 0;
      if (++strip.remainder == rows_.remainders) {
        strip.remainder = 0;
        if (++strip.group == plan_.groups) {
          strip.group = 0;
          ++strip.n;
        }
      }
    }
  }
  place(call, strip);
}

/// The rows that kernel rows [ky_begin, ky_end) of a strip's tiles read, in the group's first channel.
template <class T>
bool DirectRunner<T>::point_at_input(Call<T>& call, Scratch& mine, const Strip& strip, int64_t ky_begin, int64_t ky_end,
                                     RowTable<T>& table) const {
  const int64_t taps = ky_end - ky_begin, plane = plan_.in.h * plan_.in.w;
  table.count = rows_.inputs(strip.height, taps);
  table.rows = mine.rows.template reserve_for<const T*>(table.count);
  table.channel_strides = mine.strides.template reserve_for<int64_t>(table.count);
  if (table.rows == nullptr || table.channel_strides == nullptr) {
    call.out_of_memory = true;
    return false;
  }
  const T* image = call.input + (strip.n * plan_.in_channels + strip.group * channels_) * plane;
  const int64_t live = rows_.inputs(strip.rows, taps);
  const int64_t y0 = strip.first_row * rows_.stride - plan_.pads.top + ky_begin * rows_.dilation;
  table.is_uniform = strip.rows == kMaxDirectRows && y0 >= 0 && y0 + (table.count - 1) * rows_.dilation < plan_.in.h;
  if (table.is_uniform) {
    const T* row = table.first = image + y0 * plan_.in.w;
    if (is_simple_) return true;  // nobody asks for each of them
    for (int64_t i = 0; i < table.count; ++i, row += pitch_) {
      table.rows[i] = row;
      table.channel_strides[i] = plane;
    }
    return true;
  }
  for (int64_t i = 0; i < table.count; ++i) {
    int64_t y = 0;  // for rows that only outputs beyond the last row would see, any will do
    if (i < live) {
      y = y0 +
          (rows_.step > 0 ? i * rows_.dilation : i / taps * rows_.spacing * rows_.stride + i % taps * rows_.dilation);
      if (y < 0 || y >= plan_.in.h) y = source_index(y, plan_.in.h, plan_.padding_mode);
    }
    const bool is_zero = y == kZeroPadding;
    table.rows[i] = is_zero ? zeros_data_ : image + y * plan_.in.w;
    table.channel_strides[i] = is_zero ? 0 : plane;
  }
  return true;
}

/// Copies cells first, first + stride, ... of all rows of the table.
template <class T>
void DirectRunner<T>::copy_segment(const RowTable<T>& from, const DirectTask<T>& task, int64_t first, int64_t count,
                                   int64_t padded, T* to, int64_t pitch) const {
  const int64_t stride = stride_, width = plan_.in.w;
  // Cells [begin, end) are real ones.
  const int64_t begin = first >= 0 ? 0 : std::min(count, ceil_divide(-first, stride));
  const int64_t end = first >= width ? begin : std::max(begin, std::min(count, ceil_divide(width - first, stride)));
  const auto source_of = [&](int64_t u) {
    int64_t x;
    const bool is_vast = __builtin_mul_overflow(u, stride, &x) || __builtin_add_overflow(x, first, &x);
    // Beyond the padding lie cells that only lanes beyond the output's end see.
    if (is_vast || x < -plan_.pads.left || x >= width + plan_.pads.right) return kZeroPadding;
    return source_index(x, width, plan_.padding_mode);
  };
  const auto fill = [&](const T* row, int64_t u, int64_t until, T* target) {
    for (; u < until; ++u) {
      const int64_t source = source_of(u);
      target[u] = source == kZeroPadding ? T{0} : row[source];
    }
  };
  for (int64_t c = task.channel_begin; c < task.channel_begin + task.channels; ++c) {
    for (int64_t i = 0; i < from.count; ++i, to += pitch) {
      if (from.rows[i] == zeros_data_) {
        std::fill_n(to, padded, T{0});
        continue;
      }
      std::fill(to + count, to + padded, T{0});
      const T* row = from.rows[i] + c * from.channel_strides[i];
      fill(row, 0, begin, to);
      if (begin < end) {
        const T* cells = row + (first + begin * stride);
        if (stride == 1) {
          std::copy_n(cells, end - begin, to + begin);
        } else if (stride == 2) {
          kernels_.copy_every_second(cells, end - begin, to + begin);
        } else {
          for (int64_t u = begin; u < end; ++u) to[u] = cells[(u - begin) * stride];
        }
      }
      fill(row, end, count, to);
    }
  }
}

/// Copies what a task reads and points it there.
template <class T>
bool DirectRunner<T>::copy_rows(Call<T>& call, Scratch& mine, const Stretch<T>& stretch, const RowTable<T>& from,
                                int64_t outputs, bool is_uniform, DirectTask<T>& task) const {
  const CopyLayout& layout = stretch.layout;
  const int64_t segments = layout.is_per_tap ? task.kx_end - task.kx_begin : std::ssize(layout.segments);
  // The weight comes from the same tap on as the tables do, and so count the columns.
  const int64_t first_tap = layout.is_per_tap ? task.kx_begin : 0;
  task.weight += first_tap * (task.ky_end - task.ky_begin);
  task.kx_begin -= first_tap;
  task.kx_end -= first_tap;
  const int64_t pitch = segments * layout.segment;
  T* copy = mine.copy.template reserve_for<T>(task.channels * from.count * pitch);
  auto** rows = mine.copy_rows.template reserve_for<const T*>(from.count);
  auto* strides = mine.copy_strides.template reserve_for<int64_t>(from.count);
  if (copy == nullptr || rows == nullptr || strides == nullptr) {
    call.out_of_memory = true;
    return false;
  }
  // What only lanes beyond the output's end see is zero: leftovers may be subnormal numbers, which are slow.
  const int64_t first = task.column + first_tap * dilation_, count = outputs + layout.shift;
  const int64_t padded = task.tiles * stretch.vectors * kernels_.lanes + layout.shift;
  if (kernels_.split != nullptr && segments == 2 && !layout.is_per_tap && stride_ == 2 && layout.segments[1] == 1 &&
      plan_.padding_mode == PaddingMode::zeros) {
    DirectCopy<T> both;
    both.rows = from.rows;
    both.channel_strides = from.channel_strides;
    both.row_count = from.count;
    both.channel_begin = task.channel_begin;
    both.channels = task.channels;
    both.width = plan_.in.w;
    both.first = first;
    both.count = count;
    both.padded_count = padded;
    both.even = copy;
    both.odd = copy + layout.segment;
    both.pitch = pitch;
    kernels_.split(both);
  } else {
    for (int64_t s = 0; s < segments; ++s) {
      copy_segment(from, task, first + layout.segments[static_cast<size_t>(s)], count, padded,
                   copy + s * layout.segment, pitch);
    }
  }
  if (!is_uniform) {
    for (int64_t i = 0; i < from.count; ++i) {
      rows[i] = copy + i * pitch;
      strides[i] = from.count * pitch;
    }
  }
  task.channel_begin = 0;
  task.source_rows = rows;
  task.row_channel_strides = strides;
  task.first_row = copy - task.ky_begin * pitch;
  task.pitch = pitch;
  task.channel_stride = from.count * pitch;
  task.column_offsets = layout.offsets.data();
  task.column = 0;
  return true;
}

/// A task, given for the first output channel of the group, for all output channels of the strip.
template <class T>
void DirectRunner<T>::run_kernels(const Call<T>& call, const Strip& strip, const Stretch<T>& stretch, bool is_uniform,
                                  const DirectTask<T>& first) const {
  constexpr int kLow = kMaxDirectRows / 2;
  is_uniform = is_uniform && strip.height == kMaxDirectRows;
  const auto run = strip.height != rows_.height ? stretch.run_low : is_uniform ? stretch.run_uniform : stretch.run;
  if (kernel_count_ == 1 && channels_ == 1) return run(first);
  DirectTask<T> task = first;
  const bool has_bias = task.bias != nullptr;
  int64_t k = strip.kernel_begin;
  task.weight += k * task.kernel_stride;
  task.out += k * task.plane_stride;
  if (has_bias) task.bias += k;
  if (is_uniform && !stretch.flat_offsets.empty()) {
    task.column_offsets = stretch.flat_offsets.data();
    task.mask_offsets = stretch.flat_columns.data();
    task.kx_end = task.channels * task.kernel_w;
    task.channels = 1;
  }
  if (stretch.run_two != nullptr && k + 1 < strip.kernel_end) {
    const auto run_two = is_uniform ? stretch.run_two_uniform : stretch.run_two;
    DirectTask<T> lower = task;  // the rows below the first four
    lower.out_rows = strip.rows - kLow;
    lower.source_rows += kLow * rows_.step;
    lower.row_channel_strides += kLow * rows_.step;
    if (is_uniform) lower.first_row += kLow * rows_.step * task.pitch;
    task.out_rows = std::min<int64_t>(strip.rows, kLow);
    for (; k + 1 < strip.kernel_end; k += 2) {
      if (call.stopped()) return;
      run_two(task);
      if (lower.out_rows > 0) {
        lower.weight = task.weight;
        lower.bias = task.bias;
        lower.out = task.out + kLow * task.out_stride;
        run_two(lower);
      }
      task.weight += 2 * task.kernel_stride;
      task.out += 2 * task.plane_stride;
      if (has_bias) task.bias += 2;
    }
    task.out_rows = strip.rows;
  }
  for (; k < strip.kernel_end; ++k) {
    if (call.stopped()) return;
    run(task);
    task.weight += task.kernel_stride;
    task.out += task.plane_stride;
    if (has_bias) ++task.bias;
  }
}

/// Tiles [first, first + tiles * width) of a stretch, for all output channels of the strip.
template <class T>
void DirectRunner<T>::run_stretch(Call<T>& call, Scratch& mine, const Strip& strip, const Stretch<T>& stretch,
                                  int64_t first, int64_t tiles, const RowTable<T>& all_rows) const {
  const Passes& passes = stretch.passes;
  const int64_t kernel_cells = plan_.kernel.h * plan_.kernel.w;
  const int64_t first_kernel = strip.group * kernel_count_, width = stretch.vectors * kernels_.lanes;
  T* const out = call.output + (strip.n * plan_.out_channels + first_kernel) * plan_.positions() +
                 strip.first_row * plan_.out.w + first;
  DirectTask<T> task;
  task.kernel_h = plan_.kernel.h;
  task.kernel_w = plan_.kernel.w;
  task.width = plan_.in.w;
  task.tiles = tiles;
  task.last_tile = (tiles - 1) * width;
  task.pitch = pitch_;
  task.channel_stride = plan_.in.h * plan_.in.w;
  task.out_stride = rows_.spacing * plan_.out.w;
  task.out_rows = strip.rows;
  task.out_columns = stretch.out_columns;
  task.plane_stride = plan_.positions();
  task.kernel_stride = channels_ * kernel_cells;
  const int64_t first_cell = first * stride_ - plan_.pads.left;
  const int64_t outputs = (tiles - 1) * width + stretch.out_columns;

  for (int64_t c = 0; c < channels_; c += passes.channels) {
    task.channels = std::min(passes.channels, channels_ - c);
    int64_t ky = 0;
    for (int64_t part = 0; part < (passes.all_rows ? 1 : parts_.count); ++part) {
      task.ky_begin = ky;
      task.ky_end = ky = passes.all_rows ? plan_.kernel.h : ky + parts_.height_of(part);
      task.parts = passes.all_rows ? parts_ : KernelParts(task.ky_end - task.ky_begin);
      const RowTable<T>* table = &all_rows;
      RowTable<T> some_rows;
      if (!passes.all_rows) {
        if (!point_at_input(call, mine, strip, task.ky_begin, task.ky_end, some_rows)) return;
        table = &some_rows;
      }
      for (int64_t kx = 0; kx < plan_.kernel.w; kx += passes.columns) {
        task.kx_begin = kx;
        task.kx_end = std::min(plan_.kernel.w, kx + passes.columns);
        task.column = first_cell;
        task.channel_begin = c;
        task.weight = weight_data_ + first_kernel * task.kernel_stride + c * kernel_cells;
        // Before a copied task counts its columns from the pass' own.
        const bool is_last =
            c + task.channels == channels_ && task.ky_end == plan_.kernel.h && task.kx_end == plan_.kernel.w;
        if (stretch.is_copied) {
          if (!copy_rows(call, mine, stretch, *table, outputs, strip.height == kMaxDirectRows, task)) return;
        } else {
          task.source_rows = table->rows;
          task.row_channel_strides = table->channel_strides;
          task.first_row = table->is_uniform ? table->first - task.ky_begin * task.pitch : nullptr;
          task.column_offsets = task.mask_offsets = offsets_.data();
        }
        task.accumulate = c > 0 || task.ky_begin > 0 || kx > 0;
        task.out = out;
        task.bias = bias_data_ != nullptr && is_last ? bias_data_ + first_kernel : nullptr;
        run_kernels(call, strip, stretch, stretch.is_copied || table->is_uniform, task);
        if (call.stopped()) return;
      }
    }
  }
}

template <class T>
void DirectRunner<T>::run_strip(Call<T>& call, Scratch& mine, const Strip& strip) const {
  RowTable<T> table;
  bool has_table = false;
  for (const Stretch<T>& stretch : stretches_) {
    if (stretch.passes.all_rows && !has_table) {
      if (!point_at_input(call, mine, strip, 0, plan_.kernel.h, table)) return;
    }
    has_table = stretch.passes.all_rows;  // else it will be overwritten
    const int64_t width = stretch.vectors * kernels_.lanes, at_once = stretch.passes.tiles;
    for (int64_t tile = 0; tile < stretch.tiles; tile += at_once) {
      if (call.stopped()) return;
      run_stretch(call, mine, strip, stretch, stretch.first + tile * width, std::min(at_once, stretch.tiles - tile),
                  table);
    }
  }
}

/// The same where nothing is copied and all channels are taken at once: small work is mostly this.
template <class T>
void DirectRunner<T>::run_simple_strip(Call<T>& call, Scratch& mine, const Strip& strip) const {
  RowTable<T> table;
  if (!point_at_input(call, mine, strip, 0, plan_.kernel.h, table)) return;
  const int64_t first_kernel = strip.group * kernel_count_, taps = channels_ * plan_.kernel.h * plan_.kernel.w;
  const int64_t positions = plan_.positions();
  T* const out =
      call.output + (strip.n * plan_.out_channels + first_kernel) * positions + strip.first_row * plan_.out.w;
  DirectTask<T> task;
  task.channels = channels_;
  task.kernel_h = task.ky_end = plan_.kernel.h;
  task.kernel_w = task.kx_end = plan_.kernel.w;
  task.parts = parts_;
  task.source_rows = table.rows;
  task.row_channel_strides = table.channel_strides;
  task.column_offsets = task.mask_offsets = offsets_.data();
  task.width = plan_.in.w;
  task.first_row = table.first;
  task.pitch = pitch_;
  task.channel_stride = plan_.in.h * plan_.in.w;
  task.out_stride = rows_.spacing * plan_.out.w;
  task.out_rows = strip.rows;
  task.kernel_stride = taps;
  task.plane_stride = positions;
  for (const Stretch<T>& stretch : stretches_) {
    const int64_t width = stretch.vectors * kernels_.lanes, at_once = stretch.passes.tiles;
    task.out_columns = stretch.out_columns;
    for (int64_t tile = 0; tile < stretch.tiles; tile += at_once) {
      const int64_t column = stretch.first + tile * width;
      task.column = column - plan_.pads.left;
      task.tiles = std::min(at_once, stretch.tiles - tile);
      task.last_tile = tile + task.tiles == stretch.tiles ? stretch.last_tile - tile * width : (task.tiles - 1) * width;
      task.out = out + column;
      task.weight = weight_data_ + first_kernel * taps;
      task.bias = bias_data_ != nullptr ? bias_data_ + first_kernel : nullptr;
      run_kernels(call, strip, stretch, table.is_uniform, task);
    }
  }
}

template <class T>
Outcome DirectRunner<T>::run(const T* input, T* output, int threads, Job* job) const {
  if (plan_.output_cells() == 0) return Outcome::finished;
  threads = useful_threads(threads, work());
  Call<T> call{input, output, job};
  const int64_t strips = plan_.batch * plan_.groups * rows_.strips;
  const int64_t wanted_items = threads > 1 ? 8 * threads : 1;
  if (strips < wanted_items) call.kernel_parts = std::min(kernel_count_, ceil_divide(wanted_items, strips));
  const int64_t units = strips * call.kernel_parts;
  // Many small strips are taken together; a job that can be watched is told about each hundredth.
  const int64_t items = std::min(units, std::max<int64_t>(wanted_items, job != nullptr ? 100 : 1));
  std::atomic<int64_t> items_done{0};
  parallel_for(threads, items, [&](int64_t item) {
    const int64_t end = units / items * (item + 1) + std::min(item + 1, units % items);
    int64_t unit = units / items * item + std::min(item, units % items);
    Scratch& mine = scratch();
    Strip strip = strip_of(call, unit);
    for (;;) {
      if (call.stopped()) return;
      is_simple_ ? run_simple_strip(call, mine, strip) : run_strip(call, mine, strip);
      if (++unit == end) break;
      advance(call, strip);
    }
    if (call.stopped()) return;
    const int64_t done = items_done.fetch_add(1, std::memory_order_relaxed) + 1;
    if (job != nullptr) job->report(static_cast<float>(done) / static_cast<float>(items));
  });
  if (call.out_of_memory) return Outcome::out_of_memory;
  return items_done < items ? Outcome::cancelled : Outcome::finished;
}

template <class T>
int64_t DirectRunner<T>::packed_bytes() const {
  size_t numbers = offsets_.size();
  for (const Stretch<T>& stretch : stretches_) {
    numbers += stretch.layout.segments.size() + stretch.layout.offsets.size() + stretch.flat_offsets.size() +
               stretch.flat_columns.size();
  }
  return static_cast<int64_t>(weight_.size() + bias_.size() + zeros_.size() + numbers * sizeof(int64_t));
}

template <class T>
int64_t DirectRunner<T>::scratch_bytes(int threads) const {
  int64_t most = 0;
  for (const Stretch<T>& stretch : stretches_) {
    const bool all = stretch.passes.all_rows;
    const int64_t rows = rows_.inputs(rows_.height, all ? plan_.kernel.h : std::min(plan_.kernel.h, kMaxDirectHeight));
    int64_t bytes = rows * static_cast<int64_t>(sizeof(T*) + sizeof(int64_t));
    if (stretch.is_copied) {
      const CopyLayout& layout = stretch.layout;
      const int64_t segments = layout.is_per_tap ? stretch.passes.columns : std::ssize(layout.segments);
      bytes = 2 * bytes + stretch.passes.channels * rows * segments * layout.segment * static_cast<int64_t>(sizeof(T));
    }
    most = std::max(most, bytes);
  }
  return useful_threads(threads, work()) * most;
}

}  // namespace

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_direct(const ConvPlan& plan, const T* weight, const T* bias, const Job* job) {
  try {
    auto runner = std::make_unique<DirectRunner<T>>(plan);
    if (plan.output_cells() > 0 && !runner->prepare(weight, bias, job)) return nullptr;
    return runner;
  } catch (const std::bad_alloc&) {  // the tables
    return nullptr;
  }
}

template std::unique_ptr<Conv2dRunner<float>> prepare_direct<float>(const ConvPlan&, const float*, const float*,
                                                                    const Job*);
template std::unique_ptr<Conv2dRunner<double>> prepare_direct<double>(const ConvPlan&, const double*, const double*,
                                                                      const Job*);

}  // namespace convscope
