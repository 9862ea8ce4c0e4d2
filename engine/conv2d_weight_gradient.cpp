#include "engine/conv2d_weight_gradient.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/division.h"
#include "engine/gemm.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

// A panel of the im2col matrix and the sums that it goes into stay in the second-level cache.
constexpr int64_t kPanelWindows = 128, kPanelTaps = 256, kPanelsOfKernels = 16;
// Rows of a panel lie a little further apart: a power of two would crowd them into a few sets of the cache.
constexpr int64_t kPanelPitch = kPanelTaps + 16;

/// Windows of one image that go through together.
struct Stretch {
  int64_t first = 0, count = 0;
};

template <class T>
struct Work {
  const ConvPlan& plan;
  const T* input;
  T* grad_weight;
  Job* job;
  TileKernels<T> kernels;
  const T* packed = nullptr;  // grad_output: [image][group][stretch][panel of kernels][window][kernel]
  std::vector<int32_t> offsets;
  int64_t tap_parts = 1, kernel_parts = 1, items = 1;
  std::atomic<int64_t> done{0};
  std::atomic<bool> out_of_memory{false};

  /// The kernels of a group are cut into panels of nearly equal height.
  int64_t panels() const { return ceil_divide(plan.kernels_per_group(), kernels.max_rows); }
  int64_t panel_begin(int64_t i) const { return plan.kernels_per_group() * i / panels(); }
  int64_t stretches() const { return ceil_divide(plan.positions(), kPanelWindows); }
  Stretch stretch(int64_t i) const {
    return {i * kPanelWindows, std::min(kPanelWindows, plan.positions() - i * kPanelWindows)};
  }
  bool stopped() const { return out_of_memory || (job != nullptr && job->is_cancelled()); }
};

/// The cells under one tap of the windows [first, first + count), `width` numbers apart.
template <class T>
void gather_tap(const ConvPlan& plan, const T* channel, int64_t r, int64_t s, const Stretch& windows, int64_t width,
                T* to) {
  // Where all windows are in one column, its stride may be as large as int64_t holds.
  const int64_t stride = plan.out.w == 1 ? 1 : plan.stride.w;
  const int64_t place = s * plan.dilation.w - plan.pads.left;
  // The columns of windows whose tap stands on the input.
  const int64_t begin = place >= 0 ? 0 : std::min(plan.out.w, (-place - 1) / stride + 1);
  const int64_t end = place >= plan.in.w ? 0 : std::min(plan.out.w, (plan.in.w - 1 - place) / stride + 1);
  for (int64_t at = windows.first; at < windows.first + windows.count;) {
    const int64_t p = at / plan.out.w, q = at % plan.out.w;
    const int64_t row_end = std::min(plan.out.w, q + windows.first + windows.count - at);
    const int64_t y =
        source_index(p * plan.stride.h - plan.pads.top + r * plan.dilation.h, plan.in.h, plan.padding_mode);
    const T* row = y == kZeroPadding ? nullptr : channel + y * plan.in.w;
    const auto outside = [&](int64_t from, int64_t until) {
      for (int64_t i = from; i < until; ++i, to += width) {
        const int64_t x = row == nullptr ? kZeroPadding : source_index(i * stride + place, plan.in.w, plan.padding_mode);
        *to = x == kZeroPadding ? T{0} : row[x];
      }
    };
    const int64_t inside = std::clamp(begin, q, row_end), behind = std::clamp(end, inside, row_end);
    outside(q, row == nullptr ? row_end : inside);
    if (row != nullptr) {
      // Indices, not pointers: that of a tap beyond the input's end need not be one.
      int64_t x = inside < behind ? place + inside * stride : 0;
      for (int64_t i = inside; i < behind; ++i, to += width, x += stride) *to = row[x];
      outside(behind, row_end);
    }
    at += row_end - q;
  }
}

template <class T>
void pack_grad_output(const Work<T>& work, const T* grad_output, T* packed, int threads) {
  const ConvPlan& plan = work.plan;
  const int64_t positions = plan.positions(), kernels = plan.kernels_per_group();
  parallel_for(threads, plan.batch * plan.groups * work.stretches(), [&](int64_t item) {
    if (work.stopped()) return;
    const Stretch stretch = work.stretch(item % work.stretches());
    const int64_t image_and_group = item / work.stretches();
    const T* from = grad_output + image_and_group * kernels * positions + stretch.first;
    T* to = packed + image_and_group * kernels * positions + stretch.first * kernels;
    for (int64_t i = 0; i < work.panels(); ++i) {
      const int64_t k = work.panel_begin(i);
      const auto rows = static_cast<int>(work.panel_begin(i + 1) - k);
      work.kernels.pack_rows(from + k * positions, positions, rows, stretch.count, to + k * stretch.count);
    }
  });
}

/// The gradients of some kernels of a group by some taps.
template <class T>
void run_item(Work<T>& work, int64_t item) {
  const ConvPlan& plan = work.plan;
  const int64_t kernels = plan.kernels_per_group(), all_taps = plan.taps();
  const int64_t kernel_part = item % work.kernel_parts;
  item /= work.kernel_parts;
  const int64_t tap_part = item % work.tap_parts, group = item / work.tap_parts;
  const int64_t first_panel = work.panels() * kernel_part / work.kernel_parts;
  const int64_t end_panel = work.panels() * (kernel_part + 1) / work.kernel_parts;
  const int64_t first_kernel = work.panel_begin(first_panel), end_kernel = work.panel_begin(end_panel);
  const int64_t first_tap = tap_part * kPanelTaps, taps = std::min(kPanelTaps, all_taps - first_tap);
  const int lanes = work.kernels.lanes;
  const auto vectors = static_cast<int>(ceil_divide(taps, lanes));

  thread_local AlignedBuffer panel_buffer, sums_buffer;
  T* panel = panel_buffer.reserve_for<T>(kPanelWindows * kPanelPitch);
  T* sums = sums_buffer.reserve_for<T>((end_kernel - first_kernel) * kPanelPitch);
  if (panel == nullptr || sums == nullptr) {
    work.out_of_memory = true;
    return;
  }
  // The lanes behind the last tap are summed up with it; their sums are dropped.
  if (taps % lanes != 0) std::fill_n(panel, kPanelWindows * kPanelPitch, T{0});
  bool is_first = true;
  for (int64_t n = 0; n < plan.batch; ++n) {
    const T* image = work.input + (n * plan.in_channels + group * plan.channels_per_group()) * plan.in.h * plan.in.w;
    const T* packed = work.packed + (n * plan.groups + group) * kernels * plan.positions();
    for (int64_t i = 0; i < work.stretches(); ++i) {
      if (work.stopped()) return;
      const Stretch stretch = work.stretch(i);
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t tap = first_tap + t, s = tap % plan.kernel.w, r = tap / plan.kernel.w % plan.kernel.h;
        const T* channel = image + tap / (plan.kernel.w * plan.kernel.h) * plan.in.h * plan.in.w;
        gather_tap(plan, channel, r, s, stretch, kPanelPitch, panel + t);
      }
      for (int64_t panel_of_kernels = first_panel; panel_of_kernels < end_panel; ++panel_of_kernels) {
        const int64_t k = work.panel_begin(panel_of_kernels);
        const auto rows = static_cast<int>(work.panel_begin(panel_of_kernels + 1) - k);
        TileTask<T> task;
        task.a = packed + stretch.first * kernels + k * stretch.count;
        task.offsets = work.offsets.data();
        task.k = stretch.count;
        task.accumulate = !is_first;
        int at_once = work.kernels.max_vectors(rows);
        for (int at = 0; at < vectors; at += at_once) {
          while (at_once > vectors - at) at_once /= 2;
          for (int v = 0; v < at_once; ++v) {
            task.b[v] = panel + (at + v) * lanes;
            task.c[v] = sums + (k - first_kernel) * kPanelPitch + (at + v) * lanes;
            task.c_stride[v] = kPanelPitch;
          }
          work.kernels.run(rows, at_once, task);
        }
      }
      is_first = false;
    }
  }
  for (int64_t k = first_kernel; k < end_kernel; ++k) {
    std::memcpy(work.grad_weight + (group * kernels + k) * all_taps + first_tap, sums + (k - first_kernel) * kPanelPitch,
                static_cast<size_t>(taps) * sizeof(T));
  }
  const int64_t done = work.done.fetch_add(1, std::memory_order_relaxed) + 1;
  if (work.job != nullptr) work.job->report(static_cast<float>(done) / static_cast<float>(work.items));
}

}  // namespace

template <class T>
Outcome conv2d_weight_gradient(const ConvPlan& plan, const T* input, const T* grad_output, T* grad_weight, int threads,
                               Job* job) {
  if (plan.output_cells() == 0) {
    std::fill_n(grad_weight, plan.out_channels * plan.taps(), T{0});
    return Outcome::finished;
  }
  threads = useful_threads(threads, plan.macs());

  Work<T> work{plan, input, grad_weight, job, tile_kernels<T>(), nullptr, {}};
  for (int64_t i = 0; i < kPanelWindows; ++i) work.offsets.push_back(static_cast<int32_t>(i * kPanelPitch));
  thread_local AlignedBuffer packed_buffer;
  T* packed = packed_buffer.reserve_for<T>(plan.output_cells());
  if (packed == nullptr) return Outcome::out_of_memory;
  pack_grad_output(work, grad_output, packed, threads);
  work.packed = packed;

  const int64_t panels = work.panels();
  work.tap_parts = ceil_divide(plan.taps(), kPanelTaps);
  work.kernel_parts = ceil_divide(panels, kPanelsOfKernels);
  const int64_t wanted = threads > 1 ? 2 * threads : 1;
  if (plan.groups * work.tap_parts * work.kernel_parts < wanted) {
    work.kernel_parts = std::min(panels, ceil_divide(wanted, plan.groups * work.tap_parts));
  }
  work.items = plan.groups * work.tap_parts * work.kernel_parts;
  parallel_for(threads, work.items, [&](int64_t item) {
    if (!work.stopped()) run_item(work, item);
  });
  constexpr size_t kKept = size_t{4} << 20;
  if (packed_buffer.size() > kKept) packed_buffer.release();
  if (work.out_of_memory) return Outcome::out_of_memory;
  return work.done < work.items ? Outcome::cancelled : Outcome::finished;
}

template Outcome conv2d_weight_gradient<float>(const ConvPlan&, const float*, const float*, float*, int, Job*);
template Outcome conv2d_weight_gradient<double>(const ConvPlan&, const double*, const double*, double*, int, Job*);

}  // namespace convscope
