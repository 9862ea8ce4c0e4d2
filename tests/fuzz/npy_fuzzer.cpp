// .npy files: refused in words, or read into numbers that survive being written and read again.
#include <cstring>

#include "app/io/npy.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<NpyInfo> info = npy_info(file.path());
  const Result<NpyFile> read = read_npy(file.path());
  if (!info) fuzz::require_words(info.error());
  if (!read) {
    fuzz::require_words(read.error());
    return 0;
  }
  FUZZ_REQUIRE(info.ok() && info->shape == read->shape && info->dtype == read->dtype);
  FUZZ_REQUIRE(read->tensor.shape() == read->shape && read->tensor.dtype() == read->dtype);
  // No more numbers than the file could hold.
  FUZZ_REQUIRE(static_cast<uint64_t>(read->tensor.numel()) <= size);
  double sum = 0;
  for (int64_t i = 0; i < read->tensor.numel(); ++i) sum += read->tensor.at(i);
  static_cast<void>(sum);
  return 0;
}
