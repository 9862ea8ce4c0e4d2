#include "engine/im2col_block.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/padding.h"

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

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

AxisPhases vertical_phases(const ConvPlan& plan) {
  return axis(plan.in.h, plan.out.h, plan.kernel.h, plan.stride.h, plan.dilation.h, plan.pads.top, plan.pads.bottom);
}

AxisPhases horizontal_phases(const ConvPlan& plan) {
  return axis(plan.in.w, plan.out.w, plan.kernel.w, plan.stride.w, plan.dilation.w, plan.pads.left, plan.pads.right);
}

int64_t block_elements(const ConvPlan& plan, int64_t rows, int64_t columns) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  int64_t elements = saturating_mul(v.phases, saturating_add(rows, v.max_shift));
  elements = saturating_mul(elements, h.phases);
  elements = saturating_mul(elements, saturating_add(columns, h.max_shift));
  return saturating_mul(elements, plan.channels_per_group());
}

BlockLayout block_layout(const ConvPlan& plan, int64_t rows, int64_t columns, int lanes, bool in_place) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  BlockLayout layout;
  layout.rows = rows;
  layout.columns = columns;
  layout.plane_rows = in_place ? plan.in.h : rows + v.max_shift;
  layout.pitch = in_place ? plan.in.w : columns + h.max_shift;
  const int64_t plane = layout.plane_rows * layout.pitch;
  layout.channel_stride = v.phases * h.phases * plane;

  std::vector<int64_t> down(static_cast<size_t>(plan.kernel.h)), right(static_cast<size_t>(plan.kernel.w));
  for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
    down[static_cast<size_t>(ky)] = v.phase_of(ky) * h.phases * plane + v.shift_of(ky) * layout.pitch;
  }
  for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
    right[static_cast<size_t>(kx)] = h.phase_of(kx) * plane + h.shift_of(kx);
  }
  layout.tap_offsets.reserve(static_cast<size_t>(plan.taps()));
  for (int64_t c = 0; c < plan.channels_per_group(); ++c) {
    for (const int64_t y : down) {
      for (const int64_t x : right) {
        layout.tap_offsets.push_back(static_cast<int32_t>(c * layout.channel_stride + y + x));
      }
    }
  }

  // Either each row of outputs is covered on its own, or one run goes through all rows and the cells between the
  // rows' ends and the next beginnings are computed in vain. Whichever takes fewer vectors.
  const int64_t run = (rows - 1) * layout.pitch + columns;
  const int64_t flat_count = divide_up(run, lanes);
  const int64_t row_count = rows * divide_up(columns, lanes);
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

/// Row `remainder` phase of a row of the input: to[u] = padded input at x0 + u * stride.
template <class T>
void fill_row(const AxisPhases& h, PaddingMode mode, int64_t x0, int64_t count, const T* row, T* to) {
  // u in [begin, end) reads real cells. A stride may be as large as int64_t holds where there is one window, so nothing
  // is added to it: steps_to() rounds up a distance of at least 1.
  const auto steps_to = [&h](int64_t distance) { return (distance - 1) / h.stride + 1; };
  const int64_t begin = x0 >= 0 ? 0 : std::min(count, steps_to(-x0));
  const int64_t end = x0 >= h.in ? begin : std::max(begin, std::min(count, steps_to(h.in - x0)));
  const auto padding = [&](int64_t u) {
    const int64_t x = saturating_add(x0, saturating_mul(u, h.stride));
    // Beyond the padding lie cells that no window reaches; they are there so that all phases have one size.
    if (x < -h.pad_begin || x >= h.in + h.pad_end) return T{0};
    const int64_t source = source_index(x, h.in, mode);
    return source == kZeroPadding ? T{0} : row[source];
  };
  for (int64_t u = 0; u < begin; ++u) to[u] = padding(u);
  if (h.stride == 1 && begin < end) {
    std::memcpy(to + begin, row + x0 + begin, static_cast<size_t>(end - begin) * sizeof(T));
  } else {
    for (int64_t u = begin; u < end; ++u) to[u] = row[x0 + u * h.stride];
  }
  for (int64_t u = end; u < count; ++u) to[u] = padding(u);
}

}  // namespace

template <class T>
void fill_block(const ConvPlan& plan, const BlockLayout& layout, const OutputBlock& block, const T* input, T* to) {
  const AxisPhases v = vertical_phases(plan);
  const AxisPhases h = horizontal_phases(plan);
  for (int64_t c = 0; c < plan.channels_per_group(); ++c) {
    const T* plane = input + c * plan.in.h * plan.in.w;
    for (int64_t vertical = 0; vertical < v.phases; ++vertical) {
      for (int64_t horizontal = 0; horizontal < h.phases; ++horizontal) {
        const int64_t x0 = block.x * h.stride - h.pad_begin + h.remainder_of_phase(horizontal);
        for (int64_t t = 0; t < layout.plane_rows; ++t, to += layout.pitch) {
          const int64_t first = v.remainder_of_phase(vertical) - v.pad_begin;
          const int64_t y = saturating_add(saturating_mul(block.y + t, v.stride), first);
          const bool reached = y >= -v.pad_begin && y < v.in + v.pad_end;
          const int64_t source = reached ? source_index(y, v.in, plan.padding_mode) : kZeroPadding;
          if (source == kZeroPadding) {
            std::fill_n(to, layout.pitch, T{0});
          } else {
            fill_row(h, plan.padding_mode, x0, layout.pitch, plane + source * plan.in.w, to);
          }
        }
      }
    }
  }
}

template void fill_block<float>(const ConvPlan&, const BlockLayout&, const OutputBlock&, const float*, float*);
template void fill_block<double>(const ConvPlan&, const BlockLayout&, const OutputBlock&, const double*, double*);

}  // namespace convscope
