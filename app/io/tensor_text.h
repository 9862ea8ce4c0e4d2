// Numbers as people paste them: lists of Python, printed tensors of NumPy and PyTorch, columns of a spreadsheet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

struct TensorText {
  Shape shape;  // the brackets' nesting; rank 1 for a bare row of numbers, rank 2 for several lines of them
  std::vector<double> values;
};

/// Reads `[[1, 2], [3, 4]]`, `tensor([[ 1.3073, -1.5880], ...], dtype=torch.float64)`, `array([[1., 2.], [3., 4.]])`,
/// NumPy's print without commas, or lines of numbers apart by spaces, tabs, commas or semicolons.
/// Errors: error.tensor_text_* (args say what was found and where), never more than kMaxTensorTextValues numbers.
Result<TensorText> parse_tensor_text(std::string_view text);

inline constexpr int64_t kMaxTensorTextValues = 1 << 20;

/// Whether pasted text is more than one number: a single cell takes a lone number as it is.
bool is_tensor_text(std::string_view text);

/// A slice as Python writes it: "[[1, 2], [3, 4]]", numbers as short as they can be read back exactly.
std::string tensor_text(const std::vector<double>& values, int64_t rows, int64_t columns);

}  // namespace convscope
