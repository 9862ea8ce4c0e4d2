// Files that people try to open and that are not read, told by their names.
#pragma once

#include <optional>
#include <string>

#include "engine/result.h"

namespace convscope {

/// What to say of a file whose name ends like an archive of arrays (.zip, ...: error.archive_numpy), like a model's
/// (.pt, ...: error.archive_torch) or like a picture of a kind that is not read (.webp, ...: error.image_format);
/// nothing of other names. args: path.
std::optional<Error> foreign_file(const std::string& path);

}  // namespace convscope
