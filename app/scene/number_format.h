// Numbers as short as their place asks for, as PyTorch prints them.
#pragma once

#include <cstdint>

namespace convscope {

/// What is needed to print a tensor's numbers alike: how large they get and whether they are whole.
struct NumberRange {
  double min = 0, max = 0;  // of its finite values
  bool integral = true;
  double least = 0;   // smallest magnitude above zero; 0: not known
  double strong = 0;  // what all but a few magnitudes of a large tensor stay below; 0: the largest
  double max_abs() const { return -min > max ? -min : max; }
  /// Where shades are at their full: a few outliers do not bleach all others.
  double shade_end() const { return strong > 0 ? strong : max_abs(); }
  bool operator==(const NumberRange&) const = default;
};

/// Of x * w for any x of one range and any w of the other.
NumberRange products_of(const NumberRange& x, const NumberRange& w);

/// Digits of numbers that share a grid: all with the same count of decimals, so that they can be compared at a glance.
struct NumberStyle {
  int decimals = 4;  // of the mantissa where `scientific`
  int max_chars = 9;
  bool leading_zero = true;  // ".08" where all numbers are smaller than 1 and the place is tight
  float size = 0;            // font size in logical pixels; 0: no number fits
  bool scientific = false;   // "1.2e5": the numbers are too large, or all too small, for a point at one place
  float room = 0;            // the widest text in widths of a digit; 0: `max_chars` alone counts
  bool drawn() const { return size > 0; }
};

inline constexpr float kMinNumberSize = 9.0f;

/// The largest type, and then as many decimals, as fit a cell `width` wide and `height` high.
/// `digit_width` is the width of a digit at size 1, `legible` the type that decimals are given up for.
NumberStyle fit_numbers(const NumberRange& range, float width, float height, float digit_width,
                        float legible = kMinNumberSize);

/// Prints at the style's decimals, whole numbers too where others have them; only 0 itself is always "0". What would
/// read as zero and is not becomes scientific when it is below 1e-4 and that fits, else "\u22480"; what no notation
/// fits becomes "\u2026": the text never exceeds the style's room. Returns the length; `out` is not NUL-terminated.
int format_styled(double value, const NumberStyle& style, char* out, int capacity);

}  // namespace convscope
