#include "app/scene/hover.h"

#include "engine/im2col.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"

namespace convscope {
namespace {

bool in(int64_t value, int64_t end) { return value >= 0 && value < end; }

OutputCell output_of_row(const ConvPlan& plan, int64_t row, int64_t channel) {
  const int64_t at = row % plan.positions();
  return {row / plan.positions(), channel, at / plan.out.w, at % plan.out.w};
}

CellRef weight_of_tap(const ConvPlan& plan, int64_t tap, int64_t channel) {
  const int64_t area = plan.kernel.h * plan.kernel.w;
  return {TensorId::weight, channel, tap / area, tap / plan.kernel.w % plan.kernel.h, tap % plan.kernel.w};
}

}  // namespace

CellRef of_whose_gradient(CellRef ref) {
  switch (ref.tensor) {
    case TensorId::grad_input:
      ref.tensor = TensorId::input;
      break;
    case TensorId::grad_weight:
      ref.tensor = TensorId::weight;
      break;
    case TensorId::grad_bias:
      ref.tensor = TensorId::bias;
      break;
    case TensorId::grad_output:
      ref.tensor = TensorId::output;
      break;
    default:
      break;
  }
  return ref;
}

Hover::Hover(const ConvPlan& plan, const std::optional<CellRef>& hovered, bool gradients)
    : plan_(&plan), gradients_(gradients) {
  if (!hovered) return;
  const CellRef ref = of_whose_gradient(*hovered);
  self_ = ref;
  switch (ref.tensor) {
    case TensorId::none:
    case TensorId::level:
      return;
    case TensorId::input:
      if (!in(ref.n, plan.batch) || !in(ref.c, plan.in_channels)) return;
      input_ = ref;
      break;
    case TensorId::weight:
      if (!in(ref.n, plan.out_channels) || !in(ref.c, plan.channels_per_group()) || !in(ref.y, plan.kernel.h) ||
          !in(ref.x, plan.kernel.w)) {
        return;
      }
      weight_ = ref;
      break;
    case TensorId::output:
      if (!in(ref.n, plan.batch) || !in(ref.c, plan.out_channels) || !in(ref.y, plan.out.h) || !in(ref.x, plan.out.w))
        return;
      output_ = OutputCell{ref.n, ref.c, ref.y, ref.x};
      break;
    case TensorId::bias:
      if (!in(ref.c, plan.out_channels)) return;
      break;
    case TensorId::im2col: {
      if (!in(ref.c, plan.groups) || !in(ref.y, im2col_rows(plan)) || !in(ref.x, im2col_columns(plan))) return;
      const Im2colEntry entry = im2col_entry(plan, ref.c, ref.y, ref.x);
      input_ = CellRef{TensorId::input, entry.n, entry.c, entry.y, entry.x};
      break;
    }
    case TensorId::kernel_matrix:
      if (!in(ref.y, plan.taps()) || !in(ref.x, plan.out_channels)) return;
      weight_ = weight_of_tap(plan, ref.y, ref.x);
      break;
    case TensorId::product:
      if (!in(ref.y, im2col_rows(plan)) || !in(ref.x, plan.out_channels)) return;
      output_ = output_of_row(plan, ref.y, ref.x);
      break;
    case TensorId::toeplitz:
      if (!in(ref.n, plan.out_channels) || !in(ref.c, plan.channels_per_group()) || !in(ref.y, im2col_rows(plan)) ||
          !in(ref.x, toeplitz_columns(plan))) {
        return;
      }
      break;
    default:  // of learning: nothing belongs to them
      return;
  }
  active_ = true;
}

namespace {

// Which tap of a window reads a cell along one axis, directly or as a copy in padding other than zeros; -1: none.
int64_t tap_reading(const WindowAxis& axis, PaddingMode mode, int64_t window, int64_t cell) {
  if (mode != PaddingMode::zeros && in(cell, axis.extent)) {
    for (int64_t tap = 0; tap < axis.kernel; ++tap) {
      if (source_index(axis.cell(window, tap), axis.extent, mode) == cell) return tap;
    }
    return -1;
  }
  const int64_t distance = cell - axis.cell(window, 0);
  if (distance < 0 || distance % axis.dilation != 0) return -1;
  return distance / axis.dilation < axis.kernel ? distance / axis.dilation : -1;
}

// Whether some window has the cell under this tap.
bool stands_under(const WindowAxis& axis, int64_t tap, int64_t cell) {
  const int64_t from = cell + axis.pad_begin - tap * axis.dilation;
  return from >= 0 && from % axis.stride == 0 && from / axis.stride < axis.count;
}

}  // namespace

Hover::Hover(const ConvPlan& slab, const ConvNdPlan& volume, const std::optional<CellRef>& hovered)
    : plan_(&slab), volume_(&volume) {
  if (!hovered) return;
  self_ = *hovered;
  const CellRef& ref = self_;
  const WindowAxis &depth = volume.windows.depth(), &height = volume.windows.height(), &width = volume.windows.width();
  if (ref.tensor == TensorId::input) {
    if (!in(ref.n, volume.batch * volume.in_channels)) return;
    input_ = ref;
  } else if (ref.tensor == TensorId::weight) {
    if (!in(ref.n, volume.out_channels * volume.channels_per_group()) || !in(ref.c, depth.kernel) ||
        !in(ref.y, height.kernel) || !in(ref.x, width.kernel)) {
      return;
    }
    weight_ = ref;
  } else if (ref.tensor == TensorId::output) {
    if (!in(ref.n, volume.batch * volume.out_channels) || !in(ref.c, depth.count) || !in(ref.y, height.count) ||
        !in(ref.x, width.count)) {
      return;
    }
    output_ = OutputCell{ref.n, ref.c, ref.y, ref.x};
  } else if (ref.tensor != TensorId::bias || !in(ref.c, volume.out_channels)) {
    return;
  }
  active_ = true;
}

bool Hover::window_on(int64_t n, int64_t c) const {
  if (!output_) return false;
  if (volume_ == nullptr) return output_->n == n;
  const int64_t image = output_->n / volume_->out_channels, k = output_->n % volume_->out_channels;
  const int64_t channel = n - image * volume_->in_channels;
  if (!in(channel, volume_->in_channels) ||
      channel / volume_->channels_per_group() != k / volume_->kernels_per_group()) {
    return false;
  }
  return tap_reading(volume_->windows.depth(), volume_->padding_mode, output_->c, c) >= 0;
}

bool Hover::in_slice(int64_t n, int64_t c) const {
  return self_.tensor == TensorId::input && self_.n == n && (volume_ == nullptr || self_.c == c);
}

bool Hover::used_in(int64_t n, int64_t c) const {
  if (self_.tensor != TensorId::input) return false;
  if (volume_ == nullptr) return self_.n == n;
  const int64_t image = self_.n / volume_->in_channels, channel = self_.n % volume_->in_channels;
  const int64_t k = n - image * volume_->out_channels;
  if (!in(k, volume_->out_channels) || k / volume_->kernels_per_group() != channel / volume_->channels_per_group()) {
    return false;
  }
  return tap_reading(volume_->windows.depth(), volume_->padding_mode, c, self_.c) >= 0;
}

bool Hover::lights_in_volume(const CellRef& ref) const {
  const ConvNdPlan& plan = *volume_;
  const WindowAxis &depth = plan.windows.depth(), &height = plan.windows.height(), &width = plan.windows.width();
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  const auto uses = [&](const CellRef& output, const CellRef& input) {
    const int64_t image = input.n / plan.in_channels, channel = input.n % plan.in_channels;
    return output.n / plan.out_channels == image && output.n % plan.out_channels / kpg == channel / cpg &&
           tap_reading(depth, plan.padding_mode, output.c, input.c) >= 0 &&
           tap_reading(height, plan.padding_mode, output.y, input.y) >= 0 &&
           tap_reading(width, plan.padding_mode, output.x, input.x) >= 0;
  };
  switch (ref.tensor) {
    case TensorId::input:
      if (output_) return uses(self_, ref);
      if (weight_) {
        const int64_t o = weight_->n / cpg, channel = o / kpg * cpg + weight_->n % cpg;
        return ref.n >= 0 && ref.n % plan.in_channels == channel && stands_under(depth, weight_->c, ref.c) &&
               stands_under(height, weight_->y, ref.y) && stands_under(width, weight_->x, ref.x);
      }
      return false;
    case TensorId::weight:
      return output_ && ref.n / cpg == output_->n % plan.out_channels;
    case TensorId::bias:
      return output_ && ref.c == output_->n % plan.out_channels;
    case TensorId::output:
      if (input_) return uses(ref, *input_);
      return self_.tensor == TensorId::bias && ref.n % plan.out_channels == self_.c;
    default:
      return false;
  }
}

bool Hover::is_self(const CellRef& ref) const { return active_ && ref == self_; }

// Does the window of output `axis_output` read input `axis_input`, and with which tap, along one axis; also as a copy
// in padding other than zeros.
bool Hover::meets(int64_t axis_output, int64_t axis_input, bool horizontal, int64_t* tap) const {
  const int64_t stride = horizontal ? plan_->stride.w : plan_->stride.h;
  const int64_t pad = horizontal ? plan_->pads.left : plan_->pads.top;
  const int64_t dilation = horizontal ? plan_->dilation.w : plan_->dilation.h;
  const int64_t kernel = horizontal ? plan_->kernel.w : plan_->kernel.h;
  const int64_t extent = horizontal ? plan_->in.w : plan_->in.h;
  if (plan_->padding_mode != PaddingMode::zeros && in(axis_input, extent)) {
    for (*tap = 0; *tap < kernel; ++*tap) {
      if (source_index(axis_output * stride - pad + *tap * dilation, extent, plan_->padding_mode) == axis_input)
        return true;
    }
    return false;
  }
  const int64_t distance = axis_input - (axis_output * stride - pad);
  if (distance < 0 || distance % dilation != 0) return false;
  *tap = distance / dilation;
  return *tap < kernel;
}

bool Hover::uses(const OutputCell& output, const CellRef& input, int64_t* column) const {
  const int64_t cpg = plan_->channels_per_group();
  if (output.n != input.n || output.c / plan_->kernels_per_group() != input.c / cpg) return false;
  int64_t ky = 0, kx = 0;
  if (!meets(output.y, input.y, false, &ky) || !meets(output.x, input.x, true, &kx)) return false;
  *column = (input.c % cpg * plan_->kernel.h + ky) * plan_->kernel.w + kx;
  return true;
}

// Whether the weight stands at this place of the sparse matrix.
bool Hover::stands_at(const CellRef& weight, const CellRef& entry) const {
  return weight.n == entry.n && weight.c == entry.c &&
         toeplitz_entry(*plan_, entry.y % plan_->positions(), weight.y * plan_->kernel.w + weight.x).column == entry.x;
}

// Whether the column of this entry is the input cell's.
bool Hover::in_column_of(const CellRef& entry, const CellRef& input) const {
  return input.n == entry.y / plan_->positions() &&
         input.c == entry.n / plan_->kernels_per_group() * plan_->channels_per_group() + entry.c &&
         in(input.y, plan_->in.h) && in(input.x, plan_->in.w) && input.y * plan_->in.w + input.x == entry.x;
}

// Whether any window reads an input index of one axis with that tap, also as a copy in the padding.
bool Hover::reads(int64_t tap, int64_t input, bool horizontal) const {
  const int64_t stride = horizontal ? plan_->stride.w : plan_->stride.h;
  const int64_t begin = horizontal ? plan_->pads.left : plan_->pads.top;
  const int64_t end = horizontal ? plan_->pads.right : plan_->pads.bottom;
  const int64_t dilation = horizontal ? plan_->dilation.w : plan_->dilation.h;
  const int64_t extent = horizontal ? plan_->in.w : plan_->in.h;
  const int64_t windows = horizontal ? plan_->out.w : plan_->out.h;
  if (!in(input, extent)) return false;
  const auto has_window = [&](int64_t at) {
    const int64_t from = at + begin - tap * dilation;
    return from >= 0 && from % stride == 0 && from / stride < windows;
  };
  if (has_window(input)) return true;
  if (plan_->padding_mode == PaddingMode::zeros) return false;
  for (int64_t at = -begin; at < 0; ++at) {
    if (source_index(at, extent, plan_->padding_mode) == input && has_window(at)) return true;
  }
  for (int64_t at = extent; at < extent + end; ++at) {
    if (source_index(at, extent, plan_->padding_mode) == input && has_window(at)) return true;
  }
  return false;
}

// Whether the cell and the one under the pointer pass something to each other on the way back; nothing where that is no
// question of taps.
std::optional<bool> Hover::exchanges(const CellRef& ref) const {
  const ConvPlan& plan = *plan_;
  const int64_t cpg = plan.channels_per_group(), kpg = plan.kernels_per_group();
  if (weight_ && ref.tensor == TensorId::input) {
    return ref.c == weight_->n / kpg * cpg + weight_->c && reads(weight_->y, ref.y, false) &&
           reads(weight_->x, ref.x, true);
  }
  if (weight_ && ref.tensor == TensorId::output) {
    if (ref.c != weight_->n) return false;
    const int64_t y = ref.y * plan.stride.h - plan.pads.top + weight_->y * plan.dilation.h;
    const int64_t x = ref.x * plan.stride.w - plan.pads.left + weight_->x * plan.dilation.w;
    return source_index(y, plan.in.h, plan.padding_mode) != kZeroPadding &&
           source_index(x, plan.in.w, plan.padding_mode) != kZeroPadding;
  }
  if (input_ && ref.tensor == TensorId::weight) {
    return ref.n / kpg == input_->c / cpg && ref.c == input_->c % cpg && reads(ref.y, input_->y, false) &&
           reads(ref.x, input_->x, true);
  }
  return std::nullopt;
}

bool Hover::lights(const CellRef& shown) const {
  if (!active_) return false;
  const CellRef ref = of_whose_gradient(shown);
  if (ref == self_) return true;
  if (volume_ != nullptr) return lights_in_volume(ref);
  if (gradients_) {
    if (const std::optional<bool> exchanged = exchanges(ref)) return *exchanged;
  }
  const ConvPlan& plan = *plan_;
  const int64_t kpg = plan.kernels_per_group();
  int64_t column = 0;
  switch (ref.tensor) {
    case TensorId::none:
    case TensorId::level:
      return false;
    case TensorId::input:
      if (self_.tensor == TensorId::toeplitz) return in_column_of(self_, ref);
      if (output_) return uses(*output_, ref, &column);
      if (input_) return ref == *input_;
      if (weight_) {
        // Some window has this cell under this weight.
        const int64_t y = ref.y + plan.pads.top - weight_->y * plan.dilation.h;
        const int64_t x = ref.x + plan.pads.left - weight_->x * plan.dilation.w;
        return ref.c == weight_->n / kpg * plan.channels_per_group() + weight_->c && y >= 0 && x >= 0 &&
               y % plan.stride.h == 0 && x % plan.stride.w == 0 && y / plan.stride.h < plan.out.h &&
               x / plan.stride.w < plan.out.w;
      }
      return false;
    case TensorId::weight:
      if (self_.tensor == TensorId::toeplitz) return stands_at(ref, self_);
      if (output_) return ref.n == output_->c;
      return weight_ && ref.n == weight_->n && ref.c == weight_->c && ref.y == weight_->y && ref.x == weight_->x;
    case TensorId::bias:
      if (output_) return ref.c == output_->c;
      return false;
    case TensorId::output: {
      const OutputCell cell{ref.n, ref.c, ref.y, ref.x};
      if (output_) return cell == *output_;
      if (self_.tensor == TensorId::im2col)
        return output_of_row(plan, self_.y, ref.c) == cell && ref.c / kpg == self_.c;
      if (self_.tensor == TensorId::toeplitz) return output_of_row(plan, self_.y, self_.n) == cell;
      if (input_) return uses(cell, *input_, &column);
      if (self_.tensor == TensorId::bias) return ref.c == self_.c;
      return false;
    }
    case TensorId::im2col: {
      if (output_) return ref.c == output_->c / kpg && ref.y == im2col_row(plan, *output_);
      if (weight_)
        return ref.c == weight_->n / kpg &&
               ref.x == (weight_->c * plan.kernel.h + weight_->y) * plan.kernel.w + weight_->x;
      if (input_ && self_.tensor == TensorId::input) {
        const Im2colEntry entry = im2col_entry(plan, ref.c, ref.y, ref.x);
        return entry.n == input_->n && entry.c == input_->c && entry.y == input_->y && entry.x == input_->x;
      }
      return false;
    }
    case TensorId::kernel_matrix:
      if (output_) return ref.x == output_->c;
      if (weight_)
        return weight_of_tap(plan, ref.y, ref.x) ==
               CellRef{TensorId::weight, weight_->n, weight_->c, weight_->y, weight_->x};
      if (self_.tensor == TensorId::im2col) return ref.y == self_.x && ref.x / kpg == self_.c;
      return false;
    case TensorId::toeplitz:
      if (output_) return ref.n == output_->c && ref.y == im2col_row(plan, *output_);
      if (weight_) return stands_at(*weight_, ref);
      return input_ && in_column_of(ref, *input_);
    case TensorId::product:
      return lights({TensorId::output, ref.y / plan.positions(), ref.x, ref.y % plan.positions() / plan.out.w,
                     ref.y % plan.positions() % plan.out.w});
    default:
      return false;
  }
  return false;
}

}  // namespace convscope
