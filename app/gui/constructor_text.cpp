#include "app/gui/constructor_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace convscope {

namespace {

// ---------------------------------------------------------------------------------------------------------------
// Writing

std::string pair_text(Pair pair) {
  if (pair.h == pair.w) return std::to_string(pair.h);
  return "(" + std::to_string(pair.h) + ", " + std::to_string(pair.w) + ")";
}

/// Whether begin and end differ, which Conv2d's own padding cannot say.
bool has_own_ends(const ConvParams& params) {
  const Pads& p = params.pads;
  return params.padding_kind == PaddingKind::pads && (p.top != p.bottom || p.left != p.right);
}

std::string padding_text(const ConvParams& params) {
  switch (params.padding_kind) {
    case PaddingKind::same:
      return "'same'";
    case PaddingKind::valid:
      return "'valid'";
    case PaddingKind::pads:
      if (!has_own_ends(params)) return pair_text({params.pads.top, params.pads.left});
      return "0";
    case PaddingKind::numbers:
      break;
  }
  return pair_text(params.padding);
}

constexpr std::array kAllModes = {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate,
                                  PaddingMode::circular};

/// The module that pads by itself, in front of the convolution.
const char* module_name(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros:
      return "ZeroPad2d";
    case PaddingMode::reflect:
      return "ReflectionPad2d";
    case PaddingMode::replicate:
      return "ReplicationPad2d";
    case PaddingMode::circular:
      return "CircularPad2d";
  }
  return "";
}

/// It takes left, right, top, bottom.
std::string padding_module_text(const ConvParams& params) {
  const Pads& p = params.pads;
  return std::string(module_name(params.padding_mode)) + "((" + std::to_string(p.left) + ", " +
         std::to_string(p.right) + ", " + std::to_string(p.top) + ", " + std::to_string(p.bottom) + "))";
}

// ---------------------------------------------------------------------------------------------------------------
// Reading: a Python literal per argument

struct Word {
  std::string text;  // a name with its dots: None, True, torch.float64
};
struct Quoted {
  std::string text;
};
using Value = std::variant<int64_t, std::vector<int64_t>, Word, Quoted>;

struct Argument {
  std::string name;  // empty for a positional one
  Value value;
  std::string source;  // as written, for messages
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

/// A module in front of the layer that pads each side by itself.
struct ModulePadding {
  Pads pads;
  PaddingMode mode = PaddingMode::zeros;
};

/// A module that this window shows, and the arguments of its signature in order.
struct LayerClass {
  std::string_view name;
  std::string_view operation;
  std::span<const std::string_view> signature;
  size_t required;
};

constexpr size_t kMostArguments = 12;
/// Each side by itself, all begins and then all ends: ONNX's word, which the modules beside Conv2d have no way to say.
constexpr std::string_view kPads = "pads";
/// A stride that nobody types: None.
constexpr Pair kFollowsKernel{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min()};
constexpr std::array<std::string_view, 11> kConvSignature = {"in_channels",  "out_channels", "kernel_size", "stride",
                                                             "padding",      "dilation",     "groups",      "bias",
                                                             "padding_mode", "device",       "dtype"};
constexpr std::array<std::string_view, 12> kTransposedSignature = {
    "in_channels", "out_channels", "kernel_size", "stride",       "padding", "output_padding",
    "groups",      "bias",         "dilation",    "padding_mode", "device",  "dtype"};
constexpr std::array<std::string_view, 6> kMaxSignature = {"kernel_size", "stride",         "padding",
                                                           "dilation",    "return_indices", "ceil_mode"};
constexpr std::array<std::string_view, 6> kAverageSignature = {
    "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"};
constexpr std::array<LayerClass, 5> kClasses = {{{"Conv2d", "conv2d", kConvSignature, 3},
                                                 {"Conv1d", "conv1d", kConvSignature, 3},
                                                 {"ConvTranspose2d", "conv_transpose2d", kTransposedSignature, 3},
                                                 {"MaxPool2d", "max_pool2d", kMaxSignature, 1},
                                                 {"AvgPool2d", "avg_pool2d", kAverageSignature, 1}}};

const LayerClass* find_class(std::string_view name) {
  for (const LayerClass& known : kClasses) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

struct Call {
  std::string layer;  // the class, "MaxPool2d"
  std::optional<ModulePadding> padding;
  std::vector<Argument> arguments;
};

/// Long or broken text must not push the message out of the window.
std::string shortened(std::string_view text) {
  constexpr size_t kLongest = 32;
  if (text.size() <= kLongest) return std::string(text);
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Call> call() {
    Call result;
    if (Result<void> head = name_of_class(result); !head) return head.error();
    skip_space();
    while (!accept(')')) {
      Result<Argument> argument = one_argument();
      if (!argument) return argument.error();
      result.arguments.push_back(std::move(*argument));
      skip_space();
      if (accept(',')) {
        skip_space();
        continue;
      }
      if (!accept(')')) return unexpected("`,` `)`");
      break;
    }
    skip_space();
    accept(',');  // a line out of nn.Sequential
    skip_space();
    if (result.padding) {
      if (!accept(')')) return unexpected("`)`");
      skip_space();
    }
    if (at_ < text_.size()) return unexpected("end");
    return result;
  }

 private:
  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (!is_space(text_[at_]) && text_[at_] != '\\') {
        return;
      }
    }
  }

  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Error unexpected(std::string_view wanted) const {
    const std::string position = std::to_string(at_ + 1);
    if (wanted == "end") {
      return Error{"error.constructor_after_end", "constructor", {shortened(text_.substr(at_))}};
    }
    if (at_ >= text_.size()) {
      return Error{"error.constructor_unfinished", "constructor", {std::string(wanted)}};
    }
    return Error{
        "error.constructor_syntax", "constructor", {shortened(text_.substr(at_)), position, std::string(wanted)}};
  }

  std::string dotted_name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_name_part(text_[at_]) || text_[at_] == '.')) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  static std::string last_part(const std::string& name) {
    const size_t dot = name.rfind('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
  }

  /// `nn.Conv2d(`, with an assignment before it if need be, or in a Sequential behind a module that pads.
  Result<void> name_of_class(Call& result) {
    skip_space();
    std::string name = dotted_name();
    skip_space();
    if (!name.empty() && at_ < text_.size() && text_[at_] == '=') {
      ++at_;
      skip_space();
      name = dotted_name();
      skip_space();
    }
    if (name.empty() && at_ >= text_.size()) return Error{"error.constructor_empty", "constructor", {}};
    if (last_part(name) == "Sequential") {
      if (!accept('(')) return unexpected("`(`");
      skip_space();
      Result<ModulePadding> padding = padding_module();
      if (!padding) return padding.error();
      result.padding = *padding;
      skip_space();
      if (!accept(',')) return unexpected("`,`");
      skip_space();
      name = dotted_name();
      skip_space();
    }
    result.layer = last_part(name);
    if (result.padding && result.layer != "Conv2d") {
      return Error{"error.constructor_padding_module", "constructor", {shortened(name.empty() ? text_ : name)}};
    }
    if (find_class(result.layer) == nullptr) {
      return Error{"error.constructor_not_conv2d", "constructor", {shortened(name.empty() ? text_ : name)}};
    }
    if (!accept('(')) return unexpected("`(`");
    return {};
  }

  /// `nn.ZeroPad2d((1, 0, 2, 1))`: left, right, top, bottom, or one number for all.
  Result<ModulePadding> padding_module() {
    const std::string name = dotted_name();
    ModulePadding result;
    bool known = false;
    for (PaddingMode mode : kAllModes) {
      if (last_part(name) != module_name(mode)) continue;
      result.mode = mode;
      known = true;
    }
    if (!known) {
      std::string modules;
      for (PaddingMode mode : kAllModes) modules += (modules.empty() ? "" : ", ") + std::string(module_name(mode));
      return Error{"error.constructor_not_padding", "constructor", {shortened(name), modules}};
    }
    skip_space();
    if (!accept('(')) return unexpected("`(`");
    skip_space();
    Result<Argument> argument = one_argument();
    if (!argument) return argument.error();
    if (const int64_t* number = std::get_if<int64_t>(&argument->value)) {
      result.pads = {*number, *number, *number, *number};
    } else if (const auto* sides = std::get_if<std::vector<int64_t>>(&argument->value); sides && sides->size() == 4) {
      result.pads = {(*sides)[2], (*sides)[0], (*sides)[3], (*sides)[1]};
    } else {
      return Error{"error.constructor_type", "padding", {"padding", argument->source, "1, (1, 0, 2, 1)"}};
    }
    skip_space();
    if (!accept(')')) return unexpected("`)`");
    return result;
  }

  Result<Argument> one_argument() {
    Argument argument;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      const size_t begin = at_;
      std::string name = dotted_name();
      skip_space();
      if (at_ < text_.size() && text_[at_] == '=') {
        ++at_;
        skip_space();
        argument.name = std::move(name);
      } else {
        at_ = begin;
      }
    }
    const size_t begin = at_;
    Result<Value> value = one_value();
    if (!value) return value.error();
    argument.value = std::move(*value);
    argument.source = shortened(text_.substr(begin, at_ - begin));
    return argument;
  }

  Result<Value> one_value() {
    if (at_ >= text_.size()) return unexpected("`)`");
    const char c = text_[at_];
    if (c == '\'' || c == '"') {
      const size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) {
        const std::string quote(1, c);
        at_ = text_.size();
        return unexpected(quote);
      }
      Quoted quoted{std::string(text_.substr(at_ + 1, end - at_ - 1))};
      at_ = end + 1;
      return Value(std::move(quoted));
    }
    if (c == '(' || c == '[') return bracketed(c == '(' ? ')' : ']');
    if (is_name_start(c)) return Value(Word{dotted_name()});
    Result<int64_t> number = integer();
    if (!number) return number.error();
    return Value(*number);
  }

  Result<Value> bracketed(char closing) {
    ++at_;
    std::vector<int64_t> numbers;
    bool comma = false;
    skip_space();
    while (!accept(closing)) {
      Result<int64_t> number = integer();
      if (!number) return number.error();
      numbers.push_back(*number);
      skip_space();
      if (accept(',')) {
        comma = true;
        skip_space();
        continue;
      }
      if (!accept(closing)) return unexpected(closing == ')' ? "`,` `)`" : "`,` `]`");
      break;
    }
    // (3) is the number 3 in Python, (3,) is not.
    if (closing == ')' && numbers.size() == 1 && !comma) return Value(numbers[0]);
    return Value(std::move(numbers));
  }

  Result<int64_t> integer() {
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    std::string digits(text_[begin < text_.size() ? begin : 0] == '-' && begin < text_.size() ? "-" : "");
    const size_t first = at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || (text_[at_] == '_' && at_ > first))) {
      if (text_[at_] != '_') digits += text_[at_];
      ++at_;
    }
    const bool stops = at_ >= text_.size() || (!is_name_part(text_[at_]) && text_[at_] != '.');
    if (at_ == first || !stops) {
      at_ = begin;
      return unexpected("`1`");
    }
    int64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc()) {
      return Error{"error.constructor_number_too_large",
                   "constructor",
                   {shortened(text_.substr(begin, at_ - begin)), "9223372036854775807"}};
    }
    return number;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// ---------------------------------------------------------------------------------------------------------------
// Meaning

Error wrong_type(const Argument& argument, std::string_view name, std::string_view wanted) {
  return Error{"error.constructor_type", std::string(name), {std::string(name), argument.source, std::string(wanted)}};
}

Result<int64_t> as_integer(const Argument& argument, std::string_view name) {
  if (const int64_t* number = std::get_if<int64_t>(&argument.value)) return *number;
  return wrong_type(argument, name, "3");
}

Result<Pair> as_pair(const Argument& argument, std::string_view name, std::string_view wanted = "3, (3, 5)") {
  if (const int64_t* number = std::get_if<int64_t>(&argument.value)) return Pair{*number, *number};
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&argument.value); numbers && numbers->size() == 2) {
    return Pair{(*numbers)[0], (*numbers)[1]};
  }
  return wrong_type(argument, name, wanted);
}

/// Conv1d's: 3 or (3,), which says nothing about a height.
Result<int64_t> as_width(const Argument& argument, std::string_view name, std::string_view wanted = "3, (3,)") {
  if (const int64_t* number = std::get_if<int64_t>(&argument.value)) return *number;
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&argument.value); numbers && numbers->size() == 1) {
    return (*numbers)[0];
  }
  return wrong_type(argument, name, wanted);
}

Result<bool> as_flag(const Argument& argument, std::string_view name) {
  if (const Word* word = std::get_if<Word>(&argument.value)) {
    if (word->text == "True") return true;
    if (word->text == "False") return false;
  }
  // Python takes 0 and 1 for False and True; so does the signature's bool.
  if (const int64_t* number = std::get_if<int64_t>(&argument.value); number && (*number == 0 || *number == 1)) {
    return *number == 1;
  }
  return wrong_type(argument, name, "True, False");
}

Result<void> set_padding(ConvParams& params, const Argument& argument, bool flat) {
  constexpr std::string_view kFlat = "1, (1,), 'same', 'valid'", kPair = "1, (1, 2), 'same', 'valid'";
  if (const Quoted* quoted = std::get_if<Quoted>(&argument.value)) {
    params.padding = {0, 0};
    if (quoted->text == "same") {
      params.padding_kind = PaddingKind::same;
    } else if (quoted->text == "valid") {
      params.padding_kind = PaddingKind::valid;
    } else {
      return wrong_type(argument, "padding", flat ? kFlat : kPair);
    }
    return {};
  }
  params.padding_kind = PaddingKind::numbers;
  if (flat) {
    Result<int64_t> width = as_width(argument, "padding", kFlat);
    if (!width) return width.error();
    params.padding = {0, *width};
    return {};
  }
  Result<Pair> pair = as_pair(argument, "padding", kPair);
  if (!pair) return pair.error();
  params.padding = *pair;
  return {};
}

Result<void> set_padding_mode(ConvParams& params, const Argument& argument) {
  if (const Quoted* quoted = std::get_if<Quoted>(&argument.value)) {
    for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
      if (quoted->text == name_of(mode)) {
        params.padding_mode = mode;
        return {};
      }
    }
  }
  return wrong_type(argument, "padding_mode", "'zeros', 'reflect', 'replicate', 'circular'");
}

Result<void> set_dtype(ConvParams& params, const Argument& argument) {
  if (const Word* word = std::get_if<Word>(&argument.value)) {
    const size_t dot = word->text.rfind('.');
    const std::string last = dot == std::string::npos ? word->text : word->text.substr(dot + 1);
    if (last == "float32" || last == "float" || last == "None") {
      params.dtype = DType::float32;
      return {};
    }
    if (last == "float64" || last == "double") {
      params.dtype = DType::float64;
      return {};
    }
  }
  return wrong_type(argument, "dtype", "torch.float32, torch.float64");
}

/// Everything is computed on the CPU; whoever asks for another device should know.
Result<void> check_device(const Argument& argument) {
  const Word* word = std::get_if<Word>(&argument.value);
  const Quoted* quoted = std::get_if<Quoted>(&argument.value);
  if ((word != nullptr && word->text == "None") || (quoted != nullptr && quoted->text == "cpu")) return {};
  return Error{"error.constructor_device", "constructor", {shortened(argument.source)}};
}

const LayerClass& find_class_of(std::string_view operation) {
  for (const LayerClass& known : kClasses) {
    if (known.operation == operation) return known;
  }
  return kClasses[0];
}

bool is_none(const Argument& argument) {
  const Word* word = std::get_if<Word>(&argument.value);
  return word != nullptr && word->text == "None";
}

Result<void> set_argument(LayerCall& call, std::string_view name, const Argument& argument) {
  ConvParams& params = call.params;
  const auto set_flag = [&](bool& target) -> Result<void> {
    Result<bool> flag = as_flag(argument, name);
    if (!flag) return flag.error();
    target = *flag;
    return {};
  };
  const auto set_integer = [&](int64_t& target) -> Result<void> {
    Result<int64_t> number = as_integer(argument, name);
    if (!number) return number.error();
    target = *number;
    return {};
  };
  const bool flat = call.operation == "conv1d";
  const auto set_pair = [&](Pair& target) -> Result<void> {
    if (flat) {
      Result<int64_t> width = as_width(argument, name);
      if (!width) return width.error();
      target = {1, *width};
      return {};
    }
    Result<Pair> pair = as_pair(argument, name);
    if (!pair) return pair.error();
    target = *pair;
    return {};
  };
  if (name == "in_channels") return set_integer(params.in_channels);
  if (name == "out_channels") return set_integer(params.out_channels);
  if (name == "groups") return set_integer(params.groups);
  if (name == "kernel_size") return set_pair(params.kernel_size);
  if (name == "stride") {
    // Pooling's None is the kernel's size.
    if (is_none(argument) && find_class_of(call.operation).required == 1) {
      params.stride = kFollowsKernel;
      return {};
    }
    return set_pair(params.stride);
  }
  if (name == "dilation") return set_pair(params.dilation);
  if (name == "padding") return set_padding(params, argument, flat);
  if (name == "padding_mode") return set_padding_mode(params, argument);
  if (name == "dtype") return set_dtype(params, argument);
  if (name == "bias") return set_flag(params.bias);
  if (name == "output_padding") return set_pair(call.more.output_padding);
  if (name == "ceil_mode") return set_flag(call.more.ceil_mode);
  if (name == "count_include_pad") return set_flag(call.more.count_include_pad);
  if (name == "divisor_override") {
    call.more.divisor_override.reset();
    if (is_none(argument)) return {};
    Result<int64_t> number = as_integer(argument, name);
    if (!number) return wrong_type(argument, name, "None, 4");
    call.more.divisor_override = *number;
    return {};
  }
  if (name == "return_indices") {
    bool unused = false;  // the lens rings them
    return set_flag(unused);
  }
  return check_device(argument);
}

std::string signature_list(std::span<const std::string_view> signature) {
  std::string list;
  for (std::string_view name : signature) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

}  // namespace

std::string constructor_text(const ConvParams& params) {
  std::string text = "Conv2d(" + std::to_string(params.in_channels) + ", " + std::to_string(params.out_channels) +
                     ", kernel_size=" + pair_text(params.kernel_size) + ", stride=" + pair_text(params.stride) +
                     ", padding=" + padding_text(params);
  if (params.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(params.dilation);
  if (params.groups != 1) text += ", groups=" + std::to_string(params.groups);
  if (!params.bias) text += ", bias=False";
  const bool apart = has_own_ends(params);
  if (params.padding_mode != PaddingMode::zeros && !apart) {
    text += std::string(", padding_mode='") + name_of(params.padding_mode) + "'";
  }
  if (params.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(params.dtype);
  text += ")";
  return apart ? "Sequential(" + padding_module_text(params) + ", " + text + ")" : text;
}

namespace {

/// Conv1d(1, 1, kernel_size=3, stride=1, padding=0); of different padding at the two ends, which the class cannot say,
/// "pads=(2, 0)".
std::string conv1d_text(const ConvParams& p) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  std::string text = "Conv1d(" + number(p.in_channels) + ", " + number(p.out_channels) +
                     ", kernel_size=" + number(p.kernel_size.w) + ", stride=" + number(p.stride.w);
  const bool apart = p.padding_kind == PaddingKind::pads && p.pads.left != p.pads.right;
  if (apart) {
    text += ", " + std::string(kPads) + "=(" + number(p.pads.left) + ", " + number(p.pads.right) + ")";
  } else if (p.padding_kind == PaddingKind::same) {
    text += ", padding='same'";
  } else if (p.padding_kind == PaddingKind::valid) {
    text += ", padding='valid'";
  } else {
    text += ", padding=" + number(p.padding_kind == PaddingKind::pads ? p.pads.left : p.padding.w);
  }
  if (p.dilation.w != 1) text += ", dilation=" + number(p.dilation.w);
  if (p.groups != 1) text += ", groups=" + number(p.groups);
  if (!p.bias) text += ", bias=False";
  if (p.padding_mode != PaddingMode::zeros) text += std::string(", padding_mode='") + name_of(p.padding_mode) + "'";
  if (p.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(p.dtype);
  return text + ")";
}

}  // namespace

std::string constructor_text(const LayerCall& call) {
  const ConvParams& p = call.params;
  if (call.operation == "conv1d") return conv1d_text(p);
  if (call.operation == "conv2d") return constructor_text(p);
  const MoreParams& more = call.more;
  const auto padding = [&]() -> std::string {
    if (!has_own_ends(p)) return ", padding=" + padding_text(p);
    return ", " + std::string(kPads) + "=(" + std::to_string(p.pads.top) + ", " + std::to_string(p.pads.left) + ", " +
           std::to_string(p.pads.bottom) + ", " + std::to_string(p.pads.right) + ")";
  };
  if (call.operation == "conv_transpose2d") {
    std::string text = "ConvTranspose2d(" + std::to_string(p.in_channels) + ", " + std::to_string(p.out_channels) +
                       ", kernel_size=" + pair_text(p.kernel_size) + ", stride=" + pair_text(p.stride) + padding();
    if (more.output_padding != Pair{0, 0}) text += ", output_padding=" + pair_text(more.output_padding);
    if (p.groups != 1) text += ", groups=" + std::to_string(p.groups);
    if (!p.bias) text += ", bias=False";
    if (p.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(p.dilation);
    if (p.padding_mode != PaddingMode::zeros) text += std::string(", padding_mode='") + name_of(p.padding_mode) + "'";
    if (p.dtype != DType::float32) text += std::string(", dtype=torch.") + name_of(p.dtype);
    return text + ")";
  }
  const bool is_max = call.operation == "max_pool2d";
  std::string text = std::string(is_max ? "MaxPool2d(" : "AvgPool2d(") + pair_text(p.kernel_size);
  if (p.stride != p.kernel_size) text += ", stride=" + pair_text(p.stride);
  if (p.padding_kind != PaddingKind::numbers || p.padding != Pair{0, 0}) text += padding();
  if (is_max && p.dilation != Pair{1, 1}) text += ", dilation=" + pair_text(p.dilation);
  if (more.ceil_mode) text += ", ceil_mode=True";
  if (is_max) return text + ")";
  if (!more.count_include_pad) text += ", count_include_pad=False";
  if (more.divisor_override) text += ", divisor_override=" + std::to_string(*more.divisor_override);
  return text + ")";
}

Result<LayerCall> parse_layer(std::string_view text) {
  constexpr size_t kLongestCall = 4096;
  if (text.size() > kLongestCall) {
    return Error{
        "error.constructor_too_long", "constructor", {std::to_string(text.size()), std::to_string(kLongestCall)}};
  }
  Result<Call> call = Reader(text).call();
  if (!call) return call.error();
  const std::vector<Argument>& arguments = call->arguments;

  const LayerClass& layer = *find_class(call->layer);
  const std::span<const std::string_view> signature = layer.signature;
  LayerCall result;
  result.operation = layer.operation;
  ConvParams& params = result.params;
  if (layer.operation == "conv1d") params.kernel_size.h = 1;
  std::array<bool, kMostArguments> given{};
  std::optional<Pads> own_ends;
  bool named = false;
  size_t position = 0;
  for (const Argument& argument : arguments) {
    size_t index = 0;
    if (argument.name == kPads && layer.operation != "conv2d") {
      const auto* sides = std::get_if<std::vector<int64_t>>(&argument.value);
      const bool flat = layer.operation == "conv1d";
      if (sides == nullptr || sides->size() != (flat ? 2 : 4)) {
        return wrong_type(argument, kPads, flat ? "(2, 0)" : "(0, 0, 1, 1)");
      }
      if (own_ends) return Error{"error.constructor_twice", "padding", {std::string(kPads)}};
      own_ends = flat ? Pads{0, (*sides)[0], 0, (*sides)[1]} : Pads{(*sides)[0], (*sides)[1], (*sides)[2], (*sides)[3]};
      named = true;
      continue;
    }
    if (argument.name.empty()) {
      if (named) return Error{"error.constructor_positional_late", "constructor", {argument.source}};
      if (position >= signature.size()) {
        return Error{"error.constructor_too_many",
                     "constructor",
                     {std::to_string(arguments.size()), std::to_string(signature.size()), signature_list(signature)}};
      }
      index = position++;
    } else {
      named = true;
      while (index < signature.size() && signature[index] != argument.name) ++index;
      if (index == signature.size()) {
        return Error{
            "error.constructor_unknown_argument", "constructor", {shortened(argument.name), signature_list(signature)}};
      }
    }
    const std::string_view name = signature[index];
    if (given[index]) return Error{"error.constructor_twice", std::string(name), {std::string(name)}};
    given[index] = true;
    if (Result<void> set = set_argument(result, name, argument); !set) return set.error();
  }
  for (size_t required = 0; required < layer.required; ++required) {
    if (!given[required]) {
      const std::string name(signature[required]);
      return Error{"error.constructor_missing", name, {name}};
    }
  }
  if (layer.required == 1) {
    // Left out, and also where somebody wrote None.
    bool has_stride = false;
    for (size_t i = 0; i < signature.size(); ++i) has_stride = has_stride || (signature[i] == "stride" && given[i]);
    if (!has_stride || params.stride == kFollowsKernel) params.stride = params.kernel_size;
  }
  if (call->padding || own_ends) {
    // Padding twice over, with two kinds of cells, is no single convolution.
    const bool pads_too = params.padding_kind == PaddingKind::same ||
                          (params.padding_kind == PaddingKind::numbers && params.padding != Pair{0, 0});
    if (pads_too) return Error{"error.constructor_two_paddings", "padding", {padding_text(params)}};
    params.padding_kind = PaddingKind::pads;
    params.padding = {0, 0};
    params.pads = own_ends ? *own_ends : call->padding->pads;
    if (call->padding) params.padding_mode = call->padding->mode;
  }
  return result;
}

Result<ConvParams> parse_constructor(std::string_view text) {
  Result<LayerCall> call = parse_layer(text);
  if (!call) return call.error();
  if (call->operation != "conv2d") {
    return Error{"error.constructor_not_conv2d", "constructor", {std::string(find_class_of(call->operation).name)}};
  }
  return call->params;
}

}  // namespace convscope
