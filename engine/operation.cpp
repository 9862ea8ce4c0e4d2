#include "engine/operation.h"

#include <array>

namespace convscope {

namespace {

constexpr std::array<Operation, 15> kOperations = {{
    {"conv1d", OperationFamily::conv, 1},
    {"conv2d", OperationFamily::conv, 2},
    {"conv3d", OperationFamily::conv, 3},
    {"conv_transpose1d", OperationFamily::conv_transpose, 1},
    {"conv_transpose2d", OperationFamily::conv_transpose, 2},
    {"conv_transpose3d", OperationFamily::conv_transpose, 3},
    {"conv2d_backward", OperationFamily::conv_backward, 2},
    {"max_pool1d", OperationFamily::max_pool, 1},
    {"max_pool2d", OperationFamily::max_pool, 2},
    {"max_pool3d", OperationFamily::max_pool, 3},
    {"avg_pool1d", OperationFamily::avg_pool, 1},
    {"avg_pool2d", OperationFamily::avg_pool, 2},
    {"avg_pool3d", OperationFamily::avg_pool, 3},
    {"unfold", OperationFamily::unfold, 2},
    {"fold", OperationFamily::fold, 2},
}};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

std::optional<Operation> operation_from_name(std::string_view name) {
  for (const Operation& operation : kOperations) {
    if (operation.name == name) return operation;
  }
  return std::nullopt;
}

}  // namespace convscope
