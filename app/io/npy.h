// NumPy's .npy files.
#pragma once

#include <span>
#include <string>

#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct NpyFile {
  Tensor tensor;
  std::string stored_type;  // as in the file, "<f4", ">i2", "|b1"; the tensor is float32 or float64
  bool converted = false;   // the numbers were of another type, byte order or memory order than the tensor's
};

/// Reads versions 1 to 3, C and Fortran order, both byte orders; float16, integers up to 16 bits and bool become
/// float32, larger integers float64.
/// Errors: error.file_not_found, error.file_unreadable, error.npy_* ; the size is checked before allocation.
/// Source: numpy.lib.format.
Result<NpyFile> read_npy(const std::string& path);

/// The shape alone, without reading the numbers; the same checks and errors as read_npy().
Result<Shape> npy_shape(const std::string& path);

/// Writes version 1, C order, little endian; the file appears whole or not at all.
Result<void> write_npy(const std::string& path, const Tensor& tensor);
/// The same for whole numbers, as int64. Needs as many numbers as the shape has.
Result<void> write_npy_integers(const std::string& path, const Shape& shape, std::span<const int64_t> numbers);

}  // namespace convscope
