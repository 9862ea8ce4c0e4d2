// `--lens`: one lens, or two side by side.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/session/session.h"
#include "engine/result.h"

namespace convscope {

struct LensNames {
  Lens first = Lens::sliding;
  std::optional<Lens> second;
};

/// "im2col", or "sliding,im2col". Errors: error.unknown_lens, error.too_many_lenses.
Result<LensNames> parse_lenses(std::string_view text, const std::string& option);

}  // namespace convscope
