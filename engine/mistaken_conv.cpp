#include "engine/mistaken_conv.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/output_size.h"
#include "engine/padding.h"

namespace convscope {

AxesView AxesView::row_major(const std::array<int64_t, 4>& extents) {
  AxesView view;
  view.extents = extents;
  int64_t stride = 1;
  for (size_t axis = 4; axis-- > 0;) {
    view.strides[axis] = stride;
    stride *= extents[axis];
  }
  return view;
}

void AxesView::flip(size_t axis) {
  offset += strides[axis] * (extents[axis] - 1);
  strides[axis] = -strides[axis];
}

void AxesView::swap(size_t a, size_t b) {
  std::swap(extents[a], extents[b]);
  std::swap(strides[a], strides[b]);
}

MistakenConv MistakenConv::right(const ConvPlan& plan, const ConvTensors& tensors) {
  MistakenConv conv;
  conv.tensors = &tensors;
  conv.dtype = plan.dtype;
  conv.input = AxesView::row_major({plan.batch, plan.in_channels, plan.in.h, plan.in.w});
  conv.weight = AxesView::row_major({plan.out_channels, plan.channels_per_group(), plan.kernel.h, plan.kernel.w});
  conv.groups = plan.groups;
  conv.stride = plan.stride;
  conv.dilation = plan.dilation;
  conv.pads = plan.pads;
  conv.padding_mode = plan.padding_mode;
  conv.has_bias = plan.bias;
  return conv;
}

namespace {

/// What validate() asks of padding that copies cells; `least` of padding that a mistake has made negative does not
/// occur.
bool mode_allows(PaddingMode mode, int64_t begin, int64_t end, int64_t n) {
  const int64_t largest = std::max(begin, end);
  if (mode == PaddingMode::reflect) return largest < n;
  if (mode == PaddingMode::circular) return largest <= n;
  return true;
}

}  // namespace

std::optional<std::array<int64_t, 4>> MistakenConv::extents() const {
  const auto [batch, channels, h, w] = input.extents;
  const auto [kernels, kernel_channels, kh, kw] = weight.extents;
  if (channels != kernel_channels * groups || kernels % groups != 0) return std::nullopt;
  if (!mode_allows(padding_mode, pads.top, pads.bottom, h) || !mode_allows(padding_mode, pads.left, pads.right, w)) {
    return std::nullopt;
  }
  const std::optional<OutputSize> rows = output_size(h, pads.top, pads.bottom, kh, dilation.h, stride.h);
  const std::optional<OutputSize> columns = output_size(w, pads.left, pads.right, kw, dilation.w, stride.w);
  if (!rows || !columns) return std::nullopt;
  std::array<int64_t, 4> extents{batch, kernels, rows->out, columns->out};
  if (crop) {
    if (crop->h > extents[2] || crop->w > extents[3]) return std::nullopt;
    extents[2] = crop->h;
    extents[3] = crop->w;
  }
  const bool is_paired = batching == Batching::paired || batching == Batching::paired_along_batch;
  if (is_paired && batch != kernels) return std::nullopt;
  if (bias == BiasUse::along_width && extents[3] != kernels) return std::nullopt;
  if (bias == BiasUse::along_height && extents[2] != kernels) return std::nullopt;
  for (size_t axis = 0; axis < part_count.size(); ++axis) extents[axis] = part_count[axis].value_or(extents[axis]);
  if (!Shape({extents[0], extents[1], extents[2], extents[3]}).numel().value_or(0)) return std::nullopt;
  return extents;
}

std::array<int64_t, 4> MistakenConv::ordered(const std::array<int64_t, 4>& extents) const {
  return {extents[order[0]], extents[order[1]], extents[order[2]], extents[order[3]]};
}

namespace {

double bias_of(const MistakenConv& conv, int64_t image, int64_t kernel, int64_t y, int64_t x) {
  if (!conv.has_bias) return 0;
  const auto at = [&conv](int64_t k) { return conv.tensors->bias.at(k); };
  switch (conv.bias) {
    case BiasUse::once:
      return at(kernel);
    case BiasUse::missing:
      return 0;
    case BiasUse::twice:
      return 2 * at(kernel);
    case BiasUse::per_channel:
      return static_cast<double>(conv.weight.extents[1]) * at(kernel);
    case BiasUse::per_tap:
      return static_cast<double>(conv.taps()) * at(kernel);
    case BiasUse::along_width:
      return at(x);
    case BiasUse::along_height:
      return at(y);
    case BiasUse::reversed:
      return at(conv.weight.extents[0] - 1 - kernel);
    case BiasUse::first:
      return at(0);
    case BiasUse::last:
      return at(conv.weight.extents[0] - 1);
    case BiasUse::next:
      return at((kernel + 1) % conv.weight.extents[0]);
    case BiasUse::previous:
      return at((kernel + conv.weight.extents[0] - 1) % conv.weight.extents[0]);
    case BiasUse::of_image:
      return at(image);
    case BiasUse::subtracted:
      return -at(kernel);
  }
  return 0;
}

/// Where the number that has come to `at` came from; by at most one round.
int64_t rolled_from(int64_t at, int64_t by, int64_t extent) { return by == 0 ? at : (at - by + extent) % extent; }

/// The window's products of one image channel with one slice of the kernel.
double window_sum(const MistakenConv& conv, int64_t image, int64_t channel, int64_t kernel, int64_t slice, int64_t p,
                  int64_t q) {
  double sum = 0;
  for (int64_t r = 0; r < conv.weight.extents[2]; ++r) {
    const int64_t y =
        source_index(p * conv.stride.h - conv.pads.top + r * conv.dilation.h, conv.input.extents[2], conv.padding_mode);
    if (y == kZeroPadding) continue;
    for (int64_t s = 0; s < conv.weight.extents[3]; ++s) {
      const int64_t x = source_index(q * conv.stride.w - conv.pads.left + s * conv.dilation.w, conv.input.extents[3],
                                     conv.padding_mode);
      if (x == kZeroPadding) continue;
      sum +=
          conv.tensors->input.at(conv.input.at(image, channel, rolled_from(y, conv.input_roll.h, conv.input.extents[2]),
                                               rolled_from(x, conv.input_roll.w, conv.input.extents[3]))) *
          conv.tensors->weight.at(conv.weight.at(kernel, slice, r, s));
    }
  }
  return sum;
}

double channel_sum_of(const MistakenConv& conv, int64_t image, int64_t kernel, int64_t p, int64_t q) {
  const int64_t slices = conv.weight.extents[1];
  const int64_t group = kernel / (conv.weight.extents[0] / conv.groups);
  int64_t begin = 0, end = slices;
  if (conv.channel_sum == ChannelSum::first) end = 1;
  if (conv.channel_sum == ChannelSum::last) begin = slices - 1;
  if (conv.channel_sum == ChannelSum::own) {
    begin = kernel % slices;
    end = begin + 1;
  }
  double sum = 0;
  for (int64_t slice = begin; slice < end; ++slice) {
    switch (conv.grouping) {
      case Grouping::own:
        sum += window_sum(conv, image, group * slices + slice, kernel, slice, p, q);
        break;
      case Grouping::first:
        sum += window_sum(conv, image, slice, kernel, slice, p, q);
        break;
      case Grouping::interleaved:
        sum += window_sum(conv, image, slice * conv.groups + group, kernel, slice, p, q);
        break;
      case Grouping::every:
        for (int64_t g = 0; g < conv.groups; ++g) {
          sum += window_sum(conv, image, g * slices + slice, kernel, slice, p, q);
        }
        break;
    }
  }
  return sum;
}

double divisor_of(const MistakenConv& conv) {
  const auto& [kernels, channels, kh, kw] = conv.weight.extents;
  switch (conv.mean) {
    case Mean::none:
      break;
    case Mean::taps:
      return static_cast<double>(conv.taps());
    case Mean::window:
      return static_cast<double>(kh * kw);
    case Mean::channels:
      return static_cast<double>(channels);
  }
  return 1;
}

}  // namespace

double MistakenConv::cell(const std::array<int64_t, 4>& extents, int64_t flat) const {
  std::array<int64_t, 4> index{};  // n, k, p, q
  for (size_t place = 4; place-- > 0;) {
    index[order[place]] = flat % extents[order[place]];
    flat /= extents[order[place]];
  }
  const int64_t n = index[0] + part_begin[0], k = index[1] + part_begin[1];
  int64_t p = index[2], q = index[3];
  const Pair from{p - output_shift.by.h, q - output_shift.by.w};
  const bool has_left = from.h < 0 || from.w < 0 || from.h >= extents[2] || from.w >= extents[3];
  if (has_left && !output_shift.wraps) return 0;
  p = rolled_from(p, output_shift.by.h, extents[2]);
  q = rolled_from(q, output_shift.by.w, extents[3]);
  int64_t image = n, kernel = k;
  if (batching == Batching::paired) image = k;
  if (batching == Batching::paired_along_batch) kernel = n;
  if (batching == Batching::first_image) image = 0;
  const double value = channel_sum_of(*this, image, kernel, p, q) / divisor_of(*this) + bias_of(*this, n, k, p, q);
  switch (finish) {
    case Finish::none:
      break;
    case Finish::negated:
      return -value;
    case Finish::absolute:
      return std::abs(value);
    case Finish::positive:
      return std::max(value, 0.0);
  }
  return value;
}

}  // namespace convscope
