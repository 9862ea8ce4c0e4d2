// Numbers, pairs and shapes as people type them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

/// `option` is named in the message. Errors: error.not_a_number (args: option, text, wanted) for text that is no
/// whole number, error.number_out_of_range (args: option, text, range) for one that int64_t does not hold.
Result<int64_t> parse_integer(std::string_view text, const std::string& option);
/// Errors: also error.number_out_of_range outside of minimum .. maximum.
Result<int64_t> parse_integer(std::string_view text, const std::string& option, int64_t minimum, int64_t maximum);
Result<double> parse_number(std::string_view text, const std::string& option);
/// "1,3,224,224"; `least_number` is what the message says of numbers that int64_t does not hold. Errors: those of
/// parse_integer, error.list_length (args: option, found, wanted).
Result<std::vector<int64_t>> parse_integers(std::string_view text, const std::string& option, size_t least, size_t most,
                                            int64_t least_number = INT64_MIN);
/// "2" or "2,1", height first.
Result<Pair> parse_pair(std::string_view text, const std::string& option);
/// One extent or more, none negative.
Result<Shape> parse_shape(std::string_view text, const std::string& option);
/// "960x540"; which sizes are possible is for the command to say.
struct PixelSize {
  int width = 0, height = 0;
};
Result<PixelSize> parse_pixel_size(std::string_view text, const std::string& option);

/// Parts between separators; "1,,2" has three.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace convscope
