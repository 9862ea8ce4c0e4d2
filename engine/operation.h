// The operations by their names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace convscope {

enum class OperationFamily : uint8_t { conv, conv_transpose, conv_backward, max_pool, avg_pool, unfold, fold };

/// One operation: what it does, and over how many spatial axes.
struct Operation {
  std::string_view name;  // PyTorch's, "conv_transpose2d"
  OperationFamily family = OperationFamily::conv;
  int dims = 2;
};

/// All of them, in the order of the documentation.
std::span<const Operation> operations();
std::optional<Operation> operation_from_name(std::string_view name);

}  // namespace convscope
