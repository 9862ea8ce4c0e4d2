// Files that may carry a session (PNG, GIF, WebP, MP4, WebM, SVG, HTML, PDF, TeX): whatever they are, looking is safe.
#include "app/io/carried_text.h"
#include "app/io/foreign_file.h"
#include "app/session/session_json.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const CarriedText carried = carried_text(file.path());
  if (!carried.json) return 0;
  FUZZ_REQUIRE(carried.can_carry);
  const Result<Session> session = session_from_json(*carried.json);
  if (!session) fuzz::require_words(session.error());
  return 0;
}
