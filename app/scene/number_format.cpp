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

// In widths of a digit, of the fonts that are used; \u2248 and \u2026 are wider than a digit.
constexpr float kPointWidth = 0.5f, kMinusWidth = 0.6f, kNearlyZeroWidth = 2.35f;
constexpr char kNearlyZero[] = "\u22480", kTooLong[] = "\u2026";
constexpr int kNearlyZeroLength = sizeof kNearlyZero - 1, kTooLongLength = sizeof kTooLong - 1;

float width_in_digits(const char* text, int length) {
  float width = 0;
  for (const char* c = text; c < text + length; ++c) {
    const auto byte = static_cast<unsigned char>(*c);
    if ((byte & 0xC0) == 0x80) continue;
    width += *c == '.' ? kPointWidth : *c == '-' ? kMinusWidth : byte > 0x7F ? kNearlyZeroWidth - 1 : 1;
  }
  return width;
}

// "1.5e-7" in digits.
float scientific_width(double magnitude, int decimals) {
  char text[kMaxChars];
  const int length = scientific(magnitude, decimals, text, sizeof text);
  return width_in_digits(text, length);
}

// One place for the point serves neither numbers that are too large nor numbers that are all tiny.
bool needs_exponent(const NumberRange& range) {
  const double largest = range.max_abs();
  if (range.integral) return largest >= kLargest;
  return largest >= kLargestWithDecimals || (largest > 0 && largest < 10 * kSmallest);
}

// Decimals that write a number of single precision exactly; -1 when four are not enough.
int exact_decimals(double value) {
  double scaled = std::abs(value);
  for (int decimals = 0; decimals <= 4; ++decimals, scaled *= 10) {
    if (std::abs(scaled - std::round(scaled)) <= scaled * 1e-7) return decimals;
  }
  return -1;
}

// "-0.5" as "-.5".
int without_leading_zero(char* text, int length) {
  char* zero = text + (*text == '-' ? 1 : 0);
  if (length < 3 || zero[0] != '0' || zero[1] != '.') return length;
  std::memmove(zero, zero + 1, static_cast<size_t>(text + length - zero - 1));
  return length - 1;
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

NumberRange products_of(const NumberRange& x, const NumberRange& w) {
  NumberRange products;
  products.max = x.max_abs() * w.max_abs();
  products.min = x.min < 0 || w.min < 0 ? -products.max : 0;
  products.integral = x.integral && w.integral;
  products.least = x.least * w.least;
  return products;
}

NumberStyle fit_numbers(const NumberRange& range, float width, float height, float digit_width, float legible) {
  NumberStyle style;
  const double largest = range.max_abs();
  const float sign = range.min < 0 ? kMinusWidth : 0;
  const int sign_chars = range.min < 0 ? 1 : 0;
  int whole = 1;
  for (double limit = 9.5; whole < 9 && largest >= limit; limit *= 10) ++whole;

  // A number keeps away from its neighbours by at least half a digit.
  const float inner = width - std::max(2.0f, width * 0.13f);
  // Small cells are filled rather than left without their number.
  const float tallest = std::max(std::min(height * 0.46f, 64.0f), std::min(height * 0.68f, kMinNumberSize));
  const auto size_for = [&](float digits) { return std::min(tallest, inner / (digits * digit_width)); };
  // Reading from afar comes before the fourth decimal.
  const float wanted = std::clamp(height * 0.25f, legible, legible * 2.9f);

  float digits = 0;  // widest text
  if (needs_exponent(range)) {
    style.scientific = true;
    const auto wide = [&](int decimals) {
      const float least = range.least > 0 ? scientific_width(range.least, decimals) : 0;
      return sign + std::max(scientific_width(largest, decimals), least);
    };
    style.decimals = 3;
    while (style.decimals > 0 && size_for(wide(style.decimals)) < wanted) --style.decimals;
    digits = wide(style.decimals);
    style.max_chars = kMaxChars;
  } else if (range.integral) {
    style.decimals = 0;
    style.max_chars = sign_chars + whole;
    digits = sign + static_cast<float>(whole);
    // One digit alone would be larger than anything else in the picture.
    style.size = size_for(sign + static_cast<float>(std::max(2, whole)));
    if (style.size < kMinNumberSize) style.size = std::min(size_for(digits), kMinNumberSize);
  } else {
    const auto wide = [&](int whole_digits, int decimals) {
      return std::max(sign + static_cast<float>(whole_digits + decimals) + kPointWidth, kNearlyZeroWidth);
    };
    // Whole digits alone would be wrong numbers: without room for a decimal there is none.
    const auto decimals_in = [&](int whole_digits) {
      for (int decimals = 4; decimals >= 1; --decimals) {
        if (size_for(wide(whole_digits, decimals)) >= wanted) return decimals;
      }
      return size_for(wide(whole_digits, 1)) >= kMinNumberSize ? 1 : 0;
    };
    style.decimals = decimals_in(whole);
    if (largest < 0.995 && style.decimals < 3) {
      style.leading_zero = false;
      whole = 0;
      style.decimals = decimals_in(whole);
    }
    style.max_chars = sign_chars + whole + 1 + style.decimals;
    digits = wide(whole, style.decimals);
    if (style.decimals == 0) return style;
  }
  if (style.size == 0) style.size = size_for(digits);
  if (style.size < kMinNumberSize) style.size = 0;
  // The margin absorbs what fonts differ by; a whole number of a range is never refused for a rounding error.
  style.room = digits + 0.15f;
  return style;
}

int format_styled(double value, const NumberStyle& style, char* out, int capacity) {
  char text[kMaxChars];
  // 0 times a negative weight is -0 to the processor and 0 to everybody else.
  if (value == 0) return copy("0", 1, out, capacity);
  const auto fits = [&](int length) {
    return style.room > 0 ? width_in_digits(text, length) <= style.room : length <= style.max_chars;
  };
  const auto put = [&](int length) { return copy(text, length, out, capacity); };
  int length = 0;
  if (!std::isfinite(value)) {
    length = std::snprintf(text, sizeof text, "%s", std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    return fits(length) ? put(length) : copy(kTooLong, kTooLongLength, out, capacity);
  }
  const double magnitude = std::abs(value);
  const bool whole = value == std::floor(value);
  const int exact = style.scientific ? exact_decimals(value) : -1;
  bool vanishes = magnitude < kSmallest;
  if (!vanishes && magnitude < (whole ? kLargest : kLargestWithDecimals) && (!style.scientific || exact >= 0)) {
    const int most = style.scientific ? exact : style.decimals;
    for (int decimals = most; decimals >= (whole ? 0 : std::min(most, 1)); --decimals) {
      length = fixed(value, decimals, text, sizeof text);
      if (!style.leading_zero) length = without_leading_zero(text, length);
      vanishes = reads_as_zero(text, length);
      if (vanishes) break;  // fewer decimals will not help
      if (fits(length)) return put(length);
    }
  }
  const auto nearly_zero = [&] {
    std::memcpy(text, kNearlyZero, kNearlyZeroLength);
    return fits(kNearlyZeroLength) ? put(kNearlyZeroLength) : copy(kTooLong, kTooLongLength, out, capacity);
  };
  // It rounds to nothing beside its neighbours; its own size matters only to who asks for the cell.
  if (vanishes && magnitude >= kSmallest) return nearly_zero();
  for (int decimals = style.scientific ? style.decimals : 3; decimals >= 0; --decimals) {
    length = scientific(value, decimals, text, sizeof text);
    if (fits(length)) return put(length);
  }
  if (vanishes) return nearly_zero();
  return copy(kTooLong, kTooLongLength, out, capacity);
}

}  // namespace convscope
