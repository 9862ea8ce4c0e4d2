// Transposed convolution and pooling in words: the step and the size formula.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/scene/operation_scene.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

void append_number(std::string& out, int64_t value) { out.append(Digits(value)); }

// "+ 2·p", or both pads where they differ.
void append_pads(std::string& out, const char* sign, int64_t begin, int64_t end) {
  out += sign;
  if (begin == end) {
    out += "2\u00b7";
    append_number(out, begin);
  } else {
    append_number(out, begin);
    out += sign;
    append_number(out, end);
  }
}

// "(3 - 1)*2 - 2*1 + 1*(3 - 1) + 0 + 1 = 5"
void append_transposed(std::string& out, const WindowAxis& axis, int64_t output_padding) {
  out += "(";
  append_number(out, axis.count);
  out += " \u2212 1)\u00b7";
  append_number(out, axis.stride);
  append_pads(out, " \u2212 ", axis.pad_begin, axis.pad_end);
  out += " + ";
  append_number(out, axis.dilation);
  out += "\u00b7(";
  append_number(out, axis.kernel);
  out += " \u2212 1) + ";
  append_number(out, output_padding);
  out += " + 1 = ";
  append_number(out, axis.extent);
}

// "floor((5 + 2*0 - 1*(2 - 1) - 1) / 2) + 1 = 2"; average pooling has no dilation: "floor((5 + 2*0 - 2) / 2) + 1 = 2"
void append_pool(std::string& out, const WindowAxis& axis, bool ceil_mode, bool dilates) {
  out += ceil_mode ? "\u2308(" : "\u230a(";
  append_number(out, axis.extent);
  append_pads(out, " + ", axis.pad_begin, axis.pad_end);
  out += " \u2212 ";
  if (dilates) {
    append_number(out, axis.dilation);
    out += "\u00b7(";
    append_number(out, axis.kernel);
    out += " \u2212 1) \u2212 1) / ";
  } else {
    append_number(out, axis.kernel);
    out += ") / ";
  }
  append_number(out, axis.stride);
  out += ceil_mode ? "\u2309 + 1" : "\u230b + 1";
  if (pool_size(axis, ceil_mode).dropped) out += " \u2212 1";
  out += " = ";
  append_number(out, axis.count);
}

// "0, 0, 1, 2", without the first where there is no batch.
class Index {
 public:
  Index(bool unbatched, int64_t n, int64_t c, int64_t y, int64_t x) {
    const auto wide = [](int64_t value) { return static_cast<long long>(value); };
    length_ = unbatched
                  ? std::snprintf(text_, sizeof text_, "%lld, %lld, %lld", wide(c), wide(y), wide(x))
                  : std::snprintf(text_, sizeof text_, "%lld, %lld, %lld, %lld", wide(n), wide(c), wide(y), wide(x));
  }
  operator std::string_view() const { return {text_, static_cast<size_t>(length_)}; }

 private:
  char text_[128];
  int length_ = 0;
};

// The part of the output below a stamp, as a slice: "0, 0, 2:5, 0:3"; with a dilation "0, 0, 0:5:2, 1:6:2".
class SliceIndex {
 public:
  SliceIndex(const ConvTransposePlan& plan, const Stamp& stamp) {
    const auto wide = [](int64_t value) { return static_cast<long long>(value); };
    length_ = plan.unbatched ? std::snprintf(text_, sizeof text_, "%lld", wide(stamp.k))
                             : std::snprintf(text_, sizeof text_, "%lld, %lld", wide(stamp.n), wide(stamp.k));
    axis(plan.windows.height(), stamp.y);
    axis(plan.windows.width(), stamp.x);
  }
  operator std::string_view() const { return {text_, static_cast<size_t>(length_)}; }
  bool empty() const { return empty_; }

 private:
  void axis(const WindowAxis& axis, int64_t window) {
    int64_t first = axis.extent, last = -1;
    for (int64_t tap = 0; tap < axis.kernel; ++tap) {
      const int64_t cell = axis.cell(window, tap);
      if (cell < 0 || cell >= axis.extent) continue;
      first = std::min(first, cell);
      last = std::max(last, cell);
    }
    empty_ = empty_ || last < 0;
    const size_t room = sizeof text_ - static_cast<size_t>(length_);
    length_ += std::snprintf(text_ + length_, room, ", %lld:%lld", static_cast<long long>(first),
                             static_cast<long long>(last + 1));
    if (axis.dilation == 1 || axis.kernel == 1) return;
    length_ += std::snprintf(text_ + length_, sizeof text_ - static_cast<size_t>(length_), ":%lld",
                             static_cast<long long>(axis.dilation));
  }
  char text_[192];
  int length_ = 0;
  bool empty_ = false;
};

// A number of the range that takes as much room as any.
double longest_of(const NumberRange& range) {
  const double largest = std::floor(range.max_abs()) + (range.integral ? 0 : 0.1111);
  return range.min < 0 ? -largest : largest;
}

void append_scatter(std::string& out, Language language, const ConvTransposePlan& plan, int64_t step, double of_input) {
  const Stamp stamp = stamp_of_step(plan, step);
  const Index from(plan.unbatched, stamp.n, stamp.c, stamp.y, stamp.x);
  const SliceIndex to(plan, stamp);
  const Digits at(step + 1), steps(stamp_count(plan)), value(of_input);
  append_words(out, words_of(language, to.empty() ? "scene.scatter_cropped" : "scene.scatter"),
               {at, steps, from, value, to});
}

struct GatherNumbers {
  OutputCell cell;
  int64_t products = 0;  // not with inserted zeros or the border
  double sum = 0, bias = 0, result = 0;
};

void append_gather(std::string& out, Language language, const ConvTransposePlan& plan, int64_t step, int64_t steps,
                   const GatherNumbers& a) {
  const int64_t taps = plan.channels_per_group() * plan.windows.taps();
  const Index where(plan.unbatched, a.cell.n, a.cell.c, a.cell.y, a.cell.x);
  const Digits at(step + 1), all(steps), zeros(taps - a.products), products(a.products), sum(a.sum), bias(a.bias),
      result(a.result);
  append_words(out, words_of(language, plan.bias ? "scene.gather_bias" : "scene.gather"),
               {at, all, where, products, zeros, sum, bias, result});
}

void append_pooled(std::string& out, Language language, const PoolPlan& plan, int64_t step, const PoolArithmetic& a) {
  const Index where(plan.unbatched, a.cell.n, a.cell.c, a.cell.y, a.cell.x);
  const Digits at(step + 1), steps(plan.output_cells()), real(a.real), sum(a.sum), divisor(a.divisor), result(a.result),
      ties(a.ties);
  if (plan.kind == PoolKind::average) {
    append_words(out, words_of(language, a.real == 1 ? "scene.pool_average_one" : "scene.pool_average"),
                 {at, steps, where, real, sum, divisor, result});
  } else {
    const char* key = a.real == 1 ? "scene.pool_max_one" : a.ties > 1 ? "scene.pool_max_ties" : "scene.pool_max";
    append_words(out, words_of(language, key), {at, steps, where, real, result, ties});
  }
}

// "Step 4 of 27: Y[0, 0, 0, 1, 0] = sum of 8 products = 36", with the words that conv2d has.
void append_volume(std::string& out, Language language, const ConvNdPlan& plan, int64_t step, const CellArithmetic& a) {
  const VolumeCell cell = volume_cell_of_step(plan, step);
  char where[160];
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  const int length = plan.unbatched ? std::snprintf(where, sizeof where, "%lld, %lld, %lld, %lld", wide(cell.c),
                                                    wide(cell.d), wide(cell.y), wide(cell.x))
                                    : std::snprintf(where, sizeof where, "%lld, %lld, %lld, %lld, %lld", wide(cell.n),
                                                    wide(cell.c), wide(cell.d), wide(cell.y), wide(cell.x));
  const Digits at(step + 1), steps(plan.output_cells()), taps(plan.taps()), sum(a.sum), bias(a.bias), result(a.result);
  const bool one = plan.taps() == 1;
  const char* key = plan.bias ? (one ? "scene.sentence_bias_one" : "scene.sentence_bias")
                              : (one ? "scene.sentence_one" : "scene.sentence");
  const std::string_view index{where, static_cast<size_t>(length)};
  if (plan.bias) {
    append_words(out, words_of(language, key), {at, steps, index, taps, sum, bias, result});
  } else {
    append_words(out, words_of(language, key), {at, steps, index, taps, result});
  }
}

OutputCell gathered_cell(const ConvTransposePlan& plan, int64_t step) { return cell_of_step(gather_plan(plan), step); }

}  // namespace

void append_size_formula(std::string& out, const OperationPlan& plan, bool horizontal) {
  if (const ConvPlan* conv = plan.conv2d()) {
    append_size_formula(out, *conv, horizontal);
  } else if (const ConvNdPlan* volume = plan.volume()) {
    append_size_formula(out, horizontal ? volume->windows.width() : volume->windows.height());
  } else if (const ConvTransposePlan* transposed = plan.transposed()) {
    append_transposed(out, horizontal ? transposed->windows.width() : transposed->windows.height(),
                      transposed->output_padding[horizontal ? 1 : 0]);
  } else {
    const PoolPlan& pooling = *plan.pool();
    append_pool(out, horizontal ? pooling.windows.width() : pooling.windows.height(), pooling.ceil_mode,
                pooling.kind == PoolKind::max);
  }
}

bool same_on_both_axes(const OperationPlan& plan) {
  if (const ConvPlan* conv = plan.conv2d()) return same_on_both_axes(*conv);
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    return transposed->windows.height() == transposed->windows.width() &&
           transposed->output_padding[0] == transposed->output_padding[1];
  }
  if (const ConvNdPlan* volume = plan.volume()) return volume->windows.height() == volume->windows.width();
  return plan.pool()->windows.height() == plan.pool()->windows.width();
}

void append_operation_sentence(std::string& out, Language language, const Computation& computation, Lens lens,
                               int64_t step) {
  const OperationPlan& plan = computation.plan;
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    if (lens != Lens::gather) {
      const Stamp stamp = stamp_of_step(*transposed, step);
      const double value = TensorView(computation.tensors.input).at(stamp.n, stamp.c, stamp.y, stamp.x);
      return append_scatter(out, language, *transposed, step, value);
    }
    thread_local TransposedArithmetic arithmetic;  // keeps its memory from frame to frame
    transposed_arithmetic(*transposed, computation.tensors, gathered_cell(*transposed, step), arithmetic);
    append_gather(out, language, *transposed, step, plan.output_cells(),
                  {arithmetic.cell, static_cast<int64_t>(arithmetic.values.size()), arithmetic.sum, arithmetic.bias,
                   arithmetic.result});
    return;
  }
  if (const ConvNdPlan* volume = plan.volume()) {
    thread_local CellArithmetic arithmetic;  // keeps its memory from frame to frame
    volume_arithmetic(*volume, computation.tensors, volume_cell_of_step(*volume, step), arithmetic);
    return append_volume(out, language, *volume, step, arithmetic);
  }
  const PoolPlan& pooling = *plan.pool();
  append_pooled(out, language, pooling, step, pooled_cell(computation, pool_cell_of_step(pooling, step)));
}

const std::string& longest_operation_sentence(Language language, const Computation& computation, Lens lens) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  const OperationPlan& plan = computation.plan;
  const int64_t last = step_count(plan, lens) - 1;
  const double magnitude = longest_of(range_of(computation.tensors.output));
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    if (lens != Lens::gather) {
      append_scatter(words, language, *transposed, last, longest_of(range_of(computation.tensors.input)));
    } else {
      append_gather(words, language, *transposed, last, last + 1,
                    {gathered_cell(*transposed, last), transposed->channels_per_group() * transposed->windows.taps(),
                     magnitude, magnitude, magnitude});
    }
    return words;
  }
  if (const ConvNdPlan* volume = plan.volume()) {
    CellArithmetic longest;
    longest.sum = longest.bias = longest.result = magnitude;
    append_volume(words, language, *volume, last, longest);
    return words;
  }
  const PoolPlan& pooling = *plan.pool();
  PoolArithmetic longest;
  longest.cell = pool_cell_of_step(pooling, last);
  longest.real = longest.ties = pooling.windows.taps();
  longest.divisor = pooling.divisor_override.value_or(pooling.windows.taps());
  longest.sum = magnitude * static_cast<double>(longest.real);
  longest.result = magnitude;
  append_pooled(words, language, pooling, last, longest);
  return words;
}

int64_t longest_axis(const OperationPlan& plan, Lens lens) {
  const Pair in = plan.in(), out = plan.out();
  int64_t longest = std::max({in.h, in.w, out.h, out.w, int64_t{1}});
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    for (const WindowAxis* axis : {&transposed->windows.height(), &transposed->windows.width()}) {
      longest = std::max(longest, axis->extent + axis->pad_begin + axis->pad_end);
      if (lens == Lens::gather) longest = std::max(longest, axis->count * axis->stride + 2 * axis->effective_kernel());
    }
  } else if (const ConvNdPlan* volume = plan.volume()) {
    // Volumes stand as rows of slices.
    const WindowAxis& depth = volume->windows.depth();
    const int64_t slices = std::min<int64_t>(std::max(depth.extent + depth.pad_begin + depth.pad_end, depth.count), 32);
    for (const WindowAxis* axis : {&volume->windows.height(), &volume->windows.width()}) {
      longest = std::max(longest, axis->extent + axis->pad_begin + axis->pad_end);
    }
    longest *= slices;
  } else if (const PoolPlan* pooling = plan.pool()) {
    for (const WindowAxis* axis : {&pooling->windows.height(), &pooling->windows.width()}) {
      longest = std::max(longest, axis->extent + axis->pad_begin + pool_reach(*axis));
    }
  }
  return longest;
}

}  // namespace convscope
