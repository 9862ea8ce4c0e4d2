#include "app/scene/number_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "app/scene/build_scene.h"

namespace convscope {
namespace {

constexpr int kMaxChars = 32;

// From here on PyTorch turns to scientific notation.
constexpr double kLargest = 1e8;
constexpr double kLargestWithDecimals = 1e5;
constexpr double kSmallest = 1e-4;

int copy(const char* text, int length, char* out, int capacity) {
  const int n = std::min(length, capacity);
  std::memcpy(out, text, static_cast<size_t>(std::max(0, n)));
  return std::max(0, n);
}

// "1.2346e-5": PyTorch's without the exponent's leading zeros.
int scientific(double value, int decimals, char* text, size_t size) {
  const int length = std::snprintf(text, size, "%.*e", decimals, value);
  char* e = static_cast<char*>(std::memchr(text, 'e', static_cast<size_t>(length)));
  if (e == nullptr) return length;
  char* to = e + 1;
  const char* from = e + 1;
  const char* end = text + length;
  if (*from == '-') *to++ = '-';
  ++from;
  while (from + 1 < end && *from == '0') ++from;
  while (from < end) *to++ = *from++;
  return static_cast<int>(to - text);
}

int fixed(double value, int decimals, char* text, size_t size) {
  return std::snprintf(text, size, "%.*f", decimals, value);
}

bool reads_as_zero(const char* text, int length) {
  return std::none_of(text, text + length, [](char c) { return c >= '1' && c <= '9'; });
}

int shortest_scientific(double value, int max_chars, char* text, size_t size) {
  for (int decimals = 4; decimals >= 0; --decimals) {
    const int length = scientific(value, decimals, text, size);
    if (length <= max_chars || decimals == 0) return length;
  }
  return 0;
}

int special(double value, int max_chars, char* text, size_t size) {
  if (std::isnan(value)) return std::snprintf(text, size, "nan");
  if (std::isinf(value)) return std::snprintf(text, size, value < 0 ? "-inf" : "inf");
  // 0 times a negative weight is -0 to the processor and 0 to everybody else.
  if (value == 0) value = 0;
  if (value == std::floor(value) && std::abs(value) < kLargest) {
    const int length = fixed(value, 0, text, size);
    return length <= max_chars ? length : shortest_scientific(value, max_chars, text, size);
  }
  return -1;
}

}  // namespace

int format_number(double value, int max_chars, char* out, int capacity) {
  char text[kMaxChars];
  int length = special(value, max_chars, text, sizeof text);
  if (length >= 0) return copy(text, length, out, capacity);
  const double magnitude = std::abs(value);
  if (magnitude < kSmallest || magnitude >= kLargestWithDecimals) {
    return copy(text, shortest_scientific(value, max_chars, text, sizeof text), out, capacity);
  }
  for (int decimals = 4; decimals >= 0; --decimals) {
    length = fixed(value, decimals, text, sizeof text);
    if (length <= max_chars) break;
  }
  if (length > max_chars || reads_as_zero(text, length)) {
    char other[kMaxChars];
    const int other_length = shortest_scientific(value, max_chars, other, sizeof other);
    if (other_length <= max_chars) return copy(other, other_length, out, capacity);
  }
  return copy(text, length, out, capacity);
}

NumberStyle fit_numbers(const NumberRange& range, float width, float height, float digit_width, float legible) {
  NumberStyle style;
  const double largest = std::max(std::abs(range.min), std::abs(range.max));
  const int sign = range.min < 0 ? 1 : 0;
  const bool exponent = largest >= kLargestWithDecimals && !(range.integral && largest < kLargest);
  int whole = 1;
  for (double limit = 9.5; whole < 9 && largest >= limit; limit *= 10) ++whole;

  const float inner = width - std::max(2.0f, width * 0.1f);
  // Small cells are filled rather than left without their number.
  const float tallest = std::max(std::min(height * 0.46f, 64.0f), std::min(height * 0.68f, kMinNumberSize));
  // In digits: a point is half as wide as a digit, a minus little more.
  const auto size_for = [&](int digits, int points) {
    const float wide = static_cast<float>(digits) + 0.5f * static_cast<float>(points) + 0.6f * static_cast<float>(sign);
    return std::min(tallest, inner / (wide * digit_width));
  };
  // Reading from afar comes before the fourth decimal.
  const float wanted = std::clamp(height * 0.27f, legible, legible * 2.9f);

  if (exponent) {
    int digits = 3;
    for (int more = 8; more > 3 && digits == 3; --more) {
      if (size_for(more, 0) >= wanted) digits = more;
    }
    style.max_chars = sign + digits;
    style.size = size_for(digits, 0);
    style.decimals = 4;
  } else if (range.integral) {
    style.decimals = 0;
    style.max_chars = sign + whole;
    // One digit alone would be larger than anything else in the picture.
    style.size = size_for(std::max(2, whole), 0);
    if (style.size < kMinNumberSize) style.size = std::min(size_for(whole, 0), kMinNumberSize);
  } else {
    // Whole digits alone would be wrong numbers: without room for a decimal there is none.
    const auto decimals_in = [&](int whole_digits) {
      for (int decimals = 4; decimals >= 1; --decimals) {
        if (size_for(whole_digits + decimals, 1) >= wanted) return decimals;
      }
      return size_for(whole_digits + 1, 1) >= kMinNumberSize ? 1 : 0;
    };
    style.decimals = decimals_in(whole);
    if (largest < 0.995 && style.decimals < 3) {
      style.leading_zero = false;
      whole = 0;
      style.decimals = decimals_in(whole);
    }
    style.max_chars = sign + whole + 1 + style.decimals;
    style.size = style.decimals > 0 ? size_for(whole + style.decimals, 1) : 0;
  }
  if (style.size < kMinNumberSize) style.size = 0;
  return style;
}

int format_styled(double value, const NumberStyle& style, char* out, int capacity) {
  char text[kMaxChars];
  int length = special(value, style.max_chars, text, sizeof text);
  if (length >= 0) return copy(text, length, out, capacity);
  if (std::abs(value) >= kLargestWithDecimals) return format_number(value, style.max_chars, out, capacity);
  if (std::abs(value) < kSmallest) {
    const int tiny = shortest_scientific(value, style.max_chars, text, sizeof text);
    if (tiny <= style.max_chars) return copy(text, tiny, out, capacity);
  }
  length = fixed(value, style.decimals, text, sizeof text);
  const char* from = text;
  // A sign before nothing but zeros says nothing.
  if (text[0] == '-' && reads_as_zero(text, length)) {
    ++from;
    --length;
  }
  if (!style.leading_zero && length > 2) {
    char* zero = text + (from - text) + (*from == '-' ? 1 : 0);
    if (zero[0] == '0' && zero[1] == '.') {
      std::memmove(zero, zero + 1, static_cast<size_t>(text + sizeof text - zero - 1));
      --length;
    }
  }
  return copy(from, length, out, capacity);
}

}  // namespace convscope
