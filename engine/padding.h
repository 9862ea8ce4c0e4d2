// Where a padded coordinate reads from.
#pragma once

#include <cstdint>

#include "engine/conv_params.h"

namespace convscope {

/// The result of source_index for a cell that holds the zero of padding_mode='zeros'.
inline constexpr int64_t kZeroPadding = -1;

/// Maps coordinate i of an axis with extent n, counted from the first real cell (so padding before it is
/// negative), to the cell whose value it takes, or to kZeroPadding.
///
/// Needs n >= 1 and the padding limits of validate(): reflect less than n, circular at most n on a side.
/// Source: torch.nn.functional.pad. 1 2 3 4 padded by 2: reflect 3 2|1 2 3 4|3 2, replicate
/// 1 1|1 2 3 4|4 4, circular 3 4|1 2 3 4|1 2.
int64_t source_index(int64_t i, int64_t n, PaddingMode mode);

}  // namespace convscope
