// A session as code: the same computation in other people's words, with its numbers asserted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/session/computation.h"
#include "app/session/session.h"
#include "engine/result.h"

namespace convscope {

enum class CodeKind : uint8_t { pytorch, numpy, tensorflow, jax, onnx, cpp };

/// In the order in which they are offered.
std::span<const CodeKind> code_kinds();
const char* name_of(CodeKind kind);   // "pytorch", "numpy", ...: as the command line takes it
const char* title_of(CodeKind kind);  // "PyTorch", "NumPy", ...
std::optional<CodeKind> code_kind_from_name(std::string_view name);
/// "pytorch, numpy, ..."
std::string names_of_code_kinds();

/// A program that makes the session's tensors, computes its operation and holds the result against the engine's; it
/// prints "ok" at its end. What a library cannot say is said by other means there, with a comment. Random numbers are
/// PyTorch's: elsewhere they are written out.
/// Errors: error.code_too_large (args: tensor, numbers, limit), error.code_no_volume (args: title) of conv3d where it
/// is not written in that tongue.
Result<std::string> code_of(CodeKind kind, const Session& session, const Computation& computation);

// One file each; torch_script.h has PyTorch's.
Result<std::string> numpy_script(const Session& session, const Computation& computation);
Result<std::string> tensorflow_script(const Session& session, const Computation& computation);
Result<std::string> jax_script(const Session& session, const Computation& computation);
Result<std::string> onnx_script(const Session& session, const Computation& computation);
Result<std::string> cpp_program(const Session& session, const Computation& computation);

/// How many cells the last windows of a pooling reach beyond the padding (ceil_mode), at the bottom and at the right.
Pair beyond_padding(const PoolPlan& plan);

}  // namespace convscope
