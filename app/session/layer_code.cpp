#include "app/session/layer_code.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>

#include "app/language/nearest_word.h"
#include "app/session/operation_plan.h"
#include "app/session/python_code.h"
#include "engine/checked_math.h"

namespace convscope {

namespace {

using Kind = PythonNode::Kind;
using Names = std::span<const std::string_view>;

enum class Source : uint8_t { module, function, keras };

/// A callable that can be shown, and the arguments of its signature in order.
struct LayerClass {
  std::string_view name;
  std::string_view operation;
  Source source;
  int dims;
  Names signature;
  size_t required;
};

constexpr size_t kMostArguments = 12;
/// Each side by itself, all begins and then all ends: ONNX's word, which the modules beside Conv2d have no way to say.
constexpr std::string_view kPads = "pads";
/// A stride that nobody types: None.
constexpr Pair kFollowsKernel{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min()};

constexpr std::array<std::string_view, 11> kConv = {"in_channels",  "out_channels", "kernel_size", "stride",
                                                    "padding",      "dilation",     "groups",      "bias",
                                                    "padding_mode", "device",       "dtype"};
constexpr std::array<std::string_view, 12> kTransposed = {"in_channels", "out_channels",   "kernel_size", "stride",
                                                          "padding",     "output_padding", "groups",      "bias",
                                                          "dilation",    "padding_mode",   "device",      "dtype"};
constexpr std::array<std::string_view, 6> kMax = {"kernel_size", "stride",         "padding",
                                                  "dilation",    "return_indices", "ceil_mode"};
constexpr std::array<std::string_view, 6> kAverage = {"kernel_size",       "stride",          "padding", "ceil_mode",
                                                      "count_include_pad", "divisor_override"};
constexpr std::array<std::string_view, 7> kConvFunction = {"input",   "weight",   "bias",  "stride",
                                                           "padding", "dilation", "groups"};
constexpr std::array<std::string_view, 8> kTransposedFunction = {"input",   "weight",         "bias",   "stride",
                                                                 "padding", "output_padding", "groups", "dilation"};
constexpr std::array<std::string_view, 7> kMaxFunction = {"input",    "kernel_size", "stride",        "padding",
                                                          "dilation", "ceil_mode",   "return_indices"};
constexpr std::array<std::string_view, 7> kAverageFunction = {
    "input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"};
constexpr std::array<std::string_view, 9> kKerasConv = {
    "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation", "use_bias"};
constexpr std::array<std::string_view, 8> kKerasDepthwise = {
    "kernel_size", "strides", "padding", "depth_multiplier", "data_format", "dilation_rate", "activation", "use_bias"};
constexpr std::array<std::string_view, 4> kKerasPool = {"pool_size", "strides", "padding", "data_format"};
/// Arguments by name of every layer of Keras that nothing here depends on.
constexpr std::array<std::string_view, 14> kKerasOthers = {"kernel_initializer",
                                                           "bias_initializer",
                                                           "depthwise_initializer",
                                                           "kernel_regularizer",
                                                           "bias_regularizer",
                                                           "activity_regularizer",
                                                           "kernel_constraint",
                                                           "bias_constraint",
                                                           "depthwise_regularizer",
                                                           "depthwise_constraint",
                                                           "name",
                                                           "dtype",
                                                           "trainable",
                                                           "batch_size"};

constexpr std::array<LayerClass, 26> kClasses = {{
    {"Conv2d", "conv2d", Source::module, 2, kConv, 3},
    {"ConvTranspose2d", "conv_transpose2d", Source::module, 2, kTransposed, 3},
    {"MaxPool2d", "max_pool2d", Source::module, 2, kMax, 1},
    {"AvgPool2d", "avg_pool2d", Source::module, 2, kAverage, 1},
    {"Conv1d", "conv1d", Source::module, 1, kConv, 3},
    {"ConvTranspose1d", "conv_transpose2d", Source::module, 1, kTransposed, 3},
    {"MaxPool1d", "max_pool2d", Source::module, 1, kMax, 1},
    {"AvgPool1d", "avg_pool2d", Source::module, 1, Names(kAverage).first(5), 1},
    {"Conv3d", "conv3d", Source::module, 3, kConv, 3},
    {"conv2d", "conv2d", Source::function, 2, kConvFunction, 2},
    {"conv_transpose2d", "conv_transpose2d", Source::function, 2, kTransposedFunction, 2},
    {"max_pool2d", "max_pool2d", Source::function, 2, kMaxFunction, 2},
    {"avg_pool2d", "avg_pool2d", Source::function, 2, kAverageFunction, 2},
    {"conv1d", "conv1d", Source::function, 1, kConvFunction, 2},
    {"conv3d", "conv3d", Source::function, 3, kConvFunction, 2},
    {"conv_transpose1d", "conv_transpose2d", Source::function, 1, kTransposedFunction, 2},
    {"max_pool1d", "max_pool2d", Source::function, 1, kMaxFunction, 2},
    {"avg_pool1d", "avg_pool2d", Source::function, 1, Names(kAverageFunction).first(6), 2},
    {"Conv2D", "conv2d", Source::keras, 2, kKerasConv, 2},
    {"Convolution2D", "conv2d", Source::keras, 2, kKerasConv, 2},
    {"DepthwiseConv2D", "conv2d", Source::keras, 2, kKerasDepthwise, 1},
    {"MaxPooling2D", "max_pool2d", Source::keras, 2, kKerasPool, 0},
    {"MaxPool2D", "max_pool2d", Source::keras, 2, kKerasPool, 0},
    {"AveragePooling2D", "avg_pool2d", Source::keras, 2, kKerasPool, 0},
    {"AvgPool2D", "avg_pool2d", Source::keras, 2, kKerasPool, 0},
    {"AvgPooling2D", "avg_pool2d", Source::keras, 2, kKerasPool, 0},
}};

bool pools(const LayerClass& layer) { return layer.operation == "max_pool2d" || layer.operation == "avg_pool2d"; }

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// The layer that a name with its dots calls; nothing for those of other libraries that are called alike.
const LayerClass* find_class(std::string_view dotted) {
  for (std::string_view foreign : {"tf.nn.", "tensorflow.nn.", "jax.", "cv2.", "torchvision.", "np."}) {
    if (dotted.starts_with(foreign)) return nullptr;
  }
  const std::string_view name = last_part(dotted);
  for (const LayerClass& known : kClasses) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

/// The module of one axis less or more than those that are shown, or of another kind that people would expect here.
bool is_layer_name(std::string_view name) {
  name = last_part(name);
  if (find_class(name) != nullptr) return true;
  for (std::string_view ending : {"1d", "2d", "3d", "1D", "2D", "3D"}) {
    if (name.ends_with(ending)) return true;
  }
  for (std::string_view known : {"ReLU", "Linear", "Dense", "Flatten", "Dropout", "Softmax", "Sigmoid", "Tanh", "GELU",
                                 "LeakyReLU", "BatchNormalization", "LayerNorm", "Activation"}) {
    if (name == known) return true;
  }
  return false;
}

std::string names_of(Names names) {
  std::string list;
  for (std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

constexpr std::array kAllModes = {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate,
                                  PaddingMode::circular};

// ---------------------------------------------------------------------------------------------------------------
// Values

bool is_name(const PythonNode& node, std::string_view name) { return node.kind == Kind::name && node.text == name; }
bool is_none(const PythonNode& node) { return is_name(node, "None"); }
bool is_constant_name(const PythonNode& node) {
  return is_none(node) || is_name(node, "True") || is_name(node, "False") || node.text.starts_with("torch.") ||
         node.text.starts_with("tf.") || node.text.starts_with("np.");
}

/// What the names of a script stand for. Its nodes outlive it.
using Variables = std::map<std::string, const PythonNode*, std::less<>>;

/// Numbers that names and sums of names stand for are put in their place; what cannot be known stays. `left` looks may
/// be taken: names may stand for sums of names without end.
PythonNode folded(const PythonNode& node, const Variables& variables, int& left) {
  if (--left < 0) return node;
  if (node.kind == Kind::name) {
    const auto known = variables.find(node.text);
    if (known == variables.end()) return node;
    PythonNode value = folded(*known->second, variables, left);
    const bool plain = value.kind == Kind::integer || value.kind == Kind::text || value.kind == Kind::sequence ||
                       value.kind == Kind::real || (value.kind == Kind::name && is_constant_name(value));
    if (!plain) return node;
    value.keyword = node.keyword;
    value.begin = node.begin;
    value.end = node.end;
    return value;
  }
  if (node.kind == Kind::sequence) {
    PythonNode result;
    result.kind = node.kind;
    result.stars = node.stars;
    result.keyword = node.keyword;
    result.begin = node.begin;
    result.end = node.end;
    for (const PythonNode& item : node.items) {
      PythonNode one = folded(item, variables, left);
      // Of what is no list only the kind is looked at; a list may name one large call many times.
      if (one.kind != Kind::sequence) one.items.clear();
      result.items.push_back(std::move(one));
    }
    return result;
  }
  if (node.kind != Kind::binary) return node;
  const PythonNode first = folded(node.items[0], variables, left);
  const PythonNode second = folded(node.items[1], variables, left);
  if (first.kind != Kind::integer || second.kind != Kind::integer) return node;
  PythonNode result;
  result.kind = Kind::integer;
  result.keyword = node.keyword;
  result.begin = node.begin;
  result.end = node.end;
  const int64_t a = first.integer, b = second.integer;
  std::optional<int64_t> value;
  if (node.text == "+") {
    value = checked_add(a, b);
  } else if (node.text == "-") {
    value = checked_sub(a, b);
  } else if (node.text == "*") {
    value = checked_mul(a, b);
  } else {
    if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1)) return node;
    // Python rounds down.
    const int64_t quotient = a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
    value = node.text == "//" ? quotient : a - quotient * b;
  }
  if (!value) return node;
  result.integer = *value;
  return result;
}

PythonNode folded(const PythonNode& node, const Variables& variables) {
  int looks = 1000;
  return folded(node, variables, looks);
}

std::optional<Shape> shape_of_integers(std::span<const PythonNode> items) {
  if (items.empty() || items.size() > static_cast<size_t>(Shape::kMaxRank)) return std::nullopt;
  Shape shape;
  for (const PythonNode& item : items) {
    if (item.kind != Kind::integer || item.integer < 1) return std::nullopt;
    shape.push_back(item.integer);
  }
  return shape;
}

/// Of lists in lists, as torch.tensor() takes them.
std::optional<Shape> shape_of_lists(const PythonNode& node) {
  Shape shape;
  for (const PythonNode* at = &node; at->kind == Kind::sequence; at = &at->items.front()) {
    if (at->items.empty() || shape.rank() >= Shape::kMaxRank) return std::nullopt;
    shape.push_back(static_cast<int64_t>(at->items.size()));
  }
  return shape.rank() > 0 ? std::optional(shape) : std::nullopt;
}

/// The shape of a tensor that an expression makes, where it can be told without running it.
std::optional<Shape> tensor_shape(const PythonNode& node, const Variables& variables, int depth = 0) {
  constexpr int kDeepest = 20;
  if (depth > kDeepest) return std::nullopt;
  if (node.kind == Kind::name) {
    const auto known = variables.find(node.text);
    return known == variables.end() ? std::nullopt : tensor_shape(*known->second, variables, depth + 1);
  }
  if (node.kind != Kind::call) return std::nullopt;
  const PythonNode& callee = node.items.front();
  std::vector<PythonNode> arguments;
  for (size_t i = 1; i < node.items.size(); ++i) {
    if (node.items[i].keyword.empty() || node.items[i].keyword == "size" || node.items[i].keyword == "shape") {
      // No shape has more.
      if (arguments.size() == static_cast<size_t>(Shape::kMaxRank)) return std::nullopt;
      arguments.push_back(folded(node.items[i], variables));
    }
  }
  const auto from_arguments = [&]() -> std::optional<Shape> {
    if (arguments.size() == 1 && arguments[0].kind == Kind::sequence) return shape_of_integers(arguments[0].items);
    return shape_of_integers(arguments);
  };
  if (callee.kind == Kind::member || (callee.kind == Kind::name && callee.text.find('.') != std::string::npos &&
                                      variables.contains(callee.text.substr(0, callee.text.rfind('.'))))) {
    const std::string_view method = last_part(callee.text);
    if (method == "reshape" || method == "view") return from_arguments();
    for (std::string_view same : {"float", "double", "to", "cuda", "cpu", "requires_grad_", "clone", "contiguous"}) {
      if (method != same) continue;
      if (callee.kind == Kind::member) return tensor_shape(callee.items.front(), variables, depth + 1);
      PythonNode name;
      name.kind = Kind::name;
      name.text = callee.text.substr(0, callee.text.rfind('.'));
      return tensor_shape(name, variables, depth + 1);
    }
    return std::nullopt;
  }
  if (callee.kind != Kind::name) return std::nullopt;
  const std::string_view name = last_part(callee.text);
  for (std::string_view maker : {"randn", "rand", "ones", "zeros", "empty", "normal", "uniform", "Input"}) {
    if (name == maker) return from_arguments();
  }
  if (name == "full" && !arguments.empty() && arguments[0].kind == Kind::sequence) {
    return shape_of_integers(arguments[0].items);
  }
  if (name == "randint" && arguments.size() >= 2 && arguments.back().kind == Kind::sequence) {
    return shape_of_integers(arguments.back().items);
  }
  if ((name == "tensor" || name == "Tensor" || name == "array") && !arguments.empty()) {
    return shape_of_lists(arguments[0]);
  }
  return std::nullopt;
}

// ---------------------------------------------------------------------------------------------------------------
// Meaning

/// How strictly: the window's field is rewritten by what was read, so nothing may be lost there.
enum class Reading : uint8_t { field, lenient };

class LayerReader {
 public:
  LayerReader(std::string_view code, const LayerClass& layer, const Variables& variables, Reading reading,
              const Session* now)
      : code_(code), layer_(layer), variables_(variables), reading_(reading), now_(now) {}

  Result<LayerCode> read(const PythonNode& call) {
    result_.call.operation = layer_.operation;
    // What a function's or Keras' call does not say stays as it is.
    if (layer_.source != Source::module && now_ != nullptr) {
      result_.call.params.in_channels = now_->params.in_channels;
      result_.call.params.out_channels = now_->params.out_channels;
      result_.call.params.kernel_size = now_->params.kernel_size;
      result_.call.more.depth.kernel_size = now_->more.depth.kernel_size;
    }
    if (layer_.source == Source::function) result_.call.params.bias = false;
    if (layer_.source == Source::keras && pools(layer_)) result_.call.params.kernel_size = {2, 2};
    if (Result<void> taken = take_arguments(call); !taken) return taken.error();
    finish_stride();
    if (layer_.dims == 1) lay_flat();
    if (own_ends_) {
      ConvParams& params = result_.call.params;
      const bool numbers = params.padding != Pair{0, 0} || (layer_.dims == 3 && result_.call.more.depth.padding != 0);
      const bool pads_too =
          params.padding_kind == PaddingKind::same || (params.padding_kind == PaddingKind::numbers && numbers);
      // Padding twice over, with two kinds of cells, is no single convolution.
      if (pads_too) return two_paddings(params);
      params.padding_kind = PaddingKind::pads;
      params.padding = {0, 0};
      params.pads = *own_ends_;
      result_.call.more.depth.padding = 0;
      result_.call.more.depth.front = own_depth_ends_[0];
      result_.call.more.depth.back = own_depth_ends_[1];
    }
    return std::move(result_);
  }

  static Error two_paddings(const ConvParams& params) {
    std::string padding = params.padding_kind == PaddingKind::same ? "'same'" : std::to_string(params.padding.h);
    if (params.padding_kind != PaddingKind::same && params.padding.h != params.padding.w) {
      padding = "(" + padding + ", " + std::to_string(params.padding.w) + ")";
    }
    return Error{"error.constructor_two_paddings", "padding", {padding}};
  }

 private:
  /// As Python's own messages call it.
  std::string called() const {
    return std::string(layer_.name) + (layer_.source == Source::function ? "()" : ".__init__()");
  }
  std::string source_of(const PythonNode& node) const {
    return shortened_code(code_.substr(node.begin, node.end - node.begin));
  }
  std::string place_of(const PythonNode& node) const {
    const PythonPlace place = place_in(code_, node.begin);
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  Error wrong_type(const PythonNode& node, std::string_view name, std::string_view wanted) const {
    return Error{"error.constructor_type",
                 std::string(name),
                 {std::string(name), source_of(node), std::string(wanted), place_of(node)}};
  }
  void note(std::string key, std::vector<std::string> args) {
    result_.notes.push_back({std::move(key), std::move(args)});
  }

  Result<void> take_arguments(const PythonNode& call) {
    const Names signature = layer_.signature;
    std::array<bool, kMostArguments> given{};
    const PythonNode* named = nullptr;
    size_t position = 0;
    const size_t count = call.items.size() - 1;
    for (size_t i = 1; i < call.items.size(); ++i) {
      const PythonNode& argument = call.items[i];
      if (argument.stars > 0) {
        if (reading_ == Reading::field) return wrong_type(argument, "*", "3");
        note("note.code_stars", {std::string(static_cast<size_t>(argument.stars), '*') + source_of(argument)});
        continue;
      }
      if (argument.keyword == kPads && layer_.operation != "conv2d" && layer_.source == Source::module) {
        if (Result<void> taken = take_ends(argument); !taken) return taken;
        named = &argument;
        continue;
      }
      size_t index = 0;
      if (argument.keyword.empty()) {
        if (named != nullptr) {
          return Error{"error.constructor_positional_late", "constructor", {source_of(argument), place_of(argument)}};
        }
        if (position >= signature.size()) {
          const size_t self = layer_.source == Source::function ? 0 : 1;
          const std::string most = std::to_string(signature.size() + self);
          const std::string range = layer_.required == signature.size()
                                        ? most
                                        : "from " + std::to_string(layer_.required + self) + " to " + most;
          return Error{"error.constructor_too_many",
                       "constructor",
                       {called() + " takes " + range + " positional arguments but " + std::to_string(count + self) +
                            " were given",
                        place_of(argument), names_of(signature)}};
        }
        index = position++;
      } else {
        named = &argument;
        while (index < signature.size() && signature[index] != argument.keyword) ++index;
        if (index == signature.size()) {
          if (layer_.source == Source::keras && take_keras_extra(argument)) continue;
          return unknown_argument(argument);
        }
      }
      const std::string_view name = signature[index];
      if (given[index]) {
        return Error{"error.constructor_twice",
                     std::string(name),
                     {called() + " got multiple values for argument '" + std::string(name) + "'", place_of(argument)}};
      }
      given[index] = true;
      if (Result<void> set = take(name, argument); !set) return set;
    }
    return check_missing(given, call);
  }

  Error unknown_argument(const PythonNode& argument) const {
    std::vector<std::string> names(layer_.signature.begin(), layer_.signature.end());
    const std::string similar = similar_word(argument.keyword, names);
    std::vector<std::string> args = {
        called() + " got an unexpected keyword argument '" + shortened_code(argument.keyword) + "'", place_of(argument),
        names_of(layer_.signature)};
    if (similar.empty()) return Error{"error.constructor_unknown_argument", "constructor", std::move(args)};
    args.push_back(similar);
    return Error{"error.constructor_similar_argument", "constructor", std::move(args)};
  }

  Result<void> check_missing(const std::array<bool, kMostArguments>& given, const PythonNode& call) const {
    std::vector<std::string> missing;
    for (size_t i = 0; i < layer_.required; ++i) {
      if (!given[i]) missing.push_back("'" + std::string(layer_.signature[i]) + "'");
    }
    // *sizes may have held them.
    if (missing.empty() ||
        std::any_of(call.items.begin(), call.items.end(), [](const auto& a) { return a.stars > 0; })) {
      return {};
    }
    std::string list = missing[0];
    for (size_t i = 1; i < missing.size(); ++i) {
      list += i + 1 < missing.size() ? ", " : missing.size() > 2 ? ", and " : " and ";
      list += missing[i];
    }
    const std::string field = missing[0].substr(1, missing[0].size() - 2);
    return Error{"error.constructor_missing",
                 field,
                 {called() + " missing " + std::to_string(missing.size()) + " required positional argument" +
                      (missing.size() == 1 ? ": " : "s: ") + list,
                  field}};
  }

  /// A name that nothing is known about keeps what stands there now; `kept` is how that reads.
  bool is_open(const PythonNode& value) const {
    if (reading_ == Reading::field) return false;
    switch (value.kind) {
      case Kind::name:
        return !is_constant_name(value);
      case Kind::call:
      case Kind::member:
      case Kind::binary:
      case Kind::other:
        return true;
      case Kind::sequence:
        return std::any_of(value.items.begin(), value.items.end(), [this](const auto& item) { return is_open(item); });
      default:
        return false;
    }
  }

  Result<void> take(std::string_view name, const PythonNode& written) {
    const PythonNode value = folded(written, variables_);
    ConvParams& params = result_.call.params;
    MoreParams& more = result_.call.more;
    if (name == "input") return take_input(value);
    if (name == "weight") return take_weight(value);
    if (name == "bias" && layer_.source == Source::function) {
      params.bias = !is_none(value);
      return {};
    }
    if (name == "activation") {
      if (!is_none(value)) note("note.code_left_out", {"activation=" + source_of(written)});
      return {};
    }
    if (name == "device") return take_device(value);
    if (name == "data_format") {
      if (!is_none(value) && !(value.kind == Kind::text && value.text == "channels_last")) {
        note("note.code_left_out", {"data_format=" + source_of(written)});
      }
      return {};
    }
    if (is_open(value)) {
      keep(name);
      note("note.code_variable", {std::string(name), source_of(written), now_text(name)});
      return {};
    }
    if (name == "in_channels") return set_integer(params.in_channels, value, name);
    if (name == "out_channels" || name == "filters") return set_integer(params.out_channels, value, name);
    if (name == "groups") return set_integer(params.groups, value, name);
    if (name == "kernel_size" || name == "pool_size") return set_pair(params.kernel_size, value, name);
    if (name == "stride" || name == "strides") {
      // Pooling's None is the kernel's size.
      if (is_none(value) && pools(layer_)) {
        params.stride = kFollowsKernel;
        has_stride_ = true;
        return {};
      }
      has_stride_ = true;
      return set_pair(params.stride, value, name);
    }
    if (name == "dilation" || name == "dilation_rate") return set_pair(params.dilation, value, name);
    if (name == "padding") return set_padding(value);
    if (name == "padding_mode") return set_padding_mode(value);
    if (name == "dtype") return set_dtype(value);
    if (name == "bias" || name == "use_bias") return set_flag(params.bias, value, name);
    if (name == "output_padding") return set_pair(more.output_padding, value, name);
    if (name == "ceil_mode") return set_flag(more.ceil_mode, value, name);
    if (name == "count_include_pad") return set_flag(more.count_include_pad, value, name);
    if (name == "depth_multiplier") {
      int64_t multiplier = 1;
      if (Result<void> set = set_integer(multiplier, value, name); !set) return set;
      depth_multiplier_ = multiplier;
      return {};
    }
    if (name == "divisor_override") {
      more.divisor_override.reset();
      if (is_none(value)) return {};
      if (value.kind != Kind::integer) return wrong_type(value, name, "None, 4");
      more.divisor_override = value.integer;
      return {};
    }
    // return_indices: the lens rings them.
    bool unused = false;
    return set_flag(unused, value, name);
  }

  /// The value that `name` has now goes into the result.
  void keep(std::string_view name) {
    if (now_ == nullptr) return;
    ConvParams& params = result_.call.params;
    const ConvParams& now = now_->params;
    if (name == "in_channels") params.in_channels = now.in_channels;
    if (name == "out_channels" || name == "filters") params.out_channels = now.out_channels;
    if (name == "kernel_size" || name == "pool_size") {
      params.kernel_size = now.kernel_size;
      result_.call.more.depth.kernel_size = now_->more.depth.kernel_size;
    }
    // The others' defaults are the better guess: strides of 1, no padding, one group.
  }
  std::string now_text(std::string_view name) const {
    const ConvParams& p = result_.call.params;
    const auto pair = [this](const Pair& value) {
      if (layer_.dims == 3) return Spatial{*depth_beside(value), value.h, value.w}.to_string();
      return value.h == value.w ? std::to_string(value.h)
                                : "(" + std::to_string(value.h) + ", " + std::to_string(value.w) + ")";
    };
    if (name == "in_channels") return std::to_string(p.in_channels);
    if (name == "out_channels" || name == "filters") return std::to_string(p.out_channels);
    if (name == "groups") return std::to_string(p.groups);
    if (name == "kernel_size" || name == "pool_size") return pair(p.kernel_size);
    if (name == "stride" || name == "strides") return pools(layer_) ? pair(p.kernel_size) : pair(p.stride);
    if (name == "padding") return pair(p.padding);
    if (name == "dilation" || name == "dilation_rate") return pair(p.dilation);
    if (name == "bias" || name == "use_bias") return p.bias ? "True" : "False";
    if (name == "padding_mode") return std::string("'") + name_of(p.padding_mode) + "'";
    if (name == "dtype") return std::string("torch.") + name_of(p.dtype);
    if (name == "output_padding") return pair(result_.call.more.output_padding);
    if (name == "divisor_override") return "None";
    return name == "count_include_pad" ? "True" : "False";
  }

  bool take_keras_extra(const PythonNode& argument) {
    const std::string_view name = argument.keyword;
    if (name == "input_shape") {
      const PythonNode value = folded(argument, variables_);
      const std::optional<Shape> shape =
          value.kind == Kind::sequence ? shape_of_integers(value.items) : std::optional<Shape>();
      if (shape && shape->rank() == 3) {
        // Channels last there, first here.
        result_.input_shape = Shape{1, (*shape)[2], (*shape)[0], (*shape)[1]};
        result_.call.params.in_channels = (*shape)[2];
        return true;
      }
      note("note.code_left_out", {"input_shape=" + source_of(argument)});
      return true;
    }
    if (std::find(kKerasOthers.begin(), kKerasOthers.end(), name) == kKerasOthers.end()) return false;
    if (name != "name" && name != "trainable")
      note("note.code_left_out", {argument.keyword + "=" + source_of(argument)});
    return true;
  }

  Result<void> take_input(const PythonNode& value) {
    if (const std::optional<Shape> shape = tensor_shape(value, variables_)) take_input_shape(*shape);
    return {};
  }

 public:
  /// Of the tensor that the layer is called with; what is no input of such a layer is left alone.
  void take_input_shape(Shape shape) {
    const int rank = shape.rank();
    if (layer_.dims == 1) {
      if (rank == 2) shape = Shape{1, shape[0], 1, shape[1]};
      if (rank == 3) shape = Shape{shape[0], shape[1], 1, shape[2]};
      if (rank != 2 && rank != 3) return;
    } else if (rank != layer_.dims + 1 && rank != layer_.dims + 2) {
      return;
    }
    result_.input_shape = shape;
    if (pools(layer_) || layer_.source == Source::function) {
      result_.call.params.in_channels = shape[shape.rank() - (layer_.dims == 3 ? 4 : 3)];
    }
  }

 private:
  Result<void> take_weight(const PythonNode& value) {
    const std::optional<Shape> shape = tensor_shape(value, variables_);
    ConvParams& params = result_.call.params;
    if (!shape || shape->rank() != 2 + layer_.dims) {
      note("note.code_weight", {source_of(value), std::to_string(params.in_channels),
                                std::to_string(params.out_channels), now_text("kernel_size")});
      return {};
    }
    weight_shape_ = *shape;
    params.kernel_size = layer_.dims == 1   ? Pair{(*shape)[2], (*shape)[2]}
                         : layer_.dims == 3 ? Pair{(*shape)[3], (*shape)[4]}
                                            : Pair{(*shape)[2], (*shape)[3]};
    if (layer_.dims == 3) result_.call.more.depth.kernel_size = (*shape)[2];
    return {};
  }

  Result<void> take_ends(const PythonNode& argument) {
    const PythonNode value = folded(argument, variables_);
    // All begins, then all ends.
    const bool flat = layer_.dims == 1;
    const bool deep = layer_.dims == 3;
    const std::string_view wanted = flat ? "(2, 0)" : deep ? "(2, 0, 0, 0, 0, 0)" : "(0, 0, 1, 1)";
    std::vector<int64_t> sides;
    if (value.kind == Kind::sequence) {
      for (const PythonNode& item : value.items) {
        if (item.kind == Kind::integer) sides.push_back(item.integer);
      }
    }
    if (sides.size() != static_cast<size_t>(2 * layer_.dims) || sides.size() != value.items.size()) {
      return wrong_type(argument, kPads, wanted);
    }
    if (own_ends_) {
      return Error{"error.constructor_twice", "padding", {"keyword argument repeated: pads", place_of(argument)}};
    }
    own_ends_ = flat   ? Pads{0, sides[0], 0, sides[1]}
                : deep ? Pads{sides[1], sides[2], sides[4], sides[5]}
                       : Pads{sides[0], sides[1], sides[2], sides[3]};
    if (deep) own_depth_ends_ = {sides[0], sides[3]};
    return {};
  }

  Result<void> take_device(const PythonNode& value) {
    if (is_none(value) || (value.kind == Kind::text && value.text == "cpu")) return {};
    // Everything is computed on the CPU; whoever asks for another device should know.
    if (reading_ == Reading::field) return Error{"error.constructor_device", "constructor", {source_of(value)}};
    note("note.code_left_out", {"device=" + source_of(value)});
    return {};
  }

  Result<void> set_integer(int64_t& target, const PythonNode& value, std::string_view name) const {
    // A tuple of one stands for its number where a layer has one axis.
    if (value.kind != Kind::integer) return wrong_type(value, name, "3");
    target = value.integer;
    return {};
  }

  /// The depth that belongs to one of the arguments of height and width; null where it has none.
  const int64_t* depth_beside(const Pair& pair) const {
    const ConvParams& params = result_.call.params;
    const DepthParams& depth = result_.call.more.depth;
    if (&pair == &params.kernel_size) return &depth.kernel_size;
    if (&pair == &params.stride) return &depth.stride;
    if (&pair == &params.padding) return &depth.padding;
    if (&pair == &params.dilation) return &depth.dilation;
    static constexpr int64_t kNone = 0;
    return &kNone;
  }
  void set_depth(const Pair& pair, int64_t value) {
    ConvParams& params = result_.call.params;
    DepthParams& depth = result_.call.more.depth;
    if (&pair == &params.kernel_size) depth.kernel_size = value;
    if (&pair == &params.stride) depth.stride = value;
    if (&pair == &params.padding) depth.padding = value;
    if (&pair == &params.dilation) depth.dilation = value;
  }

  static constexpr std::string_view kPairWanted = "3, (3, 5)";
  Result<void> set_pair(Pair& target, const PythonNode& value, std::string_view name,
                        std::string_view wanted = kPairWanted) {
    if (value.kind == Kind::integer) {
      target = {value.integer, value.integer};
      if (layer_.dims == 3) set_depth(target, value.integer);
      return {};
    }
    if (layer_.dims == 3) {
      const auto is_integer = [](const PythonNode& item) { return item.kind == Kind::integer; };
      if (value.kind != Kind::sequence || value.items.size() != 3 ||
          !std::all_of(value.items.begin(), value.items.end(), is_integer)) {
        return wrong_type(value, name, wanted == kPairWanted ? "3, (3, 3, 5)" : "1, (1, 1, 2), 'same', 'valid'");
      }
      target = {value.items[1].integer, value.items[2].integer};
      set_depth(target, value.items[0].integer);
      return {};
    }
    const auto size = static_cast<size_t>(layer_.dims);
    if (value.kind == Kind::sequence && value.items.size() == size && value.items.front().kind == Kind::integer &&
        value.items.back().kind == Kind::integer) {
      target = {value.items.front().integer, value.items.back().integer};
      return {};
    }
    return wrong_type(value, name, layer_.dims == 1 && wanted == kPairWanted ? "3, (3,)" : wanted);
  }

  Result<void> set_flag(bool& target, const PythonNode& value, std::string_view name) const {
    if (is_name(value, "True") || is_name(value, "False")) {
      target = value.text == "True";
      return {};
    }
    // Python takes 0 and 1 for False and True; so does the signature's bool.
    if (value.kind == Kind::integer && (value.integer == 0 || value.integer == 1)) {
      target = value.integer == 1;
      return {};
    }
    return wrong_type(value, name, "True, False");
  }

  Result<void> set_padding(const PythonNode& value) {
    ConvParams& params = result_.call.params;
    const bool words_only = layer_.source == Source::keras;
    const char* const wanted = words_only ? "'same', 'valid'" : "1, (1, 2), 'same', 'valid'";
    if (value.kind == Kind::text) {
      std::string word = value.text;
      if (words_only) {
        for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
      params.padding = {0, 0};
      result_.call.more.depth.padding = 0;
      if (word == "valid") {
        params.padding_kind = words_only && pools(layer_) ? PaddingKind::numbers : PaddingKind::valid;
      } else if (word == "same") {
        params.padding_kind = PaddingKind::same;
        keras_same_ = words_only;
      } else {
        return wrong_type(value, "padding", wanted);
      }
      return {};
    }
    if (words_only) return wrong_type(value, "padding", wanted);
    Result<void> set = set_pair(params.padding, value, "padding", wanted);
    if (set) params.padding_kind = PaddingKind::numbers;
    return set;
  }

  Result<void> set_padding_mode(const PythonNode& value) {
    for (PaddingMode mode : kAllModes) {
      if (value.kind != Kind::text || value.text != name_of(mode)) continue;
      result_.call.params.padding_mode = mode;
      return {};
    }
    return wrong_type(value, "padding_mode", "'zeros', 'reflect', 'replicate', 'circular'");
  }

  Result<void> set_dtype(const PythonNode& value) {
    DType& dtype = result_.call.params.dtype;
    if (value.kind == Kind::name) {
      const std::string_view last = last_part(value.text);
      if (last == "float32" || last == "float" || last == "None" || last == "float64" || last == "double") {
        dtype = last == "float64" || last == "double" ? DType::float64 : DType::float32;
        return {};
      }
      if (reading_ == Reading::lenient) {
        note("note.code_left_out", {"dtype=" + source_of(value)});
        return {};
      }
    }
    return wrong_type(value, "dtype", "torch.float32, torch.float64");
  }

  /// Left out, and also where somebody wrote None, pooling's stride is its kernel's size.
  void finish_stride() {
    ConvParams& params = result_.call.params;
    if (pools(layer_) && (!has_stride_ || params.stride == kFollowsKernel)) params.stride = params.kernel_size;
    if (weight_shape_) {
      const Shape& shape = *weight_shape_;
      const bool transposed = layer_.operation == "conv_transpose2d";
      params.in_channels = transposed ? shape[0] : shape[1] * params.groups;
      params.out_channels = transposed ? shape[1] * params.groups : shape[0];
    }
    if (layer_.name == "DepthwiseConv2D") {
      params.groups = params.in_channels;
      params.out_channels = params.in_channels * depth_multiplier_;
    }
    if (keras_same_) finish_keras_same();
  }

  /// Keras pads so that ceil(input / stride) cells come out, the odd one at the end: another rule than PyTorch's, which
  /// depends on the input's size as soon as there is a stride.
  void finish_keras_same() {
    ConvParams& params = result_.call.params;
    if (params.stride == Pair{1, 1} && !pools(layer_)) return;
    const Shape shape = result_.input_shape ? *result_.input_shape : now_ != nullptr ? now_->input_shape : Shape();
    const auto axis = [](int64_t n, int64_t kernel, int64_t stride, int64_t dilation) -> std::pair<int64_t, int64_t> {
      if (n < 1 || kernel < 1 || stride < 1 || dilation < 1 || n > INT32_MAX || kernel > INT32_MAX ||
          stride > INT32_MAX || dilation > INT32_MAX) {
        return {0, 0};
      }
      const int64_t out = (n + stride - 1) / stride;
      const int64_t all = std::max<int64_t>(0, (out - 1) * stride + dilation * (kernel - 1) + 1 - n);
      return {all / 2, all - all / 2};
    };
    if (shape.rank() < 3) return;
    // The padding is right for this input alone.
    result_.input_shape = shape;
    if (!pools(layer_)) (*result_.input_shape)[shape.rank() - 3] = params.in_channels;
    const auto [top, bottom] = axis(shape[shape.rank() - 2], params.kernel_size.h, params.stride.h, params.dilation.h);
    const auto [left, right] = axis(shape[shape.rank() - 1], params.kernel_size.w, params.stride.w, params.dilation.w);
    if (top == bottom && left == right) {
      params.padding_kind = PaddingKind::numbers;
      params.padding = {top, left};
    } else {
      params.padding_kind = PaddingKind::pads;
      params.pads = {top, left, bottom, right};
    }
    // TensorFlow's average leaves padding out of account.
    if (layer_.operation == "avg_pool2d") result_.call.more.count_include_pad = false;
    note("note.code_keras_same", {shape.to_string(" x "), std::to_string(top) + ", " + std::to_string(bottom),
                                  std::to_string(left) + ", " + std::to_string(right)});
  }

  /// One axis becomes the width of rows.
  void lay_flat() {
    ConvParams& params = result_.call.params;
    params.kernel_size.h = params.stride.h = params.dilation.h = 1;
    params.padding.h = 0;
    result_.call.more.output_padding.h = 0;
    if (layer_.operation != "conv1d") note("note.code_flat", {std::string(layer_.name)});
    if (!result_.input_shape && now_ != nullptr && now_->input_shape.rank() >= 3) {
      Shape shape = now_->input_shape;
      shape[shape.rank() - 2] = 1;
      result_.input_shape = shape;
      result_.takes_any_length = true;
      if (!pools(layer_)) (*result_.input_shape)[shape.rank() - 3] = params.in_channels;
    }
  }

  std::string_view code_;
  const LayerClass& layer_;
  const Variables& variables_;
  Reading reading_;
  const Session* now_;
  LayerCode result_;
  std::optional<Pads> own_ends_;
  std::array<int64_t, 2> own_depth_ends_{};
  std::optional<Shape> weight_shape_;
  int64_t depth_multiplier_ = 1;
  bool has_stride_ = false;
  bool keras_same_ = false;
};

// ---------------------------------------------------------------------------------------------------------------
// A module that pads, in front of the layer

struct ModulePadding {
  Pads pads;
  PaddingMode mode = PaddingMode::zeros;
};

bool is_padding_module(const PythonNode& node) {
  if (node.kind != Kind::call || node.items.front().kind != Kind::name) return false;
  return std::any_of(kAllModes.begin(), kAllModes.end(),
                     [&](PaddingMode mode) { return last_part(node.items.front().text) == padding_module_name(mode); });
}

/// `nn.ZeroPad2d((1, 0, 2, 1))`: left, right, top, bottom, or one number for all.
Result<ModulePadding> read_padding_module(std::string_view code, const PythonNode& node, const Variables& variables) {
  ModulePadding result;
  for (PaddingMode mode : kAllModes) {
    if (last_part(node.items.front().text) == padding_module_name(mode)) result.mode = mode;
  }
  const PythonPlace place = place_in(code, node.begin);
  const Error wrong{"error.constructor_type",
                    "padding",
                    {"padding", shortened_code(code.substr(node.begin, node.end - node.begin)), "1, (1, 0, 2, 1)",
                     std::to_string(place.line) + ":" + std::to_string(place.column)}};
  if (node.items.size() != 2) return wrong;
  const PythonNode value = folded(node.items[1], variables);
  if (value.kind == Kind::integer) {
    result.pads = {value.integer, value.integer, value.integer, value.integer};
    return result;
  }
  if (value.kind != Kind::sequence || value.items.size() != 4) return wrong;
  for (const PythonNode& side : value.items) {
    if (side.kind != Kind::integer) return wrong;
  }
  result.pads = {value.items[2].integer, value.items[0].integer, value.items[3].integer, value.items[1].integer};
  return result;
}

Result<void> pad_in_front(LayerCode& code, const ModulePadding& padding) {
  ConvParams& params = code.call.params;
  const bool pads_too = params.padding_kind == PaddingKind::same ||
                        (params.padding_kind == PaddingKind::numbers && params.padding != Pair{0, 0});
  if (pads_too) return LayerReader::two_paddings(params);
  params.padding_kind = PaddingKind::pads;
  params.padding = {0, 0};
  params.pads = padding.pads;
  params.padding_mode = padding.mode;
  return {};
}

// ---------------------------------------------------------------------------------------------------------------
// Finding the layer

std::string callee_of(const PythonNode& node) {
  return node.kind == Kind::call && node.items.front().kind == Kind::name ? node.items.front().text : std::string();
}

/// Every call in the tree, outer ones first.
void collect_calls(const PythonNode& node, std::vector<const PythonNode*>& calls) {
  if (node.kind == Kind::call) calls.push_back(&node);
  for (const PythonNode& item : node.items) collect_calls(item, calls);
}

Error not_a_layer(std::string_view found) {
  return Error{"error.constructor_not_conv2d", "constructor", {shortened_code(found)}};
}

}  // namespace

Result<LayerCall> parse_layer(std::string_view text) {
  const Result<std::vector<PythonStatement>> statements = parse_python(text);
  if (!statements) return statements.error();
  if (statements->empty()) return Error{"error.constructor_empty", "constructor", {}};
  const PythonNode* node = &statements->front().value;
  if (statements->size() > 1) {
    const size_t second =
        (*statements)[1].targets.empty() ? (*statements)[1].value.begin : (*statements)[1].targets.front().begin;
    const PythonPlace place = place_in(text, second);
    return Error{"error.constructor_after_end",
                 "constructor",
                 {shortened_code(text.substr(second)), std::to_string(place.column), std::to_string(place.line)}};
  }
  if (node->kind == Kind::name && find_class(node->text) != nullptr) {
    return Error{"error.constructor_unfinished", "constructor", {"`(`"}};
  }
  if (!node->items.empty() && node->kind != Kind::call && node->kind != Kind::sequence &&
      find_class(callee_of(node->items.front())) != nullptr) {
    const size_t behind = node->items.front().end;
    const PythonPlace place = place_in(text, behind);
    const size_t first = text.find_first_not_of(" \t", behind);
    return Error{"error.constructor_after_end",
                 "constructor",
                 {shortened_code(text.substr(std::min(first, text.size()))), std::to_string(place.column),
                  std::to_string(place.line)}};
  }
  const Variables none;
  std::optional<ModulePadding> padding;
  if (last_part(callee_of(*node)) == "Sequential") {
    if (node->items.size() < 2 || !is_padding_module(node->items[1])) {
      std::string modules;
      for (PaddingMode mode : kAllModes)
        modules += (modules.empty() ? "" : ", ") + std::string(padding_module_name(mode));
      const std::string found =
          node->items.size() < 2
              ? std::string("Sequential()")
              : std::string(text.substr(node->items[1].begin, node->items[1].end - node->items[1].begin));
      return Error{"error.constructor_not_padding", "constructor", {shortened_code(found), modules}};
    }
    Result<ModulePadding> read = read_padding_module(text, node->items[1], none);
    if (!read) return read.error();
    padding = *read;
    if (node->items.size() != 3) return Error{"error.constructor_unfinished", "constructor", {"`Conv2d(`"}};
    node = &node->items[2];
    if (last_part(callee_of(*node)) != "Conv2d") {
      return Error{"error.constructor_padding_module",
                   "constructor",
                   {shortened_code(text.substr(node->begin, node->end - node->begin))}};
    }
  }
  const std::string callee = callee_of(*node);
  const LayerClass* layer = find_class(callee);
  const bool flat_twin = layer != nullptr && layer->dims == 1 && layer->operation != "conv1d";
  if (layer == nullptr || layer->source != Source::module || flat_twin) {
    return not_a_layer(callee.empty() ? text.substr(node->begin, node->end - node->begin) : std::string_view(callee));
  }
  Result<LayerCode> code = LayerReader(text, *layer, none, Reading::field, nullptr).read(*node);
  if (!code) return code.error();
  if (padding) {
    if (Result<void> padded = pad_in_front(*code, *padding); !padded) return padded.error();
  }
  return std::move(code->call);
}

Result<LayerCode> read_layer_code(std::string_view text, const Session& now) {
  const Result<std::vector<PythonStatement>> statements = parse_python(text);
  if (!statements) return statements.error();
  if (statements->empty()) return Error{"error.constructor_empty", "constructor", {}};

  // Names stand for what they were given before the layer.
  Variables variables;
  const PythonNode* found = nullptr;
  const LayerClass* layer = nullptr;
  std::string layer_name;  // of the variable that holds it
  std::vector<const PythonNode*> calls;
  std::vector<std::string> others;
  std::string unknown;
  for (const PythonStatement& statement : *statements) {
    std::vector<const PythonNode*> here;
    collect_calls(statement.value, here);
    for (const PythonNode* call : here) {
      const std::string callee = callee_of(*call);
      const LayerClass* known = find_class(callee);
      if (known != nullptr && found == nullptr) {
        found = call;
        layer = known;
        if (!statement.targets.empty() && &statement.value == call) layer_name = statement.targets.front().text;
      } else if (!callee.empty() && call != found && is_layer_name(callee)) {
        if (find_class(callee) == nullptr && found == nullptr && unknown.empty()) unknown = callee;
        others.push_back(std::string(last_part(callee)));
      }
      calls.push_back(call);
    }
    if (found != nullptr) continue;
    for (const PythonNode& target : statement.targets) {
      // x = x.float() would go in circles.
      if (target.kind == Kind::name && !variables.contains(target.text)) variables[target.text] = &statement.value;
    }
  }
  if (found == nullptr) {
    if (unknown.empty() && !calls.empty()) unknown = callee_of(*calls.front());
    return not_a_layer(unknown.empty() ? text : std::string_view(unknown));
  }
  // Inputs are often made behind the layer.
  for (const PythonStatement& statement : *statements) {
    for (const PythonNode& target : statement.targets) {
      if (target.kind == Kind::name && !variables.contains(target.text)) variables[target.text] = &statement.value;
    }
  }

  LayerReader reader(text, *layer, variables, Reading::lenient, &now);
  // What the layer is called with: nn.Conv2d(...)(x), conv(x).
  for (const PythonNode* call : calls) {
    const bool on_layer = &call->items.front() == found || (!layer_name.empty() && callee_of(*call) == layer_name);
    if (!on_layer || call->items.size() < 2 || layer->source == Source::function) continue;
    if (const std::optional<Shape> shape = tensor_shape(call->items[1], variables)) {
      if (layer->source == Source::module) reader.take_input_shape(*shape);
      break;
    }
  }
  Result<LayerCode> code = reader.read(*found);
  if (!code) return code;

  for (const PythonNode* call : calls) {
    if (last_part(callee_of(*call)) != "Sequential") continue;
    for (size_t i = 1; i + 1 < call->items.size(); ++i) {
      if (&call->items[i + 1] != found || !is_padding_module(call->items[i]) || layer->name != "Conv2d") continue;
      const Result<ModulePadding> padding = read_padding_module(text, call->items[i], variables);
      if (!padding) return padding.error();
      if (Result<void> padded = pad_in_front(*code, *padding); !padded) return padded.error();
      const auto module = std::find(others.begin(), others.end(), last_part(callee_of(call->items[i])));
      if (module != others.end()) others.erase(module);
    }
  }
  if (!others.empty()) {
    constexpr size_t kMostNamed = 4;
    std::string list;
    for (size_t i = 0; i < std::min(others.size(), kMostNamed); ++i) list += (i > 0 ? ", " : "") + others[i];
    if (others.size() > kMostNamed) list += ", ...";
    code->notes.push_back({others.size() == 1 ? "note.code_other_layer" : "note.code_other_layers",
                           {std::to_string(others.size()), list}});
  }
  return code;
}

bool is_layer_code(std::string_view text) {
  // "picture (1).png" is a file that is missing.
  const size_t last = text.find_last_not_of(" \t\r\n");
  const size_t bracket = text.find('(');
  if (last == std::string_view::npos || bracket == std::string_view::npos || bracket == 0) return false;
  return text[last] == ')' || text[last] == ',' || text.find('\n') != std::string_view::npos ||
         text.find('#', bracket) != std::string_view::npos;
}

Session session_of(const LayerCode& code) {
  Session session;
  session.operation = code.call.operation;
  session.params = code.call.params;
  session.more = code.call.more;
  const OperationFamily family = shown_family(session.operation).value_or(OperationFamily::conv);
  const int dims = shown_dims(session.operation);
  session.lens = fitting_lens(family, session.lens, dims);
  const ConvParams& p = session.params;
  const bool pooling = family == OperationFamily::max_pool || family == OperationFamily::avg_pool;
  if (code.input_shape) {
    session.input_shape = *code.input_shape;
    if (!code.takes_any_length) return session;
  }
  // As many cells as three windows reach over, and no fewer than everywhere else.
  const auto extent = [](int64_t kernel, int64_t stride, int64_t dilation, int64_t padding) -> int64_t {
    constexpr int64_t kMost = 1024;
    for (int64_t value : {kernel, stride, dilation, padding}) {
      if (value < 0 || value > kMost) return 5;
    }
    return std::max<int64_t>(5, dilation * (kernel - 1) + 1 + 2 * stride - 2 * padding);
  };
  const int64_t channels = pooling ? 1 : std::max<int64_t>(p.in_channels, 1);
  const bool transposed = family == OperationFamily::conv_transpose;
  const Pair padding = p.padding_kind == PaddingKind::numbers ? p.padding : Pair{0, 0};
  const Pair size = transposed ? Pair{3, 3}
                               : Pair{dims == 1 ? 1 : extent(p.kernel_size.h, p.stride.h, p.dilation.h, padding.h),
                                      extent(p.kernel_size.w, p.stride.w, p.dilation.w, padding.w)};
  const DepthParams& depth = session.more.depth;
  const int64_t deep = p.padding_kind == PaddingKind::numbers ? depth.padding : 0;
  if (!code.input_shape && dims == 3) {
    // One slice less than of a picture's rows: they stand beside one another.
    const int64_t slices = extent(depth.kernel_size, depth.stride, depth.dilation, deep);
    session.input_shape = Shape{1, channels, slices == 5 && depth.kernel_size < 4 ? 4 : slices, size.h, size.w};
  } else if (!code.input_shape) {
    session.input_shape = Shape{1, channels, size.h, size.w};
  } else if (session.input_shape[session.input_shape.rank() - 1] < p.kernel_size.w) {
    session.input_shape[session.input_shape.rank() - 1] = size.w;
  }
  return session;
}

std::string words_of(Language language, const std::vector<CodeNote>& notes) {
  std::string words;
  for (const CodeNote& note : notes) {
    if (!words.empty() && language != Language::zh) words += ' ';
    words += tr(language, note.key, note.args);
  }
  return words;
}

}  // namespace convscope
