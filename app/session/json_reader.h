// Reading JSON that nobody has vouched for: syntax errors with line and column, fields with their types checked.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/spatial.h"

namespace convscope {

using Json = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 64;

/// Errors: error.json_syntax (args: line, column, found), error.json_too_deep (args: line, column, limit).
Result<Json> parse_json(std::string_view text);

/// Takes known fields out of an object, one by one, and keeps the first thing that is wrong with any of them; what is
/// left at the end are the unknown fields. A field that is not there leaves its target as it is.
class FieldReader {
 public:
  /// `prefix` goes before the fields' names in messages: "params.".
  FieldReader(Json& object, std::string prefix, std::optional<Error>& error)
      : object_(object), prefix_(std::move(prefix)), error_(error) {}

  void integer(const char* field, int64_t& target, int64_t minimum, int64_t maximum);
  void number(const char* field, double& target, double above, double maximum);
  void flag(const char* field, bool& target);
  void text(const char* field, std::string& target);
  /// A whole number for both axes or a list of two, height first.
  void pair(const char* field, Pair& target);
  /// A whole number for all axes or a list of one for each; `target` says how many axes there are.
  void spatial(const char* field, Spatial& target);
  /// A list of all begins, then all ends; `begin` says how many axes there are.
  void pads(const char* field, Spatial& begin, Spatial& end);
  /// Extents, outermost first; 1 to 8 of them.
  void extents(const char* field, std::vector<int64_t>& target);
  /// Lists of numbers, nested or not, in row-major order; "nan", "inf" and "-inf" stand for themselves.
  void numbers(const char* field, std::vector<double>& target, size_t limit);

  /// A word out of a list; `from_name` maps it. Errors: error.json_value (args: field, found, the words).
  template <class Enum, class FromName>
  void word(const char* field, Enum& target, FromName from_name, const char* words) {
    std::string name;
    if (!take_text(field, name)) return;
    if (const std::optional<Enum> value = from_name(name)) {
      target = *value;
    } else {
      fail_value(field, "\"" + shortened(name) + "\"", words);
    }
  }

  /// An object within, or nothing.
  std::optional<Json> object(const char* field);
  /// Takes the field out whatever it is, or nothing.
  std::optional<Json> take(const char* field);
  void put_back(const char* field, Json value) { object_[field] = std::move(value); }
  bool has(const char* field) const { return object_.contains(field); }

  void fail_missing(const char* field);
  void fail_type(const char* field, const char* wanted, const Json& found);
  void fail_value(const char* field, const std::string& found, const std::string& wanted);
  static std::string shortened(const std::string& text);

 private:
  bool take_text(const char* field, std::string& target);
  /// A list of `count` whole numbers, or one in their place where `one_for_all`; empty after a failure.
  std::vector<int64_t> take_integers(const char* field, size_t count, bool one_for_all, const char* wanted);
  std::string path(const char* field) const { return prefix_ + field; }

  Json& object_;
  std::string prefix_;
  std::optional<Error>& error_;
};

/// What a value is, as an argument of error.json_type: "@json.integer" and the like.
std::string kind_of(const Json& value);

/// JSON as people keep it: two spaces of indent, lists of plain values on one line.
std::string pretty(const Json& value);

}  // namespace convscope
