// NumPy's .npz files: archives of .npy files, and the names "weights.npz:conv1" of the arrays in them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/io/byte_source.h"
#include "app/io/npy.h"
#include "engine/result.h"

namespace convscope {

/// "weights.npz:conv1" taken apart; `array` is empty where the path names a file. A file that exists under the whole
/// name is one.
struct ArrayPath {
  std::string file;
  std::string array;
};
ArrayPath array_path(const std::string& path);

/// Whether the path's file ends in .npz, whatever its case.
bool is_npz_path(const std::string& path);
/// Whether read_npy() is asked for it by its name: .npy, .npz, "x.npz:name".
bool is_array_path(const std::string& path);

struct NpzArray {
  std::string name;             // without ".npy"
  std::optional<NpyInfo> info;  // of those that can be read
  std::optional<Error> problem;
};
/// In the order of the file; members that are no .npy are left out. Errors: those of ZipArchive::open(),
/// error.npz_empty (args: path).
Result<std::vector<NpzArray>> npz_arrays(const std::string& path);

/// The path with the array's name: that of the sole one where none is named. Errors: those of npz_arrays(),
/// error.npz_which (args: path, count, names, an example) where several are there, error.npz_no_array (args: file,
/// name, names).
Result<std::string> named_array_path(const std::string& path);

/// The bytes of the array's .npy. Errors: the same, those of ZipArchive::read().
Result<std::unique_ptr<ByteSource>> open_npz_array(const ArrayPath& path);

}  // namespace convscope
