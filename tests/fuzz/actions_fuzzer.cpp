// Scripts of actions: refused in words, with the line, or read into at most one action per line.
#include <algorithm>

#include "app/gui/action_script.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto script = parse_script(text);
  if (!script) {
    fuzz::require_words(script.error());
    return 0;
  }
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  FUZZ_REQUIRE(std::ssize(*script) <= lines);
  for (const ScriptAction& action : *script) FUZZ_REQUIRE(action.line >= 1 && action.line <= lines);
  return 0;
}
