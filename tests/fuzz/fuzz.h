// What the fuzz targets share: bytes as numbers, bytes as a file, and the rule for every refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/result.h"

namespace convscope::fuzz {

/// Stops the program where something does not hold, so that a fuzzer keeps the bytes that led there.
#define FUZZ_REQUIRE(holds) ((holds) ? void() : ::convscope::fuzz::broken(#holds, __FILE__, __LINE__))
[[noreturn]] void broken(const char* what, const char* file, int line);

/// An error must have one line of words in both languages, with nothing left to fill in.
void require_words(const Error& error);

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes numbers off the front of the bytes; zeros once they are used up.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  uint8_t byte() {
    if (left_.empty()) return 0;
    const uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }
  bool flag() { return (byte() & 1) != 0; }
  /// From 0 to `below` - 1.
  int64_t choice(int64_t below) { return byte() % below; }
  /// Mostly a small number, at times any.
  int64_t number();

 private:
  std::span<const uint8_t> left_;
};

/// The bytes as a file that needs no disk; gone with the object.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace convscope::fuzz
