// Python as people paste it: a tree of statements and expressions, without running anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace convscope {

/// An expression. What is neither a literal, a name, a list nor a call is `other`: it is kept for what stands inside
/// it.
struct PythonNode {
  enum class Kind : uint8_t {
    integer,   // 3, 0x10, 1_000
    real,      // 1e-3
    text,      // 'same'
    name,      // with its dots: None, True, torch.float64
    sequence,  // a tuple or a list: items
    call,      // items[0](items[1], ...)
    member,    // items[0].text, of what is no name: f(x).shape
    binary,    // items[0] text items[1], of + - * // %
    other,
  };
  Kind kind = Kind::other;
  int64_t integer = 0;
  std::string text;
  std::vector<PythonNode> items;
  std::string keyword;  // of an argument: the name before its `=`
  int stars = 0;        // of an argument or item: *args, **kwargs
  size_t begin = 0;     // where it stands in the code, and where it ends
  size_t end = 0;
};

struct PythonStatement {
  std::vector<PythonNode> targets;  // a = b = value
  PythonNode value;
};

inline constexpr size_t kMostPythonCharacters = 1 << 16;

/// Reads the statements of a script or of a part of one: assignments, calls, `return`; the heads of classes, functions
/// and loops are passed over, as are imports and comments, the prompts `>>>` and the names before a module in PyTorch's
/// print, `(conv1): Conv2d(...)`. Indentation says nothing here.
/// Errors: error.constructor_too_long (args: characters, limit), error.constructor_syntax (args: found, column, wanted,
/// line), error.constructor_unfinished (args: wanted), error.constructor_after_end (args: found, column, line),
/// error.constructor_number_too_large (args: found, limit), error.constructor_too_deep (args: limit).
Result<std::vector<PythonStatement>> parse_python(std::string_view code);

/// Line and column of a place in the code, from 1; columns count characters.
struct PythonPlace {
  int64_t line = 1, column = 1;
};
PythonPlace place_in(std::string_view code, size_t at);

/// A piece of the code for a message: one line of bearable length.
std::string shortened_code(std::string_view code);

}  // namespace convscope
