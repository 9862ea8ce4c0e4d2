#include "random_operations.h"

#include <limits>
#include <sstream>
#include <type_traits>
#include <utility>

namespace convscope::testing {

namespace {

using Family = OperationFamily;

class Draw {
 public:
  explicit Draw(std::mt19937_64& random) : random_(random) {}

  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  bool chance(int64_t one_in) { return pick(1, one_in) == 1; }
  Spatial each(int dims, int64_t low, int64_t high) {
    Spatial s = Spatial::all(dims, 0);
    for (int i = 0; i < dims; ++i) s[i] = pick(low, high);
    return s;
  }
  DType dtype() { return chance(2) ? DType::float32 : DType::float64; }
  /// Numbers or pads; where the operation knows words, those too.
  SpatialPadding padding(int dims, bool knows_words) {
    SpatialPadding padding;
    padding.both = each(dims, 0, 3);
    padding.begin = each(dims, 0, 3);
    padding.end = each(dims, 0, 3);
    padding.kind = chance(2) ? PaddingKind::pads : PaddingKind::numbers;
    if (chance(knows_words ? 3 : 25)) padding.kind = chance(2) ? PaddingKind::same : PaddingKind::valid;
    return padding;
  }
  /// (channels, extents...), with a batch before it or none; rarely of a wrong rank.
  Shape input(int64_t channels, int dims) {
    Shape shape = chance(4) ? Shape{channels} : Shape{chance(12) ? 0 : pick(1, 3), channels};
    const int64_t longest = dims == 1 ? 60 : dims == 2 ? 13 : 7;
    for (int i = 0; i < dims; ++i) shape.push_back(pick(1, longest));
    if (chance(30)) shape.push_back(pick(1, 3));
    return shape;
  }

 private:
  std::mt19937_64& random_;
};

template <class Params>
void draw_channels(Draw& draw, Params& p) {
  p.groups = draw.pick(1, 3);
  p.in_channels = p.groups * draw.pick(1, 4);
  p.out_channels = p.groups * draw.pick(1, 6);
  p.kernel_size = draw.each(p.dims, 1, 4);
  p.stride = draw.chance(2) ? Spatial::all(p.dims, 1) : draw.each(p.dims, 1, 3);
  p.dilation = draw.chance(2) ? Spatial::all(p.dims, 1) : draw.each(p.dims, 1, 3);
  p.bias = draw.chance(2);
  p.dtype = draw.dtype();
}

OperationParams draw_params(Draw& draw, const Operation& operation) {
  const int dims = operation.dims;
  switch (operation.family) {
    case Family::conv:
    case Family::conv_backward: {
      ConvNdParams p = ConvNdParams::of(dims);
      draw_channels(draw, p);
      p.padding = draw.padding(dims, true);
      p.padding_mode = static_cast<PaddingMode>(draw.pick(0, 3));
      return p;
    }
    case Family::conv_transpose: {
      ConvTransposeParams p = ConvTransposeParams::of(dims);
      draw_channels(draw, p);
      p.padding = draw.padding(dims, false);
      if (draw.chance(3)) p.output_padding = draw.each(dims, 0, 2);
      if (draw.chance(6)) p.output_size = draw.each(dims, 1, 20);
      return p;
    }
    case Family::max_pool:
    case Family::avg_pool: {
      const bool is_max = operation.family == Family::max_pool;
      PoolParams p = PoolParams::of(is_max ? PoolKind::max : PoolKind::average, dims);
      p.kernel_size = draw.each(dims, 1, 5);
      if (draw.chance(2)) p.stride = draw.each(dims, 1, 4);
      p.padding = draw.padding(dims, false);
      // Half the kernel at most, most of the time.
      for (int i = 0; i < dims; ++i) {
        if (!draw.chance(20)) p.padding.both[i] = draw.pick(0, p.kernel_size[i] / 2);
      }
      if (is_max && draw.chance(2)) p.dilation = draw.each(dims, 1, 3);
      p.ceil_mode = draw.chance(2);
      p.count_include_pad = draw.chance(2);
      if (!is_max && dims > 1 && draw.chance(4)) p.divisor_override = draw.pick(-3, 7);
      p.dtype = draw.dtype();
      return p;
    }
    case Family::unfold:
    case Family::fold:
      break;
  }
  FoldParams p;
  p.kernel_size = draw.each(2, 1, 4);
  p.stride = draw.each(2, 1, 3);
  p.dilation = draw.each(2, 1, 2);
  p.padding = draw.padding(2, false);
  p.output_size = draw.each(2, 1, 12);
  p.dtype = draw.dtype();
  return p;
}

/// Columns that fold() takes, so far as the numbers allow.
Shape columns(Draw& draw, const FoldParams& p) {
  Shape shape = draw.chance(4) ? Shape{} : Shape{draw.pick(0, 3)};
  int64_t count = 1;
  for (int i = 0; i < 2; ++i) {
    const bool apart = p.padding.kind == PaddingKind::pads;
    const int64_t pads = apart ? p.padding.begin[i] + p.padding.end[i] : 2 * p.padding.both[i];
    count *= (p.output_size[i] + pads - p.dilation[i] * (p.kernel_size[i] - 1) - 1) / p.stride[i] + 1;
  }
  shape.push_back(draw.pick(1, 3) * p.kernel_size[0] * p.kernel_size[1] + (draw.chance(20) ? 1 : 0));
  shape.push_back(std::max<int64_t>(0, count) + (draw.chance(20) ? 1 : 0));
  return shape;
}

using Numbers = std::vector<std::pair<std::string, int64_t*>>;

void add(Numbers& numbers, const char* name, Spatial& values) {
  for (int i = 0; i < values.dims(); ++i) numbers.emplace_back(name, &values[i]);
}

/// Every number of the set under its name, to be changed or read.
Numbers numbers_of(RandomOperation& set) {
  Numbers numbers;
  for (int i = 0; i < set.input.rank(); ++i) numbers.emplace_back("input", &set.input[i]);
  std::visit(
      [&numbers]<class Params>(Params& p) {
        add(numbers, "kernel_size", p.kernel_size);
        add(numbers, "dilation", p.dilation);
        if (p.padding.kind == PaddingKind::numbers) add(numbers, "padding", p.padding.both);
        if (p.padding.kind == PaddingKind::pads) {
          add(numbers, "pads begin", p.padding.begin);
          add(numbers, "pads end", p.padding.end);
        }
        if constexpr (std::is_same_v<Params, PoolParams>) {
          if (p.stride) add(numbers, "stride", *p.stride);
          if (p.divisor_override) numbers.emplace_back("divisor_override", &*p.divisor_override);
        } else {
          add(numbers, "stride", p.stride);
        }
        if constexpr (std::is_same_v<Params, ConvNdParams> || std::is_same_v<Params, ConvTransposeParams>) {
          numbers.emplace_back("in_channels", &p.in_channels);
          numbers.emplace_back("out_channels", &p.out_channels);
          numbers.emplace_back("groups", &p.groups);
        }
        if constexpr (std::is_same_v<Params, ConvTransposeParams>) {
          add(numbers, "output_padding", p.output_padding);
          if (p.output_size) add(numbers, "output_size", *p.output_size);
        }
        if constexpr (std::is_same_v<Params, FoldParams>) add(numbers, "output_size", p.output_size);
      },
      set.params);
  return numbers;
}

void spoil(Draw& draw, RandomOperation& set) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kOne = 1;
  const int64_t kinds[] = {0,          -1,         -7,         kLeast,     kLeast + 1, 6,
                           100,        kOne << 20, kOne << 31, kOne << 32, kOne << 40, kOne << 61,
                           kOne << 62, kMost - 1,  kMost / 3,  kMost / 2,  kMost};
  const Numbers numbers = numbers_of(set);
  for (int64_t left = draw.pick(1, 2); left > 0; --left) {
    *numbers[static_cast<size_t>(draw.pick(0, std::ssize(numbers) - 1))].second =
        kinds[draw.pick(0, std::ssize(kinds) - 1)];
  }
}

}  // namespace

RandomOperation random_operation(std::mt19937_64& random, const Operation& operation) {
  Draw draw(random);
  RandomOperation set{operation, draw_params(draw, operation), {}};
  if (operation.family == Family::fold) {
    set.input = columns(draw, std::get<FoldParams>(set.params));
  } else {
    int64_t channels = draw.pick(1, 3);
    if (const auto* p = std::get_if<ConvNdParams>(&set.params)) channels = p->in_channels;
    if (const auto* p = std::get_if<ConvTransposeParams>(&set.params)) channels = p->in_channels;
    set.input = draw.input(channels, operation.dims);
  }
  if (draw.chance(3)) spoil(draw, set);
  return set;
}

Result<OperationPlan> validate(const RandomOperation& set) {
  const auto as_any = [](const auto& plan) -> Result<OperationPlan> {
    if (!plan) return plan.error();
    return OperationPlan(*plan);
  };
  return std::visit(
      [&]<class Params>(const Params& params) {
        if constexpr (std::is_same_v<Params, FoldParams>) {
          return as_any(set.operation.family == Family::fold ? validate_fold(params, set.input)
                                                             : validate_unfold(params, set.input));
        } else {
          return as_any(convscope::validate(params, set.input));
        }
      },
      set.params);
}

std::string describe(const RandomOperation& set) {
  RandomOperation copy = set;
  std::ostringstream text;
  text << set.operation.name;
  std::string last;
  for (const auto& [name, number] : numbers_of(copy)) {
    text << (name == last ? "," : " " + name + " ") << *number;
    last = name;
  }
  std::visit(
      [&text]<class Params>(const Params& p) {
        text << " padding kind " << static_cast<int>(p.padding.kind) << " " << name_of(p.dtype);
        if constexpr (std::is_same_v<Params, ConvNdParams>) text << " " << name_of(p.padding_mode);
        if constexpr (std::is_same_v<Params, PoolParams>) {
          text << " ceil_mode " << p.ceil_mode << " count_include_pad " << p.count_include_pad;
        }
      },
      set.params);
  return text.str();
}

}  // namespace convscope::testing
