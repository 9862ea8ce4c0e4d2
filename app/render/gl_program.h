// Shader programs from the embedded sources.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/result.h"

namespace convscope {

/// Compiles shaders/quads.vert with a fragment shader, both with `defines` behind their first line.
/// Errors: error.no_opengl (args: the compiler's first line).
Result<uint32_t> link_program(std::string_view fragment, std::string_view defines);

}  // namespace convscope
