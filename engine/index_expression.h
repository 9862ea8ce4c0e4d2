// A tensor's name with brackets or an attribute behind it, as Python reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace convscope {

/// A number in an index: a whole one, one with a point (which Python reads and PyTorch refuses), or a name that nobody
/// has given a value.
struct IndexNumber {
  enum class Kind : uint8_t { integer, floating, name };
  Kind kind = Kind::integer;
  int64_t value = 0;       // the nearest that int64_t holds
  bool overflows = false;  // the text says more than int64_t holds
  std::string text;        // as typed, for messages
};

/// One of the parts between commas.
struct IndexItem {
  enum class Kind : uint8_t { number, slice, ellipsis, none };
  Kind kind = Kind::number;
  IndexNumber number;                            // of a number
  std::optional<IndexNumber> start, stop, step;  // of a slice, where they are written
  bool has_ellipsis_bound = false;               // `...:2`, which Python reads and PyTorch refuses
};

/// One pair of brackets.
struct IndexBracket {
  std::vector<IndexItem> items;
  bool is_tuple = false;  // with a comma: `[0,]` is one, `[0]` is not; `[()]` is one without items
};

/// A number, None or an ellipsis between the parentheses of a call, perhaps with `keyword =` before it.
struct IndexArgument {
  std::string keyword;
  IndexItem value;
};

/// `.shape`, `.size(1)`, `.shape[1:]` behind the brackets.
struct IndexAttribute {
  std::string name;
  bool is_called = false;
  std::vector<IndexArgument> arguments;
  std::vector<IndexBracket> brackets;  // behind it
};

struct IndexExpression {
  std::vector<IndexBracket> brackets;
  std::optional<IndexAttribute> attribute;
};

inline constexpr size_t kMaxIndexExpression = 1000;

/// Reads `x[0, 1:]`, with any name or none before the brackets, any number of brackets, also none: the whole tensor.
/// Integers (also 1_000, 0x1f, --1), slices, `...`, Ellipsis, None, newaxis (also of np and torch), and `()`. Behind
/// them any attribute by its name, called or not; which ones there are is for ask_tensor() to say.
/// Errors, all of field "index": error.slice_syntax, error.slice_unclosed and error.slice_call_unclosed for what Python
/// does not read, error.slice_unsupported for indices that PyTorch has beyond these (booleans, lists, tensors,
/// arithmetic), error.slice_beyond for what Python reads around them, error.slice_too_long.
Result<IndexExpression> parse_index_expression(std::string_view text);

}  // namespace convscope
