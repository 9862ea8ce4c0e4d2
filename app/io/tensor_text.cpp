#include "app/io/tensor_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace convscope {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_separator(char c) { return is_blank(c) || c == ',' || c == ';'; }

std::string excerpt(std::string_view text) {
  constexpr size_t kLongest = 16;
  size_t end = text.find('\n');
  end = std::min(end == std::string_view::npos ? text.size() : end, kLongest);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

/// Reads one number at `at`, in the notations of Python's repr and of NumPy's and PyTorch's prints. Words for what is
/// no finite number are read too, so that the refusal can name them.
bool read_number(std::string_view text, size_t& at, double& number) {
  size_t begin = at;
  double sign = 1;
  if (begin < text.size() && (text[begin] == '+' || text[begin] == '-')) {
    sign = text[begin] == '-' ? -1 : 1;
    ++begin;
  }
  for (const std::string_view word : {"nan", "NaN", "inf", "Infinity"}) {
    if (text.substr(begin).starts_with(word)) {
      at = begin + word.size();
      number = std::numeric_limits<double>::quiet_NaN();
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
    magnitude = written.find("e-") != std::string_view::npos || written.find("E-") != std::string_view::npos
                    ? 0
                    : std::numeric_limits<double>::infinity();
  }
  at = static_cast<size_t>(read.ptr - text.data());
  number = sign * magnitude;
  return true;
}

Error not_finite(std::string_view text, size_t begin, size_t end) {
  return Error{"error.tensor_text_not_finite", "values", {excerpt(text.substr(begin, end - begin))}};
}

/// `tensor(`, `array(`, `np.array(` and what follows the closing bracket are not numbers: only the brackets count.
Result<TensorText> read_brackets(std::string_view text) {
  TensorText result;
  std::array<int64_t, Shape::kMaxRank> extents{};
  extents.fill(-1);
  std::array<int64_t, Shape::kMaxRank> counts{};
  int depth = 0;
  int deepest = 0;
  int leaf_depth = 0;
  size_t at = text.find('[');
  bool closed = false;
  while (at < text.size()) {
    const char c = text[at];
    if (is_separator(c) || c == '\n') {
      ++at;
    } else if (c == '[') {
      if (leaf_depth != 0 && depth >= leaf_depth) {
        return Error{"error.tensor_text_ragged", "values", {std::to_string(depth + 1)}};
      }
      if (depth == Shape::kMaxRank) {
        return Error{"error.tensor_text_rank", "values", {std::to_string(Shape::kMaxRank)}};
      }
      if (depth > 0) ++counts[static_cast<size_t>(depth - 1)];
      counts[static_cast<size_t>(depth)] = 0;
      ++depth;
      deepest = std::max(deepest, depth);
      ++at;
    } else if (c == ']') {
      const auto level = static_cast<size_t>(depth - 1);
      if (extents[level] < 0) {
        extents[level] = counts[level];
      } else if (extents[level] != counts[level]) {
        return Error{
            "error.tensor_text_uneven", "values", {std::to_string(counts[level]), std::to_string(extents[level])}};
      }
      --depth;
      ++at;
      if (depth == 0) {
        closed = true;
        break;
      }
    } else {
      double number = 0;
      const size_t before = at;
      if (!read_number(text, at, number)) {
        if (text.substr(at).starts_with("...")) return Error{"error.tensor_text_dots", "values", {}};
        return Error{
            "error.tensor_text_not_number", "values", {excerpt(text.substr(before)), std::to_string(before + 1)}};
      }
      if (!std::isfinite(number)) return not_finite(text, before, at);
      if (leaf_depth == 0) leaf_depth = depth;
      if (depth != leaf_depth) return Error{"error.tensor_text_ragged", "values", {std::to_string(depth)}};
      ++counts[static_cast<size_t>(depth - 1)];
      result.values.push_back(number);
      if (static_cast<int64_t>(result.values.size()) > kMaxTensorTextValues) {
        return Error{"error.tensor_text_too_many", "values", {std::to_string(kMaxTensorTextValues)}};
      }
    }
  }
  if (!closed) return Error{"error.tensor_text_unclosed", "values", {std::to_string(depth)}};
  if (result.values.empty() || deepest != leaf_depth) return Error{"error.tensor_text_empty", "values", {}};
  for (int axis = 0; axis < leaf_depth; ++axis) result.shape.push_back(extents[static_cast<size_t>(axis)]);
  return result;
}

Result<TensorText> read_lines(std::string_view text) {
  TensorText result;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t in_row = 0;
  const auto end_row = [&]() -> Result<void> {
    if (in_row == 0) return {};
    if (rows > 0 && in_row != columns) {
      return Error{"error.tensor_text_uneven", "values", {std::to_string(in_row), std::to_string(columns)}};
    }
    columns = in_row;
    ++rows;
    in_row = 0;
    return {};
  };
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '\n') {
      if (Result<void> row = end_row(); !row) return row.error();
      ++at;
    } else if (is_separator(text[at])) {
      ++at;
    } else {
      double number = 0;
      const size_t before = at;
      if (!read_number(text, at, number)) {
        return Error{
            "error.tensor_text_not_number", "values", {excerpt(text.substr(before)), std::to_string(before + 1)}};
      }
      if (!std::isfinite(number)) return not_finite(text, before, at);
      result.values.push_back(number);
      ++in_row;
      if (static_cast<int64_t>(result.values.size()) > kMaxTensorTextValues) {
        return Error{"error.tensor_text_too_many", "values", {std::to_string(kMaxTensorTextValues)}};
      }
    }
  }
  if (Result<void> row = end_row(); !row) return row.error();
  if (result.values.empty()) return Error{"error.tensor_text_empty", "values", {}};
  result.shape = rows == 1 ? Shape{columns} : Shape{rows, columns};
  return result;
}

}  // namespace

Result<TensorText> parse_tensor_text(std::string_view text) {
  return text.find('[') == std::string_view::npos ? read_lines(text) : read_brackets(text);
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

}  // namespace convscope
