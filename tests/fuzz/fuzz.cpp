#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/language/language.h"

namespace convscope::fuzz {

void broken(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

void require_words(const Error& error) {
  FUZZ_REQUIRE(!error.code.empty());
  for (const Language language : {Language::en, Language::zh}) {
    FUZZ_REQUIRE(tr(language, error.code) != error.code);
    const std::string words = describe(language, error);
    FUZZ_REQUIRE(words.find('\n') == std::string::npos);
    FUZZ_REQUIRE(words.size() < 4096);
  }
}

int64_t Bytes::number() {
  const uint8_t first = byte();
  if (first < 224) return first % 8;
  if (first < 240) return first - 232;  // around zero, below it too
  if (first < 250) return byte();
  uint64_t any = 0;
  for (int i = 0; i < 8; ++i) any = any << 8 | byte();
  return static_cast<int64_t>(any);
}

MemoryFile::MemoryFile(const uint8_t* data, size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
  FUZZ_REQUIRE(descriptor_ >= 0);
  for (size_t written = 0; written < size;) {
    const ssize_t more = write(descriptor_, data + written, size - written);
    FUZZ_REQUIRE(more > 0);
    written += static_cast<size_t>(more);
  }
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() { close(descriptor_); }

}  // namespace convscope::fuzz
