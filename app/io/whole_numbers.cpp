#include "app/io/whole_numbers.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace convscope {

namespace {

/// "+007" and "7" are the same number.
std::string plain(std::string_view digits) {
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return (is_negative && digits != "0" ? "-" : "") + std::string(digits);
}

/// Every type holds whole numbers of so few digits: 2^24 has eight.
constexpr size_t kFewDigits = 7;

}  // namespace

std::string rounded_whole(std::string_view digits, DType dtype) {
  const std::string text = plain(digits);
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) value = text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
  if (dtype == DType::float32) value = static_cast<double>(static_cast<float>(value));
  std::array<char, 330> all{};  // the largest double has 309 digits
  return {all.data(), std::to_chars(all.data(), all.data() + all.size(), value, std::chars_format::fixed, 0).ptr};
}

void UnfitWhole::look_at(std::string_view digits) {
  if (digits.size() <= kFewDigits) return;
  const std::string text = plain(digits);
  if (in_float32.empty() && rounded_whole(text, DType::float32) != text) in_float32 = text;
  if (in_float64.empty() && rounded_whole(text, DType::float64) != text) in_float64 = text;
}

void UnfitWhole::look_at(int64_t number) {
  // Nearly all numbers of a file are small: no text is made of them.
  constexpr int64_t kAllHeld = int64_t{1} << 24;
  if (number >= -kAllHeld && number <= kAllHeld) return;
  if (in_float32.empty() || in_float64.empty()) look_at(std::string_view(std::to_string(number)));
}

void UnfitWhole::look_at(uint64_t number) {
  constexpr uint64_t kAllHeld = uint64_t{1} << 24;
  if (number <= kAllHeld) return;
  if (in_float32.empty() || in_float64.empty()) look_at(std::string_view(std::to_string(number)));
}

}  // namespace convscope
