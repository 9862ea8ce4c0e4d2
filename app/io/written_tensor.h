// A tensor as somebody wrote it down: in a .npy file with every digit, in text with those that were printed.
#pragma once

#include <string>
#include <string_view>

#include "engine/compare.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct WrittenTensor {
  Tensor tensor;  // float64 where it was text
  PrintedDigits digits;
};

/// Errors: those of parse_tensor_text().
Result<WrittenTensor> written_tensor(std::string_view text);
/// A .npy file by its ending, else text. Errors: those of read_npy(), read_file() and parse_tensor_text().
Result<WrittenTensor> read_written_tensor(const std::string& path);

/// The digits behind the point that the numbers of a print have: as many as the longest of them, for zeros at the end
/// are left out here and there. Whole numbers have all their digits.
PrintedDigits printed_digits(std::string_view text);

/// A cell as short as it can be read back exactly in its type: 0.1 of float32 is "0.1".
std::string number_text(const Tensor& tensor, int64_t flat);

}  // namespace convscope
