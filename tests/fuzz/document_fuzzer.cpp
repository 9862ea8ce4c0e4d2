// Sessions, chains and lessons as JSON: refused in words, or read, written and read again to the same document.
#include "app/session/chain_json.h"
#include "app/session/session_json.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<DocumentKind> kind = check_document(text, "/nowhere");
  if (!kind) {
    fuzz::require_words(kind.error());
    fuzz::require_words(error_in_file(kind.error(), text, "a file.json"));
  }
  const Result<Session> session = session_from_json(text, "/nowhere");
  if (session) {
    const std::string written = session_to_json(*session);
    const Result<Session> again = session_from_json(written);
    FUZZ_REQUIRE(again.ok());
    FUZZ_REQUIRE(session_to_json(*again) == written);
  } else {
    fuzz::require_words(session.error());
  }
  if (const Result<TitledChain> chain = titled_chain_from_json(text); chain) {
    const std::string written = chain_to_json(chain->chain);
    const Result<LayerChain> again = chain_from_json(written);
    FUZZ_REQUIRE(again.ok());
    FUZZ_REQUIRE(chain_to_json(*again) == written);
  } else {
    fuzz::require_words(chain.error());
  }
  return 0;
}
