// .npz archives: refused in words, or listed; what unpacks is as long as the list promises and no longer than packing
// can make.
#include <algorithm>
#include <vector>

#include "app/io/npz.h"
#include "app/io/zip_archive.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<std::vector<NpzArray>> arrays = npz_arrays(file.path());
  const Result<ZipArchive> archive = ZipArchive::open(file.path());
  if (!arrays) fuzz::require_words(arrays.error());
  if (!archive) {
    FUZZ_REQUIRE(!arrays);
    fuzz::require_words(archive.error());
    return 0;
  }
  if (arrays) {
    for (const NpzArray& array : *arrays) {
      FUZZ_REQUIRE(array.info.has_value() != array.problem.has_value());
      if (array.problem) fuzz::require_words(*array.problem);
    }
  }
  int64_t left = int64_t{1} << 22;  // so much is unpacked of one input
  for (const ZipMember& member : archive->members()) {
    const Result<std::unique_ptr<ByteSource>> source = archive->read(member);
    if (!source) {
      fuzz::require_words(source.error());
      continue;
    }
    FUZZ_REQUIRE((*source)->size() == member.bytes);
    FUZZ_REQUIRE(static_cast<uint64_t>(member.bytes) / 1033 <= size);
    std::vector<char> piece(4096);
    int64_t total = 0;
    while (left > 0) {
      const int64_t got = (*source)->read_up_to(piece.data(), static_cast<int64_t>(piece.size()));
      if (got < 0) {
        fuzz::require_words((*source)->problem("x.npz"));
        break;
      }
      total += got;
      left -= got;
      FUZZ_REQUIRE(total <= member.bytes);
      if (got == 0) {
        FUZZ_REQUIRE(total == member.bytes);
        break;
      }
    }
  }
  return 0;
}
