// Exact fractions: where the strides of a chain multiply and those of transposed layers divide.
#pragma once

#include <cstdint>
#include <numeric>
#include <optional>
#include <string>

#include "engine/checked_math.h"

namespace convscope {

/// numerator / denominator in lowest terms; the denominator is positive.
struct Fraction {
  int64_t numerator = 0;
  int64_t denominator = 1;

  bool is_whole() const { return denominator == 1; }
  double value() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
  /// "3" or "-3/2".
  std::string to_string() const {
    return is_whole() ? std::to_string(numerator) : std::to_string(numerator) + '/' + std::to_string(denominator);
  }
  bool operator==(const Fraction&) const = default;
};

/// In lowest terms. Needs denominator >= 1 and a numerator above INT64_MIN.
inline Fraction fraction(int64_t numerator, int64_t denominator) {
  const int64_t common = std::gcd(numerator, denominator);
  return {numerator / common, denominator / common};
}

/// Empty where a number does not fit int64_t.
inline std::optional<Fraction> checked_add(const Fraction& a, const Fraction& b) {
  const int64_t common = std::gcd(a.denominator, b.denominator);
  const std::optional<int64_t> left = checked_mul(a.numerator, b.denominator / common);
  const std::optional<int64_t> right = checked_mul(b.numerator, a.denominator / common);
  const std::optional<int64_t> denominator = checked_mul(a.denominator / common, b.denominator);
  const std::optional<int64_t> sum = left && right ? checked_add(*left, *right) : std::nullopt;
  if (!sum || !denominator || *sum == INT64_MIN) return std::nullopt;
  return fraction(*sum, *denominator);
}

inline std::optional<Fraction> checked_mul(const Fraction& a, const Fraction& b) {
  // Shortened crosswise first: what fits in the end does not overflow on the way.
  const int64_t first = std::gcd(a.numerator, b.denominator), second = std::gcd(b.numerator, a.denominator);
  const std::optional<int64_t> numerator = checked_mul(a.numerator / first, b.numerator / second);
  const std::optional<int64_t> denominator = checked_mul(a.denominator / second, b.denominator / first);
  if (!numerator || !denominator || *numerator == INT64_MIN) return std::nullopt;
  return fraction(*numerator, *denominator);
}

}  // namespace convscope
