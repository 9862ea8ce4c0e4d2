// Numbers as people paste them: lists of Python, printed tensors of NumPy and PyTorch, columns of a spreadsheet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/io/whole_numbers.h"
#include "engine/result.h"
#include "engine/shape.h"
#include "engine/tensor.h"
#include "engine/tensor_slice.h"

namespace convscope {

struct TensorText {
  Shape shape;  // the brackets' nesting; rank 1 for a bare row of numbers, rank 2 for several lines of them
  std::vector<double> values;
  std::optional<DType> dtype;  // of a `dtype=` behind the brackets that is float16, float32 or float64
  UnfitWhole unfit;            // whole numbers that a type would round
};

/// What the numbers are for: cells of an editor are finite and at least one; a tensor may hold nan and inf, be empty
/// (`tensor([], size=(0, 3))`) or a single number without brackets (`tensor(3.5)`, of rank 0).
enum class TensorTextUse : uint8_t { cells, tensor };

/// Reads `[[1, 2], [3, 4]]`, `((1, 2), (3, 4))`, `tensor([[ 1.3073, -1.5880], ...], dtype=torch.float64)`,
/// `array([[1., 2.], [3., 4.]])`, NumPy's print without commas, True and False as 1 and 0, or lines of numbers apart by
/// spaces, tabs, commas or semicolons. Within brackets commas stand everywhere or nowhere, one between two entries:
/// what neither Python nor NumPy writes is a slip, and its numbers would be guessed. Of what stands behind the brackets
/// dtype and size count, device, requires_grad and the like do not; nor do words before them, as in `w = ` or PyTorch's
/// `Parameter containing:`, and comments, from a # to the end of its line. Errors: error.tensor_text_* (args say what
/// was found and where), never more than kMaxTensorTextValues numbers.
Result<TensorText> parse_tensor_text(std::string_view text, TensorTextUse use = TensorTextUse::cells);

inline constexpr int64_t kMaxTensorTextValues = 1 << 20;

/// parse_tensor_text() of a text file. Errors: also error.file_not_found, error.file_unreadable, error.file_too_large.
Result<TensorText> read_tensor_text(const std::string& path);

/// The numbers as a tensor, of float32 where the text names no dtype.
Result<Tensor> tensor_from_text(const TensorText& text);

/// Whether pasted text is more than one number: a single cell takes a lone number as it is.
bool is_tensor_text(std::string_view text);

/// Whether a word where a file's name may stand is a tensor written out: it begins with `[`, with a tuple of numbers or
/// with `tensor(`, `array(` and the like, also behind `y =` or `Parameter containing:`.
bool is_written_tensor(std::string_view text);

/// The text with blanks in the place of comments.
std::string without_comments(std::string_view text);

/// A slice as Python writes it: "[[1, 2], [3, 4]]", numbers as short as they can be read back exactly.
std::string tensor_text(const std::vector<double>& values, int64_t rows, int64_t columns);

/// All numbers of a slice as PyTorch writes a tensor, nothing summarised and nothing rounded: parse_tensor_text() gives
/// them back exactly. "tensor([[1, 2],\n        [3, 4]])"; with its dtype where that is float64.
std::string tensor_text(const TensorSlice& slice);

}  // namespace convscope
