// Numbers as short as their place asks for, as PyTorch prints them.
#pragma once

#include <cstdint>

namespace convscope {

/// What is needed to print a tensor's numbers alike: how large they get and whether they are whole.
struct NumberRange {
  double min = 0, max = 0;  // of its finite values
  bool integral = true;
  double max_abs() const { return -min > max ? -min : max; }
};

/// Digits of numbers that share a grid: all with the same count of decimals, so that they can be compared at a glance.
struct NumberStyle {
  int decimals = 4;
  int max_chars = 9;
  bool leading_zero = true;  // ".08" where all numbers are smaller than 1 and the place is tight
  float size = 0;            // font size in logical pixels; 0: no number fits
  bool drawn() const { return size > 0; }
};

inline constexpr float kMinNumberSize = 9.0f;

/// The largest type, and then as many decimals, as fit a cell `width` wide and `height` high.
/// `digit_width` is the width of a digit at size 1, `legible` the type that decimals are given up for.
NumberStyle fit_numbers(const NumberRange& range, float width, float height, float digit_width,
                        float legible = kMinNumberSize);

/// Prints at the style's decimals: whole numbers without any, tiny ones in scientific notation where that fits. Returns
/// the length; `out` is not NUL-terminated.
int format_styled(double value, const NumberStyle& style, char* out, int capacity);

}  // namespace convscope
