#include "app/session/python_code.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace convscope {

namespace {

using Kind = PythonNode::Kind;

/// Of brackets within brackets, and of calls on calls.
constexpr int kDeepest = 50;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f'; }

/// Statements that end in a colon, with more statements behind it.
constexpr std::array<std::string_view, 12> kHeads = {"class", "def",  "async", "with", "for",    "while",
                                                     "if",    "elif", "else",  "try",  "except", "finally"};
/// Words before an expression that is then read.
constexpr std::array<std::string_view, 6> kBeforeExpression = {"return", "yield", "assert", "raise", "del", "await"};
/// Statements that are passed over to their end.
constexpr std::array<std::string_view, 7> kPassedOver = {"import", "from",     "pass",    "break",
                                                         "global", "nonlocal", "continue"};

template <size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Operator {
  std::string_view text;
  int precedence;
};
/// Longer ones first.
constexpr std::array<Operator, 20> kOperators = {
    {{"**", 6}, {"//", 4}, {"==", 1}, {"!=", 1}, {"<=", 1}, {">=", 1}, {"<<", 2}, {">>", 2}, {"+", 3}, {"-", 3},
     {"*", 4},  {"/", 4},  {"%", 4},  {"@", 4},  {"<", 1},  {">", 1},  {"|", 2},  {"&", 2},  {"^", 2}, {":=", 1}}};
constexpr std::array<std::string_view, 5> kWordOperators = {"and", "or", "in", "is", "not"};

class Parser {
 public:
  explicit Parser(std::string_view code) : code_(code) {}

  Result<std::vector<PythonStatement>> statements() {
    std::vector<PythonStatement> all;
    while (next_statement()) {
      PythonStatement statement;
      if (!read_statement(statement)) return *error_;
      all.push_back(std::move(statement));
    }
    if (error_) return *error_;
    return all;
  }

 private:
  // -------------------------------------------------------------------------------------------------------------
  // Characters

  bool ended() const { return at_ >= code_.size(); }
  char here() const { return ended() ? '\0' : code_[at_]; }

  /// Blanks and comments; line breaks too where brackets are open.
  void skip_blanks() {
    while (!ended()) {
      if (here() == '#') {
        while (!ended() && here() != '\n') ++at_;
      } else if (here() == '\\' && at_ + 1 < code_.size() && (code_[at_ + 1] == '\n' || code_[at_ + 1] == '\r')) {
        at_ += 2;
      } else if (is_blank(here()) || (here() == '\n' && depth_ > 0)) {
        ++at_;
      } else {
        return;
      }
    }
  }
  bool accept(std::string_view word) {
    if (!code_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  /// The name that begins here, or nothing.
  std::string_view word_here() const {
    size_t end = at_;
    if (end < code_.size() && is_name_start(code_[end])) {
      while (end < code_.size() && is_name_part(code_[end])) ++end;
    }
    return code_.substr(at_, end - at_);
  }
  bool accept_word(std::string_view word) {
    if (word_here() != word) return false;
    at_ += word.size();
    return true;
  }

  /// Length of `(conv1):`, which PyTorch prints before a module inside another; 0 where there is none.
  size_t printed_name() const {
    if (here() != '(') return 0;
    size_t end = at_ + 1;
    while (end < code_.size() && is_name_part(code_[end])) ++end;
    const bool closes = end > at_ + 1 && code_.substr(end).starts_with("):");
    return closes ? end + 2 - at_ : 0;
  }

  // -------------------------------------------------------------------------------------------------------------
  // Errors

  bool fail(Error error) {
    if (!error_) error_ = std::move(error);
    return false;
  }
  bool unexpected(std::string_view wanted) {
    if (ended()) return fail({"error.constructor_unfinished", "constructor", {std::string(wanted)}});
    const PythonPlace place = place_in(code_, at_);
    return fail({"error.constructor_syntax",
                 "constructor",
                 {shortened_code(code_.substr(at_)), std::to_string(place.column), std::string(wanted),
                  std::to_string(place.line)}});
  }
  bool deeper() {
    if (++depth_ <= kDeepest) return true;
    return fail({"error.constructor_too_deep", "constructor", {std::to_string(kDeepest)}});
  }

  // -------------------------------------------------------------------------------------------------------------
  // Statements

  /// Goes to the next statement that is read; false at the end.
  bool next_statement() {
    for (;;) {
      skip_blanks();
      if (ended()) return false;
      if (here() == '\n' || here() == ';') {
        ++at_;
        continue;
      }
      if (accept(">>>") || accept("...")) continue;
      const std::string_view word = word_here();
      if (here() == '@' || is_one_of(word, kPassedOver)) {
        if (!pass_over(false)) return false;
        continue;
      }
      if (is_one_of(word, kHeads)) {
        if (!pass_over(true)) return false;
        continue;
      }
      if (is_one_of(word, kBeforeExpression)) {
        at_ += word.size();
        continue;
      }
      return true;
    }
  }

  /// To the end of the statement, or to the colon that ends its head.
  bool pass_over(bool to_colon) {
    int open = 0;
    for (; !ended(); ++at_) {
      const char c = here();
      if (c == '#') {
        while (!ended() && here() != '\n') ++at_;
        --at_;
      } else if (c == '\'' || c == '"') {
        std::string unused;
        if (!read_string(unused)) return false;
        --at_;
      } else if (c == '(' || c == '[' || c == '{') {
        ++open;
      } else if (c == ')' || c == ']' || c == '}') {
        --open;
      } else if (open <= 0 && (c == '\n' || c == ';')) {
        return true;
      } else if (open <= 0 && to_colon && c == ':') {
        ++at_;
        return true;
      }
    }
    return true;
  }

  bool read_statement(PythonStatement& statement) {
    if (!read_list(statement.value)) return false;
    for (;;) {
      skip_blanks();
      // An annotation, or PyTorch's name before a module that is printed.
      if (here() == ':') {
        ++at_;
        skip_blanks();
        statement.targets.push_back(std::move(statement.value));
        statement.value = {};
        if (!read_list(statement.value)) return false;
        continue;
      }
      if (here() == '=' && !code_.substr(at_).starts_with("==")) {
        ++at_;
        skip_blanks();
        statement.targets.push_back(std::move(statement.value));
        statement.value = {};
        if (!read_list(statement.value)) return false;
        continue;
      }
      break;
    }
    if (ended() || here() == '\n' || here() == ';') return true;
    const PythonPlace place = place_in(code_, at_);
    return fail({"error.constructor_after_end",
                 "constructor",
                 {shortened_code(code_.substr(at_)), std::to_string(place.column), std::to_string(place.line)}});
  }

  /// Expressions with commas between them are a tuple; a comma at the end alone, as of a line out of a list, is none.
  bool read_list(PythonNode& node) {
    const size_t begin = at_;
    if (!read_expression(node)) return false;
    bool several = false;
    for (;;) {
      skip_blanks();
      if (here() != ',') return true;
      ++at_;
      skip_blanks();
      if (ended() || here() == '\n' || here() == '=' || here() == ';') return true;
      if (!several) {
        PythonNode tuple;
        tuple.kind = Kind::sequence;
        tuple.begin = begin;
        tuple.items.push_back(std::move(node));
        node = std::move(tuple);
        several = true;
      }
      node.items.emplace_back();
      if (!read_expression(node.items.back())) return false;
      node.end = at_;
    }
  }

  // -------------------------------------------------------------------------------------------------------------
  // Expressions

  bool read_expression(PythonNode& node) {
    const size_t begin = at_;
    if (!read_binary(node, 0)) return false;
    skip_blanks();
    if (word_here() != "if" || depth_ == 0) return true;
    // a if b else c
    PythonNode either = wrapped(std::move(node), Kind::other, begin);
    accept_word("if");
    either.items.emplace_back();
    skip_blanks();
    if (!read_binary(either.items.back(), 0)) return false;
    skip_blanks();
    if (accept_word("else")) {
      skip_blanks();
      either.items.emplace_back();
      if (!deeper() || !read_expression(either.items.back())) return false;
      --depth_;
    }
    either.end = at_;
    node = std::move(either);
    return true;
  }

  static PythonNode wrapped(PythonNode first, Kind kind, size_t begin) {
    PythonNode node;
    node.kind = kind;
    node.begin = begin;
    node.items.push_back(std::move(first));
    return node;
  }

  /// The operator that stands here and binds at least that tightly.
  std::optional<Operator> operator_here(int least) const {
    const std::string_view rest = code_.substr(at_);
    for (const Operator& known : kOperators) {
      if (!rest.starts_with(known.text)) continue;
      // `+=` and its relatives assign.
      const char next = rest.size() > known.text.size() ? rest[known.text.size()] : '\0';
      if (known.precedence > 1 && next == '=') return Operator{rest.substr(0, known.text.size() + 1), 0};
      return known.precedence >= least ? std::optional(known) : std::nullopt;
    }
    const std::string_view word = word_here();
    if (least <= 1 && is_one_of(word, kWordOperators)) return Operator{word, 1};
    return std::nullopt;
  }

  bool read_binary(PythonNode& node, int least) {
    const size_t begin = at_;
    if (!read_unary(node)) return false;
    for (int chained = 0;; ++chained) {
      skip_blanks();
      const std::optional<Operator> found = operator_here(least);
      if (!found || (found->precedence == 0 && depth_ > 0)) return true;
      if (chained > kDeepest) return fail({"error.constructor_too_deep", "constructor", {std::to_string(kDeepest)}});
      const bool counts = found->precedence == 3 || found->text == "*" || found->text == "//" || found->text == "%";
      PythonNode pair = wrapped(std::move(node), counts ? Kind::binary : Kind::other, begin);
      pair.text = found->text;
      at_ += found->text.size();
      skip_blanks();
      pair.items.emplace_back();
      if (!read_binary(pair.items.back(), found->precedence + 1)) return false;
      pair.end = at_;
      node = std::move(pair);
    }
  }

  bool read_unary(PythonNode& node) {
    const size_t begin = at_;
    const bool is_not = word_here() == "not";
    if (here() == '-' || here() == '+' || here() == '~' || is_not) {
      const bool negative = here() == '-';
      const bool signs = negative || here() == '+';
      at_ += is_not ? 3 : 1;
      if (signs && is_digit(here())) {
        if (!read_number(node, negative)) return false;
        node.begin = begin;
        return true;
      }
      skip_blanks();
      PythonNode operand;
      if (!deeper() || !read_unary(operand)) return false;
      --depth_;
      node = wrapped(std::move(operand), Kind::other, begin);
      node.end = at_;
      return true;
    }
    return read_postfix(node);
  }

  bool read_postfix(PythonNode& node) {
    const size_t begin = at_;
    if (!read_primary(node)) return false;
    for (int chained = 0;; ++chained) {
      if (chained > kDeepest) return fail({"error.constructor_too_deep", "constructor", {std::to_string(kDeepest)}});
      const size_t before = at_;
      skip_blanks();
      if (here() == '.' && at_ + 1 < code_.size() && is_name_start(code_[at_ + 1])) {
        ++at_;
        const std::string member(word_here());
        at_ += member.size();
        if (node.kind == Kind::name) {
          node.text += "." + member;
        } else {
          node = wrapped(std::move(node), Kind::member, begin);
          node.text = member;
        }
      } else if (here() == '(' && printed_name() == 0) {
        node = wrapped(std::move(node), Kind::call, begin);
        if (!read_items(node, ')', true)) return false;
      } else if (here() == '[') {
        node = wrapped(std::move(node), Kind::other, begin);
        if (!read_items(node, ']', false)) return false;
      } else {
        at_ = before;
        node.end = at_;
        return true;
      }
      node.end = at_;
    }
  }

  bool read_primary(PythonNode& node) {
    node.begin = at_;
    if (ended() || here() == '\n') return unexpected("`)`");
    const char c = here();
    if (is_digit(c) || (c == '.' && at_ + 1 < code_.size() && is_digit(code_[at_ + 1]))) {
      return read_number(node, false);
    }
    if (string_begins()) {
      node.kind = Kind::text;
      while (string_begins()) {
        if (!read_string(node.text)) return false;
        node.end = at_;
        skip_blanks();
      }
      at_ = node.end;
      return true;
    }
    if (accept_word("lambda")) {
      while (!ended() && here() != ':' && here() != '\n') ++at_;
      if (here() != ':') return unexpected("`:`");
      ++at_;
      skip_blanks();
      node.items.emplace_back();
      if (!deeper() || !read_expression(node.items.back())) return false;
      --depth_;
      node.end = at_;
      return true;
    }
    if (is_name_start(c)) {
      node.kind = Kind::name;
      node.text = word_here();
      at_ += node.text.size();
      node.end = at_;
      return true;
    }
    if (accept("...")) {
      node.end = at_;
      return true;
    }
    if (c == '(' || c == '[' || c == '{') {
      node.kind = c == '{' ? Kind::other : Kind::sequence;
      const bool round = c == '(';
      bool comma = false;
      if (!read_items(node, round ? ')' : c == '[' ? ']' : '}', false, &comma)) return false;
      node.end = at_;
      // (3) is the number 3 in Python, (3,) is not.
      if (round && node.items.size() == 1 && !comma) {
        PythonNode inner = std::move(node.items.front());
        node = std::move(inner);
      }
      return true;
    }
    return unexpected(depth_ > 0 ? "`1`" : "`Conv2d(`");
  }

  /// What stands between brackets; `here()` is the opening one.
  bool read_items(PythonNode& node, char closing, bool of_call, bool* comma = nullptr) {
    if (!deeper()) return false;
    ++at_;
    skip_blanks();
    while (here() != closing) {
      if (ended()) return unexpected(closing_words(closing, true));
      node.items.emplace_back();
      PythonNode& item = node.items.back();
      at_ += printed_name();
      skip_blanks();
      if (!read_item(item, of_call)) return false;
      skip_blanks();
      if (printed_name() > 0) continue;
      if (here() == ',') {
        ++at_;
        if (comma != nullptr) *comma = true;
        skip_blanks();
        continue;
      }
      if (here() == ':' && !of_call) {  // of a slice or a dictionary
        ++at_;
        skip_blanks();
        continue;
      }
      if (word_here() == "for" || word_here() == "async") {  // a comprehension
        if (!pass_to(closing)) return false;
        node.kind = node.kind == Kind::sequence ? Kind::other : node.kind;
        break;
      }
      if (here() != closing) return unexpected(closing_words(closing, false));
    }
    ++at_;
    --depth_;
    return true;
  }

  static std::string_view closing_words(char closing, bool alone) {
    if (closing == ')') return alone ? "`)`" : "`,` `)`";
    if (closing == ']') return alone ? "`]`" : "`,` `]`";
    return alone ? "`}`" : "`,` `}`";
  }

  bool read_item(PythonNode& item, bool of_call) {
    int stars = 0;
    while (here() == '*' && stars < 2) {
      ++at_;
      ++stars;
    }
    if (!of_call && here() == ':') {
      item.begin = item.end = at_;
      return true;
    }
    std::string keyword;
    if (of_call && stars == 0) {
      const std::string_view word = word_here();
      const size_t before = at_;
      at_ += word.size();
      skip_blanks();
      if (!word.empty() && here() == '=' && !code_.substr(at_).starts_with("==")) {
        ++at_;
        skip_blanks();
        keyword = word;
      } else {
        at_ = before;
      }
    }
    if (!read_expression(item)) return false;
    item.keyword = std::move(keyword);
    item.stars = stars;
    return true;
  }

  /// Over the rest of a comprehension, up to its closing bracket.
  bool pass_to(char closing) {
    int open = 0;
    for (; !ended(); ++at_) {
      const char c = here();
      if (c == '\'' || c == '"') {
        std::string unused;
        if (!read_string(unused)) return false;
        --at_;
      } else if (open == 0 && c == closing) {
        return true;
      } else if (c == '(' || c == '[' || c == '{') {
        ++open;
      } else if (c == ')' || c == ']' || c == '}') {
        --open;
      }
    }
    return unexpected(closing_words(closing, true));
  }

  // -------------------------------------------------------------------------------------------------------------
  // Literals

  bool string_begins() const {
    size_t at = at_;
    while (at < code_.size() && at < at_ + 2 &&
           std::string_view("rRbBuUfF").find(code_[at]) != std::string_view::npos) {
      ++at;
    }
    return at < code_.size() && (code_[at] == '\'' || code_[at] == '"');
  }

  /// Adds what stands between the quotes.
  bool read_string(std::string& text) {
    while (here() != '\'' && here() != '"') ++at_;
    const char quote = here();
    const std::string three(3, quote);
    const bool triple = code_.substr(at_).starts_with(three);
    at_ += triple ? 3 : 1;
    for (; !ended(); ++at_) {
      if (here() == '\\' && at_ + 1 < code_.size()) {
        text += code_[++at_];
      } else if (triple ? code_.substr(at_).starts_with(three) : here() == quote) {
        at_ += triple ? 3 : 1;
        return true;
      } else if (!triple && here() == '\n') {
        break;
      } else {
        text += here();
      }
    }
    at_ = code_.size();
    return unexpected(std::string(1, quote));
  }

  bool read_number(PythonNode& node, bool negative) {
    node.begin = at_;
    const size_t begin = at_;
    int base = 10;
    if (here() == '0' && at_ + 1 < code_.size()) {
      const char kind = static_cast<char>(code_[at_ + 1] | 0x20);
      if (kind == 'x') base = 16;
      if (kind == 'o') base = 8;
      if (kind == 'b') base = 2;
      if (base != 10) at_ += 2;
    }
    std::string digits(negative ? "-" : "");
    bool real = false;
    const auto is_part = [&](char c) { return base == 16 ? is_name_part(c) : is_digit(c); };
    while (!ended() && (is_part(here()) || here() == '_')) {
      if (here() != '_') digits += here();
      ++at_;
    }
    if (base == 10 && here() == '.') {
      real = true;
      ++at_;
      while (is_digit(here())) ++at_;
    }
    if (base == 10 && (here() == 'e' || here() == 'E')) {
      real = true;
      ++at_;
      if (here() == '-' || here() == '+') ++at_;
      while (is_digit(here())) ++at_;
    }
    node.end = at_;
    // 3x is no number.
    if (is_name_start(here())) {
      at_ = begin;
      return unexpected("`1`");
    }
    if (real) {
      node.kind = Kind::real;
      return true;
    }
    node.kind = Kind::integer;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), node.integer, base);
    if (read.ec == std::errc::result_out_of_range) {
      return fail({"error.constructor_number_too_large",
                   "constructor",
                   {shortened_code(code_.substr(begin, at_ - begin)), "9223372036854775807"}});
    }
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
      at_ = begin;
      return unexpected("`1`");
    }
    return true;
  }

  std::string_view code_;
  size_t at_ = 0;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<PythonStatement>> parse_python(std::string_view code) {
  if (code.size() > kMostPythonCharacters) {
    return Error{"error.constructor_too_long",
                 "constructor",
                 {std::to_string(code.size()), std::to_string(kMostPythonCharacters)}};
  }
  return Parser(code).statements();
}

PythonPlace place_in(std::string_view code, size_t at) {
  PythonPlace place;
  for (const char c : code.substr(0, at)) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

std::string shortened_code(std::string_view code) {
  constexpr size_t kLongest = 32;
  code = code.substr(0, code.find('\n'));
  if (code.size() <= kLongest) return std::string(code);
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(code[end]) & 0xC0) == 0x80) --end;
  return std::string(code.substr(0, end)) + "...";
}

}  // namespace convscope
