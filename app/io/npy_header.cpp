#include "app/io/npy_header.h"

#include <charconv>

namespace convscope {

namespace {

/// Just enough of Python's literals for the header: strings, True, False and tuples of whole numbers.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::optional<std::string> string() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const char quote = text_[at_++];
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  std::optional<bool> boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    return std::nullopt;
  }

  std::optional<int64_t> integer() {
    skip_space();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) return std::nullopt;
    at_ = static_cast<size_t>(end - text_.data());
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
    return value;
  }

  /// Skips a value of any kind; enough for the `descr` of a structured array, which is then refused by name.
  std::string bracketed() {
    skip_space();
    const size_t start = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '[' || c == '(') ++depth;
      if ((c == ']' || c == ')') && --depth == 0) break;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  bool next_is(char wanted) {
    skip_space();
    return at_ < text_.size() && text_[at_] == wanted;
  }

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  std::string_view text_;
  size_t at_ = 0;
};

std::optional<NpyType> type_from(const std::string& descr) {
  if (descr.size() != 3) return std::nullopt;
  const char order = descr[0];
  NpyType type;
  type.kind = descr[1];
  type.size = descr[2] - '0';
  if (order != '<' && order != '>' && order != '=' && order != '|') return std::nullopt;
  type.swapped = order == '>' && type.size > 1;
  const bool is_legal = (type.kind == 'f' && (type.size == 2 || type.size == 4 || type.size == 8)) ||
                        ((type.kind == 'i' || type.kind == 'u') &&
                         (type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8)) ||
                        (type.kind == 'b' && type.size == 1);
  if (!is_legal) return std::nullopt;
  return type;
}

}  // namespace

Result<NpyHeader> parse_npy_header(std::string_view text, const std::string& path) {
  const Error malformed{"error.npy_header", "", {path}};
  NpyHeader header;
  bool has_descr = false, has_order = false, has_shape = false;
  Parser parser(text);
  if (!parser.take('{')) return malformed;
  while (!parser.take('}')) {
    const std::optional<std::string> key = parser.string();
    if (!key || !parser.take(':')) return malformed;
    if (*key == "descr" && !has_descr) {
      has_descr = true;
      if (parser.next_is('[')) return Error{"error.npy_type", "", {path, parser.bracketed().substr(0, 60)}};
      const std::optional<std::string> descr = parser.string();
      if (!descr) return malformed;
      const std::optional<NpyType> type = type_from(*descr);
      if (!type) return Error{"error.npy_type", "", {path, descr->substr(0, 60)}};
      header.descr = *descr;
      header.type = *type;
    } else if (*key == "fortran_order" && !has_order) {
      has_order = true;
      const std::optional<bool> value = parser.boolean();
      if (!value) return malformed;
      header.fortran_order = *value;
    } else if (*key == "shape" && !has_shape) {
      has_shape = true;
      if (!parser.take('(')) return malformed;
      while (!parser.take(')')) {
        const std::optional<int64_t> extent = parser.integer();
        if (!extent || *extent < 0) return malformed;
        if (header.shape.rank() == Shape::kMaxRank) {
          return Error{"error.npy_rank", "", {path, std::to_string(Shape::kMaxRank)}};
        }
        header.shape.push_back(*extent);
        if (!parser.take(',') && !parser.next_is(')')) return malformed;
      }
    } else {
      return malformed;
    }
    if (!parser.take(',') && !parser.next_is('}')) return malformed;
  }
  if (!parser.at_end() || !has_descr || !has_order || !has_shape) return malformed;
  return header;
}

}  // namespace convscope
