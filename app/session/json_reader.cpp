#include "app/session/json_reader.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace convscope {

namespace {

struct Place {
  size_t line = 1, column = 1;
};

/// Columns count characters, not bytes.
Place place_of(std::string_view text, size_t byte) {
  Place place;
  for (size_t i = 0; i < byte && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

/// Where brackets nest deeper than kMaxJsonDepth. Looked for before parsing, because printing and freeing a value take
/// as much stack as it is deep.
std::optional<size_t> too_deep_at(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return i;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::nullopt;
}

std::string found_at(std::string_view text, size_t byte) {
  if (byte >= text.size()) return "@json.end_of_file";
  const auto c = static_cast<unsigned char>(text[byte]);
  if (c < 0x20 || c >= 0x7f) {
    char code[8];
    std::snprintf(code, sizeof code, "0x%02x", c);
    return code;
  }
  return std::string("'") + text[byte] + "'";
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  if (const std::optional<size_t> byte = too_deep_at(text)) {
    const Place place = place_of(text, *byte);
    return Error{"error.json_too_deep",
                 "",
                 {std::to_string(place.line), std::to_string(place.column), std::to_string(kMaxJsonDepth)}};
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // The parser counts from 1 and names the byte that it could not take.
    const size_t byte = error.byte == 0 ? 0 : error.byte - 1;
    const Place place = place_of(text, byte);
    return Error{
        "error.json_syntax", "", {std::to_string(place.line), std::to_string(place.column), found_at(text, byte)}};
  } catch (const Json::exception&) {
    // A number beyond any double ("1e999") is reported without a place.
    return Error{"error.json_number", "", {}};
  }
}

std::string kind_of(const Json& value) {
  if (value.is_null()) return "@json.null";
  if (value.is_boolean()) return "@json.boolean";
  if (value.is_number_integer()) return "@json.integer";
  if (value.is_number()) return "@json.number";
  if (value.is_string()) return "@json.string";
  if (value.is_array()) return "@json.list";
  return "@json.object";
}

std::string FieldReader::shortened(const std::string& text) {
  if (text.size() <= 60) return text;
  size_t end = 60;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

void FieldReader::fail_missing(const char* field) {
  if (!error_) error_ = Error{"error.json_missing", field, {path(field)}};
}
void FieldReader::fail_type(const char* field, const char* wanted, const Json& found) {
  if (!error_) error_ = Error{"error.json_type", field, {path(field), wanted, kind_of(found)}};
}
void FieldReader::fail_value(const char* field, const std::string& found, const std::string& wanted) {
  if (!error_) error_ = Error{"error.json_value", field, {path(field), found, wanted}};
}

std::optional<Json> FieldReader::take(const char* field) {
  const auto found = object_.find(field);
  if (found == object_.end()) return std::nullopt;
  Json value = std::move(found.value());
  object_.erase(found);
  return value;
}

namespace {

/// A whole number that int64_t holds; sets `is_whole` for larger ones too.
std::optional<int64_t> int64_of(const Json& value, bool& is_whole) {
  is_whole = value.is_number_integer();
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  return std::nullopt;
}

std::string range_text(int64_t minimum, int64_t maximum) {
  return std::to_string(minimum) + " .. " + std::to_string(maximum);
}

}  // namespace

void FieldReader::integer(const char* field, int64_t& target, int64_t minimum, int64_t maximum) {
  const std::optional<Json> value = take(field);
  if (!value) return;
  bool is_whole = false;
  const std::optional<int64_t> number = int64_of(*value, is_whole);
  if (!is_whole) return fail_type(field, "@json.integer", *value);
  if (!number || *number < minimum || *number > maximum) {
    return fail_value(field, value->dump(), range_text(minimum, maximum));
  }
  target = *number;
}

void FieldReader::number(const char* field, double& target, double above, double maximum) {
  const std::optional<Json> value = take(field);
  if (!value) return;
  if (!value->is_number()) return fail_type(field, "@json.number", *value);
  const auto number = value->get<double>();
  if (!(number > above && number <= maximum)) {
    return fail_value(field, value->dump(), "> " + Json(above).dump() + ", <= " + Json(maximum).dump());
  }
  target = number;
}

void FieldReader::flag(const char* field, bool& target) {
  const std::optional<Json> value = take(field);
  if (!value) return;
  if (!value->is_boolean()) return fail_type(field, "@json.boolean", *value);
  target = value->get<bool>();
}

bool FieldReader::take_text(const char* field, std::string& target) {
  const std::optional<Json> value = take(field);
  if (!value) return false;
  if (!value->is_string()) {
    fail_type(field, "@json.string", *value);
    return false;
  }
  target = value->get<std::string>();
  return true;
}

void FieldReader::text(const char* field, std::string& target) { take_text(field, target); }

std::vector<int64_t> FieldReader::take_integers(const char* field, size_t count, bool one_for_all, const char* wanted) {
  const std::optional<Json> value = take(field);
  if (!value) return {};
  const Json list = value->is_array() || !one_for_all ? *value : Json(count, *value);
  // What is there is shown: [3, 3, 3] is a list as well, and yet the wrong one.
  const auto fail = [&]() -> std::vector<int64_t> {
    if (!error_) error_ = Error{"error.json_type", field, {path(field), wanted, shortened(value->dump())}};
    return {};
  };
  if (!list.is_array() || list.size() != count) return fail();
  std::vector<int64_t> numbers;
  for (const Json& item : list) {
    bool is_whole = false;
    const std::optional<int64_t> number = int64_of(item, is_whole);
    if (!is_whole) return fail();
    if (!number) {
      constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
      fail_value(field, item.dump(), range_text(-kMost - 1, kMost));
      return {};
    }
    numbers.push_back(*number);
  }
  return numbers;
}

void FieldReader::pair(const char* field, Pair& target) {
  const std::vector<int64_t> numbers = take_integers(field, 2, true, "@json.pair");
  if (!numbers.empty()) target = {numbers[0], numbers[1]};
}

void FieldReader::spatial(const char* field, Spatial& target) {
  const std::vector<int64_t> numbers = take_integers(field, static_cast<size_t>(target.dims()), true, "@json.spatial");
  for (size_t i = 0; i < numbers.size(); ++i) target[static_cast<int>(i)] = numbers[i];
}

void FieldReader::pads(const char* field, Spatial& begin, Spatial& end) {
  const auto dims = static_cast<size_t>(begin.dims());
  const std::vector<int64_t> numbers = take_integers(field, 2 * dims, false, "@json.pads");
  for (size_t i = 0; i < numbers.size(); ++i) (i < dims ? begin : end)[static_cast<int>(i % dims)] = numbers[i];
}

void FieldReader::extents(const char* field, std::vector<int64_t>& target) {
  const std::optional<Json> value = take(field);
  if (!value) return;
  if (!value->is_array() || value->empty() || value->size() > 8) return fail_type(field, "@json.shape", *value);
  target.clear();
  for (const Json& item : *value) {
    bool is_whole = false;
    const std::optional<int64_t> number = int64_of(item, is_whole);
    if (!is_whole) return fail_type(field, "@json.shape", item);
    if (!number || *number < 0) {
      return fail_value(field, item.dump(), range_text(0, std::numeric_limits<int64_t>::max()));
    }
    target.push_back(*number);
  }
}

void FieldReader::numbers(const char* field, std::vector<double>& target, size_t limit) {
  const std::optional<Json> value = take(field);
  if (!value) return;
  if (!value->is_array()) return fail_type(field, "@json.numbers", *value);
  target.clear();
  // Depth is bounded by kMaxJsonDepth, so recursion is too.
  const auto flatten = [&](const auto& self, const Json& list) -> bool {
    for (const Json& item : list) {
      if (item.is_array()) {
        if (!self(self, item)) return false;
        continue;
      }
      double number = 0;
      if (item.is_number()) {
        number = item.get<double>();
      } else if (item == "nan") {
        number = std::nan("");
      } else if (item == "inf" || item == "-inf") {
        number = item == "inf" ? HUGE_VAL : -HUGE_VAL;
      } else {
        fail_type(field, "@json.numbers", item);
        return false;
      }
      if (target.size() == limit) {
        fail_value(field, "> " + std::to_string(limit), "<= " + std::to_string(limit));
        return false;
      }
      target.push_back(number);
    }
    return true;
  };
  flatten(flatten, *value);
}

std::optional<Json> FieldReader::object(const char* field) {
  std::optional<Json> value = take(field);
  if (value && !value->is_object()) {
    fail_type(field, "@json.object", *value);
    return std::nullopt;
  }
  return value;
}

namespace {

void print(const Json& value, size_t indent, std::string& out) {
  const std::string margin(indent + 2, ' ');
  const auto is_plain = [](const Json& item) { return !item.is_structured(); };
  if (value.is_object() && !value.empty()) {
    out += "{\n";
    size_t left = value.size();
    for (const auto& [key, item] : value.items()) {
      out += margin + Json(key).dump() + ": ";
      print(item, indent + 2, out);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += std::string(indent, ' ') + "}";
  } else if (value.is_array() && !value.empty()) {
    bool is_row = true;
    for (const Json& item : value) is_row = is_row && is_plain(item);
    out += is_row ? "[" : "[\n";
    size_t left = value.size();
    for (const Json& item : value) {
      if (!is_row) out += margin;
      print(item, indent + 2, out);
      out += --left > 0 ? (is_row ? ", " : ",\n") : (is_row ? "" : "\n");
    }
    out += is_row ? "]" : std::string(indent, ' ') + "]";
  } else {
    // Text that is not UTF-8 (a path can be) must not end the program: it is kept with replacement characters.
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

std::string pretty(const Json& value) {
  std::string out;
  print(value, 0, out);
  return out;
}

}  // namespace convscope
