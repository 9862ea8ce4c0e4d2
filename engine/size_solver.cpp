#include "engine/size_solver.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <tuple>

#include "engine/checked_math.h"
#include "engine/output_size.h"

namespace convscope {

namespace {

using Param = SizeParam;
constexpr size_t index(Param param) { return static_cast<size_t>(param); }

/// Candidates looked at for one answer: some ten milliseconds.
constexpr int64_t kMostCandidates = int64_t{1} << 21;
constexpr int64_t kLargestBound = int64_t{1} << 30;

/// A question, whole or of one axis.
struct Question : SizeQuestion {
  bool kernel_within_input = false;  // avg_pool3d's own rule
};

/// One axis of a candidate.
struct AxisNumbers {
  int64_t kernel = 1, stride = 1, pad_begin = 0, pad_end = 0, dilation = 1, output_padding = 0;
};

/// The output's extent along an axis, or nothing where the gate would refuse.
std::optional<int64_t> size_along(const Question& q, int axis, const AxisNumbers& a) {
  const WindowLayer& layer = q.present;
  const int64_t input = q.input[axis];
  if (layer.transposes()) {
    if (a.output_padding < 0 || a.output_padding >= std::max(a.stride, a.dilation)) return std::nullopt;
    const std::optional<int64_t> size =
        transposed_output_size(input, a.pad_begin, a.pad_end, a.kernel, a.dilation, a.stride, a.output_padding);
    return size && *size >= 1 ? size : std::nullopt;
  }
  if (layer.kind == LayerKind::conv) {
    const std::optional<OutputSize> size = output_size(input, a.pad_begin, a.pad_end, a.kernel, a.dilation, a.stride);
    return size && size->numerator >= 0 ? std::optional(size->out) : std::nullopt;
  }
  // PyTorch's rule for numbers, ONNX's for sides that differ; both as the gate has them.
  const std::optional<int64_t> reach = checked_mul(a.dilation, a.kernel - 1);
  if (!reach) return std::nullopt;
  const int64_t most = a.pad_begin == a.pad_end ? a.kernel / 2 : *reach;
  if (std::max(a.pad_begin, a.pad_end) > most) return std::nullopt;
  if (q.kernel_within_input && input < a.kernel) return std::nullopt;
  const std::optional<int64_t> size =
      pool_output_size(input, a.pad_begin, a.pad_end, a.kernel, a.dilation, a.stride, layer.ceil_mode);
  return size && *size >= 1 ? size : std::nullopt;
}

const Spatial& pads_begin(const WindowLayer& layer) {
  return layer.padding.kind == PaddingKind::pads ? layer.padding.begin : layer.padding.both;
}
const Spatial& pads_end(const WindowLayer& layer) {
  return layer.padding.kind == PaddingKind::pads ? layer.padding.end : layer.padding.both;
}

/// One value for every axis, or the present values where these are something else.
std::vector<Spatial> options_of(const Question& q, Param param, const Spatial& present) {
  std::vector<Spatial> options;
  const SizeBounds bounds = q.bounds[index(param)];
  bool has_present = false;
  if (!q.locked[index(param)]) {
    for (int64_t value = bounds.minimum; value <= bounds.maximum; ++value) {
      options.push_back(Spatial::all(present.dims(), value));
      has_present = has_present || options.back() == present;
    }
  }
  if (!has_present) options.push_back(present);
  return options;
}

/// Paddings, the same number on both sides, that can give the wanted size along one axis; closed form, so that a wide
/// range costs nothing where it holds no solution.
SizeBounds paddings_along(const WindowLayer& layer, int64_t input, int64_t wanted, const AxisNumbers& a,
                          SizeBounds within) {
  const SizeBounds none{1, 0};
  const auto narrowed = [&](std::optional<int64_t> least_total, std::optional<int64_t> most_total) {
    // An end that does not fit int64_t lies beyond any padding.
    if (!least_total || !most_total || *most_total < 0) return none;
    const int64_t least = *least_total <= 0 ? 0 : *least_total / 2 + *least_total % 2;
    return SizeBounds{std::max(within.minimum, least), std::min(within.maximum, *most_total / 2)};
  };
  const std::optional<int64_t> reach = checked_mul(a.dilation, a.kernel - 1);
  if (!reach) return none;
  if (layer.pools()) return {within.minimum, std::min(within.maximum, a.kernel / 2)};
  if (layer.transposes()) {
    // wanted = smallest - total + output_padding, and output_padding ends before the larger of stride and dilation.
    const std::optional<int64_t> smallest = transposed_output_size(input, 0, 0, a.kernel, a.dilation, a.stride, 0);
    if (!smallest) return none;
    const std::optional<int64_t> least = checked_sub(*smallest, wanted);
    return narrowed(least, least ? checked_add(*least, std::max(a.stride, a.dilation) - 1) : std::nullopt);
  }
  // (wanted - 1) * s <= input + total - reach - 1 < wanted * s
  const std::optional<int64_t> start = checked_mul(wanted - 1, a.stride);
  std::optional<int64_t> least = start ? checked_sub(*start, input - 1) : std::nullopt;
  if (least) least = checked_add(*least, *reach);
  return narrowed(least, least ? checked_add(*least, a.stride - 1) : std::nullopt);
}

std::tuple<int, int64_t> nearness(const SizeSolution& s) { return {s.changed, s.distance}; }

int compare(const Spatial& a, const Spatial& b) {
  for (int i = 0; i < a.dims(); ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

bool nearer(const SizeSolution& a, const SizeSolution& b) {
  if (nearness(a) != nearness(b)) return nearness(a) < nearness(b);
  const WindowLayer &x = a.layer, &y = b.layer;
  for (const auto& [left, right] :
       {std::pair(&x.kernel_size, &y.kernel_size), std::pair(&x.stride, &y.stride),
        std::pair(&x.padding.begin, &y.padding.begin), std::pair(&x.padding.end, &y.padding.end),
        std::pair(&x.dilation, &y.dilation), std::pair(&x.output_padding, &y.output_padding)}) {
    if (const int order = compare(*left, *right); order != 0) return order < 0;
  }
  return false;
}

/// The nearest `limit` of all that are added.
class Best {
 public:
  explicit Best(size_t limit) : limit_(limit) {}
  void add(const SizeSolution& solution) {
    ++count_;
    if (heap_.size() == limit_) {
      if (limit_ == 0 || !nearer(solution, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.back() = solution;
    } else {
      heap_.push_back(solution);
    }
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }
  int64_t count() const { return count_; }
  std::vector<SizeSolution> sorted() && {
    std::sort(heap_.begin(), heap_.end(), nearer);
    return std::move(heap_);
  }

 private:
  size_t limit_;
  int64_t count_ = 0;
  std::vector<SizeSolution> heap_;  // the farthest in front
};

/// Of numbers that are not negative; INT64_MAX stands for all that is farther.
int64_t capped_sum(int64_t a, int64_t b) { return checked_add(a, b).value_or(INT64_MAX); }

int64_t difference(const Spatial& a, const Spatial& b) {
  int64_t sum = 0;
  for (int i = 0; i < a.dims(); ++i) sum = capped_sum(sum, std::abs(a[i] - b[i]));
  return sum;
}

/// What a candidate changes, and how much.
SizeSolution measured(const Question& q, const WindowLayer& layer) {
  SizeSolution s;
  s.layer = layer;
  const WindowLayer& p = q.present;
  const std::array<int64_t, kSizeParams> distances = {
      difference(layer.kernel_size, p.kernel_size), difference(layer.stride, p.stride),
      std::max(difference(layer.padding.begin, pads_begin(p)), difference(layer.padding.end, pads_end(p))),
      difference(layer.dilation, p.dilation), difference(layer.output_padding, p.output_padding)};
  for (size_t i = 0; i < kSizeParams; ++i) {
    s.changes[i] = distances[i] != 0;
    s.changed += s.changes[i] ? 1 : 0;
    s.distance = capped_sum(s.distance, distances[i]);
  }
  s.keeps_size = !layer.transposes();
  for (int i = 0; i < layer.dims(); ++i) {
    const std::optional<int64_t> total = checked_add(layer.padding.begin[i], layer.padding.end[i]);
    const std::optional<int64_t> reach = checked_mul(layer.dilation[i], layer.kernel_size[i] - 1);
    s.keeps_size = s.keeps_size && layer.stride[i] == 1 && total && total == reach;
  }
  return s;
}

/// begin and end hold the padding; `both` as well, where they are alike.
void settle_padding(WindowLayer& layer) {
  const bool alike = layer.padding.begin == layer.padding.end;
  layer.padding.kind = alike ? PaddingKind::numbers : PaddingKind::pads;
  layer.padding.both = alike ? layer.padding.begin : Spatial::all(layer.dims(), 0);
}

AxisNumbers numbers_of(const WindowLayer& layer, int axis) {
  return {layer.kernel_size[axis], layer.stride[axis],   layer.padding.begin[axis],
          layer.padding.end[axis], layer.dilation[axis], layer.output_padding[axis]};
}

/// Sets the output_padding that gives the wanted size; false where there is none that may be taken.
bool settle_output_padding(const Question& q, WindowLayer& layer) {
  if (!layer.transposes()) return true;
  for (int i = 0; i < layer.dims(); ++i) {
    AxisNumbers a = numbers_of(layer, i);
    const std::optional<int64_t> smallest =
        transposed_output_size(q.input[i], a.pad_begin, a.pad_end, a.kernel, a.dilation, a.stride, 0);
    const std::optional<int64_t> missing = smallest ? checked_sub(q.wanted[i], *smallest) : std::nullopt;
    if (!missing) return false;
    layer.output_padding[i] = *missing;
  }
  if (layer.output_padding == q.present.output_padding) return true;
  const SizeBounds bounds = q.bounds[index(Param::output_padding)];
  const int64_t value = layer.output_padding[0];
  return !q.locked[index(Param::output_padding)] && layer.output_padding == Spatial::all(layer.dims(), value) &&
         value >= bounds.minimum && value <= bounds.maximum;
}

bool gives_wanted(const Question& q, const WindowLayer& layer) {
  for (int i = 0; i < layer.dims(); ++i) {
    if (size_along(q, i, numbers_of(layer, i)) != q.wanted[i]) return false;
  }
  return true;
}

/// Calls `visit` with every solution that treats all axes alike; with a question about one axis these are all. False
/// when there are too many candidates.
template <class Visit>
bool for_each_alike(const Question& q, int64_t& budget, Visit&& visit) {
  const WindowLayer& present = q.present;
  const int dims = present.dims();
  const bool padding_locked = q.locked[index(Param::padding)];
  const SizeBounds padding_bounds = q.bounds[index(Param::padding)];
  WindowLayer layer = present;
  const auto try_padding = [&](const Spatial& begin, const Spatial& end) {
    layer.padding.begin = begin;
    layer.padding.end = end;
    settle_padding(layer);
    if (settle_output_padding(q, layer) && gives_wanted(q, layer)) visit(measured(q, layer));
  };
  const std::vector<Spatial> kernels = options_of(q, Param::kernel_size, present.kernel_size);
  const std::vector<Spatial> strides = options_of(q, Param::stride, present.stride);
  const std::vector<Spatial> dilations = options_of(q, Param::dilation, present.dilation);
  for (const Spatial& kernel : kernels) {
    layer.kernel_size = kernel;
    for (const Spatial& stride : strides) {
      layer.stride = stride;
      for (const Spatial& dilation : dilations) {
        layer.dilation = dilation;
        bool has_present = false;
        if (!padding_locked) {
          SizeBounds range = padding_bounds;
          for (int i = 0; i < dims; ++i) {
            AxisNumbers a{kernel[i], stride[i], 0, 0, dilation[i], 0};
            range = paddings_along(layer, q.input[i], q.wanted[i], a, range);
          }
          for (int64_t padding = range.minimum; padding <= range.maximum; ++padding) {
            if (--budget < 0) return false;
            const Spatial both = Spatial::all(dims, padding);
            has_present = has_present || (both == pads_begin(present) && both == pads_end(present));
            try_padding(both, both);
          }
        }
        if (--budget < 0) return false;
        if (!has_present) try_padding(pads_begin(present), pads_end(present));
      }
    }
  }
  return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Axes apart

/// The question of one axis alone.
Question along(const Question& q, int axis) {
  Question one = q;
  const auto only = [axis](Spatial& s) { s = Spatial{s[axis]}; };
  WindowLayer& p = one.present;
  const Spatial begin = pads_begin(p), end = pads_end(p);
  for (Spatial* s : {&p.kernel_size, &p.stride, &p.dilation, &p.output_padding, &one.input, &one.wanted}) only(*s);
  p.padding.begin = Spatial{begin[axis]};
  p.padding.end = Spatial{end[axis]};
  p.padding.kind = PaddingKind::pads;
  p.padding.both = Spatial{0};
  return one;
}

/// Solutions by which parameters they change: what is nearest for a pair of axes is among the nearest of each axis that
/// change the same ones.
constexpr size_t kMasks = size_t{1} << kSizeParams;
using ByMask = std::vector<std::vector<SizeSolution>>;

size_t mask_of(const SizeSolution& s) {
  size_t mask = 0;
  for (size_t i = 0; i < kSizeParams; ++i) mask |= s.changes[i] ? size_t{1} << i : 0;
  return mask;
}

Spatial with_axis(Spatial s, int64_t value) {
  Spatial longer = Spatial::all(s.dims() + 1, value);
  for (int i = 0; i < s.dims(); ++i) longer[i] = s[i];
  return longer;
}

/// `first` with the axis of `next` behind its own.
SizeSolution joined(const SizeSolution& first, const SizeSolution& next) {
  SizeSolution both = first;
  WindowLayer& l = both.layer;
  const WindowLayer& n = next.layer;
  l.kernel_size = with_axis(l.kernel_size, n.kernel_size[0]);
  l.stride = with_axis(l.stride, n.stride[0]);
  l.dilation = with_axis(l.dilation, n.dilation[0]);
  l.output_padding = with_axis(l.output_padding, n.output_padding[0]);
  l.padding.begin = with_axis(l.padding.begin, n.padding.begin[0]);
  l.padding.end = with_axis(l.padding.end, n.padding.end[0]);
  settle_padding(l);
  both.distance = capped_sum(first.distance, next.distance);
  both.changed = 0;
  for (size_t i = 0; i < kSizeParams; ++i) {
    both.changes[i] = first.changes[i] || next.changes[i];
    both.changed += both.changes[i] ? 1 : 0;
  }
  both.keeps_size = first.keeps_size && next.keeps_size;
  return both;
}

bool all_equal(const Spatial& s) { return s == Spatial::all(s.dims(), s[0]); }

/// Whether every parameter is one number for all axes, or stays as it is: found by for_each_alike() already.
bool is_alike(const SizeSolution& s) {
  const WindowLayer& l = s.layer;
  const bool padding =
      !s.changes[index(Param::padding)] || (all_equal(l.padding.begin) && l.padding.begin == l.padding.end);
  return padding && (!s.changes[index(Param::kernel_size)] || all_equal(l.kernel_size)) &&
         (!s.changes[index(Param::stride)] || all_equal(l.stride)) &&
         (!s.changes[index(Param::dilation)] || all_equal(l.dilation)) &&
         (!s.changes[index(Param::output_padding)] || all_equal(l.output_padding));
}

/// The nearest `keep` of every set of changes for the axes of `first` and the one of `next`. Of the `last` axis, sets
/// of more changes are left out once those of fewer have brought as many.
ByMask joined(const ByMask& first, const ByMask& next, size_t keep, bool last) {
  std::vector<Best> best(kMasks, Best(keep));
  size_t found = 0;
  for (int changed = 0; changed <= static_cast<int>(kSizeParams) && !(last && found >= keep); ++changed) {
    for (size_t a = 0; a < kMasks; ++a) {
      for (size_t b = 0; b < kMasks; ++b) {
        if (std::popcount(a | b) != changed) continue;
        for (size_t i = 0; i < first[a].size(); ++i) {
          // Both lists ascend: before this pair come (i + 1) * (j + 1) - 1 others of the same two.
          for (size_t j = 0; j < next[b].size() && (i + 1) * (j + 1) <= keep; ++j) {
            best[a | b].add(joined(first[a][i], next[b][j]));
            ++found;
          }
        }
      }
    }
  }
  ByMask lists(kMasks);
  for (size_t mask = 0; mask < kMasks; ++mask) lists[mask] = std::move(best[mask]).sorted();
  return lists;
}

/// Adds solutions that set axes apart, up to the limit, and counts all.
bool add_apart(const Question& q, int64_t& budget, SizeSolutions& found) {
  const int dims = q.present.dims();
  const auto wanted = static_cast<size_t>(q.limit);
  // Those that are listed already may come up again.
  const size_t keep = wanted + found.nearest.size();
  ByMask so_far;
  std::optional<int64_t> total = 1;
  for (int axis = 0; axis < dims; ++axis) {
    const Question one = along(q, axis);
    std::vector<Best> best(kMasks, Best(keep));
    int64_t count = 0;
    const bool done = for_each_alike(one, budget, [&](const SizeSolution& s) {
      ++count;
      best[mask_of(s)].add(s);
    });
    if (!done) return false;
    if (total) total = checked_mul(*total, count);
    if (count == 0) total = 0;
    ByMask here(kMasks);
    for (size_t mask = 0; mask < kMasks; ++mask) here[mask] = std::move(best[mask]).sorted();
    if (axis == 0) {
      so_far = std::move(here);
      continue;
    }
    so_far = joined(so_far, here, keep, axis + 1 == dims);
  }
  found.total = total.value_or(INT64_MAX);
  Best best(keep);
  for (const std::vector<SizeSolution>& solutions : so_far) {
    for (const SizeSolution& solution : solutions) best.add(solution);
  }
  for (SizeSolution& solution : std::move(best).sorted()) {
    if (found.nearest.size() == wanted) break;
    solution.layer.name = q.present.name;
    if (!is_alike(solution)) found.nearest.push_back(std::move(solution));
  }
  return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Without a solution

/// The nearest sizes along one axis. They grow with the padding, and shrink with it where the layer transposes: the
/// nearest lie at the ends of its range or on both sides of the paddings that would fit.
class NearestSizes {
 public:
  NearestSizes(const Question& one, SizeReach& reach) : q_(one), reach_(reach) {}

  /// False when there are too many candidates.
  bool look(int64_t& budget) {
    const WindowLayer& present = q_.present;
    for (const Spatial& kernel : options_of(q_, Param::kernel_size, present.kernel_size)) {
      for (const Spatial& stride : options_of(q_, Param::stride, present.stride)) {
        for (const Spatial& dilation : options_of(q_, Param::dilation, present.dilation)) {
          if ((budget -= 12) < 0) return false;
          numbers_ = {kernel[0], stride[0], 0, 0, dilation[0], 0};
          note_padding(pads_begin(present)[0], pads_end(present)[0]);
          if (!q_.locked[index(Param::padding)] && !note_paddings(budget)) return false;
        }
      }
    }
    return true;
  }

 private:
  void note(const AxisNumbers& a) {
    const std::optional<int64_t> size = size_along(q_, 0, a);
    if (!size) return;
    if (*size <= q_.wanted[0]) reach_.below = std::max(reach_.below.value_or(*size), *size);
    if (*size >= q_.wanted[0]) reach_.above = std::min(reach_.above.value_or(*size), *size);
  }

  /// What output_padding may be besides what it is; empty where it is locked.
  SizeBounds output_paddings() const {
    if (!q_.present.transposes() || q_.locked[index(Param::output_padding)]) return {1, 0};
    const SizeBounds bounds = q_.bounds[index(Param::output_padding)];
    return {bounds.minimum, std::min(bounds.maximum, std::max(numbers_.stride, numbers_.dilation) - 1)};
  }

  void note_padding(int64_t begin, int64_t end) {
    AxisNumbers a = numbers_;
    a.pad_begin = begin;
    a.pad_end = end;
    a.output_padding = q_.present.output_padding[0];
    note(a);
    const SizeBounds more = output_paddings();
    if (more.minimum > more.maximum) return;
    const std::optional<int64_t> size =
        transposed_output_size(q_.input[0], begin, end, a.kernel, a.dilation, a.stride, 0);
    if (!size) return;
    const int64_t missing = checked_sub(q_.wanted[0], *size).value_or(0);
    for (const int64_t value : {missing, more.minimum, more.maximum}) {
      a.output_padding = std::clamp(value, more.minimum, more.maximum);
      note(a);
    }
  }

  bool note_paddings(int64_t& budget) {
    SizeBounds within = q_.bounds[index(Param::padding)];
    if (q_.present.pools()) {
      // At most half the kernel: few enough to try all.
      within.maximum = std::min(within.maximum, numbers_.kernel / 2);
      for (int64_t padding = within.minimum; padding <= within.maximum; ++padding) {
        if (--budget < 0) return false;
        note_padding(padding, padding);
      }
      return true;
    }
    if (within.minimum > within.maximum) return true;
    const SizeBounds fits =
        paddings_along(q_.present, q_.input[0], q_.wanted[0], numbers_, SizeBounds{0, kLargestBound});
    note_around(within, fits.minimum);
    note_around(within, fits.maximum);
    note_around(within, within.minimum);
    note_around(within, within.maximum);
    const SizeBounds more = output_paddings();
    const std::optional<int64_t> bare =
        transposed_output_size(q_.input[0], 0, 0, numbers_.kernel, numbers_.dilation, numbers_.stride, 0);
    if (!q_.present.transposes() || !bare) return true;
    for (const int64_t value : {more.minimum, more.maximum, q_.present.output_padding[0]}) {
      const std::optional<int64_t> longest = checked_add(*bare, value);
      if (longest) note_around(within, (*longest - q_.wanted[0]) / 2);
    }
    return true;
  }

  void note_around(const SizeBounds& within, int64_t padding) {
    for (int64_t near = padding - 1; near <= padding + 1; ++near) {
      const int64_t inside = std::clamp(near, within.minimum, within.maximum);
      note_padding(inside, inside);
    }
  }

  const Question& q_;
  SizeReach& reach_;
  AxisNumbers numbers_;
};

Result<void> check_question(const SizeQuestion& q) {
  const WindowLayer& p = q.present;
  if (p.padding.kind == PaddingKind::same || p.padding.kind == PaddingKind::valid) {
    return Error{"error.padding_word", "padding", {}};
  }
  if (Result<void> good = check_window_numbers(p.kernel_size, p.stride, p.padding, p.dilation); !good) return good;
  if (!p.output_padding.all_at_least(0)) {
    return Error{"error.output_padding_negative", "output_padding", {p.output_padding.to_string()}};
  }
  for (const auto& [name, size] : {std::pair("input_size", &q.input), std::pair("output_size", &q.wanted)}) {
    if (!size->all_at_least(1)) return Error{"error.solver_size_not_positive", name, {name, size->to_string_by()}};
  }
  for (size_t i = 0; i < kSizeParams; ++i) {
    if (q.locked[i]) continue;
    const auto param = static_cast<Param>(i);
    const int64_t least = param == Param::padding || param == Param::output_padding ? 0 : 1;
    const SizeBounds bounds = q.bounds[i];
    if (bounds.minimum >= least && bounds.minimum <= bounds.maximum && bounds.maximum <= kLargestBound) continue;
    return Error{"error.solver_bounds",
                 name_of(param),
                 {name_of(param), std::to_string(bounds.minimum), std::to_string(bounds.maximum), std::to_string(least),
                  std::to_string(kLargestBound)}};
  }
  // The three parameters without a closed form are tried one by one.
  int64_t tried = 1;
  for (Param param : {Param::kernel_size, Param::stride, Param::dilation}) {
    const SizeBounds bounds = q.bounds[index(param)];
    const int64_t options = q.locked[index(param)] ? 1 : bounds.maximum - bounds.minimum + 2;
    tried = std::min(checked_mul(tried, options).value_or(INT64_MAX), kMostCandidates + 1);
  }
  if (tried > kMostCandidates) return Error{"error.solver_too_wide", "", {std::to_string(kMostCandidates)}};
  return {};
}

/// The nearest that treat all axes alike; false when there are too many candidates.
bool solve_alike(const Question& q, int64_t& budget, SizeSolutions& found) {
  Best best(static_cast<size_t>(q.limit));
  if (!for_each_alike(q, budget, [&](const SizeSolution& s) { best.add(s); })) return false;
  found.alike = found.total = best.count();
  found.nearest = std::move(best).sorted();
  return true;
}

/// Whether all axes ask the same: then one answer serves all.
bool axes_agree(const Question& q) {
  const WindowLayer& p = q.present;
  for (const Spatial* s :
       {&q.input, &q.wanted, &p.kernel_size, &p.stride, &p.dilation, &p.output_padding, &pads_begin(p), &pads_end(p)}) {
    if (!all_equal(*s)) return false;
  }
  return true;
}

bool solve_all(const Question& q, int64_t& budget, SizeSolutions& found) {
  if (!solve_alike(q, budget, found)) return false;
  return axes_agree(q) || add_apart(q, budget, found);
}

/// What would help.
bool explain_none(const Question& q, int64_t& budget, SizeSolutions& found) {
  for (int axis = 0; axis < q.present.dims(); ++axis) {
    const Question one = along(q, axis);
    if (!NearestSizes(one, found.reach.emplace_back()).look(budget)) return false;
  }
  for (size_t i = 0; i < kSizeParams; ++i) {
    const SizeQuestion standard = SizeQuestion::of(q.present, q.input, q.wanted);
    if (!q.locked[i] || standard.locked[i]) continue;
    Question opened = q;
    opened.locked[i] = false;
    // Nobody has looked at the bounds of what was locked.
    if (!check_question(opened)) opened.bounds[i] = standard.bounds[i];
    if (!check_question(opened)) continue;
    opened.limit = 1;
    SizeSolutions others;
    if (!solve_all(opened, budget, others)) return false;
    if (others.total > 0) found.loosen.push_back(static_cast<Param>(i));
  }
  return true;
}

}  // namespace

const char* name_of(SizeParam param) {
  constexpr std::array<const char*, kSizeParams> kNames = {"kernel_size", "stride", "padding", "dilation",
                                                           "output_padding"};
  return kNames[index(param)];
}

std::span<const SizeParam> size_params_of(LayerKind kind) {
  static constexpr std::array<Param, kSizeParams> kAll = {Param::kernel_size, Param::stride, Param::padding,
                                                          Param::dilation, Param::output_padding};
  const size_t count = kind == LayerKind::avg_pool ? 3 : kind == LayerKind::conv_transpose ? 5 : 4;
  return std::span(kAll).first(count);
}

SizeQuestion SizeQuestion::of(const WindowLayer& present, const Spatial& input, const Spatial& wanted) {
  SizeQuestion q;
  q.present = present;
  q.input = input;
  q.wanted = wanted;
  q.bounds = {{{1, 11}, {1, 8}, {0, 10}, {1, 4}, {0, 7}}};
  q.is_locked(Param::dilation) = present.kind == LayerKind::avg_pool;
  q.is_locked(Param::output_padding) = !present.transposes();
  return q;
}

Result<SizeSolutions> solve_size(const SizeQuestion& question) {
  if (Result<void> good = check_question(question); !good) return good.error();
  Question q{question};
  q.kernel_within_input = q.present.kind == LayerKind::avg_pool && q.present.dims() == 3;
  q.limit = std::clamp<int64_t>(q.limit, 1, 1000);
  int64_t budget = kMostCandidates;
  const Error too_wide{"error.solver_too_wide", "", {std::to_string(kMostCandidates)}};
  SizeSolutions found;
  if (!solve_all(q, budget, found)) return too_wide;
  budget = kMostCandidates;
  if (found.total == 0 && !explain_none(q, budget, found)) found.loosen.clear();
  return found;
}

Result<Spatial> output_padding_for(const WindowLayer& layer, const Spatial& input, const Spatial& wanted) {
  ConvTransposeParams params = ConvTransposeParams::of(layer.dims());
  params.kernel_size = layer.kernel_size;
  params.stride = layer.stride;
  params.padding = layer.padding;
  params.dilation = layer.dilation;
  params.output_size = wanted;
  Shape shape{1, 1};
  for (int64_t extent : input) shape.push_back(extent);
  const Result<ConvTransposePlan> plan = validate(params, shape);
  return plan ? Result<Spatial>(plan->output_padding) : plan.error();
}

}  // namespace convscope
