#include "engine/mistakes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/checked_math.h"

namespace convscope {

namespace {

using Kind = MistakeKind;
using Conv = MistakenConv;

constexpr Pair kOne{1, 1};

/// `make` that always says yes; for mistakes that change something wherever `applies` holds.
template <class Change>
std::function<bool(Conv&)> where(bool applies, Change change) {
  return [applies, change](Conv& conv) {
    if (applies) change(conv);
    return applies;
  };
}

/// Of a plan, what the mistakes ask again and again.
struct Facts {
  explicit Facts(const ConvPlan& p)
      : plan(p),
        channels(p.channels_per_group()),
        high(p.kernel.h > 1),
        wide(p.kernel.w > 1),
        padded(p.pads != Pads{}) {}
  const ConvPlan& plan;
  int64_t channels;
  bool high, wide, padded;
};

void add_kernel(const Facts& f, std::vector<Mistake>& all) {
  all.push_back({{"cause.kernel_flipped", {}}, Kind::kernel, true, where(f.high || f.wide, [](Conv& c) {
                   c.weight.flip(2);
                   c.weight.flip(3);
                 })});
  // Where the kernel has one row or one column, that is the same as both.
  all.push_back({{"cause.kernel_flipped_rows", {}}, Kind::kernel, true, where(f.high && f.wide, [](Conv& c) {
                   c.weight.flip(2);
                 })});
  all.push_back({{"cause.kernel_flipped_columns", {}}, Kind::kernel, true, where(f.high && f.wide, [](Conv& c) {
                   c.weight.flip(3);
                 })});
  all.push_back({{"cause.kernel_transposed", {}}, Kind::kernel, true, where(f.high || f.wide, [](Conv& c) {
                   c.weight.swap(2, 3);
                 })});
  const bool two_axes = f.plan.out_channels > 1 && f.channels > 1;
  all.push_back({{"cause.weight_channels_swapped", {}}, Kind::kernel, true, where(two_axes, [](Conv& c) {
                   // The numbers in memory, read as (in_channels, out_channels, ...).
                   const int64_t slice = c.weight.extents[2] * c.weight.extents[3];
                   c.weight.strides[0] = slice;
                   c.weight.strides[1] = slice * c.weight.extents[0];
                 })});
}

void add_padding(const Facts& f, std::vector<Mistake>& all) {
  const Pads pads = f.plan.pads;
  const auto add = [&](const char* code, bool applies, Pads other) {
    all.push_back(
        {{code, {}}, Kind::padding, true, where(applies && other != pads, [other](Conv& c) { c.pads = other; })});
  };
  add("cause.padding_missing", f.padded, {});
  add("cause.padding_only_before", f.padded, {pads.top, pads.left, 0, 0});
  add("cause.padding_only_after", f.padded, {0, 0, pads.bottom, pads.right});
  add("cause.padding_all_before", f.padded, {pads.top + pads.bottom, pads.left + pads.right, 0, 0});
  add("cause.padding_all_after", f.padded, {0, 0, pads.top + pads.bottom, pads.left + pads.right});
  add("cause.padding_sides_swapped", f.padded, {pads.bottom, pads.right, pads.top, pads.left});
  add("cause.padding_only_rows", f.padded, {pads.top, 0, pads.bottom, 0});
  add("cause.padding_only_columns", f.padded, {0, pads.left, 0, pads.right});
  add("cause.padding_pair_swapped", f.padded, {pads.left, pads.top, pads.right, pads.bottom});
  for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    all.push_back({{"cause.padding_mode", {name_of(mode), name_of(f.plan.padding_mode)}},
                   Kind::mode,
                   true,
                   where(f.padded && mode != f.plan.padding_mode, [mode](Conv& c) { c.padding_mode = mode; })});
  }
}

/// Rows or columns behind the last window, and how far the padding must reach for one window more.
int64_t reach_for_one_more(int64_t n, int64_t begin, int64_t end, int64_t effective, int64_t stride) {
  const int64_t remainder = (n + begin + end - effective) % stride;
  if (remainder == 0 || !checked_add(end, stride)) return 0;
  return stride - remainder;
}

void add_steps(const Facts& f, std::vector<Mistake>& all) {
  const ConvPlan& plan = f.plan;
  const bool strided = plan.stride != kOne, dilated = plan.dilation != kOne;
  all.push_back({{"cause.stride_ignored", {}}, Kind::stride, true, where(strided, [](Conv& c) { c.stride = kOne; })});
  all.push_back({{"cause.stride_cropped", {}}, Kind::stride, true, where(strided, [out = plan.out](Conv& c) {
                   c.stride = kOne;
                   c.crop = out;
                 })});
  all.push_back(
      {{"cause.dilation_ignored", {}}, Kind::dilation, true, where(dilated, [](Conv& c) { c.dilation = kOne; })});
  all.push_back(
      {{"cause.stride_dilation_swapped", {}}, Kind::stride, true, where(plan.stride != plan.dilation, [](Conv& c) {
         std::swap(c.stride, c.dilation);
       })});
  all.push_back(
      {{"cause.stride_pair_swapped", {}}, Kind::stride, true, where(plan.stride.h != plan.stride.w, [](Conv& c) {
         std::swap(c.stride.h, c.stride.w);
       })});
  all.push_back({{"cause.dilation_pair_swapped", {}},
                 Kind::dilation,
                 true,
                 where(plan.dilation.h != plan.dilation.w, [](Conv& c) { std::swap(c.dilation.h, c.dilation.w); })});
  const Pair effective = plan.effective_kernel();
  const Pair more{reach_for_one_more(plan.in.h, plan.pads.top, plan.pads.bottom, effective.h, plan.stride.h),
                  reach_for_one_more(plan.in.w, plan.pads.left, plan.pads.right, effective.w, plan.stride.w)};
  all.push_back({{"cause.rounded_up", {}}, Kind::stride, true, where(more != Pair{}, [more](Conv& c) {
                   c.pads.bottom += more.h;
                   c.pads.right += more.w;
                 })});
}

void add_bias(const Facts& f, std::vector<Mistake>& all) {
  const bool several = f.plan.out_channels > 1;
  const auto add = [&](const char* code, bool applies, BiasUse use) {
    all.push_back({{code, {}}, Kind::bias, true, where(f.plan.bias && applies, [use](Conv& c) { c.bias = use; })});
  };
  add("cause.bias_missing", true, BiasUse::missing);
  add("cause.bias_twice", true, BiasUse::twice);
  add("cause.bias_per_channel", f.channels > 2, BiasUse::per_channel);  // of two channels, that is twice
  add("cause.bias_per_tap", f.plan.taps() > 2, BiasUse::per_tap);
  add("cause.bias_subtracted", true, BiasUse::subtracted);
  add("cause.bias_along_width", several, BiasUse::along_width);
  add("cause.bias_along_height", several, BiasUse::along_height);
  add("cause.bias_first", several, BiasUse::first);
  add("cause.bias_reversed", several, BiasUse::reversed);
  add("cause.bias_last", several, BiasUse::last);
  // Of two biases, the next one is the other one: that is their reverse order.
  add("cause.bias_next", f.plan.out_channels > 2, BiasUse::next);
  add("cause.bias_previous", f.plan.out_channels > 2, BiasUse::previous);
  add("cause.bias_of_image", f.plan.batch > 1 && f.plan.batch <= f.plan.out_channels, BiasUse::of_image);
}

void add_channels(const Facts& f, std::vector<Mistake>& all) {
  const ConvPlan& plan = f.plan;
  const auto sum = [&](const char* code, bool applies, ChannelSum which) {
    all.push_back({{code, {}}, Kind::channels, true, where(applies, [which](Conv& c) { c.channel_sum = which; })});
  };
  sum("cause.channels_first_only", f.channels > 1, ChannelSum::first);
  sum("cause.channels_last_only", f.channels > 1, ChannelSum::last);
  sum("cause.channels_depthwise", f.channels > 1 && plan.groups == 1 && plan.in_channels == plan.out_channels,
      ChannelSum::own);
  const auto group = [&](const char* code, bool applies, Grouping which) {
    all.push_back({{code, {}}, Kind::channels, true, where(applies, [which](Conv& c) { c.grouping = which; })});
  };
  group("cause.groups_first", plan.groups > 1, Grouping::first);
  group("cause.groups_every", plan.groups > 1, Grouping::every);
  group("cause.groups_interleaved", plan.groups > 1 && f.channels > 1, Grouping::interleaved);
}

void add_batch(const Facts& f, std::vector<Mistake>& all) {
  const ConvPlan& plan = f.plan;
  const auto add = [&](const char* code, bool applies, Batching which) {
    all.push_back({{code, {}}, Kind::batch, true, where(applies, [which](Conv& c) { c.batching = which; })});
  };
  const bool square = plan.batch > 1 && plan.batch == plan.out_channels;
  add("cause.batch_paired_with_channel", square, Batching::paired);
  add("cause.batch_paired_along_batch", square, Batching::paired_along_batch);
  add("cause.batch_first_image", plan.batch > 1, Batching::first_image);
  all.push_back({{"cause.input_batch_channels_swapped", {}},
                 Kind::input,
                 true,
                 where(plan.batch > 1 && plan.batch == plan.in_channels, [](Conv& c) { c.input.swap(0, 1); })});
  all.push_back({{"cause.input_channels_reversed", {}}, Kind::input, true, where(plan.in_channels > 1, [](Conv& c) {
                   c.input.flip(1);
                 })});
  all.push_back(
      {{"cause.batch_reversed", {}}, Kind::batch, true, where(plan.batch > 1, [](Conv& c) { c.input.flip(0); })});
  all.push_back({{"cause.input_transposed", {}}, Kind::input, true, where(plan.in.h > 1 || plan.in.w > 1, [](Conv& c) {
                   c.input.swap(2, 3);
                 })});
}

void add_finish(const Facts& f, std::vector<Mistake>& all) {
  const auto mean = [&](const char* code, bool applies, int64_t divisor, Mean which) {
    all.push_back(
        {{code, {std::to_string(divisor)}}, Kind::scale, true, where(applies, [which](Conv& c) { c.mean = which; })});
  };
  const int64_t window = f.plan.kernel.h * f.plan.kernel.w;
  mean("cause.mean_of_products", f.plan.taps() > 1, f.plan.taps(), Mean::taps);
  mean("cause.mean_of_window", window > 1 && f.channels > 1, window, Mean::window);
  mean("cause.mean_of_channels", window > 1 && f.channels > 1, f.channels, Mean::channels);
  const auto finish = [&](const char* code, Finish which) {
    all.push_back({{code, {}}, Kind::sign, true, where(true, [which](Conv& c) { c.finish = which; })});
  };
  finish("cause.negated", Finish::negated);
  finish("cause.activated", Finish::positive);
  finish("cause.absolute", Finish::absolute);
}

/// The output's axes in each other order that moves a number; axes of one cell do not.
void add_orders(const Facts& f, std::vector<Mistake>& all) {
  const std::array<int64_t, 4> extents{f.plan.batch, f.plan.out_channels, f.plan.out.h, f.plan.out.w};
  const auto moving = [&](const std::array<size_t, 4>& order) {
    std::vector<size_t> axes;
    for (size_t axis : order) {
      if (extents[axis] > 1) axes.push_back(axis);
    }
    return axes;
  };
  std::array<size_t, 4> order{0, 1, 2, 3};
  std::vector<std::vector<size_t>> seen{moving(order)};
  while (std::next_permutation(order.begin(), order.end())) {
    const std::vector<size_t> axes = moving(order);
    if (std::find(seen.begin(), seen.end(), axes) != seen.end()) continue;
    seen.push_back(axes);
    Shape shape, back{0, 0, 0, 0};
    for (size_t place = 0; place < 4; ++place) {
      shape.push_back(extents[order[place]]);
      back[static_cast<int>(order[place])] = static_cast<int64_t>(place);
    }
    all.push_back({{"cause.output_permuted", {back.to_string()}}, Kind::order, true, [order](Conv& c) {
                     c.order = order;
                     return true;
                   }});
    all.push_back(
        {{"cause.output_reshaped", {shape.to_string(), back.to_string()}}, Kind::order, true, [order](Conv& c) {
           c.order = order;
           c.other_shape = true;
           return true;
         }});
  }
  all.push_back({{"cause.output_other_shape", {}}, Kind::order, true, [](Conv& c) { return c.other_shape = true; }});
}

/// Cells of the input or the output that stand one place further.
void add_shifts(const Facts& f, std::vector<Mistake>& all) {
  constexpr Pair kSteps[] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}};
  const auto moves = [](Pair by, Pair extents) { return (by.h == 0 || extents.h > 1) && (by.w == 0 || extents.w > 1); };
  const auto add = [&](const char* code, Pair by, bool applies, auto change) {
    all.push_back({{code, {std::to_string(by.h), std::to_string(by.w)}}, Kind::order, false, where(applies, change)});
  };
  for (Pair by : kSteps) {
    add("cause.output_rolled", by, moves(by, f.plan.out), [by](Conv& c) { c.output_shift = {by, true}; });
    add("cause.output_shifted", by, moves(by, f.plan.out), [by](Conv& c) { c.output_shift = {by, false}; });
    add("cause.input_rolled", by, moves(by, f.plan.in), [by](Conv& c) { c.input_roll = by; });
  }
}

/// Less than the whole output: one image or one channel of it, or all but the first or the last.
void add_parts(const Facts& f, std::vector<Mistake>& all) {
  struct Axis {
    size_t axis;
    int64_t extent;
    const char *one, *without;
  };
  for (const Axis& a : {Axis{0, f.plan.batch, "cause.output_one_image", "cause.output_image_missing"},
                        Axis{1, f.plan.out_channels, "cause.output_one_channel", "cause.output_channel_missing"}}) {
    const auto add = [&](const char* code, int64_t number, int64_t begin, int64_t count, bool dropped_axis) {
      all.push_back({{code, {std::to_string(number)}}, Kind::order, number == 0, [=, axis = a.axis](Conv& c) {
                       c.part_begin[axis] = begin;
                       c.part_count[axis] = count;
                       // y[:, k] has no axis of channels; one of a single cell may as well stand in front.
                       if (dropped_axis) c.order = {1, 0, 2, 3};
                       return true;
                     }});
    };
    constexpr int64_t kMostTried = 64;
    for (int64_t i = 0; a.extent > 1 && i < std::min(a.extent, kMostTried); ++i) {
      add(a.one, i, i, 1, false);
      if (a.axis == 1 && f.plan.batch > 1) add(a.one, i, i, 1, true);
    }
    // Of two, the other one alone has been looked at.
    if (a.extent < 3) continue;
    add(a.without, 0, 1, a.extent - 1, false);
    add(a.without, a.extent - 1, 0, a.extent - 1, false);
  }
}

/// A parameter with another value, the same on both axes; padding and stride together as well, which wrong shapes ask
/// for.
void add_values(const Facts& f, std::vector<Mistake>& all) {
  const auto same = [](int64_t value) { return Pair{value, value}; };
  const Pair effective = f.plan.effective_kernel();
  const int64_t most_padding = std::min<int64_t>(std::max(effective.h, effective.w), 16);
  for (int64_t p = 1; p <= most_padding; ++p) {
    const Pads other{p, p, p, p};
    all.push_back({{"cause.padding_value", {std::to_string(p)}},
                   Kind::padding,
                   false,
                   where(other != f.plan.pads, [other](Conv& c) { c.pads = other; })});
  }
  constexpr int64_t kMostSteps = 8;
  for (int64_t value = 2; value <= kMostSteps; ++value) {
    const Pair other = same(value);
    all.push_back({{"cause.stride_value", {std::to_string(value)}},
                   Kind::stride,
                   false,
                   where(other != f.plan.stride, [other](Conv& c) { c.stride = other; })});
    all.push_back({{"cause.dilation_value", {std::to_string(value)}},
                   Kind::dilation,
                   false,
                   where(other != f.plan.dilation, [other](Conv& c) { c.dilation = other; })});
  }
  for (int64_t s = 1; s <= kMostSteps; ++s) {
    for (int64_t p = 0; p <= most_padding; ++p) {
      const Pads pads{p, p, p, p};
      const Pair stride = same(s);
      all.push_back({{"cause.padding_stride_value", {std::to_string(p), std::to_string(s)}},
                     Kind::padding,
                     false,
                     where(pads != f.plan.pads && stride != f.plan.stride, [pads, stride](Conv& c) {
                       c.pads = pads;
                       c.stride = stride;
                     })});
    }
  }
}

}  // namespace

std::vector<Mistake> mistakes_of(const ConvPlan& plan) {
  const Facts facts(plan);
  std::vector<Mistake> all;
  add_kernel(facts, all);
  add_padding(facts, all);
  add_bias(facts, all);
  add_steps(facts, all);
  add_channels(facts, all);
  add_batch(facts, all);
  add_finish(facts, all);
  add_orders(facts, all);
  add_shifts(facts, all);
  add_parts(facts, all);
  add_values(facts, all);
  return all;
}

}  // namespace convscope
