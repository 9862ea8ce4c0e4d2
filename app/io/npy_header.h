// The text between an .npy file's first bytes and its numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

/// NumPy writes 118 bytes for ordinary arrays and refuses to read more than 10000 by itself.
inline constexpr int64_t kMaxNpyHeaderBytes = 65536;

/// A number type of NumPy that has a place here: kind f, i, u or b.
struct NpyType {
  char kind = 'f';
  int64_t size = 4;      // bytes of one element
  bool swapped = false;  // big endian on this machine
};

struct NpyHeader {
  std::string descr;  // as written, "<f4"
  NpyType type;
  bool fortran_order = false;
  Shape shape;
};

/// Reads the dictionary of exactly `descr`, `fortran_order` and `shape`. `path` is only for the messages.
/// Errors: error.npy_header, error.npy_type, error.npy_rank. Source: numpy.lib.format.
Result<NpyHeader> parse_npy_header(std::string_view text, const std::string& path);

}  // namespace convscope
