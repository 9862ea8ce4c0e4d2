#include "engine/index_expression.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace convscope {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Python lets letters of all languages into names: every byte beyond ASCII counts as one.
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool goes_on_name(char c) { return starts_name(c) || is_digit(c); }

/// The value of an integer literal; nothing when the text is none. Source: the Python reference, 2.4.5.
std::optional<IndexNumber> integer_literal(std::string_view text) {
  IndexNumber number;
  number.text = text;
  int base = 10;
  std::string_view digits = text;
  if (text.size() > 2 && text[0] == '0' && !is_digit(text[1]) && text[1] != '_') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (base == 0) return std::nullopt;
    digits.remove_prefix(2);
    if (digits.front() == '_') digits.remove_prefix(1);
  }
  std::string plain;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool between = i > 0 && i + 1 < digits.size() && digits[i - 1] != '_';
    if (digits[i] == '_' && !between) return std::nullopt;
    if (digits[i] != '_') plain += digits[i];
  }
  // 007 is an error of its own in Python, 000 is zero.
  const bool is_zero = plain.find_first_not_of('0') == std::string::npos;
  if (base == 10 && plain.size() > 1 && plain[0] == '0' && !is_zero) return std::nullopt;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number.value, base);
  if (error == std::errc::invalid_argument || end != plain.data() + plain.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    number.overflows = true;
    number.value = std::numeric_limits<int64_t>::max();
  }
  return number;
}

bool is_float_literal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<IndexExpression> run() {
    IndexExpression expression;
    skip_space();
    const bool is_named = at_ < text_.size() && starts_name(text_[at_]);
    if (is_named) take_name();
    skip_space();
    if (!is_named && next_is('.')) return syntax_error();
    if (!is_named && at_ < text_.size() && text_[at_] != '[') return beyond();
    if (Result<void> good = read_brackets(expression.brackets); !good) return good.error();
    if (next_is('.')) {
      Result<IndexAttribute> attribute = read_attribute();
      if (!attribute) return attribute.error();
      expression.attribute = *std::move(attribute);
    }
    if (at_ < text_.size()) return beyond();
    return expression;
  }

 private:
  /// All that follow each other.
  Result<void> read_brackets(std::vector<IndexBracket>& brackets) {
    while (next_is('[')) {
      opening_ = at_++;
      Result<IndexBracket> bracket = read_bracket();
      if (!bracket) return bracket.error();
      brackets.push_back(*std::move(bracket));
      skip_space();
    }
    return {};
  }

  Result<IndexAttribute> read_attribute() {
    const size_t point = at_++;
    skip_space();
    if (at_ >= text_.size() || !starts_name(text_[at_])) {
      at_ = point;
      return syntax_error();
    }
    IndexAttribute attribute;
    attribute.name = take_name();
    skip_space();
    if (next_is('(')) {
      if (Result<void> good = read_arguments(attribute); !good) return good.error();
    }
    if (Result<void> good = read_brackets(attribute.brackets); !good) return good.error();
    return attribute;
  }

  Result<void> read_arguments(IndexAttribute& attribute) {
    attribute.is_called = true;
    opening_ = at_++;
    skip_space();
    while (!next_is(')')) {
      IndexArgument argument;
      argument.keyword = take_keyword();
      Result<IndexItem> part = read_part();
      if (!part) return part.error();
      argument.value = *std::move(part);
      attribute.arguments.push_back(std::move(argument));
      if (next_is(')')) break;
      if (!next_is(',')) return unexpected();
      ++at_;
      skip_space();
    }
    ++at_;
    skip_space();
    return {};
  }

  Result<IndexBracket> read_bracket() {
    IndexBracket bracket;
    skip_space();
    if (next_is('(')) {
      // The empty tuple; others name no index that could not stand without them.
      const size_t before = at_++;
      skip_space();
      if (next_is(')')) ++at_;
      skip_space();
      if (!next_is(']') || text_.substr(before, at_ - before).find(')') == std::string_view::npos) {
        at_ = before;
        return unexpected();
      }
      ++at_;
      bracket.is_tuple = true;
      return bracket;
    }
    while (!next_is(']') || bracket.items.empty()) {
      Result<IndexItem> item = read_item();
      if (!item) return item.error();
      bracket.items.push_back(*std::move(item));
      if (next_is(']')) break;
      if (!next_is(',')) return unexpected();
      bracket.is_tuple = true;
      ++at_;
      skip_space();
    }
    ++at_;
    return bracket;
  }

  Result<IndexItem> read_item() {
    IndexItem item;
    bool is_slice = false;
    std::optional<IndexNumber>* const bounds[] = {&item.start, &item.stop, &item.step};
    size_t bound = 0;
    bool is_empty = true;  // since the last colon
    while (true) {
      skip_space();
      if (next_is(':')) {
        if (++bound == std::size(bounds)) return syntax_error();
        is_slice = true;
        is_empty = true;
        ++at_;
        continue;
      }
      if (at_ >= text_.size() || next_is(',') || next_is(']')) break;
      if (!is_empty) return unexpected();
      is_empty = false;
      Result<IndexItem> part = read_part();
      if (!part) return part.error();
      if (part->kind == IndexItem::Kind::number) *bounds[bound] = std::move(part->number);
      item.kind = part->kind;
      item.has_ellipsis_bound = item.has_ellipsis_bound || part->kind == IndexItem::Kind::ellipsis;
    }
    if (at_ >= text_.size()) return unclosed();
    if (is_slice) {
      item.kind = IndexItem::Kind::slice;
      return item;
    }
    if (is_empty) return syntax_error();
    if (item.kind == IndexItem::Kind::number) item.number = *std::move(item.start);
    return item;
  }

  /// A number, a name, None or an ellipsis; it ends behind the spaces that follow.
  Result<IndexItem> read_part() {
    IndexItem item;
    if (text_.substr(at_).starts_with("...")) {
      at_ += 3;
      item.kind = IndexItem::Kind::ellipsis;
      skip_space();
      return item;
    }
    bool is_negative = false, is_signed = false;
    while (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) {
      is_signed = true;
      is_negative = is_negative != (text_[at_] == '-');
      ++at_;
      skip_space();
    }
    if (at_ >= text_.size()) return unclosed();
    const char c = text_[at_];
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
      Result<IndexNumber> number = read_number(is_negative);
      if (!number) return number.error();
      item.number = *std::move(number);
      skip_space();
      return item;
    }
    if (!starts_name(c)) return unexpected();
    const size_t before = at_;
    const std::string name(take_name());
    if (name == "True" || name == "False" || is_signed) return unsupported(before);
    if ((name == "np" || name == "numpy" || name == "torch") && text_.substr(at_).starts_with(".newaxis")) {
      at_ += std::string_view(".newaxis").size();
      item.kind = IndexItem::Kind::none;
    } else if (name == "None" || name == "newaxis") {
      item.kind = IndexItem::Kind::none;
    } else if (name == "Ellipsis") {
      item.kind = IndexItem::Kind::ellipsis;
    } else {
      item.number.kind = IndexNumber::Kind::name;
      item.number.text = name;
    }
    if (at_ < text_.size() && (goes_on_name(text_[at_]) || text_[at_] == '.')) return unsupported(before);
    skip_space();
    return item;
  }

  Result<IndexNumber> read_number(bool is_negative) {
    const size_t before = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool is_exponent_sign = (c == '-' || c == '+') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') &&
                                    !text_.substr(before).starts_with("0x");
      if (!goes_on_name(c) && c != '.' && !(is_exponent_sign && at_ > before)) break;
      // Two points belong to no number: `1...` is left for what follows.
      if (c == '.' && text_.substr(at_).starts_with("..")) break;
      ++at_;
    }
    const std::string_view literal = text_.substr(before, at_ - before);
    std::optional<IndexNumber> number = integer_literal(literal);
    if (!number && is_float_literal(literal) && literal.find_first_of(".eE") != std::string_view::npos) {
      number = IndexNumber{IndexNumber::Kind::floating, 0, false, std::string(literal)};
    }
    if (!number) {
      at_ = before;
      return syntax_error();
    }
    if (is_negative) {
      // The one number whose negative int64_t holds and whose positive it does not.
      const bool is_least = number->overflows && literal == "9223372036854775808";
      if (number->overflows) {
        number->value = std::numeric_limits<int64_t>::min();
        number->overflows = !is_least;
      } else {
        number->value = -number->value;
      }
      number->text = "-" + number->text;
    }
    return *number;
  }

  std::string_view take_name() {
    const size_t before = at_;
    while (at_ < text_.size() && goes_on_name(text_[at_])) ++at_;
    return text_.substr(before, at_ - before);
  }

  /// The name before a `=`, if that is what stands here: both are passed.
  std::string_view take_keyword() {
    const size_t before = at_;
    const bool is_name = at_ < text_.size() && starts_name(text_[at_]);
    const std::string_view name = is_name ? take_name() : std::string_view();
    skip_space();
    if (is_name && next_is('=') && !text_.substr(at_).starts_with("==")) {
      ++at_;
      skip_space();
      return name;
    }
    at_ = before;
    return {};
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  /// A few characters of what stands there, whole ones.
  std::string excerpt(size_t from) const {
    constexpr size_t kLongest = 12;
    size_t end = std::min(text_.size(), from + kLongest);
    while (end > from && end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) --end;
    return std::string(text_.substr(from, end - from));
  }
  Error syntax_error() const {
    if (at_ >= text_.size()) return unclosed();
    return Error{"error.slice_syntax", "index", {excerpt(at_), std::to_string(at_ + 1)}};
  }
  /// What Python may read behind the expression or instead of it.
  Error beyond() const {
    constexpr std::string_view kPython = "({+-*/%@&|^~<>='\".0123456789";
    if (kPython.find(text_[at_]) != std::string_view::npos) return Error{"error.slice_beyond", "index", {excerpt(at_)}};
    for (std::string_view word : {"and", "or", "in", "is", "if", "not", "for"}) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with(word) && (rest.size() == word.size() || !goes_on_name(rest[word.size()]))) {
        return Error{"error.slice_beyond", "index", {excerpt(at_)}};
      }
    }
    return syntax_error();
  }
  Error unsupported(size_t from) const { return Error{"error.slice_unsupported", "index", {excerpt(from)}}; }
  /// Python reads lists, calls, strings and arithmetic here; this parser does not.
  Error unexpected() const {
    if (at_ >= text_.size()) return unclosed();
    constexpr std::string_view kPython = "[({+-*/%@&|^~<>='\".";
    return kPython.find(text_[at_]) != std::string_view::npos ? unsupported(at_) : syntax_error();
  }
  Error unclosed() const {
    const char* const code = text_[opening_] == '(' ? "error.slice_call_unclosed" : "error.slice_unclosed";
    return Error{code, "index", {std::to_string(opening_ + 1)}};
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t opening_ = 0;  // of the present bracket or call
};

}  // namespace

Result<IndexExpression> parse_index_expression(std::string_view text) {
  if (text.size() > kMaxIndexExpression) {
    return Error{"error.slice_too_long", "index", {std::to_string(text.size()), std::to_string(kMaxIndexExpression)}};
  }
  return Parser(text).run();
}

}  // namespace convscope
