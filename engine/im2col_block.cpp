#include "engine/im2col_block.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/division.h"
#include "engine/padding.h"
#include "engine/row_kernels.h"

namespace convscope {

namespace {

AxisPhases axis(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin,
                int64_t pad_end) {
  AxisPhases a{in, out, kernel, stride, dilation, pad_begin, pad_end, 1, 0};
  a.phases = std::min(kernel, stride / std::gcd(stride, dilation));
  for (int64_t tap = std::max<int64_t>(0, kernel - a.phases); tap < kernel; ++tap) {
    a.max_shift = std::max(a.max_shift, a.shift_of(tap));
  }
  return a;
}

int64_t saturating_mul(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<int64_t>::max() : product;
}

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

}  // namespace

AxisPhases vertical_phases(const ConvPlan& plan) {
  return axis(plan.in.h, plan.out.h, plan.kernel.h, plan.stride.h, plan.dilation.h, plan.pads.top, plan.pads.bottom);
}

AxisPhases horizontal_phases(const ConvPlan& plan) {
  return axis(plan.in.w, plan.out.w, plan.kernel.w, plan.stride.w, plan.dilation.w, plan.pads.left, plan.pads.right);
}

int64_t block_elements(const ConvPlan& plan, int64_t rows, int64_t columns, int64_t channels) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  int64_t elements = saturating_mul(v.phases, saturating_add(rows, v.max_shift));
  elements = saturating_mul(elements, h.phases);
  elements = saturating_mul(elements, saturating_add(columns, h.max_shift));
  return saturating_mul(elements, channels);
}

BlockLayout block_planes(const ConvPlan& plan, int64_t rows, int64_t columns, bool in_place) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  BlockLayout layout;
  layout.rows = rows;
  layout.columns = columns;
  layout.plane_rows = in_place ? plan.in.h : rows + v.max_shift;
  layout.pitch = in_place ? plan.in.w : columns + h.max_shift;
  layout.channel_stride = v.phases * h.phases * layout.plane_rows * layout.pitch;
  return layout;
}

void write_tap_offsets(const ConvPlan& plan, const BlockLayout& layout, int64_t channels, int32_t* to) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  const int64_t plane = layout.plane_rows * layout.pitch;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
      const int64_t down = v.phase_of(ky) * h.phases * plane + v.shift_of(ky) * layout.pitch;
      for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
        const int64_t right = h.phase_of(kx) * plane + h.shift_of(kx);
        *to++ = static_cast<int32_t>(c * layout.channel_stride + down + right);
      }
    }
  }
}

BlockLayout block_layout(const ConvPlan& plan, int64_t rows, int64_t columns, int lanes, bool in_place) {
  BlockLayout layout = block_planes(plan, rows, columns, in_place);
  layout.tap_offsets.resize(static_cast<size_t>(plan.taps()));
  write_tap_offsets(plan, layout, plan.channels_per_group(), layout.tap_offsets.data());
  // Either each row of outputs is covered on its own, or one run goes through all rows and the cells between the
  // rows' ends and the next beginnings are computed in vain. Whichever takes fewer vectors.
  const int64_t run = (rows - 1) * layout.pitch + columns;
  const int64_t flat_count = ceil_divide(run, lanes);
  const int64_t row_count = rows * ceil_divide(columns, lanes);
  layout.flat = flat_count < row_count;
  if (layout.flat) {
    for (int64_t first = 0; first < run; first += lanes) {
      const int64_t row = first / layout.pitch, column = first % layout.pitch;
      // Without a gap between the rows the run is one stretch of the output as well.
      const bool whole =
          layout.pitch == plan.out.w && columns == plan.out.w ? first + lanes <= run : column + lanes <= columns;
      layout.vectors.push_back({first, whole ? row * plan.out.w + column : -1, first});
    }
    return layout;
  }
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; column += lanes) {
      // The last vector of a row goes back as far as it must to be full: the cells it shares come out the same twice.
      const int64_t from = std::min(column, std::max<int64_t>(0, columns - lanes));
      const int64_t first = row * layout.pitch + from;
      layout.vectors.push_back({first, columns >= lanes ? row * plan.out.w + from : -1, first});
    }
  }
  return layout;
}

namespace {

template <class T>
void copy_cells(const T* from, int64_t count, T* to) {
  constexpr int64_t kStep = 16 / sizeof(T);
  if (count < kStep) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  // Rows are short: this is done before memcpy has decided how to do it. The last step goes back as far as it must.
  for (int64_t i = 0; i < count - kStep; i += kStep) std::memcpy(to + i, from + i, 16);
  std::memcpy(to + count - kStep, from + count - kStep, 16);
}

/// One phase of the rows of the input: to[u] = padded input at x0 + u * stride.
struct RowOfPhase {
  int64_t x0 = 0, count = 0;
  int64_t begin = 0, end = 0;  // these u read real cells

  RowOfPhase(const AxisPhases& h, int64_t first, int64_t cells) : x0(first), count(cells) {
    // A stride may be as large as int64_t holds where there is one window, so nothing is added to it: steps_to() rounds
    // up a distance of at least 1.
    const auto steps_to = [&h](int64_t distance) { return (distance - 1) / h.stride + 1; };
    begin = x0 >= 0 ? 0 : std::min(count, steps_to(-x0));
    end = x0 >= h.in ? begin : std::max(begin, std::min(count, steps_to(h.in - x0)));
  }

  /// Rows are short, and the next is further on than the processor guesses.
  template <class T>
  void prefetch(const AxisPhases& h, const T* row) const {
    if (begin >= end) return;
    const T* last = row + x0 + (end - 1) * h.stride;
    for (const T* at = row + x0 + begin * h.stride; at < last; at += 64 / sizeof(T)) __builtin_prefetch(at);
    __builtin_prefetch(last);
  }

  template <class T>
  void fill(const RowKernels<T>& kernels, const AxisPhases& h, PaddingMode mode, const T* row, T* to) const {
    const auto padding = [&](int64_t u) {
      if (mode == PaddingMode::zeros) return T{0};
      const int64_t x = saturating_add(x0, saturating_mul(u, h.stride));
      // Beyond the padding lie cells that no window reaches; they are there so that all phases have one size.
      if (x < -h.pad_begin || x >= h.in + h.pad_end) return T{0};
      return row[source_index(x, h.in, mode)];
    };
    for (int64_t u = 0; u < begin; ++u) to[u] = padding(u);
    if (h.stride == 1 && begin < end) {
      copy_cells(row + x0 + begin, end - begin, to + begin);
    } else if (begin < end) {
      kernels.pick(row + x0 + begin * h.stride, h.stride, end - begin, to + begin);
    }
    for (int64_t u = end; u < count; ++u) to[u] = padding(u);
  }
};

}  // namespace

template <class T>
void fill_block(const ConvPlan& plan, const BlockLayout& layout, const OutputBlock& block, int64_t channels,
                const T* input, T* to) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  const RowKernels<T> kernels = row_kernels<T>();
  const int64_t plane_cells = layout.plane_rows * layout.pitch;
  for (int64_t vertical = 0; vertical < v.phases; ++vertical) {
    const int64_t first = v.remainder_of_phase(vertical) - v.pad_begin;
    for (int64_t horizontal = 0; horizontal < h.phases; ++horizontal, to += plane_cells) {
      const int64_t x0 = block.x * h.stride - h.pad_begin + h.remainder_of_phase(horizontal);
      const RowOfPhase row(h, x0, layout.pitch);
      for (int64_t c = 0; c < channels; ++c) {
        const T* plane = input + c * plan.in.h * plan.in.w;
        T* line = to + c * layout.channel_stride;
        for (int64_t t = 0; t < layout.plane_rows; ++t, line += layout.pitch) {
          const int64_t y = saturating_add(saturating_mul(block.y + t, v.stride), first);
          int64_t source = y;
          if (y < 0 || y >= v.in) {
            const bool reached = y >= -v.pad_begin && y < v.in + v.pad_end;
            source = reached ? source_index(y, v.in, plan.padding_mode) : kZeroPadding;
          }
          if (source == kZeroPadding) {
            std::fill_n(line, layout.pitch, T{0});
          } else {
            const T* cells = plane + source * plan.in.w;
            if (horizontal == 0 && c + 1 < channels) row.prefetch(h, cells + plan.in.h * plan.in.w);
            row.fill(kernels, h, plan.padding_mode, cells, line);
          }
        }
      }
    }
  }
}

template void fill_block<float>(const ConvPlan&, const BlockLayout&, const OutputBlock&, int64_t, const float*, float*);
template void fill_block<double>(const ConvPlan&, const BlockLayout&, const OutputBlock&, int64_t, const double*,
                                 double*);

}  // namespace convscope
