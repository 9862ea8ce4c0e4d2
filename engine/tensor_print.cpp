#include "engine/tensor_print.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace convscope {

namespace {

// torch.set_printoptions(profile='default')
constexpr int kPrecision = 4;
constexpr int64_t kThreshold = 1000;
constexpr int64_t kEdgeItems = 3;
constexpr int64_t kLineWidth = 80;

enum class Notation : uint8_t { whole, fixed, scientific };

/// As Python's format() writes a float: "{:.0f}", "{:.4f}" or "{:.4e}".
std::string written(double value, Notation notation) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 512> text{};  // a double in fixed notation has up to 309 digits before its point
  const auto format = notation == Notation::scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, format,
                                          notation == Notation::whole ? 0 : kPrecision);
  assert(error == std::errc());
  return {text.data(), end};
}

double number_at(const TensorSlice& slice, int64_t index) {
  return slice.tensor.at(slice.offset + index * slice.strides[0]);
}

/// Which indices of an axis are printed: all, or both edges.
class Printed {
 public:
  Printed(int64_t size, bool summarized) : size_(size), leaves_out_(summarized && size > 2 * kEdgeItems) {}
  int64_t count() const { return leaves_out_ ? 2 * kEdgeItems : size_; }
  int64_t index(int64_t i) const { return leaves_out_ && i >= kEdgeItems ? size_ - 2 * kEdgeItems + i : i; }
  /// Whether the dots stand before the i-th.
  bool dots_before(int64_t i) const { return leaves_out_ && i == kEdgeItems; }

 private:
  int64_t size_;
  bool leaves_out_;
};

template <class Visit>
void for_each_printed(const TensorSlice& slice, bool summarized, const Visit& visit) {
  if (slice.shape.rank() == 0) return visit(slice.tensor.at(slice.offset));
  const Printed printed(slice.shape[0], summarized);
  for (int64_t i = 0; i < printed.count(); ++i) {
    for_each_printed(slice.selected(printed.index(i)), summarized, visit);
  }
}

/// One notation and one width for all numbers that are printed.
class Formatter {
 public:
  Formatter(const TensorSlice& slice, bool summarized) {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    bool all_whole = true;
    for_each_printed(slice, summarized, [&](double value) {
      if (!std::isfinite(value) || value == 0) return;
      least = std::min(least, std::abs(value));
      most = std::max(most, std::abs(value));
      all_whole = all_whole && value == std::ceil(value);
    });
    notation_ = all_whole ? Notation::whole : Notation::fixed;
    if (most == 0) return;  // zeros, infinities and nan alone
    if (most / least > 1000 || most > 1e8 || (!all_whole && least < 1e-4)) notation_ = Notation::scientific;
    // Zero and what is not finite do not widen the columns, as they do not in PyTorch.
    for_each_printed(slice, summarized, [&](double value) {
      if (!std::isfinite(value) || value == 0) return;
      const size_t point = notation_ == Notation::whole ? 1 : 0;
      width_ = std::max(width_, written(value, notation_).size() + point);
    });
  }

  size_t width() const { return width_; }

  std::string format(double value) const {
    std::string text = written(value, notation_);
    if (notation_ == Notation::whole && std::isfinite(value)) text += '.';
    if (text.size() < width_) text.insert(0, width_ - text.size(), ' ');
    return text;
  }

 private:
  Notation notation_ = Notation::whole;
  size_t width_ = 1;
};

void append_vector(std::string& out, const TensorSlice& slice, int64_t indent, bool summarized,
                   const Formatter& formatter) {
  const auto item_width = static_cast<int64_t>(formatter.width()) + 2;
  // Python's floor(), also where the indent leaves less than nothing.
  const int64_t per_line = std::max<int64_t>(1, std::max<int64_t>(0, kLineWidth - indent) / item_width);
  const Printed printed(slice.shape[0], summarized);
  int64_t item = 0;
  const auto begin_item = [&] {
    if (item > 0 && item % per_line == 0) {
      out += ",\n";
      out.append(static_cast<size_t>(indent + 1), ' ');
    } else if (item > 0) {
      out += ", ";
    }
    ++item;
  };
  out += '[';
  for (int64_t i = 0; i < printed.count(); ++i) {
    if (printed.dots_before(i)) {
      begin_item();
      out += " ...";
    }
    begin_item();
    out += formatter.format(number_at(slice, printed.index(i)));
  }
  out += ']';
}

void append_nested(std::string& out, const TensorSlice& slice, int64_t indent, bool summarized,
                   const Formatter& formatter) {
  const int rank = slice.shape.rank();
  if (rank == 0) {
    out += formatter.format(slice.tensor.at(slice.offset));
    return;
  }
  if (rank == 1) return append_vector(out, slice, indent, summarized, formatter);
  const Printed printed(slice.shape[0], summarized);
  const auto separate = [&] {
    out += ',';
    out.append(static_cast<size_t>(rank - 1), '\n');
    out.append(static_cast<size_t>(indent + 1), ' ');
  };
  out += '[';
  for (int64_t i = 0; i < printed.count(); ++i) {
    if (i > 0) separate();
    if (printed.dots_before(i)) {
      out += "...";
      separate();
    }
    append_nested(out, slice.selected(printed.index(i)), indent + 1, summarized, formatter);
  }
  out += ']';
}

/// "(2, 0)", "(0,)".
std::string python_tuple(const Shape& shape) { return "(" + shape.to_string() + (shape.rank() == 1 ? ",)" : ")"); }

}  // namespace

std::string torch_repr(const TensorSlice& slice) {
  constexpr std::string_view kPrefix = "tensor(";
  constexpr auto kIndent = static_cast<int64_t>(kPrefix.size());
  std::string text(kPrefix);
  std::vector<std::string> suffixes;
  const int64_t numel = slice.numel();
  if (numel == 0) {
    text += "[]";
    if (slice.shape.rank() != 1) suffixes.push_back("size=" + python_tuple(slice.shape));
  } else {
    const bool summarized = numel > kThreshold;
    append_nested(text, slice, kIndent, summarized, Formatter(slice, summarized));
  }
  if (slice.tensor.dtype() != DType::float32) suffixes.push_back("dtype=" + torch_dtype(slice.tensor.dtype()));
  // PyTorch counts the last line two too long where it is the only one, and so do we.
  const size_t line_break = text.rfind('\n');
  auto last_line =
      static_cast<int64_t>(text.size()) - (line_break == std::string::npos ? -1 : static_cast<int64_t>(line_break)) + 1;
  for (const std::string& suffix : suffixes) {
    const auto length = static_cast<int64_t>(suffix.size());
    if (last_line + length + 2 > kLineWidth) {
      text += ",\n" + std::string(static_cast<size_t>(kIndent), ' ') + suffix;
      last_line = kIndent + length;
    } else {
      text += ", " + suffix;
      last_line += length + 2;
    }
  }
  return text + ")";
}

std::string torch_size(const Shape& shape) { return "torch.Size([" + shape.to_string() + "])"; }

std::string torch_dtype(DType dtype) { return std::string("torch.") + name_of(dtype); }

}  // namespace convscope
