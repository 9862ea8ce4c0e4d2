#include "engine/scratch.h"

#include <optional>
#include <string>

#include "engine/checked_math.h"

namespace convscope {

namespace {

Error too_large(Algorithm algorithm) {
  return Error{"error.scratch_too_large", "algorithm", {name_of(algorithm), std::to_string(kMaxTensorBytes >> 30)}};
}

}  // namespace

Result<void> check_scratch(Algorithm algorithm, std::initializer_list<int64_t> factors) {
  const std::optional<int64_t> bytes = checked_product(factors);
  if (!bytes || *bytes > kMaxTensorBytes) return too_large(algorithm);
  return {};
}

Result<Tensor> scratch_tensor(Algorithm algorithm, const Shape& shape, DType dtype) {
  const std::optional<int64_t> numel = shape.numel();
  if (!numel || *numel > kMaxTensorBytes / size_of(dtype)) return too_large(algorithm);
  return Tensor::uninitialized(shape, dtype);
}

}  // namespace convscope
