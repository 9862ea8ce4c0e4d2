#include "app/cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <limits>

namespace convscope {

namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

Error not_a_number(const std::string& option, std::string_view text, const char* wanted) {
  return Error{"error.not_a_number", option, {option, std::string(text), wanted}};
}

Error out_of_range(const std::string& option, std::string_view text, int64_t minimum, int64_t maximum) {
  return Error{"error.number_out_of_range",
               option,
               {option, std::string(text), std::to_string(minimum), std::to_string(maximum)}};
}

}  // namespace

Result<LensNames> parse_lenses(std::string_view text, const std::string& option) {
  const std::vector<std::string_view> names = split(text, ',');
  if (names.size() > 2) return Error{"error.too_many_lenses", option, {std::string(text)}};
  LensNames lenses;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::optional<Lens> lens = lens_from_name(names[i]);
    if (!lens) return Error{"error.unknown_lens", option, {std::string(names[i]), names_of_lenses()}};
    if (i == 0) lenses.first = *lens;
    if (i == 1) lenses.second = lens;
  }
  return lenses;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<int64_t> parse_integer(std::string_view text, const std::string& option, int64_t minimum, int64_t maximum) {
  // from_chars takes a minus but no plus.
  std::string_view digits = text;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return not_a_number(option, text, "@cli.whole_number");
  }
  if (error != std::errc() || value < minimum || value > maximum) return out_of_range(option, text, minimum, maximum);
  return value;
}

Result<int64_t> parse_integer(std::string_view text, const std::string& option) {
  return parse_integer(text, option, kLeast, kMost);
}

Result<double> parse_number(std::string_view text, const std::string& option) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && value - value == 0;
  if (!is_number) return not_a_number(option, text, "@cli.number");
  return value;
}

Result<std::vector<int64_t>> parse_integers(std::string_view text, const std::string& option, size_t least, size_t most,
                                            int64_t least_number) {
  std::vector<int64_t> numbers;
  for (std::string_view part : split(text, ',')) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    Result<int64_t> number = parse_integer(part, option);
    if (!number) {
      Error error = std::move(number).error();
      // The whole text is what was typed.
      if (error.code == "error.not_a_number")
        error.args = {option, std::string(text), most == 2 ? "@cli.pair" : "@cli.list"};
      if (error.code == "error.number_out_of_range") return out_of_range(option, part, least_number, kMost);
      return error;
    }
    numbers.push_back(*number);
  }
  if (numbers.size() < least || numbers.size() > most) {
    const std::string wanted =
        least == most ? std::to_string(least) : std::to_string(least) + " .. " + std::to_string(most);
    return Error{"error.list_length", option, {option, std::string(text), std::to_string(numbers.size()), wanted}};
  }
  return numbers;
}

Result<Pair> parse_pair(std::string_view text, const std::string& option) {
  Result<std::vector<int64_t>> numbers = parse_integers(text, option, 1, 2);
  if (!numbers) return numbers.error();
  return Pair{numbers->front(), numbers->back()};
}

Result<Shape> parse_shape(std::string_view text, const std::string& option) {
  Result<std::vector<int64_t>> numbers = parse_integers(text, option, 1, Shape::kMaxRank, 0);
  if (!numbers) return numbers.error();
  Shape shape;
  for (int64_t extent : *numbers) {
    if (extent < 0) return out_of_range(option, std::to_string(extent), 0, kMost);
    shape.push_back(extent);
  }
  return shape;
}

Result<PixelSize> parse_pixel_size(std::string_view text, const std::string& option) {
  const std::vector<std::string_view> parts = split(text, 'x');
  if (parts.size() != 2) return not_a_number(option, text, "@cli.pixel_size");
  int numbers[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    Result<int64_t> number = parse_integer(parts[i], option);
    if (!number) {
      if (number.error().code == "error.not_a_number") return not_a_number(option, text, "@cli.pixel_size");
      return number.error();
    }
    numbers[i] = static_cast<int>(std::clamp<int64_t>(*number, INT_MIN, INT_MAX));
  }
  return PixelSize{numbers[0], numbers[1]};
}

}  // namespace convscope
