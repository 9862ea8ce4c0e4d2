#include "app/scene/number_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "app/scene/build_scene.h"

namespace convscope {
namespace {

std::string format(double value, int max_chars) {
  char text[32];
  return std::string(text, static_cast<size_t>(format_number(value, max_chars, text, sizeof text)));
}

std::string styled(double value, const NumberStyle& style) {
  char text[32];
  return std::string(text, static_cast<size_t>(format_styled(value, style, text, sizeof text)));
}

TEST(format_number, prints_four_digits_as_pytorch_does) {
  EXPECT_EQ(format(1.30729, 10), "1.3073");
  EXPECT_EQ(format(-0.9452, 10), "-0.9452");
  EXPECT_EQ(format(0.499, 10), "0.4990");
}

TEST(format_number, prints_whole_numbers_without_a_point) {
  EXPECT_EQ(format(3, 10), "3");
  EXPECT_EQ(format(-36, 10), "-36");
  EXPECT_EQ(format(0, 10), "0");
}

TEST(format_number, shows_a_negative_zero_as_zero) { EXPECT_EQ(format(-0.0, 10), "0"); }

TEST(format_number, turns_to_scientific_notation_for_small_and_large_numbers) {
  EXPECT_EQ(format(1e-5, 5), "1e-5");
  EXPECT_EQ(format(1.23456e-5, 12), "1.2346e-5");
  EXPECT_EQ(format(2.5e9, 5), "2.5e9");
  EXPECT_EQ(format(-123456.7, 12), "-1.2346e5");
}

TEST(format_number, gives_up_decimals_for_room) {
  EXPECT_EQ(format(1.30729, 5), "1.307");
  EXPECT_EQ(format(1.30729, 3), "1.3");
  EXPECT_EQ(format(-1.588, 4), "-1.6");
}

TEST(format_number, names_what_is_no_number) {
  EXPECT_EQ(format(std::nan(""), 6), "nan");
  EXPECT_EQ(format(-std::numeric_limits<double>::infinity(), 6), "-inf");
}

TEST(format_number, never_writes_beyond_its_room) {
  for (double value : {1.0 / 3, -1e300, 1e-300, 123456789.0, -0.0}) {
    for (int capacity = 0; capacity < 12; ++capacity) {
      char text[16];
      std::fill(std::begin(text), std::end(text), '#');
      const int length = format_number(value, 10, text, capacity);
      ASSERT_LE(length, capacity);
      EXPECT_EQ(text[capacity], '#') << value;
    }
  }
}

// In widths of a digit of DejaVu Sans, which the cells are set in.
float width_of(const std::string& words) {
  float width = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto byte = static_cast<unsigned char>(words[i]);
    if ((byte & 0xC0) == 0x80) continue;
    width += words[i] == '.' ? 0.5f : words[i] == '-' ? 0.57f : words[i] == 'e' ? 0.97f : byte > 0x7F ? 1.57f : 1;
  }
  return width;
}

TEST(fit_numbers, shows_more_decimals_in_larger_cells) {
  const NumberRange range{-2.5, 2.5, false};
  int before = 0;
  for (float cell : {30.0f, 44.0f, 70.0f, 120.0f}) {
    const NumberStyle style = fit_numbers(range, cell, cell, 0.64f);
    ASSERT_TRUE(style.drawn()) << cell;
    EXPECT_GE(style.decimals, before) << cell;
    before = style.decimals;
  }
  EXPECT_EQ(before, 4);
}

TEST(fit_numbers, draws_nothing_under_nine_pixels) {
  for (float cell = 4; cell < 100; cell += 1) {
    for (const NumberRange& range :
         {NumberRange{0, 9, true}, NumberRange{-1000, 1000, true}, NumberRange{-1, 1, false}}) {
      const NumberStyle style = fit_numbers(range, cell, cell, 0.64f);
      if (style.drawn()) {
        EXPECT_GE(style.size, kMinNumberSize);
      }
    }
  }
  EXPECT_FALSE(fit_numbers({-1, 1, false}, 12, 12, 0.64f).drawn());
}

TEST(fit_numbers, every_number_of_the_range_fits_the_cell) {
  const float digit = 0.64f;
  for (const NumberRange& range : {NumberRange{-9.99, 9.99, false}, NumberRange{0, 255, true},
                                   NumberRange{-0.2, 0.2, false}, NumberRange{-12345.6, 1, false}}) {
    for (float cell = 16; cell < 100; cell += 7) {
      const NumberStyle style = fit_numbers(range, cell, cell, digit);
      if (!style.drawn()) continue;
      for (double value : {range.min, range.max, range.min / 3, range.max / 7}) {
        const double v = range.integral ? std::floor(value) : value;
        const std::string words = styled(v, style);
        EXPECT_LE(width_of(words) * digit * style.size, cell + 0.5f) << words << " in " << cell;
      }
    }
  }
}

TEST(fit_numbers, no_number_leaves_its_cell_or_reads_as_zero_whatever_its_neighbours) {
  const std::vector<std::vector<double>> grids{{123456.789, -99999.5, 1e10, -1e-10, 0.5},
                                               {0.04, -0.04, 3, -12.5, 1e-7},
                                               {-0.93, 0.0004, 0.5, 1e-300},
                                               {1e-5, -3e-7, 2.5e-6},
                                               {1e9, -1, 7},
                                               {-0.5, 1e300, 1e-300}};
  for (const std::vector<double>& grid : grids) {
    NumberRange range{*std::min_element(grid.begin(), grid.end()), *std::max_element(grid.begin(), grid.end()), true};
    range.least = 1e308;
    for (double value : grid) {
      range.integral = range.integral && value == std::floor(value);
      range.least = std::min(range.least, std::abs(value));
    }
    for (float cell = 14; cell < 120; cell += 3) {
      const NumberStyle style = fit_numbers(range, cell, cell, 0.636f);
      if (!style.drawn()) continue;
      for (double value : grid) {
        const std::string words = styled(value, style);
        EXPECT_LT(width_of(words) * style.size * 0.636f, cell - 1.5f) << words << " in " << cell;
        EXPECT_TRUE(words.find_first_of("123456789") != std::string::npos || words == "\u22480") << words;
      }
    }
  }
}

TEST(format_styled, numbers_of_one_grid_have_the_same_decimals) {
  const NumberStyle style = fit_numbers({-6, 6, false, 0.5}, 26, 26, 0.636f);
  ASSERT_EQ(style.decimals, 1);
  EXPECT_EQ(styled(4.7, style), "4.7");
  EXPECT_EQ(styled(5, style), "5.0");
  EXPECT_EQ(styled(-6, style), "-6.0");
  EXPECT_EQ(styled(0, style), "0");
}

TEST(format_styled, what_rounds_to_nothing_says_so) {
  const NumberStyle style = fit_numbers({-6, 6, false, 1e-10}, 26, 26, 0.636f);
  EXPECT_EQ(styled(0.04, style), "\u22480");
  EXPECT_EQ(styled(-0.04, style), "\u22480");
  const NumberStyle wide = fit_numbers({-6, 6, false, 1e-10}, 120, 120, 0.636f);
  EXPECT_EQ(styled(-1e-10, wide), "-1e-10");
}

TEST(format_styled, does_not_invent_a_negative_zero) {
  NumberStyle style;
  style.decimals = 1;
  style.max_chars = 4;
  EXPECT_EQ(styled(-0.0, style), "0");
}

TEST(format_styled, leaves_out_the_leading_zero_only_where_asked) {
  NumberStyle style;
  style.decimals = 2;
  style.max_chars = 5;
  EXPECT_EQ(styled(-0.08, style), "-0.08");
  style.leading_zero = false;
  EXPECT_EQ(styled(-0.08, style), "-.08");
  EXPECT_EQ(styled(0.5, style), ".50");
}

}  // namespace
}  // namespace convscope
