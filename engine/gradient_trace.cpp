#include "engine/gradient_trace.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

namespace {

/// One axis of the plan.
struct Axis {
  int64_t extent, pad_begin, pad_end, stride, dilation, kernel, out;
};

Axis axis_of(const ConvPlan& plan, bool horizontal) {
  const Pads& pads = plan.pads;
  return horizontal ? Axis{plan.in.w, pads.left, pads.right, plan.stride.w, plan.dilation.w, plan.kernel.w, plan.out.w}
                    : Axis{plan.in.h, pads.top, pads.bottom, plan.stride.h, plan.dilation.h, plan.kernel.h, plan.out.h};
}

/// The windows that have a tap on coordinate `at`, which may lie in the padding.
void add_uses(const Axis& axis, int64_t at, std::vector<AxisUse>& uses) {
  for (int64_t tap = 0; tap < axis.kernel; ++tap) {
    const int64_t from = at + axis.pad_begin - tap * axis.dilation;
    if (from < 0) break;
    if (from % axis.stride == 0 && from / axis.stride < axis.out) uses.push_back({from / axis.stride, tap});
  }
}

int64_t weight_at(const ConvPlan& plan, int64_t k, int64_t c) {
  return (k * plan.channels_per_group() + c % plan.channels_per_group()) * plan.kernel.h * plan.kernel.w;
}

}  // namespace

void AxisUses::set(const ConvPlan& plan, bool horizontal, int64_t first, int64_t last) {
  if (set_ && plan_ == plan && horizontal_ == horizontal && first_ == first && last_ == last) return;
  plan_ = plan;
  set_ = true;
  horizontal_ = horizontal;
  first_ = first;
  last_ = last;
  uses_.clear();
  starts_.assign(1, 0);
  const Axis axis = axis_of(plan, horizontal);
  const bool copies = plan.padding_mode != PaddingMode::zeros;
  for (int64_t index = first; index < last; ++index) {
    add_uses(axis, index, uses_);
    for (int64_t at = -axis.pad_begin; copies && at < axis.extent + axis.pad_end; ++at) {
      if (at == 0) at = axis.extent;  // past the cells themselves
      if (at >= axis.extent + axis.pad_end) break;
      if (source_index(at, axis.extent, plan.padding_mode) == index) add_uses(axis, at, uses_);
    }
    std::sort(uses_.begin() + static_cast<std::ptrdiff_t>(starts_.back()), uses_.end(),
              [](const AxisUse& a, const AxisUse& b) { return a.out != b.out ? a.out < b.out : a.tap < b.tap; });
    starts_.push_back(uses_.size());
  }
}

double input_gradient_by(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, int64_t n, int64_t c,
                         std::span<const AxisUse> rows, std::span<const AxisUse> columns, int64_t k0, int64_t k1) {
  double sum = 0;
  for (int64_t k = k0; k < k1; ++k) {
    const int64_t plane = (n * plan.out_channels + k) * plan.positions(), slice = weight_at(plan, k, c);
    for (const AxisUse& row : rows) {
      for (const AxisUse& column : columns) {
        sum += grad_output.at(plane + row.out * plan.out.w + column.out) *
               weight.at(slice + row.tap * plan.kernel.w + column.tap);
      }
    }
  }
  return sum;
}

GrowingSum input_gradient_until(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, int64_t n,
                                int64_t c, std::span<const AxisUse> rows, std::span<const AxisUse> columns, int64_t k,
                                int64_t positions) {
  GrowingSum sum;
  sum.of = static_cast<int64_t>(rows.size() * columns.size());
  const int64_t plane = (n * plan.out_channels + k) * plan.positions(), slice = weight_at(plan, k, c);
  for (const AxisUse& row : rows) {
    if (row.out * plan.out.w >= positions) break;
    for (const AxisUse& column : columns) {
      const int64_t at = row.out * plan.out.w + column.out;
      if (at >= positions) break;
      sum.value += grad_output.at(plane + at) * weight.at(slice + row.tap * plan.kernel.w + column.tap);
      ++sum.added;
    }
  }
  return sum;
}

GrowingSum input_gradient_at(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output,
                             const InputCell& cell, std::span<const AxisUse> rows, std::span<const AxisUse> columns,
                             int64_t steps) {
  const int64_t kernels = plan.kernels_per_group(), each = static_cast<int64_t>(rows.size() * columns.size());
  const int64_t first = cell.c / plan.channels_per_group() * kernels;
  // Kernels of the group that are wholly through, and the one that is not.
  const int64_t begun = steps - (cell.n * plan.out_channels + first) * plan.positions();
  const int64_t whole = std::clamp<int64_t>(begun / plan.positions(), 0, kernels);
  GrowingSum sum;
  sum.of = kernels * each;
  if (begun <= 0) return sum;
  sum.value = input_gradient_by(plan, weight, grad_output, cell.n, cell.c, rows, columns, first, first + whole);
  sum.added = whole * each;
  if (whole < kernels) {
    const GrowingSum last = input_gradient_until(plan, weight, grad_output, cell.n, cell.c, rows, columns,
                                                 first + whole, begun % plan.positions());
    sum.value += last.value;
    sum.added += last.added;
  }
  return sum;
}

void input_contributions(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output, const InputCell& cell,
                         std::vector<InputContribution>& out) {
  out.clear();
  AxisUses rows, columns;
  rows.set(plan, false, cell.y, cell.y + 1);
  columns.set(plan, true, cell.x, cell.x + 1);
  const int64_t first = cell.c / plan.channels_per_group() * plan.kernels_per_group();
  for (int64_t k = first; k < first + plan.kernels_per_group(); ++k) {
    for (const AxisUse& row : rows.of(cell.y)) {
      for (const AxisUse& column : columns.of(cell.x)) {
        InputContribution one;
        one.cell = {cell.n, k, row.out, column.out};
        one.ky = row.tap;
        one.kx = column.tap;
        one.grad_output = grad_output.at(step_of_cell(plan, one.cell));
        one.weight = weight.at(weight_at(plan, k, cell.c) + row.tap * plan.kernel.w + column.tap);
        one.product = one.grad_output * one.weight;
        out.push_back(one);
      }
    }
  }
  // A window that reads the cell and its copies reads it several times.
  std::stable_sort(out.begin(), out.end(), [&](const InputContribution& a, const InputContribution& b) {
    return step_of_cell(plan, a.cell) < step_of_cell(plan, b.cell);
  });
  double sum = 0;
  for (InputContribution& one : out) one.partial = sum += one.product;
}

namespace {

constexpr int64_t kLeastInterval = 256;
constexpr int64_t kMostKeptBytes = int64_t{64} << 20;

}  // namespace

double weight_gradient_sums_seconds(const ConvPlan& plan) {
  // One core of an Intel Xeon did 5e8 of these multiply-adds a second in November 2026; nothing is kept of kernels
  // without so many output cells.
  if (plan.batch * plan.positions() <= kLeastInterval) return 0;
  return static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps()) / 2.5e8;
}

Result<WeightGradientSums> WeightGradientSums::make(const ConvPlan& plan, const Tensor& input,
                                                    const Tensor& grad_output, const Conv2dOptions& options) {
  WeightGradientSums made;
  made.plan_ = plan;
  made.input_ = input;
  made.grad_output_ = grad_output;
  const int64_t cells = plan.batch * plan.positions(), entries = plan.taps() + 1;
  // In double, for the product may be too large; how precise it is does not matter.
  const double wanted = static_cast<double>(plan.out_channels) * static_cast<double>(cells) *
                        static_cast<double>(entries) * sizeof(double) / static_cast<double>(kMostKeptBytes);
  made.interval_ = std::max(kLeastInterval, static_cast<int64_t>(std::min(wanted + 1, static_cast<double>(cells))));
  made.marks_ = (cells - 1) / made.interval_;
  const double bytes = static_cast<double>(made.marks_) * static_cast<double>(plan.out_channels) *
                       static_cast<double>(entries) * sizeof(double);
  if (bytes > 2.0 * static_cast<double>(kMostKeptBytes)) made.marks_ = 0;
  try {
    made.kept_.resize(static_cast<size_t>(plan.out_channels * made.marks_ * entries));
  } catch (const std::bad_alloc&) {
    return Error{"error.memory_exhausted", "", {}};
  }
  if (made.marks_ == 0) return made;

  std::atomic<int64_t> done{0};
  std::atomic<bool> stopped{false};
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  parallel_for(threads, plan.out_channels, [&](int64_t k) {
    double* const own = made.kept_.data() + k * made.marks_ * entries;
    for (int64_t mark = 0; mark < made.marks_; ++mark) {
      if (stopped.load(std::memory_order_relaxed)) return;
      if (options.job != nullptr && options.job->is_cancelled()) {
        stopped = true;
        return;
      }
      double* const to = own + mark * entries;
      if (mark > 0) std::copy_n(to - entries, entries, to);
      const std::span<double> sums(to, static_cast<size_t>(plan.taps()));
      const int64_t from = mark * made.interval_, until = from + made.interval_;
      if (plan.dtype == DType::float32) {
        made.add<float>(k, from, until, 0, sums);
      } else {
        made.add<double>(k, from, until, 0, sums);
      }
      for (int64_t cell = from; cell < until; ++cell) {
        const int64_t n = cell / plan.positions(), at = cell % plan.positions();
        to[plan.taps()] += grad_output.at((n * plan.out_channels + k) * plan.positions() + at);
      }
      if (options.job != nullptr) {
        options.job->report(static_cast<float>(++done) / static_cast<float>(plan.out_channels * made.marks_));
      }
    }
  });
  if (stopped) return Error{"error.cancelled", "", {}};
  return made;
}

int64_t WeightGradientSums::cells_of(int64_t k, int64_t steps) const {
  const int64_t positions = plan_.positions(), image = plan_.out_channels * positions;
  const int64_t rest = steps % image - k * positions;
  return steps / image * positions + std::clamp<int64_t>(rest, 0, positions);
}

template <class T>
void WeightGradientSums::add(int64_t k, int64_t from, int64_t to, int64_t first, std::span<double> sums) const {
  const ConvPlan& plan = plan_;
  const int64_t positions = plan.positions(), taps = static_cast<int64_t>(sums.size());
  const int64_t first_channel = k / plan.kernels_per_group() * plan.channels_per_group();
  const int64_t area = plan.kernel.h * plan.kernel.w;
  const T* const input = input_.data<T>();
  const T* const grad_output = grad_output_.data<T>();
  for (int64_t cell = from; cell < to; ++cell) {
    const int64_t n = cell / positions, at = cell % positions;
    const auto gradient = static_cast<double>(grad_output[(n * plan.out_channels + k) * positions + at]);
    const int64_t top = at / plan.out.w * plan.stride.h - plan.pads.top;
    const int64_t left = at % plan.out.w * plan.stride.w - plan.pads.left;
    for (int64_t i = 0; i < taps;) {
      // One row of the kernel after the other, the first and the last perhaps in part.
      const int64_t tap = first + i, c = tap / area, ky = tap / plan.kernel.w % plan.kernel.h;
      const int64_t begin = tap % plan.kernel.w, end = std::min(plan.kernel.w, begin + taps - i);
      const int64_t y = source_index(top + ky * plan.dilation.h, plan.in.h, plan.padding_mode);
      const T* const row = y == kZeroPadding
                               ? nullptr
                               : input + ((n * plan.in_channels + first_channel + c) * plan.in.h + y) * plan.in.w;
      for (int64_t kx = begin; kx < end; ++kx) {
        int64_t x = left + kx * plan.dilation.w;
        if (x < 0 || x >= plan.in.w) x = source_index(x, plan.in.w, plan.padding_mode);
        // The padding's zeros count, as in the engine and in PyTorch: times infinity they are not a number.
        const double value = row == nullptr || x == kZeroPadding ? 0 : static_cast<double>(row[x]);
        sums[static_cast<size_t>(i + kx - begin)] += gradient * value;
      }
      i += end - begin;
    }
  }
}

double WeightGradientSums::kept(int64_t k, int64_t mark, int64_t entry) const {
  return kept_[static_cast<size_t>((k * marks_ + mark) * (plan_.taps() + 1) + entry)];
}

void WeightGradientSums::weight(int64_t k, int64_t first, int64_t cells, std::span<double> sums) const {
  const int64_t marks = std::min(cells / interval_, marks_);
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = marks == 0 ? 0 : kept(k, marks - 1, first + static_cast<int64_t>(i));
  }
  if (plan_.dtype == DType::float32) {
    add<float>(k, marks * interval_, cells, first, sums);
  } else {
    add<double>(k, marks * interval_, cells, first, sums);
  }
}

double WeightGradientSums::bias(int64_t k, int64_t cells) const {
  const int64_t marks = std::min(cells / interval_, marks_);
  double sum = marks == 0 ? 0 : kept(k, marks - 1, plan_.taps());
  for (int64_t cell = marks * interval_; cell < cells; ++cell) {
    const int64_t n = cell / plan_.positions(), at = cell % plan_.positions();
    sum += grad_output_.at((n * plan_.out_channels + k) * plan_.positions() + at);
  }
  return sum;
}

}  // namespace convscope
