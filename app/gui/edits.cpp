#include "app/gui/edits.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "app/io/npy.h"
#include "app/io/npz.h"
#include "app/session/beside.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"
#include "engine/volume_trace.h"

namespace convscope {

namespace {

using Values = std::shared_ptr<const std::vector<double>>;

std::optional<int64_t> typed_count(const Shape& shape) {
  const std::optional<int64_t> count = shape.numel();
  if (!count || *count < 1 || *count > kMaxTypedValues) return std::nullopt;
  return count;
}

/// What else the weight's shape depends on.
struct WeightForm {
  bool transposed = false;
  std::optional<int64_t> depth;  // of conv3d
};

/// What the arguments alone say the weight's shape is; empty where they are illegal on the way to something legal.
std::optional<Shape> weight_shape_of(const ConvParams& params, const WeightForm& form) {
  if (params.groups < 1 || params.in_channels < 1 || params.out_channels < 1) return std::nullopt;
  if (params.in_channels % params.groups != 0) return std::nullopt;
  if (params.kernel_size.h < 1 || params.kernel_size.w < 1) return std::nullopt;
  if (form.depth) {
    if (*form.depth < 1) return std::nullopt;
    return Shape{params.out_channels, params.in_channels / params.groups, *form.depth, params.kernel_size.h,
                 params.kernel_size.w};
  }
  if (form.transposed) {
    if (params.out_channels % params.groups != 0) return std::nullopt;
    return Shape{params.in_channels, params.out_channels / params.groups, params.kernel_size.h, params.kernel_size.w};
  }
  return Shape{params.out_channels, params.in_channels / params.groups, params.kernel_size.h, params.kernel_size.w};
}

bool transposes(const Session& session) { return shown_family(session.operation) == OperationFamily::conv_transpose; }

bool pools(const Session& session) {
  const std::optional<OperationFamily> family = shown_family(session.operation);
  return family == OperationFamily::max_pool || family == OperationFamily::avg_pool;
}

int dims_of(const Session& session) { return std::max(2, shown_dims(session.operation)); }

WeightForm form_of(const Session& session) {
  WeightForm form{transposes(session), std::nullopt};
  if (dims_of(session) == 3) form.depth = session.more.depth.kernel_size;
  return form;
}

std::optional<Shape> weight_shape_of(const Session& session) {
  return weight_shape_of(session.params, form_of(session));
}

std::optional<Shape> bias_shape_of(const ConvParams& params) {
  if (params.out_channels < 1) return std::nullopt;
  return Shape{params.out_channels};
}

/// The numbers laid into a new shape of the same rank: shared cells keep theirs, new ones are 0.
Values reshaped(const Values& values, const Shape& from, const Shape& to) {
  const std::optional<int64_t> count = typed_count(to);
  if (!count || from.rank() != to.rank() || from == to) return values;
  auto result = std::make_shared<std::vector<double>>(static_cast<size_t>(*count), 0.0);
  std::array<int64_t, Shape::kMaxRank> index{};
  for (int64_t flat = 0; flat < *count; ++flat) {
    bool inside = true;
    int64_t source = 0;
    for (int axis = 0; axis < to.rank(); ++axis) {
      const int64_t i = index[static_cast<size_t>(axis)];
      inside = inside && i < from[axis];
      source = source * from[axis] + i;
    }
    if (inside) (*result)[static_cast<size_t>(flat)] = (*values)[static_cast<size_t>(source)];
    for (int axis = to.rank() - 1; axis >= 0; --axis) {
      if (++index[static_cast<size_t>(axis)] < to[axis]) break;
      index[static_cast<size_t>(axis)] = 0;
    }
  }
  return result;
}

/// Typed numbers follow from the shape they have to the one they need. An illegal shape on the way (a kernel_size being
/// retyped) leaves them as they are, for the next legal one to find.
void follow(TensorSource& source, const std::optional<Shape>& before, const Shape& last_good,
            const std::optional<Shape>& after) {
  if (source.kind != SourceKind::values || !source.values || !after) return;
  const auto held = static_cast<int64_t>(source.values->size());
  for (const Shape& from : {before.value_or(Shape{}), last_good}) {
    if (from.rank() == after->rank() && from.numel() == held) {
      source.values = reshaped(source.values, from, *after);
      return;
    }
  }
}

/// As (N, C, H, W); empty where the arguments are illegal, or the input's shape is in a file.
std::optional<Shape> output_shape_of(const Session& session) {
  if (input_brings_shape(session) || session.operation != "conv2d") return std::nullopt;
  const Result<ConvPlan> plan = validate(session.params, session.input_shape);
  return plan ? std::optional<Shape>(as_nchw(plan->output_shape())) : std::nullopt;
}

/// Numbers typed for the output follow it as well.
void follow_output(Session& session, const std::optional<Shape>& before, const LastGood& last) {
  const std::optional<Shape> after = output_shape_of(session);
  follow(session.gradient.grad_output, before, last.output, after);
  follow(session.gradient.target, before, last.output, after);
}

void set_input_shape(Session& session, const Shape& shape, const LastGood& last) {
  const std::optional<Shape> output = output_shape_of(session);
  const int dims = dims_of(session);
  follow(session.input, with_batch(session.input_shape, dims), last.input, with_batch(shape, dims));
  session.input_shape = shape;
  follow_output(session, output, last);
}

Shape with_channels(const Shape& shape, int64_t channels, int dims) {
  Shape result = shape;
  if (result.rank() > dims) result[result.rank() - dims - 1] = channels;
  return result;
}

/// Everything that hangs on the parameters goes along with them.
void change_params(Session& session, const ConvParams& next, const DepthParams& depth, const LastGood& last) {
  const ConvParams before = session.params;
  const WeightForm form_before = form_of(session);
  session.more.depth = depth;
  const std::optional<Shape> output = output_shape_of(session);
  session.params = next;
  // Pooling's stride is the kernel's size until somebody says otherwise.
  if (pools(session) && before.stride == before.kernel_size && next.stride == before.stride) {
    session.params.stride = next.kernel_size;
  }
  follow(session.weight, weight_shape_of(before, form_before), last.weight, weight_shape_of(next, form_of(session)));
  follow(session.bias, bias_shape_of(before), last.bias, bias_shape_of(next));
  if (!input_brings_shape(session) && next.in_channels >= 1 && next.in_channels != before.in_channels) {
    set_input_shape(session, with_channels(session.input_shape, next.in_channels, dims_of(session)), last);
  }
  follow_output(session, output, last);
}

void change_params(Session& session, const ConvParams& next, const LastGood& last) {
  change_params(session, next, session.more.depth, last);
}

/// change_operation() with the typed numbers going along.
void take_operation(Session& session, std::string_view operation, const LastGood& last) {
  const ConvParams before = session.params;
  const WeightForm form = form_of(session);
  if (!change_operation(session, operation)) return;
  follow(session.weight, weight_shape_of(before, form), last.weight, weight_shape_of(session));
  follow(session.bias, bias_shape_of(before), last.bias, bias_shape_of(session.params));
}

/// in_channels as the input has them, groups kept where they still divide.
ConvParams with_in_channels(ConvParams params, int64_t channels) {
  params.in_channels = channels;
  if (params.groups < 1 || channels % params.groups != 0 || params.out_channels % params.groups != 0) params.groups = 1;
  return params;
}

Values copied(const Tensor& tensor) {
  auto values = std::make_shared<std::vector<double>>(static_cast<size_t>(tensor.numel()));
  for (int64_t i = 0; i < tensor.numel(); ++i) (*values)[static_cast<size_t>(i)] = tensor.at(i);
  return values;
}

const Tensor* tensor_of(TensorId id, const ComputationPtr& computation) {
  if (!computation) return nullptr;
  switch (id) {
    case TensorId::input:
      return &computation->tensors.input;
    case TensorId::weight:
      return &computation->tensors.weight;
    case TensorId::bias:
      return &computation->tensors.bias;
    case TensorId::grad_output:
      return computation->gradient != nullptr ? &computation->gradient->grad_output : nullptr;
    default:
      return nullptr;
  }
}

TensorSource& source_of(TensorId id, Session& session) {
  if (id == TensorId::weight) return session.weight;
  if (id == TensorId::grad_output) return session.gradient.grad_output;
  return id == TensorId::bias ? session.bias : session.input;
}

const char* edit_name(TensorId id) {
  if (id == TensorId::weight) return "edit.weight_values";
  if (id == TensorId::grad_output) return "edit.grad_output_values";
  return id == TensorId::bias ? "edit.bias_values" : "edit.input_values";
}

Error too_large(const std::optional<int64_t>& count) {
  return Error{
      "error.too_large_to_type", "values", {count ? std::to_string(*count) : "2^63", std::to_string(kMaxTypedValues)}};
}

/// Typed numbers in place of what the tensor's source was; the input brings its present shape along.
void make_typed(Session& session, TensorId id, const Tensor& tensor, Values values) {
  TensorSource& source = source_of(id, session);
  source = TensorSource{SourceKind::values, {}, {}, std::move(values)};
  if (id == TensorId::input) {
    session.input_shape = tensor.shape();
  } else if (id == TensorId::grad_output) {
    follow(source, as_nchw(tensor.shape()), {}, output_shape_of(session));
  } else {
    // The parameters may have moved on while the numbers were on their way.
    follow(source, tensor.shape(), {},
           id == TensorId::weight ? weight_shape_of(session) : bias_shape_of(session.params));
  }
}

Action typed_action(TensorId id, std::string merge_key, const Tensor& tensor, Values values) {
  return Action{edit_name(id), std::move(merge_key), [id, tensor, values = std::move(values)](Session& session) {
                  make_typed(session, id, tensor, values);
                }};
}

Result<Action> source_action(const Session& session, TensorId id, SourceKind kind, const char* name_key,
                             const ComputationPtr& computation) {
  if (kind == SourceKind::values) {
    const Tensor* tensor = tensor_of(id, computation);
    if (tensor && tensor->defined()) {
      if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
      return typed_action(id, {}, *tensor, copied(*tensor));
    }
    // Nothing to start from (a bias that was off): zeros of the right number.
    const std::optional<Shape> shape = id == TensorId::bias     ? bias_shape_of(session.params)
                                       : id == TensorId::weight ? weight_shape_of(session)
                                                                : std::optional<Shape>(session.input_shape);
    const std::optional<int64_t> count = shape ? typed_count(*shape) : std::nullopt;
    if (!count) return too_large(shape ? shape->numel() : 0);
    auto zeros = std::make_shared<const std::vector<double>>(static_cast<size_t>(*count), 0.0);
    return Action{name_key, {}, [id, zeros](Session& edited) {
                    source_of(id, edited) = TensorSource{SourceKind::values, {}, {}, zeros};
                  }};
  }
  return Action{name_key, {}, [id, kind](Session& edited) {
                  source_of(id, edited) = TensorSource{kind, {}, {}, nullptr};
                }};
}

}  // namespace

LastGood::LastGood(const ComputationPtr& computation) {
  if (!computation) return;
  input = with_batch(computation->plan.input_shape(), std::max(2, computation->plan.dims()));
  weight = computation->plan.weight_shape();
  bias = computation->plan.bias_shape();
  output = as_nchw(computation->plan.output_shape());
}

Shape with_batch(const Shape& shape, int dims) {
  if (shape.rank() != dims + 1) return shape;
  Shape batched{1};
  for (int64_t extent : shape) batched.push_back(extent);
  return batched;
}

Shape as_nchw(const Shape& shape) {
  if (shape.rank() == 5) return slab_shape(shape);
  if (shape.rank() != 3) return shape;
  return Shape{1, shape[0], shape[1], shape[2]};
}

bool input_brings_shape(const Session& session) { return brings_its_shape(session.input.kind); }

int64_t next_groups(int64_t in_channels, int64_t out_channels, int64_t groups, int direction) {
  const int64_t most = std::gcd(in_channels, out_channels);
  // A gcd beyond this is no layer anybody steps through.
  constexpr int64_t kSearched = 1 << 16;
  if (most < 1) return groups + direction;
  for (int64_t candidate = groups + direction; candidate >= 1 && candidate <= std::min(most, kSearched);
       candidate += direction) {
    if (most % candidate == 0) return candidate;
  }
  return std::clamp<int64_t>(groups, 1, most);
}

Action edit_params(std::string_view argument, const LastGood& last, std::function<void(ConvParams&)> change) {
  const std::string name(argument);
  return Action{"edit." + name, "param." + name, [last, change = std::move(change)](Session& session) {
                  ConvParams next = session.params;
                  change(next);
                  change_params(session, next, last);
                }};
}

Action edit_volume_params(std::string_view argument, const LastGood& last,
                          std::function<void(ConvParams&, DepthParams&)> change) {
  const std::string name(argument);
  return Action{"edit." + name, "param." + name, [last, change = std::move(change)](Session& session) {
                  ConvParams next = session.params;
                  DepthParams depth = session.more.depth;
                  change(next, depth);
                  change_params(session, next, depth, last);
                }};
}

Action edit_operation(std::string_view operation, const LastGood& last) {
  return Action{"edit.operation", {}, [chosen = std::string(operation), last](Session& session) {
                  take_operation(session, chosen, last);
                }};
}

Action edit_layer(const LayerCall& call, const LastGood& last) {
  return Action{"edit.constructor", "constructor", [call, last](Session& session) {
                  const bool other = session.operation != call.operation;
                  if (other) take_operation(session, call.operation, last);
                  ConvParams next = call.params;
                  if (pools(session)) {  // what pooling does not take stays for the next operation
                    next = session.params;
                    next.kernel_size = call.params.kernel_size;
                    next.padding_kind = call.params.padding_kind;
                    next.padding = call.params.padding;
                    next.pads = call.params.pads;
                    next.dilation = call.params.dilation;
                    // Before change_params(), which lets a stride follow the kernel.
                    session.params.stride = {0, 0};
                    next.stride = call.params.stride;
                  }
                  const DepthParams before = session.more.depth;
                  session.more = call.more;
                  session.more.depth = before;
                  change_params(session, next, call.more.depth, last);
                }};
}

Action edit_code(const LayerCode& code, const LastGood& last) {
  return Action{"edit.paste_code", {}, [code, last](Session& session) {
                  edit_layer(code.call, last).change(session);
                  if (code.input_shape && !input_brings_shape(session)) {
                    set_input_shape(session, *code.input_shape, last);
                    session.step = 1;
                  }
                }};
}

Action edit_more(std::string_view argument, std::function<void(MoreParams&)> change) {
  const std::string name(argument);
  return Action{"edit." + name, "param." + name,
                [change = std::move(change)](Session& session) { change(session.more); }};
}

Action edit_solution(const SizeSolution& solution, const LastGood& last) {
  return Action{"edit.solution", {}, [solution, last](Session& session) {
                  const WindowLayer& layer = solution.layer;
                  const auto pair = [](const Spatial& s) { return Pair{s[0], s[1]}; };
                  ConvParams next = session.params;
                  next.kernel_size = pair(layer.kernel_size);
                  next.stride = pair(layer.stride);
                  if (layer.kind != LayerKind::avg_pool) next.dilation = pair(layer.dilation);
                  if (layer.transposes()) session.more.output_padding = pair(layer.output_padding);
                  // Before change_params(), which lets the stride of pooling follow the kernel.
                  if (layer.pools()) session.params.stride = {0, 0};
                  // 'same' follows the kernel, 'valid' is always 0: they stay where they still mean these numbers.
                  const bool stays = next.padding_kind == PaddingKind::same
                                         ? solution.changed == 0
                                         : !solution.changes[static_cast<size_t>(SizeParam::padding)];
                  if (!stays) {
                    const Spatial &begin = layer.padding.begin, &end = layer.padding.end;
                    next.padding_kind = layer.padding.kind;
                    if (next.padding_kind == PaddingKind::numbers) next.padding = pair(layer.padding.both);
                    if (next.padding_kind == PaddingKind::pads) next.pads = {begin[0], begin[1], end[0], end[1]};
                  }
                  change_params(session, next, last);
                }};
}

Action edit_input_size(InputAxis axis, int64_t extent, const LastGood& last) {
  constexpr std::array<const char*, 5> kMergeKeys = {"input.batch", "input.channels", "input.depth", "input.height",
                                                     "input.width"};
  return Action{"edit.input_size", kMergeKeys[static_cast<size_t>(axis)], [axis, extent, last](Session& session) {
                  Shape shape = session.input_shape;
                  const int dims = dims_of(session);
                  if (axis == InputAxis::batch) {
                    if (extent == 1 && shape.rank() == dims + 1) return;
                    shape = with_batch(shape, dims);
                    if (shape.rank() == dims + 2) shape[0] = extent;
                  } else if (shape.rank() > dims && (axis != InputAxis::depth || dims == 3)) {
                    const int from_behind = axis == InputAxis::channels ? dims + 1
                                            : axis == InputAxis::depth  ? 3
                                            : axis == InputAxis::height ? 2
                                                                        : 1;
                    shape[shape.rank() - from_behind] = extent;
                  }
                  set_input_shape(session, shape, last);
                }};
}

Action edit_input_size(Pair size, const LastGood& last) {
  return Action{"edit.input_size", "input.height", [size, last](Session& session) {
                  Shape shape = session.input_shape;
                  const int rank = shape.rank();
                  if (rank < 3) return;
                  shape[rank - 2] = size.h;
                  shape[rank - 1] = size.w;
                  set_input_shape(session, shape, last);
                }};
}

Action edit_seed(int64_t seed) {
  return Action{"edit.seed", "seed", [seed](Session& session) { session.seed = seed; }};
}

Action edit_algorithm(Algorithm algorithm) {
  return {"edit.algorithm", {}, [algorithm](Session& session) { session.algorithm = algorithm; }};
}

Result<Action> edit_input_source(const Session& session, SourceKind kind, const ComputationPtr& computation) {
  const LastGood last(computation);
  if (kind == SourceKind::values) {
    return source_action(session, TensorId::input, kind, "edit.input_source", computation);
  }
  return Action{"edit.input_source", {}, [kind, last](Session& edited) {
                  edited.input = TensorSource{kind, {}, {}, nullptr};
                  if (kind == SourceKind::sample) {
                    // A picture of five pixels shows nothing: small grids grow to something to look at.
                    constexpr int64_t kSmallest = 32;
                    const int64_t channels = edited.params.in_channels == 1 ? 1 : 3;
                    Shape shape = as_nchw(edited.input_shape);
                    if (shape.rank() != 4 || shape[2] < kSmallest || shape[3] < kSmallest) shape = Shape{1, 3, 90, 160};
                    shape[0] = 1;
                    shape[1] = channels;
                    edited.input_shape = shape;
                    change_params(edited, with_in_channels(edited.params, channels), last);
                  } else if (edited.params.in_channels >= 1) {
                    edited.input_shape = with_channels(edited.input_shape, edited.params.in_channels, dims_of(edited));
                  }
                }};
}

Result<Action> edit_weight_source(const Session& session, SourceKind kind, const ComputationPtr& computation) {
  return source_action(session, TensorId::weight, kind, "edit.weight_source", computation);
}

Result<Action> edit_bias_source(const Session& session, SourceKind kind, const ComputationPtr& computation) {
  return source_action(session, TensorId::bias, kind, "edit.bias_source", computation);
}

Action edit_named_kernel(std::string_view name) {
  return Action{"edit.kernel", {}, [chosen = std::string(name)](Session& session) {
                  session.weight = TensorSource{SourceKind::named, chosen, {}, nullptr};
                }};
}

Result<Action> edit_grad_output_source(SourceKind kind, const ComputationPtr& computation) {
  if (kind == SourceKind::values) {
    const Tensor* tensor = tensor_of(TensorId::grad_output, computation);
    if (tensor == nullptr) return too_large(0);
    if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
    return typed_action(TensorId::grad_output, {}, *tensor, copied(*tensor));
  }
  return Action{"edit.grad_output", {}, [kind](Session& edited) {
                  edited.gradient.grad_output = TensorSource{kind, {}, {}, nullptr};
                }};
}

Action edit_target_kernel(std::string_view name) {
  return Action{"edit.target", {}, [chosen = std::string(name)](Session& session) {
                  session.gradient.target = TensorSource{SourceKind::named, chosen, {}, nullptr};
                }};
}

namespace {

/// Of an .npz with its array's name; other paths as they are.
Result<std::string> stored_array(const std::string& path) {
  return is_npz_path(path) ? named_array_path(path) : Result<std::string>(path);
}

}  // namespace

Action edit_target_source(SourceKind kind) {
  return Action{"edit.target", {}, [kind](Session& session) {
                  session.gradient.target = TensorSource{kind, {}, {}, nullptr};
                }};
}

Action edit_learning(std::string_view field, std::function<void(LearnSettings&)> change) {
  const std::string name(field);
  return Action{"edit." + name, "learn." + name, [change = std::move(change)](Session& session) {
                  const bool was_on = session.learn.on;
                  change(session.learn);
                  // Steps are something else then.
                  if (session.learn.on != was_on) session.step = 1;
                }};
}

namespace {

Result<Session> with_file(const Session& base, const std::string& path, TensorSource GradientSettings::*which) {
  const Result<std::string> named = stored_array(path);
  if (!named) return named.error();
  const Result<Shape> shape = npy_shape(*named);
  if (!shape) return shape.error();
  Session session = base;
  session.gradient.*which = TensorSource{SourceKind::npy, {}, *named, nullptr};
  return session;
}

}  // namespace

Result<Session> session_with_grad_output_file(const Session& base, const std::string& path) {
  return with_file(base, path, &GradientSettings::grad_output);
}

Result<Session> session_with_target_file(const Session& base, const std::string& path) {
  return with_file(base, path, &GradientSettings::target);
}

Result<Action> edit_cell(TensorId id, int64_t flat, double value, const ComputationPtr& computation) {
  const Tensor* tensor = tensor_of(id, computation);
  if (!tensor || !tensor->defined() || flat < 0 || flat >= tensor->numel()) return too_large(0);
  if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
  const std::string merge = std::string(edit_name(id)) + "." + std::to_string(flat);
  return Action{edit_name(id), merge, [id, flat, value, tensor = *tensor](Session& session) {
                  // Numbers typed since the last computation count, so long as they have its shape.
                  const TensorSource& source = source_of(id, session);
                  const bool typed = source.kind == SourceKind::values && source.values &&
                                     static_cast<int64_t>(source.values->size()) == tensor.numel();
                  auto values = std::make_shared<std::vector<double>>(typed ? *source.values : *copied(tensor));
                  (*values)[static_cast<size_t>(flat)] = value;
                  make_typed(session, id, tensor, std::move(values));
                }};
}

namespace {

/// Numbers for a volume: a matrix for one slice, whose siblings take its size, or the whole of it with three axes of
/// its own and the channels in front.
Result<Action> edit_pasted_volume(const Session& session, TensorId id, std::pair<int64_t, int64_t> slice,
                                  const TensorText& text, const Tensor* tensor, const LastGood& last) {
  const char* letter = id == TensorId::weight ? "W" : "X";
  const Shape& pasted = text.shape;
  const Error wrong_rank{"error.paste_rank", "values", {pasted.to_string(" x "), letter}};
  Shape whole;
  std::shared_ptr<const std::vector<double>> values;
  if (pasted.rank() <= 2) {
    if (tensor == nullptr || !tensor->defined()) return wrong_rank;
    if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
    const int64_t rows = pasted.rank() == 2 ? pasted[0] : 1, columns = pasted[pasted.rank() - 1];
    const Shape from = slab_shape(tensor->shape());
    const Shape to{from[0], from[1], rows, columns};
    if (!typed_count(to)) return too_large(to.numel());
    auto all = std::make_shared<std::vector<double>>(*reshaped(copied(*tensor), from, to));
    std::copy(text.values.begin(), text.values.end(),
              all->begin() + (slice.first * to[1] + slice.second) * rows * columns);
    values = std::move(all);
    whole = tensor->shape();
    whole[whole.rank() - 2] = rows;
    whole[whole.rank() - 1] = columns;
  } else if (pasted.rank() <= 5) {
    const bool per_channel = id == TensorId::weight && session.params.in_channels == session.params.groups;
    whole = pasted;
    if (pasted.rank() == 3) whole = Shape{1, 1, pasted[0], pasted[1], pasted[2]};
    if (pasted.rank() == 4 && per_channel) whole = Shape{pasted[0], 1, pasted[1], pasted[2], pasted[3]};
    if (pasted.rank() == 4 && !per_channel) whole = Shape{1, pasted[0], pasted[1], pasted[2], pasted[3]};
    values = std::make_shared<const std::vector<double>>(text.values);
  } else {
    return wrong_rank;
  }
  if (id == TensorId::input) {
    return Action{edit_name(id), {}, [whole, values, last](Session& edited) {
                    edited.input = TensorSource{SourceKind::values, {}, {}, values};
                    edited.input_shape = whole;
                    change_params(edited, with_in_channels(edited.params, whole[whole.rank() - 4]), last);
                  }};
  }
  return Action{edit_name(id), {}, [whole, values, last](Session& edited) {
                  ConvParams next = edited.params;
                  DepthParams depth = edited.more.depth;
                  depth.kernel_size = whole[2];
                  next.kernel_size = {whole[3], whole[4]};
                  if (next.groups < 1 || whole[0] % next.groups != 0) next.groups = 1;
                  next.out_channels = whole[0];
                  if (next.in_channels != whole[1] * next.groups) next = with_in_channels(next, whole[1] * next.groups);
                  edited.weight = TensorSource{SourceKind::ones, {}, {}, nullptr};
                  change_params(edited, next, depth, last);
                  edited.weight = TensorSource{SourceKind::values, {}, {}, values};
                }};
}

}  // namespace

Result<Action> edit_pasted(const Session& session, TensorId id, int64_t n, int64_t c, const TensorText& text,
                           const ComputationPtr& computation) {
  const Tensor* tensor = tensor_of(id, computation);
  const LastGood last(computation);
  const bool flat = shown_dims(session.operation) == 1;
  const Shape pasted = flat && text.shape.rank() >= 2 ? with_height(text.shape) : text.shape;
  auto values = std::make_shared<const std::vector<double>>(text.values);
  if (!typed_count(pasted)) return too_large(pasted.numel());
  if (id == TensorId::bias) {
    if (session.params.out_channels != static_cast<int64_t>(text.values.size())) {
      return Error{"error.paste_bias",
                   "bias",
                   {std::to_string(text.values.size()), std::to_string(session.params.out_channels)}};
    }
    return Action{edit_name(id), {}, [values](Session& edited) {
                    edited.params.bias = true;
                    edited.bias = TensorSource{SourceKind::values, {}, {}, values};
                  }};
  }
  if (dims_of(session) == 3) return edit_pasted_volume(session, id, {n, c}, text, tensor, last);
  const char* letter = id == TensorId::weight ? "W" : "X";
  if (pasted.rank() > 4) return Error{"error.paste_rank", "values", {pasted.to_string(" x "), letter}};
  Shape slice = pasted;
  if (slice.rank() == 1) slice = Shape{1, pasted[0]};

  if (slice.rank() == 2 && tensor && tensor->defined() && tensor->shape().rank() >= 3) {
    // A matrix for one slice; its siblings take the same size.
    const Shape from = as_nchw(tensor->shape());
    const Shape to{from[0], from[1], slice[0], slice[1]};
    if (!typed_count(to)) return too_large(to.numel());
    if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
    auto all = std::make_shared<std::vector<double>>(*reshaped(copied(*tensor), from, to));
    const int64_t offset = (n * to[1] + c) * slice[0] * slice[1];
    std::copy(text.values.begin(), text.values.end(), all->begin() + offset);
    const bool unbatched = id == TensorId::input && tensor->shape().rank() == 3;
    return Action{edit_name(id), {}, [id, to, unbatched, all](Session& edited) {
                    source_of(id, edited) = TensorSource{SourceKind::values, {}, {}, all};
                    if (id == TensorId::weight) {
                      edited.params.kernel_size = {to[2], to[3]};
                    } else {
                      edited.input_shape = unbatched ? Shape{to[1], to[2], to[3]} : to;
                    }
                  }};
  }

  Shape whole = slice;
  if (slice.rank() == 2) whole = Shape{1, 1, slice[0], slice[1]};
  if (slice.rank() == 3) {
    const bool one_input_channel = session.params.in_channels == session.params.groups;
    whole = id == TensorId::weight && one_input_channel ? Shape{slice[0], 1, slice[1], slice[2]} : as_nchw(slice);
  }
  if (id == TensorId::input) {
    return Action{edit_name(id), {}, [whole, values, last](Session& edited) {
                    edited.input = TensorSource{SourceKind::values, {}, {}, values};
                    edited.input_shape = whole;
                    change_params(edited, with_in_channels(edited.params, whole[1]), last);
                  }};
  }
  return Action{edit_name(id), {}, [whole, values, last](Session& edited) {
                  ConvParams next = edited.params;
                  next.kernel_size = {whole[2], whole[3]};
                  if (next.groups < 1 || whole[0] % next.groups != 0) next.groups = 1;
                  if (transposes(edited)) {
                    next.in_channels = whole[0];
                    next.out_channels = whole[1] * next.groups;
                  } else {
                    next.out_channels = whole[0];
                    if (next.in_channels != whole[1] * next.groups)
                      next = with_in_channels(next, whole[1] * next.groups);
                  }
                  edited.weight = TensorSource{SourceKind::ones, {}, {}, nullptr};
                  change_params(edited, next, last);
                  edited.weight = TensorSource{SourceKind::values, {}, {}, values};
                }};
}

Result<Action> edit_overlaid(TensorId id, int64_t n, int64_t c, int64_t y, int64_t x, const TensorText& text,
                             const ComputationPtr& computation) {
  const Tensor* tensor = tensor_of(id, computation);
  if (!tensor || !tensor->defined()) return too_large(0);
  if (tensor->numel() > kMaxTypedValues) return too_large(tensor->numel());
  const Shape shape = id == TensorId::bias ? Shape{1, 1, 1, tensor->numel()} : as_nchw(tensor->shape());
  if (shape.rank() != 4 || text.shape.rank() > 2) {
    return Error{"error.paste_rank", "values", {text.shape.to_string(" x "), id == TensorId::weight ? "W" : "X"}};
  }
  const int64_t rows = text.shape.rank() == 2 ? text.shape[0] : 1;
  const int64_t columns = text.shape[text.shape.rank() - 1];
  auto values = std::make_shared<std::vector<double>>(*copied(*tensor));
  for (int64_t row = 0; row < rows && y + row < shape[2]; ++row) {
    for (int64_t column = 0; column < columns && x + column < shape[3]; ++column) {
      const int64_t flat = ((n * shape[1] + c) * shape[2] + y + row) * shape[3] + x + column;
      (*values)[static_cast<size_t>(flat)] = text.values[static_cast<size_t>(row * columns + column)];
    }
  }
  return typed_action(id, {}, *tensor, std::move(values));
}

Result<Session> session_with_weight_file(const Session& base, const std::string& path, const LastGood& last) {
  const Result<std::string> named = stored_array(path);
  if (!named) return named.error();
  const Result<Shape> read = npy_shape(*named);
  if (!read) return read.error();
  const Shape& stored = *read;
  const Shape shape = shown_dims(base.operation) == 1 && stored.rank() == 3 ? with_height(stored) : stored;
  const int dims = dims_of(base);
  if (shape.rank() != dims + 2 || !shape.numel() || *shape.numel() == 0) {
    return Error{
        dims == 3 ? "error.volume_weight_file_shape" : "error.weight_file_shape", "weight", {shape.to_string(" x ")}};
  }
  Session session = base;
  ConvParams next = base.params;
  DepthParams depth = base.more.depth;
  next.kernel_size = {shape[dims], shape[dims + 1]};
  if (dims == 3) depth.kernel_size = shape[2];
  if (transposes(base)) {
    next.groups = shape[0] % std::max<int64_t>(next.groups, 1) == 0 ? std::max<int64_t>(next.groups, 1) : 1;
    next.in_channels = shape[0];
    next.out_channels = shape[1] * next.groups;
    session.weight = TensorSource{SourceKind::npy, {}, *named, nullptr};
    change_params(session, next, last);
    return session;
  }
  next.out_channels = shape[0];
  // The input's channels are taken as given where some number of groups makes the two fit.
  if (shape[1] >= 1 && next.in_channels % shape[1] == 0 && shape[0] % (next.in_channels / shape[1]) == 0) {
    next.groups = next.in_channels / shape[1];
  } else {
    next.groups = 1;
    next.in_channels = shape[1];
  }
  session.weight = TensorSource{SourceKind::npy, {}, *named, nullptr};
  change_params(session, next, depth, last);
  return session;
}

Result<Session> session_with_bias_file(const Session& base, const std::string& path) {
  const Result<std::string> named = stored_array(path);
  if (!named) return named.error();
  if (const Result<Shape> shape = npy_shape(*named); !shape) return shape.error();
  Session session = base;
  session.bias = TensorSource{SourceKind::npy, {}, *named, nullptr};
  session.params.bias = true;
  return session;
}

Result<Session> session_with_input_following(const Session& base, const std::string& path, const LastGood& last) {
  Result<Session> opened = session_with_input_file(base, path);
  if (!opened) return opened;
  const ConvParams next = opened->params;
  opened->params = base.params;
  change_params(*opened, next, last);
  return opened;
}

Action edit_compare_with_copy() {
  return {"edit.compare", {}, [](Session& session) { compare_with_copy(session); }};
}
Action edit_compare_lenses() {
  return {"edit.compare_lenses", {}, [](Session& session) { compare_lenses(session); }};
}
Action edit_compare_with(const Session& b) {
  return {"edit.compare", {}, [b](Session& session) { compare_with(session, b); }};
}
Action edit_swap_sides() {
  return {"edit.swap_sides", {}, [](Session& session) { swap_sides(session); }};
}
Action edit_close_comparison() {
  return {"edit.close_comparison", {}, [](Session& session) { session.beside.reset(); }};
}

}  // namespace convscope
