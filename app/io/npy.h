// NumPy's .npy files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/io/atomic_file.h"
#include "app/io/byte_source.h"
#include "app/io/whole_numbers.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// What a file says before its numbers.
struct NpyInfo {
  Shape shape;
  DType dtype = DType::float32;  // of the tensor
  std::string stored_type;       // as in the file, "<f4", ">i2", "|b1"; the tensor is float32 or float64
  bool fortran_order = false;    // where that makes a difference
  bool converted = false;        // the numbers are of another type, byte order or memory order than the tensor's
};

struct NpyFile : NpyInfo {
  Tensor tensor;
  UnfitWhole unfit;  // whole numbers, where such are stored, that a type would round
};

/// The key of the words about a conversion, and what fills them: the file's name, the stored type, the tensor's.
struct NpyConversion {
  std::string key;
  std::vector<std::string> args;
};
/// "int16" for ">i2".
std::string numpy_name(const std::string& stored_type);
NpyConversion conversion_of(const NpyInfo& info, const std::string& path);

/// Reads versions 1 to 3, C and Fortran order, both byte orders; float16, integers up to 16 bits and bool become
/// float32, larger integers float64.
/// A path "x.npz:name" is the array of that name in an .npz (see npz.h), "x.npz" its sole one.
/// Errors: error.file_not_found, error.file_unreadable, error.npy_*, error.npz_*, error.zip_*; the size is checked
/// before allocation.
/// Source: numpy.lib.format.
Result<NpyFile> read_npy(const std::string& path);

/// All but the numbers; the same checks and errors as read_npy().
Result<NpyInfo> npy_info(const std::string& path);
/// Of an .npy whose bytes come from elsewhere; `path` is only for the messages.
Result<NpyInfo> npy_info(ByteSource& source, const std::string& path);
/// The shape alone.
Result<Shape> npy_shape(const std::string& path);

/// Writes version 1, C order, little endian; the file appears whole or not at all. Into an AtomicFile, which others
/// commit, the numbers alone.
Result<void> write_npy(const std::string& path, const Tensor& tensor);
Result<void> write_npy(AtomicFile& file, const Tensor& tensor);
/// The same for whole numbers, as int64. Needs as many numbers as the shape has.
Result<void> write_npy_integers(AtomicFile& file, const Shape& shape, std::span<const int64_t> numbers);

}  // namespace convscope
