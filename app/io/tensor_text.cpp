#include "app/io/tensor_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "app/io/atomic_file.h"

namespace convscope {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_separator(char c) { return is_blank(c) || c == ',' || c == ';'; }
bool is_space(char c) { return is_blank(c) || c == '\n'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

std::string excerpt(std::string_view text) {
  constexpr size_t kLongest = 16;
  size_t end = text.find('\n');
  end = std::min(end == std::string_view::npos ? text.size() : end, kLongest);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

/// An error about what stands at `at`: what it is, the line and the column, both from 1. A column counts characters.
Error error_at(const char* code, std::string_view text, size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::string_view row = before.substr(start);
  const auto column =
      1 + std::count_if(row.begin(), row.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return Error{code, "values", {excerpt(text.substr(at)), std::to_string(line), std::to_string(column)}};
}

/// Reads one number at `at`, in the notations of Python's repr and of NumPy's and PyTorch's prints.
bool read_number(std::string_view text, size_t& at, double& number) {
  size_t begin = at;
  double sign = 1;
  if (begin < text.size() && (text[begin] == '+' || text[begin] == '-')) {
    sign = text[begin] == '-' ? -1 : 1;
    ++begin;
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::pair<std::string_view, double> kWords[] = {{"nan", kNan},      {"NaN", kNan}, {"Infinity", kInfinity},
                                                            {"inf", kInfinity}, {"True", 1},   {"False", 0}};
  for (const auto& [word, value] : kWords) {
    if (text.substr(begin).starts_with(word)) {
      at = begin + word.size();
      number = sign * value;
      return true;
    }
  }
  const bool digit = begin < text.size() && ((text[begin] >= '0' && text[begin] <= '9') || text[begin] == '.');
  if (!digit) return false;
  double magnitude = 0;
  const auto read = std::from_chars(text.data() + begin, text.data() + text.size(), magnitude);
  if (read.ec == std::errc::invalid_argument) return false;
  if (read.ec == std::errc::result_out_of_range) {
    // The only fault left: too large for a double, or so small that it is zero.
    const std::string_view written(text.data() + begin, static_cast<size_t>(read.ptr - (text.data() + begin)));
    magnitude =
        written.find("e-") != std::string_view::npos || written.find("E-") != std::string_view::npos ? 0 : kInfinity;
  }
  at = static_cast<size_t>(read.ptr - text.data());
  number = sign * magnitude;
  return true;
}

/// Whether the parenthesis at `at` begins a tuple of numbers, and not a call's arguments.
bool begins_tuple(std::string_view text, size_t at) {
  size_t before = at;
  while (before > 0 && is_blank(text[before - 1])) --before;
  if (before > 0 && (is_word(text[before - 1]) || text[before - 1] == ')' || text[before - 1] == ']')) return false;
  size_t inner = at;
  while (inner < text.size() && (text[inner] == '(' || is_space(text[inner]))) ++inner;
  double number = 0;
  size_t end = inner;
  return inner < text.size() && (text[inner] == '[' || read_number(text, end, number));
}

/// Where a list or a tuple begins.
size_t opening_of(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[' || (text[at] == '(' && begins_tuple(text, at))) return at;
  }
  return std::string_view::npos;
}

/// Reads numbers into a TensorText under the rules of their use.
class Reader {
 public:
  Reader(std::string_view text, TensorTextUse use) : plain_(without_comments(text)), text_(plain_), use_(use) {}

  Result<TensorText> run() {
    at_ = opening_of(text_);
    if (at_ != std::string_view::npos) return read_brackets();
    at_ = 0;
    // `tensor(3.5)`: a number of rank 0.
    const size_t call = text_.find('(');
    if (call != std::string_view::npos && is_written_tensor(text_)) return read_scalar(call + 1);
    return read_lines();
  }

 private:
  /// How the entries of a list are kept apart: seen so far, and behind the last entry.
  enum class Separation : uint8_t { none, blanks, commas };

  /// At the beginning of an entry that is not its list's first: by a comma, or by blanks in a print of NumPy's.
  Result<void> check_separation() {
    const Separation here = comma_behind_last_ ? Separation::commas : Separation::blanks;
    if (!comma_behind_last_ && !blank_behind_last_) return error_at("error.tensor_text_no_separator", text_, at_);
    if (here == Separation::blanks && closes_ == ')') return error_at("error.tensor_text_no_separator", text_, at_);
    if (separation_ != Separation::none && separation_ != here) return mixed_separators();
    separation_ = here;
    return {};
  }

  Error mixed_separators() const { return error_at("error.tensor_text_mixed_separators", text_, at_); }

  /// At a comma; `first`: no entry stands before it in its list.
  Result<void> take_comma(bool first) {
    if (first || comma_behind_last_) return error_at("error.tensor_text_extra_comma", text_, at_);
    if (separation_ == Separation::blanks) return mixed_separators();
    comma_behind_last_ = true;
    ++at_;
    return {};
  }

  void end_entry() { comma_behind_last_ = blank_behind_last_ = false; }

  Result<TensorText> read_brackets() {
    std::array<int64_t, Shape::kMaxRank> extents{};
    extents.fill(-1);
    std::array<int64_t, Shape::kMaxRank> counts{};
    std::array<char, Shape::kMaxRank> opened{};
    int depth = 0;
    int deepest = 0;
    int leaf_depth = 0;
    bool is_in_parentheses = false;  // the whole, and no tuple
    if (Result<void> good = check_prefix(); !good) return good.error();
    bool closed = false;
    while (at_ < text_.size() && !closed) {
      const char c = text_[at_];
      const bool follows = depth > 0 && counts[static_cast<size_t>(depth - 1)] > 0;
      if (is_space(c)) {
        blank_behind_last_ = true;
        ++at_;
      } else if (c == ',') {
        if (Result<void> good = take_comma(!follows); !good) return good.error();
      } else if (c == ';') {
        return error_at("error.tensor_text_semicolon", text_, at_);
      } else if (c == '[' || c == '(') {
        if (Result<void> good = follows ? check_separation() : Result<void>(); !good) return good.error();
        end_entry();
        if (leaf_depth != 0 && depth >= leaf_depth) {
          return Error{"error.tensor_text_ragged", "values", {std::to_string(depth + 1)}};
        }
        if (depth == Shape::kMaxRank) {
          return Error{"error.tensor_text_rank", "values", {std::to_string(Shape::kMaxRank)}};
        }
        if (depth > 0) ++counts[static_cast<size_t>(depth - 1)];
        counts[static_cast<size_t>(depth)] = 0;
        opened[static_cast<size_t>(depth)] = c;
        ++depth;
        closes_ = c == '[' ? ']' : ')';
        deepest = std::max(deepest, depth);
        ++at_;
      } else if (c == ']' || c == ')') {
        const auto level = static_cast<size_t>(depth - 1);
        if (c != closes_) return error_at("error.tensor_text_closing", text_, at_);
        if (c == ')' && counts[level] == 1 && !comma_behind_last_) {
          if (depth > 1) return error_at("error.tensor_text_lone_parenthesis", text_, at_);
          is_in_parentheses = true;
        }
        if (extents[level] < 0) {
          extents[level] = counts[level];
        } else if (extents[level] != counts[level]) {
          return Error{
              "error.tensor_text_uneven", "values", {std::to_string(counts[level]), std::to_string(extents[level])}};
        }
        --depth;
        closes_ = depth > 0 && opened[static_cast<size_t>(depth - 1)] == '(' ? ')' : ']';
        ++at_;
        end_entry();
        closed = depth == 0;
      } else {
        if (leaf_depth == 0) leaf_depth = depth;
        if (Result<void> good = follows ? check_separation() : Result<void>(); !good) return good.error();
        end_entry();
        if (Result<void> taken = take_number(); !taken) return taken.error();
        if (depth != leaf_depth) return Error{"error.tensor_text_ragged", "values", {std::to_string(depth)}};
        ++counts[static_cast<size_t>(depth - 1)];
      }
    }
    if (!closed) return Error{"error.tensor_text_unclosed", "values", {std::to_string(depth)}};
    if (!result_.values.empty() && deepest != leaf_depth) {
      return Error{"error.tensor_text_ragged", "values", {std::to_string(deepest)}};
    }
    const bool is_number = is_in_parentheses && deepest == 1;
    if (is_number && use_ == TensorTextUse::cells) result_.shape.push_back(1);
    for (int axis = is_in_parentheses ? 1 : 0; axis < deepest; ++axis) {
      result_.shape.push_back(extents[static_cast<size_t>(axis)]);
    }
    return read_suffixes();
  }

  Result<TensorText> read_scalar(size_t from) {
    at_ = from;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    if (Result<void> taken = take_number(); !taken) return taken.error();
    if (use_ == TensorTextUse::cells) result_.shape.push_back(1);
    return read_suffixes();
  }

  Result<TensorText> read_lines() {
    int64_t rows = 0;
    int64_t columns = 0;
    int64_t in_row = 0;
    const auto end_row = [&]() -> Result<void> {
      comma_behind_last_ = false;
      if (in_row == 0) return {};
      if (rows > 0 && in_row != columns) {
        return Error{"error.tensor_text_uneven", "values", {std::to_string(in_row), std::to_string(columns)}};
      }
      columns = in_row;
      ++rows;
      in_row = 0;
      return {};
    };
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        if (Result<void> row = end_row(); !row) return row.error();
        ++at_;
      } else if (is_blank(text_[at_])) {
        ++at_;
      } else if (is_separator(text_[at_])) {
        // An empty cell of a table: the numbers behind it would move to its place.
        if (in_row == 0 || comma_behind_last_) return error_at("error.tensor_text_extra_comma", text_, at_);
        comma_behind_last_ = true;
        ++at_;
      } else {
        if (Result<void> taken = take_number(); !taken) return taken.error();
        comma_behind_last_ = false;
        ++in_row;
      }
    }
    if (Result<void> row = end_row(); !row) return row.error();
    if (result_.values.empty()) return Error{"error.tensor_text_empty", "values", {}};
    result_.shape = rows == 1 ? Shape{columns} : Shape{rows, columns};
    return result_;
  }

  Result<void> take_number() {
    double number = 0;
    const size_t before = at_;
    if (!read_number(text_, at_, number)) {
      if (text_.substr(at_).starts_with("...")) return Error{"error.tensor_text_dots", "values", {}};
      return error_at("error.tensor_text_not_number", text_, before);
    }
    const std::string_view written = text_.substr(before, at_ - before);
    if (written.find_first_not_of("+-0123456789") == std::string_view::npos) result_.unfit.look_at(written);
    if (use_ == TensorTextUse::cells && !std::isfinite(number)) {
      return Error{"error.tensor_text_not_finite", "values", {excerpt(text_.substr(before, at_ - before))}};
    }
    result_.values.push_back(number);
    if (static_cast<int64_t>(result_.values.size()) > kMaxTensorTextValues) {
      return Error{"error.tensor_text_too_many", "values", {std::to_string(kMaxTensorTextValues)}};
    }
    return {};
  }

  /// Words may stand before the brackets (`w = torch.tensor(`), numbers would be lost.
  Result<void> check_prefix() const {
    size_t first = 0;
    while (first < at_ && is_space(text_[first])) ++first;
    size_t end = first;
    double number = 0;
    if (first < at_ && read_number(text_.substr(0, at_), end, number)) {
      return Error{"error.tensor_text_more", "values", {excerpt(text_.substr(first))}};
    }
    return {};
  }

  /// `, dtype=torch.float64, size=(0, 3))` behind the numbers.
  Result<TensorText> read_suffixes() {
    while (true) {
      while (at_ < text_.size() &&
             (is_space(text_[at_]) || text_[at_] == ',' || text_[at_] == ';' || text_[at_] == ')')) {
        ++at_;
      }
      if (at_ >= text_.size()) break;
      const size_t before = at_;
      const Error more{"error.tensor_text_more", "values", {excerpt(text_.substr(before))}};
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      const std::string_view name = text_.substr(before, at_ - before);
      if (name.empty() || at_ >= text_.size() || text_[at_] != '=') return more;
      const size_t start = ++at_;
      if (at_ < text_.size() && text_[at_] == '(') {
        const size_t close = text_.find(')', at_);
        if (close == std::string_view::npos) return more;
        at_ = close + 1;
      } else {
        while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != ')') ++at_;
      }
      const std::string_view value = text_.substr(start, at_ - start);
      if (name == "dtype") note_dtype(value);
      if (name == "size" && !note_size(value)) return more;
    }
    if (use_ == TensorTextUse::cells && result_.values.empty()) return Error{"error.tensor_text_empty", "values", {}};
    return result_;
  }

  void note_dtype(std::string_view value) {
    const auto names = [value](std::string_view type) { return value.find(type) != std::string_view::npos; };
    if (names("float64") || names("double")) {
      result_.dtype = DType::float64;
    } else if (names("float32") || names("float16")) {
      result_.dtype = DType::float32;
    }
  }

  /// The shape that PyTorch writes beside the brackets of an empty tensor.
  bool note_size(std::string_view value) {
    Shape shape;
    size_t at = 1;
    while (at < value.size() && value[at] != ')') {
      if (is_separator(value[at])) {
        ++at;
        continue;
      }
      int64_t extent = 0;
      const auto read = std::from_chars(value.data() + at, value.data() + value.size(), extent);
      if (read.ec != std::errc() || extent < 0 || shape.rank() == Shape::kMaxRank) return false;
      shape.push_back(extent);
      at = static_cast<size_t>(read.ptr - value.data());
    }
    if (shape.numel() != static_cast<int64_t>(result_.values.size())) return false;
    result_.shape = shape;
    return true;
  }

  std::string plain_;
  std::string_view text_;
  TensorTextUse use_;
  size_t at_ = 0;
  Separation separation_ = Separation::none;
  char closes_ = ']';               // what closes the present list
  bool comma_behind_last_ = false;  // entry of the present list
  bool blank_behind_last_ = false;
  TensorText result_;
};

}  // namespace

Result<TensorText> parse_tensor_text(std::string_view text, TensorTextUse use) { return Reader(text, use).run(); }

Result<TensorText> read_tensor_text(const std::string& path) {
  constexpr int64_t kMaxBytes = int64_t{64} << 20;
  const Result<std::string> text = read_file(path, kMaxBytes);
  if (!text) return text.error();
  return parse_tensor_text(*text, TensorTextUse::tensor);
}

Result<Tensor> tensor_from_text(const TensorText& text) {
  const DType dtype = text.dtype.value_or(DType::float32);
  Result<Tensor> tensor = Tensor::uninitialized(text.shape, dtype);
  if (!tensor) return tensor;
  if (dtype == DType::float32) {
    float* to = tensor->mutable_data<float>();
    for (double value : text.values) *to++ = static_cast<float>(value);
  } else {
    std::copy(text.values.begin(), text.values.end(), tensor->mutable_data<double>());
  }
  return tensor;
}

bool is_tensor_text(std::string_view text) {
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  while (!text.empty() && (is_blank(text.front()) || text.front() == '\n')) text.remove_prefix(1);
  if (text.find('[') != std::string_view::npos) return true;
  for (char c : text) {
    if (is_separator(c) || c == '\n') return true;
  }
  return false;
}

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view leading_word(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(0, end);
}

/// What stands behind `y =` or `y: torch.Tensor =`, or the text itself.
std::string_view behind_assignment(std::string_view text) {
  const std::string_view name = leading_word(text);
  if (name.empty()) return text;
  std::string_view rest = trimmed(text.substr(name.size()));
  if (rest.starts_with(':')) {
    rest = trimmed(rest.substr(1));
    rest = trimmed(rest.substr(leading_word(rest).size()));
  }
  return rest.starts_with('=') ? trimmed(rest.substr(1)) : text;
}

}  // namespace

bool is_written_tensor(std::string_view raw) {
  const std::string plain = without_comments(raw);
  std::string_view text = trimmed(plain);
  constexpr std::string_view kParameter = "Parameter containing:";
  if (text.starts_with(kParameter)) text = trimmed(text.substr(kParameter.size()));
  text = behind_assignment(text);
  if (text.starts_with('[')) return true;
  if (text.starts_with('(')) return text.ends_with(')') && begins_tuple(text, 0);
  std::string_view name = leading_word(text);
  if (!text.substr(name.size()).starts_with('(')) return false;
  name = name.substr(name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.') + 1);
  constexpr std::array<std::string_view, 5> kMakers = {"tensor", "array", "as_tensor", "asarray", "Parameter"};
  return std::find(kMakers.begin(), kMakers.end(), name) != kMakers.end();
}

std::string without_comments(std::string_view text) {
  std::string plain(text);
  for (size_t at = plain.find('#'); at != std::string::npos; at = plain.find('#', at)) {
    const size_t end = std::min(plain.find('\n', at), plain.size());
    std::fill(plain.begin() + static_cast<std::ptrdiff_t>(at), plain.begin() + static_cast<std::ptrdiff_t>(end), ' ');
  }
  return plain;
}

std::string tensor_text(const std::vector<double>& values, int64_t rows, int64_t columns) {
  std::string text = "[";
  for (int64_t y = 0; y < rows; ++y) {
    text += y == 0 ? "[" : ", [";
    for (int64_t x = 0; x < columns; ++x) {
      if (x > 0) text += ", ";
      std::array<char, 32> number{};
      const auto written =
          std::to_chars(number.data(), number.data() + number.size(), values[static_cast<size_t>(y * columns + x)]);
      text.append(number.data(), written.ptr);
    }
    text += "]";
  }
  return text + "]";
}

namespace {

void append_number(std::string& text, const Tensor& tensor, int64_t flat) {
  std::array<char, 32> number{};
  char* const end = number.data() + number.size();
  const auto written = tensor.dtype() == DType::float32
                           ? std::to_chars(number.data(), end, tensor.data<float>()[flat])
                           : std::to_chars(number.data(), end, tensor.data<double>()[flat]);
  text.append(number.data(), written.ptr);
}

void append_axis(std::string& text, const TensorSlice& slice, int axis, int64_t offset) {
  if (axis == slice.shape.rank()) {
    append_number(text, slice.tensor, offset);
    return;
  }
  text += '[';
  for (int64_t i = 0; i < slice.shape[axis]; ++i) {
    if (i > 0) {
      // Rows stand one below the other, behind as many brackets as are open.
      const bool row = axis + 1 < slice.shape.rank();
      text += row ? ",\n" : ", ";
      if (row) text.append(std::string_view("tensor(").size() + static_cast<size_t>(axis) + 1, ' ');
    }
    append_axis(text, slice, axis + 1, offset + i * slice.strides[static_cast<size_t>(axis)]);
  }
  text += ']';
}

}  // namespace

std::string tensor_text(const TensorSlice& slice) {
  std::string text = "tensor(";
  append_axis(text, slice, 0, slice.offset);
  if (slice.shape.rank() > 0 && slice.numel() == 0) {
    text += ", size=(";
    for (int axis = 0; axis < slice.shape.rank(); ++axis) {
      if (axis > 0) text += ", ";
      text += std::to_string(slice.shape[axis]);
    }
    text += slice.shape.rank() == 1 ? ",)" : ")";
  }
  if (slice.tensor.dtype() == DType::float64) text += ", dtype=torch.float64";
  return text + ")";
}

}  // namespace convscope
