// Memory that an algorithm needs for itself, decided before it is asked for.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "engine/algorithm.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Whether so many bytes (the product of the factors) are no more than a tensor may have.
/// Errors: error.scratch_too_large (args: algorithm, GiB limit), on the field "algorithm".
Result<void> check_scratch(Algorithm algorithm, std::initializer_list<int64_t> factors);

/// An uninitialised tensor for the algorithm's own use. Errors: error.scratch_too_large, error.out_of_memory.
Result<Tensor> scratch_tensor(Algorithm algorithm, const Shape& shape, DType dtype);

}  // namespace convscope
