#include "app/session/operation_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "app/session/named_kernels.h"
#include "engine/checked_math.h"
#include "engine/conv_nd_plan.h"
#include "engine/kernel_learning.h"
#include "engine/transpose_trace.h"

namespace convscope {

namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

Spatial spatial(Pair pair) { return {pair.h, pair.w}; }

SpatialPadding padding_of(const ConvParams& params) {
  SpatialPadding padding;
  padding.kind = params.padding_kind;
  padding.both = spatial(params.padding);
  padding.begin = {params.pads.top, params.pads.left};
  padding.end = {params.pads.bottom, params.pads.right};
  return padding;
}

constexpr std::array<std::string_view, 6> kShown = {"conv2d",           "conv1d",     "conv3d",
                                                    "conv_transpose2d", "max_pool2d", "avg_pool2d"};

/// What conv1d takes of the parameters; the rest is a height of 1.
ConvNdParams conv1d_params(const ConvParams& p) {
  ConvNdParams params = ConvNdParams::of(1);
  params.in_channels = p.in_channels;
  params.out_channels = p.out_channels;
  params.kernel_size = {p.kernel_size.w};
  params.stride = {p.stride.w};
  params.padding.kind = p.padding_kind;
  params.padding.both = {p.padding.w};
  params.padding.begin = {p.pads.left};
  params.padding.end = {p.pads.right};
  params.dilation = {p.dilation.w};
  params.groups = p.groups;
  params.bias = p.bias;
  params.padding_mode = p.padding_mode;
  params.dtype = p.dtype;
  return params;
}

/// Of typed numbers the first row of each plane: what is left of them on one axis.
void keep_first_rows(TensorSource& source, int64_t rows, int64_t cols) {
  if (source.kind != SourceKind::values || source.values == nullptr || rows <= 1 || cols < 1) return;
  const auto row = static_cast<size_t>(cols), plane = static_cast<size_t>(rows) * row;
  if (source.values->size() % plane != 0) return;
  auto kept = std::make_shared<std::vector<double>>();
  for (size_t at = 0; at < source.values->size(); at += plane) {
    const auto first = source.values->begin() + static_cast<std::ptrdiff_t>(at);
    kept->insert(kept->end(), first, first + static_cast<std::ptrdiff_t>(row));
  }
  source.values = std::move(kept);
}

/// Of typed numbers each plane so many times, or of so many planes the first.
void repeat_planes(TensorSource& source, int64_t cells, int64_t times) {
  if (source.kind != SourceKind::values || source.values == nullptr || cells < 1 || times < 1) return;
  const auto plane = static_cast<size_t>(cells);
  if (source.values->size() % plane != 0) return;
  auto kept = std::make_shared<std::vector<double>>();
  for (size_t at = 0; at < source.values->size(); at += plane) {
    const auto first = source.values->begin() + static_cast<std::ptrdiff_t>(at);
    for (int64_t i = 0; i < times; ++i) kept->insert(kept->end(), first, first + cells);
  }
  source.values = std::move(kept);
}

/// What a picture becomes as a volume: some equal slices, few enough to be looked at.
constexpr int64_t kNewDepth = 4;
/// No more typed numbers than that come of it.
constexpr int64_t kMostRepeated = int64_t{1} << 16;

/// The session's layer with a depth in front of height and width: as many taps as along the height, and of everything
/// else what the height has.
void deepen(Session& session) {
  ConvParams& p = session.params;
  Shape& shape = session.input_shape;
  DepthParams& depth = session.more.depth;
  const int rank = shape.rank();
  if (rank != 3 && rank != 4) return;
  const int64_t cells = shape[rank - 1] * shape[rank - 2];
  // A picture is no volume.
  if (session.input.kind == SourceKind::sample || session.input.kind == SourceKind::image) {
    session.input = TensorSource{SourceKind::randn, {}, {}, nullptr};
    constexpr int64_t kMostCells = 16;
    shape[rank - 1] = std::min(shape[rank - 1], kMostCells);
    shape[rank - 2] = std::min(shape[rank - 2], kMostCells);
  }
  const auto few = [&](const TensorSource& source, int64_t times) {
    return source.values == nullptr || static_cast<int64_t>(source.values->size()) <= kMostRepeated / times;
  };
  if (few(session.input, kNewDepth)) {
    repeat_planes(session.input, cells, kNewDepth);
  } else {
    session.input = TensorSource{SourceKind::randn, {}, {}, nullptr};
  }
  Shape deep;
  for (int axis = 0; axis < rank; ++axis) {
    if (axis == rank - 2) deep.push_back(kNewDepth);
    deep.push_back(shape[axis]);
  }
  shape = deep;
  depth = DepthParams{};
  depth.padding = std::clamp<int64_t>(p.padding.h, 0, 1);
  if (p.padding_kind == PaddingKind::same) depth.padding = 0;
  depth.kernel_size = std::clamp<int64_t>(p.kernel_size.h, 1, kNewDepth);
  if (few(session.weight, depth.kernel_size)) {
    repeat_planes(session.weight, p.kernel_size.h * p.kernel_size.w, depth.kernel_size);
  } else {
    session.weight = TensorSource{SourceKind::randn, {}, {}, nullptr};
  }
}

/// A session of conv3d without its depth: the first slices are kept.
void drop_depth(Session& session) {
  Shape& shape = session.input_shape;
  const ConvParams& p = session.params;
  if (const int rank = shape.rank(); rank == 4 || rank == 5) {
    const int64_t depth = shape[rank - 3];
    keep_first_rows(session.input, depth, shape[rank - 2] * shape[rank - 1]);
    Shape flat;
    for (int axis = 0; axis < rank; ++axis) {
      if (axis != rank - 3) flat.push_back(shape[axis]);
    }
    shape = flat;
  }
  keep_first_rows(session.weight, session.more.depth.kernel_size, p.kernel_size.h * p.kernel_size.w);
  session.more.depth = DepthParams{};
}

/// Typed numbers of a kernel that no longer fit it: a transposed one's channels stand the other way round.
void drop_unfit_weight(Session& session) {
  const ConvParams& p = session.params;
  if (session.weight.kind != SourceKind::values || session.weight.values == nullptr || p.groups < 1) return;
  const int64_t depth = shown_dims(session.operation) == 3 ? session.more.depth.kernel_size : 1;
  const std::optional<int64_t> wanted =
      Shape{p.out_channels, p.in_channels / p.groups, depth, p.kernel_size.h, p.kernel_size.w}.numel();
  if (wanted == static_cast<int64_t>(session.weight.values->size())) return;
  session.weight = TensorSource{SourceKind::randn, {}, {}, nullptr};
}

/// The session's layer along the width alone.
void flatten(Session& session) {
  ConvParams& p = session.params;
  Shape& shape = session.input_shape;
  if (const int rank = shape.rank(); rank == 3 || rank == 4) {
    keep_first_rows(session.input, shape[rank - 2], shape[rank - 1]);
    shape[rank - 2] = 1;
  }
  // A picture is no sequence.
  if (session.input.kind == SourceKind::sample) session.input = TensorSource{SourceKind::randn, {}, {}, nullptr};
  keep_first_rows(session.weight, p.kernel_size.h, p.kernel_size.w);
  // Kernels that need a height of their own, like Sobel's.
  if (session.weight.kind == SourceKind::named) {
    ConvParams flat = p;
    flat.kernel_size = {1, std::clamp<int64_t>(p.kernel_size.w, 1, 15)};
    flat.in_channels = flat.out_channels = flat.groups = 1;
    if (!named_weight(session.weight.name, flat)) session.weight.name = "ones";
  }
  p.kernel_size.h = p.stride.h = p.dilation.h = 1;
  p.padding.h = p.pads.top = p.pads.bottom = 0;
}

}  // namespace

Shape without_height(const Shape& shape) {
  const int rank = shape.rank();
  if (rank < 3 || shape[rank - 2] != 1) return shape;
  Shape flat;
  for (int axis = 0; axis < rank; ++axis) {
    if (axis != rank - 2) flat.push_back(shape[axis]);
  }
  return flat;
}

Shape with_height(const Shape& shape) {
  const int rank = shape.rank();
  if (rank < 2 || rank >= Shape::kMaxRank) return shape;
  Shape tall;
  for (int axis = 0; axis < rank; ++axis) {
    if (axis == rank - 1) tall.push_back(1);
    tall.push_back(shape[axis]);
  }
  return tall;
}

const Windows& OperationPlan::own_windows() const {
  if (volume() != nullptr) return volume()->windows;
  return transposed() != nullptr ? transposed()->windows : pool()->windows;
}

OperationFamily OperationPlan::family() const {
  if (transposed() != nullptr) return OperationFamily::conv_transpose;
  if (pool() == nullptr) return OperationFamily::conv;
  return pool()->kind == PoolKind::max ? OperationFamily::max_pool : OperationFamily::avg_pool;
}

bool OperationPlan::has_bias() const {
  if (conv2d() != nullptr) return conv2d()->bias;
  if (volume() != nullptr) return volume()->bias;
  return transposed() != nullptr && transposed()->bias;
}

bool OperationPlan::unbatched() const {
  return std::visit([](const auto& plan) { return plan.unbatched; }, plan_);
}

DType OperationPlan::dtype() const {
  return std::visit([](const auto& plan) { return plan.dtype; }, plan_);
}

int64_t OperationPlan::groups() const {
  if (conv2d() != nullptr) return conv2d()->groups;
  if (volume() != nullptr) return volume()->groups;
  return transposed() != nullptr ? transposed()->groups : 1;
}

Shape OperationPlan::input_shape() const {
  return std::visit([](const auto& plan) { return plan.input_shape(); }, plan_);
}

Shape OperationPlan::weight_shape() const {
  if (conv2d() != nullptr) return conv2d()->weight_shape();
  if (volume() != nullptr) return volume()->weight_shape();
  return transposed() != nullptr ? transposed()->weight_shape() : Shape();
}

Shape OperationPlan::bias_shape() const {
  if (conv2d() != nullptr) return conv2d()->bias_shape();
  if (volume() != nullptr) return volume()->bias_shape();
  return transposed() != nullptr ? transposed()->bias_shape() : Shape();
}

Shape OperationPlan::output_shape() const {
  return std::visit([](const auto& plan) { return plan.output_shape(); }, plan_);
}

int64_t OperationPlan::output_cells() const {
  return std::visit(
      Overloaded{[](const ConvPlan& plan) { return plan.output_cells(); },
                 [](const ConvTransposePlan& plan) { return plan.batch * plan.out_channels * plan.windows.cells(); },
                 [](const PoolPlan& plan) { return plan.output_cells(); },
                 [](const ConvNdPlan& plan) { return plan.output_cells(); }},
      plan_);
}

int64_t OperationPlan::numbers_per_cell() const {
  return std::visit(
      Overloaded{[](const ConvPlan& plan) { return plan.taps(); },
                 [](const ConvTransposePlan& plan) { return plan.channels_per_group() * plan.windows.taps(); },
                 [](const PoolPlan& plan) { return plan.windows.taps(); },
                 [](const ConvNdPlan& plan) { return plan.taps(); }},
      plan_);
}

Pair OperationPlan::in() const {
  return std::visit(Overloaded{[](const ConvPlan& plan) { return plan.in; },
                               [](const ConvTransposePlan& plan) {
                                 return Pair{plan.windows.height().count, plan.windows.width().count};
                               },
                               [](const PoolPlan& plan) {
                                 return Pair{plan.windows.height().extent, plan.windows.width().extent};
                               },
                               [](const ConvNdPlan& plan) {
                                 return Pair{plan.windows.height().extent, plan.windows.width().extent};
                               }},
                    plan_);
}

Pair OperationPlan::kernel() const {
  if (conv2d() != nullptr) return conv2d()->kernel;
  const Windows& windows = own_windows();
  return {windows.height().kernel, windows.width().kernel};
}

Pair OperationPlan::out() const {
  return std::visit(Overloaded{[](const ConvPlan& plan) { return plan.out; },
                               [](const ConvTransposePlan& plan) {
                                 return Pair{plan.windows.height().extent, plan.windows.width().extent};
                               },
                               [](const PoolPlan& plan) {
                                 return Pair{plan.windows.height().count, plan.windows.width().count};
                               },
                               [](const ConvNdPlan& plan) {
                                 return Pair{plan.windows.height().count, plan.windows.width().count};
                               }},
                    plan_);
}

Pads OperationPlan::pads() const {
  if (conv2d() != nullptr) return conv2d()->pads;
  const Windows& windows = own_windows();
  const WindowAxis &height = windows.height(), &width = windows.width();
  return {height.pad_begin, width.pad_begin, height.pad_end, width.pad_end};
}

std::vector<std::string_view> shown_operations() { return {kShown.begin(), kShown.end()}; }

std::optional<OperationFamily> shown_family(std::string_view operation) {
  if (std::find(kShown.begin(), kShown.end(), operation) == kShown.end()) return std::nullopt;
  return operation_from_name(operation)->family;
}

int shown_dims(std::string_view operation) {
  return shown_family(operation) ? operation_from_name(operation)->dims : 2;
}

std::span<const Algorithm> algorithms_of(OperationFamily family) {
  if (family == OperationFamily::conv) return algorithms();
  const std::span<const Algorithm> others = algorithms_of_other_operations();
  return family == OperationFamily::conv_transpose ? others : others.first(1);
}

Algorithm algorithm_of(const Session& session) {
  const std::span<const Algorithm> known =
      algorithms_of(shown_family(session.operation).value_or(OperationFamily::conv));
  const bool has = std::find(known.begin(), known.end(), session.algorithm) != known.end();
  return has ? session.algorithm : Algorithm::automatic;
}

Result<void> change_operation(Session& session, std::string_view operation) {
  const std::optional<OperationFamily> family = shown_family(operation);
  if (!family) {
    std::string known;
    for (std::string_view name : kShown) known += (known.empty() ? "" : ", ") + std::string(name);
    return Error{"error.unknown_operation", "operation", {std::string(operation), known}};
  }
  const int dims_before = shown_dims(session.operation);
  session.operation = operation;
  session.lens = fitting_lens(*family, session.lens, shown_dims(operation));
  if (dims_before == 3 && shown_dims(operation) != 3) drop_depth(session);
  if (dims_before != 3 && shown_dims(operation) == 3) deepen(session);
  if (shown_dims(operation) == 1) flatten(session);
  ConvParams& p = session.params;
  const bool pools = *family == OperationFamily::max_pool || *family == OperationFamily::avg_pool;
  const bool brings_shape = brings_its_shape(session.input.kind);
  const Shape& shape = session.input_shape;
  const int channel_axis = shape.rank() - std::max(2, shown_dims(operation)) - 1;
  if (!pools && !brings_shape && channel_axis >= 0 && shape[channel_axis] >= 1) {
    p.in_channels = shape[channel_axis];
    if (p.groups < 1 || p.in_channels % p.groups != 0 || p.out_channels % p.groups != 0) p.groups = 1;
  }
  if (dims_before != 3 && shown_dims(operation) == 3) drop_unfit_weight(session);
  if (*family != OperationFamily::conv) {
    if (p.padding_kind == PaddingKind::same) {
      // As much as an odd kernel needs to keep the size.
      p.padding = {p.dilation.h * (p.kernel_size.h - 1) / 2, p.dilation.w * (p.kernel_size.w - 1) / 2};
      p.padding_kind = PaddingKind::numbers;
    } else if (p.padding_kind == PaddingKind::valid) {
      p.padding = {0, 0};
      p.padding_kind = PaddingKind::numbers;
    }
    p.padding_mode = PaddingMode::zeros;
  }
  if (pools) {
    p.padding.h = std::min(p.padding.h, p.kernel_size.h / 2);
    p.padding.w = std::min(p.padding.w, p.kernel_size.w / 2);
    // Pads may be as large as leaves every window a cell of the input.
    const Pair dilation = *family == OperationFamily::max_pool ? p.dilation : Pair{1, 1};
    const int64_t high = checked_mul(dilation.h, p.kernel_size.h - 1).value_or(0);
    const int64_t wide = checked_mul(dilation.w, p.kernel_size.w - 1).value_or(0);
    for (int64_t* side : {&p.pads.top, &p.pads.bottom}) *side = std::min(*side, high);
    for (int64_t* side : {&p.pads.left, &p.pads.right}) *side = std::min(*side, wide);
  }
  Pair& extra = session.more.output_padding;
  if (extra.h >= std::max(p.stride.h, p.dilation.h)) extra.h = 0;
  if (extra.w >= std::max(p.stride.w, p.dilation.w)) extra.w = 0;
  return {};
}

ConvNdParams conv3d_params(const ConvParams& p, const DepthParams& depth) {
  const auto triple = [](int64_t d, Pair pair) { return Spatial{d, pair.h, pair.w}; };
  ConvNdParams params = ConvNdParams::of(3);
  params.in_channels = p.in_channels;
  params.out_channels = p.out_channels;
  params.kernel_size = triple(depth.kernel_size, p.kernel_size);
  params.stride = triple(depth.stride, p.stride);
  params.padding.kind = p.padding_kind;
  params.padding.both = triple(depth.padding, p.padding);
  params.padding.begin = triple(depth.front, {p.pads.top, p.pads.left});
  params.padding.end = triple(depth.back, {p.pads.bottom, p.pads.right});
  params.dilation = triple(depth.dilation, p.dilation);
  params.groups = p.groups;
  params.bias = p.bias;
  params.padding_mode = p.padding_mode;
  params.dtype = p.dtype;
  return params;
}

ConvTransposeParams transposed_params(const Session& session) {
  const ConvParams& p = session.params;
  ConvTransposeParams params = ConvTransposeParams::of(2);
  params.in_channels = p.in_channels;
  params.out_channels = p.out_channels;
  params.kernel_size = spatial(p.kernel_size);
  params.stride = spatial(p.stride);
  params.padding = padding_of(p);
  params.output_padding = spatial(session.more.output_padding);
  params.dilation = spatial(p.dilation);
  params.groups = p.groups;
  params.bias = p.bias;
  params.dtype = p.dtype;
  return params;
}

PoolParams pool_params(const Session& session) {
  const ConvParams& p = session.params;
  const bool is_max = shown_family(session.operation) == OperationFamily::max_pool;
  PoolParams params = PoolParams::of(is_max ? PoolKind::max : PoolKind::average, 2);
  params.kernel_size = spatial(p.kernel_size);
  params.stride = spatial(p.stride);
  params.padding = padding_of(p);
  params.dilation = spatial(p.dilation);
  params.ceil_mode = session.more.ceil_mode;
  params.count_include_pad = session.more.count_include_pad;
  params.divisor_override = session.more.divisor_override;
  params.dtype = p.dtype;
  return params;
}

namespace {

/// Errors: error.learning_rate, error.learning_steps.
Result<void> check_learning(const LearnSettings& learn) {
  if (!(learn.learning_rate > 0) || !std::isfinite(learn.learning_rate)) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", learn.learning_rate);
    return Error{"error.learning_rate", "learning_rate", {text}};
  }
  if (learn.steps < 1 || learn.steps > kMostDescentSteps) {
    return Error{
        "error.learning_steps", "learning_steps", {std::to_string(learn.steps), std::to_string(kMostDescentSteps)}};
  }
  return {};
}

}  // namespace

Result<OperationPlan> validate(const Session& session, const Shape& input_shape) {
  const auto wrapped = [](const auto& plan) -> Result<OperationPlan> {
    if (!plan) return plan.error();
    return OperationPlan(*plan);
  };
  switch (shown_family(session.operation).value_or(OperationFamily::conv)) {
    case OperationFamily::conv_transpose:
      if (session.params.padding_mode != PaddingMode::zeros) {
        return Error{"error.transposed_padding_mode", "padding_mode", {name_of(session.params.padding_mode)}};
      }
      return wrapped(validate(transposed_params(session), input_shape));
    case OperationFamily::max_pool:
    case OperationFamily::avg_pool:
      return wrapped(validate(pool_params(session), input_shape));
    default: {
      if (shown_dims(session.operation) == 3) {
        return wrapped(validate(conv3d_params(session.params, session.more.depth), input_shape));
      }
      if (shown_dims(session.operation) == 1) {
        const Result<ConvNdPlan> plan = validate(conv1d_params(session.params), without_height(input_shape));
        if (!plan) return plan.error();
        ConvPlan flat = as_conv2d(*plan);
        flat.dims = 1;
        return OperationPlan(std::move(flat));
      }
      Result<OperationPlan> plan = wrapped(validate(session.params, input_shape));
      if (!plan || !session.learn.on) return plan;
      if (Result<void> good = check_learning(session.learn); !good) return good.error();
      plan->set_learning_steps(session.learn.steps);
      return plan;
    }
  }
}

bool lens_shows(Lens lens, OperationFamily family, int dims) {
  const LensFacts& facts = facts_of(lens);
  if (dims == 1) return facts.conv1d;
  if (dims == 3) return facts.conv3d;
  switch (family) {
    case OperationFamily::conv:
      return facts.conv;
    case OperationFamily::conv_transpose:
      return facts.transposed;
    default:
      return facts.pooling;
  }
}

namespace {

Lens first_lens(OperationFamily family, int dims) {
  if (dims == 3) return Lens::slices;
  if (family == OperationFamily::conv_transpose) return Lens::scatter;
  return family == OperationFamily::conv ? Lens::sliding : Lens::pooling;
}

}  // namespace

Lens lens_for(OperationFamily family, Lens wanted, int dims) {
  const bool is_first =
      wanted == Lens::sliding || wanted == Lens::scatter || wanted == Lens::pooling || wanted == Lens::slices;
  return lens_shows(wanted, family, dims) || !is_first ? wanted : first_lens(family, dims);
}

Lens fitting_lens(OperationFamily family, Lens wanted, int dims) {
  return lens_shows(wanted, family, dims) ? wanted : first_lens(family, dims);
}

Error unfit_lens(Lens lens) {
  return Error{lens == Lens::gradient ? "error.lens_gradient" : "error.export_lens", "lens", {name_of(lens)}};
}

namespace {

bool shows_learning(const OperationPlan& plan, Lens lens) {
  return lens == Lens::gradient && plan.learning_steps() > 0;
}

/// Iterations that a jump by a row goes.
constexpr int64_t kIterationsInRow = 10;

}  // namespace

int64_t step_count(const OperationPlan& plan, Lens lens) {
  if (lens == Lens::receptive_field) return plan.chain() ? plan.chain()->steps() : 0;
  if (shows_learning(plan, lens)) return plan.learning_steps() + 1;
  if (const ConvTransposePlan* transposed = plan.transposed(); transposed != nullptr && lens != Lens::gather) {
    return stamp_count(*transposed);
  }
  return plan.output_cells();
}

int64_t steps_in_row(const OperationPlan& plan, Lens lens) {
  if (lens == Lens::receptive_field) return plan.chain() ? plan.chain()->cols(plan.chain()->last_level()) : 1;
  if (shows_learning(plan, lens)) return std::min(kIterationsInRow, plan.learning_steps() + 1);
  const bool scatters = plan.transposed() != nullptr && lens != Lens::gather;
  return std::max<int64_t>(1, scatters ? plan.in().w : plan.out().w);
}

int64_t rows_in_channel(const OperationPlan& plan, Lens lens) {
  if (lens == Lens::receptive_field) return plan.chain() ? plan.chain()->rows(plan.chain()->last_level()) : 1;
  if (shows_learning(plan, lens)) return plan.learning_steps() / kIterationsInRow + 1;
  const bool scatters = plan.transposed() != nullptr && lens != Lens::gather;
  return std::max<int64_t>(1, scatters ? plan.in().h : plan.out().h);
}

int64_t step_across(const OperationPlan& plan, Lens from, int64_t step, Lens to) {
  const ConvTransposePlan* transposed = plan.transposed();
  const int64_t last = std::max<int64_t>(step_count(plan, to), 1) - 1;
  if (from == Lens::receptive_field || to == Lens::receptive_field) {
    // Steps of two documents: only their ends are the same.
    return step + 1 >= step_count(plan, from) ? last : std::clamp<int64_t>(step, 0, last);
  }
  if (transposed == nullptr || (from == Lens::gather) == (to == Lens::gather)) {
    return std::clamp<int64_t>(step, 0, last);
  }
  // The end stays the end: what a lecturer has seen completed does not come undone.
  if (step + 1 >= step_count(plan, from)) return last;
  const WindowAxis &height = transposed->windows.height(), &width = transposed->windows.width();
  if (to == Lens::gather) {
    // The middle of the stamp.
    const Stamp stamp = stamp_of_step(*transposed, step);
    const auto middle = [](const WindowAxis& axis, int64_t window) {
      return std::clamp<int64_t>(axis.cell(window, 0) + (axis.effective_kernel() - 1) / 2, 0, axis.extent - 1);
    };
    const OutputCell cell{stamp.n, stamp.k, middle(height, stamp.y), middle(width, stamp.x)};
    return ((cell.n * transposed->out_channels + cell.c) * height.extent + cell.y) * width.extent + cell.x;
  }
  // The input cell whose stamp lies around the output cell.
  const int64_t x = step % width.extent, y = step / width.extent % height.extent;
  const int64_t plane = step / (width.extent * height.extent);
  const auto nearest = [](const WindowAxis& axis, int64_t cell) {
    const int64_t origin = cell + axis.pad_begin - (axis.effective_kernel() - 1) / 2;
    return std::clamp<int64_t>(origin <= 0 ? 0 : (2 * origin + axis.stride) / (2 * axis.stride), 0, axis.count - 1);
  };
  Stamp stamp;
  stamp.n = plane / transposed->out_channels;
  stamp.k = plane % transposed->out_channels;
  stamp.c = stamp.k / transposed->kernels_per_group() * transposed->channels_per_group();
  stamp.y = nearest(height, y);
  stamp.x = nearest(width, x);
  return step_of_stamp(*transposed, stamp);
}

}  // namespace convscope
