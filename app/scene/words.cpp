#include "app/scene/words.h"

#include <array>

namespace convscope {

std::string_view words_of(Language language, const char* key) {
  struct Entry {
    const char* key = nullptr;
    Language language = Language::en;
    std::string_view words;
  };
  // A literal may have an address per file that names it: more entries than keys, and a bound all the same.
  thread_local std::array<Entry, 64> entries;
  for (Entry& entry : entries) {
    if (entry.key == nullptr) entry = {key, language, tr(language, key)};
    if (entry.key == key && entry.language == language) return entry.words;
  }
  return tr(language, key);
}

}  // namespace convscope
