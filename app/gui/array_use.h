// What becomes of the session where an array of a file is taken as one of its tensors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/edits.h"
#include "app/session/session.h"

namespace convscope {

enum class ArrayRole : uint8_t { input, weight, bias };
const char* name_of(ArrayRole role);  // "input", "weight", "bias"

/// Those that the session's operation has.
std::vector<ArrayRole> roles_of(const Session& session);

/// What an array most likely is, by its shape and by its name: one axis is a bias, four whose last two are a kernel's
/// size a weight, unless the name says something else.
ArrayRole likely_role(const Session& session, std::string_view name, const Shape& shape);

struct ArrayUse {
  Session session;
  std::vector<std::string> changes;  // arguments that follow the array: "in_channels=3"
  std::optional<Error> problem;      // of the session then
  /// Where only a tensor that is not the array stands in its way: the same with numbers drawn from the seed in its
  /// place, and which that is.
  std::optional<Session> redrawn;
  ArrayRole redrawn_role = ArrayRole::input;
};

/// Reads the headers of the files, not the numbers. Errors: those of npy_shape(), error.input_file_rank,
/// error.weight_file_shape, error.bias_file_shape (args: shape).
Result<ArrayUse> use_array(const Session& base, const std::string& path, ArrayRole role, const LastGood& last);

}  // namespace convscope
